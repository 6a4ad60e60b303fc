"""A whole small trial in memory: ten women, two cohorts, every kind of endpoint, drop-outs and events."""

from __future__ import annotations

import math
from datetime import date, timedelta

from bonemetrics.outcomes.dataset import build_dataset
from bonemetrics.outcomes.rows import (
    Candidate,
    Dataset,
    Gathered,
    LabelStatus,
    Participant,
    PlacedAdverseEvent,
    PlacedFracture,
    Source,
)
from bonemetrics.records import AdverseEvent, Fracture, Visit, note
from bonemetrics.study.parameters import paramcds_at
from bonemetrics.study.protocol import Protocol, parse_protocol

PROTOCOL = """
[study]
id = "TRIAL-10"
title = "A small trial of ten women"
[[cohorts]]
code = "2M"
title = "2 million cells/kg"
[[cohorts]]
code = "5M"
title = "5 million cells/kg"
[[visits]]
name = "Baseline"
number = 0
target_day = -14
window = [-60, 1]
baseline = true
[[visits]]
name = "Month 4"
number = 4
target_day = 122
windows.histomorphometry = [92, 150]
[[visits]]
name = "Month 6"
number = 6
target_day = 183
window = [151, 215]
[[visits]]
name = "Month 12"
number = 12
target_day = 366
window = [320, 410]
[[visits]]
name = "Month 24"
number = 24
target_day = 731
window = [690, 775]
[[parameters]]
paramcd = "RADTBD"
param = "Radius trabecular density"
quantity = "Tb.vBMD"
site = "radius"
region = "trabecular"
benefit = "up"
[[parameters]]
paramcd = "LSBMD"
param = "Lumbar spine BMD"
quantity = "aBMD"
site = "lumbar-spine"
region = "L1-L4"
benefit = "up"
[[parameters]]
paramcd = "LSBMDT"
param = "Lumbar spine T-score"
quantity = "T-score"
site = "lumbar-spine"
region = "L1-L4"
benefit = "up"
[[parameters]]
paramcd = "P1NP"
param = "Serum P1NP"
quantity = "P1NP"
[[parameters]]
paramcd = "RANKL"
param = "Serum RANKL"
quantity = "RANKL"
[[parameters]]
paramcd = "VASPAIN"
param = "Pain"
quantity = "Pain-VAS"
benefit = "down"
[[parameters]]
paramcd = "ODITOT"
param = "Oswestry Disability Index"
quantity = "ODI"
benefit = "down"
[[parameters]]
paramcd = "NEWFX"
param = "New fractures"
quantity = "N.Fx"
[[parameters]]
paramcd = "HBVTV"
param = "Biopsy BV/TV"
quantity = "BV/TV"
region = "cancellous"
[[parameters]]
paramcd = "HMAR"
param = "Biopsy mineral apposition rate"
quantity = "MAR"
region = "cancellous"
[[parameters]]
paramcd = "HACF"
param = "Biopsy activation frequency"
quantity = "Ac.f"
region = "cancellous"
[[precision]]
paramcd = "RADTBD"
lsc = 3.1
[[precision]]
paramcd = "LSBMD"
lsc = 0.028
[[precision]]
paramcd = "P1NP"
lsc_percent = 20.0
[analysis]
relations = [["HACF", "P1NP"], ["HBVTV", "RADTBD"]]
"""
WOMEN = {f"W-{number:02d}": "2M" if number <= 4 else "5M" for number in range(1, 11)}
VISITS = {"Baseline": (0, -14), "Month 6": (6, 183), "Month 12": (12, 366), "Month 24": (24, 731)}
BIOPSIES = {"Baseline": (0, -45), "Month 4": (4, 122)}
LAST_VISIT = {"W-07": 6, "W-10": 12}
"""Number of the last visit of the women who left."""
MISSED = ("W-05", 12)
DETECTION_LIMIT = 0.12
_START = {"RADTBD": 112.0, "LSBMD": 0.742, "P1NP": 44.0, "RANKL": 0.16, "VASPAIN": 6.5, "ODITOT": 42.0, "HBVTV": 14.0}
_EFFECT = {"RADTBD": 3.4, "LSBMD": 0.02, "P1NP": 21.0, "RANKL": -0.05, "VASPAIN": -1.8, "ODITOT": -11.0, "HBVTV": 0.9}
_SPREAD = {"RADTBD": 9.0, "LSBMD": 0.05, "P1NP": 8.0, "RANKL": 0.06, "VASPAIN": 0.9, "ODITOT": 4.0, "HBVTV": 2.1}


