from __future__ import annotations

import contextlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import lunar_text
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.lunar_text import make

WHOLE = make()
HEADER = WHOLE[: WHOLE.index("\n".encode("utf-16-le")) + 2]


def survives(data: bytes) -> None:
    assert lunar_text.recognises("x.csv", data[:4096]) in (True, False)
    with contextlib.suppress(ReadError):
        assert isinstance(lunar_text.read(Source(data=data)), DxaReading)


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=400))
@example(data=b"\xff\xfea")
@example(data=b"a\0b\0c")
def test_read__any_bytes_after_the_header_end_in_a_reading_or_a_refusal(data):
    survives(data)
    survives(HEADER + data)


@settings(max_examples=50, deadline=None)
@given(cut=st.integers(0, len(WHOLE)), place=st.integers(0, len(WHOLE) - 1), value=st.integers(0, 255))
def test_read__damage_ends_in_a_reading_or_a_refusal(cut, place, value):
    survives(WHOLE[:cut])
    survives(WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :])
