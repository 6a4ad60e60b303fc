"""What a DXA reader is given, and what it must be: bytes and a name in, reports out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bonemetrics.records import DxaReading, Route

MAX_DXA_BYTES = 1 << 30
"""A database of a busy clinic fits; no report does not."""

DateOrder = str
"""`dmy`, `mdy` or `ymd`; empty where nobody has said."""


def _no_sibling(_name: str) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file's bytes with what a reader may know beside them.

    `sibling` gives the bytes of another file of the same folder by its name in any case, `None` where there is none.
    `dates` is the order of day, month and year that the study has stated for its sources.
    """

    data: bytes
    name: str = ""
    dates: DateOrder = ""
    sibling: Callable[[str], bytes | None] = _no_sibling


class Reader(Protocol):
    """What every module of this room offers.

    `ROUTE` names it. `recognises(name, start)` tells by the first 4096 bytes whether `read` is worth trying. `read`
    gives what the source holds, without judging it, or raises `ReadError`; it keeps no name of a person, quotes none in
    an error, and ends in bounded time and memory on any input.
    """

    ROUTE: Route

    def recognises(self, name: str, start: bytes) -> bool: ...

    def read(self, source: Source) -> DxaReading: ...
