"""The command line: `bonemetrics COMMAND`."""

from __future__ import annotations

import os


def main() -> None:
    """Entry point of the `bonemetrics` command."""
    # Scans are measured side by side, one process each: threads inside linear algebra would only wait for each other.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from bonemetrics.cli.app import app

    app()
