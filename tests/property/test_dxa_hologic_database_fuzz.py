"""Whatever stands in a database: a reading, or a refusal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database import read, recognises
from bonemetrics.readers.dxa.hologic_database_pages import PAGE, SIGNATURES
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.hologic_database import CASE

WHOLE = CASE.make()
# Empty space changes nothing when it is flipped, so flips go where something stands.
FILLED = [place for place, byte in enumerate(WHOLE) if byte]


def reads_or_refuses(data: bytes, beside: bytes | None = None) -> None:
    recognises("PatScan.mdb", data[:4096])
    message = ""
    try:
        found = read(Source(data=data, sibling=lambda _name: beside))
        assert isinstance(found, DxaReading)
        message = " ".join(problem.message for problem in found.problems)
    except ReadError as error:
        message = error.message
    assert not any(secret in message for secret in CASE.secrets)


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=300), signed=st.booleans())
def test_read__any_bytes(data, signed):
    reads_or_refuses((SIGNATURES[0] + data).ljust(4 * PAGE, b"\x00") if signed else data)


@settings(max_examples=30, deadline=None)
@given(pages=st.integers(0, len(WHOLE) // PAGE), rest=st.sampled_from([0, 1, PAGE - 1]))
def test_read__any_truncation(pages, rest):
    reads_or_refuses(WHOLE[: pages * PAGE + rest], WHOLE)


@settings(max_examples=100, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(FILLED) | st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8
    )
)
def test_read__any_flipped_bytes(changes):
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    reads_or_refuses(bytes(data), bytes(data))


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(1, len(WHOLE) // PAGE)))
def test_read__any_order_of_pages(order):
    pages = [WHOLE[:PAGE], *(WHOLE[number * PAGE : (number + 1) * PAGE] for number in order)]
    reads_or_refuses(b"".join(pages))
