"""The waterfall: the last change of each woman from her baseline, the largest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.figures.canvas import blank_figure, ends_of, literal, shortened
from bonemetrics.outcomes.figures.style import HALF_HIGH_INCH, HALF_INCH, INK, SOFT, cohort_colours, head, plain_axes
from bonemetrics.outcomes.rows import OutcomeRow
from bonemetrics.outcomes.wording import change_unit
from bonemetrics.study.protocol_tables import ParameterTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_NAMED, _MOST_WITH_VISIT, _LETTERS = 30, 12, 12


def waterfall(selection: Selection, parameter: ParameterTable) -> Figure | None:
    """Draw the last change of each woman as a bar.

    Parameters
    ----------
    selection
        Rows that count.
    parameter
        Of the protocol.

    Returns
    -------
    Figure or None
        `None` where nobody has a change. Per cent where that has a meaning for the quantity and every woman has one,
        else the change itself; lines across a bar are ± her least significant change in the same terms.
    """
    rows = list(selection.last(parameter.paramcd))
    if not rows:
        return None
    percent = parameter.has_percent_change and all(row.percent_change is not None for row in rows)

    def height(row: OutcomeRow) -> float:
        return (row.percent_change if percent else row.change) or 0.0

    rows.sort(key=lambda row: (-height(row), row.subject))
    figure = blank_figure(HALF_INCH, HALF_HIGH_INCH)
    axes = figure.add_axes((0.165, 0.34, 0.815, 0.56))
    head(figure, parameter.param)
    colours = cohort_colours(selection.dataset.gathered.protocol)
    axes.bar(
        range(len(rows)),
        [height(row) for row in rows],
        color=[colours.get(row.cohort, SOFT) for row in rows],
        width=0.72,
        alpha=0.85,
    )
    has_lines = _draw_limits(axes, rows, percent=percent)
    axes.axhline(0, color=INK, linewidth=0.8)
    unit = "%" if percent else change_unit(parameter.own_unit)
    axes.set_ylabel(literal(f"last change{f' ({unit})' if unit else ''}"), fontsize=7.5, color=INK)
    plain_axes(axes)
    _name(axes, rows)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    _explain(figure, {row.cohort for row in rows}, colours, has_lines=has_lines)
    return figure


def _name(axes: Axes, rows: Sequence[OutcomeRow]) -> None:
    """Study IDs below the bars, with the visit where there is room."""
    axes.tick_params(axis="x", length=0, pad=5)
    if len(rows) > _MOST_NAMED:
        axes.set_xticks([])
        return
    with_visit = len(rows) <= _MOST_WITH_VISIT
    names = ends_of((row.subject for row in rows), _LETTERS)
    said = [names[row.subject] + (f"\n{shortened(row.visit, _LETTERS)}" if with_visit else "") for row in rows]
    axes.set_xticks(
        range(len(rows)),
        [literal(one) for one in said],
        fontsize=6.5 if with_visit else 6,
        rotation=55 if with_visit else 90,
        ha="right",
        va="center",
        rotation_mode="anchor",
    )


def _draw_limits(axes: Axes, rows: Sequence[OutcomeRow], *, percent: bool) -> bool:
    drawn = False
    for place, row in enumerate(rows):
        if row.lsc is None or (percent and not row.base):
            continue
        limit = 100 * row.lsc / abs(row.base or 1.0) if percent else row.lsc
        for sign in (1, -1):
            axes.plot([place - 0.42, place + 0.42], [sign * limit] * 2, color=INK, linewidth=1.1)
        drawn = True
    return drawn


def _explain(figure: Figure, codes: set[str], colours: dict[str, str], *, has_lines: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = [
        Patch(facecolor=colour, alpha=0.85, label=code) for code, colour in colours.items() if code in codes
    ]
    if has_lines:
        handles.append(Line2D([], [], color=INK, linewidth=1.1, label="± least significant change"))
    if handles:
        figure.legend(
            handles=handles, loc="lower center", ncols=len(handles), fontsize=7, frameon=False, borderaxespad=0.1
        )
