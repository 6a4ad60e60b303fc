"""Drawing on pictures of sections: choose a measurement, draw it, and put what was measured into the form."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bonemetrics.batch.guard import run_guarded
from bonemetrics.errors import BonemetricsError
from bonemetrics.quantities import CATALOGUE
from bonemetrics.review.section_drawing import DRAWN, Drawn, measure_drawing
from bonemetrics.review.section_evidence import Evidence, evidence_of
from bonemetrics.review.section_picture import Guarded, SectionPicture, open_section
from napari_bonemetrics.biopsy_tables import PlainTable, cell
from napari_bonemetrics.entry_field import COLORS, SIGNS, shown_unit
from napari_bonemetrics.layers import section_layer
from napari_bonemetrics.section_layers import (
    draw,
    drawing_of,
    is_picture,
    make_drawing_layer,
    mode_for,
    not_measured,
    set_pixel_size,
    shapes_of,
)
from napari_bonemetrics.section_picture_box import SectionPictureBox
from napari_bonemetrics.worker import Job

_PAUSE_MS = 100
_PICTURE = "Section"
_HOW = {
    "region": "Click corner by corner; a double click ends the region.",
    "line": "Click along the line; a double click ends it. Lines add up.",
    "distance": "Drag across, in several places: their mean counts.",
}
Folder = tempfile.TemporaryDirectory[str]


@dataclass(frozen=True, slots=True)
class Offer:
    """Measured values by code in the catalogue's units, and the drawing behind them."""

    values: dict[str, float]
    evidence: Evidence


