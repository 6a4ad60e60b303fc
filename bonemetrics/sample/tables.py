"""The texts of the synthetic trial: protocol, subjects and truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import Side
from bonemetrics.sample.people import COHORTS, ROD_PHANTOMS, STUDY_ID, VISITS, WOMEN
from bonemetrics.sample.truth import Truth

Row = tuple[str, ...]

README = "Synthetic scans made by `bonemetrics sample`. No person was scanned; names and numbers are invented.\n"
TRUTH_COLUMNS = (
    *("subject", "visit", "scan_date", "side", "site", "region", "quantity", "value", "unit", "material"),
    "series_uid",
)
_PARAMETERS = (
    ("RADTBD", "Radius trabecular density", "Tb.vBMD", "trabecular", "up"),
    ("RADTTD", "Radius total density", "Tt.vBMD", "total", "up"),
    ("RADCTD", "Radius cortical density", "Ct.vBMD", "cortical", "up"),
    ("RADC45", "Radius density of the central 45 %", "vBMD", "central-45", "up"),
    ("RADTTAR", "Radius total area", "Tt.Ar", "total", ""),
    ("RADTBAR", "Radius trabecular area", "Tb.Ar", "trabecular", ""),
    ("RADCTAR", "Radius cortical area", "Ct.Ar", "cortical", "up"),
)


def study_toml() -> str:
    """The protocol of the synthetic trial."""
    parts = [
        _table("[study]", id=STUDY_ID, title="Synthetic trial of cell therapy in osteoporosis", subjects="subjects.csv")
    ]
    parts += [_table("[[cohorts]]", code=code, title=title) for code, title in COHORTS]
    parts += [
        _table(
            "[[visits]]",
            name=visit.name,
            number=visit.number,
            target_day=visit.target_day,
            window=list(visit.window),
            baseline=visit.months == 0,
        )
        for visit in VISITS
    ]
    for code, title, quantity, region, benefit in _PARAMETERS:
        facts = {"paramcd": code, "param": title, "quantity": quantity, "site": "radius", "region": region}
        facts["unit"] = CATALOGUE[quantity].unit
        parts.append(_table("[[parameters]]", **facts, **({"benefit": benefit} if benefit else {})))
    parts.append(_table("[[precision]]", paramcd="RADTBD", scanner="3012", lsc=3.1))
    for phantom in ROD_PHANTOMS.values():
        rods = [
            f'  {{ name = "{rod.name}", density = {rod.density}, diameter_mm = {rod.diameter_mm}, '
            f"x_mm = {rod.x_mm}, y_mm = {rod.y_mm} }},\n"
            for rod in phantom.rods
        ]
        head = _table("[[phantoms]]", name=phantom.name, serial=phantom.serial, material=str(Material.HA))
        parts.append(head + "rods = [\n" + "".join(rods) + "]\n")
    parts.append(_table("[region]", rule="whole"))
    parts.append(_table("[tissue]", threshold=320.0))
    return "\n".join(parts)


def _table(head: str, **facts: str | int | float | bool | list[int]) -> str:
    return "\n".join([head, *(f"{key} = {_value(value)}" for key, value in facts.items())]) + "\n"


def _value(value: str | int | float | bool | list[int]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


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
