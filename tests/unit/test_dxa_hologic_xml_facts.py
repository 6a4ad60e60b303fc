"""What the report text of Hologic says of scan and person, and what it must not say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bonemetrics.readers.dxa.hologic_xml import read_text
from bonemetrics.records import RawDxaReport
from tests.dxa_cases.hologic_xml import report_text


def of(text: str, **more: Any) -> RawDxaReport:
    return read_text(text.encode(), **more)


def codes(found: RawDxaReport) -> list[str]:
    return [problem.code for problem in found.problems]


@pytest.mark.parametrize(
    ("stated", "dates", "day", "scan_id", "notes"),
    [
        ("15January2026 - A0305240B", "", date(2026, 1, 15), "A0305240B", []),
        ("2026-01-15", "", date(2026, 1, 15), "A0305240B", []),
        ("01/15/2026 - A0305240B", "", date(2026, 1, 15), "A0305240B", []),
        ("03/05/2024 - A0305240B", "mdy", date(2024, 3, 5), "A0305240B", []),
        ("03/05/2024 - A0305240B", "", None, "A0305240B", ["date-ambiguous"]),
        ("05March2024 - B1111111C", "", date(2024, 3, 5), "", []),
        ("31February2024 - A0305240B", "", None, "A0305240B", []),
        ("", "", None, "A0305240B", []),
    ],
)
def test_read__reads_date_and_id_of_the_scan(stated, dates, day, scan_id, notes):
    found = of(report_text(Scan=stated), dates=dates)
    assert (found.scan_date, found.scan_id, codes(found)) == (day, scan_id, notes)


@pytest.mark.parametrize(
    ("stated", "dates", "kept"),
    [
        ("12.04.1951", "", "19510412"),
        ("04/12/1951", "", ""),
        ("04/12/1951", "mdy", "19510412"),
        ("04/28/1951", "", "19510428"),
        ("12.04.51", "", ""),
        ("unknown", "", ""),
    ],
)
def test_read__reads_a_birth_date_only_where_it_is_certain(stated, dates, kept):
    assert of(report_text(DOB=stated), dates=dates).patient.birth_date == kept


@pytest.mark.parametrize(
    ("height", "weight", "cm", "kg"),
    [
        ("64.0 in", "130.0 lb", 162.56, 58.967008),
        ("1.63 m", "58,4 kg", 163.0, 58.4),
        ("163.5", "58.4", None, None),
        ("5 ft 4 in", "nine stone", None, None),
    ],
)
def test_read__converts_sizes_of_the_person_only_from_stated_units(height, weight, cm, kg):
    patient = of(report_text(Height=height, Weight=weight)).patient
    assert (patient.height_cm, patient.weight_kg) == (cm, kg)


def test_read__takes_no_factor_that_is_given_with_two_values():
    found = of(report_text(tags={"ACF": "1.032"}))
    assert (found.circumstances.acf, found.circumstances.bcf, codes(found)) == (None, 0.987, ["cell-refused"])


def test_read__keeps_no_circumstance_that_names_the_person():
    about = of(report_text(AnalProtocol="Hip of Testperson", ScanMode="PAT-0815", ScanType="12.04.1951")).circumstances
    assert (about.protocol, about.scan_mode, about.scan_type) == ("", "", "")
    assert of(report_text(PatientID="A0305240B")).scan_id == ""


def test_read__names_a_scan_by_device_and_scan_id():
    assert of(report_text(tags={"ScanID": "A0305240B", "SerialNumber": "81234"})).key == "81234/A0305240B"
    assert of(report_text()).key == ""
