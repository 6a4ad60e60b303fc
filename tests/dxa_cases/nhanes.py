"""SAS transport files written by hand, with invented participants."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tests.dxa_cases import DxaCase

STAMP = "14MAR21:09:30:00"
HEADER = "HEADER RECORD*******{}HEADER RECORD!!!!!!!{}  "
Value = float | str | None

SPINE_COLUMNS = (
    *("SEQN", "DXASPNST", "DXXOSBCC", "DXXL1BCC", "DXXL2BCC", "DXXL3BCC", "DXXL4BCC"),
    *("DXXOSBMD", "DXXOSBMC", "DXXOSA", "DXXL1BMD", "DXXL1BMC", "DXXL1A", "DXXL2BMD", "DXXL2BMC", "DXXL2A"),
    *("DXXL3BMD", "DXXL3BMC", "DXXL3A", "DXXL4BMD", "DXXL4BMC", "DXXL4A", "DXASPNK", "DXASPND0"),
)
SPINE_LINES: tuple[tuple[Value, ...], ...] = (
    (
        *(910417.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        *(0.892, 51.02, 57.197, 0.812, 10.11, 12.451, 0.881, 12.04, 13.666),
        *(0.917, 13.4, 14.613, 0.939, 15.47, 16.475, 1.1417, 41.25),
    ),
    # The third vertebra is invalid: the survey leaves out its numbers and the total.
    (
        *(910418.0, 2.0, 1.0, 0.0, 0.0, 6.0, 0.0),
        *(None, None, None, 0.702, 8.21, 11.695, 0.744, 9.02, 12.124),
        *(None, None, None, 0.803, 11.92, 14.844, 1.1386, 40.5),
    ),
    (910419.0, 5.0, *(None for _ in range(22))),
)


def ibm(value: Value) -> bytes:
    """Eight bytes of an IBM mainframe: sign, power of 16 plus 64, fraction of 56 bits; a letter is a missing value."""
    if value is None:
        return b"." + bytes(7)
    if isinstance(value, str):
        return value.encode() + bytes(7)
    if value == 0:
        return bytes(8)
    fraction, power = abs(value), 0
    while fraction >= 1:
        fraction, power = fraction / 16, power + 1
    while fraction < 1 / 16:
        fraction, power = fraction * 16, power - 1
    return bytes([(0x80 if value < 0 else 0) | (power + 64)]) + round(fraction * 2**56).to_bytes(7, "big")


def _record(text: str) -> bytes:
    return text.encode("ascii").ljust(80)


def _padded(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // 80) * 80)


def transport(name: str, columns: Sequence[str], lines: Sequence[Sequence[Value]], *, version: int = 5) -> bytes:
    """A transport file with one table of numbers (SAS technical notes TS-140, for version 8 its second part)."""
    system = "SAS     {}9.4     X64_10HO{}" + STAMP
    library, member, describe, name_list, lines_of = (
        ("LIBRARY ", "MEMBER  ", "DSCRPTR ", "NAMESTR ", "OBS     ")
        if version == 5
        else ("LIBV8   ", "MEMBV8  ", "DSCPTV8 ", "NAMSTV8 ", "OBSV8   ")
    )
    table = system.format(f"{name:8}SASDATA ", " " * 24) if version == 5 else system.format(f"{name:32}SASDATA ", "")
    names = b"".join(
        struct.pack(
            ">hhhh8s40s8shhh2s8shhl32s20s",
            *(1, 0, 8, i + 1, column.ljust(8).encode(), b" " * 40, b" " * 8, 0, 0, 0, b"  ", b" " * 8, 0, 0, 8 * i),
            *(column.ljust(32).encode() if version == 8 else b"", b""),
        )
        for i, column in enumerate(columns)
    )
    return b"".join(
        (
            _record(HEADER.format(library, "0" * 30)),
            _record(system.format("SAS     SASLIB  ", " " * 24)),
            _record(STAMP),
            _record(HEADER.format(member, "000000000000000001600000000140")),
            _record(HEADER.format(describe, "0" * 30)),
            _record(table),
            _record(STAMP),
            _record(HEADER.format(name_list, f"000000{len(columns):04}".ljust(30, "0"))),
            _padded(names),
            _record(HEADER.format(lines_of, "0" * 30)),
            _padded(b"".join(ibm(value) for line in lines for value in line)),
        )
    )


def make() -> bytes:
    """A spine table of three participants: all valid, one vertebra invalid, not scanned."""
    return transport("DXXSPN_Q", SPINE_COLUMNS, SPINE_LINES)


CASE = DxaCase(
    route="nhanes",
    module="bonemetrics.readers.dxa.nhanes",
    file_name="DXXSPN_Q.xpt",
    make=make,
    secrets=("910417", "910418"),
    numbers={
        ("L1", "", "area"): 12.451,
        ("L2", "", "bmc"): 12.04,
        ("L4", "", "bmd"): 0.939,
        ("L1-L4", "", "bmc"): 51.02,
    },
)
