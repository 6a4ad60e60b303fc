"""Write the sheets of the synthetic trial and the truth behind them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from bonemetrics.sample.clinical import biopsies, outcome_truth, sheets

SHEETS: dict[str, Callable[[], str]] = {
    "laboratory.csv": sheets.laboratory,
    "pain.csv": sheets.pain,
    "oswestry.csv": sheets.oswestry,
    "eq5d.csv": sheets.eq5d,
    "adverse_events.csv": sheets.adverse_events,
    "fractures.csv": sheets.fractures,
    "biopsies.csv": biopsies.sheet,
}
"""By name of the file."""


def write_tables(out: Path) -> None:
    """Write every sheet under `out/input/tables`, and `out/truth_outcomes.csv`.

    Parameters
    ----------
    out
        Folder of the trial; `input` is in it.
    """
    folder = out / "input" / "tables"
    folder.mkdir()
    for name, make in SHEETS.items():
        (folder / name).write_text(make(), encoding="utf-8", newline="\n")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(outcome_truth.COLUMNS)
    writer.writerows(outcome_truth.rows())
    (out / "truth_outcomes.csv").write_text(text.getvalue(), encoding="utf-8", newline="\n")
