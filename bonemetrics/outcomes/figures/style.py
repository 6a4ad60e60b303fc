"""How all figures of the report look, and how they become files: the same figure gives the same bytes."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from bonemetrics.outcomes.figures.canvas import literal, shortened
from bonemetrics.study.protocol import Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, GRID, BAND, INNER_BAND = "#1a1a1a", "#5a6672", "#e3e8ec", "#dfe7ee", "#c5d3df"
GAIN, LOSS, NEITHER = "#00664f", "#b23a00", "#8a949e"
"""A change in the direction of benefit, one against it, and one that may be none; told apart by shape as well."""
# Okabe M, Ito K 2008: colours that colour-blind readers tell apart, darkened for thin lines.
_COHORTS = ("#0b5fa5", "#c25400", "#00795c", "#8a3c8f", "#7a6a00", "#3a3f45")
_MARKERS = ("o", "s", "^", "D", "v", "P")
WIDE_INCH, HALF_INCH, HALF_HIGH_INCH = 7.4, 3.65, 2.6
"""Figures are drawn in the size in which A4 shows them, one or two beside each other, so that letters keep theirs."""
_PNG_DPI = 220
_SIZE = 7.5
_HEAD_LETTERS = 52


def cohort_colours(protocol: Protocol) -> dict[str, str]:
    """Colour of each cohort of a protocol, by its code; they begin anew after six."""
    return {cohort.code: _COHORTS[place % len(_COHORTS)] for place, cohort in enumerate(protocol.cohorts)}


def cohort_markers(protocol: Protocol) -> dict[str, str]:
    """Marker of each cohort, so that colour is not alone in telling them apart."""
    return {cohort.code: _MARKERS[place % len(_MARKERS)] for place, cohort in enumerate(protocol.cohorts)}


def plain_axes(axes: Axes, *, grid: str = "y") -> None:
    """Leave of the frame only what is read, with a quiet grid behind."""
    from typing import Any, cast

    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(SOFT)
    axes.tick_params(labelsize=_SIZE, color=SOFT)
    axes.grid(axis=cast(Any, grid), color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def head(figure: Figure, text: str) -> None:
    """Name a figure that stands beside another, so that it can be understood alone, on a slide."""
    figure.text(
        0.02, 0.985, literal(shortened(text, _HEAD_LETTERS)), fontsize=8, fontweight="bold", color=INK, va="top"
    )


def in_months(axes: Axes) -> None:
    """Ticks of an axis of months at every half year, or closer where it is short."""
    from matplotlib.ticker import MultipleLocator

    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(MultipleLocator(6 if high - low > 9 else 2 if high - low > 3 else 1))


def figure_svg(figure: Figure) -> str:
    """Write a figure as SVG.

    Parameters
    ----------
    figure
        As a function of `outcomes.figures` returned it.

    Returns
    -------
    str
        A whole document. Letters are outlines, so that it looks the same everywhere and needs no font; it holds no
        date, and its ids do not change from one time to the next.
    """
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "bonemetrics", "svg.fonttype": "path"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": "bonemetrics"})
    return re.sub(r"[ \t]+\n", "\n", text.getvalue())


def figure_png(figure: Figure) -> bytes:
    """Write a figure as PNG for slides, without date or version in it."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=_PNG_DPI, metadata={"Software": "bonemetrics"})
    return image.getvalue()
