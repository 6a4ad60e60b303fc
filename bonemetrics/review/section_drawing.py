"""From what is drawn on the picture of a section to measurements of the biopsy: mm2, mm, um and counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

import numpy as np
from pydantic import Field

from bonemetrics.errors import SectionError
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.records import Record
from bonemetrics.review.plane_shapes import Points, area, crosses_itself, holds, length, outlines_meet, without_repeats
from bonemetrics.review.section_scale import PixelSize

Kind = Literal["region", "line", "distance", "count"]
MOST_VERTICES = 20_000
"""Of one region or line."""
_LEAST: Mapping[Kind, int] = {"region": 3, "line": 2, "distance": 2, "count": 1}
"""Different vertices of one."""
_BEYOND = 0.5
"""Pixels by which a vertex may lie outside the picture: the outer edge of the outermost pixel."""
_SAME_PLACE = 1.0
"""Pixels between two marks below which both stand on one thing."""
_KINDS: Mapping[str, Kind] = {"area": "region", "length": "line", "distance": "distance", "number": "count"}
UNITS: Mapping[Kind, str] = {"region": "mm2", "line": "mm", "distance": "um", "count": "1"}
DRAWN: Mapping[str, Kind] = {code: _KINDS[entry.role] for code, entry in MEASUREMENTS.items() if entry.role in _KINDS}
"""What can be drawn, by code of the measurement it gives: areas as regions, lengths as lines, widths as distances, and
numbers as points, one on each thing that is counted."""


class Shape(Record):
    """One thing that was drawn: vertices are (row, column) in pixels of the full picture, pixel centres are whole.

    `closed` tells an outline from a line; `hole` a region that is taken out of the region of the same code around it. A
    point on something that is counted has one vertex.
    """

    code: str
    vertices: tuple[tuple[float, float], ...] = Field(max_length=MOST_VERTICES)
    closed: bool = False
    hole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What all shapes of one code give together.

    `value` is in `unit`: the sum of areas or lengths, the mean of distances, the number of points. `sd` (n-1) is that
    of distances where there are two or more, and `each` holds all of them. `refused` says why there is no value.
    """

    code: str
    kind: Kind
    n: int
    unit: str
    value: float | None
    sd: float | None = None
    each: tuple[float, ...] = ()
    refused: str = ""


def measure_drawing(
    shapes: Sequence[Shape],
    pixel_size: PixelSize | None,
    picture_shape: tuple[int, int],
    absent: Collection[str] = (),
) -> dict[str, Drawn]:
    """Measure everything that was drawn, code by code; what is refused has a reason in place of its value.

    Parameters
    ----------
    shapes
        In any order.
    pixel_size
        Of the picture; without it only counts have a value.
    picture_shape
        Rows and columns of the full picture.
    absent
        Codes that were looked for and of which the picture has none.

    Returns
    -------
    dict
        By code, in the order of the catalogue.
    """
    found: dict[str, Drawn] = {}
    for code in DRAWN:
        ours = [shape for shape in shapes if shape.code == code]
        kind = DRAWN[code]
        if not ours:
            if code in absent:
                found[code] = _none_of(code, kind)
            continue
        try:
            found[code] = measure_code(code, ours, pixel_size, picture_shape)
        except SectionError as error:
            n = sum(not shape.hole for shape in ours)
            found[code] = Drawn(code=code, kind=kind, n=n, unit=UNITS[kind], value=None, refused=error.message)
    return found


def _none_of(code: str, kind: Kind) -> Drawn:
    if kind == "distance":
        refused = f"{code} is a mean, and of none there is no mean"
        return Drawn(code=code, kind=kind, n=0, unit=UNITS[kind], value=None, refused=refused)
    return Drawn(code=code, kind=kind, n=0, unit=UNITS[kind], value=0.0)


