"""Density windows: what black and white mean, in mg/cm³, by preset and by mouse."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_WIDTH = 20.0
_PER_PIXEL = 1 / 400
"""A drag over 400 pixels of the screen moves the level by one width, or doubles the width."""


@dataclass(frozen=True, slots=True)
class Window:
    """Densities in mg/cm³ that are shown black (`low`) and white (`high`)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.high - self.low > 0:
            raise ValueError(f"a window needs a width; found {self.low:g} to {self.high:g} mg/cm³")

    @property
    def level(self) -> float:
        """Middle of the window in mg/cm³."""
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        """Distance from black to white in mg/cm³."""
        return self.high - self.low

    def dragged(self, right_px: float, down_px: float) -> Window:
        """The window after a drag of the mouse: to the right widens it, downwards raises its level (darkens)."""
        level = self.level + down_px * self.width * _PER_PIXEL
        width = max(self.width * 2 ** (right_px * _PER_PIXEL), SMALLEST_WIDTH)
        return Window(level - width / 2, level + width / 2)

    def told(self) -> str:
        """As a reader sees it."""
        return f"level {self.level:.0f}, width {self.width:.0f} mg/cm³"


PRESETS: dict[str, Window] = {
    "Bone": Window(-250.0, 1250.0),
    "Trabecular": Window(-150.0, 450.0),
    "Cortical": Window(200.0, 1400.0),
    "Soft tissue": Window(-200.0, 200.0),
}
"""In reading order; marrow and fat are below zero, compact bone around 900 to 1200."""
