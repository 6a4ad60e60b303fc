"""What every act of a session needs: the study, the reader, her window, and the masks that she begins from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from bonemetrics.errors import ReadError, ReviewError, StudyError
from bonemetrics.records import Problem, ReviewParameters
from bonemetrics.review.bench import Bench
from bonemetrics.review.case import Case, LabelArray
from bonemetrics.review.presence import forget, is_gone
from bonemetrics.study.layout import sha256_of
from bonemetrics.study.masks import Labels
from bonemetrics.study.store import Store
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import Geometry, LabelVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One reader's window on one study."""

    store: Store
    reader: str
    session: str
    bench: Bench
    now: Callable[[], datetime]
    clock: Callable[[], float]

    @property
    def rules(self) -> ReviewParameters:
        """`[review]` of the protocol."""
        return self.store.reading.rules

    # Claims

    def claim(self, scan_id: str, *, take_over: bool = False) -> None:
        """Take a scan; what a window of this reader holds that is gone, or that she takes over, is hers again."""
        try:
            self.store.reading.claim(scan_id, self.reader, session=self.session, now=self.now())
        except StudyError as error:
            if error.code != "claimed" or not self._given_up(scan_id, take_over=take_over):
                raise
            self.store.reading.claim(scan_id, self.reader, session=self.session, now=self.now())

    def _given_up(self, scan_id: str, *, take_over: bool) -> bool:
        """Release the claims that stand in the way and need not."""
        reading, folder = self.store.reading, self.store.folder
        others = [one for one in reading.claims(now=self.now()) if one.scan_id == scan_id]
        others = [one for one in others if one.session != self.session]
        gone = {one.session for one in others if is_gone(folder, one.session)}
        free = [one for one in others if one.session in gone or (take_over and one.reader == self.reader)]
        for one in free:
            reading.release(scan_id, one.reader, session=one.session)
        for session in gone - {one.session for one in reading.claims(now=self.now())}:
            forget(folder, session)
        return bool(free)

    def renew(self, case: Case) -> None:
        """Keep the claim on an open case."""
        self.store.reading.renew(case.task.scan_id, self.reader, session=self.session, now=self.now())

    def release(self, scan_id: str) -> None:
        """Give a scan back."""
        self.store.reading.release(scan_id, self.reader, session=self.session)

    # Masks

    def saved_labels(self, mask: Labels, geometry: Geometry) -> LabelArray:
        """Labels of a mask of the study on the grid of its scan, read-only; for errors see `mask_file`."""
        return on_grid(self.mask_file(mask), geometry)

    def mask_file(self, mask: Labels) -> LabelVolume:
        """Labels of a mask of the study on the grid of their file.

        Raises
        ------
        ReadError
            `input-changed` where the file is not there, or not the one that was recorded.
        """
        from bonemetrics.readers.labels import read_labels

        path = self.store.reading.path_of(mask)
        if not path.is_file() or sha256_of(path) != mask.sha256:
            text = "the mask is not the one that was recorded; `bonemetrics verify` says what else was changed"
            raise ReadError(text, code="input-changed")
        return read_labels(path)

    def findings_on(self, scan: StoredScan, mask: Labels) -> tuple[Problem, ...]:
        """Findings of the quality card on one mask of a scan."""
        measured = None if mask.is_automatic else self.store.reading.mask_result(mask)
        return (scan.result.card if measured is None else measured.card).findings

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A private folder on the study's disk, for as long as the block lasts."""
        folder = self.store.folder.new_reading()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def on_grid(labels: LabelVolume, geometry: Geometry) -> LabelArray:
    """Labels on the grid of their scan, read-only."""
    placed = labels.onto(geometry).labels
    placed.setflags(write=False)
    return placed


def require_open(case: Case) -> None:
    """Refuse an act in a case that was closed.

    Raises
    ------
    ReviewError
        `case-closed`.
    """
    if case.is_closed:
        raise ReviewError("the case was closed; open it again", code="case-closed")


def require_writable(case: Case) -> None:
    """Refuse a change of a case that is closed or signed.

    Raises
    ------
    ReviewError, StudyError
        `case-closed`, or `locked`.
    """
    require_open(case)
    if case.lock is not None:
        text = f"the record was signed at {case.lock.signed_utc}; unlock it with a reason first"
        raise StudyError(text, code="locked")


def own_copy(labels: LabelArray) -> LabelArray:
    """Labels that may be painted."""
    copied: LabelArray = np.array(labels, order="C", copy=True)
    return copied
