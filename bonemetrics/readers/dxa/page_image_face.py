"""The printed digits of a page, learnt from cells that Tesseract reads alike at every size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from bonemetrics.readers.dxa.page_image_ink import Box, Sheet

FINE = 4
"""Samples per pixel: digits of one word start at any fraction of a pixel."""
THIN = 2
"""Of the samples every second one is compared."""
MARGIN = 4
"""Pixels of paper around a strip."""
EDGE = 0.35
TEACHING = re.compile(r"\d{1,3}[.,]\d{1,4}")
POINTS = ".,"
Strip = npt.NDArray[np.float32]
_ROUNDS = 4
_LEAST_TEACHERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """Pictures of single glyphs as rows of numbers, what each shows, and from which strip each is."""

    pictures: npt.NDArray[np.float32]
    labels: npt.NDArray[np.str_]
    owners: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Digits and points of one size of type: `advance` and `point` are their widths in samples, `rows` their height."""

    advance: float
    point: float
    bearing: float
    rows: int
    digits: Glyphs
    points: Glyphs

    @property
    def digit_width(self) -> int:
        """Columns of the picture of a digit."""
        return round(self.advance)

    @property
    def point_width(self) -> int:
        """Columns of the picture of a point."""
        return round(self.point)

    def starts(self, text: str) -> list[float]:
        """Where each letter of a text starts, and the end of the last."""
        places = [0.0]
        for letter in text:
            places.append(places[-1] + (self.point if letter in POINTS else self.advance))
        return places


@dataclass(slots=True)
class _Teacher:
    """A strip with its text, and where it is thought to begin."""

    owner: int
    strip: Strip
    text: str
    x: float
    y: int


def strip_of(sheet: Sheet, box: Box) -> Strip:
    """The ink of a box in fine samples, with paper around it; nothing from beside the box is in it."""
    y0, x0 = max(0, box.y0 - 1), max(0, box.x0 - 1)
    part = sheet.ink[y0 : box.y1 + 1, x0 : box.x1 + 1]
    fine = ndimage.zoom(np.pad(part, MARGIN), FINE, order=3, mode="grid-constant", grid_mode=True)
    return np.asarray(np.clip(fine, 0.0, 1.2), dtype=np.float32)


def extent(strip: Strip) -> tuple[int, int, int, int] | None:
    """First and last column and row of ink, ends excluded; `None` for paper."""
    columns, rows = np.flatnonzero(strip.max(axis=0) > EDGE), np.flatnonzero(strip.max(axis=1) > EDGE)
    if not len(columns) or not len(rows):
        return None
    return int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1


