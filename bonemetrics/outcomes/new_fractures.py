"""New fractures as a parameter: how many a woman has had since the infusion, up to each of her visits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from bonemetrics.outcomes.rows import Candidate, Gathered, PlacedFracture, Source, common_source
from bonemetrics.records import Problem, Visit, note
from bonemetrics.study.protocol_tables import ParameterTable
from bonemetrics.study.visits import UNSCHEDULED, study_day

QUANTITY = "N.Fx"


def fracture_counts(gathered: Gathered, parameter: ParameterTable) -> Iterator[Candidate]:
    """Count new fractures at every visit of every person that anything else was measured at.

    A fracture counts at a visit where it happened on or after day 1 and not after the last day of the visit's data.

    Parameters
    ----------
    gathered
        Of a study.
    parameter
        One of quantity `N.Fx`.

    Yields
    ------
    Candidate
        None where the study has no table of fractures: that nobody told of any is not that there were none.
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
    for (subject, _), (day, visit) in sorted(days.items()):
        day1 = people[subject].day1
        if day1 is not None:
            yield _count(parameter, subject, people[subject].cohort, visit, day, day1, fractures.get(subject, []))


def _count(
    parameter: ParameterTable,
    subject: str,
    cohort: str,
    visit: Visit,
    day: date,
    day1: date,
    fractures: Sequence[PlacedFracture],
) -> Candidate:
    now = study_day(day, day1)
    counted = [one for one in fractures if one.is_new and one.study_day is not None and one.study_day <= now]
    method = "count of the table of fractures"
    source = Source(source_id="fractures", kind="fractures", input_sha256="", method=method)
    if counted:
        source = replace(common_source([one.source for one in counted]), kind="fractures", method=method)
    return Candidate(
        subject=subject,
        cohort=cohort,
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
        notes=_undated(fractures),
    )


def _undated(fractures: Sequence[PlacedFracture]) -> tuple[Problem, ...]:
    unknown = sum(one.study_day is None for one in fractures)
    if not unknown:
        return ()
    return (note("scan-date-unknown", f"{unknown} fractures without a date are not counted"),)
