"""Entries of biopsies made in the study: versions, states and drawings, and how they join those of tables."""

from __future__ import annotations

import csv
import json
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.batch.execute import run_study
from bonemetrics.outcomes.gather import gather
from bonemetrics.records import HistomorphometryEntry
from bonemetrics.study.biopsy_entries import READER_ENTRY
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.biopsies import ISOTROPIC
from tests.reading_cases import refused, sha

PROTOCOL = """
[study]
id = "S"
subjects = "subjects.csv"
[[visits]]
name = "Baseline"
number = 0
window = [-60, 1]
[[parameters]]
paramcd = "HBVTV"
param = "Biopsy BV/TV"
quantity = "BV/TV"
region = "cancellous"
[[tables]]
file = "biopsies.csv"
kind = "histomorphometry"
"""
HEAD = "subject,biopsy_date,side,envelope,referent,entry,reader,state,factor,T.Ar [mm2],B.Ar [mm2]"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    source = tmp_path / "protocol"
    source.mkdir()
    (source / "study.toml").write_text(PROTOCOL)
    (source / "subjects.csv").write_text("subject,day1\nW-1,2016-04-04\nW-2,\n")
    return Store.open(init_study(tmp_path / "STUDY", source / "study.toml").root, user="ana")


def entry(**told: object) -> HistomorphometryEntry:
    """BV/TV of this one is 6/40 = 15 %."""
    plain = {
        "kind": "histomorphometry",
        "subject": "W-1",
        "day": date(2016, 2, 19),
        "envelope": "cancellous",
        "referent": "TV",
        "reader": "KL",
        "factors": ISOTROPIC,
        "state": "draft",
        "primaries": {"T.Ar": 40.0, "B.Ar": 6.0},
    }
    return HistomorphometryEntry(**plain | told)


def test_record_entry__every_change_is_a_version_and_no_change_is_none(store):
    first = store.reading.record_entry(entry())
    assert (first.version, first.entry.state, first.user, len(first.entry_id)) == (1, "draft", "ana", 12)
    head = store.audit_head()
    assert store.reading.record_entry(entry()) == first
    assert store.audit_head() == head
    second = store.reading.record_entry(entry(primaries={"T.Ar": 40.0, "B.Ar": 8.0}, state="complete"))
    assert (second.entry_id, second.version) == (first.entry_id, 2)
    assert store.reading.entries() == (second,)
    assert store.reading.entry_history(first.entry_id) == (first, second)
    assert store.reading.entries("W-2") == ()
    rows = [row for row in store.audit_rows() if row.action == "entry-recorded"]
    assert [json.loads(row.new)["state"] for row in rows] == ["draft", "complete"]
    assert json.loads(rows[1].old)["digest"] == json.loads(rows[0].new)["digest"] == first.digest
    assert store.verify_records() == ()


def test_record_entry__two_readers_and_two_numbers_are_entries_of_their_own(store):
    told = [entry(), entry(reader="MN"), entry(entry="2"), entry(envelope="endocortical"), entry(biopsy="B7")]
    kept = [store.reading.record_entry(one) for one in told]
    assert {one.version for one in kept} == {1}
    assert len({one.entry_id for one in kept}) == 5


def test_record_entry__without_a_reader_it_is_the_authors(store):
    assert store.reading.record_entry(entry(reader="")).entry.reader == "ana"


def test_record_entry__by_its_id_it_may_change_its_day_and_no_other_reader_may(store):
    first = store.reading.record_entry(entry())
    other = store.reading.record_entry(entry(entry="2"))
    moved = store.reading.record_entry(entry(day=date(2016, 2, 20)), entry_id=first.entry_id)
    assert (moved.entry_id, moved.version) == (first.entry_id, 2)
    # What it was before is free again, and is another entry.
    assert store.reading.record_entry(entry()).entry_id not in (first.entry_id, other.entry_id)
    with refused("entry-exists"):
        store.reading.record_entry(entry(entry="2"), entry_id=first.entry_id)
    with refused("unknown-entry"):
        store.reading.record_entry(entry(reader="MN"), entry_id=first.entry_id)
    with refused("unknown-entry"):
        store.reading.record_entry(entry(), entry_id="e0123")


@pytest.mark.parametrize("state", ["complete", "locked"])
def test_record_entry__what_cannot_be_true_stays_a_draft(store, state):
    wrong = {"primaries": {"T.Ar": 6.0, "B.Ar": 40.0}}
    store.reading.record_entry(entry(**wrong))
    with refused("hard-violation"):
        store.reading.record_entry(entry(**wrong, state=state))
    with refused("entry-incomplete"):
        store.reading.record_entry(entry(envelope=None, state=state))
    assert [one.entry.state for one in store.reading.entries()] == ["draft"]


def test_record_entry__a_locked_one_opens_with_a_reason(store):
    first = store.reading.record_entry(entry(state="locked"))
    assert store.reading.record_entry(entry(state="locked")) == first
    with refused("entry-locked"):
        store.reading.record_entry(entry(comment="changed"))
    with refused("reason-missing"):
        store.reading.unlock_entry(first.entry_id, " ")
    opened = store.reading.unlock_entry(first.entry_id, "wrong section")
    assert (opened.entry.state, opened.version) == ("complete", 2)
    row = store.audit_rows()[-1]
    assert (row.action, row.object, row.reason) == ("entry-unlocked", f"entry {first.entry_id}", "wrong section")
    with refused("not-locked"):
        store.reading.unlock_entry(first.entry_id, "again")
    with refused("unknown-entry"):
        store.reading.unlock_entry("e0123", "x")
    assert store.reading.record_entry(entry(comment="changed")).version == 3
    assert store.verify_records() == ()


