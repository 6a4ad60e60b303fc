"""Which values rest on which: what moves when a given or a factor is moved a little."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.algebra import Known, independent
from bonemetrics.histomorphometry.closure import SLACK, close
from bonemetrics.records import SectionFactors

_STEP = 1e-3


class Bearing:
    """What rests on what in one biopsy.

    Parameters
    ----------
    data, factors
        What was solved.
    """

    def __init__(self, data: Mapping[str, Known], factors: SectionFactors | None) -> None:
        self._data, self._factors = data, factors
        self._seam_width = not {"O.Wi", "O.Th"} & data.keys()
        self._moves: dict[str, frozenset[str]] = {}

    @cached_property
    def _given(self) -> dict[str, float]:
        return {code: known.value for code, known in independent(self._data, self._factors).items()}

    @cached_property
    def _values(self) -> Mapping[str, float]:
        return close(self._given, self._factors, seam_width=self._seam_width).values

    def rests(self, code: str) -> frozenset[str]:
        """Codes of all values that rest on every given that a value rests on, itself included.

        Parameters
        ----------
        code
            Of a value that was given or follows.
        """
        behind = [moved for moved in map(self._moved_by, self._given) if code in moved]
        return frozenset.intersection(*behind) if behind else frozenset({code})

    def on_factor(self, name: str) -> frozenset[str]:
        """Codes of all values that rest on a factor from section to space, `k_s` or `k_w`."""
        if self._factors is None:
            return frozenset()
        surface = name == formulas.SURFACE_FACTOR
        field = "perimeter_to_surface" if surface else "width_to_thickness"
        moved = self._factors.model_copy(update={field: getattr(self._factors, field) * (1 + _STEP)})
        return self._changed(close(self._given, moved, seam_width=self._seam_width).values)

    def _moved_by(self, name: str) -> frozenset[str]:
        if name not in self._moves:
            given = {**self._given, name: self._given[name] * (1 + _STEP)}
            self._moves[name] = self._changed(close(given, self._factors, seam_width=self._seam_width).values)
        return self._moves[name]

    def _changed(self, moved: Mapping[str, float]) -> frozenset[str]:
        return frozenset(
            code for code, value in self._values.items() if abs(moved.get(code, value) - value) > SLACK * abs(value)
        )
