"""What can be chosen in the segmentation of the radius: the `[tissue]` table of a protocol."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from bonemetrics.errors import MaterialMismatchError
from bonemetrics.quantities import Material
from bonemetrics.records import Finite, Record

DENSITY_KEYS = ("threshold", "periosteal_threshold", "bone_threshold", "cortical_level")
"""Parameters in mg/cm³ of `material`; each is stated anew for a material other than HA."""
PLACING = ("threshold", "periosteal_threshold")
"""Thresholds that place the contours themselves as soon as one is changed, unless `placement` is stated as well."""


class TissueParameters(Record):
    """Thresholds in mg/cm³ of `material`, lengths in mm, so that they mean the same at every voxel size.

    Parameters
    ----------
    threshold
        Endosteal threshold T2, on which the inner contour lies with `placement = "threshold"`. The model does without
        it: density next to the cortex may lie near or above it.
    periosteal_threshold
        Periosteal threshold T1, on which the outer contour lies with `placement = "threshold"`. With either placement
        a place of the cortex that stays below half of it counts as a break.
    material
        The calibration material that the thresholds are stated in.
    bone
        `radius`: refused where the radius cannot be told from the ulna. `largest`: the bone of the largest
        cross-section, whatever else is in the scan.
    placement
        `model`: both contours lie where a model of the blurred cortex (outer tissue, cortex, trabecular bone) fits
        best, whatever the densities on both sides. `threshold`: where the averaged profile crosses the threshold.
    bone_threshold
        Density that tells bone from soft tissue when bones are looked for on the coarse copy.
    cortical_level
        Density of compact bone to be assumed where the whole cortex is too thin for the scan to show it.
    periosteal_closing_mm, endosteal_closing_mm
        Widths of gaps to be bridged in the outer edge and of what counts as a bridge or a pore at the inner one:
        15 and 10 voxels of 0.082 mm in the dual-threshold method.
    along_mm, across_slices_mm
        Standard deviation of the average that profiles undergo along the contour and across slices.
    outside_mm, inside_mm
        Reach of the density profiles outside and inside the periosteal contour.
    blur_sigma_mm
        Standard deviation of the scan's blur within the slice; estimated from the scan where not given.
    smallest_area_mm2, largest_area_mm2
        Mean cross-section that a radius may have.

    References
    ----------
    Buie HR et al. 2007, Bone 41:505, doi 10.1016/j.bone.2007.07.007: thresholds and kernels (in voxels of 0.082 mm).
    Treece GM et al. 2010, Med Image Anal 14:276, doi 10.1016/j.media.2010.01.003: model of the blurred cortex.
    """

    threshold: Finite = Field(default=320.0, gt=0)
    periosteal_threshold: Finite = Field(default=450.0, gt=0)
    material: Material = Material.HA
    bone: Literal["radius", "largest"] = "radius"
    placement: Literal["model", "threshold"] = "model"
    bone_threshold: Finite = Field(default=250.0, gt=0)
    cortical_level: Finite = Field(default=950.0, gt=0)
    periosteal_closing_mm: Finite = Field(default=1.2, gt=0)
    endosteal_closing_mm: Finite = Field(default=0.8, gt=0)
    along_mm: Finite = Field(default=0.4, gt=0)
    across_slices_mm: Finite = Field(default=0.4, gt=0)
    outside_mm: Finite = Field(default=2.0, ge=1.0)
    inside_mm: Finite = Field(default=5.0, ge=2.0)
    blur_sigma_mm: Finite | None = Field(default=None, gt=0)
    smallest_area_mm2: Finite = Field(default=50.0, gt=0)
    largest_area_mm2: Finite = Field(default=900.0, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _a_stated_threshold_places_the_contour(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "placement" in given or given.get("material", "HA") != Material.HA:
            return given
        changed = [key for key in PLACING if key in given and given[key] != cls.model_fields[key].default]
        return {**given, "placement": "threshold"} if changed else given

    @field_validator("material", mode="before")
    @classmethod
    def _known_material(cls, value: Any) -> Any:
        # TOML and the command line give text, which a strict record would not take for an enumeration.
        return Material(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _thresholds_fit_the_material(self) -> TissueParameters:
        missing = [key for key in DENSITY_KEYS if key not in self.model_fields_set]
        if self.material != Material.HA and missing:
            raise ValueError(f"for densities in {self.material} also give {', '.join(missing)}")
        if self.largest_area_mm2 <= self.smallest_area_mm2:
            raise ValueError("largest_area_mm2 must be above smallest_area_mm2")
        return self

    def require_material(self, material: Material) -> None:
        """Refuse a density on another scale than that of the thresholds.

        Raises
        ------
        MaterialMismatchError
            If `material` is not the one that the thresholds are stated in.
        """
        if material != self.material:
            raise MaterialMismatchError(
                f"the scan is in mg/cm³ of {material}, the thresholds are in mg/cm³ of {self.material}; "
                f"set tissue.material and, in that material, {', '.join(DENSITY_KEYS)}"
            )
