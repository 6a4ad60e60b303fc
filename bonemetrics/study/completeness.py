"""Whether every DXA parameter of the protocol has exactly one number at a visit; where not, why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bonemetrics.anatomy import SPINE, vertebrae_of
from bonemetrics.records import QUANTITIES, DxaReport, Measurement, Problem, note
from bonemetrics.study.parameters import paramcds_of
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.protocol_tables import ParameterTable
from bonemetrics.study.visits import UNSCHEDULED

_MOST_NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One report of a person at its visit, with the numbers of it that stand."""

    scan_id: str
    visit: str
    day: date | None
    report: DxaReport
    numbers: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class Completeness:
    """Notes `parameter-missing` by report, and `parameter-repeated` by report and place of the number in it."""

    missing: Mapping[str, tuple[Problem, ...]]
    repeated: Mapping[tuple[str, int], tuple[Problem, ...]]


def completeness(reports: Iterable[Given], protocol: Protocol) -> Completeness:
    """Find what keeps an analysis from taking one number for each parameter and visit.

    Parameters
    ----------
    reports
        All of one person. Those outside all visits are passed over.
    protocol
        Whose `[[parameters]]` are asked for.

    Returns
    -------
    Completeness
        A parameter counts as missing only where the visit has a report of its site; it is noted on one of them.
    """
    visits: dict[str, list[Given]] = {}
    for report in reports:
        if report.visit != UNSCHEDULED.name:
            visits.setdefault(report.visit, []).append(report)
    missing: dict[str, list[Problem]] = {}
    repeated: dict[tuple[str, int], list[Problem]] = {}
    wanted = [one for one in protocol.parameters if one.quantity in QUANTITIES.values()]
    for of_visit in visits.values():
        for parameter in wanted:
            places = _places(of_visit, parameter, protocol)
            here = [given for given in of_visit if given.report.site == parameter.site]
            if len(places) > 1:
                told = note("parameter-repeated", _repeated(places, parameter))
                for given, place in places:
                    repeated.setdefault((given.scan_id, place), []).append(told)
            elif not places and here:
                given, reason = _why_missing(here, parameter)
                text = f"{parameter.paramcd} ({_called(parameter)}) has no number at this visit: {reason}"
                missing.setdefault(given.scan_id, []).append(note("parameter-missing", text))
    return Completeness(
        {key: tuple(notes) for key, notes in missing.items()}, {key: tuple(notes) for key, notes in repeated.items()}
    )


def _places(reports: Sequence[Given], parameter: ParameterTable, protocol: Protocol) -> list[tuple[Given, int]]:
    return [
        (given, place)
        for given in reports
        for place, number in enumerate(given.numbers)
        if parameter.paramcd in paramcds_of(number, protocol)
    ]


def _called(parameter: ParameterTable) -> str:
    return " ".join(part for part in (parameter.side, parameter.region, parameter.quantity) if part)


def _repeated(places: Sequence[tuple[Given, int]], parameter: ParameterTable) -> str:
    numbers = [given.numbers[place] for given, place in places]
    shown = [
        " ".join(
            part
            for part in (
                f"{number.value:.6g}",
                number.side or "",
                f"of {given.day}" if given.day else "",
                f"(scan {given.report.scan_id})" if given.report.scan_id else "",
            )
            if part
        )
        for (given, _), number in list(zip(places, numbers, strict=True))[:_MOST_NAMED]
    ]
    more = f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
    advice = "an analysis needs one"
    if parameter.side is None and len({number.side for number in numbers}) > 1:
        advice = "state the 'side' of the parameter in study.toml"
    return f"{parameter.paramcd} has {len(places)} numbers at this visit: {', '.join(shown)}{more}; {advice}"


def _why_missing(here: Sequence[Given], parameter: ParameterTable) -> tuple[Given, str]:
    rows = [(given, row) for given in here for row in given.report.regions if row.region == parameter.region]
    wanted = [given for given, row in rows if parameter.side in (None, row.side)]
    if wanted:
        return wanted[0], "the report has this region, but the number is empty there or was not accepted"
    if rows:
        sides = sorted({row.side for _, row in rows if row.side is not None})
        told = f"only {' and '.join(sides)} was reported" if sides else "the report does not say of which side it is"
        return rows[0][0], told
    combinations = {row.region: given for given in here for row in given.report.regions if vertebrae_of(row.region)}
    if parameter.site == SPINE and combinations:
        largest = max(combinations, key=lambda region: len(vertebrae_of(region)))
        return combinations[largest], f"the most vertebrae reported together are {largest}"
    return here[0], "no report of this visit has this region"
