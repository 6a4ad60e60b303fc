"""Stated units are converted, missing ones empty the cell, wrong ones are told by size and by ratio."""

from __future__ import annotations

import pytest

from bonemetrics.dxa.cells import numbers_of
from bonemetrics.dxa.units import in_kept_units, in_unit
from bonemetrics.records import DxaCell, DxaRow
from tests.dxa_rows import SPINE, cell, codes, exact, report, row, table


def one(name: str, text: str, unit: str) -> tuple[DxaCell, list[str]]:
    step = in_kept_units(report(DxaRow(region="L2", cells={name: cell(text, unit)})))
    return step.report.rows[0].cells[name], codes(step.notes)


@pytest.mark.parametrize(
    ("name", "text", "unit", "value", "half"),
    [
        ("bmd", "962.3", "mg/cm2", 0.9623, 0.00005),
        ("bmc", "42150", "mg", 42.15, 0.0005),
        ("bmc", "0.0421", "kg", 42.1, 0.05),
        ("area", "4380", "mm2", 43.8, 0.005),
        # 0.12 lb = 0.12 * 453.59237 g; known to 2.27 g, so the next coarser decade, 5 g, is claimed.
        ("bmc", "0.12", "[lb_av]", 54.4310844, 5.0),
        # 8.62 square inches of 6.4516 cm2, known to 0.032, so to 0.05.
        ("area", "8.62", "[in_i]2", 55.612792, 0.05),
        ("area", "8.62", "[sin_i]", 55.612792, 0.05),
        # 6.21 g per square inch / 6.4516; known to 0.000775, so to 0.005.
        ("bmd", "6.21", "g/[in_i]2", 0.962552, 0.005),
        ("bmd", "9.6", "kg/m2", 0.96, 0.005),
    ],
)
def test_in_kept_units__converts_what_is_stated_and_claims_no_more_digits(name, text, unit, value, half):
    found, notes = one(name, text, unit)
    assert found.value == pytest.approx(value, rel=1e-6)
    assert (found.raw, found.unit) == (text, {"bmd": "g/cm2", "bmc": "g", "area": "cm2"}[name])
    rows = (DxaRow(region="L2", cells={name: found}),)
    assert numbers_of(rows)[0, name].half == pytest.approx(half)
    assert notes == ["unit-converted"]


def test_in_kept_units__leaves_kept_units_and_other_columns_alone():
    rows = (row("L2", "13.09", "12.61", "0.964"), DxaRow(region="L2", cells={"width": cell("3.4", "cm")}))
    step = in_kept_units(report(*rows))
    assert (step.report.rows, step.notes) == (rows, ())


def test_in_kept_units__a_score_needs_no_unit():
    found, notes = one("t_score", "-1.3", "")
    assert (found.value, found.unit, notes) == (-1.3, "1", [])
    assert one("z_score", "0.4", "{Z-score}")[0].unit == "1"


def test_in_kept_units__a_number_without_unit_is_left_out():
    found, notes = one("area", "13.09", "")
    assert (found.value, found.raw, notes) == (None, "13.09", ["unit-not-stated"])


def test_in_kept_units__cubic_inches_are_no_area():
    found, notes = one("area", "13.09", "[in_i]3")
    assert (found.value, notes) == (None, ["cell-refused"])


def test_in_kept_units__one_note_for_a_converted_column():
    rows = tuple(DxaRow(region=f"L{i}", cells={"bmd": cell(f"9{i}2", "mg/cm2")}) for i in (1, 2, 3))
    (converted,) = in_kept_units(report(*rows)).notes
    assert converted[1] == ((0, "bmd"), (1, "bmd"), (2, "bmd"))
    assert converted[0].message == "converted from mg/cm2 to g/cm2: BMD of L1, L2, L3"


def test_in_unit__an_exact_number_stays_exact():
    assert in_unit(exact(962.31234567, "mg/cm2"), "g/cm2", 1e-3).decimals is None


def test_in_kept_units__milligrams_in_a_column_of_grams_are_left_empty_with_the_unit_that_fits():
    found, notes = one("bmd", "962", "g/cm2")
    assert (found.value, found.raw, notes) == (None, "962", ["unit-suspect", "cell-refused"])


def test_in_kept_units__grams_under_a_head_of_milligrams_are_left_empty_and_nothing_else():
    rows = tuple(
        r.model_copy(update={"cells": {**r.cells, "bmd": cell(r.cells["bmd"].raw, "mg/cm2")}}) for r in table(SPINE)
    )
    step = in_kept_units(report(*rows))
    suspect = [(problem.message, spots) for problem, spots in step.notes if problem.code == "unit-suspect"]
    assert [spots for _, spots in suspect] == [tuple((i, "bmd") for i in range(8))]
    assert "L1 BMD is 0.000889 g/cm2, which fits a unit a thousand times the stated one (0.889 g/cm2)" in suspect[0][0]
    assert all(r.value("bmd") is None and r.value("bmc") and r.value("area") for r in step.report.rows)


def test_in_kept_units__one_large_bmd_among_others_is_no_matter_of_units():
    rows = table(SPINE.replace("0.991", "991"))
    assert in_kept_units(report(*rows)).notes == ()


def converted(factor: float, name: str, decimals: int) -> tuple[DxaRow, ...]:
    """The table with one column divided by a factor and still called what it was."""
    rows = []
    for printed in table(SPINE):
        old = printed.cells[name]
        text = f"{old.value / factor:.{decimals}f}"
        rows.append(printed.model_copy(update={"cells": {**printed.cells, name: cell(text, old.unit)}}))
    return tuple(rows)


@pytest.mark.parametrize(
    ("factor", "name", "decimals", "unit"),
    [
        (453.59237, "bmc", 3, "[lb_av]"),
        (28.3495, "bmc", 3, "[oz_av]"),
        (1000, "bmc", 5, "kg"),
        (0.001, "bmc", 0, "mg"),
        (6.4516, "area", 2, "[in_i]2"),
        (0.01, "area", 0, "mm2"),
    ],
)
def test_in_kept_units__a_ratio_off_by_a_units_factor_tells_the_unit(factor, name, decimals, unit):
    step = in_kept_units(report(*converted(factor, name, decimals)))
    suspect = next(problem for problem, _ in step.notes if problem.code == "unit-suspect")
    assert f"only in {unit}," in suspect.message
    assert all(found.value(name) is None and found.value("bmd") for found in step.report.rows)
    assert codes(step.notes).count("cell-refused") == 8


def test_in_kept_units__pounds_and_inches_together_are_told_too():
    rows = converted(453.59237, "bmc", 4)
    inches = converted(6.4516, "area", 2)
    both = (
        a.model_copy(update={"cells": {**a.cells, "area": b.cells["area"]}}) for a, b in zip(rows, inches, strict=True)
    )
    step = in_kept_units(report(*both))
    assert codes(step.notes)[:2] == ["unit-suspect", "unit-suspect"]
    assert all(found.value("bmc") is None and found.value("area") is None for found in step.report.rows)


def test_in_kept_units__one_row_that_is_off_by_a_factor_is_no_matter_of_units():
    assert in_kept_units(report(*table(SPINE.replace("13.09", "1309")))).notes == ()


def test_in_kept_units__a_table_that_is_right_raises_no_suspicion():
    assert in_kept_units(report(*table(SPINE))).notes == ()
