"""Slices that stand twice: exact copies are dropped, different pictures at one place are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.facts import FileFacts
from bonemetrics.readers.files import Stamp, open_regular, read_range
from bonemetrics.readers.frames import FrameFacts
from bonemetrics.readers.native import hash_rest
from bonemetrics.readers.stack import Plane, order_of, same_position

Slot = tuple[FileFacts, int]
"""A picture: its file, and its number in that file."""


def in_order(files: Sequence[FileFacts], plane: Plane) -> list[Slot]:
    """All pictures of a series in the order of their position along the slice normal."""
    slots = [(facts, frame) for facts in files for frame in range(len(facts.frames))]
    order = order_of([facts.frames[frame] for facts, frame in slots], plane)
    return [slots[index] for index in order.tolist()]


def without_copies(slots: Sequence[Slot], plane: Plane) -> list[Slot]:
    """The pictures in order, copies of one and the same left out.

    A copy is a byte-identical file, or a file of the same SOP UID with the same header facts and pixels.

    Raises
    ------
    ReadError
        `duplicate-position` where two pictures at one place are not copies.
    """
    kept: list[Slot] = []
    for slot in slots:
        if not kept or not same_position(frame_of(kept[-1]), frame_of(slot), plane):
            kept.append(slot)
        elif not _is_copy(kept[-1], slot):
            raise ReadError(
                f"two different pictures at one position, the {len(kept)}th from the first; "
                "choose one acquisition or reconstruction",
                code="duplicate-position",
            )
    return kept


def frame_of(slot: Slot) -> FrameFacts:
    """The facts of one picture."""
    return slot[0].frames[slot[1]]


def _is_copy(one: Slot, other: Slot) -> bool:
    (first, first_frame), (second, second_frame) = one, other
    if first.path == second.path or first_frame != second_frame:
        return False
    if _digest(first, 0) == _digest(second, 0):
        return True
    same_facts = _bare(first) == _bare(second)
    return (
        same_facts
        and bool(first.sop_uid)
        and _digest(first, first.pixels.start) == _digest(second, second.pixels.start)
    )


def _bare(facts: FileFacts) -> FileFacts:
    """The facts without what belongs to the file rather than the picture."""
    blank = replace(facts, path=Path(), stamp=Stamp(0, 0), digest=b"")
    return replace(blank, digest_bytes=0, pixels=replace(facts.pixels, start=0), trailing=False, preamble_program=False)


def _digest(facts: FileFacts, start: int) -> bytes:
    with open_regular(facts.path) as (descriptor, _):
        read_range(descriptor, start, start)
        digest = hashlib.sha256()
        hash_rest(descriptor, digest)
    return digest.digest()
