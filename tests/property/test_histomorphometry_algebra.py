"""The algebra of histomorphometry for every set of givens: all that follows is found, and nothing else."""

from __future__ import annotations

from math import isclose

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bonemetrics.histomorphometry.algebra import Known, solve
from bonemetrics.records import SectionFactors
from tests.biopsies import (
    ILIAC,
    ISOTROPIC,
    OTHERS,
    OWN,
    PRINTED,
    WORKED,
    digits,
    follows,
    half_unit,
    slopes,
    written_out,
)

FACTORS = (ISOTROPIC, ILIAC, OWN)
# Where the ranks are taken: nothing is equal to anything else by chance, as E.Pm and Ob.Pm of the example are.
ANYWHERE = {code: value * (1 + 0.013 * place) for place, (code, value) in enumerate({**WORKED, **OTHERS}.items())}
SEAM_FROM_AREA = slopes(ANYWHERE, ISOTROPIC)
SEAM_MEASURED = slopes({**ANYWHERE, "O.Wi": 11.3}, ISOTROPIC)
CODES = sorted(SEAM_MEASURED)


def rows_of(chosen: list[str]) -> dict[str, np.ndarray]:
    """Slopes under the rule of the seam: its width is area over length unless it, or its thickness, is given."""
    return SEAM_MEASURED if {"O.Wi", "O.Th"} & set(chosen) else SEAM_FROM_AREA


subsets = st.lists(st.sampled_from(CODES), min_size=1, max_size=30, unique=True)
share = st.floats(0.02, 0.6)


@st.composite
def biopsies(draw: st.DrawFn) -> dict[str, float]:
    """Measurements of one biopsy that fit each other."""
    tissue, perimeter = draw(st.floats(15, 60)), draw(st.floats(30, 250))
    bone, osteoid = tissue * draw(st.floats(0.03, 0.5)), perimeter * draw(st.floats(0.02, 0.5))
    eroded = perimeter * draw(st.floats(0.01, 0.3))
    return {
        "T.Ar": tissue,
        "B.Ar": bone,
        "B.Pm": perimeter,
        "O.Ar": bone * draw(st.floats(0.005, 0.2)),
        "O.Pm": osteoid,
        "E.Pm": eroded,
        "Ob.Pm": osteoid * draw(share),
        "Oc.Pm": eroded * draw(share),
        "dL.Pm": perimeter * draw(st.floats(0.005, 0.1)),
        "sL.Pm": perimeter * draw(st.floats(0.005, 0.1)),
        "Ir.L.Wi": draw(st.floats(3, 25)),
        "Ir.L.t": draw(st.sampled_from([7.0, 10.5, 14.0, 15.0])),
        "W.Wi": draw(st.floats(20, 80)),
        "Ct.Wi": draw(st.floats(300, 2500)),
        "It.Wi": draw(st.floats(15, 90)),
        "N.Oc": float(draw(st.integers(1, 60))),
        "N.Ob": float(draw(st.integers(1, 600))),
    }


def test_written_out__is_the_printed_example():
    values = written_out({**WORKED, **OTHERS}, ISOTROPIC)
    for code, text in PRINTED.items():
        assert f"{values[code]:.6g}" == text, code


@pytest.mark.parametrize("factors", FACTORS, ids=lambda one: one.convention)
def test_solve__measurements_give_every_index(factors):
    expected = written_out({**WORKED, **OTHERS}, factors)
    found = solve({code: Known(value) for code, value in {**WORKED, **OTHERS}.items()}, factors).values
    assert set(found) == set(expected)
    for code, value in expected.items():
        assert isclose(found[code], value, rel_tol=1e-12), code


@settings(max_examples=300, deadline=None)
@given(subsets)
# Indices alone, without one measurement, and two subsets in which only several sums at once tell the rest.
@example(["BV/TV", "Tb.Th", "OS/BS", "ES/BS", "Oc.S/BS", "MS/BS", "MAR", "W.Th", "O.Th"])
@example(["Rv.S/BS", "E.Pm", "O.Ar"])
@example(["FP", "EP", "QP", "Rs.P", "Mlt", "Omt"])
@example(["OV/BV", "Md.V/TV", "Tb.Sp", "Tb.N"])
def test_solve__worked_example_to_all_printed_digits_by_every_sufficient_subset(chosen):
    expected = written_out({**WORKED, **OTHERS}, ISOTROPIC)
    rows = rows_of(chosen)
    solution = solve({code: Known(expected[code]) for code in chosen}, ISOTROPIC)
    assert solution.contradictions == ()
    behind = [rows[code] for code in chosen]
    for code in CODES:
        if follows(rows[code], behind):
            assert code in solution.values, f"{code} follows from {chosen}"
            assert isclose(solution.values[code], expected[code], rel_tol=1e-8), code
            if code in PRINTED:
                assert f"{solution.values[code]:.{digits(PRINTED[code])}g}" == f"{float(PRINTED[code]):g}"
        else:
            assert code not in solution.values, f"{code} does not follow from {chosen}"


