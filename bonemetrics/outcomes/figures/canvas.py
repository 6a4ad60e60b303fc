"""Empty figures, and words that are safe on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def blank_figure(width_inch: float, height_inch: float) -> Figure:
    """A white figure that belongs to no window and to no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_inch, height_inch), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def shortened(text: str, letters: int) -> str:
    """Text that is cut, and says so, where it has more letters than there is room for."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"


def literal(text: str) -> str:
    """Text of a study as it stands: matplotlib would take a pair of `$` for mathematics, and refuse most of it."""
    return text.replace("$", r"\$")
