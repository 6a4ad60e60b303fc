"""Two endpoints against each other, with the pairs that lie far from the rest by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bonemetrics.outcomes.analysis.relations import Relation
from bonemetrics.outcomes.figures.canvas import blank_figure, literal
from bonemetrics.outcomes.figures.style import INK, LOSS, SOFT, cohort_colours, cohort_markers, plain_axes
from bonemetrics.outcomes.rows import Dataset
from bonemetrics.outcomes.wording import pretty_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCH, _HEIGHT_INCH = 4.7, 3.4


def relation_scatter(dataset: Dataset, found: Relation) -> Figure:
    """Draw the pairs of a relation with their robust line.

    Parameters
    ----------
    dataset
        Of the study.
    found
        With at least one pair.

    Returns
    -------
    Figure
        Outliers have a ring and the study ID beside them.
    """
    figure = blank_figure(_WIDTH_INCH, _HEIGHT_INCH)
    axes = figure.add_axes((0.15, 0.24, 0.8, 0.71))
    protocol = dataset.gathered.protocol
    colours, markers = cohort_colours(protocol), cohort_markers(protocol)
    cohort = {one.subject: one.cohort for one in dataset.gathered.participants}
    for pair in found.pairs:
        code = cohort.get(pair.subject, "")
        axes.plot([pair.x], [pair.y], markers.get(code, "o"), color=colours.get(code, SOFT), markersize=4.5)
        if pair.is_outlier:
            axes.plot([pair.x], [pair.y], "o", color="none", markeredgecolor=LOSS, markersize=10, markeredgewidth=1.2)
            axes.annotate(
                literal(pair.subject), (pair.x, pair.y), (7, 5), textcoords="offset points", fontsize=7, color=LOSS
            )
    if found.slope is not None and found.intercept is not None:
        ends = [min(pair.x for pair in found.pairs), max(pair.x for pair in found.pairs)]
        axes.plot(ends, [found.intercept + found.slope * x for x in ends], "--", color=SOFT, linewidth=1)
    names = {one.paramcd: f"{one.param}{_unit(one.own_unit)}" for one in protocol.parameters}
    axes.set_xlabel(literal(names[found.x]), fontsize=8, color=INK)
    axes.set_ylabel(literal(names[found.y]), fontsize=8, color=INK)
    plain_axes(axes, grid="both")
    _explain(figure, axes, colours, markers)
    return figure


def _unit(ucum: str) -> str:
    unit = pretty_unit(ucum)
    return f" ({unit})" if unit else ""


def _explain(figure: Figure, axes: Axes, colours: dict[str, str], markers: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker=markers[code], color=colour, markersize=4.5, label=code)
        for code, colour in colours.items()
    ]
    if axes.lines and axes.lines[-1].get_linestyle() == "--":
        handles.append(Line2D([], [], linestyle="--", color=SOFT, linewidth=1, label="Theil-Sen line"))
    if handles:
        figure.legend(
            handles=handles, loc="lower center", ncols=len(handles), fontsize=7, frameon=False, borderaxespad=0.1
        )
