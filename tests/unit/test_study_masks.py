"""Masks that readers drew: versions with numbers of their own, which nothing overwrites."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, Problem, QualityCard, Review, ScanResult, note
from bonemetrics.study import database as database_module
from bonemetrics.study.create import init_study
from bonemetrics.study.database import Database, _sqlite
from bonemetrics.study.placement import place_scans
from bonemetrics.study.store import Store
from tests.reading_cases import (
    EDITED,
    MASK,
    OTHER,
    TWO,
    edit,
    judge,
    measured,
    refused,
    scanned,
    sha,
    tamper,
    with_rules,
)
from tests.study_cases import ROOT, header, result, staged


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(init_study(tmp_path / "STUDY", user="ana").root, user="ana")


def test_add_mask__moves_the_file_and_keeps_its_numbers(store):
    scan = scanned(store)
    file = store.folder.new_staging() / "labels.nii.gz"
    file.write_bytes(EDITED)
    card = QualityCard(findings=(note("cortical-break", "in slice 2"),))
    told = measured(310.0).model_copy(update={"problems": (note("edited-labels", "4 voxels"),), "card": card})
    mask = store.reading.add_mask(scan, file=file, result=told, reader="KL", source="edited", based_on=MASK)
    assert (mask.number, mask.version, mask.file, mask.sha256) == (2, 1, "labels-0002.nii.gz", sha(EDITED))
    assert (mask.source, mask.reader, mask.user, mask.based_on) == ("edited", "KL", "ana", MASK)
    assert not file.exists()
    assert store.reading.path_of(mask).read_bytes() == EDITED
    assert [one.number for one in store.reading.masks(scan)] == [1, 2]
    kept = store.reading.mask_result(mask)
    assert ([one.value for one in kept.measurements], kept.problems, kept.card) == ([310.0], told.problems, card)
    row = store.audit_rows()[-1]
    assert (row.action, row.object) == ("labels-added", f"scan {scan}")
    new = json.loads(row.new)
    assert (new["version"], new["number"], new["sha256"], new["based_on"]) == (1, 2, sha(EDITED), MASK)
    assert len(new["digest"]) == 64
    assert store.verify_records() == ()


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_add_mask__lets_nobody_else_look_inside(store):
    mask = edit(store, scanned(store))
    assert stat.S_IMODE(store.reading.path_of(mask).stat().st_mode) == 0o600


def test_add_mask__the_numbers_say_which_mask_they_are_of(store):
    scan = scanned(store)
    mask = edit(store, scan, result=measured(mask=sha(EDITED)))
    (number,) = store.reading.mask_result(mask).measurements
    assert number.provenance.parameters["labels"] == {"sha256": sha(EDITED), "number": 2, "source": "edited"}


def test_scan__its_numbers_are_those_of_the_mask_that_counts(store):
    scan = scanned(store, notes=(note("partial-volume", "thin"),))
    assert store.scan(scan).measurements == store.scan(scan).result.measurements
    edit(store, scan, value=310.0)
    found = store.scan(scan)
    assert ([one.value for one in found.measurements], found.labels.number) == ([310.0], 2)
    assert [one.value for one in found.result.measurements] == [301.5]
    assert (found.problems, found.result.problems[0].code) == ((), "partial-volume")
    assert [one.measurement.value for one in store.current_measurements()] == [310.0]
    (placed,) = place_scans(store.scans(), store.protocol)
    assert ([one.value for one in placed.measurements], [one.code for one in placed.all_notes]) == (
        [310.0],
        ["edit-not-judged"],
    )
    judge(store, scan, mask=sha(EDITED), verdict="accept-with-edit")
    (placed,) = place_scans(store.scans(), store.protocol)
    assert (placed.all_notes, placed.scan.review_status) == ((), "accept-with-edit")


def test_scan__with_two_readings_an_edit_counts_when_it_was_adjudicated(store):
    store = with_rules(store, TWO)
    scan = scanned(store)
    edit(store, scan, value=310.0)
    edit(store, scan, OTHER, value=320.0, reader="MN")
    judge(store, scan, "KL", mask=sha(EDITED))
    judge(store, scan, "MN", mask=sha(OTHER))
    found = store.scan(scan)
    assert (found.review_status, [one.value for one in found.measurements]) == ("needs-adjudication", [301.5])
    assert (store.counts().waiting, store.counts().reviewed) == (1, 0)
    edit(store, scan, b"third", value=315.0, reader="AD", source="adjudicated", based_on=sha(OTHER))
    judge(store, scan, "AD", mask=sha(b"third"), role="adjudicator")
    found = store.scan(scan)
    assert (found.review_status, [one.value for one in found.measurements]) == ("accept-with-edit", [315.0])
    assert (found.labels.reader, found.edit.number) == ("AD", 4)
    assert (store.counts().waiting, store.counts().reviewed) == (0, 1)


def test_mask_for__hides_the_other_readers_edit(store):
    store = with_rules(store, TWO)
    scan = scanned(store)
    edit(store, scan)
    found = {reader: store.reading.mask_for(scan, reader).sha256 for reader in ("KL", "MN", "AD")}
    assert found == {"KL": sha(EDITED), "MN": MASK, "AD": MASK}
    with refused("stale-mask"):
        edit(store, scan, OTHER, reader="MN", based_on=sha(EDITED))


def test_mask_for__of_what_has_no_mask_is_refused(store):
    recorded = store.record_refusal(code="no-bone", message="x", path=Path("/in"), header=header(2))
    with refused("nothing-to-judge"):
        store.reading.mask_for(recorded.scan_id, "KL")
    with refused("unknown-scan"):
        store.reading.mask_for("0123", "KL")


def test_add_mask__based_on_what_is_no_mask_of_the_scan_is_refused_and_the_file_stays(store):
    scan = scanned(store)
    before = store.audit_head()
    file = store.folder.new_staging() / "labels.nii.gz"
    file.write_bytes(EDITED)
    with refused("stale-mask"):
        store.reading.add_mask(
            scan, file=file, result=measured(), reader="KL", source="edited", based_on=sha(b"of yesterday")
        )
    assert file.read_bytes() == EDITED
    assert store.audit_head() == before


def test_add_mask__on_a_mask_of_an_older_result_is_refused(store):
    scan = scanned(store)
    scanned(store, sha256="b" * 64, labels=b"measured anew")
    with refused("stale-mask"):
        edit(store, scan)


def test_add_mask__never_passes_over_what_another_window_saved_meanwhile(store):
    scan = scanned(store)
    first = edit(store, scan, reader="MN")
    with refused("stale-mask", match="another mask was saved"):
        edit(store, scan, OTHER, reader="KL")
    assert edit(store, scan, OTHER, reader="KL", based_on=first.sha256).number == 3
    # With two readings the other reader's saving stands in nobody's way, one's own other window does.
    store = with_rules(store, TWO)
    scan = scanned(store, 2)
    edit(store, scan, reader="MN")
    own = edit(store, scan, OTHER, reader="KL")
    with refused("stale-mask"):
        edit(store, scan, b"third", reader="KL")
    assert edit(store, scan, b"third", reader="KL", based_on=own.sha256).number == 4


def test_add_mask__measured_beside_an_older_result_is_refused_although_the_mask_is_the_same(store):
    scan = scanned(store)
    scanned(store, sha256="b" * 64)
    assert store.scan(scan).version == 2
    with refused("stale-mask", match="measured again"):
        edit(store, scan, version=1)
    assert edit(store, scan, version=2).version == 2


@pytest.mark.parametrize(
    "told",
    [
        ScanResult(kind="ct-series"),
        ScanResult(kind="ct-series", problems=(Problem(code="empty-region", severity="refusal", message="empty"),)),
        measured(mask=sha(OTHER)),
        measured(calibration=Calibration(method="given", slope=0.8, intercept=-8.0, material=Material.HA)),
    ],
)
def test_add_mask__without_numbers_that_compare_is_refused(store, told):
    scan = scanned(store)
    with refused("mask-not-measured"):
        edit(store, scan, result=told)
    assert len(store.reading.masks(scan)) == 1
    assert [file.name for file in store.folder.scan(scan).glob("labels*")] == ["labels-0001.nii.gz"]


def test_add_mask__takes_the_scans_own_calibration_and_no_other(store):
    of = header(1)
    own = Calibration(method="given", slope=0.8, intercept=-8.0, material=Material.HA)
    subject = next(iter(store.assign_subjects([of]).values())).subject
    told = result(of).model_copy(update={"calibration": own})
    scan = store.record_result(told, path=Path("/in"), subject=subject, staging=staged(store.folder)).scan_id
    for other in (None, own.model_copy(update={"slope": 0.81}), own.model_copy(update={"material": Material.K2HPO4})):
        with refused("mask-not-measured"):
            edit(store, scan, OTHER, result=measured(calibration=other))
    assert edit(store, scan, result=measured(calibration=own)).number == 2


def test_add_mask__only_by_a_reader_of_the_protocol(store):
    store = with_rules(store, TWO)
    scan = scanned(store)
    with refused("unknown-reader"):
        edit(store, scan, reader="somebody")
    with refused("unknown-reader"):
        edit(store, scan, reader="KL", source="adjudicated")
    with refused("unknown-reader"):
        edit(store, scan, reader="AD")


def test_scan__a_new_result_begins_with_its_own_mask_and_the_old_ones_stay(store):
    scan = scanned(store)
    first = edit(store, scan)
    scanned(store, sha256="b" * 64, labels=b"measured anew")
    assert [one.sha256 for one in store.reading.masks(scan)] == [sha(b"measured anew")]
    assert store.scan(scan).edit is None
    assert store.reading.path_of(first).read_bytes() == EDITED
    old, new = store.history(scan)
    assert ([one.value for one in old.measurements], [one.value for one in new.measurements]) == ([310.0], [301.5])
    assert edit(store, scan, based_on=sha(b"measured anew")).number == 2


def test_scan__whose_edit_lost_its_numbers_has_none_rather_than_those_of_another_mask(store):
    scan = scanned(store)
    edit(store, scan)
    tamper(store, "DELETE FROM mask_numbers")
    found = store.scan(scan)
    assert (found.measurements, [one.code for one in found.problems]) == ((), ["mask-not-measured"])


KILLED = """
import os, sys
from pathlib import Path
from bonemetrics.study import masks
from bonemetrics.study.store import Store
from tests.reading_cases import MASK, measured
masks.audit.append = lambda *_, **__: os._exit(9)
Store.open(Path(sys.argv[1])).reading.add_mask(
    sys.argv[2], file=Path(sys.argv[3]), result=measured(), reader="KL", source="edited", based_on=MASK)
