"""Decoding a TIFF: a picture in grey or colour with its pyramid, or the fluorescence channels of one section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bonemetrics.errors import ReadError
from bonemetrics.records import Problem, note
from bonemetrics.review.section_channels import MOST_CHANNELS, Told, require_channels, titles_of, told_of
from bonemetrics.review.section_levels import Channel, Level, require_size
from bonemetrics.review.section_pages import require_whole_directory
from bonemetrics.review.section_scale import PixelSize, pixel_size_of_tiff

Found = tuple[list[Channel], PixelSize | None, list[Problem]]
_MOST_PAGES = 64
_ROWS_AT_ONCE = 1024
_GREY, _COLOR = (0, 1), (2, 6)
"""Photometric interpretations: white or black is zero; RGB, YCbCr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How the channels lie in the file: `planes` are pages that hold one each, or all of them as `samples`."""

    planes: tuple[Any, ...]
    titles: tuple[str, ...]
    samples: bool = False


def read_tiff(file: BinaryIO, stem: Path, size: int, most_pixels: int) -> Found:
    """Decode a TIFF into arrays on the disk.

    Parameters
    ----------
    file, size
        Open file and its bytes.
    stem
        Path of the arrays without their endings.
    most_pixels
        Of one level.

    Returns
    -------
    channels, pixel size, notes
        One channel for a picture in grey or colour.

    Raises
    ------
    ReadError
        Why the file is not opened.
    """
    try:
        import tifffile
    except ImportError:
        text = "TIFF pictures need the package tifffile; it comes with bonemetrics[napari]"
        raise ReadError(text, code="unsupported-format") from None
    try:
        require_whole_directory(file, size, _MOST_PAGES)
        # A stream and no path: tifffile would follow OME-XML to other files beside this one.
        with tifffile.TiffFile(file, name="section") as tiff:
            return _decode(tiff, stem, size, most_pixels)
    except (ReadError, MemoryError):
        raise
    except Exception:  # whatever a decoder finds wrong in a hostile file is one answer: not opened
        raise ReadError("the TIFF is damaged or incomplete", code="decode-failed") from None


def _decode(tiff: Any, stem: Path, size: int, most_pixels: int) -> Found:
    if len(tiff.pages) > _MOST_PAGES:
        raise ReadError(f"the TIFF has {len(tiff.pages)} pages; save the one to be measured", code="unsupported-pixels")
    first = tiff.pages.first
    plan = _planned(tiff, first)
    found, notes = _pixel_size(first)
    pyramids = _same_levels([list(_pyramid(tiff, page, len(plan.planes) == 1)) for page in plan.planes])
    pyramids = [[page for page in pages if np.prod(_grid(page)) <= most_pixels] for pages in pyramids]
    if not pyramids[0]:
        require_size(*_grid(first), most_pixels)
    (rows, columns), (all_rows, all_columns) = _grid(pyramids[0][0]), _grid(first)
    if (rows, columns) != (all_rows, all_columns):
        text = f"the finest level of {all_rows} × {all_columns} pixels is too large; {rows} × {columns} opened"
        notes.append(note("coarser-level", text))
        found = None if found is None else found.coarser(all_rows / rows, all_columns / columns)
    for page in (page for pages in pyramids for page in pages):
        _require_whole(page, size)
    if plan.samples:
        return _split(pyramids[0], plan.titles, stem), found, notes
    several = len(pyramids) > 1
    channels = [
        Channel(
            title=title, levels=tuple(_levels(pages, stem.with_name(f"{stem.name}-c{number}") if several else stem))
        )
        for number, (title, pages) in enumerate(zip(plan.titles, pyramids, strict=True))
    ]
    return channels, found, notes


def _planned(tiff: Any, first: Any) -> _Plan:
    """What the channels are; refuses whatever is not one section."""
    _require_pixels(first)
    told = told_of(str(first.description))
    same = [page for page in (tiff.pages[number].aspage() for number in range(len(tiff.pages))) if _alike(page, first)]
    if first.axes == "YX":
        return _of_pages(tiff, first, same, told)
    if len(same) > 1:
        text = "the TIFF holds several pictures of one size (planes, channels or times); save the one to be measured"
        raise ReadError(text, code="unsupported-pixels")
    if first.axes == "YXS" and first.shape[2] == 3 and int(first.photometric) in _COLOR:
        return _Plan(planes=(first,), titles=("",))
    return _of_samples(first, told)


def _of_pages(tiff: Any, first: Any, same: Sequence[Any], told: Told | None) -> _Plan:
    """One picture in grey, or pages that are one channel each."""
    claimed = told.channels * told.slices * told.times if told is not None else 1
    if len(same) == 1 and claimed == 1:
        return _Plan(planes=(first,), titles=("",))
    told = require_channels(told, len(same))
    planes = tuple(tiff.pages[number].aspage() for number in told.pages) if told.pages else tuple(same)
    for page in planes:
        _require_pixels(page)
        if not _alike(page, first) or page.dtype != first.dtype or page.photometric != first.photometric:
            raise ReadError("the channels are not of one size and kind", code="unsupported-pixels")
    return _Plan(planes=planes, titles=tuple(titles_of(told, len(planes))))


def _of_samples(first: Any, told: Told | None) -> _Plan:
    """Channels that lie in one page."""
    n = _samples(first)
    if told is not None and (told.slices, told.times) != (1, 1):
        told = require_channels(told, n)
    if told is not None and told.channels not in (1, n):
        text = f"the file says {told.channels} channels and holds {n}; save it anew"
        raise ReadError(text, code="unsupported-pixels")
    return _Plan(planes=(first,), titles=tuple(titles_of(told, n)), samples=True)


def _samples(page: Any) -> int:
    """Channels that lie in one page, first or last; a picture in colour is not among them."""
    n = int(page.shape[2 if page.axes == "YXS" else 0]) if page.axes in ("YXS", "SYX") else 0
    if int(page.photometric) not in _GREY or not 2 <= n <= MOST_CHANNELS:
        text = f"the TIFF holds no grey or RGB picture and no 2 to {MOST_CHANNELS} channels ({page.axes})"
        raise ReadError(text, code="unsupported-pixels")
    return n


def _alike(page: Any, first: Any) -> bool:
    return bool(page.shape == first.shape)


def _grid(page: Any) -> tuple[int, int]:
    """Rows and columns."""
    down = page.axes.index("Y")
    return int(page.shape[down]), int(page.shape[down + 1])


def _require_pixels(page: Any) -> None:
    if page.axes not in ("YX", "YXS", "SYX"):
        raise ReadError(f"the TIFF holds no single grey or RGB picture ({page.axes})", code="unsupported-pixels")
    if str(page.dtype) not in ("uint8", "uint16") or int(page.photometric) not in (*_GREY, *_COLOR):
        raise ReadError(f"pixels of {page.dtype} or of this colour coding are not read", code="unsupported-pixels")
    rows, columns = _grid(page)
    if min(rows, columns) < 2:
        raise ReadError(f"a picture of {rows} × {columns} pixels", code="unsupported-pixels")


def _pixel_size(first: Any) -> tuple[PixelSize | None, list[Problem]]:
    found, is_print = pixel_size_of_tiff(
        str(first.description), _resolution(first), _resolution_unit(first), _grid(first)
    )
    if not is_print or found is not None:
        return found, []
    text = "the resolution in the file is that of a printout or screen; state the pixel size"
    return None, [note("print-resolution", text)]


def _pyramid(tiff: Any, page: Any, alone: bool) -> Iterator[Any]:
    """A page and what shows the same picture with fewer pixels; of several channels only levels inside each page."""
    yield page
    others = [*(page.pages or ())]
    if alone:
        others += [tiff.pages[number].aspage() for number in range(1, len(tiff.pages))]
    rows, columns = _grid(page)
    before = columns
    for other in others:
        if other.axes != page.axes or other.dtype != page.dtype or other.photometric != page.photometric:
            continue
        down, along = _grid(other)
        # A level's size is rounded; a thumbnail or a picture of the glass slide has other proportions.
        if min(down, along) > 1 and along < before and abs(down - rows * along / columns) <= 2:
            before = along
            yield other


def _same_levels(pyramids: Sequence[list[Any]]) -> list[list[Any]]:
    """Levels that all channels have, so that they lie on each other at every zoom."""
    shapes = [[page.shape for page in pages] for pages in pyramids]
    common = [shape for shape in shapes[0] if all(shape in other for other in shapes)]
    return [[page for page in pages if page.shape in common] for pages in pyramids]


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
    """Where the tag is missing the standard means inches, and programs mean nothing: no unit is told."""
    tag = page.tags.get("ResolutionUnit")
    return 1 if tag is None else int(tag.value)


def _file(stem: Path, number: int) -> Path:
    return stem.with_name(f"{stem.name}-{number}.npy")


def _levels(pages: Sequence[Any], stem: Path) -> Iterator[Level]:
    for number, page in enumerate(pages):
        path = _file(stem, number)
        out = np.lib.format.open_memmap(path, mode="w+", dtype=page.dtype, shape=page.shape)
        page.asarray(out=out, maxworkers=1)
        out.flush()
        yield Level(file=path.name, shape=tuple(page.shape))


def _split(pages: Sequence[Any], titles: Sequence[str], stem: Path) -> list[Channel]:
    """Channels that lie beside each other in one page, each in a file of its own."""
    found: list[list[Level]] = [[] for _ in titles]
    for number, (page, whole) in enumerate(zip(pages, list(_levels(pages, stem)), strict=True)):
        source = stem.with_name(whole.file)
        pixels = np.moveaxis(np.load(source, mmap_mode="r"), page.axes.index("S"), -1)
        for channel in range(len(titles)):
            path = _file(stem.with_name(f"{stem.name}-c{channel}"), number)
            out = np.lib.format.open_memmap(path, mode="w+", dtype=pixels.dtype, shape=pixels.shape[:2])
            for start in range(0, len(out), _ROWS_AT_ONCE):
                out[start : start + _ROWS_AT_ONCE] = pixels[start : start + _ROWS_AT_ONCE, :, channel]
            out.flush()
            found[channel].append(Level(file=path.name, shape=pixels.shape[:2]))
        del pixels
        source.unlink()
    return [Channel(title=title, levels=tuple(levels)) for title, levels in zip(titles, found, strict=True)]
