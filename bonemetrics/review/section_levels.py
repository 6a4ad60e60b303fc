"""Arrays of a decoded picture: channels, each in levels of one or more resolutions."""

from __future__ import annotations

from dataclasses import dataclass

from bonemetrics.errors import ReadError


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One resolution: the file of its array (rows, columns) or (rows, columns, colours), and its shape."""

    file: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Levels of one channel, the finest first; `title` names nobody and is empty for a picture in grey or colour."""

    title: str = ""
    levels: tuple[Level, ...]


def require_size(rows: int, columns: int, most_pixels: int) -> None:
    """Refuse what is no picture, or too large; raises `ReadError`."""
    if rows < 2 or columns < 2:
        raise ReadError(f"a picture of {rows} × {columns} pixels", code="unsupported-pixels")
    if rows * columns > most_pixels:
        text = f"the picture has {rows} × {columns} pixels, at most {most_pixels} are opened; save it smaller"
        raise ReadError(text, code="too-large")
