"""How far readers agree: verdicts, masks and the density measured in them, with one picture for each two readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bonemetrics.outcomes.figures.agreement import (
    difference_of,
    differences_against_mean,
    has_proportional_bias,
    scale_of,
)
from bonemetrics.outcomes.readings import StudyAgreement
from bonemetrics.outcomes.report.page import Block, Section, Text
from bonemetrics.outcomes.report.pictures import picture
from bonemetrics.outcomes.report.tables import HeadColumn, ReportTable, TableRow, columns
from bonemetrics.outcomes.wording import MISSING, count_of, decimals, interval, number, plural
from bonemetrics.review.agreement import AgreementRow
from bonemetrics.review.kappa import Kappa

_KAPPA_PLACES, _DICE_PLACES, _MM_PLACES = 2, 3, 3


def reader_agreement(rows: Sequence[AgreementRow]) -> Section:
    """Agreement between readers and of each reader with herself.

    Parameters
    ----------
    rows
        As `review.agreement` gives them.

    Returns
    -------
    Section
        Says so where no scan was read twice.
    """
    blocks: list[Block] = [Text("No scan was read twice, so agreement cannot be told.", "absent")]
    if rows:
        blocks = [_lead(rows), _verdicts(rows), _masks(rows), _values(rows)]
        blocks += [block for place, row in enumerate(rows, start=1) for block in _picture(row, place)]
    return Section(anchor="reader-agreement", title="Agreement of readers", blocks=tuple(blocks))


def agreement_sections(found: StudyAgreement | None) -> tuple[Section, ...]:
    """The section of a study, with what could not be compared and why.

    Parameters
    ----------
    found
        From `readings.study_agreement`.

    Returns
    -------
    tuple of Section
        Empty where nobody has read anything.
    """
    if found is None:
        return ()
    section = reader_agreement(found.rows)
    told = (*section.blocks[:1], *_left_out(found), *section.blocks[1:])
    return (replace(section, blocks=told),)


def _left_out(found: StudyAgreement) -> list[Block]:
    told = []
    if found.n_dependent:
        what = plural(found.n_dependent, "verdict is", "verdicts are")
        told.append(f"{what} on a mask that another reader drew or began, which tells nothing of agreement.")
    if found.n_unread:
        what = plural(found.n_unread, "mask", "masks")
        told.append(f"{what} could not be compared: the file is missing or not the one that was recorded.")
    if found.materials:
        names = ", ".join(one.value for one in found.materials)
        told.append(f"Values are not compared: they are of several calibration materials ({names}).")
    return [Text(" ".join(told), "caution")] if told else []


def _lead(rows: Sequence[AgreementRow]) -> Text:
    untouched = sum(row.n_same_mask for row in rows)
    accepted = sum(row.n_accepted for row in rows)
    told = (
        "Masks and values are compared where both readings accepted the segmentation, edited or not; a deferred scan "
        "has no verdict yet. Intervals take scans for independent: several visits of one woman make them too narrow. "
    )
    if untouched:
        told += (
            f"In {count_of(untouched, accepted)} pairs of readings both left the same mask, as a rule the automatic "
            "proposal that nobody changed; such pairs agree fully and say little of how a reader would draw."
        )
    return Text(told.strip(), "caution" if untouched else "plain")


def _who(row: AgreementRow) -> str:
    return f"{row.first} twice" if row.kind == "intra" else f"{row.first} and {row.second}"


def _starts_kind(rows: Sequence[AgreementRow], place: int) -> bool:
    """Whether a row is the first between readers, or the first of one reader."""
    return place == 0 or rows[place - 1].kind != rows[place].kind


def _confidence(rows: Sequence[AgreementRow]) -> str:
    return f"{100 * rows[0].kappa.confidence:g} % interval"


def _verdicts(rows: Sequence[AgreementRow]) -> ReportTable:
    shown = []
    for place, row in enumerate(rows):
        agreed = sum(row.kappa.table[one][one] for one in range(len(row.kappa.categories)))
        counts = (str(row.n_scans), str(row.n_deferred), count_of(agreed, row.kappa.n))
        cells = (_who(row), *counts, *_kappa(row.kappa), *_kappa(row.weighted_kappa))
        shown.append(TableRow(cells, first_of_group=_starts_kind(rows, place)))
    heads = ("value", _confidence(rows))
    return ReportTable(
        caption="Verdicts",
        columns=(
            *columns("Readers", "scans", "deferred", "agreed"),
            *columns(*heads, numeric_from=0, group="Cohen's κ"),
            *columns(*heads, numeric_from=0, group="κ, linear weights"),
        ),
        rows=tuple(shown),
        remark="Verdicts are accept, accept with edit and reject, in this order. There is no κ where all verdicts are "
        "the same, and no interval for fewer than 2 k² scans with k verdicts in use, or where all agree.",
        compact=True,
    )


def _kappa(found: Kappa) -> tuple[str, str]:
    low, high = found.interval or (None, None)
    return number(found.kappa, _KAPPA_PLACES), interval(low, high, _KAPPA_PLACES)


def _masks(rows: Sequence[AgreementRow]) -> ReportTable:
    shown = []
    for row in rows:
        for place, one in enumerate(row.compartments):
            names = (_who(row), str(row.n_compared)) if not place else ("", "")
            dice = (str(one.n_dice), number(one.mean_dice, _DICE_PLACES), number(one.least_dice, _DICE_PLACES))
            mm = (one.mean_distance_mm, one.largest_hausdorff95_mm)
            distance = (str(one.n_distance), *(number(value, _MM_PLACES) for value in mm))
            shown.append(TableRow((*names, one.region, *dice, *distance), first_of_group=not place))
    return ReportTable(
        caption="Masks",
        columns=(
            *columns("Readers"),
            HeadColumn("compared", numeric=True),
            HeadColumn("Compartment"),
            *columns("scans", "mean", "least", numeric_from=0, group="Dice"),
            *columns("scans", "mean", "largest", numeric_from=0, group="Surface distance (mm)"),
        ),
        rows=tuple(shown),
        remark="Dice counts scans where either reading has the compartment, the distance those where both have it. "
        "Distances are between the outlines of each slice, in space and in both directions: the mean of the mean "
        "distances of all scans, and the largest of their 95th percentiles.",
        compact=True,
    )


def _values(rows: Sequence[AgreementRow]) -> ReportTable:
    shown = []
    for row in rows:
        found, unit = row.value.found, scale_of(row.value, is_change=True)
        places = decimals(found.differences)
        lines = (
            ("bias", found.bias, found.bias_interval),
            ("lower limit", found.lower, found.lower_interval),
            ("upper limit", found.upper, found.upper_interval),
        )
        for place, (name, value, ends) in enumerate(lines):
            low, high = ends or (None, None)
            names = (difference_of(row), str(found.n)) if not place else ("", "")
            numbers = (number(value, places, signed=True), interval(low, high, places, signed=True))
            shown.append(TableRow((*names, name, *numbers, unit), first_of_group=not place))
    return ReportTable(
        caption=f"{rows[0].value.quantity}: bias and limits of agreement",
        columns=(
            *columns("Difference", "scans"),
            HeadColumn("Measure"),
            *columns("value", _confidence(rows), numeric_from=0),
            HeadColumn("unit"),
        ),
        rows=tuple(shown),
        remark="Limits are bias ± 1.96 SD of the differences, for three scans or more that do not all differ alike.",
        compact=True,
    )


def _picture(row: AgreementRow, place: int) -> list[Block]:
    drawn = differences_against_mean(row)
    if drawn is None:
        return []
    return [
        picture(
            drawn,
            name=f"agreement-{place}",
            title=f"{row.value.quantity}: {difference_of(row)}",
            description=_in_words(row),
            caption=_in_words(row),
            half=True,
        )
    ]


def _in_words(row: AgreementRow) -> str:
    found, unit = row.value.found, scale_of(row.value, is_change=True)
    places = decimals(found.differences)
    told = f"{plural(found.n, 'scan')}; bias {number(found.bias, places, signed=True)} {unit}"
    limits = interval(found.lower, found.upper, places, signed=True)
    told += f", limits of agreement {limits}." if limits != MISSING else "; no limits of agreement."
    if has_proportional_bias(found):
        told += f" The difference changes with the mean: slope {number(found.slope, 3, signed=True)}."
    return told
