"""From a study to tables, with the anchor of the audit log."""

from __future__ import annotations

import csv
import gc
import hashlib
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from bonemetrics.batch.execute import run_study
from bonemetrics.errors import StudyError, UsageError
from bonemetrics.outcomes.export import FORMATS, export_study, report_study, snapshot, without_cycle_search
from bonemetrics.outcomes.previous import stale_files
from bonemetrics.study.audit import AuditHead
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store
from tests.batch_targets import measure_quickly
from tests.dicom_bytes import reference_series, write_series

TABLES = (
    *("density", "density_notes", "dxa", "outcomes_long", "outcomes_wide", "adverse_events", "fractures", "sources"),
    *("outcome_notes", "histomorphometry", "reader_precision", "reader_agreement"),
)


@pytest.fixture(scope="module")
def measured_study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trial")
    for number, (day, person) in enumerate([("20110405", "Doe-A"), ("20120405", "Doe-A"), ("20110301", "Doe-B")]):
        slices = reference_series()[:3]
        for one in slices:
            one.elements[0x0020000E] = ("UI", f"1.2.{number + 1}")
            one.elements[0x00080020] = ("DA", day)
            one.elements[0x00100020] = ("LO", person)
            one.elements[0x00100030] = ("DA", "19400102")
            one.elements[0x00080050] = ("SH", "ACC-4711")
        write_series(folder / "input" / f"Doe-{number}", slices)
    study = init_study(folder / "study").root
    run_study(study, [folder / "input"], workers=1, measure=measure_quickly)
    return study


@pytest.fixture
def study(measured_study, tmp_path) -> Path:
    return Path(shutil.copytree(measured_study, tmp_path / "study"))


