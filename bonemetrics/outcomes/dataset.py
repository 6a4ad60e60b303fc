"""The outcomes dataset: every value under its parameter, with what counts, its baseline and its change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bonemetrics.outcomes.baseline import Series, baselines
from bonemetrics.outcomes.changes import Change, change_from, fault_of_pair
from bonemetrics.outcomes.choose import chosen, fault_of, is_derived_by_source, order_of, why_no_mean
from bonemetrics.outcomes.new_fractures import QUANTITY, fracture_counts
from bonemetrics.outcomes.rows import Candidate, Dataset, Gathered, OutcomeRow, RowNote
from bonemetrics.outcomes.stated import StatedNumbers
from bonemetrics.records import Problem, note
from bonemetrics.study.least_change import LeastChanges
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.protocol_tables import ParameterTable, VisitTable
from bonemetrics.study.visits import UNSCHEDULED

_OF_SCANS = ("qct", "dxa")
_NO_CHANGE = Change()


def build_dataset(gathered: Gathered) -> Dataset:
    """Derive the outcomes dataset.

    Parameters
    ----------
    gathered
        Everything of a study in its place in the trial; the order does not matter.

    Returns
    -------
    Dataset
        Rows in the order of person, parameter of the protocol, study day and source. No value is left out: those that
        do not count are not `analysed`.
    """
    protocol = gathered.protocol
    derive = _Derivation(protocol)
    series: dict[tuple[str, str], list[Candidate]] = {}
    for value in (*gathered.candidates, *_counted(gathered)):
        for paramcd in value.paramcds:
            series.setdefault((value.subject, paramcd), []).append(value)
    rows: list[OutcomeRow] = []
    notes: list[RowNote] = []
    subjects = sorted({subject for subject, _ in series})
    for subject in subjects:
        for parameter in protocol.parameters:
            values = series.get((subject, parameter.paramcd))
            if values:
                for row, told in derive.rows(parameter, values):
                    rows.append(row)
                    notes.extend(_row_notes(row, told))
    return Dataset(gathered=gathered, rows=tuple(rows), notes=(*gathered.notes, *notes))


def _counted(gathered: Gathered) -> Iterator[Candidate]:
    for parameter in gathered.protocol.parameters:
        if parameter.quantity == QUANTITY:
            yield from fracture_counts(gathered, parameter)


def _row_notes(row: OutcomeRow, told: Iterable[Problem]) -> Iterator[RowNote]:
    """What the derivation said of a row, and what was said of a value of a table; scans have a table of notes."""
    own = () if row.source.kind in _OF_SCANS else row.notes
    for problem in dict.fromkeys((*told, *own)):
        yield RowNote(
            subject=row.subject,
            visit=row.visit,
            paramcd=row.paramcd,
            problem=problem,
            source_id=row.source.source_id,
            sheet=row.source.sheet,
            line=row.source.line,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen(Series):
    """A series with what is to be said of its values, by their identity."""

    notes: Mapping[int, list[Problem]]


class _Derivation:
    """Derives the rows of one parameter of one person at a time."""

    def __init__(self, protocol: Protocol) -> None:
        self._rules = protocol.analysis
        self._visits: dict[str, VisitTable] = {visit.name: visit for visit in protocol.visits}
        self._baseline = next((visit.name for visit in protocol.visits if visit.baseline), None)
        self._limits = LeastChanges(protocol)

    def rows(
        self, parameter: ParameterTable, values: Sequence[Candidate]
    ) -> Iterator[tuple[OutcomeRow, list[Problem]]]:
        found = self._choose(sorted(values, key=order_of), parameter.own_unit)
        bases = baselines(found, self._rules, baseline_visit=self._baseline)
        stated = StatedNumbers(found.values)
        counted = {id(one) for one in found.analysed}
        for value in found.values:
            told = [*found.notes.get(id(value), ()), *bases.notes.get(id(value), ())]
            base = bases.of(value)
            change = _NO_CHANGE
            if base is not None:
                change = self._change(value, base, parameter)
            elif id(value) in counted:
                told.append(note("no-baseline", f"{bases.why}; so there is no change"))
            told += change.notes
            number = base.value if base is not None and change.is_comparable else None
            contradiction = stated.contradiction(value, number, change)
            if contradiction is not None:
                told.append(contradiction)
            yield self._row(parameter, value, number, change, told, value is base, analysed=id(value) in counted), told

    def _change(self, value: Candidate, base: Candidate, parameter: ParameterTable) -> Change:
        """What a value is against the baseline; nothing is subtracted of the baseline itself or of what precedes it."""
        is_after = value is not base and value.value is not None and self._is_after(value, base)
        if is_after:
            return change_from(base, value, parameter, self._limits)
        told = []
        if is_after is None:
            text = "neither day nor visit tells whether the value comes before or after the baseline"
            told.append(note("order-unknown", text))
        return Change(notes=tuple(told), is_comparable=fault_of_pair(base, value) is None)

    def _choose(self, values: list[Candidate], unit: str) -> _Chosen:
        notes: dict[int, list[Problem]] = {}
        usable: list[Candidate] = []
        visits: dict[str, list[Candidate]] = {}
        for value in values:
            fault = fault_of(value, self._rules, unit)
            if fault is not None:
                notes.setdefault(id(value), []).append(fault)
            elif value.value is not None or value.censored:
                usable.append(value)
                if value.visit.name != UNSCHEDULED.name:
                    visits.setdefault(value.visit.name, []).append(value)
                elif value.analysis_flag:
                    text = "the source flags the value for analysis; it belongs to no visit, so it does not count"
                    notes.setdefault(id(value), []).append(note("analysed-not-the-flagged", text))
        analysed: list[Candidate] = []
        every = list(values)
        for name, there in visits.items():
            visit = self._visits.get(name)
            one = chosen(there, target_day=visit.target_day if visit else None, rules=self._rules)
            if one is not None:
                analysed.append(one)
                if all(one is not other for other in there):
                    every.append(one)
            for other, told in self._of_visit(there, one):
                notes.setdefault(id(other), []).append(told)
        ordered = every if len(every) == len(values) else sorted(every, key=order_of)
        return _Chosen(values=ordered, usable=usable, analysed=analysed, notes=notes)

    def _of_visit(self, there: Sequence[Candidate], one: Candidate | None) -> Iterator[tuple[Candidate, Problem]]:
        """What is to be said of the values of a visit, of which one was chosen or none."""
        if one is None:
            text = "the source flags no value of the parameter at this visit for analysis, so that none counts"
            yield from ((other, note("analysis-not-flagged", text)) for other in there)
            return
        if len(there) > 1:
            yield from ((other, told) for told in self._of_several(there) for other in there)
        others = [other for other in there if other.analysis_flag]
        if others and all(one is not other for other in others):
            text = (
                f"the source flags a value for analysis; the rule of the protocol, '{self._rules.choose}', took another"
            )
            yield from ((other, note("analysed-not-the-flagged", text)) for other in (*others, one))

    def _of_several(self, there: Sequence[Candidate]) -> Iterator[Problem]:
        """What is to be said where a visit has several values."""
        rule = self._rules.choose
        why = why_no_mean(there) if rule == "mean" else ""
        if why:
            yield note("not-averaged", f"no mean of {len(there)} values was made: {why}")
            rule = "nearest"
        yield note("several-in-window", f"{len(there)} values of the parameter at this visit; '{rule}' chose one")

    def _is_after(self, value: Candidate, base: Candidate) -> bool | None:
        """Whether a value comes after the baseline; `None` where nothing tells.

        The study day decides, on one day the time, then the date, then number, target day or place of the visits in
        the protocol. Another value of the baseline's own visit, such as a repeated scan, is not after it.
        """
        if value.visit.name == base.visit.name != UNSCHEDULED.name:
            return False
        if value.study_day is not None and base.study_day is not None:
            if value.study_day == base.study_day and value.visit.name != base.visit.name:
                # The baseline itself carried forward to a later visit: the change is zero.
                if value.time and base.time and value.time != base.time:
                    return value.time > base.time
                return is_derived_by_source(value)
            return value.study_day > base.study_day
        if value.day is not None and base.day is not None:
            return value.day > base.day
        if value.visit.number is not None and base.visit.number is not None:
            return value.visit.number > base.visit.number
        late, early = self._visits.get(value.visit.name), self._visits.get(base.visit.name)
        if late is None or early is None:
            return None
        if late.target_day is not None and early.target_day is not None:
            return late.target_day > early.target_day
        order = list(self._visits)
        return order.index(late.name) > order.index(early.name)

    def _row(
        self,
        parameter: ParameterTable,
        value: Candidate,
        base: float | None,
        change: Change,
        told: Sequence[Problem],
        is_baseline: bool,
        *,
        analysed: bool,
    ) -> OutcomeRow:
        return OutcomeRow(
            subject=value.subject,
            cohort=value.cohort,
            visit=value.visit.name,
            visit_number=value.visit.number,
            day=value.day,
            study_day=value.study_day,
            paramcd=parameter.paramcd,
            param=parameter.param,
            value=value.value,
            unit=value.unit,
            text=value.text,
            base=base,
            change=change.change,
            percent_change=change.percent_change,
            is_baseline=is_baseline,
            analysed=analysed,
            lsc=change.lsc,
            criterion_1_met=change.criterion_1_met,
            criterion_2_met=change.criterion_2_met,
            derivation=value.derivation,
            material=value.material,
            standard_uncertainty=value.standard_uncertainty,
            review=value.review,
            source=value.source,
            notes=(*value.notes, *told) if told else value.notes,
        )
