"""Report texts that are anything: a reading or a refusal, soon."""

from __future__ import annotations

import contextlib
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import hologic_image_analysis
from bonemetrics.readers.dxa.hologic_xml import read, read_text
from bonemetrics.readers.dxa.safe_xml import parse_xml
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.hologic_xml import HIP_HEADS, HIP_ROWS, example, report_text

EXAMPLE = example()
CELLS = st.sampled_from([*HIP_HEADS, *(cell for row in HIP_ROWS for cell in row), "", "Radius", "L1", "Total", "Left"])


def outcome(data: bytes) -> DxaReading | None:
    try:
        return read(Source(data=data))
    except ReadError:
        return None


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_read__takes_any_bytes(data):
    outcome(data)
    outcome(b"b'" + data)
    outcome(b'<JavaScriptFile>ResultsTable1[ 0][ 0] = "' + data)
    with contextlib.suppress(ReadError):
        hologic_image_analysis.read_text(data)
    with contextlib.suppress(ReadError):
        parse_xml(data)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(EXAMPLE)), st.randoms(use_true_random=False))
def test_read__takes_cut_and_damaged_texts(length, rng: random.Random):
    outcome(EXAMPLE[:length])
    damaged = bytearray(EXAMPLE)
    for _ in range(rng.randint(1, 12)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    outcome(bytes(damaged))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS | st.text(max_size=8), max_size=8), max_size=8), st.booleans())
def test_read__takes_any_table(rows, turned):
    plain = [[cell.replace('"', "").replace("\\", "") for cell in row] for row in rows]
    outcome(report_text(plain, turned=turned).encode())


@settings(max_examples=20, deadline=None)
@given(st.permutations(list(enumerate(HIP_HEADS))[1:]), st.permutations(HIP_ROWS), st.booleans())
def test_read__gives_the_same_numbers_in_any_order(heads, rows, turned):
    order = [0, *(column for column, _ in heads)]
    table = [[row[column] for column in order] for row in (HIP_HEADS, *rows)]
    found = read_text(report_text(table, turned=turned).encode())
    usual = read_text(EXAMPLE)
    numbers = {(row.region, name): cell.value for row in found.rows for name, cell in row.cells.items()}
    assert numbers == {(row.region, name): cell.value for row in usual.rows for name, cell in row.cells.items()}


@pytest.mark.parametrize(
    "piece",
    [
        b'A="',
        b"A='\\",
        b'A[1][1]="',
        b"a" * 64,
        b"ResultsTable1[",
        b'"',
        b"\\",
        b"<k>",
        b"<a<",
        b"= ",
        b'A="\\"',
        b"b'\\x",
    ],
)
def test_read__takes_repeated_pieces_in_bounded_time(piece):
    start = time.process_time()
    outcome(piece * (400_000 // len(piece)))
    outcome(b"<HologicHeader1>\n" + b'A = "' + piece * (400_000 // len(piece)))
    assert time.process_time() - start < 10
