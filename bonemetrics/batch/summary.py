"""What a run did and how a study stands, as the command line and JSON show it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_ROW = re.compile(r"row ([0-9]{1,18}):")


@dataclass(frozen=True, slots=True, order=True)
class Refused:
    """An input without numbers, and why."""

    path: str
    code: str
    message: str


@dataclass(slots=True, kw_only=True)
class RunSummary:
    """What one run did.

    `read` counts what was new or changed; each of it is then measured, refused or failed. `skipped` counts scans
    that were left alone since nothing has changed, and files that are none of ours; `tables` are those that went in.
    A refusal that still stands from an earlier run is listed again, so that the exit code says it. `notes` names
    tables among the skipped files that no entry of [[tables]] reads; they do not change the exit code.
    """

    read: int = 0
    measured: int = 0
    skipped: int = 0
    up_to_date: int = 0
    tables: int = 0
    refused: list[Refused] = field(default_factory=list)
    failed: list[Refused] = field(default_factory=list)
    notes: list[Refused] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 all well; 1 something was refused or failed, or there was nothing to measure at all."""
        return 1 if self.refused or self.failed or not (self.measured or self.tables or self.up_to_date) else 0

    def as_json(self) -> dict[str, Any]:
        """The JSON object of `run --json`; lists in the order of paths, `notes` only where there are any."""
        notes = {"notes": [_listed(entry) for entry in sorted(self.notes)]} if self.notes else {}
        return {
            "read": self.read,
            "measured": self.measured + self.tables,
            "skipped": self.skipped,
            "refused": [_listed(entry) for entry in sorted(self.refused, key=place_of)],
            "failed": [_listed(entry) for entry in sorted(self.failed, key=place_of)],
            **notes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStatus:
    """How a study stands: measured scans, those that wait for a reader, those reviewed, and what failed."""

    scans: int
    waiting: int
    reviewed: int
    failed: tuple[Refused, ...]

    def as_json(self) -> dict[str, Any]:
        """The JSON object of `status --json`."""
        return {
            "scans": self.scans,
            "waiting": self.waiting,
            "reviewed": self.reviewed,
            "failed": [_listed(entry) for entry in sorted(self.failed, key=place_of)],
        }


def place_of(entry: Refused) -> tuple[str, bool, int, str, str]:
    """Sorts by path, then by row of a table: row 9 comes before row 10, and how many more there are comes last."""
    row = _ROW.match(entry.message)
    return (entry.path, entry.message.startswith("and "), int(row[1]) if row else 0, entry.code, entry.message)


def _listed(entry: Refused) -> dict[str, str]:
    return {"path": entry.path, "code": entry.code, "message": entry.message}
