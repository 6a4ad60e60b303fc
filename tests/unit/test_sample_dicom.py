"""Series that the sample writes, read back by plain pydicom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pydicom
import pytest

from bonemetrics.records import ScannerConstants
from bonemetrics.sample.dicom import SCANCO_CREATOR, CtHeader, StoredPixels, write_series, write_stored
from bonemetrics.sample.imaging import SCANCO_XCT2
from bonemetrics.volume import CtVolume, Geometry

CLINICAL = ScannerConstants(manufacturer="ACME", model="CT 64", serial="77", software="v1", kvp=120.0, kernel="B60")
HEADER = CtHeader(patient_id="X-7", scanned=datetime(2016, 5, 4, 11, 2, 9), laterality="right", key="a")


@pytest.fixture
def volume(grid):
    rng = np.random.default_rng(0)
    hu = rng.normal(300.0, 700.0, (4, 5, 6)).clip(-1020.0, 3000.0).astype(np.float32)
    return CtVolume(hu=hu, geometry=grid())


def read(paths):
    return [pydicom.dcmread(path) for path in paths]


def values(dataset):
    raw = dataset.pixel_array.astype(np.float64)
    return raw * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)


def test_write_series__plain_ct_holds_whole_hu_and_the_geometry(tmp_path, volume):
    slices = read(write_series(tmp_path, volume, HEADER, constants=CLINICAL))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["IM0001", "IM0002", "IM0003", "IM0004"]
    np.testing.assert_array_equal([values(one) for one in slices], np.rint(volume.hu))
    affine = volume.geometry.affine_lps
    for index, one in enumerate(slices):
        # DICOM: direction of growing column index, then of growing row index; spacing between rows, then columns.
        np.testing.assert_allclose(one.ImageOrientationPatient[:3], affine[:3, 2] / 0.4, atol=1e-11)
        np.testing.assert_allclose(one.ImageOrientationPatient[3:], affine[:3, 1] / 0.5, atol=1e-11)
        np.testing.assert_allclose(one.PixelSpacing, (0.5, 0.4), atol=1e-12)
        np.testing.assert_allclose(one.ImagePositionPatient, affine[:3, 3] + index * affine[:3, 0], atol=1e-9)
        assert one.InstanceNumber == index + 1
        assert (one.Laterality, one.PatientPosition, one.BodyPartExamined) == ("R", "HFS", "FOREARM")
        assert (one.KVP, one.ConvolutionKernel, one.DeviceSerialNumber) == (120.0, "B60", "77")
        assert (one.AcquisitionDate, one.AcquisitionTime) == ("20160504", "110209")
        assert 0x00290010 not in one


def test_write_series__scanco_native_values_by_hand(tmp_path, grid):
    # 0 HU: mu = 0.2409, native 0.2409 · 8192 = 1973.45 -> 1973; 1000 HU: 3946.9 -> 3947; air: 0.
    geometry = Geometry(shape=(2, 1, 3), affine_lps=np.diag([0.5, 0.3, 0.2, 1.0])[[2, 1, 0, 3]])
    hu = np.array([[[0.0, 1000.0, -1000.0]]] * 2, dtype=np.float32)
    constants = SCANCO_XCT2
    in_hu = read(write_series(tmp_path / "hu", CtVolume(hu=hu, geometry=geometry), HEADER, constants=constants))
    in_density = read(
        write_series(
            tmp_path / "mg", CtVolume(hu=hu, geometry=geometry), HEADER, constants=constants, meaning="density"
        )
    )
    for one in (*in_hu, *in_density):
        assert one.pixel_array.tolist() == [[1973, 3947, 0]]
        block = one.private_block(0x0029, SCANCO_CREATOR)
        found = [float(block[element].value) for element in (0x00, 0x04, 0x05, 0x06)]
        assert found == [8192.0, 1603.51904, -391.209015, 0.2409]
        assert one.Manufacturer == "SCANCO Medical"
    np.testing.assert_allclose(values(in_hu[0]), hu[0], atol=0.26)
    # Water: 0.2409 · 1603.51904 - 391.209015 = -4.9213; one native step is 0.196 mg/cm³.
    np.testing.assert_allclose(values(in_density[0]), [[-4.9213, 381.3665, -391.209]], atol=0.1)
    assert (in_hu[0].RescaleType, in_density[0].RescaleType) == ("HU", "MGML")


@pytest.mark.parametrize(
    "coding", ["explicit", "implicit", "big-endian", "deflated", "rle", "jpeg-ls", "jpeg-2000", "jpeg-lossless"]
)
def test_write_series__every_coding_gives_the_same_pixels(tmp_path, volume, coding):
    import imagecodecs

    plain = read(write_series(tmp_path / "plain", volume, HEADER, constants=CLINICAL))
    coded = read(write_series(tmp_path / "coded", volume, HEADER, constants=CLINICAL, coding=coding))
    decoders = {
        "jpeg-ls": imagecodecs.jpegls_decode,
        "jpeg-2000": imagecodecs.jpeg2k_decode,
        "jpeg-lossless": imagecodecs.ljpeg_decode,
    }
    for one, two in zip(plain, coded, strict=True):
        if coding in decoders:
            frame = next(pydicom.encaps.generate_frames(two.PixelData, number_of_frames=1))
            found = decoders[coding](frame).view(np.int16)
        else:
            found = two.pixel_array
        np.testing.assert_array_equal(found, one.pixel_array)


def test_write_series__equal_input_gives_equal_bytes_and_another_key_other_uids(tmp_path, volume):
    first = write_series(tmp_path / "a", volume, HEADER, constants=SCANCO_XCT2, coding="jpeg-ls")
    again = write_series(tmp_path / "b", volume, HEADER, constants=SCANCO_XCT2, coding="jpeg-ls")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    other = read(write_series(tmp_path / "c", volume, replace(HEADER, key="b"), constants=SCANCO_XCT2))[0]
    mine = read(first)[0]
    assert mine.StudyInstanceUID == other.StudyInstanceUID
    for name in ("SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        assert mine[name].value != other[name].value
        assert len(mine[name].value) <= 64
        assert mine[name].value.startswith("2.25.")
    assert replace(HEADER, scanned=datetime(2016, 5, 5, 11, 2)).study_uid != HEADER.study_uid


def test_write_series__leaves_out_what_is_not_known(tmp_path, volume):
    header = replace(HEADER, laterality=None, patient_birth_date=None)
    one = read(write_series(tmp_path, volume, header, constants=CLINICAL.model_copy(update={"kvp": None})))[0]
    assert "Laterality" not in one
    assert one.PatientBirthDate == ""
    assert one.KVP is None
    with_birth = read(write_series(tmp_path / "b", volume, HEADER, constants=CLINICAL))[0]
    assert with_birth.PatientBirthDate == date(1955, 3, 14).strftime("%Y%m%d")


def test_write_stored__keeps_unsigned_values_and_their_pair(tmp_path, grid):
    stored = StoredPixels(
        values=np.arange(120, dtype=np.uint16).reshape(4, 5, 6) + 40000, slope=0.5, intercept=-1024.5, rescale_type="HU"
    )
    one = read(write_stored(tmp_path, stored, grid(), HEADER, constants=CLINICAL))[1]
    assert one.PixelRepresentation == 0
    assert one.pixel_array[0, 0] == 40030
    assert values(one)[0, 0] == 40030 * 0.5 - 1024.5


def test_write_series__refuses_what_cannot_be_stored(tmp_path, volume):
    mirrored = volume.geometry.affine_lps.copy()
    mirrored[:3, 0] *= -1
    with pytest.raises(ValueError, match="flip the slice axis"):
        write_series(
            tmp_path,
            replace(volume, geometry=replace(volume.geometry, affine_lps=mirrored)),
            HEADER,
            constants=CLINICAL,
        )
    bright = replace(volume, hu=volume.hu + np.float32(30000.0))
    with pytest.raises(ValueError, match="16 bits"):
        write_series(tmp_path, bright, HEADER, constants=SCANCO_XCT2)
    with pytest.raises(ValueError, match="mu_scaling"):
        StoredPixels.scanco(volume, CLINICAL, meaning="hu")
