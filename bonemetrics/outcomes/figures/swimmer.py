"""The swimmer plot: one lane for each woman, from the first day of anything of hers to the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bonemetrics.outcomes.figures.canvas import (
    blank_figure,
    ends_of,
    lane_inch,
    letter_points,
    letters_beside,
    literal,
    names_inch,
    shortened,
    starts_of,
)
from bonemetrics.outcomes.figures.moments import Moments, moments, months
from bonemetrics.outcomes.figures.style import WIDE_INCH, cohort_colours
from bonemetrics.outcomes.figures.tiers import name_visits
from bonemetrics.outcomes.rows import Dataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_LANE_INCH, _EDGES_INCH, _RIGHT_INCH, _MOST_INCH = 0.29, 1.2, 0.1, 8.0
_END_APART, _LETTER_WIDTH, _FEWEST_LETTERS = 6.0, 0.56, 8
"""Points between a lane's end and its words, and the mean width of their letters for each point of size."""
_VISIT_LETTERS = 30
_INK, _SOFT, _FRACTURE, _BIOPSY = "#1a1a1a", "#5a6672", "#c23b00", "#8a3c8f"


def swimmer(dataset: Dataset) -> Figure | None:
    """Draw who was followed for how long, and what happened on the way.

    Parameters
    ----------
    dataset
        Of the study.

    Returns
    -------
    Figure or None
        `None` where nobody's day of infusion is known. Lanes are ordered by cohort and study ID; a lane that ends
        before the window of the last visit says after which visit nothing more is known.
    """
    known = [one for one in moments(dataset).values() if one.first is not None]
    if not known:
        return None
    order = [cohort.code for cohort in dataset.gathered.protocol.cohorts]
    place = {code: number for number, code in enumerate(order)}
    known.sort(key=lambda one: (place.get(one.participant.cohort, len(order)), one.participant.subject))
    lane_high = lane_inch(len(known), _LANE_INCH, _MOST_INCH)
    height = _EDGES_INCH + lane_high * len(known)
    letters = letter_points(lane_high)
    names = ends_of((one.participant.subject for one in known), letters_beside(letters))
    left = names_inch(names.values(), letters)
    wide = WIDE_INCH - left - _RIGHT_INCH
    figure = blank_figure(WIDE_INCH, height)
    axes = figure.add_axes((left / WIDE_INCH, 0.74 / height, wide / WIDE_INCH, 1 - _EDGES_INCH / height))
    colours = cohort_colours(dataset.gathered.protocol)
    limits = _limits(known)
    for lane, one in enumerate(known):
        _draw_lane(axes, one, lane, colours.get(one.participant.cohort, _SOFT), lane_high)
        _end_lane(axes, one, lane, _ending(one, dataset), letters, (limits, wide * 72 / (limits[1] - limits[0])))
    _dress(axes, [names[one.participant.subject] for one in known], dataset, limits, letters, wide)
    _explain(figure, colours)
    return figure


def _ending(one: Moments, dataset: Dataset) -> str:
    """What is said at the end of a lane that does not reach the last visit."""
    planned = [
        (visit.window[0], visit.target_day or visit.window[1], visit.name)
        for visit in dataset.gathered.protocol.visits
        if visit.window is not None and not visit.baseline
    ]
    if not planned or one.last is None or one.last >= max(planned)[0]:
        return ""
    reached = [name for first, _, name in sorted(planned) if first <= one.last]
    if reached:
        short = starts_of((name for *_, name in planned), _VISIT_LETTERS)
        return f"nothing after {short[reached[-1]]}"
    return "nothing after baseline" if one.visits else "nothing but the infusion" if one.last == 1 else "no value"


def _limits(known: Sequence[Moments]) -> tuple[float, float]:
    """First and last month of the axis."""
    ends = [months(day) for one in known for day in (one.first, one.last) if day is not None]
    return min(*ends, 0) - 0.8, max(*ends, 0) + 1


