"""What a DICOM header says of device, person and scan, whatever the file holds beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_text import encoding_of, names_person, person_words, without_person, worded
from bonemetrics.readers.dxa.site_words import side_in, site_in
from bonemetrics.readers.elements import Elements
from bonemetrics.readers.values import number, text
from bonemetrics.records import DxaDevice, DxaPatient, ReportSide

_SOP_CLASS, _SOP_UID, _STUDY_UID, _SERIES_UID, _MODALITY = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00080060
_MANUFACTURER, _MODEL, _SERIAL, _SOFTWARE = 0x00080070, 0x00081090, 0x00181000, 0x00181020
_NAME, _PATIENT_ID, _BIRTH_DATE, _SEX, _AGE = 0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00101010
_OTHER_IDS, _OTHER_NAMES = 0x00101000, 0x00101001
_SIZE, _WEIGHT, _ETHNIC_GROUP = 0x00101020, 0x00101030, 0x00102160
_BODY_PART, _LATERALITY, _IMAGE_LATERALITY = 0x00180015, 0x00200060, 0x00200062
_PROTOCOL, _STEP, _SERIES_DESCRIPTION = 0x00181030, 0x00400254, 0x0008103E
_SCAN_DATES = (0x00080022, 0x0008002A, 0x00400244, 0x00080020, 0x00080021)
_DATE = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})")
_AGE_TEXT = re.compile(r"(\d{3})([DWMY])")
_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_UID = re.compile(r"[0-9.]{1,64}")
_SIDES: dict[str, ReportSide] = {"L": "left", "R": "right"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomFacts:
    """Facts of one header.

    `scan_date` is AcquisitionDate, else AcquisitionDateTime, PerformedProcedureStepStartDate, StudyDate, SeriesDate:
    the first that is a date. ContentDate is not among them, since a report may be printed years after its scan.
    `protocol` is ProtocolName, else PerformedProcedureStepDescription. `site` and `side` are empty where the header
    does not tell. `person` are words that must not leave in free text.
    """

    device: DxaDevice
    patient: DxaPatient = field(repr=False)
    sop_class: str
    modality: str
    study_uid: str
    series_uid: str
    instance_uid: str
    scan_date: date | None
    body_part: str
    protocol: str
    series_description: str
    site: str
    side: ReportSide | None
    person: frozenset[str] = field(repr=False)


def facts_of(found: Elements) -> DicomFacts:
    """Gather the facts of a data set; an element that does not hold what it must counts as absent.

    Parameters
    ----------
    found
        The data set.
    """
    encoding = encoding_of(found)
    names = (_NAME, _OTHER_NAMES, _PATIENT_ID, _OTHER_IDS, _BIRTH_DATE)
    person = person_words(worded(found, tag, encoding) for tag in names)

    def free(tag: int) -> str:
        return without_person(worded(found, tag, encoding), person)

    def of_device(tag: int) -> str:
        value = worded(found, tag, encoding)
        # A serial number is a long number, so only the person's own words count.
        return "" if names_person(value, person) else value

    body_part, protocol = free(_BODY_PART), free(_PROTOCOL) or free(_STEP)
    return DicomFacts(
        device=DxaDevice(
            manufacturer=of_device(_MANUFACTURER),
            model=of_device(_MODEL),
            serial=of_device(_SERIAL),
            software=of_device(_SOFTWARE),
        ),
        patient=_patient(found, encoding),
        sop_class=_uid(found, _SOP_CLASS),
        modality=worded(found, _MODALITY, "latin-1"),
        study_uid=_uid(found, _STUDY_UID),
        series_uid=_uid(found, _SERIES_UID),
        instance_uid=_uid(found, _SOP_UID),
        scan_date=next((day for tag in _SCAN_DATES if (day := _day(found, tag)) is not None), None),
        body_part=body_part,
        protocol=protocol,
        series_description=free(_SERIES_DESCRIPTION),
        # BodyPartExamined decides only where the protocol names no other view of it, such as a lateral spine.
        site=site_in(protocol) or site_in(f"{protocol} {body_part}"),
        side=_side(found, protocol),
        person=person,
    )


def region_of_image(facts: DicomFacts) -> str:
    """What an image without results shows, in the scanner's own words, such as `AP Spine`; empty where it says nothing.

    Parameters
    ----------
    facts
        The header's facts; GE leaves BodyPartExamined empty and names the region by its protocol alone.
    """
    return facts.protocol or facts.body_part.replace("_", " ").capitalize()


def _patient(found: Elements, encoding: str) -> DxaPatient:
    birth, sex = _day(found, _BIRTH_DATE), worded(found, _SEX, "latin-1").upper()
    age = _AGE_TEXT.fullmatch(worded(found, _AGE, "latin-1").upper())
    size, weight = _plain_number(found, _SIZE), _plain_number(found, _WEIGHT)
    return DxaPatient(
        patient_id=worded(found, _PATIENT_ID, encoding),
        birth_date="" if birth is None else birth.strftime("%Y%m%d"),
        sex=sex if sex in ("F", "M", "O") else "",
        age_years=int(age[1]) * _YEARS[age[2]] if age else None,
        ethnicity=worded(found, _ETHNIC_GROUP, encoding),
        # PatientSize is in m; what cannot be metres was entered in another unit, and which one nobody says.
        height_cm=round(100 * size, 6) if size is not None and 0.3 <= size <= 2.6 else None,
        weight_kg=weight if weight is not None and 0 < weight <= 700 else None,
    )


def _plain_number(found: Elements, tag: int) -> float | None:
    try:
        return number(found, tag)
    except ReadError:
        return None


def _day(found: Elements, tag: int) -> date | None:
    """The date of a DA (or the old form with points) or of the start of a DT."""
    value = worded(found, tag, "latin-1")
    plain = _DATE.fullmatch(value) or (_DATE.match(value) if re.fullmatch(r"\d{14}.*", value) else None)
    if plain is None:
        return None
    try:
        return date(int(plain[1]), int(plain[3]), int(plain[4]))
    except ValueError:
        return None


def _uid(found: Elements, tag: int) -> str:
    place = found.index.get(tag)
    value = text(found, tag) if place is not None and place.length <= 66 else ""
    return value if _UID.fullmatch(value) else ""


def _side(found: Elements, protocol: str) -> ReportSide | None:
    """The side of the tags, else of the protocol; none where they contradict each other."""
    tags = {worded(found, tag, "latin-1").upper() for tag in (_LATERALITY, _IMAGE_LATERALITY)}
    named = {_SIDES[tag] for tag in tags if tag in _SIDES} | {side for side in (side_in(protocol),) if side}
    return named.pop() if len(named) == 1 and "B" not in tags else None
