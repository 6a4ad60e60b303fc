"""Write docs/histomorphometry.md from the library's catalogue: `python docs/make_histomorphometry.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bonemetrics.histomorphometry.catalogue import AT_MOST, MEASUREMENTS, Measured
from bonemetrics.histomorphometry.catalogue_entries import ALL_ENVELOPES
from bonemetrics.histomorphometry.factors import CONVENTIONS
from bonemetrics.histomorphometry.formulas import SUMS, UNNAMED

HEAD = """# Histomorphometry: measurements and indices

What bonemetrics knows of each measurement of a bone section and of each index made from it. This page is written by
`python docs/make_histomorphometry.py`; [biopsies.md](biopsies.md) tells how they are entered and judged.

- Names come in pairs: of the section (2D) and of space (3D), after Dempster 2013, each with its own unit.
- `k_s` turns a perimeter into a surface and `k_w` a width into a thickness; below are the conventions.
- Percentages are numbers from 0 to 100, a year has 365 days, widths are in um, lengths in mm, areas in mm2.
- **Read** marks what was read in the source named beside it. **General knowledge** marks what is common in the field
  and was not checked against a paper: check it before you rest a result on it. All usual ranges are of this kind.
- Hard limits cannot be crossed by a complete entry, nor by what follows from it. A number other than zero also has a
  size: areas in mm2, lengths in mm, widths in um and times in d from 1e-6 to 1e6, counts to 1e9, indices from 1e-9 to
  1e9. A number of another envelope than the entry's is refused where entered, and not computed.
- Usual ranges hold for cancellous iliac bone; they leave a note, reject nothing, and can be replaced by the study
  (`limits`).
"""
AFTER_MEASUREMENTS = """
Counts per surface or volume (`N.Oc/BS`) need the thickness of the section and a correction for the size of profiles;
they are not offered from one section. Separation and number under the rod model are not offered either.
"""


def page() -> str:
    """The text of docs/histomorphometry.md."""
    primaries = [entry for entry in MEASUREMENTS.values() if entry.is_primary]
    indices = [entry for entry in MEASUREMENTS.values() if not entry.is_primary]
    head = ("2D name", "meaning", "unit", "3D name", "envelopes", "hard limit", "source", "certainty")
    index_head = ("index", "meaning", "unit", "2D name", "referent", "formula", "envelopes", "hard limit")
    parts = [
        HEAD,
        "\n## Factors\n",
        _table(("convention", "`k_w`", "`k_s`"), _factors()),
        "\n## Measurements\n",
        _table(head, map(_primary_row, primaries)),
        AFTER_MEASUREMENTS,
        "\n## Indices\n",
        _table((*index_head, "usual", "source", "certainty"), map(_index_row, indices)),
        "\n## What belongs together\n",
        "\nValues that contradict these sums by more than 1 % are named, and neither gives a number.\n",
        _table(("total", "parts", "source", "certainty"), _sums()),
        "\nParts that are more than their whole block an entry:\n\n",
        "".join(f"- {' + '.join(one.parts)} ≤ {one.whole or '100 %'}\n" for one in AT_MOST),
        "- Ob.S/BS ≤ OS/BS\n",
    ]
    return "".join(parts)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n" + "".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |\n" for line in lines)


def _factors() -> Iterator[tuple[str, str, str]]:
    for name, one in CONVENTIONS.items():
        yield f"`{name}`", f"{one.width_to_thickness:.6g}", f"{one.perimeter_to_surface:.6g}"
    yield "`stated`", "the laboratory's own", "the laboratory's own"


def _primary_row(entry: Measured) -> tuple[str, ...]:
    formula = f"; {entry.formula}" if entry.formula else ""
    formula += " where it was not measured" if entry.is_estimate else ""
    return (
        f"`{entry.code}`",
        f"{entry.name}{formula}",
        entry.unit,
        f"`{entry.name_3d}` [{entry.unit_3d}]" if entry.name_3d else "",
        _envelopes(entry),
        _hard(entry),
        entry.source,
        entry.certainty,
    )


def _index_row(entry: Measured) -> tuple[str, ...]:
    usual = "" if entry.soft is None else f"{entry.soft[0]:g}–{entry.soft[1]:g}"
    return (
        f"`{entry.code}`",
        entry.name,
        entry.unit,
        f"`{entry.name_2d}` [{entry.unit_2d}]" if entry.name_2d else "",
        entry.referent,
        entry.formula,
        _envelopes(entry),
        _hard(entry),
        usual,
        entry.source,
        entry.certainty,
    )


def _envelopes(entry: Measured) -> str:
    return "all" if entry.envelopes == ALL_ENVELOPES else ", ".join(entry.envelopes)


def _hard(entry: Measured) -> str:
    low = f"{'>' if entry.low_open else '≥'} {entry.low:g}"
    return low if entry.high is None else f"{low}, ≤ {entry.high:g}"


def _sums() -> Iterator[tuple[str, ...]]:
    for one in SUMS:
        if set(UNNAMED) & {name for _, name in one.terms}:
            continue
        yield f"`{one.total}`", one.text, one.source, one.certainty


if __name__ == "__main__":
    (Path(__file__).parent / "histomorphometry.md").write_text(page(), encoding="utf-8")
