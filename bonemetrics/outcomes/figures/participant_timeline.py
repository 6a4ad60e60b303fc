"""All endpoints of one person on one time axis, with her infusion, biopsies, fractures and adverse events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bonemetrics.outcomes.figures.canvas import blank_figure, literal, shortened
from bonemetrics.outcomes.figures.moments import Moments, moments, months
from bonemetrics.outcomes.figures.style import WIDE_INCH
from bonemetrics.outcomes.figures.tiers import name_visits
from bonemetrics.outcomes.rows import Dataset, OutcomeRow, PlacedAdverseEvent
from bonemetrics.outcomes.wording import change_text, decimals, number, pretty_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_INCH, _EVENT_INCH, _HEAD_INCH, _FOOT_INCH = 0.74, 0.18, 0.36, 0.38
_TALLEST_INCH = 6.2
"""Of all panels of a column, so that the figure and what is said of her fit on one sheet."""
_LEFT_INCH, _RIGHT_INCH, _GAP_INCH = 0.86, 0.05, 0.5
_FEW_PANELS, _MOST_EVENTS = 20, 6
_FEWEST_STEPS = 3
"""Height of a panel, at least, in steps of the last decimal shown."""
_WIDER = 1.3
"""Three columns are drawn wider and shown smaller."""
_LETTER_POINTS, _BOLD_LETTER_POINTS = 3.75, 4.45
"""Mean width of a letter of the names and values of panels, so that both fit in one line."""
_LINE, _BAND, _SOFT, _FRACTURE, _BIOPSY, _SERIOUS = "#0b4f8a", "#dfe7ee", "#5a6672", "#c23b00", "#8a3c8f", "#1a1a1a"
_TOP, _BOTTOM, _LABEL_APART = 0.34, 0.9, 0.15
"""Where in a panel of height 1 the drawing begins and ends; above it stands its name; labels keep apart."""


@dataclass(frozen=True, slots=True)
class _Panel:
    """One parameter of hers: values by month, those that count and those that do not."""

    name: str
    unit: str
    counted: tuple[OutcomeRow, ...]
    others: tuple[OutcomeRow, ...]
    places: int

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest of what is drawn, a little wider."""
        values = [row.value for row in (*self.counted, *self.others) if row.value is not None]
        band = self.band
        ends = [*values, *(band or ())]
        low, high = min(ends), max(ends)
        # A difference that the shown digits hide must not fill the panel.
        least = _FEWEST_STEPS * 10.0**-self.places
        middle, half = (low + high) / 2, max(high - low, least) / 2
        return middle - 1.24 * half, middle + 1.24 * half

    @property
    def band(self) -> tuple[float, float] | None:
        """Baseline less and plus the least significant change, where both are known."""
        known = [row for row in self.counted if row.base is not None and row.lsc is not None]
        if not known or known[-1].base is None or known[-1].lsc is None:
            return None
        return known[-1].base - known[-1].lsc, known[-1].base + known[-1].lsc


