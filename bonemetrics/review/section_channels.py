"""Which planes of a TIFF are channels of one section, as its metadata say, and titles for them that name nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bonemetrics.errors import ReadError
from bonemetrics.review.section_scale import ome_pixels

MOST_CHANNELS = 4
_WORDS = (
    *("oxytetracycline", "tetracycline", "demeclocycline", "doxycycline", "minocycline", "calcein blue", "calcein"),
    *("alizarin complexone", "alizarin red", "alizarin", "xylenol orange", "xylenol", "DAPI", "Hoechst", "FITC", "GFP"),
    *("TRITC", "rhodamine", "Texas Red", "Cy2", "Cy3", "Cy5", "Alexa Fluor 488", "Alexa Fluor 546", "Alexa Fluor 568"),
    *("Alexa Fluor 594", "Alexa Fluor 647", "TRAP", "Goldner", "von Kossa", "toluidine blue", "brightfield"),
    *("bright field", "polarised", "polarized", "autofluorescence", "red", "green", "blue"),
)
"""Stains and light, all that is ever shown of a channel's name: the rest of it may be a person's."""
_KNOWN = re.compile("|".join(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in _WORDS), re.IGNORECASE)
_AS_WRITTEN = {word.lower(): word for word in _WORDS}
_WAVELENGTH = re.compile(r"(?<!\w)([3-9]\d\d)\s?nm(?!\w)", re.IGNORECASE)
_STACK = "save the plane to be measured as a picture of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the metadata say: how many channels, slices and times, their titles, and the page of each channel.

    `pages` are empty where they are in order, and `None` where the metadata contradict themselves.
    """

    channels: int
    slices: int = 1
    times: int = 1
    titles: tuple[str, ...] = ()
    pages: tuple[int, ...] | None = ()


def told_of(description: str) -> Told | None:
    """Read the metadata of a first page; `None` where they do not say what its planes are.

    Parameters
    ----------
    description
        Tag ImageDescription: OME-XML, ImageJ's lines, or the JSON of tifffile.

    Raises
    ------
    ReadError
        `unsafe-document`.
    """
    if "<OME" in description[:4096]:
        pixels = ome_pixels(description)
        return None if pixels is None else _of_ome(pixels)
    if description.startswith("ImageJ="):
        number = {
            name: int(found[1]) if (found := re.search(rf"^{name}=(\d{{1,6}})\s*$", description, re.MULTILINE)) else 1
            for name in ("channels", "slices", "frames")
        }
        return Told(channels=number["channels"], slices=number["slices"], times=number["frames"])
    return _of_json(description)


def _of_json(description: str) -> Told | None:
    try:
        told = json.loads(description)
        sizes = dict(zip(told["axes"], told["shape"], strict=True))
        numbers = {axis: int(size) for axis, size in sizes.items()}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not {*numbers} <= set("CZTYXS") or min(numbers.values()) < 1:
        return None
    return Told(channels=numbers.get("C", 1), slices=numbers.get("Z", 1), times=numbers.get("T", 1))


def _of_ome(pixels: Any) -> Told | None:
    try:
        channels, slices, times = (int(pixels.get(f"Size{axis}", "1")) for axis in "CZT")
        named = pixels.findall("{*}Channel")
        in_one_page = any(int(one.get("SamplesPerPixel", "1")) > 1 for one in named)
        pages = () if in_one_page or not 1 < channels <= MOST_CHANNELS else _pages_of_ome(pixels, channels)
    except ValueError:
        return None
    titles = tuple(
        channel_title(
            number, str(one.get("Name", "")), str(one.get("EmissionWavelength", "")), one.get("EmissionWavelengthUnit")
        )
        for number, one in enumerate(named[:MOST_CHANNELS])
    )
    return Told(channels=channels, slices=slices, times=times, titles=titles, pages=pages)


def _pages_of_ome(pixels: Any, channels: int) -> tuple[int, ...] | None:
    """Page of each channel; a name must never stand on another channel's picture."""
    found: dict[int, int] = {}
    for block in pixels.findall("{*}TiffData"):
        is_all = "IFD" not in block.attrib and "FirstC" not in block.attrib
        count = int(block.get("PlaneCount", str(channels if is_all else 1)))
        for step in range(min(count, channels)):
            found[int(block.get("FirstC", "0")) + step] = int(block.get("IFD", "0")) + step
    if not found:
        return tuple(range(channels))
    if sorted(found) != list(range(channels)) or len(set(found.values())) < channels or min(found.values()) < 0:
        return None
    return tuple(found[channel] for channel in range(channels))


def channel_title(number: int, name: str = "", wavelength: str = "", unit: str | None = None) -> str:
    """A title for a channel; of its name only known stains, kinds of light and wavelengths are shown.

    Parameters
    ----------
    number
        From 0.
    name, wavelength, unit
        As the file says; names are given by people, and often hold a person's.
    """
    known = [_AS_WRITTEN[found.lower()] for found in _KNOWN.findall(name)]
    known += [f"{found} nm" for found in _WAVELENGTH.findall(name)]
    if unit in (None, "nm") and re.fullmatch(r"[3-9]\d\d(\.\d{1,3})?", wavelength):
        known.append(f"emission {float(wavelength):g} nm")
    told = ", ".join(dict.fromkeys(known))
    return f"channel {number + 1} ({told})" if told else f"channel {number + 1}"


def require_channels(told: Told | None, planes: int) -> Told:
    """What the metadata say of several planes, where these are all channels of one section.

    Raises
    ------
    ReadError
        `unsupported-pixels` with the reason: a stack, a series in time, planes of which nothing is said, too many
        channels, or another number of them than the file holds.
    """
    if told is None or (told.channels == told.slices == told.times == 1):
        text = "the TIFF holds several pictures of one size and does not say that they are channels; "
        raise ReadError(text + _STACK, code="unsupported-pixels")
    if told.slices > 1 or told.times > 1:
        what = f"a stack of {told.slices} slices" if told.slices > 1 else f"a series of {told.times} times"
        raise ReadError(f"the TIFF is {what}; {_STACK}", code="unsupported-pixels")
    if told.channels != planes:
        text = f"the file says {told.channels} channels and holds {planes}; save it anew"
        raise ReadError(text, code="unsupported-pixels")
    if told.pages is None:
        text = "the OME-XML does not say which page is which channel; save the channels anew"
        raise ReadError(text, code="unsupported-pixels")
    if planes > MOST_CHANNELS:
        text = f"{planes} channels; at most {MOST_CHANNELS} are opened, save those to be measured"
        raise ReadError(text, code="unsupported-pixels")
    return told


def titles_of(told: Told | None, planes: int) -> Sequence[str]:
    """Titles of all channels."""
    given = told.titles if told is not None else ()
    return [given[number] if number < len(given) else channel_title(number) for number in range(planes)]
