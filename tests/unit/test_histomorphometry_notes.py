"""A doubt about one number stands on every value that rests on it, with what was entered and by which convention."""

from __future__ import annotations

import pytest

from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.checks import hard_violations, told_factors
from bonemetrics.histomorphometry.factors import section_factors, unlike
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.histomorphometry.observations import as_entered
from bonemetrics.histomorphometry.units import of_a_unit
from bonemetrics.records import HistomorphometryParameters
from tests.biopsies import WORKED, entry

PRIMARIES = {code: value for code, value in WORKED.items() if code != "Ir.L.t"}


def told(*entries, **rules):
    found = measured_entries(list(entries), HistomorphometryParameters(**rules))
    return {one.quantity: one for one in found.observations}, [one.code for _, one in found.notes]


def noted(values, code):
    """Codes of values that carry a note."""
    return {name for name, one in values.items() if code in [told.code for told in one.notes]}


def test_notes__a_suspect_unit_stands_on_all_that_rests_on_the_value():
    # Tb.Th = 0.0942 um: BS/BV = 2000 / 0.0942, Tb.N and BS/TV with BV/TV too; BV/TV itself does not rest on it.
    values, _ = told(entry(primaries={}, typed={"BV/TV": 15.0, "Tb.Th": 0.0942, "W.Th": 31.0}))
    found = noted(values, "unit-suspect-histomorphometry")
    assert {"Tb.Th", "BS/BV", "BS/TV", "Tb.N", "Tb.Sp", "Tb.Dm"} <= found
    assert not {"BV/TV", "W.Th"} & found


def test_notes__fractions_stand_on_the_values():
    low = {"MS/BS": 0.05, "MAR": 0.5, "BV/TV": 15.0}
    values, _ = told(entry(primaries={}, typed=low))
    assert {"MS/BS", "BFR/BS"} <= noted(values, "unit-suspect-histomorphometry")
    assert not {"BV/TV", "MAR"} & noted(values, "unit-suspect-histomorphometry")


def test_notes__a_typed_index_that_differs_stands_on_what_rests_on_the_same():
    # 100 × 6 / 40 = 15: 1.5 % off, where the check of rounding was passed over.
    values, _ = told(entry(typed={"BV/TV": 15.3}))
    found = noted(values, "typed-differs")
    assert {"BV/TV", "Tb.Sp"} <= found
    assert not {"OS/BS", "MAR", "W.Th"} & found


def test_notes__another_factor_stands_on_what_depends_on_it():
    # 2000 × 6 / 120 = 100 um is Tb.Th with the factor 1.2.
    values, _ = told(entry(typed={"Tb.Th": 100.0}))
    found = noted(values, "factor-inferred")
    assert {"Tb.Th", "BS/BV", "BS/TV", "Tb.N", "BFR/BV"} <= found
    assert not {"OS/BS", "BV/TV", "W.Th"} & found


@pytest.mark.parametrize(
    ("code", "typed", "hint"),
    [
        # The example has BFR/BS 8.60011, MS/BS 5, BV/TV 15, Tb.Th 94.2478, MAR 0.471239.
        ("BFR/BS", 0.023562, "a day instead of a year"),
        ("BFR/BS", 0.00860, "BFR/BS [mm3/mm2/a]"),
        ("BFR/BS", 2.356e-5, "mm and a day"),
        ("MS/BS", 0.0500, "a fraction instead of per cent"),
        ("BV/TV", 0.150, "a fraction instead of per cent"),
        ("Tb.Th", 0.09425, "mm instead of um"),
        ("MAR", 172.0, "a year instead of a day"),
    ],
)
def test_hard_violations__a_typed_index_in_another_unit_is_told_so(code, typed, hint):
    (one,) = hard_violations(entry(typed={code: typed}))
    assert hint in one
    assert "implies a factor" not in one


def test_hard_violations__a_factor_far_from_one_is_none():
    (one,) = hard_violations(entry(typed={"Tb.Th": 20.0}))
    assert "implies" not in one


