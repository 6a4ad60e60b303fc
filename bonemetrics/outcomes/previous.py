"""What an earlier export left in a folder: tables of an older state must not lie beside those of a newer one."""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path, PurePosixPath

from bonemetrics.study.layout import sha256_of

_LARGEST_MANIFEST_BYTES = 2**20


def stale_files(out: Path, manifest: str, written: Container[str]) -> tuple[Path, ...]:
    """Files that the manifest of the export before names, that are still as it wrote them, and that this one did not.

    Parameters
    ----------
    out
        Folder of both exports.
    manifest
        Name of the manifest in it.
    written
        Names that the present export wrote, relative to `out`.

    Returns
    -------
    tuple of Path
        To be removed. Empty where there is no manifest, or it is none of ours; a file that somebody changed, or that
        does not lie in `out`, is never among them.
    """
    found: list[Path] = []
    for name, digest in _listed(out / manifest).items():
        place = PurePosixPath(name)
        if name in written or place.is_absolute() or ".." in place.parts:
            continue
        file = out / place
        if file.is_file() and not file.is_symlink() and sha256_of(file) == digest:
            found.append(file)
    return tuple(found)


def _listed(manifest: Path) -> dict[str, str]:
    if not manifest.is_file() or manifest.stat().st_size > _LARGEST_MANIFEST_BYTES:
        return {}
    try:
        files = json.loads(manifest.read_bytes())["files"]
    except (ValueError, KeyError, TypeError):
        return {}
    if not isinstance(files, dict):
        return {}
    return {name: digest for name, digest in files.items() if isinstance(name, str) and isinstance(digest, str)}
