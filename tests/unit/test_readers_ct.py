"""Reading whole series: what comes back is right in value and place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bonemetrics.readers.ct import CtReading, ReadOptions, read_ct
from bonemetrics.readers.identify import identify
from tests.dicom_bytes import reference_series, write_series


def read(path: Path, **options: bool) -> CtReading:
    series = identify(path).series
    assert series is not None
    return read_ct(series, options=ReadOptions(**options))


def test_read_ct__reference_series_has_355_hu_in_its_block(tmp_path: Path) -> None:
    reading = read(write_series(tmp_path / "scan", reference_series()))
    assert reading.volume.hu.dtype == np.float32
    assert reading.volume.hu[:, 16:48, 16:48].mean() == pytest.approx(355.0, abs=1e-4)
    assert reading.volume.hu[3, 20, 20] == 330.0
    assert reading.volume.geometry.spacing_mm == pytest.approx((1.0, 0.5, 0.5))
    assert reading.notes == ()
    assert reading.header.n_files == 12
