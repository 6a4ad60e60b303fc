"""The overview: how every parameter changed, at a glance."""

from __future__ import annotations

from bonemetrics.outcomes.analysis.select import ALL, Selection, groups
from bonemetrics.outcomes.analysis.summaries import VisitSummary, visit_summaries
from bonemetrics.outcomes.report.page import Block, Section, Text
from bonemetrics.outcomes.report.tables import HeadColumn, ReportTable, TableRow, batched
from bonemetrics.outcomes.wording import MISSING, change_unit, count_and_limits, interval, listed, number
from bonemetrics.study.protocol_tables import ParameterTable

_HIDDEN = (
    "In brackets beside n: women without a change only because their result, or their baseline, is known as below or "
    "above a limit. The means leave them out and are biased by it."
)
_VISITS_BESIDE = 3
"""Visits whose columns fit beside each other on A4."""


def overview(selection: Selection) -> Section:
    """Mean change of every parameter at every visit, of all women and by cohort.

    Parameters
    ----------
    selection
        Rows that count.

    Returns
    -------
    Section
        One table for each group of women; none of all women where it would repeat that of one cohort.
    """
    blocks: list[Block] = []
    told = {one.paramcd: visit_summaries(selection, one.paramcd) for one in selection.parameters}
    every = {group for one in selection.parameters for group in selection.groups(one.paramcd)}
    found = [group for group in groups(selection.dataset) if group in every]
    for group in (*(one for one in found if one.label == ALL), *(one for one in found if one.label != ALL)):
        who = f"{'all women' if group.label == ALL else group.label} (n = {len(group.women)})"
        for together, parameters in _together(selection).items():
            for visits in batched(together, _VISITS_BESIDE):
                rows = []
                for parameter in parameters:
                    own = {one.visit: one for one in told[parameter.paramcd] if one.group == group}
                    percent = _in_per_cent(parameter, told[parameter.paramcd])
                    rows.append(_row(selection, parameter, own, visits, percent=percent))
                caption = f"Change from baseline at {listed(visits)}, {who}"
                blocks.append(ReportTable(caption=caption, columns=_head(visits), rows=tuple(rows), compact=True))
    if not blocks:
        return Section(
            anchor="overview",
            title="Overview of changes",
            blocks=(Text("No parameter has a change from baseline yet.", "absent"),),
        )
    lead = Text(
        "Mean change from baseline with its 95 % interval by Student's t: in per cent of baseline for quantities on a "
        "ratio scale, else in the unit named. A dash stands where no 95 % interval exists. Intervals are descriptive: "
        "the trial has no control group, and no p-value is given."
    )
    if any(one.n_hidden_changes for every_visit in told.values() for one in every_visit):
        blocks.insert(0, Text(_HIDDEN, "caution"))
    return Section(anchor="overview", title="Overview of changes", blocks=(lead, *blocks), new_page=True)


def _together(selection: Selection) -> dict[tuple[str, ...], list[ParameterTable]]:
    """Parameters that have changes at the same visits, so that few tables are full of dashes."""
    found: dict[tuple[str, ...], list[ParameterTable]] = {}
    for parameter in selection.parameters:
        if visits := selection.change_visits(parameter.paramcd):
            found.setdefault(visits, []).append(parameter)
    return found


def _head(visits: tuple[str, ...]) -> tuple[HeadColumn, ...]:
    each = [
        HeadColumn(label, numeric=True, group=visit) for visit in visits for label in ("n", "mean", "95 % interval")
    ]
    return (HeadColumn("Parameter"), HeadColumn("in"), *each)


def _in_per_cent(parameter: ParameterTable, told: tuple[VisitSummary, ...]) -> bool:
    """Whether changes are shown in per cent: the same in every group, also in one without values."""
    return parameter.has_percent_change and any(one.percent_changes.n for one in told)


def _row(
    selection: Selection,
    parameter: ParameterTable,
    own: dict[str, VisitSummary],
    visits: tuple[str, ...],
    *,
    percent: bool,
) -> TableRow:
    places = 1 if percent else selection.change_decimals(parameter.paramcd)
    cells = []
    for visit in visits:
        one = own.get(visit)
        found = None if one is None else one.percent_changes if percent else one.changes
        if one is None or found is None:
            cells += [MISSING] * 3
            continue
        low, high = found.mean_interval or (None, None)
        cells += [
            count_and_limits(found.n, one.n_hidden_changes),
            number(found.mean, places, signed=True),
            interval(low, high, places, signed=True),
        ]
    unit = "%" if percent else change_unit(parameter.own_unit) or "points"
    return TableRow((parameter.param, unit, *cells))
