"""Reading in a real napari window: `python -m tests.benchmarks.review`.

Opening a scan of 168 × 512 × 512 voxels; a step through slices with contours, brush, undo and memory at 168 × 1000 ×
1000. The reference is napari alone with the same arrays in the same window: an image and labels with contour, its own
brush of the same size, its own undo; for opening, SimpleITK and nibabel read the same files. Both are driven by mouse
events. A time ends when the main canvas is drawn anew, and for the desk, which has three, a second one when the two
planes show it as well. Each side runs in a process of its own. Where there is no display the script starts itself under
`xvfb-run`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

OPENED, WORKED = (168, 512, 512), (168, 1000, 1000)
PROMISED_S = 3.0
START_S = 12.0
SPACING_MM = 0.082
RADIUS_MM = 0.5
WINDOW = (1600, 950)
STEPS, STROKES, OPENINGS = 9, 3, 3
N_SCANS = 3
AHEAD_S = 12.0
TRABECULAR, CORTICAL = 1, 2


# The scan


def limb(shape: tuple[int, int, int]) -> np.ndarray:
    """Squared distance from the axis; the bone ends at 0.5."""
    rows, columns = np.mgrid[-1 : 1 : shape[1] * 1j, -1 : 1 : shape[2] * 1j]
    return rows**2 + columns**2


def write_series(folder: Path, shape: tuple[int, int, int], number: int) -> None:
    """A noisy limb in air; the noise of one slice, moved on by a few rows each time."""
    from tests.dicom_bytes import ct_slice

    noise = np.random.default_rng(1).normal(0, 30, shape[1:])
    bone = np.where(limb(shape) < 0.5, 1100, 24)
    for k in range(shape[0]):
        stored = (bone + np.roll(noise, 7 * k, axis=0)).astype(np.int16)
        one = ct_slice(stored, (-20.0, -20.0, SPACING_MM * k), k + 1)
        for tag in (0x0020000D, 0x0020000E):
            one.elements[tag] = (one.elements[tag][0], f"{one.elements[tag][1]}.{number + 1}")
        one.elements[0x00280030] = ("DS", f"{SPACING_MM}\\{SPACING_MM}")
        (folder / f"{k:04d}.dcm").write_bytes(one.encode())


def labels_of(shape: tuple[int, int, int]) -> np.ndarray:
    """A cortex around trabecular bone in every slice."""
    within = limb(shape)
    one = np.where(within < 0.36, TRABECULAR, np.where(within < 0.5, CORTICAL, 0)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(one, shape))


def make_study(folder: Path, shape: tuple[int, int, int], *, n_scans: int = 1) -> None:
    """A study with measured scans, as `bonemetrics run` would leave it; nothing of it is measured here."""
    from bonemetrics.study.create import init_study
    from bonemetrics.study.store import Store

    store = Store.open(init_study(folder / "study").root)
    for number in range(n_scans):
        series = folder / (f"series-{number}" if number else "series")
        series.mkdir()
        write_series(series, shape, number)
        add_scan(store, series, shape)


def add_scan(store: Any, series: Path, shape: tuple[int, int, int]) -> None:
    """Keep a series with its labels as a measured scan."""
    from bonemetrics.readers.labels import write_labels
    from bonemetrics.volume import LabelVolume
    from tests.benchmarks.open_scan import stored

    scan = stored(series)
    facts = scan.result.facts
    assert facts is not None
    ours = store.assign_subjects([facts.header])
    staging = store.folder.new_staging()
    from bonemetrics.pipeline.opening import geometry_of

    labels = LabelVolume(labels=labels_of(shape), geometry=geometry_of(facts.grid))
    write_labels(labels, staging / "labels-0001.nii.gz")
    store.record_result(
        scan.result.model_copy(update={"files": ("labels-0001.nii.gz",)}),
        path=series,
        files=tuple(Path(one) for one in scan.source_files),
        subject=next(iter(ours.values())).subject,
        staging=staging,
        header=facts.header,
    )


# The window


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds until the main canvas is drawn anew, and until every canvas is."""

    main: float
    every: float

    def named(self, name: str) -> dict[str, float]:
        """As a process hands them on."""
        return {name: self.main, f"{name}, every canvas": self.every}


def medians(found: Sequence[Times]) -> Times:
    return Times(main=statistics.median(one.main for one in found), every=statistics.median(one.every for one in found))


