"""The forms of the sample's DXA reports, each opened by independent software or by a few lines of its own."""

from __future__ import annotations

import html
import io
import json
import re
import struct
import zipfile
from decimal import Decimal
from xml.etree import ElementTree as ET

import numpy as np
import pydicom
import pypdfium2
import pytest
from PIL import Image
from pydicom.filewriter import dcmwrite

from bonemetrics.sample.dxa import hologic_page, lunar_page
from bonemetrics.sample.dxa.exam import Report
from bonemetrics.sample.dxa.files import content, write_reports
from bonemetrics.sample.dxa.plan import reports
from bonemetrics.sample.people import VISITS, WOMEN


def report(subject: int, name: str, months: int = 0) -> Report:
    visit = next(visit for visit in VISITS if visit.months == months)
    return next(one for one in reports(WOMEN[subject - 1], visit) if one.name == name)


def first(subject: int, form: str, months: int = 0) -> Report:
    visit = next(visit for visit in VISITS if visit.months == months)
    return next(one for one in reports(WOMEN[subject - 1], visit) if one.form == form)


def dicom(one: Report) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(content(one)))


def words_at(data: bytes, page: int) -> list[tuple[float, float, str]]:
    """Left end, height from above and text of every run of characters of a PDF page."""
    document = pypdfium2.PdfDocument(data)
    text = document[page].get_textpage()
    height = document[page].get_height()
    found = []
    for index in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(index)
        found.append((left, height - bottom, text.get_text_bounded(left, bottom, right, top).strip()))
    return found


def test_hologic_pdf__words_stand_where_the_page_has_them():
    one = report(3, "spine.pdf")
    rows = {
        text: y for x, y, text in words_at(content(one), 0) if x < 60 and re.fullmatch(r"L\d[\dL,-]*", text) and y > 400
    }
    assert list(rows) == ["L1", "L3", "L4", "L1,L3", "L1,L4", "L3-L4", "L1,L3-L4"]
    words = words_at(content(one), 0)
    for row in one.rows:
        line = [text for _, y, text in sorted(words) if abs(y - rows[row.region]) < 3]
        assert line == [row.region, *(row.text(name) for name in hologic_page.COLUMNS)]


def test_hologic_pdf__has_true_type_fonts_text_and_no_date():
    data = content(report(9, "report.pdf"))
    assert b"/FontFile2" in data
    assert b"CreationDate" not in data
    assert b"ModDate" not in data
    document = pypdfium2.PdfDocument(data)
    assert len(document) == 3
    text = [page.get_textpage().get_text_range() for page in document]
    assert "Right Forearm" in text[2]
    assert "Source:INVENTED reference 1" in text[0]


def test_hologic_pdf__decimal_commas_are_everywhere_or_nowhere():
    for months, mark, other in ((12, ",", "."), (6, ".", ",")):
        one = report(9, "report.pdf", months)
        words = [text for _, _, text in words_at(content(one), 0)]
        whole = one.exams[0].rows[-1]
        assert whole.text("bmd").replace(".", mark) in words
        assert not [text for text in words if re.fullmatch(rf"-?\d+\{other}\d+", text)]


def test_dual_hip_pdf__groups_left_right_mean_and_difference():
    one = report(3, "hips.pdf")
    text = pypdfium2.PdfDocument(content(one))[0].get_textpage().get_text_range()
    assert text.count("Left ") + text.count("Left\r\n") >= 2
    left, right, mean = one.rows[:3]
    for row in (left, right, mean):
        assert row.text("bmd") in text
    difference = f"{abs(left.bmd - right.bmd):.3f}"
    assert difference in text
    assert all(exam.scan_id in text for exam in one.exams)


