"""The command line: `bonemetrics COMMAND`."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `bonemetrics` command."""
    from bonemetrics.cli.app import app

    app()
