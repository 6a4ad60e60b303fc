"""Stands in for the measuring of a scan in tests of the batch; runs in guarded children."""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from pathlib import Path

from bonemetrics.batch.look import digest_of, series_of
from bonemetrics.batch.measure import Receipt
from bonemetrics.errors import ReadError
from bonemetrics.pipeline.edited import EditedRequest
from bonemetrics.pipeline.scan import ScanRequest
from bonemetrics.quantities import Material
from bonemetrics.readers.header import header_of
from bonemetrics.records import (
    GridFacts,
    Measurement,
    Problem,
    Provenance,
    ScanFacts,
    ScannerConstants,
    ScanResult,
    note,
    refusal,
)
from tests import guard_targets

TRAPS = {
    "1.666.1": guard_targets.segfault,
    "1.666.2": guard_targets.hang,
    "1.666.3": lambda: guard_targets.ask_for(1 << 33),
    "1.666.4": guard_targets.panic,
    "1.666.5": guard_targets.leave,
}


def measure_quickly(paths: Sequence[str], request: ScanRequest) -> Receipt:
    """One number: the sum of the sizes of the files and of the threshold; or the trap that the series UID names."""
    digest = digest_of(paths)
    series = series_of(paths)
    header = header_of(series.files, digest, len(series.files))
    if request.out is not None:
        _leave_files(request.out, digest)
    if header.series_uid in TRAPS:
        TRAPS[header.series_uid]()
    if header.series_uid == "1.667":
        why = Problem(code="no-bone", severity="refusal", message="nothing here looks like a radius")
        return Receipt(result=ScanResult(kind="ct-series", problems=(why,)), input_sha256=digest)
    if header.series_uid == "1.668":
        raise ReadError("refused by exception", code="not-ct")
    rows = ((1.0, 0.0, 0.0, 0.0), (0.0, 0.5, 0.0, 0.0), (0.0, 0.0, 0.4, 0.0), (0.0, 0.0, 0.0, 1.0))
    number = Measurement(
        quantity="Tb.vBMD",
        value=sum(Path(path).stat().st_size for path in paths) + float(request.protocol.tissue.get("threshold", 0.0)),
        standard_uncertainty=1.5,
        side="left",
        region="trabecular",
        material=Material.HA,
        provenance=Provenance(method="sizes", software_version="0", series_uid=header.series_uid),
    )
    result = ScanResult(
        kind="ct-series",
        facts=ScanFacts(
            header=header,
            constants=ScannerConstants(model="X"),
            grid=GridFacts(shape=(4, 5, 6), spacing_mm=(1.0, 0.5, 0.4), affine_lps=rows),
        ),
        measurements=(number,),
        problems=(note("partial-volume", "thin"),),
        files=("labels-0001.nii.gz", "qc.png"),
    )
    return Receipt(result=result, input_sha256=digest)


def measure_edit_quickly(paths: Sequence[str], request: EditedRequest) -> ScanResult:
    """The numbers of the automatic mask, whatever is drawn; masks that begin with `bad` or `crash` do so."""
    if request.labels.read_bytes().startswith(b"bad"):
        return ScanResult(kind="ct-series", problems=(refusal(ReadError("no labels", code="invalid-labels")),))
    if request.labels.read_bytes().startswith(b"crash"):
        guard_targets.segfault()
    return request.recorded


def _leave_files(out: Path, digest: str) -> None:
    # `STUDY/slow` holds seconds to wait, so that a test can interrupt a run.
    slow = out.parent.parent / "slow"
    if slow.exists():
        time.sleep(float(slow.read_text()))
    (out / "labels-0001.nii.gz").write_bytes(gzip.compress(digest.encode(), mtime=0))
    (out / "qc.png").write_bytes(b"picture")
