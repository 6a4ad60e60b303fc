"""From a row of a sheet of biopsies to an entry; what keeps it from being complete is named, and it stays a draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from bonemetrics.errors import AlgebraError, TableError
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS, mixes_dimensions
from bonemetrics.histomorphometry.checks import hard_violations, missing_facts, told_factors
from bonemetrics.histomorphometry.columns import FACTS, number_roles
from bonemetrics.histomorphometry.factors import section_factors
from bonemetrics.records import (
    ENVELOPES,
    GivenNumber,
    HistomorphometryEntry,
    HistomorphometryParameters,
    MappedRow,
    Problem,
    Role,
    RowOutcome,
    SectionFactors,
    TableMap,
    note,
    refusal,
)
from bonemetrics.records.clinical import EntryState

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "envelope": ENVELOPES,
    "referent": ("TV", "CV"),
    "state": get_args(EntryState),
    "side": ("left", "right"),
    "osteoid_perimeter": ("one-sided", "outline"),
    "factor": ("isotropic", "iliac", "stated"),
}
_SPELLINGS = {"l": "left", "r": "right", "tissue": "TV", "core": "CV", "": ""}
_PREFIXES = {"cn": "cancellous", "ec": "endocortical", "ct": "intracortical", "ps": "periosteal"}
_METRIC = {
    ("um", "mm"): 1e3,
    ("mm", "um"): 1e-3,
    ("mm2", "um2"): 1e-6,
    ("um", "nm"): 1e-3,
    ("d", "wk"): 7.0,
    ("um3/um2/a", "mm3/mm2/a"): 1e3,
    ("mm2/mm3", "1/mm"): 1.0,
    ("um3/um2/a", "um/a"): 1.0,
}
"""Factor from the second unit to the first, which is the catalogue's."""
_SIGNS = str.maketrans({"µ": "u", "μ": "u", "²": "2", "³": "3", "^": "", "·": "", " ": ""})
_WORDS = {
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("week", "weeks", "w"), "wk"),
    **dict.fromkeys(("y", "yr", "year", "years"), "a"),
    **dict.fromkeys(("n", "#", "count", "counts"), "1"),
    **dict.fromkeys(("mm-1", "mm^-1"), "1/mm"),
    **dict.fromkeys(("percent", "pct"), "%"),
}


class EntryInterpreter:
    """Makes entries of rows.

    Parameters
    ----------
    parameters
        `[histomorphometry]` of the protocol.
    """

    def __init__(self, parameters: HistomorphometryParameters) -> None:
        self.roles: tuple[Role, ...] = (*FACTS, *number_roles())
        self._parameters = parameters

    def take(self, row: MappedRow) -> RowOutcome:
        """One entry; cells that cannot be understood are left out of it and named."""
        if "" in row.problems:
            return RowOutcome(row.line, (), tuple(row.problems.values()))
        problems: list[Problem] = list(row.problems.values())
        facts, faults = _facts(row)
        problems += faults
        numbers, half_units, told = _numbers(row)
        problems += told
        try:
            factors = _factors(row, facts.pop("factor", None))
        except AlgebraError as error:
            factors = None
            problems.append(refusal(TableError(error.message, code="entry-incomplete")))
        subject = row.values.get("subject")
        if not isinstance(subject, str):
            fault = refusal(TableError("the row names no subject", code="missing-cell"))
            return RowOutcome(row.line, (), (fault, *problems))
        if not numbers:
            problems.append(refusal(TableError("the row holds no measurement", code="missing-cell")))
            return RowOutcome(row.line, (), tuple(problems))
        entry = HistomorphometryEntry(
            kind="histomorphometry",
            subject=subject,
            line=row.line,
            factors=factors,
            primaries={code: value for code, value in numbers.items() if MEASUREMENTS[code].is_primary},
            typed={code: value for code, value in numbers.items() if not MEASUREMENTS[code].is_primary},
            half_units=half_units,
            **facts,
        )
        refused = any(problem.severity == "refusal" for problem in problems)
        entry, more = self._judged(entry, refused=refused)
        return RowOutcome(row.line, (entry,), (*problems, *more))

    def finish(self) -> Iterator[RowOutcome]:
        """Nothing waits for later rows."""
        return iter(())

    def _judged(self, entry: HistomorphometryEntry, *, refused: bool) -> tuple[HistomorphometryEntry, list[Problem]]:
        """The entry in the state it may have: a fault makes a draft of it, which is said aloud unless it was one."""
        faults: list[Problem] = []
        missing = missing_facts(entry, self._parameters)
        violations = hard_violations(entry, self._parameters)
        if missing:
            told = told_factors(entry, self._parameters) if "factor" in missing and not violations else ""
            text = f"without {', '.join(missing)} the entry is ambiguous{told}; the entry was kept as a draft"
            faults.append(refusal(TableError(text, code="entry-incomplete")))
        for violation in violations:
            text = f"{violation}; the entry was kept as a draft"
            faults.append(refusal(TableError(text, code="hard-violation")))
        if entry.state == "draft":
            return entry, [note("draft-entry", fault.message.partition("; the entry was")[0]) for fault in faults]
        if faults or refused:
            entry = entry.model_copy(update={"state": "draft"})
        return entry, faults


