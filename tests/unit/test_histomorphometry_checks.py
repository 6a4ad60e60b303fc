"""Each check of an entry fires on one side of its limit and is silent on the other."""

from __future__ import annotations

from datetime import date
from math import pi

import pytest

from bonemetrics.histomorphometry.algebra import Known, solve
from bonemetrics.histomorphometry.checks import hard_violations, missing_facts
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.histomorphometry.unusual import fractions, typed_notes, unusual
from bonemetrics.records import HistomorphometryParameters
from tests.biopsies import ILIAC, WORKED, entry

RULES = HistomorphometryParameters()
PRIMARIES = {code: value for code, value in WORKED.items() if code != "Ir.L.t"}


def with_values(**changes: float | None):
    """The worked example with other measurements; dots are written as underscores, None leaves one out."""
    named = {code.replace("_", "."): value for code, value in changes.items()}
    return entry(primaries={code: value for code, value in {**PRIMARIES, **named}.items() if value is not None})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"label1_start": None}, "label1_end was entered, but no label1_start"),
        ({"label2_start": None, "label2_end": None, "day": date(2016, 4, 6)}, "biopsy_date is not after label1_end"),
        (
            {"label2_start": None, "label2_end": None, "label1_end": date(2016, 4, 3)},
            "label1_end is before label1_start",
        ),
    ],
)
def test_hard_violations__name_the_fields_of_dates_that_contradict_and_no_day(wrong, told):
    found = hard_violations(entry(**wrong))
    assert told in found
    assert not any("2016" in one for one in found)


def test_hard_violations__the_worked_example_has_none():
    assert hard_violations(entry()) == ()


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ({"sL_Pm": -0.1}, {"sL_Pm": 0.0}, "sL.Pm is -0.1 mm; it is at least 0"),
        ({"W_Wi": 0.0}, {"W_Wi": 0.1}, "W.Wi is 0 um; it is above 0"),
        ({"B_Ar": 40.1}, {"B_Ar": 40.0}, "B.Ar = 40.1 is more than T.Ar = 40"),
        ({"O_Ar": 6.1}, {"O_Ar": 6.0}, "O.Ar = 6.1 is more than B.Ar = 6"),
        ({"O_Pm": 96.1}, {"O_Pm": 96.0}, "O.Pm + E.Pm = 100.1 is more than B.Pm = 100"),
        ({"Ob_Pm": 12.1}, {"Ob_Pm": 12.0}, "Ob.Pm = 12.1 is more than O.Pm = 12"),
        ({"Oc_Pm": 4.1}, {"Oc_Pm": 4.0}, "Oc.Pm = 4.1 is more than E.Pm = 4"),
        ({"sL_Pm": 97.1}, {"sL_Pm": 97.0}, "dL.Pm + sL.Pm = 100.1 is more than B.Pm = 100"),
        ({"Ir_L_Wi": None}, {"Ir_L_Wi": None, "dL_Pm": 0.0}, "dL.Pm = 3 mm, but no Ir.L.Wi was measured"),
        ({"dL_Pm": 0.0}, {"dL_Pm": 0.1}, "Ir.L.Wi = 9 um, but dL.Pm = 0"),
        ({"dL_Pm": None}, {"dL_Pm": None, "Ir_L_Wi": None}, "Ir.L.Wi = 9 um, but dL.Pm was not measured"),
        ({"Ir_L_t": 0.0}, {"Ir_L_t": 15.0}, "Ir.L.t is 0 d; it is above 0"),
    ],
)
def test_hard_violations__measurements(wrong, right, told):
    assert told in hard_violations(with_values(**wrong))
    assert hard_violations(with_values(**right)) == ()


def test_hard_violations__a_part_that_was_not_measured_is_no_zero():
    told = hard_violations(entry(primaries={"T.Ar": 40.0, "B.Ar": -1.0}))
    assert told == ("B.Ar is -1 mm2; it is above 0",)


@pytest.mark.parametrize(
    ("code", "too_much", "most"), [("ES/BS", 100.5, 100.0), ("BV/TV", 101, 100.0), ("MS/BS", 100.1, 100.0)]
)
def test_hard_violations__percentages_end_at_a_hundred(code, too_much, most):
    assert any(f"{code} is" in one for one in hard_violations(entry(primaries={"T.Ar": 40.0}, typed={code: too_much})))
    assert hard_violations(entry(primaries={"T.Ar": 40.0}, typed={code: most})) == ()


