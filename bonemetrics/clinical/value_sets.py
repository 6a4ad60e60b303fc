"""Value sets of the EQ-5D: what a health state is worth. Coefficients with their source, no wording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from bonemetrics.errors import TableError

Version = Literal["3L", "5L"]
DIMENSIONS = ("MO", "SC", "UA", "PD", "AD")
"""Mobility, self-care, usual activities, pain or discomfort, anxiety or depression."""
DIMENSION_NAMES = (
    ("mobility", "MO", "movilidad"),
    ("self_care", "SC", "self-care", "cuidado personal"),
    ("usual_activities", "UA", "activity", "activities", "actividades"),
    ("pain_discomfort", "PD", "pain", "pain/discomfort", "dolor"),
    ("anxiety_depression", "AD", "anxiety", "anxiety/depression", "ansiedad"),
)
"""What columns of the dimensions are called, the role first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """Decrements from full health.

    `decrements` are by dimension for the levels above the first; `any_problem` is taken off any state but full
    health, `any_worst` where a dimension is at its worst level.
    """

    name: str
    version: Version
    source: str
    decrements: tuple[tuple[float, ...], ...]
    any_problem: float = 0.0
    any_worst: float = 0.0

    @property
    def levels(self) -> int:
        """Number of levels of each dimension."""
        return len(self.decrements[0]) + 1


VALUE_SETS: tuple[ValueSet, ...] = (
    ValueSet(
        name="Spain TTO",
        version="3L",
        source="Badia X et al. 2001, Med Decis Making 21:7, doi 10.1177/0272989X0102100102",
        any_problem=0.024,
        any_worst=0.291,
        decrements=((0.106, 0.430), (0.134, 0.309), (0.071, 0.195), (0.089, 0.261), (0.062, 0.144)),
    ),
    ValueSet(
        name="Spain VAS",
        version="3L",
        source="Szende A, Oppe M, Devlin N (eds) 2007, EQ-5D Value Sets, ISBN 1-4020-5511-0",
        any_problem=0.1502,
        any_worst=0.2119,
        decrements=((0.0897, 0.1794), (0.1012, 0.2024), (0.0551, 0.1102), (0.0596, 0.1192), (0.0512, 0.1024)),
    ),
    ValueSet(
        name="Spain VT",
        version="5L",
        source="Ramos-Goni JM et al. 2018, Value Health 21:596, doi 10.1016/j.jval.2017.10.023",
        decrements=(
            (0.0839717, 0.0992505, 0.2497363, 0.337318),
            (0.0500236, 0.053293, 0.1640509, 0.1961494),
            (0.0440448, 0.0489321, 0.1351463, 0.153155),
            (0.077983, 0.1011491, 0.2454973, 0.3818179),
            (0.0807394, 0.1275334, 0.2704687, 0.3477585),
        ),
    ),
)
"""Every value set that is known here."""


def value_set(version: str | None, name: str | None) -> ValueSet:
    """The value set of a name and version.

    Raises
    ------
    TableError
        `version-not-stated` without both, `value-set-unknown` for one that is not here.
    """
    known = ", ".join(f"{one.name} ({one.version})" for one in VALUE_SETS)
    if not version or not name:
        text = f"the EQ-5D parameter states no version and value set; known are {known}"
        raise TableError(text, code="version-not-stated")
    for one in VALUE_SETS:
        if one.version == version and _plain(one.name) == _plain(name):
            return one
    raise TableError(f"no value set {name!r} of version {version}; known are {known}", code="value-set-unknown")


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def index_of(levels: Sequence[int], values: ValueSet) -> float:
    """The value of a health state.

    Parameters
    ----------
    levels
        Of the five dimensions in their order, from 1.
    values
        Value set of the questionnaire's version.

    Returns
    -------
    float
        1 is full health, 0 as bad as being dead; rounded to the digits of the coefficients.

    Raises
    ------
    TableError
        `invalid-state` for a level the version does not have.
    """
    if len(levels) != len(DIMENSIONS) or any(not 1 <= level <= values.levels for level in levels):
        told = "".join(str(level) for level in levels)
        text = f"{told!r} is no state of version {values.version}: five levels from 1 to {values.levels}"
        raise TableError(text, code="invalid-state")
    lost = sum(own[level - 2] for own, level in zip(values.decrements, levels, strict=True) if level > 1)
    if any(level > 1 for level in levels):
        lost += values.any_problem
    if values.levels in levels:
        lost += values.any_worst
    return round(1 - lost, 7)


def states(values: ValueSet) -> Iterator[tuple[int, ...]]:
    """Every state of a version, full health first."""
    return product(range(1, values.levels + 1), repeat=len(DIMENSIONS))
