"""From the paths that were given to the scans that lie there, without trusting a single file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bonemetrics.batch.child_context import EVERYDAY
from bonemetrics.batch.guard import GIB, Limits, start_guarded
from bonemetrics.batch.look import Seen, SeenReports, SeenSeries, joined, look_at
from bonemetrics.batch.many import run_many
from bonemetrics.batch.summary import Refused
from bonemetrics.errors import BonemetricsError
from bonemetrics.readers.limits import MAX_FOLDER_DEPTH
from bonemetrics.readers.signatures import is_junk_name

_BUNDLE = 256
"""Files per child: many enough that a child's start costs nothing, few enough to halve quickly around a bad file."""
_LOOK_LIMITS = Limits(memory_bytes=2 * GIB, seconds=120.0)

Bundle = tuple[str, ...]
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Plan:
    """The scans under the inputs, in the order of date and UID, files of DXA results by path, and what is neither.

    `tables` are files that may be tables of clinical data.
    """

    scans: list[SeenSeries] = field(default_factory=list)
    reports: list[SeenReports] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    failed: list[Refused] = field(default_factory=list)
    skipped: int = 0


def make_plan(
    inputs: Sequence[Path],
    *,
    workers: int = 1,
    limits: Limits = _LOOK_LIMITS,
    leave_out: Path | None = None,
    on_progress: Progress | None = None,
    preload: Sequence[str] = EVERYDAY,
    look: Callable[[Bundle], Seen] = look_at,
) -> Plan:
    """Find every CT series under the inputs by its UID, wherever its files lie, and every file of DXA results.

    Headers are read in guarded children. A file that ends its child, by crash, hang or hunger, is found by halving
    and becomes one failed row; all others are read.

    Parameters
    ----------
    inputs
        Files and folders; links inside folders are not followed.
    workers
        Children at a time.
    limits
        At most these, and at most 2 GiB and two minutes, for each child.
    leave_out
        A folder that is not searched: the study's own.
    on_progress
        Called with the number of files looked at and the number of files.
    preload
        Modules that later children will need as well.
    look
        What the children do with a bundle of files.

    Returns
    -------
    Plan
        The same for any number of workers.
    """
    plan = Plan()
    bundles = list(_bundles(inputs, leave_out, plan))
    gathered = _Gathered(plan=plan, total=sum(map(len, bundles)), on_progress=on_progress)
    own = Limits(
        memory_bytes=min(limits.memory_bytes, _LOOK_LIMITS.memory_bytes),
        seconds=min(limits.seconds, _LOOK_LIMITS.seconds),
    )
    while bundles:
        run_many(
            bundles,
            lambda bundle: start_guarded(look, bundle, limits=own, preload=preload),
            gathered.take,
            workers=workers,
        )
        bundles, gathered.halves = gathered.halves, []
    plan.scans = sorted((joined(found) for found in gathered.parts.values()), key=_by_date_and_uid)
    plan.reports.sort()
    plan.tables.sort()
    plan.refused.sort()
    plan.failed.sort()
    return plan


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """What the children have told so far, and the bundles that are to be looked at in halves."""

    plan: Plan
    total: int
    on_progress: Progress | None
    looked: int = 0
    parts: dict[str, list[SeenSeries]] = field(default_factory=dict)
    halves: list[Bundle] = field(default_factory=list)

    def take(self, bundle: Bundle, outcome: Seen | BonemetricsError) -> None:
        if isinstance(outcome, BonemetricsError) and len(bundle) > 1:
            middle = len(bundle) // 2
            self.halves += [bundle[:middle], bundle[middle:]]
            return
        self.looked += len(bundle)
        if self.on_progress is not None:
            self.on_progress(self.looked, self.total)
        if isinstance(outcome, BonemetricsError):
            self.plan.failed.append(Refused(bundle[0], outcome.code, outcome.message))
            return
        self.plan.reports += outcome.reports
        self.plan.tables += outcome.tables
        self.plan.refused += outcome.refused
        self.plan.skipped += outcome.skipped
        for part in outcome.series:
            self.parts.setdefault(part.series_uid, []).append(part)


def _by_date_and_uid(scan: SeenSeries) -> tuple[date, str]:
    return scan.scan_date, scan.series_uid


def _bundles(inputs: Sequence[Path], leave_out: Path | None, plan: Plan) -> Iterator[Bundle]:
    """Bundles of files, each file once however often the inputs name it."""
    left_out = leave_out.resolve() if leave_out is not None else None
    known: set[str] = set()
    waiting: list[str] = []
    for path in inputs:
        for file in _files(path, left_out, plan):
            if file in known:
                continue
            known.add(file)
            waiting.append(file)
            if len(waiting) == _BUNDLE:
                yield tuple(waiting)
                waiting = []
    if waiting:
        yield tuple(waiting)


def _files(path: Path, left_out: Path | None, plan: Plan) -> Iterator[str]:
    if not path.exists() and not path.is_symlink():
        plan.refused.append(Refused(str(path), "not-found", "no file or folder at this path"))
    elif path.is_dir():
        yield from _files_under(path.resolve(), left_out, plan, 0)
    else:
        yield str(path.absolute())


def _files_under(folder: Path, left_out: Path | None, plan: Plan, depth: int) -> Iterator[str]:
    if folder == left_out:
        return
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        plan.refused.append(Refused(str(folder), "unreadable-file", "the operating system does not list this folder"))
        return
    for entry in entries:
        if is_junk_name(entry.name):
            plan.skipped += 1
        elif entry.is_file(follow_symlinks=False):
            yield entry.path
        elif entry.is_dir(follow_symlinks=False) and depth < MAX_FOLDER_DEPTH:
            yield from _files_under(Path(entry.path), left_out, plan, depth + 1)
        else:
            # Links, pipes, devices, and folders beyond any sane depth.
            plan.skipped += 1