def test_hard_violations__more_label_than_osteoid_is_possible():
    assert hard_violations(entry(primaries={}, typed={"MS/OS": 130.0})) == ()


def test_hard_violations__osteoblasts_sit_on_osteoid():
    told = hard_violations(entry(primaries={}, typed={"Ob.S/BS": 12.1, "OS/BS": 12.0}))
    assert told == ("Ob.S/BS = 12.1 % is more than OS/BS = 12 %",)
    assert hard_violations(entry(primaries={}, typed={"Ob.S/BS": 12.0, "OS/BS": 12.0})) == ()


def test_hard_violations__osteoid_and_eroded_surface_share_the_whole():
    told = hard_violations(entry(primaries={}, typed={"OS/BS": 60.0, "ES/BS": 40.5}))
    assert told == ("OS/BS + ES/BS = 100.5 is more than 100 % = 100",)
    assert hard_violations(entry(primaries={}, typed={"OS/BS": 60.0, "ES/BS": 40.0})) == ()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"label2_start": date(2016, 4, 6)}, {"label2_start": date(2016, 4, 7)}),
        ({"label1_end": date(2016, 4, 3)}, {"label1_end": date(2016, 4, 4)}),
        ({"day": date(2016, 4, 21)}, {"day": date(2016, 4, 22)}),
        ({"label1_start": None}, {"label1_start": None, "label1_end": None}),
        (
            {"label2_start": None, "label2_end": None, "day": date(2016, 4, 6)},
            {"label2_start": None, "label2_end": None, "day": date(2016, 4, 7)},
        ),
        (
            {"label2_start": None, "label2_end": None, "label1_end": date(2016, 4, 3)},
            {"label2_start": None, "label2_end": None, "label1_end": None},
        ),
    ],
)
def test_hard_violations__labels_come_one_after_the_other_and_before_the_biopsy(wrong, right):
    assert len(hard_violations(entry(**wrong))) >= 1
    assert hard_violations(entry(**right)) == ()


def typed(code, value, half=0.0, **facts):
    return entry(typed={code: value}, half_units={code: half}, **facts)


@pytest.mark.parametrize(
    ("code", "wrong", "right", "half"),
    [
        # The example has BV/TV 15, Tb.Th 94.2478, MAR 0.471239, Ac.f 0.27375, QS/BS 84.
        ("BV/TV", 15.1, 15.0, 0.05),
        ("Tb.Th", 94.4, 94.2, 0.05),
        ("MAR", 0.48, 0.47, 0.005),
        ("Ac.f", 0.28, 0.27, 0.005),
        ("QS/BS", 83.0, 84.0, 0.5),
    ],
)
def test_hard_violations__an_index_typed_by_hand_is_the_computed_one_within_rounding(code, wrong, right, half):
    (told,) = hard_violations(typed(code, wrong, half))
    assert told.startswith(f"{code} is given as {wrong:g}; ")
    assert hard_violations(typed(code, right, half)) == ()


def test_hard_violations__rounding_of_the_measurements_counts():
    # 100 × 6.0/40 with 6.0 from 5.95 to 6.05 is 14.875 to 15.125.
    facts = {"primaries": PRIMARIES, "typed": {"BV/TV": 15.12}}
    assert hard_violations(entry(half_units={"B.Ar": 0.05, "BV/TV": 0.005}, **facts)) == ()
    assert len(hard_violations(entry(half_units={"B.Ar": 0.04, "BV/TV": 0.005}, **facts))) == 1


def test_hard_violations__tell_of_the_other_convention():
    # 2000 × 6/(1.2 × 100) = 100 um.
    (told,) = hard_violations(typed("Tb.Th", 100.0, 0.05))
    assert told.endswith("implies a factor of 1.2 from perimeter to surface; that is the iliac convention")
    assert hard_violations(typed("Tb.Th", 100.0, 0.05, factors=ILIAC)) == ()
    assert hard_violations(typed("Tb.Th", 100.0, 0.05, factors=None)) == ()
    assert hard_violations(typed("Tb.Th", 94.2, 0.05, factors=None), HistomorphometryParameters(factor="iliac")) != ()


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"envelope": None}, "envelope"),
        ({"referent": None}, "referent"),
        ({"factors": None}, "factor"),
        ({"day": None}, "biopsy_date"),
    ],
)
def test_missing_facts__each_is_named(change, missing):
    assert missing_facts(entry(**change), RULES) == (missing,)


