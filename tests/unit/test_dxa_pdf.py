"""PDF documents: words from boxes of characters, hidden text, pictures, damage, limits."""

import io
import time
import zlib

import matplotlib as mpl
import numpy as np
import pypdfium2
import pytest
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import pdf
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.printed_pages import HOLOGIC_SPINE_ROWS, Text, document_of, hologic_spine, pdf_of


def read(data: bytes, dates: str = "") -> DxaReading:
    return pdf.read(Source(data=data, dates=dates))


def refusal(data: bytes) -> str:
    with pytest.raises(ReadError) as caught:
        read(data)
    return caught.value.code


def texts(reading: DxaReading) -> list[list[str]]:
    (report,) = reading.reports
    names = ("area", "bmc", "bmd", "t_score", "z_score")
    return [[row.region, *(row.cells[name].raw for name in names)] for row in report.rows]


def drawn_by_matplotlib(page: tuple[Text, ...]) -> bytes:
    """The page in another program's font, whose widths are not those of the fixture."""
    with mpl.rc_context({"pdf.fonttype": 42}):
        figure = Figure(figsize=(8.5, 11))
        FigureCanvasPdf(figure)
        for text in page:
            figure.text(
                text.x / 612, 1 - text.y / 792, text.text, fontsize=text.size, ha="right" if text.right else "left"
            )
        stream = io.BytesIO()
        figure.savefig(stream, format="pdf")
    return stream.getvalue()


def scanned(*, picture_last: bool) -> bytes:
    """A page whose text lies above or below a picture that fills it."""
    texts = " ".join(
        f"BT /F1 {text.size} Tf {text.x} {792 - text.y} Td ({text.text.replace('(', '[').replace(')', ']')}) Tj ET"
        for text in hologic_spine()
    )
    image = "q 612 0 0 792 0 0 cm /I1 Do Q"
    content = f"{texts} {image}" if picture_last else f"{image} {texts}"
    return document_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 "
            b"/Length 1 >>\nstream\n\xe0\nendstream",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> "
            b"/XObject << /I1 4 0 R >> >> /Contents 6 0 R >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content.encode("cp1252")),
        ]
    )


def test_recognises__the_mark_anywhere_in_the_first_kilobyte():
    assert pdf.recognises("x", b"%PDF-1.4 and more")
    assert pdf.recognises("x", b"\n" * 900 + b"%PDF-1.7")
    assert not pdf.recognises("x.pdf", b"\n" * 1100 + b"%PDF-1.7")


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_read__gives_every_cell_of_a_page_however_it_is_turned(rotate):
    assert texts(read(pdf_of([hologic_spine()], rotate=rotate))) == [list(row) for row in HOLOGIC_SPINE_ROWS]


def test_read__gives_every_cell_of_a_page_by_another_program():
    assert texts(read(drawn_by_matplotlib(hologic_spine()))) == [list(row) for row in HOLOGIC_SPINE_ROWS]


def test_read__the_place_of_a_cell_is_where_it_is_drawn():
    (report,) = read(pdf_of([hologic_spine()])).reports
    page, box = report.rows[2].cells["bmd"].place.split(" box ")
    x0, y0, x1, y1 = map(float, box.split(","))
    # The third row's base line is at 486 + 25 + 2 * 13.8 = 538.6, its right edge at 327.
    assert page == "page 1"
    assert x1 == pytest.approx(327, abs=1.5)
    assert x1 - x0 == pytest.approx(20, abs=2)
    assert y0 < 536 < y1


QUARTERS = {
    90: (b"0 1 -1 0 792 0", b"792 612"),
    180: (b"-1 0 0 -1 612 792", b"612 792"),
    270: (b"0 -1 1 0 0 612", b"792 612"),
}


def turned(degrees: int) -> bytes:
    """The page drawn with a matrix that turns all of it, as printers do with landscape pages."""
    matrix, size = QUARTERS[degrees]
    plain = pdf_of([hologic_spine()])
    stream = plain[plain.index(b"stream\n") + 7 : plain.index(b"\nendstream")]
    sideways = b"q " + matrix + b" cm " + stream + b" Q"
    page = pdf_of([()]).replace(b"[0 0 612 792]", b"[0 0 " + size + b"]")
    old = page[page.index(b"<< /Length") : page.index(b"endstream")]
    return page.replace(old, b"<< /Length %d >>\nstream\n%s\n" % (len(sideways), sideways))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_read__a_page_drawn_on_its_side_is_turned(degrees):
    assert texts(read(turned(degrees))) == [list(row) for row in HOLOGIC_SPINE_ROWS]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize(("ascent", "descent"), [(2500, -1200), (1800, -400), (0, 0)])
