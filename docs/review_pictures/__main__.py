"""Pictures of the reading desk in every state: docs/images/review-*.png.

Run from the root of the project on a virtual screen, with the extra `[napari]` installed:
`xvfb-run -a -s "-screen 0 1366x768x24" python -m docs.review_pictures [--out FOLDER] [--theme light] [NAME …]`.
The window fills the screen, so that another size of the screen, `QT_SCALE_FACTOR=2` or `QT_FONT_DPI=120` show what
readers see there.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from napari.settings import get_settings

from docs.review_pictures import biopsies, one_reader, two_readers
from docs.review_pictures.camera import Camera

PARTS = {"one-reader": one_reader.take, "two-readers": two_readers.take, "biopsies": biopsies.take}


def main() -> None:
    """Take all pictures, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m docs.review_pictures", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "images")
    parser.add_argument("--theme", default="dark", help="of napari: dark, light or system")
    parser.add_argument("--part", action="append", choices=[*PARTS], help="only these parts")
    parser.add_argument("names", nargs="*", help="only these pictures, without review- and .png")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    get_settings().appearance.theme = asked.theme
    camera = Camera(asked.out, tuple(asked.names))
    with tempfile.TemporaryDirectory() as folder:
        for part in asked.part or PARTS:
            PARTS[part](Path(folder), camera)


if __name__ == "__main__":
    main()
