"""Between shapes on the canvas and shapes of a drawing: one layer for each measurement, and one for its holes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from napari.layers import Points, Shapes

from bonemetrics.review.section_drawing import DRAWN, Shape
from bonemetrics.review.section_scale import PixelSize
from napari_bonemetrics.layers import counting_layer, drawing_layer

_DRAWING = "bonemetrics_drawing"
_CLOSED = frozenset({"polygon", "rectangle"})
_OPEN = frozenset({"line", "path"})
_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")
"""Okabe and Ito's, without the yellow that a stained section hides."""
_MODES = {"region": "add_polygon", "line": "add_polyline", "distance": "add_line", "count": "add"}
_LINE_SHARE = 200
"""Lines are a 200th of the picture wide, so that they are seen on the whole of it."""
_POINT_SHARE = 75


def make_drawing_layer(code: str, *, hole: bool, size: PixelSize | None, picture_rows: int) -> Shapes | Points:
    """An empty layer for one measurement, or for what is cut out of it; points for what is counted."""
    color = _COLORS[list(DRAWN).index(code) % len(_COLORS)]
    layer: Shapes | Points
    if DRAWN[code] == "count":
        layer = counting_layer(1.0, name=code, color=color)
        layer.current_size = max(4.0, picture_rows / _POINT_SHARE)
    else:
        layer = drawing_layer(1.0, name=f"{code} holes" if hole else code, color=color)
        layer.current_edge_width = max(2.0, picture_rows / _LINE_SHARE)
    layer.metadata = {_DRAWING: (code, hole)}
    set_pixel_size(layer, size)
    return layer


def set_pixel_size(layer: Any, size: PixelSize | None) -> None:
    """Place a layer in um; in pixels where their size is not known."""
    layer.scale = (1.0, 1.0) if size is None else (size.row_um, size.column_um)
    layer.units = ("pixel", "pixel") if size is None else ("um", "um")


def drawing_of(layer: Any) -> tuple[str, bool] | None:
    """Measurement of a drawing layer and whether it holds holes; `None` for any other layer."""
    found = layer.metadata.get(_DRAWING)
    return found if isinstance(found, tuple) else None


def is_picture(layer: Any) -> bool:
    """Whether a layer is a picture of a section."""
    return bool(layer.metadata.get("bonemetrics_section"))


def mode_for(code: str) -> str:
    """How the canvas draws what a measurement is made of."""
    return _MODES[DRAWN[code]]


def shapes_of(layers: Iterable[Any]) -> Iterator[Shape]:
    """Everything that was drawn, in pixels of the full picture.

    Ellipses are passed over here and named by `not_measured`: the canvas keeps the box around one and not its line.
    """
    for layer in layers:
        found = drawing_of(layer)
        if found is None:
            continue
        code, hole = found
        if isinstance(layer, Points):
            yield from (Shape(code=code, vertices=((float(row), float(column)),)) for row, column in layer.data)
            continue
        for vertices, kind in zip(layer.data, layer.shape_type, strict=True):
            if kind in _CLOSED or kind in _OPEN:
                points = tuple((float(row), float(column)) for row, column in np.asarray(vertices))
                yield Shape(code=code, vertices=points, closed=kind in _CLOSED, hole=hole)


def not_measured(layers: Iterable[Any]) -> tuple[str, ...]:
    """Measurements in whose layers something was drawn that gives none."""
    found = []
    for layer in layers:
        drawing = drawing_of(layer)
        if drawing is None or isinstance(layer, Points):
            continue
        if any(kind not in _CLOSED | _OPEN for kind in layer.shape_type):
            found.append(drawing[0])
    return tuple(dict.fromkeys(found))


def draw(layer: Shapes | Points, shapes: Iterable[Shape]) -> None:
    """Put shapes of a kept drawing on their layer."""
    for shape in shapes:
        if isinstance(layer, Points):
            layer.add(np.asarray(shape.vertices))
            continue
        kind = "polygon" if shape.closed else "line" if len(shape.vertices) == 2 else "path"
        layer.add(np.asarray(shape.vertices), shape_type=kind, edge_width=layer.current_edge_width)


def remove_last(layer: Shapes | Points) -> None:
    """Remove what was drawn last on a layer."""
    n = len(layer.data)
    if n:
        layer.selected_data = {n - 1}
        layer.remove_selected()
