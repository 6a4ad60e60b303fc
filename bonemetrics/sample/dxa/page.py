"""A printed page as marks in their places, in points from the upper left corner, for every way of drawing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

WIDTH, HEIGHT = 612.0, 792.0
"""Letter, in points."""
Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words on one base line; `x` is their left end, middle or right end."""

    x: float
    y: float
    text: str
    size: float = 9.0
    bold: bool = False
    align: Align = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle, filled and framed in greys between 0 (black) and 1."""

    x0: float
    y0: float
    x1: float
    y1: float
    fill: float | None = None
    edge: float | None = None
    line: float = 1.0


@dataclass(slots=True)
class Drawing:
    """One page while it is laid out. `cells` are the boxes of table cells by (region, side, name)."""

    boxes: list[Box] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    cells: dict[tuple[str, str, str], Box] = field(default_factory=dict)

    def box(self, x0: float, y0: float, x1: float, y1: float, **look: float) -> None:
        """Add a rectangle; `look` is fill, edge and line of a `Box`."""
        self.boxes.append(Box(x0=x0, y0=y0, x1=x1, y1=y1, **look))

    def write(
        self, x: float, y: float, text: str, size: float = 9.0, *, bold: bool = False, align: Align = "left"
    ) -> None:
        """Add words; an empty text leaves no mark."""
        if text:
            self.texts.append(Text(x=x, y=y, text=text, size=size, bold=bold, align=align))

    def lines(self, x: float, y: float, texts: Sequence[str], size: float, step: float, *, bold: bool = False) -> None:
        """Add lines of words below each other."""
        for place, text in enumerate(texts):
            self.write(x, y + place * step, text, size, bold=bold)
