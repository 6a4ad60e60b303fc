"""Drawing on pictures of sections: choose a measurement, draw it, and put what was measured into the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel, QMainWindow, QPushButton, QVBoxLayout, QWidget

from bonemetrics.batch.guard import run_guarded
from bonemetrics.errors import BonemetricsError
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_work import BiopsyWork, work_of
from bonemetrics.review.section_drawing import Drawn
from bonemetrics.review.section_evidence import Evidence
from bonemetrics.review.section_picture import Guarded, SectionPicture, open_section
from bonemetrics.review.section_pool import Pooled, pool
from napari_bonemetrics.dialogs import ask_drawn
from napari_bonemetrics.entry_field import SIGNS
from napari_bonemetrics.section_canvas import Folder, SectionCanvas
from napari_bonemetrics.section_drawing_box import SectionDrawingBox
from napari_bonemetrics.section_picture_box import SectionPictureBox
from napari_bonemetrics.section_pool_box import SectionPoolBox
from napari_bonemetrics.section_table import SectionTable
from napari_bonemetrics.worker import Job

_PAUSE_MS = 100
_MOST_REASONS = 2
"""Of those that stand below the table, where they are read whole; the table has all of them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Measured values by code in the catalogue's units, and the drawing behind them."""

    values: dict[str, float]
    evidence: Evidence


