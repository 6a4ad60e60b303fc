"""Decoding a picture of a section into arrays on the disk; runs in a guarded child, since files may be hostile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.files import open_regular, read_range, require_unchanged
from bonemetrics.records import Problem, note
from bonemetrics.review.section_scale import PixelSize, pixel_size_of_tiff

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
MOST_PIXELS = 500_000_000
"""Of one level; 1.5 GB in colour. Slides are larger at their finest level, and are then opened at the next one."""
MOST_FILE_BYTES = 8 * 1024**3
_MOST_PAGES = 64
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


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution: the file of its array (rows, columns) or (rows, columns, colours), and its shape."""

    file: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What the child sends home; the finest level first, and `pixel_size` is that level's."""

    sha256: str
    levels: tuple[Level, ...]
    pixel_size: PixelSize | None
    notes: tuple[Problem, ...]


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
            reads = _read_tiff if kind == "TIFF" else _read_plain
            levels, size, notes = reads(file, stem, stamp.size, most_pixels)
        require_unchanged(descriptor, stamp)
    return Decoded(sha256=sha256, levels=tuple(_down_to_small(stem, levels)), pixel_size=size, notes=tuple(notes))


def _sha256(descriptor: int, size: int) -> str:
    digest = hashlib.sha256()
    for start in range(0, size, _PIECE):
        digest.update(read_range(descriptor, start, min(start + _PIECE, size)))
    return digest.hexdigest()


def _require_size(rows: int, columns: int, most_pixels: int) -> None:
    if rows < 2 or columns < 2:
        raise ReadError(f"a picture of {rows} × {columns} pixels", code="unsupported-pixels")
    if rows * columns > most_pixels:
        text = f"the picture has {rows} × {columns} pixels, at most {most_pixels} are opened; save it smaller"
        raise ReadError(text, code="too-large")


def _read_plain(
    file: BinaryIO, stem: Path, _size: int, most_pixels: int
) -> tuple[list[Level], PixelSize | None, list[Problem]]:
    """PNG or JPEG; what these say of resolution is for printers and not used."""
    from PIL import Image, UnidentifiedImageError

    try:
        with _without_pillows_limit(), Image.open(file, formats=("PNG", "JPEG")) as image:
            _require_size(image.height, image.width, most_pixels)
            pixels = _plain_array(image)
    except UnidentifiedImageError:
        raise ReadError("the picture's header cannot be read", code="malformed-header") from None
    except MemoryError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        code = "truncated-file" if "truncated" in str(error) else "decode-failed"
        raise ReadError("the picture is damaged or incomplete", code=code) from None
    return [_written(stem, 0, pixels)], None, []


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


def _read_tiff(
    file: BinaryIO, stem: Path, size: int, most_pixels: int
) -> tuple[list[Level], PixelSize | None, list[Problem]]:
    try:
        import tifffile
    except ImportError:
        text = "TIFF pictures need the package tifffile; it comes with bonemetrics[napari]"
        raise ReadError(text, code="unsupported-format") from None
    try:
        # A stream and no path: tifffile would follow OME-XML to other files beside this one.
        with tifffile.TiffFile(file, name="section") as tiff:
            return _tiff_levels(tiff, stem, size, most_pixels)
    except (ReadError, MemoryError):
        raise
    except Exception:  # whatever a decoder finds wrong in a hostile file is one answer: not opened
        raise ReadError("the TIFF is damaged or incomplete", code="decode-failed") from None


def _tiff_levels(
    tiff: Any, stem: Path, size: int, most_pixels: int
) -> tuple[list[Level], PixelSize | None, list[Problem]]:
    if len(tiff.pages) > _MOST_PAGES:
        raise ReadError(f"the TIFF has {len(tiff.pages)} pages; save the one to be measured", code="unsupported-pixels")
    first = tiff.pages.first
    _require_picture(first)
    found, is_print = pixel_size_of_tiff(
        str(first.description), _resolution(first), _resolution_unit(first), _grid(first)
    )
    notes: list[Problem] = []
    if is_print and found is None:
        text = "the resolution in the file is that of a printout or screen; state the pixel size"
        notes.append(note("print-resolution", text))
    pages = [page for page in _pyramid(tiff, first) if page.shape[0] * page.shape[1] <= most_pixels]
    if not pages:
        _require_size(*_grid(first), most_pixels)
    rows, columns = _grid(pages[0])
    if (rows, columns) != _grid(first):
        text = (
            f"the finest level of {_grid(first)[0]} × {_grid(first)[1]} pixels is too large; {rows} × {columns} opened"
        )
        notes.append(note("coarser-level", text))
        found = None if found is None else found.coarser(_grid(first)[0] / rows, _grid(first)[1] / columns)
    for page in pages:
        _require_whole(page, size)
    return [_decoded(stem, number, page) for number, page in enumerate(pages)], found, notes


