"""Draw pages by matplotlib: as a PDF with text, or as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bonemetrics.sample.dxa.fonts import font_file
from bonemetrics.sample.dxa.page import HEIGHT, WIDTH, Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties


def pdf(pages: Sequence[Drawing]) -> bytes:
    """A PDF of text, with TrueType fonts and no date in it."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages

    out = io.BytesIO()
    facts = {"CreationDate": None, "Creator": "bonemetrics sample", "Producer": "bonemetrics sample"}
    with mpl.rc_context({"pdf.fonttype": 42}), PdfPages(out, metadata=facts) as file:
        for page in pages:
            file.savefig(_figure(page))
    return out.getvalue()


def grey(page: Drawing, dpi: int) -> npt.NDArray[np.uint8]:
    """A page as a picture, rows and columns, 0 is black."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _figure(page)
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib leaves its canvas untyped
    coloured = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(coloured[..., 1])


def _figure(page: Drawing) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), facecolor="white")
    for box in page.boxes:
        place = (box.x0 / WIDTH, 1 - box.y1 / HEIGHT)
        size = ((box.x1 - box.x0) / WIDTH, (box.y1 - box.y0) / HEIGHT)
        figure.add_artist(
            Rectangle(
                place,
                *size,
                transform=figure.transFigure,
                facecolor="none" if box.fill is None else str(box.fill),
                edgecolor="none" if box.edge is None else str(box.edge),
                linewidth=box.line,
            )
        )
    for text in page.texts:
        figure.text(
            text.x / WIDTH,
            1 - text.y / HEIGHT,
            text.text,
            fontproperties=_font(bold=text.bold, size=text.size),
            ha=text.align,
            va="baseline",
            parse_math=False,
        )
    return figure


@cache
def _font(*, bold: bool, size: float) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(font_file(bold=bold)), size=size)