def test_lunar_pdf__has_the_reference_and_marks_for_what_it_does_not_define():
    one = report(8, "spine.pdf")
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content(one))]
    assert "AP Spine, Female, White Reference Population (v113)" in " ".join(pages[1].split())
    assert "Measured:" in pages[0]
    lines = {line.split()[0]: line.split() for line in pages[1].splitlines() if re.match(r"L\d", line)}
    row = next(row for row in one.rows if row.region == "L2-L4")
    assert [lines["L2-L4"][place] for place in (1, 3, 5, 6, 7)] == [
        row.text(name) for name in ("bmd", "t_score", "z_score", "bmc", "area")
    ]
    assert lines["L1-L2"][2:6] == ["-"] * 4
    assert len(lines) == 10


def test_lunar_page__prints_the_runs_in_the_order_of_the_uppermost():
    exam = report(8, "spine.pdf").exams[0]
    assert [row.region for row in lunar_page.printed_rows(exam)] == [
        *("L1", "L2", "L3", "L4", "L1-L2", "L1-L3", "L1-L4", "L2-L3", "L2-L4", "L3-L4")
    ]


def test_xps__is_a_package_whose_glyphs_read_like_the_page():
    one = report(8, "femur.xps")
    with zipfile.ZipFile(io.BytesIO(content(one))) as package:
        assert package.testzip() is None
        assert {info.date_time[0] for info in package.infolist()} == {1980}
        assert {"[Content_Types].xml", "_rels/.rels", "FixedDocSeq.fdseq", "Documents/1/FixedDoc.fdoc"} <= set(
            package.namelist()
        )
        assert package.read("Resources/regular.ttf")[:4] == b"\0\1\0\0"
        page = ET.fromstring(package.read("Documents/1/Pages/2.fpage"))  # noqa: S314  our own file
    glyphs = [(float(g.get("OriginY")), float(g.get("OriginX")), g.get("UnicodeString")) for g in page if
              g.tag.endswith("Glyphs")]  # fmt: skip
    neck_y = next(y for y, _, text in glyphs if text == "Neck")
    line = [text for y, _, text in sorted(glyphs) if y == neck_y]
    row = next(row for row in one.rows if row.region == "neck")
    assert (line[1], line[3], line[6], line[7]) == tuple(row.text(name) for name in ("bmd", "t_score", "bmc", "area"))


def test_dicom_sr__holds_each_region_with_ucum_units():
    one = report(1, "hip-sr.dcm")
    found = dicom(one)
    assert (found.Modality, found.SOPClassUID.name) == ("SR", "Enhanced SR Storage")
    assert found.PatientID == one.exams[0].patient_id
    laterality, site = found.ContentSequence[0], found.ContentSequence[-1]
    assert laterality.ConceptCodeSequence[0].CodeMeaning == "Left"
    numbers = {
        (region.ConceptNameCodeSequence[0].CodeMeaning, item.ConceptNameCodeSequence[0].CodeMeaning): item
        for region in site.ContentSequence
        for item in region.ContentSequence
    }
    neck = one.rows[0]
    value = numbers["Neck", "BMD"].MeasuredValueSequence[0]
    assert str(value.NumericValue) == neck.text("bmd")
    assert value.MeasurementUnitsCodeSequence[0].CodeValue == "g/cm2"
    assert str(numbers["Ward's", "Area"].MeasuredValueSequence[0].NumericValue) == one.rows[4].text("area")
    assert len(numbers) == 25


@pytest.mark.parametrize(
    ("subject", "months", "block", "column_first"), [(2, 0, 0x10, True), (6, 12, 0x10, False), (6, 24, 0x11, False)]
)
def test_hologic_secondary_capture__text_stands_in_the_block_of_its_creator(subject, months, block, column_first):
    one = report(subject, "spine.dcm", months)
    found = dicom(one)
    assert found[0x0019, block].value == "HOLOGIC"
    text = found[0x0019, block << 8].value
    cells = {
        (int(a), int(b)): html.unescape(value)
        for a, b, value in re.findall(r'ResultsTable1\[\s*(\d+)\]\[\s*(\d+)\] = "([^"]*)"', text)
    }
    table = {(b, a) if column_first else (a, b): value for (a, b), value in cells.items()}
    assert table[0, 0] == "Region"
    assert table[0, 1] == "Area[cm²]"
    for place, row in enumerate(one.rows, start=1):
        assert [table[place, column] for column in (0, 1, 2, 3, 4, 6)] == [
            row.region, *(row.text(name) for name in ("area", "bmc", "bmd", "t_score", "z_score"))
        ]  # fmt: skip
    assert f"{one.exams[0].scanned:%d%B%Y} - {one.exams[0].scan_id}" in text


