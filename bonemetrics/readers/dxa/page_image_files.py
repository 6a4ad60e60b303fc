"""Pictures of pages from files: grey, eight bits, upright, within bounds."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from bonemetrics.errors import ReadError

MAX_PAGES = 20
MAX_PIXELS = 40_000_000
"""A page of A4 or Letter at 600 dots per inch fits."""
MAX_PIXELS_OF_ALL = 120_000_000
MIN_SIDE = 100
"""In smaller pictures no results table can be read."""
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_FORMATS = ("PNG", "TIFF", "JPEG", "BMP", "GIF")
# What Pillow's decoders of these five formats raise on damaged files.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
)
Grey = npt.NDArray[np.uint8]


def is_picture(start: bytes) -> bool:
    """Whether a file starts as a PNG, TIFF, JPEG, BMP or GIF does."""
    # Texts begin with BM as well, such as a column BMD: the length of the second header of a BMP tells.
    return start.startswith(_SIGNATURES) or (
        start.startswith(b"BM") and int.from_bytes(start[14:18], "little") in _BMP_HEADERS
    )


def pictures_of(data: bytes) -> list[Grey]:
    """Unpack the pages of a picture file.

    Parameters
    ----------
    data
        All bytes; of a TIFF every page is unpacked, of others the first picture.

    Returns
    -------
    list of array
        (rows, columns), 0 black, 255 white; transparent parts are white.

    Raises
    ------
    ReadError
        `unknown-format`, `malformed-document`, `truncated-file`, or `too-large` for more pixels or pages than a report
        has.
    """
    if not is_picture(data[:18]):
        raise ReadError("not a PNG, TIFF, JPEG, BMP or GIF picture", code="unknown-format")
    try:
        with warnings.catch_warnings():
            # Pillow warns about damage that its decoders then pass over or raise.
            warnings.simplefilter("ignore")
            return _pages(data)
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except MemoryError as error:
        raise _too_large() from error
    except _DAMAGE as error:
        if "truncated" in str(error).casefold():
            raise ReadError("the picture ends before its last row", code="truncated-file") from error
        raise ReadError("the picture is damaged and cannot be unpacked", code="malformed-document") from error


def _pages(data: bytes) -> list[Grey]:
    pages: list[Grey] = []
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        for number in range(MAX_PAGES + 1):
            if number:
                if picture.format != "TIFF":
                    break
                try:
                    picture.seek(number)
                except EOFError:
                    break
            if number == MAX_PAGES:
                raise ReadError(f"more than {MAX_PAGES} pages in one picture file", code="too-large")
            pixels = picture.width * picture.height
            if pixels > MAX_PIXELS or pixels + sum(page.size for page in pages) > MAX_PIXELS_OF_ALL:
                raise _too_large()
            pages.append(_grey(picture))
    return pages


def _grey(picture: Image.Image) -> Grey:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        return _eight_bits(np.asarray(picture, dtype=np.float64))
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        upright = Image.alpha_composite(paper, layer)
    if upright.mode == "1":
        return np.where(np.asarray(upright), 255, 0).astype(np.uint8)
    if upright.mode not in ("L", "RGB"):
        upright = upright.convert("RGB")
    return np.asarray(upright.convert("L"), dtype=np.uint8).copy()


def _eight_bits(values: npt.NDArray[np.float64]) -> Grey:
    finite = np.where(np.isfinite(values), values, 0.0)
    least, most = float(finite.min()), float(finite.max())
    spread = most - least if most > least else 1.0
    return np.asarray((finite - least) / spread * 255.0, dtype=np.float64).round().astype(np.uint8)


def _too_large() -> ReadError:
    return ReadError(f"the picture has more pixels than a page of {MAX_PIXELS // 1_000_000} million", code="too-large")
