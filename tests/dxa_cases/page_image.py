"""Pages of invented people, drawn as printers and scanners leave them, with the numbers that are on them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.dxa_cases import DxaCase

WIDTH, HEIGHT = 612, 792
FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
SECRETS = ("QUAGGA", "Wilhelmina", "ZQ-5503", "February 17, 1949")
Rows = Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """How a page is printed and scanned: type, its size in points, dots per inch, and what happens to the picture."""

    font: Path = FONTS / "STIXGeneral.ttf"
    bold: Path | None = None
    points: float = 10.0
    dpi: int = 72
    smooth: bool = True
    fine: bool = True
    """Drawn at any fraction of a pixel, as programs that render pages do; otherwise at whole pixels, as screens do."""
    quality: int | None = None
    blur: float = 0.0
    turned: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A results table: heads of one or two lines with the right edges of their columns, and rows."""

    heads: Sequence[tuple[str, str, float]]
    rows: Rows
    left: float = 30.0
    top: float = 470.0
    step: float = 14.0


def draw(texts: Sequence[tuple[str, float, float]], table: Table, how: Print) -> npt.NDArray[np.uint8]:
    """A page as grey numbers.

    Parameters
    ----------
    texts
        What stands beside the table: text, left edge and top in points.
    table
        The table.
    how
        Print and scan.
    """
    finer = 4 if how.fine else 1
    scale = how.dpi / 72 * finer
    size = (round(WIDTH * scale), round(HEIGHT * scale))
    picture = Image.new("L" if how.smooth or how.fine else "1", size, 255 if how.smooth or how.fine else 1)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "L" if how.smooth else "1"
    plain = ImageFont.truetype(str(how.font), how.points * scale)
    bold = plain if how.bold is None else ImageFont.truetype(str(how.bold), how.points * scale)

    def put(text: str, x: float, y: float, *, anchor: str = "la", font: ImageFont.FreeTypeFont = plain) -> None:
        pen.text((x * scale, y * scale), text, fill=0, font=font, anchor=anchor)

    for text, x, y in texts:
        put(text, x, y)
    edge = max(right for _, _, right in table.heads) + 14
    low = table.top + (len(table.rows) + 2.4) * table.step
    pen.rectangle(
        (22 * scale, (table.top - 6) * scale, edge * scale, low * scale), outline=0, width=max(1, round(2 * scale))
    )
    put("Region", table.left, table.top, font=bold)
    for first, second, right in table.heads:
        put(first, right, table.top, anchor="ra", font=bold)
        put(second, right, table.top + 0.95 * how.points, anchor="ra", font=bold)
    for number, (name, values) in enumerate(table.rows):
        y = table.top + (number + 2.1) * table.step
        face = bold if number == len(table.rows) - 1 else plain
        put(name, table.left, y, font=face)
        for value, (_, _, right) in zip(values, table.heads, strict=True):
            put(value, right, y, anchor="ra", font=face)
    return _scanned(picture, how, finer)


