"""The volume filled slice by slice in HU, each file read once, a few files at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReadError
from bonemetrics.readers.duplicates import Slot
from bonemetrics.readers.facts import FileFacts
from bonemetrics.readers.limits import MAX_VOLUME_VOXELS
from bonemetrics.readers.padding import padding_range, replace_padding
from bonemetrics.readers.pixels import read_pixels
from bonemetrics.readers.plausibility import require_plausible
from bonemetrics.readers.rescale import Rescale, to_hu
from bonemetrics.records import Problem, note

_THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filled:
    """The volume in HU (slice, row, column), the sha256 digest of each file, and notes."""

    hu: npt.NDArray[np.float32]
    digests: tuple[bytes, ...]
    notes: tuple[Problem, ...]


class _Filling:
    """One array for all slices; each thread writes slices of its own."""

    def __init__(self, slots: Sequence[Slot], rescale: Rescale) -> None:
        layout = slots[0][0].layout
        shape = (len(slots), layout.rows, layout.columns)
        if np.prod(shape, dtype=np.float64) > MAX_VOLUME_VOXELS:
            raise ReadError(f"{shape} voxels are beyond the limit of {MAX_VOLUME_VOXELS}", code="too-large")
        self.hu = np.empty(shape, dtype=np.float32)
        self.extremes = np.zeros((len(slots), 2))
        self.padded = np.zeros(len(slots), dtype=np.int64)
        self.rescale = rescale
        self.files: dict[int, FileFacts] = {}
        self.places: dict[int, dict[int, int]] = {}
        for place, (facts, frame) in enumerate(slots):
            self.files[id(facts)] = facts
            self.places.setdefault(id(facts), {})[frame] = place

    def read(self, key: int, *, allow_lossy: bool) -> bytes:
        """Read one file into its slices; its sha256 digest."""
        facts, places = self.files[key], self.places[key]

        def take(frame: int, stored: npt.NDArray[np.integer[Any]]) -> None:
            if frame in places:
                self._take(places[frame], stored, facts)

        return read_pixels(facts, take, allow_lossy=allow_lossy)

    def _take(self, place: int, stored: npt.NDArray[np.integer[Any]], facts: FileFacts) -> None:
        slope, intercept = self.rescale.slopes[place], self.rescale.intercepts[place]
        to_hu(stored, slope, intercept, self.hu[place])
        ends = padding_range(facts.shared.padding, facts.layout, slope, intercept)
        if ends is not None:
            self.padded[place] = replace_padding(stored, ends, self.hu[place])
        if self.padded[place]:
            self.extremes[place] = self.hu[place].min(), self.hu[place].max()
        else:
            self.extremes[place] = slope * stored.min() + intercept, slope * stored.max() + intercept


def read_hu(slots: Sequence[Slot], rescale: Rescale, *, allow_lossy: bool) -> Filled:
    """Read all slices into one volume and check that it can be HU.

    Parameters
    ----------
    slots
        The pictures in order.
    rescale
        Slope and intercept of each.
    allow_lossy
        Whether pixels that went through lossy compression are read.

    Raises
    ------
    ReadError
        Where a file cannot be read whole, changed meanwhile, or the values cannot be HU.
    """
    filling = _Filling(slots, rescale)
    threads = min(_THREADS, os.cpu_count() or 1, len(filling.files))
    # Each thread takes its share at once: handing out single files costs as much as a tenth of reading them.
    shares = [list(filling.files)[first::threads] for first in range(threads)]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        parts = pool.map(lambda share: [filling.read(key, allow_lossy=allow_lossy) for key in share], shares)
        digests = tuple(digest for part in parts for digest in part)
    extremes = float(filling.extremes[:, 0].min()), float(filling.extremes[:, 1].max())
    full_scale_hu = max(rescale.slopes) * (1 << slots[0][0].layout.bits_stored)
    require_plausible(filling.hu, extremes, full_scale_hu)
    padded = int(np.count_nonzero(filling.padded))
    notes: tuple[Problem, ...] = ()
    if padded:
        notes = (note("padding-replaced", f"pixels outside the picture in {padded} of {len(slots)} slices"),)
    return Filled(hu=filling.hu, digests=digests, notes=notes)
