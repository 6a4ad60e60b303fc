"""Headers of DICOM files that are held in memory."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dicom_file import head_of
from bonemetrics.readers.values import text
from tests.dicom_bytes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, Slice, ct_slice, part10


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_head_of__reads_every_plain_transfer_syntax(syntax):
    one = ct_slice(np.full((3, 5), 7, np.int16), (0.0, 0.0, 0.0))
    one.transfer_syntax = syntax
    head = head_of(one.encode())
    assert head.problem is None
    assert text(head.elements, 0x00080070) == "ACME"
    assert head.pixels is not None
    assert head.pixels.length == 30


def test_head_of__says_that_the_pixels_are_cut_off():
    data = ct_slice(np.full((3, 5), 7, np.int16), (0.0, 0.0, 0.0)).encode()
    problem = head_of(data[:-1]).problem
    assert problem is not None
    assert problem.code == "truncated-file"


@pytest.mark.parametrize(
    ("kept", "code"),
    [
        (20, None),  # the fragment and the end mark
        (12, None),  # without the mark, as some writers leave it
        (11, "truncated-file"),
        (9, "truncated-file"),
        (5, "truncated-file"),
    ],
)
def test_head_of__says_that_compressed_pixels_are_cut_off(kept, code):
    one = Slice(
        stored=np.zeros((3, 5), np.uint8),
        transfer_syntax="1.2.840.10008.1.2.5",
        # An element of undefined length, an empty offset table, a fragment of four bytes.
        pixel_element=b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff"
        + b"\xfe\xff\x00\xe0\0\0\0\0"
        + b"\xfe\xff\x00\xe0\4\0\0\0"
        + b"abcd",
    )
    one.elements = ct_slice(one.stored, (0.0, 0.0, 0.0)).elements
    whole = one.encode()
    start = whole.rindex(b"\xfe\xff\x00\xe0")
    problem = head_of((whole + b"\xfe\xff\xdd\xe0\0\0\0\0")[: start + kept]).problem
    assert (problem and problem.code) == code


def test_head_of__says_that_the_header_is_cut_off():
    data = part10(b"\x10\x00\x20\x00LO\x08\x00ID", EXPLICIT)
    problem = head_of(data).problem
    assert problem is not None
    assert problem.code == "truncated-file"


@pytest.mark.parametrize("data", [b"", b"DICM", b"\0" * 132, b"%PDF-1.7" + b" " * 200])
def test_head_of__refuses_what_is_no_dicom_file(data):
    with pytest.raises(ReadError) as caught:
        head_of(data)
    assert caught.value.code == "unknown-format"


def test_head_of__refuses_a_data_set_without_the_head_of_a_file():
    whole = ct_slice(np.zeros((3, 5), np.int16), (0.0, 0.0, 0.0)).body()
    with pytest.raises(ReadError) as caught:
        head_of(whole)
    assert caught.value.code == "malformed-header"


def test_head_of__bounds_a_deflated_bomb():
    packer = zlib.compressobj(9, wbits=-15)
    # One element of 2 GiB as claimed, of which 200 MB of zeros are packed into 200 kB.
    body = packer.compress(b"\x19\x00\x10\x10OB\0\0" + (1 << 31).to_bytes(4, "little") + bytes(200 << 20))
    head = head_of(part10(body + packer.flush(), DEFLATED))
    assert head.problem is not None
    assert head.problem.code == "too-large"