class SectionPanel(QWidget):
    """Works in a window of its own: a section in um does not belong into the space of a scan.

    `measured` gives an `Offer` when the reader puts numbers into the form, `refused` a reason, `opened` the picture.

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

    def __init__(
        self, viewer: Any, reader: str = "", *, guarded: Guarded = run_guarded, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.picture: SectionPicture | None = None
        self._guarded = guarded
        self._job: Job | None = None
        self._folder: Folder | None = None
        self.box = SectionPictureBox(reader)
        self.code = QComboBox()
        self.hole = QCheckBox("as a hole in a region")
        self.draw = QPushButton("Draw")
        self.undo = QPushButton("Remove last")
        self.how = QLabel("")
        self.table = PlainTable(("Drawn", "n", "Value", "Unit", "SD, or why not"))
        self.put = QPushButton("Put into the form")
        self._later = QTimer(self)
        self._lay_out()
        self._connect()
        self._show_state()

    def _lay_out(self) -> None:
        for code, kind in DRAWN.items():
            self.code.addItem(f"{code} · {CATALOGUE[code].name} ({kind})", code)
        self.code.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.how.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.draw)
        buttons.addWidget(self.undo)
        drawing = QGroupBox("Drawing")
        form = QFormLayout(drawing)
        form.addRow("Measure", self.code)
        form.addRow("", self.hole)
        form.addRow(buttons)
        form.addRow(self.how)
        layout = QVBoxLayout(self)
        layout.addWidget(self.box)
        layout.addWidget(drawing)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.put)

    def _connect(self) -> None:
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self.measure)
        self.box.path_chosen.connect(self.open_picture)
        self.box.size_stated.connect(self._state_size)
        self.code.currentIndexChanged.connect(self._code_chosen)
        self.draw.clicked.connect(self.start_drawing)
        self.undo.clicked.connect(self._remove_last)
        self.put.clicked.connect(self._offer)

    # Picture

    def open_picture(self, path: Path) -> None:
        """Decode a picture in the background and show it in place of the one that is open."""
        if any(not is_picture(layer) and drawing_of(layer) is None for layer in self._layers):
            self._refuse("this window shows something else; open sections in a window of their own")
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
        self._refuse(why)

    def show_picture(self, picture: SectionPicture, folder: Folder | None = None) -> None:
        """Show an opened picture; its folder is removed with it."""
        self.close_picture()
        self.picture, self._folder = picture, folder
        layer = section_layer(picture.arrays(), name=_PICTURE)
        self.viewer.add_layer(layer)
        self._place()
        self.opened.emit(picture)

    def close_picture(self) -> None:
        """Take the picture and what was drawn off the canvas; what was not put into the form is gone."""
        for layer in self._layers:
            if is_picture(layer) or drawing_of(layer) is not None:
                self.viewer.layers.remove(layer)
        self.picture = None
        if self._folder is not None:
            # Windows keeps a mapped file; its folder then goes with the system's clearing of temporary files.
            with contextlib.suppress(OSError):
                self._folder.cleanup()
            self._folder = None

    def _state_size(self, um: float, reader: str) -> None:
        if self.picture is None:
            return
        try:
            self.picture = self.picture.with_pixel_size(um, reader)
        except BonemetricsError as error:
            self._refuse(error.message)
            return
        self._place()

    def _place(self) -> None:
        """Put all layers into um, or into pixels where their size is not known."""
        size = self.picture.pixel_size if self.picture is not None else None
        for layer in self._layers:
            set_pixel_size(layer, size)
        # It stays on, in pixels where no size is known: vispy crashes where a scale bar is hidden and shown again.
        self.viewer.canvas.overlays.scale_bar.visible = True
        self.viewer.reset_view()
        self._show_state()

    def _show_state(self) -> None:
        self.box.show_picture(self.picture)
        for widget in (self.code, self.hole, self.draw, self.undo):
            widget.setEnabled(self.picture is not None)
        self._code_chosen()
        self.measure()

    def _refuse(self, text: str) -> None:
        self.box.show_refusal(text)
        self.refused.emit(text)

    # Drawing

    @property
    def _layers(self) -> list[Any]:
        return list(self.viewer.layers)

    @property
    def chosen(self) -> str:
        """Code of the measurement that is drawn next."""
        return str(self.code.currentData())

    def choose(self, code: str) -> None:
        """Choose what is drawn next."""
        self.code.setCurrentIndex(self.code.findData(code))

    def _code_chosen(self) -> None:
        kind = DRAWN[self.chosen]
        self.how.setText(_HOW[kind])
        self.hole.setEnabled(kind == "region" and self.picture is not None)
        if kind != "region":
            self.hole.setChecked(False)

    def start_drawing(self) -> None:
        """Turn the mouse to drawing the chosen measurement."""
        layer = self._layer(self.chosen, self.hole.isChecked())
        if layer is not None:
            self.viewer.layers.selection.active = layer
            layer.mode = mode_for(self.chosen)

    def _found(self, code: str, hole: bool) -> Any:
        return next((layer for layer in self._layers if drawing_of(layer) == (code, hole)), None)

    def _layer(self, code: str, hole: bool) -> Any:
        found = self._found(code, hole)
        if found is None and self.picture is not None:
            size, rows = self.picture.pixel_size, self.picture.shape[0]
            found = make_drawing_layer(code, hole=hole, size=size, picture_rows=rows)
            found.events.data.connect(self._drawn)
            found.events.set_data.connect(self._drawn)
            self.viewer.add_layer(found)
        return found

    def _drawn(self, _event: object = None) -> None:
        self._later.start()

    def _remove_last(self) -> None:
        layer = self._found(self.chosen, self.hole.isChecked())
        if layer is not None and layer.nshapes:
            layer.selected_data = {layer.nshapes - 1}
            layer.remove_selected()

    def show_drawing(self, evidence: Evidence) -> None:
        """Draw a kept drawing again on the picture that is open."""
        if self.picture is None or evidence.picture_sha256 != self.picture.sha256:
            self._refuse("the drawing was made on another picture")
            return
        for code, hole in dict.fromkeys((shape.code, shape.hole) for shape in evidence.shapes):
            draw(self._layer(code, hole), [one for one in evidence.shapes if (one.code, one.hole) == (code, hole)])
        self.measure()

    # Numbers

    def measure(self) -> None:
        """Measure everything that is drawn."""
        self._later.stop()
        found, left_out = self.drawn, not_measured(self._layers)
        rows = [_line(one) for one in found.values()]
        rows += [_refused(code, "", "an ellipse gives no measurement; draw a polygon") for code in left_out]
        self.table.show_rows(rows)
        refused = any(one.value is None for one in found.values()) or bool(left_out)
        self.put.setEnabled(bool(found) and not refused)
        self.put.setToolTip("Something drawn has no value; see the table" if refused else "")

    @property
    def drawn(self) -> dict[str, Drawn]:
        """What is drawn now, by code."""
        if self.picture is None:
            return {}
        return measure_drawing(list(shapes_of(self._layers)), self.picture.pixel_size, self.picture.shape)

    def _offer(self) -> None:
        self.measure()
        if self.picture is None or not self.put.isEnabled():
            return
        values = {code: one.value for code, one in self.drawn.items() if one.value is not None}
        shapes = list(shapes_of(self._layers))
        self.measured.emit(Offer(values, evidence_of(self.picture, shapes, self.box.reader.text().strip())))


def _line(one: Drawn) -> list[Any]:
    if one.value is None:
        return _refused(one.code, str(one.n), one.refused)
    spread = "" if one.sd is None else f"{one.sd:.3g}"
    cells = (cell(str(one.n), number=True), cell(f"{one.value:.4g}", number=True))
    return [cell(one.code), *cells, cell(shown_unit(one.unit)), cell(spread)]


def _refused(code: str, n: str, why: str) -> list[Any]:
    told = cell(f"{SIGNS['impossible']} {why}", color=COLORS["impossible"], tip=why)
    return [cell(code), cell(n, number=True), cell("", number=True), cell(""), told]