def interpreter(_: TableMap, parameters: HistomorphometryParameters) -> EntryInterpreter:
    """Who makes entries of the rows of a sheet of biopsies; its map tells no more than its columns do."""
    return EntryInterpreter(parameters)


def _facts(row: MappedRow) -> tuple[dict[str, Any], list[Problem]]:
    facts: dict[str, Any] = {}
    problems: list[Problem] = []
    names = {"biopsy_date": "day"}
    for role in FACTS:
        value = row.values.get(role.name)
        if value is None or role.name in ("subject", "width_to_thickness", "perimeter_to_surface"):
            continue
        if isinstance(value, GivenNumber):
            if value.value < 1 or value.value != int(value.value):
                text = f"{role.name} is {value.value:g}; it is a whole number above zero"
                problems.append(refusal(TableError(text, code="outside-hard-limits")))
            else:
                facts[role.name] = int(value.value)
        elif role.name in _CHOICES and isinstance(value, str):
            choice = _choice(role.name, value)
            if choice is None:
                text = f"{role.name} is {value[:30]!r}; known are {', '.join(_CHOICES[role.name])}"
                problems.append(refusal(TableError(text, code="invalid-state")))
            else:
                facts[role.name] = choice
        else:
            facts[names.get(role.name, role.name)] = value
    return facts, problems


def _choice(name: str, text: str) -> str | None:
    plain = text.strip().casefold().replace("_", "-").rstrip(".")
    plain = _SPELLINGS.get(plain, _PREFIXES.get(plain, plain) if name == "envelope" else plain)
    return next((one for one in _CHOICES[name] if one.casefold() == plain.casefold()), None)


def _factors(row: MappedRow, convention: object) -> SectionFactors | None:
    stated = [row.values.get(name) for name in ("width_to_thickness", "perimeter_to_surface")]
    width, surface = [one.value if isinstance(one, GivenNumber) else None for one in stated]
    if convention is None and width is None and surface is None:
        return None
    return section_factors(str(convention or "stated"), width, surface)  # type: ignore[arg-type]  # checked before


def _numbers(row: MappedRow) -> tuple[dict[str, float], dict[str, float], list[Problem]]:
    values: dict[str, float] = {}
    half_units: dict[str, float] = {}
    problems: list[Problem] = []
    for code in MEASUREMENTS:
        given = row.values.get(code)
        if not isinstance(given, GivenNumber):
            continue
        try:
            factor = _factor(code, given)
        except TableError as error:
            problems.append(refusal(error))
            continue
        if factor != 1.0:
            problems.append(note("unit-converted", f"{code} was converted from {given.unit}"))
        values[code] = given.value * factor
        half_units[code] = given.half_unit * factor
    return values, half_units, problems


def _factor(code: str, given: GivenNumber) -> float:
    """Factor from the unit as stated to the catalogue's."""
    if given.censored is not None:
        raise TableError(f"{code} is {given.text[:30]!r}; a section is measured or not", code="not-a-number")
    wanted = MEASUREMENTS[code].unit
    unit = _spelled(given.unit) or wanted
    if unit == wanted:
        return 1.0
    if (wanted, unit) in _METRIC:
        return _METRIC[wanted, unit]
    why = "a 2D name has a 2D unit" if mixes_dimensions(code, unit) else "no rule turns one into the other"
    raise TableError(f"{code} is in {wanted}, the sheet says {given.unit!r}; {why}", code="unit-not-convertible")


def _spelled(unit: str) -> str:
    """A unit as the catalogue writes it: `µm³/µm²/year` is `um3/um2/a`."""
    plain = unit.casefold().translate(_SIGNS)
    words = [_WORDS.get(word, word) for word in plain.split("/")]
    return "1/" + "/".join(words[1:]) if words[0] == "" and len(words) > 1 else "/".join(words)
