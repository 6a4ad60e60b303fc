"""Digits of a page are learnt from some cells and read in others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from bonemetrics.readers.dxa.page_image_face import Face, Glyphs, Strip, heavier, learn, strip_of
from bonemetrics.readers.dxa.page_image_glyphs import match
from bonemetrics.readers.dxa.page_image_ink import Sheet, ink_of, tokens_of, without_rules
from bonemetrics.readers.dxa.page_image_labels import denies, vertebra_names
from bonemetrics.readers.dxa.page_image_type import checked, with_bold_type
from tests.dxa_cases.page_image import FONTS

TAUGHT = ["13.26", "41.79", "0.873", "9.50", "28.64", "0.917", "35.02", "7.48", "16.83", "50.91", "2.37", "64.05"]
SERIF, SANS = FONTS / "STIXGeneral.ttf", FONTS / "DejaVuSans.ttf"


def written(texts: list[str], *, font: object = SERIF, size: float = 10.0) -> Sheet:
    """One text to a line, each at another fraction of a pixel: drawn four times finer, then brought to size."""
    page = Image.new("L", (4 * 90, 4 * 16 * (len(texts) + 1)), 255)
    pen = ImageDraw.Draw(page)
    face = ImageFont.truetype(str(font), 4 * size)
    for number, text in enumerate(texts):
        pen.text((40 + 7 * number % 5, 64 * number + 30 + number % 3), text, fill=0, font=face)
    grey = np.asarray(page.resize((90, 16 * (len(texts) + 1)), Image.Resampling.BOX), np.uint8)
    return Sheet(ink_of(grey), 1.0, 7.0)


def strips(texts: list[str], **how: object) -> list[Strip]:
    sheet = written(texts, **how)  # type: ignore[arg-type]
    boxes = sorted(tokens_of(sheet), key=lambda box: box.y0)
    assert len(boxes) == len(texts)
    return [strip_of(sheet, box) for box in boxes]


@pytest.fixture(scope="module")
def face() -> Face:
    found = learn(strips(TAUGHT), TAUGHT)
    assert found is not None
    return found


def test_learn__finds_the_widths_of_the_type(face: Face) -> None:
    # In this type a digit is half as wide as the type is high, a point a quarter: 5 and 2.5 pixels, in quarters.
    assert face.advance == pytest.approx(20.0, abs=0.4)
    assert face.point == pytest.approx(10.0, abs=0.8)


@pytest.mark.parametrize("text", ["0.685", "72.94", "18.30", "6.07", "415", "83"])
def test_match__reads_numbers_it_was_not_taught(face: Face, text: str) -> None:
    (strip,) = strips([text])
    found = match(face, strip)
    assert found is not None
    assert found.text == text
    assert found.misfit < 0.2
    assert found.lead > 1.5


@pytest.mark.parametrize("text", ["-1.3", "-0.7", "-2.5"])
def test_match__sees_the_minus_sign(face: Face, text: str) -> None:
    found = match(face, strips([text])[0])
    assert found is not None
    assert found.text == text


def test_match__does_not_count_what_it_learnt_from_the_cell_itself() -> None:
    # 7 stands in one cell only: without that cell nothing on the page looks like it.
    texts = ["13.26", "41.29", "0.833", "9.50", "28.64", "0.917", "35.02", "16.83", "50.91", "64.05"]
    seen = strips(texts)
    taught = learn(seen, texts)
    assert taught is not None
    own, other = match(taught, seen[5]), match(taught, seen[5], owner=5)
    assert own is not None
    assert other is not None
    assert own.text == "0.917"
    assert own.misfit < 0.01
    assert other.text != "0.917"
    assert other.misfit > 0.1


def test_match__finds_no_number_where_there_is_none(face: Face) -> None:
    assert match(face, np.zeros((60, 80), np.float32)) is None
    word = match(face, strips(["Total"])[0])
    assert word is None or word.misfit > 0.25


def test_learn__needs_cells_to_learn_from() -> None:
    few = strips(TAUGHT[:3])
    assert learn(few, TAUGHT[:3]) is None
    assert learn(few, ["", "", ""]) is None


def test_learn__leaves_out_a_cell_whose_width_denies_its_text() -> None:
    # 0873 for 0.873 and 132.6 for 3.26: a lost point, and a digit too many.
    texts = [*TAUGHT, "3.26", "0.874"]
    seen = strips(texts)
    taught = learn(seen, [*TAUGHT, "132.60", "08.74"])
    assert taught is not None
    assert len(texts) - 2 not in taught.digits.owners


def relabelled(glyphs: Glyphs, wrong: str, right: str) -> Glyphs:
    return replace(glyphs, labels=np.where(glyphs.labels == right, wrong, glyphs.labels))


@pytest.mark.parametrize(("right", "wrong"), [("8", "3"), ("5", "6"), ("1", "7"), ("9", "0")])
def test_checked__drops_digits_that_no_known_type_writes_so(face: Face, right: str, wrong: str) -> None:
    held = checked(replace(face, digits=relabelled(face.digits, wrong, right)))
    places = {tuple(row) for row, label in zip(face.digits.pictures, face.digits.labels, strict=True) if label == right}
    assert not any(tuple(row) in places for row in held.digits.pictures)
    untouched = checked(face).digits.labels
    assert (untouched == right).sum() == (face.digits.labels == right).sum()


def test_heavier__explains_bold_digits_better(face: Face) -> None:
    bold = strips(["48.62"], font=FONTS / "STIXGeneralBol.ttf")[0]
    plain, thick = match(face, bold), match(heavier(face), bold)
    assert plain is not None
    assert thick is not None
    assert thick.text == "48.62"
    assert thick.misfit < plain.misfit


@pytest.mark.parametrize("font", [SERIF, SANS])
def test_vertebra_names__reads_runs_and_gaps(font: object) -> None:
    size = 10.0 if font == SERIF else 8.0
    names = ["L1", "L2", "L3", "L4", "L1-L2", "L2,L4", "L1-L2,L4", "L1,L3-L4", "T12", "Neck", "Total"]
    taught = learn(strips(TAUGHT, font=font, size=size), TAUGHT)
    assert taught is not None
    read = vertebra_names(taught, strips(names, font=font, size=size))
    assert read[-2:] == ["", ""]
    # What is read is right; a label in doubt is left to the order of the layout.
    assert all(seen in ("", name) for seen, name in zip(read, names, strict=True))
    assert sum(seen == name for seen, name in zip(read, names, strict=True)) >= 7


def test_denies__sees_that_another_digit_ends_a_name(face: Face) -> None:
    (strip,) = strips(["L2-L3"])
    assert denies(face, strip, "L2-L4")
    assert not denies(face, strip, "L2-L3")


def test_with_bold_type__reads_a_bold_number_that_no_cell_teaches(face: Face) -> None:
    (strip,) = strips(["48.62"], font=FONTS / "STIXGeneralBol.ttf")
    found = match(with_bold_type(face), strip)
    assert found is not None
    assert found.text == "48.62"
    assert found.misfit < 0.12


def test_without_rules__takes_frames_away_and_leaves_letters() -> None:
    ink: npt.NDArray[np.float32] = np.zeros((60, 90), np.float32)
    ink[5:7, 4:86] = 1.0
    ink[5:55, 4:6] = 1.0
    ink[30, 20:26] = 1.0
    cleaned = without_rules(ink, 7.0)
    assert cleaned[5:7].sum() == 0
    assert cleaned[:, 4:6].sum() == 0
    assert cleaned[30, 20:26].sum() == 6