def test_read__fonts_may_lie_about_their_height(ascent, descent, degrees):
    widths = b" ".join(
        b"556" if 48 <= code < 58 else b"278" if code in b" .,-:/" else b"600" for code in range(32, 256)
    )
    box = b"%d %d" % (ascent, descent)
    font = (
        b"/BaseFont /Helvetica /Encoding /WinAnsiEncoding /FirstChar 32 /LastChar 255 /Widths [" + widths + b"] "
        b"/FontDescriptor << /Type /FontDescriptor /FontName /Helvetica /Flags 32 /FontBBox [-166 "
        + b" 1000 ".join(box.split()[::-1])
        + b"] /ItalicAngle 0 /Ascent "
        + box.replace(b" ", b" /Descent ")
        + b" /CapHeight 700 /StemV 80 >> >>"
    )
    data = (turned(degrees) if degrees else pdf_of([hologic_spine()])).replace(
        b"/BaseFont /Helvetica /Encoding /WinAnsiEncoding >>", font
    )
    assert texts(read(data)) == [list(row) for row in HOLOGIC_SPINE_ROWS]


def test_read__each_person_of_a_document_keeps_the_own_numbers():
    second = tuple(
        Text(t.x, t.y, t.text.replace("QX-4471", "ZB-0932").replace("A0317180C", "A0317181F"), t.size, t.right)
        for t in hologic_spine([("L1", "11.73", "8.06", "0.687", "-2.2", "-0.9"), *HOLOGIC_SPINE_ROWS[1:4]])
    )
    reading = read(pdf_of([hologic_spine(), second]))
    assert [report.patient.patient_id for report in reading.reports] == ["QX-4471", "ZB-0932"]
    assert [report.rows[0].value("bmd") for report in reading.reports] == [0.8, 0.687]


def test_read__invisible_text_is_no_text():
    data = pdf_of([hologic_spine()], invisible=True)
    assert refusal(data) == "no-dxa-results"
    assert not pdf.has_text(Source(data=data))


def test_read__text_beneath_a_picture_is_no_text_but_text_above_it_is():
    assert refusal(scanned(picture_last=True)) == "no-dxa-results"
    assert not pdf.has_text(Source(data=scanned(picture_last=True)))
    assert pdf.has_text(Source(data=scanned(picture_last=False)))


@pytest.mark.parametrize("mode", [0, 3])
def test_read__text_within_a_form_is_looked_at_too(mode):
    plain = pdf_of([hologic_spine()])
    stream = plain[plain.index(b"stream\n") + 7 : plain.index(b"\nendstream")]
    inner = b"%d Tr %s" % (mode, stream)
    data = document_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            b"/Length %d >>\nstream\n%s\nendstream" % (len(inner), inner),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /XObject << /X1 4 0 R >> >> "
            b"/Contents 6 0 R >>",
            b"<< /Length 6 >>\nstream\n/X1 Do\nendstream",
        ]
    )
    if mode == 0:
        assert texts(read(data)) == [list(row) for row in HOLOGIC_SPINE_ROWS]
    else:
        assert refusal(data) == "no-dxa-results"


def test_read__a_page_without_text_beside_one_with_results_is_noted():
    reading = read(
        pdf_of([hologic_spine(), ()]).replace(b"/Length 0 >>\nstream\n", b"/Length 9 >>\nstream\n0 0 9 9 re f")
    )
    assert [problem.code for problem in reading.problems] == ["pages-not-read"]
    assert "page 2" in reading.problems[0].message


def test_has_text__a_cover_letter_does_not_hide_pages_that_are_pictures():
    cover = (Text(72, 100, "Dear colleague, the reports follow."),)
    assert not pdf.has_text(
        Source(data=pdf_of([cover, ()]).replace(b"/Length 0 >>\nstream\n", b"/Length 9 >>\nstream\n0 0 9 9 re f"))
    )
    assert pdf.has_text(Source(data=pdf_of([cover])))


def test_read__a_text_without_a_table_has_no_results():
    assert refusal(pdf_of([(Text(72, 100, "Bone density of the region was low."),)])) == "no-dxa-results"


