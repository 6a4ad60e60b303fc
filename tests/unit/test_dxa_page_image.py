"""Whole pages of known numbers, drawn and read again; and pictures that are no pages."""

from __future__ import annotations

import re
import shutil
import time

import numpy as np
import pytest
from scipy import ndimage

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import page_image
from bonemetrics.records import RawDxaReport
from tests.dxa_cases.page_image import (
    FONTS,
    HOLOGIC_HEADS,
    LUNAR_HEADS,
    SECRETS,
    Print,
    Rows,
    Table,
    draw,
    hologic_page,
    lunar_page,
)

pytestmark = pytest.mark.skipif(shutil.which("tesseract") is None, reason="the program tesseract is not installed")
NAMES = {"Area": "area", "BMC": "bmc", "BMD": "bmd", "Z -": "z_score", "T -": "t_score"}


def truth_of(rows: Rows, heads: tuple[tuple[str, str, float], ...]) -> dict[tuple[str, str], str]:
    """Printed numbers by region and cell."""
    return {
        (region, NAMES[head]): value
        for region, values in rows
        for (head, _, _), value in zip(heads, values, strict=True)
        if head in NAMES
    }


def numbers_of(report: RawDxaReport) -> dict[tuple[str, str], str]:
    """Those cells that have a value."""
    return {
        (row.region, name): cell.raw
        for row in report.rows
        for name, cell in row.cells.items()
        if cell.value is not None and name in NAMES.values()
    }


@pytest.fixture(scope="module")
def hologic() -> tuple[RawDxaReport, Rows]:
    """A page as a screen shows it, in type without serifs."""
    picture, rows = hologic_page(
        np.random.default_rng(711), Print(font=FONTS / "DejaVuSans.ttf", points=8.5, fine=False)
    )
    (report,) = page_image.read_pages([picture], first_page=4).reports
    return report, rows


def test_read_pages__reads_every_number_of_a_clean_page(hologic: tuple[RawDxaReport, Rows]) -> None:
    report, rows = hologic
    truth = truth_of(rows, HOLOGIC_HEADS)
    found = numbers_of(report)
    assert all(truth[spot] == text for spot, text in found.items())
    density = {spot for spot in truth if spot[1] in ("area", "bmc", "bmd")}
    assert len(density & set(found)) >= 0.95 * len(density)
    # The minus signs, which Tesseract loses.
    scores = {spot: text for spot, text in found.items() if spot[1] == "z_score"}
    assert sum(text.startswith("-") for text in scores.values()) >= 4


def test_read_pages__leaves_the_empty_column_empty(hologic: tuple[RawDxaReport, Rows]) -> None:
    report, _ = hologic
    assert len(report.rows) == 15
    assert all(row.cells["t_score"].is_empty for row in report.rows)


def test_read_pages__says_where_each_number_is_from(hologic: tuple[RawDxaReport, Rows]) -> None:
    report, _ = hologic
    cell = report.rows[2].cells["bmc"]
    page, x0, _, x1, _ = re.fullmatch(r"page (\d+) box ([\d.]+),([\d.]+),([\d.]+),([\d.]+)", cell.place).groups()  # type: ignore[union-attr]
    assert page == "4"
    assert 200 < float(x0) < float(x1) < 245
    assert cell.trust == "ocr"
    assert cell.unit == "g"
    assert cell.decimals == 2
    assert set(report.pictures) >= {cell.picture}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.png", name) for name in report.pictures)


def test_read_pages__keeps_no_secret_outside_of_the_patient(hologic: tuple[RawDxaReport, Rows]) -> None:
    report, _ = hologic
    text = report.model_copy(update={"patient": type(report.patient)()}).model_dump_json(exclude={"pictures"})
    assert not any(secret in text for secret in SECRETS)


def test_read_pages__believes_facts_that_every_look_sees(hologic: tuple[RawDxaReport, Rows]) -> None:
    report, _ = hologic
    assert report.site == "lumbar-spine"
    assert report.device.manufacturer == "Hologic"
    # An identifier is right, or it is left out.
    assert report.patient.patient_id in ("", "ZQ-5503")
    assert report.scan_id in ("", "A0319157C")
    assert report.scan_date is None or report.scan_date.isoformat() == "2015-03-19"


# Treatment; whether the page is shown white on black; the share of area, BMC and BMD that is at least read.
HARDSHIPS = [
    pytest.param(
        hologic_page,
        HOLOGIC_HEADS,
        Print(font=FONTS / "STIXGeneral.ttf", dpi=96, quality=60, turned=0.4),
        True,
        0.6,
        id="jpeg, turned, inverted",
    ),
    pytest.param(
        lunar_page,
        LUNAR_HEADS,
        Print(font=FONTS / "DejaVuSans.ttf", points=7.5),
        False,
        0.0,
        id="as small as it gets",
    ),
]


@pytest.mark.parametrize(("make", "heads", "how", "inverted", "share"), HARDSHIPS)
def test_read_pages__is_never_wrong(make, heads, how: Print, inverted: bool, share: float) -> None:  # type: ignore[no-untyped-def]
    picture, rows = make(np.random.default_rng(90210), how)
    truth = truth_of(rows, heads)
    (report,) = page_image.read_pages([255 - picture if inverted else picture]).reports
    found = numbers_of(report)
    assert {spot: (text, truth[spot]) for spot, text in found.items() if truth[spot] != text} == {}
    density = [spot for spot in truth if spot[1] in ("area", "bmc", "bmd")]
    assert sum(spot in found for spot in density) >= share * len(density)


def photograph() -> np.ndarray:
    """Soft blobs, edges and grain, as in a picture of bone."""
    rng = np.random.default_rng(3)
    soft = ndimage.gaussian_filter(rng.normal(size=(848, 640)), 9)
    bone = 90 + 1500 * soft + rng.normal(size=soft.shape) * 6
    return np.clip(bone, 0, 255).astype(np.uint8)


NO_PAGES = {
    "bone": photograph(),
    "grain": np.random.default_rng(8).integers(0, 256, (900, 700), np.uint8),
    "paper": np.full((1100, 850), 250, np.uint8),
    "black": np.zeros((600, 680), np.uint8),
    "lines": np.where(np.indices((800, 600)).sum(axis=0) % 40 < 3, 0, 255).astype(np.uint8),
}


@pytest.mark.parametrize("picture", NO_PAGES.values(), ids=NO_PAGES.keys())
def test_read_pages__sees_quickly_that_a_picture_is_no_report(picture: np.ndarray) -> None:
    start = time.process_time()
    with pytest.raises(ReadError) as found:
        page_image.read_pages([picture])
    assert found.value.code == "no-dxa-results"
    assert time.process_time() - start < 3.0


def test_read_pages__refuses_a_letter_without_results() -> None:
    lines = [(f"The patient was seen on day {n} and is doing well today", 40.0, 60.0 + 20 * n) for n in range(30)]
    table = Table(heads=(("Dose", "(mg)", 150.0),), rows=[("Monday", ("5.00",)), ("Friday", ("2.50",))], top=680.0)
    with pytest.raises(ReadError) as found:
        page_image.read_pages([draw(lines, table, Print(dpi=96))])
    assert found.value.code == "no-dxa-results"


def test_read_pages__refuses_a_book() -> None:
    page = np.full((120, 120), 255, np.uint8)
    with pytest.raises(ReadError) as found:
        page_image.read_pages([page] * 21)
    assert found.value.code == "too-large"
