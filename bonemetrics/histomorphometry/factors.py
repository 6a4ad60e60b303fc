"""From a section to space: the two factors and the conventions that laboratories follow.

References
----------
Isotropic structure: 4/π and π/4; Schwartz MP & Recker RR 1981, Calcif Tissue Int 33:561, doi 10.1007/BF02409492,
measured human iliac bone directly and found 4/π. Human iliac practice: 1.2 and 1/1.2, as in PMC2974387.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from bonemetrics.errors import AlgebraError
from bonemetrics.records import SectionFactors

Convention = Literal["isotropic", "iliac", "stated"]

CONVENTIONS: Mapping[Convention, SectionFactors] = MappingProxyType(
    {
        "isotropic": SectionFactors(
            convention="isotropic", width_to_thickness=math.pi / 4, perimeter_to_surface=4 / math.pi
        ),
        "iliac": SectionFactors(convention="iliac", width_to_thickness=1 / 1.2, perimeter_to_surface=1.2),
    }
)
"""The conventions that have a name, with their factors."""
_NEAR_ONE = (0.8, 1.25)
"""Product of both factors; it is 1 in both conventions."""


def section_factors(
    convention: Convention, width_to_thickness: float | None = None, perimeter_to_surface: float | None = None
) -> SectionFactors:
    """The factors of a convention, or those that a laboratory states.

    Parameters
    ----------
    convention
        `isotropic` (π/4 and 4/π), `iliac` (1/1.2 and 1.2) or `stated`.
    width_to_thickness, perimeter_to_surface
        Only with `stated`, and then both: thickness over width, surface over perimeter.

    Returns
    -------
    SectionFactors
        For the record of what was used.

    Raises
    ------
    AlgebraError
        `factor-invalid` if numbers are missing, are given beside a named convention, are not above zero, or cannot
        be: an oblique section shows no width below the thickness, and a surface is no smaller than its perimeter.
    """
    stated = (width_to_thickness, perimeter_to_surface)
    named = CONVENTIONS.get(convention)
    if named is not None and stated == (None, None):
        return named
    if width_to_thickness is None or perimeter_to_surface is None or named is not None:
        raise AlgebraError(
            f"the convention {convention!r} with width to thickness {width_to_thickness} and perimeter to surface "
            f"{perimeter_to_surface}; state both numbers with 'stated', and none with 'isotropic' or 'iliac'",
            code="factor-invalid",
        )
    if not (0 < width_to_thickness < math.inf and 0 < perimeter_to_surface < math.inf):
        raise AlgebraError(
            f"factors are numbers above zero, found {width_to_thickness} and {perimeter_to_surface}",
            code="factor-invalid",
        )
    if width_to_thickness > 1 or perimeter_to_surface < 1:
        raise AlgebraError(
            f"width_to_thickness {width_to_thickness:g} is at most 1 and perimeter_to_surface {perimeter_to_surface:g} "
            "at least 1; were they swapped, or given the other way round?",
            code="factor-invalid",
        )
    return SectionFactors(
        convention="stated", width_to_thickness=width_to_thickness, perimeter_to_surface=perimeter_to_surface
    )


def unlike(factors: SectionFactors) -> str:
    """Say that two factors do not belong to one structure; empty where they may.

    Parameters
    ----------
    factors
        In isotropic structure, and in practice, each is about the inverse of the other.
    """
    product = factors.width_to_thickness * factors.perimeter_to_surface
    if _NEAR_ONE[0] <= product <= _NEAR_ONE[1]:
        return ""
    return (
        f"width_to_thickness {factors.width_to_thickness:.4g} and perimeter_to_surface "
        f"{factors.perimeter_to_surface:.4g} make {product:.3g} together; in one structure they make about 1"
    )
