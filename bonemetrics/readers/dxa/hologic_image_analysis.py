"""The image analysis of Hologic, (0021,xx01): XML whose layout no public source describes.

Only what names itself is taken: an element that has a region and, in attributes or children, numbers called area, BMC
or BMD. Of anything else the element names are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from bonemetrics.anatomy import FOREARM, SITES
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.numbers import is_undefined, number_with
from bonemetrics.readers.dxa.region_names import Place, place_of
from bonemetrics.readers.dxa.safe_xml import local_name, parse_xml
from bonemetrics.readers.dxa.source import Source
from bonemetrics.readers.dxa.unit_words import ucum
from bonemetrics.records import DxaCell, DxaReading, DxaRow, Problem, RawDxaReport, ReportSide, Route, note

ROUTE: Route = "hologic-image-analysis"
_MAX_BYTES, _MAX_ELEMENTS, _MOST_ROWS, _MOST_NAMES = 8 << 20, 100_000, 200, 20
_REGION_NAMES = frozenset({"region", "regionname", "roi", "roiname", "name"})
_UNIT_NAMES = frozenset({"unit", "units"})
_CELLS = {"area": "area", "bmc": "bmc", "bmd": "bmd", "tscore": "t_score", "zscore": "z_score"}
_DENSITIES = frozenset({"area", "bmc", "bmd"})
_ELEMENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}")

Fields = dict[str, tuple[str, str]]
"""Text and unit of what an element says of itself, by plain name."""


def recognises(_name: str, start: bytes) -> bool:
    """Never: nothing in its first bytes tells it from other XML; it is found by its attribute."""
    del start
    return False


def read(source: Source) -> DxaReading:
    """Read the payload of the attribute.

    Raises
    ------
    ReadError
        As `read_text` does.
    """
    return DxaReading(reports=(read_text(source.data),))


def read_text(data: bytes, *, place: str = "", site: str = "", side: ReportSide | None = None) -> RawDxaReport:
    """Read an image analysis.

    Parameters
    ----------
    data
        The XML.
    place
        Tag of the attribute, for the places of cells.
    site, side
        What the header around it says; they decide where the regions leave it open.

    Raises
    ------
    ReadError
        `no-dxa-results` where no element names a region and a density, `results-not-understood` where their site
        cannot be told, and as `safe_xml.parse_xml` does.
    """
    root = parse_xml(data.strip(b"\0 \r\n"), limit=_MAX_BYTES, count=_MAX_ELEMENTS)
    found = [(element, fields) for element in root.iter() if _is_result(fields := _fields(element))]
    if not found:
        names = ", ".join(_names(root)) or "none that can be quoted"
        raise ReadError(f"an image analysis without densities that name themselves ({names})", code="no-dxa-results")
    if len(found) > _MOST_ROWS:
        raise ReadError(f"an image analysis of more than {_MOST_ROWS} regions", code="too-large")
    regions = [_region(fields) for _, fields in found]
    site = _site(regions, site)
    rows, problems = _rows([fields for _, fields in found], site, side, f"{place} " if place else "")
    taken = {id(element) for element, _ in found}
    others = [name for name in _names(root, without=taken) if name.casefold() not in (*_CELLS, *_REGION_NAMES)]
    return RawDxaReport(
        route=ROUTE, site=site, side=side, rows=tuple(rows), others=tuple(others), problems=tuple(problems)
    )


def _fields(element: Element) -> Fields:
    """Attributes and leaf children by their names in small letters."""
    found: Fields = {_plain(name): (value, "") for name, value in element.attrib.items()}
    for child in element:
        if len(child) == 0:
            units = [value for name, value in child.attrib.items() if _plain(name) in _UNIT_NAMES]
            found[_plain(local_name(child))] = ((child.text or "").strip(), units[0] if units else "")
    return found


def _plain(name: str) -> str:
    return re.sub(r"[_.\-\s]", "", name.rpartition("}")[2]).casefold()


def _is_result(fields: Fields) -> bool:
    return bool(_region(fields)) and not _DENSITIES.isdisjoint(fields)


def _region(fields: Fields) -> str:
    return next((fields[name][0] for name in sorted(_REGION_NAMES & fields.keys()) if fields[name][0]), "")


def _site(regions: list[str], stated: str) -> str:
    counts = {site: sum(_placed(region, site, None) is not None for region in regions) for site in SITES}
    best = [site for site, count in counts.items() if count and count == max(counts.values())]
    if len(best) == 1:
        return best[0]
    if stated in best:
        return stated
    raise ReadError("the regions do not tell which part of the body they are of", code="results-not-understood")


def _placed(region: str, site: str, side: ReportSide | None) -> Place | None:
    if site == FOREARM and region.casefold() == "total":
        return None
    return place_of(region[:40], site, side=side)


def _rows(found: list[Fields], site: str, side: ReportSide | None, where: str) -> tuple[list[DxaRow], list[Problem]]:
    rows: dict[Place, DxaRow] = {}
    problems: list[Problem] = []
    for count, fields in enumerate(found, start=1):
        region = _region(fields)
        placed = _placed(region, site, side)
        if placed is None:
            problems.append(note("unknown-region", f"result {count}: its region is not known"))
            continue
        cells, refused = _cells(fields, f"{where}result {count}")
        problems += refused
        row = DxaRow(
            region=placed.region, printed=region[:20], side=placed.side, statistic=placed.statistic, cells=cells
        )
        if placed in rows and {name: cell.value for name, cell in cells.items()} != {
            name: cell.value for name, cell in rows[placed].cells.items()
        }:
            problems.append(note("cell-refused", f"result {count}: its region stands twice with different numbers"))
            row = row.model_copy(update={"cells": {name: DxaCell(place=cell.place) for name, cell in cells.items()}})
        rows[placed] = row
    return list(rows.values()), problems


def _cells(fields: Fields, where: str) -> tuple[dict[str, DxaCell], list[Problem]]:
    cells: dict[str, DxaCell] = {}
    problems = []
    for field, name in _CELLS.items():
        if field not in fields:
            continue
        raw, stated = fields[field]
        unit = "1" if name in ("t_score", "z_score") else ucum(stated) or stated[:20]
        number = number_with(raw, "." if "." in raw else "")
        if number is None and not is_undefined(raw):
            problems.append(note("cell-refused", f"{where}: {name} is not one number"))
            raw = ""
        cells[name] = DxaCell(
            raw=raw,
            value=number.value if number else None,
            unit=unit,
            place=f"{where} {name}",
            decimals=number.decimals if number else None,
        )
    return cells, problems


def _names(root: Element, without: set[int] | None = None) -> list[str]:
    """The different names of elements, as far as they are plain names."""
    names = dict.fromkeys(_all_names(root, without or set()))
    return list(names)[:_MOST_NAMES]


def _all_names(root: Element, without: set[int]) -> Iterator[str]:
    for element in root.iter():
        name = local_name(element)
        if id(element) not in without and _ELEMENT_NAME.fullmatch(name):
            yield name
