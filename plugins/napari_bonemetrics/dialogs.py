"""Questions to the reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

from qtpy.QtWidgets import QInputDialog, QMessageBox, QWidget

Answer = Literal["save", "keep", "discard", "cancel"]
_BUTTONS: dict[Answer, tuple[str, QMessageBox.ButtonRole]] = {
    "save": ("Save edit", QMessageBox.ButtonRole.AcceptRole),
    "keep": ("Keep for later", QMessageBox.ButtonRole.AcceptRole),
    "discard": ("Discard edit", QMessageBox.ButtonRole.DestructiveRole),
    "cancel": ("Cancel", QMessageBox.ButtonRole.RejectRole),
}
_ENTRY: dict[Answer, tuple[str, QMessageBox.ButtonRole]] = {
    **_BUTTONS,
    "save": ("Save entry", QMessageBox.ButtonRole.AcceptRole),
    "discard": ("Discard", QMessageBox.ButtonRole.DestructiveRole),
}
DrawnAnswer = Literal["put", "keep", "discard", "cancel"]
_DRAWN: dict[DrawnAnswer, tuple[str, QMessageBox.ButtonRole]] = {
    "put": ("Put into the form", QMessageBox.ButtonRole.AcceptRole),
    "keep": ("Keep for later", QMessageBox.ButtonRole.AcceptRole),
    "discard": ("Discard drawing", QMessageBox.ButtonRole.DestructiveRole),
    "cancel": ("Cancel", QMessageBox.ButtonRole.RejectRole),
}
_A = TypeVar("_A", bound=str)
MEANINGS = ("I have read this scan and stand by the verdict", "Reviewed and approved", "Adjudicated")


def ask_unsaved(parent: QWidget) -> Answer:
    """What is to be done with an edit that is not saved; `cancel` where the question is closed."""
    told = "'Keep for later' leaves it as a draft that comes back when you open the case again."
    return _ask(parent, "Unsaved edit", "Your edit of this case is not saved.", told, _BUTTONS, "cancel")


def ask_entry(parent: QWidget) -> Answer:
    """What is to be done with an entry of a biopsy that is not saved; `cancel` where the question is closed."""
    told = "'Keep for later' leaves it as a draft that is no entry and comes back when the biopsy is shown again."
    return _ask(parent, "Unsaved entry", "What was typed or drawn for the biopsy is not saved.", told, _ENTRY, "cancel")


def ask_drawn(parent: QWidget, codes: Sequence[str], *, can_put: bool, can_keep: bool) -> DrawnAnswer:
    """What is to be done with shapes that are not in the form; `cancel` where the question is closed."""
    without = {answer for answer, can in (("put", can_put), ("keep", can_keep)) if not can}
    buttons = {answer: button for answer, button in _DRAWN.items() if answer not in without}
    text = f"Drawn on a section picture and not put into the form: {', '.join(codes) or 'shapes removed'}."
    told = "'Keep for later' brings it back when the picture is opened again." if can_keep else ""
    return _ask(parent, "Drawing not in the form", text, told, buttons, "cancel")


def _ask(
    parent: QWidget, title: str, text: str, told: str, buttons: dict[_A, tuple[str, QMessageBox.ButtonRole]], closed: _A
) -> _A:
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(told)
    added = [(box.addButton(label, role), answer) for answer, (label, role) in buttons.items()]
    box.exec()
    clicked = box.clickedButton()
    return next((answer for button, answer in added if button is clicked), closed)


def ask_meaning(parent: QWidget) -> str:
    """What a signature means; empty where the reader does not sign."""
    text, given = QInputDialog.getItem(parent, "Sign", "What your signature means:", list(MEANINGS), 0, True)
    return text.strip() if given else ""


def ask_reason(parent: QWidget) -> str:
    """Why a signed record is opened again; empty where it is not."""
    text, given = QInputDialog.getText(
        parent, "Unlock", "Unlocking makes the signature void. Why is the record opened again?"
    )
    return text.strip() if given else ""
