"""The map of completeness: which woman has which kind of data at which visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bonemetrics.outcomes.figures.canvas import (
    blank_figure,
    clamped,
    ends_of,
    lane_inch,
    letter_points,
    letters_beside,
    literal,
    names_inch,
    shortened,
    starts_of,
)
from bonemetrics.outcomes.figures.moments import moments
from bonemetrics.outcomes.figures.style import WIDE_INCH
from bonemetrics.outcomes.figures.tiers import tiers
from bonemetrics.outcomes.rows import Dataset, Participant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = {
    "qct": "QCT",
    "dxa": "DXA",
    "histomorphometry": "Biopsy",
    "laboratory": "Laboratory",
    "oswestry": "Oswestry",
    "eq5d": "EQ-5D",
    "vas": "Pain",
}
"""Short names of kinds of data, in the order in which they are shown."""
_DERIVED = "fractures"
"""A count of fractures follows from their table at every visit and says nothing of the visit."""
_WHOLE, _PART, _NONE, _GONE = "#2166ac", "#a6cbe6", "#ffffff", "#e4e4e4"
_INK, _SOFT = "#1a1a1a", "#5a6672"
_CELL_INCH, _COLUMN_INCH, _MOST_INCH = 0.26, 0.5, 7.6
_KINDS_INCH, _LINE_INCH, _FOOT_INCH, _RIGHT_INCH, _LEGEND_INCH = 0.7, 0.15, 0.4, 0.3, 4.4
_LETTER_INCH, _SQUARE_LETTERS = 0.075, 3.5
_VISIT_LETTERS, _COHORT_LETTERS, _FEWEST_LETTERS = 24, 12, 8


@dataclass(frozen=True, slots=True)
class Square:
    """How many of the wanted parameters of one kind a woman has at a visit.

    `gone` is true where the visit begins after the last that is known of her.
    """

    subject: str
    visit: str
    kind: str
    present: int
    wanted: int
    gone: bool


def squares(dataset: Dataset) -> tuple[Square, ...]:
    """What the map shows, by woman, visit and kind of data.

    Parameters
    ----------
    dataset
        Of the study.

    Returns
    -------
    tuple of Square
        A parameter is wanted at a visit where at least one woman has it: the protocol does not say what is measured
        when, so what nobody has at a visit is taken for not planned there. Counted are values that are analysed, and
        results that only have a text, such as `<0.5`.
    """
    has: dict[tuple[str, str, str], set[str]] = {}
    wanted: dict[tuple[str, str], set[str]] = {}
    names = {visit.name for visit in dataset.gathered.protocol.visits}
    for row in dataset.rows:
        # A result below a limit is a result, though no number that could be analysed.
        counts = row.analysed or (row.value is None and bool(row.text))
        if counts and row.source.kind != _DERIVED and row.visit in (names or {row.visit}):
            has.setdefault((row.subject, row.visit, row.source.kind), set()).add(row.paramcd)
            wanted.setdefault((row.visit, row.source.kind), set()).add(row.paramcd)
    last = {subject: one.last for subject, one in moments(dataset).items()}
    starts = {visit.name: visit.window[0] for visit in dataset.gathered.protocol.visits if visit.window is not None}
    order = sorted(wanted, key=lambda key: (_visit_place(dataset, key[0]), _kind_place(key[1])))
    return tuple(
        Square(
            subject=who.subject,
            visit=visit,
            kind=kind,
            present=len(has.get((who.subject, visit, kind), ())),
            wanted=len(wanted[visit, kind]),
            gone=visit in starts and _ended(last[who.subject], starts[visit]),
        )
        for who in _ordered(dataset)
        for visit, kind in order
    )


def completeness_map(dataset: Dataset) -> Figure | None:
    """Draw the map: a row for each woman, a column for each kind of data of each visit.

    Parameters
    ----------
    dataset
        Of the study.

    Returns
    -------
    Figure or None
        `None` where there is no value at any visit. Dark is complete, light in part with the count, white with a
        cross nothing, grey after the last that is known of her.
    """
    every = squares(dataset)
    if not every:
        return None
    women = list(dict.fromkeys(one.subject for one in every))
    heads = list(dict.fromkeys((one.visit, one.kind) for one in every))
    cohort = {who.subject: who.cohort for who in dataset.gathered.participants}
    cell = lane_inch(len(women), _CELL_INCH, _MOST_INCH)
    letters = letter_points(cell)
    codes = {woman: shortened(cohort.get(woman, ""), _COHORT_LETTERS) for woman in women}
    room = letters_beside(letters) - max(map(len, codes.values())) - 2
    cut = ends_of(women, max(room, _FEWEST_LETTERS))
    names = [f"{cut[woman]}  {codes[woman]}".rstrip() for woman in women]
    left = names_inch(names, letters)
    column = min(_COLUMN_INCH, (WIDE_INCH - left - _RIGHT_INCH) / len(heads))
    right = max(_RIGHT_INCH, _LEGEND_INCH - left - column * len(heads))
    visits = _visits(heads, column, (-left, column * len(heads) + right))
    above = _KINDS_INCH + _LINE_INCH * (1 + max(line for *_, line in visits))
    wide, height = max(left + column * len(heads) + _RIGHT_INCH, _LEGEND_INCH), above + cell * len(women) + _FOOT_INCH
    figure = blank_figure(wide, height)
    axes = figure.add_axes((
        left / wide, _FOOT_INCH / height, column * len(heads) / wide, cell * len(women) / height
    ))  # fmt: skip
    for one in every:
        _draw_square(axes, one, heads.index((one.visit, one.kind)), women.index(one.subject), min(letters, 7.0))
    _head(axes, visits)
    axes.set(xlim=(0, len(heads)), ylim=(len(women), 0))
    if letters:
        axes.set_yticks([place + 0.5 for place in range(len(women))], [literal(name) for name in names])
        axes.tick_params(axis="y", labelsize=letters)
    else:
        axes.set_yticks([])
    axes.set_xticks([place + 0.5 for place in range(len(heads))], [KINDS.get(kind, kind) for _, kind in heads])
    axes.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=7, labelrotation=60)
    for label in axes.get_xticklabels():
        label.set(ha="left", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _explain(figure)
    return figure


def _ended(last: int | None, start: int) -> bool:
    return last is not None and last < start


def _ordered(dataset: Dataset) -> list[Participant]:
    codes = [cohort.code for cohort in dataset.gathered.protocol.cohorts]
    place = {code: number for number, code in enumerate(codes)}
    return sorted(dataset.gathered.participants, key=lambda who: (place.get(who.cohort, len(codes)), who.subject))


def _visit_place(dataset: Dataset, name: str) -> tuple[int, float, str]:
    names = [visit.name for visit in dataset.gathered.protocol.visits]
    if name in names:
        return names.index(name), 0.0, name
    numbers = [row.visit_number for row in dataset.rows if row.visit == name and row.visit_number is not None]
    return len(names), numbers[0] if numbers else float("inf"), name


def _kind_place(kind: str) -> tuple[int, str]:
    return (list(KINDS).index(kind) if kind in KINDS else len(KINDS), kind)


def _draw_square(axes: Axes, one: Square, column: int, row: int, letters: float) -> None:
    from matplotlib.patches import Rectangle

    whole = one.present == one.wanted
    colour = _WHOLE if whole else _PART if one.present else _GONE if one.gone else _NONE
    edge = "white" if one.present or one.gone else "#b9c2ca"
    place = (column + 0.04, row + 0.06)
    axes.add_patch(Rectangle(place, 0.92, 0.88, facecolor=colour, edgecolor=edge, linewidth=min(1.2, 0.15 * letters)))
    if not letters or (one.gone and not one.present):
        return
    said = "✕" if not one.present else "" if whole else f"{one.present}/{one.wanted}"
    size = letters * min(1.0, _SQUARE_LETTERS / max(len(said), 1))
    axes.text(column + 0.5, row + 0.5, said, ha="center", va="center", fontsize=size, color=_INK)


def _visits(
    heads: Sequence[tuple[str, str]], column: float, room: tuple[float, float]
) -> list[tuple[str, float, float, int]]:
    """For each visit its name, its first column, the middle of its name in columns, and the line that it stands on.

    `room` are the ends of the figure in inches from the first column: no name leaves it.
    """
    names = list(dict.fromkeys(visit for visit, _ in heads))
    places = [[place for place, (visit, _) in enumerate(heads) if visit == name] for name in names]
    written = list(starts_of(names, _VISIT_LETTERS).values())
    widths = [len(name) * _LETTER_INCH for name in written]
    middles = [
        clamped((own[0] + own[-1] + 1) / 2 * column, width, *room) for own, width in zip(places, widths, strict=True)
    ]
    lines = tiers(middles, widths, _LETTER_INCH)
    return [
        (name, own[0], middle / column, line)
        for name, own, middle, line in zip(written, places, middles, lines, strict=True)
    ]


def _head(axes: Axes, visits: Sequence[tuple[str, float, float, int]]) -> None:
    """Names of visits over their columns, and a line between two visits."""
    for name, first, middle, line in visits:
        axes.annotate(
            literal(name),
            (middle, 1),
            (0, 72 * (_KINDS_INCH + line * _LINE_INCH)),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            fontweight="bold",
        )
        if first:
            axes.axvline(first, color=_SOFT, linewidth=1.2)


def _explain(figure: Figure) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=_WHOLE, label="complete"),
        Patch(facecolor=_PART, label="in part"),
        Patch(facecolor=_NONE, edgecolor="#b9c2ca", label="✕ nothing"),
        Patch(facecolor=_GONE, label="after last contact"),
    ]
    figure.legend(handles=handles, loc="lower left", ncols=4, fontsize=7.5, frameon=False)
