"""Whatever bytes a PDF holds: a reading or a refusal."""

import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import pdf
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.printed_pages import HOLOGIC_SPINE_ROWS, hologic_spine, pdf_of
from tests.printed_pages_norland import spine_page

EXAMPLES = (pdf_of([hologic_spine()]), pdf_of([spine_page(), ()], rotate=90))


def read(data: bytes) -> DxaReading | None:
    try:
        pdf.has_text(Source(data=data))
        return pdf.read(Source(data=data))
    except ReadError:
        return None


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes__are_refused(data, marked):
    assert read(b"%PDF-1.7\n" + data + b"%%EOF" if marked else data) is None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(EXAMPLES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_changed_bytes__give_a_reading_or_a_refusal(example, changes):
    data = bytearray(example)
    for place, byte in changes:
        data[int(place * len(data))] = byte
    read(bytes(data))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(EXAMPLES), st.floats(0, 1), st.binary(max_size=20))
def test_cut_documents__give_a_reading_or_a_refusal(example, keep, tail):
    read(example[: int(keep * len(example))] + tail + b"%%EOF")


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_changed_byte_in_a_compressed_page__never_changes_a_number(place, change):
    plain = pdf_of([hologic_spine()])
    start, end = plain.index(b"stream\n") + 7, plain.index(b"\nendstream")
    packed = bytearray(zlib.compress(plain[start:end]))
    packed[int(place * len(packed))] ^= change
    head = plain.rindex(b"<<", 0, start)
    data = plain[:head] + b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed) + bytes(packed) + plain[end:]
    reading = read(data)
    for report in reading.reports if reading else ():
        told = {row.region: row.cells["bmd"].raw for row in report.rows}
        assert told == {row[0]: row[3] for row in HOLOGIC_SPINE_ROWS}
