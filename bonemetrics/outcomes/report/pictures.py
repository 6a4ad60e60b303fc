"""From a figure to what the page and the folder of figures hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bonemetrics.outcomes.figures.style import figure_png, figure_svg
from bonemetrics.outcomes.report.page import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture(
    figure: Figure, *, name: str, title: str, description: str, caption: str = "", half: bool = False
) -> Picture:
    """Write a figure out in both forms.

    Parameters
    ----------
    figure
        As a function of `outcomes.figures` returned it.
    name
        Of its files, without ending.
    title
        What it is called.
    description
        What it shows, for those who do not see it.
    caption
        Stands below it.
    half
        Whether two stand beside each other.

    Returns
    -------
    Picture
        Ready for the page.
    """
    return Picture(
        name=name,
        svg=figure_svg(figure),
        png=figure_png(figure),
        title=title,
        description=description,
        caption=caption,
        half=half,
    )
