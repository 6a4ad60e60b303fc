"""A CT series as one volume in HU, with what its files say of scanner, patient and circumstances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from bonemetrics.errors import ReadError
from bonemetrics.readers.deshear import deshear
from bonemetrics.readers.duplicates import frame_of, in_order, without_copies
from bonemetrics.readers.facts import FileFacts
from bonemetrics.readers.fill import read_hu
from bonemetrics.readers.header import constants_of, header_of
from bonemetrics.readers.pixels import require_readable
from bonemetrics.readers.rescale import rescale_to_hu
from bonemetrics.readers.series import SeriesFiles
from bonemetrics.readers.stack import Stack, common_plane, even_stack
from bonemetrics.readers.uniformity import require_uniform
from bonemetrics.records import Problem, ReadOptions, ScanHeader, ScannerConstants, note
from bonemetrics.volume import CtVolume, Geometry


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
    stack = even_stack(frames, plane, files[0].shared.tilt_degrees)
    rescale = rescale_to_hu(frames, files[0].shared.scanner.scanco)
    _require_straight(stack, files[0].shared.tilt_degrees, allowed=options.deshear)
    rescale = rescale_to_hu(frames, files[0].shared.scanner.scanco)
    filled = read_hu(slots, rescale, allow_lossy=options.allow_lossy)
    hu = filled.hu
    if not stack.straight:
        hu, stack = deshear(hu, stack)
        notes.append(note("desheared", "slices were shifted within their planes by cubic splines"))
    volume = CtVolume(hu=hu, geometry=_geometry(stack, hu.shape, files[0]))
    digests = sorted(set(filled.digests))
    return CtReading(
        volume=volume,
        constants=constants_of(files[0]),
        header=header_of(files, sha256(b"".join(digests)).hexdigest(), len(digests)),
        notes=(*series.notes, *notes, *rescale.notes, *filled.notes, *_file_notes(files)),
    )


def _require_straight(stack: Stack, tilt_degrees: float, *, allowed: bool) -> None:
    if stack.straight or allowed:
        return
    sideways = math.hypot(*stack.drift_mm)
    angle = math.degrees(math.atan2(sideways, stack.step_mm))
    code = "gantry-tilt" if tilt_degrees else "sheared-stack"
    raise ReadError(
        f"each slice is shifted {sideways:.4g} mm sideways against the one before ({angle:.3g}°); "
        "read with deshear to move them into line",
        code=code,
    )


def _file_notes(files: Sequence[FileFacts]) -> list[Problem]:
    programs = sum(facts.preamble_program for facts in files)
    trailing = sum(facts.trailing for facts in files)
    assumed = files[0].shared.scanner.scanco
    found = []
    if programs:
        found.append(note("program-in-preamble", f"{programs} of {len(files)} files"))
    if trailing:
        found.append(note("trailing-bytes", f"{trailing} of {len(files)} files"))
    if assumed is not None and assumed.block_assumed:
        found.append(note("scanco-block-assumed", "the manufacturer is Scanco and the four values stand there"))
    return found


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
        frame_of_reference_uid=facts.shared.frame_of_reference_uid,
    )
