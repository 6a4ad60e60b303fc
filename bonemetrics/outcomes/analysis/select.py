"""Which rows an analysis counts: the one record of each visit, by parameter, visit and group of women."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bonemetrics.outcomes.cohorts import cohorts
from bonemetrics.outcomes.rows import Dataset, OutcomeRow
from bonemetrics.outcomes.wording import decimals
from bonemetrics.study.protocol_tables import ParameterTable
from bonemetrics.study.visits import UNSCHEDULED

ALL = "All"
_COUNTED = "N.Fx"


@dataclass(frozen=True, slots=True)
class Group:
    """Women who are counted together: one cohort, or all."""

    label: str
    women: frozenset[str]


def groups(dataset: Dataset) -> tuple[Group, ...]:
    """The cohorts that have women in them, and all women where there is more than one cohort.

    Parameters
    ----------
    dataset
        Of the study.

    Returns
    -------
    tuple of Group
        In the order of the protocol, all women last.
    """
    found = [Group(one.label, frozenset(one.women)) for one in cohorts(dataset) if one.women]
    everyone = Group(ALL, frozenset(one.subject for one in dataset.gathered.participants))
    return (*found, everyone) if len(found) != 1 else (Group(found[0].label, everyone.women),)


class Selection:
    """The rows of a dataset that count, found by parameter and visit.

    Parameters
    ----------
    dataset
        Of the study.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._rows: dict[str, dict[str, list[OutcomeRow]]] = {}
        for row in dataset.rows:
            if row.analysed and row.visit != UNSCHEDULED.name:
                self._rows.setdefault(row.paramcd, {}).setdefault(row.visit, []).append(row)
        self._order = {visit.name: place for place, visit in enumerate(dataset.gathered.protocol.visits)}

    @property
    def parameters(self) -> Iterator[ParameterTable]:
        """Parameters of the protocol that have any value that counts; counts of fractures are shown as events."""
        every = self.dataset.gathered.protocol.parameters
        return (one for one in every if one.paramcd in self._rows and one.quantity != _COUNTED)

    def visits(self, paramcd: str) -> tuple[str, ...]:
        """Visits at which a parameter has values, in their order in time."""
        found = self._rows.get(paramcd, {})
        return tuple(sorted(found, key=lambda name: self._place(name, found[name])))

    def _place(self, name: str, rows: list[OutcomeRow]) -> tuple[float, str]:
        number = rows[0].visit_number
        return self._order.get(name, float("inf") if number is None else number), name

    def rows(self, paramcd: str, visit: str, women: frozenset[str] | None = None) -> tuple[OutcomeRow, ...]:
        """Rows that count, of some women or of all."""
        found = self._rows.get(paramcd, {}).get(visit, ())
        return tuple(row for row in found if women is None or row.subject in women)

    def follow_up(self, paramcd: str) -> tuple[str, ...]:
        """Visits at which any woman has a change from baseline."""
        return tuple(
            visit for visit in self.visits(paramcd) if any(row.change is not None for row in self._rows[paramcd][visit])
        )

    def lsc(self, paramcd: str) -> float | None:
        """A least significant change of a parameter: the first that any of its rows has."""
        every = (row for visit in self.visits(paramcd) for row in self.rows(paramcd, visit))
        return next((row.lsc for row in every if row.lsc is not None), None)

    def decimals(self, paramcd: str) -> int:
        """How many decimals the values of a parameter are shown with."""
        values = [row.value for visit in self.visits(paramcd) for row in self.rows(paramcd, visit)]
        return decimals(values, self.lsc(paramcd))

    def change_decimals(self, paramcd: str) -> int:
        """How many decimals changes of a parameter are shown with.

        Changes are small beside the values; one decimal more tells them apart where no precision says it is noise.
        """
        places = self.decimals(paramcd)
        changes = [row.change for visit in self.visits(paramcd) for row in self.rows(paramcd, visit)]
        if self.lsc(paramcd) is not None:
            return places
        return max(places, min(places + 1, decimals(changes) - 1))

    def last(self, paramcd: str) -> tuple[OutcomeRow, ...]:
        """For each woman the last row with a change from baseline."""
        found: dict[str, OutcomeRow] = {}
        for visit in self.follow_up(paramcd):
            found |= {row.subject: row for row in self._rows[paramcd][visit] if row.change is not None}
        return tuple(found[subject] for subject in sorted(found))
