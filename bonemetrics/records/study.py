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


class HistomorphometryParameters(Record):
    """How biopsies are judged and their indices computed.

    `factor` is the laboratory's convention from sections to space where the entry does not state its own; with `stated`
    the two factors are given. `osteoid_perimeter` tells whether O.Pm is one side of a seam or its outline. With
    `single_label` = `floor`, MAR of biopsies with single labels only is set to `mar_floor_um_per_d` and flagged, with
    `censored` it is known only to lie below; `floor_observed` lifts smaller observed rates to the floor too.
    `labelling_confirmed` is what is known of all participants. `double_entry` says what stands where two entries of a
    biopsy differ by more than the fraction `entry_tolerance`. `reader_cv_percent` is by code of a primary measurement;
    `limits` are soft ranges by code in place of the built-in.
    """

    factor: Literal["isotropic", "iliac", "stated"] | None = None
    width_to_thickness: Finite | None = Field(default=None, gt=0)
    perimeter_to_surface: Finite | None = Field(default=None, gt=0)
    osteoid_perimeter: Literal["one-sided", "outline"] | None = None
    single_label: Literal["missing", "floor", "censored"] = "missing"
    mar_floor_um_per_d: Finite = Field(default=0.3, gt=0)
    floor_observed: bool = False
    labelling_confirmed: bool | None = None
    minimum_tissue_area_mm2: Finite = Field(default=30.0, ge=0)
    double_entry: Literal["refuse", "mean", "first"] = "refuse"
    entry_tolerance: Finite = Field(default=0.0, ge=0, lt=1)
    reader_cv_percent: dict[str, Finite] = {}
    limits: dict[str, tuple[Finite, Finite]] = {}

    @model_validator(mode="after")
    def _factors_are_stated(self) -> HistomorphometryParameters:
        given = (self.width_to_thickness is not None, self.perimeter_to_surface is not None)
        if given != ((self.factor == "stated"),) * 2:
            raise ValueError("'factor' = 'stated', 'width_to_thickness' and 'perimeter_to_surface' go together")
        return self


class ClinicalParameters(Record):
    """How questionnaires are scored: how many of the ten Oswestry sections may be missing."""

    oswestry_most_missing: int = Field(default=1, ge=0, le=9)


class AnalysisParameters(Record):
    """Which records count, and what the report shows.

    `choose` picks one of several records of a visit: the `nearest` to the target day (the earlier of two as near), the
    `first`, the `last`, their `mean`, or the one that its source has `flagged` (ANL01FL). `baseline` is the record of
    the baseline visit, the last one on or before day 1, or the one that its source has `flagged` (ABLFL).
    `reviewed_only` counts only scans whose verdict is one of `accepted`; a number that carries a note of
    `exclude_notes` is not analysed. `responder_percent` is a second limit of a response beside the least significant
    change. `relations` are pairs of PARAMCDs whose relation is looked at.
    """

    choose: Literal["nearest", "first", "last", "mean", "flagged"] = "nearest"
    baseline: Literal["baseline-visit", "last-before", "flagged"] = "baseline-visit"
    reviewed_only: bool = False
    accepted: tuple[str, ...] = ("accept", "accepted", "accept-with-edit")
    exclude_notes: tuple[str, ...] = ()
    responder_percent: Finite | None = Field(default=None, gt=0)
    relations: tuple[tuple[str, str], ...] = ()


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
