"""Open files in napari: a folder with one CT series, the folder of a study's scan, labels in NIfTI.

Every decode of a foreign file runs in a guarded child. What is refused is refused with its reason, as napari's message.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bonemetrics.batch.guard import run_guarded
from bonemetrics.batch.opening import open_stored_scan
from bonemetrics.batch.viewing import view_series
from bonemetrics.errors import BonemetricsError, ReadError, StudyError
from bonemetrics.readers.labels import read_labels
from bonemetrics.study.layout import sha256_of
from bonemetrics.study.store import Store
from bonemetrics.volume import DensityVolume, LabelVolume
from napari_bonemetrics.layers import ct_layer, density_layer, labels_layer

LayerData = tuple[Any, dict[str, Any], str]
_LABELS = (".nii", ".nii.gz")
_DICOM = (".dcm", ".ima")


class RefusedError(ValueError):
    """What napari shows of a refusal."""


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Whether this plugin can open a path; only names are looked at here."""
    first = Path(path[0] if isinstance(path, list) else path)
    named = first.name.lower().endswith((*_LABELS, *_DICOM))
    return read if named or first.is_dir() else None


def read(path: str | list[str]) -> list[LayerData]:
    """Open a path as layers on their grid in mm.

    Raises
    ------
    RefusedError
        With the reason and the code of the library.
    """
    first = Path(path[0] if isinstance(path, list) else path)
    try:
        if first.name.lower().endswith(_LABELS):
            return [_as_data(labels_layer(_labels(first), name="Labels"))]
        if _is_stored_scan(first):
            return _stored_scan(first)
        return _series(first)
    except BonemetricsError as error:
        raise RefusedError(f"{error.code}: {error.message}") from None


def _labels(path: Path) -> LabelVolume:
    labels: LabelVolume
    with tempfile.TemporaryDirectory(prefix="bonemetrics-") as folder:
        copy = Path(folder) / "labels.nii.gz"
        run_guarded(copy_labels, path, copy)
        # The child has inflated and judged the file; what it wrote is ours.
        labels = read_labels(copy)
    return labels


def copy_labels(path: Path, copy: Path) -> None:
    """Read foreign labels and write them anew; runs in a guarded child."""
    from bonemetrics.readers.labels import write_labels

    write_labels(read_labels(path), copy)


def _series(path: Path) -> list[LayerData]:
    with tempfile.TemporaryDirectory(prefix="bonemetrics-") as folder:
        volume, _ = view_series(path, Path(folder))
    layer = density_layer(volume) if isinstance(volume, DensityVolume) else ct_layer(volume)
    return [_as_data(layer)]


def _is_stored_scan(path: Path) -> bool:
    return path.parent.name == "scans" and (path.parent.parent / "study.toml").is_file()


def _stored_scan(path: Path) -> list[LayerData]:
    store = Store.open(path.parent.parent)
    if store.reading.rules.is_blinded:
        # A layer keeps the path that it was opened from, and the path leads to everything that is hidden.
        text = (
            "this study is read blinded; open its scans in the reading desk (Layers → Segment, or bonemetrics review)"
        )
        raise StudyError(text, code="unknown-reader")
    scan = store.scan(path.name)
    if scan.labels is not None:
        _require_recorded(store.reading.path_of(scan.labels), scan.labels.sha256)
    with tempfile.TemporaryDirectory(prefix="bonemetrics-") as folder:
        density, _ = open_stored_scan(scan, store.protocol, Path(folder))
        layers = [density_layer(_in_memory(density))]
    if scan.labels is not None:
        labels = read_labels(store.reading.path_of(scan.labels)).onto(density.geometry)
        layers.append(labels_layer(labels, editable=False))
    return [_as_data(layer) for layer in layers]


def _require_recorded(path: Path, sha256: str) -> None:
    if not path.is_file() or sha256_of(path) != sha256:
        text = "the mask is not the one that was recorded; `bonemetrics verify` says what else was changed"
        raise ReadError(text, code="input-changed")


def _in_memory(density: DensityVolume) -> DensityVolume:
    """The mapped file goes with its folder."""
    return DensityVolume(mg_per_cm3=density.mg_per_cm3.copy(), material=density.material, geometry=density.geometry)


def _as_data(layer: Any) -> LayerData:
    data: LayerData = layer.as_layer_data_tuple()
    return data
