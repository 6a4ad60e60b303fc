"""The header that all DICOM objects of a densitometer share."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from bonemetrics.sample.dicom import CtHeader
from bonemetrics.sample.dxa.exam import Exam

_NUMBERS = {"dicom-sr": 61, "hologic-xml": 62, "dicom-image": 63}


def header(exam: Exam, form: str) -> CtHeader:
    """Whose and when, and the UIDs of one object of an exam.

    Parameters
    ----------
    exam
        One scan.
    form
        Objects of other forms are other series.
    """
    return CtHeader(
        patient_id=exam.patient_id,
        patient_name=exam.woman.name,
        patient_birth_date=exam.woman.born,
        scanned=exam.scanned,
        laterality=exam.side,
        series_number=_NUMBERS[form],
        key=f"{exam.key}/{form}",
    )


def dataset(exam: Exam, form: str, sop_class: UID, *, modality: str, syntax: UID = ExplicitVRLittleEndian) -> Dataset:
    """A data set with identity, equipment and dates, and its file meta information."""
    who = header(exam, form)
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, who.uid("object")
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID, meta.ImplementationVersionName = CtHeader(key="bonemetrics").uid(), "BONEMETRICS"
    found = Dataset()
    found.file_meta = meta
    found.SpecificCharacterSet = "ISO_IR 192"
    found.SOPClassUID, found.SOPInstanceUID = sop_class, who.uid("object")
    found.StudyInstanceUID, found.SeriesInstanceUID = who.study_uid, who.series_uid
    found.PatientName, found.PatientID, found.PatientSex = who.patient_name, who.patient_id, "F"
    found.PatientBirthDate = f"{exam.woman.born:%Y%m%d}"
    found.PatientSize, found.PatientWeight = f"{exam.height_cm / 100:.2f}", f"{exam.weight_kg:.1f}"
    found.StudyID, found.AccessionNumber, found.ReferringPhysicianName = "1", "", ""
    found.Modality, found.SeriesNumber, found.InstanceNumber = modality, who.series_number, 1
    for part in ("Study", "Series", "Content"):
        setattr(found, f"{part}Date", f"{exam.scanned:%Y%m%d}")
        setattr(found, f"{part}Time", f"{exam.scanned:%H%M%S}")
    device = exam.densitometer
    found.Manufacturer, found.ManufacturerModelName = device.manufacturer, device.model
    found.DeviceSerialNumber, found.SoftwareVersions = device.serial, device.software
    return found
