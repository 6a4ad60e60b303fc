"""The quality picture of one scan: what a radiologist needs to judge its contours in five seconds."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bonemetrics.measures.scenes import Contours, Extent, Scene, scene_of
from bonemetrics.records import Measurement, ScanResult
from bonemetrics.volume import DensityVolume, LabelVolume

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WINDOW_MG_PER_CM3 = (-150.0, 1000.0)
OUTER, INNER = "#ff9f0a", "#35d0ff"
"""Orange and sky blue: told apart with every common colour blindness, and from grey."""
_N_SLICES = 10
_LINE_INCH = 0.155
_DARK = {"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.0}
_DPI = 100
_WIDTH_INCH, _SLICE_INCH, _HEAD_INCH, _BELOW_INCH, _FOOT_INCH = 15.0, 2.2, 0.55, 3.3, 0.5
_KEY = ("Tt.vBMD", "Tb.vBMD", "Ct.vBMD", "vBMD", "Tt.Ar", "Tb.Ar", "Ct.Ar", "N.Sl")


def contact_sheet(
    density: DensityVolume, labels: LabelVolume, *, result: ScanResult, radius: Contours | None = None
) -> bytes:
    """Draw slices with contours, two reformats, the course along the stack, key numbers and notes.

    Parameters
    ----------
    density
        Calibrated scan, axes (slice, row, column).
    labels
        The segmentation as voxels.
    result
        Numbers and notes to be shown; nothing of the identity is.
    radius
        Our own contours below the voxel; without it the borders of the labels are drawn.

    Returns
    -------
    bytes
        A PNG 1500 pixels wide, as high as the bone needs; the same bytes for the same input.

    Raises
    ------
    EmptyRegionError
        If there is nothing to show.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    scene = scene_of(density, labels, radius)
    row_inch = _SLICE_INCH * min(max(scene.height_to_width, 0.5), 1.6)
    height = _HEAD_INCH + 2 * row_inch + _BELOW_INCH + _FOOT_INCH
    figure = Figure(figsize=(_WIDTH_INCH, height), dpi=_DPI, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)
    edges = {"left": 0.035, "right": 0.985, "top": 1 - _HEAD_INCH / height, "bottom": _FOOT_INCH / height}
    outer = figure.add_gridspec(1, 2, width_ratios=(3.2, 1), wspace=0.09, **edges)
    left = outer[0].subgridspec(2, 1, height_ratios=(2 * row_inch, _BELOW_INCH), hspace=0.04)
    _draw_slices(figure.add_subplot(left[0]), scene)
    below = left[1].subgridspec(2, 3, width_ratios=(1, 1, 1.25), height_ratios=(0.06, 1), wspace=0.2)
    _draw_reformat(figure.add_subplot(below[1, 0]), scene, axis=1, distal=_distal(result))
    _draw_reformat(figure.add_subplot(below[1, 1]), scene, axis=2, distal=_distal(result))
    _draw_course(figure.add_subplot(below[1, 2]), scene)
    _write_words(figure, figure.add_subplot(outer[1]), result, density)
    canvas.draw()
    return _as_png(np.asarray(canvas.buffer_rgba())[..., :3])


def _draw_slices(axes: Axes, scene: Scene) -> None:
    """All slices as tiles of one drawing, which costs a fifth of a drawing for each."""
    low, high = WINDOW_MG_PER_CM3
    _, width, height, _ = scene.plane_extent_mm
    gap = 0.03 * width
    chosen = scene.spread(_N_SLICES)
    per_row = (_N_SLICES + 1) // 2
    for number, index in enumerate(chosen):
        row, column = divmod(number, per_row)
        left, top = column * (width + gap), row * (height + gap)
        extent = (left, left + width, top + height, top)
        axes.imshow(scene.slice_image(index), cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="nearest")
        _contour(axes, scene.outer[index], extent, OUTER)
        _contour(axes, scene.inner[index], extent, INNER)
        measured = scene.is_measured(index)
        text = f"slice {scene.first_slice + index}" + ("" if measured else "  not measured")
        shade = "white" if measured else "#ff6b6b"
        axes.text(left + 0.02 * width, top + 0.03 * height, text, color=shade, va="top", fontsize=8, bbox=_DARK)
    _scale_bar(axes, scene.plane_extent_mm)
    right, bottom = scene.letters
    axes.text(0.98 * width, 0.5 * height, right, color="white", ha="right", va="center", fontsize=9, bbox=_DARK)
    axes.text(0.5 * width, 0.98 * height, bottom, color="white", ha="center", va="bottom", fontsize=9, bbox=_DARK)
    axes.set_xlim(0, per_row * (width + gap) - gap)
    axes.set_ylim(2 * height + gap, 0)
    axes.set_aspect("equal", anchor="NW")
    axes.set_axis_off()


def _contour(axes: Axes, level: npt.NDArray[np.float32], extent: Extent, colour: str) -> None:
    if level.min() < 0 < level.max():
        axes.contour(level, levels=[0.0], colors=[colour], linewidths=0.9, origin="image", extent=extent)


def _scale_bar(axes: Axes, extent: Extent) -> None:
    width = extent[1] - extent[0]
    length = max((step for step in (1, 2, 5, 10) if step < 0.4 * width), default=1)
    x, y = extent[0] + 0.05 * width, extent[2] - 0.06 * (extent[2] - extent[3])
    axes.plot([x, x + length], [y, y], color="white", linewidth=2.5, solid_capstyle="butt")
    axes.text(x + length / 2, y, f"{length} mm", color="white", ha="center", va="bottom", fontsize=8)


