"""A look at one series without measuring it: grid, calibration and every problem found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bonemetrics.errors import BonemetricsError
from bonemetrics.records import Calibration, GridFacts, Problem, Record, note, refusal

if TYPE_CHECKING:
    from bonemetrics.readers.series import SeriesFiles
    from bonemetrics.study.protocol import Protocol


class Look(Record):
    """What was seen of one series."""

    grid: GridFacts | None = None
    calibration: Calibration | None = None
    problems: tuple[Problem, ...] = ()


def look_at(series: SeriesFiles, protocol: Protocol) -> Look:
    """Read a series with every check and see how it would be calibrated.

    A missing calibration is a note here: the file is sound, and `--calibration` can still be given when it is
    measured.

    Parameters
    ----------
    series
        The files, from `identify`.
    protocol
        Its phantoms and calibration entries are tried.

    Returns
    -------
    Look
        Without a grid where the series is refused.
    """
    from bonemetrics.pipeline.calibrate import calibrate
    from bonemetrics.pipeline.scan import grid_facts
    from bonemetrics.readers.ct import read_ct
    from bonemetrics.segmentation.rods import find_rods

    try:
        reading = read_ct(series, options=protocol.reading)
    except BonemetricsError as error:
        return Look(problems=(refusal(error), *series.notes))
    grid = grid_facts(reading.volume.geometry)
    try:
        calibration, notes = calibrate(reading, find_rods(reading.volume), protocol)
    except BonemetricsError as error:
        missing = note("not-calibrated", f"{error.code}: {error.message}")
        return Look(grid=grid, problems=(*reading.notes, missing))
    return Look(grid=grid, calibration=calibration, problems=(*reading.notes, *notes))
