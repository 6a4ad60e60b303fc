"""DICOM files of densitometers taken apart: facts of the header and payloads, whatever writes them."""

from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_facts import region_of_image
from bonemetrics.readers.dxa.dicom_parts import DicomParts, parts_of
from tests.dicom_bytes import BIG_ENDIAN, EXPLICIT, IMPLICIT, Value, data_set, part10

REPORT = b'<HologicHeader1><JavaScriptFile>ResultsTable1[ 0][ 0] = "Region";</JavaScriptFile>'
HEADER: dict[int, Value] = {
    0x00080016: ("UI", "1.2.840.10008.5.1.4.1.1.7"),
    0x00080018: ("UI", "1.2.3.9"),
    0x00080020: ("DA", "20240305"),
    0x00080022: ("DA", "20240307"),
    0x00080023: ("DA", "20250811"),
    0x00080060: ("CS", "OT"),
    0x00080070: ("LO", "HOLOGIC, Inc."),
    0x00081090: ("LO", "Discovery W (S/N 1)"),
    0x0008103E: ("LO", "Series of Testperson"),
    0x00100010: ("PN", "Testperson^Rita"),
    0x00100020: ("LO", "ID-7 "),
    0x00100030: ("DA", "19510412"),
    0x00100040: ("CS", "F"),
    0x00101010: ("AS", "072Y"),
    0x00101020: ("DS", "1.63"),
    0x00101030: ("DS", "58.4"),
    0x00102160: ("SH", "White"),
    0x00180015: ("CS", "HIP"),
    0x00181000: ("LO", "81234"),
    0x00181020: ("LO", "13.2"),
    0x0020000D: ("UI", "1.2.3"),
    0x0020000E: ("UI", "1.2.3.4"),
    0x00200060: ("CS", "L"),
}


def parts(changed: dict[int, Value | None] | None = None, syntax: str = EXPLICIT) -> DicomParts:
    elements = {**HEADER, **(changed or {})}
    kept = {tag: value for tag, value in elements.items() if value is not None}
    order, implicit = (">" if syntax == BIG_ENDIAN else "<"), syntax == IMPLICIT
    return parts_of(part10(data_set(kept, order, implicit=implicit), syntax))


def routes(found: DicomParts) -> list[tuple[str, bytes]]:
    return [(payload.route, payload.data) for payload in found.payloads]


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_parts_of__gathers_the_facts_of_the_header(syntax):
    facts = parts(syntax=syntax).facts
    device, patient = facts.device, facts.patient
    assert (device.manufacturer, device.model) == ("HOLOGIC, Inc.", "Discovery W (S/N 1)")
    assert (device.serial, device.software) == ("81234", "13.2")
    assert (patient.patient_id, patient.birth_date, patient.sex) == ("ID-7", "19510412", "F")
    assert (patient.age_years, patient.height_cm, patient.weight_kg, patient.ethnicity) == (72, 163.0, 58.4, "White")
    assert (facts.study_uid, facts.series_uid, facts.instance_uid) == ("1.2.3", "1.2.3.4", "1.2.3.9")
    assert (facts.body_part, facts.site, facts.side, facts.modality) == ("HIP", "hip", "left", "OT")


def test_parts_of__takes_the_acquisition_for_the_scan_date_and_never_the_content_date():
    assert parts().facts.scan_date == date(2024, 3, 7)
    assert parts({0x00080022: ("DA", "")}).facts.scan_date == date(2024, 3, 5)
    assert parts({0x00080022: ("DA", "2024.03.08")}).facts.scan_date == date(2024, 3, 8)
    assert parts({0x00080022: ("DA", ""), 0x0008002A: ("DT", "20240309101112.5")}).facts.scan_date == date(2024, 3, 9)
    assert parts({0x00080020: None, 0x00080022: ("DA", "20241340")}).facts.scan_date is None


