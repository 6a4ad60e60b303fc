"""A reader's work on the biopsies of a study: her own entries, kept unsaved, saved with drawings, opened again."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from bonemetrics.errors import BonemetricsError, StudyError
from bonemetrics.histomorphometry.compare import biopsy_of
from bonemetrics.records import HistomorphometryParameters
from bonemetrics.review.biopsy_drafts import biopsy_draft_file, write_biopsy_draft
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_opening import OpenBiopsy, draft_of, restored
from bonemetrics.review.biopsy_work import BiopsyWork, work_of
from bonemetrics.review.drafts import remove_draft
from bonemetrics.review.section_evidence import Evidence, read_evidence, write_evidence
from bonemetrics.study.audit import utc_now
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

    def open(self, subject: str, visit: str = "", entry_id: str = "") -> OpenBiopsy:
        """Open an entry of hers, or begin a new one, with what was left unsaved of it.

        Parameters
        ----------
        subject, visit
            Person, and visit of a new entry.
        entry_id
            Of a stored entry; empty for a new one.

        Raises
        ------
        StudyError
            `unknown-entry`.
        """
        own = self.own(subject)
        kept = next((one for one in own if one.entry_id == entry_id), None)
        if entry_id and kept is None:
            raise StudyError("this reader has no entry of this ID in the study", code="unknown-entry")
        saved = work_of(self.new(subject, visit)) if kept is None else self.work(kept)
        file = self._draft_file(subject, visit, entry_id)
        opened = OpenBiopsy(subject=subject, visit=visit, kept=kept, saved=saved, work=saved, file=file)
        return restored(opened, [self.work(one) for one in own] if file.exists() else ())

    def work(self, kept: StoredEntry) -> BiopsyWork:
        """A stored entry as work can go on from it; nothing can be added to drawings that cannot be read."""
        form = BiopsyForm.from_entry(kept.entry)
        try:
            return work_of(form, [read_evidence(path) for path in self._drawings(kept) if path.suffix == ".json"])
        except BonemetricsError:
            text = "a drawing that the entry rests on cannot be read, so nothing can be added to it; verify the study"
            return replace(work_of(form), unreadable=text)

    def first(self, subject: str, visit: str, own: Sequence[StoredEntry]) -> str:
        """ID of the entry to show first: one that was left unsaved, else one of the visit, else empty for a new one."""
        ids = [one.entry_id for one in own if one.entry.visit == visit]
        unsaved = (entry_id for entry_id in (*ids, "") if self.is_unsaved(subject, visit, entry_id))
        return next(unsaved, next(iter(ids), ""))

    def is_unsaved(self, subject: str, visit: str, entry_id: str) -> bool:
        """Whether there is a draft of an entry, or of a new one of a visit."""
        return self._draft_file(subject, visit, entry_id).exists()

    def keep(self, opened: OpenBiopsy, work: BiopsyWork) -> bool:
        """Keep unsaved work as a draft, which is no entry and comes back at the next opening.

        Returns
        -------
        bool
            Whether there was something to keep; without, an older draft is removed.

        Raises
        ------
        OSError
            If the draft could not be written; the one before it is then still there.
        """
        if not opened.subject:
            return False
        if not work.canvas and not work.is_changed(opened.saved):
            remove_draft(opened.file)
            return False
        write_biopsy_draft(opened.file, draft_of(work, opened.based_on, utc_now()))
        return True

    def forget(self, opened: OpenBiopsy) -> None:
        """Remove the draft of an entry."""
        remove_draft(opened.file)

    def store(self, opened: OpenBiopsy, work: BiopsyWork) -> StoredEntry:
        """Keep work as a version of its entry, with its new drawings; what is only drawn stays a draft.

        Raises
        ------
        TableError, StudyError
            As `save`; the draft is then as it was.
        """
        kept = self.save(work.form, work.new_drawings(opened.saved), opened.entry_id)
        if work.canvas:
            saved, file = self.work(kept), self._draft_file(opened.subject, opened.visit, kept.entry_id)
            again = replace(opened, kept=kept, saved=saved, work=saved, file=file)
            # Before the old draft goes, so that a kill in between loses no drawing.
            self.keep(again, replace(saved, canvas=work.canvas))
            if file == opened.file:
                return kept
        self.forget(opened)
        return kept

    def save(self, form: BiopsyForm, evidence: Sequence[Evidence] = (), entry_id: str = "") -> StoredEntry:
        """Keep a form in its state, with what was drawn; drawings on other pictures of earlier versions stay with it.

        Parameters
        ----------
        form
            A draft, complete or locked.
        evidence
            New drawings behind its numbers; each stands in place of an earlier one on the same picture.
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
                replaced = {one.picture_sha256 for one in evidence}
                drawings = [*self._kept(entry_id, replaced), *drawings]
            return self._reading.record_entry(entry, drawings=drawings, entry_id=entry_id)

    def _kept(self, entry_id: str, replaced: Collection[str]) -> list[Path]:
        """Drawings of the version before that stay: all but those on pictures that were drawn on anew."""
        known = next((one for one in self._reading.entries() if one.entry_id == entry_id), None)
        return [] if known is None else [path for path in self._drawings(known) if _picture_of(path) not in replaced]

    def _drawings(self, kept: StoredEntry) -> list[Path]:
        return [self._reading.folder.biopsy(kept.entry_id) / drawing.file for drawing in kept.drawings]

    def _draft_file(self, subject: str, visit: str, entry_id: str) -> Path:
        folder = self._reading.folder
        return biopsy_draft_file(folder, reader=self.reader, subject=subject, visit=visit, entry_id=entry_id)

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


def _picture_of(path: Path) -> str | None:
    try:
        return read_evidence(path).picture_sha256
    except BonemetricsError:
        return None
