"""Structured findings: present, absent or unsure, and where each was seen."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QLabel, QPushButton, QWidget

from bonemetrics.records.review import FINDINGS, Finding, FindingKind, Place, Presence

_SIGN_WIDTH = 26
_CHOICES: tuple[tuple[Presence, str, str], ...] = (
    ("present", "✚", "present"),
    ("absent", "–", "absent"),
    ("unsure", "?", "unsure"),
)


def words(code: str) -> str:
    """A code as it is read."""
    return code.replace("-", " ")


class FindingRow:
    """One finding: three choices of which one or none is down, the place, and the way back to it."""

    def __init__(self, kind: FindingKind, panel: FindingsPanel) -> None:
        self.kind = kind
        self.place: Place | None = None
        self._panel = panel
        self.buttons: dict[Presence, QPushButton] = {}
        self.group = QButtonGroup(panel)
        self.group.setExclusive(False)
        for presence, sign, text in _CHOICES:
            button = QPushButton(sign)
            button.setCheckable(True)
            button.setFixedWidth(_SIGN_WIDTH)
            button.setToolTip(f"{words(kind)}: {text}")
            button.setAccessibleName(f"{words(kind)} {text}")
            button.clicked.connect(lambda _checked, chosen=presence: self._chosen(chosen))
            self.buttons[presence] = button
        self.here = QPushButton()
        self.here.setText("Here")
        self.here.setToolTip("Store the voxel that is looked at as the place of this finding")
        self.here.clicked.connect(lambda: panel.place_requested.emit(kind))
        self.jump = QPushButton()
        self.jump.setText("→")
        self.jump.setToolTip("Look at the stored place")
        self.jump.clicked.connect(self._go)
        self.show_place(None)

    def _go(self) -> None:
        if self.place is not None:
            self._panel.jump_requested.emit(self.place.index)

    def _chosen(self, chosen: Presence) -> None:
        for presence, button in self.buttons.items():
            button.setChecked(presence == chosen and button.isChecked())
        self._panel.changed.emit()

    @property
    def presence(self) -> Presence | None:
        """What was chosen; `None` where nothing was said."""
        return next((presence for presence, button in self.buttons.items() if button.isChecked()), None)

    def show_place(self, place: Place | None) -> None:
        """Keep where it was seen; a place alone means that it is there."""
        self.place = place
        if place is not None and self.presence is None:
            self.buttons["present"].setChecked(True)
        self.jump.setText(f"→ {place.slice + 1}" if place else "→")
        self.jump.setEnabled(place is not None)

    def show(self, finding: Finding | None) -> None:
        """Show one that was said before, or nothing."""
        for presence, button in self.buttons.items():
            button.setChecked(finding is not None and finding.presence == presence)
        self.show_place(finding.place if finding else None)


class FindingsPanel(QWidget):
    """All kinds of findings, one row each."""

    changed = Signal()
    place_requested = Signal(str)
    jump_requested = Signal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(1)
        layout.setColumnStretch(0, 1)
        self.rows: dict[str, FindingRow] = {}
        for number, kind in enumerate(FINDINGS):
            row = FindingRow(kind, self)
            self.rows[kind] = row
            layout.addWidget(QLabel(words(kind)), number, 0)
            for column, widget in enumerate((*row.buttons.values(), row.here, row.jump), start=1):
                layout.addWidget(widget, number, column)
        layout.setColumnMinimumWidth(len(_CHOICES) + 2, 2 * _SIGN_WIDTH)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of which something was said."""
        return tuple(
            Finding(kind=row.kind, presence=row.presence, place=row.place)
            for row in self.rows.values()
            if row.presence is not None
        )

    def set_place(self, kind: str, place: Place) -> None:
        """Keep where a finding was seen."""
        self.rows[kind].show_place(place)
        self.changed.emit()

    def show_findings(self, findings: Iterable[Finding]) -> None:
        """Show what was said before; nothing of the others."""
        said = {finding.kind: finding for finding in findings}
        for kind, row in self.rows.items():
            row.show(said.get(kind))  # type: ignore[call-overload]
