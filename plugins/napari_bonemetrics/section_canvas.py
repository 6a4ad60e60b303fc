"""The picture of a section on napari's canvas with what is drawn on it."""

from __future__ import annotations

import contextlib
import tempfile
from typing import Any

from qtpy.QtCore import QObject, Signal

from bonemetrics.review.section_drawing import Shape
from bonemetrics.review.section_evidence import Evidence, evidence_of
from bonemetrics.review.section_picture import SectionPicture
from napari_bonemetrics.layers import picture_layers
from napari_bonemetrics.section_layers import (
    draw,
    drawing_of,
    is_picture,
    make_drawing_layer,
    mode_for,
    not_measured,
    remove_last,
    set_pixel_size,
    shapes_of,
)

Folder = tempfile.TemporaryDirectory[str]


class SectionCanvas(QObject):
    """`changed` comes whenever something is drawn, moved or removed.

    Parameters
    ----------
    viewer
        Shows nothing but sections.
    """

    changed = Signal()

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.picture: SectionPicture | None = None
        self.absent: frozenset[str] = frozenset()
        self._folder: Folder | None = None

    @property
    def layers(self) -> list[Any]:
        """All of the viewer."""
        return list(self.viewer.layers)

    @property
    def is_foreign(self) -> bool:
        """Whether the window shows something else than sections."""
        return any(not is_picture(layer) and drawing_of(layer) is None for layer in self.layers)

    def show(self, picture: SectionPicture, folder: Folder | None) -> None:
        """Show a picture in place of the one before; its folder is removed with it."""
        self.close()
        self.picture, self._folder = picture, folder
        for layer in picture_layers([(one.title, picture.arrays(number)) for number, one in enumerate(picture.parts)]):
            self.viewer.add_layer(layer)
        self.place()

    def close(self) -> None:
        """Take the picture and what was drawn off the canvas."""
        self.clear()
        for layer in self.layers:
            if is_picture(layer):
                self.viewer.layers.remove(layer)
        self.picture = None
        if self._folder is not None:
            # Windows keeps a mapped file; its folder then goes with the system's clearing of temporary files.
            with contextlib.suppress(OSError):
                self._folder.cleanup()
            self._folder = None

    def clear(self) -> None:
        """Take what was drawn off the canvas."""
        self.absent = frozenset()
        for layer in self.layers:
            if drawing_of(layer) is not None:
                self.viewer.layers.remove(layer)

    def place(self) -> None:
        """Put all layers into um, or into pixels where their size is not known."""
        size = self.picture.pixel_size if self.picture is not None else None
        for layer in self.layers:
            set_pixel_size(layer, size)
        # It stays on, in pixels where no size is known: vispy crashes where a scale bar is hidden and shown again.
        self.viewer.canvas.overlays.scale_bar.visible = True
        self.viewer.reset_view()

    # Drawing

    def start(self, code: str, hole: bool) -> None:
        """Turn the mouse to drawing a measurement."""
        layer = self._layer(code, hole)
        if layer is not None:
            self.viewer.layers.selection.active = layer
            layer.mode = mode_for(code)

    def remove_last(self, code: str, hole: bool) -> None:
        """Remove what was drawn last of a measurement."""
        layer = self._found(code, hole)
        if layer is not None:
            remove_last(layer)

    def set_absent(self, code: str, absent: bool) -> None:
        """State that the picture has none of a measurement, or no longer."""
        self.absent = self.absent | {code} if absent else self.absent - {code}
        self.changed.emit()

    def draw(self, evidence: Evidence) -> None:
        """Draw a kept drawing again on the picture that is open."""
        for code, hole in dict.fromkeys((shape.code, shape.hole) for shape in evidence.shapes):
            draw(self._layer(code, hole), [one for one in evidence.shapes if (one.code, one.hole) == (code, hole)])
        self.absent = frozenset(evidence.absent)
        self.changed.emit()

    def _found(self, code: str, hole: bool) -> Any:
        return next((layer for layer in self.layers if drawing_of(layer) == (code, hole)), None)

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
        self.changed.emit()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Everything that is drawn."""
        return tuple(shapes_of(self.layers))

    @property
    def not_measured(self) -> tuple[str, ...]:
        """Measurements in whose layers something is drawn that gives none."""
        return not_measured(self.layers)

    def evidence(self, reader: str) -> Evidence | None:
        """The drawing as it stands; `None` without a picture."""
        return None if self.picture is None else evidence_of(self.picture, self.shapes, reader, self.absent)
