"""CPU time, memory and Dice of the segmentation on phantom M, against one uncropped distance transform.

Run: python -m tests.benchmarks.segment [S|M]
"""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import psutil
from scipy import ndimage

from bonemetrics.segmentation.radius import segment_radius
from bonemetrics.volume import CORTICAL
from tests.benchmarks.phantom_m import dice, make_phantom


class _Peak:
    """Largest resident memory of this process while the block runs, in bytes above its start."""

    def __enter__(self) -> _Peak:
        self._process = psutil.Process()
        self._start = self.top = self._process.memory_info().rss
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            self.top = max(self.top, self._process.memory_info().rss)

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()
        self.above = self.top - self._start


def main(size: str) -> None:
    phantom = make_phantom(size)
    with _Peak() as memory:
        start = time.process_time()
        found = segment_radius(phantom.density)
        ours = time.process_time() - start
    mask = found.labels.labels > 0
    print(f"segment_radius        {ours:6.2f} CPU s, {memory.above / 2**20:6.0f} MiB above the volume")
    print(f"Dice periosteal       {dice(mask, phantom.labels > 0):.4f}")
    print(f"Dice cortex           {dice(found.labels.labels == CORTICAL, phantom.labels == CORTICAL):.4f}")
    print(f"blur                  {found.blur_sigma_mm:.4f} mm; cortex {found.cortical_level:.0f} mg/cm3")
    print("notes                ", ", ".join(n.code for n in found.notes))
    with _Peak() as memory:
        start = time.process_time()
        ndimage.distance_transform_edt(mask)
        theirs = time.process_time() - start
    print(f"distance_transform_edt{theirs:6.2f} CPU s, {memory.above / 2**20:6.0f} MiB")
    print(f"ours takes {ours / theirs:.2f} of its CPU time")
    np.testing.assert_array_less(ours, theirs)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "M")
