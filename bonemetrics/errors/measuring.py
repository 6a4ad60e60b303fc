"""Refusals where numbers are made: geometry, calibration, segmentation, DXA, biopsies and statistics."""

from __future__ import annotations

from bonemetrics.errors.base import BonemetricsError


class GeometryMismatchError(BonemetricsError):
    """Two volumes do not share one grid."""

    codes = {"geometry-mismatch": "two volumes do not lie on the same voxel grid"}


class EmptyRegionError(BonemetricsError):
    """A region holds no voxel, so it has no mean."""

    codes = {"empty-region": "the region to be measured holds no voxel"}


class MaterialMismatchError(BonemetricsError):
    """Densities of different calibration materials met."""

    codes = {"material-mismatch": "a threshold or value is stated for another calibration material"}


class CalibrationError(BonemetricsError):
    """HU cannot be turned into density."""

    codes = {
        "no-calibration": "neither scanner constants, nor a phantom, nor a valid calibration entry",
        "no-hu": "the file holds densities and no HU, so there is nothing to calibrate",
        "default-constants": "the scanner constants are the stand-ins that programs write where a file has none",
        "hu-constants": "the density slope and intercept are those of HU",
        "implausible-constants": "the scanner constants put water or the slope where no scanner puts it",
        "invalid-calibration": "slope, intercept, covariance or material cannot be those of a calibration",
        "calibration-other-scanner": "the calibration entries are for another scanner, or the scan names none",
        "calibration-expired": "no calibration entry is valid on the day of the scan",
        "calibration-other-kvp": "the calibration entry or conversion was made at another tube voltage",
        "unknown-phantom": "no phantom of this name in the protocol or the catalogue",
        "phantom-not-found": "no rods were found in the scan",
        "phantom-truncated": "a rod of the phantom lies partly outside the field of view",
        "rod-missing": "fewer rods were found than the phantom has",
        "phantom-fit-poor": "the rods' HU do not follow their densities",
        "phantom-ambiguous": "several phantoms, or several assignments of the rods, fit equally well",
        "phantom-incomplete": "the phantom's description lacks what its formula needs",
        "phantom-arrangement": "the rods do not lie, or are not as thick, as the phantom has them",
        "unknown-conversion": "no conversion of this name between these two materials",
    }


class SegmentationError(BonemetricsError):
    """The radius or its compartments cannot be found."""

    codes = {
        "no-bone": "nothing in the scan looks like a radius",
        "radius-ambiguous": "two bones are so alike in size that the radius cannot be told from the ulna",
        "distal-end-unknown": "the region counts from the distal end, and nothing tells which end that is",
        "forearm-length-unknown": "the region is a per cent of the forearm's length, which is not given",
        "bone-end-not-seen": "the region counts from the distal end of the radius, which lies outside the scan",
        "region-outside-scan": "slices of the region lie outside the scan or do not show the radius",
        "unknown-label": "an edited segmentation holds labels other than 1 (trabecular) and 2 (cortical)",
    }


class DxaError(BonemetricsError):
    """A rule of densitometry forbids what was asked for."""

    codes = {
        "unknown-reference": "no reference population of this name, or none for this region, sex and age",
        "constant-not-given": "the rule needs a constant that no verified source gives; state it",
        "too-few-degrees-of-freedom": "a precision study with fewer than 30 degrees of freedom",
        "single-vertebra": "one vertebra alone serves neither diagnosis nor monitoring",
        "invalid-series": "a series of phantom or repeat measurements that cannot be used",
    }


class AlgebraError(BonemetricsError):
    """What was asked of the algebra of histomorphometry has no answer."""

    codes = {
        "contradiction": "the given values contradict each other beyond their rounding",
        "underdetermined": "the given values do not suffice",
        "unknown-index": "no measurement or index of this name",
        "invalid-labels-dates": "label courses that overlap, run backwards or end after the biopsy",
        "not-solvable": "the numbers of a biopsy are such that nothing can be computed from them",
        "invalid-number": "a value or half unit that is no number, or a half unit below zero",
        "factor-invalid": "section factors that are missing, not above zero, or beside a convention's own",
    }


class AnalysisError(BonemetricsError):
    """A statistic that the data do not allow."""

    codes = {
        "too-few-subjects": "fewer people or visits than the method needs",
        "not-estimable": "the model could not be fitted to these data",
    }
