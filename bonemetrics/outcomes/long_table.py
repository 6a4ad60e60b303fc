"""The outcomes dataset in long form, one row per value, under the names of ADaM BDS."""

from __future__ import annotations

from bonemetrics.outcomes.rows import Dataset, OutcomeRow
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table

_ADAM = "CDISC ADaM Implementation Guide 1.3"
CRITERION_1 = "|CHG| >= LSC"
CRITERION_2 = "CHG >= LSC in the direction of benefit"


def _column(name: str, label: str, definition: str, type_: ColumnType = "text", source: str = _ADAM) -> Column:
    return Column(name=name, type=type_, label=label, definition=definition, source=source)


_OWN = "bonemetrics"
LONG_COLUMNS: tuple[Column, ...] = (
    _column("STUDYID", "Study Identifier", "ID of the study"),
    _column("USUBJID", "Unique Subject Identifier", "Study ID of the participant"),
    _column("COHORT", "Cohort", "Code of the participant's cohort", source=_OWN),
    _column("AVISIT", "Analysis Visit", "Visit of the protocol whose window holds the date, else Unscheduled"),
    _column("AVISITN", "Analysis Visit (N)", "Number of the visit in the protocol", "number"),
    _column("ADT", "Analysis Date", "Day of the scan, sample, biopsy or questionnaire", "date"),
    _column("ADY", "Analysis Relative Day", "Study day: the infusion is day 1; there is no day 0", "integer"),
    _column("PARAMCD", "Parameter Code", "Code of the parameter in the protocol"),
    _column("PARAM", "Parameter", "Name of the parameter in the protocol"),
    _column("AVAL", "Analysis Value", "The number in the unit beside it; empty where only AVALC is known", "number"),
    _column("AVALU", "Analysis Value Unit", "Unit of AVAL, BASE, CHG, LSC and STDUNC (UCUM)", source="UCUM"),
    _column("BASE", "Baseline Value", "The participant's baseline of the parameter, after it", "number"),
    _column("CHG", "Change from Baseline", "AVAL - BASE, after the baseline", "number"),
    _column("PCHG", "Percent Change from Baseline", "CHG / |BASE| x 100; empty for scores and a zero base", "number"),
    _column("ABLFL", "Baseline Record Flag", "Y on the baseline record"),
    _column("ANL01FL", "Analysis Flag 01", "Y on the one record of the visit that counts"),
    _column("LSC", "Least Significant Change", "Of this parameter on this scanner, 95 %", "number", "ISCD 2023"),
    _column("CRIT1", "Analysis Criterion 1", "Text of the criterion"),
    _column("CRIT1FL", "Criterion 1 Evaluation Result Flag", "Y or N; empty where it cannot be told"),
    _column("CRIT2", "Analysis Criterion 2", "Text of the criterion"),
    _column("CRIT2FL", "Criterion 2 Evaluation Result Flag", "Y or N; empty where it cannot be told"),
    _column("AVALC", "Analysis Value (C)", "The value as text where it is no number, such as <0.5"),
    _column("DTYPE", "Derivation Type", "How the value was derived; empty for a value as measured"),
    _column("MATERIAL", "Calibration Material", "Material of a density scale", source=_OWN),
    _column("STDUNC", "Standard Uncertainty", "One standard deviation of AVAL", "number", "JCGM 100:2008 (GUM)"),
    _column("REVIEW", "Review Status", "waiting, or the reader's verdict; not-applicable where none is", source=_OWN),
    _column("SRCID", "Source Identifier", "Row of the table of sources: file hash, series, reader", source=_OWN),
)


def long_table(dataset: Dataset) -> Table:
    """Lay out every row of the dataset.

    Parameters
    ----------
    dataset
        Of a study.

    Returns
    -------
    Table
        Named `outcomes_long`, in the order of the dataset.
    """
    study = dataset.gathered.protocol.study.id
    return Table(name="outcomes_long", columns=LONG_COLUMNS, rows=[_row(study, one) for one in dataset.rows])


def _row(study: str, one: OutcomeRow) -> tuple[Cell, ...]:
    limited = one.lsc is not None
    return (
        study,
        one.subject,
        one.cohort or None,
        one.visit,
        one.visit_number,
        one.day,
        one.study_day,
        one.paramcd,
        one.param,
        one.value,
        one.unit or None,
        one.base,
        one.change,
        one.percent_change,
        "Y" if one.is_baseline else None,
        "Y" if one.analysed else None,
        one.lsc,
        CRITERION_1 if limited else None,
        _flag(one.criterion_1_met),
        CRITERION_2 if one.criterion_2_met is not None else None,
        _flag(one.criterion_2_met),
        one.text or None,
        one.derivation or None,
        one.material or None,
        one.standard_uncertainty,
        one.review or None,
        one.source.source_id,
    )


def _flag(met: bool | None) -> str | None:
    return None if met is None else "Y" if met else "N"
