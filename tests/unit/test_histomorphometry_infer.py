"""Which factor a laboratory used, by hand: 2000 × 6 / (1.2 × 100) is 100 um."""

from __future__ import annotations

import pytest

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry.algebra import Known, independent, solve, solve_one
from bonemetrics.histomorphometry.factors import section_factors
from bonemetrics.histomorphometry.infer import infer_factors
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.records import HistomorphometryParameters, SectionFactors
from tests.biopsies import ILIAC, ISOTROPIC, OWN, WORKED, entry

PRIMARIES = {code: Known(value) for code, value in WORKED.items()}


def test_infer_factors__one_index_by_1_2_and_another_by_4_over_pi():
    # Tb.Th = 2000 × 6/(1.2 × 100) = 100; MAR = (pi/4) × 9/15 = 0.4712, printed 0.471.
    thick, rate = infer_factors(PRIMARIES, {"Tb.Th": Known(100.0, 0.05), "MAR": Known(0.471, 0.0005)})
    assert (thick.factor, thick.fitting) == ("k_s", ("iliac",))
    assert thick.value == pytest.approx(1.2)
    assert thick.message == "Tb.Th implies a factor of 1.2 from perimeter to surface; that is the iliac convention"
    assert (rate.factor, rate.fitting) == ("k_w", ("isotropic",))
    assert rate.value == pytest.approx(0.785)
    assert "0.785 (1/1.274) from width to thickness; that is the isotropic convention" in rate.message
    # 0.471 ± 0.0005 over 0.6.
    assert (rate.low, rate.high) == (pytest.approx(0.4705 / 0.6, rel=1e-6), pytest.approx(0.4715 / 0.6, rel=1e-6))


def test_infer_factors__few_digits_decide_nothing():
    # 1.273 gives 94.2 and 1.2 gives 100; from 90 to 110 is both.
    (one,) = infer_factors(PRIMARIES, {"Tb.Th": Known(100.0, 10.0)})
    assert one.fitting == ("isotropic", "iliac")
    assert "no one convention fits" in one.message


def test_infer_factors__rounding_of_the_measurements_counts():
    coarse = {**PRIMARIES, "B.Ar": Known(6.0, 0.5)}
    (one,) = infer_factors(coarse, {"Tb.Th": Known(100.0)})
    # 5.5/6 and 6.5/6 of 1.2 at least, which lets 4/pi in.
    assert one.low <= 1.1
    assert one.high >= 1.3
    assert one.fitting == ("isotropic", "iliac")


def test_infer_factors__an_own_factor_is_no_convention():
    # 2000 × 6/(1.1 × 100).
    (one,) = infer_factors(PRIMARIES, {"Tb.Th": Known(12000 / 110, 0.05)})
    assert one.fitting == ()
    assert one.value == pytest.approx(1.1, rel=1e-3)


@pytest.mark.parametrize("code", ["BV/TV", "Mlt", "Ac.f", "BFR/BV", "OS/BS"])
def test_infer_factors__what_depends_on_none_or_on_both_tells_nothing(code):
    value = solve(PRIMARIES, ILIAC).values[code]
    assert infer_factors(PRIMARIES, {code: Known(value)}) == ()


def test_infer_factors__without_the_measurements_nothing():
    assert infer_factors({"T.Ar": Known(40.0)}, {"Tb.Th": Known(100.0)}) == ()


@pytest.mark.parametrize(("factors", "told"), [(ISOTROPIC, True), (ILIAC, False), (OWN, False), (None, False)])
def test_measured_entries__note_another_factor_than_the_one_stated(factors, told):
    # The own factor of 1.199 gives 100.08: within the rounding of 100.
    found = measured_entries(
        [entry(typed={"Tb.Th": 100.0}, half_units={"Tb.Th": 0.5}, factors=factors)], HistomorphometryParameters()
    )
    notes = [one.message for _, one in found.notes if one.code == "factor-inferred"]
    assert bool(notes) == told
    if told:
        assert notes[0].endswith("that is the iliac convention, but the entry says isotropic (1.273)")


def test_section_factors__named_or_stated():
    assert section_factors("iliac") == ILIAC
    assert section_factors("isotropic") == ISOTROPIC
    assert section_factors("stated", 0.81, 1.199) == OWN


