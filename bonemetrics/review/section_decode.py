"""Decoding a picture of a section into arrays on the disk; runs in a guarded child, since files may be hostile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.files import open_regular, read_range, require_unchanged
from bonemetrics.records import Problem
from bonemetrics.review.section_levels import Channel, Level, require_size
from bonemetrics.review.section_scale import PixelSize
from bonemetrics.review.section_tiff import read_tiff

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
MOST_PIXELS = 500_000_000
"""Of one level; 1.5 GB in colour. Slides are larger at their finest level, and are then opened at the next one."""
MOST_FILE_BYTES = 8 * 1024**3
_SMALL_ENOUGH = 2048
"""Rows and columns of a level that any screen shows whole."""
_ROWS_AT_ONCE = 1024
_PIECE = 8 * 1024**2
_MAGIC = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What the child sends home; levels are the finest first, and `pixel_size` is that of the finest.

    `channels` has one for each fluorescence channel, and a single one for a picture in grey or colour.
    """

    sha256: str
    channels: tuple[Channel, ...]
    pixel_size: PixelSize | None
    notes: tuple[Problem, ...]

    @property
    def levels(self) -> tuple[Level, ...]:
        """Of the first channel."""
        return self.channels[0].levels


def decode_section(path: str, into: str, most_pixels: int = MOST_PIXELS) -> Decoded:
    """Decode a PNG, JPEG or TIFF.

    Parameters
    ----------
    path
        The file.
    into
        Folder for the arrays; file names are made from the picture's hash.
    most_pixels
        Of one level.

    Returns
    -------
    Decoded
        Levels down to one that any screen shows; those that the file lacks are means of four pixels.

    Raises
    ------
    ReadError
        Why the file is not opened.
    """
    with open_regular(Path(path)) as (descriptor, stamp):
        if stamp.size > MOST_FILE_BYTES:
            raise ReadError(f"the picture has {stamp.size} bytes, at most {MOST_FILE_BYTES}", code="too-large")
        kind = _MAGIC.get(read_range(descriptor, 0, 4), _MAGIC.get(read_range(descriptor, 0, 3)))
        if kind is None:
            raise ReadError("neither PNG, JPEG nor TIFF", code="unknown-format")
        sha256 = _sha256(descriptor, stamp.size)
        stem = Path(into) / f"section-{sha256[:16]}"
        with os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(0)
            if kind == "TIFF":
                channels, size, notes = read_tiff(file, stem, stamp.size, most_pixels)
            else:
                channels, size, notes = [Channel(levels=(_read_plain(file, stem, most_pixels),))], None, []
        require_unchanged(descriptor, stamp)
    whole = tuple(replace(one, levels=tuple(_down_to_small(Path(into), one.levels))) for one in channels)
    return Decoded(sha256=sha256, channels=whole, pixel_size=size, notes=tuple(notes))


def _sha256(descriptor: int, size: int) -> str:
    digest = hashlib.sha256()
    for start in range(0, size, _PIECE):
        digest.update(read_range(descriptor, start, min(start + _PIECE, size)))
    return digest.hexdigest()


def _read_plain(file: BinaryIO, stem: Path, most_pixels: int) -> Level:
    """PNG or JPEG; what these say of resolution is for printers and not used."""
    from PIL import Image, UnidentifiedImageError

    try:
        with _without_pillows_limit(), Image.open(file, formats=("PNG", "JPEG")) as image:
            require_size(image.height, image.width, most_pixels)
            pixels = _plain_array(image)
    except UnidentifiedImageError:
        raise ReadError("the picture's header cannot be read", code="malformed-header") from None
    except MemoryError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        code = "truncated-file" if "truncated" in str(error) else "decode-failed"
        raise ReadError("the picture is damaged or incomplete", code=code) from None
    path = stem.with_name(f"{stem.name}-0.npy")
    np.save(path, pixels)
    return Level(file=path.name, shape=tuple(pixels.shape))


@contextmanager
def _without_pillows_limit() -> Iterator[None]:
    """The limit is ours, and comes before anything is decoded; Pillow's is for the pictures of web pages."""
    from PIL import Image

    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _plain_array(image: Any) -> Pixels:
    """Grey or colour; a transparent picture keeps its colours, and so does one with a palette."""
    if image.mode in ("I;16", "I;16B", "I;16L"):
        return np.asarray(image).astype(np.uint16)
    if image.mode in ("L", "1", "LA"):
        return np.asarray(image.convert("L"))
    if image.mode in ("RGB", "RGBA", "P", "CMYK", "YCbCr"):
        return np.asarray(image.convert("RGB"))
    raise ReadError(f"pixels of the kind {image.mode!r} are no picture of a section", code="unsupported-pixels")


def _down_to_small(folder: Path, levels: Sequence[Level]) -> Iterator[Level]:
    """The levels, and further ones of half the size each until one is small enough."""
    yield from levels
    last = levels[-1]
    while max(last.shape[:2]) > _SMALL_ENOUGH:
        last = _halved(folder, last)
        yield last


def _halved(folder: Path, level: Level) -> Level:
    pixels = np.load(folder / level.file, mmap_mode="r")
    rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
    path = folder / level.file.replace(".npy", "h.npy")
    shape = (rows, columns, *pixels.shape[2:])
    out = np.lib.format.open_memmap(path, mode="w+", dtype=pixels.dtype, shape=shape)
    for first in range(0, rows, _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, rows)
        part = pixels[2 * first : 2 * last, : 2 * columns].astype(np.uint32)
        summed = part[::2, ::2] + part[1::2, ::2] + part[::2, 1::2] + part[1::2, 1::2]
        out[first:last] = (summed // 4).astype(pixels.dtype)
    out.flush()
    return Level(file=path.name, shape=shape)
