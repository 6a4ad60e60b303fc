"""Tables that say what they hold, cannot run as formulas, and read back as the same numbers."""

from __future__ import annotations

import csv
import math
import stat
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bonemetrics.outcomes.density_table import (
    DENSITY_COLUMNS,
    as_ranges,
    density_table,
    notes_table,
)
from bonemetrics.outcomes.dictionary import dictionary_table
from bonemetrics.outcomes.table import Column, Table
from bonemetrics.outcomes.writers import write_csv, write_parquet
from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import (
    GridFacts,
    Measurement,
    Provenance,
    ScanFacts,
    ScanHeader,
    ScannerConstants,
    ScanResult,
    Visit,
    note,
)
from bonemetrics.study.placement import PlacedScan
from bonemetrics.study.stored import StoredScan

NOTE = note("partial-volume", "cortex of 0.3 mm at voxels of 0.4 mm", slices=(3, 4, 5, 9))


def measured(quantity="Tb.vBMD", value=-12.5, region="trabecular", material=Material.HA, notes=()):
    provenance = Provenance(method="dual-threshold", software_version="1.2.3", series_uid="1.2.840.77", notes=notes)
    return Measurement(
        quantity=quantity,
        value=value,
        standard_uncertainty=0.1,
        side="left",
        region=region,
        material=material,
        provenance=provenance,
    )


def scan(
    *found, scan_id="ab12", subject="P001", visit="Month 12", day=date(2012, 3, 4), problems=(), unscheduled=False
):
    header = ScanHeader(
        patient_id="SECRET-7",
        patient_birth_date="19400102",
        study_uid="1.2.840.1",
        series_uid="1.2.840.77",
        scan_date=day,
    )
    rows = ((2.0, 0.0, 0.0, 0.0), (0.0, 0.5, 0.0, 0.0), (0.0, 0.0, 0.4, 0.0), (0.0, 0.0, 0.0, 1.0))
    grid = GridFacts(shape=(4, 5, 6), spacing_mm=(2.0, 0.5, 0.4), affine_lps=rows)
    facts = ScanFacts(header=header, constants=ScannerConstants(), grid=grid)
    result = ScanResult(kind="ct-series", facts=facts, measurements=tuple(found), problems=problems)
    stored = StoredScan(
        scan_id=scan_id,
        version=1,
        subject=subject,
        status="measured",
        path="/somewhere/Doe^Jane",
        source_files=(),
        input_sha256="",
        settings_hash="",
        software_version="1.2.3",
        recorded_utc="",
        result=result,
    )
    place = note("unscheduled-visit", "study day 7 lies in no window")
    return PlacedScan(
        scan=stored,
        subject=subject,
        cohort="",
        visit=Visit(name=visit),
        study_day=None,
        measurements=stored.result.measurements,
        notes=(place,) * unscheduled,
    )


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_density_table__has_the_columns_analysts_rely_on():
    names = (
        "subject visit scan_date side site region quantity value unit material standard_uncertainty method "
        "review_status scan_id series_uid software_version"
    )
    assert [column.name for column in DENSITY_COLUMNS] == names.split()


def test_density_table__one_row_per_number(tmp_path):
    table = density_table([scan(measured(), measured("Tb.Ar", 75.25, material=None))])
    first, second = read(write_csv(table, tmp_path / "density.csv"))
    assert first == {
        "subject": "P001",
        "visit": "Month 12",
        "scan_date": "2012-03-04",
        "side": "left",
        "site": "radius",
        "region": "trabecular",
        "quantity": "Tb.vBMD",
        "value": "-12.5",
        "unit": "mg/cm3",
        "material": "HA",
        "standard_uncertainty": "0.1",
        "method": "dual-threshold",
        "review_status": "waiting",
        "scan_id": "ab12",
        "series_uid": "1.2.840.77",
        "software_version": "1.2.3",
    }
    assert (second["quantity"], second["unit"], second["material"]) == ("Tb.Ar", "mm2", "")


