"""Scanco's private calibration values, found through the creator of their block.

References
----------
Besler BA et al., ORMIR-XCT / ormir-mids `tag_definitions.py` and BoneJ `DensityCalibrator.java` name the elements:
mu scaling (00), density slope (04), density intercept (05) and mu of water (06) of a block in group 0029.
"""

from __future__ import annotations

from dataclasses import dataclass

from bonemetrics.errors import ReadError
from bonemetrics.readers.elements import Elements
from bonemetrics.readers.values import number, text

GROUP = 0x0029
_USUAL_BLOCK = 0x10
_ELEMENTS = (0x00, 0x06, 0x04, 0x05)


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
    """The values of a Scanco file; `None` where the file is not one or holds none of them.

    A creator that names Scanco decides. Where none does but the manufacturer is Scanco and the four elements stand
    with numbers in block 0x10, they are taken as `block_assumed`.

    Raises
    ------
    ReadError
        `invalid-header-value` where an element of a named block is not one finite number.
    """
    creators = (tag for tag in found.index if tag >> 8 == GROUP << 8 and tag & 0xFF >= _USUAL_BLOCK)
    for tag in creators:
        if "SCANCO" in text(found, tag).upper():
            values = _block(found, tag & 0xFF)
            return None if values == (None,) * 4 else _as_record(values, assumed=False)
    if "SCANCO" not in text(found, 0x00080070).upper():
        return None
    try:
        values = _block(found, _USUAL_BLOCK)
    except ReadError:
        return None
    return None if None in values else _as_record(values, assumed=True)


def _block(found: Elements, block: int) -> tuple[float | None, ...]:
    return tuple(_private_number(found, GROUP << 16 | block << 8 | element) for element in _ELEMENTS)


def _private_number(found: Elements, tag: int) -> float | None:
    """A private number: its type is known only where the file states one; text is tried before binary."""
    raw = found.raw(tag)
    if not raw:
        return None
    looks_like_text = all(byte in b"0123456789+-.eE \\\0" for byte in raw)
    return number(found, tag, binary="" if looks_like_text else {4: "f", 8: "d"}.get(len(raw), ""))


def _as_record(values: tuple[float | None, ...], *, assumed: bool) -> ScancoValues:
    scaling, water, slope, intercept = values
    return ScancoValues(
        mu_scaling=scaling,
        mu_water_per_cm=water,
        density_slope=slope,
        density_intercept=intercept,
        block_assumed=assumed,
    )
