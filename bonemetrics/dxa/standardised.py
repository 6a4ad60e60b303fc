"""Standardised BMD (sBMD): densities of different makes on one scale, for pooling them and for nothing else.

The equations come from pencil-beam devices; between fan-beam ones they leave up to 4 % at the spine, and their standard
error of estimate of 4 to 7 % for one person is larger than the changes a trial looks for (Fan 2010). So a person is
never followed by sBMD, not even from one scanner to its successor.
"""

from __future__ import annotations

from typing import Literal

from bonemetrics.anatomy import vertebrae_of
from bonemetrics.errors import DxaError
from bonemetrics.records import DxaDevice, Finite, Record

Make = Literal["hologic", "lunar", "norland"]
POOLING_ONLY = "for pooling data of several makes only; never for following one person"

_MAKES: tuple[tuple[Make, tuple[str, ...]], ...] = (
    ("hologic", ("hologic",)),
    ("lunar", ("lunar", "ge healthcare", "ge medical")),
    ("norland", ("norland",)),
)
_HUI_SPINE: dict[Make, tuple[float, float]] = {
    "hologic": (1.0550, 0.972),
    "lunar": (0.9683, 1.100),
    "norland": (0.9743, 0.969),
}
_HUI_MEAN = 1.0436
_HIP: dict[str, dict[Make, tuple[float, float]]] = {
    "neck": {"hologic": (0.019, 1.087), "lunar": (-0.023, 0.939), "norland": (0.006, 0.985)},
    "trochanter": {"hologic": (-0.017, 1.105), "lunar": (-0.042, 0.949), "norland": (0.057, 0.961)},
    "total-hip": {"hologic": (0.006, 1.008), "lunar": (-0.031, 0.979), "norland": (0.026, 1.012)},
}
_GENANT_SPINE: dict[Make, float] = {"norland": 1076.1}
"""Hologic's and Lunar's factors are quoted in many places, but no text of the paper was at hand to check the digits."""


class StandardisedBmd(Record):
    """A standardised BMD with the equation it came by and what it is not for."""

    value: Finite
    unit: Literal["mg/cm2"] = "mg/cm2"
    equation: str
    note: str = POOLING_ONLY


def make_of(device: DxaDevice) -> Make | None:
    """The make of a densitometer by its manufacturer or model; `None` where neither tells."""
    text = f"{device.manufacturer} {device.model}".casefold()
    found = [make for make, words in _MAKES if any(word in text for word in words)]
    return found[0] if len(found) == 1 else None


def hui_spine(bmd_g_cm2: float, *, make: Make) -> StandardisedBmd:
    """Lumbar spine by Hui 1997.

    Parameters
    ----------
    bmd_g_cm2
        BMD of the lumbar spine as the scanner gives it.
    make
        Whose scale it is on.

    Returns
    -------
    StandardisedBmd
        In mg/cm². For pooling only, never for following one person.

    References
    ----------
    .. [1] S. L. Hui et al., Universal standardization of bone density measurements. J Bone Miner Res
       1997;12:1463-1470; equations as courses.washington.edu/bonephys/opBMDs.html gives them.
    .. [2] B. Fan et al., Osteoporos Int 2010;21:1227-1236, doi 10.1007/s00198-009-1062-3: limits of use.
    """
    slope, centre = _HUI_SPINE[make]
    return StandardisedBmd(
        value=1000 * (slope * (bmd_g_cm2 - centre) + _HUI_MEAN),
        equation=f"Hui 1997, spine, {make}: 1000 ({slope:.4f} (BMD - {centre:.3f}) + {_HUI_MEAN:.4f})",
    )


def standardised_hip(bmd_g_cm2: float, *, make: Make, region: str) -> StandardisedBmd:
    """Femoral neck, trochanter or total hip by Hanson 1997 and Lu 2001.

    Parameters
    ----------
    bmd_g_cm2
        BMD of the region as the scanner gives it.
    make
        Whose scale it is on.
    region
        `neck`, `trochanter` or `total-hip`.

    Returns
    -------
    StandardisedBmd
        In mg/cm². For pooling only, never for following one person.

    Raises
    ------
    DxaError
        `constant-not-given` for another region.

    References
    ----------
    .. [1] J. Hanson, Standardization of femur BMD. J Bone Miner Res 1997;12:1316-1317 (total hip), and Y. Lu et al.,
       Osteoporos Int 2001;12:438-444; coefficients as courses.washington.edu/bonephys/opBMDs.html and Fan 2010 give
       them.
    """
    if region not in _HIP:
        raise DxaError(
            f"no sBMD equation with checked digits for the region {region!r}; there are those for {', '.join(_HIP)}",
            code="constant-not-given",
        )
    a, b = _HIP[region][make]
    return StandardisedBmd(
        value=1000 * (a + b * bmd_g_cm2),
        equation=f"Hanson 1997 and Lu 2001, {region}, {make}: 1000 ({a:.3f} + {b:.3f} BMD)",
    )


def genant_spine(bmd_g_cm2: float, *, make: Make, region: str, factor: float | None = None) -> StandardisedBmd:
    """Lumbar spine L2-L4 by Genant 1994: factor × BMD.

    Parameters
    ----------
    bmd_g_cm2
        BMD as the scanner gives it.
    make
        Whose scale it is on.
    region
        Must be `L2-L4`, for which the equation was made.
    factor
        In mg/cm² per g/cm². Built in for Norland alone, whose digits a printed report confirms; for other makes state
        it from the paper. A stated factor goes before the built-in one.

    Returns
    -------
    StandardisedBmd
        In mg/cm². For pooling only, never for following one person.

    Raises
    ------
    DxaError
        `constant-not-given` without a factor, or for other vertebrae.

    References
    ----------
    .. [1] H. K. Genant et al., Universal standardization for dual x-ray absorptiometry. J Bone Miner Res
       1994;9:1503-1514.
    """
    if vertebrae_of(region) != ("L2", "L3", "L4"):
        raise DxaError(
            f"Genant's equation is for L2-L4, not for {region!r}; use L2-L4, or Hui's equation",
            code="constant-not-given",
        )
    used = factor if factor is not None else _GENANT_SPINE.get(make)
    if used is None:
        raise DxaError(
            f"Genant's factor for {make} is not built in, since its digits are unchecked; state it from the paper",
            code="constant-not-given",
        )
    origin = "stated by the caller" if factor is not None else "built in"
    return StandardisedBmd(
        value=used * bmd_g_cm2, equation=f"Genant 1994, L2-L4, {make}: {used:g} BMD (factor {origin})"
    )
