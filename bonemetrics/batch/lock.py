"""One run per study at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bonemetrics.errors import StudyError


@contextmanager
def only_run(study_dir: Path) -> Iterator[None]:
    """Hold the study for this run; the operating system lets go of it however the process ends.

    Parameters
    ----------
    study_dir
        The study folder; `run.lock` is made in it.

    Raises
    ------
    StudyError
        `study-busy` if another run holds it.
    """
    handle = os.open(study_dir / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        text = "another run works on this study; wait for its end, or end it first"
        raise StudyError(text, code="study-busy") from None
