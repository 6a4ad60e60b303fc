"""Scans of a bone of known shape, built when they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from bonemetrics.sample.imaging import SCANCO_XCT2, Imaging, Scanner, render, to_density, true_labels
from bonemetrics.sample.phantom import Placement, RadiusPhantom
from bonemetrics.sample.shapes import Bone, Outline, Shell
from bonemetrics.volume import CORTICAL, DensityVolume, LabelVolume
from napari_bonemetrics.layers import density_layer, labels_layer

_VOXEL_MM = 0.25
_SLICE_MM = 0.5
_SHAPE = (20, 84, 96)
_WAVES = ((2, 0.12, 0.4), (3, 0.05, 1.0))


def radius() -> list[tuple[Any, dict[str, Any], str]]:
    """A distal radius and its compartments."""
    density, labels = radius_volumes()
    return [density_layer(density).as_layer_data_tuple(), labels_layer(labels).as_layer_data_tuple()]


def radius_with_leak() -> list[tuple[Any, dict[str, Any], str]]:
    """The same with a leak of the cortex and a hole, to try the edit tools on."""
    density, labels = radius_volumes()
    spoilt = with_leak(labels)
    return [density_layer(density).as_layer_data_tuple(), labels_layer(spoilt).as_layer_data_tuple()]


def radius_volumes(seed: int = 5) -> tuple[DensityVolume, LabelVolume]:
    """Density and true compartments of a left radius, slices from proximal to distal."""
    bone = Bone(
        outline=Outline(radius_mm=8.0, waves=_WAVES),
        shell=Shell(mean_mm=0.9),
        cortical_mg_per_cm3=950.0,
        widening_per_mm=0.01,
    )
    phantom = RadiusPhantom(radius=bone)
    placement = Placement.hanging("left")
    geometry = placement.grid(_SHAPE, (_SLICE_MM, _VOXEL_MM, _VOXEL_MM), in_plane_deg=17.0)
    scanner = Scanner.from_constants(SCANCO_XCT2)
    imaging = Imaging.for_voxel(_VOXEL_MM, noise_sd_hu=40.0, seed=seed)
    density = to_density(render(phantom, geometry, placement, imaging=imaging, scanner=scanner), scanner)
    return density, true_labels(phantom, geometry, placement)


def with_leak(labels: LabelVolume) -> LabelVolume:
    """Labels with a cortex that runs out over ten slices, an island and a hole."""
    spoilt = labels.labels.copy()
    rows, columns = np.nonzero(spoilt[12] == CORTICAL)
    edge = int(columns.max())
    row = int(rows[columns.argmax()])
    spoilt[7:17, row - 4 : row + 5, edge - 1 : edge + 7] = CORTICAL
    spoilt[11:14, 4:8, 4:8] = CORTICAL
    middle = np.array(spoilt.shape) // 2
    spoilt[9:15, middle[1] - 3 : middle[1] + 3, middle[2] - 5 : middle[2] + 2] = 0
    return LabelVolume(labels=spoilt, geometry=labels.geometry)
