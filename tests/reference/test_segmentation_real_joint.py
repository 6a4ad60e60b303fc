"""A real HR-pQCT scan of a joint (not a radius): two bones side by side, cut by the edge of the field."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from bonemetrics.errors import SegmentationError
from bonemetrics.quantities import Material
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.radius import segment_radius
from bonemetrics.volume import DensityVolume, LabelVolume

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def joint(shared_data):
    image = nibabel.load(shared_data / "qct" / "joint" / "test_joint.nii.gz")
    hu = np.asarray(image.dataobj)
    geometry = LabelVolume.from_ras(np.zeros(hu.shape, dtype=np.uint8), image.affine).geometry
    # The scanner model's usual constants: mu_water 0.2409 /cm, slope 1603.519, intercept -391.209.
    density = 0.2409 * 1603.519 / 1000 * (hu.transpose(2, 1, 0) + 1000.0) - 391.209
    return DensityVolume(
        mg_per_cm3=np.ascontiguousarray(density, dtype=np.float32), material=Material.HA, geometry=geometry
    )


def test_segment_radius__refuses_two_bones_that_are_no_forearm(joint):
    with pytest.raises(SegmentationError) as caught:
        segment_radius(joint)
    assert caught.value.code == "radius-ambiguous"


def test_segment_radius__real_trabeculae_give_one_shell_and_the_truncation_is_noted(joint):
    found = segment_radius(joint, parameters=TissueParameters(bone="largest"))
    codes = {note.code for note in found.notes}
    assert {"bone-truncated", "radius-in-part-of-stack"} <= codes
    # Slices 100 to 125 show the smaller end of the bone whole: cortex and trabecular bone have the densities of bone.
    labels = found.labels.labels[100:125]
    values = joint.mg_per_cm3[100:125]
    assert 450 < values[labels == 2].mean() < 1000
    assert 100 < values[labels == 1].mean() < 400
    assert 300 < found.cortical_level < 1200
