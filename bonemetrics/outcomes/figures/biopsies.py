"""Biopsies in pairs: every index before and after, with what is known of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.figures.canvas import blank_figure, literal, shortened
from bonemetrics.outcomes.figures.style import INK, SOFT, cohort_colours, plain_axes
from bonemetrics.outcomes.rows import OutcomeRow
from bonemetrics.outcomes.wording import pretty_unit
from bonemetrics.study.protocol_tables import ParameterTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ACROSS, _LINE_LETTERS = 4, 25
_PANEL_INCH, _FOOT_INCH = (1.85, 1.95), 0.42
GLYPHS = {"double": ("o", "full"), "single": ("o", "none"), "none": ("X", "full"), "unknown": ("D", "none")}
"""Marker and filling by label status."""
_SAID = {"double": "double label", "single": "single labels only", "none": "no label", "unknown": "labels not known"}


def biopsy_parameters(selection: Selection) -> tuple[ParameterTable, ...]:
    """Parameters whose values are from biopsies."""
    return tuple(
        one
        for one in selection.parameters
        if any(
            row.source.kind == "histomorphometry"
            for visit in selection.visits(one.paramcd)
            for row in selection.rows(one.paramcd, visit)
        )
    )


def biopsy_pairs(selection: Selection) -> Figure | None:
    """Draw one small panel for each index of the biopsies, women joined from visit to visit.

    Parameters
    ----------
    selection
        Rows that count.

    Returns
    -------
    Figure or None
        `None` where there is no biopsy.
    """
    parameters = biopsy_parameters(selection)
    if not parameters:
        return None
    across = min(_ACROSS, len(parameters))
    down = -(-len(parameters) // across)
    width, height = across * _PANEL_INCH[0], down * _PANEL_INCH[1] + _FOOT_INCH
    figure = blank_figure(width, height)
    protocol = selection.dataset.gathered.protocol
    colours = cohort_colours(protocol)
    labels = {(one.subject, one.visit, one.envelope): one.status for one in selection.dataset.gathered.labels}
    order = {visit.name: place for place, visit in enumerate(protocol.visits)}
    found = {visit for one in parameters for visit in selection.visits(one.paramcd)}
    visits = sorted(found, key=lambda name: (order.get(name, len(order)), name))
    for place, parameter in enumerate(parameters):
        row, column = divmod(place, across)
        bottom = (_FOOT_INCH + (down - 1 - row) * _PANEL_INCH[1] + 0.3) / height
        axes = figure.add_axes((
            (column * _PANEL_INCH[0] + 0.46) / width,
            bottom,
            (_PANEL_INCH[0] - 0.56) / width,
            (_PANEL_INCH[1] - 0.82) / height,
        ))  # fmt: skip
        _draw(axes, selection, parameter, visits, colours, labels)
    _explain(figure, colours, set(labels.values()))
    return figure


def _draw(
    axes: Axes,
    selection: Selection,
    parameter: ParameterTable,
    visits: Sequence[str],
    colours: dict[str, str],
    labels: Mapping[tuple[str, str, str], str],
) -> None:
    women: dict[str, list[tuple[int, OutcomeRow]]] = {}
    for place, visit in enumerate(visits):
        for row in selection.rows(parameter.paramcd, visit):
            if row.value is not None:
                women.setdefault(row.subject, []).append((place, row))
    for rows in women.values():
        colour = colours.get(rows[0][1].cohort, SOFT)
        axes.plot([at for at, _ in rows], [row.value or 0.0 for _, row in rows], color=colour, linewidth=0.8, alpha=0.7)
        for at, row in rows:
            status = labels.get((row.subject, row.visit, parameter.region or ""), "unknown")
            marker, filled = GLYPHS[status]
            face = colour if filled == "full" else "white"
            value = row.value or 0.0
            axes.plot(
                [at], [value], marker, color=colour, markerfacecolor=face, markersize=4.5, clip_on=False, zorder=3
            )
    unit = pretty_unit(parameter.own_unit)
    axes.set_title(_two_lines(parameter.param), fontsize=7, fontweight="bold", color=INK, x=-0.26, ha="left", pad=13)
    axes.annotate(
        literal(unit), (-0.26, 1), (0, 3), xycoords="axes fraction", textcoords="offset points", fontsize=7, color=SOFT
    )
    axes.set_xlim(-0.35, len(visits) - 0.65)
    axes.set_xticks(range(len(visits)), [literal(visit) for visit in visits], fontsize=7)
    plain_axes(axes)
    axes.tick_params(labelsize=7)
    values = [row.value or 0.0 for rows in women.values() for _, row in rows]
    if min(values) >= 0:
        axes.set_ylim(0, 1.08 * max(values) or 1.0)


def _two_lines(text: str) -> str:
    """A name above a narrow panel."""
    lines = wrap(text, _LINE_LETTERS)
    return literal("\n".join([*lines[:1], shortened(" ".join(lines[1:]), _LINE_LETTERS)]).rstrip())


def _explain(figure: Figure, colours: dict[str, str], states: set[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, linewidth=1.2, label=code) for code, colour in colours.items()]
    for state, (marker, filled) in GLYPHS.items():
        if state in states:
            face = SOFT if filled == "full" else "white"
            handles.append(
                Line2D(
                    [],
                    [],
                    linestyle="",
                    marker=marker,
                    color=SOFT,
                    markerfacecolor=face,
                    markersize=5,
                    label=_SAID[state],
                )
            )
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=7.5, frameon=False)
