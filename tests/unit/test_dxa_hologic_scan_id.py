"""Scan IDs, worked by hand."""

from __future__ import annotations

from datetime import date, time

import pytest

from bonemetrics.readers.dxa.hologic_scan_id import scan_date_problems, scan_id_of, settled_dates


def test_scan_id_of__a_scan_of_2019_worked_by_hand():
    # 1K3 = 1*1296 + 20*36 + 3 = 2019; A = 10; 05; 0KCY = 20*1296 + 12*36 + 34 = 26386 s = 7 h 19 min 46 s.
    found = scan_id_of("B1K3A050KCY2Q")
    assert found is not None
    assert (found.site_letter, found.day, found.clock, found.sequence) == (
        "B",
        date(2019, 10, 5),
        time(7, 19, 46),
        "2Q",
    )


def test_scan_id_of__a_scan_of_1996_that_counts_no_seconds():
    # 1JG = 1*1296 + 19*36 + 16 = 1996; 2; 29.
    found = scan_id_of("Y1JG229000007")
    assert found is not None
    assert (found.day, found.clock, found.sequence) == (date(1996, 2, 29), None, "07")


def test_scan_id_of__the_last_second_of_a_day():
    # 86399 = 1*46656 + 30*1296 + 23*36 + 35, in base 36 1UNZ.
    found = scan_id_of("A1K31311UNZ01")
    assert found is not None
    assert (found.day, found.clock) == (date(2019, 1, 31), time(23, 59, 59))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "B1K3A050KCY2",  # one character too few
        "B1K3A050KCY2QX",
        "b1K3A050KCY2Q",
        "B1K3D050KCY2Q",  # month 13
        "B1K30050KCY2Q",  # month 0
        "B1K32300KCY2Q",  # 30 February
        "B1K3A001KCY2Q",  # day 0
        "B1K3A051UO02Q",  # 86400 s
        "B000A050KCY2Q",  # year 0
        "B1K3A05 0KCY2",
    ],
)
def test_scan_id_of__refuses_what_is_none(text):
    assert scan_id_of(text) is None


def test_scan_date_problems__names_a_difference_and_only_that():
    assert scan_date_problems(date(2019, 10, 5), "B1K3A050KCY2Q") == ()
    assert scan_date_problems(None, "B1K3A050KCY2Q") == ()
    assert scan_date_problems(date(2019, 10, 6), "anything") == ()
    (problem,) = scan_date_problems(date(2019, 10, 6), "B1K3A050KCY2Q")
    assert problem.code == "scan-date-differs"
    assert "2019-10-06" in problem.message
    assert "2019-10-05" in problem.message


def test_settled_dates__two_digit_years():
    dates = settled_dates("10/05/19 07:19:50", "10/07/19 16:02:31", scan_id="B1K3A050KCY2Q", order="")
    assert (dates.scanned, dates.analysed, dates.problems) == (date(2019, 10, 5), date(2019, 10, 7), ())


def test_settled_dates__the_order_that_the_study_states_comes_first():
    dates = settled_dates("10/05/2019", "", scan_id="B1K3A050KCY2Q", order="dmy")
    assert (dates.scanned, dates.analysed) == (date(2019, 5, 10), None)
    assert [problem.code for problem in dates.problems] == ["scan-date-differs"]


def test_settled_dates__an_open_date_that_the_id_fits_in_neither_reading_stays_open():
    dates = settled_dates("10/06/2019", "null", scan_id="B1K3A050KCY2Q", order="")
    assert (dates.scanned, dates.analysed) == (None, None)
    assert [problem.code for problem in dates.problems] == ["date-ambiguous"]
