"""Adverse events and fractures in the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bonemetrics.outcomes.cohorts import Cohort, cohorts
from bonemetrics.outcomes.figures.moments import months
from bonemetrics.outcomes.report.event_rates import rate_table
from bonemetrics.outcomes.report.page import Block, Section, Text
from bonemetrics.outcomes.report.tables import HeadColumn, ReportTable, TableRow, columns
from bonemetrics.outcomes.rows import Dataset, PlacedAdverseEvent, PlacedFracture
from bonemetrics.outcomes.wording import MISSING, listed, number, plural

_UNRELATED = frozenset(
    ("no", "n", "none", "not related", "unrelated", "unlikely", "unlikely related", "improbable", "not assessable")
)
_NOT_CODED = "not coded"


def adverse_events(dataset: Dataset) -> Section:
    """Women and events by system organ class and preferred term, cohort by cohort, and what was serious or related."""
    known = dataset.gathered.adverse_events
    events = [one for one in known if not one.is_repeated]
    blocks: tuple[Block, ...]
    if not dataset.gathered.has_event_table and not events:
        blocks = (Text("No table of adverse events was read. Nothing can be said of them.", "absent"),)
    elif not events:
        blocks = (Text("A table of adverse events was read; it reports none.", "absent"),)
    else:
        told = _events_in_words(dataset, events) + _repeated_in_words(len(known) - len(events))
        rates = rate_table(dataset, events, _is_related)
        blocks = (Text(told), *rates, _event_table(dataset, events), *_serious_table(events))
    return Section(anchor="adverse-events", title="Adverse events", blocks=blocks)


def _events_in_words(dataset: Dataset, events: Sequence[PlacedAdverseEvent]) -> str:
    women = len({one.subject for one in events})
    serious = [one for one in events if one.event.serious]
    told = f"{plural(len(events), 'event')} in {women} of {len(dataset.gathered.participants)} women"
    if serious:
        told += f", {len(serious)} of them serious in {plural(len({one.subject for one in serious}), 'woman', 'women')}"
    else:
        told += ", none reported as serious"
    unknown = sum(one.event.serious is None for one in events)
    before = sum(one.study_day is not None and one.study_day < 1 for one in events)
    said = [f"{told}."]
    if unknown:
        said.append(f"Whether it was serious is not stated for {plural(unknown, 'event')}.")
    if before:
        said.append(
            f"{plural(before, 'event')} began before the infusion, shown in a row of "
            f"{'its' if before == 1 else 'their'} own."
        )
    return " ".join(said)


def _repeated_in_words(count: int) -> str:
    if not count:
        return ""
    return f" {plural(count, 'row')} of further tables {'says' if count == 1 else 'say'} the same again, counted once."


def _event_table(dataset: Dataset, events: Sequence[PlacedAdverseEvent]) -> ReportTable:
    groups = cohorts(dataset)
    head = [HeadColumn("System organ class, preferred term")]
    for one in groups:
        head += columns("women", "events", numeric_from=0, group=f"{one.label} (n = {len(one.women)})")
    total = len(dataset.gathered.participants)
    head += columns("women", "events", "serious", "related", numeric_from=0, group=f"All (n = {total})")
    rows = [_event_row("Any adverse event", events, groups, strong=True), *_rows_by_day(events, groups)]
    classes = sorted({_class_of(one) for one in events}, key=lambda name: (name == _NOT_CODED, name))
    for name in classes:
        of_class = [one for one in events if _class_of(one) == name]
        rows.append(_event_row(name, of_class, groups, strong=True))
        for term in sorted({_term_of(one) for one in of_class}):
            named = [one for one in of_class if _term_of(one) == term]
            rows.append(_event_row(f"\u2003{term}", named, groups, strong=False))
    return ReportTable(
        caption="Adverse events by system organ class and preferred term",
        columns=tuple(head),
        rows=tuple(rows),
        remark=f"A woman with several events of one kind counts once under “women”. {_related_in_words(events)}",
    )


def _rows_by_day(events: Sequence[PlacedAdverseEvent], groups: Sequence[Cohort]) -> list[TableRow]:
    """Of all events, those on or after the infusion apart from those before it."""
    after = [one for one in events if one.study_day is not None and one.study_day >= 1]
    before = [one for one in events if one.study_day is not None and one.study_day < 1]
    unknown = [one for one in events if one.study_day is None]
    rows = [_event_row("\u2003on or after infusion", after, groups, strong=False)]
    for name, own in (("before infusion", before), ("day not known", unknown)):
        rows += [_event_row(f"\u2003{name}", own, groups, strong=False)] if own else []
    return rows


def _event_row(name: str, events: Sequence[PlacedAdverseEvent], groups: Sequence[Cohort], *, strong: bool) -> TableRow:
    cells = [name]
    for group in groups:
        own = [one for one in events if one.cohort == group.code]
        cells += _counts(own)
    serious = str(sum(bool(one.event.serious) for one in events))
    related = str(sum(_is_related(one) for one in events))
    return TableRow((*cells, *_counts(events), serious, related), first_of_group=strong, strong=strong)


def _counts(events: Sequence[PlacedAdverseEvent]) -> tuple[str, str]:
    return str(len({one.subject for one in events})), str(len(events))


def _class_of(one: PlacedAdverseEvent) -> str:
    return one.event.system_organ_class or _NOT_CODED


def _term_of(one: PlacedAdverseEvent) -> str:
    return one.event.preferred_term or one.event.term


def _is_related(one: PlacedAdverseEvent) -> bool:
    said = one.event.related.strip().lower()
    return bool(said) and said not in _UNRELATED


def _related_in_words(events: Sequence[PlacedAdverseEvent]) -> str:
    """Which words of the site count as related, since sites use their own."""

    def words(wanted: Callable[[PlacedAdverseEvent], bool]) -> list[str]:
        return sorted(
            {one.event.related.strip().lower() for one in events if one.event.related.strip() and wanted(one)}
        )

    counted, left = words(_is_related), words(lambda one: not _is_related(one))
    silent = sum(not one.event.related.strip() for one in events)
    said = [f"Counted as related: {listed(counted) if counted else 'none'}"]
    if left:
        said.append(f"not counted: {listed(left)}")
    if silent:
        said.append(f"relation not stated: {plural(silent, 'event')}")
    return "; ".join(said) + "."


def _serious_table(events: Sequence[PlacedAdverseEvent]) -> tuple[ReportTable, ...]:
    """One line for each serious event, since every one of them is looked at by itself."""
    serious = [one for one in events if one.event.serious]
    if not serious:
        return ()
    rows = tuple(
        TableRow(
            (
                one.subject,
                one.cohort or MISSING,
                _term_of(one),
                MISSING if one.study_day is None else str(one.study_day).replace("-", "\u2212"),
                one.event.severity or MISSING,
                one.event.related or MISSING,
                one.event.outcome or MISSING,
            )
        )
        for one in sorted(serious, key=lambda one: (one.subject, one.study_day is None, one.study_day or 0))
    )
    head = columns("Woman", "Cohort", "Event", "Study day", "Severity", "Related", "Outcome", numeric_from=9)
    return (ReportTable(caption="Serious adverse events", columns=head, rows=rows),)


def fractures(dataset: Dataset) -> Section:
    """Every fracture, and how many women had a new one since the infusion."""
    every = dataset.gathered.fractures
    known = [one for one in every if not one.is_repeated]
    blocks: tuple[Block, ...]
    if not dataset.gathered.has_fracture_table and not known:
        blocks = (Text("No table of fractures was read. Nothing can be said of them.", "absent"),)
    elif not known:
        blocks = (Text("A table of fractures was read; it reports none.", "absent"),)
    else:
        told = _fractures_in_words(dataset, known) + _repeated_in_words(len(every) - len(known))
        blocks = (Text(told), _fracture_table(known))
    return Section(anchor="fractures", title="Fractures", blocks=blocks)


def _fractures_in_words(dataset: Dataset, known: Sequence[PlacedFracture]) -> str:
    denied = sum(not one.counts for one in known)
    new = [one for one in known if one.is_new and one.counts]
    by_cohort = [
        f"{group.label}: {len({one.subject for one in new if one.cohort == group.code})} of {len(group.women)} women"
        for group in cohorts(dataset)
    ]
    said = f"{plural(len(new), 'fracture')} on or after the day of infusion ({', '.join(by_cohort)})."
    undated = sum(one.is_new is None and one.counts for one in known)
    older = len(known) - len(new) - undated - denied
    if older:
        said += f" {plural(older, 'fracture')} happened before the infusion."
    if undated:
        said += f" Of {plural(undated, 'fracture')} it is not known whether it was before or after."
    if denied:
        said += f" Not confirmed and not counted: {plural(denied, 'fracture')}."
    return said


def _fracture_table(known: Sequence[PlacedFracture]) -> ReportTable:
    said = {True: "yes", False: "no", None: MISSING}
    rows = tuple(
        TableRow(
            (
                one.subject,
                one.cohort or MISSING,
                " ".join(word for word in (one.event.side, one.event.site) if word),
                MISSING if one.study_day is None else number(months(one.study_day), 1),
                said[one.is_new],
                said[one.event.low_impact],
                said[one.event.confirmed],
            )
        )
        for one in sorted(known, key=lambda one: (one.subject, one.study_day is None, one.study_day or 0))
    )
    head = columns("Woman", "Cohort", "Site", "Month", "New", "Low impact", "Confirmed", numeric_from=9)
    return ReportTable(caption="Fractures", columns=head, rows=rows, remark="Months are counted from the infusion.")
