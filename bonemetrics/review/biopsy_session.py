"""A reader's work on the biopsies of a study: her own entries, saved with what was drawn, and opened again."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bonemetrics.errors import StudyError
from bonemetrics.histomorphometry.compare import biopsy_of
from bonemetrics.records import HistomorphometryParameters
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.section_evidence import Evidence, write_evidence
from bonemetrics.study.biopsy_entries import StoredEntry
from bonemetrics.study.reading import Reading


class BiopsySession:
    """Entries of one reader in one study; those of other readers stay out of sight, so that entries are independent.

    Parameters
    ----------
    reading
        Of the study, with the reader as its author.
    reader
        Initials or code.
    """

    def __init__(self, reading: Reading, reader: str) -> None:
        self._reading = reading
        self.reader = reader

    @property
    def parameters(self) -> HistomorphometryParameters:
        """`[histomorphometry]` of the protocol."""
        return self._reading.protocol.histomorphometry

    def own(self, subject: str) -> tuple[StoredEntry, ...]:
        """Her entries of one person, the earliest biopsy first."""
        found = [one for one in self._reading.entries(subject) if one.entry.reader == self.reader]
        return tuple(sorted(found, key=lambda one: (str(one.entry.day or ""), one.entry.visit, one.entry_id)))

    def new(self, subject: str, visit: str = "") -> BiopsyForm:
        """An empty form of hers for a person."""
        form = BiopsyForm().with_text("subject", subject).with_text("reader", self.reader).with_text("entry", "1")
        return form.with_text("visit", visit)

    def save(self, form: BiopsyForm, evidence: Sequence[Evidence] = (), entry_id: str = "") -> StoredEntry:
        """Keep a form in its state, with what was drawn; drawings of earlier versions stay with it.

        Parameters
        ----------
        form
            A draft, complete or locked.
        evidence
            New drawings behind its numbers.
        entry_id
            Of the stored entry that the form began with; empty for a new one.

        Raises
        ------
        TableError, StudyError
            As `BiopsyForm.to_entry` and `Reading.record_entry`.
        """
        entry = form.to_entry()
        if entry.reader != self.reader:
            raise StudyError("the entry names another reader", code="unknown-reader")
        with tempfile.TemporaryDirectory(prefix="bonemetrics-") as folder:
            drawings: list[Path] = []
            for number, one in enumerate(evidence):
                drawings.append(Path(folder) / f"drawing-{number}.json")
                write_evidence(drawings[-1], one)
            if drawings:
                drawings = [*self._kept(entry_id), *drawings]
            return self._reading.record_entry(entry, drawings=drawings, entry_id=entry_id)

    def _kept(self, entry_id: str) -> list[Path]:
        known = next((one for one in self._reading.entries() if one.entry_id == entry_id), None)
        if known is None:
            return []
        return [self._reading.folder.biopsy(entry_id) / drawing.file for drawing in known.drawings]

    def unlock(self, entry_id: str, reason: str) -> StoredEntry:
        """Open a locked entry of hers again; the reason goes into the audit log.

        Raises
        ------
        StudyError
            `unknown-entry`, `not-locked` or `reason-missing`.
        """
        if not any(one.entry_id == entry_id and one.entry.reader == self.reader for one in self._reading.entries()):
            raise StudyError("this reader has no entry of this ID in the study", code="unknown-entry")
        return self._reading.unlock_entry(entry_id, reason)

    def pairs_of_readers(self, subject: str) -> tuple[tuple[StoredEntry, StoredEntry], ...]:
        """Independent entries of one biopsy by two readers, both locked, for whoever settles them.

        Unlocked entries are left out, so that nobody sees another's numbers before her own stand.
        """
        found: dict[tuple[object, ...], list[StoredEntry]] = {}
        for one in self._reading.entries(subject):
            if one.entry.state == "locked":
                found.setdefault(biopsy_of(one.entry), []).append(one)
        return tuple(
            (first, second)
            for group in found.values()
            for place, first in enumerate(group)
            for second in group[place + 1 :]
            if first.entry.reader != second.entry.reader
        )
