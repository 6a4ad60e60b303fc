"""The page of the desk that follows the open case: the biopsy of its person and visit, and the radius beside it."""

from __future__ import annotations

from html import escape

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from bonemetrics.records import HistomorphometryEntry
from bonemetrics.review.biopsy_of_case import blinded_title, hidden_fields, is_one_visit_alone, radius_numbers
from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.review.case import Case
from bonemetrics.review.session import Session
from napari_bonemetrics.biopsy_desk import BiopsyDesk, plain_title
from napari_bonemetrics.radius_beside import RadiusBeside

_NO_CASE = "Open a case: its biopsy is entered here."
_NOBODY = "The scan belongs to nobody of the study, so no biopsy can be entered for it."
_NOT_NOW = {
    "never": "The protocol does not show the numbers of the radius.",
    "after-verdict": "The radius is shown after your verdict on its segmentation.",
}


class BiopsyPage(QWidget):
    """A `BiopsyDesk` for each session, with a `RadiusBeside` among its tabs; empty while no case is open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk: BiopsyDesk | None = None
        self.radius = RadiusBeside()
        self.told = QLabel(_NO_CASE)
        self.told.setWordWrap(True)
        self._session: Session | None = None
        self._case: Case | None = None
        self._visit = ""
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.told)

    def begin(self, session: Session) -> None:
        """Take the biopsies of a session's study, as far as its reader may see them."""
        rules = session.rules
        self._session = session
        alone = is_one_visit_alone(rules)
        desk = BiopsyDesk(
            BiopsySession(session.store.reading, session.reader),
            title=blinded_title if alone else plain_title,
            hidden=hidden_fields(rules),
            one_visit=alone,
        )
        self.radius = RadiusBeside(parameters=desk.session.parameters)
        desk.panel.tabs.addTab(self.radius, "Radius")
        desk.stored.connect(lambda _kept: self.show_radius())
        desk.entry_shown.connect(self.show_radius)
        self._layout.addWidget(desk)
        self.desk = desk
        self.clear()

    def show_case(self, case: Case) -> None:
        """Show the biopsy of the person and visit of a case."""
        session, desk = self._session, self.desk
        if session is None or desk is None:
            return
        facts = session.facts_of(case)
        self._case, self._visit = case, facts.visit
        self.told.setText(_NOBODY)
        self.told.setVisible(not facts.subject)
        desk.setVisible(bool(facts.subject))
        desk.leave()
        desk.show_subject(facts.subject, facts.visit)
        self.show_radius()

    def show_radius(self) -> None:
        """Show the radius beside the entry that is shown, where the protocol lets the reader see its numbers."""
        session, case = self._session, self._case
        if session is None or case is None or case.is_closed:
            self.radius.show_visit((), None)
            return
        found = radius_numbers(session, case)
        if found is None:
            self.radius.show_nothing(_NOT_NOW[session.rules.consequence])
        else:
            self.radius.show_visit(found, self._entry, escape(case.task.title))

    @property
    def _entry(self) -> HistomorphometryEntry | None:
        """The stored entry that is shown, where it is of the visit of the scan."""
        kept = self.desk.kept if self.desk is not None else None
        return kept.entry if kept is not None and kept.entry.visit == self._visit else None

    @property
    def is_changed(self) -> bool:
        """Whether something would be lost by leaving the case."""
        return self.desk is not None and self.desk.is_changed

    def may_leave(self) -> bool:
        """Whether the entry is saved, or the reader says that it may be lost."""
        return self.desk is None or self.desk.may_leave()

    def clear(self) -> None:
        """No case is open; nothing of the one before stays, and its section pictures are closed."""
        self._case, self._visit = None, ""
        if self.desk is not None:
            self.desk.leave()
            self.desk.show_subject("")
            self.desk.hide()
        self.show_radius()
        self.told.setText(_NO_CASE)
        self.told.show()

    def close_sections(self) -> None:
        """The window of the desk closes; what is not saved is kept for later."""
        if self.desk is not None:
            self.desk.leave()
