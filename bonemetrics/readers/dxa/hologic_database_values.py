"""Values of a row of a Hologic database, by the type they must have; what has another type is missing."""

from __future__ import annotations

import math
from datetime import datetime

from bonemetrics.readers.dxa.hologic_database_tables import Row


def number_in(row: Row, column: str) -> float | None:
    """A number; `None` where there is none."""
    value = row.get(column)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def whole_in(row: Row, column: str) -> int | None:
    """A whole number, such as a code."""
    value = number_in(row, column)
    return int(value) if value is not None and math.isfinite(value) and value == int(value) else None


def text_in(row: Row, column: str) -> str:
    """A text without blanks around it; empty where there is none."""
    value = row.get(column)
    return value.strip() if isinstance(value, str) else ""


def moment_in(row: Row, column: str) -> datetime | None:
    """A date with its time."""
    value = row.get(column)
    return value if isinstance(value, datetime) else None
