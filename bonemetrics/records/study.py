"""Records of a study: people, visits, and the parameters a protocol sets."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from bonemetrics.anatomy import VERTEBRAE
from bonemetrics.quantities import Material
from bonemetrics.records.base import Finite, Record, Side


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


class DxaParameters(Record):
    """How DXA reports are read and judged.

    `dates` is the order of day and month in the files of this study, where a date leaves it open. `postmenopausal` is
    what is known of all participants; it decides between T- and Z-score where age does not. A vertebra whose T-score is
    more than `vertebra_t_difference` from its neighbours' is not evaluable; `excluded_vertebrae` are those that a
    reader left out, by study ID. `code_names` says what codes of a scanner mean at this site, such as `SCAN_MODE 10`.
    """

    dates: Literal["dmy", "mdy", "ymd"] | None = None
    postmenopausal: bool | None = None
    vertebra_t_difference: Finite = Field(default=1.0, gt=0)
    excluded_vertebrae: dict[str, tuple[str, ...]] = {}
    code_names: dict[str, str] = {}

    @field_validator("excluded_vertebrae")
    @classmethod
    def _are_vertebrae(cls, excluded: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        unknown = sorted({level for levels in excluded.values() for level in levels} - set(VERTEBRAE))
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no vertebrae of a lumbar spine ({', '.join(VERTEBRAE)})")
        return excluded


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
