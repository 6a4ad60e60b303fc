"""A study of small scans with true label files, and a bench that opens and measures them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bonemetrics.pipeline.opening import OpenedScan, geometry_of
from bonemetrics.quantities import Material
from bonemetrics.readers.labels import write_labels
from bonemetrics.records import Calibration, GridFacts, Measurement, Provenance, QualityCard, ScanResult, note
from bonemetrics.review.bench import Bench, Tick
from bonemetrics.review.session import Session
from bonemetrics.study.create import init_study
from bonemetrics.study.layout import scan_id, sha256_of
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.store import Store
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import DensityVolume, LabelVolume
from tests.study_cases import facts, header

SHAPE = (5, 7, 9)
GRID = GridFacts(
    shape=SHAPE,
    spacing_mm=(2.0, 0.5, 0.4),
    affine_lps=((0.0, 0.0, 0.4, -11.0), (0.0, 0.5, 0.0, 7.0), (2.0, 0.0, 0.0, 23.0), (0.0, 0.0, 0.0, 1.0)),
)
CALIBRATION = Calibration(method="scanner", slope=0.8, intercept=-8.0, material=Material.HA)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
VISITS = """
[[cohorts]]
code = "2M"
title = "2 million cells per kg"
[[visits]]
name = "Baseline"
number = 0
target_day = 1
window = [-30, 30]
baseline = true
[[visits]]
name = "Month 12"
number = 12
target_day = 366
window = [320, 410]
"""
ARCHIVE = Path("/archive")
DAY1 = date(2016, 4, 3)
YEAR_LATER = date(2017, 4, 6)


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


def automatic_labels(seed: int = 0) -> LabelVolume:
    """A block of trabecular bone in a cortical one, off the middle of the grid; `seed` moves it by a column."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    start = 1 + seed % 3
    labels[1:4, 1:6, start : start + 5] = 2
    labels[1:4, 2:5, start + 1 : start + 4] = 1
    return LabelVolume(labels=labels, geometry=geometry_of(GRID))


def number_of(count: float, **parameters: Any) -> Measurement:
    return Measurement(
        quantity="Tt.Ar",
        value=float(count),
        standard_uncertainty=2.5,
        region="total",
        side="left",
        provenance=Provenance(method="voxels/1", software_version="0", input_sha256="a" * 64, parameters=parameters),
    )


def open_density(scan: StoredScan, _protocol: Protocol, folder: Path, tick: Tick) -> tuple[DensityVolume, OpenedScan]:
    """A density that rises by 1 mg/cm³ from voxel to voxel."""
    tick()
    geometry = geometry_of(GRID)
    values = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    path = folder / "density.npy"
    np.save(path, values)
    told = scan.result.facts
    assert told is not None
    opened = OpenedScan(
        path=path,
        grid=GRID,
        material=Material.HA,
        calibration=CALIBRATION,
        input_sha256=scan.input_sha256,
        side=told.side,
        distal_end=told.distal_end,
    )
    density = DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=geometry)
    density.mg_per_cm3.setflags(write=False)
    return density, opened


def measure(_scan: StoredScan, _protocol: Protocol, labels: Path, number: int, tick: Tick) -> ScanResult:
    """Tt.Ar is the number of labelled voxels."""
    from bonemetrics.readers.labels import read_labels

    tick()
    count = np.count_nonzero(read_labels(labels).labels)
    told = {"sha256": sha256_of(labels), "number": number, "source": "edited"}
    card = QualityCard(findings=(note("cortical-break", "after the edit", slices=(3,)),))
    return ScanResult(
        kind="ct-series", measurements=(number_of(count, labels=told),), calibration=CALIBRATION, card=card
    )


QUICK = Bench(open_density=open_density, measure=measure)


@dataclass(slots=True)
class Arm:
    """One scan to be made: of which patient, when, and of which side."""

    patient: str = "HOSP-7"
    day: date | None = DAY1
    side: str = "left"
    distal_end: str | None = "first"
    more: dict[str, Any] = field(default_factory=dict)


PEOPLE = "subject,cohort,day1,patient_ids\nP-007,2M,2016-04-03,HOSP-7\nP-008,2M,2016-04-03,HOSP-8\n"


def study_of(
    folder: Path,
    arms: Sequence[Arm],
    *,
    rules: str = "",
    tables: str = "",
    people: str = "",
    archive: Path = ARCHIVE,
) -> tuple[Store, list[str]]:
    """Make a study with measured scans; gives the store and the scan IDs in the order of `arms`."""
    init_study(folder, user="ana")
    listed = "subjects = 'people.csv'\n" if people else ""
    if people:
        (folder / "people.csv").write_text(people)
    (folder / "study.toml").write_text(f'[study]\nid = "S"\n{listed}{rules}\n{tables}')
    store = Store.open(folder, user="ana")
    return store, [add_scan(store, number, arm, archive) for number, arm in enumerate(arms, start=1)]


def add_scan(store: Store, number: int, arm: Arm, archive: Path = ARCHIVE) -> str:
    """Record one measured scan with its label file; its own file in the archive is only named."""
    of = header(number, patient=arm.patient, day=arm.day)
    found = store.assign_subjects([of])[scan_id(of.study_uid, of.series_uid)]
    staging = store.folder.new_staging()
    labels = automatic_labels(number)
    write_labels(labels, staging / "labels-0001.nii.gz")
    told = facts(of).model_copy(update={"grid": GRID, "side": arm.side, "distal_end": arm.distal_end, **arm.more})
    result = ScanResult(
        kind="ct-series",
        facts=told,
        calibration=CALIBRATION,
        measurements=(number_of(np.count_nonzero(labels.labels)),),
        card=QualityCard(findings=(note("area-jump", "between two slices", slices=(1, 2)),)),
        files=("labels-0001.nii.gz",),
    )
    path = archive / arm.patient / f"series-{number}"
    recorded = store.record_result(
        result, path=path, files=(path / "a.dcm",), subject=found.subject, staging=staging, header=of
    )
    return recorded.scan_id


def session_of(store: Store, reader: str = "KL", clock: Clock | None = None) -> Session:
    """A session without children."""
    clock = clock or Clock()
    return Session.open(store.folder.root, reader, now=clock.now, clock=clock, bench=QUICK)


def key_of(session: Session, scan_id: str, kind: str = "read") -> str:
    """Key of a task by what only a test may know."""
    return next(one.key for one in session.worklist().tasks if (one.scan_id, one.kind) == (scan_id, kind))


def paint(case: Any, *, label: int = 2, place: tuple[int, int, int] = (0, 6, 8)) -> None:
    """Change one voxel of a case that had another label."""
    assert case.labels.labels[place] != label
    case.labels.labels[place] = label
