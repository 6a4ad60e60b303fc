"""Small tables of repeats and phantom scans: a CSV read strictly, every fault named by its line."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bonemetrics.errors import DxaError

LARGEST_BYTES = 16 * 2**20
_LONGEST_CELL = 200
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: its number in the file and its cells by column, blanks around them taken off."""

    number: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """A cell; empty where the table lacks the column."""
        return self.cells.get(column, "")

    def required(self, column: str) -> str:
        """A cell that must hold something."""
        if not self.text(column):
            raise fault(self.number, f"{column} is empty")
        return self.text(column)

    def number_of(self, column: str) -> float:
        """A number with a decimal point; zero and negative ones are numbers too."""
        text = self.required(column)
        if _NUMBER.fullmatch(text) is None or not math.isfinite(float(text)):
            raise fault(self.number, f"{column} is no number with a decimal point, such as 0.987")
        return float(text)

    def day_of(self, column: str) -> date:
        """An ISO date: 03/04/2016 is a day in March or in April."""
        text = self.required(column)
        try:
            if _ISO_DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise fault(self.number, f"{column} is no date as YYYY-MM-DD")


def fault(line: int, what: str) -> DxaError:
    """A refusal by line; cells are never quoted, since they may tell who a person is."""
    return DxaError(f"line {line}: {what}", code="invalid-series")


def read_lines(path: Path, *, required: Sequence[str], optional: Sequence[str] = ()) -> list[Line]:
    """Read a CSV with a header: UTF-8, commas, decimal points, ISO dates, nothing else.

    Parameters
    ----------
    path
        The file.
    required, optional
        Names of columns, in any order and in any case; others are refused, since a misspelt one would be lost.

    Returns
    -------
    list of Line
        Lines with a cell that is not empty; at least one.

    Raises
    ------
    DxaError
        `invalid-series`, with the line.
    """
    if path.stat().st_size > LARGEST_BYTES:
        raise DxaError(f"the table is larger than {LARGEST_BYTES >> 20} MiB", code="invalid-series")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DxaError("the table is not UTF-8 text; save it as CSV UTF-8", code="invalid-series") from None
    if "\0" in text:
        raise DxaError("the table holds zero bytes, so it is no CSV", code="invalid-series")
    rows = _rows(text)
    header_line, header = next(rows, (1, []))
    columns = [cell.casefold() for cell in header]
    _check_columns(columns, header_line, required, optional)
    found = []
    for number, row in rows:
        if len(row) != len(columns):
            raise fault(number, f"{len(row)} cells under {len(columns)} columns; decimal commas split numbers")
        found.append(Line(number, dict(zip(columns, row, strict=True))))
    if not found:
        raise DxaError("the table has no line below its header", code="invalid-series")
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(len(cell) > _LONGEST_CELL for cell in cells):
                raise fault(reader.line_num, f"a cell of more than {_LONGEST_CELL} characters")
            if any(cells):
                yield reader.line_num, cells
    except csv.Error:
        raise fault(reader.line_num, "quotation marks or line ends are out of order") from None


def _check_columns(columns: Sequence[str], line: int, required: Sequence[str], optional: Sequence[str]) -> None:
    missing = [name for name in required if name not in columns]
    allowed = ", ".join((*required, *optional))
    if missing:
        raise fault(line, f"no column {', '.join(missing)}; the columns are {allowed}, split by commas")
    if len(set(columns)) < len(columns) or not set(columns) <= {*required, *optional}:
        raise fault(line, f"a column is there twice or is none of {allowed}")
