"""Pages and rows of a Jet 4 database (Microsoft Access), by its own structures and within bounds.

The layout is the one that the `HACKING` file of mdbtools and the sources of Jackcess describe; `docs/decisions`
says why it is read here. Indexes, memo fields and objects are not touched.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.source import MAX_DXA_BYTES

PAGE = 4096
SIGNATURES = (b"\x00\x01\x00\x00Standard Jet DB\x00", b"\x00\x01\x00\x00Standard ACE DB\x00")
Value = bool | int | float | str | datetime | None

_BOOLEAN, _TEXT = 1, 10
_NUMBERS = {2: struct.Struct("<B"), 3: struct.Struct("<h"), 4: struct.Struct("<i"), 6: struct.Struct("<f")}
_NUMBERS |= {7: struct.Struct("<d"), 8: struct.Struct("<d")}
_DATE = 8
_DATA_PAGE, _DEFINITION_PAGE, _MAP_PAGE = b"\x01\x01", b"\x02\x01", b"\x05\x01"
_DELETED, _MOVED, _OFFSET = 0x8000, 0x4000, 0x1FFF
_EPOCH = datetime(1899, 12, 30)
_LAST_DAY = 2958465  # 9999-12-31, after which Access knows no date
_HEADER_KEY = bytes.fromhex("c7da396b")
_MAX_COLUMNS, _MAX_INDEXES, _MAX_DEFINITION = 255, 1000, 64


def damaged(what: str) -> ReadError:
    """The refusal of a database that breaks its own format."""
    return ReadError(f"damaged database: {what}; export it anew", code="malformed-document")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type, its number (the bit of the null mask), and where a row keeps it."""

    name: str
    kind: int
    number: int
    is_fixed: bool
    place: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A table's definition. `claimed` is how many rows it says to have."""

    page: int
    claimed: int
    has_variable: bool
    columns: tuple[Column, ...]
    map_row: int


class Pages:
    """The pages of a database; every access is checked.

    Raises
    ------
    ReadError
        `truncated-file`, `too-large`, `unsupported-format` (Access 97 and older), `encrypted-document`,
        `malformed-document`.
    """

    def __init__(self, data: bytes) -> None:
        if not data.startswith(SIGNATURES):
            raise ReadError("not an Access database: its signature is missing", code="unknown-format")
        if len(data) > MAX_DXA_BYTES:
            raise ReadError(f"a database of {len(data)} bytes; the limit is {MAX_DXA_BYTES}", code="too-large")
        if len(data) % PAGE or len(data) < 3 * PAGE:
            raise ReadError(f"the database ends within a page: {len(data)} bytes", code="truncated-file")
        if data[20] == 0:
            raise ReadError("a database of Access 97 or older (Jet 3); convert it to Jet 4", code="unsupported-format")
        _refuse_hidden(data)
        self._data = data

    def page(self, number: int, kind: bytes) -> bytes:
        """One page, which must be of the kind expected."""
        page = self._data[number * PAGE : (number + 1) * PAGE]
        if number < 1 or len(page) < PAGE:
            raise damaged(f"it refers to page {number}, which it does not have")
        if page[:2] != kind:
            raise damaged(f"page {number} is not what the pages before it say")
        return page

    def row(self, pointer: int) -> tuple[int, bytes]:
        """Flags and bytes of the row that a pointer (row in the lowest byte, page above) leads to."""
        page = self.page(pointer >> 8, _DATA_PAGE)
        (count,) = struct.unpack_from("<H", page, 12)
        if pointer & 0xFF >= count:
            raise damaged("a pointer leads to a row that is not there")
        return _row(page, pointer & 0xFF, count)

    def rows(self, definition: Definition) -> Iterator[bytes]:
        """All rows of a table that are not deleted; moved ones from where they were moved to."""
        moved: set[int] = set()
        for number in self._data_pages(definition):
            page = self.page(number, _DATA_PAGE)
            owner, count = struct.unpack_from("<I4xH", page, 4)
            if owner != definition.page:
                raise damaged(f"page {number} stands in the map of a table that it does not belong to")
            for index in range(count):
                flags, row = _row(page, index, count)
                if not flags & _DELETED:
                    yield self._where_moved(row, moved) if flags & _MOVED else row

    def _where_moved(self, row: bytes, moved: set[int]) -> bytes:
        """A row from where it was moved to. `moved` are the places already taken: no two rows share one."""
        flags = _MOVED
        while flags & _MOVED:
            pointer = struct.unpack_from("<I", row)[0]
            if pointer in moved:
                raise damaged("two rows were moved to one place")
            moved.add(pointer)
            flags, row = self.row(pointer)
        return row

    def _data_pages(self, definition: Definition) -> Iterator[int]:
        """Numbers of a table's data pages, from its usage map: freed pages may still hold old rows."""
        _, row = self.row(definition.map_row)
        if row[:1] == b"\x00" and len(row) >= 5:
            yield from _bits(row[5:], struct.unpack_from("<I", row, 1)[0])
        elif row[:1] == b"\x01" and len(row) % 4 == 1:
            for index, number in enumerate(struct.unpack_from(f"<{len(row) // 4}I", row, 1)):
                if number:
                    yield from _bits(self.page(number, _MAP_PAGE)[4:], index * (PAGE - 4) * 8)
        else:
            raise damaged("the map of a table's pages is of no known form")

    def definition(self, number: int) -> Definition:
        """The definition of a table that begins on a page."""
        parts = [self.page(number, _DEFINITION_PAGE)]
        while following := struct.unpack_from("<I", parts[-1], 4)[0]:
            if len(parts) >= _MAX_DEFINITION:
                raise damaged("the definition of a table does not end")
            parts.append(self.page(following, _DEFINITION_PAGE))
        whole = parts[0] + b"".join(part[8:] for part in parts[1:])
        (claimed,) = struct.unpack_from("<I", whole, 16)
        variable, count, _, indexes, map_row = struct.unpack_from("<HHIII", whole, 43)
        if count > _MAX_COLUMNS or indexes > _MAX_INDEXES:
            raise damaged("a table with more columns or indexes than Access can have")
        columns = tuple(_columns(whole, 63 + 12 * indexes, count))
        return Definition(number, claimed, variable > 0, columns, map_row)


