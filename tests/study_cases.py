"""Made-up headers and results for tests of the study room."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bonemetrics.records import (
    GridFacts,
    Measurement,
    Problem,
    Provenance,
    ScanFacts,
    ScanHeader,
    ScannerConstants,
    ScanResult,
)
from bonemetrics.study.layout import StudyFolder

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2016, 4, 3)


def header(
    number: int,
    *,
    patient: str = "HOSP-7",
    birth: str = "19500102",
    sex: str = "F",
    day: date | None = DAY,
    sha256: str = "a" * 64,
) -> ScanHeader:
    return ScanHeader(
        patient_id=patient,
        patient_birth_date=birth,
        patient_sex=sex,
        study_uid=f"1.2.{number}",
        series_uid=f"1.2.{number}.7",
        scan_date=day,
        sha256=sha256,
    )


def facts(
    of: ScanHeader,
    *,
    serial: str = "3012",
    model: str = "XtremeCT II",
    kvp: float | None = 68.0,
    kernel: str = "B70",
    spacing_mm: tuple[float, float, float] = (0.5, 0.25, 0.2),
) -> ScanFacts:
    return ScanFacts(
        header=of,
        constants=ScannerConstants(serial=serial, model=model, kvp=kvp, kernel=kernel),
        grid=GridFacts(shape=(4, 5, 6), spacing_mm=spacing_mm, affine_lps=((1.0, 0.0, 0.0, 0.0),) * 4),
    )


def result(of: ScanHeader, *, value: float = 301.5, notes: tuple[Problem, ...] = (), **scanner: object) -> ScanResult:
    number = Measurement(
        quantity="Tt.Ar",
        value=value,
        standard_uncertainty=2.5,
        region="total",
        side="left",
        provenance=Provenance(method="compartments/1", software_version="0", series_uid=of.series_uid),
    )
    return ScanResult(
        kind="ct-series",
        facts=facts(of, **scanner),  # type: ignore[arg-type]
        measurements=(number,),
        problems=notes,
        files=("labels-0001.nii.gz", "qc.png"),
    )


def staged(folder: StudyFolder, labels: bytes = b"mask", picture: bytes = b"picture") -> Path:
    place = folder.new_staging()
    (place / "labels-0001.nii.gz").write_bytes(labels)
    (place / "qc.png").write_bytes(picture)
    return place


WRITER = """
import sys
from pathlib import Path
from bonemetrics.study.store import Store
from tests.study_cases import header
study, number = Path(sys.argv[1]), int(sys.argv[2])
store = Store.open(study, user=f"u{number}")
for step in range(5):
    of = header(100 * number + step, patient=f"{number}-{step}")
    store.assign_subjects([of])
    store.record_refusal(code="no-bone", message="x", path=Path(f"/in/{number}/{step}"), header=of)
"""
"""A program that writes to a study beside others; arguments: study folder, number of the writer."""
