"""Who changed by more than the measurement can err, and in which direction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bonemetrics.outcomes.analysis.intervals import Interval, proportion_interval
from bonemetrics.outcomes.analysis.select import Group, Selection
from bonemetrics.outcomes.rows import OutcomeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Responders:
    """How many of a group responded at one visit. `whole` are the women for whom it can be told."""

    paramcd: str
    group: Group
    visit: str
    criterion: str
    part: int
    whole: int

    @property
    def interval(self) -> Interval | None:
        """Exact 95 % interval of the fraction."""
        return proportion_interval(self.part, self.whole)


def responders(selection: Selection, paramcd: str) -> tuple[Responders, ...]:
    """Count who responded, by group and visit.

    Parameters
    ----------
    selection
        Rows that count.
    paramcd
        Of the parameter.

    Returns
    -------
    tuple of Responders
        By criterion, group and visit: at least the least significant change either way, at least that in the direction
        of benefit, and in that direction at least the per cent that the protocol names. A criterion that can be told
        of nobody is left out; a group of which it cannot be told stands with none of none.
    """
    protocol = selection.dataset.gathered.protocol
    limit = protocol.analysis.responder_percent
    benefit = next((one.benefit for one in protocol.parameters if one.paramcd == paramcd), None)
    sign = {"up": 1, "down": -1}.get(benefit or "", 0)
    found = []
    for criterion, told in _criteria(limit, sign):
        of_criterion = []
        for group in selection.groups(paramcd):
            for visit in selection.follow_up(paramcd):
                flags = [told(row) for row in selection.rows(paramcd, visit, group.women)]
                known = [flag for flag in flags if flag is not None]
                of_criterion.append(
                    Responders(
                        paramcd=paramcd,
                        group=group,
                        visit=visit,
                        criterion=criterion,
                        part=sum(known),
                        whole=len(known),
                    )
                )
        found += of_criterion if any(one.whole for one in of_criterion) else []
    return tuple(found)


def _criteria(limit: float | None, sign: int) -> Iterator[tuple[str, Callable[[OutcomeRow], bool | None]]]:
    yield "at least LSC, either way", lambda row: row.criterion_1_met
    yield "at least LSC, towards benefit", lambda row: row.criterion_2_met
    if limit is not None and sign:
        percent = limit

        def met(row: OutcomeRow) -> bool | None:
            return None if row.percent_change is None else sign * row.percent_change >= percent

        yield f"at least {limit:g} %, towards benefit", met
