"""One extra canvas beside the main one; its layers stay from case to case, since to make them takes long."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Points
from napari.qt import QtViewer
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from bonemetrics.review.letters import Hand
from bonemetrics.volume import DensityVolume, Geometry, LabelVolume
from napari_bonemetrics.layers import OPACITY, cross_layer
from napari_bonemetrics.scene import Index, Scene
from napari_bonemetrics.windows import PRESETS

_IN_FRONT = "translucent_no_depth"
_LAID_OUT_MS = 50
_DEAF = Qt.WidgetAttribute.WA_TransparentForMouseEvents
_SMALL_FONT = 9


class Plane(QWidget):
    """One extra canvas that shows the same arrays along another axis."""

    fitted = Signal()

    def __init__(self, order: tuple[int, int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ViewerModel()
        self.canvas = QtViewer(self.model)
        self.canvas.dims.setVisible(False)
        self._order = order
        self.scene = Scene(self.model)
        self.cross: Points | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.setMinimumSize(160, 110)
        self._fit = QTimer(self)
        self._fit.setSingleShot(True)
        self._fit.setInterval(_LAID_OUT_MS)
        self._fit.timeout.connect(self._show_whole)
        # A narrow canvas has no room for the scale bar beside the letters: in one place they stand above each other.
        self.model.canvas.overlays.scale_bar.position = "bottom_center"
        for edge in ("left", "right", "top", "bottom"):
            self.model.canvas.overlays[f"letter_{edge}"].font_size = _SMALL_FONT

    def _show_whole(self) -> None:
        self.model.reset_view()
        self.fitted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Show the whole bone again when the canvas has another size."""
        super().resizeEvent(event)
        self._fit.start()

    def show_volume(self, density: DensityVolume, labels: LabelVolume | None, **options: Any) -> None:
        """Show a scan at once; for the options see `Scene.prepare`."""
        self.prepare(density, labels, **options)
        self.place()

    def prepare(self, density: DensityVolume, labels: LabelVolume | None, **options: Any) -> None:
        """Make the layers of a scan; until `place` the canvas is empty and deaf to the mouse."""
        self.setAttribute(_DEAF, True)
        self.scene.prepare(density, labels, **options)

    def place(self, at: Index | None = None) -> None:
        """Put on the canvas what was prepared, and look at a voxel."""
        self.setAttribute(_DEAF, False)
        # Turned before anything is there, or napari would cut it along the slices first.
        self.model.dims.ndim = len(self._order)
        self.model.dims.order = self._order
        self.scene.place(at)
        for layer in self.model.layers[1:]:
            # In a further canvas the depth test hides what lies in the plane of the density.
            layer.blending = _IN_FRONT
        self.model.reset_view()

    def add_cross(self) -> Points:
        """Put a cross-hair on the canvas, or give the one that is there."""
        if self.cross is None:
            self.cross = add_cross(self.scene, self.devicePixelRatioF())
        return self.cross

    def clear(self) -> None:
        """Take everything off the canvas."""
        self.cross = None
        self.scene.clear()

    def retire(self) -> None:
        """Take the scan off the canvas, and keep its layers, empty and not seen, for the next one of the same size."""
        if not self._kept:
            self.clear()
            return
        self._keep_own()
        for layer in self._kept:
            layer.visible = False
        self.scene.empty()

    def _keep_own(self) -> None:
        for layer in [one for one in self.model.layers if one not in self._kept]:
            self.model.layers.remove(layer)

    @property
    def _kept(self) -> tuple[Layer, ...]:
        """Density, labels and cross-hair; nothing where one of them is not on the canvas."""
        own = (self.scene.density, self.scene.labels, self.cross)
        return tuple(one for one in own if one is not None) if all(one in self.model.layers for one in own) else ()

    def can_take(self, geometry: Geometry, labels: LabelVolume | None) -> bool:
        """Whether the layers that are kept fit a scan."""
        density, own = self.scene.density, self.scene.labels
        if not self._kept or density is None or own is None or labels is None:
            return False
        same_size = density.data.shape == geometry.shape and np.allclose(density.scale, geometry.spacing_mm, rtol=1e-9)
        return bool(same_size) and own.data.dtype == labels.labels.dtype

    def take(
        self,
        density: DensityVolume,
        labels: LabelVolume,
        *,
        at: Index,
        editable: bool = True,
        hand: Hand | None = None,
    ) -> None:
        """Show a scan in the layers that were kept, as new ones would; for the options see `Scene.show`."""
        self._keep_own()
        self.scene.fill(density, labels, editable=editable, hand=hand)
        self.scene.window = PRESETS["Bone"]
        if self.scene.labels is not None:
            self.scene.labels.opacity = OPACITY
        self.model.dims.current_step = at
        for layer in self._kept:
            layer.visible = True
        self.model.reset_view()
        self.scene.signs.show(density.geometry.shape[0])

    def close_canvas(self) -> None:
        """Give the canvas back; napari's own windows complain of one that is left."""
        self._fit.stop()
        self.clear()
        canvas = self.canvas
        del self.canvas
        # It is deleted when it closes; a layout or a parent that still knew of it would keep a part of it alive.
        layout = self.layout()
        if layout is not None:
            layout.removeWidget(canvas)
        canvas.setParent(None)
        canvas.close()


def add_cross(scene: Scene, px_to_point: float) -> Points:
    """Put a cross-hair on a canvas, in front of what lies in its plane.

    Parameters
    ----------
    scene
        With a scan on it.
    px_to_point
        Pixels of the screen to each pixel of the window: a 4K screen has more to the millimetre.
    """
    if scene.geometry is None:
        raise RuntimeError("there is no scan to mark a voxel of")
    cross = cross_layer(scene.geometry)
    cross.blending = _IN_FRONT
    cross.canvas_size_limits = tuple(px * px_to_point for px in cross.canvas_size_limits)
    scene.viewer.add_layer(cross)
    return cross
