"""A CT series looked at outside any study: decoded in a guarded child, as density where the file says how."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bonemetrics.batch.guard import Limits, run_guarded
from bonemetrics.calibration.apply import to_density
from bonemetrics.calibration.scanner import from_scanner
from bonemetrics.errors import CalibrationError, ReadError
from bonemetrics.pipeline.opening import geometry_of
from bonemetrics.pipeline.scan import grid_facts
from bonemetrics.quantities import Material
from bonemetrics.readers.ct import read_ct
from bonemetrics.readers.identify import identify
from bonemetrics.records import GridFacts, Record
from bonemetrics.volume import CtVolume, DensityVolume

_DEFAULTS = Limits()
_FILE = "view.npy"


class Viewed(Record):
    """What a child says of a series that it has written out: densities where `material` is known, HU where it is not.

    `reason` says why there is no density.
    """

    path: Path
    grid: GridFacts
    material: Material | None = None
    reason: str = ""


def view_series(path: Path, folder: Path, *, limits: Limits = _DEFAULTS) -> tuple[DensityVolume | CtVolume, Viewed]:
    """Read one CT series.

    Parameters
    ----------
    path
        A folder with one series, or one of its files.
    folder
        Existing private folder that takes the voxels.
    limits
        Memory and time of the child.

    Returns
    -------
    tuple
        Density by the scanner's own calibration, or HU; and what was said of it.

    Raises
    ------
    ReadError
        As the reader refuses the files; `not-ct` where the folder holds no CT series, `several-series` where it holds
        more than one.
    GuardError
        Where the child does not come back.
    """
    viewed = run_guarded(write_view, path, folder, limits=limits)
    values = np.load(viewed.path, allow_pickle=False)
    geometry = geometry_of(viewed.grid)
    if viewed.material is None:
        return CtVolume(hu=values, geometry=geometry), viewed
    return DensityVolume(mg_per_cm3=values, material=viewed.material, geometry=geometry), viewed


def write_view(path: Path, out: Path) -> Viewed:
    """Decode one series and write its voxels; runs in a guarded child."""
    found = identify(path if path.is_dir() else path.parent)
    items = (found,) if found.series is not None else found.items
    series = [item.series for item in items if item.series is not None]
    if len(series) != 1:
        if not series and found.problems:
            raise ReadError(found.problems[0].message, code="not-ct")
        text = f"the folder holds {len(series)} CT series; open the folder of one"
        raise ReadError(text, code="not-ct" if not series else "unsupported-format")
    reading = read_ct(series[0])
    try:
        calibration = from_scanner(reading.constants)
        density, reason = to_density(reading.volume, calibration), ""
    except CalibrationError as error:
        density, reason = None, error.message
    values = reading.volume.hu if density is None else density.mg_per_cm3
    np.save(out / _FILE, values, allow_pickle=False)
    grid = grid_facts(reading.volume.geometry)
    return Viewed(path=out / _FILE, grid=grid, material=density.material if density else None, reason=reason)
