"""Values of one person placed in a small trial, for tests of how the outcomes dataset is derived."""

from __future__ import annotations

from datetime import date, timedelta

from bonemetrics.outcomes.dataset import build_dataset
from bonemetrics.outcomes.rows import Candidate, Gathered, Participant, Source
from bonemetrics.records import Visit
from bonemetrics.study.protocol import parse_protocol

VISITS = """
[[visits]]
name = "Baseline"
number = 0
target_day = -14
window = [-45, 1]
baseline = true
[[visits]]
name = "Month 6"
number = 6
target_day = 183
window = [150, 215]
[[visits]]
name = "Month 12"
number = 12
target_day = 366
window = [330, 400]
"""
DENSITY = """
[[parameters]]
paramcd = "RADTBD"
param = "Radius trabecular density"
quantity = "Tb.vBMD"
site = "radius"
region = "trabecular"
benefit = "up"
"""
DAY1 = date(2016, 4, 4)
NUMBERS = {"Baseline": 0.0, "Month 6": 6.0, "Month 12": 12.0}


def value(number, visit, study_day, **other) -> Candidate:
    """A density of the radius of W-1; whatever differs is given by name."""
    unscheduled = visit not in NUMBERS
    source = {"scanner": other.get("scanner", "3012"), "source_id": other.pop("source_id", f"s{study_day}")}
    facts = {
        "paramcds": ("RADTBD",),
        "quantity": "Tb.vBMD",
        "site": "radius",
        "region": "trabecular",
        "side": "left",
        "unit": "mg/cm3",
        "material": "HA",
        "scanner": "3012",
        "kind": "qct",
        "subject": "W-1",
        **other,
    }
    day = None if study_day is None else DAY1 + timedelta(days=study_day - 1 if study_day > 0 else study_day)
    return Candidate(
        cohort="",
        visit=Visit(name=visit, number=None if unscheduled else NUMBERS[visit]),
        day=day,
        study_day=study_day,
        value=number,
        source=Source(kind=facts["kind"], input_sha256="0f" * 32, series_uid="1.2.3", **source),
        **facts,
    )


def gathered(*values, more="", parameters=DENSITY, visits=VISITS, **events) -> Gathered:
    """The trial of these values; `more` is further text of the protocol."""
    protocol = parse_protocol('[study]\nid = "T"\n' + visits + parameters + more)
    people = tuple(
        Participant(subject=name, cohort="", day1=DAY1, last_day=None)
        for name in sorted({one.subject for one in values} | {"W-1"})
    )
    return Gathered(protocol=protocol, participants=people, candidates=tuple(values), **events)


def derived(*values, **options):
    """Rows of the dataset of these values."""
    return build_dataset(gathered(*values, **options)).rows


def codes(row) -> list[str]:
    return [note.code for note in row.notes]
