"""Asynchronous calibrations: the right scanner, voltage and day, or a refusal that says which was wrong."""

from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.calibration.asynchronous import choose_entry, from_entries, from_entry
from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import CalibrationEntry, ScannerConstants

SCANNER = ScannerConstants(serial="3012", kvp=120.0)
DAY = date(2011, 6, 15)


def entry(day: date = date(2011, 6, 1), **changes: object) -> CalibrationEntry:
    values: dict[str, object] = {
        "scanner": "3012",
        "date": day,
        "slope": 0.78,
        "intercept": -2.5,
        "material": Material.K2HPO4,
        "covariance": ((1e-5, -1e-4), (-1e-4, 0.3)),
        "valid_days": 30,
        "kvp": 120.0,
    }
    return CalibrationEntry.model_validate({**values, **changes})


def test_from_entry__gives_its_line_and_its_provenance():
    calibration = from_entry(entry(), SCANNER, DAY)
    assert calibration.method == "asynchronous"
    assert (calibration.slope, calibration.intercept, calibration.material) == (0.78, -2.5, Material.K2HPO4)
    assert calibration.covariance == ((1e-5, -1e-4), (-1e-4, 0.3))
    assert calibration.parameters["days_apart"] == 14
    assert calibration.parameters["phantom_date"] == "2011-06-01"
    assert calibration.notes == ()


def test_choose_entry__takes_the_nearest_valid_date_on_either_side():
    before, after, far = entry(date(2011, 5, 20)), entry(date(2011, 6, 25)), entry(date(2011, 6, 18), valid_days=2)
    assert choose_entry([before, after, far], SCANNER, DAY) is after
    assert choose_entry([before, entry(date(2012, 6, 15))], SCANNER, DAY) is before
    assert from_entries([before, after], SCANNER, DAY).parameters["days_apart"] == -10


def test_choose_entry__the_last_day_of_the_window_counts():
    assert choose_entry([entry(date(2011, 5, 16))], SCANNER, DAY).date == date(2011, 5, 16)


def test_choose_entry__compares_serials_without_blanks_and_case():
    constants = ScannerConstants(serial=" ab-7 ")
    assert choose_entry([entry(scanner="AB-7")], constants, DAY).scanner == "AB-7"


@pytest.mark.parametrize(
    ("entries", "constants", "day", "code"),
    [
        ([], SCANNER, DAY, "no-calibration"),
        ([entry(scanner="3013")], SCANNER, DAY, "calibration-other-scanner"),
        ([entry()], ScannerConstants(kvp=120.0), DAY, "calibration-other-scanner"),
        ([entry(kvp=80.0), entry(kvp=140.0)], SCANNER, DAY, "calibration-other-kvp"),
        ([entry()], SCANNER, None, "calibration-expired"),
        ([entry(date(2011, 5, 15))], SCANNER, DAY, "calibration-expired"),
        ([entry(date(2011, 7, 16)), entry(date(2009, 6, 15))], SCANNER, DAY, "calibration-expired"),
    ],
)
def test_choose_entry__refuses_with_the_reason(entries, constants, day, code):
    with pytest.raises(CalibrationError) as caught:
        from_entries(entries, constants, day)
    assert caught.value.code == code
    assert "3012" not in caught.value.message


@pytest.mark.parametrize(("changes", "serial_kvp"), [({"kvp": None}, 120.0), ({}, None)])
def test_from_entry__notes_a_voltage_that_cannot_be_compared(changes, serial_kvp):
    calibration = from_entry(entry(**changes), ScannerConstants(serial="3012", kvp=serial_kvp), DAY)
    assert [problem.code for problem in calibration.notes] == ["calibration-kvp-unchecked"]


def test_from_entry__notes_unknown_uncertainty_and_implausible_water():
    calibration = from_entry(entry(covariance=None, intercept=-1000.0), SCANNER, DAY)
    assert {problem.code for problem in calibration.notes} == {
        "calibration-uncertainty-unknown",
        "calibration-implausible",
    }


def test_from_entry__refuses_an_impossible_covariance():
    with pytest.raises(CalibrationError) as caught:
        from_entry(entry(covariance=((1.0, 2.0), (2.0, 1.0))), SCANNER, DAY)
    assert caught.value.code == "invalid-calibration"