class SectionPanel(QWidget):
    """Works in a window of its own: a section in um does not belong into the space of a scan.

    `measured` gives an `Offer` when the reader puts numbers into the form, `refused` a reason, `opened` the picture.
    `canvas_changed` gives every drawing as it stands, `discarded` the hash of a picture whose drawing is given up, and
    `take_out_requested` of one that is not to count any more; `closed` comes when the reader closes the window.

    Parameters
    ----------
    viewer
        Shows nothing but sections.
    reader
        Who states pixel sizes and draws.
    guarded
        Runs the decoding.
    """

    measured = Signal(object)
    refused = Signal(str)
    opened = Signal(object)
    canvas_changed = Signal(object)
    discarded = Signal(str)
    take_out_requested = Signal(str)
    closed = Signal()

    def __init__(
        self, viewer: Any, reader: str = "", *, guarded: Guarded = run_guarded, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.keeps = False
        """Whether somebody keeps what is drawn and not put into the form."""
        self.asks_on_closing = False
        """Whether the window is this panel's own, so that closing it asks."""
        self._guarded = guarded
        self._job: Job | None = None
        self._main: QMainWindow | None = None
        self._work = work_of(BiopsyForm())
        self.canvas = SectionCanvas(viewer, self)
        self.box, self.drawing, self.pool = SectionPictureBox(reader), SectionDrawingBox(), SectionPoolBox()
        self.table = SectionTable()
        self.why = QLabel("")
        self.put = QPushButton("Put into the form")
        self.undo = self.drawing.undo
        self._later = QTimer(self)
        layout = QVBoxLayout(self)
        for widget in (self.box, self.drawing):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.why)
        self.why.setWordWrap(True)
        layout.addWidget(self.pool)
        layout.addWidget(self.put)
        self._connect()
        self._show_state()

    def _connect(self) -> None:
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._drawn)
        self.canvas.changed.connect(self._later.start)
        self.box.path_chosen.connect(self.open_picture)
        self.box.size_stated.connect(self._state_size)
        self.drawing.code_changed.connect(self._show_drawing_box)
        self.drawing.draw_requested.connect(self.start_drawing)
        self.drawing.undo_requested.connect(self._remove_last)
        self.drawing.absent_toggled.connect(lambda on: self.canvas.set_absent(self.chosen, on))
        self.pool.take_out_requested.connect(self.take_out_requested)
        self.put.clicked.connect(self._offer)

    # Picture

    @property
    def picture(self) -> SectionPicture | None:
        """The picture that is open."""
        return self.canvas.picture

    def open_picture(self, path: Path) -> None:
        """Decode a picture in the background and show it in place of the one that is open."""
        if self.canvas.is_foreign:
            self.show_refusal("this window shows something else; open sections in a window of their own")
            return
        if not self.may_leave():
            return
        folder = Folder(prefix="bonemetrics-section-")
        self.box.show_opening()
        job = Job("Open the section", lambda _tell: open_section(path, Path(folder.name), self._guarded), parent=self)
        job.succeeded.connect(lambda picture: self.show_picture(picture, folder))
        job.failed.connect(lambda why: self._not_opened(why, folder))
        self._job = job
        job.start()

    def _not_opened(self, why: str, folder: Folder) -> None:
        folder.cleanup()
        self._show_state()
        self.show_refusal(why)

    def show_picture(self, picture: SectionPicture, folder: Folder | None = None) -> None:
        """Show an opened picture with what was drawn on it before; its folder is removed with it."""
        known = self._known(picture.sha256)
        size = known.pixel_size if known is not None else None
        if size is not None and size.source == "stated":
            picture = picture.model_copy(update={"pixel_size": size})
        self.canvas.show(picture, folder)
        if known is not None:
            self.canvas.draw(known)
        self._show_state()
        self.opened.emit(picture)

    def _known(self, picture_sha256: str) -> Evidence | None:
        """What was drawn last on a picture; what waits comes before what the form holds."""
        found = (*self._work.canvas, *self._work.drawings)
        return next((one for one in found if one.picture_sha256 == picture_sha256), None)

    def close_picture(self) -> None:
        """Take the picture and what was drawn off the canvas."""
        self._later.stop()
        self.canvas.close()
        self._show_state()

    def _state_size(self, um: float, reader: str) -> None:
        if self.picture is None:
            return
        try:
            self.canvas.picture = self.picture.with_pixel_size(um, reader)
        except BonemetricsError as error:
            self.show_refusal(error.message)
            return
        self.canvas.place()
        self._show_state()

    def _show_state(self) -> None:
        self.box.show_picture(self.picture)
        self._drawn()

    def show_refusal(self, text: str) -> None:
        """Say why something was not done."""
        self.box.show_refusal(text)
        self.refused.emit(text)

    # Drawing

    @property
    def chosen(self) -> str:
        """Code of the measurement that is drawn next."""
        return self.drawing.chosen

    def choose(self, code: str) -> None:
        """Choose what is drawn next."""
        self.drawing.choose(code)

    def _show_drawing_box(self) -> None:
        absent, drawn = self.canvas.absent, {shape.code for shape in self.canvas.shapes}
        self.drawing.show_state(
            is_open=self.picture is not None, is_absent=self.chosen in absent, is_drawn=self.chosen in drawn
        )

    def start_drawing(self) -> None:
        """Turn the mouse to drawing the chosen measurement."""
        self.canvas.start(self.chosen, self.drawing.hole.isChecked())

    def _remove_last(self) -> None:
        self.canvas.remove_last(self.chosen, self.drawing.hole.isChecked())

    def show_drawing(self, evidence: Evidence) -> None:
        """Draw a kept drawing again on the picture that is open."""
        if self.picture is None or evidence.picture_sha256 != self.picture.sha256:
            self.show_refusal("the drawing was made on another picture")
            return
        self.canvas.draw(evidence)
        self._drawn()

    def draw_as_known(self) -> None:
        """Draw what the form holds of the picture, in place of what is on the canvas."""
        self.canvas.clear()
        known = self._known(self.picture.sha256) if self.picture is not None else None
        if known is not None:
            self.canvas.draw(known)
        self._drawn()

    # Numbers

    def show_work(self, work: BiopsyWork) -> None:
        """Show beside the drawing what the form holds of all pictures."""
        self._work = work
        self.measure()

    def _drawn(self) -> None:
        self.measure()
        self.tell_canvas()

    def tell_canvas(self) -> None:
        """Tell what is drawn right now."""
        drawing = self.canvas.evidence(self._reader)
        if drawing is not None:
            self.canvas_changed.emit(drawing)

    @property
    def _reader(self) -> str:
        return str(self.box.reader.text()).strip()

    def measure(self) -> None:
        """Measure everything that is drawn."""
        self._later.stop()
        drawing, left_out = self.canvas.evidence(self._reader), self.canvas.not_measured
        found = drawing.drawn if drawing is not None else {}
        pooled = self._pooled(drawing)
        self.table.show_drawn(found, pooled, left_out)
        told = [*(one.refused for one in found.values()), *(one.refused for one in pooled.values())]
        reasons = list(dict.fromkeys(filter(None, told)))
        self.why.setText("\n".join(f"{SIGNS['unusual']} {reason}" for reason in reasons[:_MOST_REASONS]))
        self.why.setVisible(bool(reasons))
        refused = any(one.value is None for one in found.values()) or bool(left_out)
        self.put.setEnabled(not refused and drawing is not None and (bool(found) or self._work.differs(drawing)))
        self.put.setToolTip("Something drawn has no value; see the table" if refused else "")
        self.pool.show_pictures(self._work, self.picture.sha256 if self.picture is not None else "")
        self._show_drawing_box()

    def _pooled(self, drawing: Evidence | None) -> Mapping[str, Pooled]:
        return pool((*self._work.drawings, *(() if drawing is None else (drawing,))))

    @property
    def drawn(self) -> dict[str, Drawn]:
        """What is drawn now, by code."""
        drawing = self.canvas.evidence(self._reader)
        return {} if drawing is None else drawing.drawn

    def _offer(self) -> None:
        self.measure()
        drawing = self.canvas.evidence(self._reader)
        if drawing is None or not self.put.isEnabled():
            return
        values = {code: one.value for code, one in drawing.drawn.items() if one.value is not None}
        if not self.keeps:
            self._work = self._work.put(drawing)
        self.measured.emit(Offer(values, drawing))
        self.measure()

    # Leaving

    def may_leave(self) -> bool:
        """Whether the form holds what is drawn on the open picture, or the reader has said what becomes of it."""
        drawing = self.canvas.evidence(self._reader)
        if drawing is None or not self._work.differs(drawing):
            return True
        self.tell_canvas()
        self.measure()
        answer = ask_drawn(self, drawing.codes, can_put=self.put.isEnabled(), can_keep=self.keeps)
        if answer == "put":
            self._offer()
            return not self._work.differs(drawing)
        if answer == "discard":
            self.discarded.emit(drawing.picture_sha256)
            self.draw_as_known()
        return answer != "cancel"

    def let_close(self) -> None:
        """The window is closed by whoever opened it: nothing is asked any more, and the picture goes."""
        self._unwatch()
        self._later.stop()
        self.canvas.close()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Watch the window that the panel is docked in, so that closing it can ask."""
        super().showEvent(event)
        main = self.window()
        if self.asks_on_closing and self._main is None and isinstance(main, QMainWindow):
            self._main = main
            main.installEventFilter(self)

    def _unwatch(self) -> None:
        if self._main is not None:
            self._main.removeEventFilter(self)
            self._main = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Ask before the window closes over a drawing that is not in the form."""
        if watched is self._main and event.type() == QEvent.Type.Close:
            event.ignore()
            if self.may_leave():
                self.let_close()
                self.closed.emit()
                # Not from within its own event, and by the viewer: Qt alone would leave the canvas behind.
                QTimer.singleShot(0, self.viewer.close)
            return True
        return bool(super().eventFilter(watched, event))
