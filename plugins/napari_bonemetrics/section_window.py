"""A window of its own for pictures of sections, so that they never share the space of a scan."""

from __future__ import annotations

from typing import Any

from napari_bonemetrics.section_panel import SectionPanel


def open_section_window(reader: str = "", *, show: bool = True) -> tuple[Any, SectionPanel]:
    """Open the window; the panel's `measured` goes to `BiopsyPanel.take_measurements`.

    Parameters
    ----------
    reader
        Who draws.
    show
        Whether the window is shown at once.

    Returns
    -------
    viewer, panel
        The viewer is closed by its own window, or by whoever opened it.
    """
    from napari import Viewer

    viewer = Viewer(title="Section pictures", show=show)
    panel = SectionPanel(viewer, reader)
    panel.asks_on_closing = True
    viewer.window.add_dock_widget(panel, name="Section", area="right")
    return viewer, panel


class SectionWidget(SectionPanel):
    """The panel in napari's own window, for the menu of plugins; it opens nothing beside a scan."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
