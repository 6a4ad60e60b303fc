"""The sheets of blood samples, questionnaires and events, each in the manners of another office."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np

from bonemetrics.sample.clinical.biopsies import section
from bonemetrics.sample.clinical.course import (
    BIOPSY_VISIT,
    DISABILITY,
    EQ_VAS,
    MARKERS,
    PAIN,
    Course,
    attended,
    visit_day,
)
from bonemetrics.sample.people import WOMEN, PlannedVisit, Woman

Row = Sequence[str]
_UNITS = {"NTX": "nmol BCE/L", "OC": "ng/mL", "BALP": "µg/L", "P1NP": "ng/mL", "OPG": "pmol/L", "RANKL": "pmol/L"}
_DETECTION_LIMIT = {"RANKL": 0.17}
"""Below it the laboratory reports the limit alone."""
SECTION_MISSING = ("CSM-06", 6)
"""Woman and month of a questionnaire with one section left out."""


def laboratory() -> str:
    """One row per result, as a laboratory sends it; results below the detection limit are `<0.17`."""
    rows = []
    for woman, visit in attended():
        for marker in MARKERS:
            day = visit_day(woman, visit).isoformat()
            text = reported(marker, woman, visit)
            rows.append((woman.subject, visit.name, day, marker.paramcd, text, _UNITS[marker.paramcd]))
    return _text(("Participant", "Visit", "Sample date", "Analyte", "Result", "Unit"), rows)


def reported(marker: Course, woman: Woman, visit: PlannedVisit) -> str:
    """A result as the laboratory prints it."""
    value, limit = marker.measured(woman, visit.months), _DETECTION_LIMIT.get(marker.paramcd, 0.0)
    return f"<{limit}" if value < limit else f"{value:.{marker.decimals}f}"


def pain() -> str:
    """Pain as a Spanish office keeps it: semicolons, decimal commas, day before month."""
    rows = [
        (woman.subject, visit.name, f"{visit_day(woman, visit):%d/%m/%Y}", f"{PAIN.measured(woman, visit.months):.1f}")
        for woman, visit in attended()
    ]
    return _text(("ID", "Visita", "Fecha", "EVA"), [(*row[:3], row[3].replace(".", ",")) for row in rows], ";")


def oswestry() -> str:
    """The ten sections of the Oswestry questionnaire by number; one woman leaves a section out."""
    rows = [
        (
            *(woman.subject, visit.name, visit_day(woman, visit).isoformat()),
            *("" if item is None else str(item) for item in oswestry_items(woman, visit)),
        )
        for woman, visit in attended()
    ]
    return _text(("subject", "visit", "date", *(f"odi{number}" for number in range(1, 11))), rows)


def oswestry_items(woman: Woman, visit: PlannedVisit) -> list[int | None]:
    """Ten scores from 0 to 5 whose sum is half of the percentage; `None` is a section that was left out."""
    total = round(DISABILITY.measured(woman, visit.months) / 2)
    rng = np.random.default_rng([53, WOMEN.index(woman), visit.months])
    items: list[int | None] = [total // 10 + (place < total % 10) for place in np.argsort(rng.permutation(10)).tolist()]
    if (woman.subject, visit.months) == SECTION_MISSING:
        items[7] = None
    return items


def eq5d() -> str:
    """Levels of the five dimensions (version 3L) and the scale from 0 to 100, exported from REDCap."""
    rows = []
    for woman, visit in attended():
        event = visit.name.lower().replace(" ", "_") + "_arm_1"
        levels = eq5d_levels(woman, visit.months)
        scale = f"{EQ_VAS.measured(woman, visit.months):.0f}"
        rows.append((woman.subject, event, visit_day(woman, visit).isoformat(), *map(str, levels), scale))
    names = ("record_id", "redcap_event_name", "eq5d_date", "mobility", "selfcare", "activity", "pain", "anxiety")
    return _text((*names, "eq_vas"), rows)


def eq5d_levels(woman: Woman, months: int) -> tuple[int, ...]:
    """Levels that follow pain and disability: a woman in less pain moves and works more easily."""
    pain_now, disability = PAIN.true_value(woman, months), DISABILITY.true_value(woman, months)
    rng = np.random.default_rng([59, WOMEN.index(woman)])
    return (
        2 if disability > 34 else 1,
        2 if disability > 43 else 1,
        2 if disability > 20 else 1,
        3 if pain_now > 6.8 else 2 if pain_now > 2.5 else 1,
        int(rng.integers(1, 3)),
    )


_EVENTS: tuple[tuple[str, int | str, int | None, str, str, str, str, str, str], ...] = (
    ("CSM-01", 1, 2, "Fever after infusion", "General disorders", "N", "MILD", "RELATED", "RECOVERED"),
    ("CSM-02", 1, 1, "Headache", "Nervous system disorders", "N", "MILD", "POSSIBLY RELATED", "RECOVERED"),
    ("CSM-02", 520, 560, "Finger fracture", "Musculoskeletal disorders", "N", "MODERATE", "NOT RELATED", "RECOVERED"),
    ("CSM-03", 14, 21, "Urinary tract infection", "Infections", "N", "MODERATE", "NOT RELATED", "RECOVERED"),
    ("CSM-04", 302, 360, "Vertebral fracture", "Musculoskeletal disorders", "Y", "SEVERE", "NOT RELATED", "RECOVERED"),
    ("CSM-05", 1, 3, "Fever after infusion", "General disorders", "N", "MILD", "RELATED", "RECOVERED"),
    ("CSM-05", 96, 110, "Back pain", "Musculoskeletal disorders", "N", "MODERATE", "NOT RELATED", "RECOVERED"),
    ("CSM-06", "baseline biopsy", 3, "Pain at biopsy site", "Injury and procedural complications", "N", "MILD",
     "NOT RELATED", "RECOVERED"),
    ("CSM-07", 188, 240, "Diverticulitis", "Gastrointestinal disorders", "Y", "SEVERE", "NOT RELATED", "RECOVERED"),
    ("CSM-08", 40, 47, "Nasopharyngitis", "Infections", "N", "MILD", "NOT RELATED", "RECOVERED"),
    ("CSM-09", 455, 520, "Wrist fracture", "Musculoskeletal disorders", "Y", "MODERATE", "NOT RELATED", "RECOVERED"),
    ("CSM-10", "second biopsy", 2, "Pain at biopsy site", "Injury and procedural complications", "N", "MILD",
     "NOT RELATED", "RECOVERED"),
    ("CSM-10", 371, None, "Knee osteoarthritis", "Musculoskeletal disorders", "N", "MODERATE", "NOT RELATED",
     "NOT RECOVERED"),
)  # fmt: skip


def adverse_events() -> str:
    """Adverse events under the names of SDTM; terms are plain words."""
    people = {woman.subject: woman for woman in WOMEN}
    rows = []
    for number, (subject, start, end, *told) in enumerate(_EVENTS, start=1):
        days = _days(people[subject], start, end)
        rows.append((subject, str(number), *told, *(day.isoformat() if day else "" for day in days)))
    names = ("USUBJID", "AESEQ", "AETERM", "AESOC", "AESER", "AESEV", "AEREL", "AEOUT", "AESTDTC", "AEENDTC")
    return _text(names, rows)


def _days(woman: Woman, start: int | str, end: int | None) -> tuple[date, date | None]:
    """Study days as dates; an event of a biopsy begins on its day and lasts so many days."""
    if isinstance(start, int):
        return woman.day(start), None if end is None else woman.day(end)
    taken = section(woman, 0 if start == "baseline biopsy" else BIOPSY_VISIT.months).day
    return taken, taken + timedelta(days=end or 0)


FRACTURES = (
    ("CSM-02", 520, "finger", "right", "N"),
    ("CSM-04", 302, "thoracic spine", "", "Y"),
    ("CSM-06", -210, "rib", "left", "Y"),
    ("CSM-09", 455, "distal radius", "left", "Y"),
)


def fractures() -> str:
    """Fractures, one of them before the infusion and so not new, and one by a fall from a bicycle."""
    people = {woman.subject: woman for woman in WOMEN}
    rows = [(who, people[who].day(day).isoformat(), site, side, low) for who, day, site, side, low in FRACTURES]
    return _text(("subject", "date", "site", "side", "low_impact"), rows)


def _text(header: Row, rows: Iterable[Row], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