def protocol() -> Protocol:
    return parse_protocol(PROTOCOL)


def day1(subject: str) -> date:
    return date(2015, 9, 7) + timedelta(days=31 * (int(subject[-2:]) - 1))


def trial_value(paramcd: str, subject: str, months: int) -> float:
    """A value that goes up and down with the woman and the month, and moves by the effect of her cohort."""
    number = int(subject[-2:])
    wiggle = math.sin(1.7 * number) + 0.25 * math.sin(2.3 * number * (months + 1))
    dose = 0.5 if WOMEN[subject] == "2M" else 1.0
    reached = min(1.0, months / 6) * {4: 0.0, 9: -1.0}.get(number, 1.0)
    return _START[paramcd] + _SPREAD[paramcd] * wiggle + dose * reached * _EFFECT[paramcd]


def trial_gathered() -> Gathered:
    """The trial before its dataset is derived."""
    made = protocol()
    people = []
    candidates: list[Candidate] = []
    labels: list[LabelStatus] = []
    for subject in WOMEN:
        candidates += _scheduled(made, subject)
        found, states = _biopsies(made, subject)
        candidates += found
        labels += states
        last = max(one.day for one in candidates if one.subject == subject and one.day is not None)
        people.append(Participant(subject=subject, cohort=WOMEN[subject], day1=day1(subject), last_day=last))
    return Gathered(
        protocol=made,
        participants=tuple(people),
        candidates=tuple(candidates),
        adverse_events=(
            _adverse_event("W-01", 1, "Fever after infusion", "General disorders", serious=False),
            _adverse_event("W-04", 302, "Vertebral fracture", "Musculoskeletal disorders", serious=True),
            _adverse_event("W-07", 188, "Diverticulitis", "Gastrointestinal disorders", serious=True),
        ),
        fractures=(_fracture("W-04", 302, "thoracic spine"), _fracture("W-06", -210, "rib")),
        labels=tuple(labels),
        has_fracture_table=True,
        has_event_table=True,
        last_change="2018-05-30T09:41:00Z",
        audit_rows=57,
        audit_head="ab" * 32,
    )


def trial_dataset() -> Dataset:
    """The trial with its dataset."""
    return build_dataset(trial_gathered())


def on_day(subject: str, study_day: int) -> date:
    return day1(subject) + timedelta(days=study_day - 1 if study_day > 0 else study_day)


def _scheduled(made: Protocol, subject: str) -> list[Candidate]:
    found = []
    for name, (months, target) in VISITS.items():
        if months > LAST_VISIT.get(subject, 99) or (subject, months) == MISSED:
            continue
        study_day = target + int(subject[-2:]) % 5 - 2
        for paramcd in ("RADTBD", "LSBMD", "LSBMDT", "P1NP", "RANKL", "VASPAIN", "ODITOT"):
            if paramcd == "LSBMDT":
                value = round((trial_value("LSBMD", subject, months) - 1.047) / 0.11, 1)
            else:
                value = trial_value(paramcd, subject, months)
            found.append(_candidate(made, paramcd, subject, name, months, study_day, value))
    return found


