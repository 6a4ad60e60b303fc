"""Whatever the bytes, reading a picture ends in a reading or a code."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import page_image
from bonemetrics.readers.dxa.page_image_face import learn
from bonemetrics.readers.dxa.page_image_glyphs import match
from bonemetrics.readers.dxa.page_image_ink import sheet_of, tokens_of
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading

FORMS = ("PNG", "TIFF", "JPEG", "BMP", "GIF")


def example(form: str) -> bytes:
    """A small picture with a few strokes, too small to be a page: the bytes are what is tried here."""
    pixels = np.full((70, 94), 250, np.uint8)
    pixels[20:27, 10:80:5] = 15
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form)
    return out.getvalue()


EXAMPLES = {form: example(form) for form in FORMS}


def outcome(data: bytes) -> object:
    """A reading or a code; anything else escapes and fails the test."""
    try:
        return page_image.read(Source(data=data, name="page"))
    except ReadError as error:
        return error.code


@pytest.mark.parametrize("form", FORMS)
def test_examples__are_pictures_without_results(form: str) -> None:
    assert page_image.recognises("", EXAMPLES[form])
    assert outcome(EXAMPLES[form]) == "no-dxa-results"


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"\xff\xd8\xff", b"BM", b"GIF89a"]),
)
def test_bytes__end_in_a_code(body: bytes, start: bytes) -> None:
    assert isinstance(outcome(start + body), str | DxaReading)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(FORMS), st.data())
def test_damaged_pictures__end_in_a_code(form: str, data: st.DataObject) -> None:
    raw = bytearray(EXAMPLES[form])
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    kept = data.draw(st.integers(0, len(raw)))
    assert isinstance(outcome(bytes(raw[:kept] if data.draw(st.booleans()) else raw)), str | DxaReading)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1), st.integers(1, 90), st.integers(1, 90))
def test_any_ink__is_cut_and_matched_without_a_fall(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.choice(np.array([0, 40, 160, 255], np.uint8), size=(rows, columns), p=[0.1, 0.1, 0.1, 0.7])
    sheet = sheet_of(picture)
    if sheet is None:
        return
    boxes = tokens_of(sheet)
    assert all(0 <= box.x0 < box.x1 <= columns and 0 <= box.y0 < box.y1 <= rows for box in boxes)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_noise__teaches_nothing_that_makes_it_a_number(seed: int) -> None:
    rng = np.random.default_rng(seed)
    strips = [np.clip(rng.normal(0.2, 0.4, (60, 100)), 0, 1).astype(np.float32) for _ in range(6)]
    face = learn(strips, ["13.26", "11.58", "0.873", "41.79", "9.50", "28.64"])
    if face is None:
        return
    for strip in strips:
        found = match(face, strip, owner=0)
        assert found is None or found.misfit >= 0
