"""A stored scan on the screen: density calibrated in a guarded child and mapped from its file, never sent in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bonemetrics.batch.child_context import EVERYDAY, child_context
from bonemetrics.batch.guard import GuardedTask, Limits, start_guarded
from bonemetrics.batch.look import series_of
from bonemetrics.errors import GeometryMismatchError
from bonemetrics.pipeline.opening import OpenedScan, open_scan, required_record
from bonemetrics.records import ScanResult
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import DensityVolume

READING = ("bonemetrics.batch.opening", "bonemetrics.batch.edited", "bonemetrics.segmentation.edited", *EVERYDAY)
"""Modules that the children of a reading session need."""
_DEFAULTS = Limits()


def open_stored_scan(
    scan: StoredScan, protocol: Protocol, folder: Path, *, limits: Limits = _DEFAULTS
) -> tuple[DensityVolume, OpenedScan]:
    """Open a scan of a study with the calibration that it was measured with.

    Parameters
    ----------
    scan
        From the store.
    protocol
        Of the study.
    folder
        Existing private folder for the density; the caller removes it when the scan is closed.
    limits
        Memory and time of the child.

    Returns
    -------
    tuple
        The density, read-only and mapped from the file, so that it takes memory only where it is looked at; and what
        goes with it.

    Raises
    ------
    CalibrationError
        `no-calibration` where the stored result has none.
    ReadError
        `input-changed` where the files are no longer those that were measured, or as the reader refuses them.
    GuardError
        Where the child does not come back.
    """
    task = start_opening(scan, protocol, folder, limits=limits)
    try:
        opened: OpenedScan = task.result()
    except BaseException:
        task.cancel()
        raise
    return mapped_density(opened), opened


def start_opening(scan: StoredScan, protocol: Protocol, folder: Path, *, limits: Limits = _DEFAULTS) -> GuardedTask:
    """Begin to open a scan and return at once; the task's result is an `OpenedScan` for `mapped_density`.

    Parameters and errors are those of `open_stored_scan`; the task can be cancelled.
    """
    required_record(scan.result)
    return start_guarded(open_files, scan.source_files, scan.result, protocol, folder, limits=limits, preload=READING)


def prepare_children() -> None:
    """Begin to load what the children of a reading session need, in the background.

    To be called when a session starts; else the first child waits for it.
    """
    child_context(READING)


def open_files(paths: Sequence[str], recorded: ScanResult, protocol: Protocol, out: Path) -> OpenedScan:
    """Open the series that lies in these files; see `open_scan`. Runs in a guarded child."""
    return open_scan(series_of(paths), recorded=recorded, protocol=protocol, out=out)


def mapped_density(opened: OpenedScan) -> DensityVolume:
    """The density that a child has written, read-only and not loaded.

    Raises
    ------
    GeometryMismatchError
        If the file does not hold what the child said.
    """
    values = np.load(opened.path, mmap_mode="r", allow_pickle=False)
    if values.dtype != np.float32 or values.shape != opened.grid.shape:
        raise GeometryMismatchError(
            f"the density file holds {values.dtype} of shape {values.shape}, expected float32 of {opened.grid.shape}"
        )
    return DensityVolume(mg_per_cm3=np.asarray(values), material=opened.material, geometry=opened.geometry)
