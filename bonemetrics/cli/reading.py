"""`review`: napari with the reading desk, in a process of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from bonemetrics.errors import StudyError, UsageError
from bonemetrics.study.layout import PROTOCOL_FILE

PLUGIN = "napari_bonemetrics"
_NEEDED = ("napari", "qtpy", PLUGIN)


def review(study: Path, reader: str) -> int:
    """Open napari at the worklist of a reader and wait until it is closed; returns its exit code.

    Parameters
    ----------
    study
        The study folder.
    reader
        As the protocol lists her.

    Raises
    ------
    UsageError
        Where napari is not installed.
    StudyError
        `not-a-study`.
    """
    if not (study / PROTOCOL_FILE).is_file():
        raise StudyError("the folder holds no study.toml; `bonemetrics init` makes a study", code="not-a-study")
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"reading needs napari, which is not installed ({', '.join(missing)} missing): "
            "pip install 'bonemetrics[napari]'"
        )
    command = [sys.executable, "-m", PLUGIN, str(study), "--reader", reader]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own program, no shell
