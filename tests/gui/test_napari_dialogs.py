"""The questions that stand between a reader and what she would lose, answered with mouse and keys."""

from __future__ import annotations

import pytest

pytest.importorskip("napari")

from napari_bonemetrics.dialogs import ask_drawn, ask_entry, ask_unsaved
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox, QWidget

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def answered(ask, act):
    """What a question gives that is answered as soon as it stands."""
    look = QTimer()

    def find():
        shown = QApplication.activeModalWidget()
        if isinstance(shown, QMessageBox) and shown.isVisible():
            look.stop()
            act(shown)

    look.timeout.connect(find)
    look.start(10)
    return ask()


def labels(box):
    return [button.text().replace("&", "") for button in box.buttons()]


def press(label):
    def act(box):
        button = next(one for one in box.buttons() if one.text().replace("&", "") == label)
        QTest.mouseClick(button, LEFT)

    return act


def escape(box):
    QTest.keyClick(box, Qt.Key.Key_Escape)


def asked_of_shapes(parent, **can):
    return lambda: ask_drawn(parent, ("T.Ar", "O.Wi"), **{"can_put": True, "can_keep": True, **can})


@pytest.mark.parametrize("ask", [ask_unsaved, ask_entry])
def test_unsaved_work__each_button_gives_its_own_answer_and_escape_stays(parent, ask):
    found = []
    assert answered(lambda: ask(parent), lambda box: (found.extend(labels(box)), escape(box))) == "cancel"
    by_word = {word: next(label for label in found if word in label) for word in ("Save", "Keep", "Discard", "Cancel")}
    assert len(set(by_word.values())) == len(found) == 4
    given = {word: answered(lambda: ask(parent), press(label)) for word, label in by_word.items()}
    assert given == {"Save": "save", "Keep": "keep", "Discard": "discard", "Cancel": "cancel"}


def test_drawn_shapes__each_button_gives_its_own_answer_and_escape_stays(parent):
    ask = asked_of_shapes(parent)
    words = {"put": "Put into the form", "keep": "Keep for later", "discard": "Discard drawing", "cancel": "Cancel"}
    assert {answer: answered(ask, press(label)) for answer, label in words.items()} == {one: one for one in words}
    assert answered(ask, escape) == "cancel"


def test_drawn_shapes__what_cannot_be_done_is_not_offered(parent):
    shown = {}

    def read(box):
        shown.update(dict.fromkeys(labels(box)))
        shown["text"] = box.text()
        escape(box)

    assert answered(asked_of_shapes(parent, can_put=False, can_keep=False), read) == "cancel"
    assert set(shown) == {"Discard drawing", "Cancel", "text"}
    assert "T.Ar, O.Wi" in shown["text"]
