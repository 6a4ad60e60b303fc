"""Whether a folder lies on a network file system."""

from __future__ import annotations

import re
import sys
from pathlib import Path

NETWORK_KINDS = frozenset(
    {
        "9p", "afs", "afpfs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "fuse.ceph", "fuse.cephfs",
        "fuse.davfs2", "fuse.glusterfs", "fuse.gvfsd-fuse", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs", "fuse.sshfs",
        "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf",
        "webdav",
    }
)  # fmt: skip
"""Types as Linux names them, shares between a host and its virtual machines included."""
_MOUNTS = Path("/proc/self/mounts")
_WINDOWS_REMOTE_DRIVE = 4


def network_filesystem(folder: Path, *, mounts: Path = _MOUNTS) -> str | None:
    """Type of the network file system that a folder lies on.

    Linux tells by its table of mounts and Windows by the kind of drive. On macOS and elsewhere it cannot be known
    from here, and `None` is returned.

    Parameters
    ----------
    folder
        Need not exist yet.
    mounts
        The table of mounts.

    Returns
    -------
    str or None
        `None` where the folder is local, or where the system does not tell.
    """
    if sys.platform == "win32":
        return _on_windows(folder)
    try:
        table = mounts.read_text(errors="surrogateescape")
    except OSError:
        return None
    kind = _kind(folder.resolve(), table)
    return kind if kind in NETWORK_KINDS else None


def _kind(folder: Path, table: str) -> str:
    best, found = -1, ""
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[1]))
        # The later of two mounts on one point covers the earlier.
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), fields[2]
    return found


def _on_windows(folder: Path) -> str | None:
    root = folder.absolute().anchor
    if root.startswith("\\\\"):
        return "network share"
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - exists on Windows alone
    return "network drive" if kernel.GetDriveTypeW(root) == _WINDOWS_REMOTE_DRIVE else None
