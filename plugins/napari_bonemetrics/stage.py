"""The canvases of the reading desk: the case in three linked planes, the brush, another visit beside it."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
from napari.layers import Labels, Shapes
from qtpy.QtCore import QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from bonemetrics.review.beside import VisitBeside
from bonemetrics.review.case import Case
from bonemetrics.volume import Box, Geometry, LabelVolume
from napari_bonemetrics.beside_view import BesideView
from napari_bonemetrics.brush import Brush
from napari_bonemetrics.compared_mask import ComparedMask
from napari_bonemetrics.layers import box_layer
from napari_bonemetrics.orthogonal import LinkedPlanes
from napari_bonemetrics.scene import Index, Scene
from napari_bonemetrics.windows import PRESETS, Window

DOCK = "Other views"
_NO_CASE = "No case is open"
_LEAST_WIDTH = 230
_SHARE, _HALF = 0.25, 0.5
_LAID_OUT_MS, _SETTLED_MS = 100, 700
_LAY_OUT_TRIES, _ABOUT_PX = 5, 12
_WIDE_WINDOW = 1600
_NAPARI_DOCKS = ("layer controls", "layer list")


class Stage(QObject):
    """Shows one case at a time; nothing here knows of verdicts."""

    window_changed = Signal(object)
    touched = Signal()

    def __init__(self, viewer: Any, brush: Brush, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.brush = brush
        self.window = PRESETS["Bone"]
        self.scene = Scene(viewer, on_window=self._window)
        self.scene.signs.set_hint(_NO_CASE)
        self.planes: LinkedPlanes | None = None
        self.beside: BesideView | None = None
        self.box: Shapes | None = None
        self._compared = ComparedMask()
        self._share = _SHARE
        self._wanted, self._tries = _LEAST_WIDTH, 0
        self._is_frozen = False
        # A dock has its new width, and the canvas its new size, only when the window has been laid out again.
        self._lay_out, self._fit, self._settle = QTimer(self), QTimer(self), QTimer(self)
        for timer in (self._lay_out, self._fit, self._settle):
            timer.setSingleShot(True)
            timer.setInterval(_LAID_OUT_MS)
        self._settle.setInterval(_SETTLED_MS)
        # As soon as the window stands, so that the first case need not wait for it.
        self._warm = QTimer(self)
        self._warm.setSingleShot(True)
        self._warm.timeout.connect(self._warm_up)
        self._warm.start(0)
        self._lay_out.timeout.connect(self._resize)
        self._fit.timeout.connect(self._fitted)
        self._views = QTabWidget()
        self._views.setDocumentMode(True)
        self._dock: QDockWidget | None = None
        viewer.mouse_move_callbacks.append(self._touch)
        viewer.dims.events.current_step.connect(self._touch)
        viewer.canvas.events.size.connect(self._canvas_sized)

    def show(self, case: Case, desk: QWidget) -> None:
        """Show a case in place of the one before; the window stays as the reader has set it."""
        self.hide_beside()
        planes = self._docked_planes(desk)
        show = planes.fill if planes.is_expected(case.density, case.labels) else planes.show
        show(case.density, case.labels, editable=not case.is_locked, hand=case.hand)
        self.brush.density = case.density
        self.scene.window = self.window

    def expect(self, geometry: Geometry, desk: QWidget) -> None:
        """Make the canvases ready for a case that is being read."""
        self.hide_beside()
        self._docked_planes(desk).expect(geometry)
        self.scene.window = self.window

    def _docked_planes(self, desk: QWidget) -> LinkedPlanes:
        self.box = None
        self._compared.hide()
        planes = self._made_planes()
        if self._dock is None:
            self._dock_planes(desk)
        return planes

    def _warm_up(self) -> None:
        """Make the canvases, and show a tiny scan where nobody sees it: napari imports much for its first layers."""
        if self._dock is not None:
            return
        self._made_planes().warm_up()
        # With each layer that goes, napari collects garbage: all that is there by now need not be looked through again.
        gc.collect()
        gc.freeze()
        self._is_frozen = True

    def _made_planes(self) -> LinkedPlanes:
        if self.planes is None:
            self.planes = LinkedPlanes(self.scene)
            self._views.addTab(self.planes, "Planes")
            for scene in (self.scene, *(plane.scene for plane in self.planes.planes)):
                self.brush.attach(scene)
        return self.planes

    def _dock_planes(self, desk: QWidget) -> None:
        self._dock = self.viewer.window.add_dock_widget(
            self._views, name=DOCK, area="right", add_vertical_stretch=False
        )
        main, own = desk.window(), _dock_of(desk)
        if isinstance(main, QMainWindow) and own is not None and self._dock is not None:
            main.splitDockWidget(self._dock, own, Qt.Orientation.Horizontal)
            self._make_room(main)
            self._widen(_SHARE)

    def _make_room(self, main: QMainWindow) -> None:
        """On a small screen napari's own docks make way; its menu View brings them back."""
        if main.width() >= _WIDE_WINDOW:
            return
        for dock in main.findChildren(QDockWidget):
            if dock.windowTitle() in _NAPARI_DOCKS and dock.isVisible():
                dock.hide()

    def clear(self) -> None:
        """Take the case off all canvases."""
        self.hide_beside()
        self.brush.density = None
        self.box = None
        self._compared.hide()
        if self.planes is not None:
            self.planes.clear()

    def close(self) -> None:
        """Give the extra canvases back, before the window closes."""
        self.hide_beside()
        for timer in (self._warm, self._lay_out, self._fit, self._settle):
            timer.stop()
        if self._is_frozen:
            gc.unfreeze()
        self.viewer.mouse_move_callbacks.remove(self._touch)
        self.viewer.dims.events.current_step.disconnect(self._touch)
        self.viewer.canvas.events.size.disconnect(self._canvas_sized)
        self.brush.detach()
        self.scene.signs.show(0)
        if self.planes is not None:
            self.planes.close_canvases()
            self.planes = None
        if self._dock is not None:
            self.viewer.window.remove_dock_widget(self._views)
            self._dock = None
        self._views.deleteLater()

    @property
    def _scenes(self) -> list[Scene]:
        return [self.scene, *(plane.scene for plane in self.planes.planes)] if self.planes is not None else []

    @property
    def labels_layers(self) -> list[Any]:
        """Layers that show the labels, that of the main canvas first."""
        return [scene.labels for scene in self._scenes if scene.labels is not None]

    @property
    def compared(self) -> Labels | None:
        """The layer of one reader's mask on the main canvas, while it is shown in place of the case's labels."""
        return next(iter(self._compared.layers), None)

    @property
    def at(self) -> Index:
        """The voxel that is looked at."""
        return self.planes.at if self.planes is not None else (0, 0, 0)

    def look_at(self, index: Index) -> None:
        """Look at a voxel in all planes."""
        if self.planes is not None:
            self.planes.look_at(index)
            self.scene.jump_to(index)

    def look_at_slice(self, index: int) -> None:
        """Look at a slice and keep the place within it."""
        self.look_at((index, self.at[1], self.at[2]))

    def set_window(self, window: Window) -> None:
        """Set the density window of all canvases."""
        self.scene.window = window

    def show_contours(self, shown: bool) -> None:
        """Show or hide the contours."""
        for layer in self._compared.layers or self.labels_layers:
            layer.visible = shown

    def set_opacity(self, opacity: float) -> None:
        """Set how opaque the contours are."""
        for layer in (*self.labels_layers, *self._compared.layers):
            layer.opacity = opacity

    def draw_box(self) -> None:
        """Let the reader draw a rectangle on the slice."""
        if self.scene.geometry is None:
            return
        if self.box is None or self.box not in self.viewer.layers:
            self.box = box_layer(self.scene.geometry)
            self.viewer.add_layer(self.box)
            self.box.events.data.connect(self._drawn)
        self.box.data = []
        self.viewer.layers.selection.active = self.box
        self.box.mode = "add_rectangle"

    def _drawn(self, event: Any) -> None:
        """One rectangle is enough: the next stroke of the mouse belongs to the labels again, and so do the keys."""
        if self.box is None or event.action != "added" or not self.box.data:
            return
        self.box.mode = "pan_zoom"
        self.box.help = self.viewer.help = ""
        if self.scene.labels is not None:
            self.viewer.layers.selection.active = self.scene.labels

    def chosen_box(self, slices: range | None, *, drawn: bool) -> Box | None:
        """Rows and columns of the drawn rectangle, or of what is seen; `None` where nothing was drawn."""
        if self.scene.density is None:
            return None
        shape = self.scene.density.data.shape
        if drawn:
            if self.box is None or not self.box.data:
                return None
            corners = np.asarray(self.box.data[-1])
        else:
            corners = np.asarray(self.scene.density.corner_pixels)
        low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0)) + 1
        parts = [slice(int(max(a, 0)), int(min(b, n))) for a, b, n in zip(low, high, shape, strict=True)]
        chosen = slices if slices is not None else range(shape[0])
        return slice(chosen[0], chosen[-1] + 1), parts[1], parts[2]

    def compare(self, labels: LabelVolume | None, name: str = "") -> None:
        """Show one reader's mask on all canvases in place of the case's labels; `None` brings those back."""
        if labels is None:
            self._compared.hide()
        else:
            self._compared.show(self._scenes, labels, f"Reader {name}")

    def show_beside(self, visit: VisitBeside) -> None:
        """Show another visit beside the case, at the same anatomical place."""
        self.hide_beside()
        self.beside = BesideView(self.scene, visit)
        self._views.setCurrentIndex(self._views.addTab(self.beside, "Beside"))
        self._widen(_HALF)

    def hide_beside(self) -> None:
        """Take the other visit away."""
        if self.beside is None:
            return
        self._views.removeTab(self._views.indexOf(self.beside))
        self.beside.close_canvas()
        self.beside.deleteLater()
        self.beside = None
        self._widen(_SHARE)

    def _widen(self, share: float) -> None:
        """Give the other views a share of what the canvases have together."""
        self._share = share
        self._tries = _LAY_OUT_TRIES
        self._lay_out.start()

    def _resize(self) -> None:
        main = self._dock.window() if self._dock is not None else None
        if isinstance(main, QMainWindow) and self._dock is not None:
            both = main.centralWidget().width() + self._dock.width()
            width = max(int(both * self._share), _LEAST_WIDTH)
            main.resizeDocks([self._dock], [width], Qt.Orientation.Horizontal)
            self._wanted = width
            self._fit.start()

    def _fitted(self) -> None:
        """Show the whole bone; once more where the window was slow and the dock has not got its width yet."""
        self.viewer.reset_view()
        if self._dock is not None and abs(self._dock.width() - self._wanted) > _ABOUT_PX and self._tries > 0:
            self._tries -= 1
            self._lay_out.start()
        else:
            self._settle.start()

    def _canvas_sized(self, _event: object = None) -> None:
        """The canvas follows its window later than the docks do."""
        if self.is_laying_out:
            self._fit.start()

    @property
    def is_laying_out(self) -> bool:
        """Whether the canvases may still get another size by themselves."""
        return any(timer.isActive() for timer in (self._lay_out, self._fit, self._settle))

    def _window(self, window: Window) -> None:
        self.window = window
        if self.beside is not None:
            self.beside.plane.scene.window = window
        self.window_changed.emit(window)

    def _touch(self, *_event: object) -> None:
        self.touched.emit()


def _dock_of(widget: QWidget) -> QDockWidget | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent
