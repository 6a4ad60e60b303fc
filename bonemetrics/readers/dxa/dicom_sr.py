"""DICOM Structured Reports of densitometers: every number of the content tree that names quantity and region."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from bonemetrics.anatomy import FOREARM, HIP
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_facts import DicomFacts
from bonemetrics.readers.dxa.dicom_parts import parts_of
from bonemetrics.readers.dxa.dicom_sr_cells import cell_of, merged
from bonemetrics.readers.dxa.dicom_sr_places import Where, entered, entered_item, place
from bonemetrics.readers.dxa.dicom_sr_said import SAID_NAMES, Said, said_by
from bonemetrics.readers.dxa.dicom_sr_tree import Item, read_tree
from bonemetrics.readers.dxa.dicom_sr_words import quantity_of, unit_of
from bonemetrics.readers.dxa.dicom_text import without_person
from bonemetrics.readers.dxa.region_names import Place
from bonemetrics.readers.dxa.source import Source
from bonemetrics.readers.dxa.spine_total import with_total_named
from bonemetrics.readers.elements import Elements
from bonemetrics.records import (
    DxaCell,
    DxaCircumstances,
    DxaReading,
    DxaRow,
    Problem,
    RawDxaReport,
    ReportSide,
    Route,
    note,
)

ROUTE: Route = "dicom-sr"
_SR_CLASSES = b"1.2.840.10008.5.1.4.1.1.88."
_NOT_THIS_SCAN = re.compile(
    r"\b(?:previous|prior|histor\w+|trend\w*|baseline|changes?|precision|"
    r"comparison(?!.{0,40}(?:reference|young|age|normal)))\b",
    re.IGNORECASE,
)
_DERIVED = re.compile(
    r"\b(?:standard\s+(?:deviation|error)|minimum|maximum|median|range|differences?|percentile|previous|prior|baseline|"
    r"changes?|predicted|expected)\b",
    re.IGNORECASE,
)
_PHANTOM = re.compile(r"\bphantom\b|\bquality\s+(?:control|assurance)\b", re.IGNORECASE)
_SCAN_DATE = re.compile(
    r"(?:scan|exam(?:ination)?|acquisition|measure(?:d|ment)|study|observation)\s*(?:date)?(?:\s*/?\s*time)?",
    re.IGNORECASE,
)
_MOST_OTHERS, _MOST_NOTES, _LONGEST_PRINTED = 20, 100, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One number of the tree with what the items around it say."""

    name: str
    cell: DxaCell
    placed: Place
    printed: str
    day: date | None
    observed: date | None
    said: Said
    problem: Problem | None


@dataclass(slots=True)
class _Walk:
    """What a walk through the tree has met so far."""

    facts: DicomFacts
    found: list[_Found] = field(default_factory=list)
    unplaced: list[tuple[str, str]] = field(default_factory=list)
    others: dict[str, None] = field(default_factory=dict)


def recognises(_name: str, start: bytes) -> bool:
    """Whether the first bytes are those of a DICOM file whose class is one of the Structured Reports."""
    return start[128:132] == b"DICM" and _SR_CLASSES in start


def read(source: Source) -> DxaReading:
    """Read a Structured Report file.

    Raises
    ------
    ReadError
        Where the header cannot be read, or as `read_content` does.
    """
    parts = parts_of(source.data)
    reports = read_content(parts.elements, parts.facts)
    return DxaReading(reports=reports, problems=parts.problems)


def read_content(found: Elements, facts: DicomFacts) -> tuple[RawDxaReport, ...]:
    """The results in the content of a report, one report for each site and day.

    Parameters
    ----------
    found
        The data set that holds the ContentSequence.
    facts
        What its header says.

    Raises
    ------
    ReadError
        `no-dxa-results` where the tree holds no density, `results-not-understood` where none can be given a region,
        `phantom-scan`, or where the tree cannot be read within its bounds.
    """
    root = read_tree(found)
    if any(_PHANTOM.search(item.name.meaning) for item in _containers(root)):
        raise ReadError("a report on a phantom", code="phantom-scan")
    walk = _Walk(facts)
    _visit(root, Where(), (), walk)
    if not any(number.name in ("bmc", "bmd") for number in walk.found):
        if any(name in ("bmc", "bmd", "t_score", "z_score") for name, _ in walk.unplaced):
            raise ReadError("the report's densities name no region that is known", code="results-not-understood")
        raise ReadError("a structured report without bone densities", code="no-dxa-results")
    groups: dict[tuple[str, date | None], list[_Found]] = {}
    for number in walk.found:
        groups.setdefault((number.placed.site, number.day), []).append(number)
    reports = [_report(site, day, numbers, walk) for (site, day), numbers in groups.items()]
    return tuple(_with_keys(_with_rows(reports), facts.instance_uid))


def _containers(item: Item) -> Iterator[Item]:
    yield item
    for child in item.children:
        if child.kind == "CONTAINER":
            yield from _containers(child)


def _visit(item: Item, where: Where, said: Said, walk: _Walk) -> None:
    """Take the numbers below an item, with what the items on the way down say of them."""
    if item.kind == "CONTAINER":
        if _NOT_THIS_SCAN.search(item.name.meaning):
            walk.others["results of other scans"] = None
            return
        where = entered(where, item.name.meaning)
    where = _with_day(entered_item(where, item), item)
    said = (*said, *said_by(item, walk.facts))
    if item.kind in ("NUM", "TEXT"):
        where = _take(item, where, said, walk)
    for child in item.children:
        _visit(child, where, said, walk)


