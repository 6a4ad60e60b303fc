"""A number from a picture stands only where independent readings of its cell agree."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from PIL import Image

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.page_image_agreement import agreed_reports
from bonemetrics.readers.dxa.page_image_cells import Look, Token, crop, is_part, with_readings
from bonemetrics.readers.dxa.page_image_glyphs import Matched
from bonemetrics.readers.dxa.page_image_ink import Box, Sheet
from bonemetrics.records import DxaCell, DxaDevice, DxaPatient, DxaRow, RawDxaReport

BOX = Box(40, 20, 58, 27)
SURE = Matched("0.873", 0.02, 9.0)


def sheet(*boxes: Box) -> Sheet:
    ink = np.zeros((60, 120), np.float32)
    for box in boxes:
        ink[box.y0 : box.y1, box.x0 : box.x1] = 0.9
    return Sheet(ink, 1.0, 7.0)


def read(
    looks: tuple[str, ...],
    matched: Matched | None,
    *,
    name: str = "bmd",
    others: tuple[str, ...] = ("0.941", "0.917"),
    box: Box = BOX,
) -> tuple[DxaCell, RawDxaReport]:
    """The cell of one token, below two that set the form of its column."""
    tokens = [Token(box, looks, matched)]
    rows = [DxaRow(region="L1", cells={name: DxaCell(raw="?", unit="g/cm2", place=place(box), trust="ocr")})]
    for number, text in enumerate(others):
        other = Box(40, 33 + 11 * number, 58, 40 + 11 * number)
        tokens.append(Token(other, (text, text, text), Matched(text, 0.01, 20.0)))
        rows.append(DxaRow(region=f"L{number + 2}", cells={name: DxaCell(raw=text, place=place(other), trust="ocr")}))
    page = sheet(*(token.box for token in tokens))
    look = Look(page.paper, page, tuple(tokens))
    report = with_readings(RawDxaReport(route="page-image", rows=tuple(rows)), {1: look})
    return report.rows[0].cells[name], report


def place(box: Box) -> str:
    return f"page 1 box {box.x0},{box.y0},{box.x1},{box.y1}"


def test_with_readings__keeps_what_both_read() -> None:
    cell, report = read(("0.873", "0.873", "0873"), SURE)
    assert (cell.raw, cell.value, cell.decimals) == ("0.873", 0.873, 3)
    assert cell.readings == ("0.873", "0.873")
    assert cell.picture == "cell-L1-bmd.png"
    assert Image.open(io.BytesIO(report.pictures[cell.picture])).size[1] < 3 * 12


@pytest.mark.parametrize(
    ("looks", "matched", "why"),
    [
        (("0.873", "0.878", "0.878"), SURE, "most looks say another digit"),
        (("0.873", "0.878"), SURE, "as many looks say another digit"),
        (("0.878", "0.878", "0.878"), SURE, "no look agrees"),
        (("0873", "0873", "873"), SURE, "the point is lost in every look"),
        (("0.873", "0.873", "0.873"), None, "digits could not be matched"),
        (("0.873", "0.873", "0.873"), Matched("0.873", 0.3, 9.0), "digits look like none of the page"),
        (("0.873", "0.873", "0.873"), Matched("0.873", 0.02, 1.2), "another digit looks nearly as much like it"),
        (("0.873", "0.873", "0.878"), Matched("0.873", 0.15, 2.0), "digits in doubt, and a look that says another"),
        (("0.873", "0.873", ""), Matched("0.873", 0.15, 2.0), "digits in doubt, and too few looks"),
        (("8.73", "8.73", "8.73"), Matched("8.73", 0.02, 9.0), "another form than the rest of its column"),
        (("", "", ""), Matched("0.873", 0.02, 9.0), "Tesseract saw nothing"),
    ],
)
def test_with_readings__refuses(looks: tuple[str, ...], matched: Matched | None, why: str) -> None:
    cell, report = read(looks, matched)
    assert cell.value is None, why
    assert len(cell.readings) == 2
    assert not cell.is_empty
    assert report.pictures[cell.picture].startswith(b"\x89PNG")


def test_with_readings__takes_doubtful_digits_where_every_look_agrees() -> None:
    cell, _ = read(("0.873", "0.873", "0.873", "0.73"), Matched("0.873", 0.15, 2.0))
    assert cell.value == 0.873


def test_with_readings__keeps_a_score_by_its_digits_though_tesseract_lost_its_sign() -> None:
    cell, _ = read(("13", "13", "1.3"), Matched("-1.3", 0.02, 9.0), name="t_score", others=("0.4", "-2.1"))
    assert (cell.raw, cell.value, cell.decimals) == ("-1.3", -1.3, 1)
    assert cell.readings == ("13", "-1.3")
    other, _ = read(("15", "15", "15"), Matched("-1.3", 0.02, 9.0), name="t_score", others=("0.4", "-2.1"))
    assert other.value is None


def test_with_readings__tells_an_empty_cell_by_its_pixels() -> None:
    page = sheet(BOX)
    look = Look(page.paper, page, ())
    cells = {
        "t_score": DxaCell(place="page 1 box 80,18,100,29", trust="ocr"),
        "bmd": DxaCell(place="page 1 box 36,18,62,29", trust="ocr"),
    }
    report = with_readings(RawDxaReport(route="page-image", rows=(DxaRow(region="L1", cells=cells),)), {1: look})
    empty, inked = report.rows[0].cells["t_score"], report.rows[0].cells["bmd"]
    assert empty.is_empty
    assert not empty.picture
    assert inked.value is None
    assert inked.readings == ("", "")
    assert inked.picture in report.pictures


def test_with_readings__leaves_a_dash_as_a_dash() -> None:
    dash = Box(46, 23, 50, 24)
    cell, _ = read(("-", "-", ""), None, box=dash)
    assert (cell.raw, cell.value, cell.is_empty) == ("-", None, True)


def test_with_readings__counts_in_pixels_of_the_picture() -> None:
    page = replace(sheet(BOX), scale=2.5)
    look = Look(np.full((150, 300), 255, np.uint8), page, (Token(BOX, ("0.873", "0.873"), SURE),))
    cell = DxaCell(raw="?", place="page 1 box 100,50,145,67.5", trust="ocr")
    report = with_readings(
        RawDxaReport(route="page-image", rows=(DxaRow(region="L1", cells={"bmd": cell}),)), {1: look}
    )
    assert report.rows[0].cells["bmd"].value == 0.873
    assert report.rows[0].cells["bmd"].place == "page 1 box 100,50,145,67.5"


def test_names_of_pictures__hold_safe_letters_only() -> None:
    cell = DxaCell(raw="?", place=place(BOX), trust="ocr")
    rows = (
        DxaRow(region="L1,L3-L4", cells={"bmd": cell}),
        DxaRow(region="radius+ulna-33", side="left", cells={"bmc": cell}),
        DxaRow(region="neck", statistic="difference", cells={"area": cell}),
    )
    page = sheet(BOX)
    look = Look(page.paper, page, (Token(BOX, ("0.873",), SURE),))
    report = with_readings(RawDxaReport(route="page-image", rows=rows), {1: look})
    assert sorted(report.pictures) == [
        "cell-L1_L3-L4-bmd.png",
        "cell-neck-difference-area.png",
        "cell-radius_ulna-33-left-bmc.png",
    ]


def test_crop__shows_the_cell_and_not_its_neighbours() -> None:
    grey = np.full((40, 200), 255, np.uint8)
    grey[10:17, 50:70] = 0
    grey[10:17, 76:90] = 120
    part = np.asarray(Image.open(io.BytesIO(crop(grey, "page 3 box 50,10,70,17"))))
    assert (part == 0).sum() == 9 * 7 * 20
    assert set(np.unique(part)) == {0, 255}
    with pytest.raises(ValueError, match="box"):
        crop(grey, "Hip.NECK_BMD")


def test_is_part__tells_a_lost_digit_from_another_one() -> None:
    assert is_part("1.85", "51.85")
    assert not is_part("31.85", "51.85")
    assert not is_part("51.85", "51.85")


def report(**changes: object) -> RawDxaReport:
    rows = tuple(
        DxaRow(region=region, cells={"bmd": DxaCell(raw="1", place=f"page 1 box 1,{n},5,{n + 7}")})
        for n, region in ((10, "L1"), (20, "L2"))
    )
    facts: dict[str, object] = {
        "route": "page-image",
        "rows": rows,
        "scan_id": "A0319157C",
        "key": "207463M/A0319157C",
        "scan_date": date(2015, 3, 19),
        "device": DxaDevice(manufacturer="Hologic", serial="207463M"),
        "patient": DxaPatient(patient_id="ZQ-5503", sex="F"),
    }
    return RawDxaReport.model_validate({**facts, **changes})


def test_agreed_reports__keeps_facts_that_both_looks_hold() -> None:
    (kept,) = agreed_reports([report()], [report()], is_written=lambda _: True)
    assert kept == report()


def test_agreed_reports__empties_facts_that_differ() -> None:
    twin = report(
        scan_date=date(2015, 3, 18),
        patient=DxaPatient(patient_id="ZQ-5508", sex="F"),
        device=DxaDevice(manufacturer="Hologic", serial="207468M"),
    )
    (kept,) = agreed_reports([report()], [twin], is_written=lambda _: True)
    assert kept.scan_date is None
    assert kept.patient == DxaPatient(sex="F")
    assert kept.device == DxaDevice(manufacturer="Hologic")
    assert kept.key == ""


def test_agreed_reports__empties_an_identifier_that_some_look_lacks() -> None:
    (kept,) = agreed_reports([report()], [report()], is_written=lambda text: text != "ZQ-5503")
    assert kept.patient.patient_id == ""
    assert kept.scan_id == "A0319157C"
    odd = report(patient=DxaPatient(patient_id="$503"))
    (kept,) = agreed_reports([odd], [odd], is_written=lambda _: True)
    assert kept.patient.patient_id == ""


def test_agreed_reports__drops_a_row_with_two_names() -> None:
    other = report()
    twin = report(rows=(other.rows[0], other.rows[1].model_copy(update={"region": "L1-L2"})))
    (kept,) = agreed_reports([other], [twin], is_written=lambda _: True)
    assert [row.region for row in kept.rows] == ["L1"]
    assert [problem.code for problem in kept.problems] == ["unknown-region"]


def test_agreed_reports__drops_two_rows_of_one_name() -> None:
    rows = report().rows
    other = report(rows=(*rows, rows[1].model_copy(update={"cells": {"bmd": DxaCell(place="page 1 box 1,30,5,37")}})))
    (kept,) = agreed_reports([other], [other], is_written=lambda _: True)
    assert [row.region for row in kept.rows] == ["L1"]
    assert [problem.code for problem in kept.problems] == ["unknown-region"]


def test_agreed_reports__refuses_a_table_without_a_row_that_both_see() -> None:
    with pytest.raises(ReadError) as found:
        agreed_reports([report()], [], is_written=lambda _: True)
    assert found.value.code == "results-not-understood"