def test_parts_of__leaves_out_what_is_not_what_it_must_be():
    patient = parts(
        {
            0x00100030: ("DA", "12.04.51"),
            0x00100040: ("CS", "W"),
            0x00101010: ("AS", "72"),
            0x00101020: ("DS", "1,63"),
            0x00101030: ("DS", "0"),
        }
    ).facts.patient
    assert (patient.birth_date, patient.sex, patient.age_years) == ("", "", None)
    assert (patient.height_cm, patient.weight_kg) == (None, None)
    assert parts({0x00101020: ("DS", "163")}).facts.patient.height_cm is None
    assert parts({0x00101010: ("AS", "018M")}).facts.patient.age_years == 1.5
    assert parts({0x0020000D: ("UI", "Testperson")}).facts.study_uid == ""


def test_parts_of__keeps_no_free_text_that_names_the_person():
    facts = parts({0x00181030: ("LO", "Hip of RITA"), 0x00400254: ("LO", "Hip ID-7")}).facts
    assert (facts.protocol, facts.series_description) == ("", "")
    assert parts({0x00181030: ("LO", "Hip 19510412")}).facts.protocol == ""
    assert "Testperson" not in repr(parts())
    device = parts({0x00081090: ("LO", "Horizon of Rita"), 0x00181020: ("LO", "13.2 ID-7")}).facts.device
    assert (device.model, device.software, device.serial) == ("", "", "81234")
    # A surname that every report holds as a word does not empty the protocol.
    assert parts({0x00100010: ("PN", "Neck^Left"), 0x00181030: ("LO", "Left Femur")}).facts.protocol == "Left Femur"


def test_parts_of__decodes_by_the_character_set():
    facts = parts({0x00080005: ("CS", "ISO_IR 192"), 0x00181030: ("LO", "Fémur droit".encode())}).facts
    assert facts.protocol == "Fémur droit"
    greek = parts({0x00080005: ("CS", "\\ISO 2022 IR 126"), 0x00181030: ("LO", b"\x1b-F\xd3\xf0")}).facts
    assert greek.protocol == "Σπ"


@pytest.mark.parametrize(
    ("protocol", "body_part", "site", "side", "words"),
    [
        ("AP Spine", "", "lumbar-spine", None, "AP Spine"),
        ("Left Femur", "", "hip", "left", "Left Femur"),
        ("Right Forearm", "", "forearm", "right", "Right Forearm"),
        ("DualFemur", "", "hip", None, "DualFemur"),
        ("Total Body", "", "whole-body", None, "Total Body"),
        ("Left Ortho Knee", "", "", "left", "Left Ortho Knee"),
        ("LVA", "LSPINE", "", None, "LVA"),
        ("", "LSPINE", "lumbar-spine", None, "Lspine"),
        ("", "ARM", "forearm", None, "Arm"),
        ("", "", "", None, ""),
    ],
)
def test_region_of_image__says_it_in_the_words_of_the_scanner(protocol, body_part, site, side, words):
    changed: dict[int, Value | None] = {0x00181030: ("LO", protocol), 0x00180015: ("CS", body_part)}
    facts = parts({**changed, 0x00200060: ("CS", "")}).facts
    assert (facts.site, facts.side, region_of_image(facts)) == (site, side, words)


def test_parts_of__takes_no_side_where_two_elements_contradict_each_other():
    assert parts({0x00200062: ("CS", "R")}).facts.side is None
    assert parts({0x00200060: ("CS", "B")}).facts.side is None
    assert parts({0x00200060: ("CS", ""), 0x00200062: ("CS", "R")}).facts.side == "right"
    assert parts({0x00181030: ("LO", "Right Femur")}).facts.side is None


@pytest.mark.parametrize("creator", ["HOLOGIC", "Hologic", "HOLOGIC, Inc.", "hologic, inc.\0", "  HOLOGIC "])
@pytest.mark.parametrize("block", [0x10, 0x11, 0xFF])
def test_parts_of__finds_private_payloads_by_their_creator(creator, block):
    found = parts(
        {
            0x00190000 | block: ("LO", creator),
            0x00190000 | block << 8: ("UN", REPORT + b"\0"),
            0x00210000 | block: ("LO", creator),
            0x00210001 | block << 8: ("LT", b"<Analysis/> "),
            0x00230000 | block: ("LO", creator),
            0x00230002 | block << 8: ("OB", b"P-FILE\0\0"),
            0x00230003 | block << 8: ("UL", (7).to_bytes(4, "little")),
            0x00230004 | block << 8: ("OB", b"R-FILE\0\0"),
        }
    )
    assert routes(found) == [
        ("hologic-xml", REPORT),
        ("hologic-image-analysis", b"<Analysis/>"),
        ("hologic-p-file", b"P-FILE\0"),
        ("hologic-r-file", b"R-FILE\0\0"),
    ]
    assert found.payloads[2].place == f"(0023,{block:02X}02)"


