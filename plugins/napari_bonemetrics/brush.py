"""The brush of the reading desk: millimetres, discs and balls, a range of densities; one stroke is one undo step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from napari.components import ViewerModel

from bonemetrics.errors import BonemetricsError
from bonemetrics.segmentation.editing.brush import DensityLimit, paint
from bonemetrics.segmentation.editing.patch import LabelPatch
from bonemetrics.volume import DensityVolume
from napari_bonemetrics.editor import Editor
from napari_bonemetrics.scene import Scene
from napari_bonemetrics.worker import told

_LEFT_BUTTON = 1
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrushSettings:
    """What the brush paints with; `low` and `high` limit it to densities in mg/cm³."""

    label: int
    radius_mm: float
    shape: Literal["disc", "ball"]
    low: float | None = None
    high: float | None = None

    @property
    def is_limited(self) -> bool:
        """Whether only some densities may be painted."""
        return self.low is not None or self.high is not None

    def limit(self, density: DensityVolume) -> DensityLimit | None:
        """The densities that may be painted; `None` for all."""
        if not self.is_limited:
            return None
        low = float("-inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        return DensityLimit(density=density, low_mg_per_cm3=low, high_mg_per_cm3=high)


class Brush:
    """Paints with the left button while it is on; with it off the left button moves the picture as ever."""

    def __init__(self, editor: Editor, settings: Callable[[], BrushSettings]) -> None:
        self.editor = editor
        self.is_on = False
        self.density: DensityVolume | None = None
        self._settings = settings
        self._scenes: list[Scene] = []

    def attach(self, scene: Scene) -> None:
        """Paint in this canvas, too; a disc is one within the slice, so only a ball paints across slices."""
        self._scenes.append(scene)
        scene.viewer.mouse_drag_callbacks.append(self._drag)

    def detach(self) -> None:
        """Leave all canvases."""
        for scene in self._scenes:
            scene.viewer.mouse_drag_callbacks.remove(self._drag)
        self._scenes = []

    def turn(self, on: bool) -> None:
        """Turn the brush on or off; the cursor shows its size."""
        self.is_on = on and self.density is not None
        for scene in self._scenes:
            if scene.labels is None:
                continue
            scene.labels.mode = "pan_zoom"
            # The line of napari's help names keys of tools that the desk has its own for.
            scene.labels.help = scene.viewer.help = ""
            scene.labels.mouse_pan = not self.is_on
            scene.labels.cursor = "circle" if self.is_on else "standard"
            scene.labels.cursor_size = max(2 * self._settings().radius_mm, 0.01)

    def _drag(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        if not self.is_on or event.button != _LEFT_BUTTON or event.modifiers or viewer.dims.ndisplay != 2:
            return
        settings = self._settings()
        across = viewer.dims.order[0] != 0
        if across and settings.shape == "disc":
            return
        last = self._index(event)
        stroke = self._paint(settings, [last], None)
        yield
        while event.type == "mouse_move":
            here = self._index(event)
            stroke = self._paint(settings, [last, here], stroke)
            last = here
            event.handled = True
            yield
        if stroke is None:
            return
        if stroke.is_empty and settings.is_limited:
            self.editor.failed.emit("nothing was painted: no voxel under the brush lies between the two densities")
        self.editor.remember(stroke)

    def _index(self, event: Any) -> Point:
        scene = self._scenes[0]
        if scene.labels is None:
            return (0.0, 0.0, 0.0)
        place = scene.labels.world_to_data(event.position)
        return (float(place[0]), float(place[1]), float(place[2]))

    def _paint(self, settings: BrushSettings, points: list[Point], stroke: LabelPatch | None) -> LabelPatch | None:
        """Paint one piece of the stroke; gives the stroke so far as one patch."""
        labels = self.editor.labels
        if labels is None or self.density is None:
            return stroke
        try:
            patch = paint(
                labels,
                points,
                label=settings.label,
                radius_mm=settings.radius_mm,
                shape=settings.shape,
                limit=settings.limit(self.density),
            )
            joined = stroke.joined(patch, labels.labels) if stroke is not None else patch
            patch.apply(labels.labels)
        except BonemetricsError as error:
            self.editor.failed.emit(told(error))
            return stroke
        self.editor.refresh()
        return joined
