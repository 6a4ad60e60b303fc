"""Every endpoint by itself: individual lines, waterfall, summaries by cohort and visit, and who responded."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.outcomes.analysis.limits import LimitedMean, limited_means
from bonemetrics.outcomes.analysis.responders import Responders, responders
from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.analysis.summaries import Summary, VisitSummary, visit_summaries
from bonemetrics.outcomes.figures.lines import individual_lines
from bonemetrics.outcomes.figures.shift import shift_plot, shift_visits
from bonemetrics.outcomes.figures.waterfall import waterfall
from bonemetrics.outcomes.report.page import Block, Section, Text, anchor
from bonemetrics.outcomes.report.pictures import picture
from bonemetrics.outcomes.report.tables import HeadColumn, ReportTable, TableRow, batched, columns
from bonemetrics.outcomes.wording import (
    MISSING,
    change_unit,
    count_and_limits,
    count_of,
    interval,
    listed,
    number,
    plural,
    pretty_unit,
)
from bonemetrics.study.protocol_tables import ParameterTable

_LIMITS = "Results that are known only as below or above a limit are counted in brackets and in no summary."
_HIDDEN = (
    "In brackets: no change only because the result or its baseline is known as below or above a limit. That biases "
    "the means: the lowest or highest results are missing."
)
_MOST_WOMEN = 10
_VISITS_BESIDE = 4
"""Visits whose columns fit beside each other on A4."""


def endpoints(selection: Selection) -> Section:
    """The parameters of the protocol in its order.

    Parameters
    ----------
    selection
        Rows that count.

    Returns
    -------
    Section
        One part for each parameter that has any value.
    """
    parts = tuple(_part(selection, one) for one in selection.parameters)
    if not parts:
        lead = Text("No parameter of the protocol has a value that counts.", "absent")
        return Section(anchor="endpoints", title="Endpoints", blocks=(lead,))
    lead = Text(
        "Lines: each woman's change from her own baseline. Within the band, ± the least significant change (LSC), a "
        "change may be none; where the LSC differs between women or scanners, the darker band is the smallest, the "
        "lighter one the largest, and the table judges each woman by her own. Hollow: no LSC applies. Bars: her last "
        "change. SD is of the women, n − 1; intervals of means are by Student's t, of medians by order statistics."
    )
    return Section(anchor="endpoints", title="Endpoints", blocks=(lead,), parts=parts, new_page=True)


def _part(selection: Selection, parameter: ParameterTable) -> Section:
    code = parameter.paramcd
    unit = pretty_unit(parameter.own_unit)
    blocks: list[Block] = []
    drawings = (
        ("lines", individual_lines(selection, parameter), "individual changes over time"),
        ("waterfall", waterfall(selection, parameter), "last change of each woman"),
    )
    for name, figure, said in drawings:
        if figure is not None:
            blocks.append(
                picture(
                    figure,
                    name=f"{name}-{anchor(code)}",
                    title=f"{parameter.param}: {said}",
                    description=f"{said[0].upper()}{said[1:]}, {unit or 'no unit'}; numbers are in the tables below.",
                    half=True,
                )
            )
    blocks += _shift(selection, parameter)
    blocks += _not_drawn(selection, code)
    shown = selection.groups(code)
    told = tuple(one for one in visit_summaries(selection, code) if one.group in shown)
    places = selection.decimals(code)
    blocks += [_values(told, unit, places), _changes_or_why(selection, told, parameter)]
    blocks += _responders(selection, parameter)
    if limited := limited_means(selection, code):
        blocks.append(_limited(limited, unit, places))
    return Section(anchor=f"endpoint-{anchor(code)}", title=parameter.param, subtitle=code, blocks=tuple(blocks))


def _shift(selection: Selection, parameter: ParameterTable) -> list[Block]:
    figure = shift_plot(selection, parameter)
    if figure is None:
        return []
    where = listed(shift_visits(selection, parameter))
    return [
        picture(
            figure,
            name=f"shift-{anchor(parameter.paramcd)}",
            title=f"{parameter.param}: baseline against later values",
            description=f"Baseline of each woman against her value at {where}; above the diagonal it has gone up.",
        )
    ]


def _not_drawn(selection: Selection, paramcd: str) -> list[Block]:
    """Results that no figure shows, since they have no number."""
    limits = selection.limits(paramcd)
    if not limits:
        return []
    women = sorted({row.subject for row in limits})
    who = listed(women) if len(women) <= _MOST_WOMEN else f"{len(women)} women"
    return [Text(f"Not drawn: {plural(len(limits), 'result')} below or above a limit ({who}).", "small")]


def _changes_or_why(selection: Selection, told: tuple[VisitSummary, ...], parameter: ParameterTable) -> Block:
    visits = selection.change_visits(parameter.paramcd)
    later = tuple(one for one in told if one.visit in visits)
    if any(one.changes.n or one.n_hidden_changes for one in later):
        return _changes(later, parameter, selection.change_decimals(parameter.paramcd))
    return Text("Nobody has both a baseline and a later value, so there is no change.", "absent")


def _values(told: tuple[VisitSummary, ...], unit: str, places: int) -> ReportTable:
    rows = []
    for place, one in enumerate(told):
        first = place == 0 or told[place - 1].group != one.group
        rows.append(TableRow((one.group.label if first else "", one.visit, *_five(one, places)), first_of_group=first))
    remark = _LIMITS if any(one.n_limits for one in told) else ""
    head = (
        HeadColumn("Cohort"),
        HeadColumn("Visit"),
        *columns("n", "Mean", "SD", "Median", "Min", "Max", "95 % interval of the mean", numeric_from=0),
    )
    caption = f"Values{f' ({unit})' if unit else ''}"
    return ReportTable(caption=caption, columns=head, rows=tuple(rows), row_heads=2, remark=remark, compact=True)


def _five(one: VisitSummary, places: int) -> tuple[str, ...]:
    found = one.values
    low, high = found.mean_interval or (None, None)
    count = count_and_limits(found.n, one.n_limits)
    numbers = (found.mean, found.sd, found.median, found.minimum, found.maximum)
    return (count, *(number(value, places) for value in numbers), interval(low, high, places))


def _changes(told: tuple[VisitSummary, ...], parameter: ParameterTable, places: int) -> ReportTable:
    ratio = parameter.has_percent_change and any(one.percent_changes.n for one in told)
    # Without a baseline above zero there is a change, but no per cent of it.
    fewer = ratio and any(one.percent_changes.n != one.changes.n for one in told)
    rows = []
    for place, one in enumerate(told):
        first = place == 0 or told[place - 1].group != one.group
        count = count_and_limits(one.changes.n, one.n_hidden_changes)
        cells = [one.group.label if first else "", one.visit, count, *_mean_of(one.changes, places)]
        best = one.percent_changes if ratio else one.changes
        digits = 1 if ratio else places
        if ratio:
            cells += [str(best.n)] if fewer else []
            cells += _mean_of(best, digits)
        low, high = best.median_interval or (None, None)
        cells += [number(best.median, digits, signed=True), interval(low, high, digits, signed=True)]
        rows.append(TableRow(tuple(cells), first_of_group=first))
    unit = change_unit(parameter.own_unit)
    change = f"Change{f' ({unit})' if unit else ''}"
    last = "Per cent change" if ratio else change
    both = ("mean", "95 % interval")
    head = (
        *columns("Cohort", "Visit", numeric_from=9),
        *columns("n", numeric_from=0),
        *columns(*both, numeric_from=0, group=change),
        *(columns(*(("n",) if fewer else ()), *both, numeric_from=0, group="Per cent change") if ratio else ()),
        *columns("median", "95 % interval of the median", numeric_from=0, group=last),
    )
    return ReportTable(
        caption="Change from baseline",
        columns=head,
        rows=tuple(rows),
        row_heads=2,
        remark=_HIDDEN if any(one.n_hidden_changes for one in told) else "",
        compact=True,
    )


def _mean_of(found: Summary, places: int) -> list[str]:
    low, high = found.mean_interval or (None, None)
    return [number(found.mean, places, signed=True), interval(low, high, places, signed=True)]


def _responders(selection: Selection, parameter: ParameterTable) -> list[ReportTable]:
    """Several tables where one with all visits would be too wide for a sheet."""
    told = responders(selection, parameter.paramcd)
    known = {one.visit for one in told}
    visits = [visit for visit in selection.follow_up(parameter.paramcd) if visit in known]
    return [_responders_at(together, told) for together in batched(visits, _VISITS_BESIDE)]


def _responders_at(visits: Sequence[str], told: Sequence[Responders]) -> ReportTable:
    keys = list(dict.fromkeys((one.criterion, one.group.label) for one in told))
    found = {(one.criterion, one.group.label, one.visit): one for one in told}
    rows = []
    for place, (criterion, label) in enumerate(keys):
        first = place == 0 or keys[place - 1][0] != criterion
        cells = [criterion if first else "", label]
        for visit in visits:
            one = found.get((criterion, label, visit))
            if one is None or one.interval is None:
                cells += [MISSING, MISSING]
            else:
                cells += [count_of(one.part, one.whole), _per_cent(one.interval)]
        rows.append(TableRow(tuple(cells), first_of_group=first))
    head = (
        *columns("Change", "Cohort", numeric_from=9),
        *(column for visit in visits for column in columns("women", "95 % interval", numeric_from=0, group=visit)),
    )
    return ReportTable(
        caption="Who changed by more than the measurement can err",
        columns=head,
        rows=tuple(rows),
        row_heads=2,
        remark="Women with a baseline, a value at the visit and a known least significant change (LSC). Intervals of "
        "proportions are exact (Clopper and Pearson).",
        compact=True,
    )


def _per_cent(found: tuple[float, float]) -> str:
    return f"{number(100 * found[0], 0)} to {number(100 * found[1], 0)} %"


def _limited(told: tuple[LimitedMean, ...], unit: str, places: int) -> ReportTable:
    rows = []
    for one in told:
        mean = MISSING if one.found is None else number(one.found.mean, places)
        error = MISSING if one.found is None else number(one.found.standard_error, places)
        rows.append(TableRow((one.group.label, one.visit, str(one.n_observed), str(one.n_below), mean, error, one.why)))
    head = (
        *columns("Cohort", "Visit", numeric_from=9),
        *columns("measured", "below a limit", "mean", "standard error", numeric_from=0),
        *columns("", numeric_from=9),
    )
    return ReportTable(
        caption=f"Means with results below a limit as censored{f' ({unit})' if unit else ''}",
        columns=head,
        rows=tuple(rows),
        row_heads=2,
        remark="Normal distribution by maximum likelihood (Tobin 1958); beside the summary above, not instead of it.",
        compact=True,
    )
