"""A small study of bones with known shape, and a reading desk on it in a real napari window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from napari_bonemetrics._sample_data import radius_volumes, with_leak
from napari_bonemetrics.desk import ReadingDesk
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QKeySequence, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from bonemetrics.pipeline.opening import OpenedScan
from bonemetrics.pipeline.scan import grid_facts
from bonemetrics.readers.labels import read_labels, write_labels
from bonemetrics.records import Measurement, Provenance, QualityCard, ScanResult, note
from bonemetrics.review.bench import Bench
from bonemetrics.review.session import Session
from bonemetrics.study.layout import scan_id, sha256_of
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.store import Store
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import CORTICAL, TRABECULAR, DensityVolume, LabelVolume
from tests.review_cases import CALIBRATION, DAY1, PEOPLE, VISITS, YEAR_LATER, Arm, Clock
from tests.study_cases import facts, header

PRECISION = """
[[parameters]]
paramcd = "RADTBD"
param = "Radius trabecular density"
quantity = "Tb.vBMD"
site = "radius"
region = "trabecular"
unit = "mg/cm3"
[[precision]]
paramcd = "RADTBD"
scanner = "3012"
lsc = 3.1
"""
TWO_ARMS = (Arm(), Arm(day=YEAR_LATER), Arm(patient="HOSP-8"))


@cache
def bone() -> tuple[DensityVolume, LabelVolume, LabelVolume]:
    """Density, true labels, and labels with a leak, an island and a hole."""
    density, labels = radius_volumes()
    density.mg_per_cm3.setflags(write=False)
    return density, labels, with_leak(labels)


def numbers(labels: LabelVolume, **told: Any) -> tuple[Measurement, ...]:
    """Trabecular density and areas, counted voxel by voxel."""
    density, _, _ = bone()
    found = []
    n_slices = labels.geometry.shape[0]
    for quantity, region, of in (("Tb", "trabecular", TRABECULAR), ("Ct", "cortical", CORTICAL)):
        inside = labels.labels == of
        mean = float(density.mg_per_cm3[inside].mean())
        area = float(np.count_nonzero(inside)) * labels.geometry.pixel_area_mm2 / n_slices
        for name, value, material in ((f"{quantity}.vBMD", mean, density.material), (f"{quantity}.Ar", area, None)):
            found.append(
                Measurement(
                    quantity=name,
                    value=value,
                    standard_uncertainty=1.0,
                    site="radius",
                    region=region,
                    side="left",
                    material=material,
                    provenance=Provenance(
                        method="voxels/1", software_version="0", input_sha256="a" * 64, parameters={"labels": told}
                    ),
                )
            )
    return tuple(found)


def _open(scan: StoredScan, _protocol: Protocol, folder: Path, tick: Any) -> tuple[DensityVolume, OpenedScan]:
    tick()
    density, _, _ = bone()
    (folder / "density.npy").touch()
    told = OpenedScan(
        path=folder / "density.npy",
        grid=grid_facts(density.geometry),
        material=density.material,
        calibration=CALIBRATION,
        input_sha256=scan.input_sha256,
        side="left",
        distal_end="last",
    )
    return density, told


def _measure(_scan: StoredScan, _protocol: Protocol, file: Path, number: int, tick: Any) -> ScanResult:
    tick()
    labels = read_labels(file)
    told = {"sha256": sha256_of(file), "number": number, "source": "edited"}
    return ScanResult(kind="ct-series", measurements=numbers(labels, **told), calibration=CALIBRATION)


BENCH = Bench(open_density=_open, measure=_measure)


def study(folder: Path, arms: Sequence[Arm] = TWO_ARMS, *, rules: str = "", failed: int = 0) -> Store:
    """A study whose scans all show the bone with the leak; `failed` more were refused."""
    from bonemetrics.study.create import init_study

    init_study(folder, user="ana")
    (folder / "people.csv").write_text(PEOPLE)
    head = "[study]\nid = 'S'\nsubjects = 'people.csv'\n"
    (folder / "study.toml").write_text(f"{head}{VISITS}{PRECISION}{rules}\n")
    store = Store.open(folder, user="ana")
    for number, arm in enumerate(arms, start=1):
        _add(store, number, arm)
    for number in range(failed):
        _add_refused(store, len(arms) + number + 1)
    return store


def _add(store: Store, number: int, arm: Arm) -> None:
    density, _, spoilt = bone()
    of = header(number, patient=arm.patient, day=arm.day)
    found = store.assign_subjects([of])[scan_id(of.study_uid, of.series_uid)]
    staging = store.folder.new_staging()
    write_labels(spoilt, staging / "labels-0001.nii.gz")
    told = facts(of).model_copy(update={"grid": grid_facts(density.geometry), "side": arm.side, "distal_end": "last"})
    notes = (
        note("area-jump", "the area changes abruptly from slice to slice", slices=(7, 8, 16)),
        note("cortical-break", "a break of the cortex", slices=(3,)),
    )
    result = ScanResult(
        kind="ct-series",
        facts=told,
        calibration=CALIBRATION,
        measurements=numbers(spoilt),
        card=QualityCard(findings=notes),
        files=("labels-0001.nii.gz",),
    )
    path = Path(f"/archive/{arm.patient}/series-{number}")
    store.record_result(result, path=path, files=(path / "a.dcm",), subject=found.subject, staging=staging, header=of)


def _add_refused(store: Store, number: int) -> None:
    from bonemetrics.errors import ReadError
    from bonemetrics.records import refusal

    of = header(number, patient="HOSP-8", day=DAY1)
    found = store.assign_subjects([of])[scan_id(of.study_uid, of.series_uid)]
    why = refusal(ReadError("the slices are unevenly spaced", code="uneven-spacing"))
    result = ScanResult(kind="ct-series", facts=facts(of), problems=(why,))
    path = Path(f"/archive/HOSP-8/series-{number}")
    store.record_result(
        result,
        path=path,
        files=(path / "a.dcm",),
        subject=found.subject,
        staging=store.folder.new_staging(),
        header=of,
    )


def session(store: Store, reader: str = "KL", bench: Bench = BENCH) -> Session:
    """A session whose scans open at once."""
    clock = Clock()
    return Session.open(store.folder.root, reader, now=clock.now, clock=clock, bench=bench)


# The window


@contextmanager
def desk_on(
    make_viewer: Any,
    folder: Path,
    *,
    reader: str = "KL",
    seen: bool = True,
    before: Callable[[Store], object] = lambda _store: None,
    **how: Any,
) -> Iterator[ReadingDesk]:
    """A desk on a study that `before` has been at; it is shut before napari looks for canvases that were left."""
    store = study(folder / "study", **how)
    before(store)
    reading = session(store, reader)
    if seen:
        reading.save_state(reading.state().model_copy(update={"tour_seen": True}))
    viewer = make_viewer(show=True)
    desk = ReadingDesk(viewer, reading)
    viewer.window.add_dock_widget(desk, name="Reading desk", area="right")
    wait_until(lambda: not desk.flow.is_busy)
    front(desk.window())
    try:
        yield desk
    finally:
        desk.shut()
        settle(0.1)


def open_case(desk: ReadingDesk, row: int = 0) -> Any:
    """Open one of the cases that wait, with the keyboard."""
    desk.show_page("Cases")
    table = desk.list.table
    waiting = [number for number in range(table.rowCount()) if "waiting" in table.item(number, 0).text()]
    table.selectRow(waiting[row])
    QTest.keyClick(desk.list.table, Qt.Key.Key_Return)
    wait_until(lambda: desk.flow.case is not None and is_idle(desk))
    settle(0.1)
    return desk.flow.case


def idle(desk: ReadingDesk) -> None:
    """Wait until nothing runs and all planes are shown."""
    settle(0.02)
    wait_until(lambda: is_idle(desk))
    settle(0.02)


def is_idle(desk: ReadingDesk) -> bool:
    """Whether nothing runs and no plane is still to be shown."""
    return not desk.flow.is_busy and (desk.stage.planes is None or desk.stage.planes.is_complete)


def press(desk: ReadingDesk, key: str) -> None:
    """Press keys in the window, wherever the focus is."""
    QTest.keySequence(QApplication.focusWidget() or desk.window(), QKeySequence(key))
    idle(desk)


def on_canvas(desk: ReadingDesk, index: tuple[float, float, float]) -> tuple[float, float]:
    """Where a voxel of the shown slice lies on the main canvas, in its own pixels."""
    camera, geometry = desk.viewer.scene.camera, desk.stage.scene.geometry
    widget = main_canvas()
    row, column = ((index[axis] * geometry.spacing_mm[axis] - camera.center[axis]) * camera.zoom for axis in (1, 2))
    return widget.width() / 2 + column, widget.height() / 2 + row


def settle(seconds: float = 0.05) -> None:
    """Let the window work off what waits."""
    QTest.qWait(int(seconds * 1000))


def wait_until(condition: Any, seconds: float = 20.0) -> None:
    """Wait for something; fails where it does not come."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        QTest.qWait(20)
    raise AssertionError("it did not come")


