"""The tables of the synthetic trial: subjects and truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import Side
from bonemetrics.sample.people import WOMEN
from bonemetrics.sample.truth import Truth

Row = tuple[str, ...]

README = """\
Synthetic scans, reports and tables made by `bonemetrics sample`. No person was examined; all is invented.
"""
TRUTH_COLUMNS = (
    *("subject", "visit", "scan_date", "side", "site", "region", "quantity", "value", "unit", "material"),
    "series_uid",
)


def subjects_csv() -> str:
    """The subjects table."""
    rows = [
        (woman.subject, woman.cohort, woman.day1.isoformat(), ";".join(woman.patient_ids), f"{woman.forearm_length_mm}")
        for woman in WOMEN
    ]
    return _csv(("subject", "cohort", "day1", "patient_ids", "forearm_length_mm"), rows)


def truth_rows(
    truth: Truth, *, subject: str, visit: str, scan_date: date, side: Side, series_uid: str
) -> tuple[Row, ...]:
    """The true values of one scan, keyed as in a density table."""
    key = (subject, visit, scan_date.isoformat(), side, "radius")
    return tuple(
        (
            *key,
            *(region, quantity, f"{value:.6f}", CATALOGUE[quantity].unit),
            str(Material.HA) if CATALOGUE[quantity].needs_material else "",
            series_uid,
        )
        for quantity, region, value in truth.rows()
    )


def truth_csv(rows: Iterable[Row]) -> str:
    """The table of true values."""
    return _csv(TRUTH_COLUMNS, list(rows))


def _csv(columns: Row, rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
