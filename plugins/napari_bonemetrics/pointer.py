"""A frame around what a step of the tour speaks of."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFrame, QWidget

_COLOR = "#56b4e9"
_PX = 3


class Pointer(QFrame):
    """Lies over a widget without taking its mouse and follows its size; while it points at nothing it is at home."""

    def __init__(self, home: QWidget) -> None:
        super().__init__(home)
        self._home = home
        self._target: QWidget | None = None
        self.setObjectName("pointer")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, True)
        self.setStyleSheet(
            f"#pointer {{ border: {_PX}px solid {_COLOR}; border-radius: 4px; background: transparent; }}"
        )
        self.hide()

    @property
    def target(self) -> QWidget | None:
        """What is pointed at."""
        return self._target

    def point_at(self, target: QWidget | None) -> None:
        """Lie over a widget, or over nothing."""
        if self._target is not None:
            self._target.removeEventFilter(self)
        self._target = target
        self.setParent(target or self._home)
        self.setVisible(target is not None)
        if target is not None:
            target.installEventFilter(self)
            self.setGeometry(target.rect())
            self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Follow the widget."""
        if watched is self._target and event.type() == QEvent.Type.Resize and self._target is not None:
            self.setGeometry(self._target.rect())
        return False