def test_of_a_unit__its_own_rounding_counts():
    # 0.1 ± 0.05 may be anything, 0.05 ± 0.005 is a hundredth of 5 within its rounding.
    assert "fraction" in of_a_unit("MS/BS", 0.052, 5.0, 0.005)
    assert of_a_unit("MS/BS", 0.052, 5.0, 0.0001) == ""
    assert of_a_unit("MS/BS", 0.1, 5.0, 0.05) == ""
    assert of_a_unit("MS/BS", 0.0, 5.0) == ""


def test_told_factors__a_missing_factor_is_told_from_the_data():
    without = entry(factors=None, typed={"Tb.Th": 100.0})
    told = told_factors(without, HistomorphometryParameters())
    assert "implies a factor of 1.2 from perimeter to surface; that is the iliac convention" in told
    assert told_factors(entry(factors=None), HistomorphometryParameters()) == ""


@pytest.mark.parametrize(("width", "surface"), [(1.2, 0.83), (0.8, 0.9), (1.01, 1.2)])
def test_section_factors__swapped_ones_are_refused(width, surface):
    from bonemetrics.errors import AlgebraError

    with pytest.raises(AlgebraError, match="swapped") as caught:
        section_factors("stated", width, surface)
    assert caught.value.code == "factor-invalid"
    assert section_factors("stated", 1.0, 1.0).convention == "stated"


def test_unlike__factors_of_two_structures_are_noted():
    # 0.785 × 1.0 = 0.785 is below 0.8; 0.81 × 1.199 = 0.971.
    assert "0.785" in unlike(section_factors("stated", 0.785, 1.0))
    assert unlike(section_factors("stated", 0.81, 1.199)) == ""
    values, codes = told(entry(factors=section_factors("stated", 0.785, 1.0)))
    assert "factors-unusual" in codes
    assert noted(values, "factors-unusual") == values.keys()


def test_osteoid__checks_see_one_side_of_the_seams():
    # The outline of 60 is 30 on one side: with E.Pm = 45 and B.Pm = 100 that is 75.
    outline = {**PRIMARIES, "O.Pm": 60.0, "E.Pm": 45.0}
    assert hard_violations(entry(primaries=outline, osteoid_perimeter="outline")) == ()
    assert hard_violations(entry(primaries=outline)) == ("O.Pm + E.Pm = 105 is more than B.Pm = 100",)
    # Osteoblasts on 8 of an outline of 12 are on more than its one side of 6.
    outline = {**PRIMARIES, "O.Pm": 12.0, "Ob.Pm": 8.0}
    told = hard_violations(entry(primaries=outline, osteoid_perimeter="outline"))
    assert told == ("Ob.Pm = 8 is more than O.Pm = 6",)


def test_osteoid__a_convention_that_nobody_states_is_noted_where_it_counts():
    values, codes = told(entry(osteoid_perimeter=None))
    assert "osteoid-convention-unknown" in codes
    assert noted(values, "osteoid-convention-unknown") == {"O.Wi", "O.Th", "Mlt", "Omt"}
    assert values["O.Th"].parameters["osteoid_perimeter"] == "not stated"
    for stated in (told(entry()), told(entry(osteoid_perimeter=None), osteoid_perimeter="one-sided")):
        assert "osteoid-convention-unknown" not in stated[1]
    measured, codes = told(entry(osteoid_perimeter=None, primaries={**PRIMARIES, "O.Wi": 9.0}))
    assert "osteoid-convention-unknown" not in codes
    assert measured["O.Th"].parameters["osteoid_width"] == "measured"


def test_osteoid__a_measured_width_far_from_area_over_perimeter():
    # 1000 × 0.12 / 12 = 10 um.
    for width, differs in ((15.1, True), (14.9, False), (6.6, True), (6.7, False)):
        values, codes = told(entry(primaries={**PRIMARIES, "O.Wi": width}))
        assert ("widths-differ" in codes) == differs
        assert ("O.Th" in noted(values, "widths-differ")) == differs
        assert "OS/BS" not in noted(values, "widths-differ")


def test_widths__trabeculae_measured_directly_and_by_the_plate_model():
    values, codes = told(entry(primaries={**PRIMARIES, "Tb.Wi": 500.0}))
    assert "widths-differ" in codes
    assert noted(values, "widths-differ") == {"Tb.Wi", "Tb.Th"}
    assert "widths-differ" not in told(entry())[1]


