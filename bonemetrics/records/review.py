"""Records of a reading: what a reader says of a segmentation, and the rules by which a study is read."""

from __future__ import annotations

import unicodedata
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from bonemetrics.records.base import Finite, Record

Verdict = Literal["accept", "accept-with-edit", "reject", "defer"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
ACCEPTED: frozenset[Verdict] = frozenset({"accept", "accept-with-edit"})
FindingKind = Literal["motion", "cortical-break", "leak", "truncation", "artefact", "wrong-bone", "wrong-region"]
FINDINGS: tuple[FindingKind, ...] = get_args(FindingKind)
Reason = Literal[
    "motion",
    "cortical-break",
    "leak",
    "truncation",
    "artefact",
    "wrong-bone",
    "wrong-region",
    "calibration",
    "needs-adjudication",
    "other",
]
"""Why a segmentation was not accepted."""
REASONS: tuple[Reason, ...] = get_args(Reason)
Presence = Literal["present", "absent", "unsure"]
ReaderRole = Literal["reader", "adjudicator"]
Hidden = Literal["visit", "date", "arm", "subject", "other-readers"]
HIDDEN: tuple[Hidden, ...] = get_args(Hidden)
Towards = Literal["left", "right", "anterior", "posterior", "head", "feet"]
"""A direction of the patient."""


class Place(Record):
    """A voxel of a scan by its index (slice, row, column)."""

    slice: int = Field(ge=0)
    row: int = Field(ge=0)
    column: int = Field(ge=0)

    @property
    def index(self) -> tuple[int, int, int]:
        """(slice, row, column)."""
        return self.slice, self.row, self.column


class Finding(Record):
    """One structured finding of a reader and where it was seen."""

    kind: FindingKind
    presence: Presence = "present"
    place: Place | None = None


class Review(Record):
    """One verdict of one reader on one mask.

    `label_sha256` is the hash of the mask that was judged: a mask edited later is another one, and the verdict says
    nothing of it. `repeat` marks a hidden second look of the same reader. `active_s` is the time in s in which the
    reader worked on the case, pauses left out; `confidence` runs from 1 (guess) to 5 (certain).
    """

    scan_id: str
    label_sha256: str = Field(min_length=64, max_length=64)
    reader: str = Field(min_length=1, max_length=100)
    role: ReaderRole = "reader"
    repeat: bool = False
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()
    comment: str = Field(default="", max_length=4000)
    place: Place | None = None
    confidence: int | None = Field(default=None, ge=1, le=5)
    active_s: Finite = Field(default=0.0, ge=0)

    @property
    def is_accepted(self) -> bool:
        """Whether the mask may be measured."""
        return self.verdict in ACCEPTED

    @model_validator(mode="after")
    def _says_why(self) -> Review:
        if not self.is_accepted and not self.reasons:
            raise ValueError(f"a verdict '{self.verdict}' needs at least one reason: {', '.join(REASONS)}")
        if "other" in self.reasons and not self.comment.strip():
            raise ValueError("the reason 'other' needs a comment")
        return self


_LONGEST_NAME = 100
_JOINERS = "\u200c\u200d"
"""Part of how names are written in some scripts."""


def is_plain_name(name: str) -> bool:
    """Whether a name shows all that it is: no blanks at its ends, and no signs that nobody sees or that turn others."""
    hidden = (sign for sign in name if unicodedata.category(sign) in ("Cc", "Cf") and sign not in _JOINERS)
    return name == name.strip() and len(name) <= _LONGEST_NAME and not any(hidden)


def alike(name: str) -> str:
    """One text for names that differ in case, width or blanks alone, which would make one person two readers."""
    shown = "".join(sign for sign in name if sign not in _JOINERS)
    return " ".join(unicodedata.normalize("NFKC", shown).casefold().split())


class ReviewParameters(Record):
    """`[review]`: how the segmentations of a study are read.

    `readers` and `adjudicators` are the names that may read; anybody may where `readers` is empty. `readings` is how
    many readers judge each scan, each without the other's work. `blind` is what a reader does not see. With `pairs` the
    visits of a person are shown two by two as A and B in random order. `repeat_percent` of the scans come up a second
    time, unmarked, for the agreement of each reader with herself. `palm` is where the palm faces in every scan, in the
    directions that the scans' tags give the patient. `consequence` is when a reader sees what an edit does to the
    numbers. A claim on a scan ends after `claim_minutes` without a sign of life. `seed` settles every order that is
    random, so that a reading can be made again.
    """

    readers: tuple[str, ...] = ()
    adjudicators: tuple[str, ...] = ()
    readings: Literal[1, 2] = 1
    blind: tuple[Hidden, ...] = ()
    pairs: bool = False
    repeat_percent: Finite = Field(default=0.0, ge=0, le=100)
    palm: Towards | None = None
    consequence: Literal["after-verdict", "at-once", "never"] = "after-verdict"
    claim_minutes: Finite = Field(default=30.0, gt=0)
    seed: int = 0

    @field_validator("readers", "adjudicators")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() or len(name) > 100 for name in names) or len(set(names)) != len(names):
            raise ValueError("names of readers are not empty, at most 100 characters long, and stand once")
        seen: dict[str, str] = {}
        for name in names:
            if not is_plain_name(name):
                raise ValueError(f"the name of a reader {name!r} has blanks at its ends or signs that nobody sees")
            other = seen.setdefault(alike(name), name)
            if other != name:
                raise ValueError(f"the names of readers {other!r} and {name!r} are told apart by nobody")
        return names

    @property
    def is_blinded(self) -> bool:
        """Whether anything of a case is hidden from its reader."""
        return bool(self.blind)