"""


def test_add_mask__after_a_kill_before_the_commit_the_same_call_works(store):
    scan = scanned(store)
    file = store.folder.new_staging() / "labels.nii.gz"
    file.write_bytes(EDITED)
    command_line = [sys.executable, "-c", KILLED, str(store.folder.root), scan, str(file)]
    assert subprocess.run(command_line, cwd=ROOT, check=False).returncode == 9
    orphan = store.folder.scan(scan) / "labels-0002.nii.gz"
    assert orphan.read_bytes() == EDITED
    assert len(store.reading.masks(scan)) == 1
    mask = store.reading.add_mask(scan, file=file, result=measured(), reader="KL", source="edited", based_on=MASK)
    assert (mask.number, store.reading.path_of(mask).read_bytes(), file.exists()) == (3, EDITED, False)
    assert store.verify_records() == ()


ADDING = """
import sys
from pathlib import Path
from bonemetrics.errors import StudyError
from bonemetrics.study.store import Store
from tests.reading_cases import edit
store, scan, name = Store.open(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
step = 0
while step < 4:
    seen = store.reading.mask_for(scan, name).sha256
    try:
        edit(store, scan, f"{name} {step}".encode(), reader=name, based_on=seen)
        step += 1
    except StudyError as error:
        assert error.code == "stale-mask"  # the other one was faster
"""


def test_add_mask__two_processes_never_take_one_number(store):
    scan = scanned(store)
    writers = [
        subprocess.Popen([sys.executable, "-c", ADDING, str(store.folder.root), scan, name], cwd=ROOT)
        for name in ("KL", "MN")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    found = store.reading.masks(scan)
    assert [one.number for one in found] == list(range(1, 10))
    assert {store.reading.path_of(one).read_bytes().decode() for one in found[1:]} == {
        f"{name} {step}" for name in ("KL", "MN") for step in range(4)
    }
    assert all(sha(store.reading.path_of(one).read_bytes()) == one.sha256 for one in found)
    assert store.verify_chain() == ()
    assert store.verify_records() == ()


def test_open__a_study_of_the_schema_before_keeps_its_masks_and_can_be_read(tmp_path, monkeypatch):
    def migrate_to_before(database: Database) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(database_module.__file__).parent / "migrations"))
        with database.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0002")

    with monkeypatch.context() as old:
        old.setattr(database_module, "_migrate", migrate_to_before)
        folder = init_study(tmp_path / "STUDY")
    database = Database(_sqlite(folder, create=False))
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO subjects VALUES ('P001', 'enrolled', 't')")
        connection.exec_driver_sql(
            "INSERT INTO scans (scan_id, kind, subject, current_version) VALUES ('ab12', 'ct-series', 'P001', 1)"
        )
        connection.exec_driver_sql(
            "INSERT INTO results (scan_id, version, status, path, software_version, recorded_utc, digest, content)"
            " VALUES ('ab12', 1, 'measured', '/in', '0', 't', 'd', '{\"kind\":\"ct-series\",\"calibration\":null}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO labels VALUES ('ab12', 1, 1, 'labels-0001.nii.gz', ?, 'automatic', 'ana', 't')", (MASK,)
        )
    store = Store.open(folder.root)
    (mask,) = store.reading.masks("ab12")
    assert (mask.sha256, mask.reader, mask.based_on, mask.is_automatic) == (MASK, "", "", True)
    store.reading.record_review(Review(scan_id="ab12", label_sha256=MASK, reader="KL", verdict="accept"))
    assert store.scan("ab12").review_status == "accept"
