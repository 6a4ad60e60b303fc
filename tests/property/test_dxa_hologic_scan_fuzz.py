"""Whatever stands in a P file: a reading, or a refusal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_scan import read, recognises
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.hologic_scan import CASE

WHOLE = CASE.make()


def reads_or_refuses(data: bytes) -> None:
    recognises("PX.P01", data[:4096])
    message = ""
    try:
        assert isinstance(read(Source(data=data)), DxaReading)
    except ReadError as error:
        message = error.message
    assert not any(secret in message for secret in CASE.secrets)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=600))
def test_read__any_bytes(data):
    reads_or_refuses(data)


@settings(max_examples=40, deadline=None)
@given(length=st.integers(0, len(WHOLE)))
def test_read__any_truncation(length):
    reads_or_refuses(WHOLE[:length])


@settings(max_examples=100, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_read__any_flipped_bytes(changes):
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    reads_or_refuses(bytes(data))
