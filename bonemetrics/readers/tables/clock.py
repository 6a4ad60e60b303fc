"""Times of day, alone in a cell or behind a date."""

from __future__ import annotations

import re
from datetime import timedelta

from bonemetrics.errors import TableError
from bonemetrics.records import RawCell

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?\s*(?P<half>[ap])?\.?\s?(?:m\.?)?"
    r"\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"[T\s,:]\s*(\d{1,2}(?::\d{2}.*)?)$", re.IGNORECASE)
_SECONDS_A_DAY = 86_400


def time_of(cell: RawCell) -> str:
    """Read a time of day.

    Parameters
    ----------
    cell
        A text such as `08:30`, `8:30 pm` or `08:30:15`.

    Returns
    -------
    str
        ISO text by the clock of the place: `20:30`. A zone is passed over.

    Raises
    ------
    TableError
        `not-a-time`.
    """
    found = _read(cell.text) if ":" in cell.text and not cell.flaw else ""
    if not found:
        raise TableError(f"{cell.text[:30]!r} is no time of day, such as 08:30", code="not-a-time")
    return found


def time_behind(cell: RawCell) -> str:
    """The time of day behind a date as ISO text; empty where there is none."""
    if cell.time or cell.day is not None:
        return cell.time
    found = _BEHIND.search(cell.text, 8)
    return _read(found[1]) if found is not None else ""


def clock(seconds: float) -> str:
    """Seconds since midnight as ISO text, such as `08:30` or `08:30:15`; whole days are passed over."""
    whole = timedelta(seconds=round(seconds) % _SECONDS_A_DAY)
    text = f"{whole!s:0>8}"
    return text.removesuffix(":00") if text.endswith(":00") else text


def _read(text: str) -> str:
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return ""
    hour, half = int(found["hour"]), (found["half"] or "").casefold()
    if (
        hour > (12 if half else 23)
        or (half and hour == 0)
        or max(map(int, (found["minute"] or 0, found["second"] or 0))) > 59
    ):
        return ""
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return ":".join([f"{hour:02d}", *(part for part in (found["minute"], found["second"]) if part)])