def test_export_study__writes_tables_and_dictionary(study, tmp_path):
    files = export_study(study, tmp_path / "out", ("csv", "parquet"))
    assert [file.name for file in files] == [
        *(f"{name}.{ending}" for name in TABLES for ending in ("csv", "parquet")),
        "dictionary.csv",
        "define.xml",
        "export.json",
    ]
    with (tmp_path / "out" / "density.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # Doe-B was scanned first, so she is P001; without a protocol visits are numbered by date.
    assert [(row["subject"], row["visit"], row["scan_date"]) for row in rows] == [
        ("P001", "Visit 1", "2011-03-01"),
        ("P002", "Visit 1", "2011-04-05"),
        ("P002", "Visit 2", "2012-04-05"),
    ]
    assert {row["review_status"] for row in rows} == {"waiting"}
    back = pq.read_table(tmp_path / "out" / "density.parquet").to_pylist()
    for text, typed in zip(rows, back, strict=True):
        assert float(text["value"]) == typed["value"]
        assert text["scan_date"] == typed["scan_date"].isoformat()


def test_export_study__holds_the_anchor_of_the_audit_log(study, tmp_path):
    export_study(study, tmp_path / "out", ("parquet",))
    manifest = json.loads((tmp_path / "out" / "export.json").read_text())
    anchor = AuditHead(seq=manifest["audit_rows"], hash=manifest["audit_head"])
    store = Store.open(study)
    assert store.verify_chain(anchor) == ()
    last = store.audit_rows()[-1]
    assert (last.action, last.prev_hash) == ("export-written", anchor.hash)
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest
    facts = pq.read_schema(tmp_path / "out" / "density.parquet").metadata
    assert facts[b"bonemetrics.audit_head"].decode() == anchor.hash
    assert facts[b"bonemetrics.protocol_sha256"].decode() == manifest["protocol_sha256"]


def test_export_study__the_same_study_gives_the_same_tables(study, tmp_path):
    export_study(study, tmp_path / "one", ("csv",))
    export_study(study, tmp_path / "two", ("csv",))
    for name in ("density.csv", "density_notes.csv", "dxa.csv", "dictionary.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_export_study__no_identity_leaves(study, tmp_path):
    for file in export_study(study, tmp_path / "out", FORMATS):
        content = file.read_bytes()
        for secret in (b"Doe", b"Test^", b"Rita", b"19400102", b"1940-01-02", b"ACC-4711"):
            assert secret not in content, file.name


def test_export_study__empty_study_gives_empty_tables(tmp_path):
    study = init_study(tmp_path / "study").root
    export_study(study, tmp_path / "out", ("csv", "parquet"))
    assert len((tmp_path / "out" / "density.csv").read_text().splitlines()) == 1


def test_export_study__writes_every_format(study, tmp_path):
    files = export_study(study, tmp_path / "out", FORMATS)
    names = {file.relative_to(tmp_path / "out").as_posix() for file in files}
    for ending in ("csv", "parquet", "xpt", "json"):
        assert {f"{name}.{ending}" for name in TABLES} <= names
    assert {"redcap_import.csv", "redcap_dictionary.csv", "define.xml", "sdtm/define.xml", "dictionary.csv"} <= names
    manifest = json.loads((tmp_path / "out" / "export.json").read_text())
    assert set(manifest["files"]) == names - {"export.json"}
    assert all(file.is_file() for file in files)


def test_export_study__two_exports_are_the_same_bytes(study, tmp_path):
    one = export_study(study, tmp_path / "one", FORMATS)
    two = export_study(study, tmp_path / "two", FORMATS)
    assert len(one) == len(two) > 40
    for first, second in zip(one, two, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


def test_export_study__define_xml_names_the_files_that_are_there(study, tmp_path):
    for chosen, ending in ((("csv",), "csv"), (("csv", "dataset-json"), "json"), (("parquet", "xpt"), "xpt")):
        export_study(study, tmp_path / ending, chosen)
        assert f"outcomes_long.{ending}" in (tmp_path / ending / "define.xml").read_text()


def test_export_study__takes_away_tables_of_the_export_before(study, tmp_path):
    out = tmp_path / "out"
    export_study(study, out, ("csv", "parquet", "sdtm"))
    (out / "density.parquet").write_bytes(b"changed by somebody")
    (out / "letter.txt").write_text("mine")
    export_study(study, out, ("csv",))
    left = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()}
    told = json.loads((out / "export.json").read_bytes())["files"]
    assert left == {*told, "export.json", "density.parquet", "letter.txt"}


@pytest.mark.parametrize("name", ["../kept.csv", "/etc/hostname", "sub/../../kept.csv"])
def test_stale_files__never_leave_the_folder(tmp_path, name):
    (tmp_path / "out" / "sub").mkdir(parents=True)
    (tmp_path / "kept.csv").write_text("a")
    digest = hashlib.sha256(b"a").hexdigest()
    (tmp_path / "out" / "export.json").write_text(json.dumps({"files": {name: digest}}))
    assert stale_files(tmp_path / "out", "export.json", {}) == ()


@pytest.mark.parametrize("text", ["", "[1]", '{"files": 3}', '{"files": {"a.csv": 3}}', "\xff"])
def test_stale_files__takes_no_other_file_for_a_manifest(tmp_path, text):
    (tmp_path / "export.json").write_text(text)
    (tmp_path / "a.csv").write_text("a")
    assert stale_files(tmp_path, "export.json", {}) == ()


def test_export_study__tells_how_far_it_is(study, tmp_path):
    told = []
    export_study(study, tmp_path / "out", ("csv",), on_progress=lambda *state: told.append(state))
    assert [done for _, done, _ in told] == list(range(1, len(TABLES) + 2))
    assert {total for _, _, total in told} == {len(TABLES) + 1}


def test_snapshot__is_refused_while_the_study_changes(study, monkeypatch):
    store = Store.open(study)
    heads = iter(range(100))
    real = Store.last_change

    def moving(self):
        head, when = real(self)
        return AuditHead(seq=head.seq + next(heads), hash=head.hash), when

    monkeypatch.setattr(Store, "last_change", moving)
    with pytest.raises(StudyError) as caught:
        snapshot(store)
    assert caught.value.code == "study-busy"


def test_report_study__writes_page_figures_and_manifest_and_logs_them(study, tmp_path):
    files = report_study(study, tmp_path / "report")
    assert (files[0].name, files[-1].name) == ("report.html", "report.json")
    manifest = json.loads(files[-1].read_text())
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((tmp_path / "report" / name).read_bytes()).hexdigest() == digest
    assert Store.open(study).audit_rows()[-1].action == "export-written"
    page = files[0].read_text(encoding="utf-8")
    assert manifest["audit_head"] in page
    for secret in ("Doe", "19400102", "1940-01-02", "ACC-4711"):
        assert secret not in page
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        report_study(study, tmp_path / "file")


@pytest.mark.parametrize(
    ("formats", "text"),
    [(("xlsx",), "unknown format 'xlsx'"), (("csv", "sas"), "unknown format 'sas'"), ((), "no format is named")],
)
def test_export_study__other_formats_are_a_wrong_call(study, tmp_path, formats, text):
    with pytest.raises(UsageError, match=text):
        export_study(study, tmp_path / "out", formats)
    assert not (tmp_path / "out").exists()


def test_export_study__refuses_a_file_as_folder_and_a_folder_without_study(study, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        export_study(study, tmp_path / "file")
    with pytest.raises(StudyError) as caught:
        export_study(tmp_path, tmp_path / "out")
    assert caught.value.code == "not-a-study"


def fail_without_cycle_search():
    with without_cycle_search():
        assert not gc.isenabled()
        raise ZeroDivisionError


@pytest.mark.parametrize("was_on", [True, False])
def test_without_cycle_search__leaves_it_as_it_was_even_after_a_fault(was_on):
    before = gc.isenabled()
    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError):
            fail_without_cycle_search()
        assert gc.isenabled() == was_on
    finally:
        (gc.enable if before else gc.disable)()
