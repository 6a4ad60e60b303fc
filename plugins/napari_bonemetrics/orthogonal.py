"""Two further planes beside the main one, linked at the voxel that is looked at."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Points
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from bonemetrics.quantities import Material
from bonemetrics.review.letters import Hand
from bonemetrics.volume import DensityVolume, Geometry, LabelVolume
from napari_bonemetrics.plane import Plane, add_cross
from napari_bonemetrics.scene import Index, Scene, nothing_on

_TINY = (2, 3, 4)
_REST_MS, _LONGEST_MS = 40, 250
_ORDERS = ((1, 0, 2), (2, 0, 1))
"""Of each further plane: the axis that is stepped through, then the one down the screen and the one to the right."""


class LinkedPlanes(QWidget):
    """The two planes across the main canvas; a double click in any of the three leads all there.

    The planes come one after the other once the main canvas is drawn; `completed` tells of the last one. Stepping and
    painting show in the main canvas at once. The planes follow when that rests, and now and then while it lasts, for
    each of them costs as much as the main canvas does.
    """

    completed = Signal()

    def __init__(self, main: Scene, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.main = main
        self.planes: tuple[Plane, ...] = tuple(Plane(order, self) for order in _ORDERS)
        self._crosses: list[Points] = []
        self._waiting: list[Plane] = []
        self._go_on = QTimer(self)
        self._go_on.setSingleShot(True)
        self._go_on.timeout.connect(self._place_next)
        self._at: Index = (0, 0, 0)
        self._moving = False
        self._follow = QTimer(self)
        self._follow.setSingleShot(True)
        self._follow.timeout.connect(self.catch_up)
        self._behind_since: float | None = None
        self._is_painted = False
        self._drawn_at: Index | None = None
        self._expected: Geometry | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for plane in self.planes:
            layout.addWidget(plane)
        for scene in self._scenes:
            scene.viewer.mouse_double_click_callbacks.append(self._clicked)
        main.viewer.dims.events.current_step.connect(self._stepped)

    @property
    def _scenes(self) -> tuple[Scene, ...]:
        return (self.main, *(plane.scene for plane in self.planes))

    @property
    def at(self) -> Index:
        """The voxel that all canvases are linked at."""
        return self._at

    @property
    def is_complete(self) -> bool:
        """Whether no plane is still to be shown."""
        return not self._waiting

    def show(
        self, density: DensityVolume, labels: LabelVolume | None, *, at: Index | None = None, **options: Any
    ) -> None:
        """Show a scan in the main canvas now and in the planes soon; all layers are there. See `Scene.show`."""
        self._wait_for_nothing()
        self._crosses = []
        self._expected = None
        self.main.show(density, labels, at=at, **options)
        self._crosses.append(add_cross(self.main, self.devicePixelRatioF()))
        n = density.geometry.shape
        index = at or (n[0] // 2, n[1] // 2, n[2] // 2)
        if labels is not None and all(plane.can_take(density.geometry, labels) for plane in self.planes):
            for plane in self.planes:
                plane.take(density, labels, at=index, **options)
                self._crosses.append(plane.add_cross())
        else:
            for plane in self.planes:
                plane.clear()
                plane.prepare(density, labels, **options)
            self._waiting = list(self.planes)
        self._go_on.start(0)
        self._follow_main()
        self.look_at(index)

    def expect(self, geometry: Geometry) -> None:
        """Show an empty scan on the grid of one that is being read: to make layers takes as long as to read."""
        self.show(*nothing_on(geometry), editable=False)
        for scene in self._scenes:
            if scene.density is not None:
                scene.density.name = "Opening"
        self._expected = geometry

    def is_expected(self, density: DensityVolume, labels: LabelVolume) -> bool:
        """Whether an empty scan is shown that can take this one."""
        grid = self._expected
        return (
            grid is not None
            and grid.shape == density.geometry.shape
            and np.array_equal(grid.affine_lps, density.geometry.affine_lps)
            and labels.labels.dtype == np.uint8
        )

    def fill(self, density: DensityVolume, labels: LabelVolume, *, editable: bool, hand: Hand | None) -> None:
        """Show a scan that was expected."""
        self._expected = None
        self._drawn_at = None
        for scene in self._scenes:
            scene.fill(density, labels, editable=editable, hand=hand)
        self.catch_up()

    def warm_up(self) -> None:
        """Show a tiny scan in the first plane and take it off again; to be called while no canvas is seen yet."""
        geometry = Geometry(shape=_TINY, affine_lps=np.eye(4))
        density = DensityVolume(mg_per_cm3=np.zeros(_TINY, np.float32), material=Material.HA, geometry=geometry)
        plane = self.planes[0]
        plane.show_volume(density, LabelVolume(labels=np.zeros(_TINY, np.uint8), geometry=geometry))
        plane.add_cross()
        plane.clear()

    def _place_next(self) -> None:
        """Show the next plane that waits, at the voxel that is looked at; the window may answer between two."""
        if self._waiting:
            plane = self._waiting.pop(0)
            plane.place(self._at)
            self._crosses.append(plane.add_cross())
            self.look_at(self._at)
        if self._waiting:
            self._go_on.start(0)
        else:
            self.completed.emit()

    def _follow_main(self) -> None:
        if self.main.labels is not None:
            for event in ("paint", "data"):
                getattr(self.main.labels.events, event).connect(self.refresh)
            self.main.labels.events.set_data.connect(self._drawn)
            self.main.viewer.layers.selection.active = self.main.labels
        if self.main.density is not None:
            self.main.density.events.contrast_limits.connect(self._window_changed)

    def clear(self) -> None:
        """Take the scan off all three."""
        self._wait_for_nothing()
        self._crosses = []
        self._expected = None
        self.main.clear()
        for plane in self.planes:
            plane.retire()

    def look_at(self, index: Index) -> None:
        """Bring all three to one voxel."""
        if self._moving or not self._crosses:
            return
        self._move(index)
        self.catch_up()

    def _move(self, index: Index) -> None:
        """Bring all to a voxel, but leave the cross-hairs of the planes where they are."""
        self._moving = True
        try:
            self._at = index
            # A plane that is still to come has no cross yet, and will look at the same place.
            for scene, _cross in zip(self._scenes, self._crosses, strict=False):
                _turn(scene.viewer, index)
            _place_cross(self._crosses[0], index)
        finally:
            self._moving = False

    @property
    def is_behind(self) -> bool:
        """Whether the planes have not yet followed a step or a stroke in the main canvas."""
        return self._behind_since is not None

    def refresh(self, _event: object = None) -> None:
        """Draw labels anew in the other planes soon; they share the array that was painted on."""
        self._is_painted = True
        self._fall_behind()

    def catch_up(self) -> None:
        """Let the planes follow now."""
        self._follow.stop()
        self._behind_since = None
        for cross in self._crosses[1:]:
            _place_cross(cross, self._at)
        if self._is_painted:
            self._is_painted = False
            for plane in self.planes:
                if plane.scene.labels is not None:
                    plane.scene.labels.refresh(extent=False, thumbnail=False)

    def _fall_behind(self) -> None:
        now = time.monotonic()
        if self._behind_since is None:
            self._behind_since = now
        left = _LONGEST_MS - int(1000 * (now - self._behind_since))
        self._follow.start(max(min(_REST_MS, left), 0))

    def _drawn(self, _event: object) -> None:
        """The labels of the main canvas were drawn anew: for a step, or for a change that the planes show, too."""
        at = tuple(self.main.viewer.dims.current_step)
        if at != self._drawn_at:
            self._drawn_at = at
        else:
            self.refresh()

    def _wait_for_nothing(self) -> None:
        for timer in (self._go_on, self._follow):
            timer.stop()
        self._waiting = []
        self._behind_since, self._is_painted = None, False

    def close_canvases(self) -> None:
        """Give both canvases back and leave the main one alone; to be called before the main window closes."""
        self._wait_for_nothing()
        self.main.viewer.dims.events.current_step.disconnect(self._stepped)
        for scene in self._scenes:
            scene.viewer.mouse_double_click_callbacks.remove(self._clicked)
        for plane in self.planes:
            plane.close_canvas()
        self.planes = ()
        self._crosses = []

    def _window_changed(self, _event: object = None) -> None:
        for plane in self.planes:
            plane.scene.window = self.main.window

    def _stepped(self, _event: object = None) -> None:
        if self.main.viewer.dims.ndim == 3 and self._crosses and not self._moving:
            slice_index = int(self.main.viewer.dims.current_step[0])
            self._move((slice_index, self._at[1], self._at[2]))
            self._fall_behind()

    def _clicked(self, viewer: Any, event: Any) -> None:
        scene = next(one for one in self._scenes if one.viewer is viewer or one.viewer.dims is viewer.dims)
        if scene.density is None:
            return
        index = scene.density.world_to_data(event.position)
        shape = scene.density.data.shape
        at = [min(max(round(float(step)), 0), size - 1) for step, size in zip(index, shape, strict=True)]
        self.look_at((at[0], at[1], at[2]))


def _turn(viewer: ViewerModel, index: Index) -> None:
    """Show a voxel's slice; where that is shown already, napari would cut all layers anew for a place within it."""
    dims = viewer.dims
    hidden = dims.not_displayed
    if dims.ndim == len(index) and all(dims.current_step[axis] == index[axis] for axis in hidden):
        with dims.events.blocker_all():
            dims.current_step = index
    else:
        dims.current_step = index


def _place_cross(cross: Points, index: Index) -> None:
    # It lies within the scan, so its new place changes no extent, for which the viewer would look through all layers.
    with cross.events.data.blocker():
        cross.data = [index]
