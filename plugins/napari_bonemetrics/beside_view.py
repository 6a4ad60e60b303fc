"""Another visit beside the open case, slice for slice at the same anatomical place."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from bonemetrics.review.beside import VisitBeside
from napari_bonemetrics.plane import Plane
from napari_bonemetrics.scene import Scene


class BesideView(QWidget):
    """A canvas that follows the main one; nothing in it can be painted."""

    def __init__(self, main: Scene, visit: VisitBeside, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.main = main
        self.visit = visit
        self.plane = Plane((0, 1, 2), self)
        told = QLabel(" · ".join(part for part in (visit.title, visit.subtitle) if part))
        told.setWordWrap(True)
        told.setToolTip(visit.matched_by)
        self.where = QLabel("")
        self.where.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(told)
        layout.addWidget(self.plane, 1)
        layout.addWidget(self.where)
        self.plane.show_volume(visit.density, visit.labels, editable=False, hand=visit.hand)
        self.plane.scene.window = main.window
        main.viewer.dims.events.current_step.connect(self._follow)
        main.viewer.scene.camera.events.zoom.connect(self._zoom)
        self.plane.fitted.connect(self._zoom)
        self._follow()
        self._zoom()

    def _follow(self, _event: object = None) -> None:
        own = int(self.main.viewer.dims.current_step[0])
        there = self.visit.slice_for(own)
        for layer in self.plane.model.layers:
            layer.visible = there is not None
        if there is None:
            self.where.setText("This place lies outside the other scan")
            return
        self.plane.model.dims.set_current_step(0, there)
        self.where.setText(f"Slice {there + 1}; {self.visit.matched_by}")

    def _zoom(self, _event: object = None) -> None:
        self.plane.model.scene.camera.zoom = self.main.viewer.scene.camera.zoom

    def close_canvas(self) -> None:
        """Leave the main canvas alone and give this one back."""
        self.main.viewer.dims.events.current_step.disconnect(self._follow)
        self.main.viewer.scene.camera.events.zoom.disconnect(self._zoom)
        self.plane.close_canvas()
