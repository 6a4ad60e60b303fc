"""The command line: `bonemetrics COMMAND`."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Entry point of the `bonemetrics` command."""
    from bonemetrics.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that has no "×", or a file name that is no text, must not end the work.
            stream.reconfigure(errors="backslashreplace")
    app()
