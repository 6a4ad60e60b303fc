"""Questions to the reader."""

from __future__ import annotations

from typing import Literal

from qtpy.QtWidgets import QInputDialog, QMessageBox, QWidget

Answer = Literal["save", "keep", "discard", "cancel"]
_BUTTONS: dict[Answer, tuple[str, QMessageBox.ButtonRole]] = {
    "save": ("Save edit", QMessageBox.ButtonRole.AcceptRole),
    "keep": ("Keep for later", QMessageBox.ButtonRole.AcceptRole),
    "discard": ("Discard edit", QMessageBox.ButtonRole.DestructiveRole),
    "cancel": ("Cancel", QMessageBox.ButtonRole.RejectRole),
}
MEANINGS = ("I have read this scan and stand by the verdict", "Reviewed and approved", "Adjudicated")


def ask_unsaved(parent: QWidget) -> Answer:
    """What is to be done with an edit that is not saved; `cancel` where the question is closed."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Unsaved edit")
    box.setText("The labels of this case were edited and not saved.")
    box.setInformativeText("'Keep for later' leaves them as a draft that comes back when the case is opened again.")
    buttons = {box.addButton(text, role): answer for answer, (text, role) in _BUTTONS.items()}
    box.exec()
    return buttons.get(box.clickedButton(), "cancel")


def ask_meaning(parent: QWidget) -> str:
    """What a signature means; empty where the reader does not sign."""
    text, given = QInputDialog.getItem(parent, "Sign", "I sign, and mean by it:", list(MEANINGS), 0, True)
    return text.strip() if given else ""


def ask_reason(parent: QWidget) -> str:
    """Why a signed record is opened again; empty where it is not."""
    text, given = QInputDialog.getText(parent, "Unlock", "The signature becomes void. Reason:")
    return text.strip() if given else ""
