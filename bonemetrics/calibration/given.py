"""Calibration by a slope and intercept that the user states, and the text in which it is stated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bonemetrics.errors import CalibrationError, UsageError
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, Problem, note

WATER_LIMIT_MG_PER_CM3 = 100.0
"""Beyond this a stated calibration puts water where no HA, K2HPO4 or Stratec scale has it; it is noted."""

_ALIASES = {"cha": Material.HA, **{str(material).lower(): material for material in Material}}
_KEYS = ("slope", "intercept", "material")
_FORMS = "scanner, phantom, phantom=NAME or slope=S,intercept=I,material=HA|K2HPO4|Stratec"

Covariance = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationChoice:
    """What the user asked for: which way to calibrate, and the phantom's name or the given calibration with it."""

    kind: Literal["scanner", "phantom", "given"]
    phantom: str | None = None
    given: Calibration | None = None


def material_named(text: str) -> Material:
    """The material of a name in any case; CHA (calcium hydroxyapatite) is HA.

    Raises
    ------
    CalibrationError
        `invalid-calibration` for any other name.
    """
    found = _ALIASES.get(text.strip().lower())
    if found is None:
        raise CalibrationError(
            f"unknown material {text.strip()[:40]!r}; known are HA (or CHA), K2HPO4 and Stratec",
            code="invalid-calibration",
        )
    return found


def from_values(
    slope: float,
    intercept: float,
    material: Material | str,
    *,
    covariance: Sequence[Sequence[float]] | None = None,
    source: str = "given by the user",
) -> Calibration:
    """Density = slope × HU + intercept as stated.

    Parameters
    ----------
    slope, intercept
        In mg/cm³ per HU and mg/cm³ of `material`.
    material
        The scale's calibration material.
    covariance
        2×2 of (slope, intercept); left out: zero, and noted.
    source
        Where the values come from, for provenance.

    Raises
    ------
    CalibrationError
        `invalid-calibration` for values that cannot be a calibration.
    """
    if not (math.isfinite(slope) and math.isfinite(intercept) and slope > 0):
        raise CalibrationError(
            f"slope {slope:g} and intercept {intercept:g}: both must be finite and the slope above 0",
            code="invalid-calibration",
        )
    scale = material if isinstance(material, Material) else material_named(material)
    return Calibration(
        method="given",
        slope=float(slope),
        intercept=float(intercept),
        material=scale,
        covariance=checked_covariance(covariance),
        parameters={"source": source},
        notes=(*implausibility(slope, intercept, scale), *unknown_uncertainty(covariance)),
    )


def checked_covariance(covariance: Sequence[Sequence[float]] | None) -> Covariance:
    """The 2×2 covariance of (slope, intercept), or zeros for `None`.

    Raises
    ------
    CalibrationError
        `invalid-calibration` unless it is 2×2, finite, symmetric and without a negative variance.
    """
    if covariance is None:
        return ((0.0, 0.0), (0.0, 0.0))
    rows = [[float(value) for value in row] for row in covariance]
    if [len(row) for row in rows] != [2, 2] or not all(math.isfinite(value) for row in rows for value in row):
        raise CalibrationError(
            "the covariance of (slope, intercept) must be two rows of two finite numbers", code="invalid-calibration"
        )
    (ss, si), (is_, ii) = rows
    # The rounding of printed certificates must not make a singular matrix a refused one.
    if not math.isclose(si, is_, rel_tol=1e-6) or ss < 0 or ii < 0 or si * si > ss * ii * 1.01:
        raise CalibrationError(
            "the covariance of (slope, intercept) must be symmetric with no negative variance; "
            "check the order of its four numbers",
            code="invalid-calibration",
        )
    return ((ss, si), (si, ii))


def unknown_uncertainty(covariance: Sequence[Sequence[float]] | None) -> tuple[Problem, ...]:
    """The note that a calibration came without a covariance, where it did."""
    if covariance is not None:
        return ()
    return (
        note(
            "calibration-uncertainty-unknown",
            "slope and intercept were given without a covariance; the stated uncertainties leave calibration out",
        ),
    )


def implausibility(slope: float, intercept: float, material: Material) -> tuple[Problem, ...]:
    """The note that a stated calibration leaves HU as they are or puts water where no scale has it."""
    if slope == 1.0 and intercept == 0.0:
        text = f"slope 1 and intercept 0 call HU mg {material}/cm3; state the phantom's own slope and intercept"
    elif abs(intercept) > WATER_LIMIT_MG_PER_CM3:
        text = (
            f"water (0 HU) lands at {intercept:.4g} mg {material}/cm3 (expected within {WATER_LIMIT_MG_PER_CM3:g} "
            "of 0); check that slope and intercept map HU, not stored values or mu"
        )
    else:
        return ()
    return (note("calibration-implausible", text),)


def parse_calibration_option(text: str) -> CalibrationChoice:
    """Understand `scanner`, `phantom`, `phantom=NAME` or `slope=S,intercept=I,material=HA`.

    Raises
    ------
    UsageError
        With the part that was not understood and the forms that are.
    """
    text = text.strip()
    head, equals, rest = text.partition("=")
    if head == "phantom" and (not equals or rest.strip()):
        return CalibrationChoice(kind="phantom", phantom=rest.strip() or None)
    if text == "scanner":
        return CalibrationChoice(kind="scanner")
    return CalibrationChoice(kind="given", given=_parse_given(text))


def _parse_given(text: str) -> Calibration:
    pairs = [part.partition("=") for part in text.split(",")]
    values = {key.strip(): value.strip() for key, equals, value in pairs if equals}
    unknown = [key.strip() for key, equals, _ in pairs if not equals or key.strip() not in _KEYS]
    if unknown:
        raise UsageError(f"calibration option {unknown[0][:40]!r} not understood; write {_FORMS}")
    if len(pairs) > len(values):
        raise UsageError(f"the calibration option names a part twice; write {_FORMS}")
    missing = [key for key in _KEYS if not values.get(key)]
    if missing:
        raise UsageError(f"the calibration option lacks {', '.join(missing)}; write slope=S,intercept=I,material=HA")
    numbers: dict[str, float] = {}
    for key in ("slope", "intercept"):
        try:
            numbers[key] = float(values[key])
        except ValueError:
            raise UsageError(f"calibration {key}={values[key][:40]!r} is no number; write it as 0.75") from None
    try:
        return from_values(numbers["slope"], numbers["intercept"], values["material"], source="--calibration")
    except CalibrationError as error:
        raise UsageError(f"calibration option: {error.message}") from error
