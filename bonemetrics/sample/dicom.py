"""CT series as scanners write them: plain clinical CT and Scanco exports, equal bytes for equal input."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, CTImageStorage
from pydicom.valuerep import format_number_as_ds

from bonemetrics.records import ScannerConstants, Side
from bonemetrics.sample.encoding import SYNTAX_UIDS, Coding, encode
from bonemetrics.volume import CtVolume, Geometry

SCANCO_CREATOR = "SCANCO MEDICAL AG"
"""Text of the private block's creator; no public source states the true one."""
_ROOT = "2.25."
_HAND = 1e-4
Meaning = Literal["hu", "density"]


def _uid(text: str) -> UID:
    return UID(_ROOT + str(int.from_bytes(hashlib.sha256(text.encode()).digest()[:15], "big")))


@dataclass(frozen=True, slots=True, kw_only=True)
class CtHeader:
    """Who was scanned when, and how. `key` tells two otherwise equal series apart; all UIDs derive from these."""

    patient_id: str = "SAMPLE-0001"
    patient_name: str = "Sample^One"
    patient_birth_date: date | None = date(1955, 3, 14)
    patient_sex: Literal["F", "M", "O", ""] = "F"
    scanned: datetime = datetime(2016, 2, 3, 9, 41, 20)
    laterality: Side | None = None
    body_part: str = "FOREARM"
    patient_position: str = "HFS"
    protocol: str = "Distal radius"
    description: str = "Radius QCT"
    series_number: int = 1
    key: str = ""

    def uid(self, *parts: str) -> UID:
        """A UID under 2.25 that depends on the header and `parts` alone."""
        text = "\x1f".join((self.patient_id, self.scanned.isoformat(), str(self.series_number), self.key, *parts))
        return _uid(text)

    @property
    def study_uid(self) -> UID:
        """UID of all series of the person on that day."""
        text = f"{self.patient_id}\x1f{self.scanned.date().isoformat()}\x1fstudy"
        return _uid(text)

    @property
    def series_uid(self) -> UID:
        """UID of the series."""
        return self.uid("series")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredPixels:
    """Stored values of a series and the pair that turns them into what `rescale_type` says."""

    values: npt.NDArray[np.int16] | npt.NDArray[np.uint16]
    slope: float
    intercept: float
    rescale_type: str

    @classmethod
    def plain(cls, volume: CtVolume) -> StoredPixels:
        """Whole HU, as clinical scanners write them."""
        values = np.clip(np.rint(volume.hu), -1024, 32767).astype(np.int16)
        return cls(values=values, slope=1.0, intercept=0.0, rescale_type="HU")

    @classmethod
    def scanco(cls, volume: CtVolume, constants: ScannerConstants, *, meaning: Meaning) -> StoredPixels:
        """Native values, mu · scaling, with a pair that leads to HU or to density.

        Raises
        ------
        ValueError
            If the constants are not whole, or a value does not fit 16 bits.
        """
        scaling, water = constants.mu_scaling, constants.mu_water_per_cm
        slope, intercept = constants.density_slope, constants.density_intercept
        if scaling is None or water is None or slope is None or intercept is None:
            raise ValueError("a Scanco series needs mu_scaling, mu_water_per_cm, density_slope and density_intercept")
        native = np.rint((volume.hu.astype(np.float64) + 1000.0) * (water * scaling / 1000.0))
        if np.abs(native).max() > 32767:
            raise ValueError("native values beyond 16 bits; the HU are too large for this mu scaling")
        pair = (1000.0 / (scaling * water), -1000.0) if meaning == "hu" else (slope / scaling, intercept)
        return cls(
            values=native.astype(np.int16),
            slope=pair[0],
            intercept=pair[1],
            rescale_type="HU" if meaning == "hu" else "MGML",
        )


def write_series(
    folder: Path,
    volume: CtVolume,
    header: CtHeader,
    *,
    constants: ScannerConstants,
    meaning: Meaning = "hu",
    coding: Coding = "explicit",
) -> tuple[Path, ...]:
    """Write a volume as a CT series, one file per slice, IM0001 at slice 0.

    Parameters
    ----------
    folder
        Made if absent.
    volume
        HU; the slice index must grow along cross(row direction, column direction), as it does in every geometry
        that was read from DICOM.
    header
        Identity and circumstances.
    constants
        Scanner; with a full conversion to density of its own the series becomes a Scanco export (native values and
        the private block), else plain HU.
    meaning
        What RescaleSlope and RescaleIntercept of a Scanco export lead to.
    coding
        How pixels are stored; every choice is lossless.

    Returns
    -------
    tuple of Path
        The files in slice order.

    Raises
    ------
    ValueError
        If the values do not fit 16 bits, or the geometry is left-handed or sheared.
    """
    if constants.has_density:
        stored = StoredPixels.scanco(volume, constants, meaning=meaning)
    else:
        stored = StoredPixels.plain(volume)
    return write_stored(folder, stored, volume.geometry, header, constants=constants, coding=coding)


