"""What a person sees: short tables with units, notes in yellow, refusals in red."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich import markup
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bonemetrics.records import Calibration, GridFacts, Measurement, Problem, ScanResult

_COLOUR = {"note": "yellow", "refusal": "red"}
# Line breaks, escape sequences, and marks that turn the direction of writing, which a file or its name may hold.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


__all__ = ["Console", "calibration", "console", "escape", "grid", "measurements", "problems", "scan"]


def escape(text: str) -> str:
    """A text of a file or of its name, so that it is shown and does nothing to the terminal."""
    return markup.escape(_CONTROLS.sub("\ufffd", text))


def console(*, stderr: bool = False) -> Console:
    """The terminal; plain text where the output is no terminal."""
    return Console(highlight=False, soft_wrap=True, stderr=stderr)


def problems(out: Console, found: Iterable[Problem]) -> None:
    """One line each: severity, code and message."""
    for problem in found:
        colour = _COLOUR[problem.severity]
        out.print(f"  [{colour}]{problem.severity:<7} {problem.code}[/{colour}]  {escape(problem.message)}")


def grid(out: Console, facts: GridFacts | None) -> None:
    """Size and spacing of a grid, in the order slices, rows, columns."""
    if facts is None:
        return
    sizes = " × ".join(str(size) for size in facts.shape)
    spacing = " × ".join(f"{value:.4g}" for value in facts.spacing_mm)
    out.print(f"  grid         {sizes} (slices × rows × columns), {spacing} mm")


def calibration(out: Console, found: Calibration | None) -> None:
    """Method and line of a calibration."""
    if found is None:
        return
    line = "no HU in the file"
    if found.slope is not None and found.intercept is not None:
        line = f"density = {found.slope:.6g} × HU {found.intercept:+.6g} mg/cm³ {found.material}"
    fit = "" if found.r2 is None else f", r² {found.r2:.5f}"
    out.print(f"  calibration  {found.method}: {line}{fit}")


def _rounded(measurement: Measurement) -> tuple[str, str]:
    """Value and uncertainty to the digit that the uncertainty lets stand (two of its own)."""
    uncertainty = measurement.standard_uncertainty
    if uncertainty is None:
        return f"{measurement.value:.5g}", ""
    digits = 1 if uncertainty == 0 else max(0, 1 - int(f"{uncertainty:e}".rsplit("e", 1)[1]))
    return f"{measurement.value:.{digits}f}", f"{uncertainty:.{digits}f}" if uncertainty else "0"


def measurements(out: Console, found: Sequence[Measurement]) -> None:
    """The table of numbers."""
    table = Table(box=None, padding=(0, 2), pad_edge=True)
    for name, side in (
        ("quantity", "left"),
        ("region", "left"),
        ("value", "right"),
        ("± u", "right"),
        ("unit", "left"),
    ):
        table.add_column(name, justify="right" if side == "right" else "left", no_wrap=True)
    for measurement in found:
        value, uncertainty = _rounded(measurement)
        unit = measurement.unit if measurement.material is None else f"{measurement.unit} {measurement.material}"
        table.add_row(measurement.quantity, measurement.region, value, uncertainty, unit)
    out.print(table)


def scan(out: Console, result: ScanResult) -> None:
    """One measured or refused scan."""
    if result.facts is not None:
        grid(out, result.facts.grid)
    if result.facts is not None and result.measurements:
        side = result.facts.side or "unknown"
        out.print(
            f"  side         {side}" + (f" (from {result.facts.side_source})" if result.facts.side_source else "")
        )
    calibration(out, result.calibration)
    if result.measurements:
        measurements(out, result.measurements)
    problems(out, result.problems)