@settings(max_examples=200, deadline=None)
@given(biopsies(), subsets, st.sampled_from(FACTORS))
def test_solve__any_biopsy_by_any_subset_with_any_factor(biopsy, chosen, factors):
    assume(biopsy["O.Pm"] + biopsy["E.Pm"] < 0.95 * biopsy["B.Pm"])
    expected = written_out(biopsy, factors)
    rows = rows_of(chosen)
    if rows is SEAM_MEASURED:
        expected = written_out({**biopsy, "O.Wi": 7.7}, factors)
    solution = solve({code: Known(expected[code]) for code in chosen}, factors)
    assert solution.contradictions == ()
    behind = [rows[code] for code in chosen]
    for code in CODES:
        assert (code in solution.values) == follows(rows[code], behind), code
        if code in solution.values:
            # Differences of nearly equal parts lose up to six of sixteen digits.
            assert isclose(solution.values[code], expected[code], rel_tol=1e-7), code


orders = st.floats(-3.5, -0.1).map(lambda power: 10.0**power)


@st.composite
def uneven_biopsies(draw: st.DrawFn) -> dict[str, float]:
    """Measurements that fit each other and differ by orders of magnitude."""
    whole = draw(biopsies())
    whole |= {"B.Ar": whole["T.Ar"] * draw(orders), "O.Pm": whole["B.Pm"] * draw(orders) / 2}
    whole |= {"O.Ar": whole["B.Ar"] * draw(orders), "E.Pm": whole["B.Pm"] * draw(orders) / 2}
    return whole | {"Oc.Pm": whole["E.Pm"] * draw(orders), "dL.Pm": whole["B.Pm"] * draw(orders) / 10}


@settings(max_examples=200, deadline=None)
@given(uneven_biopsies(), subsets, st.sampled_from(FACTORS))
def test_solve__parts_that_differ_by_orders_of_magnitude(biopsy, chosen, factors):
    rows = rows_of(chosen)
    expected = written_out({**biopsy, **({"O.Wi": 7.7} if rows is SEAM_MEASURED else {})}, factors)
    solution = solve({code: Known(expected[code]) for code in chosen}, factors)
    assert solution.contradictions == ()
    for code, value in solution.values.items():
        assert follows(rows[code], [rows[one] for one in chosen]), code
        # Two differences in a row may lose eleven of sixteen digits.
        assert isclose(value, expected[code], rel_tol=1e-4), code


def test_solve__small_areas_tell_nothing_of_surfaces():
    # E.Pm and Rv.S/BS leave Oc.Pm open, however small O.Ar is.
    given_values = {"E.Pm": 0.69359, "Rv.S/BS": 0.52679, "O.Ar": 0.00065725}
    found = solve({code: Known(value) for code, value in given_values.items()}, OWN).values
    assert found == given_values


@settings(max_examples=100, deadline=None)
@given(biopsies(), subsets, st.sampled_from(FACTORS))
def test_solve__without_factors_gives_only_what_does_not_depend_on_them(biopsy, chosen, factors):
    expected = written_out({**biopsy, "O.Wi": 7.7}, factors)
    chosen = [*chosen, "O.Wi"]
    solution = solve({code: Known(expected[code]) for code in chosen}, None)
    with_them = solve({code: Known(expected[code]) for code in chosen}, factors)
    assert set(solution.values) <= set(with_them.values)
    for code, value in solution.values.items():
        assert isclose(value, expected[code], rel_tol=1e-7), code


@settings(max_examples=60, deadline=None, derandomize=True)
@given(biopsies(), subsets, st.sampled_from(FACTORS), st.integers(2, 5))
def test_solve__rounding_alone_never_contradicts(biopsy, chosen, factors, figures):
    expected = written_out({**biopsy, "O.Wi": 7.7}, factors)
    rounded = {}
    for code in [*chosen, "O.Wi"]:
        half = half_unit(expected[code], figures)
        rounded[code] = Known(round(expected[code] / (2 * half)) * 2 * half, half)
    solution = solve(rounded, factors)
    assert [one.message for one in solution.contradictions] == []
    for code, known in rounded.items():
        assert solution.values[code] == known.value


