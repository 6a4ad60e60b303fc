"""What every reader of DXA results promises, on an example of its own form."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import math
import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from bonemetrics.anatomy import SITES, is_region, site_of
from bonemetrics.dxa.units import FACTORS
from bonemetrics.errors import NOTES, ReadError
from bonemetrics.readers.dxa import door
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaCell, DxaPatient, DxaReading, RawDxaReport, Route, Trust
from tests.dxa_cases import DxaCase, dxa_cases

CASES = dxa_cases()
IN_DICOM_ONLY = ("dicom_sr", "hologic_image_analysis")
"""Readers that only the door for DICOM files calls."""
OTHER_ROUTES = {"hologic-r-file": "hologic-p-file"}
"""Routes of a reader that has its example under another one."""
TRUST: dict[str, Trust] = {
    **dict.fromkeys(("hologic-database", "hologic-p-file", "nhanes"), "exact"),
    "page-image": "ocr",
}
"""How far cells of a route may be believed, where it is not `text`."""
CUTS = 64
"""At how many places each example is cut off."""


@dataclass(frozen=True)
class Read:
    """A reading of a case, and everything that reading it let out beside it."""

    case: DxaCase
    reading: DxaReading
    talk: str
    left: tuple[str, ...]

    @property
    def cells(self) -> list[tuple[str, DxaCell]]:
        reports = self.reading.reports
        return [item for report in reports for row in report.rows for item in row.cells.items()]


def reader_of(case: DxaCase) -> Any:
    return importlib.import_module(case.module)


def numbers_of(report: RawDxaReport) -> set[tuple[object, ...]]:
    return {
        (row.region, row.side, row.statistic, name, cell.value)
        for row in report.rows
        for name, cell in row.cells.items()
        if cell.value is not None
    }


def read(case: DxaCase) -> DxaReading:
    return reader_of(case).read(Source(data=case.make(), name=case.file_name))  # type: ignore[no-any-return]


@contextlib.contextmanager
def overheard() -> Iterator[io.StringIO]:
    """What is printed or logged."""
    talk = io.StringIO()
    handler, root = logging.StreamHandler(talk), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        with contextlib.redirect_stdout(talk), contextlib.redirect_stderr(talk):
            yield talk
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.route)
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Every case read once, since pictures take seconds."""
    folder = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch, overheard() as talk:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.chdir(folder)
        try:
            reading = read(request.param)
        except ReadError as error:
            if error.code == "ocr-unavailable":
                pytest.skip("needs tesseract")
            raise
    return Read(request.param, reading, talk.getvalue(), tuple(path.name for path in folder.rglob("*")))


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.route)


def test_cases__every_reader_and_every_route_has_one():
    readers = {form.module for form in door.FORMS} | set(IN_DICOM_ONLY)
    assert {case.module.rpartition(".")[2] for case in CASES} == readers
    assert {case.route for case in CASES} | set(OTHER_ROUTES) == set(get_args(Route))


@each_case
def test_reader__names_its_route_and_knows_its_own_form_alone(case):
    reader, start = reader_of(case), case.make()[: door.START_BYTES]
    assert case.route == reader.ROUTE
    known = [one.route for one in CASES if reader_of(one).recognises(case.file_name, start)]
    assert known == ([] if case.by_attribute else [case.route])
    assert not reader.recognises(case.file_name, b"")


def test_reading__gives_the_numbers_of_the_file(done):
    found = {
        (row.region, row.side or "", name): cell.value
        for report in reversed(done.reading.reports)
        for row in report.rows
        if row.statistic != "difference"
        for name, cell in row.cells.items()
    }
    expected = done.case.numbers
    assert len(expected) >= 4
    of_case = {place: found[place] for place in expected}
    if TRUST.get(done.case.route) == "ocr":
        # A picture may withhold a number, though not most of them; it gives no wrong one.
        of_case = {place: value for place, value in of_case.items() if value is not None}
        assert len(of_case) > len(expected) / 2
        expected = {place: expected[place] for place in of_case}
    assert of_case == expected


