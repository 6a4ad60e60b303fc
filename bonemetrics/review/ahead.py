"""The next scan, read while this one is judged: into a private folder, with no claim, no act in the log and no word."""

from __future__ import annotations

import contextlib
import math
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from bonemetrics.pipeline.opening import OpenedScan
from bonemetrics.review.bench import Tick
from bonemetrics.review.desk import Desk
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import DensityVolume

LARGEST_BYTES = 2**30
"""Of a density that is read ahead. On disk it takes as much, and in the child that reads it a little more."""
_BYTES_PER_VOXEL = 4
_FREE_DISK = 3
_LOOK_EVERY_S = 0.1
_Stamp = tuple[tuple[int, int, int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadScan:
    """A scan that was read: its density, what goes with it, and the private folder that holds the density."""

    density: DensityVolume
    opened: OpenedScan
    folder: Path


class ReadAhead:
    """At most one scan, read in a thread.

    What it reads is looked at by nobody before the scan is opened, claim and all. A scan that is too large or cannot be
    read is left alone: whoever opens it reads it then, and is told why not.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._turn = threading.Lock()
        self._reading: _Reading | None = None

    def begin(self, scan_id: str) -> None:
        """Read a scan in place of the one that was read ahead before; returns at once."""
        with self._turn:
            before = self._reading
            if before is not None and before.scan_id == scan_id:
                return
            self._reading = _Reading(self._desk, scan_id, after=before)

    def take(self, scan: StoredScan, tick: Tick) -> ReadScan | None:
        """Hand out a scan that was read ahead, and wait for it where it is being read.

        Parameters
        ----------
        scan
            As the store has it now.
        tick
            Called now and then; where it raises, so does this, and nothing is left.

        Returns
        -------
        ReadScan or None
            `None` where another scan was read or none, where it could not be read, where its result is another one, and
            where one of its files was touched since.
        """
        with self._turn:
            reading = self._reading
            if reading is None or reading.scan_id != scan.scan_id:
                return None
            self._reading = None
        try:
            reading.wait(tick)
        except BaseException:
            reading.end()
            raise
        found = reading.found
        if found is None or not reading.holds(scan):
            reading.end()
            return None
        return found

    def drop(self) -> None:
        """Read nothing ahead any more."""
        with self._turn:
            reading, self._reading = self._reading, None
        if reading is not None:
            reading.end()


class _Stopped(Exception):  # noqa: N818 - it is no error
    """Nobody wants the scan any more."""


class _Reading:
    """One scan that is read, or was."""

    def __init__(self, desk: Desk, scan_id: str, *, after: _Reading | None) -> None:
        self.scan_id = scan_id
        self.found: ReadScan | None = None
        self._desk = desk
        self._after = after
        self._scan: StoredScan | None = None
        self._stamp: _Stamp | None = None
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bonemetrics-ahead", daemon=True)
        self._thread.start()

    def wait(self, tick: Tick) -> None:
        """Wait until it is read or cannot be."""
        tick()
        while self._thread.is_alive():
            self._thread.join(_LOOK_EVERY_S)
            tick()

    def holds(self, scan: StoredScan) -> bool:
        """Whether what was read is the present result of the scan, from files that nobody has touched since."""
        read = self._scan
        same = read is not None and (read.version, read.source_files) == (scan.version, scan.source_files)
        return same and read is not None and read.result == scan.result and self._stamp == _stamp_of(scan)

    def end(self) -> None:
        """Stop, and leave nothing."""
        self._is_stopped.set()
        self._thread.join()
        if self.found is not None:
            shutil.rmtree(self.found.folder, ignore_errors=True)
            self.found = None

    def _tick(self) -> None:
        if self._is_stopped.is_set():
            raise _Stopped

    def _run(self) -> None:
        if self._after is not None:
            # Two at once would take twice the memory.
            self._after.end()
            self._after = None
        # Whatever keeps it from being read is told to whoever opens it, not here.
        with contextlib.suppress(Exception):
            self._tick()
            self._scan = self._desk.store.scan(self.scan_id)
            self._stamp = _stamp_of(self._scan)
            if self._stamp is not None and _is_affordable(self._scan, self._desk.store.folder.root):
                self.found = read_scan(self._desk, self._scan, self._tick)


def read_scan(desk: Desk, scan: StoredScan, tick: Tick) -> ReadScan:
    """Read a scan into a new private folder, which is gone again where that fails; see `Bench` for what is raised."""
    folder = desk.store.folder.new_reading()
    try:
        density, opened = desk.bench.open_density(scan, desk.store.protocol, folder, tick)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return ReadScan(density=density, opened=opened, folder=folder)


def _stamp_of(scan: StoredScan) -> _Stamp | None:
    """What changes when a source file does; `None` where one is not there."""
    try:
        found = [Path(one).stat() for one in scan.source_files]
    except OSError:
        return None
    # The time of the last change cannot be put back as that of the last writing can.
    return tuple((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in found)


def _is_affordable(scan: StoredScan, folder: Path) -> bool:
    if scan.result.facts is None:
        return False
    size = math.prod(scan.result.facts.grid.shape) * _BYTES_PER_VOXEL
    return size <= LARGEST_BYTES and _FREE_DISK * size <= shutil.disk_usage(folder).free
