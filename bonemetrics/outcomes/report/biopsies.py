"""Biopsies: indices in pairs, how many had which labels, and how precisely they were read."""

from __future__ import annotations

from bonemetrics.outcomes.analysis.labels import STATES, label_counts
from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.figures.biopsies import biopsy_pairs
from bonemetrics.outcomes.report.page import Block, Section, Text
from bonemetrics.outcomes.report.pictures import picture
from bonemetrics.outcomes.report.tables import ReportTable, TableRow, columns
from bonemetrics.outcomes.rows import Gathered
from bonemetrics.outcomes.wording import number, pretty_unit

_HEADS = {"double": "double label", "single": "single only", "none": "no label", "unknown": "not known"}


def biopsies(selection: Selection) -> Section:
    """What the biopsies show.

    Parameters
    ----------
    selection
        Rows that count.

    Returns
    -------
    Section
        Says so where there is no biopsy.
    """
    blocks: list[Block] = []
    pairs = biopsy_pairs(selection)
    if pairs is not None:
        blocks.append(
            picture(
                pairs,
                name="biopsies",
                title="Biopsies in pairs",
                description="One panel for each index: values of each woman joined from visit to visit, marked by the "
                "state of her labels.",
                caption="A biopsy without double label has no apposition rate, and none is made up; where labels were "
                "taken and none was found, formation is zero.",
            )
        )
    if selection.dataset.gathered.labels:
        blocks.append(_labels(selection))
    if selection.dataset.gathered.reader_precision:
        blocks.append(_precision(selection.dataset.gathered))
    if not blocks:
        blocks.append(Text("There is no biopsy.", "absent"))
    return Section(anchor="biopsies", title="Biopsies", blocks=tuple(blocks), new_page=bool(pairs))


def _labels(selection: Selection) -> ReportTable:
    told = label_counts(selection.dataset)
    rows = []
    for place, one in enumerate(told):
        before = told[place - 1] if place else None
        first = before is None or (before.group, before.envelope) != (one.group, one.envelope)
        cells = (one.envelope, one.group.label) if first else ("", "")
        counts = (sum(one.counts), *one.counts)
        rows.append(TableRow((*cells, one.visit, *map(str, counts)), first_of_group=first))
    head = (
        *columns("Envelope", "Cohort", "Visit", numeric_from=9),
        *columns("biopsies", *(_HEADS[state] for state in STATES), numeric_from=0),
    )
    return ReportTable(caption="Labels", columns=head, rows=tuple(rows), row_heads=3, compact=True)


def _precision(gathered: Gathered) -> ReportTable:
    from bonemetrics.histomorphometry.catalogue import MEASUREMENTS

    rows = []
    for place, one in enumerate(gathered.reader_precision):
        first = place == 0 or gathered.reader_precision[place - 1].kind != one.kind
        kind = {"intra": "one reader", "inter": "between readers"}[one.kind] if first else ""
        unit = pretty_unit(MEASUREMENTS[one.found.code].unit)
        counts = (str(one.found.n_biopsies), str(one.found.degrees_of_freedom))
        spread = (number(one.found.rms_sd, 3), unit, number(one.found.rms_cv_percent, 1))
        rows.append(TableRow((kind, one.found.code, *counts, *spread), first_of_group=first))
    head = (
        *columns("Repeats", "Measurement", numeric_from=9),
        *columns("biopsies", "degrees of freedom", "RMS-SD", numeric_from=0),
        *columns("unit", numeric_from=9),
        *columns("RMS-CV (%)", numeric_from=0),
    )
    return ReportTable(
        caption="Precision of readers",
        columns=head,
        rows=tuple(rows),
        row_heads=2,
        remark="Of the biopsies that were entered more than once; few of them say little.",
        compact=True,
    )
