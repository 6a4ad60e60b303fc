"""How far readers agree, as a table: one row for each measure of agreement of two readings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bonemetrics.outcomes.readings import StudyAgreement
from bonemetrics.outcomes.table import Cell, Column, ColumnType, Table
from bonemetrics.review.agreement import AgreementRow

_COHEN = "Cohen J 1960, doi 10.1177/001316446002000104"
_BLAND = "Bland JM, Altman DG 1999, doi 10.1177/096228029900800204"
_WHAT = (
    "scans: read in both readings. deferred: of these, without a verdict yet. agreed: same verdict. accepted: accepted "
    "in both. same mask: of these, with one and the same mask. compared: of these, masks that could be "
    "compared. kappa, kappa (linear weights): of verdicts. Dice (mean, least) and surface distance (mean; largest 95th "
    "percentile), of a compartment. bias, lower limit, upper limit: of the quantity, second less first reading"
)


def _column(name: str, label: str, definition: str, type_: ColumnType = "text", source: str = "bonemetrics") -> Column:
    return Column(name=name, type=type_, label=label, definition=definition, source=source)


COLUMNS = (
    _column("KIND", "Kind of Agreement", "inter: two readers; intra: first look and hidden second look of one"),
    _column("READER1", "First Reader", "Name of the reader"),
    _column("READER2", "Second Reader", "Name of the reader; the first one again where she read twice"),
    _column("MEASURE", "Measure", _WHAT, source=f"{_COHEN}; {_BLAND}"),
    _column("REGION", "Compartment", "Of masks: total, trabecular or cortical"),
    _column("QUANTITY", "Quantity", "Code of the measured quantity that is compared"),
    _column("NSCANS", "Number of Scans", "On which the measure rests", "integer"),
    _column("VALUE", "Value", "In the unit beside it; empty where it is not defined", "number"),
    _column("LOWER", "Lower End of Interval", "Of the confidence interval; empty where there is none", "number"),
    _column("UPPER", "Upper End of Interval", "Of the confidence interval; empty where there is none", "number"),
    _column("CONFPCT", "Confidence (%)", "Of the interval; it takes scans for independent", "number"),
    _column("UNIT", "Unit", "UCUM; empty for counts and pure numbers", source="UCUM"),
    _column("MATERIAL", "Calibration Material", "Of a density"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """One measure of agreement; `count` is the number of scans that it rests on."""

    measure: str
    count: int
    value: float | None
    interval: tuple[float, float] | None = None
    region: str | None = None
    quantity: str | None = None
    unit: str | None = None
    material: str | None = None


def agreement_table(found: StudyAgreement | None) -> Table:
    """Lay out the agreement of readers.

    Parameters
    ----------
    found
        From `study_agreement`.

    Returns
    -------
    Table
        Named `reader_agreement`; without rows where no scan was read twice.
    """
    rows = [cells for row in (found.rows if found is not None else ()) for cells in _rows(row)]
    return Table(name="reader_agreement", columns=COLUMNS, rows=rows)


def _rows(row: AgreementRow) -> Iterator[tuple[Cell, ...]]:
    for one in (*_counts(row), *_kappas(row), *_masks(row), *_values(row)):
        low, high = one.interval or (None, None)
        confidence = None if one.interval is None else 100 * row.kappa.confidence
        place = (row.kind, row.first, row.second, one.measure, one.region, one.quantity)
        yield (*place, one.count, one.value, low, high, confidence, one.unit, one.material)


def _counts(row: AgreementRow) -> Iterator[_Fact]:
    agreed = sum(row.kappa.table[place][place] for place in range(len(row.kappa.categories)))
    for name, count, of in (
        ("scans", row.n_scans, row.n_scans),
        ("deferred", row.n_deferred, row.n_scans),
        ("agreed", agreed, row.kappa.n),
        ("accepted", row.n_accepted, row.n_scans),
        ("same mask", row.n_same_mask, row.n_accepted),
        ("compared", row.n_compared, row.n_accepted),
    ):
        yield _Fact(measure=name, count=of, value=float(count))


def _kappas(row: AgreementRow) -> Iterator[_Fact]:
    for name, found in (("kappa", row.kappa), ("kappa (linear weights)", row.weighted_kappa)):
        yield _Fact(measure=name, count=found.n, value=found.kappa, interval=found.interval)


def _masks(row: AgreementRow) -> Iterator[_Fact]:
    for one in row.compartments:
        for name, value in (("Dice (mean)", one.mean_dice), ("Dice (least)", one.least_dice)):
            yield _Fact(measure=name, count=one.n_dice, value=value, region=one.region)
        for name, value in (
            ("surface distance (mean)", one.mean_distance_mm),
            ("surface distance (largest 95th percentile)", one.largest_hausdorff95_mm),
        ):
            yield _Fact(measure=name, count=one.n_distance, value=value, region=one.region, unit="mm")


def _values(row: AgreementRow) -> Iterator[_Fact]:
    found = row.value.found
    for name, value, interval in (
        ("bias", found.bias, found.bias_interval),
        ("lower limit", found.lower, found.lower_interval),
        ("upper limit", found.upper, found.upper_interval),
    ):
        yield _Fact(
            measure=name,
            count=found.n,
            value=value,
            interval=interval,
            quantity=row.value.quantity,
            unit=row.value.unit or None,
            material=None if row.value.material is None else row.value.material.value,
        )
