from __future__ import annotations

import contextlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import fhir
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.fhir import PATIENT, RESULTS, bundle, make

WHOLE = make()
HEADER = b'{"resourceType": "Observation", "code": '


def survives(data: bytes) -> None:
    assert fhir.recognises("x.csv", data[:4096]) in (True, False)
    with contextlib.suppress(ReadError):
        assert isinstance(fhir.read(Source(data=data)), DxaReading)


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ("code", "valueQuantity", "subject", "bodySite", "component", "device", "effectiveDateTime", "status", "contained")
)


@settings(max_examples=50, deadline=None)
@given(number=st.integers(0, 5), field=FIELDS, value=JSON)
def test_read__any_json_in_any_field_ends_in_a_reading_or_a_refusal(number, field, value):
    results = [dict(one) for one in RESULTS]
    results[number][field] = value
    survives(bundle(PATIENT, *results))
