"""The form of a biopsy with the study behind it: choose an entry, save, complete, lock, unlock, draw on sections."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QMessageBox, QVBoxLayout, QWidget

from bonemetrics.errors import BonemetricsError
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.study.biopsy_entries import StoredEntry
from napari_bonemetrics.biopsy_panel import BiopsyPanel
from napari_bonemetrics.section_panel import Offer, SectionPanel
from napari_bonemetrics.section_window import open_section_window

_FIXED = ("subject", "reader")
_NEW = "New entry"
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
        self.sections: SectionPanel | None = None
        self._window: Any = None
        self._title = title
        self._one_visit = one_visit
        self.kept: StoredEntry | None = None
        self._subject = self._visit = self._entry_id = ""
        self._began = BiopsyForm()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.entries)
        layout.addWidget(self.panel, 1)
        self.entries.activated.connect(self._chosen)
        self.panel.save_requested.connect(self._save)
        self.panel.unlock_requested.connect(self._unlock)
        self.panel.section_requested.connect(self.open_sections)

    @property
    def is_changed(self) -> bool:
        """Whether something would be lost by leaving the form."""
        return self.panel.form != self._began or bool(self.panel.evidence)

    def show_subject(self, subject: str, visit: str = "") -> None:
        """Show the reader's entries of a person, the one of a visit first where there is one."""
        self._subject, self._visit = subject, visit
        own = self._own()
        first = next((one.entry_id for one in own if one.entry.visit == visit), "")
        self._show(first)

    def _own(self) -> list[StoredEntry]:
        own = self.session.own(self._subject)
        return [one for one in own if not self._one_visit or one.entry.visit == self._visit]

    def _show(self, entry_id: str) -> None:
        own = self._own()
        self.entries.clear()
        for one in own:
            self.entries.addItem(self._title(one), one.entry_id)
        self.entries.addItem(_NEW, "")
        self.entries.setCurrentIndex(self.entries.findData(entry_id))
        chosen = next((one for one in own if one.entry_id == entry_id), None)
        self._entry_id, self.kept = entry_id, chosen
        self._began = (
            self.session.new(self._subject, self._visit) if chosen is None else BiopsyForm.from_entry(chosen.entry)
        )
        others = [one for one in own if one.entry_id != entry_id]
        if chosen is not None:
            others = [one for one in others if one.entry.envelope == chosen.entry.envelope]
        self.panel.evidence = []
        self.panel.show_form(self._began, fixed=_FIXED)
        here = _NEW if chosen is None else self._title(chosen)
        self.panel.show_others([one.entry for one in others], [*(self._title(one) for one in others), here])
        self.entry_shown.emit()

    def _chosen(self) -> None:
        entry_id = str(self.entries.currentData())
        if entry_id == self._entry_id:
            return
        if not self.may_leave():
            self.entries.setCurrentIndex(self.entries.findData(self._entry_id))
            return
        self._show(entry_id)

    def may_leave(self) -> bool:
        """Whether everything is saved, or the reader says that it may be lost."""
        if not self.is_changed:
            return True
        text = "What was typed or drawn is not saved. Leave it?"
        buttons = QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel
        return bool(QMessageBox.question(self, "Entry not saved", text, buttons) == QMessageBox.StandardButton.Discard)

    def _save(self, form: BiopsyForm) -> None:
        try:
            kept = self.session.save(form, self.panel.evidence, self._entry_id)
        except BonemetricsError as error:
            self.panel.show_refusal(error.message)
            return
        self._show(kept.entry_id)
        self.stored.emit(kept)

    def _unlock(self, reason: str) -> None:
        try:
            kept = self.session.unlock(self._entry_id, reason)
        except BonemetricsError as error:
            self.panel.show_refusal(error.message)
            return
        self._show(kept.entry_id)
        self.stored.emit(kept)

    def open_sections(self) -> None:
        """Open the window of section pictures; what is measured there goes into the form."""
        self.close_sections()
        self._window, self.sections = open_section_window(self.session.reader)
        self.sections.measured.connect(self._take)

    def _take(self, offer: Offer) -> None:
        self.panel.take_measurements(offer.values, offer.evidence)

    def close_sections(self) -> None:
        """Close the window of section pictures, if it is open."""
        if self._window is not None and self.sections is not None:
            window, self._window = self._window, None
            # Its reader may have closed it already, and Qt its widgets with it.
            with contextlib.suppress(RuntimeError):
                self.sections.close_picture()
                window.close()
        self.sections = None
