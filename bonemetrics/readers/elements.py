"""The first look at a DICOM data set: where each element's value lies, found without trusting any length.

Nothing is converted and no sequence is entered further than needed to find its end, so the cost is bounded by the
number of top-level elements. Depth, count and lengths are limited, and an element that stands twice is refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from bonemetrics.errors import ReadError
from bonemetrics.readers.limits import MAX_ELEMENTS, MAX_HEADER_BYTES, MAX_SEQUENCE_DEPTH

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
_FLOAT_PIXELS = (0x7FE00008, 0x7FE00009)
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_IMPLICIT = b""
_PIXEL_GROUP = 0x7FE0
_HEADS = {
    (True, True): struct.Struct("<HH2sH"),
    (True, False): struct.Struct(">HH2sH"),
    (False, True): struct.Struct("<HHI"),
    (False, False): struct.Struct(">HHI"),
}


class MoreBytesError(Exception):
    """The window ends before the header does; `position` bytes are needed at least."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class Element(NamedTuple):
    """One element's place: VR (empty where implicit), start of the value, length in bytes (or `UNDEFINED`)."""

    vr: bytes
    start: int
    length: int


@dataclass(slots=True)
class Elements:
    """The elements of one data set or item, by tag, in the bytes `data`."""

    data: bytes
    explicit: bool
    little: bool
    index: dict[int, Element] = field(default_factory=dict)

    def raw(self, tag: int) -> bytes | None:
        """The bytes of a value, or `None` where the element is absent."""
        place = self.index.get(tag)
        return None if place is None else self.data[place.start : place.start + place.length]


