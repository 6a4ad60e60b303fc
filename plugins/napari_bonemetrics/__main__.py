"""`python -m napari_bonemetrics STUDY --reader NAME`: napari with the reading desk on a study."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bonemetrics.errors import BonemetricsError


def main() -> int:
    """Open the study, then napari; gives the exit code of the program."""
    parser = argparse.ArgumentParser(prog="python -m napari_bonemetrics", description=__doc__)
    parser.add_argument("study", type=Path, help="the study folder")
    parser.add_argument("--reader", required=True, help="name of the reader, as the protocol lists it")
    asked = parser.parse_args()
    from bonemetrics.review.session import Session

    try:
        # Before the window opens, so that a refusal is one line where the command was typed.
        session = Session.open(asked.study, asked.reader)
    except BonemetricsError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n")
        return 1
    with session:
        show(session)
    return 0


def show(session: object) -> None:
    """Show the desk until its window is closed."""
    import napari

    from napari_bonemetrics.desk import ReadingDesk

    viewer = napari.Viewer(title="bonemetrics", show_welcome_screen=False)
    desk = ReadingDesk(viewer, session)  # type: ignore[arg-type]
    viewer.window.add_dock_widget(desk, name="Reading desk", area="right")
    napari.run()


if __name__ == "__main__":
    sys.exit(main())