def test_hologic_secondary_capture__pixels_are_the_page():
    found = dicom(report(6, "hip.dcm"))
    pixels = found.pixel_array
    assert (found.PhotometricInterpretation, pixels.shape) == ("RGB", (792, 612, 3))
    assert (found.BodyPartExamined, found.Laterality) == ("HIP", "L")
    assert (pixels[:, :, 0] == pixels[:, :, 2]).all()
    assert pixels[0, 300].tolist() == [255, 255, 255]
    # The picture of the bone, and print in the table.
    assert pixels[153, 60, 0] < 40
    assert (pixels[500:600, 25:563] < 100).mean() > 0.005


def test_p_file__is_a_stream_of_records_with_the_doubles_at_their_offsets():
    one = first(2, "hologic-p-file")
    data, place, records = content(one), 0, {}
    while place < len(data):
        kind, length = struct.unpack_from("<HI", data, place)
        records[kind] = data[place + 6 : place + length]
        place += length
    assert place == len(data)
    assert (list(records)[-1], data[-6:]) == (0, struct.pack("<HI", 0, 6))
    assert (len(records[1204]), len(records[1211])) == (752, 790)
    rows = {row.region: row for row in one.rows}
    for region, offset in (("total-hip", 376), ("trochanter", 466), ("intertrochanter", 548), ("neck", 630)):
        row = rows[region]
        assert struct.unpack_from("<3d", records[1204], offset) == (row.area, row.bmc, row.bmd)
    exam = one.exams[0]
    assert records[1051].decode("utf-16-le").rstrip("\0") == exam.long_scan_id
    assert records[1204][50:78].decode("utf-16-le").rstrip("\0") == exam.long_scan_id
    assert records[1055].rstrip(b"\0").decode() == f"{exam.scanned:%m/%d/%Y %H:%M:%S}"
    assert struct.unpack("<i", records[1056]) == (2,)
    assert one.name == f"PA{exam.scan_id[1:7]}A.P{exam.scan_id[7:]}"


def test_p_file__structure_of_the_hip_fits_together():
    one = first(5, "hologic-p-file")
    data = content(one)
    start = data.index(struct.pack("<HI", 1211, 796)) + 6
    for offset in (466, 588, 710):
        _, _, csmi, width, inner, thickness, pcd, _, modulus, ratio = struct.unpack_from("<10d", data, start + offset)
        assert inner == pytest.approx(width - 2 * thickness)
        assert modulus == pytest.approx(csmi / pcd)
        assert ratio == pytest.approx(pcd / thickness)


def test_lunar_text__is_utf_16_with_one_column_for_each_measure_of_each_region():
    one = report(8, "forearm.txt")
    data = content(one)
    assert data[:2] == b"\xff\xfe"
    header, line, end = data.decode("utf-16").split("\r\n")
    assert end == ""
    table = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    row = next(row for row in one.rows if row.region == "radius-33")
    assert table["Left Radius 33% BMD (g/cm²)"] == row.text("bmd")
    assert table["Left Radius 33% T-Score"] == row.text("t_score")
    assert table["Measure Date"] == f"{one.exams[0].scanned:%m/%d/%Y}"
    assert len(table) == 6 + 9 * 5


