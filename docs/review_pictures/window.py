"""One reading desk in one napari window as large as the screen."""

from __future__ import annotations

from typing import Any

import napari
from napari_bonemetrics.desk import ReadingDesk
from qtpy.QtWidgets import QApplication

from bonemetrics.review.session import Session
from tests.gui.desk_cases import front, is_idle, settle, wait_until

START_S = 1.0


class Window:
    """A desk that is led from state to state; it shows the start page until a session is given."""

    def __init__(self, session: Session | None = None) -> None:
        self.viewer: Any = napari.Viewer(show_welcome_screen=False)
        self.desk = ReadingDesk(self.viewer, session)
        self.viewer.window.add_dock_widget(self.desk, name="Reading desk", area="right")
        screen = QApplication.primaryScreen().size()
        self.viewer.window.resize(screen.width(), screen.height())
        front(self.desk.window())
        settle(START_S)
        self.ready()

    def ready(self) -> None:
        """Wait until nothing runs."""
        settle(0.1)
        wait_until(lambda: is_idle(self.desk) and not self.desk.stage.is_laying_out)
        settle(0.4)

    def open(self, row: int) -> None:
        """Open a case by its row in the list."""
        self.desk.open_key(self.desk.list.table.key_at(row))
        self.ready()
        settle(0.6)

    def close(self) -> None:
        """Close it, and ask nothing."""
        self.desk.editor.mark_saved()
        self.desk.shut()
        self.viewer.close()
        settle(0.5)
