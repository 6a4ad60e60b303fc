"""Whatever bytes an XPS document holds: a reading or a refusal."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import xps
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.printed_pages import HOLOGIC_SPINE_ROWS, fixed_page, hologic_spine, xps_of

PAGE = fixed_page(hologic_spine())
EXAMPLES = (xps_of([PAGE]), xps_of([PAGE], pieces=True))


def read(data: bytes) -> DxaReading | None:
    try:
        return xps.read(Source(data=data))
    except ReadError:
        return None


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes__are_refused(data, marked):
    assert read(b"PK\x03\x04" + data + b"PK\x05\x06" + bytes(18) if marked else data) is None


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(EXAMPLES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_changed_bytes__never_change_a_number(example, changes):
    data = bytearray(example)
    for place, byte in changes:
        data[int(place * len(data))] = byte
    reading = read(bytes(data))
    # Every part has its checksum, so what is read at all is what was written.
    for report in reading.reports if reading else ():
        assert {row.region: row.cells["bmd"].raw for row in report.rows} == {
            row[0]: row[3] for row in HOLOGIC_SPINE_ROWS
        }


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(PAGE) - 1), st.characters())
def test_changed_pages__give_a_reading_or_a_refusal(place, letter):
    read(xps_of([f"{PAGE[:place]}{letter}{PAGE[place + 1 :]}".encode("utf-8", errors="replace")]))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(EXAMPLES), st.floats(0, 1))
def test_cut_documents__are_refused(example, keep):
    assert read(example[: int(keep * (len(example) - 1))]) is None
