"""A CT series as found on disk: its files with their header facts, whole or with the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.facts import FileFacts
from bonemetrics.records import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFiles:
    """All files of one CT series, found by its UID wherever they lie.

    `files` are those whose header could be read; `refusals` say what is wrong with the others; `notes` come from
    the look at the folder.
    """

    series_uid: str
    files: tuple[FileFacts, ...]
    refusals: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in the order found."""
        return tuple(facts.path for facts in self.files)

    def require_whole(self) -> None:
        """Refuse a series some of whose files are refused.

        Raises
        ------
        ReadError
            With the first file's code.
        """
        if self.refusals:
            first = self.refusals[0]
            more = f" ({len(self.refusals)} files of the series are refused)" if len(self.refusals) > 1 else ""
            raise ReadError(first.message + more, code=first.code)
