"""Value sets against published tables and another package's results; SDTM of a public trial through the readers."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import pytest

from bonemetrics.clinical.value_sets import VALUE_SETS, index_of, states, value_set
from tests.clinical_rows import codes, taken, values, wanted

pytestmark = pytest.mark.shared_data


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_spanish_tto__all_243_states_as_the_r_package_eq5d_gives_them(shared_data):
    published = {
        tuple(int(row[name]) for name in ("MO", "SC", "UA", "PD", "AD")): float(row["index"])
        for row in rows_of(shared_data / "outcomes" / "eq5d" / "spain_3L_tto_all243_from_pkg.csv")
    }
    assert set(published) == set(product((1, 2, 3), repeat=5))
    tto = value_set("3L", "Spain TTO")
    assert {state: index_of(state, tto) for state in states(tto)} == pytest.approx(published, abs=1e-9)


@pytest.mark.parametrize(
    ("file", "name", "levels"), [("TTO", "Spain TTO", 3), ("VAS", "Spain VAS", 3), ("VT", "Spain VT", 5)]
)
def test_coefficients__are_those_of_the_published_tables(file, name, levels, shared_data):
    (found,) = [one for one in VALUE_SETS if one.name == name]
    lines = (shared_data / "outcomes" / "eq5d" / f"{file}.csv").read_text().splitlines()
    head = lines[0].replace('"', "").split(",")
    place = head.index("Spain")
    table = {cells[0]: cells[place] for cells in (line.replace('"', "").split(",") for line in lines[1:])}
    for dimension, own in zip(("MO", "SC", "UA", "PD", "AD"), found.decrements, strict=True):
        for level, lost in enumerate(own, start=2):
            assert float(table[f"{dimension}{level}"]) == pytest.approx(-lost, abs=1e-9)
    assert found.levels == levels
    for key, own in (("Intercept", found.any_problem), ("AtLeastOne3", found.any_worst), ("N3", found.any_worst)):
        if table.get(key, "NA") != "NA":
            assert float(table[key]) == pytest.approx(-own, abs=1e-9)


def test_public_adverse_events__all_go_in(shared_data):
    path = shared_data / "outcomes" / "pharmaversesdtm" / "ae.csv"
    rows = rows_of(path)
    found = taken("adverse-events", path.read_text(encoding="utf-8"))
    events = [one for outcome in found for one in outcome.records]
    assert len(events) == len(rows) > 1000
    assert sum(bool(one.serious) for one in events) == sum(row["AESER"] == "Y" for row in rows)
    whole = [row for row in rows if len(row["AESTDTC"]) >= 10]
    assert sum(one.day is not None for one in events) == len(whole)


def test_public_laboratory__albumin_in_the_standard_unit(shared_data):
    path = shared_data / "outcomes" / "pharmaversesdtm" / "lb_metabolic.csv"
    rows = [row for row in rows_of(path) if row["LBTESTCD"] == "ALB" and row["LBSTRESN"]]
    asked = (wanted("ALB", "Lab", "g/L", region="ALB"),)
    found = taken("laboratory", path.read_text(encoding="utf-8"), asked=asked)
    assert values(found) == [("Lab", float(row["LBSTRESN"]), "g/L") for row in rows]
    assert len(rows) == 36
    assert set(codes(found)) <= {"test-not-wanted", "row-empty"}
