"""SDTM of a public trial as CSV, workbook and transport file: the same rows, and none of them lost."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from bonemetrics.pipeline.table_look import look_at_tables
from bonemetrics.pipeline.tables import measure_table
from bonemetrics.study.protocol import parse_protocol

pytestmark = pytest.mark.shared_data
PROTOCOL = """
[[parameters]]
paramcd = "ALB"
param = "Albumin"
quantity = "Lab"
region = "ALB"
unit = "g/L"
[[tables]]
file = "*"
kind = "{kind}"
"""


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measured(path: Path, kind: str, out: Path):
    protocol = parse_protocol(PROTOCOL.format(kind=kind))
    found = measure_table(path, protocol.tables[0], protocol, out / "out.jsonl")
    assert found.refusal is None
    lines = [json.loads(line) for line in (out / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    records = [json.loads(text) for line in lines for _, text in line["records"]]
    return found, records, [problem["code"] for line in lines for problem in line["problems"]]


def copies(source: Path, out: Path, numbers: set[str]) -> dict[str, Path]:
    """The same table in three forms."""
    rows = rows_of(source)
    typed = [
        [None if not text else float(text) if name in numbers else text for name, text in row.items()] for row in rows
    ]
    book = openpyxl.Workbook()
    for row in ([*rows[0]], *typed):
        book.active.append(row)
    book.save(out / "a.xlsx")
    table = pd.DataFrame(typed, columns=[*rows[0]])
    for name in table.columns:
        table[name] = pd.to_numeric(table[name]) if name in numbers else table[name].fillna("")
    pyreadstat.write_xport(table, str(out / "a.xpt"), file_format_version=5)
    return {"csv": source, "xlsx": out / "a.xlsx", "xpt": out / "a.xpt"}


def test_laboratory__three_forms_give_the_albumin_of_the_table(shared_data, tmp_path):
    source = shared_data / "outcomes" / "pharmaversesdtm" / "lb_metabolic.csv"
    numbers = {"LBSEQ", "LBSTRESN", "LBORNRLO", "LBORNRHI", "LBSTNRLO", "LBSTNRHI", "VISITNUM", "VISITDY", "LBDY"}
    published = [
        (row["USUBJID"], row["VISIT"], row["LBDTC"][:10], float(row["LBSTRESN"]))
        for row in rows_of(source)
        if row["LBTESTCD"] == "ALB" and row["LBSTRESN"]
    ]
    assert len(published) > 20
    for form, path in copies(source, tmp_path, numbers).items():
        found, records, codes = measured(path, "laboratory", tmp_path)
        assert (found.form, found.n_rows) == (form, len(rows_of(source)))
        told = [(one["subject"], one["visit"], one["day"], one["value"]) for one in records]
        assert Counter(told) == Counter(published)
        assert set(codes) <= {"test-not-wanted", "column-not-used", "row-empty"}


def test_adverse_events__every_event_is_there(shared_data, tmp_path):
    source = shared_data / "outcomes" / "pharmaversesdtm" / "ae.csv"
    rows = rows_of(source)
    found, records, codes = measured(source, "adverse-events", tmp_path)
    assert found.n_rows == len(rows)
    assert len(records) + codes.count("duplicate-row") == len(rows)
    whole = [row for row in rows if len(row["AESTDTC"]) >= 10]
    assert {one["day"] for one in records if one["day"]} == {row["AESTDTC"][:10] for row in whole}
    serious = Counter(row["AESER"] for row in rows)["Y"]
    assert sum(one["serious"] is True for one in records) == serious > 0
    # Partial onsets are not made up.
    assert codes.count("cell-refused") >= sum(0 < len(row["AESTDTC"]) < 10 for row in rows) > 0


@pytest.mark.parametrize(
    ("name", "kind"), [("ae.csv", "adverse-events"), ("lb_metabolic.csv", "laboratory"), ("sv.csv", "")]
)
def test_look__knows_domains_of_the_standard(shared_data, name, kind):
    source = shared_data / "outcomes" / "pharmaversesdtm" / name
    (found,) = look_at_tables(source)
    assert (found.guess, found.n_rows, found.header_line) == (kind, len(rows_of(source)), 1)
