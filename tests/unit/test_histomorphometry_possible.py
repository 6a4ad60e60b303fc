"""What follows from an entry but cannot be blocks it, and is withheld; so is what rounding leaves nothing sure of."""

from __future__ import annotations

import pytest

from bonemetrics.histomorphometry.checks import hard_violations
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.records import HistomorphometryParameters
from tests.biopsies import WORKED, entry

RULES = HistomorphometryParameters()
PRIMARIES = {code: value for code, value in WORKED.items() if code != "Ir.L.t"}


def bare(primaries=None, typed=None, **facts):
    """An entry with nothing but these numbers."""
    return entry(primaries=primaries or {}, typed=typed or {}, **facts)


def told(*entries, **rules):
    found = measured_entries(list(entries), HistomorphometryParameters(**rules))
    return {one.quantity: one for one in found.observations}, [one for _, one in found.notes]


def codes(problems):
    return [one.code for one in problems]


@pytest.mark.parametrize("part", ["Ob.Pm", "Oc.Pm", "Rv.Pm", "Q.Pm", "Md.Pm", "O.Pm", "E.Pm"])
def test_hard_violations__no_part_of_the_perimeter_is_longer_than_it(part):
    (one,) = hard_violations(bare({"B.Pm": 100.0, part: 150.0}))
    assert one.endswith("= 150 is more than B.Pm = 100")
    assert hard_violations(bare({"B.Pm": 100.0, part: 100.0})) == ()


@pytest.mark.parametrize("part", ["O.Ar", "Md.Ar", "Ma.Ar", "Vd.Ar", "Fb.Ar"])
def test_hard_violations__no_area_is_larger_than_the_tissue(part):
    assert hard_violations(bare({"T.Ar": 40.0, part: 50.0})) == (f"{part} = 50 is more than T.Ar = 40",)
    assert hard_violations(bare({"T.Ar": 40.0, part: 40.0})) == ()


@pytest.mark.parametrize(
    ("wrong", "right", "names"),
    [
        # MS/BS = BFR/BS / (3.65 MAR): 500 / 0.365 = 1370 %, 36 / 0.365 = 98.6 %.
        ({"MAR": 0.1, "BFR/BS": 500.0}, {"MAR": 0.1, "BFR/BS": 36.0}, ("MAR = 0.1", "BFR/BS = 500", "MS/BS = 1370 %")),
        # ES/BS = 100 × 15 / 10 = 150 %.
        ({"Oc.S/ES": 10.0, "Oc.S/BS": 15.0}, {"Oc.S/ES": 10.0, "Oc.S/BS": 9.0}, ("Oc.S/ES = 10", "ES/BS = 150 %")),
        # MS/BS = Ac.f W.Th / (3.65 MAR): 90 / 0.365 = 246.6 %, 36 / 0.365 = 98.6 %.
        (
            {"Ac.f": 1.5, "W.Th": 60.0, "MAR": 0.1},
            {"Ac.f": 0.6, "W.Th": 60.0, "MAR": 0.1},
            ("Ac.f = 1.5", "W.Th = 60", "MAR = 0.1", "MS/BS = 246.6 %"),
        ),
    ],
)
def test_hard_violations__what_follows_from_indices_is_judged_too(wrong, right, names):
    message = "; ".join(hard_violations(bare(typed=wrong)))
    assert all(name in message for name in names)
    assert hard_violations(bare(typed=right)) == ()


def test_hard_violations__rounding_alone_makes_nothing_impossible():
    # 37 / 0.365 = 101.4 %, but MAR to 0.105 and BFR/BS from 36.5 allow 95 %.
    rounded = bare(typed={"MAR": 0.1, "BFR/BS": 37.0}, half_units={"MAR": 0.005, "BFR/BS": 0.5})
    assert hard_violations(rounded) == ()
    assert hard_violations(bare(typed={"MAR": 0.1, "BFR/BS": 37.0})) != ()


def test_measured_entries__what_cannot_be_is_withheld_with_its_givens():
    values, notes = told(bare(typed={"MAR": 0.1, "BFR/BS": 500.0, "BV/TV": 15.0}))
    assert values.keys() == {"Ir.L.t", "BV/TV"}
    (one,) = [note for note in notes if note.code == "value-impossible"]
    assert one.message.endswith("it is at least 0 and at most 100; none of them gives a number")
    rounded = bare(typed={"MAR": 0.1, "BFR/BS": 37.0}, half_units={"MAR": 0.005, "BFR/BS": 0.5})
    values, notes = told(rounded)
    assert "MS/BS" not in values
    assert {"MAR", "BFR/BS"} <= values.keys()
    assert codes(notes).count("value-impossible") == 1


