"""What stands on a canvas beside the picture: scale bar, number of the slice, and a line where nothing is shown."""

from __future__ import annotations

from napari.components import ViewerModel
from napari.components.overlays import TextOverlay
from qtpy.QtCore import QTimer

_LATER_MS = 40
_FONT = 10
_GROUND = "black"
"""Also in a light theme: densities are judged on black, and signs choose their own colour by it."""


class CanvasSigns:
    """Signs of one viewer; the scale bar is seen only while there is something to measure.

    Parameters
    ----------
    viewer
        A napari viewer or its model.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self._n_slices = 0
        self._hint = ""
        canvas = viewer.canvas
        canvas.background_color_override = _GROUND
        canvas.overlays.scale_bar.visible = True
        self.slice = canvas.overlays["slice"] = TextOverlay(position="top_left", font_size=_FONT, visible=True)
        self.empty = canvas.overlays["empty"] = TextOverlay(position="middle_center", font_size=_FONT, visible=True)
        self._later = QTimer()
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER_MS)
        self._later.timeout.connect(self._place)
        viewer.dims.events.current_step.connect(self._tell)
        viewer.dims.events.ndisplay.connect(self._tell)
        viewer.dims.events.order.connect(self._tell)
        viewer.scene.camera.events.zoom.connect(self._soon)
        canvas.events.size.connect(self._soon)
        self.show(0)

    def show(self, n_slices: int) -> None:
        """Show the signs of a scan with so many slices; none are those of an empty canvas."""
        self._n_slices = n_slices
        # An empty canvas may be about to close.
        self._later.stop()
        # Where it is hidden and shown again vispy crashes, so that an empty canvas has a bar that is not seen.
        self.viewer.canvas.overlays.scale_bar.opacity = 1.0 if n_slices else 0.0
        _write(self.empty, "" if n_slices or self.viewer.layers else self._hint)
        self._tell()
        self._soon()

    def set_hint(self, text: str) -> None:
        """Say what stands on an empty canvas."""
        self._hint = text
        self.show(self._n_slices)

    def _tell(self, _event: object = None) -> None:
        """Number the slice from 1, as the desk does; napari's slider counts from 0."""
        dims = self.viewer.dims
        along_slices = dims.ndim == 3 and dims.ndisplay == 2 and dims.order[0] == 0
        shown = self._n_slices and along_slices
        _write(self.slice, f"Slice {int(dims.current_step[0]) + 1} of {self._n_slices}" if shown else "")

    def _soon(self, _event: object = None) -> None:
        if self._n_slices:
            self._later.start()

    def _place(self) -> None:
        # The bar gets its new length while the canvas is drawn, and would keep the place of the old one until a mouse
        # moves over the canvas.
        bar = self.viewer.canvas.overlays.scale_bar
        bar.events.position.emit(bar.position)


def _write(sign: TextOverlay, text: str) -> None:
    # A box without text would be a dark spot on the picture.
    sign.box = bool(text)
    sign.text = text
