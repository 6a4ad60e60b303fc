"""From one calibration material's scale to another's: only by a named published method, never silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, note

KVP_TOLERANCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """density(target) = factor × density(source); the standard error is that of one density, in mg/cm³."""

    name: str
    source_material: Material
    target_material: Material
    factor: float
    standard_error_mg_per_cm3: float
    kvp: float
    citation: str


_GOODSITT = (
    "Goodsitt MM 1992, Conversion relations for quantitative CT bone mineral densities measured with solid and liquid "
    "calibration standards, Bone Miner 19:145-158, abstract: BMD(K2HPO4)/BMD(HA) single energy, intercept about 0, "
    "standard error about 2 mg/ml; vertebral inserts, Image Analysis standards"
)


def _both_ways(name: str, ratio: float, kvp: float) -> tuple[Conversion, Conversion]:
    forth = Conversion(
        name=name,
        source_material=Material.HA,
        target_material=Material.K2HPO4,
        factor=ratio,
        standard_error_mg_per_cm3=2.0,
        kvp=kvp,
        citation=_GOODSITT,
    )
    back = Conversion(
        name=name,
        source_material=Material.K2HPO4,
        target_material=Material.HA,
        factor=1.0 / ratio,
        standard_error_mg_per_cm3=2.0 / ratio,
        kvp=kvp,
        citation=_GOODSITT,
    )
    return forth, back


_ALL = (*_both_ways("goodsitt-1992-80kvp", 0.86, 80.0), *_both_ways("goodsitt-1992-140kvp", 0.81, 140.0))

CONVERSIONS: Mapping[tuple[str, Material, Material], Conversion] = MappingProxyType(
    {(entry.name, entry.source_material, entry.target_material): entry for entry in _ALL}
)
"""Every conversion by name, material it starts from and material it leads to. None leads to or from Stratec."""


def convert(calibration: Calibration, material: Material, *, method: str, kvp: float | None) -> Calibration:
    """The same calibration on the scale of another material.

    Parameters
    ----------
    calibration
        A line from HU to density.
    material
        The scale wanted.
    method
        Name in `CONVERSIONS`.
    kvp
        Tube voltage of the scan; the ratio of the scales depends on it.

    Returns
    -------
    Calibration
        Scaled, with the method's standard error in the covariance, the method in `parameters` and the note
        `material-converted`.

    Raises
    ------
    CalibrationError
        `unknown-conversion`, or `calibration-other-kvp` unless the scan was made at the method's voltage; `no-hu`
        where the calibration is no line from HU.
    """
    conversion = CONVERSIONS.get((method, calibration.material, material))
    if conversion is None:
        known = ", ".join(sorted({f"{name} ({a} to {b})" for name, a, b in CONVERSIONS}))
        raise CalibrationError(
            f"no conversion {method[:40]!r} from {calibration.material} to {material}; known are {known}",
            code="unknown-conversion",
        )
    if calibration.slope is None or calibration.intercept is None:
        raise CalibrationError("this calibration is no line from HU to density; nothing to convert", code="no-hu")
    if kvp is None or abs(kvp - conversion.kvp) > KVP_TOLERANCE:
        found = "unknown" if kvp is None else f"{kvp:g} kVp"
        raise CalibrationError(
            f"{conversion.name} holds at {conversion.kvp:g} kVp, the scan's voltage is {found}; keep the scale of "
            f"{calibration.material}",
            code="calibration-other-kvp",
        )
    factor, variance = conversion.factor, conversion.standard_error_mg_per_cm3**2
    (ss, si), (_, ii) = calibration.covariance
    square = factor * factor
    return calibration.model_copy(
        update={
            "slope": calibration.slope * factor,
            "intercept": calibration.intercept * factor,
            "material": material,
            "covariance": ((ss * square, si * square), (si * square, ii * square + variance)),
            "parameters": {
                **calibration.parameters,
                "conversion": {
                    "method": conversion.name,
                    "from": str(calibration.material),
                    "factor": factor,
                    "standard_error_mg_per_cm3": conversion.standard_error_mg_per_cm3,
                    "source": conversion.citation,
                },
            },
            "notes": (
                *calibration.notes,
                note(
                    "material-converted",
                    f"densities were converted from mg {calibration.material}/cm3 to mg {material}/cm3 by "
                    f"{conversion.name} (factor {factor:.4g})",
                ),
            ),
        }
    )