@settings(max_examples=60, deadline=None)
@given(
    biopsies(),
    st.sampled_from(["BV/TV", "Tb.Th", "OS/BS", "MS/BS", "MAR", "BFR/TV", "Mlt", "Tt.P", "Ac.f", "W.Th", "Ob.S/OS"]),
    st.sampled_from([0.95, 1.05]),
    st.sampled_from(FACTORS),
)
def test_solve__one_value_five_per_cent_off_is_named_with_those_it_contradicts(biopsy, code, off, factors):
    assume(biopsy["O.Pm"] + biopsy["E.Pm"] < 0.95 * biopsy["B.Pm"])
    expected = written_out(biopsy, factors)
    rounded = {}
    for name in biopsy:
        half = half_unit(expected[name], 4)
        rounded[name] = Known(expected[name], half)
    given_value = expected[code] * off
    solution = solve({**rounded, code: Known(given_value, half_unit(given_value, 4))}, factors)
    (one,) = solution.contradictions
    assert one.code == code
    assert one.given == given_value
    assert isclose(one.computed, expected[code], rel_tol=1e-9)
    # The measurements that the wrong index depends on, and no others.
    depends = {name for name, slope in zip(ANYWHERE, SEAM_FROM_AREA[code], strict=True) if abs(slope) > 1e-9}
    assert set(one.others) == depends
    # Neither side gives a number.
    assert not (depends | {code}) & set(solution.values)


@settings(max_examples=40, deadline=None)
@given(biopsies(), subsets, st.randoms(use_true_random=False))
def test_solve__order_of_the_givens_does_not_matter(biopsy, chosen, chance):
    expected = written_out(biopsy, OWN)
    wrong = {
        code: Known(value * (1.3 if place % 3 == 2 else 1))
        for place, (code, value) in enumerate((code, expected[code]) for code in chosen)
    }
    shuffled = list(wrong)
    chance.shuffle(shuffled)
    first, second = solve(wrong, OWN), solve({code: wrong[code] for code in shuffled}, OWN)
    assert [one.message for one in first.contradictions] == [one.message for one in second.contradictions]
    assert set(first.values) == set(second.values)


@settings(max_examples=60, deadline=None)
@given(biopsies(), st.sampled_from(FACTORS))
def test_solve__footnotes_of_the_nomenclature_hold(biopsy, factors):
    assume(biopsy["O.Pm"] + biopsy["E.Pm"] < 0.95 * biopsy["B.Pm"])
    found = solve({code: Known(value) for code, value in biopsy.items()}, factors).values
    # Dempster 2013, table 3: QS = BS - (OS + ES); Md.S = ES + QS; Rv.S = ES - Oc.S.
    assert isclose(found["Q.Pm"], biopsy["B.Pm"] - (biopsy["O.Pm"] + biopsy["E.Pm"]), rel_tol=1e-9)
    assert isclose(found["Md.Pm"], biopsy["E.Pm"] + found["Q.Pm"], rel_tol=1e-9)
    assert isclose(found["Rv.Pm"], biopsy["E.Pm"] - biopsy["Oc.Pm"], rel_tol=1e-9)


def identities(v: dict[str, float]) -> list[tuple[float, float]]:
    """Both sides of what belongs together."""
    return [
        (v["Tb.N"], v["BS/TV"] / 2),
        (v["BV/TV"] / 100, v["Tb.Th"] / 1000 * v["Tb.N"]),
        (v["Ac.f"], 365 / v["Tt.P"]),
        (v["Tt.P"], v["FP"] + v["EP"] + v["QP"]),
        (v["BFR/TV"], v["BFR/BV"] * v["BV/TV"] / 100),
        (v["Mlt"], v["Omt"] * 100 / v["MS/OS"]),
        (v["EP"], v["Rs.P"] + v["Rv.P"]),
        (v["Rm.P"], v["EP"] + v["FP"]),
    ]


@settings(max_examples=60, deadline=None)
@given(
    biopsies(),
    st.builds(
        lambda k_w, k_s: SectionFactors(convention="stated", width_to_thickness=k_w, perimeter_to_surface=k_s),
        st.floats(0.6, 1.0),
        st.floats(1.0, 1.5),
    ),
)
def test_solve__identities_hold_with_every_factor(biopsy, factors):
    assume(biopsy["O.Pm"] + biopsy["E.Pm"] < 0.95 * biopsy["B.Pm"])
    found = solve({code: Known(value) for code, value in biopsy.items()}, factors).values
    for one, other in identities(dict(found)):
        assert isclose(one, other, rel_tol=1e-9)


@settings(max_examples=40, deadline=None)
@given(biopsies())
def test_solve__ratios_of_widths_do_not_depend_on_the_factor(biopsy):
    assume(biopsy["O.Pm"] + biopsy["E.Pm"] < 0.95 * biopsy["B.Pm"])
    known = {code: Known(value) for code, value in biopsy.items()}
    one, other = solve(known, ISOTROPIC).values, solve(known, ILIAC).values
    for code in ("Ac.f", "Mlt", "Omt", "FP", "FPa+", "EP", "QP", "Tt.P"):
        assert isclose(one[code], other[code], rel_tol=1e-9), code
    # 4/π over 1.2 is 1.0610: what the wrong convention does to thicknesses and rates.
    for code in ("Tb.Th", "MAR", "BFR/BS", "W.Th"):
        ratio = other[code] / one[code]
        assert isclose(max(ratio, 1 / ratio), 1.0610329, rel_tol=1e-7), code
