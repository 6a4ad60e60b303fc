"""Every action of the reading desk with its key, in one table; keys work from the canvas and from any field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from napari.settings import get_plugin_settings
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

PLUGIN = "bonemetrics"


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its name in the settings, its key where nobody changed it, and what it does."""

    id: str
    key: str
    text: str


ACTIONS: tuple[Action, ...] = (
    Action("save_next", "Ctrl+Return", "Save the verdict and open the next case"),
    Action("accept", "Ctrl+1", "Verdict: accept"),
    Action("accept_with_edit", "Ctrl+2", "Verdict: accept with edit"),
    Action("reject", "Ctrl+3", "Verdict: reject"),
    Action("defer", "Ctrl+4", "Verdict: defer"),
    Action("place_here", "Ctrl+Shift+L", "Store the place that is looked at with the verdict"),
    Action("next_case", "Ctrl+Shift+N", "Open the next case without a verdict"),
    Action("previous_case", "Ctrl+Shift+B", "Back to the case before"),
    Action("worklist", "Ctrl+L", "Show the list of cases"),
    Action("contours", "Ctrl+Shift+H", "Show or hide the contours"),
    Action("window_bone", "Ctrl+5", "Window: bone"),
    Action("window_trabecular", "Ctrl+6", "Window: trabecular"),
    Action("window_cortical", "Ctrl+7", "Window: cortical"),
    Action("window_soft_tissue", "Ctrl+8", "Window: soft tissue"),
    Action("brush", "Ctrl+B", "Turn the brush on or off"),
    Action("contour_out", "Ctrl+]", "Move the contour out by 0.1 mm"),
    Action("contour_in", "Ctrl+[", "Move the contour in by 0.1 mm"),
    Action("undo", "F7", "Take back the newest change of the labels"),
    Action("redo", "F8", "Make the change again"),
    Action("save_edit", "Ctrl+Shift+S", "Save the edited labels"),
    Action("preview", "F9", "Show what the unsaved edit would do to the numbers"),
    Action("help", "F1", "Show this list"),
)
"""In the order in which they are listed. Digits alone and letters alone belong to napari's layers."""


def keys() -> dict[str, str]:
    """Key of every action: the one of napari's preferences, or the default where that is blank or no key."""
    try:
        chosen = get_plugin_settings(PLUGIN).shortcuts
    except (KeyError, AttributeError):
        # The manifest is not installed, as in a source tree.
        chosen = None
    found = {}
    for action in ACTIONS:
        wanted = str(getattr(chosen, action.id, "") or "")
        found[action.id] = wanted if QKeySequence(wanted).toString() else action.key
    return found


def doubles(chosen: Mapping[str, str]) -> list[str]:
    """Keys that were given to more than one action; none of these would work."""
    normal = [QKeySequence(key).toString() for key in chosen.values()]
    return sorted({key for key in normal if normal.count(key) > 1})


class Shortcuts:
    """The keys of one window; they work as long as it is there and act through `slots`, by action."""

    def __init__(self, parent: QWidget, slots: Mapping[str, Callable[[], object]]) -> None:
        self.keys = keys()
        self.shortcuts: dict[str, QShortcut] = {}
        for action in ACTIONS:
            shortcut = QShortcut(QKeySequence(self.keys[action.id]), parent)
            # The canvas eats keys that do not belong to the whole application.
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(slots[action.id])
            self.shortcuts[action.id] = shortcut

    def close(self) -> None:
        """Give the keys back."""
        for shortcut in self.shortcuts.values():
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self.shortcuts = {}
