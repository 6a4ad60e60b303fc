"""FHIR resources whose fields hold anything."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import fhir
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.fhir import PATIENT, RESULTS, bundle

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
    with contextlib.suppress(ReadError):
        assert isinstance(fhir.read(Source(data=bundle(PATIENT, *results))), DxaReading)
