"""Which column of a table is what, and the rows by these roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from bonemetrics.errors import TableError
from bonemetrics.readers.tables.cells import date_of, is_missing, number_of, require_sound, yes_no_of
from bonemetrics.readers.tables.clock import time_behind, time_of
from bonemetrics.records import Given, GivenNumber, MappedRow, Problem, RawCell, RawRow, Role, TableMap, note, refusal

_UNIT = re.compile(r"(.*?\S)\s*[\[(]([^\[\]()]+)[\])]\s*")
_EMPTY = RawCell("")
_OF_ANALYSIS = frozenset(
    {
        *("avisit", "avisitn", "adt", "ady", "atm", "paramcd", "param", "aval", "avalc", "avalu"),
        *("ablfl", "aseq", "atpt"),
    }
)
"""Variables of ADaM: in one table they stand before those of SDTM that they are derived from."""
_MANY_RIVALS = 3


@dataclass(frozen=True, slots=True)
class _Place:
    """A column that was found for a role; without an index, what holds for every row."""

    role: Role
    index: int | None
    unit: str
    fixed: RawCell = _EMPTY


@dataclass(slots=True)
class ColumnMap:
    """Columns of one table by role. `unused` are headers that no role takes."""

    places: tuple[_Place, ...]
    unused: tuple[str, ...]
    n_columns: int
    table: TableMap
    where: tuple[tuple[int, frozenset[str]], ...] = ()
    _commas: dict[str, int] = field(default_factory=dict)

    @property
    def by_index(self) -> dict[int, Role]:
        """Roles by the place of their column, with the unit that the column states."""
        return {
            place.index: replace(place.role, unit=place.unit or place.role.unit)
            for place in self.places
            if place.index is not None
        }

    @property
    def names(self) -> frozenset[str]:
        """Roles that have a column or a fixed value."""
        return frozenset(place.role.name for place in self.places)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Notes on columns as a whole; complete once all rows were taken."""
        return tuple(
            note(
                "decimal-comma", f"column {name!r}: the decimal comma of {count} numbers was read as the decimal point"
            )
            for name, count in self._commas.items()
        )

    def wants(self, raw: RawRow) -> bool:
        """Whether [tables.where] lets a row in; one whose cells cannot be told apart is judged by itself."""
        if row_fault(raw, self.n_columns) is not None:
            return True
        return all(raw.cells[place].text.strip().casefold() in allowed for place, allowed in self.where)

    def row(self, raw: RawRow) -> MappedRow:
        """Type the cells of a row by their roles.

        Parameters
        ----------
        raw
            Of the table.

        Returns
        -------
        MappedRow
            A cell that cannot be understood is in `problems`. A row with more filled cells than the header has, or
            with too few, has one problem under the empty role.
        """
        values: dict[str, Given] = {}
        problems: dict[str, Problem] = {}
        times: dict[str, str] = {}
        if (fault := row_fault(raw, self.n_columns)) is not None:
            return MappedRow(raw.line, {}, {"": fault})
        filled = False
        for place in self.places:
            cell = place.fixed
            if place.index is not None:
                cell = raw.cells[place.index] if place.index < len(raw.cells) else _EMPTY
                filled = filled or not is_missing(cell)
            if is_missing(cell):
                if place.role.type == "flag":
                    values[place.role.name] = False
                continue
            try:
                values[place.role.name] = self._typed(cell, place)
            except TableError as error:
                told = TableError(f"{place.role.name}: {error.message}", code=error.code)
                problems[place.role.name] = refusal(told)
            if place.role.type == "date" and (time := time_behind(cell)):
                times[place.role.name] = time
        return MappedRow(raw.line, values, problems, times) if filled else MappedRow(raw.line, {}, {})

    def _typed(self, cell: RawCell, place: _Place) -> Given:
        kind = place.role.type
        if kind in ("number", "integer"):
            found, guessed = number_of(cell, decimal=self.table.decimal, limit_words=place.role.limit_words)
            if guessed:
                self._commas[place.role.name] = self._commas.get(place.role.name, 0) + 1
            if kind == "integer" and (found.censored or found.unit or found.value != round(found.value)):
                raise TableError(f"{found.text[:30]!r} is no whole number", code="not-a-number")
            return found if found.unit or not place.unit else _in_unit(found, place.unit)
        if kind == "date":
            return date_of(cell, order=self.table.dates)
        if kind == "yes-no":
            return yes_no_of(cell)
        if kind == "time":
            return time_of(cell)
        require_sound(cell)
        if kind == "flag":
            return cell.text.casefold() == "y"
        return cell.text if cell.day is None else cell.day.isoformat()


def row_fault(raw: RawRow, n_columns: int) -> Problem | None:
    """Why the cells of a row cannot be told apart: it is broken, or longer or shorter than the header."""
    if raw.fault:
        return refusal(TableError(raw.fault, code="broken-row"))
    is_short = len(raw.cells) < n_columns and not all(is_missing(cell) for cell in raw.cells)
    if is_short or any(not is_missing(cell) for cell in raw.cells[n_columns:]):
        text = f"the row has {len(raw.cells)} cells, the header {n_columns}"
        return refusal(TableError(text, code="too-few-cells"))
    return None


def _in_unit(found: GivenNumber, unit: str) -> GivenNumber:
    return GivenNumber(found.value, found.half_unit, found.text, found.censored, unit)


