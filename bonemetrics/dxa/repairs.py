"""Single-character changes of a printed number after which everything agrees: to be proposed, never to be made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bonemetrics.dxa.cells import NAMES, CellKey, Number, Spot, key_of
from bonemetrics.dxa.identity_rules import Identity
from bonemetrics.dxa.plausibility import is_possible
from bonemetrics.records import DxaCell, DxaRow

_NUMBER = re.compile(r"\d{1,7}(?:[.,]\d{1,12})?")
_LONGEST = 12
_MOST = 40
"""More proposals than this would say no more than that the row is wrong."""

Holds = Callable[[tuple[Identity, ...], Mapping[Spot, Number], Spot], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A change that would make a group of numbers agree: of `cell`, from `raw` to `proposed`."""

    spot: Spot
    cell: CellKey
    raw: str
    proposed: str


def single_edits(text: str) -> Iterator[str]:
    """Every number that one character replaced, inserted or removed makes of a number.

    Parameters
    ----------
    text
        A printed number without sign.

    Yields
    ------
    str
        Numbers only, each once, the number itself left out.
    """
    point = "," if "," in text else "."
    seen = {text}
    for at in range(len(text) + 1):
        before, behind = text[:at], text[at:]
        made = [before + new + behind for new in (*"0123456789", point)]
        if behind:
            made.append(before + behind[1:])
            made += [before + new + behind[1:] for new in (*"0123456789", point)]
        for candidate in made:
            if candidate not in seen and _NUMBER.fullmatch(candidate):
                seen.add(candidate)
                yield candidate


def repairs_of(
    group: tuple[Identity, ...],
    rows: tuple[DxaRow, ...],
    numbers: Mapping[Spot, Number],
    doubtful: Sequence[Spot],
    *,
    holds: Holds,
) -> tuple[Repair, ...]:
    """Every single-character change of one doubtful cell after which its group of identities holds.

    Parameters
    ----------
    group
        Identities that share cells, of which some do not hold.
    rows
        Rows of the report.
    numbers
        Its numbers.
    doubtful
        The cells that may be at fault.
    holds
        Tells whether the group holds with one changed cell.

    Returns
    -------
    tuple of Repair
        Empty where no change of one character of one cell is enough, as with two wrong cells.
    """
    usual = _usual_decimals(rows)
    found: list[Repair] = []
    for spot in doubtful:
        cell = rows[spot[0]].cells[spot[1]]
        for proposed, number in _changed(cell, usual.get(spot[1])):
            if not is_possible(spot[1], number.value):
                continue
            if holds(group, {**numbers, spot: number}, spot):
                found.append(Repair(spot=spot, cell=key_of(rows, spot), raw=cell.raw.strip(), proposed=proposed))
            if len(found) == _MOST:
                return tuple(found)
    return tuple(found)


def _usual_decimals(rows: tuple[DxaRow, ...]) -> dict[str, int]:
    # A column prints one number of decimals: a change that leaves it is no misprint of this column.
    counts: dict[str, Counter[int]] = {}
    for row in rows:
        for name, cell in row.cells.items():
            if cell.value is not None and (printed := _decimals(cell.raw.strip())) is not None:
                counts.setdefault(name, Counter())[printed] += 1
    return {name: count.most_common(1)[0][0] for name, count in counts.items() if count.most_common(1)[0][1] > 1}


def _decimals(text: str) -> int | None:
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    return len(text.replace(",", ".").partition(".")[2])


def _changed(cell: DxaCell, usual: int | None) -> Iterator[tuple[str, Number]]:
    text = cell.raw.strip()
    printed = _decimals(text)
    if cell.trust == "exact" or cell.value is None or printed is None:
        return
    stated = float(text.replace(",", "."))
    if stated <= 0.0:
        return
    # A converted cell holds its text in the unit of the source.
    factor = cell.value / stated
    for proposed in single_edits(text):
        decimals = _decimals(proposed)
        if decimals is not None and (usual is None or decimals == usual):
            yield proposed, Number(float(proposed.replace(",", ".")) * factor, 0.5 * 10.0**-decimals * factor)


def described(repair: Repair) -> str:
    """A repair in words, such as `L2 area: '13.27' would fit everything if it were '13.72'`."""
    region, side, name = repair.cell
    place = region if side is None else f"{side} {region}"
    return f"{place} {NAMES.get(name, name)}: '{repair.raw}' would fit everything if it were '{repair.proposed}'"