def measure_code(
    code: str, shapes: Sequence[Shape], pixel_size: PixelSize | None, picture_shape: tuple[int, int]
) -> Drawn:
    """Measure all shapes of one code.

    Raises
    ------
    SectionError
        `unknown-drawing-class`, `drawing-degenerate`, `drawing-outside-picture`, `region-crosses-itself`,
        `regions-overlap`, `hole-outside-region`, `points-coincide` or `pixel-size-unknown`.
    """
    kind = DRAWN.get(code)
    if kind is None:
        raise SectionError(f"{code!r} cannot be drawn", code="unknown-drawing-class")
    points = [_points(shape, kind, picture_shape) for shape in shapes]
    if kind == "region":
        _require_apart(shapes, points)
    if kind == "count":
        _require_one_each(code, points)
        return Drawn(code=code, kind=kind, n=len(points), unit=UNITS[kind], value=float(len(points)))
    if pixel_size is None:
        text = "the pixel size is not known, so nothing drawn has a size; state it"
        raise SectionError(text, code="pixel-size-unknown")
    scale = np.array([pixel_size.row_um, pixel_size.column_um])
    sized = [one * scale for one in points]
    n = sum(not shape.hole for shape in shapes)
    if kind == "region":
        um2 = sum(-area(one) if shape.hole else area(one) for shape, one in zip(shapes, sized, strict=True))
        return Drawn(code=code, kind=kind, n=n, unit="mm2", value=um2 / 1e6)
    um = [length(one, closed=shape.closed) for shape, one in zip(shapes, sized, strict=True)]
    if kind == "line":
        return Drawn(code=code, kind=kind, n=n, unit="mm", value=sum(um) / 1e3)
    return Drawn(code=code, kind=kind, n=n, unit="um", value=fmean(um), sd=_sd(um), each=tuple(um))


def _sd(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None


def _points(shape: Shape, kind: Kind, picture_shape: tuple[int, int]) -> Points:
    """Vertices of one shape, sound for its kind."""
    _require_kind(shape, kind)
    points = without_repeats(shape.vertices, closed=shape.closed)
    if not np.isfinite(points).all():
        raise SectionError(f"a vertex of {shape.code} is no place", code="drawing-degenerate")
    least = _LEAST[kind]
    if len(points) < least:
        text = f"a {kind} of {shape.code} has {len(points)} different vertices, at least {least} make one"
        raise SectionError(text, code="drawing-degenerate")
    high = np.array(picture_shape) - 1 + _BEYOND
    if np.any(points < -_BEYOND) or np.any(points > high):
        raise SectionError(f"a {kind} of {shape.code} reaches beyond the picture", code="drawing-outside-picture")
    if kind != "region":
        return points
    if crosses_itself(points):
        text = f"a region of {shape.code} crosses or touches itself, so its area is not told; draw it again"
        raise SectionError(text, code="region-crosses-itself")
    return points


def _require_kind(shape: Shape, kind: Kind) -> None:
    if kind == "region" and not shape.closed:
        raise SectionError(f"{shape.code} is an area: draw a closed region", code="drawing-degenerate")
    if kind == "distance" and (shape.closed or len(shape.vertices) != 2):
        raise SectionError(f"{shape.code} is a distance: draw lines of two ends", code="drawing-degenerate")
    if kind == "count" and (shape.closed or len(shape.vertices) != 1):
        raise SectionError(f"{shape.code} is counted: set points", code="drawing-degenerate")
    if shape.hole and kind != "region":
        raise SectionError(f"{shape.code} is no area and has no holes", code="hole-outside-region")


def _require_one_each(code: str, points: Sequence[Points]) -> None:
    """No two marks on one thing, for example by a double click."""
    from scipy.spatial import cKDTree

    places = np.concatenate(points)
    if cKDTree(places).query_pairs(_SAME_PLACE, output_type="ndarray").size:
        text = f"two points of {code} are less than a pixel apart, so one thing would count twice; remove one"
        raise SectionError(text, code="points-coincide")


def _require_apart(shapes: Sequence[Shape], points: Sequence[Points]) -> None:
    """Outlines of one code never meet, and regions and holes alternate inwards: no part counts twice or below zero."""
    code = shapes[0].code
    for place, one in enumerate(points):
        if any(outlines_meet(one, other) for other in points[place + 1 :]):
            text = f"outlines of {code} cross or touch each other; draw them apart or as one"
            raise SectionError(text, code="regions-overlap")
    for shape, one in zip(shapes, points, strict=True):
        around = [other for other, its in zip(shapes, points, strict=True) if other is not shape and holds(its, one[0])]
        holes = sum(other.hole for other in around)
        regions = len(around) - holes
        if shape.hole and regions != holes + 1:
            text = f"a hole of {code} does not lie in a region of it"
            raise SectionError(text, code="hole-outside-region")
        if not shape.hole and regions != holes:
            text = f"a region of {code} lies in another one, so it would count twice; draw the outer one's hole first"
            raise SectionError(text, code="regions-overlap")
