"""Reference curves of a Hologic Reference.mdb: M, S and L by age for the BMD of one region.

The tables and their meaning are those that obiba/onyx reads (`APEXScanDataExtractor.java`): STD is an SD in g/cm², not
a coefficient of variation, and only curves labelled IDS_REF_LBL_BMD are of BMD.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pydantic import ValidationError

from bonemetrics.readers.dxa.hologic_database_codes import region_of_range
from bonemetrics.readers.dxa.hologic_database_tables import Row, Tables
from bonemetrics.readers.dxa.hologic_database_values import number_in, text_in, whole_in
from bonemetrics.readers.dxa.hologic_scan_codes import positive
from bonemetrics.records import CurvePoint, Problem, ReferenceCurve, note

_BMD = "IDS_REF_LBL_BMD"


def curves_in(tables: Tables) -> tuple[tuple[ReferenceCurve, ...], tuple[Problem, ...]]:
    """The current BMD curves of a database of references.

    Parameters
    ----------
    tables
        With `REFERENCECURVE` and `POINTS`.

    Returns
    -------
    tuple
        The curves, and notes on how many were left out because their region has no known name or their points are
        no curve.
    """
    points: dict[str, list[Row]] = defaultdict(list)
    for row in tables["POINTS"]:
        points[_identity(row)].append(row)
    curves: list[ReferenceCurve] = []
    unknown = broken = 0
    for row in tables["REFERENCECURVE"]:
        if text_in(row, "Y_LABEL") != _BMD or not _is_set(row, "IF_CURRENT"):
            continue
        place = region_of_range(text_in(row, "REFTYPE"), text_in(row, "BONERANGE"))
        if place is None:
            unknown += 1
            continue
        curve = _curve(row, place, points[_identity(row)])
        if curve is None:
            broken += 1
        else:
            curves.append(curve)
    problems = []
    if unknown:
        problems.append(note("unknown-region", f"{unknown} reference curves of regions without a known name left out"))
    if broken:
        problems.append(
            note("reference-unreadable", f"{broken} reference curves left out: their points make no curve over age")
        )
    return tuple(curves), tuple(problems)


def _curve(row: Row, place: tuple[str, str], rows: Sequence[Row]) -> ReferenceCurve | None:
    identity, source = _identity(row), text_in(row, "SOURCE")
    name = " ".join(part for part in ("Reference.mdb", source, identity) if part)
    age_young = positive(number_in(row, "AGE_YOUNG"))
    if age_young is None and len(rows) != 1:
        return None
    try:
        points = sorted((_point(row) for row in rows), key=lambda point: point.age_years)
        return ReferenceCurve(
            name=name,
            source=source or "Reference.mdb",
            site=place[0],
            region=place[1],
            sex=text_in(row, "SEX"),
            ethnicity=text_in(row, "ETHNIC"),
            method=text_in(row, "METHOD"),
            age_young=age_young,
            points=tuple(points),
            # Sources share words with the printed names of other populations, so only the full name names the curve.
            printed=(name,),
        )
    except ValidationError:
        return None


def _point(row: Row) -> CurvePoint:
    """One age of a curve; a point without a power is of a normal distribution, whose power is 1."""
    power = number_in(row, "L_VALUE")
    return CurvePoint.model_validate(
        {
            "age_years": number_in(row, "X_VALUE"),
            "mean": number_in(row, "Y_VALUE"),
            "sd": number_in(row, "STD"),
            "power": 1.0 if power is None else power,
        }
    )


def _identity(row: Row) -> str:
    """UNIQUE_ID as text, whichever type the column has."""
    number = whole_in(row, "UNIQUE_ID")
    return text_in(row, "UNIQUE_ID") if number is None else str(number)


def _is_set(row: Row, column: str) -> bool:
    value = row.get(column)
    if isinstance(value, str):
        return value.strip().upper() in ("1", "-1", "Y", "YES", "T", "TRUE")
    return bool(value)