def write_stored(
    folder: Path,
    stored: StoredPixels,
    geometry: Geometry,
    header: CtHeader,
    *,
    constants: ScannerConstants,
    coding: Coding = "explicit",
) -> tuple[Path, ...]:
    """Write stored values as they are; see `write_series`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, dataset in enumerate(datasets(stored, geometry, header, constants=constants, coding=coding)):
        path = folder / f"IM{index + 1:04d}"
        dcmwrite(path, dataset, enforce_file_format=True)
        paths.append(path)
    return tuple(paths)


def datasets(
    stored: StoredPixels,
    geometry: Geometry,
    header: CtHeader,
    *,
    constants: ScannerConstants,
    coding: Coding = "explicit",
) -> Iterable[Dataset]:
    """The slices of a series as pydicom datasets with file meta information, in slice order."""
    _require_right_handed(geometry)
    for index in range(geometry.shape[0]):
        dataset = Dataset()
        dataset.file_meta = _meta(header, index, coding)
        _add_identity(dataset, header)
        _add_equipment(dataset, constants)
        _add_plane(dataset, geometry, header, index)
        dataset.RescaleSlope, dataset.RescaleIntercept = _ds(stored.slope), _ds(stored.intercept)
        dataset.RescaleType = stored.rescale_type
        if constants.has_density:
            _add_scanco_block(dataset, constants)
        _add_pixels(dataset, stored.values[index], coding)
        yield dataset


def _require_right_handed(geometry: Geometry) -> None:
    normal, row, column = geometry.direction.T
    if np.abs(np.cross(column, row) - normal).max() > _HAND:
        raise ValueError("slices must follow cross(row direction, column direction); flip the slice axis")


def _meta(header: CtHeader, index: int, coding: Coding) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = header.uid("image", str(index))
    meta.TransferSyntaxUID = SYNTAX_UIDS[coding]
    meta.ImplementationClassUID = _uid("bonemetrics")
    meta.ImplementationVersionName = "BONEMETRICS"
    return meta


def _add_identity(dataset: Dataset, header: CtHeader) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = header.patient_name, header.patient_id
    born = header.patient_birth_date
    dataset.PatientBirthDate = born.strftime("%Y%m%d") if born else ""
    dataset.PatientSex = header.patient_sex
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = header.study_uid, header.series_uid
    dataset.StudyID, dataset.AccessionNumber, dataset.ReferringPhysicianName = "1", "", ""
    day, clock = header.scanned.strftime("%Y%m%d"), header.scanned.strftime("%H%M%S")
    for part in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{part}Date", day)
        setattr(dataset, f"{part}Time", clock)
    dataset.Modality, dataset.SeriesNumber = "CT", header.series_number
    dataset.SeriesDescription, dataset.ProtocolName = header.description, header.protocol
    dataset.BodyPartExamined, dataset.PatientPosition = header.body_part, header.patient_position
    if header.laterality is not None:
        dataset.Laterality = "L" if header.laterality == "left" else "R"


def _add_equipment(dataset: Dataset, constants: ScannerConstants) -> None:
    dataset.Manufacturer, dataset.ManufacturerModelName = constants.manufacturer, constants.model
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = constants.serial, constants.software
    dataset.KVP = "" if constants.kvp is None else _ds(constants.kvp)
    dataset.ConvolutionKernel = constants.kernel


def _add_plane(dataset: Dataset, geometry: Geometry, header: CtHeader, index: int) -> None:
    slice_mm, row_mm, column_mm = geometry.spacing_mm
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, header.uid("image", str(index))
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber, dataset.AcquisitionNumber = index + 1, 1
    dataset.FrameOfReferenceUID = geometry.frame_of_reference_uid or header.uid("frame")
    dataset.PositionReferenceIndicator = ""
    dataset.SliceThickness = _ds(slice_mm)
    dataset.PixelSpacing = [_ds(row_mm), _ds(column_mm)]
    along_columns, along_rows = geometry.direction[:, 2], geometry.direction[:, 1]
    dataset.ImageOrientationPatient = [_ds(value) for value in (*along_columns, *along_rows)]
    dataset.ImagePositionPatient = [_ds(value) for value in geometry.to_world([index, 0, 0])]


def _add_scanco_block(dataset: Dataset, constants: ScannerConstants) -> None:
    block = dataset.private_block(0x0029, SCANCO_CREATOR, create=True)
    for element, value in (
        (0x00, constants.mu_scaling),
        (0x04, constants.density_slope),
        (0x05, constants.density_intercept),
        (0x06, constants.mu_water_per_cm),
    ):
        block.add_new(element, "DS", _ds(value or 0.0))


def _add_pixels(dataset: Dataset, values: npt.NDArray[Any], coding: Coding) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(np.issubdtype(values.dtype, np.signedinteger))
    dataset.PixelData = encode(values, coding)
    dataset["PixelData"].VR = "OW" if coding in ("explicit", "implicit", "big-endian", "deflated") else "OB"


def _ds(value: float) -> str:
    """The decimal string of at most 16 characters that is nearest, without noise below 1e-12."""
    rounded = round(float(value), 12)
    text: str = format_number_as_ds(rounded + 0.0)
    return text
