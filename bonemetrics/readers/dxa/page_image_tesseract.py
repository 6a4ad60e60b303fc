"""Tesseract through a pipe: no picture of a person's report is ever written to a disk."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.page_image_files import Grey
from bonemetrics.readers.dxa.page_image_ink import Box

NUMBERS = "0123456789.,-"
_SECONDS = 60.0
_FIELDS = 12
_MARGIN, _LEFT = 3, 12
_LANE_GAP = 8
_TALLEST = 30_000
"""Rows of a picture; Tesseract takes no more than 32767."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A word as Tesseract saw it, in pixels of the sheet, and how sure it says it is (0 to 100)."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    sure: float


def program() -> str:
    """Path of the program.

    Raises
    ------
    ReadError
        `ocr-unavailable` if there is none.
    """
    found = shutil.which("tesseract")
    if found is None:
        raise ReadError(
            "pictures of reports are read by the program tesseract, which is not installed;"
            " install it with: apt install tesseract-ocr",
            code="ocr-unavailable",
        )
    return found


def words_on(paper: Grey, *, enlarge: float, letters: str = "", seconds: float = _SECONDS) -> list[Seen]:
    """Read a picture as one block of lines.

    Parameters
    ----------
    paper
        Dark on white.
    enlarge
        How many times it is enlarged before; type of seven pixels needs three.
    letters
        The only ones to be told apart; empty: all.
    seconds
        Limit of time.

    Returns
    -------
    list of Seen

    Raises
    ------
    ReadError
        `ocr-unavailable` where the program or its English data are absent, `results-not-understood` where it comes to
        no end or fails.
    """
    rows, columns = paper.shape
    size = (max(1, round(columns * enlarge)), max(1, round(rows * enlarge)))
    packed = io.BytesIO()
    Image.fromarray(paper).resize(size, Image.Resampling.BICUBIC).save(packed, "PNG", compress_level=1)
    table = _run(packed.getvalue(), letters, seconds)
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split("\t")
        if len(fields) != _FIELDS or fields[0] != "5" or not fields[11].strip():
            continue
        left, top, width, height = (int(field) / enlarge for field in fields[6:10])
        found.append(Seen(fields[11].strip(), left, top, left + width, top + height, float(fields[10])))
    return found


def words_in(paper: Grey, boxes: Sequence[Box], *, enlarge: float, letters: str = "") -> list[list[Seen]]:
    """Read boxes of a page each by itself: they are set below each other, one to a line.

    Tesseract alone decides badly what belongs to a line where a page holds pictures, frames and columns.

    Parameters
    ----------
    paper
        The page, dark on white.
    boxes
        What to read.
    enlarge, letters
        As for `words_on`.

    Returns
    -------
    list of list of Seen
        The words of each box from left to right, in pixels of the page.
    """
    found: list[list[Seen]] = []
    each = int(_TALLEST / enlarge / _lane(boxes)) - 1 if boxes else 1
    for start in range(0, len(boxes), max(1, each)):
        found += _ribbon(paper, boxes[start : start + max(1, each)], enlarge, letters)
    return found


def _lane(boxes: Sequence[Box]) -> int:
    return max(box.height for box in boxes) + 2 * _MARGIN + _LANE_GAP


def _ribbon(paper: Grey, boxes: Sequence[Box], enlarge: float, letters: str) -> list[list[Seen]]:
    lane = _lane(boxes)
    ribbon: npt.NDArray[np.uint8] = np.full(
        (lane * (len(boxes) + 1), max(box.width for box in boxes) + 2 * _LEFT), 255, np.uint8
    )
    tops = [lane * number + lane // 2 + (lane - box.height) // 2 for number, box in enumerate(boxes)]
    for top, box in zip(tops, boxes, strict=True):
        ribbon[top : top + box.height, _LEFT : _LEFT + box.width] = paper[box.y0 : box.y1, box.x0 : box.x1]
    found: list[list[Seen]] = [[] for _ in boxes]
    for word in words_on(ribbon, enlarge=enlarge, letters=letters):
        number = int(((word.y0 + word.y1) / 2 - lane / 2) // lane)
        if 0 <= number < len(boxes):
            right, down = boxes[number].x0 - _LEFT, boxes[number].y0 - tops[number]
            found[number].append(
                Seen(word.text, word.x0 + right, word.y0 + down, word.x1 + right, word.y1 + down, word.sure)
            )
    return [sorted(line, key=lambda one: one.x0) for line in found]


def _run(picture: bytes, letters: str, seconds: float) -> str:
    command = [program(), "-", "-", "-l", "eng", "--psm", "6", "--dpi", "200"]
    command += ["-c", f"tessedit_char_whitelist={letters}"] if letters else []
    kept = {name: os.environ[name] for name in ("PATH", "TESSDATA_PREFIX", "SYSTEMROOT") if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - the program's own path and fixed arguments, no shell
            [*command, "tsv"],
            input=picture,
            capture_output=True,
            timeout=seconds,
            env={**kept, "OMP_THREAD_LIMIT": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        # The chain would carry the picture along.
        raise ReadError("reading the picture takes too long for a page", code="results-not-understood") from None
    except OSError as error:
        raise ReadError("the program tesseract cannot be started", code="ocr-unavailable") from error
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "replace")
    if b"Error opening data file" in done.stderr or b"loading language" in done.stderr:
        raise ReadError(
            "tesseract has no English data; install it with: apt install tesseract-ocr-eng", code="ocr-unavailable"
        )
    raise ReadError("the program tesseract failed on the picture", code="results-not-understood")