def _grid(page: Any) -> tuple[int, int]:
    return int(page.shape[0]), int(page.shape[1])


def _require_picture(page: Any) -> None:
    if page.axes not in ("YX", "YXS") or (page.axes == "YXS" and page.shape[2] != 3):
        raise ReadError(f"the TIFF holds no single grey or RGB picture ({page.axes})", code="unsupported-pixels")
    if str(page.dtype) not in ("uint8", "uint16") or int(page.photometric) not in (0, 1, 2, 6):
        raise ReadError(f"pixels of {page.dtype} or of this colour coding are not read", code="unsupported-pixels")
    if min(_grid(page)) < 2:
        raise ReadError(f"a picture of {page.shape[0]} × {page.shape[1]} pixels", code="unsupported-pixels")


def _pyramid(tiff: Any, first: Any) -> Iterator[Any]:
    """The first page and what shows the same picture with fewer pixels; other pages of its size are other planes."""
    yield first
    others = [*(first.pages or ()), *(tiff.pages[number].aspage() for number in range(1, len(tiff.pages)))]
    rows, columns = _grid(first)
    before = columns
    for page in others:
        if page.shape == first.shape:
            text = (
                "the TIFF holds several pictures of one size (planes, channels or times); save the one to be measured"
            )
            raise ReadError(text, code="unsupported-pixels")
        fits = page.axes == first.axes and page.dtype == first.dtype and page.photometric == first.photometric
        # A level's size is rounded; a thumbnail or a picture of the glass slide has other proportions.
        if fits and page.shape[1] < before and abs(page.shape[0] - rows * page.shape[1] / columns) <= 2:
            before = page.shape[1]
            yield page


def _require_whole(page: Any, size: int) -> None:
    ends = [start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if not ends or max(ends) > size or min(page.databytecounts) == 0:
        raise ReadError("the TIFF ends before its pixels do", code="truncated-file")


def _resolution(page: Any) -> tuple[float, float] | None:
    """Pixels per unit down and along."""
    found = []
    for name in ("YResolution", "XResolution"):
        tag = page.tags.get(name)
        if tag is None or len(tag.value) != 2 or not tag.value[1]:
            return None
        found.append(tag.value[0] / tag.value[1])
    return found[0], found[1]


def _resolution_unit(page: Any) -> int:
    tag = page.tags.get("ResolutionUnit")
    return 1 if tag is None else int(tag.value)


def _file(stem: Path, number: int) -> Path:
    return stem.with_name(f"{stem.name}-{number}.npy")


def _decoded(stem: Path, number: int, page: Any) -> Level:
    path = _file(stem, number)
    out = np.lib.format.open_memmap(path, mode="w+", dtype=page.dtype, shape=page.shape)
    page.asarray(out=out, maxworkers=1)
    out.flush()
    return Level(path.name, tuple(page.shape))


def _written(stem: Path, number: int, pixels: Pixels) -> Level:
    path = _file(stem, number)
    np.save(path, pixels)
    return Level(path.name, tuple(pixels.shape))


def _down_to_small(stem: Path, levels: Sequence[Level]) -> Iterator[Level]:
    """The levels, and further ones of half the size each until one is small enough."""
    yield from levels
    last, number = levels[-1], len(levels)
    while max(last.shape[:2]) > _SMALL_ENOUGH:
        last = _halved(stem, number, last)
        number += 1
        yield last


def _halved(stem: Path, number: int, level: Level) -> Level:
    pixels = np.load(stem.with_name(level.file), mmap_mode="r")
    rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
    path = _file(stem, number)
    shape = (rows, columns, *pixels.shape[2:])
    out = np.lib.format.open_memmap(path, mode="w+", dtype=pixels.dtype, shape=shape)
    for first in range(0, rows, _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, rows)
        part = pixels[2 * first : 2 * last, : 2 * columns].astype(np.uint32)
        summed = part[::2, ::2] + part[1::2, ::2] + part[::2, 1::2] + part[1::2, 1::2]
        out[first:last] = (summed // 4).astype(pixels.dtype)
    out.flush()
    return Level(path.name, shape)
