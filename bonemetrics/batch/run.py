"""One run at work: what its stages share, and the scans that it may have to measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bonemetrics.batch.guard import Limits
from bonemetrics.batch.look import SeenSeries
from bonemetrics.batch.measure import Measure
from bonemetrics.batch.seen_before import Memory
from bonemetrics.batch.summary import Refused, RunSummary
from bonemetrics.errors import StudyError
from bonemetrics.pipeline.scan import ScanRequest
from bonemetrics.study.store import Store
from bonemetrics.study.stored import KnownInput

Progress = Callable[[str, int, int], None]
"""Called with the stage (`reading`, `tables`, `reports`, `checking`, `measuring`), how much is done and how much is."""


@dataclass(slots=True, kw_only=True)
class ScanTask:
    """One scan that may have to be measured."""

    scan: SeenSeries
    scan_id: str
    subject: str
    request: ScanRequest
    settings: str
    known: KnownInput | None
    staging: Path | None = None

    @property
    def paths(self) -> list[str]:
        """Files of the scan."""
        return [file.path for file in self.scan.files]


@dataclass(slots=True, kw_only=True)
class Run:
    """One run at work. Its process alone writes to the store."""

    store: Store
    limits: Limits
    workers: int
    measure: Measure
    on_progress: Progress
    run_id: str
    memory: dict[str, Memory]
    summary: RunSummary = field(default_factory=RunSummary)

    @contextmanager
    def listing_locked(self, path: str) -> Iterator[None]:
        """List a scan whose record was signed: what the run says of it now does not take the place of what stands."""
        try:
            yield
        except StudyError as error:
            if error.code != "locked":
                raise
            self.summary.refused.append(Refused(path, error.code, error.message))
