"""Real DICOM files: images of a densitometer against pydicom, and structured reports of other kinds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut, pixel_array

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_facts import region_of_image
from bonemetrics.readers.dxa.dicom_parts import parts_of
from bonemetrics.readers.dxa.dicom_picture import grey_pictures
from bonemetrics.readers.dxa.dicom_sr import read
from bonemetrics.readers.dxa.source import Source


@pytest.fixture
def images(shared_data: Path) -> list[Path]:
    found = sorted((shared_data / "dxa" / "ge_images").glob("*.dcm"))
    if not found:
        pytest.skip("no images of a GE densitometer")
    return found


@pytest.mark.shared_data
def test_parts_of__agrees_with_pydicom_on_real_images(images):
    for path in images:
        facts, other = parts_of(path.read_bytes()).facts, pydicom.dcmread(path)
        assert facts.device.serial == other.DeviceSerialNumber
        assert facts.device.software == other.SoftwareVersions
        assert facts.patient.sex == other.PatientSex
        assert facts.patient.age_years == int(other.PatientAge[:3])
        assert facts.patient.height_cm == pytest.approx(100 * float(other.PatientSize), abs=1e-9)
        assert facts.patient.weight_kg == float(other.PatientWeight)
        assert facts.scan_date == datetime.strptime(other.AcquisitionDate, "%Y%m%d").date()
        assert (facts.study_uid, facts.instance_uid) == (other.StudyInstanceUID, other.SOPInstanceUID)
        assert region_of_image(facts) == other.ProtocolName


@pytest.mark.shared_data
def test_parts_of__says_that_real_images_hold_no_results(images):
    for path in images:
        assert [payload.route for payload in parts_of(path.read_bytes()).payloads] == ["page-image"]


@pytest.mark.shared_data
def test_grey_pictures__agree_with_pydicom_on_real_images(images):
    for path in images:
        data = path.read_bytes()
        (page,) = grey_pictures(parts_of(data), data)
        assert np.array_equal(page, pydicom.dcmread(path).pixel_array)


@pytest.mark.parametrize("name", ["test-SR.dcm", "reportsi.dcm"])
def test_read__finds_no_densities_in_structured_reports_of_other_kinds(name):
    # Both come with pydicom.
    path = get_testdata_file(name, download=False)
    assert path is not None
    with pytest.raises(ReadError) as caught:
        read(Source(data=Path(path).read_bytes()))
    assert caught.value.code == "no-dxa-results"


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_rle.dcm",
        "SC_rgb_rle_2frame.dcm",
        "SC_rgb_small_odd.dcm",
        "examples_palette.dcm",
        "SC_ybr_full_422_uncompressed.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",
    ],
)
def test_grey_pictures__agree_with_pydicom_on_colour(name):
    path = get_testdata_file(name, download=False)
    assert path is not None
    data = Path(path).read_bytes()
    page = grey_pictures(parts_of(data), data)[0]
    rgb = pixel_array(path, index=0, raw="palette" in name)
    rgb = apply_color_lut(rgb, pydicom.dcmread(path)) if "palette" in name else rgb
    values = rgb.astype(float) / (257.0 if rgb.dtype == np.uint16 else 1.0)
    # Luminance of BT.601; one step for rounding, and one for YBR to RGB and back.
    assert np.abs(values @ [0.299, 0.587, 0.114] - page).max() <= 2
