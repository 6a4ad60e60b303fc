"""Which windows are still open: each holds a lock that the operating system lets go of however its process ends.

So that a reader whose program was killed has her scans back at once, and not when her claims end.
"""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
from collections.abc import Collection
from pathlib import Path

from bonemetrics.study.layout import PRIVATE_FILE, StudyFolder, make_private_folder


class Presence:
    """The sign that one window is open; `session` names it in its claims."""

    def __init__(self, folder: StudyFolder) -> None:
        self.session = uuid.uuid4().hex
        self._path = _lock_file(folder, self.session)
        make_private_folder(self._path.parent)
        self._handle: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        _try_lock(self._handle)

    def end(self) -> None:
        """The window is closed."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            with contextlib.suppress(OSError):
                self._path.unlink()


def is_gone(folder: StudyFolder, session: str) -> bool:
    """Whether a window has ended without giving back what it had; false where that cannot be known."""
    try:
        handle = os.open(_lock_file(folder, session), os.O_RDWR)
    except (OSError, ValueError):
        return False
    try:
        return _try_lock(handle)
    finally:
        os.close(handle)


def sweep(folder: StudyFolder, claiming: Collection[str]) -> None:
    """Remove the signs of windows that are gone and claim nothing; those that do are still asked for."""
    for file in (folder.root / "sessions").glob("*.lock"):
        if file.stem not in claiming and is_gone(folder, file.stem):
            forget(folder, file.stem)


def forget(folder: StudyFolder, session: str) -> None:
    """Remove the sign of a window that is gone."""
    with contextlib.suppress(OSError):
        _lock_file(folder, session).unlink()


def _lock_file(folder: StudyFolder, session: str) -> Path:
    if not session.isalnum():
        raise ValueError("the name of a session is letters and digits")
    return folder.root / "sessions" / f"{session}.lock"


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
