"""Reading a 512 × 512 × 168 int16 CT series, against `numpy.fromfile` and SimpleITK in the same run.

`python tests/benchmarks/read_series.py` prints wall and CPU time (best and median of several warm rounds that take
turns), the ratios that are promised, and the peak memory of a fresh process that does nothing but read.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bonemetrics.readers.ct import read_ct
from bonemetrics.readers.identify import identify
from tests.dicom_bytes import ct_slice

SHAPE = (168, 512, 512)
ROUNDS = 9


def write(folder: Path) -> None:
    """A noisy limb in air, 0.082 mm pixels."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[-1 : 1 : SHAPE[1] * 1j, -1 : 1 : SHAPE[2] * 1j]
    limb = np.where(rows**2 + columns**2 < 0.5, 1100, 24)
    for k in range(SHAPE[0]):
        stored = (limb + rng.normal(0, 30, SHAPE[1:])).astype(np.int16)
        (folder / f"{k:04d}.dcm").write_bytes(ct_slice(stored, (-20.0, -20.0, 0.082 * k), k + 1).encode())


def ours(folder: Path) -> np.ndarray:
    """Find, check, hash and read."""
    series = identify(folder).series
    assert series is not None
    return read_ct(series).volume.hu


def from_file(folder: Path) -> list[np.ndarray]:
    """The floor: the same bytes into arrays that stay, as a volume does; no DICOM."""
    return [np.fromfile(path, dtype=np.int16) for path in sorted(folder.iterdir())]


def from_file_dropped(folder: Path) -> int:
    """The same bytes read and forgotten file by file, which costs no fresh memory."""
    return sum(np.fromfile(path, dtype=np.int16).size for path in sorted(folder.iterdir()))


def simpleitk(folder: Path) -> object:
    """Find, sort and read to float32."""
    import SimpleITK as sitk  # noqa: N813

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    reader.SetOutputPixelType(sitk.sitkFloat32)
    return reader.Execute()


def timed(work: Callable[[Path], object], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work(folder)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    del result
    return spent


def peak_bytes(folder: str) -> int:
    """Peak resident memory of this process after one read."""
    ours(Path(folder))
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def main() -> None:
    """Write the series, take turns, print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        contestants = {
            "numpy.fromfile": from_file,
            "fromfile, dropped": from_file_dropped,
            "SimpleITK": simpleitk,
            "bonemetrics": ours,
        }
        times: dict[str, list[tuple[float, float]]] = {label: [] for label in contestants}
        for number in range(ROUNDS + 1):
            for label, work in contestants.items():
                spent = timed(work, folder)
                if number:
                    times[label].append(spent)
        best = {}
        for label, spent_all in times.items():
            walls, cpus = zip(*spent_all, strict=True)
            best[label] = min(walls)
            print(
                f"{label:18} wall best {best[label]:.3f} s, median {statistics.median(walls):.3f} s; "
                f"CPU best {min(cpus):.3f} s, median {statistics.median(cpus):.3f} s"
            )
        # Of rounds that take turns the best ones are compared: noise of other processes only ever adds.
        for label, promise in (
            ("numpy.fromfile", " (promised: at most 6)"),
            ("fromfile, dropped", ""),
            ("SimpleITK", " (promised: at most 1)"),
        ):
            print(f"against {label:18} {best['bonemetrics'] / best[label]:.2f} ×{promise}")
        peak = int(subprocess.check_output([sys.executable, __file__, "--peak", name]))
        volume = 2 * int(np.prod(SHAPE))
        print(f"peak memory: {peak / 2**20:.0f} MiB, {peak / volume:.2f} × the int16 volume (promised: at most 3.5)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        print(peak_bytes(sys.argv[2]))
    else:
        main()
