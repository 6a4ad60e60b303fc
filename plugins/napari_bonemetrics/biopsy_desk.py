"""The form of a biopsy with the study behind it: choose an entry, save, complete, lock, unlock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from bonemetrics.errors import BonemetricsError
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_opening import OpenBiopsy
from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.study.biopsy_entries import StoredEntry
from napari_bonemetrics.biopsy_draft_keeper import BiopsyDraftKeeper
from napari_bonemetrics.biopsy_panel import BiopsyPanel
from napari_bonemetrics.biopsy_sections import BiopsySections
from napari_bonemetrics.dialogs import ask_entry
from napari_bonemetrics.entry_field import SIGNS
from napari_bonemetrics.section_panel import SectionPanel
from napari_bonemetrics.worker import told

_FIXED = ("subject", "reader")
_NEW = "New entry"
_UNSAVED = " · not saved"
Title = Callable[[StoredEntry], str]


def plain_title(stored: StoredEntry) -> str:
    """What an entry is of; a desk that hides visits hands in a title of its own."""
    entry = stored.entry
    when = entry.visit or (entry.day.isoformat() if entry.day else "no date")
    return f"{when}, {entry.envelope or 'no envelope'}, entry {entry.entry} ({entry.state})"


class BiopsyDesk(QWidget):
    """Stores what `BiopsyPanel` asks to store; `stored` gives every stored version.

    Parameters
    ----------
    session
        Of the reader.
    title
        Names entries.
    hidden
        Fields that the reader must not see.
    one_visit
        Whether entries of other visits stay out of sight.
    """

    stored = Signal(object)
    entry_shown = Signal()

    def __init__(
        self,
        session: BiopsySession,
        *,
        title: Title = plain_title,
        hidden: Collection[str] = (),
        one_visit: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.entries = QComboBox()
        self.panel = BiopsyPanel(parameters=session.parameters, storable=True)
        self.panel.fields.hide_fields(hidden)
        self.pictures = BiopsySections(self.panel, session.reader, self)
        self.keeper = BiopsyDraftKeeper(session, self)
        self._title = title
        self._one_visit = one_visit
        self._subject = self._visit = ""
        self._opened: OpenBiopsy | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.entries)
        layout.addWidget(self.panel, 1)
        self.entries.activated.connect(self._chosen)
        self.panel.work_changed.connect(self.keeper.changed)
        self.keeper.failed.connect(self.panel.show_refusal)
        self.panel.save_requested.connect(self._save)
        self.panel.unlock_requested.connect(self._unlock)
        self.panel.section_requested.connect(self.open_sections)

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """Its fields scroll by themselves: words that wrap must not make the page longer than the window."""
        return False

    @property
    def kept(self) -> StoredEntry | None:
        """The stored entry that is shown; `None` for a new one."""
        return None if self._opened is None else self._opened.kept

    @property
    def sections(self) -> SectionPanel | None:
        """The panel of section pictures, while their window is open."""
        return self.pictures.sections

    @property
    def is_changed(self) -> bool:
        """Whether something would be lost by leaving the form."""
        return self.panel.is_changed

    def show_subject(self, subject: str, visit: str = "") -> None:
        """Show the reader's entries of a person, the one of a visit first where there is one."""
        self._subject, self._visit = subject, visit
        self._show(self.session.first(subject, visit, self._own()) if subject else "")

    def _own(self) -> list[StoredEntry]:
        own = self.session.own(self._subject)
        return [one for one in own if not self._one_visit or one.entry.visit == self._visit]

    def _show(self, entry_id: str) -> None:
        own = self._own()
        # A new entry of nobody is what stands there while no case is open.
        opened = self.session.open(self._subject, self._visit, entry_id)
        self._opened = opened
        self.keeper.begin(opened)
        self._list(own, entry_id)
        others = [one for one in own if one.entry_id != entry_id]
        if opened.kept is not None:
            others = [one for one in others if one.entry.envelope == opened.kept.entry.envelope]
        self.panel.show_work(opened.work, opened.saved, fixed=_FIXED, restored=_restored(opened))
        here = _NEW if opened.kept is None else self._title(opened.kept)
        self.panel.show_others([one.entry for one in others], [*(self._title(one) for one in others), here])
        self.pictures.show_work()
        self.entry_shown.emit()

    def _list(self, own: Sequence[StoredEntry], entry_id: str) -> None:
        self.entries.clear()
        for title, one_id in (*((self._title(one), one.entry_id) for one in own), (_NEW, "")):
            waits = self.session.is_unsaved(self._subject, self._visit, one_id)
            self.entries.addItem(f"{title}{_UNSAVED if waits else ''}", one_id)
        self.entries.setCurrentIndex(self.entries.findData(entry_id))

    def _chosen(self) -> None:
        entry_id = str(self.entries.currentData())
        if self._opened is None or entry_id == self._opened.entry_id:
            return
        if not self.may_leave():
            self.entries.setCurrentIndex(self.entries.findData(self._opened.entry_id))
            return
        # What is drawn on the canvas is of the entry that is left.
        self.close_sections()
        self._show(entry_id)

    def may_leave(self) -> bool:
        """Whether everything is saved, or kept for later, or the reader says that it may be lost."""
        if not self.pictures.may_leave(can_keep=True):
            return False
        work, opened = self.panel.work, self._opened
        if opened is None or not work.is_changed(opened.saved):
            return self.keeper.keep_now()
        answer = ask_entry(self)
        if answer == "save":
            return self._store(work.form)
        if answer == "discard":
            self.keeper.stop()
            self.session.keep(opened, replace(opened.saved, canvas=work.canvas))
            self._show(opened.entry_id)
            return True
        return answer == "keep" and self.keeper.keep_now()

    def leave(self) -> None:
        """Go without a question; what is not saved is kept for later."""
        self.pictures.take_canvas()
        self.keeper.keep_now()
        self.keeper.end()
        self.close_sections()

    def _save(self, form: BiopsyForm) -> None:
        if form.state == "draft":
            self.pictures.take_canvas()
            self._store(form)
            return
        before = self.panel.work
        if self.pictures.may_leave(can_keep=False):
            if self.panel.work.form != before.form:
                # Numbers have come in, so that it is judged anew.
                self.panel.ask_to_save(form.state)
            else:
                self._store(form)

    def _store(self, form: BiopsyForm) -> bool:
        if self._opened is None:
            return False
        self.keeper.stop()
        try:
            kept = self.session.store(self._opened, replace(self.panel.work, form=form))
        except (BonemetricsError, OSError) as error:
            self.panel.show_refusal(error.message if isinstance(error, BonemetricsError) else told(error))
            # The keeper was stopped for it, and may have owed what was typed last.
            self.keeper.changed(self.panel.work)
            return False
        self._show(kept.entry_id)
        self.stored.emit(kept)
        return True

    def _unlock(self, reason: str) -> None:
        try:
            kept = self.session.unlock(self._opened.entry_id if self._opened is not None else "", reason)
        except BonemetricsError as error:
            self.panel.show_refusal(error.message)
            return
        self._show(kept.entry_id)
        self.stored.emit(kept)

    def open_sections(self) -> None:
        """Open the window of section pictures; what is measured there goes into the form."""
        self.pictures.open()

    def close_sections(self) -> None:
        """Close the window of section pictures, if it is open; what is drawn there and waits stays with the entry."""
        self.pictures.close()


def _restored(opened: OpenBiopsy) -> str:
    if opened.problem:
        return f"{SIGNS['unusual']} {opened.problem[0].upper()}{opened.problem[1:]}."
    if not opened.restored_utc:
        return ""
    when = opened.restored_utc[:16].replace("T", " ")
    drawn = " Open its picture to see what was drawn and not put into the form." if opened.work.canvas else ""
    return f"{SIGNS['unusual']} Restored from {when} UTC: typed or drawn then, and not saved yet.{drawn}"