def test_missing_facts__the_protocol_or_a_visit_may_stand_in():
    assert missing_facts(entry(factors=None), HistomorphometryParameters(factor="iliac")) == ()
    assert missing_facts(entry(day=None, visit="Month 12"), RULES) == ()


def notes(values, **facts):
    return [(one.code, one.message) for one in unusual(entry(**facts), values, RULES)]


def codes(values, **facts):
    return [code for code, _ in notes(values, **facts)]


SOFT = {
    "BV/TV": (3, 40),
    "Tb.Th": (50, 250),
    "Tb.N": (0.4, 3),
    "Tb.Sp": (200, 2000),
    "OV/BV": (0, 10),
    "OS/BS": (0, 60),
    "O.Th": (3, 25),
    "W.Th": (20, 60),
    "ES/BS": (0, 15),
    "Oc.S/BS": (0, 5),
    "MS/BS": (0, 35),
    "MAR": (0.3, 1.2),
    "BFR/BS": (0, 150),
    "Mlt": (5, 200),
    "Ac.f": (0, 2),
}


@pytest.mark.parametrize("code", SOFT)
def test_unusual__soft_ranges_of_cancellous_bone(code):
    low, high = SOFT[code]
    assert codes({code: low}) == codes({code: high}) == []
    assert codes({code: high * 1.001}) == ["value-unusual"]
    assert codes({code: high * 1.001}, envelope="intracortical") == []
    if low > 0:
        assert codes({code: low * 0.999}) == ["value-unusual"]


def test_unusual__ranges_of_the_protocol_stand_in_place_of_the_built_in():
    rules = HistomorphometryParameters(limits={"BV/TV": (10, 12)})
    assert [one.code for one in unusual(entry(), {"BV/TV": 15.0}, rules)] == ["value-unusual"]
    assert list(unusual(entry(envelope="endocortical"), {"BV/TV": 11.0}, rules)) == []


def test_unusual__a_slow_apposition_rate_in_every_envelope():
    assert codes({"MAR": 0.29}, envelope="periosteal") == ["value-unusual"]
    assert codes({"MAR": 0.3}, envelope="periosteal") == codes({"MAR": 3.0}, envelope="periosteal") == []


@pytest.mark.parametrize(
    ("code", "suspect", "silent"),
    [("Tb.Th", (0.05, 0.0942, 0.3), (0.0499, 0.301, 94.2)), ("BFR/BS", (0.0086, 0.199), (0.0, 0.2, 8.6))],
)
def test_unusual__sizes_that_belong_to_another_unit(code, suspect, silent):
    for value in suspect:
        assert "unit-suspect-histomorphometry" in codes({code: value})
    for value in silent:
        assert "unit-suspect-histomorphometry" not in codes({code: value})


def test_fractions__only_where_every_entry_is_below_one():
    low, lower = entry(primaries={}, typed={"MS/BS": 0.05}), entry(primaries={}, typed={"MS/BS": 0.12})
    found = fractions([low, lower])
    assert found["MS/BS"].code == "unit-suspect-histomorphometry"
    assert fractions([low, entry(primaries={}, typed={"MS/BS": 4.4})]) == {}
    assert fractions([entry(primaries={}, typed={"MS/BS": 0.0})]) == {}
    told = measured_entries([low, lower.model_copy(update={"subject": "CSM-05"})], RULES)
    assert [one.code for _, one in told.notes].count("unit-suspect-histomorphometry") == 2


@pytest.mark.parametrize(
    ("code", "factor", "what"),
    [("BFR/BS", 1 / 365, "a day instead of a year"), ("Tb.Th", 1 / 1000, "mm"), ("OS/BS", 1 / 100, "a fraction")],
)
def test_typed_notes__tell_which_unit_was_meant(code, factor, what):
    plain = solve({name: Known(value) for name, value in WORKED.items()}, entry().factors)
    found = list(typed_notes(typed(code, plain.values[code] * factor), plain))
    assert [one.code for one in found] == ["typed-differs", "unit-suspect-histomorphometry"]
    assert what in found[1].message
    # Half as much again is wrong, but by no unit; half a per cent is within what identities may be off.
    assert [one.code for one in typed_notes(typed(code, plain.values[code] * 1.5), plain)] == ["typed-differs"]
    assert list(typed_notes(typed(code, plain.values[code] * 1.005), plain)) == []


