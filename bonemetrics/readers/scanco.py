"""Scanco's private calibration values, found through the creator of their block.

References
----------
Besler BA et al., ORMIR-XCT / ormir-mids `tag_definitions.py` and BoneJ `DensityCalibrator.java` name the elements:
mu scaling (00), density slope (04), density intercept (05) and mu of water (06) of a block in group 0029.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bonemetrics.errors import ReadError
from bonemetrics.readers.elements import Elements
from bonemetrics.readers.values import number, text

GROUP = 0x0029
_USUAL_BLOCK = 0x10
_ELEMENTS = (0x00, 0x06, 0x04, 0x05)
_NONE = (None,) * len(_ELEMENTS)
_TEXT = re.compile(rb"[ \0]*[+-]?[0-9.][0-9.eE+\-\\ \0]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScancoValues:
    """Native = mu_scaling × mu in 1/cm; density = mu × slope + intercept in mg/cm³ HA. Absent is `None`."""

    mu_scaling: float | None
    mu_water_per_cm: float | None
    density_slope: float | None
    density_intercept: float | None
    block_assumed: bool = False

    @property
    def complete(self) -> bool:
        """Whether all four are there."""
        return None not in (self.mu_scaling, self.mu_water_per_cm, self.density_slope, self.density_intercept)


def scanco_values(found: Elements) -> ScancoValues | None:
    """The values of a Scanco file, all `None` where it holds none of them; `None` where the file is not one.

    A creator that names Scanco decides; of several such blocks the one that holds most of the four. Where none does
    but the manufacturer is Scanco and the four elements stand with numbers in block 0x10, they are taken as
    `block_assumed`.

    Raises
    ------
    ReadError
        `invalid-header-value` where an element of a named block is not one finite number, or where two named blocks
        hold different numbers.
    """
    creators = [tag for tag in found.index if tag >> 8 == GROUP << 8 and tag & 0xFF >= _USUAL_BLOCK]
    named = [_block(found, tag & 0xFF) for tag in creators if "SCANCO" in text(found, tag).upper()]
    if any(values != _NONE for values in named):
        return _as_record(_the_one(named), assumed=False)
    if named:
        return _as_record(_NONE, assumed=False)
    if "SCANCO" not in text(found, 0x00080070).upper():
        return None
    try:
        values = _block(found, _USUAL_BLOCK)
    except ReadError:
        values = _NONE
    assumed = None not in values
    return _as_record(values if assumed else _NONE, assumed=assumed)


def _the_one(blocks: list[tuple[float | None, ...]]) -> tuple[float | None, ...]:
    """The fullest of the blocks, which no other may contradict."""
    fullest = min(blocks, key=lambda values: values.count(None))
    for values in blocks:
        if any(None not in pair and pair[0] != pair[1] for pair in zip(values, fullest, strict=True)):
            raise ReadError("two private blocks of the scanner hold different constants", code="invalid-header-value")
    return fullest


def _block(found: Elements, block: int) -> tuple[float | None, ...]:
    return tuple(_private_number(found, GROUP << 16 | block << 8 | element) for element in _ELEMENTS)


def _private_number(found: Elements, tag: int) -> float | None:
    """A private number: its type is known only where the file states one; text is tried before binary."""
    raw = found.raw(tag)
    if not raw:
        return None
    return number(found, tag, binary="" if _TEXT.fullmatch(raw) else {4: "f", 8: "d"}.get(len(raw), ""))


def _as_record(values: tuple[float | None, ...], *, assumed: bool) -> ScancoValues:
    scaling, water, slope, intercept = values
    return ScancoValues(
        mu_scaling=scaling,
        mu_water_per_cm=water,
        density_slope=slope,
        density_intercept=intercept,
        block_assumed=assumed,
    )