def test_density_table__order_does_not_depend_on_the_order_of_scans(tmp_path):
    scans = [
        scan(measured(region="cortical", quantity="Ct.vBMD"), measured(), scan_id="cc", day=date(2011, 1, 1)),
        scan(measured("vBMD", region="label-10"), measured("vBMD", region="label-9"), scan_id="aa"),
        scan(measured(), scan_id="bb", subject="P000"),
        scan(measured(), scan_id="dd", day=None),
    ]
    forth = write_csv(density_table(scans), tmp_path / "forth.csv")
    back = write_csv(density_table(reversed(scans)), tmp_path / "back.csv")
    assert forth.read_bytes() == back.read_bytes()
    places = [(row["subject"], row["scan_id"], row["region"]) for row in read(forth)]
    assert places == [
        ("P000", "bb", "trabecular"),
        ("P001", "cc", "trabecular"),
        ("P001", "cc", "cortical"),
        ("P001", "aa", "label-9"),
        ("P001", "aa", "label-10"),
        ("P001", "dd", "trabecular"),
    ]


def test_notes_table__a_note_on_the_scan_stands_once(tmp_path):
    own = note("partial-volume", "only here")
    numbers = (measured(notes=(NOTE, own)), measured("Ct.vBMD", region="cortical"))
    table = notes_table([scan(*numbers, problems=(NOTE,), unscheduled=True)])
    rows = read(write_csv(table, tmp_path / "notes.csv"))
    assert [(row["region"], row["quantity"], row["message"], row["slices"]) for row in rows] == [
        ("", "", NOTE.message, "3-5;9"),
        ("", "", "study day 7 lies in no window", ""),
        ("trabecular", "Tb.vBMD", "only here", ""),
    ]


def test_tables__hold_no_patient_identity(tmp_path):
    scans = [scan(measured(), problems=(NOTE,))]
    for table in (density_table(scans), notes_table(scans)):
        text = write_csv(table, tmp_path / "table.csv").read_text()
        parquet = write_parquet(table, tmp_path / "table.parquet", metadata={}).read_bytes()
        for secret in ("SECRET-7", "19400102", "1940", "Doe"):
            assert secret not in text
            assert secret.encode() not in parquet


@pytest.mark.parametrize(
    ("numbers", "text"), [((), ""), ((7,), "7"), ((2, 1, 0), "0-2"), ((1, 3, 5), "1;3;5"), ((4, 4, 5), "4-5")]
)
def test_as_ranges__writes_runs_shortly(numbers, text):
    assert as_ranges(numbers) == text


TEXT = Column(name="text", type="text", label="Text", definition="Any text")
NUMBER = Column(name="number", type="number", label="Number", definition="Any number", unit="mg/cm3")
COUNT = Column(name="count", type="integer", label="Count", definition="Any count")
DAY = Column(name="day", type="date", label="Day", definition="Any day")


def mixed(*rows) -> Table:
    return Table(name="mixed", columns=(TEXT, NUMBER, COUNT, DAY), rows=rows)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_write_csv__text_never_starts_a_formula(tmp_path, text):
    path = write_csv(mixed((text, -1.0, -2, None)), tmp_path / "t.csv")
    (row,) = read(path)
    assert row["text"] == f"'{text}"
    assert (row["number"], row["count"]) == ("-1.0", "-2")


@pytest.mark.parametrize("text", ["a,b", 'says "no"', "two\r\nlines", "Hüfte – µ", "", "a=1", " -"])
def test_write_csv__harmless_text_reads_back(tmp_path, text):
    (row,) = read(write_csv(mixed((text, 1.0, 1, None)), tmp_path / "t.csv"))
    assert row["text"] == text


NUMBERS = [0.1, -0.0, 1e-300, 123456789.123456789, math.pi, 5e-324, 1.7976931348623157e308, np.float64(2 / 3)]


