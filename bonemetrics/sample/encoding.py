"""Pixels of one slice in the lossless codings that CT archives use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

Coding = Literal["explicit", "implicit", "big-endian", "deflated", "rle", "jpeg-ls", "jpeg-2000", "jpeg-lossless"]

SYNTAX_UIDS: Mapping[Coding, UID] = MappingProxyType(
    {
        "explicit": ExplicitVRLittleEndian,
        "implicit": ImplicitVRLittleEndian,
        "big-endian": ExplicitVRBigEndian,
        "deflated": DeflatedExplicitVRLittleEndian,
        "rle": RLELossless,
        "jpeg-ls": JPEGLSLossless,
        "jpeg-2000": JPEG2000Lossless,
        "jpeg-lossless": JPEGLosslessSV1,
    }
)
"""Transfer syntax of each coding."""


def encode(values: npt.NDArray[Any], coding: Coding) -> bytes:
    """PixelData of one slice.

    Parameters
    ----------
    values
        (rows, columns), 16 bits.
    coding
        Signed values keep their bits: decoders give them back through PixelRepresentation.
    """
    if coding in ("explicit", "implicit", "deflated"):
        return values.astype(values.dtype.newbyteorder("<")).tobytes()
    if coding == "big-endian":
        return values.astype(values.dtype.newbyteorder(">")).tobytes()
    return encapsulate([_compressed(np.ascontiguousarray(values), coding)])


def _compressed(values: npt.NDArray[Any], coding: Coding) -> bytes:
    import imagecodecs

    bits = values.view(np.uint16)
    if coding == "jpeg-ls":
        data = imagecodecs.jpegls_encode(bits, level=0)
    elif coding == "jpeg-lossless":
        data = imagecodecs.ljpeg_encode(bits)
    elif coding == "jpeg-2000":
        data = imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k", reversible=True, mct=False)
    else:
        return _run_length(values)
    return bytes(data)


def _run_length(values: npt.NDArray[Any]) -> bytes:
    encoded = RLELosslessEncoder.encode(
        values,
        rows=values.shape[0],
        columns=values.shape[1],
        samples_per_pixel=1,
        bits_allocated=16,
        bits_stored=16,
        pixel_representation=int(np.issubdtype(values.dtype, np.signedinteger)),
        photometric_interpretation="MONOCHROME2",
        number_of_frames=1,
    )
    return bytes(encoded)