@pytest.mark.parametrize(
    ("code", "value", "envelope", "at_home"),
    [
        ("Tb.Th", 94.0, "intracortical", "cancellous"),
        ("Ct.Wi", 900.0, "cancellous", "endocortical"),
        ("Ca.Ar", 1.0, "cancellous", "intracortical"),
        ("N.Ca", 7.0, "endocortical", "intracortical"),
        ("Ca.Rd", 30.0, "periosteal", "intracortical"),
    ],
)
def test_hard_violations__what_belongs_to_another_envelope(code, value, envelope, at_home):
    field = "typed" if code == "Tb.Th" else "primaries"
    numbers = {field: {code: value}}
    (one,) = hard_violations(bare(**numbers, envelope=envelope))
    assert one.startswith(f"{code} is not of {envelope} bone")
    assert hard_violations(bare(**numbers, envelope=at_home)) == ()


def test_measured_entries__indices_of_another_envelope_are_not_computed():
    values, _ = told(bare({"T.Ar": 40.0, "B.Ar": 6.0, "B.Pm": 100.0}, envelope="endocortical"))
    assert not {"Tb.Th", "Tb.N", "Tb.Sp", "Tb.Dm"} & values.keys()
    assert {"BV/TV", "BS/BV"} <= values.keys()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"O.Pm": 0.0, "O.Ar": 0.12}, {"O.Pm": 0.0, "O.Ar": 0.0}),
        ({"O.Pm": 12.0, "O.Ar": 0.0}, {"O.Pm": 12.0, "O.Ar": 0.01}),
        ({"O.Pm": 0.0, "O.Wi": 9.0}, {"O.Pm": 1.0, "O.Wi": 9.0}),
    ],
)
def test_hard_violations__osteoid_has_a_length_and_an_area_or_neither(wrong, right):
    assert len(hard_violations(bare(wrong))) == 1
    assert hard_violations(bare(right)) == ()


@pytest.mark.parametrize(
    ("code", "wrong", "right"),
    [("T.Ar", 9e-7, 1e-6), ("B.Pm", 1.1e6, 1e6), ("W.Wi", 1e-7, 1e-6), ("Ir.L.t", 1e7, 1e6), ("N.Oc", 1e10, 1e9)],
)
def test_hard_violations__sizes_that_no_section_has(code, wrong, right):
    (one,) = hard_violations(bare({code: wrong}))
    assert "no section holds" in one
    assert hard_violations(bare({code: right})) == ()


@pytest.mark.filterwarnings("error")
def test_measured_entries__numbers_beyond_arithmetic_stop_no_other_biopsy():
    extreme = {"T.Ar": 1e-300, "B.Ar": 1e-301, "O.Ar": 1e-303, "B.Pm": 1e307}
    found = measured_entries(
        [entry(subject="CSM-01", primaries={**PRIMARIES, **extreme}), entry(subject="CSM-02")], RULES
    )
    values = {one.quantity: one.value for one in found.observations if one.subject == "CSM-02"}
    assert values["BV/TV"] == pytest.approx(15)


def test_measured_entries__a_biopsy_that_cannot_be_solved_is_refused_by_itself(monkeypatch):
    from bonemetrics.histomorphometry import measured

    whole = measured.Biopsy

    def fails(one, *facts):
        if one.subject == "CSM-01":
            raise ValueError("math domain error")
        return whole(one, *facts)

    monkeypatch.setattr(measured, "Biopsy", fails)
    found = measured_entries([entry(subject="CSM-01"), entry(subject="CSM-02")], RULES)
    assert {one.subject for one in found.observations} == {"CSM-02"}
    assert [(one.subject, told.code, told.severity) for one, told in found.notes] == [
        ("CSM-01", "not-solvable", "refusal")
    ]


def rounded(eroded, osteoclasts, half):
    numbers = {"B.Pm": 100.0, "E.Pm": eroded, "Oc.Pm": osteoclasts}
    return bare(numbers, half_units={"E.Pm": half, "Oc.Pm": half})


def test_measured_entries__what_rounding_may_make_zero_is_withheld():
    # Rv.Pm = 4.0 - 3.9 with half a unit of 0.05 each is 0 to 0.2.
    values, notes = told(rounded(4.0, 3.9, 0.05))
    assert not {"Rv.Pm", "Rv.S/BS"} & values.keys()
    assert "ES/BS" in values
    (one,) = [note for note in notes if note.code == "rounding-amplified"]
    assert "Rv.Pm = 0.1 (0 to 0.2)" in one.message
    assert one.message.endswith("withheld")


def test_measured_entries__a_wide_range_is_noted_on_the_value():
    # 4.0 - 3.6 with half a unit of 0.05 each is 0.3 to 0.5, half of 0.4 wide; with 0.01 it is a tenth.
    values, _ = told(rounded(4.0, 3.6, 0.05))
    assert codes(values["Rv.S/BS"].notes) == ["rounding-amplified"]
    assert "Rv.S/BS = 0.4 (0.3 to 0.5)" in values["Rv.S/BS"].notes[0].message
    assert codes(values["ES/BS"].notes) == []
    values, notes = told(rounded(4.0, 3.6, 0.01))
    assert codes(values["Rv.S/BS"].notes) == codes(notes) == []
