"""What the door for DICOM files promises, whichever payload brings the results: the header says whose and when."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.door import read_dxa
from bonemetrics.records import DxaPatient, DxaReading, RawDxaReport
from tests.dicom_bytes import EXPLICIT, IMPLICIT, Value, data_set, element, part10
from tests.dxa_cases import DxaCase, dicom_sr, hologic_image_analysis, hologic_scan, hologic_xml, pdf, xps

Content = dict[int, Value]
CREATORS = ("HOLOGIC", "Hologic", "HOLOGIC, Inc.")
SECONDARY_CAPTURE, ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.104.1"
DIGITAL_XRAY = "1.2.840.10008.5.1.4.1.1.1.1"
SCANNED = date(2017, 9, 26)
WHO = ("Ottersbach", "Gundula", "HDR-60392", "19440611")
HEADER: Content = {
    0x00080005: ("CS", "ISO_IR 100"),
    0x00080018: ("UI", "1.2.3.9"),
    0x00080022: ("DA", f"{SCANNED:%Y%m%d}"),
    0x00080060: ("CS", "OT"),
    0x00080070: ("LO", "HEADER MAKER"),
    0x00081090: ("LO", "Header Model"),
    0x00100010: ("PN", "Ottersbach^Gundula"),
    0x00100020: ("LO", "HDR-60392"),
    0x00100030: ("DA", "19440611"),
    0x00100040: ("CS", "F"),
    0x00181000: ("LO", "55831"),
    0x0020000D: ("UI", "1.2.3"),
    0x0020000E: ("UI", "1.2.3.4"),
}


def private(group: int, number: int, data: bytes, *, creator: str = "HOLOGIC", block: int = 0x10) -> Content:
    """An element in a block that its creator has reserved, its length beside it where Hologic tells one."""
    reserved, tag = group << 16 | block, group << 16 | block << 8
    found: Content = {reserved: ("LO", creator), tag | number: ("OB", data + b"\0" * (len(data) % 2))}
    if group == 0x0023:
        found[tag | number + 1] = ("UL", len(data).to_bytes(4, "little"))
    return found


def document(data: bytes, kind: str) -> Content:
    return {
        0x00420011: ("OB", data + b"\0" * (len(data) % 2)),
        0x00420012: ("LO", kind),
        0x00420015: ("UL", len(data).to_bytes(4, "little")),
    }


def content() -> Content:
    """The content of the structured report, without its header."""
    return {
        0x0040A040: ("CS", "CONTAINER"),
        0x0040A043: dicom_sr.code("Bone Densitometry Report"),
        0x0040A730: (
            "SQ",
            [
                dicom_sr.container(
                    "Left Femur",
                    dicom_sr.text("Comment", "born 12.04.1951, Testperson"),
                    dicom_sr.region("Neck", "0.788", "3.86", "4.90", "-1.7", "0.1"),
                    dicom_sr.region("Total", "0.859", "28.41", "33.07", "-1.2", "0.3"),
                )
            ],
        ),
    }


@dataclass(frozen=True)
class Payload:
    """Results inside a DICOM file: by which case they are told, and where they lie."""

    case: DxaCase
    sop_class: str
    make: Callable[[], Content]
    numbers: dict[tuple[str, str, str], float]

    def file(self, syntax: str = EXPLICIT, **more: Value) -> bytes:
        return file_of({**self.make(), **{int(tag[1:], 16): value for tag, value in more.items()}}, self, syntax)


def file_of(elements: Content, payload: Payload | None = None, syntax: str = EXPLICIT) -> bytes:
    sop_class = DIGITAL_XRAY if payload is None else payload.sop_class
    whole = {**HEADER, 0x00080016: ("UI", sop_class), **elements}
    return part10(data_set(whole, implicit=syntax == IMPLICIT), syntax)


SR_NUMBERS = {
    ("neck", "left", "bmc"): 3.86,
    ("total-hip", "left", "t_score"): -1.2,
    ("total-hip", "left", "area"): 33.07,
}
XML, SCAN, ANALYSIS = hologic_xml.CASE, hologic_scan.CASE, hologic_image_analysis.CASE
PAYLOADS = {
    "dicom-sr": Payload(dicom_sr.CASE, dicom_sr.ENHANCED_SR, content, SR_NUMBERS),
    "p-file": Payload(SCAN, SECONDARY_CAPTURE, lambda: private(0x23, 0x02, SCAN.make()), dict(SCAN.numbers)),
    "r-file": Payload(SCAN, SECONDARY_CAPTURE, lambda: private(0x23, 0x04, SCAN.make()), dict(SCAN.numbers)),
    "image-analysis": Payload(
        ANALYSIS, SECONDARY_CAPTURE, lambda: private(0x21, 0x01, ANALYSIS.make()), dict(ANALYSIS.numbers)
    ),
    "pdf": Payload(
        pdf.CASE, ENCAPSULATED_PDF, lambda: document(pdf.CASE.make(), "application/pdf"), dict(pdf.CASE.numbers)
    ),
    "xps": Payload(
        xps.CASE, ENCAPSULATED_PDF, lambda: document(xps.CASE.make(), "application/oxps"), dict(xps.CASE.numbers)
    ),
    **{
        f"xml-{creator}-{block:X}": Payload(
            XML,
            SECONDARY_CAPTURE,
            lambda creator=creator, block=block: private(0x19, 0, XML.make(), creator=creator, block=block),  # type: ignore[misc]
            dict(XML.numbers),
        )
        for creator, block in zip(CREATORS, (0x10, 0x11, 0xE3), strict=True)
    },
}
each_payload = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)


def read(data: bytes) -> DxaReading:
    return read_dxa(data, Path("object.dcm"))


def codes(report: RawDxaReport) -> list[str]:
    return [problem.code for problem in report.problems]


@each_payload
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_payload__gives_its_numbers_under_the_patient_of_the_header(payload, syntax):
    reading = read(payload.file(syntax))
    found = {
        (row.region, row.side or "", name): cell.value
        for report in reading.reports
        for row in report.rows
        for name, cell in row.cells.items()
    }
    assert {place: found[place] for place in payload.numbers} == payload.numbers
    for report in reading.reports:
        who = report.patient
        assert (who.patient_id, who.birth_date, who.sex) == ("HDR-60392", "19440611", "F")
        assert (report.study_uid, report.series_uid, report.instance_uid) == ("1.2.3", "1.2.3.4", "1.2.3.9")


@each_payload
def test_payload__tells_nobody_who_the_person_is(payload):
    reading = read(payload.file())
    # Of a payload the identity is not even kept among what is known of the patient.
    whole = reading.model_dump_json() + repr(pickle.dumps(reading))
    assert [secret for secret in payload.case.secrets if secret in whole] == []
    nobody = [report.model_copy(update={"patient": DxaPatient()}) for report in reading.reports]
    outside = repr(reading) + "".join(report.model_dump_json() for report in nobody)
    assert [secret for secret in WHO if secret in outside] == []
    assert pickle.loads(pickle.dumps(reading)) == reading  # noqa: S301


@each_payload
def test_payload__a_header_without_identity_stays_without(payload):
    blank = {f"x{tag:08x}": (vr, "") for tag, (vr, _) in HEADER.items() if tag in (0x00100010, 0x00100020, 0x00100030)}
    for report in read(payload.file(**blank)).reports:
        assert (report.patient.patient_id, report.patient.birth_date) == ("", "")


@each_payload
def test_payload__another_date_than_the_header_is_noted_and_none_is_filled_in(payload):
    for report in read(payload.file()).reports:
        if report.scan_date == SCANNED:
            # The payload has no date of its own.
            assert "dates-disagree" not in codes(report)
            continue
        (problem,) = [problem for problem in report.problems if problem.code == "dates-disagree"]
        assert SCANNED.isoformat() in problem.message
        assert report.scan_date is not None
        assert report.scan_date.isoformat() in problem.message
        same = {"x00080022": ("DA", f"{report.scan_date:%Y%m%d}")}
        assert [codes(one) for one in read(payload.file(**same)).reports] == [
            [code for code in codes(one) if code != "dates-disagree"] for one in read(payload.file()).reports
        ]


def test_payload__dates_of_the_payloads_are_those_of_their_cases():
    dated = {name: {one.scan_date for one in read(payload.file()).reports} for name, payload in PAYLOADS.items()}
    assert dated["p-file"] == {date(2019, 10, 5)}
    assert dated["xml-HOLOGIC-10"] == {date(2024, 3, 5)}
    assert dated["pdf"] == {date(2018, 3, 17)}
    assert dated["dicom-sr"] == dated["image-analysis"] == {SCANNED}


@each_payload
def test_payload__a_second_one_that_cannot_be_read_is_named(payload):
    damaged = SCAN.make()[:900]
    group, more = 0x23, private(0x23, 0x02, damaged)
    if payload.case is SCAN:
        group, more = 0x21, private(0x21, 0x01, b"<ImageAnalysis><Roi>")
    for report in read(file_of({**payload.make(), **more}, payload)).reports:
        (problem,) = [problem for problem in report.problems if problem.code == "payload-unreadable"]
        assert f"({group:04X},10" in problem.message
        assert [secret for secret in (*WHO, *payload.case.secrets) if secret in problem.message] == []


def test_payloads__two_that_can_be_read_give_a_report_each():
    both = {**private(0x19, 0, XML.make()), **private(0x23, 0x02, SCAN.make(), block=0x2A)}
    reading = read(file_of(both, PAYLOADS["p-file"]))
    assert [report.route for report in reading.reports] == ["hologic-xml", "hologic-p-file"]
    assert [report.instance_uid for report in reading.reports] == ["1.2.3.9", "1.2.3.9"]


@each_payload
def test_truncated_file__is_refused(payload):
    whole = payload.file()
    for cut_at in range(40):
        with pytest.raises(ReadError) as caught:
            read(whole[: len(whole) * cut_at // 40])
        assert [secret for secret in (*WHO, *payload.case.secrets) if secret in caught.value.message] == []


def test_payload__of_another_creator_is_left_alone():
    for elements in (
        private(0x23, 0x02, SCAN.make(), creator="SOMEBODY"),
        {0x00231002: ("OB", SCAN.make()), 0x00230011: ("LO", "HOLOGIC")},
    ):
        with pytest.raises(ReadError) as caught:
            read(file_of(elements, PAYLOADS["p-file"]))
        assert caught.value.code == "no-dxa-results"


@pytest.mark.parametrize(
    ("named", "said"),
    [({0x00181030: ("LO", "AP Spine")}, "AP Spine"), ({0x00180015: ("CS", "HIP")}, "Hip"), ({}, "image or document")],
)
def test_image_without_results__is_refused_by_the_name_of_its_region(named, said):
    picture: Content = {
        0x00280002: ("US", 1),
        0x00280004: ("CS", "MONOCHROME2"),
        0x00280010: ("US", 6),
        0x00280011: ("US", 4),
        0x00280100: ("US", 8),
        0x00280101: ("US", 8),
        0x00280102: ("US", 7),
        0x00280103: ("US", 0),
    }
    pixels = element(0x7FE00010, "OW", np.arange(24, dtype=np.uint8).tobytes())
    with pytest.raises(ReadError, match=said) as caught:
        read(file_of({**picture, **named}) + pixels)
    assert caught.value.code == "no-dxa-results"
    assert "look for the report beside it" in caught.value.message


def test_document_of_another_kind__is_refused():
    with pytest.raises(ReadError) as caught:
        read(file_of(document(b"<ClinicalDocument/>", "text/XML")))
    assert caught.value.code == "no-dxa-results"
