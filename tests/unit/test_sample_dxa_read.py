"""The sample's reports through the door of the readers: every number back as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from bonemetrics.dxa.judge import judge
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.door import read_dxa
from bonemetrics.sample.dxa.exam import Report
from bonemetrics.sample.dxa.files import content, states, table_rows
from bonemetrics.sample.dxa.numbers import DECIMALS, QUANTITIES
from bonemetrics.sample.dxa.plan import reports
from bonemetrics.sample.dxa.reference import curves
from bonemetrics.sample.people import VISITS, WOMEN

MONTHS = {1: 0, 2: 24, 3: 0, 4: 0, 5: 12, 6: 24, 7: 6, 8: 12, 9: 12, 10: 0}
"""One visit of every woman: those of the scanner replaced, of the slip and of the decimal commas among them."""


def files() -> list:
    found = []
    for number, months in MONTHS.items():
        visit = next(visit for visit in VISITS if visit.months == months)
        for one in reports(WOMEN[number - 1], visit):
            if one.form not in ("page-image", "dicom-image"):
                found.append(pytest.param(one, id=f"{WOMEN[number - 1].subject}-{one.name}"))
    return found


def stated(one: Report) -> dict[tuple[str, str, str], float]:
    """Every number that a file holds, those that another route holds to more digits included."""
    numbers = {}
    for _, row in table_rows(one):
        for name in QUANTITIES:
            exact = one.form == "hologic-p-file" and name in DECIMALS
            text = row.exact(name) if exact else row.text(name)
            if text and states(one, row, name):
                numbers[row.region, row.side or "", name] = float(text)
    return numbers


@pytest.mark.parametrize("one", files())
def test_read__gives_every_number_whose_and_when(one):
    reading = read_dxa(content(one), Path(one.name), dates="mdy")
    found = {
        (row.region, row.side or "", name): cell.value
        for report in reading.reports
        for row in report.rows
        if row.statistic != "difference"
        for name, cell in row.cells.items()
        if name in QUANTITIES and cell.value is not None
    }
    expected = stated(one)
    if one.slip is not None:
        region, name = one.slip
        assert found.pop((region, "left", name)) != expected.pop((region, "left", name))
    assert found == expected
    for report in reading.reports:
        assert report.scan_date == one.exams[0].scanned.date()
        assert (report.patient.patient_id, report.patient.sex) == (one.exams[0].patient_id, "F")
        if one.shows_both_hips:
            assert report.side is None
            continue
        (exam,) = [exam for exam in one.exams if exam.site == report.site]
        assert report.side == exam.side
        assert report.included in ((), exam.levels)


def test_read__an_image_without_results_is_refused_in_words():
    one = next(report for report in reports(WOMEN[9], VISITS[0]) if report.form == "dicom-image")
    with pytest.raises(ReadError, match="AP Spine") as caught:
        read_dxa(content(one), Path(one.name))
    assert caught.value.code == "no-dxa-results"


def test_read__a_stained_page_gives_nothing_wrong_and_no_number_under_the_stain():
    one = next(report for report in reports(WOMEN[3], VISITS[1]) if report.stain)
    try:
        (report,) = read_dxa(content(one), Path(one.name), dates="mdy").reports
    except ReadError as error:
        if error.code == "ocr-unavailable":
            pytest.skip("needs tesseract")
        raise
    kept = {
        (row.region, row.side or "", name): cell.value
        for row in judge(report, curves=curves()).report.rows
        for name, cell in row.cells.items()
        if name in QUANTITIES and cell.value is not None
    }
    written = stated(one)
    assert {place: value for place, value in kept.items() if written.get(place) != value} == {}
    assert (*one.stain[:1], "", one.stain[1]) not in kept
    assert len([place for place in kept if place[2] in DECIMALS]) >= 0.9 * 45
    assert report.patient.patient_id == one.exams[0].patient_id
