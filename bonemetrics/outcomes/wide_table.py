"""The outcomes dataset in wide form: one row per person and visit, with every parameter beside the others."""

from __future__ import annotations

from collections.abc import Container
from datetime import date

from bonemetrics.outcomes.rows import Dataset, OutcomeRow
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table
from bonemetrics.study.protocol_tables import ParameterTable

CHANGE, PERCENT, TEXT = "_CHG", "_PCHG", "_TXT"
_HEAD = (
    Column(name="STUDYID", type="text", label="Study Identifier", definition="ID of the study"),
    Column(name="USUBJID", type="text", label="Unique Subject Identifier", definition="Study ID of the participant"),
    Column(name="COHORT", type="text", label="Cohort", definition="Code of the participant's cohort"),
    Column(name="AVISIT", type="text", label="Analysis Visit", definition="Visit of the protocol"),
    Column(name="AVISITN", type="number", label="Analysis Visit (N)", definition="Number of the visit"),
    Column(
        name="ADT",
        type="date",
        label="First Date of the Visit",
        definition="First day on which a value of the visit was measured",
    ),
)


def wide_table(dataset: Dataset) -> Table:
    """Lay out the values that count, one row per person and visit.

    Parameters
    ----------
    dataset
        Of a study.

    Returns
    -------
    Table
        Named `outcomes_wide`. Each parameter of the protocol has its value under its PARAMCD, its change under
        PARAMCD_CHG and, where a per cent change has a meaning, that under PARAMCD_PCHG. Where values are known only as
        below or above a limit, PARAMCD_TXT holds their text. Values outside all visits are in the long form alone.
    """
    parameters = dataset.gathered.protocol.parameters
    limited = frozenset(row.paramcd for row in dataset.rows if row.analysed and row.text)
    visits: dict[tuple[str, float, str], dict[str, OutcomeRow]] = {}
    for row in dataset.rows:
        if row.analysed:
            number = float("inf") if row.visit_number is None else row.visit_number
            visits.setdefault((row.subject, number, row.visit), {})[row.paramcd] = row
    study = dataset.gathered.protocol.study.id
    return Table(
        name="outcomes_wide",
        columns=(*_HEAD, *(column for parameter in parameters for column in _columns(parameter, limited))),
        rows=[_row(study, key[0], visits[key], parameters, limited) for key in sorted(visits)],
    )


def _columns(parameter: ParameterTable, limited: Container[str]) -> list[Column]:
    code, unit = parameter.paramcd, parameter.own_unit

    def column(name: str, label: str, definition: str, unit: str, type_: ColumnType = "number") -> Column:
        return Column(name=name, type=type_, label=label, definition=definition, unit=unit, source="[[parameters]]")

    columns = [
        column(code, parameter.param, f"{parameter.param}: the value of the visit that counts", unit),
        column(code + CHANGE, f"{code} change", f"{parameter.param}: change from baseline", unit),
    ]
    if parameter.has_percent_change:
        columns.append(column(code + PERCENT, f"{code} % change", f"{parameter.param}: per cent change", "%"))
    if code in limited:
        text = f"{parameter.param}: the value where it is known only as a limit, such as <0.5"
        columns.append(column(code + TEXT, f"{code} as text", text, "", "text"))
    return columns


def _row(
    study: str,
    subject: str,
    found: dict[str, OutcomeRow],
    parameters: tuple[ParameterTable, ...],
    limited: Container[str],
) -> tuple[Cell, ...]:
    first = next(iter(found.values()))
    days: list[date] = [one.day for one in found.values() if one.day is not None]
    cells: list[Cell] = []
    for parameter in parameters:
        one = found.get(parameter.paramcd)
        cells += [one.value, one.change] if one is not None else [None, None]
        if parameter.has_percent_change:
            cells.append(one.percent_change if one is not None else None)
        if parameter.paramcd in limited:
            cells.append((one.text or None) if one is not None else None)
    head = (study, subject, first.cohort or None, first.visit, first.visit_number, min(days, default=None))
    return (*head, *cells)
