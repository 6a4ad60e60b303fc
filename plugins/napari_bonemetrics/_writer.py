"""Save labels with their grid; napari's own TIFF forgets spacing and place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bonemetrics.errors import UsageError
from bonemetrics.readers.labels import write_labels
from bonemetrics.volume import Geometry, LabelVolume
from napari_bonemetrics.layers import GEOMETRY

_MOST_LABEL = 65535


def write_labels_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write one Labels layer as `.nii.gz` on the grid that it was opened with.

    Parameters
    ----------
    path
        Ends in `.nii.gz`.
    data, meta
        Of the layer, axes (slice, row, column).

    Raises
    ------
    UsageError
        If the layer has no grid of bonemetrics, or labels outside 0 to 65535.
    """
    geometry = meta.get("metadata", {}).get(GEOMETRY)
    if not isinstance(geometry, Geometry):
        raise UsageError(
            "this layer does not say where it lies in the patient, so it cannot be saved with its grid; "
            "open the scan with bonemetrics and draw on the labels that come with it"
        )
    labels = np.asarray(data)
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) <= _MOST_LABEL:
        raise UsageError("labels are saved from 0 to 65535; this layer has others")
    kind: type[np.unsignedinteger[Any]] = np.uint8 if labels.size == 0 or labels.max() < 256 else np.uint16
    small = labels.astype(kind)
    write_labels(LabelVolume(labels=small, geometry=geometry), Path(path))
    return [path]
