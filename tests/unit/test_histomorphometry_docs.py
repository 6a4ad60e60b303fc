"""The page of measurements is the one the catalogue makes, and the page of biopsies states what the code takes."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.columns import EXPLAINED, FACTS
from bonemetrics.records import HistomorphometryParameters, TableMap

DOCS = Path(__file__).resolve().parents[2] / "docs"


def written() -> str:
    return (DOCS / "histomorphometry.md").read_text(encoding="utf-8")


def row(code: str) -> list[str]:
    (line,) = re.findall(rf"^\| `{re.escape(code)}` .*$", written().partition("What belongs")[0], re.MULTILINE)
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_histomorphometry_page__is_what_the_catalogue_makes():
    spec = importlib.util.spec_from_file_location("make_histomorphometry", DOCS / "make_histomorphometry.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert written() == module.page(), "run python docs/make_histomorphometry.py"


def test_histomorphometry_page__a_row_says_everything():
    assert row("MAR")[1:] == [
        *("Mineral apposition rate", "um/d", "", "", "k_w × Ir.L.Wi / Ir.L.t", "all", "> 0", "0.3–1.2"),
        *("PMC2974387", "read"),
    ]
    assert row("Tb.Th")[5:7] == ["2000 / (BS/BV)", "cancellous"]
    assert row("BS/BV")[3:6] == ["`B.Pm/B.Ar` [mm/mm2]", "BV", "k_s × B.Pm / B.Ar"]
    assert row("O.Pm")[2:4] == ["mm", "`OS` [mm2]"]
    assert "1000 × O.Ar / O.Pm where it was not measured" in row("O.Wi")[1]


def test_histomorphometry_page__what_nobody_read_says_so():
    # Read in PMC2974387: these formulas; in table 3 of Dempster 2013: names and identities of surfaces.
    read = {"BV/TV", "OV/BV", "MS/BS", "MAR", "BFR/BS", "Omt", "Mlt"}
    for code, entry in MEASUREMENTS.items():
        if not entry.is_primary:
            expected = "read" if code in read else "general knowledge"
            assert row(code)[-1] == entry.certainty == expected, code
    for code in ("T.Ar", "Ir.L.Wi", "Ir.L.t"):
        assert row(code)[-1] == "general knowledge"


def test_every_column_of_the_sheet_is_explained():
    assert [role.name for role in FACTS] == list(EXPLAINED)


def test_biopsies_page__its_maps_are_valid():
    text = (DOCS / "biopsies.md").read_text(encoding="utf-8")
    blocks = [tomllib.loads(block) for block in re.findall(r"```\n(\[\[.*?)```", text, re.DOTALL)]
    assert len(blocks) == 2
    for block in blocks:
        for table in block["tables"]:
            TableMap(**{key: value for key, value in table.items() if key != "file"})
            assert set(table.get("columns", {})) <= set(MEASUREMENTS) | set(EXPLAINED)
        HistomorphometryParameters(**block.get("histomorphometry", {}))


def test_biopsies_page__names_every_parameter():
    text = (DOCS / "biopsies.md").read_text(encoding="utf-8")
    unnamed = [name for name in HistomorphometryParameters.model_fields if f"`{name}" not in text]
    assert unnamed == []
