"""A study of three women, small enough to count by hand, for tests of the report."""

from __future__ import annotations

from datetime import date, timedelta

from bonemetrics.outcomes.rows import (
    Candidate,
    Dataset,
    Gathered,
    LabelStatus,
    OutcomeRow,
    Participant,
    PlacedAdverseEvent,
    PlacedFracture,
    RowNote,
    Source,
)
from bonemetrics.records import AdverseEvent, Fracture, Problem, Visit, note
from bonemetrics.study.protocol import Protocol, parse_protocol

PROTOCOL = """
[study]
id = "TRIAL-7"
title = "{title}"
[[cohorts]]
code = "LOW"
title = "{cohort}"
[[cohorts]]
code = "HIGH"
[[visits]]
name = "Baseline"
number = 0
target_day = -14
window = [-60, 1]
baseline = true
[[visits]]
name = "Month 12"
number = 12
target_day = 366
window = [320, 410]
[[parameters]]
paramcd = "RADTBD"
param = "Radius trabecular density"
quantity = "Tb.vBMD"
site = "radius"
region = "trabecular"
benefit = "up"
[[parameters]]
paramcd = "P1NP"
param = "{param}"
quantity = "P1NP"
[[precision]]
paramcd = "RADTBD"
lsc = 3.1
"""
DAY1 = date(2016, 4, 4)
WOMEN = {"W-01": "LOW", "W-02": "HIGH", "W-03": "HIGH"}
RADTBD = {"W-01": (100.0, 105.0), "W-02": (90.0, 88.5), "W-03": (120.0, None)}
"""Baseline and Month 12 in mg/cm³; the third woman was not seen again."""
P1NP = {"W-01": (40.0, 52.0), "W-02": (60.0, 54.0)}


def protocol(*, title: str = "A small trial", cohort: str = "low dose", param: str = "Serum P1NP") -> Protocol:
    return parse_protocol(PROTOCOL.format(title=title, cohort=cohort, param=param))


def source(kind: str, line: int) -> Source:
    table = kind not in ("qct", "dxa")
    return Source(
        source_id=f"{kind}:{line}",
        kind=kind,
        input_sha256="0f" * 32,
        series_uid="" if table else f"1.2.3.{line}",
        sheet="Markers" if table else "",
        line=line if table else None,
        scanner="" if table else "3012",
        software_version="0.1.0",
        method="mean of the compartment" if not table else "",
    )


def row(subject: str, paramcd: str, values: tuple[float | None, ...], visit: int, **changed: object) -> OutcomeRow:
    """A value at Baseline (visit 0, study day -10) or Month 12 (visit 1, study day 370), with its change."""
    value, base = values[visit], values[0]
    change = value - base if visit and value is not None and base is not None else None
    lsc = 3.1 if paramcd == "RADTBD" else None
    kind = "qct" if paramcd == "RADTBD" else "laboratory"
    fields = {
        "subject": subject,
        "cohort": WOMEN[subject],
        "visit": ("Baseline", "Month 12")[visit],
        "visit_number": (0.0, 12.0)[visit],
        "day": DAY1 + timedelta(days=(-10, 369)[visit]),
        "study_day": (-10, 370)[visit],
        "paramcd": paramcd,
        "param": {"RADTBD": "Radius trabecular density", "P1NP": "Serum P1NP"}[paramcd],
        "value": value,
        "unit": {"RADTBD": "mg/cm3", "P1NP": "ng/mL"}[paramcd],
        "text": "",
        "base": base,
        "change": change,
        "percent_change": None if change is None or not base else 100 * change / abs(base),
        "is_baseline": visit == 0,
        "analysed": True,
        "lsc": lsc,
        "criterion_1_met": None if change is None or lsc is None else abs(change) >= lsc,
        "criterion_2_met": None if change is None or lsc is None else change >= lsc,
        "source": source(kind, 10 * int(subject[-1]) + visit),
    }
    return OutcomeRow(**(fields | changed))  # type: ignore[arg-type]


def rows() -> tuple[OutcomeRow, ...]:
    found = []
    for subject in WOMEN:
        for paramcd, values in (("RADTBD", RADTBD), ("P1NP", P1NP)):
            for visit in (0, 1):
                if subject in values and values[subject][visit] is not None:
                    found.append(row(subject, paramcd, values[subject], visit))
    return tuple(found)


def candidate(one: OutcomeRow) -> Candidate:
    return Candidate(
        subject=one.subject,
        cohort=one.cohort,
        visit=Visit(name=one.visit, number=one.visit_number),
        day=one.day,
        study_day=one.study_day,
        kind=one.source.kind,
        paramcds=(one.paramcd,),
        quantity={"RADTBD": "Tb.vBMD", "P1NP": "P1NP"}[one.paramcd],
        site="radius" if one.paramcd == "RADTBD" else "serum",
        region="trabecular" if one.paramcd == "RADTBD" else "",
        side="",
        value=one.value,
        unit=one.unit,
        text=one.text,
        source=one.source,
    )


def event(
    subject: str, term: str, *, day: int | None, serious: bool | None = False, related: str = ""
) -> PlacedAdverseEvent:
    told = AdverseEvent(
        kind="adverse-events",
        subject=subject,
        term=term,
        preferred_term=term.capitalize(),
        system_organ_class="" if term == "malaise" else "Nervous system disorders",
        serious=serious,
        related=related,
    )
    return PlacedAdverseEvent(
        event=told,
        subject=subject,
        cohort=WOMEN[subject],
        study_day=day,
        end_study_day=None,
        source=source("adverse-events", 2),
    )


def fracture(subject: str, *, day: int | None) -> PlacedFracture:
    return PlacedFracture(
        event=Fracture(kind="fractures", subject=subject, site="vertebra T12", low_impact=True),
        subject=subject,
        cohort=WOMEN[subject],
        study_day=day,
        is_new=None if day is None else day >= 1,
        source=source("fractures", 3),
    )


NOTES = (
    RowNote(subject="W-01", visit="Month 12", paramcd="RADTBD", problem=note("spacing-changed", "other voxels")),
    RowNote(subject="W-02", visit="Month 12", paramcd="RADTBD", problem=note("spacing-changed", "other voxels")),
    RowNote(
        subject="",
        visit="",
        paramcd="",
        problem=Problem(code="unknown-subject", severity="refusal", message="not in the subjects table"),
        file="markers.csv",
        sheet="Markers",
        line=17,
    ),
)


def small_dataset(*, protocol_: Protocol | None = None, **changed: object) -> Dataset:
    """Three women in two cohorts, two visits, two parameters; `changed` replaces fields of what was gathered."""
    known = rows()
    last = {"W-01": DAY1 + timedelta(days=400), "W-02": DAY1 + timedelta(days=369), "W-03": DAY1 + timedelta(days=90)}
    fields = {
        "protocol": protocol_ or protocol(),
        "participants": tuple(
            Participant(subject=name, cohort=cohort, day1=DAY1, last_day=last[name]) for name, cohort in WOMEN.items()
        ),
        "candidates": tuple(candidate(one) for one in known),
        "labels": (
            LabelStatus(
                subject="W-01", visit="Baseline", day=DAY1 - timedelta(days=9), envelope="cancellous", status="double"
            ),
        ),
        "notes": NOTES,
        "last_change": "2018-06-01T08:00:00Z",
        "audit_rows": 41,
        "audit_head": "c4" * 32,
    }
    return Dataset(gathered=Gathered(**(fields | changed)), rows=known, notes=NOTES)  # type: ignore[arg-type]
