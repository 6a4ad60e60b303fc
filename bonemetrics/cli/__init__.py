"""The command line: `bonemetrics COMMAND`."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper


def main() -> None:
    """Entry point of the `bonemetrics` command."""
    # Scans are measured side by side, one process each: threads inside linear algebra would only wait for each other.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from bonemetrics.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that has no "×", or a file name that is no text, must not end the work.
            stream.reconfigure(errors="backslashreplace")
    app()
