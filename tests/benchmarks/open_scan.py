"""Opening a stored scan of 168 × 512 × 512 voxels through a guarded child.

`python tests/benchmarks/open_scan.py` prints the wall time of every opening: the first waits for the server that all
children are born from, unless `prepare_children` was called at the start of the session, as a reading program does.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bonemetrics.batch.opening import open_stored_scan, prepare_children
from bonemetrics.pipeline.scan import grid_facts
from bonemetrics.quantities import Material
from bonemetrics.readers.ct import read_ct
from bonemetrics.readers.identify import identify
from bonemetrics.records import Calibration, ScanFacts, ScanResult
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.stored import StoredScan
from tests.benchmarks.read_series import write

ROUNDS = 5
PROMISED_S = 3.0
START_S = 10.0


def stored(folder: Path) -> StoredScan:
    """The series as a study would have it."""
    series = identify(folder).series
    assert series is not None
    reading = read_ct(series)
    facts = ScanFacts(
        header=reading.header, constants=reading.constants, grid=grid_facts(reading.volume.geometry), side="left"
    )
    line = Calibration(method="given", slope=0.8, intercept=-8.0, material=Material.HA)
    return StoredScan(
        scan_id="0123456789abcdef",
        version=1,
        subject=None,
        status="measured",
        path=str(folder),
        source_files=tuple(str(path) for path in series.paths),
        input_sha256=reading.header.sha256,
        settings_hash="",
        software_version="0",
        recorded_utc="2024-05-06T07:08:09Z",
        result=ScanResult(kind="ct-series", facts=facts, calibration=line),
    )


def main() -> None:
    """Write the series, open it several times, print."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as out:
        write(Path(name))
        scan = stored(Path(name))
        prepare_children()
        time.sleep(START_S)
        for number in range(1, ROUNDS + 1):
            start = time.perf_counter()
            density, _ = open_stored_scan(scan, Protocol(), Path(out))
            middle = float(density.mg_per_cm3[84].mean())
            spent = time.perf_counter() - start
            print(f"opening {number}: {spent:.2f} s (promised: at most {PROMISED_S:g}); mean {middle:.0f} mg/cm³")


if __name__ == "__main__":
    main()
