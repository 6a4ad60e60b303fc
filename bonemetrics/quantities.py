"""The catalogue of quantities: code, name, UCUM unit, definition and source, each standing once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Material(StrEnum):
    """The calibration material that defines a density scale; scales are never mixed."""

    HA = "HA"
    K2HPO4 = "K2HPO4"
    STRATEC = "Stratec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One quantity of the catalogue.

    `needs_material` is true where a value without its calibration material has no meaning; `ratio_scale` where
    a percentage change makes sense.
    """

    code: str
    name: str
    unit: str
    definition: str
    source: str
    needs_material: bool = False
    ratio_scale: bool = True


_GUIDELINE = "Whittier DE et al. 2020, Osteoporos Int 31:1607, doi 10.1007/s00198-020-05438-5"
_PQCT = "Stratec pQCT convention: the central 45 % of the total cross-sectional area"
_OWN = "bonemetrics"
_DXA = "ISCD Official Positions, Adult, 2023"


def _density(code: str, name: str, definition: str, source: str = _GUIDELINE) -> Quantity:
    return Quantity(code=code, name=name, unit="mg/cm3", definition=definition, source=source, needs_material=True)


_ENTRIES = (
    _density("Tt.vBMD", "Total volumetric bone mineral density", "Mean density inside the periosteal contour"),
    _density("Tb.vBMD", "Trabecular volumetric bone mineral density", "Mean density of the trabecular compartment"),
    _density("Ct.vBMD", "Cortical volumetric bone mineral density", "Mean density of the cortical compartment"),
    _density("vBMD", "Volumetric bone mineral density", "Mean density of the region named beside it", _PQCT),
    Quantity(
        code="Tt.Ar",
        name="Total area",
        unit="mm2",
        source=_GUIDELINE,
        definition="Mean area per slice inside the periosteal contour",
    ),
    Quantity(
        code="Tb.Ar",
        name="Trabecular area",
        unit="mm2",
        source=_GUIDELINE,
        definition="Mean area per slice of the trabecular compartment",
    ),
    Quantity(
        code="Ct.Ar",
        name="Cortical area",
        unit="mm2",
        source=_GUIDELINE,
        definition="Mean area per slice of the cortical compartment",
    ),
    Quantity(
        code="Ar",
        name="Area",
        unit="mm2",
        source=_OWN,
        definition="Mean area per slice of the region named beside it, over the slices it touches",
    ),
    Quantity(
        code="Tt.V",
        name="Total volume",
        unit="mm3",
        source=_OWN,
        definition="Volume inside the periosteal contour within the measured slices",
    ),
    Quantity(
        code="Tb.V",
        name="Trabecular volume",
        unit="mm3",
        source=_OWN,
        definition="Volume of the trabecular compartment within the measured slices",
    ),
    Quantity(
        code="Ct.V",
        name="Cortical volume",
        unit="mm3",
        source=_OWN,
        definition="Volume of the cortical compartment within the measured slices",
    ),
    Quantity(code="V", name="Volume", unit="mm3", source=_OWN, definition="Volume of the region named beside it"),
    Quantity(
        code="N.Sl",
        name="Number of slices",
        unit="{slices}",
        source=_OWN,
        definition="Number of slices that were measured",
    ),
    Quantity(
        code="aBMD",
        name="Areal bone mineral density",
        unit="g/cm2",
        source=_DXA,
        definition="Bone mineral content of the region over its projected area, by DXA",
    ),
    Quantity(
        code="BMC",
        name="Bone mineral content",
        unit="g",
        source=_DXA,
        definition="Mass of bone mineral in the region, by DXA",
    ),
    Quantity(
        code="Area",
        name="Projected area",
        unit="cm2",
        source=_DXA,
        definition="Area of the region's bone in projection, by DXA",
    ),
    Quantity(
        code="T-score",
        name="T-score",
        unit="1",
        source=_DXA,
        ratio_scale=False,
        definition="Distance of aBMD from the mean of a young reference population in its SD",
    ),
    Quantity(
        code="Z-score",
        name="Z-score",
        unit="1",
        source=_DXA,
        ratio_scale=False,
        definition="Distance of aBMD from the mean of a reference population of the same age and sex in its SD",
    ),
)

CATALOGUE: Mapping[str, Quantity] = MappingProxyType({entry.code: entry for entry in _ENTRIES})
"""Every quantity by its code."""
