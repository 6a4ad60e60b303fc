"""Quantities of a radius by QCT."""

from __future__ import annotations

from bonemetrics.quantities.base import OWN, Quantity

_GUIDELINE = "Whittier DE et al. 2020, Osteoporos Int 31:1607, doi 10.1007/s00198-020-05438-5"
_PQCT = "Stratec pQCT convention: the central 45 % of the total cross-sectional area"


def _density(code: str, name: str, definition: str, source: str = _GUIDELINE) -> Quantity:
    return Quantity(code=code, name=name, unit="mg/cm3", definition=definition, source=source, needs_material=True)


ENTRIES = (
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
        source=OWN,
        definition="Mean area per slice of the region named beside it, over the slices it touches",
    ),
    Quantity(
        code="Tt.V",
        name="Total volume",
        unit="mm3",
        source=OWN,
        definition="Volume inside the periosteal contour within the measured slices",
    ),
    Quantity(
        code="Tb.V",
        name="Trabecular volume",
        unit="mm3",
        source=OWN,
        definition="Volume of the trabecular compartment within the measured slices",
    ),
    Quantity(
        code="Ct.V",
        name="Cortical volume",
        unit="mm3",
        source=OWN,
        definition="Volume of the cortical compartment within the measured slices",
    ),
    Quantity(code="V", name="Volume", unit="mm3", source=OWN, definition="Volume of the region named beside it"),
    Quantity(
        code="N.Sl",
        name="Number of slices",
        unit="{slices}",
        source=OWN,
        definition="Number of slices that were measured",
    ),
)
