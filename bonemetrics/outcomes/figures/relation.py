"""Two endpoints against each other, with the pairs that lie far from the rest by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bonemetrics.outcomes.analysis.relations import Pair, Relation
from bonemetrics.outcomes.figures.beside import beside
from bonemetrics.outcomes.figures.canvas import blank_figure, ends_of, literal
from bonemetrics.outcomes.figures.style import HALF_INCH, INK, LOSS, SOFT, cohort_colours, cohort_markers, plain_axes
from bonemetrics.outcomes.rows import Dataset
from bonemetrics.outcomes.wording import pretty_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT_INCH = 2.9
_LETTER_POINTS, _NAME_POINTS, _LETTERS = 4.1, 9.0, 14


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
    figure = blank_figure(HALF_INCH, _HEIGHT_INCH)
    axes = figure.add_axes((0.165, 0.235, 0.81, 0.735))
    protocol = dataset.gathered.protocol
    colours, markers = cohort_colours(protocol), cohort_markers(protocol)
    cohort = {one.subject: one.cohort for one in dataset.gathered.participants}
    for pair in found.pairs:
        code = cohort.get(pair.subject, "")
        axes.plot([pair.x], [pair.y], markers.get(code, "o"), color=colours.get(code, SOFT), markersize=4)
        if pair.is_outlier:
            axes.plot([pair.x], [pair.y], "o", color="none", markeredgecolor=LOSS, markersize=8.5, markeredgewidth=1.1)
    if found.slope is not None and found.intercept is not None:
        ends = [min(pair.x for pair in found.pairs), max(pair.x for pair in found.pairs)]
        axes.plot(ends, [found.intercept + found.slope * x for x in ends], "--", color=SOFT, linewidth=1)
    names = {one.paramcd: f"{one.param}{_unit(one.own_unit)}" for one in protocol.parameters}
    axes.set_xlabel(literal(names[found.x]), fontsize=8, color=INK)
    axes.set_ylabel(literal(names[found.y]), fontsize=8, color=INK)
    plain_axes(axes, grid="both")
    _name(axes, found)
    _explain(figure, axes, colours, markers)
    return figure


def _name(axes: Axes, found: Relation) -> None:
    """Study IDs beside the outliers."""
    outliers = [pair for pair in found.pairs if pair.is_outlier]
    names = ends_of((pair.subject for pair in outliers), _LETTERS)
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    scale = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    extent = axes.get_window_extent()

    def at(pair: Pair) -> tuple[float, float]:
        x, y = axes.transData.transform((pair.x, pair.y))
        return float(x - extent.x0) / scale, float(y - extent.y0) / scale

    places = beside(
        [at(pair) for pair in outliers],
        [len(names[pair.subject]) * _LETTER_POINTS for pair in outliers],
        [at(pair) for pair in found.pairs if not pair.is_outlier],
        _NAME_POINTS,
        (extent.width / scale, extent.height / scale),
    )
    for pair, place in zip(outliers, places, strict=True):
        own = at(pair)
        axes.annotate(
            literal(names[pair.subject]),
            (pair.x, pair.y),
            (place[0] - own[0], place[1] - own[1]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=6.5,
            color=LOSS,
        )


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
