"""DXA files as the world delivers them: cut, mixed up, made to harm, or beside things that are no files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bonemetrics.pipeline import dxa
from bonemetrics.pipeline.dxa import measure_reports
from bonemetrics.records import Subject
from bonemetrics.study.protocol import Protocol
from tests.dxa_cases import hologic_database

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
