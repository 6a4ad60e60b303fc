"""The time between labels, and what a biopsy's labels allow to be said of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry.checks import hard_violations
from bonemetrics.histomorphometry.labels import interlabel_days, label_state
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.records import HistomorphometryParameters
from tests.biopsies import WORKED, entry

FIRST = date(2016, 2, 27)
PRIMARIES = {code: value for code, value in WORKED.items() if code not in ("Ir.L.t", "Ir.L.Wi")}
DYNAMIC = {"MAR", "Aj.AR", "Omt", "Mlt", "FP", "FPa+", "BFR/BS", "BFR/BV", "BFR/TV", "Ac.f", "EP", "QP", "Tt.P"}


def day(number: int) -> date:
    """Day of labelling, the first is day 1; the month turns on a leap day."""
    return FIRST + timedelta(days=number - 1)


@pytest.mark.parametrize(
    ("first", "second", "days"),
    [
        # AVA: courses on days 1-3 and 16-18 have midpoints 2 and 17.
        ((1, 3), (16, 18), 15.0),
        ((1, None), (15, None), 14.0),
        ((1, 3), (16, None), 14.0),
        ((1, 2), (15, 17), 14.5),
        ((1, 1), (2, 2), 1.0),
    ],
)
def test_interlabel_days__between_midpoints(first, second, days):
    dates = [None if number is None else day(number) for number in (*first, *second)]
    assert interlabel_days(*dates) == days
    assert interlabel_days(*dates, biopsy=day(30)) == days


@pytest.mark.parametrize(
    ("first", "second", "biopsy"),
    [
        ((1, 3), (3, 5), None),
        ((1, 3), (2, None), None),
        ((3, 1), (16, 18), None),
        ((1, 3), (18, 16), None),
        ((1, 3), (16, 18), 18),
        ((1, 3), (16, 18), 10),
        ((16, 18), (1, 3), 30),
    ],
)
def test_interlabel_days__courses_that_do_not_follow_each_other(first, second, biopsy):
    dates = [day(number) if number else None for number in (*first, *second, biopsy)]
    with pytest.raises(AlgebraError) as caught:
        interlabel_days(*dates)
    assert caught.value.code == "invalid-labels-dates"


@pytest.mark.parametrize(
    ("first", "second", "biopsy", "told"),
    [
        ((1, 3), (3, 5), None, "label2_start is not after label1_end"),
        ((4, None), (2, None), None, "label2_start is not after label1_start"),
        ((3, 1), (16, 18), None, "label1_end is before label1_start"),
        ((1, 3), (18, 16), None, "label2_end is before label2_start"),
        ((1, 3), (16, 18), 18, "biopsy_date is not after label2_end"),
        ((1, 3), (16, None), 10, "biopsy_date is not after label2_start"),
        ((1, 3), (2, 1), None, "label2_end is before label2_start and label2_start is not after label1_end"),
    ],
)
def test_interlabel_days__says_which_fields_contradict_and_no_day(first, second, biopsy, told):
    with pytest.raises(AlgebraError) as caught:
        interlabel_days(*(day(number) if number else None for number in (*first, *second, biopsy)))
    assert caught.value.message == f"label courses and biopsy do not follow each other: {told}"
    assert str(day(1).year) not in caught.value.message


@pytest.mark.parametrize(
    ("primaries", "typed", "confirmed", "state"),
    [
        ({"dL.Pm": 0.1, "sL.Pm": 0.0}, {}, None, "double"),
        ({"dL.Pm": 0.1}, {}, None, "double"),
        ({"dL.Pm": 0.0, "sL.Pm": 0.2}, {}, None, "single"),
        ({"dL.Pm": 0.0, "sL.Pm": 0.0}, {}, True, "none"),
        ({"dL.Pm": 0.0, "sL.Pm": 0.0}, {}, False, "unknown"),
        ({"dL.Pm": 0.0, "sL.Pm": 0.0}, {}, None, "unknown"),
        ({"dL.Pm": 0.0}, {}, True, "unknown"),
        ({}, {}, True, "unknown"),
        ({}, {"MAR": 0.5}, None, "double"),
        ({"Ir.L.Wi": 9.0}, {"MS/BS": 5.0}, None, "double"),
        ({}, {"MS/BS": 0.0}, True, "none"),
        ({}, {"MS/BS": 0.0, "BFR/BS": 0.0}, None, "unknown"),
    ],
)
def test_label_state(primaries, typed, confirmed, state):
    assert label_state(primaries, confirmed=confirmed, typed=typed) == state


def values(rules=None, **facts):
    found = measured_entries([entry(**facts)], rules or HistomorphometryParameters())
    return {one.quantity: one for one in found.observations}, [one.code for _, one in found.notes], found.labels[0][1]


def test_case_a__double_labels_are_observed():
    found, notes, state = values()
    assert state == "double"
    assert found["MAR"].value == pytest.approx(0.471239, abs=5e-7)
    assert {one.derivation for one in found.values()} == {""}
    assert notes == []


SINGLE = {"primaries": {**PRIMARIES, "dL.Pm": 0.0, "sL.Pm": 10.0}}
NONE = {"primaries": {**PRIMARIES, "dL.Pm": 0.0, "sL.Pm": 0.0}}


def test_case_b__single_labels_give_a_surface_and_no_rate():
    found, notes, state = values(**SINGLE)
    assert (state, notes) == ("single", ["single-label-only"])
    # 100 × (10/2)/100 and 100 × 5/12.
    assert found["MS/BS"].value == pytest.approx(5)
    assert found["MS/OS"].value == pytest.approx(41.666667)
    assert not DYNAMIC & found.keys()
    assert [one.code for one in found["MS/BS"].notes] == ["single-label-only"]
    assert found["BV/TV"].notes == ()


def test_case_b__the_floor_is_a_parameter_and_a_flag():
    rules = HistomorphometryParameters(single_label="floor", mar_floor_um_per_d=0.25)
    found, notes, _ = values(rules, **SINGLE)
    assert found["MAR"].value == 0.25
    # 0.25 × 5 % × 365 d, and over W.Th = 10 pi.
    assert found["BFR/BS"].value == pytest.approx(4.5625)
    assert found["Ac.f"].value == pytest.approx(4.5625 / 31.4159265)
    flagged = {code for code, one in found.items() if one.derivation}
    assert flagged == DYNAMIC | {"Rs.P", "Rv.P", "Rm.P"}
    assert {one.derivation for one in found.values()} == {"", "FLOOR"}
    assert found["MAR"].parameters["mar_floor_um_per_d"] == 0.25
    assert "mar-imputed" in notes
    assert "mar-imputed" in [one.code for one in found["BFR/BS"].notes]


def test_case_b__the_floor_keeps_indices_that_were_typed():
    facts = {"primaries": {"B.Pm": 100.0, "dL.Pm": 0.0, "sL.Pm": 10.0}, "typed": {"BV/TV": 15.0}}
    found, _, _ = values(HistomorphometryParameters(single_label="floor"), **facts)
    assert found["BV/TV"].value == 15.0
    assert found["BFR/BS"].value == pytest.approx(0.3 * 5 * 3.65)


def test_floor__lifts_observed_rates_only_where_asked_for():
    # pi/4 × 3 um over 15 d is 0.157 um/d.
    slow = {"primaries": {**PRIMARIES, "Ir.L.Wi": 3.0}}
    assert values(**slow)[0]["MAR"].value == pytest.approx(0.15708, abs=5e-6)
    found, _, _ = values(HistomorphometryParameters(floor_observed=True), **slow)
    assert (found["MAR"].value, found["MAR"].derivation) == (0.3, "FLOOR")
    fast, _, _ = values(HistomorphometryParameters(floor_observed=True))
    assert fast["MAR"].derivation == ""


def test_case_c__no_label_although_taken_is_no_formation_and_no_rate():
    found, notes, state = values(**NONE)
    assert state == "none"
    assert "no-label" in notes
    zero = {"MS/BS", "MS/OS", "BFR/BS", "BFR/BV", "BFR/TV", "Ac.f"}
    assert {code: found[code].value for code in zero} == dict.fromkeys(zero, 0.0)
    assert not {"MAR", "Aj.AR", "Omt", "Mlt", "FP", "FPa+", "EP", "QP", "Tt.P"} & found.keys()
    assert found["BV/TV"].value == pytest.approx(15)


@pytest.mark.parametrize(
    ("own", "of_the_study", "state"),
    [(None, None, "unknown"), (False, True, "unknown"), (None, True, "none"), (True, False, "none")],
)
def test_case_d__nothing_confirms_the_labels(own, of_the_study, state):
    rules = HistomorphometryParameters(labelling_confirmed=of_the_study)
    found, notes, seen = values(rules, **NONE, labelling_confirmed=own)
    assert seen == state
    if state == "unknown":
        assert "labelling-unconfirmed" in notes
        assert not (DYNAMIC | {"MS/BS", "MS/OS"}) & found.keys()
    assert found["OS/BS"].value == pytest.approx(12)


def test_typed_indices__of_a_laboratory_without_measurements_are_not_lost():
    typed = {"BV/TV": 15.0, "MAR": 0.47, "MS/BS": 5.0, "W.Th": 31.4}
    found, notes, state = values(primaries={}, typed=typed, labelling_confirmed=None)
    assert state == "double"
    # 0.47 × 5 % × 365 d.
    assert found["BFR/BS"].value == pytest.approx(8.5775)
    assert notes == []


def test_typed_indices__zeros_of_unconfirmed_labels_are_missing():
    typed = {"BV/TV": 15.0, "MS/BS": 0.0, "BFR/BS": 0.0, "Ac.f": 0.0}
    found, notes, state = values(primaries={}, typed=typed, labelling_confirmed=None)
    assert (state, found.keys(), notes) == ("unknown", {"BV/TV", "Ir.L.t"}, ["labelling-unconfirmed"])
    found, _, state = values(primaries={}, typed=typed, labelling_confirmed=True)
    assert (state, found["BFR/BS"].value, found["Ac.f"].value) == ("none", 0.0, 0.0)


@pytest.mark.parametrize(("typed", "code"), [(14.0, "label-interval-differs"), (15.4, ""), (None, "")])
def test_interval__typed_beside_dates_is_checked_and_the_dates_stand(typed, code):
    primaries = {**PRIMARIES, "Ir.L.Wi": 9.0, **({} if typed is None else {"Ir.L.t": typed})}
    found, notes, _ = values(primaries=primaries)
    assert found["MAR"].value == pytest.approx(0.471239, abs=5e-7)
    assert [one for one in notes if one.startswith("label-interval")] == ([code] if code else [])


def test_interval__typed_without_dates_is_noted():
    facts = dict.fromkeys(("label1_start", "label1_end", "label2_start", "label2_end"))
    found, notes, _ = values(primaries={**PRIMARIES, "Ir.L.Wi": 9.0, "Ir.L.t": 14.0}, **facts)
    # pi/4 × 9/14: 7 % more than with the midpoints.
    assert found["MAR"].value == pytest.approx(0.504899, abs=5e-7)
    assert "label-interval-typed" in notes


@pytest.mark.parametrize(("code", "zero"), [("MS/BS", 0.0), ("MS/OS", 0.0)])
def test_contradiction__a_width_between_labels_where_no_surface_is_labelled(code, zero):
    told = hard_violations(entry(primaries={"B.Pm": 100.0, "Ir.L.Wi": 9.0}, typed={code: zero}))
    assert f"Ir.L.Wi = 9 um, but {code} = 0" in told
    assert hard_violations(entry(primaries={"B.Pm": 100.0, "Ir.L.Wi": 9.0}, typed={code: 5.0})) == ()


@pytest.mark.parametrize("left_out", ["label1", "label2"])
def test_interval__without_dates_the_missing_rate_is_explained(left_out):
    facts = {f"{left_out}_start": None, f"{left_out}_end": None}
    found, notes, state = values(**facts)
    assert (state, notes) == ("double", ["no-label-interval"])
    assert "MAR" not in found
    assert found["MS/BS"].value == pytest.approx(5)
    assert "no-label-interval" not in values(**facts, typed={"MAR": 0.47})[1]
    assert "no-label-interval" not in values()[1]


def messages(**facts):
    return [told.message for _, told in measured_entries([entry(**facts)], HistomorphometryParameters()).notes]


def test_notes__say_where_no_label_was_told_from():
    assert messages(**NONE)[0].startswith("no label although labels were taken")
    typed = {"primaries": {}, "typed": {"MS/BS": 0.0, "OS/BS": 12.0}}
    assert messages(**typed)[0].startswith("MS/BS was entered as 0 although labels were taken")
    assert messages(**typed, labelling_confirmed=None)[0].startswith("MS/BS was entered as 0 and nothing confirms")
    bfr = {"primaries": {}, "typed": {"BFR/BS": 0.0}, "labelling_confirmed": None}
    assert messages(**bfr)[0].startswith("BFR/BS was entered as 0 and nothing confirms")


def test_typed_surface__that_is_labelled_gives_what_needs_no_rate():
    typed = {"MS/BS": 5.0, "OS/BS": 12.0}
    for confirmed in (None, True):
        found, notes, state = values(primaries={}, typed=typed, labelling_confirmed=confirmed)
        assert (state, notes) == ("unknown", [])
        # 100 × 5/12.
        assert found["MS/OS"].value == pytest.approx(41.666667)
        assert found["MS/BS"].value == 5.0
