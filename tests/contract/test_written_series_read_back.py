"""A series that pydicom wrote comes back with its values, its oblique grid and its constants, in every coding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from bonemetrics.readers.ct import read_ct
from bonemetrics.readers.identify import identify
from bonemetrics.records import ScannerConstants
from bonemetrics.sample.dicom import CtHeader, Meaning, write_series
from bonemetrics.sample.encoding import Coding
from bonemetrics.volume import CtVolume, Geometry

PLAIN = ScannerConstants(manufacturer="ACME", model="CT 1", serial="17", kvp=120.0, kernel="B50")
SCANCO = ScannerConstants(
    manufacturer="SCANCO Medical AG",
    model="XtremeCT II",
    serial="3012",
    kvp=68.0,
    mu_scaling=8192.0,
    mu_water_per_cm=0.2409,
    density_slope=1603.51904,
    density_intercept=-391.209015,
)


def limb(geometry: Geometry) -> CtVolume:
    hu = np.random.default_rng(2).normal(60.0, 30.0, geometry.shape).astype(np.float32)
    # The writer's plain scale ends at -1024 HU, as that of clinical scanners does.
    hu[:, : geometry.shape[1] // 3] = np.maximum(hu[:, : geometry.shape[1] // 3] - 1000.0, -1024.0)
    hu[0, -1, -1], hu[-1, -1, 0] = 700.0, 1500.0
    return CtVolume(hu=hu, geometry=geometry)


@pytest.mark.parametrize("coding", get_args(Coding))
@pytest.mark.parametrize(
    ("constants", "meaning"), [(PLAIN, "hu"), (SCANCO, "hu"), (SCANCO, "density")], ids=["plain", "hu", "density"]
)
def test_series__comes_back_as_written(
    coding: Coding, constants: ScannerConstants, meaning: Meaning, grid: Callable[..., Geometry], tmp_path: Path
) -> None:
    volume = limb(grid(shape=(5, 22, 31)))
    paths = write_series(
        tmp_path, volume, CtHeader(laterality="left"), constants=constants, meaning=meaning, coding=coding
    )
    # File names that run against the positions must not matter.
    for number, path in enumerate(paths):
        path.rename(tmp_path / f"Z{9 - number}")
    series = identify(tmp_path).series
    assert series is not None
    reading = read_ct(series)
    # Half a stored value: 0.5 HU, or half of 1000 / (8192 · 0.2409) = 0.51 HU in native values.
    np.testing.assert_allclose(reading.volume.hu, volume.hu, atol=0.501)
    # Positions and cosines are decimal strings of at most 16 characters.
    assert reading.volume.geometry.distance_mm(volume.geometry) < 1e-6
    assert [note.code for note in reading.notes] == (["rescale-gives-density"] if meaning == "density" else [])
    assert reading.constants.model_dump(exclude={"software", "kernel"}) == constants.model_dump(
        exclude={"software", "kernel"}
    )
    assert reading.header.laterality == "left"
