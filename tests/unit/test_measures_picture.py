from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from bonemetrics.errors import EmptyRegionError
from bonemetrics.measures.picture import contact_sheet
from bonemetrics.measures.scenes import scene_of
from bonemetrics.quantities import Material
from bonemetrics.records import Measurement, Provenance, ScanResult, note
from bonemetrics.volume import CORTICAL, TRABECULAR, DensityVolume, LabelVolume


@pytest.fixture
def tube(grid):
    """A square tube in 7 slices of 40 × 50 pixels: cortex 900 two pixels thick around 150 mg/cm³."""
    geometry = grid(shape=(7, 40, 50), spacing_mm=(1.0, 0.5, 0.4))
    labels = np.zeros(geometry.shape, np.uint8)
    labels[1:6, 8:32, 10:40] = CORTICAL
    labels[1:6, 10:30, 12:38] = TRABECULAR
    density = np.choose(labels, [-60.0, 150.0, 900.0]).astype(np.float32)
    volume = DensityVolume(mg_per_cm3=density, material=Material.HA, geometry=geometry)
    return volume, LabelVolume(labels=labels, geometry=geometry)


def _result(**changes):
    origin = Provenance(method="x", software_version="0")
    density = Measurement(
        quantity="Tb.vBMD",
        value=150.0,
        standard_uncertainty=1.5,
        region="trabecular",
        material=Material.HA,
        provenance=origin,
    )
    return ScanResult(kind="ct-series", measurements=(density,), **changes)


def test_contact_sheet__is_a_png_of_fixed_width_and_the_same_bytes_each_time(tube):
    first = contact_sheet(*tube, result=_result())
    assert first[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", first[16:20]) == (1500,)
    assert len(first) < 500_000
    assert contact_sheet(*tube, result=_result()) == first


def test_contact_sheet__shows_both_contours_and_the_notes(tube):
    from PIL import Image

    def colours(**changes):
        picture = np.asarray(Image.open(io.BytesIO(contact_sheet(*tube, result=_result(**changes)))).convert("RGB"))
        return picture.astype(int)

    plain = colours()
    red, green, blue = (plain[:300, :1000, channel] for channel in range(3))
    assert ((red > 200) & (green > 100) & (green < 190) & (blue < 80)).sum() > 50, "no orange outer contour"
    assert ((red < 110) & (green > 150) & (blue > 200)).sum() > 50, "no blue inner contour"
    noted = colours(problems=(note("partial-volume", "the cortex is thin"),))
    assert (plain[:, 1150:] != noted[:, 1150:]).any()


def test_scene__areas_means_and_places_worked_by_hand(tube):
    scene = scene_of(*tube, None)
    assert scene.first_slice == 1
    assert scene.spread(10) == [0, 1, 2, 3, 4]
    # 24 × 30 pixels of 0.5 × 0.4 mm inside the outer contour.
    assert scene.total_area_mm2 == pytest.approx([144.0] * 5, rel=1e-6)
    assert scene.region_mean == pytest.approx([150.0] * 5)
    # 1.5 mm of margin: 3 rows and 4 columns on each side.
    assert scene.density.shape == (5, 30, 38)
    assert scene.plane_extent_mm == pytest.approx((0.0, 15.2, 15.0, 0.0))
    # The grid's columns run mostly to the left, its rows mostly to the back of the patient.
    assert scene.letters == ("L", "P")


def test_scene__refuses_labels_without_a_voxel(tube):
    volume, labels = tube
    empty = LabelVolume(labels=np.zeros_like(labels.labels), geometry=labels.geometry)
    with pytest.raises(EmptyRegionError, match="no labelled voxel"):
        scene_of(volume, empty, None)


def test_scene__labels_of_another_number_are_followed_as_labelled(tube):
    volume, labels = tube
    other = LabelVolume(labels=np.where(labels.labels == TRABECULAR, 7, 0).astype(np.uint8), geometry=labels.geometry)
    scene = scene_of(volume, other, None)
    assert scene.region_name == "labelled"
    assert scene.region_mean == pytest.approx([150.0] * 5)