def front(window: QWidget) -> None:
    """Make a window the active one: under Xvfb nobody else does."""
    window.activateWindow()
    QApplication.setActiveWindow(window)
    settle()


def main_canvas() -> QWidget:
    """The widget that gets the mouse events of the main canvas."""
    found = [w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop" and w.isVisible()]
    return max(found, key=lambda one: one.width() * one.height())


def mouse(
    widget: QWidget, kind: QEvent.Type, at: tuple[float, float], buttons: Any = Qt.MouseButton.LeftButton
) -> None:
    """One mouse event, as the window system sends it."""
    place = QPointF(*at)
    pressed = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else buttons
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else buttons
    event = QMouseEvent(
        kind,
        place,
        QPointF(widget.mapToGlobal(QPoint(int(at[0]), int(at[1])))),
        button,
        pressed,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)
    settle(0.01)


def stroke(widget: QWidget, places: Sequence[tuple[float, float]], buttons: Any = Qt.MouseButton.LeftButton) -> None:
    """Press, move and let go."""
    mouse(widget, QEvent.Type.MouseMove, places[0], Qt.MouseButton.NoButton)
    mouse(widget, QEvent.Type.MouseButtonPress, places[0], buttons)
    for place in places[1:]:
        mouse(widget, QEvent.Type.MouseMove, place, buttons)
    mouse(widget, QEvent.Type.MouseButtonRelease, places[-1], buttons)