def window(strip: Strip, y: int, x: int, rows: int, columns: int) -> Strip:
    """A part of a strip; what lies outside is paper."""
    part = np.zeros((rows, columns), np.float32)
    inside = strip[max(0, y) : max(0, y + rows), max(0, x) : max(0, x + columns)]
    top, left = max(0, -y), max(0, -x)
    part[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return part


def learn(strips: Sequence[Strip], texts: Sequence[str]) -> Face | None:
    """Learn the digits of a page.

    Parameters
    ----------
    strips
        Of all cells.
    texts
        What each says where readings at all sizes agree, empty elsewhere.

    Returns
    -------
    Face or None
        `None` where too few cells agree to learn from.
    """
    known = [
        (number, strip, text, found)
        for number, (strip, text) in enumerate(zip(strips, texts, strict=True))
        if TEACHING.fullmatch(text) and (found := extent(strip)) is not None
    ]
    fit = _fit_widths([(found, text) for _, _, text, found in known])
    if fit is None:
        return None
    (advance, point, bearing), good = fit
    height = float(np.median([known[place][3][3] - known[place][3][2] for place in good]))
    rows = round(height) + 2 * FINE
    rows += rows % THIN
    teachers = [
        _Teacher(number, strip, text, found[0] + bearing / 2, round((found[2] + found[3] - rows) / 2))
        for number, strip, text, found in (known[place] for place in good)
        if abs((found[3] - found[2]) - height) <= 1.5 * FINE
    ]
    if len(teachers) < _LEAST_TEACHERS:
        return None
    for turn in range(_ROUNDS):
        _align(teachers, _means(teachers, advance, point, rows), rows)
        if turn:
            advance, point = _refine(teachers, advance, point, rows)
    return _face(teachers, advance, point, bearing, rows)


def _fit_widths(
    known: Sequence[tuple[tuple[int, int, int, int], str]],
) -> tuple[tuple[float, float, float], list[int]] | None:
    """Widths of digit and point, and what a word lacks of them at its ends; and the words that follow them.

    In the type of reports all digits are equally wide. A word that does not fit was misread, most often for a point.
    """
    exact = [place for place, (_, text) in enumerate(known) if re.fullmatch(r"\d{1,3}[.,]\d{2,4}", text)]
    good = exact if len(exact) >= _LEAST_TEACHERS else list(range(len(known)))
    if len(good) < _LEAST_TEACHERS:
        return None
    solution = np.zeros(3)
    for _ in range(3):
        # Where all words have one point, its width and the gaps at the ends cannot be told apart: lean on usual type.
        terms = [[sum(map(str.isdigit, known[n][1])), sum(known[n][1].count(mark) for mark in POINTS), 1] for n in good]
        widths: list[float] = [known[n][0][1] - known[n][0][0] for n in good]
        solution = np.linalg.lstsq(
            np.array([*terms, [-1.5, 3.0, 0.0], [0.36, 0.0, 3.0]]), np.array([*widths, 0.0, 0.0]), rcond=None
        )[0]
        all_terms = [(sum(map(str.isdigit, text)), sum(text.count(m) for m in POINTS), 1) for _, text in known]
        off = np.abs(np.array(all_terms) @ solution - np.array([box[1] - box[0] for box, _ in known]))
        good = [int(place) for place in np.flatnonzero(off < 0.3 * solution[0])]
        if len(good) < _LEAST_TEACHERS:
            return None
    advance, point, bearing = (float(part) for part in solution)
    if not (advance > 1.5 * FINE and 0.25 * advance < point < 1.1 * advance):
        return None
    return (advance, point, bearing), good


def _letters(teacher: _Teacher, advance: float, point: float) -> list[tuple[str, float]]:
    places, x = [], teacher.x
    for letter in teacher.text:
        places.append((letter, x))
        x += point if letter in POINTS else advance
    return places


def _means(teachers: Sequence[_Teacher], advance: float, point: float, rows: int) -> dict[str, Strip]:
    found: dict[str, list[Strip]] = {}
    for teacher in teachers:
        for letter, x in _letters(teacher, advance, point):
            width = round(point if letter in POINTS else advance)
            found.setdefault(letter, []).append(window(teacher.strip, teacher.y, round(x), rows, width))
    return {letter: np.mean(pictures, axis=0) for letter, pictures in found.items()}


def _align(teachers: Sequence[_Teacher], means: dict[str, Strip], rows: int) -> None:
    """Move each word to where it looks most like the mean letters of the others."""
    for teacher in teachers:
        model = np.concatenate([means[letter] for letter in teacher.text], axis=1)
        best = (np.inf, 0, 0)
        for dy in range(-3, 4):
            for dx in range(-4, 5):
                seen = window(teacher.strip, teacher.y + dy, round(teacher.x) + dx, rows, model.shape[1])
                best = min(best, (float(((seen - model) ** 2).sum()), dy, dx))
        teacher.y += best[1]
        teacher.x = round(teacher.x) + best[2]


def _refine(teachers: Sequence[_Teacher], advance: float, point: float, rows: int) -> tuple[float, float]:
    """Measure the widths again, from where the single digits stand."""
    means = _means(teachers, advance, point, rows)
    terms: list[list[float]] = [[*[0.0] * len(teachers), -1.0, 2.0]]
    places = [0.0]
    for number, teacher in enumerate(teachers):
        digits = points = 0
        for letter, x in _letters(teacher, advance, point):
            if letter in POINTS:
                points += 1
                continue
            seen = [window(teacher.strip, teacher.y, round(x) + dx, rows, round(advance)) for dx in range(-3, 4)]
            off = [float(((one - means[letter]) ** 2).sum()) for one in seen]
            row = [0.0] * (len(teachers) + 2)
            row[number], row[-2], row[-1] = 1.0, digits, points
            terms.append(row)
            places.append(round(x) + float(np.argmin(off)) - 3.0)
            digits += 1
    solution = np.linalg.lstsq(np.array(terms), np.array(places), rcond=None)[0]
    for teacher, x in zip(teachers, solution, strict=False):
        teacher.x = float(x)
    return float(solution[-2]), float(solution[-1])


def thinned(picture: Strip) -> npt.NDArray[np.float32]:
    """The samples that are compared, as one row."""
    return np.ascontiguousarray(picture[::THIN, ::THIN]).ravel()


def _face(teachers: Sequence[_Teacher], advance: float, point: float, bearing: float, rows: int) -> Face:
    made: dict[bool, list[tuple[npt.NDArray[np.float32], str, int]]] = {True: [], False: []}
    for teacher in teachers:
        for letter, x in _letters(teacher, advance, point):
            is_point = letter in POINTS
            picture = window(teacher.strip, teacher.y, round(x), rows, round(point if is_point else advance))
            made[is_point].append((thinned(picture), letter, teacher.owner))
    return Face(advance, point, bearing, rows, *(_glyphs(made[kind]) for kind in (False, True)))


def heavier(face: Face) -> Face:
    """The face with bolder copies of its digits, for the few cells of a page that are printed bold.

    Parameters
    ----------
    face
        Digits of a page.

    Returns
    -------
    Face
        All of them, and each thickened by one half and by one pixel.
    """
    digits, points = (
        _with_bolder(glyphs, -(-width // THIN))
        for glyphs, width in ((face.digits, face.digit_width), (face.points, face.point_width))
    )
    return replace(face, digits=digits, points=points)


def _with_bolder(glyphs: Glyphs, columns: int) -> Glyphs:
    shapes = glyphs.pictures.reshape(len(glyphs.labels), -1, columns)
    all_shapes, bold = [shapes], shapes
    for _ in range(2):
        bold = np.maximum(bold, np.pad(bold, ((0, 0), (0, 0), (1, 0)))[:, :, :-1])
        all_shapes.append(bold)
    labels, owners = np.tile(glyphs.labels, 3), np.tile(glyphs.owners, 3)
    order = np.argsort(labels, kind="stable")
    pictures = np.concatenate(all_shapes).reshape(len(labels), -1)
    return Glyphs(pictures[order], labels[order], owners[order])


def _glyphs(found: Sequence[tuple[npt.NDArray[np.float32], str, int]]) -> Glyphs:
    ordered = sorted(found, key=lambda one: one[1])
    return Glyphs(
        np.array([one[0] for one in ordered], np.float32).reshape(len(ordered), -1),
        np.array([one[1] for one in ordered], np.str_),
        np.array([one[2] for one in ordered], np.int64),
    )
