"""The picture that a GE densitometer stores: no number in it, and the region in its protocol's name only."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from bonemetrics.sample.dxa.dicom_header import dataset
from bonemetrics.sample.dxa.exam import Exam
from bonemetrics.sample.dxa.words import lunar_site

_ROWS, _COLUMNS = 96, 72


def image(exam: Exam) -> Dataset:
    """A CR image of 8 bits without results.

    Parameters
    ----------
    exam
        A scan on a Lunar densitometer.
    """
    found = dataset(exam, "dicom-image", ComputedRadiographyImageStorage, modality="CR")
    found.SeriesDescription, found.ProtocolName = "DXA Images", lunar_site(exam)
    found.PerformedProcedureStepDescription = lunar_site(exam)
    found.BodyPartExamined = found.ViewPosition = found.Laterality = ""
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.Rows, found.Columns = _ROWS, _COLUMNS
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 8, 8, 7, 0
    found.PixelData = _bone().tobytes()
    found["PixelData"].VR = "OB"
    return found


def _bone() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    row, column = np.mgrid[:_ROWS, :_COLUMNS]
    spine = (np.abs(column - _COLUMNS / 2) < 13) & (row % 20 > 3)
    return np.where(spine, 170, 40 + row // 4).astype(np.uint8)