def test_counts__a_mean_of_sections_is_noted_and_has_no_uncertainty_of_counting():
    cvs = {"reader_cv_percent": {"B.Pm": 2.0}}
    values, codes = told(entry(primaries={"B.Pm": 100.0, "N.Oc": 5.5}), **cvs)
    assert "count-not-whole" in codes
    assert noted(values, "count-not-whole") == {"N.Oc", "N.Oc/B.Pm"}
    assert values["N.Oc/B.Pm"].standard_uncertainty is None
    values, codes = told(entry(primaries={"B.Pm": 100.0, "N.Oc": 5.0}), **cvs)
    assert "count-not-whole" not in codes
    # √(1/5 + 0.02²) of 0.05.
    assert values["N.Oc/B.Pm"].standard_uncertainty == pytest.approx(0.05 * (0.2 + 0.0004) ** 0.5, rel=1e-6)


def test_given__is_the_text_as_entered_and_typed_indices_have_one():
    values, _ = told(entry(primaries={}, typed={"BV/TV": 15.0, "Tb.Th": 94.2}, half_units={"BV/TV": 0.005}))
    assert (values["BV/TV"].given, values["BV/TV"].given_unit) == ("15.00", "%")
    assert values["Tb.Th"].given == "94.2"
    assert values["Tb.N"].given == ""
    # An index beside its measurements is a check, and the measurements give the number.
    values, _ = told(entry(typed={"BV/TV": 15.0}))
    assert values["BV/TV"].given == ""


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [(6.0, 0.005, "6.00"), (6.0, 0.0, "6"), (120.0, 0.5, "120"), (120.0, 5.0, "120"), (0.12, 5e-7, "0.120000")],
)
def test_as_entered__digits(value, half, text):
    assert as_entered(value, half) == text


def test_catalogue__radius_of_canals_and_depth_of_erosion():
    radius, depth = MEASUREMENTS["Ca.Rd"], MEASUREMENTS["E.De"]
    assert (radius.unit, radius.name_3d, radius.name_2d, radius.envelopes) == ("um", "Ca.Rd", "", ("intracortical",))
    assert (depth.unit, depth.certainty, len(depth.envelopes)) == ("um", "general knowledge", 4)


def readings(spread):
    """Two readers of four biopsies each; O.Pm of the second is larger by a fraction."""
    found = []
    for number in range(4):
        facts = {"subject": f"CSM-0{number}", "typed": {}}
        found.append(entry(**facts, primaries={"B.Pm": 100.0, "O.Pm": 10.0}))
        other = {"B.Pm": 100.0 * (1 + spread), "O.Pm": 10.0 * (1 + spread)}
        found.append(entry(**facts, entry="2", reader="R2", line=8, primaries=other))
    return found


def test_precision__of_the_studys_own_repeats_is_carried_where_none_is_stated():
    # Readings 10 and 11: SD 1/√2 about 10.5, so a CV of 6.734 % of each; of the quotient √2 times that.
    cv = 1 / 2**0.5 / 10.5
    values, _ = told(*readings(0.1), double_entry="first")
    assert values["OS/BS"].standard_uncertainty == pytest.approx(10.0 * cv * 2**0.5, rel=1e-6)
    assert values["OS/BS"].parameters["reader_precision"] == "repeated readings"
    stated = {"reader_cv_percent": {"O.Pm": 3.0, "B.Pm": 4.0}}
    values, _ = told(*readings(0.1), double_entry="first", **stated)
    assert values["OS/BS"].standard_uncertainty == pytest.approx(10.0 * 0.05, rel=1e-6)
    # Two biopsies are two degrees of freedom, fewer than three.
    values, _ = told(*readings(0.1)[:4], double_entry="first")
    assert values["OS/BS"].standard_uncertainty is None
    values, _ = told(*readings(0.0), double_entry="first")
    assert values["OS/BS"].standard_uncertainty is None


def test_given__a_mean_of_two_entries_was_entered_by_nobody():
    first, second = readings(0.1)[:2]
    values, _ = told(first, second, double_entry="mean")
    assert (values["O.Pm"].value, values["O.Pm"].given) == (pytest.approx(10.5), "")
