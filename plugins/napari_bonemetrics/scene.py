"""What the canvas shows of one scan: density, contours, scale bar, letters; its window, and where one looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.components.overlays import TextOverlay
from napari.layers import Image, Labels

from bonemetrics.quantities import Material
from bonemetrics.review.letters import EdgeLetters, Hand, edge_letters
from bonemetrics.volume import DensityVolume, Geometry, LabelVolume
from napari_bonemetrics.canvas_signs import CanvasSigns
from napari_bonemetrics.layers import density_layer, density_name, labels_layer, placed
from napari_bonemetrics.windows import PRESETS, Window

_EDGES = {"left": "middle_left", "right": "middle_right", "top": "top_center", "bottom": "bottom_center"}
_RIGHT_BUTTON = 2
_WELL_SEEN = 0.8
"""Of the canvas, around its middle."""
Index = tuple[int, int, int]


class Scene:
    """One scan in one viewer, on its own grid in mm.

    Parameters
    ----------
    viewer
        A napari viewer or its model.
    on_window
        Told of every change of the density window.
    """

    def __init__(self, viewer: ViewerModel, on_window: Callable[[Window], None] | None = None) -> None:
        self.viewer = viewer
        self.density: Image | None = None
        self.labels: Labels | None = None
        self._geometry: Geometry | None = None
        self._hand: Hand | None = None
        self._on_window = on_window
        self.signs = CanvasSigns(viewer)
        self._prepare()

    def _prepare(self) -> None:
        overlays = self.viewer.canvas.overlays
        for edge, position in _EDGES.items():
            overlays[f"letter_{edge}"] = TextOverlay(position=position, font_size=14, visible=True)
        self.viewer.dims.events.order.connect(self._show_letters)
        self.viewer.dims.events.ndisplay.connect(self._show_letters)
        self.viewer.mouse_drag_callbacks.append(self._drag_window)

    def show(
        self,
        density: DensityVolume,
        labels: LabelVolume | None,
        *,
        editable: bool = True,
        hand: Hand | None = None,
        at: Index | None = None,
    ) -> None:
        """Show one scan in place of what is there.

        The same as `prepare` and then `place`.

        Parameters
        ----------
        density, labels
            On one grid; the arrays are shared and not copied.
        editable
            Whether labels may be painted on; otherwise their array becomes read-only.
        hand
            Where the hand lies and how it is turned, as far as sources say so.
        at
            Voxel to look at; the middle of the bone where left out.

        Raises
        ------
        GeometryMismatchError
            If the two are on different grids.
        """
        self.prepare(density, labels, editable=editable, hand=hand)
        self.place(at)

    def prepare(
        self,
        density: DensityVolume,
        labels: LabelVolume | None,
        *,
        editable: bool = True,
        hand: Hand | None = None,
    ) -> None:
        """Make the layers of one scan; the canvas is empty until `place`. For parameters and errors see `show`."""
        if labels is not None:
            density.geometry.require_same_grid(labels.geometry)
        self.clear()
        self._geometry, self._hand = density.geometry, hand
        self.density = density_layer(density)
        self.density.events.contrast_limits.connect(self._tell_window)
        if labels is not None:
            self.labels = labels_layer(labels, editable=editable)

    def place(self, at: Index | None = None) -> None:
        """Put the layers that were prepared on the canvas, and look at a voxel; nothing happens without any."""
        if self.density is None or self._geometry is None:
            return
        n = self._geometry.shape
        index = at or (n[0] // 2, n[1] // 2, n[2] // 2)
        self.viewer.add_layer(self.density)
        # Before the labels come, whose contours would else be made of the first slice, too.
        self.viewer.dims.current_step = index
        if self.labels is not None:
            self.viewer.add_layer(self.labels)
        self.viewer.reset_view()
        self.jump_to(index)
        self._show_letters()
        self.signs.show(n[0])

    def fill(self, density: DensityVolume, labels: LabelVolume, *, editable: bool, hand: Hand | None) -> None:
        """Put a scan into the layers of an empty one on the same grid; for parameters see `show`."""
        if self.density is None or self.labels is None:
            raise RuntimeError("there is no empty scan to fill")
        self._geometry, self._hand = density.geometry, hand
        self.density.data = density.mg_per_cm3
        self.density.name = density_name(density)
        labels.labels.setflags(write=editable)
        self.labels.data = labels.labels
        # New data make every layer editable.
        self.labels.editable = editable
        for layer in (self.density, self.labels):
            layer.metadata = placed(density.geometry)["metadata"]
        self._show_letters()

    def empty(self) -> None:
        """Take the scan out of its layers, which stay."""
        if self.density is None or self.labels is None or self._geometry is None:
            return
        density, labels = nothing_on(self._geometry)
        self.fill(density, labels, editable=False, hand=None)
        self.density.name = "Empty"
        self._geometry = None
        self._show_letters()
        self.signs.show(0)

    def clear(self) -> None:
        """Take everything of a scan off the canvas."""
        if self.viewer.layers:
            # Of nothing as well, napari would collect garbage and draw anew.
            self.viewer.layers.clear()
        self.density = self.labels = self._geometry = None
        self._show_letters()
        self.signs.show(0)

    @property
    def geometry(self) -> Geometry | None:
        """Grid of what is shown."""
        return self._geometry

    @property
    def window(self) -> Window:
        """Present density window; the bone preset where nothing is shown."""
        if self.density is None:
            return PRESETS["Bone"]
        low, high = self.density.contrast_limits
        return Window(float(low), float(high))

    @window.setter
    def window(self, window: Window) -> None:
        if self.density is not None:
            self.density.contrast_limits = (window.low, window.high)

    def jump_to(self, index: Index) -> None:
        """Look at a voxel: its slice is shown, and it comes to the middle of the canvas unless it is well seen."""
        if self._geometry is None:
            return
        spacing = self._geometry.spacing_mm
        self.viewer.dims.current_step = index
        place = tuple(step * mm for step, mm in zip(index, spacing, strict=True))
        if not self._is_well_seen(place):
            self.viewer.scene.camera.center = place

    def _is_well_seen(self, place: Sequence[float]) -> bool:
        """Whether a place in mm lies on the canvas and not at its edge, so that the picture need not move."""
        camera, displayed = self.viewer.scene.camera, self.viewer.dims.displayed
        if len(camera.center) != len(place) or len(displayed) != 2:
            return False
        sizes = self.viewer.canvas.size
        off = [abs(place[axis] - camera.center[axis]) * camera.zoom for axis in displayed]
        return all(px <= _WELL_SEEN * size / 2 for px, size in zip(off, sizes, strict=True))

    @property
    def at(self) -> Index:
        """The voxel under the middle of the canvas on the slice that is shown."""
        if self._geometry is None:
            return (0, 0, 0)
        steps = list(self.viewer.dims.current_step)
        for axis in self.viewer.dims.displayed:
            middle = (
                self.viewer.scene.camera.center[axis] if len(self.viewer.scene.camera.center) == len(steps) else 0.0
            )
            size = self._geometry.shape[axis]
            steps[axis] = min(max(round(middle / self._geometry.spacing_mm[axis]), 0), size - 1)
        return (int(steps[0]), int(steps[1]), int(steps[2]))

    @property
    def letters(self) -> EdgeLetters:
        """What stands at the edges; nothing in three dimensions."""
        nothing = EdgeLetters(left="", right="", top="", bottom="")
        if self._geometry is None or self.viewer.dims.ndisplay != 2 or self.viewer.dims.ndim != 3:
            return nothing
        down, right = self.viewer.dims.displayed
        return edge_letters(self._geometry, down=down, right=right, hand=self._hand)

    def _show_letters(self, _event: object = None) -> None:
        letters = self.letters
        for edge in _EDGES:
            self.viewer.canvas.overlays[f"letter_{edge}"].text = getattr(letters, edge)

    def _tell_window(self, _event: object = None) -> None:
        if self._on_window is not None:
            self._on_window(self.window)

    def _drag_window(self, _viewer: object, event: Any) -> Iterator[None]:
        """Right button, or Alt and the left one: sideways the width, up and down the level."""
        if self.density is None or not (event.button == _RIGHT_BUTTON or "Alt" in event.modifiers):
            return
        began, window = tuple(event.pos), self.window
        camera = self.viewer.scene.camera
        panned, zoomed = camera.mouse_pan, camera.mouse_zoom
        camera.mouse_pan = camera.mouse_zoom = False
        yield
        while event.type == "mouse_move":
            self.window = window.dragged(event.pos[0] - began[0], event.pos[1] - began[1])
            event.handled = True
            yield
        camera.mouse_pan, camera.mouse_zoom = panned, zoomed


def nothing_on(geometry: Geometry) -> tuple[DensityVolume, LabelVolume]:
    """Density and labels that are 0 everywhere and take no memory."""
    density = np.broadcast_to(np.float32(0), geometry.shape)
    labels = np.broadcast_to(np.uint8(0), geometry.shape)
    return (
        DensityVolume(mg_per_cm3=density, material=Material.HA, geometry=geometry),
        LabelVolume(labels=labels, geometry=geometry),
    )