def participant_timeline(dataset: Dataset, subject: str) -> Figure | None:
    """Draw every parameter of one person as a small panel over months from the infusion.

    Parameters
    ----------
    dataset
        Of the study.
    subject
        Her study ID.

    Returns
    -------
    Figure or None
        `None` where nothing of hers can be placed in time: no value, or no day of infusion. Full dots are the values
        that count, open ones further values; the band is her baseline ± the least significant change.
    """
    panels = _panels(dataset, subject)
    own = moments(dataset)[subject]
    days = [months(day) for day in (own.first, own.last) if day is not None]
    if not panels or not days:
        return None
    across = 2 if len(panels) <= _FEW_PANELS else 3
    down = -(-len(panels) // across)
    scale = _WIDER if across > 2 else 1.0
    wide = WIDE_INCH * scale
    strip, body = _strip_height(own), min(down * _PANEL_INCH, _TALLEST_INCH * scale)
    height = _HEAD_INCH + strip + body + _FOOT_INCH
    figure = blank_figure(wide, height)
    limits = _limits(days)
    inner = wide - _LEFT_INCH - _RIGHT_INCH
    above = figure.add_axes((_LEFT_INCH / wide, 1 - (_HEAD_INCH + strip) / height, inner / wide, strip / height))
    _draw_strip(above, own, limits)
    name_visits(above, dataset.gathered.protocol, limits, inner, infusion=True, most_lines=2)
    width = (inner - (across - 1) * _GAP_INCH) / across
    for place in range(across):
        left = _LEFT_INCH + place * (width + _GAP_INCH)
        axes = figure.add_axes((left / wide, _FOOT_INCH / height, width / wide, body / height))
        _draw_column(axes, panels[place * down : (place + 1) * down], own, limits, down)
    return figure


def undrawn(dataset: Dataset, subject: str) -> int:
    """How many values of hers have no day, or only a text such as `<0.5`, and so are not in the figure."""
    return sum(row.subject == subject and (row.value is None or row.study_day is None) for row in dataset.rows)


def _panels(dataset: Dataset, subject: str) -> list[_Panel]:
    found = []
    rows: dict[str, list[OutcomeRow]] = {}
    for row in dataset.rows:
        rows.setdefault(row.paramcd, []).append(row)
    for parameter in dataset.gathered.protocol.parameters:
        every = rows.get(parameter.paramcd, [])
        own = [row for row in every if row.subject == subject and row.value is not None and row.study_day is not None]
        own.sort(key=lambda row: row.study_day or 0)
        if not own:
            continue
        lsc = next((row.lsc for row in reversed(own) if row.lsc is not None), None)
        found.append(
            _Panel(
                name=parameter.param,
                unit=pretty_unit(own[0].unit),
                counted=tuple(row for row in own if row.analysed),
                others=tuple(row for row in own if not row.analysed),
                places=_places([row.value for row in every], lsc),
            )
        )
    return found


def _places(values: Sequence[float | None], lsc: float | None) -> int:
    """Decimals of single values: whole ones, such as counts, have none."""
    is_whole = lsc is None and all(value is None or value == round(value) for value in values)
    return 0 if is_whole else decimals(values, lsc)


def _limits(days: Sequence[float]) -> tuple[float, float]:
    low, high = min(*days, 0.0), max(*days, 0.0)
    room = max(0.05 * (high - low), 0.5)
    return low - room, high + room


def _strip_height(own: Moments) -> float:
    return _EVENT_INCH * (3 + min(len(own.adverse_events), _MOST_EVENTS + 1)) + 0.08


def _draw_strip(axes: Axes, own: Moments, limits: tuple[float, float]) -> None:
    """Visits, biopsies and fractures in a row each, then the adverse events."""
    labels = ["Measured", "Biopsies", "Fractures"]
    axes.plot([months(day) for day in own.visits], [0] * len(own.visits), "|", color=_SOFT, markersize=7, gid="visits")
    days = own.biopsies
    axes.plot([months(day) for day in days], [1] * len(days), "^", color=_BIOPSY, markersize=6, gid="biopsies")
    for place, one in enumerate(own.fractures):
        if one.study_day is not None:
            x = months(one.study_day)
            axes.plot([x], [2], "X", color=_FRACTURE, markersize=7, markeredgecolor="white", gid=f"fracture-{place}")
            axes.annotate(
                literal(one.event.site), (x, 2), (6, 0), textcoords="offset points", va="center", fontsize=6.5
            )
    dated = [one for one in own.adverse_events if one.study_day is not None]
    for place, event in enumerate(dated[:_MOST_EVENTS], start=3):
        labels.append("Adverse events" if place == 3 else "")
        _draw_event(axes, event, place, limits)
    if len(dated) > _MOST_EVENTS:
        labels.append("")
        more = f"and {len(dated) - _MOST_EVENTS} more, see the table of adverse events"
        axes.text(0, 3 + _MOST_EVENTS, more, fontsize=6.5, va="center", color=_SOFT)
    axes.axvline(0, color=_SERIOUS, linewidth=1.1, gid="infusion")
    rows = 3 + min(len(own.adverse_events), _MOST_EVENTS + 1)
    axes.set(xlim=limits, ylim=(rows - 0.4, -0.6))
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)


def _draw_event(axes: Axes, event: PlacedAdverseEvent, place: int, limits: tuple[float, float]) -> None:
    start = months(event.study_day or 1)
    end = months(event.end_study_day) if event.end_study_day is not None else start
    colour = _SERIOUS if event.event.serious else "#9aa5af"
    axes.plot([start, max(end, start)], [place, place], color=colour, linewidth=4, solid_capstyle="butt")
    axes.plot([start], [place], "|", color=colour, markersize=7, markeredgewidth=2)
    serious = " (serious)" if event.event.serious else ""
    text = literal(f"{event.event.preferred_term or event.event.term}"[:48] + serious)
    right = (start + max(end, start)) / 2 > (limits[0] + limits[1]) * 0.62
    where, shift, side = (start, -6, "right") if right else (max(end, start), 6, "left")
    axes.annotate(
        text,
        (where, place),
        (shift, 0),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=6.5,
        color="#222222",
    )


