"""New fractures as a parameter: how many a woman has had since the infusion, up to each of her visits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from bonemetrics.outcomes.rows import Candidate, Gathered, Participant, PlacedFracture, Source, common_source
from bonemetrics.records import Problem, Visit, note
from bonemetrics.study.protocol_tables import ParameterTable
from bonemetrics.study.visits import UNSCHEDULED, study_day

QUANTITY = "N.Fx"
FRACTURE_FILE = "fractures table"
"""What notes on rows call the file, since its own name can name people."""


def fracture_counts(gathered: Gathered, parameter: ParameterTable) -> Iterator[Candidate]:
    """Count new fractures at every visit of every person that anything else was measured at.

    A fracture counts at a visit where it happened on or after day 1 and not after the last day of the visit's data, and
    once, however many tables tell it. One that was judged to be none does not count, one that nobody judged does.

    Parameters
    ----------
    gathered
        Of a study.
    parameter
        One of quantity `N.Fx`.

    Yields
    ------
    Candidate
        None where the study has no table of fractures: that nobody told of any is not that there were none. A count of
        none is from all tables of fractures. Where rows or tables of them were refused, a note says so.
    """
    if not gathered.has_fracture_table:
        return
    days: dict[tuple[str, str], tuple[date, Visit]] = {}
    for one in gathered.candidates:
        if one.day is None or one.visit.name == UNSCHEDULED.name:
            continue
        key = (one.subject, one.visit.name)
        if key not in days or one.day > days[key][0]:
            days[key] = (one.day, one.visit)
    people = {one.subject: one for one in gathered.participants}
    fractures: dict[str, list[PlacedFracture]] = {}
    for fracture in gathered.fractures:
        fractures.setdefault(fracture.subject, []).append(fracture)
    refused = _Refused(gathered)
    for (subject, _), (day, visit) in sorted(days.items()):
        day1 = people[subject].day1
        if day1 is None:
            continue
        own = fractures.get(subject, [])
        found = _count(parameter, people[subject], visit, day, day1, own, gathered.fracture_sheets)
        yield replace(found, notes=(*found.notes, *refused.notes(subject)))


def _count(
    parameter: ParameterTable,
    person: Participant,
    visit: Visit,
    day: date,
    day1: date,
    fractures: Sequence[PlacedFracture],
    sheets: Sequence[Source],
) -> Candidate:
    now = study_day(day, day1)
    there = [one for one in fractures if one.is_new and one.study_day is not None and one.study_day <= now]
    counted = [one for one in there if one.counts]
    parts = [one.source for one in counted] or sheets
    source = common_source(parts, otherwise="fractures")
    source = replace(source, kind="fractures", method="count of the table of fractures")
    return Candidate(
        subject=person.subject,
        cohort=person.cohort,
        visit=visit,
        day=day,
        study_day=now,
        kind="fractures",
        paramcds=(parameter.paramcd,),
        quantity=QUANTITY,
        site=parameter.site,
        region="",
        side="",
        value=float(len(counted)),
        unit="1",
        source=source,
        notes=tuple(_notes(fractures, there)),
    )


def _notes(fractures: Sequence[PlacedFracture], there: Sequence[PlacedFracture]) -> Iterator[Problem]:
    unknown = sum(one.counts and one.study_day is None for one in fractures)
    if unknown:
        yield note("scan-date-unknown", f"{unknown} fractures without a date are not counted")
    denied = sum(one.event.confirmed is False and not one.is_repeated for one in there)
    if denied:
        yield note("fracture-not-confirmed", f"{denied} fractures were judged to be none and are not counted")


class _Refused:
    """Rows and tables of fractures that could hold more of a person's fractures than were read."""

    def __init__(self, gathered: Gathered) -> None:
        rows = [
            one
            for one in gathered.notes
            if one.file == FRACTURE_FILE and one.line is not None and one.problem.severity == "refusal"
        ]
        self._by_subject = Counter(one.subject for one in rows if one.subject)
        # A row of somebody who is not in the study is nobody's here; any other without a person may be anybody's.
        self._of_nobody = sum(not one.subject and one.problem.code != "unknown-subject" for one in rows)
        self._tables = gathered.n_unread_fracture_sheets

    def notes(self, subject: str) -> Iterator[Problem]:
        counts = (
            (self._by_subject[subject], "rows of fractures of this person were refused"),
            (self._of_nobody, "rows of fractures were refused whose person was not read"),
            (self._tables, "tables of fractures could not be read"),
        )
        told = [f"{count} {text}" for count, text in counts if count]
        if told:
            yield note("fractures-incomplete", f"{'; '.join(told)}, so there may be more than were counted")
