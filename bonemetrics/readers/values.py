"""Values of header elements, taken strictly: a number is a whole, finite number or the element is refused."""

from __future__ import annotations

import math
import re
import struct

from bonemetrics.errors import ReadError
from bonemetrics.readers.elements import Elements, tag_name

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BINARY = {b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"FL": "f", b"FD": "d", b"UV": "Q", b"SV": "q"}
_NEVER_BINARY = frozenset(b"DS IS LO SH CS ST LT UT UC".split())


def text(elements: Elements, tag: int) -> str:
    """A text value without its padding; empty where absent. All parts where there are several, with a backslash between.

    Bytes beyond ASCII are kept one by one: the text serves comparison and matching, never display of names.
    """
    raw = elements.raw(tag)
    return "" if raw is None else raw.decode("latin-1").strip(" \0")


def numbers(elements: Elements, tag: int, *, binary: str = "", code: str = "invalid-header-value") -> tuple[float, ...]:
    """All numbers of an element; empty where the element is absent or empty.

    Parameters
    ----------
    elements
        The data set or item.
    tag
        The element.
    binary
        The struct letter of the type that the element has where its file states none (implicit VR); empty for
        decimal text.
    code
        The refusal's code where a value is not a finite number.

    Raises
    ------
    ReadError
        With `code`.
    """
    raw = elements.raw(tag)
    if not raw:
        return ()
    vr = elements.index[tag].vr
    letter = _BINARY.get(vr, "" if vr in _NEVER_BINARY else binary)
    if letter:
        return _binary_numbers(raw, letter, elements.little, tag, code)
    parts = [part.strip(" \0") for part in raw.decode("latin-1").split("\\")]
    if parts == [""]:
        return ()
    found = tuple(float(part) if _DECIMAL.fullmatch(part) else math.nan for part in parts)
    if not all(map(math.isfinite, found)):
        raise ReadError(f"element {tag_name(tag)} holds something other than finite decimal numbers", code=code)
    return found


def _binary_numbers(raw: bytes, letter: str, little: bool, tag: int, code: str) -> tuple[float, ...]:
    size = struct.calcsize(letter)
    if len(raw) % size:
        raise ReadError(f"element {tag_name(tag)} has {len(raw)} bytes, not a multiple of {size}", code=code)
    found = struct.unpack(f"{'<' if little else '>'}{len(raw) // size}{letter}", raw)
    if not all(map(math.isfinite, found)):
        raise ReadError(f"element {tag_name(tag)} is not finite", code=code)
    return found


def number(elements: Elements, tag: int, *, binary: str = "", code: str = "invalid-header-value") -> float | None:
    """The one number of an element, or `None` where it is absent or empty.

    Raises
    ------
    ReadError
        With `code`, where there are several numbers or none that is finite.
    """
    found = numbers(elements, tag, binary=binary, code=code)
    if len(found) > 1:
        raise ReadError(f"element {tag_name(tag)} holds {len(found)} numbers, expected one", code=code)
    return found[0] if found else None


def vector(elements: Elements, tag: int, count: int, *, missing: str, invalid: str) -> tuple[float, ...]:
    """Exactly `count` decimal numbers.

    Raises
    ------
    ReadError
        With code `missing` where the element is absent or empty, `invalid` where it has another count or form.
    """
    found = numbers(elements, tag, code=invalid)
    if not found:
        raise ReadError(f"element {tag_name(tag)} is absent or empty", code=missing)
    if len(found) != count:
        raise ReadError(f"element {tag_name(tag)} holds {len(found)} numbers, expected {count}", code=invalid)
    return found


def whole(elements: Elements, tag: int, low: int, high: int) -> int:
    """A whole number (binary unsigned short, or integer text) within [low, high].

    Raises
    ------
    ReadError
        `missing-header-value`, or `invalid-header-value` where it is outside.
    """
    found = number(elements, tag, binary="H")
    if found is None:
        raise ReadError(f"element {tag_name(tag)} is absent or empty", code="missing-header-value")
    if found != int(found) or not low <= found <= high:
        raise ReadError(
            f"element {tag_name(tag)} is {found:g}, expected a whole number from {low} to {high}",
            code="invalid-header-value",
        )
    return int(found)