def test_reading__gives_reports_whose_rows_are_of_known_sites_and_regions(done):
    assert done.reading.reports
    for report in done.reading.reports:
        assert report.rows
        assert report.site in SITES
        assert report.route in (done.case.route, *OTHER_ROUTES)
        for row in report.rows:
            assert site_of(row.region) == report.site
            assert is_region(report.site, row.region)
            assert row.cells


def test_reading__no_cell_stands_twice(done):
    for report in done.reading.reports:
        places = [(row.region, row.side, row.statistic) for row in report.rows]
        assert len(places) == len(set(places))


def test_reading__every_number_is_finite_and_has_its_text_its_place_and_a_known_unit(done):
    for name, cell in done.cells:
        assert cell.place
        assert cell.unit in FACTORS.get(name, {cell.unit: 1.0}) or cell.unit == ""
        if cell.value is not None:
            assert math.isfinite(cell.value)
            # The text tells the same number to whoever reads it by hand.
            assert float(cell.raw.strip().replace(",", ".")) == cell.value


def test_reading__trust_and_decimals_are_those_of_the_route(done):
    trust = TRUST.get(done.case.route, "text")
    assert {cell.trust for _, cell in done.cells} == {trust}
    for _, cell in done.cells:
        if trust == "exact":
            assert cell.decimals is None
        elif cell.value is not None:
            _, point, digits = cell.raw.strip().replace(",", ".").partition(".")
            assert cell.decimals == (len(digits) if point else 0)


def test_reading__only_the_record_of_the_patient_knows_who_it_is(done):
    nobody = [report.model_copy(update={"patient": DxaPatient()}) for report in done.reading.reports]
    anonymous = done.reading.model_copy(update={"reports": tuple(nobody)})
    places = (repr(done.reading), anonymous.model_dump_json(), repr(pickle.dumps(anonymous)), done.talk)
    assert [secret for secret in done.case.secrets for place in places if secret in place] == []
    if not done.case.by_attribute:
        assert all(report.patient.patient_id in done.case.secrets for report in done.reading.reports)


def test_reading__says_nothing_and_leaves_no_file(done):
    assert (done.talk, done.left) == ("", ())


def test_reading__is_the_same_the_second_time(done):
    assert read(done.case) == done.reading


def test_reading__crosses_processes_and_files(done):
    assert pickle.loads(pickle.dumps(done.reading)) == done.reading  # noqa: S301
    assert DxaReading.model_validate_json(done.reading.model_dump_json()) == done.reading


def test_reading__carries_documented_notes_only(done):
    problems = [*done.reading.problems, *(one for report in done.reading.reports for one in report.problems)]
    assert {problem.severity for problem in problems} <= {"note"}
    assert {problem.code for problem in problems} <= set(NOTES)


def test_truncated_file__is_refused_or_gives_no_number_that_the_whole_does_not(done):
    case, whole = done.case, done.case.make()
    known = [numbers_of(report) for report in done.reading.reports]
    for cut_at in range(CUTS):
        data = whole[: len(whole) * cut_at // (CUTS)]
        with overheard() as talk:
            try:
                reading = reader_of(case).read(Source(data=data, name=case.file_name))
                said = repr(reading)
            except ReadError as error:
                reading, said = DxaReading(), error.message
        assert [secret for secret in case.secrets if secret in said + talk.getvalue()] == []
        assert data or not reading.reports
        if "last-line-open" not in {problem.code for problem in reading.problems}:
            assert all(any(numbers_of(part) <= one for one in known) for part in reading.reports)


@pytest.mark.parametrize("report", [RawDxaReport(route="page-image", pictures={"cell.png": b"\x89PNG\xff\x00"})])
def test_pictures__cross_as_text(report):
    assert RawDxaReport.model_validate_json(report.model_dump_json()) == report
