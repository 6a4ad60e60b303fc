"""A stored scan read again to be looked at: the recorded calibration on the recorded input, and nothing fitted anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import CalibrationError, ReadError
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, End, GridFacts, Record, ScanFacts, ScanResult, Side
from bonemetrics.volume import Geometry

if TYPE_CHECKING:
    from bonemetrics.readers.ct import CtReading
    from bonemetrics.readers.series import SeriesFiles
    from bonemetrics.study.protocol import Protocol
    from bonemetrics.volume import DensityVolume

DENSITY_FILE = "density.npy"


class OpenedScan(Record):
    """What a child says of a scan that it has written out as density.

    `path` is a float32 `.npy` file in mg/cm³ of `material`, axes (slice, row, column). Side and distal end are those of
    the stored result with their sources, for the letters on a picture; `None` where nothing tells them.
    """

    path: Path
    grid: GridFacts
    material: Material
    calibration: Calibration
    input_sha256: str
    side: Side | None = None
    side_source: str = ""
    distal_end: End | None = None
    distal_source: str = ""

    @property
    def geometry(self) -> Geometry:
        """The grid of the scan."""
        return geometry_of(self.grid)


def open_scan(series: SeriesFiles, *, recorded: ScanResult, protocol: Protocol, out: Path) -> OpenedScan:
    """Write the density of a stored scan to a file. Made to run in a guarded child.

    Parameters
    ----------
    series
        The files, from `identify`.
    recorded
        The stored result: its calibration is applied as it stands, its input and grid must be those of the files.
    protocol
        For the options of reading.
    out
        Existing folder that takes `density.npy`; an older file of that name is replaced.

    Returns
    -------
    OpenedScan
        Small; the density is in the file.

    Raises
    ------
    ReadError
        `input-changed` where the files are not those that were measured, or as the reader refuses them.
    CalibrationError
        `no-calibration` where the stored result has none, `no-hu` where it is no line.
    GeometryMismatchError
        If the files lie on another grid than was recorded.
    """
    from bonemetrics.calibration.apply import density_slices

    facts, calibration = required_record(recorded)
    reading = read_again(series, facts=facts, protocol=protocol)
    return OpenedScan(
        path=_written(density_slices(reading.volume, calibration), facts.grid.shape, out / DENSITY_FILE),
        grid=facts.grid,
        material=calibration.material,
        calibration=calibration,
        input_sha256=reading.header.sha256,
        side=facts.side,
        side_source=facts.side_source,
        distal_end=facts.distal_end,
        distal_source=facts.distal_source,
    )


def required_record(recorded: ScanResult) -> tuple[ScanFacts, Calibration]:
    """Facts and calibration of a stored result.

    Raises
    ------
    CalibrationError
        `no-calibration` where one of them is not there.
    """
    if recorded.facts is None or recorded.calibration is None:
        reason = recorded.refusal.code if recorded.refusal else "no reason"
        raise CalibrationError(
            f"the stored result has no calibration ({reason}), so the scan has no density; run the study again",
            code="no-calibration",
        )
    return recorded.facts, recorded.calibration


def density_again(
    series: SeriesFiles, *, facts: ScanFacts, calibration: Calibration, protocol: Protocol
) -> tuple[CtReading, DensityVolume]:
    """Read a stored scan and calibrate it as it was; see `open_scan` for parameters and errors."""
    from bonemetrics.calibration.apply import to_density

    reading = read_again(series, facts=facts, protocol=protocol)
    return reading, to_density(reading.volume, calibration)


def read_again(series: SeriesFiles, *, facts: ScanFacts, protocol: Protocol) -> CtReading:
    """Read a stored scan and see that it is the one that was measured; see `open_scan` for parameters and errors."""
    from bonemetrics.readers.ct import read_ct

    reading = read_ct(series, options=protocol.reading)
    if reading.header.sha256 != facts.header.sha256:
        raise ReadError(
            "the files are not the ones that were measured; put them back, or run the study again", code="input-changed"
        )
    geometry_of(facts.grid).require_same_grid(reading.volume.geometry)
    return reading


def geometry_of(grid: GridFacts) -> Geometry:
    """A recorded grid as the volumes use it."""
    return Geometry(
        shape=grid.shape,
        affine_lps=np.array(grid.affine_lps, dtype=np.float64),
        frame_of_reference_uid=grid.frame_of_reference_uid,
    )


def _written(slices: Iterable[npt.NDArray[np.float32]], shape: tuple[int, int, int], path: Path) -> Path:
    """Write slices as one `.npy` file of float32; a volume of them is never in memory."""
    # A caller may have the older file mapped: it keeps it, and this one gets the name only when it is whole.
    half_done = path.with_name(f".{path.name}")
    with half_done.open("wb") as file:
        kind = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, kind)
        for one in slices:
            file.write(one.data)
    half_done.replace(path)
    return path
