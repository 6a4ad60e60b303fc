"""What an entry of the catalogue of quantities is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Material(StrEnum):
    """The calibration material that defines a density scale; scales are never mixed."""

    HA = "HA"
    K2HPO4 = "K2HPO4"
    STRATEC = "Stratec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One quantity of the catalogue.

    `needs_material` is true where a value without its calibration material has no meaning; `ratio_scale` where
    a percentage change makes sense. `site` is where its numbers are from, where there is only one such place; `unit` is
    empty where the parameter of a protocol states it.
    """

    code: str
    name: str
    unit: str
    definition: str
    source: str
    needs_material: bool = False
    ratio_scale: bool = True
    site: str = ""


OWN = "bonemetrics"
