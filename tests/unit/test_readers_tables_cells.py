"""Single cells: numbers, dates, yes and no, and what is refused because it could be two things."""

from __future__ import annotations

import math
from datetime import date

import pytest

from bonemetrics.errors import TableError
from bonemetrics.readers.tables.cells import date_of, is_missing, number_of, yes_no_of
from bonemetrics.readers.tables.clock import clock, time_behind, time_of
from bonemetrics.readers.tables.limit_words import side_of
from bonemetrics.records import RawCell


def number(text: str, decimal: str | None = None):
    return number_of(RawCell(text), decimal=decimal)


def refused(read, *args, **options) -> str:
    with pytest.raises(TableError) as caught:
        read(*args, **options)
    return caught.value.code


@pytest.mark.parametrize("text", ["", ".", "-", "NA", "n/a", "NULL", "nan", "#N/A", "Missing", "not done"])
def test_is_missing__words_that_stand_for_nothing(text):
    assert is_missing(RawCell(text))


@pytest.mark.parametrize(
    "cell", [RawCell("0"), RawCell("no"), RawCell("", flaw="formula"), RawCell("", number=0.0), RawCell("<")]
)
def test_is_missing__zero_no_and_a_faulty_cell_are_something(cell):
    assert not is_missing(cell)


@pytest.mark.parametrize(
    ("text", "value", "half"),
    [
        ("12.30", 12.3, 0.005),
        ("6.7", 6.7, 0.05),
        ("-0.5", -0.5, 0.05),
        ("−2.5", -2.5, 0.05),
        (".5", 0.5, 0.05),
        ("17", 17.0, 0.5),
        ("1e3", 1000.0, 500.0),
        ("2.5E-2", 0.025, 0.0005),
        ("12 345", 12345.0, 0.5),
        ("1\u202f234.5", 1234.5, 0.05),
        ("1'234", 1234.0, 0.5),
    ],
)
def test_number_of__a_number_with_half_a_unit_of_its_last_digit(text, value, half):
    found, guessed = number(text)
    assert (found.value, found.text, found.censored, found.unit, guessed) == (value, text, None, "", False)
    assert found.half_unit == pytest.approx(half, rel=1e-12)


@pytest.mark.parametrize(("text", "value"), [("6,7", 6.7), ("0,123", 0.123), ("-12,3456", -12.3456), ("1,5e2", 150.0)])
def test_number_of__a_comma_that_can_only_be_a_decimal_one_is_taken_and_told(text, value):
    found, guessed = number(text)
    assert (found.value, guessed) == (value, True)
    assert number(text, ",")[0].value == value
    assert number(text, ",")[1] is False


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [("1.234,5", ",", 1234.5), ("1,234.5", ".", 1234.5), ("1.234.567", ",", 1234567.0), ("12.5", ".", 12.5)],
)
def test_number_of__groups_are_read_where_the_stated_decimal_leaves_no_doubt(text, decimal, value):
    assert number(text, decimal)[0].value == value


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("1,234", None),  # 1.234 or 1234
        ("12,345,678", None),
        ("1,234.5", None),
        ("1.234,5", None),
        ("1.234", ","),  # a number typed with a point into a sheet of commas, or 1234
        ("1,234", "."),
        ("0.123", ","),  # never 123
        ("0,123", "."),
        ("6.7", ","),
        ("6,7", "."),
        ("1.2345,6", ","),
        ("12.34.567", ","),
    ],
)
def test_number_of__what_may_be_thousands_is_refused(text, decimal):
    assert refused(number, text, decimal) == "decimal-ambiguous"


@pytest.mark.parametrize(
    ("text", "value", "side"),
    [
        ("<0.5", 0.5, "below"),
        ("< 0,5", 0.5, "below"),
        ("≤2", 2.0, "below"),
        (">100", 100.0, "above"),
        (">=7", 7.0, "above"),
    ],
)
def test_number_of__a_limit_is_no_value(text, value, side):
    found, _ = number(text)
    assert (found.value, found.censored) == (value, side)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("12 %", 12.0, "%"), ("12.3 ng/mL", 12.3, "ng/mL"), ("5mm2", 5.0, "mm2"), ("<0.5 µg/L", 0.5, "µg/L")],
)
def test_number_of__a_unit_behind_the_number_is_kept(text, value, unit):
    found, _ = number(text)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "12-15",
        "1/2",
        "120 80",
        "12:30",
        "1.2.3",
        "5-",
        "<",
        "1e400",
        "1e-400",
        "12.5.",
        "3,4,5",
        "ND",
        "<LOD",
        "inf",
    ],
)
def test_number_of__anything_else_is_refused(text):
    assert refused(number, text) == "not-a-number"


