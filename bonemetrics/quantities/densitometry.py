"""Quantities of DXA."""

from __future__ import annotations

from bonemetrics.quantities.base import Quantity

_DXA = "ISCD Official Positions, Adult, 2023"

ENTRIES = (
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
