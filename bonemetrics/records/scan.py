"""Records of one CT scan: header, constants, phantom, calibration and result."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from bonemetrics.quantities import Material
from bonemetrics.records.base import End, Finite, Measurement, Problem, Record, Side
from bonemetrics.records.dxa import DxaReport


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
    """Identity and circumstances of a series. The first three never leave the process that matches subjects.

    `may_enrol` is false where the identity was read off a picture: it may find a known person, never make a new one.
    """

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
    may_enrol: bool = True


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
    """All that one scan or report gave: numbers with notes, or a refusal and no number.

    `files` are names inside the folder the scan was measured into (`labels-0001.nii.gz`, `qc.png`,
    `provenance.json`, `density-preview.nii.gz`).
    """

    kind: str
    facts: ScanFacts | None = None
    calibration: Calibration | None = None
    measurements: tuple[Measurement, ...] = ()
    report: DxaReport | None = None
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