def test_parts_of__reads_no_private_element_of_another_creator():
    assert routes(parts({0x00230010: ("LO", "GEMS_PARM_01"), 0x00231002: ("OB", b"P-FILE\0\0")})) == []
    assert routes(parts({0x00230010: ("LO", "HOLOGIC"), 0x00231102: ("OB", b"P-FILE\0\0")})) == []


def test_parts_of__takes_a_report_without_creator_by_its_content_only():
    assert routes(parts({0x00191000: ("UN", REPORT + b" ")})) == [("hologic-xml", REPORT)]
    assert routes(parts({0x00191000: ("UN", b"other data")})) == []
    assert routes(parts({0x00191100: ("UN", REPORT + b" ")})) == []


def test_parts_of__takes_encapsulated_documents_by_kind():
    pdf, xps = b"%PDF-1.7 x\0", b"PK\x03\x04 xps\0"
    length = (10).to_bytes(4, "little")
    assert routes(parts({0x00420011: ("OB", pdf + b"\0"), 0x00420012: ("LO", "")})) == [("pdf", pdf + b"\0")]
    found = parts({0x00420011: ("OB", xps), 0x00420012: ("LO", "application/oxps"), 0x00420015: ("UL", b"\t\0\0\0")})
    assert routes(found) == [("xps", xps)]
    document = parts({0x00420011: ("OB", pdf), 0x00420015: ("UL", length)})
    assert routes(document) == [("pdf", pdf[:10])]
    other = parts({0x00420011: ("OB", b"<ClinicalDocument/>"), 0x00420012: ("LO", "text/XML")})
    assert routes(other) == []
    assert other.others == ("encapsulated document of another kind than PDF and XPS",)


def test_parts_of__names_the_archive_of_encore_and_the_questionnaire():
    found = parts({0x70030010: ("LO", "GEMS_LUNAR_RAW"), 0x70031002: ("OB", b"dfx!")})
    assert (routes(found), found.others) == ([], ("GEMS_LUNAR_RAW: raw archive of enCORE",))
    questions = parts({0x00110010: ("LO", "HOLOGIC"), 0x00111000: ("LO", "secret")})
    assert questions.others == ("Hologic questionnaire",)


def test_parts_of__names_structured_content_first_and_a_picture_last():
    found = parts(
        {
            0x0040A730: ("SQ", [{0x0040A040: ("CS", "NUM")}]),
            0x00190010: ("LO", "HOLOGIC"),
            0x00191000: ("UN", REPORT + b" "),
            0x7FE00010: ("OW", b"\x01\x02"),
        }
    )
    assert [payload.route for payload in found.payloads] == ["dicom-sr", "hologic-xml", "page-image"]
    assert found.payload("page-image") is not None
    assert found.payload("pdf") is None


def test_parts_of__notes_a_program_in_the_free_first_bytes():
    found = parts_of(part10(data_set(HEADER), EXPLICIT, preamble=b"MZ"))
    assert [problem.code for problem in found.problems] == ["program-in-preamble"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\0" * 200, "unknown-format"),
        (part10(data_set(HEADER), EXPLICIT)[:-3], "truncated-file"),
        (part10(b"\x10\x00\x20\x00XX\x08\x00ID-7    ", EXPLICIT), "malformed-header"),
        (part10(data_set(HEADER), EXPLICIT) + b"\x10\x00\x20\x00LO\x02\x00Z ", "duplicate-element"),
    ],
)
def test_parts_of__refuses_a_header_that_is_not_whole(data, code):
    with pytest.raises(ReadError) as caught:
        parts_of(data)
    assert caught.value.code == code
