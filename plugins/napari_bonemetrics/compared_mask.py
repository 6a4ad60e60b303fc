"""One of the masks to be compared, on all canvases in place of the one that is edited."""

from __future__ import annotations

from collections.abc import Sequence

from napari.layers import Labels

from bonemetrics.volume import LabelVolume
from napari_bonemetrics.layers import labels_layer
from napari_bonemetrics.scene import Scene


class ComparedMask:
    """Shows one mask at a time; it cannot be painted, and the case's own contours are hidden meanwhile."""

    def __init__(self) -> None:
        self._shown: list[tuple[Scene, Labels]] = []

    @property
    def layers(self) -> list[Labels]:
        """The layers on the canvases, that of the main canvas first; none while the case's own labels are shown."""
        return [layer for scene, layer in self._shown if layer in scene.viewer.layers]

    def show(self, scenes: Sequence[Scene], labels: LabelVolume, name: str) -> None:
        """Show a mask in place of the one shown before."""
        self.hide()
        for scene in scenes:
            own = scene.labels
            if own is None:
                continue
            layer = labels_layer(labels, name=name, editable=False)
            layer.opacity, layer.visible, layer.blending = own.opacity, own.visible, own.blending
            # Below the cross, which must be seen.
            scene.viewer.layers.insert(scene.viewer.layers.index(own) + 1, layer)
            own.visible = False
            scene.viewer.layers.selection.active = own
            self._shown.append((scene, layer))

    def hide(self) -> None:
        """Show the case's own labels again."""
        for scene, layer in self._shown:
            if layer in scene.viewer.layers:
                if scene.labels is not None:
                    scene.labels.visible = layer.visible
                scene.viewer.layers.remove(layer)
        self._shown = []
