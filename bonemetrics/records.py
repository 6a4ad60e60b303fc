"""What the rooms hand each other. Records are frozen and strict; they cross processes, files and the database."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from bonemetrics.errors import NOTES, BonemetricsError, all_error_codes
from bonemetrics.quantities import CATALOGUE, Material

Side = Literal["left", "right"]
End = Literal["first", "last"]
"""Which end of the slice index: slice 0 (`first`) or the last slice (`last`)."""
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
    side: Side | None = None
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


class ScannerConstants(Record):
    """What a CT file says of the scanner and its own calibration. Absent is `None`, never a default."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    software: str = ""
    kvp: Finite | None = None
    kernel: str = ""
    mu_scaling: Finite | None = None
    mu_water_per_cm: Finite | None = None
    density_slope: Finite | None = None
    density_intercept: Finite | None = None

    @property
    def has_density(self) -> bool:
        """Whether the file holds a full conversion from HU to density of its own."""
        return None not in (self.mu_scaling, self.mu_water_per_cm, self.density_slope, self.density_intercept)


class ScanHeader(Record):
    """Identity and circumstances of a series. The first three never leave the process that matches subjects."""

    patient_id: str = Field(default="", repr=False)
    patient_birth_date: str = Field(default="", repr=False)
    patient_sex: str = Field(default="", repr=False)
    study_uid: str
    series_uid: str
    modality: str = "CT"
    scan_date: date | None = None
    scan_time: datetime | None = None
    body_part: str = ""
    laterality: Side | None = None
    patient_position: str = ""
    transfer_syntax_uid: str = ""
    sha256: str = ""
    n_files: int = 1


class Rod(Record):
    """One rod of a phantom. Place in the phantom's own plane; `water` is Mindways' water value of the rod."""

    name: str
    density: Finite
    density_uncertainty: Finite | None = Field(default=None, ge=0)
    diameter_mm: Finite | None = Field(default=None, gt=0)
    x_mm: Finite | None = None
    y_mm: Finite | None = None
    water: Finite | None = None


class Phantom(Record):
    """A calibration phantom as its certificate or a cited source describes it."""

    name: str
    serial: str = ""
    material: Material
    rods: tuple[Rod, ...]
    formula: Literal["linear", "mindways"] = "linear"
    source: str = ""


class RodReading(Record):
    """One rod as found in a scan: its axis at the middle slice, its HU and how well they are known."""

    centre_lps_mm: tuple[float, float, float]
    axis_lps: tuple[float, float, float]
    diameter_mm: Finite = Field(gt=0)
    mean_hu: Finite
    sd_hu: Finite = Field(ge=0)
    standard_error_hu: Finite = Field(ge=0)
    n_voxels: int = Field(gt=0)
    n_slices: int = Field(gt=0)


class Calibration(Record):
    """Density = slope × HU + intercept in mg/cm³ of `material`; `None` for both where a file holds no HU.

    `covariance` is that of (slope, intercept).
    """

    method: Literal["scanner", "phantom", "given", "asynchronous"]
    slope: Finite | None
    intercept: Finite | None
    material: Material
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))
    r2: Finite | None = None
    parameters: dict[str, JsonValue] = {}
    notes: tuple[Problem, ...] = ()

    @field_validator("slope")
    @classmethod
    def _rises(cls, slope: float | None) -> float | None:
        if slope is not None and slope <= 0:
            raise ValueError("a density that falls with HU is no calibration")
        return slope

    def uncertainty_at(self, density_mg_per_cm3: float) -> float:
        """Standard uncertainty in mg/cm³ that the calibration gives to a mean density."""
        if self.slope is None or self.intercept is None:
            return 0.0
        hu = (density_mg_per_cm3 - self.intercept) / self.slope
        (ss, si), (_, ii) = self.covariance
        return math.sqrt(max(hu * hu * ss + 2 * hu * si + ii, 0.0))


class QualityCard(Record):
    """Automatic findings of one segmentation, for the reviewer, with the figures behind them."""

    findings: tuple[Problem, ...] = ()
    figures: dict[str, JsonValue] = {}


class Subject(Record):
    """A participant by study ID; `patient_ids` are matched and never written to a table."""

    subject: str
    cohort: str = ""
    day1: date | None = None
    patient_ids: tuple[str, ...] = Field(default=(), repr=False)
    forearm_length_mm: Finite | None = Field(default=None, gt=0)


