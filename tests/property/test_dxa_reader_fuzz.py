"""Whatever stands in a file of DXA results: a reading or a refusal, and no word about the person in the latter."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases import DxaCase, dxa_cases

# A picture that survives its damage costs seconds of reading; those are tried on pictures too small for a page.
CASES = [case for case in dxa_cases() if case.route != "page-image"]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.route)
WHOLE = {case.route: case.make() for case in CASES}
PLACES = st.floats(0, 1, exclude_max=True)


def reads_or_refuses(case: DxaCase, data: bytes) -> None:
    reader = importlib.import_module(case.module)
    assert reader.recognises(case.file_name, data[:4096]) in (True, False)
    try:
        reading = reader.read(Source(data=data, name=case.file_name))
        assert isinstance(reading, DxaReading)
        said = " ".join(problem.message for problem in reading.problems)
    except ReadError as error:
        said = error.message
    assert [secret for secret in case.secrets if secret in said] == []


@each_case
@settings(max_examples=50, deadline=None)
@given(kept=PLACES, data=st.binary(max_size=400))
@example(kept=0.0, data=b"\xff\xfea")
@example(kept=0.0, data=b"a\0b\0c")
def test_read__any_bytes_after_any_part_of_a_file(case, kept, data):
    reads_or_refuses(case, data)
    whole = WHOLE[case.route]
    reads_or_refuses(case, whole[: int(kept * len(whole))] + data)


@each_case
@settings(max_examples=80, deadline=None)
@given(changes=st.lists(st.tuples(PLACES, st.integers(0, 255)), min_size=1, max_size=8))
def test_read__any_changed_bytes(case, changes):
    data = bytearray(WHOLE[case.route])
    for place, value in changes:
        data[int(place * len(data))] = value
    reads_or_refuses(case, bytes(data))
