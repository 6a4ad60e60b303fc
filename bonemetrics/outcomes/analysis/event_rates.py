"""How often adverse events came on or after the infusion: women with any, and events over the time of follow-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bonemetrics.outcomes.analysis.intervals import Interval, proportion_interval, rate_interval
from bonemetrics.outcomes.analysis.select import Group, groups
from bonemetrics.outcomes.rows import Dataset, PlacedAdverseEvent

_DAYS_OF_A_YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRate:
    """Events of one kind in one group: women with any of all women whose infusion is known, and events over years.

    `years` are the women's years of follow-up together.
    """

    kind: str
    group: Group
    women_with: int
    women: int
    events: int
    years: float

    @property
    def share_interval(self) -> Interval | None:
        """Exact 95 % interval of the fraction of women with any."""
        return proportion_interval(self.women_with, self.women)

    @property
    def rate(self) -> float | None:
        """Events for each woman-year; `None` where nobody was followed."""
        return self.events / self.years if self.years > 0 else None

    @property
    def rate_interval(self) -> Interval | None:
        """Exact 95 % interval of that rate. It takes events to come independently, of one woman too."""
        return rate_interval(self.events, self.years)


def follow_up_days(dataset: Dataset, last: dict[str, int | None]) -> dict[str, int]:
    """Days of follow-up of each woman whose infusion is known: from day 1 to the last dated day, both counted.

    Parameters
    ----------
    dataset
        Of the study.
    last
        Study day of the last thing that is dated of each woman.

    Returns
    -------
    dict
        By subject, at least one day.
    """
    known = (one.subject for one in dataset.gathered.participants if one.day1 is not None)
    return {subject: max(last.get(subject) or 1, 1) for subject in known}


def event_rates(
    dataset: Dataset,
    events: Sequence[PlacedAdverseEvent],
    days: dict[str, int],
    kinds: Sequence[tuple[str, Callable[[PlacedAdverseEvent], bool]]],
) -> tuple[EventRate, ...]:
    """Count events that began on or after the day of infusion.

    Parameters
    ----------
    dataset
        Of the study.
    events
        Each told once.
    days
        Of follow-up by subject; women who are not in it are in no number.
    kinds
        Name of each kind of event, and which events are of it.

    Returns
    -------
    tuple of EventRate
        By kind, then by group.
    """
    after = [one for one in events if one.study_day is not None and one.study_day >= 1]
    found = []
    for kind, is_of_kind in kinds:
        for group in groups(dataset):
            own = [one for one in after if one.subject in group.women & days.keys() and is_of_kind(one)]
            found.append(
                EventRate(
                    kind=kind,
                    group=group,
                    women_with=len({one.subject for one in own}),
                    women=len(group.women & days.keys()),
                    events=len(own),
                    years=sum(days[subject] for subject in group.women & days.keys()) / _DAYS_OF_A_YEAR,
                )
            )
    return tuple(found)