class CalibrationEntry(Record):
    """An asynchronous calibration of one scanner, kept in the protocol: mg/cm³ = slope × HU + intercept.

    It holds from `date` for `valid_days` before and after; `covariance` is that of (slope, intercept).
    """

    scanner: str = Field(min_length=1)
    date: date
    slope: Finite = Field(gt=0)
    intercept: Finite
    material: Material
    covariance: tuple[tuple[Finite, Finite], tuple[Finite, Finite]] | None = None
    valid_days: int = Field(ge=0)
    kvp: Finite | None = Field(default=None, gt=0)


class ReadOptions(Record):
    """Named exceptions to the rules of reading; each that acts leaves a note.

    `deshear` moves tilted or sheared slices into line by resampling within the slices; `allow_lossy` reads pixels
    that went through lossy compression.
    """

    deshear: bool = False
    allow_lossy: bool = False


class DensityParameters(Record):
    """How densities are measured: `extrapolated` frees them from blur at the edges, `plain` is the mere mean."""

    edge: Literal["extrapolated", "plain"] = "extrapolated"


class RegionRule(Record):
    """Which slices of a radius are measured; everything counts from the distal end.

    `slices` takes first to last, both included, 0 the most distal slice. `offset-mm` and `percent` (of the forearm's
    length) begin at the `reference` plane: the distal end of the scan, or of the bone where the scan shows it.
    `distal` and `side` are what the study knows of all its scans where their tags do not say it: towards which end of
    the patient's axis the hand lies (`head` for an arm above the head), and which arm was scanned.
    """

    rule: Literal["whole", "slices", "offset-mm", "percent"] = "whole"
    first: int | None = Field(default=None, ge=0)
    last: int | None = Field(default=None, ge=0)
    offset_mm: Finite | None = Field(default=None, ge=0)
    length_mm: Finite | None = Field(default=None, gt=0)
    percent: Finite | None = Field(default=None, gt=0, lt=100)
    reference: Literal["scan-end", "bone-end"] = "scan-end"
    distal: Literal["head", "feet"] | None = None
    side: Side | None = None

    @model_validator(mode="after")
    def _has_what_its_rule_needs(self) -> RegionRule:
        needs = {
            "whole": (),
            "slices": ("first", "last"),
            "offset-mm": ("offset_mm", "length_mm"),
            "percent": ("percent", "length_mm"),
        }[self.rule]
        for name in ("first", "last", "offset_mm", "length_mm", "percent"):
            if (getattr(self, name) is not None) != (name in needs):
                verb = "needs" if name in needs else "does not use"
                raise ValueError(f"rule {self.rule!r} {verb} {name!r}")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(f"'last' ({self.last}) comes before 'first' ({self.first})")
        return self


class Visit(Record):
    """A visit of the protocol, or a numbered one where there is no protocol."""

    name: str
    number: float | None = None


class GridFacts(Record):
    """The grid of a scan as tables and JSON show it; `affine_lps` is 4×4, (slice, row, column) to LPS mm."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    affine_lps: tuple[tuple[float, float, float, float], ...]
    frame_of_reference_uid: str = ""


class ScanFacts(Record):
    """What a study keeps of one series beside its numbers. `header` holds the identity and is never exported."""

    header: ScanHeader
    constants: ScannerConstants
    grid: GridFacts
    side: Side | None = None
    side_source: str = ""
    distal_end: End | None = None
    distal_source: str = ""


class ScanResult(Record):
    """All that one scan gave: numbers with notes, or a refusal and no number.

    `files` are names inside the folder the scan was measured into (`labels-0001.nii.gz`, `qc.png`,
    `provenance.json`, `density-preview.nii.gz`).
    """

    kind: str
    facts: ScanFacts | None = None
    calibration: Calibration | None = None
    measurements: tuple[Measurement, ...] = ()
    card: QualityCard = QualityCard()
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def refusal(self) -> Problem | None:
        """The reason why there is no number, or `None`."""
        return next((problem for problem in self.problems if problem.severity == "refusal"), None)

    @model_validator(mode="after")
    def _refused_or_measured(self) -> ScanResult:
        if self.refusal is not None and self.measurements:
            raise ValueError("a refused scan has no measurements")
        return self