def map_columns(header: Sequence[str], roles: Sequence[Role], table: TableMap) -> ColumnMap:
    """Find the column of every role.

    Parameters
    ----------
    header
        Of the table.
    roles
        What columns can be.
    table
        The study's map; what it states comes before names and synonyms.

    Returns
    -------
    ColumnMap
        For the rows.

    Raises
    ------
    TableError
        `column-missing` or `column-ambiguous`.
    """
    table = table.model_copy(
        update={
            "columns": _by_role(table.columns, roles, table),
            "fixed": _by_role(table.fixed, roles, table),
            "units": {**table.units, **_known_of(table.units, roles)},
        }
    )
    taken: dict[int, str] = {}
    places: list[_Place] = []
    for role in roles:
        if table.columns.get(role.name):
            index = _stated(header, table.columns[role.name], role)
            _take(taken, index, role, header)
            places.append(_Place(role, index, _unit_of(header[index], role, table)))
    for role in roles:
        if table.columns.get(role.name):
            continue
        found = None if role.name in table.columns else _named(header, role, taken)
        if found is not None:
            _take(taken, found, role, header)
            places.append(_Place(role, found, _unit_of(header[found], role, table)))
        elif role.name in table.fixed:
            text = table.fixed[role.name].strip()
            places.append(_Place(role, None, table.units.get(role.name, ""), RawCell(text)))
        elif role.required:
            told = f"no column for {role.name!r}; name it in [tables.columns]{_nearest(role.name, header)}"
            raise TableError(told, code="column-missing")
    unused = tuple(text for index, text in enumerate(header) if index not in taken and text.strip())
    where = tuple((_stated(header, name, None), _allowed(texts)) for name, texts in table.where.items())
    return ColumnMap(tuple(places), unused, len(header), table, where)


def _allowed(texts: str | tuple[str, ...]) -> frozenset[str]:
    return frozenset(text.strip().casefold() for text in ((texts,) if isinstance(texts, str) else texts))


def _by_role(stated: Mapping[str, str], roles: Sequence[Role], table: TableMap) -> dict[str, str]:
    """What a map states, by the names of roles; a role may be called by any header that is taken for it."""
    found = _known_of(stated, roles)
    unknown = next((name for name in stated if _role_called(name, roles) is None), None)
    if unknown is not None:
        near = _nearest(unknown, [role.name for role in roles])
        told = f"the map names {unknown!r}, which a table of kind {table.kind!r} does not have{near}"
        raise TableError(told, code="column-missing")
    if len(found) < len(stated):
        raise TableError(f"the map names one role twice: {', '.join(stated)}", code="column-ambiguous")
    return found


def _known_of(stated: Mapping[str, str], roles: Sequence[Role]) -> dict[str, str]:
    return {role.name: text for name, text in stated.items() if (role := _role_called(name, roles)) is not None}


def _role_called(name: str, roles: Sequence[Role]) -> Role | None:
    exact = next((role for role in roles if role.name == name), None)
    return exact or next(
        (role for role in roles if letters(name) in {letters(one) for one in (role.name, *role.synonyms)}), None
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _take(taken: dict[int, str], index: int, role: Role, header: Sequence[str]) -> None:
    if index in taken:
        text = (
            f"column {header[index]!r} would be both {taken[index]!r} and {role.name!r}; name one in [tables.columns]"
        )
        raise TableError(text, code="column-ambiguous")
    taken[index] = role.name


def _stated(header: Sequence[str], name: str, role: Role | None) -> int:
    for same in (str.strip, letters, lambda text: letters(split_unit(text)[0])):
        found = [index for index, text in enumerate(header) if same(text) == same(name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise TableError(f"{len(found)} columns are called {name!r}", code="column-ambiguous")
    wanted = f"for {role.name!r}" if role is not None else "of 'where'"
    told = f"no column {name!r} {wanted} in the table{_nearest(name, header)}"
    raise TableError(told, code="column-missing")


def _named(header: Sequence[str], role: Role, taken: Mapping[int, str]) -> int | None:
    wanted = {letters(name) for name in (role.name, *role.synonyms)}
    if role.rivals and sum(_has_one_of(header, names) for names in role.rivals) >= _MANY_RIVALS:
        wanted -= {letters(name) for name in role.doubtful}
    wanted -= _of_others(header, role, taken)
    tests: tuple[Callable[[str], str], ...] = (letters, lambda text: letters(split_unit(text)[0]))
    for same in tests:
        found = [index for index, text in enumerate(header) if same(text) in wanted and index not in taken]
        analysed = [index for index in found if same(header[index]) in _OF_ANALYSIS]
        if len(found) > 1 and len(analysed) == 1:
            return analysed[0]
        if len(found) > 1:
            names = ", ".join(repr(header[index]) for index in found)
            told = f"columns {names} could all be {role.name!r}; name one in [tables.columns]"
            raise TableError(told, code="column-ambiguous")
        if found:
            return found[0]
    return None


def _of_others(header: Sequence[str], role: Role, taken: Mapping[int, str]) -> set[str]:
    """Synonyms that belong to another header than the one that the partner of the role has."""
    own = next((letters(split_unit(header[index])[0]) for index, name in taken.items() if name == role.partner_of), "")
    partners = {letters(name): {letters(one) for one in known} for name, known in role.partners}
    if not any(own in known for known in partners.values()):
        return set()
    return {name for name, known in partners.items() if own not in known}


def _has_one_of(header: Sequence[str], names: Iterable[str]) -> bool:
    return not {letters(split_unit(text)[0]) for text in header}.isdisjoint(letters(name) for name in names)


def _unit_of(text: str, role: Role, table: TableMap) -> str:
    return table.units.get(role.name, "") or split_unit(text)[1]


def split_unit(text: str) -> tuple[str, str]:
    """A header without its unit, and the unit in brackets behind it: `B.Ar [mm2]` is `B.Ar` in `mm2`."""
    found = _UNIT.fullmatch(text)
    return (found[1], found[2].strip()) if found else (text, "")


def letters(text: str) -> str:
    """A name without blanks, underscores and capitals."""
    return "".join(text.casefold().split()).replace("_", "")
