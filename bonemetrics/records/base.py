"""Records of every room: problems, provenance and measurements."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from bonemetrics.errors import NOTES, BonemetricsError, all_error_codes
from bonemetrics.quantities import CATALOGUE, Material

Side = Literal["left", "right"]
End = Literal["first", "last"]
"""Which end of the slice index: slice 0 (`first`) or the last slice (`last`)."""
MeasuredSide = Literal["left", "right", "mean"]
"""Side of a number; `mean` is the mean of left and right as a scanner prints it."""
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Record(BaseModel):
    """Base of all records."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Problem(Record):
    """A note that travels with a value, or the reason why there is none."""

    code: str
    severity: Literal["refusal", "note"]
    message: str
    slices: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _code_is_documented(self) -> Problem:
        known = NOTES if self.severity == "note" else all_error_codes()
        if self.code not in known:
            raise ValueError(f"{self.code!r} is not a documented {self.severity} code")
        return self


def note(code: str, message: str, *, slices: tuple[int, ...] = ()) -> Problem:
    """A note on a value; `code` is one of `errors.NOTES`."""
    return Problem(code=code, severity="note", message=message, slices=slices)


def refusal(error: BonemetricsError) -> Problem:
    """The reason why there is no number, from the error that says it."""
    return Problem(code=error.code, severity="refusal", message=error.message)


class Provenance(Record):
    """Where a number comes from. `parameters` holds everything that could change it, and its uncertainty's parts."""

    method: str
    parameters: dict[str, JsonValue] = {}
    software_version: str
    input_sha256: str = ""
    study_uid: str = ""
    series_uid: str = ""
    notes: tuple[Problem, ...] = ()


class UncertaintyBudget(Record):
    """Standard uncertainties of one value by cause, in the value's own unit."""

    calibration: Finite = Field(ge=0)
    noise: Finite = Field(ge=0)
    contour: Finite = Field(ge=0)

    @property
    def combined(self) -> float:
        """Root of the sum of squares."""
        return math.sqrt(self.calibration**2 + self.noise**2 + self.contour**2)


class Measurement(Record):
    """One number with its meaning: quantity, unit, material where it applies, place, uncertainty and origin."""

    quantity: str
    value: Finite
    standard_uncertainty: Finite | None = Field(default=None, ge=0)
    site: str = "radius"
    side: MeasuredSide | None = None
    region: str
    material: Material | None = None
    provenance: Provenance

    @property
    def unit(self) -> str:
        """UCUM unit from the catalogue."""
        return CATALOGUE[self.quantity].unit

    @model_validator(mode="after")
    def _is_whole(self) -> Measurement:
        if self.quantity not in CATALOGUE:
            raise ValueError(f"{self.quantity!r} is not in the catalogue of quantities")
        if CATALOGUE[self.quantity].needs_material != (self.material is not None):
            raise ValueError(f"{self.quantity} needs a material, and only densities have one")
        return self