def _draw_column(axes: Axes, panels: Sequence[_Panel], own: Moments, limits: tuple[float, float], down: int) -> None:
    """All panels of a column in one pair of axes, one below the other: many axes would take ten times as long."""
    axes.set(xlim=limits, ylim=(down, 0))
    for place, panel in enumerate(panels):
        _draw_panel(axes, panel, place, limits)
    _mark(axes, [0.0], len(panels), _SERIOUS, "solid")
    _mark(axes, [months(day) for day in own.biopsies], len(panels), _BIOPSY, (0, (1, 2)))
    broken = [months(one.study_day) for one in own.fractures if one.study_day is not None]
    _mark(axes, broken, len(panels), _FRACTURE, (0, (4, 2)))
    axes.spines[:].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks([])
    _draw_months(axes, limits, len(panels))


def _mark(axes: Axes, at: Sequence[float], panels: int, colour: str, style: Any) -> None:
    """Upright lines through the drawing of every panel, not through its name."""
    spots = [(x, place) for x in at for place in range(panels)]
    axes.vlines(
        [x for x, _ in spots],
        [place + _TOP - 0.04 for _, place in spots],
        [place + 1 for _, place in spots],
        color=colour,
        linewidth=0.8,
        linestyle=style,
        zorder=1,
    )


def _draw_months(axes: Axes, limits: tuple[float, float], foot: int) -> None:
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=5, steps=[1, 2, 3, 6, 10], integer=True).tick_values(*limits)
    for tick in ticks:
        if limits[0] <= tick <= limits[1]:
            axes.plot([tick, tick], [foot, foot + 0.05], color=_SOFT, linewidth=0.8, clip_on=False)
            axes.text(tick, foot + 0.08, number(float(tick), 0), fontsize=6.5, ha="center", va="top", color=_SOFT)
    axes.text(limits[1], foot + 0.3, "months from infusion", fontsize=6.5, ha="right", va="top", color=_SOFT)


def _draw_panel(axes: Axes, panel: _Panel, place: int, limits: tuple[float, float]) -> None:
    low, high = panel.span

    def at(value: float) -> float:
        return place + _BOTTOM - (value - low) / (high - low) * (_BOTTOM - _TOP)

    if panel.band is not None:
        low_end, high_end = panel.band
        axes.fill_between(limits, at(low_end), at(high_end), color=_BAND, linewidth=0, zorder=0)
    axes.plot(limits, [place + 1, place + 1], color="#d5dce2", linewidth=0.6)
    counted = [(months(row.study_day or 1), at(row.value or 0.0)) for row in panel.counted]
    axes.plot([x for x, _ in counted], [y for _, y in counted], "-o", color=_LINE, linewidth=1.1, markersize=3)
    others = [(months(row.study_day or 1), at(row.value or 0.0)) for row in panel.others]
    if others:
        spots: dict[str, Any] = {
            "markerfacecolor": "white",
            "markeredgecolor": _SOFT,
            "markeredgewidth": 0.7,
            "markersize": 3,
        }
        axes.plot([x for x, _ in others], [y for _, y in others], "o", **spots)
    _draw_ends(axes, panel, at, limits[0])
    said = _last(panel)
    room = axes.get_window_extent().width / axes.figure.dpi * 72 - len(said) * _LETTER_POINTS - 6
    letters = max(int(room / _BOLD_LETTER_POINTS), 8)
    axes.text(limits[0], place + 0.05, literal(shortened(panel.name, letters)), fontsize=7, fontweight="bold", va="top")
    axes.text(limits[1], place + 0.05, literal(said), fontsize=7, ha="right", va="top", color="#222222")


def _draw_ends(axes: Axes, panel: _Panel, at: Callable[[float], float], left: float) -> None:
    """The lowest and the highest value, written beside the panel and moved apart where they would meet."""
    values = sorted(row.value for row in (*panel.counted, *panel.others) if row.value is not None)
    ends = list(dict.fromkeys((values[0], values[-1])))
    heights = [at(value) for value in ends]
    if len(ends) == 2 and heights[0] - heights[1] < _LABEL_APART:
        middle = sum(heights) / 2
        heights = [middle + _LABEL_APART / 2, middle - _LABEL_APART / 2]
    texts = [number(value, panel.places) for value in ends]
    if len(set(texts)) == 1:
        texts, heights = texts[:1], heights[:1]
    for text, height in zip(texts, heights, strict=True):
        axes.annotate(
            text,
            (left, height),
            (-2, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=6,
            color=_SOFT,
        )


def _last(panel: _Panel) -> str:
    """The change at the last visit, or the last value where there is none."""
    if not panel.counted:
        return panel.unit
    last = panel.counted[-1]
    return change_text(last.value or 0.0, last.change, panel.places, panel.unit)
