"""Write the sheets of the synthetic trial and the truth behind them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from bonemetrics.sample.clinical import biopsies, sheets
from bonemetrics.sample.clinical.course import DISABILITY, EQ_VAS, MARKERS, PAIN, attended, visit_day

_SHEETS: dict[str, Callable[[], str]] = {
    "laboratory.csv": sheets.laboratory,
    "pain.csv": sheets.pain,
    "oswestry.csv": sheets.oswestry,
    "eq5d.csv": sheets.eq5d,
    "adverse_events.csv": sheets.adverse_events,
    "fractures.csv": sheets.fractures,
    "biopsies.csv": biopsies.sheet,
}
_PARAMCDS = {"OC": "OSTEOC", "BALP": "ALPBS"}
TRUTH_COLUMNS = ("subject", "visit", "date", "paramcd", "true_value", "reported")


def write_tables(out: Path) -> None:
    """Write every sheet under `out/input/tables`, and `out/truth_outcomes.csv`.

    Parameters
    ----------
    out
        Folder of the trial; `input` is in it.
    """
    folder = out / "input" / "tables"
    folder.mkdir()
    for name, make in _SHEETS.items():
        (folder / name).write_text(make(), encoding="utf-8", newline="\n")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TRUTH_COLUMNS)
    writer.writerows(_truth())
    (out / "truth_outcomes.csv").write_text(text.getvalue(), encoding="utf-8", newline="\n")


def _truth() -> Iterator[tuple[str, ...]]:
    """Values before the error of measurement, beside what the sheets hold."""
    for woman, visit in attended():
        day = visit_day(woman, visit).isoformat()
        for course in (*MARKERS, PAIN, EQ_VAS):
            true, given = course.true_value(woman, visit.months), course.measured(woman, visit.months)
            paramcd = _PARAMCDS.get(course.paramcd, course.paramcd)
            yield woman.subject, visit.name, day, paramcd, f"{true:.4f}", f"{given:.{course.decimals}f}"
        items = sheets.oswestry_items(woman, visit)
        true = DISABILITY.true_value(woman, visit.months)
        yield woman.subject, visit.name, day, DISABILITY.paramcd, f"{true:.4f}", f"{2 * sum(items)}"
