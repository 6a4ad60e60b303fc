"""What holds of the identities for every results table: no false conflict, no lost true one, no change of numbers."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.anatomy import spine_region
from bonemetrics.dxa.cells import numbers_of
from bonemetrics.dxa.fitting import fits_together
from bonemetrics.dxa.identities import broken, conflicts
from bonemetrics.dxa.identity_rules import identities_of
from bonemetrics.dxa.judge import judge
from bonemetrics.dxa.references import rounded, t_score
from bonemetrics.dxa.units import in_unit
from bonemetrics.records import CurvePoint, DxaRow, ReferenceCurve
from tests.dxa_rows import cell, exact, report, row

LEVELS = ("L1", "L2", "L3", "L4")
areas = st.lists(st.floats(6.0, 25.0), min_size=4, max_size=4)
densities = st.lists(st.floats(0.4, 1.9), min_size=4, max_size=4)
digits = st.sampled_from([(2, 2, 3), (2, 2, 4), (1, 1, 3), (3, 2, 2)])


def spine(area: list[float], bmd: list[float], decimals: tuple[int, int, int]) -> tuple[DxaRow, ...]:
    """All fifteen combinations, each number rounded by itself."""
    bmc = [a * d for a, d in zip(area, bmd, strict=True)]
    rows = []
    for size in (1, 2, 3, 4):
        for levels in combinations(range(4), size):
            whole, mineral = (sum(values[i] for i in levels) for values in (area, bmc))
            texts = (f"{value:.{d}f}" for value, d in zip((whole, mineral, mineral / whole), decimals, strict=True))
            rows.append(row(spine_region(LEVELS[i] for i in levels), *texts))
    return tuple(rows)


@settings(max_examples=40, deadline=None)
@given(areas, densities, digits)
def test_conflicts__rounding_alone_never_makes_one(area, bmd, decimals):
    assert conflicts(spine(area, bmd, decimals)) == ()


@settings(max_examples=40, deadline=None)
@given(
    areas, densities, st.integers(0, 14), st.sampled_from(["area", "bmc"]), st.sampled_from([-0.04, 0.04, 0.7, -5.0])
)
def test_conflicts__four_units_of_the_last_digit_never_pass_among_fifteen_rows(area, bmd, place, name, shift):
    rows = list(spine(area, bmd, (2, 2, 3)))
    old = rows[place].cells[name]
    rows[place] = rows[place].model_copy(
        update={"cells": {**rows[place].cells, name: cell(f"{old.value + shift:.2f}", old.unit)}}
    )
    found = conflicts(tuple(rows))
    assert any((rows[place].region, None, name) in conflict.cells for conflict in found)


@settings(max_examples=6, deadline=None)
@given(areas, densities, st.permutations(range(15)))
def test_conflicts__the_order_of_rows_does_not_matter(area, bmd, order):
    rows = spine([area[0] + 0.5, *area[1:]], bmd, (2, 2, 3))[:1] + spine(area, bmd, (2, 2, 3))[1:]
    straight = {(conflict.kind, frozenset(conflict.cells)) for conflict in conflicts(rows)}
    turned = {(conflict.kind, frozenset(conflict.cells)) for conflict in conflicts(tuple(rows[i] for i in order))}
    assert straight == turned != set()


@settings(max_examples=40, deadline=None)
@given(areas, densities)
def test_fits_together__is_never_kinder_than_each_identity_alone(area, bmd):
    rows = spine([area[0] + 0.03, *area[1:]], bmd, (2, 2, 3))[:1] + spine(area, bmd, (2, 2, 3))[1:]
    numbers = numbers_of(rows)
    identities = identities_of(rows, numbers.keys())
    sums_hold = not broken([identity for identity in identities if identity.form == "sum"], numbers)
    assert sums_hold or not fits_together(identities, numbers)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(-10, 10)), max_size=6))
def test_judge__never_changes_a_number_but_empties_it(numbers):
    rows = tuple(
        DxaRow(
            region=region,
            cells={"area": exact(a, "cm2"), "bmc": exact(b, "g"), "bmd": exact(d, "g/cm2")},
        )
        for region, (a, b, d) in zip(("L1", "L2", "L3", "L1-L2", "L1", "neck"), numbers, strict=False)
    )
    judged = judge(report(*rows))
    for before, after in zip(rows, judged.report.rows, strict=True):
        for name, old in before.cells.items():
            assert after.cells[name].value in (old.value, None)
            if after.cells[name].value is None:
                notes = judged.cell_notes[before.region, before.side, name]
                assert any(note.code == "cell-refused" for note in notes)


@given(st.floats(0.1, 2000.0), st.integers(0, 4), st.sampled_from([1e-3, 0.01, 0.1, 6.4516, 453.59237, 1e3]))
def test_in_unit__what_was_within_half_a_digit_still_is(value, decimals, factor):
    printed = cell(f"{value:.{decimals}f}", "x")
    converted = in_unit(printed, "y", factor)
    half = 0.5 * 10.0**-converted.decimals
    assert abs(converted.value - value * factor) <= half * (1 + 1e-9)


@given(st.floats(0.3, 2.0), st.floats(0.3, 2.0), st.floats(-3.0, 3.0))
def test_t_score__rises_with_bmd_and_is_zero_at_the_median(first, second, power):
    point = CurvePoint(age_years=25.0, mean=0.9, sd=0.12, power=power)
    curve = ReferenceCurve(name="x", source="test", site="hip", region="neck", points=(point,))
    assert (t_score(curve, first) <= t_score(curve, second)) == (first <= second) or abs(first - second) < 1e-9
    assert t_score(curve, 0.9) == 0.0


@given(st.floats(-15.0, 15.0))
def test_rounded__is_within_half_a_digit_and_odd(score):
    assert abs(rounded(score) - score) <= 0.05 + 1e-9
    assert rounded(-score) == -rounded(score)
