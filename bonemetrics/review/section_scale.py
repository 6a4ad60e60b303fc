"""How large a pixel of a section's picture is, and who says so: the file's own metadata, or a reader."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from bonemetrics.errors import ReadError, SectionError
from bonemetrics.records import Record

Source = Literal["ome-xml", "tiff-tags", "imagej", "stated"]
SMALLEST_UM, LARGEST_UM = 0.01, 100.0
"""Of a pixel of any microscope or slide scanner."""
LARGEST_PRINTED_UM = 10.0
"""Larger pixels in the resolution tags (below 2540 to the inch) are what programs write for printers and screens."""
_METRE_UM = 1e6
_UNITS_UM: Mapping[str, float] = {
    **dict.fromkeys(("um", "micron", "microns", "micrometer", "micrometre"), 1.0),
    "nm": 1e-3,
    "mm": 1e3,
    "cm": 1e4,
    "m": _METRE_UM,
}
_RESOLUTION_UNITS_UM = {2: 25_400.0, 3: 10_000.0}
"""Of the TIFF tag ResolutionUnit: an inch, a centimetre. 1 states no unit."""


class PixelSize(Record):
    """Distance between pixel centres in um down a column and along a row.

    `stated_by` is who stated it, and `instead_of` what the file says in words where that was set aside.
    """

    row_um: float = Field(ge=SMALLEST_UM, le=LARGEST_UM, allow_inf_nan=False)
    column_um: float = Field(ge=SMALLEST_UM, le=LARGEST_UM, allow_inf_nan=False)
    source: Source
    stated_by: str = ""
    instead_of: str = ""

    def told(self) -> str:
        """As a reader sees it."""
        size = f"{self.column_um:.5g}" if self.row_um == self.column_um else f"{self.column_um:.5g} × {self.row_um:.5g}"
        by = f" by {self.stated_by}" if self.stated_by else ""
        return f"{size} µm per pixel ({self.source.replace('-', ' ')}{by})"

    def coarser(self, factor_row: float, factor_column: float) -> PixelSize:
        """Of a level with fewer rows and columns by these factors."""
        return self.model_copy(update={"row_um": self.row_um * factor_row, "column_um": self.column_um * factor_column})


def stated_pixel_size(um: float, stated_by: str, file_says: PixelSize | None = None) -> PixelSize:
    """A pixel size that a reader states, for example from a stage micrometer.

    Parameters
    ----------
    um
        Of a square pixel.
    stated_by
        Reader.
    file_says
        What the file itself says; it is kept in words.

    Raises
    ------
    SectionError
        `invalid-pixel-size` outside 0.01 to 100 um, or without a reader.
    """
    if not (math.isfinite(um) and SMALLEST_UM <= um <= LARGEST_UM):
        text = f"a pixel of {um:g} um; expected {SMALLEST_UM:g} to {LARGEST_UM:g} um"
        raise SectionError(text, code="invalid-pixel-size")
    if not stated_by.strip():
        raise SectionError("nobody is named who states the pixel size", code="invalid-pixel-size")
    before = file_says.told() if file_says is not None else ""
    return PixelSize(row_um=um, column_um=um, source="stated", stated_by=stated_by.strip(), instead_of=before)


def pixel_size_of_tiff(
    description: str, resolution: tuple[float, float] | None, unit: int, shape: tuple[int, int]
) -> tuple[PixelSize | None, bool]:
    """What a TIFF says of its first page's pixel size.

    Parameters
    ----------
    description
        Tag ImageDescription; may hold OME-XML or ImageJ's metadata.
    resolution
        Tags YResolution and XResolution, in pixels per unit.
    unit
        Tag ResolutionUnit.
    shape
        Rows and columns of the page, which OME-XML must agree with.

    Returns
    -------
    pixel size, is_print
        `None` where nothing trustworthy is stated; and whether there is only a resolution as of a printout.

    Raises
    ------
    ReadError
        `unsafe-document` for XML that would unfold or refer elsewhere.
    """
    if "<OME" in description[:4096]:
        return _of_ome(description, shape), False
    if description.startswith("ImageJ="):
        return _of_resolution(resolution, _imagej_unit_um(description), "imagej"), False
    found = _of_resolution(resolution, _RESOLUTION_UNITS_UM.get(unit), "tiff-tags")
    if found is not None and max(found.row_um, found.column_um) > LARGEST_PRINTED_UM:
        return None, True
    return found, found is None and unit in _RESOLUTION_UNITS_UM and resolution is not None


def _imagej_unit_um(description: str) -> float | None:
    """The unit of both axes; ImageJ names that of columns apart where it is another one, and then nothing is told."""
    found = re.findall(r"^(?:unit|yunit)=(.{1,20})$", description, re.MULTILINE)
    units = {_unit_um(name.replace("\\u00B5", "u")) for name in found}
    return units.pop() if len(units) == 1 else None


def _unit_um(name: str) -> float | None:
    return _UNITS_UM.get(name.strip().replace("µ", "u").replace("μ", "u"))


def _of_resolution(resolution: tuple[float, float] | None, unit_um: float | None, source: Source) -> PixelSize | None:
    if resolution is None or unit_um is None or not all(0 < one < math.inf for one in resolution):
        return None
    return _possible(unit_um / resolution[0], unit_um / resolution[1], source)


def _possible(row_um: float, column_um: float, source: Source) -> PixelSize | None:
    if not all(SMALLEST_UM <= one <= LARGEST_UM for one in (row_um, column_um)):
        return None
    return PixelSize(row_um=row_um, column_um=column_um, source=source)


def ome_pixels(description: str) -> Any:
    """The element Pixels of the first image in OME-XML; `None` where there is none that can be read.

    Raises
    ------
    ReadError
        `unsafe-document` for XML that would unfold or refer elsewhere.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(description.rstrip("\0"))
    except DefusedXmlException:
        raise ReadError("the OME-XML of the picture is not safe to read", code="unsafe-document") from None
    except (ParseError, ValueError):
        return None
    return root.find(".//{*}Image/{*}Pixels")


def _of_ome(description: str, shape: tuple[int, int]) -> PixelSize | None:
    pixels = ome_pixels(description)
    if pixels is None or (pixels.get("SizeY"), pixels.get("SizeX")) != (str(shape[0]), str(shape[1])):
        return None
    sizes: list[float] = []
    for axis in "YX":
        unit = _unit_um(pixels.get(f"PhysicalSize{axis}Unit", "um"))
        try:
            value = float(pixels.get(f"PhysicalSize{axis}", "nan"))
        except ValueError:
            return None
        if unit is None or not math.isfinite(value):
            return None
        sizes.append(value * unit)
    return _possible(sizes[0], sizes[1], "ome-xml")
