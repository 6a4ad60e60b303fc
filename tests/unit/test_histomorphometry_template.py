"""The empty sheet: what it holds, that it is always the same, and that the worked example goes through it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from bonemetrics.cli.app import app
from bonemetrics.histomorphometry.entries import interpreter
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.histomorphometry.template import header, write_template
from bonemetrics.pipeline.tables import measure_table
from bonemetrics.readers.tables.columns import map_columns
from bonemetrics.readers.tables.open import open_table
from bonemetrics.records import HistomorphometryParameters, TableMap
from bonemetrics.study.protocol import load_protocol
from tests.biopsies import PRINTED, WORKED

RULES = HistomorphometryParameters()
FACTS = {
    "subject": "CSM-04",
    "visit": "Month 12",
    "biopsy_date": "2016-04-30",
    "side": "right",
    "envelope": "cancellous",
    "referent": "TV",
    "reader": "R1",
    "factor": "isotropic",
    "osteoid_perimeter": "one-sided",
    "label1_start": "2016-04-04",
    "label1_end": "2016-04-06",
    "label2_start": "2016-04-19",
    "label2_end": "2016-04-21",
    "labelling_confirmed": "yes",
    "sections": "4",
}


def filled(name: str) -> str | float:
    """What the worked example has in a column."""
    code = name.partition(" [")[0]
    if code in WORKED and code != "Ir.L.t":
        return WORKED[code]
    return FACTS.get(name, "")


def fill(path: Path) -> None:
    if path.suffix == ".csv":
        (names,) = csv.reader(path.read_text(encoding="utf-8").splitlines())
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow([filled(name) for name in names])
        return
    book = openpyxl.load_workbook(path)
    sheet = book["biopsies"]
    for place, cell in enumerate(sheet[1], start=1):
        sheet.cell(row=2, column=place, value=filled(cell.value) or None)
    book.save(path)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_template__filled_with_the_worked_example_gives_the_printed_indices(tmp_path, ending):
    path = tmp_path / f"biopsies.{ending}"
    result = CliRunner().invoke(app, ["template", "histomorphometry", str(path)])
    assert result.exit_code == 0, result.output
    fill(path)
    table = TableMap(kind="histomorphometry")
    raw, who = open_table(path, table), interpreter(table, RULES)
    columns = map_columns(raw.header, who.roles, table)
    assert columns.unused == ()
    (found,) = [who.take(columns.row(row)) for row in raw.rows]
    assert found.problems == ()
    told = measured_entries(list(found.records), RULES)
    values = {one.quantity: one.value for one in told.observations}
    for code, text in PRINTED.items():
        assert f"{values[code]:.6g}" == text, code
    assert [state for _, state in told.labels] == ["double"]


def test_header__2d_names_with_units():
    assert {"B.Ar [mm2]", "B.Pm [mm]", "Ir.L.Wi [um]", "Ir.L.t [d]", "N.Oc", "subject"} <= set(header())
    # Measurements alone: an index is computed, and no header is there twice.
    assert not any(name.startswith(("BV/TV", "MAR", "Tb.Th")) for name in header())
    assert len(set(header())) == len(header())


def test_write_template__workbook_explains_every_column(tmp_path):
    path = tmp_path / "biopsies.xlsx"
    write_template(path)
    book = openpyxl.load_workbook(path)
    sheet = book["biopsies"]
    cells = {cell.value: cell for cell in sheet[1]}
    assert tuple(cells) == header()
    assert cells["B.Ar [mm2]"].comment.text == "Bone area: Area of bone, osteoid included. above 0"
    assert "one side of the seam" in cells["O.Pm [mm]"].comment.text
    assert all(cell.comment is not None for cell in cells.values())
    lists = {one.formula1 for one in sheet.data_validations.dataValidation}
    assert '"cancellous,endocortical,intracortical,periosteal"' in lists
    assert book["explanation"].max_row == len(header())
    assert sheet.max_row == 1


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_write_template__same_bytes_every_time(tmp_path, ending):
    write_template(tmp_path / f"one.{ending}")
    write_template(tmp_path / f"two.{ending}")
    assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


def test_template__of_something_else_is_refused(tmp_path):
    runner = CliRunner()
    assert runner.invoke(app, ["template", "dentistry", str(tmp_path / "a.csv")]).exit_code == 2
    assert runner.invoke(app, ["template", "histomorphometry", str(tmp_path / "a.ods")]).exit_code == 2
    assert list(tmp_path.iterdir()) == []


HOSTILE = {
    # What stands in B.Ar, the place of the row otherwise; then what became of the row.
    2: ({"B.Ar [mm2]": 6}, "complete", []),
    3: ({"B.Ar [mm2]": "=1+5"}, "draft", ["formula-cell"]),
    4: ({"B.Ar [mm2]": "6,5"}, "complete", []),
    5: ({"B.Ar [mm2]": 6, "biopsy_date": None, "visit": "Month 99"}, None, ["unknown-visit"]),
    6: ({"B.Ar [mm2]": 6, "subject": "P-2"}, None, ["duplicate-row"]),
    7: ({"B.Ar [mm2]": "#REF!"}, "draft", ["error-cell"]),
    8: ({"B.Ar [mm2]": -1}, "draft", ["hard-violation"]),
    9: ({"B.Ar [mm2]": 7, "subject": "P-2"}, "complete", ["row-repeated"]),
    10: ({"B.Ar [mm2]": 6, "subject": None}, None, ["missing-cell"]),
    11: ({"B.Ar [mm2]": 6, "biopsy_date": "30/04/16"}, None, ["not-a-date", "entry-incomplete", "no-date"]),
}


def test_template__every_bad_row_is_judged_by_itself(tmp_path):
    (tmp_path / "study.toml").write_text(
        '[study]\nid = "X"\ntitle = "X"\n[histomorphometry]\nfactor = "iliac"\n'
        '[[tables]]\nfile = "biopsies.xlsx"\nkind = "histomorphometry"\n'
        '[[visits]]\nname = "Baseline"\nnumber = 0\ntarget_day = 1\nwindow = [-50, 1]\nbaseline = true\n'
    )
    protocol = load_protocol(tmp_path)
    path = tmp_path / "biopsies.xlsx"
    write_template(path)
    book = openpyxl.load_workbook(path)
    sheet = book["biopsies"]
    places = {cell.value: cell.column for cell in sheet[1]}
    for line, (cells, _, _) in HOSTILE.items():
        whole = {"subject": f"P-{line}", "biopsy_date": "2016-04-30", "envelope": "cancellous", "referent": "TV"}
        for name, value in {**whole, "T.Ar [mm2]": 40, **cells}.items():
            sheet.cell(row=line, column=places[name], value=value)
    book.save(path)
    out = tmp_path / "rows.jsonl"
    assert measure_table(path, protocol.tables[0], protocol, out).refusal is None
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    seen = {row["line"]: row for row in rows if row["line"]}
    assert seen.keys() == HOSTILE.keys()
    for line, (_, state, codes) in HOSTILE.items():
        states = [json.loads(text)["state"] for _, text in seen[line]["records"]]
        assert states == ([state] if state else []), line
        assert [problem["code"] for problem in seen[line]["problems"]] == codes, line
    assert json.loads(seen[4]["records"][0][1])["primaries"]["B.Ar"] == 6.5