@pytest.mark.parametrize(
    "facts",
    [
        ("stated",),
        ("stated", 0.8),
        ("stated", None, 1.2),
        ("iliac", 0.8, 1.2),
        ("stated", 0.0, 1.2),
        ("stated", 0.8, float("inf")),
        ("stated", float("nan"), 1.2),
    ],
)
def test_section_factors__refuse_what_is_no_pair(facts):
    with pytest.raises(AlgebraError) as caught:
        section_factors(*facts)
    assert caught.value.code == "factor-invalid"


def code_of(call, *facts):
    with pytest.raises(AlgebraError) as caught:
        call(*facts)
    return caught.value.code


def test_solve__refuses_what_is_no_number_or_no_code():
    assert code_of(solve, {"B.Vol": Known(1.0)}, None) == "unknown-index"
    for known in (Known(float("nan")), Known(float("inf")), Known(1.0, -0.1), Known(1.0, float("nan"))):
        assert code_of(solve, {"B.Ar": known}, None) == "invalid-number"


def test_solve_one__a_value_or_the_reason_why_there_is_none():
    assert solve_one("Tb.Th", PRIMARIES, ILIAC) == pytest.approx(100)
    assert code_of(solve_one, "Tb.Th", {"B.Ar": Known(6.0)}, ILIAC) == "underdetermined"
    assert code_of(solve_one, "Tb.Th", PRIMARIES, None) == "underdetermined"
    assert code_of(solve_one, "BV/TV", {**PRIMARIES, "BV/TV": Known(16.0)}, ILIAC) == "contradiction"
    assert code_of(solve_one, "BV", PRIMARIES, ILIAC) == "unknown-index"


def test_solve__values_that_can_never_be():
    for code, value in (("B.Ar", -1.0), ("B.Ar", 0.0), ("MAR", 0.0)):
        (one,) = solve({"T.Ar": Known(40.0), code: Known(value)}, ILIAC).contradictions
        assert one.message == f"{code} is given as {value:g}, which it cannot be"


def test_solve__parts_without_room_in_their_whole():
    (one,) = solve({"B.Pm": Known(100.0), "O.Pm": Known(70.0), "E.Pm": Known(40.0)}, ILIAC).contradictions
    assert one.message == "E.Pm is given as 40; B.Pm, O.Pm leave no room for it"
    (one,) = solve({"B.Pm": Known(100.0), "O.Pm": Known(112.0)}, ILIAC).contradictions
    assert one.message == "O.Pm is given as 112; B.Pm leaves no room for it"
    rounded = {"B.Pm": Known(100.0, 5.0), "O.Pm": Known(65.0, 0.5), "E.Pm": Known(38.0, 0.5)}
    assert solve(rounded, ILIAC).contradictions == ()


def test_solve__what_does_not_take_part_in_a_contradiction_stands():
    given = {**PRIMARIES, "BV/TV": Known(16.0)}
    solution = solve(given, ISOTROPIC)
    assert [(one.code, set(one.others)) for one in solution.contradictions] == [("BV/TV", {"T.Ar", "B.Ar"})]
    assert solution.values["OS/BS"] == pytest.approx(12)
    assert solution.values["Mlt"] == pytest.approx(40)
    assert not {"BV/TV", "T.Ar", "B.Ar", "BS/TV", "Tb.Th"} & solution.values.keys()


def test_solve__zeros():
    given = {**PRIMARIES, "Oc.Pm": Known(0.0), "Ob.Pm": Known(0.0)}
    values = solve(given, ISOTROPIC).values
    assert (values["Oc.S/BS"], values["Rs.P"], values["Ob.S/OS"]) == (0.0, 0.0, 0.0)
    # Nothing is taken from E.Pm.
    assert values["Rv.Pm"] == pytest.approx(4)
    bare = solve({**PRIMARIES, "O.Ar": Known(0.0), "O.Pm": Known(0.0), "Ob.Pm": Known(0.0)}, ISOTROPIC)
    assert (bare.values["OV/BV"], bare.values["OS/BS"]) == (0.0, 0.0)
    assert bare.values["QS/BS"] == pytest.approx(96)
    # Over a surface of nothing there is no ratio, and no time.
    assert not {"MS/OS", "Ob.S/OS", "O.Wi", "O.Th", "Mlt", "FP"} & bare.values.keys()


def test_independent__leaves_out_what_follows():
    given = {**PRIMARIES, "Q.Pm": Known(84.0), "BV/TV": Known(15.0)}
    assert independent(given, ISOTROPIC).keys() == PRIMARIES.keys()


def test_section_factors__of_a_record_are_above_zero():
    with pytest.raises(ValueError, match="greater than 0"):
        SectionFactors(convention="stated", width_to_thickness=0, perimeter_to_surface=1.2)