def _draw_reformat(axes: Axes, scene: Scene, *, axis: int, distal: str | None) -> None:
    image, levels, extent = scene.reformat(axis)
    low, high = WINDOW_MG_PER_CM3
    axes.imshow(image, cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="nearest", aspect="auto")
    for level, colour in zip(levels, (OUTER, INNER), strict=True):
        _contour(axes, level, extent, colour)
    axes.set_title("along the rows" if axis == 1 else "along the columns", fontsize=9, pad=3)
    axes.set_xlabel("mm", fontsize=8, labelpad=1)
    axes.set_ylabel("slice", fontsize=8, labelpad=1)
    axes.tick_params(labelsize=7, length=2)
    for end, y, va in (("first", 0.98, "top"), ("last", 0.02, "bottom")):
        if distal is not None:
            word = "distal" if distal == end else "proximal"
            axes.text(0.98, y, word, color="white", transform=axes.transAxes, ha="right", va=va, fontsize=8)


def _draw_course(axes: Axes, scene: Scene) -> None:
    slices = scene.first_slice + np.arange(len(scene.outer))
    total, mean = scene.total_area_mm2, scene.region_mean
    axes.plot(slices, total, color="#b35c00", linewidth=1.6)
    axes.set_ylabel("area inside, mm²", color="#b35c00", fontsize=8, labelpad=1)
    axes.set_ylim(0, 1.15 * float(np.nanmax(total)))
    axes.set_xlabel("slice", fontsize=8, labelpad=1)
    axes.set_title("along the stack", fontsize=9, pad=3)
    axes.tick_params(labelsize=7, length=2)
    twin = axes.twinx()
    twin.plot(slices, mean, color="#0072b2", linewidth=1.6, linestyle="--")
    twin.set_ylabel(f"{scene.region_name} voxel mean, mg/cm³", color="#0072b2", fontsize=8, labelpad=2)
    if np.isfinite(mean).any():
        top = float(np.nanmax(mean))
        twin.set_ylim(min(0.0, 1.15 * float(np.nanmin(mean))), 1.15 * max(top, 1.0))
    twin.tick_params(labelsize=7, length=2)


def _write_words(figure: Figure, axes: Axes, result: ScanResult, density: DensityVolume) -> None:
    axes.axis("off")
    facts = result.facts
    side = (facts.side if facts else None) or "side unknown"
    shape, spacing = density.geometry.shape, density.geometry.spacing_mm
    sizes = " × ".join(str(size) for size in shape)
    steps = " × ".join(f"{step:.3g}" for step in spacing)
    y = 1 - 0.5 * _HEAD_INCH / figure.get_figheight()
    low, high = WINDOW_MG_PER_CM3
    for x, text, colour, style in (
        (0.012, f"Radius, {side}", "black", {"fontsize": 14, "weight": "bold"}),
        (0.19, f"{sizes} voxels of {steps} mm", "black", {"fontsize": 10}),
        (0.535, "periosteal contour", "#b35c00", {"fontsize": 11, "weight": "bold"}),
        (0.64, "endosteal contour", "#0072b2", {"fontsize": 11, "weight": "bold"}),
        (0.765, f"grey: {low:g} to {high:g} mg/cm³ {density.material}", "#555555", {"fontsize": 9}),
    ):
        figure.text(x, y, text, color=colour, va="center", **style)
    lines = [_line(found) for code in _KEY for found in result.measurements if found.quantity == code]
    lines += [_line(found) for found in result.measurements if found.quantity not in _KEY][:6]
    axes.text(0.0, 1.0, "\n".join(lines), family="monospace", fontsize=9, va="top", transform=axes.transAxes)
    notes = [f"• {problem.code}: {problem.message}" for problem in result.problems]
    wrapped = "\n".join("\n".join(textwrap.wrap(text, 52, subsequent_indent="   ")[:4]) for text in notes[:12])
    if len(notes) > 12:
        wrapped += f"\n… and {len(notes) - 12} more notes"
    panel_inch = figure.get_figheight() - _HEAD_INCH - _FOOT_INCH
    start = 1.0 - _LINE_INCH * (len(lines) + 1.5) / panel_inch
    title = "Notes" if notes else "No notes"
    axes.text(0.0, start, title, fontsize=11, weight="bold", va="top", transform=axes.transAxes)
    axes.text(
        0.0, start - 0.25 / panel_inch, wrapped, fontsize=8.5, va="top", transform=axes.transAxes, color="#8a3b00"
    )


def _line(found: Measurement) -> str:
    name = f"{found.quantity} {found.region}" if found.quantity in ("vBMD", "Ar", "V") else found.quantity
    uncertainty = "" if found.standard_uncertainty is None else f" ± {_two_digits(found.standard_uncertainty)}"
    unit = f"{found.unit} {found.material}" if found.material else found.unit
    value = f"{found.value:.0f}" if found.quantity == "N.Sl" else f"{found.value:.1f}"
    return f"{name:<16}{value:>7}{uncertainty:<8} {'' if found.quantity == 'N.Sl' else unit}"


def _two_digits(value: float) -> str:
    """Two significant digits, never as a power of ten."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _distal(result: ScanResult) -> str | None:
    return result.facts.distal_end if result.facts else None


def _as_png(rgb: npt.NDArray[np.uint8]) -> bytes:
    """A PNG with a palette of 256 colours, a third of the size of one without."""
    from PIL import Image

    picture = Image.fromarray(rgb).quantize(colors=256, dither=Image.Dither.NONE)
    out = io.BytesIO()
    picture.save(out, format="PNG", compress_level=6)
    return out.getvalue()
