"""The form of a biopsy: fields, what follows from them live, both visits, and the states of the entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bonemetrics.errors import BonemetricsError
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters
from bonemetrics.review.biopsy_beside import side_by_side
from bonemetrics.review.biopsy_derived import derived, label_interval
from bonemetrics.review.biopsy_fields import DEFAULTS, drawn_text
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_work import BiopsyWork, judged_fields, work_of
from bonemetrics.review.section_evidence import Evidence
from napari_bonemetrics.biopsy_fields_area import FieldsArea
from napari_bonemetrics.biopsy_tables import BesideTable, DerivedTable
from napari_bonemetrics.entry_field import COLORS

_PAUSE_MS = 120
"""After the last key, before indices are computed anew."""
_WIDE_PX = 760
"""From here on what follows stands beside the fields, and else below them."""
_BOTH_VISITS = 1
_NOTE_LINES = 4
_STATES = {"draft": "✎ Draft", "complete": "✔ Complete", "locked": "■ Locked"}


class BiopsyPanel(QWidget):
    """Holds a `BiopsyWork`: a form, and the drawings behind its numbers.

    `form_changed` gives every new form and `work_changed` the work it is part of, `save_requested` a form in the state
    it is to be stored in, `unlock_requested` a reason; `section_requested` asks for pictures of sections. Whoever
    stores a form shows the stored one again with `show_work`.

    Parameters
    ----------
    viewer
        Not used; napari hands it to every widget.
    form
        To begin with.
    parameters
        `[histomorphometry]` of the protocol.
    storable
        Whether somebody stores what is saved; without, the buttons say so.
    """

    form_changed = Signal(object)
    work_changed = Signal(object)
    save_requested = Signal(object)
    unlock_requested = Signal(str)
    section_requested = Signal()

    def __init__(
        self,
        viewer: Any = None,
        form: BiopsyForm | None = None,
        parameters: HistomorphometryParameters = DEFAULTS,
        *,
        storable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self._work = self._saved = work_of(form or BiopsyForm())
        self._parameters = parameters
        self._storable = storable
        self.refusal = ""
        self._fixed: frozenset[str] = frozenset()
        self._others: tuple[HistomorphometryEntry, ...] = ()
        self._titles: tuple[str, ...] = ()
        self.fields = FieldsArea()
        self.derived = DerivedTable()
        self.beside = BesideTable()
        self.state = QLabel("")
        self.restored = QLabel("")
        self.interval = QLabel("")
        self.notes = QLabel("")
        self.warnings = QLabel("")
        self.blocking = QLabel("")
        self.tabs = QTabWidget()
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.save = QPushButton("Save draft")
        self.complete = QPushButton("Complete")
        self.lock = QPushButton("Lock")
        self.unlock = QPushButton("Unlock…")
        self.section = QToolButton()
        self._later = QTimer(self)
        self._lay_out()
        self._connect()
        self.show_work(self._work)

    def _lay_out(self) -> None:
        for label in (self.restored, self.interval, self.notes, self.warnings, self.blocking):
            label.setWordWrap(True)
        self.blocking.setTextFormat(Qt.TextFormat.RichText)
        self.section.setText("Section pictures…")
        self.tabs.addTab(_stacked(self.interval, self.derived, _few_lines(self.notes)), "Derived")
        self.tabs.addTab(_stacked(self.warnings, self.beside), "Both visits")
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.state, 1)
        head.addWidget(self.section)
        for button in (self.save, self.complete, self.lock, self.unlock):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addLayout(head)
        layout.addWidget(self.restored)
        self.split.addWidget(self.fields)
        self.split.addWidget(self.tabs)
        self.split.setChildrenCollapsible(False)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.blocking)
        layout.addLayout(foot)

    def _connect(self) -> None:
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._follow)
        self.tabs.currentChanged.connect(self._lay_beside)
        self.fields.edited.connect(self._edited)
        self.section.clicked.connect(self.section_requested)
        self.save.clicked.connect(lambda: self.ask_to_save("draft"))
        self.complete.clicked.connect(lambda: self.ask_to_save("complete"))
        self.lock.clicked.connect(lambda: self.ask_to_save("locked"))
        self.unlock.clicked.connect(self._ask_to_unlock)

    @property
    def work(self) -> BiopsyWork:
        """Form and drawings as they stand."""
        return self._work

    @property
    def form(self) -> BiopsyForm:
        """The form as it stands."""
        return self._work.form

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Drawings that are not stored yet."""
        return self._work.new_drawings(self._saved)

    @property
    def is_changed(self) -> bool:
        """Whether form or drawings are other than the stored ones, or something drawn waits for the form."""
        return self._work.is_changed(self._saved) or bool(self._work.canvas)

    def show_form(self, form: BiopsyForm, *, fixed: Collection[str] = ()) -> None:
        """Show a form without drawings; fields in `fixed` cannot be typed into."""
        self.show_work(work_of(form), fixed=fixed)

    def show_work(
        self, work: BiopsyWork, saved: BiopsyWork | None = None, *, fixed: Collection[str] = (), restored: str = ""
    ) -> None:
        """Show work on an entry, `saved` as it is stored, and say in `restored` where it came back from."""
        self._fixed = frozenset(fixed)
        self._work, self._saved = work, saved or work
        self.restored.setText(restored)
        self.restored.setVisible(bool(restored))
        self.fields.show_texts(self.form.texts)
        self._judge()
        self._follow()

    def show_others(self, entries: Sequence[HistomorphometryEntry], titles: Sequence[str]) -> None:
        """Entries of the person's other visits, to stand before the form's; titles are of all, the form's last."""
        self._others, self._titles = tuple(entries), tuple(titles)
        self._follow()

    def set_parameters(self, parameters: HistomorphometryParameters) -> None:
        """Go by another protocol."""
        self._parameters = parameters
        self._judge()
        self._follow()

    def take_measurements(self, values: Mapping[str, float], evidence: Evidence | None = None) -> bool:
        """Put what was measured into the form; a drawing is pooled with those on other pictures and kept with them."""

        def put(work: BiopsyWork) -> BiopsyWork:
            if evidence is not None:
                return work.put(evidence)
            for code, value in values.items():
                work = work.with_text(code, drawn_text(value))
            return work

        return self.change(put)

    def change(self, make: Callable[[BiopsyWork], BiopsyWork]) -> bool:
        """Go on with what is made of the work; false, and the reason is shown, where that is refused."""
        try:
            work = make(self._work)
        except BonemetricsError as error:
            self.fields.show_texts(self.form.texts)
            self.show_refusal(error.message)
            return False
        self.fields.show_texts(work.form.texts)
        self._take(work)
        return True

    def show_refusal(self, text: str) -> None:
        """Say why something was not done."""
        self.refusal = text
        self.blocking.setText(f"<b style='color: {COLORS['impossible']}'>✖</b> {escape(text)}")

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - named by Qt
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_PX
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.split.orientation() != orientation or self.split.sizes() == [0, 0]:
            self.split.setOrientation(orientation)
            self.split.setSizes([550, 450] if wide else [600, 400])

    def _edited(self, key: str, text: str) -> None:
        self.change(lambda work: work.with_text(key, text))

    def _take(self, work: BiopsyWork) -> None:
        self._work = work
        self._judge()
        self._later.start()
        self.form_changed.emit(work.form)
        self.work_changed.emit(work)

    def _judge(self) -> None:
        """What can be said at once: each value by itself, and what cannot be true together."""
        for key, judged in judged_fields(self._work, self._parameters, self.fields.keys).items():
            self.fields.show_judged(key, judged)
        self._show_state()

    def _show_state(self) -> None:
        form = self.form
        locked = form.state == "locked"
        changed = " · not saved" if form.is_changed or self.is_changed else ""
        self.state.setText(f"<b>{_STATES[form.state]}</b>{changed}")
        blocks = form.blocks(self._parameters)
        self.blocking.setText("" if locked or not blocks else "To complete: " + escape("; ".join(blocks)))
        self.blocking.setMaximumHeight(self.fontMetrics().height() * 4)
        self.blocking.setToolTip("\n".join(blocks))
        self.fields.set_read_only(self.fields.keys if locked else self._fixed)
        can = self._storable and not locked
        self.save.setEnabled(can and not form.problems)
        self.complete.setEnabled(can and not blocks)
        self.lock.setEnabled(can and not blocks)
        self.unlock.setEnabled(self._storable and locked)
        for button in (self.save, self.complete, self.lock):
            button.setVisible(not locked)
        self.unlock.setVisible(locked)
        why = "" if self._storable else "Open a study to store entries"
        for button in (self.save, self.complete, self.lock, self.unlock):
            button.setToolTip(why)

    def _follow(self) -> None:
        """What follows from all fields together."""
        self._later.stop()
        entry = self.form.entry_so_far
        following = derived(entry, self._parameters)
        self.derived.show_following(following, entry.envelope, self._parameters)
        interval = label_interval(entry)
        self.interval.setText(f"Interval between labels: {interval.text}")
        self.notes.setText("\n".join(f"• {problem.message}" for problem in following.notes))
        self._lay_beside()

    def _lay_beside(self) -> None:
        """Both visits, where they are looked at: they take as long as everything else that follows."""
        if self.tabs.currentIndex() != _BOTH_VISITS:
            return
        beside = side_by_side((*self._others, self.form.entry_so_far), self._parameters)
        self.warnings.setText("\n".join(f"▲ {one}" for one in beside.warnings))
        self.warnings.setVisible(bool(beside.warnings))
        self.beside.show_beside(beside, self._titles or ("This entry",))

    def ask_to_save(self, state: str) -> None:
        """Ask for the form to be stored in a state, where it can be."""
        try:
            form = self.form
            if state == "complete":
                form = form.completed(self._parameters)
            elif state == "locked":
                form = form.locked(self._parameters)
            form.to_entry()
        except BonemetricsError as error:
            self.show_refusal(error.message)
            return
        self.save_requested.emit(form)

    def _ask_to_unlock(self) -> None:
        reason, given = QInputDialog.getText(self, "Unlock the entry", "Reason, kept in the audit log:")
        if given and reason.strip():
            self.unlock_requested.emit(reason.strip())


def _stacked(*widgets: QWidget) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(4, 4, 4, 4)
    for widget in widgets:
        layout.addWidget(widget)
    return page


def _few_lines(label: QLabel) -> QWidget:
    """A label that scrolls in the height of a few lines, so that much said leaves the numbers their place."""
    area = QScrollArea()
    area.setWidget(label)
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMaximumHeight(label.fontMetrics().height() * _NOTE_LINES)
    return area
