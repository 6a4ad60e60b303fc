"""Numbers of edited segmentations in the tables: those of the mask that counts, with who drew it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bonemetrics.outcomes.export import export_study
from bonemetrics.outcomes.gather import gather
from bonemetrics.records import QualityCard, note
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.reading_cases import EDITED, MASK, TWO, edit, judge, measured, scanned, sha, tamper, with_rules

PARAMETERS = """
[[parameters]]
paramcd = "RADTAR"
param = "Radius area"
quantity = "Tt.Ar"
site = "radius"
region = "total"
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(init_study(tmp_path / "STUDY", user="ana").root, user="ana")
    return with_rules(store, PARAMETERS)


def exported(store: Store, name: str) -> list[dict[str, str]]:
    folder = store.folder.root.parent / "out"
    export_study(store.folder.root, folder, formats=("csv",))
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_export__an_accepted_edit_stands_in_place_of_the_automatic_segmentation(store):
    scan = scanned(store, notes=(note("partial-volume", "of the automatic mask"),))
    card = QualityCard(findings=(note("area-jump", "of the edit"),))
    told = measured(310.0).model_copy(update={"problems": (note("edited-labels", "4 voxels"),), "card": card})
    edit(store, scan, result=told)
    judge(store, scan, mask=sha(EDITED))
    (row,) = exported(store, "density")
    assert (row["value"], row["review_status"]) == ("310.0", "accept-with-edit")
    assert [row["code"] for row in exported(store, "density_notes")] == ["edited-labels", "area-jump"]


def test_gather__the_source_names_the_mask_and_who_drew_it(store):
    scan = scanned(store)
    (found,) = gather(store).candidates
    assert (found.source.mask_sha256, found.source.reader, found.source.review) == (MASK, "", "waiting")
    edit(store, scan)
    (found,) = gather(store).candidates
    assert (found.value, [one.code for one in found.notes]) == (310.0, ["edit-not-judged"])
    judge(store, scan, mask=sha(EDITED))
    (found,) = gather(store).candidates
    assert (found.source.mask_sha256, found.source.reader, found.source.review) == (
        sha(EDITED),
        "KL",
        "accept-with-edit",
    )
    (row,) = exported(store, "sources")
    assert (row["MASKSHA"], row["READER"], row["REVIEW"]) == (sha(EDITED), "KL", "accept-with-edit")


def test_gather__with_two_readings_one_readers_edit_is_in_no_table(store):
    store = with_rules(store, PARAMETERS + TWO)
    scan = scanned(store)
    edit(store, scan)
    judge(store, scan, mask=sha(EDITED))
    judge(store, scan, "MN")
    (found,) = gather(store).candidates
    assert (found.value, found.review, found.source.mask_sha256) == (301.5, "needs-adjudication", MASK)


def test_gather__a_mask_whose_numbers_are_gone_gives_none(store):
    scan = scanned(store)
    edit(store, scan)
    tamper(store, "DELETE FROM mask_numbers")
    assert gather(store).candidates == ()
