"""DXA files as the world delivers them: cut, mixed up, made to harm, or beside things that are no files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bonemetrics.cli import show
from bonemetrics.errors import ReadError
from bonemetrics.pipeline import dxa
from bonemetrics.pipeline.dxa import measure_reports
from bonemetrics.readers.dxa import csv_template, hologic_xml, lunar_text
from bonemetrics.readers.dxa.door import form_of
from bonemetrics.readers.dxa.pdf_streams import check_streams
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import Subject
from bonemetrics.study.protocol import Protocol
from tests.dxa_cases import hologic_database
from tests.dxa_cases import lunar_text as lunar
from tests.dxa_cases.hologic_xml import HIP_HEADS, HIP_ROWS, example, report_text

TABLE = "patient_id,scan_date,site,region,bmd_g_cm2\n"


def table(path: Path, *lines: str) -> Path:
    path.write_text(TABLE + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_measure_reports__refuses_more_numbers_than_can_be_handed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(dxa, "MAX_NUMBERS", 2)
    lines = [f"P-{n},2019-10-05,hip,neck,0.7{n}" for n in range(3)]
    assert len(measure_reports(table(tmp_path / "a.csv", *lines[:2]), Protocol()).reports) == 2
    found = measure_reports(table(tmp_path / "b.csv", *lines), Protocol())
    assert [problem.code for problem in found.problems] == ["too-large"]
    assert found.reports == ()


def test_measure_reports__counts_no_number_of_people_outside_the_study(tmp_path, monkeypatch):
    monkeypatch.setattr(dxa, "MAX_NUMBERS", 1)
    path = table(tmp_path / "a.csv", *(f"P-{n},2019-10-05,hip,neck,0.7{n}" for n in range(3)))
    protocol = Protocol(subjects=(Subject(subject="S-1", patient_ids=("P-2 ",)),))
    found = measure_reports(path, protocol, only_subjects=True)
    assert [len(report.result.measurements) for report in found.reports] == [0, 0, 1]
    assert [report.is_strangers for report in found.reports] == [True, True, False]


@pytest.mark.parametrize("thing", ["pipe", "folder", "link"])
def test_measure_reports__reads_a_database_beside_a_reference_that_is_no_file(tmp_path, thing):
    path = tmp_path / "PatScan.mdb"
    path.write_bytes(hologic_database.database())
    beside = tmp_path / "Reference.mdb"
    {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda at: at.symlink_to("/dev/zero")}[thing](beside)
    found = measure_reports(path, Protocol(), kind="hologic-database")
    assert len(found.reports) == 5
    assert "reference-unreadable" in {problem.code for problem in found.problems}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1252"])
def test_read_text__knows_its_encoding_with_and_without_a_mark(encoding):
    data = example().decode().encode(encoding)
    assert hologic_xml.recognises("report.txt", data[:4096])
    report = hologic_xml.read_text(data)
    assert {row.region: row.value("bmc") for row in report.rows}["neck"] == 3.86


def test_read_text__notes_a_column_whose_head_is_missing():
    heads = (*HIP_HEADS[:1], None, *HIP_HEADS[2:])
    report = hologic_xml.read_text(report_text((heads, *HIP_ROWS)).encode())
    assert all(row.value("area") is None for row in report.rows)
    assert "ResultsTable1: 1 columns have no head" in " ".join(problem.message for problem in report.problems)


def test_read_text__quotes_no_word_that_the_header_around_it_knows_of_the_person():
    rows = (HIP_HEADS, *HIP_ROWS, ("Quibble", "1.00", "1.00", "1.000", "", "", "", ""))
    data = report_text(rows, ScanMode="Array Quibble").encode()
    assert "Quibble" in repr(hologic_xml.read_text(data))
    assert "Quibble" not in repr(hologic_xml.read_text(data, person=frozenset({"quibble"})))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_table__is_known_in_every_encoding_that_states_itself(encoding):
    data = f"{TABLE}P-1,2019-10-05,hip,neck,0.712\n".encode(encoding)
    assert form_of("x.csv", data[:4096]) is not None
    report = csv_template.read(Source(data=data)).reports[0]
    assert report.rows[0].value("bmd") == 0.712


def test_table__with_bytes_that_are_no_text_is_refused_and_not_passed_over():
    data = TABLE.encode() + b"P-1,2019-10-05,hip,neck,0.712\n\0\0\0"
    assert form_of("x.csv", data) is not None
    with pytest.raises(ReadError) as caught:
        csv_template.read(Source(data=data))
    assert caught.value.code == "malformed-document"


def test_table__notes_lines_with_fewer_cells_than_columns():
    text = f"{TABLE}P-1,2019-10-05,hip,0.712\nP-1,2019-10-05,hip,neck,0.712\n"
    problems = csv_template.read(Source(data=text.encode())).problems
    assert ("values-missing", "fewer cells than columns in line 2") in [(p.code, p.message) for p in problems]
    export = lunar.make().decode("utf-16").splitlines(keepends=True)
    cells = export[1].rstrip("\r\n").split("\t")
    short = "\t".join([*cells[:-2], cells[-1]]) + "\r\n"
    problems = lunar_text.read(Source(data="".join([export[0], short, *export[2:]]).encode("utf-16"))).problems
    assert "values-missing" in [problem.code for problem in problems]


def test_table__keeps_no_text_that_holds_the_patients_id():
    head = TABLE.replace("\n", ",scan_id,model,serial,birth_date\n")
    line = "QX-551,2019-10-05,hip,neck,0.712,QX-551/7,Horizon of qx-551,81234,1951-10-23\n"
    (report,) = csv_template.read(Source(data=(head + line).encode())).reports
    assert (report.scan_id, report.device.model, report.device.serial) == ("", "", "81234")
    kept = report.model_dump_json(exclude={"patient"})
    assert "551" not in kept
    assert sum("patient's ID" in problem.message for problem in report.problems) == 2


def test_escape__lets_no_name_of_a_file_act_on_the_terminal():
    assert show.escape("a\x1b[31mb\nc\u202ed") == "a\ufffd[31mb\ufffdc\ufffdd"
    assert show.escape("Größe 日本 [x]") == "Größe 日本 \\[x]"


@pytest.mark.parametrize(
    "filters",
    [b"/Filter[/FlateDecode/FlateDecode]", b"/F [ /ASCII85Decode\n/LZW /Fl ]", b"/Filter[/RunLengthDecode /LZWDecode]"],
)
def test_check_streams__refuses_what_is_packed_more_than_once(filters):
    with pytest.raises(ReadError, match="more than once") as caught:
        check_streams(b"%PDF-1.7 1 0 obj <<" + filters + b"/Length 3>>stream\nabc\nendstream")
    assert caught.value.code == "unsafe-document"
    check_streams(
        b"%PDF-1.7 1 0 obj <</Filter[/FlateDecode/DCTDecode]/Next[/FlateDecode]/Length 3>>stream\nabc\nendstream"
    )