def test_fhir__observations_carry_loinc_and_ucum():
    one = report(7, "bundle.json")
    bundle = json.loads(content(one))
    resources = [entry["resource"] for entry in bundle["entry"]]
    assert [found["resourceType"] for found in resources].count("DiagnosticReport") == 2
    codes = {
        found["code"]["coding"][0]["code"]: found["valueQuantity"]
        for found in resources
        if found["resourceType"] == "Observation"
    }
    hip = next(row for row in one.exams[1].rows if row.region == "total-hip")
    assert codes["46278-8"] == {
        "value": float(hip.text("bmd")), "unit": "g/cm2", "system": "http://unitsofmeasure.org", "code": "g/cm2",
    }  # fmt: skip
    assert codes["80946-7"]["code"] == "1"
    linked = {found["reference"] for one in resources for found in one.get("result", ())}
    assert linked == {f"Observation/{one['id']}" for one in resources if one["resourceType"] == "Observation"}


def test_csv__the_slip_is_in_one_digit_of_one_cell():
    typed = content(report(5, "hip.csv", 12)).decode().splitlines()
    header = typed[0].split(",")
    neck = dict(zip(header, typed[1].split(","), strict=True))
    row = report(5, "hip.csv", 12).rows[0]
    wrong = [a != b for a, b in zip(neck["bmd_g_cm2"], row.text("bmd"), strict=True)]
    assert sum(wrong) == 1
    assert (neck["area_cm2"], neck["bmc_g"], neck["region"]) == (row.text("area"), row.text("bmc"), "Neck")
    # More than print can explain: BMD = BMC / area tells the wrong digit.
    ratio = Decimal(neck["bmc_g"]) / Decimal(neck["area_cm2"])
    assert abs(Decimal(neck["bmd_g_cm2"]) - ratio) > Decimal("0.009")


@pytest.mark.parametrize(("months", "size"), [(0, (1275, 1650)), (24, (612, 792))])
def test_page_image__is_a_grey_letter_page_without_a_date(months, size):
    data = content(report(4, "spine.png", months))
    picture = Image.open(io.BytesIO(data))
    assert (picture.mode, picture.size) == ("L", size)
    assert b"tIME" not in data
    assert round(picture.info["dpi"][0]) == (150 if months == 0 else 72)


def test_page_image__the_stain_lies_on_one_cell_alone():
    one = report(4, "spine.png", 6)
    stained = np.asarray(Image.open(io.BytesIO(content(one))))
    page = hologic_page.pages(one)[0]
    dark = {}
    for key, box in page.cells.items():
        rows, columns = (slice(*(round(v * 150 / 72) for v in pair)) for pair in ((box.y0, box.y1), (box.x0, box.x1)))
        dark[key] = (stained[rows, columns] < 60).mean()
    assert dark["L3", "", "bmd"] > 0.7
    assert max(share for key, share in dark.items() if key != ("L3", "", "bmd")) < 0.25


def test_dicom_image__holds_no_number_and_its_region_in_the_protocol_only():
    found = dicom(report(10, "spine-image.dcm"))
    assert (found.Modality, found.ProtocolName, found.BodyPartExamined) == ("CR", "AP Spine", "")
    assert (found.BitsAllocated, found.pixel_array.shape) == (8, (96, 72))
    assert not any(element.tag.is_private for element in found)


@pytest.mark.parametrize("subject", [2, 4, 8, 9])
def test_write_reports__equal_bytes_for_equal_input(subject, tmp_path):
    for name in ("one", "other"):
        write_reports(WOMEN[subject - 1], VISITS[2], tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) >= 1
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


def test_every_dicom_file__is_written_in_its_standard_form():
    for woman in WOMEN:
        for one in reports(woman, VISITS[3]):
            if one.form in ("dicom-sr", "hologic-xml", "dicom-image"):
                found = dicom(one)
                dcmwrite(io.BytesIO(), found, enforce_file_format=True)
                assert found.PatientSex == "F"
                assert found.SOPInstanceUID == found.file_meta.MediaStorageSOPInstanceUID