def _draw_lane(axes: Axes, one: Moments, lane: int, colour: str, lane_high: float) -> None:
    start, end = months(one.first or 1), months(one.last or 1)
    size = lane_high / _LANE_INCH
    axes.barh(lane, end - start, left=start, height=0.44, color=colour, alpha=0.3, gid=f"lane-{lane}")
    axes.plot([months(day) for day in one.visits], [lane] * len(one.visits), "|", color=colour, markersize=9 * size)
    if one.participant.day1 is not None:
        axes.plot([0], [lane], "D", color=_INK, markersize=5.5 * size, gid=f"infusion-{lane}")
    days = [months(day) for day in one.biopsies]
    axes.plot(
        days,
        [lane] * len(days),
        "^",
        color=_BIOPSY,
        markersize=7 * size,
        markeredgecolor="white",
        markeredgewidth=size,
        gid=f"biopsies-{lane}",
    )
    broken = [months(two.study_day) for two in one.fractures if two.study_day is not None]
    axes.plot(
        broken,
        [lane] * len(broken),
        "X",
        color=_FRACTURE,
        markersize=8.5 * size,
        markeredgecolor="white",
        markeredgewidth=size,
        gid=f"fractures-{lane}",
    )
    serious = [two.study_day for two in one.adverse_events if two.event.serious and two.study_day is not None]
    at = [months(day) for day in serious]
    axes.plot(at, [lane - 0.32] * len(at), "v", color=_INK, markersize=5 * size, gid=f"serious-{lane}")


def _end_lane(
    axes: Axes,
    one: Moments,
    lane: int,
    ending: str,
    letters: float,
    scale: tuple[tuple[float, float], float],
) -> None:
    """A bar at the end of a lane with its words: to the right of it, or inside the lane where they do not fit there."""
    if not ending:
        return
    (low, high), points = scale
    end = months(one.last or 1)
    axes.plot([end, end], [lane - 0.3, lane + 0.3], color=_INK, linewidth=2)
    if not letters:
        return
    size = letters - 0.5
    right, left = ((room * points - _END_APART) / (size * _LETTER_WIDTH) for room in (high - end, end - low))
    inside = len(ending) > right and left > right
    axes.annotate(
        literal(shortened(ending, max(int(left if inside else right), _FEWEST_LETTERS))),
        (end, lane),
        (-_END_APART if inside else _END_APART, 0),
        textcoords="offset points",
        va="center",
        ha="right" if inside else "left",
        fontsize=size,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.6} if inside else None,
        gid=f"ending-{lane}",
    )


def _dress(
    axes: Axes, names: Sequence[str], dataset: Dataset, limits: tuple[float, float], letters: float, wide: float
) -> None:
    from matplotlib.ticker import MultipleLocator

    axes.set_yticks(range(len(names)) if letters else [], [literal(name) for name in names] if letters else [])
    axes.set_ylim(len(names) - 0.5, -0.7)
    axes.set_xlim(limits)
    axes.xaxis.set_major_locator(MultipleLocator(6 if limits[1] - limits[0] > 11 else 2))
    axes.set_xlabel("months from infusion", fontsize=8)
    axes.tick_params(labelsize=8, left=False)
    axes.tick_params(axis="y", labelsize=letters or 8)
    axes.axvline(0, color=_INK, linewidth=0.8, zorder=0)
    axes.grid(axis="x", color="#e3e8ec", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    name_visits(axes, dataset.gathered.protocol, limits, wide)


def _explain(figure: Figure, colours: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def mark(shape: str, colour: str, label: str) -> Line2D:
        return Line2D([], [], linestyle="", marker=shape, color=colour, markersize=6, label=label)

    handles: list[Line2D | Patch] = [Patch(color=colour, alpha=0.3, label=code) for code, colour in colours.items()]
    handles += [
        mark("|", _SOFT, "measured"),
        mark("D", _INK, "infusion"),
        mark("^", _BIOPSY, "biopsy"),
        mark("X", _FRACTURE, "fracture"),
        mark("v", _INK, "serious adverse event"),
        mark("|", _INK, "end of what is known"),
    ]
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        fontsize=7,
        frameon=False,
        handletextpad=0.3,
        handlelength=1.2,
        columnspacing=1.1,
    )