def _with_day(where: Where, item: Item) -> Where:
    days = {child.day for child in item.children if child.day and _SCAN_DATE.fullmatch(child.name.meaning.strip())}
    return replace(where, day=days.pop()) if len(days) == 1 else where


def _take(item: Item, where: Where, said: Said, walk: _Walk) -> Where:
    """Take one number, and give the place of the items below it, such as its T-score."""
    unit = unit_of(item.number.unit) if item.number else ""
    quantity = quantity_of(item.name, unit)
    if quantity is None or any(_is_derivation(child) for child in item.children):
        if item.kind == "NUM":
            _name_other(item, walk)
        return where
    cell, problem = cell_of(item, unit)
    if cell is None:
        return where
    name, rest = quantity
    below = entered(where, rest) if rest else where
    placed = place(where, rest, site=walk.facts.site)
    if placed is None:
        walk.unplaced.append((name, item.place))
        return below
    printed = (rest or " ".join(where.path[-2:]))[:_LONGEST_PRINTED]
    walk.found.append(
        _Found(
            name=name,
            cell=cell,
            placed=replace(placed, side=_side(placed, walk.facts)),
            printed=without_person(printed, walk.facts.person),
            day=where.day,
            observed=item.observed,
            said=said,
            problem=problem,
        )
    )
    return below


def _is_derivation(child: Item) -> bool:
    """Whether a modifier makes a number another one than the measurement itself, such as its standard deviation."""
    return (
        child.kind == "CODE" and child.relation == "HAS CONCEPT MOD" and _DERIVED.search(child.code.meaning) is not None
    )


def _name_other(item: Item, walk: _Walk) -> None:
    name = without_person(item.name.meaning, walk.facts.person)[:40]
    if name and len(walk.others) < _MOST_OTHERS:
        walk.others[name] = None


def _side(placed: Place, facts: DicomFacts) -> ReportSide | None:
    """The row's side; that of the header only for a site that the header means and that has sides."""
    of_header = placed.site in (HIP, FOREARM) and placed.statistic == "value" and facts.site in ("", placed.site)
    return placed.side or (facts.side if of_header else None)


def _report(site: str, day: date | None, numbers: list[_Found], walk: _Walk) -> RawDxaReport:
    facts = walk.facts
    rows, problems = _rows_of(numbers)
    rows, included, unknown = with_total_named(rows)
    if not any(row.value(name) is not None for row in rows for name in ("bmc", "area")):
        unknown.append(note("values-missing", "the report holds densities but neither BMC nor area"))
    sides = {row.side for row in rows if row.statistic == "value"}
    observed = {number.observed for number in numbers if number.observed}
    said = _agreed(numbers)
    return RawDxaReport(
        route=ROUTE,
        study_uid=facts.study_uid,
        series_uid=facts.series_uid,
        instance_uid=facts.instance_uid,
        scan_id=said["scan_id"],
        site=site,
        side=sides.pop() if len(sides) == 1 else None,
        device=facts.device,
        patient=facts.patient,
        scan_date=day or facts.scan_date or (observed.pop() if len(observed) == 1 else None),
        circumstances=DxaCircumstances(
            scan_type=said["scan_type"],
            scan_mode=said["scan_mode"],
            protocol=said["protocol"],
            reference=said["reference"],
        ),
        included=included,
        rows=tuple(rows),
        others=tuple(walk.others),
        problems=(*_unknown_regions(walk), *problems[:_MOST_NOTES], *unknown),
    )


def _rows_of(numbers: list[_Found]) -> tuple[list[DxaRow], list[Problem]]:
    grouped: dict[Place, dict[str, list[DxaCell]]] = {}
    for number in numbers:
        grouped.setdefault(number.placed, {}).setdefault(number.name, []).append(number.cell)
    printed = {number.placed: number.printed for number in reversed(numbers)}
    problems = [number.problem for number in numbers if number.problem]
    rows = []
    for placed, cells in grouped.items():
        kept, refused = merged(cells)
        problems += refused
        row = DxaRow(
            region=placed.region, printed=printed[placed], side=placed.side, statistic=placed.statistic, cells=kept
        )
        rows.append(row)
    return rows, problems


def _agreed(numbers: list[_Found]) -> dict[str, str]:
    """What the items around the numbers of a report state, where they agree; the nearest counts."""
    stated = [dict(number.said) for number in numbers]
    texts = {name: {said[name] for said in stated if name in said} for name in SAID_NAMES}
    return {name: found.pop() if len(found) == 1 else "" for name, found in texts.items()}


def _unknown_regions(walk: _Walk) -> list[Problem]:
    if not walk.unplaced:
        return []
    count, first = len(walk.unplaced), walk.unplaced[0][1]
    return [note("unknown-region", f"{count} numbers whose region is not known, the first at content item {first}")]


def _with_rows(reports: list[RawDxaReport]) -> list[RawDxaReport]:
    """The reports that have rows; what is to be said of those without goes with the first of them."""
    full = [report for report in reports if report.rows]
    if not full:
        raise ReadError("the rows of the report name no vertebrae", code="results-not-understood")
    lost = tuple(problem for report in reports if not report.rows for problem in report.problems)
    return [full[0].model_copy(update={"problems": (*full[0].problems, *lost)}), *full[1:]]


def _with_keys(reports: list[RawDxaReport], uid: str) -> list[RawDxaReport]:
    """Each report with a key that stays the same when the file is read again."""
    if not uid or len(reports) == 1:
        return [report.model_copy(update={"key": uid}) for report in reports]
    keys = [f"{uid}/{report.site}/{report.scan_date or ''}" for report in reports]
    return [report.model_copy(update={"key": key}) for report, key in zip(reports, keys, strict=True)]
