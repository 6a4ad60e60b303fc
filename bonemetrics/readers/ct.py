"""A CT series as one volume in HU, with what its files say of scanner, patient and circumstances."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.duplicates import Slot, frame_of, in_order, without_copies
from bonemetrics.readers.facts import FileFacts
from bonemetrics.readers.header import constants_of, header_of
from bonemetrics.readers.limits import MAX_VOLUME_VOXELS
from bonemetrics.readers.pixels import read_pixels, require_readable
from bonemetrics.readers.rescale import Rescale, rescale_to_hu
from bonemetrics.readers.series import SeriesFiles
from bonemetrics.readers.stack import Stack, common_plane, even_stack
from bonemetrics.readers.uniformity import require_uniform
from bonemetrics.records import Problem, ScanHeader, ScannerConstants, note
from bonemetrics.volume import CtVolume, Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Named exceptions to the rules; each that acts leaves a note.

    `deshear` moves tilted or sheared slices into line by resampling within the slices; `allow_lossy` reads pixels
    that went through lossy compression.
    """

    deshear: bool = False
    allow_lossy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CtReading:
    """A series as read: HU on a grid, the scanner's constants, the header, and notes on what was set right."""

    volume: CtVolume
    constants: ScannerConstants
    header: ScanHeader
    notes: tuple[Problem, ...] = ()


DEFAULTS = ReadOptions()


def read_ct(series: SeriesFiles, *, options: ReadOptions = DEFAULTS) -> CtReading:
    """Read a CT series into one volume of HU.

    Parameters
    ----------
    series
        The files, from `identify`.
    options
        Named exceptions to the rules.

    Returns
    -------
    CtReading
        Volume with axes (slice, row, column), float32 HU, in LPS mm; the slice index grows along
        cross(row direction, column direction).

    Raises
    ------
    ReadError
        With the reason, where the series is not one trustworthy volume.
    """
    series.require_whole()
    files, notes = _without_localizers(series)
    require_uniform(files)
    notes += require_readable(files, allow_lossy=options.allow_lossy)
    plane = common_plane([frame for facts in files for frame in facts.frames])
    every = in_order(files, plane)
    slots = without_copies(every, plane)
    if len(slots) < len(every):
        notes.append(note("duplicates-dropped", f"{len(every) - len(slots)} copies of slices were left out"))
    frames = [frame_of(slot) for slot in slots]
    stack = even_stack(frames, plane, files[0].tilt_degrees)
    rescale = rescale_to_hu(frames, files[0].scanner.scanco)
    hu, digests = _read_hu(slots, rescale)
    notes += [*series.notes, *rescale.notes]
    volume = CtVolume(hu=hu, geometry=_geometry(stack, hu.shape, files[0]))
    return CtReading(
        volume=volume,
        constants=constants_of(files[0]),
        header=header_of(files, sha256(b"".join(sorted(digests))).hexdigest(), len(digests)),
        notes=tuple(notes),
    )


def _without_localizers(series: SeriesFiles) -> tuple[list[FileFacts], list[Problem]]:
    files = [facts for facts in series.files if not any(frame.localizer for frame in facts.frames)]
    if not files:
        raise ReadError("the series holds localizers (scout views) only", code="localizer-only")
    left_out = len(series.files) - len(files)
    if not left_out:
        return files, []
    return files, [note("localizers-set-aside", f"{left_out} localizer(s) were left out")]


def _geometry(stack: Stack, shape: tuple[int, ...], facts: FileFacts) -> Geometry:
    return Geometry(
        shape=(shape[0], shape[1], shape[2]),
        affine_lps=stack.affine(),
        frame_of_reference_uid=facts.frame_of_reference_uid,
    )


def _read_hu(slots: Sequence[Slot], rescale: Rescale) -> tuple[npt.NDArray[np.float32], list[bytes]]:
    """The volume in HU, filled file by file, and the sha256 of each file."""
    layout = slots[0][0].layout
    shape = (len(slots), layout.rows, layout.columns)
    if np.prod(shape, dtype=np.float64) > MAX_VOLUME_VOXELS:
        raise ReadError(f"a volume of {shape} voxels is beyond the limit of {MAX_VOLUME_VOXELS}", code="too-large")
    hu = np.empty(shape, dtype=np.float32)
    targets: dict[int, dict[int, int]] = {}
    files: dict[int, FileFacts] = {}
    for place, (facts, frame) in enumerate(slots):
        files[id(facts)] = facts
        targets.setdefault(id(facts), {})[frame] = place

    def read(key: int) -> bytes:
        def take(frame: int, stored: npt.NDArray[np.integer]) -> None:
            place = targets[key].get(frame)
            if place is not None:
                to_hu(stored, rescale.slopes[place], rescale.intercepts[place], hu[place])

        return read_pixels(files[key], take)

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        digests = list(pool.map(read, files))
    return hu, digests


def to_hu(stored: npt.NDArray[np.integer], slope: float, intercept: float, target: npt.NDArray[np.float32]) -> None:
    """Fill `target` with slope × stored + intercept, computed in float64."""
    exact = np.multiply(stored, slope, dtype=np.float64)
    np.add(exact, intercept, out=exact)
    target[...] = exact
