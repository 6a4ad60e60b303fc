"""Rows of a SAS transport file, version 5: texts filled up with blanks, and IBM doubles, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bonemetrics.outcomes.table import Cell

CARD = 80
"""Bytes of one record of the file."""
NUMBER = 8
"""Bytes of a number."""
_MISSING = 0x2E << 56
"""A point, and nothing behind it."""
_EXCESS, _MANTISSA = 64, 56
"""What is added to the exponent of 16 of an IBM double, and bits of its mantissa."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of text: its cells as they stand in the table, and the bytes of each different one, as wide as told."""

    cells: Sequence[Cell]
    encoded: Mapping[Cell, bytes]
    width: int

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def block(self) -> npt.NDArray[np.uint8]:
        """One row of bytes for each cell."""
        filled = {cell: text.ljust(self.width) for cell, text in self.encoded.items()}
        joined = b"".join([filled[cell] for cell in self.cells])
        return np.frombuffer(joined, dtype=np.uint8).reshape(-1, self.width)


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column of numbers; NaN is missing. All others lie in the range that `write_xpt` checks."""

    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def width(self) -> int:
        """Bytes of a number."""
        return NUMBER

    @property
    def block(self) -> npt.NDArray[np.uint8]:
        """One row of eight bytes for each number."""
        return ibm_doubles(self.values).astype(">u8").view(np.uint8).reshape(-1, NUMBER)


Cells = Texts | Numbers


def ibm_doubles(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """Numbers as IBM doubles: sign, exponent of 16 with 64 added, and a fraction of 56 bits that is at least 1/16.

    Parameters
    ----------
    values
        NaN is missing; all others are zero or between 2**-260 and 2**252.

    Returns
    -------
    array
        Same shape; missing is a point. All 53 bits of each number are there, and zero has no sign.

    References
    ----------
    SAS Institute, TS-140: The Record Layout of a Data Set in SAS Transport (XPORT) Format, "Numeric data fields".
    """
    missing = np.isnan(values)
    # The fraction lies in [0.5, 1): as many bits as fill the exponent of 2 up to one of 16 move it down.
    fraction, exponent = np.frexp(np.where(missing, 0.0, np.abs(values)))
    of_sixteen = -(-exponent // 4)
    mantissa = np.ldexp(fraction, _MANTISSA - (4 * of_sixteen - exponent)).astype(np.uint64)
    words: npt.NDArray[np.uint64] = mantissa | ((of_sixteen + _EXCESS).astype(np.uint64) << np.uint64(_MANTISSA))
    words |= np.signbit(values).astype(np.uint64) << np.uint64(63)
    words[mantissa == 0] = 0
    words[missing] = _MISSING
    return words


def row_bytes(columns: Iterable[Cells], rows: int) -> npt.NDArray[np.uint8]:
    """All rows of a table with blanks up to a whole number of records of 80 bytes.

    Parameters
    ----------
    columns
        Each as long as the table.
    rows
        How many rows.

    Returns
    -------
    array
        One dimension.
    """
    columns = list(columns)
    length = sum(one.width for one in columns)
    size = rows * length
    found = np.full(-(-size // CARD) * CARD, ord(" "), dtype=np.uint8)
    lines = found[:size].reshape(rows, length)
    first = 0
    for one in columns:
        lines[:, first : first + one.width] = one.block
        first += one.width
    return found
