"""XPS documents: text at its origins, transformations, pieces of parts, hostile archives."""

import io
import zipfile

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import xps
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.printed_pages import HOLOGIC_SPINE_ROWS, Text, fixed_page, hologic_spine, xps_of

ROWS = [list(row) for row in HOLOGIC_SPINE_ROWS]
PAGE = fixed_page(hologic_spine())
BIG_PICTURE = (
    '<Path Data="M 0,0 L 816,0 816,1056 0,1056 z"><Path.Fill><ImageBrush ImageSource="/1.png" '
    'Viewbox="0,0,96,96" Viewport="0,0,816,1056"/></Path.Fill></Path>'
)


def read(data: bytes) -> DxaReading:
    return xps.read(Source(data=data))


def refusal(data: bytes) -> str:
    with pytest.raises(ReadError) as caught:
        read(data)
    return caught.value.code


def texts(reading: DxaReading) -> list[list[str]]:
    (report,) = reading.reports
    names = ("area", "bmc", "bmd", "t_score", "z_score")
    return [[row.region, *(row.cells[name].raw for name in names)] for row in report.rows]


def without(data: bytes, name: str) -> bytes:
    """The archive without one entry."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry, old.read(entry))
    return stream.getvalue()


def test_recognises__by_the_names_in_the_archive_or_of_the_file():
    assert xps.recognises("report", xps_of([PAGE])[:4096])
    assert xps.recognises("report.OXPS", b"PK\x03\x04 anything")
    assert not xps.recognises("report.xps", b"no archive")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert not xps.recognises("letter.docx", stream.getvalue())


@pytest.mark.parametrize("advances", [True, False])
def test_read__gives_every_cell_with_and_without_stated_advances(advances):
    assert texts(read(xps_of([fixed_page(hologic_spine(), advances=advances)]))) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_read__takes_parts_in_both_encodings_and_in_pieces(encoding):
    page = f'<?xml version="1.0" encoding="{encoding}"?>{PAGE}'.encode(encoding)
    assert texts(read(xps_of([page], pieces=True))) == ROWS


def test_read__applies_the_transformations_of_canvases():
    # A quarter turn clockwise about the upper left corner, moved back onto the page by its height of 1056.
    assert texts(read(xps_of([fixed_page(hologic_spine(), canvas="0,1,-1,0,1056,0")]))) == ROWS
    # Half the size, moved by 40 and 70.
    (report,) = read(xps_of([fixed_page(hologic_spine(), canvas="0.5,0,0,0.5,40,70")])).reports
    _, box = report.rows[0].cells["bmd"].place.split(" box ")
    _, y0, x1, y1 = map(float, box.split(","))
    # Right edge at 327 points: half of it and 40 * 0.75 = 30 points more.
    assert x1 == pytest.approx(327 / 2 + 30, abs=1)
    # Base line at 486 + 25 = 511 points: half of it and 70 * 0.75 = 52.5 points more.
    assert y0 < 511 / 2 + 52.5 <= y1
    nested = fixed_page(hologic_spine()).replace(
        "<Glyphs ",
        '<Canvas><Canvas.RenderTransform><MatrixTransform Matrix="1,0,0,1,3,4"/></Canvas.RenderTransform><Glyphs ',
        1,
    )
    nested = nested.replace("</FixedPage>", "</Canvas></FixedPage>")
    assert texts(read(xps_of([nested]))) == ROWS


def test_read__escaped_braces_and_clusters():
    page = fixed_page(hologic_spine())
    page = page.replace('UnicodeString="L3"', 'UnicodeString="{}L3"', 1)
    # One glyph for both letters, as of a ligature, with the advance of both.
    page = page.replace('UnicodeString="L4" Indices=",54;,54"', 'UnicodeString="L4" Indices="(2:1)71,108"', 1)
    assert "(2:1)" in page
    assert texts(read(xps_of([page]))) == ROWS


def test_read__a_wide_advance_parts_two_words():
    # All cells of one row in one run: the advance of each last digit reaches to where the next cell begins.
    edges, cells = (150.0, 238.0), ("56.08", "50.74")
    plain = fixed_page(hologic_spine())
    start = [edge - 4 * 0.54 * 8 - 0.28 * 8 for edge in edges]
    for cell in cells:
        assert f'UnicodeString="{cell}"' in plain
    one = plain.replace('UnicodeString="56.08" Indices=",54;,54;,28;,54;,54"', "@", 1)
    two_at = one.index('UnicodeString="50.74"')
    two_from = one.rindex("<Glyphs", 0, two_at)
    one = one[:two_from] + one[one.index("/>", two_at) + 2 :]
    reach = (start[1] - start[0] - 3 * 0.54 * 8 - 0.28 * 8) / 8 * 100
    one = one.replace("@", f'UnicodeString="56.0850.74" Indices=",54;,54;,28;,54;,{reach:.6g};,54;,54;,28;,54;,54"')
    assert texts(read(xps_of([one]))) == ROWS


def test_read__text_without_ink_is_no_text():
    assert refusal(xps_of([PAGE.replace("#ff000000", "#00000000")])) == "no-dxa-results"
    assert refusal(xps_of([PAGE.replace("<Glyphs ", '<Glyphs Opacity="0" ')])) == "no-dxa-results"
    assert refusal(xps_of([PAGE.replace('UnicodeString="', 'Was="')])) == "no-dxa-results"
    assert refusal(xps_of([PAGE.replace("<Glyphs ", '<Glyphs IsSideways="true" ')])) == "no-dxa-results"


def test_read__text_beneath_a_picture_is_no_text_but_text_above_it_is():
    assert refusal(xps_of([fixed_page(hologic_spine(), extra=BIG_PICTURE)])) == "no-dxa-results"
    above = PAGE.replace("<Glyphs ", BIG_PICTURE + "<Glyphs ", 1)
    assert texts(read(xps_of([above]))) == ROWS


def test_read__a_page_that_is_a_picture_is_noted():
    reading = read(xps_of([PAGE, fixed_page((), extra=BIG_PICTURE), fixed_page(())]))
    assert [(problem.code, problem.message) for problem in reading.problems] == [
        ("pages-not-read", "no text on page 2")
    ]


def test_read__glyphs_beside_the_page_are_left_out():
    page = fixed_page((*hologic_spine(), Text(900, 511, "7.77")))
    assert texts(read(xps_of([page]))) == ROWS


def test_read__pages_come_in_the_order_of_the_document():
    second = [("L1", "11.73", "8.06", "0.687", "-2.2", "-0.9"), *HOLOGIC_SPINE_ROWS[1:4]]
    reading = read(xps_of([PAGE, fixed_page(hologic_spine(second))]))
    assert [report.rows[0].cells["bmd"].place.split(" box")[0] for report in reading.reports] == ["page 1", "page 2"]
    assert [report.rows[0].value("bmd") for report in reading.reports] == [0.8, 0.687]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (xps_of([PAGE])[:-40], "truncated-file"),
        (b"PK\x03\x04" + b"x" * 100 + b"PK\x05\x06" + b"\xff" * 18, "malformed-document"),
        (without(xps_of([PAGE]), "Documents/1/Pages/1.fpage"), "malformed-document"),
        (without(xps_of([PAGE], pieces=True), "Documents/1/Pages/1.fpage/[0].piece"), "malformed-document"),
        (without(without(xps_of([PAGE]), "_rels/.rels"), "FixedDocSeq.fdseq"), "malformed-document"),
        (xps_of([PAGE[:-20]]), "malformed-document"),
        (xps_of([PAGE.replace('Width="816"', 'Width="wide"')]), "malformed-document"),
        (xps_of([PAGE.replace('Width="816"', 'Width="0"')]), "malformed-document"),
        (xps_of([PAGE.replace('OriginX="', 'OriginX="1e9')]), "malformed-document"),
        (xps_of([fixed_page(hologic_spine(), canvas="1,0,0")]), "malformed-document"),
        (xps_of(["<!DOCTYPE a [<!ENTITY b 'c'>]>" + PAGE]), "unsafe-document"),
        (xps_of([" " * (17 << 20) + PAGE]), "unsafe-document"),
        (xps_of([fixed_page((Text(40, 60, "x" * 5000),))]), "too-large"),
        (xps_of([fixed_page((Text(40, 60, "A letter about something else."),))]), "no-dxa-results"),
        (xps_of([]), "no-dxa-results"),
    ],
)
def test_read__refuses(data, code):
    assert refusal(data) == code


def test_read__finds_the_document_without_its_list_of_relations():
    assert texts(read(without(xps_of([PAGE]), "_rels/.rels"))) == ROWS


def test_read__refuses_references_to_other_places():
    data = xps_of([PAGE])
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.infolist():
            content = old.read(entry).replace(b'Source="Pages/1.fpage"', b'Source="http://example.org/1.fpage"')
            new.writestr(entry.filename, content)
    assert refusal(stream.getvalue()) == "unsafe-document"


def test_read__refuses_a_part_that_stands_twice():
    stream = io.BytesIO(xps_of([PAGE]))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("Documents/1/PAGES/1.fpage", PAGE.replace("0.800", "0.900"))
    assert refusal(stream.getvalue()) == "malformed-document"


def test_read__refuses_locked_parts():
    data = bytearray(xps_of([PAGE]))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(mark, place + 4)
    assert refusal(bytes(data)) == "encrypted-document"


def test_read__bounds_pages_entries_and_what_is_unpacked(monkeypatch):
    many = xps_of([PAGE] * 3)
    monkeypatch.setattr("bonemetrics.readers.dxa.xps_parts.MAX_PAGES", 2)
    assert refusal(many) == "too-large"
    monkeypatch.setattr("bonemetrics.readers.dxa.xps_parts.MAX_ENTRIES", 4)
    assert refusal(many) == "too-large"
