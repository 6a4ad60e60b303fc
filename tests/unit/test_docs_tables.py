"""The examples of docs/tables.md do what the page says."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat

from bonemetrics.errors import NOTES, all_error_codes
from bonemetrics.pipeline.tables import measure_table
from bonemetrics.study.protocol import parse_protocol
from bonemetrics.study.protocol_tables import ClinicalTable

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
VISITS = """
[[visits]]
name = "Baseline"
number = 0
window = [-60, 1]
[[visits]]
name = "Month 6"
number = 6
window = [140, 226]
"""
CSV, WORKBOOK, REDCAP, SDTM, BEFORE, ADAM = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
MARKERS, EXPORT, SCORES = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)


def records(tmp_path: Path, example: str, file: Path) -> list[dict]:
    protocol = parse_protocol(VISITS + example)
    (table,) = protocol.tables
    found = measure_table(file, table, protocol, tmp_path / "out.jsonl")
    assert found.refusal is None
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [problem for line in lines for problem in line["problems"] if problem["severity"] == "refusal"] == []
    return [json.loads(text) for line in lines for _, text in line["records"]]


def told(found: list[dict], *keys: str) -> list[tuple]:
    return [tuple(one[key] for key in keys) for one in found]


def test_csv_example__decimal_commas_limits_and_units(tmp_path):
    (tmp_path / "markers-1.csv").write_text(MARKERS, encoding="utf-8")
    found = records(tmp_path, CSV, tmp_path / "markers-1.csv")
    assert sorted(told(found, "subject", "day", "quantity", "unit", "text")) == [
        ("S-1", "2016-03-04", "OC", "ng/mL", ""),
        ("S-1", "2016-03-04", "P1NP", "ng/mL", ""),
        ("S-2", "2016-04-05", "OC", "ng/mL", ""),
        ("S-2", "2016-04-05", "P1NP", "ng/mL", "<5"),
    ]
    assert sorted(one["value"] for one in found if one["value"] is not None) == [17.9, 18.2, 41.5]


def test_workbook_example__a_sheet_and_a_header_that_are_stated(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Woman", "Pain"])
    book.active.append(["S-9", 9])
    sheet = book.create_sheet("2016")
    for row in (["Pain at rest", "as told"], [], ["Woman", "Day", "Pain"], ["S-1", date(2016, 9, 1), 3.5]):
        sheet.append(row)
    book.save(tmp_path / "pain.xlsx")
    found = records(tmp_path, WORKBOOK, tmp_path / "pain.xlsx")
    assert told(found, "subject", "day", "visit", "value") == [("S-1", "2016-09-01", "Month 6", 3.5)]


def test_redcap_example__visits_by_their_event(tmp_path):
    (tmp_path / "OP_DATA_2016.csv").write_text(EXPORT, encoding="utf-8")
    found = records(tmp_path, REDCAP, tmp_path / "OP_DATA_2016.csv")
    assert told(found, "subject", "day", "visit", "value") == [
        ("S-1", "2016-03-04", "baseline_arm_1", 44.0),
        ("S-1", None, "month_6_arm_1", 30.0),
    ]


def test_sdtm_example__names_of_the_standard_need_no_map(tmp_path):
    rows = {"USUBJID": ["S-1"] * 2, "LBTESTCD": ["BAP", "P1NP"], "LBORRES": ["11.5", "41.5"]}
    rows |= {"LBORRESU": ["ug/L", "ng/mL"], "LBDTC": ["2016-03-04T08:15"] * 2, "VISIT": ["Baseline"] * 2}
    pyreadstat.write_xport(pd.DataFrame(rows), str(tmp_path / "lb.xpt"), file_format_version=5)
    found = records(tmp_path, SDTM, tmp_path / "lb.xpt")
    assert told(found, "quantity", "value", "day", "visit") == [
        ("BALP", 11.5, "2016-03-04", "Baseline"),
        ("P1NP", 41.5, "2016-03-04", "Baseline"),
    ]


def test_page__names_every_key_and_only_codes_that_exist():
    table = PAGE.partition("| key | meaning |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(ClinicalTable.model_fields)
    codes = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE)) - {"adverse-events"}
    assert codes <= set(NOTES) | set(all_error_codes())
    assert len(codes) > 15


def test_baseline_example__two_entries_give_values_and_baselines(tmp_path):
    (tmp_path / "scores.csv").write_text(SCORES, encoding="utf-8")
    protocol = parse_protocol(VISITS + BEFORE)
    found = []
    for number, table in enumerate(protocol.tables):
        out = tmp_path / f"out-{number}.jsonl"
        assert measure_table(tmp_path / "scores.csv", table, protocol, out).refusal is None
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert {problem["code"] for line in lines for problem in line["problems"]} <= {
            "row-repeated",
            "column-not-used",
        }
        found += [json.loads(text) for line in lines for _, text in line["records"]]
    assert told(found, "subject", "visit", "study_day", "value", "stated_change") == [
        ("S-1", "Month 3", 92, 24.0, -7.0),
        ("S-1", "Month 6", 181, 22.5, -8.5),
        ("S-2", "Month 6", 177, 30.0, 3.0),
        ("S-1", "Baseline", None, 31.0, None),
        ("S-1", "Baseline", None, 31.0, None),
        ("S-2", "Baseline", None, 27.0, None),
    ]


def test_adam_example__one_time_point_under_its_own_parameter(tmp_path):
    asked = '[[parameters]]\nparamcd = "SYSBPS1"\nparam = "x"\nquantity = "Lab"\nregion = "SYSBPS1"\nunit = "mmHg"\n'
    rows = "USUBJID,ADY,PARAMCD,AVAL,AVALU,ATPT\nS-1,15,SYSBP,121,mmHg,AFTER STANDING FOR 1 MINUTE\n"
    (tmp_path / "advs.csv").write_text(rows + "S-1,15,SYSBP,132,mmHg,AFTER LYING\n", encoding="utf-8")
    found = records(tmp_path, ADAM.replace("advs.xpt", "advs.csv") + asked, tmp_path / "advs.csv")
    assert told(found, "region", "value") == [("SYSBPS1", 121.0)]