@dataclass(slots=True)
class Walker:
    """Walks over `data`, a window from the start of a file or data set of `total` bytes."""

    data: bytes
    total: int
    explicit: bool
    little: bool

    def elements(self, start: int, stop: int, found: Elements) -> None:
        """Fill `found` with the elements in [start, stop), up to and including the pixel data.

        `found` holds what was read so far even where the walk ends in an error.

        Raises
        ------
        ReadError
            `truncated-file`, `malformed-header`, `duplicate-element`, `sequence-too-deep` or `too-large`.
        MoreBytesError
            If the window is shorter than the header.
        """
        index = found.index
        position = start
        while position < stop:
            position = self._plain_elements(position, stop, index)
            if len(index) > MAX_ELEMENTS:
                raise ReadError(f"more than {MAX_ELEMENTS} header elements", code="too-large")
            if position >= stop:
                break
            tag, place, position = self._element(position, self.explicit)
            if tag in index:
                raise ReadError(f"element {tag_name(tag)} stands twice", code="duplicate-element")
            index[tag] = place
            if tag == PIXEL_DATA or tag in _FLOAT_PIXELS:
                return
        if position > stop:
            raise ReadError("a header element reaches beyond its item", code="malformed-header")

    def _plain_elements(self, position: int, stop: int, index: dict[int, Element]) -> int:
        """Take elements that raise no question, fast; where the first that does begins."""
        data = self.data
        unpack = _HEADS[self.explicit, self.little].unpack_from
        explicit, known, size = self.explicit, _SHORT_VRS, len(data)
        last = min(size, stop) - 8
        while position <= last:
            if explicit:
                group, number, vr, length = unpack(data, position)
                if vr not in known:
                    break
            else:
                group, number, length = unpack(data, position)
                vr = _IMPLICIT
            tag = group << 16 | number
            end = position + 8 + length
            if end > size or tag in index or group >= _PIXEL_GROUP or length > MAX_HEADER_BYTES:
                break
            index[tag] = Element(vr, position + 8, length)
            position = end
        return position

    def _element(self, position: int, explicit: bool) -> tuple[int, Element, int]:
        """Tag and place of the element at `position`, and where the next one begins."""
        tag, place = self.head(position, explicit)
        if tag == PIXEL_DATA or tag in _FLOAT_PIXELS:
            return tag, place, position
        if place.length == UNDEFINED:
            end = self._skip_sequence(place.start, explicit and place.vr != b"UN")
            return tag, place._replace(length=end - place.start), end
        end = place.start + place.length
        if end > self.total:
            raise ReadError(f"the file ends within element {tag_name(tag)}", code="truncated-file")
        if place.length > MAX_HEADER_BYTES:
            raise ReadError(f"header element {tag_name(tag)} claims {place.length} bytes", code="too-large")
        if end > len(self.data):
            raise MoreBytesError(end)
        return tag, place, end

    def head(self, position: int, explicit: bool) -> tuple[int, Element]:
        """Tag and place of the element whose head is at `position`; the length is as claimed."""
        order = "<" if self.little else ">"
        self._need(position + 8)
        if not explicit:
            group, number, length = struct.unpack_from(order + "HHI", self.data, position)
            return group << 16 | number, Element(_IMPLICIT, position + 8, length)
        group, number, vr, length = struct.unpack_from(order + "HH2sH", self.data, position)
        tag = group << 16 | number
        if vr in _SHORT_VRS:
            return tag, Element(vr, position + 8, length)
        if vr not in _LONG_VRS:
            raise ReadError(f"element {tag_name(tag)} has no known value representation", code="malformed-header")
        self._need(position + 12)
        (length,) = struct.unpack_from(order + "I", self.data, position + 8)
        if length == UNDEFINED and vr not in (b"SQ", b"UN") and tag != PIXEL_DATA:
            raise ReadError(f"element {tag_name(tag)} has no length", code="malformed-header")
        return tag, Element(vr, position + 12, length)

    def _need(self, end: int) -> None:
        if end > self.total:
            raise ReadError("the file ends within its header", code="truncated-file")
        if end > len(self.data):
            raise MoreBytesError(end)

    def _skip_sequence(self, position: int, explicit: bool) -> int:
        """Where a sequence of undefined length ends."""
        return self._skip_levels(position, [(True, explicit)])

    def _skip_levels(self, position: int, levels: list[tuple[bool, bool]]) -> int:
        """Where the open levels end. A stack of our own instead of recursion, and not a deep one.

        Each level says whether we stand between items, and whether their elements carry a VR.
        """
        while levels:
            between_items, explicit = levels[-1]
            step = self._skip_item_head if between_items else self._skip_in_item
            position = step(position, explicit, levels)
            if len(levels) > 2 * MAX_SEQUENCE_DEPTH:
                raise ReadError(
                    f"sequences are nested deeper than {MAX_SEQUENCE_DEPTH} levels", code="sequence-too-deep"
                )
        return position

    def _skip_item_head(self, position: int, explicit: bool, levels: list[tuple[bool, bool]]) -> int:
        tag, place = self.head(position, explicit=False)
        if tag == SEQUENCE_END:
            levels.pop()
            return place.start
        if tag != ITEM:
            raise ReadError("a sequence holds something other than items", code="malformed-header")
        if place.length == UNDEFINED:
            levels.append((False, explicit))
            return place.start
        self._need(place.start + place.length)
        return place.start + place.length

    def _skip_in_item(self, position: int, explicit: bool, levels: list[tuple[bool, bool]]) -> int:
        tag, _ = self.head(position, explicit=False)
        if tag == ITEM_END:
            levels.pop()
            return position + 8
        tag, place = self.head(position, explicit)
        if place.length == UNDEFINED:
            levels.append((True, explicit and place.vr != b"UN"))
            return place.start
        self._need(place.start + place.length)
        return place.start + place.length

    def item_end(self, item: Element) -> int:
        """Where the item at `item` ends, its end mark included."""
        if item.length != UNDEFINED:
            self._need(item.start + item.length)
            return item.start + item.length
        return self._skip_levels(item.start, [(False, self.explicit)])


def items(parent: Elements, tag: int, *, limit: int) -> list[Elements]:
    """The items of a sequence, each with the places of its elements; empty where the sequence is absent.

    Parameters
    ----------
    parent
        The data set or item that holds the sequence.
    tag
        The sequence.
    limit
        Most items that are looked at.

    Raises
    ------
    ReadError
        If the sequence is malformed, or has more than `limit` items (`too-large`).
    """
    place = parent.index.get(tag)
    if place is None:
        return []
    explicit = parent.explicit and place.vr != b"UN"
    stop = place.start + place.length
    walker = Walker(parent.data, stop, explicit, parent.little)
    found: list[Elements] = []
    position = place.start
    while position < stop:
        head, item = walker.head(position, explicit=False)
        if head == SEQUENCE_END:
            break
        if head != ITEM or len(found) >= limit:
            code = "malformed-header" if head != ITEM else "too-large"
            raise ReadError(f"sequence {tag_name(tag)} has unexpected content or over {limit} items", code=code)
        position = walker.item_end(item)
        inner = Elements(parent.data, explicit, parent.little)
        content_end = position if item.length != UNDEFINED else position - 8
        walker.elements(item.start, content_end, inner)
        found.append(inner)
    return found


def tag_name(tag: int) -> str:
    """`(gggg,eeee)` of a tag, for messages."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
