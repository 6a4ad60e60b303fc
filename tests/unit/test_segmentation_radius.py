from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.errors import MaterialMismatchError, SegmentationError
from bonemetrics.quantities import Material
from bonemetrics.segmentation.radius import segment_radius
from bonemetrics.volume import DensityVolume


def test_segment_radius__refuses_densities_of_another_material(grid):
    geometry = grid(shape=(4, 20, 30))
    density = DensityVolume(
        mg_per_cm3=np.zeros(geometry.shape, dtype=np.float32), material=Material.K2HPO4, geometry=geometry
    )
    with pytest.raises(MaterialMismatchError, match="K2HPO4"):
        segment_radius(density)


def test_segment_radius__refuses_a_scan_without_bone(grid):
    geometry = grid(shape=(4, 20, 30))
    density = DensityVolume(
        mg_per_cm3=np.full(geometry.shape, 50, dtype=np.float32), material=Material.HA, geometry=geometry
    )
    with pytest.raises(SegmentationError) as caught:
        segment_radius(density)
    assert caught.value.code == "no-bone"
