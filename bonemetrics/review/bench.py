"""The slow steps of a reading session, in guarded children that can be watched and ended; tests put quick ones here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bonemetrics.batch.edited import start_measuring
from bonemetrics.batch.guard import GuardedTask
from bonemetrics.batch.opening import mapped_density, prepare_children, start_opening
from bonemetrics.pipeline.opening import OpenedScan
from bonemetrics.records import ScanResult
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import DensityVolume

Progress = Callable[[str, float], None]
"""Told several times a second what is being done and which part of the steps is behind; to raise in it cancels."""
Tick = Callable[[], None]
OpenDensity = Callable[[StoredScan, Protocol, Path, Tick], tuple[DensityVolume, OpenedScan]]
Measure = Callable[[StoredScan, Protocol, Path, int, Tick], ScanResult]
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """How a scan is opened and how edited labels are measured; both call `tick` now and then, and end where it raises.

    `open_density` gets the scan, the protocol and an existing private folder for the density. `measure` gets the scan,
    the protocol, the label file and the number that its version will have. `prepare` is called once, when a session
    begins.
    """

    open_density: OpenDensity
    measure: Measure
    prepare: Callable[[], None] = lambda: None


def watched(progress: Progress | None, stage: str, fraction: float) -> Tick:
    """A tick that tells where the work is."""
    return (lambda: progress(stage, fraction)) if progress is not None else (lambda: None)


def _open_guarded(scan: StoredScan, protocol: Protocol, folder: Path, tick: Tick) -> tuple[DensityVolume, OpenedScan]:
    opened: OpenedScan = _result(start_opening(scan, protocol, folder), tick)
    return mapped_density(opened), opened


def _measure_guarded(scan: StoredScan, protocol: Protocol, labels: Path, number: int, tick: Tick) -> ScanResult:
    result: ScanResult = _result(start_measuring(scan, protocol, labels, number=number), tick)
    return result


def _result(task: GuardedTask, tick: Tick) -> Any:
    try:
        tick()
        while not wait([task.future], timeout=_LOOK_EVERY_S).done:
            tick()
        return task.result()
    except BaseException:
        task.cancel()
        raise


GUARDED = Bench(open_density=_open_guarded, measure=_measure_guarded, prepare=prepare_children)
