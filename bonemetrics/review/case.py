"""One scan in the hands of a reader: its density, labels that she may change, and what is known of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import ReviewError
from bonemetrics.pipeline.consequence import Consequence
from bonemetrics.records import End, Problem, Side
from bonemetrics.records.review import ReaderRole, Towards
from bonemetrics.review.active_time import ActiveTime
from bonemetrics.review.beside import VisitBeside
from bonemetrics.review.blinding import Secrets
from bonemetrics.review.disagreement import Choice, Disagreement
from bonemetrics.review.letters import Hand
from bonemetrics.review.place_numbers import PlaceNumbers
from bonemetrics.review.tasks import Task
from bonemetrics.segmentation.editing.undo import UndoStack
from bonemetrics.study.masks import EditSource, Labels
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.signatures import Signature
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import DensityVolume, LabelVolume

LabelArray = npt.NDArray[np.unsignedinteger[Any]]


@dataclass(slots=True, kw_only=True, eq=False)
class Case:
    """An open task of a session, which alone makes and changes it.

    `labels` may be painted in place, through `undo` where that is to be taken back; they begin as a copy of `mask`, and
    with `recovered` as a draft left them. `draft_problem` says why there was a draft that could not be used. `findings`
    are those of the quality card on `mask`, with their slices. `lock` is the signature where the record is signed: then
    the labels are read-only. `judged` is this reader's own verdict on `mask`. `active` wants a tick at every sign of
    life of the reader. `turn` keeps a draft and a saving apart that come from two threads. `scan` and `mask` hold what
    may have to be hidden; `secrets` are what must not be shown.
    """

    task: Task
    scan: StoredScan = field(repr=False)
    mask: Labels = field(repr=False)
    density: DensityVolume
    labels: LabelVolume
    saved: LabelArray = field(repr=False)
    side: Side | None
    distal_end: End | None
    palm: Towards | None
    findings: tuple[Problem, ...]
    active: ActiveTime
    secrets: Secrets
    folder: Path = field(repr=False)
    draft: Path = field(repr=False)
    lock: Signature | None = None
    judged: StoredReview | None = None
    recovered: bool = False
    draft_problem: ReviewError | None = None
    undo: UndoStack = field(default_factory=UndoStack)
    beside: VisitBeside | None = field(default=None, repr=False)
    is_closed: bool = False
    turn: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def started_sha256(self) -> str:
        """Hash of the mask that an edit begins from, and that a verdict is about."""
        return self.mask.sha256

    @property
    def hand(self) -> Hand:
        """What sources say of the hand, for the letters beside a picture."""
        return Hand(distal_end=self.distal_end, side=self.side, palm=self.palm)

    @property
    def is_locked(self) -> bool:
        """Whether the record is signed."""
        return self.lock is not None

    @property
    def is_edited(self) -> bool:
        """Whether the labels are others than those of the mask, so that closing would lose something."""
        return not np.array_equal(self.labels.labels, self.saved)

    def changed_voxels(self) -> int:
        """How many voxels differ from the mask."""
        return int(np.count_nonzero(self.labels.labels != self.saved))

    @property
    def role(self) -> ReaderRole:
        """As what the reader judges it."""
        return "adjudicator" if self.task.kind == "adjudicate" else "reader"

    @property
    def source(self) -> EditSource:
        """What a mask is called that she draws here."""
        if self.task.kind == "adjudicate":
            return "adjudicated"
        return "repeat" if self.task.kind == "repeat" else "edited"

    def take_back(self) -> None:
        """Make the labels those of the mask again; there is nothing to undo afterwards."""
        with self.turn:
            self.labels.labels[...] = self.saved
            self.undo = UndoStack()

    def rest_on(self, mask: Labels, labels: LabelArray, findings: tuple[Problem, ...]) -> None:
        """The labels were saved as this mask; what was painted since then is a new edit of it."""
        self.mask, self.saved, self.findings, self.judged = mask, labels, findings, None

    def set_lock(self, lock: Signature | None) -> None:
        """Make the labels read-only under a signature, and writable without."""
        self.lock = lock
        self.labels.labels.setflags(write=lock is None)


@dataclass(slots=True, kw_only=True, eq=False)
class AdjudicationCase:
    """Two readers' masks of one scan, in random order and without names.

    `choices` takes a reader by the number of each component of `disagreement`, and is filled by whoever shows them;
    with `recovered` it begins as it was left unsettled, and `draft_problem` says why that could not be. `file` is where
    they are kept. `numbers` are there as far as the protocol lets the adjudicator see them. `case` is the scan as an
    open case, for all that is done with one: an own edit, a rejection, closing.
    """

    case: Case
    a: LabelVolume
    b: LabelVolume
    mask_a: Labels = field(repr=False)
    mask_b: Labels = field(repr=False)
    disagreement: Disagreement
    file: Path = field(repr=False)
    choices: dict[int, Choice] = field(default_factory=dict)
    recovered: bool = False
    draft_problem: ReviewError | None = None
    numbers: PlaceNumbers | None = None

    @property
    def task(self) -> Task:
        """The task of the list."""
        return self.case.task

    @property
    def density(self) -> DensityVolume:
        """Density of the scan."""
        return self.case.density

    @property
    def secrets(self) -> Secrets:
        """What must not be shown."""
        return self.case.secrets

    @property
    def n_open(self) -> int:
        """How many places are not decided yet."""
        return sum(one.number not in self.choices for one in self.disagreement.components)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedEdit:
    """An edit that is in the study; `consequences` are there where the protocol shows them at once."""

    labels: Labels
    consequences: tuple[Consequence, ...] = ()
