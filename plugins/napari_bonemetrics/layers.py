"""The only place that builds layers: grid in mm, units and axes always, names without identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Points, Shapes
from napari.utils.colormaps import DirectLabelColormap

from bonemetrics.volume import CORTICAL, TRABECULAR, CtVolume, DensityVolume, Geometry, LabelVolume
from napari_bonemetrics.windows import PRESETS

AXES = ("slice", "row", "column")
COMPARTMENT_COLORS = {TRABECULAR: "#56b4e9", CORTICAL: "#e69f00"}
"""Okabe and Ito's sky blue and orange: told apart with any colour vision."""
DISAGREEMENT_COLOR = "#d55e00"
CONTOUR_PX, OPACITY = 1, 0.9
GEOMETRY = "bonemetrics_geometry"
"""Key of a layer's metadata under which its grid lies."""
_CROSS_PX = 9
_HU_WINDOW = (-300.0, 1700.0)


def placed(geometry: Geometry) -> dict[str, Any]:
    """What puts a layer on the grid of a scan: its own axes in mm; an oblique scan is shown as it was scanned."""
    return {
        "scale": geometry.spacing_mm,
        "units": ("mm",) * 3,
        "axis_labels": AXES,
        "metadata": {GEOMETRY: geometry},
    }


def geometry_of(layer: Any) -> Geometry | None:
    """The grid that a layer was built on, or `None` where it is not one of ours."""
    found = layer.metadata.get(GEOMETRY)
    return found if isinstance(found, Geometry) else None


def density_name(density: DensityVolume, name: str = "Density") -> str:
    """What a layer of it is called."""
    return f"{name} (mg/cm³ {density.material})"


def density_layer(density: DensityVolume, *, name: str = "Density") -> Image:
    """A calibrated volume in the bone window; the array is shared, not copied."""
    window = PRESETS["Bone"]
    layer = Image(
        density.mg_per_cm3,
        name=density_name(density, name),
        contrast_limits=(window.low, window.high),
        colormap="gray",
        interpolation2d="nearest",
        **placed(density.geometry),
    )
    layer.contrast_limits_range = (-1000.0, 3000.0)
    return layer


def ct_layer(volume: CtVolume, *, name: str = "CT") -> Image:
    """A scan without calibration: its values are HU and its name says so."""
    return Image(
        volume.hu,
        name=f"{name} (HU, no calibration)",
        contrast_limits=_HU_WINDOW,
        colormap="gray",
        interpolation2d="nearest",
        **placed(volume.geometry),
    )


def labels_layer(labels: LabelVolume, *, name: str = "Compartments", editable: bool = True) -> Labels:
    """A segmentation as contours; a locked one has a read-only array, so that nothing can paint on it.

    The array is shared: what is painted changes it.
    """
    array = labels.labels
    array.setflags(write=editable)
    layer = Labels(
        array,
        name=name,
        colormap=compartment_colormap(),
        opacity=OPACITY,
        **placed(labels.geometry),
    )
    layer.contour = CONTOUR_PX
    layer.selected_label = TRABECULAR
    layer.editable = editable
    return layer


def compartment_colormap() -> DirectLabelColormap:
    """Colours of the compartments; any other label is white, so that it is seen."""
    colors: dict[int | None, Any] = {None: "white", 0: "transparent"}
    colors |= dict(COMPARTMENT_COLORS.items())
    return DirectLabelColormap(color_dict=colors)


def places_layer(geometry: Geometry, indices: Any, *, name: str) -> Points:
    """Marked voxels, such as those of findings; `indices` is (n, 3) in (slice, row, column)."""
    return Points(
        np.asarray(indices, dtype=np.float64).reshape(-1, 3),
        name=name,
        size=8,
        symbol="ring",
        face_color="transparent",
        border_color=DISAGREEMENT_COLOR,
        border_width=0.2,
        **placed(geometry),
    )


def cross_layer(geometry: Geometry) -> Points:
    """The voxel that linked canvases look at."""
    layer = places_layer(geometry, [(0, 0, 0)], name="Cross-hair")
    layer.symbol = "cross"
    layer.border_color = layer.face_color = "#f0e442"
    layer.opacity = 0.7
    layer.size = 1
    layer.canvas_size_limits = (_CROSS_PX, _CROSS_PX)
    layer.editable = False
    return layer


def box_layer(geometry: Geometry) -> Shapes:
    """Rectangles drawn on a slice, of which the last one is meant."""
    return Shapes(
        ndim=3,
        name="Box",
        edge_color="#f0e442",
        face_color="transparent",
        edge_width=1,
        **placed(geometry),
    )


def drawing_layer(pixel_um: float, *, name: str, color: str) -> Shapes:
    """Lines and regions on a picture of a section, in µm."""
    return Shapes(
        ndim=2,
        name=name,
        edge_color=color,
        face_color="transparent",
        edge_width=2,
        opacity=1.0,
        scale=(pixel_um, pixel_um),
        units=("um", "um"),
        axis_labels=("y", "x"),
    )


def counting_layer(pixel_um: float, *, name: str, color: str) -> Points:
    """Points on a picture of a section, in µm: one on each thing that is counted."""
    return Points(
        ndim=2,
        name=name,
        face_color=color,
        border_color="white",
        symbol="disc",
        opacity=0.8,
        scale=(pixel_um, pixel_um),
        units=("um", "um"),
        axis_labels=("y", "x"),
    )


CHANNEL_COLORS = ("green", "magenta", "cyan", "yellow")
"""Of fluorescence channels, in their order: neighbours are told apart with any colour vision."""
_SHOWN = (1.0, 99.8)
"""Per cent of a channel's pixels between which its contrast lies."""


def picture_layers(parts: Sequence[tuple[str, Sequence[Any]]]) -> list[Image]:
    """A picture of a section in pixels, one layer for each channel.

    Parameters
    ----------
    parts
        Title of each channel with the arrays of its levels, the finest first; a picture in grey or colour is one part.
    """
    if len(parts) == 1:
        return [section_layer(parts[0][1], name="Section")]
    found = []
    for number, (title, levels) in enumerate(parts):
        layer = section_layer(levels, name=f"Section, {title}")
        layer.colormap = CHANNEL_COLORS[number % len(CHANNEL_COLORS)]
        layer.blending = "additive"
        low, high = (float(one) for one in np.percentile(levels[-1], _SHOWN))
        layer.contrast_limits_range = (0.0, float(np.iinfo(levels[0].dtype).max))
        layer.contrast_limits = (low, high if high > low else low + 1.0)
        found.append(layer)
    return found


def section_layer(levels: Sequence[Any], *, name: str) -> Image:
    """A picture of a section in pixels, grey or in colour; `levels` are arrays, the finest first."""
    return Image(
        list(levels) if len(levels) > 1 else levels[0],
        name=name,
        rgb=levels[0].ndim == 3,
        multiscale=len(levels) > 1,
        units=("pixel", "pixel"),
        axis_labels=("y", "x"),
        metadata={"bonemetrics_section": True},
    )
