"""Write docs/images/report.png from a report: `python docs/make_report_picture.py REPORT/report.html`.

`make demo` leaves the report of the sample trial. The picture shows three sheets of it as they print: follow-up, an
endpoint and biopsies. A Chromium prints the page.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SHEETS = (("Report of outcomes", 40), ("Endpoints", 20), ("Biopsies", 20))
"""Words by which the sheets are found, and within how many letters of their top."""
TARGET = Path(__file__).parent / "images" / "report.png"
SCALE, GAP, COLOURS = 1.25, 14, 224


def main(report: Path) -> None:
    """Print the report and set three of its sheets beside each other."""
    browser = next(path for path in map(shutil.which, BROWSERS) if path)
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder) / "report.pdf"
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile")
        subprocess.run(
            [browser, *options, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", report.resolve().as_uri()],
            check=True,
            capture_output=True,
        )
        document = pypdfium2.PdfDocument(pdf)
        sheets = [document[place].render(scale=SCALE).to_pil() for place in _places(document)]
        document.close()
    _beside(sheets).quantize(COLOURS).save(TARGET, optimize=True)


def _places(document: pypdfium2.PdfDocument) -> list[int]:
    """Numbers of the sheets, each the first after the one before that holds its words near its top."""
    texts = [page.get_textpage().get_text_range() for page in document]
    found: list[int] = []
    for words, letters in SHEETS:
        start = found[-1] + 1 if found else 0
        found.append(next(place for place in range(start, len(texts)) if words in texts[place][:letters]))
    return found


def _beside(sheets: list[Image.Image]) -> Image.Image:
    width = sum(sheet.width for sheet in sheets) + GAP * (len(sheets) + 1)
    canvas = Image.new("RGB", (width, sheets[0].height + 2 * GAP), "#9aa5af")
    left = GAP
    for sheet in sheets:
        canvas.paste(sheet, (left, GAP))
        left += sheet.width + GAP
    return canvas


if __name__ == "__main__":
    main(Path(sys.argv[1]))
