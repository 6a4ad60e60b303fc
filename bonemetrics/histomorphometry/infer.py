"""Which factor from section to space a laboratory used, told from its own numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.algebra import Known, independent, solve
from bonemetrics.histomorphometry.factors import CONVENTIONS, Convention
from bonemetrics.records import SectionFactors

_PLAUSIBLE = (0.5, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What one index implies: the factor with the bounds that rounding leaves, and the conventions that fit.

    `factor` is `k_s` (perimeter to surface) or `k_w` (width to thickness).
    """

    code: str
    factor: str
    value: float
    low: float
    high: float
    fitting: tuple[Convention, ...]

    @property
    def is_plausible(self) -> bool:
        """Whether the value may be a factor at all; what is far from 1 has another cause."""
        return _PLAUSIBLE[0] <= self.value <= _PLAUSIBLE[1]

    def factor_of(self, factors: SectionFactors) -> float:
        """The same factor as a laboratory states it."""
        if self.factor == formulas.SURFACE_FACTOR:
            return factors.perimeter_to_surface
        return factors.width_to_thickness

    @property
    def message(self) -> str:
        """For a person."""
        name = "perimeter to surface" if self.factor == formulas.SURFACE_FACTOR else "width to thickness"
        inverse = "" if self.factor == formulas.SURFACE_FACTOR else f" (1/{1 / self.value:.4g})"
        fits = f"that is the {self.fitting[0]} convention" if len(self.fitting) == 1 else "no one convention fits"
        return f"{self.code} implies a factor of {self.value:.4g}{inverse} from {name}; {fits}"


def infer_factors(primaries: Mapping[str, Known], indices: Mapping[str, Known]) -> tuple[Inference, ...]:
    """Compare indices that a laboratory computed with the measurements they were computed from.

    Parameters
    ----------
    primaries
        2D measurements by code.
    indices
        Indices by code, as the laboratory has them.

    Returns
    -------
    tuple of Inference
        One for every index that depends on exactly one factor, once, and whose measurements are there. Where rounding
        allows both conventions, both are `fitting`: nothing is decided.
    """
    plain = solve(primaries, CONVENTIONS["isotropic"]).values
    found: list[Inference] = []
    for code, known in indices.items():
        factor, power = factor_in(code)
        if not factor or not plain.get(code, 0.0) > 0 or not known.value > known.half_unit:
            continue
        isotropic = _value(factor, "isotropic")
        bounds = sorted(
            isotropic * (value / plain[code]) ** (1 / power)
            for value in (known.value - known.half_unit, known.value + known.half_unit)
        )
        spread = min(_spread(code, primaries, plain[code]) / abs(power), 0.99)
        low, high = bounds[0] * (1 - spread) * (1 - 1e-9), bounds[1] / (1 - spread) * (1 + 1e-9)
        fitting = tuple(name for name in CONVENTIONS if low <= _value(factor, name) <= high)
        middle = isotropic * (known.value / plain[code]) ** (1 / power)
        found.append(Inference(code=code, factor=factor, value=middle, low=low, high=high, fitting=fitting))
    return tuple(found)


def factor_in(code: str) -> tuple[str, int]:
    """The one factor from section to space that an index depends on, and its power; empty for none or both.

    Parameters
    ----------
    code
        Of an index.
    """
    _, powers = formulas.expanded(code)
    factors = [(name, power) for name, power in powers if name in formulas.FACTORS]
    return factors[0] if len(factors) == 1 else ("", 0)


def _value(factor: str, name: Convention) -> float:
    convention = CONVENTIONS[name]
    if factor == formulas.SURFACE_FACTOR:
        return convention.perimeter_to_surface
    return convention.width_to_thickness


def _spread(code: str, primaries: Mapping[str, Known], middle: float) -> float:
    """Relative room that the rounding of the measurements leaves."""
    free = independent(primaries, CONVENTIONS["isotropic"])
    moved = 0.0
    for name, known in free.items():
        if known.value > known.half_unit > 0:
            ends = (
                solve({**free, name: Known(known.value + way * known.half_unit)}, CONVENTIONS["isotropic"]).values
                for way in (-1, 1)
            )
            moved += max(abs(one.get(code, middle) / middle - 1) for one in ends)
    return moved
