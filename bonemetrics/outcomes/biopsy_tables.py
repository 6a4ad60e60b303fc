"""Everything that was measured in biopsies, under its 2D and 3D names, and how precisely it was read."""

from __future__ import annotations

from math import isclose

from bonemetrics.outcomes.rows import Candidate, Gathered
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table

_ASBMR = "Dempster DW et al. 2013, doi 10.1002/jbmr.1805"


def _column(name: str, label: str, definition: str, type_: ColumnType = "text", source: str = "bonemetrics") -> Column:
    return Column(name=name, type=type_, label=label, definition=definition, source=source)


BIOPSY_COLUMNS = (
    _column("STUDYID", "Study Identifier", "ID of the study"),
    _column("USUBJID", "Unique Subject Identifier", "Study ID of the participant"),
    _column("COHORT", "Cohort", "Code of the participant's cohort"),
    _column("AVISIT", "Analysis Visit", "Visit of the protocol whose window holds the day of the biopsy"),
    _column("ADT", "Analysis Date", "Day of the biopsy", "date"),
    _column("ADY", "Analysis Relative Day", "Study day: the infusion is day 1", "integer"),
    _column("ENVELOPE", "Envelope", "cancellous, endocortical, intracortical or periosteal", source=_ASBMR),
    _column("CODE", "Measurement or Index", "Code of the catalogue", source=_ASBMR),
    _column("NAME3D", "Name in Space", "3D name; empty where there is none", source=_ASBMR),
    _column("NAME2D", "Name in the Section", "2D name; empty where there is none", source=_ASBMR),
    _column("AVAL", "Analysis Value", "The number in the unit beside it", "number"),
    _column("AVALU", "Analysis Value Unit", "UCUM", source="UCUM"),
    _column("STDUNC", "Standard Uncertainty", "Of reading and counting, where it is known", "number"),
    _column("ENTERED", "Entered", "Y as entered, N computed from what was"),
    _column("GIVEN", "As Entered", "The number as entered, in the unit beside it; empty where none was"),
    _column("DTYPE", "Derivation Type", "FLOOR where it rests on an apposition rate set to the floor"),
    _column("LABELS", "Label Status", "double, single, none or unknown"),
    _column("READER", "Reader", "Who entered it"),
    _column("PARAMETERS", "Parameters", "Factors from section to space, referent, definition of erosion"),
    _column("SRCID", "Source Identifier", "Row of the table of sources"),
)
PRECISION_COLUMNS = (
    _column("KIND", "Kind of Repeat", "intra: one reader twice; inter: several readers"),
    _column("CODE", "Measurement", "Code of the catalogue", source=_ASBMR),
    _column("BIOPSIES", "Number of Biopsies", "That were read more than once", "integer"),
    _column("DF", "Degrees of Freedom", "Readings less biopsies", "integer"),
    _column("RMSSD", "RMS Standard Deviation", "In the unit beside it", "number"),
    _column("UNIT", "Unit", "UCUM", source="UCUM"),
    _column("RMSCV", "RMS Coefficient of Variation (%)", "Empty where a mean is zero", "number"),
)


def biopsy_table(gathered: Gathered) -> Table:
    """Lay out every measurement and index of every biopsy, whether the protocol asks for it or not.

    Parameters
    ----------
    gathered
        Of a study.

    Returns
    -------
    Table
        Named `histomorphometry`, in the order of people, days, envelopes and the catalogue.
    """
    study = gathered.protocol.study.id
    labels = {(one.subject, one.day, one.visit, one.envelope): one.status for one in gathered.labels}
    found = [one for one in gathered.candidates if one.kind == "histomorphometry"]
    found.sort(key=lambda one: (one.subject, str(one.day), one.visit.name, one.region))
    return Table(
        name="histomorphometry",
        columns=BIOPSY_COLUMNS,
        rows=[_row(study, one, labels.get((one.subject, one.day, one.visit.name, one.region), "")) for one in found],
    )


def _row(study: str, one: Candidate, labels: str) -> tuple[Cell, ...]:
    from bonemetrics.histomorphometry.catalogue import MEASUREMENTS

    entry = MEASUREMENTS[one.quantity]
    return (
        study,
        one.subject,
        one.cohort or None,
        one.visit.name,
        one.day,
        one.study_day,
        one.region or None,
        one.quantity,
        entry.name_3d or None,
        entry.name_2d or None,
        one.value,
        one.unit,
        one.standard_uncertainty,
        "Y" if _is_as_entered(one) else "N",
        one.given or None,
        one.derivation or None,
        labels or None,
        one.source.reader or None,
        one.source.calibration or None,
        one.source.source_id,
    )


def _is_as_entered(one: Candidate) -> bool:
    """Whether the value is the one that was entered, and not half of it or one that took its place."""
    return bool(one.given) and one.value is not None and isclose(float(one.given), one.value, rel_tol=1e-9)


def precision_table(gathered: Gathered) -> Table:
    """Lay out the precision of readers, from biopsies that were entered more than once.

    Parameters
    ----------
    gathered
        Of a study.

    Returns
    -------
    Table
        Named `reader_precision`; without rows where nothing was read twice.
    """
    from bonemetrics.histomorphometry.catalogue import MEASUREMENTS

    return Table(
        name="reader_precision",
        columns=PRECISION_COLUMNS,
        rows=[
            (
                one.kind,
                one.found.code,
                one.found.n_biopsies,
                one.found.degrees_of_freedom,
                one.found.rms_sd,
                MEASUREMENTS[one.found.code].unit,
                one.found.rms_cv_percent,
            )
            for one in gathered.reader_precision
        ],
    )
