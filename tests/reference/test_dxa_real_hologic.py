"""Real databases and raw files of a Hologic scanner, where the local folder of vendor files is at hand.

Expected numbers come from access_parser, which gives exact doubles and shares no code with our reader; `mdb-export`, a
third program, prints 16 digits and is compared where it is installed. The P files are compared with the database that
the same scanner wrote.
"""

from __future__ import annotations

import csv
import io
import logging
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import hologic_database, hologic_scan
from bonemetrics.readers.dxa.hologic_database_codes import FIELDS, SITE_TABLES, TABLE_NAMES, WANTED
from bonemetrics.readers.dxa.hologic_database_tables import read_tables
from bonemetrics.readers.dxa.hologic_scan_id import scan_id_of
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, RawDxaReport

pytestmark = pytest.mark.shared_data

COLUMNS = {"area": "AREA", "bmc": "BMC", "bmd": "BMD"}


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    found = shared_data / "dxa" / "hologic_db"
    if not found.is_dir():
        pytest.skip("no Hologic files in the folder of vendor files")
    return found


@pytest.fixture(scope="module")
def reading(folder: Path) -> DxaReading:
    return hologic_database.read(Source(data=(folder / "PatScan.mdb").read_bytes(), name="PatScan.mdb"))


@pytest.fixture(scope="module")
def theirs(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every table as access_parser gives it, by the names in capitals."""
    access_parser = pytest.importorskip("access_parser")
    logging.getLogger("access_parser").setLevel(logging.CRITICAL)  # its warnings print raw values
    parser = access_parser.AccessParser(str(folder / "PatScan.mdb"))
    found = {}
    for name in TABLE_NAMES.values():
        columns = parser.parse_table(name)
        count = len(columns["SCANID"])
        found[name.upper()] = [{column.upper(): columns[column][k] for column in columns} for k in range(count)]
    return found


def rows_of(report: RawDxaReport, table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    serial, scan_id = report.key.split("/")
    return [row for row in table if (row["SERIAL_NUMBER"], row["SCANID"]) == (serial, scan_id)]


def test_real_database__every_number_is_the_exact_double(reading, theirs):
    compared = 0
    for report in reading.reports:
        (expected,) = rows_of(report, theirs[SITE_TABLES[report.site]])
        rows = {row.printed: row for row in report.rows}
        assert set(rows) == set(FIELDS[report.site]) | ({"TOT"} if report.site == "lumbar-spine" else set())
        for field, row in rows.items():
            for name, column in COLUMNS.items():
                stored = expected[f"{field}_{column}"]
                assert row.cells[name].raw == repr(float(stored))
                is_result = expected[f"{field}_AREA"] > 0
                assert row.value(name) == (stored if is_result else None)
                compared += 1
    # 3 spines of 6 rows, 4 hips of 5, 4 forearms of 12, 3 whole bodies of 12, three numbers each.
    assert compared == 3 * (3 * 6 + 4 * 5 + 4 * 12 + 3 * 12)


def test_real_database__every_row_of_results_became_a_report(reading, theirs):
    for site, table in SITE_TABLES.items():
        keys = {f"{row['SERIAL_NUMBER']}/{row['SCANID']}" for row in theirs[table]}
        assert {report.key for report in reading.reports if report.site == site} == keys
    assert len(reading.reports) == 14
    assert [problem.severity for report in reading.reports for problem in report.problems] == []


def test_real_database__hip_structure_is_the_exact_double(reading, theirs):
    hips = [report for report in reading.reports if report.site == "hip"]
    for report in hips:
        (expected,) = rows_of(report, theirs["HIPHSA"])
        cells = [cell for cell in report.structure.values() if cell.place.startswith("HipHSA.")]
        assert len(cells) == 31
        for cell in cells:
            assert cell.value == expected[cell.place.removeprefix("HipHSA.")]
    assert len(hips) == 4


def test_real_database__scan_ids_tell_the_dates_of_the_scans(reading):
    for report in reading.reports:
        found = scan_id_of(report.scan_id)
        assert found is not None
        assert found.day == report.scan_date


def test_real_database__sides_and_vertebrae(reading):
    sides: dict[str, set[object]] = {}
    for report in reading.reports:
        sides.setdefault(report.site, set()).add(report.side)
    assert sides == {"lumbar-spine": {None}, "hip": {"left", "right"}, "forearm": {"right"}, "whole-body": {None}}
    for report in reading.reports:
        if report.site == "lumbar-spine":
            assert (report.included, report.rows[-1].region) == (("L1", "L2", "L3", "L4"), "L1-L4")


@pytest.mark.skipif(shutil.which("mdb-export") is None, reason="mdbtools is not installed")
def test_real_database__every_cell_agrees_with_mdbtools(folder):
    path = folder / "PatScan.mdb"
    ours = read_tables(path.read_bytes(), WANTED)
    assert ours.miscounted == ()
    compared = sum(_compare(path, table, ours[table]) for table in ("PATIENT", "SCANANALYSIS", *TABLE_NAMES))
    assert compared > 3500


def _compare(path: Path, table: str, ours: Any) -> int:
    names = {**TABLE_NAMES, "SCANANALYSIS": "ScanAnalysis"}
    call = ["mdb-export", "-D", "%F %T", "-T", "%F %T", str(path), names.get(table, table)]
    text = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    printed = list(csv.DictReader(io.StringIO(text)))
    assert len(printed) == len(ours)
    count = 0
    for their, our in zip(printed, ours, strict=True):
        for column, value in our.items():
            count += 1
            assert _same(their[column], value), f"{table}.{column}"
    return count


def _same(printed: str, value: object) -> bool:
    if value is None:
        return printed == "" or printed.startswith("1900-01-00")
    if isinstance(value, bool):
        return printed == str(int(value))
    if isinstance(value, datetime):
        return printed == f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int | float):
        # Sixteen digits leave half a unit of the last one open.
        return abs(float(printed) - value) <= 1e-15 * abs(value)
    return printed == value


@pytest.fixture(params=["PA11721A.P05", "PA11721A.P06"])
def p_file(request: pytest.FixtureRequest, folder: Path) -> bytes:
    return (folder / request.param).read_bytes()


def test_real_p_file__equals_the_database_of_its_scanner(p_file, reading):
    report = hologic_scan.read(Source(data=p_file)).reports[0]
    (stored,) = [other for other in reading.reports if other.key == report.key]
    numbers = {row.region: [row.value(name) for name in COLUMNS] for row in report.rows}
    assert numbers == {row.region: [row.value(name) for name in COLUMNS] for row in stored.rows}
    # 15 densities with areas, the axis length, and width and height of the region of interest: 18 values.
    assert all(value is not None for values in numbers.values() for value in values)
    assert {name: cell.value for name, cell in report.structure.items()} == {
        name: cell.value for name, cell in stored.structure.items()
    }
    assert len(report.structure) == 33
    for name in ("side", "site", "scan_id", "device", "scan_date", "analysis_date", "circumstances"):
        assert getattr(report, name) == getattr(stored, name)
    for name in ("sex", "ethnicity", "patient_id", "weight_kg", "height_cm"):
        assert getattr(report.patient, name) == getattr(stored.patient, name)
    assert report.problems == ()


@pytest.mark.parametrize("name", ["PA11721A.R05", "PA11721A.R06"])
def test_real_r_file__is_a_picture_without_results(folder, name):
    data = (folder / name).read_bytes()
    assert hologic_scan.recognises(name, data[:4096])
    with pytest.raises(ReadError) as caught:
        hologic_scan.read(Source(data=data, name=name))
    assert caught.value.code == "no-dxa-results"


def pieces(data: bytes, count: int) -> Iterator[bytes]:
    """Truncations, evenly spread, and the last few bytes one by one."""
    yield from (data[: len(data) * k // count] for k in range(count))
    yield from (data[:-k] for k in range(1, 8))


def test_real_files__cut_short_are_refused(p_file):
    for data in pieces(p_file, 40):
        with pytest.raises(ReadError):
            hologic_scan.read(Source(data=data))


def test_real_database__cut_short_is_refused(folder):
    for data in pieces((folder / "PatScan.mdb").read_bytes(), 40):
        with pytest.raises(ReadError):
            hologic_database.read(Source(data=data))
