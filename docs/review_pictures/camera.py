"""Photographs the screen, dialogs included, into small files with a palette."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from qtpy.QtCore import QBuffer, QIODevice, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QWidget

from tests.gui.desk_cases import settle

_COLORS = 256
_DIALOG_MS = 500


class Camera:
    """Writes `review-NAME.png` to a folder, only those that were asked for where some were named."""

    def __init__(self, out: Path, names: tuple[str, ...] = ()) -> None:
        self.out, self.names = out, names

    def take(self, name: str, seconds: float = 0.5) -> None:
        """Write one picture of the whole screen."""
        if self.names and name not in self.names:
            return
        settle(seconds)
        grabbed = QApplication.primaryScreen().grabWindow(0)
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        grabbed.save(buffer, "PNG")
        picture = Image.open(io.BytesIO(bytes(buffer.data()))).convert("RGB")
        small = picture.quantize(_COLORS, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
        small.save(self.out / f"review-{name}.png", optimize=True)

    def dialog(self, name: str, act: Callable[[], object], answer: Callable[[QWidget], object]) -> None:
        """Do what opens a dialog, write a picture of it, and answer it."""

        def later() -> None:
            shown = QApplication.activeModalWidget()
            self.take(name)
            if shown is not None:
                answer(shown)

        QTimer.singleShot(_DIALOG_MS, later)
        act()


def click(button: QWidget) -> None:
    """Click with the left button, and let the window follow."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(0.1)


def button(text: str) -> Callable[[QWidget], None]:
    """An answer to a dialog: press the button with this text."""

    def press(dialog: QWidget) -> None:
        click(next(one for one in dialog.findChildren(QAbstractButton) if one.text().replace("&", "") == text))

    return press
