"""Readings by two: a blinded pair of visits, and an adjudicator at the places where two masks differ."""

from __future__ import annotations

from pathlib import Path

from bonemetrics.review.session import Session
from bonemetrics.study.store import Store
from bonemetrics.volume import CORTICAL, TRABECULAR
from docs.review_pictures.camera import Camera, click
from docs.review_pictures.window import Window
from tests.gui.desk_cases import bone, session, study
from tests.review_cases import YEAR_LATER, Arm

_BLIND = "blind = ['visit', 'date', 'arm', 'subject', 'other-readers']\n"
_PAIRS = f"[review]\nreaders = ['KL']\npairs = true\n{_BLIND}"
_TWO = f"[review]\nreadings = 2\nreaders = ['KL', 'MN']\nadjudicators = ['AD']\nconsequence = 'at-once'\n{_BLIND}"


def take(folder: Path, camera: Camera) -> None:
    """Take the pictures of pairs and of adjudication."""
    _pair(folder, camera)
    _adjudication(folder, camera)


def _pair(folder: Path, camera: Camera) -> None:
    arms = [Arm(patient=patient, **day) for patient in ("HOSP-7", "HOSP-8") for day in ({}, {"day": YEAR_LATER})]
    window = Window(_seen(study(folder / "pairs", arms, rules=_PAIRS), "KL"))
    window.open(0)
    window.desk.head.beside.setChecked(True)
    window.ready()
    camera.take("pair")
    window.close()


def _seen(store: Store, reader: str) -> Session:
    """A session of somebody who has seen the tour."""
    reading = session(store, reader)
    reading.save_state(reading.state().model_copy(update={"tour_seen": True}))
    return reading


def _adjudication(folder: Path, camera: Camera) -> None:
    store = study(folder / "two", (Arm(),), rules=_TWO)
    for reader in ("KL", "MN"):
        _read(store, reader)
    window = Window(_seen(store, "AD"))
    window.open(0)
    desk = window.desk
    click(desk.adjudication.look["b"])
    click(desk.adjudication.take["a"])
    camera.take("adjudication")
    window.close()


def _read(store: Store, reader: str) -> None:
    """One reader has cleared the leak and the island, the other has closed the hole and gone too far at the cortex."""
    true = bone()[1].labels
    with session(store, reader) as reading:
        (task,) = reading.worklist().waiting
        case = reading.open_case(task.key)
        labels = case.labels.labels
        if reader == "KL":
            labels[...] = true
        else:
            labels[(labels == 0) & (true == TRABECULAR)] = TRABECULAR
            labels[8:14, 20:32, 14:18][true[8:14, 20:32, 14:18] == CORTICAL] = TRABECULAR
        reading.decide(case, "accept-with-edit")
