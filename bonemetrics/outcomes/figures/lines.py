"""Individual lines: how far each woman moved from her baseline, with the band of what may be no change at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.figures.canvas import blank_figure, ends_of, literal
from bonemetrics.outcomes.figures.moments import months
from bonemetrics.outcomes.figures.spread import spread
from bonemetrics.outcomes.figures.style import (
    BAND,
    HALF_HIGH_INCH,
    HALF_INCH,
    INK,
    INNER_BAND,
    SOFT,
    cohort_colours,
    cohort_markers,
    head,
    in_months,
    plain_axes,
)
from bonemetrics.outcomes.rows import OutcomeRow
from bonemetrics.outcomes.wording import change_unit, number, with_unit
from bonemetrics.study.protocol_tables import ParameterTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_NAMED, _LETTERS = 14, 14
_LEFT, _LOWER, _UPPER = 0.165, 0.215, 0.9
_LETTER_INCH = 0.06
_SAME = 1e-9
"""Relative: limits that differ by less are one, kept in binary numbers."""


def individual_lines(selection: Selection, parameter: ParameterTable) -> Figure | None:
    """Draw the change of each woman from her baseline over months from the infusion.

    Parameters
    ----------
    selection
        Rows that count.
    parameter
        Of the protocol.

    Returns
    -------
    Figure or None
        `None` where nobody has a change that can be placed in time. The band is ± the least significant change; where
        it differs between women or scanners there are two, the darker of the smallest and the lighter of the largest.
        A hollow marker is a change for which there is none.
    """
    women: dict[str, list[OutcomeRow]] = {}
    for visit in selection.visits(parameter.paramcd):
        for row in selection.rows(parameter.paramcd, visit):
            if row.study_day is not None and (row.change is not None or row.is_baseline):
                women.setdefault(row.subject, []).append(row)
    women = {name: rows for name, rows in women.items() if any(row.change is not None for row in rows)}
    if not women:
        return None
    figure = blank_figure(HALF_INCH, HALF_HIGH_INCH)
    room = (
        0.05 + (0.12 + _LETTER_INCH * max(map(len, ends_of(women, _LETTERS).values()))) / HALF_INCH
        if len(women) <= _MOST_NAMED
        else 0.03
    )
    axes = figure.add_axes((_LEFT, _LOWER, max(1 - _LEFT - room, 0.4), _UPPER - _LOWER))
    head(figure, parameter.param)
    colours = cohort_colours(selection.dataset.gathered.protocol)
    markers = cohort_markers(selection.dataset.gathered.protocol)
    limits = _limits(women.values())
    for limit, colour in zip(reversed(limits), (BAND, INNER_BAND), strict=False):
        axes.axhspan(-limit, limit, color=colour, linewidth=0, zorder=0)
    axes.axhline(0, color=SOFT, linewidth=0.8)
    hollow = False
    for rows in women.values():
        rows.sort(key=lambda row: row.study_day or 0)
        colour, marker = colours.get(rows[0].cohort, SOFT), markers.get(rows[0].cohort, "o")
        days = [months(row.study_day or 1) for row in rows]
        axes.plot(days, [row.change or 0.0 for row in rows], color=colour, marker=marker, markersize=3, linewidth=1)
        hollow |= bool(limits) and _draw_hollow(axes, rows, colour, marker)
    unit = change_unit(parameter.own_unit)
    axes.set_ylabel(literal(f"change{f' ({unit})' if unit else ''}"), fontsize=8, color=INK)
    axes.set_xlabel("months from infusion", fontsize=8, color=INK)
    plain_axes(axes)
    in_months(axes)
    _name(axes, list(women.values()), colours)
    said = _band_in_words(limits, selection.decimals(parameter.paramcd), unit)
    _explain(
        figure, {rows[0].cohort for rows in women.values()}, colours, markers, (said,) * len(limits), hollow=hollow
    )
    return figure


def _limits(women: Iterable[Sequence[OutcomeRow]]) -> tuple[float, ...]:
    """The smallest and the largest least significant change of a change that is drawn; one where all are the same."""
    found = [row.lsc for rows in women for row in rows if row.lsc is not None and row.change is not None]
    if not found:
        return ()
    least, most = min(found), max(found)
    return (most,) if most - least <= _SAME * most else (least, most)


def _band_in_words(limits: Sequence[float], places: int, unit: str) -> str:
    return with_unit(f"± LSC {' to '.join(number(limit, places) for limit in limits)}", unit)


def _draw_hollow(axes: Axes, rows: Sequence[OutcomeRow], colour: str, marker: str) -> bool:
    """Markers of changes for which no least significant change is known; whether there is any."""
    without = [row for row in rows if row.change is not None and row.lsc is None and not row.is_baseline]
    for row in without:
        at = [months(row.study_day or 1)]
        axes.plot(
            at,
            [row.change or 0.0],
            marker,
            color=colour,
            markerfacecolor="white",
            markersize=4,
            gid=f"without-lsc-{len(axes.lines)}",
        )
    return bool(without)


def _name(axes: Axes, women: Sequence[Sequence[OutcomeRow]], colours: dict[str, str]) -> None:
    """Study IDs at the ends of the lines."""
    if len(women) > _MOST_NAMED:
        return
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    axes.set_ylim(low, high)
    axes.set_xlim(left, right)
    ends = [rows[-1] for rows in women]
    names = ends_of((end.subject for end in ends), _LETTERS)
    apart = (high - low) * 7.8 / ((_UPPER - _LOWER) * HALF_HIGH_INCH * 72)
    for end, place in zip(ends, spread([end.change or 0.0 for end in ends], apart, low, high), strict=True):
        colour = colours.get(end.cohort, SOFT)
        day = months(end.study_day or 1)
        axes.plot([day, right], [end.change or 0.0, place], color=colour, linewidth=0.4, alpha=0.6, clip_on=False)
        axes.annotate(
            literal(names[end.subject]),
            (right, place),
            (2, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color=colour,
            annotation_clip=False,
        )


def _explain(
    figure: Figure,
    codes: set[str],
    colours: dict[str, str],
    markers: dict[str, str],
    band: Sequence[str],
    *,
    hollow: bool,
) -> None:
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch | tuple[Patch, ...]] = [
        Line2D([], [], color=colour, marker=markers[code], markersize=3.5, linewidth=1, label=code)
        for code, colour in colours.items()
        if code in codes
    ]
    labels = [str(one.get_label()) for one in handles if not isinstance(one, tuple)]
    if band:
        shades = (BAND, INNER_BAND)[: len(band)][::-1]
        handles.append(tuple(Patch(facecolor=shade) for shade in shades))
        labels.append(band[0])
    if hollow:
        handles.append(Line2D([], [], linestyle="", marker="o", color=SOFT, markerfacecolor="white", markersize=4))
        labels.append("no LSC")
    if handles:
        figure.legend(
            handles=handles,
            labels=labels,
            handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
            loc="lower center",
            ncols=len(handles),
            fontsize=7,
            frameon=False,
            borderaxespad=0.1,
            handletextpad=0.5,
            handlelength=1.8,
            columnspacing=1.2,
        )
