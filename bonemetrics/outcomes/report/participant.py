"""One page for each woman: all her endpoints on one time axis, and what was said of her data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bonemetrics.errors import NOTES, all_error_codes
from bonemetrics.outcomes.cohorts import NO_COHORT
from bonemetrics.outcomes.figures.moments import Moments, moments, months
from bonemetrics.outcomes.figures.participant_timeline import participant_timeline, undrawn
from bonemetrics.outcomes.report.page import Block, Facts, Listing, Section, Text, anchor, unique
from bonemetrics.outcomes.report.pictures import picture
from bonemetrics.outcomes.report.quality import every_note
from bonemetrics.outcomes.rows import Dataset, RowNote
from bonemetrics.outcomes.wording import MISSING, listed, number, plural

_MOST_NOTES = 12


def participants(dataset: Dataset) -> Section:
    """The pages of all women."""
    everyone = moments(dataset)
    lead = Text(
        "One page for each woman. Full dots are values that count, open dots further values; the band is her baseline "
        "± the least significant change, where one is stated. The number beside each name is her last value and, in "
        "brackets, its change from baseline. Upright lines: infusion (solid), biopsies (dotted), fractures (dashed)."
    )
    names = unique(anchor(subject) for subject in everyone)
    notes = every_note(dataset)
    parts = tuple(_page(dataset, one, name, notes) for one, name in zip(everyone.values(), names, strict=True))
    blocks: tuple[Block, ...] = (lead,) if parts else (Text("The study has no participants.", "absent"),)
    return Section(anchor="participants", title="Participants", blocks=blocks, parts=parts, new_page=True)


def _page(dataset: Dataset, one: Moments, name: str, notes: Sequence[RowNote]) -> Section:
    subject = one.participant.subject
    figure = participant_timeline(dataset, subject)
    blocks: list[Block] = [_facts(one)]
    if figure is None:
        blocks.append(Text(_why_not(dataset, one), "absent"))
    else:
        blocks.append(
            picture(
                figure,
                name=f"participant-{name}",
                title=f"{subject}: all endpoints",
                description=_description(dataset, one),
                caption=_caption(dataset, subject),
            )
        )
    blocks += _notes([note for note in notes if note.subject == subject])
    cohort = one.participant.cohort or NO_COHORT
    return Section(anchor=f"page-{name}", title=subject, subtitle=cohort, blocks=tuple(blocks), new_page=True)


def _facts(one: Moments) -> Facts:
    who = one.participant
    new = sum(bool(fracture.is_new) for fracture in one.fractures)
    serious = sum(bool(event.event.serious) for event in one.adverse_events)
    return Facts(
        (
            ("Infusion", who.day1.isoformat() if who.day1 else "not known"),
            ("Last contact", _last(one)),
            ("New fractures", str(new)),
            ("Adverse events", f"{len(one.adverse_events)}, {serious} serious"),
        )
    )


def _last(one: Moments) -> str:
    if one.participant.last_day is None:
        return "nothing is dated"
    day = one.participant.last_day.isoformat()
    return f"{day} (month {number(months(one.last), 1)})" if one.last is not None else day


def _why_not(dataset: Dataset, one: Moments) -> str:
    if not any(row.subject == one.participant.subject for row in dataset.rows):
        return "There is no value of hers for any parameter of the protocol."
    if one.participant.day1 is None:
        return "Her day of infusion is not known, so nothing of hers can be placed in time."
    return "None of her values has a date."


def _description(dataset: Dataset, one: Moments) -> str:
    """The figure in words: what is there, and what happened."""
    own = {row.param for row in dataset.rows if row.subject == one.participant.subject and row.value is not None}
    said = [f"{plural(len(own), 'parameter')} of {one.participant.subject} over months from infusion."]
    broken = [f"{two.event.site} in month {number(months(two.study_day), 1)}" for two in one.fractures if two.study_day]
    if broken:
        said.append(f"Fractures: {listed(broken)}.")
    if one.biopsies:
        said.append(f"Biopsies in months {listed([number(months(day), 1) for day in one.biopsies])}.")
    return " ".join(said)


def _caption(dataset: Dataset, subject: str) -> str:
    left = undrawn(dataset, subject)
    if not left:
        return ""
    return f"{plural(left, 'value')} without a date or without a number (such as a result below a limit) not drawn."


def _notes(notes: Sequence[RowNote]) -> list[Block]:
    """Notes of hers by code, with the parameters and visits they stand on."""
    if not notes:
        return [Text("No note was made on any value of hers.", "small")]
    meanings = NOTES | all_error_codes()
    counted = Counter((note.problem.severity, note.problem.code) for note in notes)
    lines = []
    for (severity, code), count in counted.most_common(_MOST_NOTES):
        own = [note for note in notes if (note.problem.severity, note.problem.code) == (severity, code)]
        visits = list(dict.fromkeys(note.visit for note in own if note.visit))
        where = [", ".join(sorted({note.paramcd for note in own if note.paramcd})), ", ".join(visits)]
        place = "; ".join(part for part in where if part) or MISSING
        refused = "refused: " if severity == "refusal" else ""
        lines.append(f"{refused}{meanings[code]} ({plural(count, 'time')}; {place})")
    more = len(counted) - len(lines)
    if more:
        lines.append(f"and {plural(more, 'further kind')} of note, see data quality")
    return [Text("Notes on her data", "label"), Listing(tuple(lines), small=True)]
