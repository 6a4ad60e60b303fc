"""Values of header elements, taken strictly: a number is a whole, finite number or the element is refused."""

from __future__ import annotations

import math
import re
import struct
from functools import lru_cache

from bonemetrics.errors import ReadError
from bonemetrics.readers.elements import Elements, tag_name

_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BINARY = {b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"FL": "f", b"FD": "d", b"UV": "Q", b"SV": "q"}
_LONGEST = 16_384
_LONGEST_DECIMALS = 4096
_NEVER_BINARY = frozenset(b"DS IS LO SH CS ST LT UT UC".split())


def text(elements: Elements, tag: int) -> str:
    """A text value, all parts of it without their padding and a backslash between; empty where absent.

    Bytes beyond ASCII are kept one by one: the text serves comparison and matching, never display of names.

    Raises
    ------
    ReadError
        `invalid-header-value` where it is longer than any such text.
    """
    _require_short(elements, tag, "invalid-header-value")
    raw = elements.raw(tag)
    if raw is None:
        return ""
    value = raw.decode("latin-1").strip(" \0")
    return "\\".join(part.strip(" \0") for part in value.split("\\")) if "\\" in value else value


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
    _require_short(elements, tag, code)
    raw = elements.raw(tag)
    if not raw:
        return ()
    vr = elements.index[tag].vr
    letter = _BINARY.get(vr, "" if vr in _NEVER_BINARY else binary)
    if letter:
        return _binary_numbers(raw, letter, elements.little, tag, code)
    found = _decimal_numbers(raw)
    if found is None:
        raise ReadError(f"element {tag_name(tag)} holds something other than finite decimal numbers", code=code)
    return found


def _require_short(elements: Elements, tag: int, code: str) -> None:
    """Checked before the value is copied: thousands of frames may share one element."""
    place = elements.index.get(tag)
    if place is not None and place.length > _LONGEST:
        raise ReadError(f"element {tag_name(tag)} has {place.length} bytes, at most {_LONGEST} are read", code=code)


@lru_cache(maxsize=4096)
def _decimal_numbers(raw: bytes) -> tuple[float, ...] | None:
    """The numbers of a decimal text, or `None` where one is not finite. Slices of a series repeat most of them."""
    if len(raw) > _LONGEST_DECIMALS:
        return None
    parts = [part.strip(" \0") for part in raw.decode("latin-1").split("\\")]
    if parts == [""]:
        return ()
    found = tuple(float(part) if _DECIMAL.fullmatch(part) else math.nan for part in parts)
    return found if all(map(math.isfinite, found)) else None


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


def whole(elements: Elements, tag: int, low: int, high: int, *, binary: str = "H") -> int:
    """A whole number (`binary` as for `numbers`) within [low, high].

    Raises
    ------
    ReadError
        `missing-header-value`, or `invalid-header-value` where it is outside.
    """
    found = number(elements, tag, binary=binary)
    if found is None:
        raise ReadError(f"element {tag_name(tag)} is absent or empty", code="missing-header-value")
    if found != int(found) or not low <= found <= high:
        raise ReadError(
            f"element {tag_name(tag)} is {found:g}, expected a whole number from {low} to {high}",
            code="invalid-header-value",
        )
    return int(found)
