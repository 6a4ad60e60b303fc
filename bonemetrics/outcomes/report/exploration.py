"""What is exploratory: the mixed model over the visits, and relations across modalities."""

from __future__ import annotations

from bonemetrics.errors import AnalysisError
from bonemetrics.outcomes.analysis.models import MixedModel, mixed_model
from bonemetrics.outcomes.analysis.relations import Relation, relations
from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.figures.relation import relation_scatter
from bonemetrics.outcomes.report.page import Block, Listing, Section, Text, anchor
from bonemetrics.outcomes.report.pictures import picture
from bonemetrics.outcomes.report.tables import ReportTable, TableRow, columns
from bonemetrics.outcomes.wording import MISSING, change_unit, count_and_limits, interval, number, plural

_ON_A_SHEET = 12
"""Rows of a table that begins on any sheet; a longer one begins on its own."""


def models(selection: Selection) -> Section:
    """The random-intercept mixed model of every parameter that allows one.

    Parameters
    ----------
    selection
        Rows that count.

    Returns
    -------
    Section
        Parameters without a model are named with the reason.
    """
    rows: list[TableRow] = []
    cautions: dict[str, list[str]] = {}
    left: list[str] = []
    for parameter in selection.parameters:
        try:
            found = mixed_model(selection, parameter.paramcd)
        except AnalysisError as error:
            left.append(f"{parameter.param}: {error.message}.")
            continue
        unit = change_unit(parameter.own_unit)
        rows += _rows(found, parameter.param, unit, selection.change_decimals(parameter.paramcd))
        for caution in found.cautions:
            cautions.setdefault(caution, []).append(parameter.paramcd)
    lead = Text(
        "Value = visit + woman, with visits as categories and a random intercept for each woman, fitted by restricted "
        "maximum likelihood over all women. It uses the values of women who missed a visit or left. Intervals are by "
        "Student's t with the degrees of freedom within women. It is a description of few women, not a test: doses "
        "followed each other in time, and there is no control group."
    )
    blocks: list[Block] = [lead]
    if rows:
        head = (
            *columns("Parameter", "Visit", numeric_from=9),
            *columns("n", "change", "standard error", "95 % interval", numeric_from=0),
            *columns("SD between women", "SD within", numeric_from=0),
            *columns("unit", numeric_from=9),
        )
        blocks.append(
            ReportTable(
                caption="Estimated mean change from baseline", columns=head, rows=tuple(rows), row_heads=2, compact=True
            )
        )
    every = len({one for codes in cautions.values() for one in codes})
    said = [
        f"{text[0].upper()}{text[1:]} ({'all parameters' if len(codes) == every else ', '.join(codes)})."
        for text, codes in cautions.items()
    ]
    if said:
        blocks += [Text("Cautions", "label"), Listing(tuple(said), small=True)]
    if left:
        blocks += [Text("No model", "label"), Listing(tuple(left), small=True)]
    return Section(
        anchor="models", title="Random-intercept mixed model", blocks=tuple(blocks), new_page=len(rows) > _ON_A_SHEET
    )


def _rows(found: MixedModel, name: str, unit: str, places: int) -> list[TableRow]:
    rows = []
    for place, one in enumerate(found.effects):
        spread = (number(found.between_sd, places), number(found.within_sd, places), unit) if not place else ("",) * 3
        numbers = (number(one.change, places, signed=True), number(one.standard_error, places))
        ends = interval(*one.interval, places, signed=True)
        head = name if not place else ""
        rows.append(
            TableRow(
                (head, one.visit, count_and_limits(one.n, one.n_limits), *numbers, ends, *spread),
                first_of_group=not place,
            )
        )
    return rows


def across_modalities(selection: Selection) -> Section:
    """Pairs of endpoints that should go together, to find values that do not.

    Parameters
    ----------
    selection
        Rows that count.

    Returns
    -------
    Section
        Says so where no pair can be looked at.
    """
    found = relations(selection)
    lead = Text(
        "Exploratory: pairs of endpoints that should move together are drawn to find values that do not fit, such as a "
        "mix-up of samples. A ring marks a pair farther than 3.5 robust standard deviations from the line. Several "
        "points are of the same woman, so no p-value is given.",
        "caution",
    )
    blocks: list[Block] = [lead]
    if not found:
        blocks.append(Text("No two parameters of the protocol can be looked at together.", "absent"))
    blocks += [_scatter(selection, one) for one in found]
    return Section(anchor="relations", title="Relations across modalities", blocks=tuple(blocks))


def _scatter(selection: Selection, one: Relation) -> Block:
    outliers = [f"{pair.subject} at {pair.visit}" for pair in one.pairs if pair.is_outlier]
    rho = number(one.rho, 2, signed=True) if one.rho is not None else MISSING
    told = f"{plural(len(one.pairs), 'pair')} of {plural(one.n_women, 'woman', 'women')}; Spearman's ρ {rho}. "
    limits = sum(len(selection.limits(code)) for code in (one.x, one.y))
    told += f"{plural(limits, 'result')} below or above a limit left out. " if limits else ""
    told += f"Far from the rest: {', '.join(outliers)}." if outliers else "No pair lies far from the rest."
    return picture(
        relation_scatter(selection.dataset, one),
        name=f"relation-{anchor(one.x)}-{anchor(one.y)}",
        title=f"{one.x} and {one.y}",
        description=told,
        caption=told,
        half=True,
    )
