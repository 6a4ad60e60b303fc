"""Segmentations in NIfTI files, with their own grid; nothing is inflated before its size is known."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.atomic import write_atomic
from bonemetrics.errors import ReadError
from bonemetrics.readers.files import open_regular, read_range, require_unchanged
from bonemetrics.readers.limits import MAX_LABEL_BYTES
from bonemetrics.volume import LabelVolume

_GZIP = b"\x1f\x8b"
_HEADER = 348
_HEADER_2 = 540
_NOT_ORTHOGONAL = 1e-3
_MM, _UNKNOWN_UNIT = 2, 0


def read_labels(path: Path) -> LabelVolume:
    """Read a segmentation from NIfTI (`.nii`, `.nii.gz`).

    Parameters
    ----------
    path
        A regular file. Labels may be stored in any integer or floating type as long as they are whole numbers from
        0 to 65535.

    Returns
    -------
    LabelVolume
        On the file's own grid, axes (slice, row, column) = (k, j, i) of the file, in LPS mm by its sform, else its
        qform; permuted, flipped and oblique axes are kept as they are. Use `LabelVolume.onto` to bring it to a scan.

    Raises
    ------
    ReadError
        `invalid-labels` where the file is no NIfTI, is damaged, has neither sform nor qform, a sheared or singular
        one, is not in mm, is not three-dimensional or holds other values; `too-large` above 1 GiB.
    """
    data = _inflated(path)
    nibabel_image = _parse(data)
    array = np.asanyarray(nibabel_image.dataobj)
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3 or 0 in array.shape:
        raise _invalid(f"labels need three axes, found shape {array.shape}")
    return LabelVolume.from_ras(_whole_numbers(array), _affine(nibabel_image.header))


def _inflated(path: Path) -> bytes:
    with open_regular(path) as (descriptor, stamp):
        if stamp.size > MAX_LABEL_BYTES:
            raise ReadError(f"the label file has {stamp.size} bytes", code="too-large")
        data = read_range(descriptor, 0, stamp.size)
        require_unchanged(descriptor, stamp)
    if not data.startswith(_GZIP):
        return data
    try:
        start = _gunzip(data, _HEADER_2)
        # The header names the size; inflate that and not a byte more. From the start, for joining would copy it all.
        wanted = _claimed_bytes(start)
        return _gunzip(data, wanted) if wanted > len(start) else start
    except zlib.error:
        raise _invalid("the compressed file is damaged") from None


def _gunzip(data: bytes, size: int) -> bytes:
    """The first bytes of what is packed."""
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, size)


def _claimed_bytes(start: bytes) -> int:
    """Size of the inflated file by its header, refused above the limit."""
    header = _header(start)
    shape = [int(size) for size in header.get_data_shape()]
    if min(shape, default=0) < 0:
        raise _invalid(f"labels of shape {tuple(shape)}")
    claimed = float(np.prod(np.array([max(size, 1) for size in shape], dtype=np.float64)))
    claimed *= header.get_data_dtype().itemsize
    offset = float(header["vox_offset"])
    # Voxels that begin within the header would be its own bytes, taken for labels.
    if not offset >= header.sizeof_hdr:
        raise _invalid(f"the voxels begin at byte {offset:g}, within the header")
    if offset > MAX_LABEL_BYTES or claimed > MAX_LABEL_BYTES:
        raise ReadError(f"the labels claim {claimed:.3g} bytes, at most {MAX_LABEL_BYTES} are read", code="too-large")
    return int(offset + claimed)


def _header(start: bytes) -> Any:
    """The header object of NIfTI-1 or NIfTI-2."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    kind, size = (Nifti1Header, _HEADER) if start[344:348] in (b"n+1\0", b"ni1\0") else (Nifti2Header, _HEADER_2)
    if len(start) < size or (kind is Nifti2Header and start[4:8] not in (b"n+2\0", b"ni2\0")):
        raise _invalid("no NIfTI file")
    try:
        make: Any = kind
        return make(start[:size], check=True)
    except Exception as error:
        raise _invalid(f"the NIfTI header is damaged ({type(error).__name__})") from None


def _parse(data: bytes) -> Any:
    """The image object over the bytes, its data complete."""
    from nibabel.nifti1 import Nifti1Image
    from nibabel.nifti2 import Nifti2Image

    if len(data) < _claimed_bytes(data[:_HEADER_2]):
        raise _invalid("the file ends within its voxels")
    kind = Nifti1Image if data[344:348] in (b"n+1\0", b"ni1\0") else Nifti2Image
    try:
        return kind.from_bytes(data)
    except Exception as error:
        raise _invalid(f"the NIfTI file is damaged ({type(error).__name__})") from None


def _affine(header: Any) -> npt.NDArray[np.float64]:
    """The file's grid in RAS mm: sform before qform, and never the header's bare voxel sizes."""
    if int(header["xyzt_units"]) & 7 not in (_MM, _UNKNOWN_UNIT):
        raise _invalid("the grid is not in mm")
    try:
        affine = header.get_sform(coded=True)[0]
        if affine is None:
            affine = header.get_qform(coded=True)[0]
    except Exception as error:
        raise _invalid(f"sform and qform are damaged ({type(error).__name__})") from None
    if affine is None:
        raise _invalid("neither sform nor qform says where the labels lie")
    affine = np.asarray(affine, dtype=np.float64)
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or lengths.min() <= 0:
        raise _invalid("the grid of the labels is singular")
    unit = affine[:3, :3] / lengths
    if np.abs(unit.T @ unit - np.eye(3)).max() > _NOT_ORTHOGONAL:
        raise _invalid("the axes of the labels are not at right angles")
    return affine


def _whole_numbers(array: npt.NDArray[Any]) -> npt.NDArray[np.unsignedinteger[Any]]:
    if array.dtype.kind not in "iufb":
        raise _invalid(f"labels of type {array.dtype}")
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)) or low < 0 or high > np.iinfo(np.uint16).max:
        raise _invalid(f"labels from {low:g} to {high:g}, expected 0 to 65535")
    wanted = np.uint8 if high <= 255 else np.uint16
    small: npt.NDArray[np.unsignedinteger[Any]] = array.astype(wanted, copy=False)
    if array.dtype.kind == "f" and not np.array_equal(small, array):
        raise _invalid("labels that are not whole numbers")
    return small


def _invalid(message: str) -> ReadError:
    return ReadError(message, code="invalid-labels")


def write_labels(labels: LabelVolume, path: Path) -> None:
    """Write a segmentation as `.nii.gz`, atomically: a reader sees the whole file or none.

    Parameters
    ----------
    labels
        The segmentation; its grid becomes the sform and, as far as it can, the qform.
    path
        Name of the new file, ending in `.nii.gz`; an existing one is replaced.

    Raises
    ------
    ValueError
        If `path` does not end in `.nii.gz`.
    """
    if not path.name.endswith(".nii.gz"):
        raise ValueError(f"labels are written as .nii.gz, not {path.suffix!r}")
    from nibabel.nifti1 import Nifti1Image

    affine = labels.affine_ras()
    make: Any = Nifti1Image
    image = make(labels.labels.transpose(2, 1, 0), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    # A fixed time stamp, so that the same labels make the same bytes.
    packed = gzip.compress(image.to_bytes(), compresslevel=6, mtime=0)
    write_atomic(path, packed)