def _scanned(picture: Image.Image, how: Print, finer: int) -> npt.NDArray[np.uint8]:
    page = picture.convert("L")
    if how.turned:
        page = page.rotate(how.turned, Image.Resampling.BICUBIC, fillcolor=255)
    if finer > 1:
        page = page.resize((page.width // finer, page.height // finer), Image.Resampling.BOX)
        if not how.smooth:
            page = page.point(lambda level: 255 if level > 140 else 0)
    if how.blur:
        page = page.filter(ImageFilter.GaussianBlur(how.blur))
    if how.quality is not None:
        packed = io.BytesIO()
        page.save(packed, "JPEG", quality=how.quality)
        page = Image.open(packed)
    return np.asarray(page, dtype=np.uint8).copy()


HOLOGIC_HEADS = (
    ("Area", "(cm²)", 150.0),
    ("BMC", "(g)", 238.0),
    ("BMD", "(g/cm²)", 326.0),
    ("T -", "score", 414.0),
    ("Z -", "score", 502.0),
)
HOLOGIC_TEXTS = (
    ("QUAGGA Clinic for Bones", 220.0, 14.0),
    ("Name: QUAGGA, Wilhelmina", 6.0, 80.0),
    ("Patient ID: ZQ-5503", 6.0, 94.0),
    ("DOB: February 17, 1949", 6.0, 108.0),
    ("Sex: Female", 278.0, 80.0),
    ("Height: 163.5 cm", 452.0, 80.0),
    ("Age: 66", 452.0, 108.0),
    ("Scan Information:", 300.0, 148.0),
    ("Scan Date: March 19, 2015", 300.0, 164.0),
    ("ID: A0319157C", 470.0, 164.0),
    ("Scan Type: a Lumbar Spine", 300.0, 178.0),
    ("Model: Horizon A (S/N 207463M)", 300.0, 192.0),
    ("k = 1.147, d0 = 44.2", 49.0, 436.0),
    ("DXA Results Summary:", 26.0, 450.0),
    ("Total BMD CV 1.0%, ACF = 1.021, BCF = 0.987", 26.0, 724.0),
    ("HOLOGIC", 530.0, 774.0),
)
_COMBINED = (
    *("L1", "L2", "L3", "L4", "L1-L2", "L1,L3", "L1,L4", "L2-L3", "L2,L4", "L3-L4"),
    *("L1-L3", "L1-L2,L4", "L1,L3-L4", "L2-L4", "L1-L4"),
)


def hologic_spine(rng: np.random.Generator) -> Rows:
    """Numbers of a spine as a Hologic scanner prints them: area, BMC, BMD of four levels and all their sums.

    BMD is rounded from numbers that are not, as on the page of a scanner; the T column stays empty.
    """
    area = np.sort(rng.uniform(9.0, 17.0, 4))
    mass = area * rng.uniform(0.62, 1.31, 4)
    rows = []
    for name in _COMBINED:
        levels = _levels(name)
        a, m = float(area[levels].sum()), float(mass[levels].sum())
        z = float(rng.uniform(-2.9, 2.4))
        rows.append((name, (f"{a:.2f}", f"{m:.2f}", f"{m / a:.3f}", "", f"{z:.1f}")))
    return rows


def _levels(name: str) -> list[int]:
    levels: list[int] = []
    for part in name.split(","):
        first, _, last = part.partition("-")
        levels += range(int(first[1]) - 1, int((last or first)[1]))
    return levels


def hologic_page(rng: np.random.Generator, how: Print) -> tuple[npt.NDArray[np.uint8], Rows]:
    """A Hologic spine page and its rows."""
    rows = hologic_spine(rng)
    return draw(HOLOGIC_TEXTS, Table(heads=HOLOGIC_HEADS, rows=rows), how), rows


LUNAR_HEADS = (
    ("BMD", "(g/cm²)", 146.0),
    ("YA", "(%)", 198.0),
    ("YA", "T-score", 252.0),
    ("AM", "(%)", 306.0),
    ("AM", "Z-score", 362.0),
    ("BMC", "(g)", 416.0),
    ("Area", "(cm²)", 470.0),
)
LUNAR_TEXTS = (
    ("QUAGGA Clinic for Bones", 220.0, 30.0),
    ("Patient:", 40.0, 80.0),
    ("QUAGGA, Wilhelmina", 110.0, 80.0),
    ("Birth Date:", 40.0, 91.0),
    ("02/17/1949", 110.0, 91.0),
    ("Age:", 192.0, 91.0),
    ("66.1 years", 254.0, 91.0),
    ("Patient ID:", 346.0, 91.0),
    ("ZQ-5503", 424.0, 91.0),
    ("Sex:", 40.0, 102.0),
    ("Female", 110.0, 102.0),
    ("Measured:", 346.0, 102.0),
    ("03/19/2015 3:22:15 PM (16)", 424.0, 102.0),
    ("ANCILLARY RESULTS: AP Spine", 37.0, 128.0),
    ("GE Healthcare", 60.0, 740.0),
    ("Lunar Prodigy", 520.0, 736.0),
)
_LUNAR_ROWS = ("L1", "L2", "L3", "L4", "L1-L2", "L1-L3", "L1-L4", "L2-L3", "L2-L4", "L3-L4")


def lunar_page(rng: np.random.Generator, how: Print) -> tuple[npt.NDArray[np.uint8], Rows]:
    """A page of ancillary results of a GE Lunar scanner and its rows, in the order of `LUNAR_HEADS`."""
    area = np.sort(rng.uniform(7.5, 17.0, 4))
    mass = area * rng.uniform(0.62, 1.41, 4)
    rows = []
    for name in _LUNAR_ROWS:
        levels = _levels(name)
        a, m = float(area[levels].sum()), float(mass[levels].sum())
        t, z = float(rng.uniform(-3.4, 1.2)), float(rng.uniform(-2.0, 2.5))
        young, age = f"{100 * m / a / 1.18:.0f}", f"{rng.uniform(70, 130):.0f}"
        rows.append((name, (f"{m / a:.3f}", young, f"{t:.1f}", age, f"{z:.1f}", f"{m:.2f}", f"{a:.2f}")))
    return draw(LUNAR_TEXTS, Table(heads=LUNAR_HEADS, rows=rows, left=39.0, top=145.0, step=10.5), how), rows


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG file."""
    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "PNG")
    return packed.getvalue()


def _make() -> bytes:
    bold = FONTS / "STIXGeneralBol.ttf"
    return png(hologic_page(np.random.default_rng(5503), Print(bold=bold))[0])


make: Callable[[], bytes] = _make
CASE = DxaCase(
    route="page-image",
    module="bonemetrics.readers.dxa.page_image",
    file_name="page.png",
    make=make,
    secrets=SECRETS,
    numbers={
        ("L1", "", "area"): 11.1,
        ("L2", "", "bmc"): 16.16,
        ("L4", "", "bmd"): 1.286,
        ("L1-L3", "", "area"): 39.7,
        ("L3-L4", "", "bmc"): 34.07,
    },
)
