"""A minimal writer of Jet 4 databases, so that the tests need no database of anybody else's.

It writes what a reader of tables needs: header, catalogue, table definitions, data pages and usage maps, after the
description of the format in the `HACKING` file of mdbtools; `mdb-export` reads what it writes. Indexes are left out.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

PAGE = 4096
BOOL, BYTE, SHORT, LONG, FLOAT, DOUBLE, DATE, TEXT, OLE, MEMO = 1, 2, 3, 4, 6, 7, 8, 10, 11, 12
SIZES = {BOOL: 1, BYTE: 1, SHORT: 2, LONG: 4, FLOAT: 4, DOUBLE: 8, DATE: 8}
HEADER_KEY = bytes.fromhex("c7da396b")
MOVED_HERE, POINTER, DELETED = 0x8000, 0x4000, 0xC000

Row = Mapping[str, object]


@dataclass(frozen=True)
class Table:
    """Columns by name and type. Of each row `had` says how many of them it was written with (all, where it is short).

    `claimed` is the number of rows that the definition tells, if not the true one; `far_map` puts the map of pages on
    pages of its own, as every table of more than 512 pages has it.
    """

    columns: Mapping[str, int]
    rows: Sequence[Row]
    had: Sequence[int] = ()
    deleted: frozenset[int] = frozenset()
    overflowing: frozenset[int] = frozenset()
    claimed: int | None = None
    far_map: bool = False


def rc4(key: bytes, data: bytes) -> bytes:
    """The stream cipher with which Jet hides its header."""
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


def jet_bytes(tables: Mapping[str, Table], *, key: int = 0, password: str = "", ace: bool = False) -> bytes:
    """A whole database. `key` marks the pages as encoded (they are not), `password` is put where Jet keeps it."""
    pages: list[bytes] = [_header(key, password, ace), bytes(PAGE)]
    # mdbtools insists on the column of properties, which stays empty.
    columns = {"Id": LONG, "ParentId": LONG, "Name": TEXT, "Type": SHORT, "Flags": LONG, "LvProp": OLE}
    homes: dict[str, int] = {}
    pages.append(bytes(PAGE))
    for name, table in tables.items():
        homes[name] = len(pages)
        _add(pages, table, user=True)
    entries: list[Row] = [{"Id": 251658241, "Name": "Tables", "Type": 3, "Flags": -2147483648, "ParentId": 251658240}]
    entries += [{"Id": 2, "Name": "MSysObjects", "Type": 1, "Flags": -2147483648, "ParentId": 251658241}]
    entries += [
        {"Id": home, "Name": name, "Type": 1, "Flags": 0, "ParentId": 251658241} for name, home in homes.items()
    ]
    _add(pages, Table(columns=columns, rows=entries), user=False, home=2)
    return b"".join(pages)


def _header(key: int, password: str, ace: bool) -> bytes:
    page = bytearray(PAGE)
    page[:4] = b"\x00\x01\x00\x00"
    page[4:20] = b"Standard ACE DB\x00" if ace else b"Standard Jet DB\x00"
    struct.pack_into("<I", page, 20, 2 if ace else 1)
    plain = bytearray(128)
    day = 40114.71875
    struct.pack_into("<I", plain, 0x3E - 0x18, key)
    mask = struct.pack("<i", int(day))
    hidden = password.encode("utf-16-le").ljust(40, b"\x00")
    plain[0x42 - 0x18 : 0x6A - 0x18] = bytes(byte ^ mask[i % 4] for i, byte in enumerate(hidden))
    struct.pack_into("<d", plain, 0x72 - 0x18, day)
    page[0x18:0x98] = rc4(HEADER_KEY, bytes(plain))
    return bytes(page)


def _add(pages: list[bytes], table: Table, *, user: bool, home: int | None = None) -> None:
    if home is None:
        home = len(pages)
        pages.append(bytes(PAGE))
    definition = _definition(table, user=user)
    pieces = [definition[i : i + PAGE - 8] for i in range(0, len(definition), PAGE - 8)]
    more = list(range(len(pages), len(pages) + len(pieces) - 1))
    map_page = len(pages) + len(more)
    # The rows of the usage maps: used pages (row 0) and free ones (row 1).
    pieces[0] = pieces[0][:47] + struct.pack("<II", map_page << 8, map_page << 8 | 1) + pieces[0][55:]
    for number, piece, following in zip([home, *more], pieces, [*more, 0], strict=True):
        page = (b"\x02\x01" + struct.pack("<HI", PAGE - 8 - len(piece), following) + piece).ljust(PAGE, b"\x00")
        if number < len(pages):
            pages[number] = page
        else:
            pages.append(page)
    data = _data_pages(table, home, map_page + 1)
    used = range(map_page + 1, map_page + 1 + len(data))
    if not table.far_map and len(used) <= 512:
        pages.append(_data_page([_near_map(used), _near_map(range(0))], owner=0))
        pages.extend(data)
        return
    bits = _bits(used, 0, (PAGE - 4) * 8 * 17)
    maps = [bytes(bits[i : i + PAGE - 4]) for i in range(0, len(bits), PAGE - 4)]
    filled = [number for number, bitmap in enumerate(maps) if any(bitmap)]
    places = {number: used.stop + index for index, number in enumerate(filled)}
    far = b"\x01" + b"".join(struct.pack("<I", places.get(number, 0)) for number in range(len(maps)))
    pages.append(_data_page([far, _near_map(range(0))], owner=0))
    pages.extend(data)
    pages.extend(b"\x05\x01\x00\x00" + maps[number] for number in filled)


def _near_map(pages: range) -> bytes:
    start = pages.start if pages else 0
    return b"\x00" + struct.pack("<I", start) + bytes(_bits(pages, start, 512))


def _bits(pages: range, start: int, room: int) -> bytearray:
    bits = bytearray(room // 8)
    for page in pages:
        bits[(page - start) // 8] |= 1 << (page - start) % 8
    return bits


def _definition(table: Table, *, user: bool) -> bytes:
    names = list(table.columns)
    variable = [name for name in names if table.columns[name] in (TEXT, OLE, MEMO)]
    out = bytearray(55)
    struct.pack_into("<I", out, 4, 1625)
    rows = len(table.rows) - len(table.deleted)
    struct.pack_into("<I", out, 8, rows if table.claimed is None else table.claimed)
    out[32] = 0x4E if user else 0x53
    struct.pack_into("<HHH", out, 33, len(names), len(variable), len(names))
    offset = 0
    for index, name in enumerate(names):
        kind = table.columns[name]
        fixed = name not in variable
        column = bytearray(25)
        column[0] = kind
        struct.pack_into("<I", column, 1, 1625)
        place = 0 if fixed else variable.index(name)
        struct.pack_into("<HHH", column, 5, index, place, index)
        column[15] = 3 if fixed else 2
        column[16] = 1 if kind == TEXT else 0
        struct.pack_into("<HH", column, 21, offset if fixed else 0, SIZES.get(kind, 510))
        offset += SIZES[kind] if fixed and kind != BOOL else 0
        out += column
    for name in names:
        text = name.encode("utf-16-le")
        out += struct.pack("<H", len(text)) + text
    struct.pack_into("<I", out, 0, len(out) + 8)
    return bytes(out)


def _data_pages(table: Table, owner: int, first: int) -> list[bytes]:
    pages: list[bytes] = []
    rows: list[tuple[bytes, int]] = []
    moved: list[bytes] = []
    for number, row in enumerate(table.rows):
        had = table.had[number] if number < len(table.had) else len(table.columns)
        packed = _row(table, row, had)
        if number in table.overflowing:
            # Moved rows stand on the first page; a pointer stays.
            pointer = struct.pack("<I", first << 8 | len(moved))
            moved.append(packed)
            rows.append((pointer, POINTER))
        else:
            rows.append((packed, DELETED if number in table.deleted else 0))
    if moved:
        pages.append(_data_page(moved, owner=owner, flags=[MOVED_HERE] * len(moved)))
    while rows:
        taken = 0
        room = PAGE - 14
        while taken < len(rows) and room >= len(rows[taken][0]) + 2:
            room -= len(rows[taken][0]) + 2
            taken += 1
        if not taken:
            raise ValueError("a row is larger than a page")
        pages.append(_data_page([r for r, _ in rows[:taken]], owner=owner, flags=[f for _, f in rows[:taken]]))
        rows = rows[taken:]
    return pages


def _data_page(rows: Sequence[bytes], *, owner: int, flags: Sequence[int] = ()) -> bytes:
    page = bytearray(PAGE)
    end = PAGE
    for number, row in enumerate(rows):
        end -= len(row)
        page[end : end + len(row)] = row
        flag = flags[number] if flags else 0
        struct.pack_into("<H", page, 14 + 2 * number, end | flag)
    free = end - 14 - 2 * len(rows)
    page[:2] = b"\x01\x01"
    struct.pack_into("<HIIH", page, 2, free, owner, 0, len(rows))
    return bytes(page)


def _row(table: Table, row: Row, had: int) -> bytes:
    names = list(table.columns)[:had]
    fixed = b""
    variable: list[bytes] = []
    mask = bytearray((had + 7) // 8)
    for index, name in enumerate(names):
        kind, value = table.columns[name], row.get(name)
        if value if kind == BOOL else value is not None:
            mask[index // 8] |= 1 << index % 8
        if kind in (TEXT, OLE, MEMO):
            stored = value if isinstance(value, bytes) else _text(str(value), kind)
            variable.append(b"" if value is None else stored)
        elif kind != BOOL:
            fixed += _fixed(kind, value)
    body = struct.pack("<H", had) + fixed
    ends = []
    for piece in variable:
        ends.append(len(body))
        body += piece
    if not variable:
        return body + bytes(mask)
    body += struct.pack("<H", len(body))
    body += b"".join(struct.pack("<H", end) for end in reversed(ends))
    return body + struct.pack("<H", len(variable)) + bytes(mask)


def _text(text: str, kind: int) -> bytes:
    plain = text.encode("utf-16-le")
    if kind == MEMO:
        return struct.pack("<III", 0x80000000 | len(plain), 0, 0) + plain
    if len(text) > 2 and all("\x01" <= c <= "\xff" for c in text):
        return b"\xff\xfe" + text.encode("latin-1")
    return plain


def _fixed(kind: int, value: object) -> bytes:
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        value = (moment - datetime(1899, 12, 30)).total_seconds() / 86400
    codes = {BYTE: "<B", SHORT: "<h", LONG: "<i", FLOAT: "<f", DOUBLE: "<d", DATE: "<d"}
    return struct.pack(codes[kind], 0 if value is None else value)
