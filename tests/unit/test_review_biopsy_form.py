"""The form of a biopsy without a window: what is typed, what it means, what follows, and what keeps it from locking."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import TableError
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem
from bonemetrics.review.biopsy_beside import compare_readers, side_by_side
from bonemetrics.review.biopsy_derived import derived, label_interval
from bonemetrics.review.biopsy_fields import drawn_text, judge, number_text, parse, parse_count, parse_date, sections
from bonemetrics.review.biopsy_form import BiopsyForm
from tests.biopsies import ILIAC, ISOTROPIC, PRINTED, WORKED

RULES = HistomorphometryParameters()
FACTS = {
    "subject": "P003",
    "visit": "Month 12",
    "biopsy_date": "2017-04-03",
    "envelope": "cancellous",
    "referent": "TV",
    "factor": "isotropic",
    "sections": "3",
}
LABELS = {
    "label1_start": "2017-03-05",
    "label1_end": "2017-03-07",
    "label2_start": "2017-03-20",
    "label2_end": "2017-03-22",
}


def filled(**more):
    texts = {**FACTS, **{code: f"{value:g}" for code, value in WORKED.items()}}
    form = BiopsyForm()
    for key, text in {**texts, **more}.items():
        form = form.with_text(key, text)
    return form


def worked_entry(**changes):
    content = {
        "kind": "histomorphometry",
        "subject": "P003",
        "day": date(2017, 4, 3),
        "envelope": "cancellous",
        "referent": "TV",
        "factors": ISOTROPIC,
        "primaries": dict(WORKED),
    }
    return HistomorphometryEntry(**(content | changes))


def test_sections__every_measurement_has_one_field_and_no_index_has_any():
    keys = [field.key for section in sections() for field in section.fields]
    assert len(keys) == len(set(keys))
    codes = [key for key in keys if key in MEASUREMENTS]
    assert set(codes) == {code for code, entry in MEASUREMENTS.items() if entry.is_primary}
    wide = next(field for section in sections() for field in section.fields if field.key == "O.Wi")
    assert wide.unit == "um"
    assert "O.Th" in wide.help


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_parse__blank_is_missing_and_not_zero(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "value", "half_unit"),
    [("6", 6.0, 0.5), ("0,12", 0.12, 0.005), ("0.120", 0.12, 0.0005), (" 40 ", 40.0, 0.5), ("0", 0.0, 0.5)],
)
def test_parse__takes_comma_and_point(text, value, half_unit):
    number = parse(text)
    assert (number.value, number.half_unit) == (value, pytest.approx(half_unit))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1,234", "decimal-ambiguous"),
        ("1.234,5", "decimal-ambiguous"),
        ("six", "not-a-number"),
        ("6 mm2", "not-a-number"),
        ("<5", "not-a-number"),
        ("6..0", "not-a-number"),
        ("-", "not-a-number"),
        ("na", "not-a-number"),
        ("nan", "not-a-number"),
        ("1e999", "not-a-number"),
    ],
)
def test_parse__what_is_not_plainly_one_number_is_a_problem(text, code):
    found = parse(text)
    assert isinstance(found, Problem)
    assert found.code == code


@settings(max_examples=60, derandomize=True)
@given(st.floats(min_value=1e-6, max_value=1e7))
def test_number_text__comes_back_as_the_same_number(value):
    text = number_text(value)
    assert "e" not in text
    assert parse(text).value == value


def test_number_text__keeps_the_digits_that_were_given():
    assert number_text(40.0, 0.005) == "40.00"
    assert number_text(40.0, 0.5) == "40"
    assert number_text(0.123, 0.5) == "0.123"
    assert drawn_text(0.0000123456789) == "0.0000123457"


def test_parse_date__an_open_day_and_month_is_a_problem():
    assert parse_date("2017-04-03") == date(2017, 4, 3)
    assert parse_date("03/04/2017").code == "date-ambiguous-cell"
    assert parse_date("2017-02-30").code == "not-a-date"
    assert parse_date(" ") is None
    assert parse_count("2,5").code == "not-a-number"


def test_judge__tells_impossible_from_unusual_from_usual():
    assert judge("B.Ar", -1.0, "cancellous").level == "impossible"
    assert judge("T.Ar", 0.0, None).level == "impossible"
    assert judge("BV/TV", 101.0, None).level == "impossible"
    assert judge("BV/TV", 15.0, "cancellous").level == "ok"
    # The catalogue's usual BV/TV is 3 to 40 % in cancellous bone.
    assert judge("BV/TV", 55.0, "cancellous").level == "unusual"
    assert "3 to 40" in judge("BV/TV", 55.0, "cancellous").text
    assert judge("BV/TV", 55.0, "intracortical").level == "ok"


def test_judge__the_protocols_limits_stand_in_place_of_the_usual():
    rules = HistomorphometryParameters(limits={"BV/TV": (10.0, 12.0)})
    assert judge("BV/TV", 15.0, "cancellous", rules).level == "unusual"


def test_judge__a_width_of_another_envelope_is_impossible():
    judged = judge("Ct.Wi", 900.0, "cancellous")
    assert judged.level == "impossible"
    assert "endocortical" in judged.text


def test_form__the_worked_example_gives_the_indices_written_out_by_hand():
    found = derived(filled().entry_so_far, RULES).values
    for code, printed in PRINTED.items():
        # Printed with six digits.
        assert found[code].value == pytest.approx(float(printed), rel=5e-6), code
    assert found["Tb.Th"].factor == "isotropic (thickness = 0.7854 × width, surface = 1.273 × perimeter)"
    assert found["BV/TV"].factor == ""
    assert found["BV/TV"].how == "100 × B.Ar / T.Ar"


def test_derived__nothing_that_needs_a_factor_is_there_without_one():
    found = derived(filled(factor="").entry_so_far, RULES).values
    assert "BV/TV" in found
    assert "MS/BS" in found
    assert not {"Tb.Th", "MAR", "BFR/BS", "W.Th"} & found.keys()


def test_derived__the_protocols_factor_is_shown_where_the_entry_states_none():
    rules = HistomorphometryParameters(factor="iliac")
    found = derived(filled(factor="").entry_so_far, rules).values
    # BS/BV = 1.2 × 100 / 6 = 20 mm2/mm3, so Tb.Th = 2000 / 20 = 100 um.
    assert found["Tb.Th"].value == pytest.approx(100.0)
    assert found["Tb.Th"].factor.startswith("iliac")


def test_derived__a_missing_measurement_is_not_taken_for_zero():
    found = derived(filled(**{"E.Pm": "", "O.Ar": ""}).entry_so_far, RULES).values
    assert not {"ES/BS", "QS/BS", "OV/BV"} & found.keys()


def test_derived__without_double_labels_there_is_no_rate():
    single = filled(**{"dL.Pm": "0", "Ir.L.Wi": ""}).entry_so_far
    found = derived(single, RULES)
    assert "MAR" not in found.values
    assert "single-label-only" in {one.code for one in found.notes}


def test_label_interval__is_between_the_midpoints_of_the_courses():
    # Midpoints 6 March and 21 March.
    form = filled(**LABELS)
    assert label_interval(form.entry_so_far).days == 15.0
    assert derived(filled(**LABELS, **{"Ir.L.t": ""}).entry_so_far, RULES).values["MAR"].value == pytest.approx(
        0.471239, rel=1e-5
    )
    assert label_interval(filled().entry_so_far).days is None
    backwards = filled(**{**LABELS, "label2_start": "2017-03-06"}).entry_so_far
    assert "do not follow" in label_interval(backwards).text


def test_form__what_cannot_be_understood_is_never_left_out_of_a_stored_entry():
    form = filled(**{"O.Ar": "1,234"})
    assert "O.Ar" not in form.entry_so_far.primaries
    with pytest.raises(TableError) as caught:
        form.to_entry()
    assert caught.value.code == "decimal-ambiguous"
    assert caught.value.message.startswith("O.Ar: ")
    assert form.blocks(RULES)[0].startswith("O.Ar: ")
    for act in (form.completed, form.locked):
        with pytest.raises(TableError):
            act(RULES)


def test_form__states_follow_each_other_and_an_edit_makes_a_draft():
    form = filled().completed(RULES)
    assert form.to_entry().state == "complete"
    assert form.with_text("B.Ar", "7").state == "draft"
    locked = form.locked(RULES)
    assert locked.state == "locked"
    with pytest.raises(TableError) as caught:
        locked.with_text("B.Ar", "7")
    assert caught.value.code == "entry-locked"
    # Typing the same again changes nothing.
    assert locked.with_text("B.Ar", "6") is locked
    assert locked.entry_so_far == BiopsyForm.from_entry(locked.to_entry()).to_entry()


@pytest.mark.parametrize("key", ["envelope", "referent", "factor"])
def test_form__an_ambiguous_entry_is_not_completed(key):
    form = filled(**{key: ""})
    assert any(key in one for one in form.blocks(RULES))
    with pytest.raises(TableError) as caught:
        form.completed(RULES)
    assert caught.value.code == "entry-incomplete"


def test_form__a_hard_violation_blocks_and_names_its_fields():
    form = filled(**{"B.Ar": "41"})
    assert "B.Ar = 41 is more than T.Ar = 40" in form.blocks(RULES)
    assert {"B.Ar", "T.Ar"} <= form.faults(RULES).keys()
    assert "O.Ar" not in form.faults(RULES)
    with pytest.raises(TableError) as caught:
        form.locked(RULES)
    assert caught.value.code == "hard-violation"


def test_form__an_empty_one_cannot_be_completed():
    form = BiopsyForm()
    for key, text in FACTS.items():
        form = form.with_text(key, text)
    assert form.blocks(RULES) == ("no measurement is entered",)
    with pytest.raises(TableError):
        form.completed(RULES)


def test_form__stated_factors_need_both_numbers():
    one = filled(factor="stated", width_to_thickness="0,81")
    assert one.problems["factor"].code == "factor-invalid"
    both = one.with_text("perimeter_to_surface", "1.199")
    assert both.to_entry().factors.perimeter_to_surface == 1.199
    assert filled(width_to_thickness="x").problems["width_to_thickness"].code == "not-a-number"


def test_form__round_trip_keeps_exact_numbers_typed_indices_and_facts():
    entry = worked_entry(
        typed={"BV/TV": 15.0},
        half_units={"BV/TV": 0.05, "T.Ar": 0.005},
        primaries={**WORKED, "T.Ar": 40.0, "Oc.Pm": 0.1 + 0.2},
        sections=3,
        blinded=True,
        core_broken=False,
        label1_start=date(2017, 3, 5),
        comment="two pieces",
        state="complete",
        sheet="",
        factors=ILIAC,
    )
    form = BiopsyForm.from_entry(entry)
    assert form.text("T.Ar") == "40.00"
    assert not form.is_changed
    assert form.to_entry() == entry
    changed = form.with_text("B.Ar", "6,10").to_entry()
    assert changed.primaries["B.Ar"] == 6.1
    assert changed.half_units["B.Ar"] == pytest.approx(0.005)
    assert changed.half_units["T.Ar"] == 0.005
    assert (changed.typed, changed.state) == ({"BV/TV": 15.0}, "draft")


def test_form__a_blanked_field_is_gone_from_the_entry():
    form = BiopsyForm.from_entry(worked_entry(side="left", half_units={"O.Ar": 0.005}))
    entry = form.with_text("O.Ar", " ").with_text("side", "").to_entry()
    assert "O.Ar" not in entry.primaries
    assert "O.Ar" not in entry.half_units
    assert entry.side is None
    assert form.with_text("O.Ar", "").is_changed


def test_form__has_no_field_for_an_index():
    with pytest.raises(KeyError):
        BiopsyForm().with_text("BV/TV", "15")


def test_side_by_side__shows_both_visits_and_warns_where_they_do_not_compare():
    later = worked_entry(primaries={"T.Ar": 40.0, "B.Ar": 8.0}, factors=ILIAC)
    found = side_by_side((worked_entry(), later), RULES)
    rows = {row.key: row for row in found.numbers}
    assert rows["B.Ar"].cells == ("6", "8")
    # 8 / 40 is 20 %.
    assert rows["BV/TV"].cells == ("15", "20")
    assert rows["BV/TV"].computed == (True, True)
    assert rows["B.Pm"].cells == ("100", "")
    assert len(found.warnings) == 1
    assert "section factor differs" in found.warnings[0]


def test_compare_readers__lists_every_field_that_differs():
    second = worked_entry(primaries={**WORKED, "B.Ar": 6.3, "N.Oc": 4.0}, envelope="endocortical")
    found = {one.key: one for one in compare_readers(worked_entry(), second, RULES)}
    assert set(found) == {"B.Ar", "N.Oc", "envelope"}
    assert found["B.Ar"].percent == pytest.approx(5.0)
    assert (found["N.Oc"].first, found["N.Oc"].percent) == ("left out", None)
    assert compare_readers(worked_entry(), worked_entry(reader="MN"), RULES) == ()
    tolerant = HistomorphometryParameters(entry_tolerance=0.06)
    assert "B.Ar" not in {one.key for one in compare_readers(worked_entry(), second, tolerant)}