def test_number_of__a_long_text_costs_no_time():
    # With a pattern that backtracks this would not end.
    assert refused(number, "1" * 60_000 + "\nx") == "not-a-number"
    assert refused(number, "1 " * 30_000 + "\n\n") == "not-a-number"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (RawCell("", flaw="formula"), "formula-cell"),
        (RawCell("", flaw="merged"), "merged-cell"),
        (RawCell("#REF!", flaw="error"), "error-cell"),
        (RawCell("inf", number=float("inf")), "not-a-number"),
        (RawCell("2016-03-05", day=date(2016, 3, 5)), "not-a-number"),
    ],
)
def test_number_of__cells_that_a_spreadsheet_types_otherwise(cell, code):
    assert refused(number_of, cell) == code


def test_number_of__a_typed_number_needs_no_reading():
    found, guessed = number_of(RawCell("12,3", number=12.3), decimal=",")
    assert (found.value, found.text, found.half_unit, guessed) == (12.3, "12.3", pytest.approx(0.05), False)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2016-03-04", None),
        ("2016/3/4", None),
        ("20160304", None),
        ("2016-03-04T10:15:30", None),
        ("2016-03-04T10:15:30.250Z", None),
        ("2016-03-04 10:15", None),
        ("04.03.2016", None),
        ("4 March 2016", None),
        ("4 de marzo de 2016", None),
        ("04MAR2016:10:15:00", None),
        ("04/03/2016", "dmy"),
        ("03/04/2016", "mdy"),
        ("04/03/2016 10:15", "dmy"),
        ("3/4/2016 3:22 PM", "mdy"),
    ],
)
def test_date_of__the_fourth_of_march(text, order):
    assert date_of(RawCell(text), order=order) == date(2016, 3, 4)


def test_date_of__a_day_beyond_twelve_needs_no_order():
    assert date_of(RawCell("25/03/2016")) == date_of(RawCell("03/25/2016")) == date(2016, 3, 25)


@pytest.mark.parametrize(("text", "order"), [("04/03/2016", None), ("4-3-2016", "ymd"), ("03.04.2016", "mdy")])
def test_date_of__two_readings_are_refused(text, order):
    assert refused(date_of, RawCell(text), order=order) == "date-ambiguous-cell"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2016-03", None),
        ("2016", None),
        ("04/03/16", "dmy"),
        ("2016-02-30", None),
        ("25/03/2016", "mdy"),
        ("42433", None),  # a serial number of a spreadsheet whose column lost its format
        ("2016-03-04/2016-03-06", None),
        ("2016-03-04 or 2016-03-05", None),
        ("2016-03-04 approx", None),
        ("UN/MAR/2016", None),
        ("1016-03-04", None),
        ("soon", None),
        ("4 March 2016 " * 5000, None),
    ],
)
def test_date_of__what_is_no_one_day_is_refused(text, order):
    assert refused(date_of, RawCell(text), order=order) == "not-a-date"


def test_date_of__a_typed_day_stands_within_a_trials_time():
    assert date_of(RawCell("x", day=date(2016, 3, 4))) == date(2016, 3, 4)
    assert refused(date_of, RawCell("x", day=date(1899, 12, 31))) == "not-a-date"
    assert refused(date_of, RawCell("", flaw="merged")) == "merged-cell"


@pytest.mark.parametrize("text", ["yes", "Y", "TRUE", "1", "Sí", "si", "S"])
def test_yes_no_of__yes_in_english_and_spanish(text):
    assert yes_no_of(RawCell(text)) is True


@pytest.mark.parametrize("text", ["no", "N", "False", "0", "NO"])
def test_yes_no_of__no(text):
    assert yes_no_of(RawCell(text)) is False