def test_record_entry__of_nobody_or_with_an_unknown_measurement_is_refused(store):
    with refused("unknown-subject"):
        store.reading.record_entry(entry(subject="W-9"))
    with refused("unknown-index"):
        store.reading.record_entry(entry(primaries={"Bone": 1.0}))
    assert store.reading.entries() == ()


def test_record_entry__keeps_what_was_drawn_under_names_of_our_own(store, tmp_path):
    drawing = tmp_path / "Jane Doe section.GeoJSON"
    drawing.write_bytes(b"{}")
    first = store.reading.record_entry(entry(), drawings=[drawing])
    (kept,) = first.drawings
    assert (kept.file, kept.sha256) == (f"drawing-{sha(b'{}')[:16]}.geojson", sha(b"{}"))
    assert (store.folder.biopsy(first.entry_id) / kept.file).read_bytes() == b"{}"
    assert drawing.exists()
    second = store.reading.record_entry(entry(comment="looked at again"))
    assert second.drawings == first.drawings
    drawing.write_bytes(b"[]")
    third = store.reading.record_entry(entry(comment="drawn again"), drawings=[drawing, drawing])
    assert [one.sha256 for one in third.drawings] == [sha(b"[]")]
    assert len(list(store.folder.biopsy(first.entry_id).iterdir())) == 2
    odd = tmp_path / "section.exe"
    odd.write_bytes(b"x")
    assert store.reading.record_entry(entry(), drawings=[odd]).drawings[0].file == f"drawing-{sha(b'x')[:16]}"


@pytest.mark.parametrize("statement", ["DELETE FROM biopsy_entries", "UPDATE biopsy_entries SET state = 'locked'"])
def test_database__refuses_to_change_entries(store, statement):
    store.reading.record_entry(entry())
    with (
        sqlite3.connect(store.folder.database) as connection,
        pytest.raises(sqlite3.IntegrityError, match="biopsy_entries rows cannot be changed or removed"),
    ):
        connection.execute(statement)
    connection.close()


def with_table(store: Store, tmp_path: Path, *rows: str) -> None:
    (tmp_path / "biopsies.csv").write_text("\n".join([HEAD, *rows, ""]))
    run_study(store.folder.root, [tmp_path / "biopsies.csv"], workers=1)


def bv_tv(store: Store) -> list[tuple[float, str]]:
    return [
        (round(one.value, 9), one.source.source_id[0]) for one in gather(store).candidates if one.quantity == "BV/TV"
    ]


def test_gather__an_entry_made_here_counts_like_a_row_of_a_table(store):
    kept = store.reading.record_entry(entry(state="complete"))
    (found,) = [one for one in gather(store).candidates if one.quantity == "BV/TV"]
    assert (found.value, found.visit.name, found.paramcds, found.kind) == (
        pytest.approx(15.0, rel=1e-12),  # the solver adds up logarithms
        "Baseline",
        ("HBVTV",),
        "histomorphometry",
    )
    source = found.source
    assert (source.source_id, source.sheet, source.line) == (f"{kept.entry_id}:1", READER_ENTRY, None)
    assert (source.reader, source.input_sha256, source.kind) == ("KL", kept.digest, "histomorphometry")


def test_gather__a_draft_gives_no_number_and_is_noted(store):
    kept = store.reading.record_entry(entry())
    found = gather(store)
    assert found.candidates == ()
    assert [(one.problem.code, one.file, one.source_id) for one in found.notes] == [
        ("draft-entry", READER_ENTRY, f"{kept.entry_id}:1")
    ]


@pytest.mark.parametrize(
    ("bone", "codes", "expected"),
    [(6.0, ["entries-agree"], [15.0]), (8.0, ["entries-differ"], [])],
)
def test_gather__one_entry_here_and_one_in_a_table_are_settled_by_the_rules_for_two(
    store, tmp_path, bone, codes, expected
):
    with_table(store, tmp_path, f"W-1,2016-02-19,,cancellous,TV,1,MN,complete,isotropic,40,{bone:g}")
    store.reading.record_entry(entry(state="complete"))
    found = gather(store)
    assert [one.problem.code for one in found.notes if one.problem.code.startswith("entries-")] == codes
    assert [value for value, _ in bv_tv(store)] == expected


def test_gather__an_adjudicated_entry_made_here_stands(store, tmp_path):
    with_table(store, tmp_path, "W-1,2016-02-19,,cancellous,TV,1,MN,complete,isotropic,40,8")
    store.reading.record_entry(entry(state="complete", entry="adjudicated"))
    assert bv_tv(store) == [(15.0, "e")]


def test_export__names_the_entry_as_the_source(store, tmp_path):
    from bonemetrics.outcomes.export import export_study

    kept = store.reading.record_entry(entry(state="locked"))
    export_study(store.folder.root, tmp_path / "out", formats=("csv",))
    with (tmp_path / "out" / "sources.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["SRCID"].startswith("e")]
    assert (row["SRCID"], row["SHEET"], row["READER"]) == (f"{kept.entry_id}:1", READER_ENTRY, "KL")
