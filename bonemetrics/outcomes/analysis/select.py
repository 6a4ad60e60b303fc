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
        self._limited: dict[str, frozenset[str]] = {}
        self._baselines: dict[str, frozenset[str]] = {}
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

    def is_limit(self, row: OutcomeRow) -> bool:
        """Whether a result is known only as below or above a limit."""
        return row.value is None

    def lacks_change(self, row: OutcomeRow) -> bool:
        """Whether there is no change only because the result, or that of the baseline visit, is known as a limit."""
        if row.is_baseline or row.change is not None or self._is_before(row):
            return False
        return self.is_limit(row) or row.subject in self._limited_baselines(row.paramcd)

    def _is_before(self, row: OutcomeRow) -> bool:
        """Whether a row stands at the baseline visit or before the infusion, where nobody has a change."""
        return row.visit in self.baseline_visits(row.paramcd) or (row.study_day is not None and row.study_day < 1)

    def baseline_visits(self, paramcd: str) -> frozenset[str]:
        """Visits whose values are baselines: the one that the protocol names, and those of the rows."""
        if paramcd not in self._baselines:
            every = self._rows.get(paramcd, {})
            named = (visit.name for visit in self.dataset.gathered.protocol.visits if visit.baseline)
            held = (visit for visit, rows in every.items() if any(row.is_baseline for row in rows))
            self._baselines[paramcd] = frozenset((*named, *held))
        return self._baselines[paramcd]

    def _limited_baselines(self, paramcd: str) -> frozenset[str]:
        """Women whose result at the baseline visit is known only as a limit, and who have no other baseline."""
        if paramcd not in self._limited:
            every = [row for rows in self._rows.get(paramcd, {}).values() for row in rows]
            have = {row.subject for row in every if row.is_baseline}
            visits = self.baseline_visits(paramcd)
            found = {row.subject for row in every if row.visit in visits and self.is_limit(row)}
            self._limited[paramcd] = frozenset(found - have)
        return self._limited[paramcd]

    def change_visits(self, paramcd: str) -> tuple[str, ...]:
        """Visits at which any woman has a change from baseline, or would have one were her results not limits."""
        found = self._rows.get(paramcd, {})
        return tuple(
            visit
            for visit in self.visits(paramcd)
            if any(row.change is not None or self.lacks_change(row) for row in found[visit])
        )

    def limits(self, paramcd: str) -> tuple[OutcomeRow, ...]:
        """Results of a parameter that are known only as a limit, visit by visit."""
        return tuple(row for visit in self.visits(paramcd) for row in self.rows(paramcd, visit) if self.is_limit(row))

    def groups(self, paramcd: str) -> tuple[Group, ...]:
        """Groups for the tables of one parameter: without `All` where that would repeat one cohort."""
        every = groups(self.dataset)
        there = {row.subject for rows in self._rows.get(paramcd, {}).values() for row in rows}
        parts = [one for one in every if one.label != ALL and one.women & there]
        return tuple(one for one in every if one.label != ALL or len(parts) != 1 or not there <= parts[0].women)

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