class Window:
    """A napari window of fixed size, its canvases and its mouse."""

    def __init__(self) -> None:
        import napari

        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(*WINDOW)
        self.catch_up: Callable[[], object] = lambda: None
        self.settle(1.0)

    def settle(self, seconds: float = 0.1) -> None:
        """Let the window work off what waits."""
        from qtpy.QtTest import QTest

        QTest.qWait(int(1000 * seconds))

    def canvases(self) -> list[Any]:
        """Canvases on the screen, the largest, which is the main one, first."""
        from qtpy.QtWidgets import QApplication

        found = [w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop" and w.isVisible()]
        return sorted(found, key=lambda one: -one.width() * one.height())

    def timed(self, act: Callable[[], object]) -> Times:
        """Seconds until the main canvas, and until every canvas, is drawn after an act."""
        main, *others = self.canvases()
        start = time.perf_counter()
        act()
        main.grabFramebuffer()
        shown = time.perf_counter() - start
        self.catch_up()
        for one in others:
            one.grabFramebuffer()
        spent = Times(main=shown, every=time.perf_counter() - start)
        self.settle()
        return spent

    def mouse(self, kind: str, at: tuple[float, float]) -> None:
        """One event of the left button on the main canvas, as the window system sends it."""
        from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        canvas = self.canvases()[0]
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button, held = {
            "MouseMove": (none, left),
            "MouseButtonPress": (left, left),
            "MouseButtonRelease": (left, none),
        }[kind]
        where = QPointF(canvas.mapToGlobal(QPoint(int(at[0]), int(at[1]))))
        event = QMouseEvent(
            getattr(QEvent.Type, kind), QPointF(*at), where, button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(canvas, event)

    def stroke(self, number: int) -> list[Times]:
        """Paint a short stroke; seconds of the press and of each move, drawn."""
        canvas = self.canvases()[0]
        x, y = canvas.width() / 2 - 40, canvas.height() / 2 - 60 + 30 * number
        spent = [self.timed(lambda: self.mouse("MouseButtonPress", (x, y)))]
        for step in range(1, 4):
            spent.append(self.timed(lambda at=(x + 12 * step, y): self.mouse("MouseMove", at)))  # type: ignore[misc]
        self.timed(lambda: self.mouse("MouseButtonRelease", (x + 36, y)))
        return spent

    def steps(self) -> Times:
        """Seconds of a step to the next slice, median."""
        first = WORKED[0] // 2
        at = range(first, first + STEPS)
        return medians([self.timed(lambda k=k: self.viewer.dims.set_current_step(0, k)) for k in at])  # type: ignore[misc]


def strokes(window: Window, labels: Callable[[], np.ndarray], undo: Callable[[], object]) -> tuple[Times, Times]:
    """Median seconds of an event of a stroke and of undo; each stroke must paint, and undo take it back."""
    painted, undone = [], []
    for number in range(STROKES):
        before = int(np.count_nonzero(labels() == CORTICAL))
        painted += window.stroke(number)
        if int(np.count_nonzero(labels() == CORTICAL)) == before:
            raise SystemExit("the stroke painted nothing, so nothing was measured")
        undone.append(window.timed(undo))
        if int(np.count_nonzero(labels() == CORTICAL)) != before:
            raise SystemExit("the undo took back another stroke")
    return medians(painted), medians(undone)


def highest_memory() -> int:
    """Highest resident memory of this process in bytes; not getrusage, whose peak is inherited."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


# Ours


@contextmanager
def reading_desk(window: Window, study: Path) -> Iterator[Any]:
    from napari_bonemetrics.desk import ReadingDesk

    from bonemetrics.review.session import Session

    session = Session.open(study, "KL")
    session.save_state(session.state().model_copy(update={"tour_seen": True}))
    desk = ReadingDesk(window.viewer, session)
    window.viewer.window.add_dock_widget(desk, name="Reading desk", area="right")
    # The first child waits for the server that all children are born from.
    window.settle(START_S)
    try:
        yield desk
    finally:
        desk.shut()
        window.settle(0.2)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Seconds until the first slice is on all canvases and on the main one, until it is read, and of CPU."""

    total: float
    main: float
    read: float
    cpu: float


def open_case(window: Window, desk: Any, number: int = 0) -> Opening:
    """Ask for a case of the list and wait until it is drawn."""
    from qtpy.QtTest import QTest

    key = desk.flow.session.worklist().tasks[number].key
    ended: list[float] = []

    def note(busy: bool) -> None:
        if not busy:
            ended.append(time.perf_counter())

    desk.flow.busy_changed.connect(note)
    start, cpu = time.perf_counter(), time.process_time()
    desk.open_key(key)
    drawn: float | None = None
    while desk.flow.case is None or desk.flow.is_busy or not desk.stage.planes.is_complete:
        if drawn is None and desk.flow.case is not None and not desk.flow.is_busy:
            window.canvases()[0].grabFramebuffer()
            drawn = time.perf_counter() - start
        QTest.qWait(5)
    # The first opening makes two canvases more.
    for one in window.canvases():
        one.grabFramebuffer()
    total = time.perf_counter() - start
    found = Opening(total=total, main=drawn or total, read=ended[0] - start, cpu=time.process_time() - cpu)
    window.catch_up = desk.stage.planes.catch_up
    desk.flow.busy_changed.disconnect(note)
    window.settle(0.5)
    return found


def desk_opens(study: Path) -> dict[str, float]:
    window = Window()
    with reading_desk(window, study) as desk:
        spent = []
        for _ in range(OPENINGS):
            spent.append(open_case(window, desk))
            leave(window, desk)
        ahead = []
        for number in range(1, N_SCANS):
            open_case(window, desk, number - 1)
            window.settle(AHEAD_S)
            leave(window, desk)
            ahead.append(open_case(window, desk, number))
            leave(window, desk)
    following = {f"{name} ahead": one for name, one in openings([ahead[0], *ahead]).items()}
    return {**openings(spent), **following}


def leave(window: Window, desk: Any) -> None:
    desk.leave_case()
    window.settle(0.5)


def openings(spent: Sequence[Opening]) -> dict[str, float]:
    """The first opening, and medians of the others."""
    median = {
        name: statistics.median(getattr(one, name) for one in spent[1:]) for name in ("total", "main", "read", "cpu")
    }
    return {"first": spent[0].total, **median}


def desk_works(study: Path) -> dict[str, float]:
    window = Window()
    with reading_desk(window, study) as desk:
        told = {"first": open_case(window, desk).total, **window.steps().named("step")}
        desk.show_page("Edit")
        for button in desk.edit.label.buttons():
            button.setChecked(button.text() == "Cortical")
        desk.edit.radius.setValue(RADIUS_MM)
        desk.edit.brush.click()
        labels = desk.editor.labels.labels
        for number, name in enumerate(("2D", "3D")):
            desk.edit.shape.buttons()[number].click()
            window.settle()
            painted, undone = strokes(window, lambda: labels, desk.editor.undo)
            told |= painted.named(name) | undone.named(f"undo {name}")
        told["memory"] = highest_memory()
    return told


# napari alone


def show_plain(window: Window, image: np.ndarray, labels: np.ndarray) -> Any:
    how = {"scale": (SPACING_MM,) * 3, "units": ("mm",) * 3}
    window.viewer.add_image(image, contrast_limits=(-300, 1500), **how)
    layer = window.viewer.add_labels(labels, **how)
    layer.contour = 1
    window.viewer.dims.set_current_step(0, image.shape[0] // 2)
    return layer


def plain_opens(series: Path, mask: Path) -> dict[str, float]:
    import nibabel
    import SimpleITK as sitk  # noqa: N813

    window = Window()
    read: list[float] = []

    def act() -> None:
        start = time.perf_counter()
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(series)))
        reader.SetOutputPixelType(sitk.sitkFloat32)
        image = sitk.GetArrayFromImage(reader.Execute())
        labels = np.ascontiguousarray(np.asanyarray(nibabel.load(mask).dataobj).transpose(2, 1, 0))
        read.append(time.perf_counter() - start)
        show_plain(window, image, labels)

    spent = []
    for _ in range(OPENINGS):
        cpu = time.process_time()
        total = window.timed(act).every
        spent.append(Opening(total=total, main=total, read=read[-1], cpu=time.process_time() - cpu))
        window.viewer.layers.clear()
        window.settle(0.5)
    return openings(spent)


def plain_works(volume: Path) -> dict[str, float]:
    window = Window()
    labels = labels_of(WORKED)
    layer = show_plain(window, np.load(volume), labels)
    window.settle(0.5)
    told = window.steps().named("step")
    layer.selected_label = CORTICAL
    layer.brush_size = 2 * RADIUS_MM / SPACING_MM
    layer.mode = "paint"
    for n_axes, name in ((2, "2D"), (3, "3D")):
        layer.n_edit_dimensions = n_axes
        window.settle()
        painted, undone = strokes(window, lambda: labels, layer.undo)
        told |= painted.named(name) | undone.named(f"undo {name}")
    told["memory"] = highest_memory()
    return told


# All together


PARTS: dict[str, Callable[..., dict[str, float]]] = {
    "desk-opens": desk_opens,
    "desk-works": desk_works,
    "plain-opens": plain_opens,
    "plain-works": plain_works,
}


def run_part(name: str, *paths: Path) -> dict[str, float]:
    """Measure in a process of its own; what it says last is what it measured."""
    command = [sys.executable, "-m", "tests.benchmarks.review", "--part", name, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    told: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def measured(folder: Path) -> tuple[dict[str, float], ...]:
    """What the four parts say; napari alone shows the HU of the same series."""
    small, large = folder / "small", folder / "large"
    for place, shape, n_scans in ((small, OPENED, N_SCANS), (large, WORKED, 1)):
        place.mkdir()
        make_study(place, shape, n_scans=n_scans)
    mask = next((small / "study" / "scans").glob("*/labels-0001.nii.gz"))
    opened = run_part("desk-opens", small / "study"), run_part("plain-opens", small / "series", mask)
    from bonemetrics.readers.ct import read_ct
    from bonemetrics.readers.identify import identify

    series = identify(large / "series").series
    assert series is not None
    np.save(large / "volume.npy", read_ct(series).volume.hu)
    return (*opened, run_part("desk-works", large / "study"), run_part("plain-works", large / "volume.npy"))


def tell(desk: dict[str, float], plain: dict[str, float], rows: Sequence[tuple[str, str, str]]) -> None:
    for key, what, unit in rows:
        factor = {"s": 1, "ms": 1000, "MiB": 2**-20}[unit]
        ours, theirs = factor * desk[key], factor * plain[key]
        places = 2 if unit == "s" else 0
        print(f"{what:52} {ours:7.{places}f} {unit:3}  alone {theirs:7.{places}f} {unit:3}  {ours / theirs:5.2f} ×")


def both(key: str, what: str) -> tuple[tuple[str, str, str], ...]:
    return (key, what, "ms"), (f"{key}, every canvas", f"{what}, on every canvas", "ms")


def main() -> None:
    """Measure and print; fail where opening takes longer than promised."""
    if not os.environ.get("DISPLAY"):
        wanted = shutil.which("xvfb-run")
        if wanted is None:
            raise SystemExit("there is no display and no xvfb-run")
        screen = ["-a", "-s", "-screen 0 1600x1000x24"]
        command = [wanted, *screen, sys.executable, "-m", "tests.benchmarks.review"]
        sys.stdout.flush()
        raise SystemExit(subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode)
    with tempfile.TemporaryDirectory() as name:
        desk_opened, plain_opened, desk, plain = measured(Path(name))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}; ours, napari alone, ours against it")
    tell(
        desk_opened,
        plain_opened,
        (
            ("first", "168 × 512 × 512: first opening, to the first slice", "s"),
            ("total", "168 × 512 × 512: later openings", "s"),
            ("main", "of it until the first slice is on the main canvas", "s"),
            ("read", "of it until the scan is read and checked", "s"),
            ("cpu", "CPU time of the window's process in it", "s"),
        ),
    )
    tell(
        {name.removesuffix(" ahead"): one for name, one in desk_opened.items() if name.endswith(" ahead")},
        plain_opened,
        (
            ("total", "168 × 512 × 512: the next case, read ahead", "s"),
            ("main", "of it until the first slice is on the main canvas", "s"),
            ("cpu", "CPU time of the window's process in it", "s"),
        ),
    )
    print(f"168 × 1000 × 1000: first opening {desk['first']:.1f} s")
    tell(
        desk,
        plain,
        (
            *both("step", "a step to the next slice, with contours"),
            *both("2D", "an event of a 2D stroke"),
            *both("undo 2D", "undo of it"),
            *both("3D", "an event of a 3D stroke"),
            *both("undo 3D", "undo of it"),
            ("memory", "highest memory", "MiB"),
        ),
    )
    volume = 4 * np.prod(WORKED)
    print(f"highest memory against a copy of the volume in float32 ({volume / 2**20:.0f} MiB): ", end="")
    print(f"{desk['memory'] / volume:.2f} ×, napari alone {plain['memory'] / volume:.2f} ×")
    if desk_opened["first"] > PROMISED_S:
        raise SystemExit(f"promised: a scan of 168 × 512 × 512 voxels in at most {PROMISED_S:g} s")


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--part", nargs="+")
    part = asked.parse_args().part
    if part:
        print(json.dumps(PARTS[part[0]](*map(Path, part[1:]))), flush=True)
        # Without the tidying of Qt and OpenGL at exit, which is no part of a reading.
        os._exit(0)
    main()
