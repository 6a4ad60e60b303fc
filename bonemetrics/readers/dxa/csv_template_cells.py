"""Columns and cells of the CSV template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bonemetrics.anatomy import SITES, SPINE, WHOLE_BODY, is_region, site_of
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.numbers import decimal_mark, is_undefined, printed_number
from bonemetrics.readers.dxa.region_names import Place, place_of
from bonemetrics.readers.dxa.site_words import site_in
from bonemetrics.records import DxaCell, ReportSide

NUMBER_COLUMNS: Mapping[str, tuple[str, str]] = {
    "area_cm2": ("area", "cm2"),
    "bmc_g": ("bmc", "g"),
    "bmd_g_cm2": ("bmd", "g/cm2"),
    "t_score": ("t_score", "1"),
    "z_score": ("z_score", "1"),
}
"""Column to name and unit of the cell."""
ATTRIBUTES = (
    *("manufacturer", "model", "serial", "software", "analysis_version", "scan_mode", "reference"),
    *("sex", "birth_date", "age_years"),
)
"""Columns that all lines of a report must fill alike."""
COLUMNS = ("patient_id", "scan_date", "site", "side", "region", *NUMBER_COLUMNS, "scan_id", *ATTRIBUTES)
REQUIRED = ("patient_id", "scan_date", "region")
_SIDES: dict[str, ReportSide | None] = {
    "": None,
    "left": "left",
    "l": "left",
    "right": "right",
    "r": "right",
    "mean": "mean",
}
_TOO_WIDE = ("hip", "spine")
"""Words that may stand for a whole site, so that they name no region of it."""
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_ ]{0,29}")
_LONGEST_TEXT = 120
_MAY_BE_THOUSANDS = re.compile(r"[^\d]?[1-9]\d{0,2},\d{3}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: its number in the file and its cells by column; `fault` says why it cannot be used.

    `count` is how many cells it has, and `columns` how many its header.
    """

    number: int
    cells: Mapping[str, str]
    count: int
    columns: int
    fault: str = ""

    @classmethod
    def of(cls, number: int, header: Sequence[str], cells: Sequence[str]) -> Line:
        """A line under its header; a line with more cells than columns cannot be used."""
        fault = ""
        if any(cell.strip() for cell in cells[len(header) :]):
            fault = f"{len(cells)} cells, but {len(header)} columns"
        elif any(len(cell) > _LONGEST_TEXT for cell in cells):
            fault = f"a cell is longer than {_LONGEST_TEXT} characters"
        return cls(number, dict(zip(header, cells, strict=False)), len(cells), len(header), fault)

    def text(self, column: str) -> str:
        """Cell without blanks around it; empty where there is none."""
        return self.cells.get(column, "").strip()


@dataclass(frozen=True, slots=True)
class Marks:
    """Which decimal marks the numbers of the table may have."""

    point: bool = True
    comma: bool = True

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Marks:
        """Either where the table leaves it open, or uses both; else the one it uses."""
        lines = list(lines)
        numbers = [line.text(name) for line in lines for name in ("area_cm2", "bmc_g")]
        small = [line.text(name) for line in lines for name in ("bmd_g_cm2", "t_score", "z_score")]
        mark = decimal_mark(numbers, small=small)
        return cls(point=mark != ",", comma=mark != ".")


def checked_header(cells: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns, all of them known.

    Raises
    ------
    ReadError
        `results-not-understood` with the column and the name nearest to it.
    """
    names = [cell.strip().casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    for number, name in enumerate(names, start=1):
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1)
            known = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(COLUMNS)}"
            # Where a file has no header, its first line is of a person.
            shown = f" '{name}'" if _PLAIN_NAME.fullmatch(name) else ""
            raise _not_understood(f"column {number}{shown} is unknown; {known}")
        if names.count(name) > 1:
            raise _not_understood(f"the column '{name}' stands twice")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise _not_understood(f"the column '{missing[0]}' is missing")
    if not set(names) & set(NUMBER_COLUMNS):
        raise _not_understood(f"there is no column of numbers; known are {', '.join(NUMBER_COLUMNS)}")
    return tuple(names)


def number_cell(line: Line, column: str, unit: str, marks: Marks) -> tuple[DxaCell, str]:
    """The cell of a column, and what is wrong with it; empty where nothing is."""
    raw = line.cells.get(column, "")
    cell = DxaCell(raw=raw, unit=unit, place=f"line {line.number}, column {column}")
    if is_undefined(raw):
        return cell, ""
    printed = printed_number(raw)
    if printed is None:
        return cell.model_copy(update={"raw": ""}), "is no number; write it without unit and groups of thousands"
    wrong = ("," in raw and not marks.comma) or ("." in raw and not marks.point)
    # With nothing to tell the marks apart a point is decimal, but a lone comma may group thousands.
    open_comma = marks.point and column in ("area_cm2", "bmc_g") and _MAY_BE_THOUSANDS.fullmatch(raw.strip())
    if wrong or open_comma:
        return cell, "its decimal mark is not that of the other numbers, or cannot be told"
    return cell.model_copy(update={"value": printed.value, "decimals": printed.decimals}), ""


def place(line: Line) -> Place | str | None:
    """Where a line belongs; what is wrong with it; `None` for a region that is not known."""
    if line.fault:
        return line.fault
    side_word = line.text("side").casefold()
    if side_word not in _SIDES:
        return "side is none of left, right, mean"
    side = _SIDES[side_word]
    site = line.text("site").casefold()
    if site and site not in SITES:
        site = site_in(site)
        if not site:
            return f"site is none of {', '.join(SITES)}"
    found = _named(line.text("region"), site)
    if found is None:
        return None
    if found.side and side and found.side != side:
        return "region and side name different sides"
    if found.statistic == "difference":
        return "a difference of two sides is no result of its own"
    side = found.side or side
    if side and found.site == SPINE:
        return "a spine has no side"
    return Place(found.site, found.region, side, "mean" if side == "mean" else "value")


def _named(region: str, site: str) -> Place | None:
    if region.casefold() in _TOO_WIDE and site != WHOLE_BODY:
        return None
    sites = (site,) if site else tuple(SITES)
    own = site or site_of(region.casefold()) or site_of(region) or ""
    for spelling in (region, region.casefold()):
        if own and is_region(own, spelling):
            return Place(own, spelling)
    found = [known for one in sites if (known := place_of(region, one)) is not None]
    return found[0] if len(found) == 1 else None


def _not_understood(message: str) -> ReadError:
    return ReadError(message, code="results-not-understood")
