"""A small scan of a known bone, written as a series and measured, for tests of what is done with stored scans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bonemetrics.batch.measure import settings_hash
from bonemetrics.pipeline.scan import ScanRequest, measure_scan
from bonemetrics.readers.identify import identify
from bonemetrics.readers.labels import read_labels, write_labels
from bonemetrics.readers.series import SeriesFiles
from bonemetrics.records import ScanResult
from bonemetrics.sample.dicom import CtHeader, write_series
from bonemetrics.sample.imaging import SCANCO_XCT2, true_labels
from bonemetrics.study.layout import sha256_of
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import CtVolume, LabelVolume
from tests.segmentation_scans import SCANNER, Scan

PROTOCOL = Protocol()


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """A scan, its files, and what measuring it gave."""

    scan: Scan
    files: tuple[Path, ...]
    result: ScanResult
    out: Path

    @property
    def series(self) -> SeriesFiles:
        found = identify(self.files[0].parent).series
        assert found is not None
        return found

    @property
    def automatic(self) -> LabelVolume:
        """The automatic labels on the grid of the scan as it was read."""
        return read_labels(self.out / "labels-0001.nii.gz").onto(self.scan.geometry)

    @property
    def truth(self) -> LabelVolume:
        return true_labels(self.scan.phantom, self.scan.geometry, self.scan.placement)

    def arm_mm(self) -> np.ndarray:
        """Place of every voxel in the arm, (slice, row, column, xyz)."""
        index = np.stack(np.meshgrid(*[np.arange(n) for n in self.scan.geometry.shape], indexing="ij"), axis=-1)
        return self.scan.placement.to_arm(self.scan.geometry.to_world(index))

    def stored(self) -> StoredScan:
        header = self.result.facts.header
        return StoredScan(
            scan_id="0123456789abcdef",
            version=1,
            subject=None,
            status="measured",
            path=str(self.files[0].parent),
            source_files=tuple(str(path) for path in self.files),
            input_sha256=header.sha256,
            settings_hash=settings_hash(PROTOCOL),
            software_version="0",
            recorded_utc="2024-05-06T07:08:09Z",
            # As the store gives it back: through JSON.
            result=ScanResult.model_validate_json(self.result.model_dump_json()),
        )


def measured(scan: Scan, folder: Path) -> Measured:
    """Write a scan as a series with the scanner's own calibration, and measure it."""
    hu = ((scan.density.mg_per_cm3 - SCANNER.intercept) / SCANNER.slope).astype(np.float32)
    volume = CtVolume(hu=hu, geometry=scan.geometry)
    files = write_series(folder / "series", volume, CtHeader(laterality="left"), constants=SCANCO_XCT2)
    out = folder / "out"
    found = identify(files[0].parent).series
    assert found is not None
    result = measure_scan(found, ScanRequest(protocol=PROTOCOL, out=out))
    return Measured(scan=scan, files=files, result=result, out=out)


def written(labels: LabelVolume, path: Path) -> str:
    """Write labels; gives the hash of the file."""
    write_labels(labels, path)
    return sha256_of(path)
