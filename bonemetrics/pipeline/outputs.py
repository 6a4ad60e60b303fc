"""The files that a measured scan leaves: labels, density preview, quality picture and provenance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bonemetrics.atomic import write_atomic

if TYPE_CHECKING:
    from bonemetrics.records import ScanResult
    from bonemetrics.segmentation.radius import RadiusSegmentation
    from bonemetrics.volume import DensityVolume, LabelVolume

LABELS = "labels-0001.nii.gz"
PREVIEW = "density-preview.nii.gz"
PICTURE = "qc.png"
PROVENANCE = "provenance.json"
_IDENTITY = {"facts": {"header": {"patient_id", "patient_birth_date", "patient_sex"}}}
PREVIEW_VOXELS = 2_000_000


def write_outputs(
    result: ScanResult,
    density: DensityVolume,
    labels: LabelVolume,
    out: Path | None,
    *,
    radius: RadiusSegmentation | None = None,
) -> ScanResult:
    """Write the files of one scan and name them in the result.

    Parameters
    ----------
    result
        The numbers.
    density, labels
        Of the whole scan.
    out
        Folder to write to; `None` writes nothing.
    radius
        Our own segmentation with its contours; without it the labels are a reader's.

    Returns
    -------
    ScanResult
        With `files`.
    """
    if out is None:
        return result
    # matplotlib is loaded only where there is something to draw.
    from bonemetrics.measures.picture import contact_sheet
    from bonemetrics.readers.labels import write_labels
    from bonemetrics.readers.preview import write_preview

    out.mkdir(parents=True, exist_ok=True)
    write_labels(labels, out / LABELS)
    write_preview(density, out / PREVIEW, at_most_voxels=PREVIEW_VOXELS)
    write_atomic(out / PICTURE, contact_sheet(density, labels, result=result, radius=radius))
    result = result.model_copy(update={"files": (LABELS, PREVIEW, PICTURE, PROVENANCE)})
    shown = result.model_dump(mode="json", exclude=_IDENTITY)
    write_atomic(out / PROVENANCE, json.dumps(shown, indent=1, sort_keys=True, allow_nan=False).encode())
    return result
