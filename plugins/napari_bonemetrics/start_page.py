"""What the desk shows while no study is open."""

from __future__ import annotations

import getpass
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget


class StartPage(QWidget):
    """Asks for a study folder and the reader's name."""

    open_requested = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder, self.reader = QLineEdit(), QLineEdit(_login())
        self.folder.setPlaceholderText("Folder that holds study.toml")
        self.choose, self.open = QPushButton("Choose …"), QPushButton("Open the list of cases")
        told = QLabel(
            "<h3>Reading desk</h3>Choose the folder of your study and give your name as the protocol lists it. "
            "Whoever runs the study can tell you both: it is made with <code>bonemetrics init</code> and filled with "
            "<code>bonemetrics run</code>."
        )
        told.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.choose)
        form = QFormLayout()
        form.addRow("Study", row)
        form.addRow("Reader", self.reader)
        layout = QVBoxLayout(self)
        layout.addWidget(told)
        layout.addLayout(form)
        layout.addWidget(self.open)
        layout.addStretch(1)
        self.choose.clicked.connect(self._choose)
        self.open.clicked.connect(self._open)
        for field in (self.folder, self.reader):
            field.textChanged.connect(self._enable)
            field.returnPressed.connect(self._open)
        self._enable()

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of the study", self.folder.text() or str(Path.home()))
        if chosen:
            self.folder.setText(chosen)

    def _enable(self) -> None:
        self.open.setEnabled(bool(self.folder.text().strip() and self.reader.text().strip()))

    def _open(self) -> None:
        if self.open.isEnabled():
            self.open_requested.emit(self.folder.text().strip(), self.reader.text().strip())


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
