"""When things of a person happened, in months from the infusion: what every figure with a time axis draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bonemetrics.outcomes.rows import Candidate, Dataset, Participant, PlacedAdverseEvent, PlacedFracture
from bonemetrics.study.visits import study_day

_DAYS_OF_A_MONTH = 30.4375


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Days of one person, each a study day (day 1 is the infusion), in order and without repeats.

    `visits` are days on which anything was measured; `first` and `last` bound everything of her, the infusion
    included. `undated` counts fractures whose day nobody knows.
    """

    participant: Participant
    visits: tuple[int, ...]
    biopsies: tuple[int, ...]
    fractures: tuple[PlacedFracture, ...]
    adverse_events: tuple[PlacedAdverseEvent, ...]
    first: int | None
    last: int | None
    undated: int


def months(day: float) -> float:
    """Months from the infusion to a study day; there is no day 0, so day 1 and the day before it are a day apart.

    Parameters
    ----------
    day
        CDISC study day.

    Returns
    -------
    float
        Months of 30.4375 days; 0 on the day of infusion.
    """
    return (day - 1 if day > 0 else day) / _DAYS_OF_A_MONTH


def moments(dataset: Dataset) -> dict[str, Moments]:
    """Collect what happened when, by person.

    Parameters
    ----------
    dataset
        Of the study.

    Returns
    -------
    dict
        By subject, in the order of participants. Nothing is dated where the day of infusion is not known.
    """
    values: dict[str, list[Candidate]] = {}
    for one in dataset.gathered.candidates:
        values.setdefault(one.subject, []).append(one)
    return {one.subject: _of(dataset, one, values.get(one.subject, [])) for one in dataset.gathered.participants}


def _of(dataset: Dataset, who: Participant, own: Sequence[Candidate]) -> Moments:
    gathered = dataset.gathered
    visits = _days(one.study_day for one in own)
    biopsies = _days(one.study_day for one in own if one.kind == "histomorphometry")
    biopsies = _days((*biopsies, *(_placed(one.day, who) for one in gathered.labels if one.subject == who.subject)))
    fractures = tuple(one for one in gathered.fractures if one.subject == who.subject)
    events = tuple(one for one in gathered.adverse_events if one.subject == who.subject)
    last = _placed(who.last_day, who)
    infused = None if who.day1 is None else 1
    others = (*(one.study_day for one in fractures), *(one.study_day for one in events), last, infused)
    every = _days((*visits, *biopsies, *others))
    return Moments(
        participant=who,
        visits=visits,
        biopsies=biopsies,
        fractures=tuple(sorted(fractures, key=lambda one: (one.study_day is None, one.study_day or 0))),
        adverse_events=tuple(sorted(events, key=lambda one: (one.study_day is None, one.study_day or 0))),
        first=every[0] if every else None,
        last=every[-1] if every else None,
        undated=sum(one.study_day is None for one in fractures),
    )


def _placed(day: date | None, who: Participant) -> int | None:
    return study_day(day, who.day1) if day is not None and who.day1 is not None else None


def _days(given: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({day for day in given if day is not None}))
