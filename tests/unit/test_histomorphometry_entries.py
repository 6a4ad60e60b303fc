"""Rows of a sheet of biopsies: what becomes an entry, what a draft, and what is refused with its reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bonemetrics.histomorphometry.entries import interpreter
from bonemetrics.readers.tables.columns import map_columns
from bonemetrics.readers.tables.open import open_table
from bonemetrics.records import HistomorphometryParameters, TableMap

HEADER = "subject,biopsy_date,envelope,referent,B.Ar [mm2],T.Ar [mm2],B.Pm [mm]"
RULES = HistomorphometryParameters(factor="isotropic")


def read(tmp_path: Path, *rows: str, header: str = HEADER, rules=RULES, **facts):
    """Outcomes of the rows of a CSV file."""
    table = TableMap(kind="histomorphometry", **facts)
    path = tmp_path / "biopsies.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    raw, who = open_table(path, table), interpreter(table, rules)
    columns = map_columns(raw.header, who.roles, table)
    return [who.take(columns.row(row)) for row in raw.rows]


def codes(outcome):
    return [one.code for one in outcome.problems]


def test_take__a_whole_row_is_a_complete_entry(tmp_path):
    (found,) = read(tmp_path, "CSM-04,2016-04-30,cancellous,TV,6.00,40.0,100")
    (entry,) = found.records
    assert found.problems == ()
    assert (entry.subject, entry.day, entry.envelope, entry.referent) == (
        "CSM-04",
        date(2016, 4, 30),
        "cancellous",
        "TV",
    )
    assert (entry.state, entry.line, entry.site) == ("complete", 2, "iliac-crest")
    assert entry.primaries == {"T.Ar": 40.0, "B.Ar": 6.0, "B.Pm": 100.0}
    assert entry.half_units == {"T.Ar": 0.05, "B.Ar": 0.005, "B.Pm": 0.5}
    assert entry.typed == {}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Cn.", "cancellous"),
        ("cn", "cancellous"),
        ("Ec", "endocortical"),
        ("Ct.", "intracortical"),
        ("Ps.", "periosteal"),
        ("Periosteal", "periosteal"),
        (" Endocortical ", "endocortical"),
    ],
)
def test_take__envelopes_by_name_or_prefix(tmp_path, written, meant):
    (found,) = read(tmp_path, f"A,2016-04-30,{written},TV,6,40,100")
    assert found.records[0].envelope == meant


def test_take__an_envelope_of_everything_is_none(tmp_path):
    (found,) = read(tmp_path, "A,2016-04-30,Tt.,TV,6,40,100")
    assert codes(found) == ["invalid-state", "entry-incomplete"]
    assert found.records[0].state == "draft"
    assert found.records[0].primaries["B.Ar"] == 6


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        ("A,2016-04-30,,TV,6,40,100", "envelope"),
        ("A,2016-04-30,cn,,6,40,100", "referent"),
        ("A,,cn,TV,6,40,100", "biopsy_date"),
    ],
)
def test_take__an_ambiguous_entry_is_kept_as_a_draft(tmp_path, row, missing):
    (found,) = read(tmp_path, row)
    assert codes(found) == ["entry-incomplete"]
    assert missing in found.problems[0].message
    assert found.records[0].state == "draft"


def test_take__without_any_factor_it_is_a_draft(tmp_path):
    (found,) = read(tmp_path, "A,2016-04-30,cn,TV,6,40,100", rules=HistomorphometryParameters())
    assert codes(found) == ["entry-incomplete"]
    assert "factor" in found.problems[0].message


def test_take__its_own_factors(tmp_path):
    header = HEADER + ",factor,width_to_thickness,perimeter_to_surface"
    found = read(
        tmp_path,
        "A,2016-04-30,cn,TV,6,40,100,iliac,,",
        "B,2016-04-30,cn,TV,6,40,100,stated,0.81,1.199",
        "C,2016-04-30,cn,TV,6,40,100,stated,0.81,",
        "D,2016-04-30,cn,TV,6,40,100,1.2,,",
        header=header,
    )
    assert found[0].records[0].factors.perimeter_to_surface == 1.2
    assert found[1].records[0].factors.width_to_thickness == 0.81
    assert codes(found[2]) == ["entry-incomplete"]
    assert codes(found[3]) == ["invalid-state"]
    assert [one.records[0].state for one in found] == ["complete", "complete", "draft", "draft"]


def test_take__what_cannot_be_true_is_a_draft_and_said(tmp_path):
    (found,) = read(tmp_path, "A,2016-04-30,cn,TV,41,40,100")
    assert codes(found) == ["hard-violation"]
    assert found.problems[0].message == "B.Ar = 41 is more than T.Ar = 40; the entry was kept as a draft"
    assert found.records[0].state == "draft"


def test_take__a_draft_may_hold_anything_and_is_only_noted(tmp_path):
    (found,) = read(tmp_path, "A,2016-04-30,,TV,41,40,100,draft", header=HEADER + ",state")
    assert [(one.code, one.severity) for one in found.problems] == [("draft-entry", "note")] * 2
    assert found.records[0].state == "draft"


def test_take__a_typed_index_that_differs_makes_a_draft(tmp_path):
    right, wrong = read(
        tmp_path, "A,2016-04-30,cn,TV,6,40,100,15", "B,2016-04-30,cn,TV,6,40,100,17", header=HEADER + ",BV/TV [%]"
    )
    assert codes(right) == []
    assert right.records[0].typed == {"BV/TV": 15.0}
    assert codes(wrong) == ["hard-violation"]


@pytest.mark.parametrize(
    ("header", "cell", "code", "value", "note"),
    [
        ("O.Wi [mm]", "0.0101", "O.Wi", 10.1, ["unit-converted"]),
        ("O.Wi [µm]", "10.1", "O.Wi", 10.1, []),
        ("O.Wi (um)", "10.1", "O.Wi", 10.1, []),
        ("E.Pm [um]", "4000", "E.Pm", 4.0, ["unit-converted"]),
        ("O.Ar [um²]", "120000", "O.Ar", 0.12, ["unit-converted"]),
        ("O.Ar [mm^2]", "0.12", "O.Ar", 0.12, []),
        ("Ir.L.t [days]", "15", "Ir.L.t", 15.0, []),
        ("Ir.L.t [weeks]", "2", "Ir.L.t", 14.0, ["unit-converted"]),
        ("MAR [µm/day]", "0.47", "MAR", 0.47, []),
        ("Ac.f [/yr]", "0.274", "Ac.f", 0.274, []),
        ("BFR/BS [mm³/mm²/yr]", "0.0086", "BFR/BS", 8.6, ["unit-converted"]),
        ("BFR/BS [µm³/µm²/year]", "8.6", "BFR/BS", 8.6, []),
        ("BFR/TV [%/yr]", "2.7", "BFR/TV", 2.7, []),
        ("BS/BV [mm-1]", "21.2", "BS/BV", 21.2, []),
        ("N.Oc [#]", "7", "N.Oc", 7.0, []),
        ("O.Wi", "10.1 µm", "O.Wi", 10.1, []),
    ],
)
def test_take__units(tmp_path, header, cell, code, value, note):
    (found,) = read(tmp_path, f"A,2016-04-30,Ec,TV,{cell}", header=f"subject,biopsy_date,envelope,referent,{header}")
    assert codes(found) == note
    (entry,) = found.records
    assert {**entry.primaries, **entry.typed} == {code: pytest.approx(value, rel=1e-12)}


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("B.Ar [mm3]", "a 2D name has a 2D unit"),
        ("B.Pm [mm2]", "a 2D name has a 2D unit"),
        ("O.Ar [mm]", "no rule turns one into the other"),
        ("BV/TV [g/cm3]", "no rule turns one into the other"),
    ],
)
def test_take__a_unit_of_another_dimension_is_refused_and_the_rest_stays(tmp_path, header, why):
    (found,) = read(
        tmp_path, "A,2016-04-30,cn,TV,40,6", header=f"subject,biopsy_date,envelope,referent,T.Ar [mm2],{header}"
    )
    assert codes(found) == ["unit-not-convertible"]
    assert why in found.problems[0].message
    assert found.records[0].primaries == {"T.Ar": 40.0}
    assert found.records[0].state == "draft"


def test_take__another_laboratory_by_a_map(tmp_path):
    (found,) = read(
        tmp_path,
        "17;30.04.2016;6,25;40,5;n/a",
        header="Pat;Biopsia;Cn.B.Ar;Area tejido;O.Pm",
        columns={"subject": "Pat", "biopsy_date": "Biopsia", "B.Ar": "Cn.B.Ar", "T.Ar": "Area tejido"},
        fixed={"envelope": "cancellous", "referent": "TV"},
        units={"B.Ar": "mm2"},
        decimal=",",
        dates="dmy",
        delimiter=";",
    )
    assert found.problems == ()
    assert found.records[0].primaries == {"T.Ar": 40.5, "B.Ar": 6.25}
    assert found.records[0].half_units == {"T.Ar": pytest.approx(0.05), "B.Ar": pytest.approx(0.005)}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",2016-04-30,cn,TV,6,40,100", "missing-cell"),
        ("A,2016-04-30,cn,TV,,,", "missing-cell"),
        ("A,2016-04-30,cn,TV,6,40,100,7", "too-few-cells"),
    ],
)
def test_take__rows_that_give_nothing(tmp_path, row, code):
    (found,) = read(tmp_path, row)
    assert found.records == ()
    assert codes(found) == [code]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("six", "not-a-number"),
        ("<6", "not-a-number"),
        ("6-7", "not-a-number"),
        ("1e999", "not-a-number"),
        ("#REF!", "not-a-number"),
        ('"1,234"', "decimal-ambiguous"),
        ("inf", "not-a-number"),
    ],
)
def test_take__a_cell_that_is_no_number_is_left_out_and_the_row_is_a_draft(tmp_path, cell, code):
    first, second = read(tmp_path, f"A,2016-04-30,cn,TV,{cell},40,100", "B,2016-05-30,cn,TV,6,40,100")
    assert codes(first) == [code]
    assert first.records[0].primaries == {"T.Ar": 40.0, "B.Pm": 100.0}
    assert first.records[0].state == "draft"
    # The rest of the sheet goes in.
    assert (codes(second), second.records[0].state) == ([], "complete")


def test_take__a_date_that_is_none(tmp_path):
    (found,) = read(tmp_path, "A,2016-04-31,cn,TV,6,40,100")
    assert "not-a-date" in codes(found)
    assert found.records[0].state == "draft"


@pytest.mark.parametrize("cell", ["-3", "0", "2.5"])
def test_take__a_number_of_sections_is_whole_and_above_zero(tmp_path, cell):
    header = HEADER + ",sections"
    wrong, right = read(tmp_path, f"A,2016-04-30,cn,TV,6,40,100,{cell}", "B,2016-04-30,cn,TV,6,40,100,3", header=header)
    assert wrong.records[0].state == "draft"
    assert wrong.records[0].sections is None
    assert {"outside-hard-limits", "not-a-number"} & set(codes(wrong))
    assert (codes(right), right.records[0].sections) == ([], 3)


def test_take__a_missing_factor_is_told_from_the_indices(tmp_path):
    # 2000 × 6 / (1.2 × 100) = 100 um.
    (found,) = read(
        tmp_path,
        "A,2016-04-30,cn,TV,6.000,40.00,100.0,100.0",
        header=HEADER + ",Tb.Th [um]",
        rules=HistomorphometryParameters(),
    )
    assert codes(found) == ["entry-incomplete"]
    assert "Tb.Th implies a factor of 1.2" in found.problems[0].message


def test_take__factors_that_were_swapped_are_refused(tmp_path):
    header = HEADER + ",factor,width_to_thickness,perimeter_to_surface"
    (found,) = read(tmp_path, "A,2016-04-30,cn,TV,6,40,100,stated,1.2,0.83", header=header)
    assert codes(found) == ["entry-incomplete"]
    assert "swapped" in found.problems[0].message
    assert found.records[0].state == "draft"