def test_unusual__more_label_than_osteoid():
    assert codes({"MS/OS": 100.1}) == ["value-unusual"]
    assert codes({"MS/OS": 100.0}) == []


def test_unusual__osteomalacia_is_slow_and_thick():
    assert codes({"Mlt": 101.0, "O.Th": 12.6}) == ["osteomalacia-pattern"]
    assert codes({"Mlt": 100.0, "O.Th": 12.6}) == codes({"Mlt": 101.0, "O.Th": 12.5}) == []


@pytest.mark.parametrize(
    ("code", "wrong", "right"),
    [
        ("few-sections", {"sections": 1}, {"sections": 2}),
        ("broken-core", {"core_broken": True}, {"core_broken": False}),
        # The last label is of April 21.
        ("label-to-biopsy", {"day": date(2016, 4, 23)}, {"day": date(2016, 4, 24)}),
        ("label-to-biopsy", {"day": date(2016, 5, 6)}, {"day": date(2016, 5, 5)}),
    ],
)
def test_unusual__what_the_field_warns_of(code, wrong, right):
    assert codes({}, **wrong) == [code]
    assert codes({}, **right) == []


def test_unusual__small_tissue_area():
    assert codes({"T.Ar": 29.9}) == ["small-tissue-area"]
    assert codes({"T.Ar": 30.0}) == []
    assert list(unusual(entry(), {"T.Ar": 12.0}, HistomorphometryParameters(minimum_tissue_area_mm2=12))) == []


IDENTITIES = {
    # What is given, and one of it moved by 1.5 and by 0.5 %: all from the worked example.
    "Tb.N": {"BS/TV": 12.732395 / 4, "Tb.N": 12.732395 / 8},
    "BV/TV": {"Tb.Th": 30 * pi, "Tb.N": 5 / pi, "BV/TV": 15.0},
    "Ac.f": {"Tt.P": 4000 / 3, "Ac.f": 0.27375},
    "Tt.P": {"FP": 160.0, "EP": 160 / 3, "QP": 1120.0, "Tt.P": 4000 / 3},
    "BFR/TV": {"BFR/BV": 18.25, "BV/TV": 15.0, "BFR/TV": 2.7375},
    "Mlt": {"Omt": 50 / 3, "MS/OS": 125 / 3, "Mlt": 40.0},
}


@pytest.mark.parametrize("code", IDENTITIES)
def test_identities__off_by_more_than_one_per_cent_are_named_and_give_no_number(code):
    def told(factor):
        values = {**IDENTITIES[code], code: IDENTITIES[code][code] * factor}
        found = measured_entries([entry(primaries={}, typed=values)], RULES)
        return [one for _, one in found.notes if one.code == "identity-violated"], found.observations

    for factor in (1.015, 0.985):
        (one,), observations = told(factor)
        assert all(name in one.message for name in IDENTITIES[code])
        assert not {seen.quantity for seen in observations} & IDENTITIES[code].keys()
    for factor in (1.005, 1.0):
        violated, observations = told(factor)
        assert violated == []
        assert IDENTITIES[code].keys() <= {seen.quantity for seen in observations}


@pytest.mark.parametrize(
    ("code", "value", "others"),
    [
        ("Q.Pm", 84.0, ("B.Pm", "O.Pm", "E.Pm")),
        ("Md.Pm", 88.0, ("B.Pm", "O.Pm")),
        ("Rv.Pm", 3.2, ("E.Pm", "Oc.Pm")),
        ("Md.Ar", 5.88, ("B.Ar", "O.Ar")),
    ],
)
def test_identities__footnotes_of_the_nomenclature(code, value, others):
    def told(factor):
        found = measured_entries([entry(primaries={**PRIMARIES, code: value * factor})], RULES)
        return [one.message for _, one in found.notes if one.code == "identity-violated"]

    (message,) = told(1.015)
    assert all(name in message for name in (code, *others))
    assert told(1.005) == told(1.0) == []
