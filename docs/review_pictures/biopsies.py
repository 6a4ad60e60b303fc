"""The biopsy of a case: the form, both visits, and drawing on the picture of a section."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from scipy.ndimage import gaussian_filter
from skimage.measure import approximate_polygon, find_contours

from bonemetrics.records import HistomorphometryEntry
from bonemetrics.study.store import Store
from docs.review_pictures.camera import Camera, click
from docs.review_pictures.window import Window
from tests.biopsies import ILIAC, WORKED
from tests.gui.desk_cases import front, session, settle, study, wait_until
from tests.review_cases import YEAR_LATER, Arm

_SHAPE = (900, 1300)
_PIXEL_UM = 2.5
_CHOICES = {"envelope": "cancellous", "referent": "TV", "factor": "iliac"}
_TYPED = {**WORKED, "B.Ar": 19.0, "O.Pm": 112.0}
"""BV/TV of 47.5 % is unusual, and osteoid on more than the whole perimeter cannot be."""


def take(folder: Path, camera: Camera) -> None:
    """Take the pictures of the form and of the window of sections."""
    store = study(folder / "biopsies", (Arm(day=YEAR_LATER),), rules="[review]\nconsequence = 'at-once'\n")
    reading = session(store)
    reading.save_state(reading.state().model_copy(update={"tour_seen": True}))
    _before(store)
    window = Window(reading)
    window.open(0)
    _form(window, camera)
    _section(window, folder, camera)
    window.desk.biopsy.close_sections()
    # Nothing is asked about what was typed.
    window.desk.biopsy.clear()
    window.close()


def _before(store: Store) -> None:
    told = {
        "kind": "histomorphometry",
        "subject": "P-007",
        "visit": "Baseline",
        "day": date(2016, 4, 3),
        "reader": "KL",
    }
    facts = {"envelope": "cancellous", "state": "complete", "referent": "TV", "factors": ILIAC, "primaries": WORKED}
    entry = HistomorphometryEntry.model_validate({**told, **facts})
    Store.open(store.folder.root, user="KL").reading.record_entry(entry, drawings=())


def _form(window: Window, camera: Camera) -> None:
    desk = window.desk
    desk.show_page("Biopsy")
    panel = desk.biopsy.desk.panel
    for key, text in _CHOICES.items():
        choice = panel.fields.by_key[key].choice
        choice.setFocus()
        QTest.keyClicks(choice, text)
    for code, value in _TYPED.items():
        QTest.keyClicks(panel.fields.by_key[code].line, f"{value:g}")
    settle(0.3)
    panel.fields.ensureWidgetVisible(panel.fields.by_key["O.Pm"])
    camera.take("biopsy")
    panel.tabs.setCurrentIndex(1)
    camera.take("biopsy-visits")


def _section(window: Window, folder: Path, camera: Camera) -> None:
    path = folder / "section.png"
    bone = _picture(path)
    desk = window.desk.biopsy.desk
    click(desk.panel.section)
    panel = desk.sections
    viewer = panel.viewer
    screen = QApplication.primaryScreen().size()
    viewer.window.resize(screen.width(), screen.height())
    front(panel.window())
    panel.open_picture(path)
    wait_until(lambda: panel.picture is not None)
    QTest.keyClicks(panel.box.pixel_um, f"{_PIXEL_UM:g}")
    QTest.keyClick(panel.box.pixel_um, Qt.Key.Key_Return)
    _draw(panel, viewer, bone)
    camera.take("section")


def _picture(path: Path) -> Any:
    """An invented section: bone in green, its seams darker, marrow pale; gives the bone."""
    random = np.random.default_rng(3)
    rough = gaussian_filter(random.standard_normal(_SHAPE), (22, 34))
    bone = rough > np.quantile(rough, 0.8)
    seam = (gaussian_filter(bone.astype(float), 5) < 0.8) & bone & (gaussian_filter(rough, 60) > 0)
    grain = gaussian_filter(random.standard_normal(_SHAPE), 2)[..., np.newaxis] * 8
    colors = np.full((*_SHAPE, 3), (246.0, 242.0, 238.0))
    colors[bone] = (188.0, 208.0, 196.0)
    colors[seam] = (132.0, 150.0, 140.0)
    Image.fromarray(np.clip(colors + grain, 0, 255).astype(np.uint8)).save(path)
    return bone


def _draw(panel: Any, viewer: Any, bone: Any) -> None:
    rows, columns = _SHAPE
    outlines = [line for line in find_contours(gaussian_filter(bone.astype(float), 2), 0.5) if len(line) > 300]
    closed = [approximate_polygon(line, 2.0)[:-1] for line in outlines if np.allclose(line[0], line[-1])]
    shapes = {
        "T.Ar": [("polygon", np.array([(20, 20), (20, columns - 20), (rows - 20, columns - 20), (rows - 20, 20)]))],
        "B.Ar": [("polygon", line) for line in closed[:4]],
        "O.Pm": [("path", line[: len(line) // 3]) for line in closed[4:6]],
    }
    for code, drawn in shapes.items():
        panel.choose(code)
        panel.start_drawing()
        layer = viewer.layers[code]
        for kind, line in drawn:
            layer.add(line, shape_type=kind, edge_width=layer.current_edge_width)
    settle(0.5)
