"""The reading desk: a dock widget that joins panels, canvases and the session; it decides nothing itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QMainWindow, QSizePolicy, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from bonemetrics.errors import BonemetricsError
from bonemetrics.pipeline.scan import tissue_parameters
from bonemetrics.review.session import Session
from bonemetrics.segmentation.parameters import TissueParameters
from napari_bonemetrics.adjudication_panel import AdjudicationPanel
from napari_bonemetrics.biopsy_page import BiopsyPage
from napari_bonemetrics.brush import Brush
from napari_bonemetrics.case_bar import CaseBar
from napari_bonemetrics.case_flow import CaseFlow
from napari_bonemetrics.consequence_panel import ConsequencePanel
from napari_bonemetrics.desk_wiring import tour_targets, wire
from napari_bonemetrics.dialogs import ask_unsaved
from napari_bonemetrics.draft_keeper import DraftKeeper
from napari_bonemetrics.edit_panel import EditPanel
from napari_bonemetrics.edit_tools import ToolSettings
from napari_bonemetrics.editor import Editor
from napari_bonemetrics.help_panel import HelpPanel
from napari_bonemetrics.progress_bar import ProgressFoot
from napari_bonemetrics.remembered import Remembered
from napari_bonemetrics.shortcuts import Shortcuts
from napari_bonemetrics.stage import Stage
from napari_bonemetrics.start_page import StartPage
from napari_bonemetrics.tour import Tour
from napari_bonemetrics.verdict_panel import VerdictPanel, scrolling
from napari_bonemetrics.window_bar import WindowBar
from napari_bonemetrics.worker import told
from napari_bonemetrics.worklist_panel import WorklistPanel

TITLE = "bonemetrics reading"
BIOPSY = "Biopsy"
_DIFFERENCES = "Differences"
_WIDTH = 400


class ReadingDesk(QWidget):
    """Reads the scans of a study.

    Parameters
    ----------
    napari_viewer
        The viewer that it is docked in.
    session
        An open session; without one the desk asks for a study first.
    """

    def __init__(self, napari_viewer: Any, session: Session | None = None) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.editor = Editor(self)
        self.flow = CaseFlow(self)
        self.keeper = DraftKeeper(self.flow, self.editor, self)
        self.edit = EditPanel()
        self.brush = Brush(self.editor, lambda: self.edit.brush_settings)
        self.stage = Stage(napari_viewer, self.brush, self)
        self.start_page, self.list = StartPage(), WorklistPanel()
        self.head, self.window_bar = CaseBar(), WindowBar()
        self.verdict, self.numbers = VerdictPanel(), ConsequencePanel()
        self.adjudication, self.biopsy = AdjudicationPanel(), BiopsyPage()
        self.foot, self.tour = ProgressFoot(), Tour()
        self.pages, self.stack = QTabWidget(), QStackedWidget()
        self._main: QMainWindow | None = None
        self._is_closed = False
        self.memory = Remembered(self)
        slots = wire(self)
        self.shortcuts = Shortcuts(self, slots)
        self.help = HelpPanel(self.shortcuts.keys)
        self.help.tour_requested.connect(self.tour.begin)
        self.tour.targets = tour_targets(self)
        self._lay_out()
        self.show_lock()
        napari_viewer.title = TITLE
        if session is not None:
            self.begin(session)

    def _lay_out(self) -> None:
        self.pages.setDocumentMode(True)
        for widget, title in (
            (self.list, "Cases"),
            (self.verdict, "Judge"),
            (self.edit, "Edit"),
            (self.adjudication, _DIFFERENCES),
            (self.numbers, "Numbers"),
            (self.biopsy, BIOPSY),
            (self.help, "Keys"),
        ):
            self.add_page(widget, title)
        self._show_differences(False)
        reading = QWidget()
        inner = QVBoxLayout(reading)
        inner.setContentsMargins(0, 0, 0, 0)
        for widget in (self.head, self.window_bar, self.tour):
            inner.addWidget(widget)
        inner.addWidget(self.pages, 1)
        self.stack.addWidget(self.start_page)
        self.stack.addWidget(reading)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.foot)
        self.setMinimumWidth(_WIDTH)
        # Else napari puts an empty space below the desk, as large as the desk itself.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def add_page(self, widget: QWidget, title: str) -> None:
        """Add a page; it scrolls where the window is too small for it."""
        # The page of the verdict scrolls by itself, all but its foot.
        self.pages.addTab(widget if widget is self.verdict else scrolling(widget), title)

    def show_page(self, title: str) -> None:
        """Bring a page to the front."""
        for number in range(self.pages.count()):
            if self.pages.tabText(number) == title:
                self.pages.setCurrentIndex(number)

    def open_study(self, folder: str, reader: str) -> None:
        """Open a session in a worker, and begin to read."""
        self.flow.run("opening the study", lambda _tell: Session.open(Path(folder), reader), self.begin)

    def begin(self, session: Session) -> None:
        """Show the list of a session."""
        self.stack.setCurrentIndex(1)
        self.memory.load(session)
        self.biopsy.begin(session)
        self.flow.start(session)

    # Cases

    def open_key(self, key: str) -> None:
        """Open a case in place of the open one."""
        if key and not self.flow.is_busy and self.leave_case():
            self.flow.open(key)

    def leave_case(self) -> bool:
        """Close the open case; false where the reader wants to stay with an unsaved edit or entry of a biopsy."""
        if self.flow.case is None:
            return True
        if not self.biopsy.may_leave():
            return False
        answer = ask_unsaved(self) if self._would_lose else "keep"
        if answer == "cancel":
            return False
        if answer == "save":
            self.flow.save()
            return False
        self.keeper.stop()
        self.flow.close(discard=answer == "discard")
        return True

    @property
    def _would_lose(self) -> bool:
        case = self.flow.case
        if case is None or not self.editor.is_unsaved:
            return False
        put_off = case.judged is not None and case.judged.verdict == "defer"
        return case.is_edited and not put_off

    def show_case(self, case: Any) -> None:
        """Show an opened case on the canvases and in the panels."""
        self.stage.show(case, self)
        parameters = self.tissue_parameters()
        self.edit.show_case(case.density.geometry.shape[0], (parameters.periosteal_threshold, parameters.threshold))
        self.verdict.show_case(case.findings)
        if case.judged is not None:
            self.verdict.show_findings(case.judged.findings)
        self.editor.begin(case.labels, case.undo, self.stage.labels_layers, unsaved=case.recovered)
        self.viewer.title = f"{TITLE}: {case.task.title}"
        self.memory.last_key = case.task.key
        self.biopsy.show_case(case)
        self.show_lock()
        self.show_numbers()
        self.show_page("Judge")

    def tissue_parameters(self) -> TissueParameters:
        """How the study segments; where the scan is of another material, what would refuse it says so."""
        session = self.flow.session
        return tissue_parameters(session.store.protocol) if session is not None else TissueParameters()

    def tool_settings(self) -> ToolSettings:
        """How the edit tools work now."""
        shape = self.stage.scene.geometry.shape if self.stage.scene.geometry is not None else (1, 1, 1)
        chosen = self.edit.settings(shown=self.stage.at[0], n_slices=shape[0])
        box = self.stage.chosen_box(chosen.slices, drawn=self.edit.wants_drawn_box)
        return replace(chosen, box=box)

    def show_lock(self) -> None:
        """Enable what may be done: nothing on a signed record."""
        case = self.flow.case
        is_open = case is not None and not case.is_locked
        self.head.show_case(case, can_sign=case is not None and case.judged is not None)
        self.verdict.set_open(is_open)
        self.verdict.show_given(case.judged if case is not None else None)
        self.edit.setEnabled(is_open)
        for layer in self.stage.labels_layers:
            layer.editable = is_open
        if not is_open:
            self.brush.turn(False)

    def clear_case(self) -> None:
        """The case is closed: take it off the canvases."""
        self.editor.end()
        self.stage.clear()
        self.head.show_case(None, can_sign=False)
        self.head.uncheck_beside()
        self.adjudication.show_case(None)
        self.numbers.clear()
        self.biopsy.clear()
        self._show_differences(False)
        self.verdict.set_open(False)
        self.edit.setEnabled(False)
        self.viewer.title = TITLE

    def show_numbers(self) -> None:
        """Show what the saved edit does to the numbers, as far as the session tells."""
        session, case = self.flow.session, self.flow.case
        if session is None or case is None:
            return
        self.biopsy.show_radius()
        try:
            found = session.consequences(case)
        except BonemetricsError as error:
            self.foot.fail(self.flow.told(error))
            return
        if found:
            self.numbers.show_consequences(found)
        elif session.rules.consequence == "never":
            self.numbers.show_nothing("The protocol does not show what an edit does to the numbers.")
        elif session.rules.consequence == "after-verdict":
            self.numbers.show_nothing("Shown after your verdict on an edited case.")
        else:
            self.numbers.show_nothing("Shown when you ask for it, and as soon as an edit is saved.")

    def show_adjudication(self, found: Any) -> None:
        """Show the page of the places where two readers differ."""
        self.adjudication.show_case(found)
        self._show_differences(True)
        self.show_page(_DIFFERENCES)

    def _show_differences(self, shown: bool) -> None:
        for number in range(self.pages.count()):
            if self.pages.tabText(number) == _DIFFERENCES:
                self.pages.setTabVisible(number, shown)

    # The window

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Watch the window that the desk is docked in, so that closing it can ask."""
        super().showEvent(event)
        main = self.window()
        if self._main is None and isinstance(main, QMainWindow):
            self._main = main
            main.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Ask before the window closes over an unsaved edit; give the canvases back when it does."""
        if watched is self._main and event.type() == QEvent.Type.Close and not self._is_closed:
            if not self.leave_case():
                event.ignore()
                return True
            self.shut()
        return bool(super().eventFilter(watched, event))

    def shut(self) -> None:
        """End the session and leave the viewer alone."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._main is not None:
            self._main.removeEventFilter(self)
            self._main = None
        self.keeper.end()
        self.flow.close()
        self.flow.wait()
        self.biopsy.close_sections()
        self.stage.close()
        self.shortcuts.close()
        session = self.flow.session
        if session is not None:
            try:
                self.memory.save()
                session.close()
            except (BonemetricsError, OSError) as error:
                self.foot.fail(told(error))
        # Slots hold the desk and it holds the viewer: nothing goes before the widgets do.
        self.deleteLater()