def _biopsies(made: Protocol, subject: str) -> tuple[list[Candidate], list[LabelStatus]]:
    found, labels = [], []
    for name, (months, study_day) in BIOPSIES.items():
        status = {("W-02", 0): "single", ("W-09", 0): "none", ("W-09", 4): "none"}.get((subject, months), "double")
        found.append(_candidate(made, "HBVTV", subject, name, months, study_day, trial_value("HBVTV", subject, months)))
        if status == "double":
            rate = 0.5 + 0.01 * int(subject[-2:])
            turnover = trial_value("P1NP", subject, 6 if months else 0) / 130 + 0.02 * math.sin(5.1 * int(subject[-2:]))
            found.append(_candidate(made, "HMAR", subject, name, months, study_day, rate))
            found.append(_candidate(made, "HACF", subject, name, months, study_day, turnover))
        elif status == "none":
            found.append(_candidate(made, "HACF", subject, name, months, study_day, 0.0))
        labels.append(
            LabelStatus(
                subject=subject, visit=name, day=on_day(subject, study_day), envelope="cancellous", status=status
            )
        )
    return found, labels


def _candidate(
    made: Protocol, paramcd: str, subject: str, visit: str, months: int, study_day: int, value: float
) -> Candidate:
    wanted = next(one for one in made.parameters if one.paramcd == paramcd)
    kind = {"Tb.vBMD": "qct", "aBMD": "dxa", "T-score": "dxa", "P1NP": "laboratory", "RANKL": "laboratory"}.get(
        wanted.quantity, {"ODI": "oswestry", "Pain-VAS": "vas"}.get(wanted.quantity, "histomorphometry")
    )
    is_scan = kind in ("qct", "dxa")
    is_low = paramcd == "RANKL" and value < DETECTION_LIMIT
    return Candidate(
        subject=subject,
        cohort=WOMEN[subject],
        visit=Visit(name=visit, number=float(months)),
        day=on_day(subject, study_day),
        study_day=study_day,
        kind=kind,
        paramcds=paramcds_at(made, wanted.quantity, wanted.site, wanted.region or "", None),
        quantity=wanted.quantity,
        site=wanted.site,
        region=wanted.region or "",
        side="",
        value=None if is_low else value,
        text=f"<{DETECTION_LIMIT}" if is_low else "",
        censored="below" if is_low else "",
        unit=wanted.own_unit,
        material="HA" if kind == "qct" else "",
        scanner="3012" if kind == "qct" else "DXA-1" if kind == "dxa" else "",
        review="accept" if kind == "qct" else "not-applicable",
        notes=(note("below-detection", f"the source gives <{DETECTION_LIMIT}"),) if is_low else (),
        source=Source(
            source_id=f"{subject}-{paramcd}-{months}",
            kind=kind,
            input_sha256="0f" * 32,
            series_uid="1.2.3.4" if is_scan else "",
            sheet="" if is_scan else "Sheet1",
            line=None if is_scan else months + 2,
            reader="AH" if kind == "histomorphometry" else "",
            software_version="0.1.0",
            method="trial",
        ),
    )


def _event_source(line: int) -> Source:
    return Source(source_id=f"events:{line}", kind="adverse-events", input_sha256="1e" * 32, line=line)


def _adverse_event(subject: str, study_day: int, term: str, organ: str, *, serious: bool) -> PlacedAdverseEvent:
    event = AdverseEvent(
        kind="adverse-events",
        subject=subject,
        day=on_day(subject, study_day),
        term=term,
        system_organ_class=organ,
        serious=serious,
        severity="SEVERE" if serious else "MILD",
        related="NOT RELATED" if serious else "RELATED",
        outcome="RECOVERED",
    )
    return PlacedAdverseEvent(
        event=event,
        subject=subject,
        cohort=WOMEN[subject],
        study_day=study_day,
        end_study_day=None,
        source=_event_source(study_day),
    )


def _fracture(subject: str, study_day: int, site: str) -> PlacedFracture:
    event = Fracture(kind="fractures", subject=subject, day=on_day(subject, study_day), site=site, low_impact=True)
    return PlacedFracture(
        event=event,
        subject=subject,
        cohort=WOMEN[subject],
        study_day=study_day,
        is_new=study_day >= 1,
        source=_event_source(study_day),
    )