def test_read__glyphs_without_a_meaning_are_not_guessed():
    # A font whose own encoding names no characters: its codes say nothing.
    data = pdf_of([hologic_spine()]).replace(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [ << /Type /Font "
        b"/Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) "
        b"/Supplement 0 >> >> ] >>",
    )
    assert refusal(data) == "no-dxa-results"


def test_read__a_document_with_a_password_says_so():
    data = pdf_of([hologic_spine()]).replace(
        b"/Root 1 0 R",
        b"/Root 1 0 R /ID [<31> <31>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O ("
        + b"o" * 32
        + b") /U ("
        + b"u" * 32
        + b") >>",
    )
    assert refusal(data) == "encrypted-document"


@pytest.mark.parametrize("keep", [0.2, 0.6, 0.95])
def test_read__a_document_cut_short_is_truncated(keep):
    data = pdf_of([hologic_spine()])
    assert refusal(data[: int(keep * len(data))]) == "truncated-file"


def test_read__rubbish_behind_the_mark_is_malformed():
    assert refusal(b"%PDF-1.4\n" + b"rubbish" * 99 + b"%%EOF") == "malformed-document"


def compressed(content: bytes) -> bytes:
    page = pdf_of([hologic_spine()])
    old = page[page.index(b"<< /Length") : page.index(b"endstream")]
    return page.replace(old, b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\n" % (len(content), content))


def test_read__a_digit_changed_within_a_compressed_page_is_found():
    page = pdf_of([hologic_spine()])
    stream = page[page.index(b"stream\n") + 7 : page.index(b"\nendstream")]
    # Stored without compression, so that one flipped bit turns 0.905 into 0.907 and nothing else.
    packed = bytearray(zlib.compress(stream, level=0))
    assert texts(read(compressed(bytes(packed)))) == [list(row) for row in HOLOGIC_SPINE_ROWS]
    packed[packed.index(b"(0.905)") + 5] ^= 2
    assert refusal(compressed(bytes(packed))) == "malformed-document"


def test_read__a_stream_that_unfolds_without_bound_is_unsafe(monkeypatch):
    monkeypatch.setattr("bonemetrics.readers.dxa.pdf_streams.MAX_STREAM_BYTES", 1 << 20)
    assert refusal(compressed(zlib.compress(b" " * (3 << 20)))) == "unsafe-document"
    monkeypatch.setattr("bonemetrics.readers.dxa.pdf_streams.MAX_CHECKED_BYTES", 1 << 18)
    assert refusal(compressed(zlib.compress(b" " * (1 << 19)))) == "unsafe-document"


def test_read__ten_thousand_pages_are_refused_at_once():
    data = pdf_of([()] * 10_000)
    start = time.perf_counter()
    assert refusal(data) == "too-large"
    assert time.perf_counter() - start < 1.0


def test_read__a_page_with_a_book_of_text_is_refused(monkeypatch):
    monkeypatch.setattr("bonemetrics.readers.dxa.pdf_text.MAX_PAGE_CHARACTERS", 50)
    assert refusal(pdf_of([hologic_spine()])) == "too-large"


def test_read__a_document_of_too_many_characters_or_bytes_is_refused(monkeypatch):
    monkeypatch.setattr(pdf, "MAX_CHARACTERS", 1000)
    assert refusal(pdf_of([hologic_spine()] * 2)) == "too-large"
    monkeypatch.setattr(pdf, "MAX_PDF_BYTES", 100)
    assert refusal(pdf_of([hologic_spine()])) == "too-large"


def test_page_pictures__are_grey_at_200_dots_per_inch_and_upright():
    (picture,) = pdf.page_pictures(Source(data=pdf_of([hologic_spine()])))
    assert picture.dtype == np.uint8
    # 11 by 8.5 inches.
    assert picture.shape == pytest.approx((2200, 1700), abs=2)
    assert picture[0, 0] == 255
    # The logo stands at the foot of the page, to the right.
    assert picture[2120:2190, 1450:1700].min() < 60
    assert picture[2120:2190, :400].min() == 255


def test_page_pictures__are_bounded_in_number_and_size(monkeypatch):
    with pytest.raises(ReadError, match="21 pages"):
        pdf.page_pictures(Source(data=pdf_of([()] * 21)))
    monkeypatch.setattr(pdf, "MAX_PICTURE_PIXELS", 10_000)
    (picture,) = pdf.page_pictures(Source(data=pdf_of([hologic_spine()])))
    assert picture.size <= 10_400


def test_read__79_pages_of_text_take_less_than_a_second():
    line = "The density of bone was measured in all visits. " * 2
    data = pdf_of([tuple(Text(40, 60 + 12 * place, line, 9) for place in range(50))] * 79)
    start = time.process_time()
    assert refusal(data) == "no-dxa-results"
    assert time.process_time() - start < 1.0


@pytest.mark.shared_data
def test_read__real_documents_without_a_table_are_refused(shared_data):
    for name in ("bone-scan.pdf", "presentedForm.pdf"):
        assert refusal((shared_data / "dxa" / "fhir_uscore" / name).read_bytes()) == "no-dxa-results"


def test_fixture__is_a_document_that_pdfium_opens():
    assert len(pypdfium2.PdfDocument(pdf_of([hologic_spine()]))) == 1
