"""Shift plots of serum markers: each woman's baseline against a later visit, with the line of no change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.figures.canvas import blank_figure, literal, starts_of
from bonemetrics.outcomes.figures.style import (
    BAND,
    INK,
    INNER_BAND,
    SOFT,
    WIDE_INCH,
    cohort_colours,
    cohort_markers,
    plain_axes,
)
from bonemetrics.outcomes.rows import OutcomeRow
from bonemetrics.outcomes.wording import count_and_limits, number, pretty_unit, with_unit
from bonemetrics.quantities import CATALOGUE
from bonemetrics.study.protocol_tables import ParameterTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PANELS, _HIGH_INCH = 3, 2.2
_LEFT_INCH, _BOTTOM_INCH, _TOP_INCH, _GAP_INCH, _PANEL_INCH = 0.6, 0.62, 0.2, 0.86, 1.36
_VISIT_LETTERS = 18
_SAME = 1e-6
_ROOM = 0.06
"""Free space at both ends of an axis, as a part of its length."""


@dataclass(frozen=True, slots=True)
class Band:
    """Least significant changes around the line of no change: in the unit of the values, or as a part of a baseline.

    `least` and `most` are the same where one holds for all women.
    """

    least: float
    most: float
    is_relative: bool

    @property
    def sizes(self) -> tuple[float, ...]:
        """The largest first, once where they are the same."""
        return (self.most,) if self.most - self.least <= _SAME * self.most else (self.most, self.least)


def shift_visits(selection: Selection, parameter: ParameterTable) -> tuple[str, ...]:
    """Visits that a shift plot shows: the first, the middle and the last at which anybody has a change.

    Parameters
    ----------
    selection
        Rows that count.
    parameter
        Of the protocol.

    Returns
    -------
    tuple of str
        None where the parameter is no serum marker on a ratio scale, or nobody has a change.
    """
    quantity = CATALOGUE[parameter.quantity]
    if quantity.site != "serum" or not parameter.has_percent_change:
        return ()
    visits = selection.follow_up(parameter.paramcd)
    if len(visits) <= _MOST_PANELS:
        return visits
    return visits[0], visits[len(visits) // 2], visits[-1]


def shift_plot(selection: Selection, parameter: ParameterTable) -> Figure | None:
    """Draw baseline against later values of a serum marker, one panel for each of up to three visits.

    Parameters
    ----------
    selection
        Rows that count.
    parameter
        Of the protocol.

    Returns
    -------
    Figure or None
        `None` where `shift_visits` gives none. One dot for each woman, by cohort; the diagonal is no change, the band
        ± the least significant change where one is known. Both axes are the same, and those of all panels.
    """
    visits = shift_visits(selection, parameter)
    shown = [
        (visit, [row for row in selection.rows(parameter.paramcd, visit) if row.change is not None]) for visit in visits
    ]
    points = [row for _, rows in shown for row in rows]
    if not points:
        return None
    figure = blank_figure(WIDE_INCH, _HIGH_INCH)
    limits = _limits(points)
    band = band_of(points)
    names = starts_of(visits, _VISIT_LETTERS)
    for place, (visit, rows) in enumerate(shown):
        left = _LEFT_INCH + place * (_PANEL_INCH + _GAP_INCH)
        axes = figure.add_axes((
            left / WIDE_INCH,
            _BOTTOM_INCH / _HIGH_INCH,
            _PANEL_INCH / WIDE_INCH,
            _PANEL_INCH / _HIGH_INCH,
        ))  # fmt: skip
        axes.plot(limits, limits, color=SOFT, linewidth=0.8, zorder=1, gid=f"no-change-{place}")
        _draw(axes, selection, rows, limits, band)
        hidden = sum(selection.lacks_change(row) for row in selection.rows(parameter.paramcd, visit))
        title = f"{names[visit]}, n = {count_and_limits(len(rows), hidden)}"
        axes.set_title(literal(title), fontsize=8, color=INK, loc="left", pad=4)
        unit = pretty_unit(parameter.own_unit)
        axes.set_xlabel(literal(f"baseline{f' ({unit})' if unit else ''}"), fontsize=7.5, color=INK, labelpad=2)
        axes.set_ylabel("then", fontsize=7.5, color=INK, labelpad=2)
    _explain(figure, selection, parameter, {row.cohort for row in points}, band)
    return figure


def band_of(rows: Sequence[OutcomeRow]) -> Band | None:
    """The least significant change of changes that are drawn together.

    Parameters
    ----------
    rows
        With a change each.

    Returns
    -------
    Band or None
        Relative where it is the same part of every baseline but not the same number; `None` where there is none.
    """
    known = [(row.lsc, row.base) for row in rows if row.lsc is not None and row.base is not None]
    if not known:
        return None
    plain = [lsc for lsc, _ in known]
    parts = [lsc / abs(base) for lsc, base in known if base]
    differs = max(plain) - min(plain) > _SAME * max(plain)
    if differs and len(parts) == len(known) and max(parts) - min(parts) <= _SAME * max(parts):
        return Band(parts[0], parts[0], is_relative=True)
    return Band(min(plain), max(plain), is_relative=False)


def _limits(rows: Sequence[OutcomeRow]) -> tuple[float, float]:
    """Ends of all axes: everything that is drawn, with a little room, and zero where that is near."""
    values = [value for row in rows for value in (row.value, row.base) if value is not None]
    low, high = min(values), max(values)
    room = _ROOM * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _draw(
    axes: Axes, selection: Selection, rows: Sequence[OutcomeRow], limits: tuple[float, float], band: Band | None
) -> None:
    protocol = selection.dataset.gathered.protocol
    colours, markers = cohort_colours(protocol), cohort_markers(protocol)
    if band is not None:
        for size, colour in zip(band.sizes, (BAND, INNER_BAND), strict=False):
            around = [size * abs(at) if band.is_relative else size for at in limits]
            lower = [at - by for at, by in zip(limits, around, strict=True)]
            upper = [at + by for at, by in zip(limits, around, strict=True)]
            axes.fill_between(limits, lower, upper, color=colour, linewidth=0, zorder=0)
    for row in rows:
        colour = colours.get(row.cohort, SOFT)
        face = "white" if band is not None and row.lsc is None else colour
        shape = markers.get(row.cohort, "o")
        axes.plot(
            [row.base or 0.0], [row.value or 0.0], shape, color=colour, markerfacecolor=face, markersize=4, zorder=3
        )
    axes.set(xlim=limits, ylim=limits)
    plain_axes(axes, grid="both")
    axes.locator_params(nbins=4)
    axes.tick_params(labelsize=7)


def _explain(
    figure: Figure, selection: Selection, parameter: ParameterTable, codes: set[str], band: Band | None
) -> None:
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    protocol = selection.dataset.gathered.protocol
    colours, markers = cohort_colours(protocol), cohort_markers(protocol)
    handles: list[Line2D | tuple[Patch, ...]] = [
        Line2D([], [], linestyle="", marker=markers[code], color=colour, markersize=4.5)
        for code, colour in colours.items()
        if code in codes
    ]
    labels = [code for code in colours if code in codes]
    handles.append(Line2D([], [], color=SOFT, linewidth=0.8))
    labels.append("no change")
    if band is not None:
        handles.append(tuple(Patch(facecolor=shade) for shade in (BAND, INNER_BAND)[: len(band.sizes)][::-1]))
        labels.append(_band_in_words(band, selection.decimals(parameter.paramcd), pretty_unit(parameter.own_unit)))
    figure.legend(
        handles=handles,
        labels=[literal(label) for label in labels],
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
        loc="lower left",
        ncols=len(handles),
        fontsize=7,
        frameon=False,
        borderaxespad=0.1,
    )


def _band_in_words(band: Band, places: int, unit: str) -> str:
    if band.is_relative:
        return f"± LSC {100 * band.most:.3g} % of baseline"
    return with_unit(f"± LSC {' to '.join(number(size, places) for size in band.sizes[::-1])}", unit)
