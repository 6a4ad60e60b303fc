"""Names of spine rows that the digits of the page do not tell: all looks of Tesseract must agree."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.readers.dxa import page_image_rows
from bonemetrics.readers.dxa.page_image_ink import Box, Sheet
from bonemetrics.readers.dxa.page_image_page import Glance, Opened
from bonemetrics.readers.dxa.page_image_rows import UNSURE, labels_on
from bonemetrics.readers.dxa.page_image_tesseract import Seen

FIRST, SECOND = ("L1", "L2", "L3-14", "Neck"), ("Ll", "L2", "L3-L4", "Neck")
BOXES = tuple(Box(30, 40 + 12 * n, 52, 47 + 12 * n) for n in range(4))


def at(text: str, box: Box) -> Seen:
    return Seen(text, box.x0, box.y0, box.x1, box.y1, 80.0)


def page(first: tuple[str, ...], second: tuple[str, ...]) -> Opened:
    """Four labels below the word Region, with what two looks read in each."""
    glances = [
        Glance((), tuple((at(text, box),) for text, box in zip(texts, BOXES, strict=True))) for texts in (first, second)
    ]
    sheet = Sheet(np.zeros((120, 200), np.float32), 1.0, 7.0)
    return Opened(1, sheet.paper, sheet, BOXES, (glances[0], glances[1]), (at("Region", Box(30, 20, 56, 28)),))


def more(monkeypatch: pytest.MonkeyPatch, texts: tuple[str, ...]) -> None:
    """What the further looks read in the labels that are open."""

    def words_in(_paper: object, boxes: list[Box], **_how: object) -> list[list[Seen]]:
        return [[at(text, box)] for text, box in zip(texts, boxes, strict=True)]

    monkeypatch.setattr(page_image_rows, "words_in", words_in)


def test_labels_on__takes_a_name_that_all_looks_give(monkeypatch: pytest.MonkeyPatch) -> None:
    more(monkeypatch, ("L1", "L2", "L3-L4"))
    assert [label.text for label in labels_on(page(FIRST, SECOND), None)] == ["L1", "L2", "L3-L4"]


def test_labels_on__leaves_a_name_open_that_one_look_reads_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    more(monkeypatch, ("L1", "L3", "L3-L4"))
    assert [label.text for label in labels_on(page(FIRST, SECOND), None)] == ["L1", UNSURE, "L3-L4"]


def test_labels_on__leaves_a_name_open_that_few_looks_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    more(monkeypatch, ("L1", "L2", "13-4"))
    assert [label.text for label in labels_on(page(FIRST, SECOND), None)] == ["L1", "L2", UNSURE]


def test_labels_on__says_nothing_of_other_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    more(monkeypatch, ())
    names = ("Neck", "Troch", "Inter", "Total")
    assert labels_on(page(names, names), None) == []
