"""From values and their uncertainties to Measurements."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import Measurement, Provenance, Side, UncertaintyBudget

Key = tuple[str, str]
"""Quantity and region."""

PREFIX: Mapping[str, str] = {"total": "Tt", "trabecular": "Tb", "cortical": "Ct"}
"""How the quantities of each compartment begin."""


def is_density(quantity: str) -> bool:
    """Whether a quantity is a density, which calibration and image noise act on."""
    return CATALOGUE[quantity].needs_material


def measurement(
    key: Key,
    value: float,
    budget: UncertaintyBudget | None,
    *,
    material: Material,
    side: Side | None,
    base: Provenance,
    extra: Mapping[str, JsonValue],
) -> Measurement:
    """One value with its budget, whose parts are also given apart in its provenance.

    Parameters
    ----------
    key
        Quantity and region.
    budget
        None for a count, which has no uncertainty.
    base, extra
        Provenance that all values share, and parameters that belong to this one.
    """
    quantity, region = key
    own: dict[str, JsonValue] = dict(extra)
    if budget is not None:
        own["uncertainty"] = budget.model_dump()
    return Measurement(
        quantity=quantity,
        value=value,
        standard_uncertainty=None if budget is None else budget.combined,
        side=side,
        region=region,
        material=material if is_density(quantity) else None,
        provenance=base.model_copy(update={"parameters": {**base.parameters, **own}}),
    )
