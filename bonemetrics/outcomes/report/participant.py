"""One page for each woman: all her endpoints on one time axis, and what was said of her data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from bonemetrics.errors import NOTES, all_error_codes
from bonemetrics.outcomes.cohorts import NO_COHORT
from bonemetrics.outcomes.figures.moments import Moments, moments, months
from bonemetrics.outcomes.figures.participant_timeline import participant_timeline, undrawn
from bonemetrics.outcomes.report.page import Block, Facts, Listing, Section, Text, anchor, unique
from bonemetrics.outcomes.report.pictures import picture
from bonemetrics.outcomes.report.quality import every_note
from bonemetrics.outcomes.rows import Dataset, RowNote
from bonemetrics.outcomes.wording import MISSING, listed, number, plural

_MOST_NOTES, _MOST_PARAMETERS, _SEVERAL, _MOST_WITHOUT = 12, 6, 3, 5
_Kind = tuple[str, str]
_NO_TABLE = "no table read"


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
    shared = _shared(notes, everyone)
    parts = tuple(
        _page(dataset, one, name, notes, frozenset(shared)) for one, name in zip(everyone.values(), names, strict=True)
    )
    blocks: tuple[Block, ...] = (lead,) if parts else (Text("The study has no participants.", "absent"),)
    blocks += tuple(Text(said, "small") for said in _shared_in_words(shared))
    return Section(anchor="participants", title="Participants", blocks=blocks, parts=parts, new_page=True)


def _shared(notes: Sequence[RowNote], everyone: Collection[str]) -> dict[_Kind, tuple[str, ...]]:
    """Severity and code of notes that all women have, or all but a few, and who has not."""
    if len(everyone) < _SEVERAL:
        return {}
    women: dict[_Kind, set[str]] = {}
    for one in notes:
        women.setdefault((one.problem.severity, one.problem.code), set()).add(one.subject)
    without = {kind: tuple(sorted(set(everyone) - found)) for kind, found in women.items()}
    return {kind: few for kind, few in sorted(without.items()) if len(few) <= min(len(everyone) // 4, _MOST_WITHOUT)}


def _shared_in_words(shared: Mapping[_Kind, tuple[str, ...]]) -> Iterator[str]:
    meanings = NOTES | all_error_codes()
    for few in dict.fromkeys(shared.values()):
        told = (
            ("refused: " if kind[0] == "refusal" else "") + meanings[kind[1]] for kind in shared if shared[kind] == few
        )
        who = f"every woman but {listed(few)}" if few else "every woman"
        yield f"Noted on data of {who}, and not again on the pages: {'; '.join(told)}."


def _page(dataset: Dataset, one: Moments, name: str, notes: Sequence[RowNote], shared: frozenset[_Kind]) -> Section:
    subject = one.participant.subject
    figure = participant_timeline(dataset, subject)
    blocks: list[Block] = [_facts(dataset, one)]
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
    blocks += _notes([note for note in notes if note.subject == subject], shared)
    cohort = one.participant.cohort or NO_COHORT
    return Section(anchor=f"page-{name}", title=subject, subtitle=cohort, blocks=tuple(blocks), new_page=True)


def _facts(dataset: Dataset, one: Moments) -> Facts:
    who, gathered = one.participant, dataset.gathered
    own = [event for event in one.adverse_events if not event.is_repeated]
    events = f"{len(own)}, {sum(bool(event.event.serious) for event in own)} serious"
    # As in the sections: that nobody told of any is not that there were none.
    told_of_fractures = gathered.has_fracture_table or bool(gathered.fractures)
    told_of_events = gathered.has_event_table or bool(gathered.adverse_events)
    return Facts(
        (
            ("Infusion", who.day1.isoformat() if who.day1 else "not known"),
            ("Last contact", _last(one)),
            ("New fractures", _new_fractures(one) if told_of_fractures else _NO_TABLE),
            ("Adverse events", events if told_of_events else _NO_TABLE),
        )
    )


def _new_fractures(one: Moments) -> str:
    new = sum(bool(fracture.is_new) and fracture.counts for fracture in one.fractures)
    undated = sum(fracture.study_day is None and fracture.counts for fracture in one.fractures)
    return f"{new}, {undated} without a date" if undated else str(new)


def _last(one: Moments) -> str:
    dated = [day for day in (one.participant.last_day, one.participant.day1) if day is not None]
    if not dated:
        return "nothing is dated"
    day = max(dated).isoformat()
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


def _notes(every: Sequence[RowNote], shared: frozenset[_Kind]) -> list[Block]:
    """Notes of hers by code, with the parameters and visits they stand on; without those that most women have."""
    notes = [note for note in every if (note.problem.severity, note.problem.code) not in shared]
    if not notes:
        besides = " but what is said above of most women" if every else ""
        return [Text(f"No note was made on any value of hers{besides}.", "small")]
    meanings = NOTES | all_error_codes()
    counted = Counter((note.problem.severity, note.problem.code) for note in notes)
    lines = []
    for (severity, code), count in counted.most_common(_MOST_NOTES):
        own = [note for note in notes if (note.problem.severity, note.problem.code) == (severity, code)]
        visits = list(dict.fromkeys(note.visit for note in own if note.visit))
        where = [_parameters(own), ", ".join(visits)]
        place = "; ".join(part for part in where if part) or MISSING
        refused = "refused: " if severity == "refusal" else ""
        lines.append(f"{refused}{meanings[code]} ({plural(count, 'time')}; {place})")
    more = len(counted) - len(lines)
    if more:
        lines.append(f"and {plural(more, 'further kind')} of note, see data quality")
    return [Text("Notes on her data", "label"), Listing(tuple(lines), small=True)]


def _parameters(notes: Sequence[RowNote]) -> str:
    """Parameters that notes stand on: by code, or how many where they are many and data quality names them."""
    codes = sorted({note.paramcd for note in notes if note.paramcd})
    return ", ".join(codes) if len(codes) <= _MOST_PARAMETERS else plural(len(codes), "parameter")
