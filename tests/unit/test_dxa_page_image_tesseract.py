"""Tesseract through a pipe: its absence, its failures, and that it leaves nothing behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import page_image
from bonemetrics.readers.dxa.page_image_files import Grey
from bonemetrics.readers.dxa.page_image_ink import Box
from bonemetrics.readers.dxa.page_image_tesseract import Seen, program, words_in, words_on
from bonemetrics.readers.dxa.page_image_words import pixel_words, with_units
from tests.dxa_cases.page_image import FONTS

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="the program tesseract is not installed")


@pytest.fixture(scope="module")
def page() -> Grey:
    """Three words, of which the second stands far to the right."""
    picture = Image.new("L", (300, 90), 255)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(FONTS / "DejaVuSans.ttf"), 22)
    for text, x, y in (("Region", 12, 8), ("13.26", 200, 8), ("Neck", 12, 50)):
        pen.text((x, y), text, fill=0, font=font)
    return np.asarray(picture, np.uint8)


@needs_tesseract
def test_words_on__places_words_in_pixels_of_the_page(page: Grey) -> None:
    found = {word.text: word for word in words_on(page, enlarge=1.5)}
    assert set(found) == {"Region", "13.26", "Neck"}
    number = found["13.26"]
    assert 198 <= number.x0 < number.x1 <= 270
    assert 8 <= number.y0 < number.y1 <= 36


@needs_tesseract
def test_words_in__reads_each_box_by_itself(page: Grey) -> None:
    boxes = [Box(10, 46, 90, 76), Box(120, 2, 180, 32), Box(195, 2, 285, 38)]
    found = words_in(page, boxes, enlarge=1.5)
    assert [[word.text for word in words] for words in found] == [["Neck"], [], ["13.26"]]
    assert 198 <= found[2][0].x0 < found[2][0].x1 <= 270
    assert words_in(page, [], enlarge=1.5) == []


@needs_tesseract
def test_words_on__leaves_no_file_behind(page: Grey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert words_on(page, enlarge=1.5)
    assert list(tmp_path.iterdir()) == []


def test_program__says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReadError, match="apt install tesseract-ocr") as found:
        program()
    assert found.value.code == "ocr-unavailable"


def test_read_pages__says_so_before_it_looks_at_a_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReadError) as found:
        page_image.read_pages([np.full((400, 300), 255, np.uint8)])
    assert found.value.code == "ocr-unavailable"


@needs_tesseract
def test_words_on__names_the_missing_language(page: Grey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    with pytest.raises(ReadError, match="tesseract-ocr-eng") as found:
        words_on(page, enlarge=1.5)
    assert found.value.code == "ocr-unavailable"


@needs_tesseract
def test_words_on__ends_in_time(page: Grey) -> None:
    with pytest.raises(ReadError, match="too long") as found:
        words_on(page, enlarge=3.0, seconds=0.001)
    assert found.value.code == "results-not-understood"
    assert found.value.__cause__ is None


def stand_in(folder: Path, script: str) -> None:
    path = folder / "tesseract"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_words_on__refuses_when_the_program_fails(page: Grey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(tmp_path, "exit 3")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReadError) as found:
        words_on(page, enlarge=1.0)
    assert found.value.code == "results-not-understood"


def test_words_on__refuses_a_program_that_cannot_be_started(
    page: Grey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tesseract").write_bytes(b"\x7fELF no program at all")
    (tmp_path / "tesseract").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReadError) as found:
        words_on(page, enlarge=1.0)
    assert found.value.code == "ocr-unavailable"


def test_words_on__passes_over_lines_of_another_form(
    page: Grey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = r"head\n5\t1\t1\t1\t1\t1\t6\t8\t20\t10\t91.5\tNeck\n5\t1\tbroken\n4\t1\t1\t1\t1\t0\t6\t8\t20\t10\t-1\t\n"
    stand_in(tmp_path, f"printf '{lines}'")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert words_on(page, enlarge=2.0) == [Seen("Neck", 3.0, 4.0, 13.0, 9.0, 91.5)]


def seen(text: str, x0: float, y0: float, x1: float, y1: float) -> Seen:
    return Seen(text, x0, y0, x1, y1, 90.0)


def test_pixel_words__prefers_a_box_read_alone_and_mends_heads() -> None:
    whole = [seen("Reqion", 30, 10, 60, 18), seen("O.873", 300, 30, 322, 37), seen("Weight:", 200, 60, 240, 67)]
    words = pixel_words(whole, [Box(299, 29, 323, 38)], [[seen("0.873", 300, 30, 322, 37)]])
    assert sorted(word.text for word in words) == ["0.873", "Region", "Weight:"]


def test_with_units__knows_units_by_their_width_below_a_head() -> None:
    heads = [seen("BMD", 300, 10, 322, 17), seen("BMC", 220, 10, 242, 17), seen("Area", 130, 10, 150, 17)]
    # In digits of 5 pixels: 6.2, 2.4 and 4.4 wide.
    units = [seen("(g/ar)", 295, 19, 326, 28), seen("(@)", 226, 19, 238, 28), seen("(ae)", 129, 19, 151, 28)]
    far = [seen("(e/ar)", 295, 119, 326, 128), seen("(rng/ar)", 292, 19, 329, 28), seen("(cm2)", 129, 19, 151, 28)]
    texts = [word.text for word in with_units([*heads, *units, *far], 5.0)]
    assert texts == ["BMD", "BMC", "Area", "(g/cm2)", "(g)", "(cm)", "(e/ar)", "(rng/ar)", "(cm2)"]