@pytest.mark.parametrize("number", NUMBERS)
def test_writers__numbers_keep_every_digit(tmp_path, number):
    table = mixed(("x", number, None, date(2012, 2, 29)))
    (row,) = read(write_csv(table, tmp_path / "t.csv"))
    assert float(row["number"]).hex() == float(number).hex()
    (back,) = pq.read_table(write_parquet(table, tmp_path / "t.parquet", metadata={})).to_pylist()
    assert float(back["number"]).hex() == float(number).hex()


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_write_csv__refuses_what_is_no_number(tmp_path, number):
    with pytest.raises(TypeError, match="finite"):
        write_csv(mixed(("x", number, None, None)), tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


def test_write_csv__rfc_4180_to_the_byte(tmp_path):
    path = write_csv(mixed(('a"b', 0.5, None, date(2011, 1, 2))), tmp_path / "t.csv")
    assert path.read_bytes() == b'text,number,count,day\r\n"a""b",0.5,,2011-01-02\r\n'


def test_write_parquet__types_units_and_facts(tmp_path):
    table = mixed(("=1+1", -1.5, 3, date(2011, 1, 2)), (None, None, None, None))
    path = write_parquet(table, tmp_path / "t.parquet", metadata={"audit_head": "abc"})
    back = pq.read_table(path)
    assert [str(field.type) for field in back.schema] == ["string", "double", "int64", "date32[day]"]
    assert back.schema.field("number").metadata[b"unit"] == b"mg/cm3"
    assert back.schema.metadata[b"bonemetrics.audit_head"] == b"abc"
    empty = dict.fromkeys(("text", "number", "count", "day"))
    assert back.to_pylist() == [{"text": "=1+1", "number": -1.5, "count": 3, "day": date(2011, 1, 2)}, empty]


def test_write_parquet__empty_table_keeps_its_types(tmp_path):
    back = pq.read_table(write_parquet(mixed(), tmp_path / "t.parquet", metadata={}))
    assert back.num_rows == 0
    assert str(back.schema.field("number").type) == "double"


def test_write_csv__a_column_of_integers_and_numbers_of_any_size(tmp_path):
    text = write_csv(mixed(("x", 2**60 + 1, 10**400, None), ("y", 0.1, None, None)), tmp_path / "t.csv").read_text()
    assert text.splitlines()[1:] == [f"x,{2**60 + 1},1{'0' * 400},", "y,0.1,,"]


def test_table__tells_its_cells_by_column():
    table = mixed(("x", 1.5, None, None), (None, 2.5, 7, None))
    assert [table.cells(place) for place in range(3)] == [("x", None), (1.5, 2.5), (None, 7)]
    assert mixed().cells(3) == ()


def test_table__refuses_a_cell_of_another_type():
    with pytest.raises(TypeError, match="column number of mixed"):
        mixed(("x", "1.0", None, None))
    with pytest.raises(TypeError, match="3 cells, expected 4"):
        mixed(("x", 1.0, None))


def test_dictionary__names_every_column_and_quantity(tmp_path):
    tables = [density_table([]), notes_table([])]
    rows = read(write_csv(dictionary_table(tables), tmp_path / "dictionary.csv"))
    columns = {(row["table"], row["name"]) for row in rows if row["kind"] == "column"}
    assert {("density", column.name) for column in tables[0].columns} <= columns
    assert {("density_notes", column.name) for column in tables[1].columns} <= columns
    quantities = {row["name"]: row for row in rows if row["kind"] == "quantity"}
    assert set(quantities) == set(CATALOGUE)
    assert quantities["Tb.vBMD"]["unit"] == "mg/cm3"
    assert all(row["label"] and row["definition"] and row["source"] for row in rows)


def test_write_csv__failed_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_csv(mixed(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_csv__only_the_owner_reads(tmp_path):
    assert stat.S_IMODE(write_csv(mixed(), tmp_path / "t").stat().st_mode) == 0o600
