"""Opening a picture of a section: its levels as arrays on the disk, and how large its pixels are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bonemetrics.records import Problem, Record
from bonemetrics.review.section_decode import Decoded, Pixels, decode_section
from bonemetrics.review.section_levels import Channel
from bonemetrics.review.section_scale import PixelSize, stated_pixel_size

Guarded = Callable[..., Any]
"""Runs a function with arguments in a guarded child and hands out its result, as `batch.guard.run_guarded`."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".ome.tif", ".ome.tiff")


class SectionPart(Record):
    """One channel: a title that names nobody, and its array files, the finest first."""

    title: str = ""
    levels: tuple[str, ...]


class SectionPicture(Record):
    """A picture that was opened. It knows no name and no path of its file, since these often name the person.

    `levels` are array files of the picture, or of its first channel, the finest first; `channels` are all of them where
    it has several. `pixel_size` is that of the finest level; without it the picture can be
    drawn on, and nothing drawn has a size.
    """

    sha256: str
    folder: Path
    levels: tuple[str, ...]
    channels: tuple[SectionPart, ...] = ()
    shape: tuple[int, int]
    pixel_size: PixelSize | None = None
    notes: tuple[Problem, ...] = ()

    @property
    def parts(self) -> tuple[SectionPart, ...]:
        """Channels, or the whole picture as its only one."""
        return self.channels or (SectionPart(levels=self.levels),)

    def arrays(self, channel: int = 0) -> list[Pixels]:
        """All levels of a channel, mapped from the disk and read-only."""
        return [np.load(self.folder / name, mmap_mode="r") for name in self.parts[channel].levels]

    def with_pixel_size(self, um: float, stated_by: str) -> SectionPicture:
        """The same picture with a size that a reader states; what the file says is kept in words.

        Raises
        ------
        SectionError
            `invalid-pixel-size`.
        """
        now = self.pixel_size
        of_file = None if now is not None and now.source == "stated" else now
        size = stated_pixel_size(um, stated_by, of_file)
        if now is not None and now.source == "stated":
            size = size.model_copy(update={"instead_of": now.instead_of})
        return self.model_copy(update={"pixel_size": size})


def open_section(path: Path, into: Path, guarded: Guarded) -> SectionPicture:
    """Open a PNG, JPEG, TIFF or pyramidal OME-TIFF.

    Parameters
    ----------
    path
        The picture; it is only read.
    into
        Folder for its arrays, which the caller removes.
    guarded
        Runs the decoding in a child with limits.

    Raises
    ------
    ReadError
        Why the file is not opened.
    GuardError
        If the child does not come back.
    """
    found: Decoded = guarded(decode_section, str(path), str(into))
    rows, columns = found.levels[0].shape[:2]
    return SectionPicture(
        sha256=found.sha256,
        folder=into,
        levels=tuple(level.file for level in found.levels),
        channels=tuple(_part(one) for one in found.channels) if len(found.channels) > 1 else (),
        shape=(rows, columns),
        pixel_size=found.pixel_size,
        notes=found.notes,
    )


def _part(channel: Channel) -> SectionPart:
    return SectionPart(title=channel.title, levels=tuple(level.file for level in channel.levels))
