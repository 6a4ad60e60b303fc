"""The table of how often adverse events came: share of women and events per woman-year, with exact intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bonemetrics.outcomes.analysis.event_rates import EventRate, event_rates, follow_up_days
from bonemetrics.outcomes.figures.moments import moments
from bonemetrics.outcomes.report.tables import ReportTable, TableRow, columns
from bonemetrics.outcomes.rows import Dataset, PlacedAdverseEvent
from bonemetrics.outcomes.wording import MISSING, count_of, interval, number, plural


def rate_table(
    dataset: Dataset, events: Sequence[PlacedAdverseEvent], is_related: Callable[[PlacedAdverseEvent], bool]
) -> tuple[ReportTable, ...]:
    """Events on or after the day of infusion by kind and cohort.

    Parameters
    ----------
    dataset
        Of the study.
    events
        Each told once.
    is_related
        Whether the site takes an event for related to the treatment.

    Returns
    -------
    tuple of ReportTable
        One, or none where nobody's day of infusion is known.
    """
    days = follow_up_days(dataset, {subject: one.last for subject, one in moments(dataset).items()})
    if not days:
        return ()
    kinds: Sequence[tuple[str, Callable[[PlacedAdverseEvent], bool]]] = (
        ("Any", lambda _: True),
        ("Serious", lambda one: bool(one.event.serious)),
        ("Related", is_related),
    )
    told = event_rates(dataset, events, days, kinds)
    rows = tuple(_row(one, first=place == 0 or told[place - 1].kind != one.kind) for place, one in enumerate(told))
    head = (
        *columns("Events", "Cohort", numeric_from=9),
        *columns("of women", "%", "95 % interval", numeric_from=0, group="Women with any"),
        *columns("events", "woman-years", "per year", "95 % interval", numeric_from=0, group="Events per woman-year"),
    )
    return (
        ReportTable(
            caption="How often: adverse events on or after the day of infusion",
            columns=head,
            rows=rows,
            row_heads=2,
            remark=_remark(dataset, events, days),
            compact=True,
        ),
    )


def _row(one: EventRate, *, first: bool) -> TableRow:
    low, high = one.share_interval or (None, None)
    share = number(100 * one.women_with / one.women, 0) if one.women else MISSING
    shares = MISSING if low is None or high is None else interval(100 * low, 100 * high, 0)
    least, most = one.rate_interval or (None, None)
    cells = (
        *(one.kind if first else "", one.group.label),
        *(count_of(one.women_with, one.women), share, shares),
        *(str(one.events), number(one.years, 1), number(one.rate, 2), interval(least, most, 2)),
    )
    return TableRow(cells, first_of_group=first)


def _remark(dataset: Dataset, events: Sequence[PlacedAdverseEvent], days: dict[str, int]) -> str:
    said = [
        "Follow-up is from day 1 to the last day on which anything of the woman is dated, so an event after that would "
        "not be known. Intervals are exact: of the share by Clopper and Pearson, of the rate by the Poisson "
        "distribution (Garwood), which takes events to come independently, those of one woman too."
    ]
    before = sum(one.study_day is not None and one.study_day < 1 for one in events)
    unknown = sum(one.study_day is None for one in events)
    left = [
        *([f"{plural(before, 'event')} before the infusion"] if before else []),
        *([f"{plural(unknown, 'event')} of unknown day"] if unknown else []),
    ]
    if left:
        said.append(f"Not counted here: {' and '.join(left)}.")
    without = len(dataset.gathered.participants) - len(days)
    if without:
        said.append(f"{plural(without, 'woman', 'women')} without a known day of infusion not counted.")
    return " ".join(said)
