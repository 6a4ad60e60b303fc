"""Edits that are not saved yet, kept so that a killed program loses none: the changed voxels, written atomically."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bonemetrics.atomic import sync_folder, write_atomic
from bonemetrics.errors import ReviewError
from bonemetrics.study.layout import StudyFolder, make_private_folder

LabelArray = npt.NDArray[np.unsignedinteger[Any]]
_MAGIC = b"bonemetrics draft 1\n"
_DIGEST = hashlib.sha256().digest_size
_DAMAGED = "the unsaved draft is damaged and was set aside; the case shows the mask as it was saved last"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """The labels of some voxels that differ from a mask.

    `based_on` is the hash of the mask's file, `shape` (slice, row, column) its grid. `voxels` are flat indices that
    grow, `values` the labels there. `active_s` is the reader's time until then.
    """

    based_on: str
    shape: tuple[int, ...]
    voxels: npt.NDArray[np.int64]
    values: LabelArray
    active_s: float = 0.0

    @classmethod
    def between(cls, base: LabelArray, labels: LabelArray, *, based_on: str, active_s: float = 0.0) -> Draft:
        """What makes `labels` out of `base`."""
        flat = labels.reshape(-1)
        voxels = np.flatnonzero(base.reshape(-1) != flat).astype(np.int64)
        return cls(based_on=based_on, shape=labels.shape, voxels=voxels, values=flat[voxels].copy(), active_s=active_s)

    def apply(self, labels: LabelArray) -> None:
        """Change the labels of the whole grid in place."""
        labels.reshape(-1)[self.voxels] = self.values

    def fits(self, labels: LabelArray) -> bool:
        """Whether it can be of a mask like this."""
        return self.shape == labels.shape and self.values.dtype == labels.dtype


def draft_file(folder: StudyFolder, *, scan_id: str, reader: str, kind: str) -> Path:
    """Where the draft of one reader's task lies; the name is a hash and tells neither."""
    name = hashlib.sha256(f"draft\n{kind}\n{scan_id}\n{reader}".encode()).hexdigest()[:24]
    return folder.root / "drafts" / f"{name}.draft"


def write_draft(path: Path, draft: Draft) -> None:
    """Keep a draft in place of the one before it; when this returns it is on the disk."""
    steps = np.diff(draft.voxels, prepend=0).astype("<i8")
    told = {
        "based_on": draft.based_on,
        "shape": list(draft.shape),
        "type": draft.values.dtype.str,
        "n": int(draft.voxels.size),
        "active_s": draft.active_s,
    }
    content = b"\n".join((json.dumps(told).encode(), steps.tobytes() + draft.values.tobytes()))
    write_sealed(path, _MAGIC, zlib.compress(content, level=1))


def read_draft(path: Path) -> Draft | None:
    """The draft that was kept last; `None` where there is none.

    Raises
    ------
    ReviewError
        `draft-set-aside` where the file is damaged; it is then moved out of the way, not removed.
    """
    packed = read_sealed(path, _MAGIC, damaged=_DAMAGED)
    if packed is None:
        return None
    head, _, body = zlib.decompress(packed).partition(b"\n")
    told = json.loads(head)
    n_steps = 8 * told["n"]
    return Draft(
        based_on=told["based_on"],
        shape=tuple(told["shape"]),
        voxels=np.cumsum(np.frombuffer(body[:n_steps], dtype="<i8")).astype(np.int64),
        values=np.frombuffer(body[n_steps:], dtype=told["type"]).copy(),
        active_s=told["active_s"],
    )


def write_sealed(path: Path, kind: bytes, content: bytes) -> None:
    """Keep content in place of what the file held, behind a line that tells its kind and its own digest.

    When this returns it is on the disk.
    """
    make_private_folder(path.parent)
    write_atomic(path, kind + hashlib.sha256(content).digest() + content)


def read_sealed(path: Path, kind: bytes, *, damaged: str) -> bytes | None:
    """What `write_sealed` has kept; `None` where there is no file.

    Parameters
    ----------
    path, kind
        As they were given to `write_sealed`.
    damaged
        What to tell the reader of a file that is another one or not whole.

    Raises
    ------
    ReviewError
        `draft-set-aside` for such a file; it is then moved out of the way, not removed.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    start = len(kind) + _DIGEST
    if not data.startswith(kind) or hashlib.sha256(data[start:]).digest() != data[len(kind) : start]:
        set_aside(path)
        raise ReviewError(damaged, code="draft-set-aside")
    return data[start:]


def remove_draft(path: Path) -> None:
    """Nothing happens where there is none."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def sweep_half_written(folder: StudyFolder, *, older_than_s: float = 86_400.0) -> None:
    """Remove what programs left beside the drafts that were killed while they wrote one."""
    oldest = time.time() - older_than_s
    for left in (folder.root / "drafts").glob(".*.draft-*"):
        with contextlib.suppress(FileNotFoundError):
            if left.stat().st_mtime < oldest:
                left.unlink()


def set_aside(path: Path) -> None:
    """Keep a draft that cannot be used under another name; an older one under that name stays."""
    number = 1
    while (kept := path.with_suffix(f".aside-{number}")).exists():
        number += 1
    path.replace(kept)
    sync_folder(path.parent)
