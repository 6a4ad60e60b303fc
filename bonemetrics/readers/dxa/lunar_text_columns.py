"""Columns of an enCORE text export, told by their headers alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bonemetrics.anatomy import HIP, SITES, WHOLE_BODY
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.region_names import Place, place_of
from bonemetrics.readers.dxa.unit_words import ucum

_MEASURE = re.compile(
    r"(.+?)\s+(BMD|BMC|Area|[TZ][\s-]?Score|(?:Average\s+)?Height|(?:Average\s+)?Width)\s*(?:[(\[]([^()\[\]]*)[)\]])?",
    re.IGNORECASE,
)
_NAMES = {"bmd": "bmd", "bmc": "bmc", "area": "area", "tscore": "t_score", "zscore": "z_score"}
_LENGTHS = {"averageheight": "height", "height": "height", "averagewidth": "width", "width": "width"}
_SOFT_TISSUE = re.compile(
    r"fat|lean|tissue|\bmass\b|\bvat\b|muscle|water|\b(?:tbw|icw|ecw)\b|android|gynoid", re.IGNORECASE
)
_ROLES = {
    # ID1 and ID2 are the names of the person: they have a role so that they are known, and nobody asks for them.
    "family_name": ("id1", "last name", "family name", "surname"),
    "given_name": ("id2", "first name", "given name"),
    "middle_name": ("middle name", "middle initial"),
    "patient_id": ("id3", "patient id", "patientid"),
    "scan_date": ("date", "measure date", "measurement date", "scan date", "exam date"),
    "analysis_date": ("analysis date", "analyzed date"),
    "birth_date": ("birth date", "birthdate", "date of birth", "dob"),
    "sex": ("gender", "sex"),
    "ethnicity": ("ethnicity",),
    "height_cm": ("height (cm)", "patient height (cm)"),
    "weight_kg": ("weight (kg)", "patient weight (kg)"),
    "model": ("device", "scanner", "system"),
    "serial": ("serial number", "device serial number"),
    "software": ("software version", "encore version"),
    "analysis_version": ("analysis version",),
    "scan_mode": ("scan mode",),
    "scan_type": ("scan type", "exam type", "site"),
    "side": ("side", "laterality"),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}
MAX_COLUMNS = 2_000
"""An export of every measure of every region has some hundreds."""
_LONGEST_HEADER = 120
_IDENTIFIERS = ("family_name", "given_name", "patient_id")


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of numbers: its place in the line from 1, the region, the cell's name, and its unit.

    `unit` is empty where the header states none; `unknown_unit` tells one that it states and nobody knows.
    """

    column: int
    place: Place
    printed: str
    name: str
    unit: str
    unknown_unit: bool = False


@dataclass(slots=True)
class Columns:
    """What the header of an export says."""

    count: int
    roles: dict[str, int] = field(default_factory=dict)
    measures: list[Measure] = field(default_factory=list)
    unknown_regions: list[int] = field(default_factory=list)
    soft_tissue: int = 0
    unknown: int = 0


def cells_of(line: str) -> list[str]:
    """The cells of a line, without the quotes that some programs put around them.

    Raises
    ------
    ReadError
        `too-large` beyond 2000 cells.
    """
    if line.count("\t") >= MAX_COLUMNS:
        raise ReadError(f"a line of more than {MAX_COLUMNS} columns", code="too-large")
    cells = (cell.strip() for cell in line.split("\t"))
    return [cell[1:-1].strip() if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in cells]


def is_header(cells: Sequence[str]) -> bool:
    """Whether these are column names of an export: those of the person, and at least one measure."""
    cells = [cell for cell in cells if len(cell) <= _LONGEST_HEADER]
    roles = [_ROLE_OF.get(_role_name(cell)) for cell in cells]
    persons = sum(role in _IDENTIFIERS for role in roles)
    if persons >= 1 and "scan_date" in roles and any(_MEASURE.fullmatch(cell) for cell in cells):
        return True
    return persons >= 2 and any(_SOFT_TISSUE.search(cell) for cell in cells)


def columns_of(cells: Sequence[str]) -> Columns:
    """What every column of an export holds.

    Raises
    ------
    ReadError
        `results-not-understood` if two columns have the same name or the same meaning.
    """
    _refuse_twins(cells)
    cells = [cell if len(cell) <= _LONGEST_HEADER else "?" for cell in cells]
    columns = Columns(count=len(cells))
    measures: list[tuple[int, str, str, str]] = []
    for number, cell in enumerate(cells, start=1):
        role = _ROLE_OF.get(_role_name(cell))
        found = _MEASURE.fullmatch(cell)
        if role is not None:
            if role in columns.roles:
                raise _not_understood(f"columns {columns.roles[role]} and {number} both hold the {role}")
            columns.roles[role] = number
        elif found is not None:
            measures.append((number, found[1], found[2], found[3] or ""))
        elif _SOFT_TISSUE.search(cell):
            columns.soft_tissue += 1
        elif cell:
            columns.unknown += 1
    sites = _certain_sites(region for _, region, _, _ in measures)
    for number, region, words, unit in measures:
        _add(columns, number, _place(region, sites), region, words, unit)
    return columns


def _add(columns: Columns, number: int, place: Place | None, region: str, words: str, unit: str) -> None:
    if place is None:
        columns.unknown_regions.append(number)
        return
    plain = re.sub(r"[\s-]", "", words.casefold())
    name = _NAMES.get(plain) or _LENGTHS[plain]
    known = ucum(unit)
    is_score = name in ("t_score", "z_score")
    measure = Measure(
        column=number,
        place=place,
        printed=region,
        name=name,
        unit="1" if is_score and not unit.strip() else known or "",
        unknown_unit=bool(unit.strip()) and known is None,
    )
    for other in columns.measures:
        if (other.place, other.name) == (place, name):
            raise _not_understood(f"columns {other.column} and {number} hold the same measure of the same region")
    columns.measures.append(measure)


def _refuse_twins(cells: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        name = " ".join(cell.casefold().split())
        if name and first.setdefault(name, number) != number:
            raise _not_understood(f"columns {first[name]} and {number} have the same name")


def _candidates(region: str) -> dict[str, Place]:
    if region.casefold() == "hip":
        # The whole of the hip, or something of it.
        return {}
    return {site: place for site in SITES if (place := place_of(region, site)) is not None}


def _certain_sites(regions: Iterable[str]) -> set[str]:
    """Sites of which a region is named that no other site has; `Total` is of many, and `Spine` may be any spine."""
    found = [_candidates(region) for region in regions if region.casefold() != "spine"]
    return {next(iter(places)) for places in found if len(places) == 1}


def _place(region: str, sites: set[str]) -> Place | None:
    places = _candidates(region)
    if len(places) == 1 and region.casefold() != "spine":
        return next(iter(places.values()))
    # A total of the forearm names its bones: Radius Total, Ulna Total, Both Total.
    fitting = [places[site] for site in (HIP, WHOLE_BODY) if site in places and site in sites]
    return fitting[0] if len(fitting) == 1 else None


def _role_name(cell: str) -> str:
    return " ".join(cell.casefold().replace("_", " ").split())


def _not_understood(message: str) -> ReadError:
    return ReadError(message, code="results-not-understood")
