"""From regions and lines drawn on the picture of a section to measurements of the biopsy, in mm2, mm and um."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

Kind = Literal["region", "line", "distance"]
MOST_VERTICES = 20_000
"""Of one region or line."""
_BEYOND = 0.5
"""Pixels by which a vertex may lie outside the picture: the outer edge of the outermost pixel."""
_KINDS: Mapping[str, Kind] = {"area": "region", "length": "line", "distance": "distance"}
_UNITS: Mapping[Kind, str] = {"region": "mm2", "line": "mm", "distance": "um"}
DRAWN: Mapping[str, Kind] = {code: _KINDS[entry.role] for code, entry in MEASUREMENTS.items() if entry.role in _KINDS}
"""What can be drawn, by code of the measurement it gives: areas as regions, lengths as lines, widths as distances."""


class Shape(Record):
    """One thing that was drawn: vertices are (row, column) in pixels of the full picture, pixel centres are whole.

    `closed` tells an outline from a line; `hole` a region that is taken out of the region of the same code around it.
    """

    code: str
    vertices: tuple[tuple[float, float], ...] = Field(max_length=MOST_VERTICES)
    closed: bool = False
    hole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What all shapes of one code give together.

    `value` is in `unit`: the sum of areas or lengths, the mean of distances. `sd` (n-1) is that of distances where
    there are two or more. `refused` says why there is no value.
    """

    code: str
    kind: Kind
    n: int
    unit: str
    value: float | None
    sd: float | None = None
    refused: str = ""


def measure_drawing(
    shapes: Sequence[Shape], pixel_size: PixelSize | None, picture_shape: tuple[int, int]
) -> dict[str, Drawn]:
    """Measure everything that was drawn, code by code; what is refused has a reason in place of its value.

    Parameters
    ----------
    shapes
        In any order.
    pixel_size
        Of the picture; without it nothing has a value.
    picture_shape
        Rows and columns of the full picture.

    Returns
    -------
    dict
        By code, in the order of the catalogue.
    """
    found: dict[str, Drawn] = {}
    for code in DRAWN:
        ours = [shape for shape in shapes if shape.code == code]
        if not ours:
            continue
        kind = DRAWN[code]
        try:
            found[code] = measure_code(code, ours, pixel_size, picture_shape)
        except SectionError as error:
            n = sum(not shape.hole for shape in ours)
            found[code] = Drawn(code=code, kind=kind, n=n, unit=_UNITS[kind], value=None, refused=error.message)
    return found


def measure_code(
    code: str, shapes: Sequence[Shape], pixel_size: PixelSize | None, picture_shape: tuple[int, int]
) -> Drawn:
    """Measure all shapes of one code.

    Raises
    ------
    SectionError
        `unknown-drawing-class`, `drawing-degenerate`, `drawing-outside-picture`, `region-crosses-itself`,
        `regions-overlap`, `hole-outside-region` or `pixel-size-unknown`.
    """
    kind = DRAWN.get(code)
    if kind is None:
        raise SectionError(f"{code!r} cannot be drawn", code="unknown-drawing-class")
    points = [_points(shape, kind, picture_shape) for shape in shapes]
    if kind == "region":
        _require_apart(shapes, points)
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
    return Drawn(code=code, kind=kind, n=n, unit="um", value=fmean(um), sd=stdev(um) if n > 1 else None)


def _points(shape: Shape, kind: Kind, picture_shape: tuple[int, int]) -> Points:
    """Vertices of one shape, sound for its kind."""
    _require_kind(shape, kind)
    points = without_repeats(shape.vertices, closed=shape.closed)
    if not np.isfinite(points).all():
        raise SectionError(f"a vertex of {shape.code} is no place", code="drawing-degenerate")
    least = 3 if kind == "region" else 2
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
    if shape.hole and kind != "region":
        raise SectionError(f"{shape.code} is no area and has no holes", code="hole-outside-region")


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
