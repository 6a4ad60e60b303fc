"""Structured reports that are anything: a reading or a refusal, and nothing else."""

from __future__ import annotations

import contextlib
import random
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.dicom_parts import parts_of
from bonemetrics.readers.dxa.dicom_picture import grey_pictures
from bonemetrics.readers.dxa.dicom_sr import read
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dicom_bytes import EXPLICIT, data_set, part10
from tests.dxa_cases.dicom_sr import HEADER, num, report, spine_and_hip

EXAMPLE = spine_and_hip()
NAMES = st.text(st.characters(max_codepoint=255), max_size=24) | st.sampled_from(
    ["L1 BMD", "Left", "Neck", "AP Spine", "Total", "T-score", "(L1", "BMD" * 20, "% % %", "L1-L1-L1", "Radius 1/3"]
)


def outcome(data: bytes) -> str:
    try:
        found = read(Source(data=data))
    except ReadError as error:
        return error.code
    assert isinstance(found, DxaReading)
    return "read"


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400))
def test_read__takes_any_data_set(body):
    outcome(part10(body, EXPLICIT))
    outcome(part10(data_set(HEADER) + b"\x40\x00\x30\xa7SQ\0\0" + struct.pack("<I", len(body)) + body, EXPLICIT))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(EXAMPLE)), st.randoms(use_true_random=False))
def test_read__takes_cut_and_damaged_files(length, rng: random.Random):
    outcome(EXAMPLE[:length])
    damaged = bytearray(EXAMPLE)
    for _ in range(rng.randint(1, 12)):
        damaged[rng.randrange(132, len(damaged))] = rng.randrange(256)
    outcome(bytes(damaged))


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES, st.text("0123456789.+-eE,\\ N", max_size=20), NAMES)
def test_read__takes_any_words_and_numbers(name, unit, value, title):
    outcome(report(num(name, value, (unit[:16], "X", unit)), num("L1 BMD", value), title=title))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_parts_and_pictures__take_any_pixels(pixels, rows, columns, bits):
    shape = {0x00280002: ("US", 1), 0x00280010: ("US", rows), 0x00280011: ("US", columns), 0x00280100: ("US", bits)}
    data = part10(data_set({**HEADER, **shape, 0x7FE00010: ("OW", pixels)}), EXPLICIT)
    with contextlib.suppress(ReadError):
        grey_pictures(parts_of(data), data)
