"""From a value to its source, and values that are no numbers beside those that are."""

from __future__ import annotations

from dataclasses import replace

from bonemetrics.outcomes.dataset import build_dataset
from bonemetrics.outcomes.sources_table import sources_table
from bonemetrics.outcomes.wide_table import wide_table
from tests.outcome_candidates import gathered, value

RANKL = """
[[parameters]]
paramcd = "RANKL"
param = "RANKL"
quantity = "RANKL"
benefit = "down"
"""


def rows_of(table):
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def rankl(number, visit, study_day, **other):
    place = {"paramcds": ("RANKL",), "quantity": "RANKL", "site": "serum", "region": "", "side": "", "unit": "pmol/L"}
    return value(number, visit, study_day, **{**place, "material": "", "scanner": "", "kind": "laboratory", **other})


def made_by(one, method, calibration):
    return replace(one, source=replace(one.source, method=method, calibration=calibration))


def test_sources_table__has_one_row_for_each_source_and_names_all_its_methods():
    index = made_by(value(180.0, "Baseline", -14, source_id="t1:3"), "EQ-5D index", "value_set=Spain TTO")
    scale = made_by(value(70.0, "Baseline", -14, source_id="t1:3", side="right"), "EQ VAS", "")
    other = value(185.0, "Month 6", 183, source_id="t1:4")
    (first, second) = rows_of(sources_table(build_dataset(gathered(index, scale, other))))
    assert (first["SRCID"], second["SRCID"]) == ("t1:3", "t1:4")
    assert first["METHOD"] == "EQ VAS | EQ-5D index"
    assert first["CALIB"] == "EQ-5D index: value_set=Spain TTO"
    assert first["SHA256"] == "0f" * 32


def test_sources_table__knows_the_source_of_a_number_that_no_parameter_asks_for():
    lonely = value(120.0, "Baseline", -14, source_id="spine", paramcds=())
    assert [row["SRCID"] for row in rows_of(sources_table(build_dataset(gathered(lonely))))] == ["spine"]


def test_wide_table__says_of_an_empty_number_that_it_lies_below_a_limit():
    measured = rankl(0.2, "Baseline", -14)
    below = rankl(None, "Month 6", 183, text="<0.17", censored="below")
    dataset = build_dataset(gathered(measured, below, value(180.0, "Baseline", -14), more=RANKL))
    first, second = rows_of(wide_table(dataset))
    assert (first["RANKL"], first["RANKL_TXT"]) == (0.2, None)
    assert (second["RANKL"], second["RANKL_CHG"], second["RANKL_TXT"]) == (None, None, "<0.17")
    assert "RADTBD_TXT" not in first