def test_yes_no_of__typed_numbers_and_words_that_are_neither():
    assert yes_no_of(RawCell("1", number=1.0)) is True
    assert yes_no_of(RawCell("0", number=0.0)) is False
    for cell in (RawCell("2", number=2.0), RawCell("perhaps"), RawCell("yes and no")):
        assert refused(yes_no_of, cell) == "not-yes-or-no"
    assert refused(yes_no_of, RawCell("", flaw="formula")) == "formula-cell"


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        # SAS counts from 1960-01-01: 20513 days are 56 years with 14 leap days, and 59 days of 2016 more.
        ("20513", "sas", date(2016, 2, 29)),
        ("-1", "sas", date(1959, 12, 31)),
        ("20513.0", "sas", date(2016, 2, 29)),
        ("20513,0", "sas", date(2016, 2, 29)),
        ("2016-02-25", "sas", date(2016, 2, 25)),
        ("20160225", "sas", date(2016, 2, 25)),
        # A workbook shows 2016-02-25 as 42425 where the column has lost its format.
        ("42425", "excel", date(2016, 2, 25)),
        ("42425.354", "excel", date(2016, 2, 25)),
        ("61", "excel", date(1900, 3, 1)),
        ("25/02/2016", "excel", date(2016, 2, 25)),
    ],
)
def test_date_of__bare_numbers_count_days_where_the_study_says_so(text, order, day):
    assert date_of(RawCell(text), order=order) == day


@pytest.mark.parametrize(
    ("text", "order", "code"),
    [
        ("42425", None, "not-a-date"),
        ("42425", "dmy", "not-a-date"),
        ("60", "excel", "not-a-date"),
        ("25,03", "sas", "not-a-date"),
        ("20513,0", None, "not-a-date"),
        # 20513 days with a sign between thousands, or 20 days and a half.
        ("20.513", "sas", "not-a-date"),
        ("20,000", "sas", "not-a-date"),
        ("-1,000", "sas", "not-a-date"),
        ("1772000000", "sas", "not-a-date"),
        ("99999999999", "excel", "not-a-date"),
        ("03/04/2016", "excel", "date-ambiguous-cell"),
    ],
)
def test_date_of__bare_numbers_are_refused_else(text, order, code):
    with pytest.raises(TableError) as caught:
        date_of(RawCell(text), order=order)
    assert caught.value.code == code


def test_date_of__says_what_to_do_about_a_bare_number():
    with pytest.raises(TableError, match=r"'sas'.*'excel'.*leave the column out"):
        date_of(RawCell("42425", number=42425.0))
    assert date_of(RawCell("42425", number=42425.0), order="excel") == date(2016, 2, 25)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("BLQ", "below"), ("bloq", "below"), ("< LLOQ", "below"), ("<LOD", "below"), ("<LOQ", "below"), ("ND", "below"),
        ("n.d.", "below"), ("Not detected", "below"), ("below detection", "below"), ("LLOQ", "below"),
        (">ULOQ", "above"), ("ALQ", "above"), ("BLQ 5", None), ("ND2", None), ("NEGATIVE", None),
        ("", None),
    ],
)  # fmt: skip
def test_side_of__words_of_laboratories(text, side):
    assert side_of(text) == side


def test_number_of__a_word_is_a_limit_only_where_it_is_asked_for():
    found, _ = number_of(RawCell("BLQ"), limit_words=True)
    assert (math.isnan(found.value), found.censored, found.text) == (True, "below", "BLQ")
    with pytest.raises(TableError, match="not one number"):
        number_of(RawCell("BLQ"))


@pytest.mark.parametrize(
    ("text", "time"),
    [("8:05", "08:05"), ("08:05:09", "08:05:09"), ("12:10 am", "00:10"), ("12:10 p.m.", "12:10"), ("23:59", "23:59")],
)
def test_time_of__is_iso_by_the_clock_of_the_place(text, time):
    assert time_of(RawCell(text)) == time


@pytest.mark.parametrize("text", ["25:00", "8", "13:00 pm", "12:60", "fasting", "0:10 am"])
def test_time_of__refuses_what_no_clock_shows(text):
    with pytest.raises(TableError) as caught:
        time_of(RawCell(text))
    assert caught.value.code == "not-a-time"


@pytest.mark.parametrize(
    ("text", "time"),
    [("2016-03-04T08:05Z", "08:05"), ("4 March 2016 08:05", "08:05"), ("2016-03-04T08", "08"), ("2016-03-04", ""),
     ("04 March 2016", ""), ("2016-03-04 25:10", "")],
)  # fmt: skip
def test_time_behind__a_date(text, time):
    assert time_behind(RawCell(text)) == time


def test_clock__shows_seconds_of_a_day():
    # 8 h 5 min 9 s are 29109 s.
    assert [clock(29109), clock(29100), clock(86400 + 60), clock(0)] == ["08:05:09", "08:05", "00:01", "00:00"]