def _row(page: bytes, index: int, count: int) -> tuple[int, bytes]:
    if 14 + 2 * count > PAGE:
        raise damaged("a page with more rows than fit")
    (start,) = struct.unpack_from("<H", page, 14 + 2 * index)
    end = struct.unpack_from("<H", page, 12 + 2 * index)[0] & _OFFSET if index else PAGE
    if not 14 + 2 * count <= start & _OFFSET <= end <= PAGE:
        raise damaged("the rows of a page overlap")
    return start & ~_OFFSET, page[start & _OFFSET : end]


def _bits(bitmap: bytes, first: int) -> Iterator[int]:
    for index, byte in enumerate(bitmap):
        if byte:
            yield from (first + 8 * index + bit for bit in range(8) if byte >> bit & 1)


def _columns(whole: bytes, place: int, count: int) -> Iterator[Column]:
    names = place + 25 * count
    for index in range(count):
        if names + 2 > len(whole):
            raise damaged("the names of columns end early")
        (length,) = struct.unpack_from("<H", whole, names)
        name = whole[names + 2 : names + 2 + length].decode("utf-16-le")
        names += 2 + length
        kind, number, variable, flags, fixed = struct.unpack_from("<B4xHH6xB5xH", whole, place + 25 * index)
        is_fixed = bool(flags & 1)
        yield Column(name.upper(), kind, number, is_fixed, fixed if is_fixed else variable)


class RowLayout:
    """How to take the values of some columns out of the rows of one table.

    A row carries its own number of columns: one written before a column was added holds no value for it. Columns of
    types that hold no number, date or short text are given as missing.
    """

    def __init__(self, definition: Definition, wanted: frozenset[str]) -> None:
        self._columns = tuple(column for column in definition.columns if column.name in wanted)
        self._has_variable = definition.has_variable

    def values(self, row: bytes) -> dict[str, Value]:
        """Values by column name in capitals."""
        (count,) = struct.unpack_from("<H", row)
        mask_at = len(row) - (count + 7) // 8
        ends: tuple[int, ...] = ()
        fixed_end = mask_at
        if self._has_variable:
            (variable,) = struct.unpack_from("<H", row, _inside(mask_at - 2, row))
            # From the last column's end back to the first one's start.
            table = struct.unpack_from(f"<{variable + 1}H", row, _inside(mask_at - 4 - 2 * variable, row))
            ends = table[::-1]
            fixed_end = ends[0]
            if list(ends) != sorted(ends) or ends[-1] > mask_at - 4 - 2 * variable:
                raise damaged("the fields of a row overlap")
        mask = row[_inside(mask_at, row) :]
        return {column.name: self._value(column, row, count, mask, ends, fixed_end) for column in self._columns}

    def _value(
        self, column: Column, row: bytes, count: int, mask: bytes, ends: tuple[int, ...], fixed_end: int
    ) -> Value:
        if column.number >= count:
            return None
        is_set = bool(mask[column.number // 8] >> column.number % 8 & 1)
        if column.kind == _BOOLEAN:
            return is_set
        if not is_set:
            return None
        if column.is_fixed and column.kind in _NUMBERS:
            form = _NUMBERS[column.kind]
            if 2 + column.place + form.size > fixed_end:
                raise damaged("a row is too short for its columns")
            number: float = form.unpack_from(row, 2 + column.place)[0]
            return _moment(number) if column.kind == _DATE else number
        if not column.is_fixed and column.kind == _TEXT and column.place + 1 < len(ends):
            return _text(row[ends[column.place] : ends[column.place + 1]])
        return None


def _inside(place: int, row: bytes) -> int:
    if not 2 <= place <= len(row):
        raise damaged("a row is too short for its columns")
    return place


def _moment(days: float) -> datetime | None:
    """A date, to the second; day 0 and earlier mean that there is none."""
    if not 1 <= days < _LAST_DAY:
        return None
    part, whole = math.modf(days)
    return _EPOCH + timedelta(days=whole, seconds=round(part * 86400))


def _text(stored: bytes) -> str:
    """Text, plain or in Jet's compressed form, in which a zero byte switches between Latin-1 and UTF-16."""
    if not stored.startswith(b"\xff\xfe"):
        return stored.decode("utf-16-le")
    parts = stored[2:].split(b"\x00")
    return "".join(part.decode("utf-16-le" if index % 2 else "latin-1") for index, part in enumerate(parts))


def _refuse_hidden(data: bytes) -> None:
    """Refuse a database whose pages are encoded or that asks for a password."""
    plain = _rc4(_HEADER_KEY, data[0x18:0x98])
    (key,) = struct.unpack_from("<I", plain, 0x3E - 0x18)
    (made,) = struct.unpack_from("<d", plain, 0x72 - 0x18)
    # The password is hidden behind the whole days of the date on which the database was made.
    mask = struct.pack("<i", int(made)) if abs(made) <= _LAST_DAY else bytes(4)
    password = bytes(byte ^ mask[i % 4] for i, byte in enumerate(plain[0x42 - 0x18 : 0x6A - 0x18]))
    if key or any(password):
        raise ReadError("the database is encoded or asks for a password; export it without", code="encrypted-document")


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 255])
    return bytes(out)
