"""DXA numbers and what is said of them, as an analyst finds them in the tables."""

from __future__ import annotations

from bonemetrics.outcomes.density_table import NOTE_COLUMNS, notes_table
from bonemetrics.outcomes.dictionary import dictionary_table
from bonemetrics.outcomes.dxa_table import dxa_table
from tests.dxa_placed import lines, placed, protocol

# L1-L4: 55.80 cm2 and 53.70 g, so 0.962 g/cm2; L2 area was 13.09.
SPINE = """
lumbar-spine . L1 12.31 10.95 0.889 -1.1
lumbar-spine . L2 18.09 12.61 0.964 -1.0
lumbar-spine . L3 14.53 14.90 1.026 -0.9
lumbar-spine . L4 15.87 15.24 0.960 -1.2
lumbar-spine . L1-L4 55.80 53.70 0.962 -1.0
"""
BOTH_HIPS = """
hip left neck 4.98 3.11 0.624 -1.9
hip left total-hip 33.52 25.14 0.750 -1.6
"""


def noted(scans, code):
    names = [column.name for column in NOTE_COLUMNS]
    rows = [dict(zip(names, row, strict=True)) for row in notes_table(scans).rows]
    return [(row["site"], row["side"], row["region"], row["quantity"]) for row in rows if row["code"] == code]


def test_notes_table__a_conflict_names_the_regions_and_quantities_it_is_about(tmp_path):
    scans = placed(tmp_path, lines(SPINE))
    assert noted(scans, "identity-conflict") == [
        ("lumbar-spine", None, "L2", "aBMD;BMC;Area"),
        ("lumbar-spine", None, None, "Area"),
    ]
    assert noted(scans, "repair-proposed") == [("lumbar-spine", None, "L2", "Area")]


def test_notes_table__tells_left_from_right(tmp_path):
    scans = placed(tmp_path, lines(BOTH_HIPS.replace("0.624", "0.642")), lines(BOTH_HIPS.replace("left", "right")))
    assert noted(scans, "identity-conflict") == [("hip", "left", "neck", "aBMD;BMC;Area")]


def test_notes_table__a_number_that_another_route_gave_better_keeps_its_note(tmp_path):
    # The second table has more decimals, so the first one's wrong BMD does not stand.
    wrong = lines(BOTH_HIPS.replace("0.624", "0.642"), scan="A1005190C")
    right = lines(BOTH_HIPS.replace("0.624", "0.6245").replace("0.750", "0.7500"), scan="A1005190C")
    scans = placed(tmp_path, wrong, right)
    assert noted(scans, "routes-disagree") == [("hip", "left", "neck", "aBMD")]
    assert noted(scans, "identity-conflict") == [("hip", "left", "neck", "aBMD;BMC;Area")]


def test_dictionary__describes_every_paramcd_and_every_column_of_the_dxa_table(tmp_path):
    rules = protocol()
    table = dxa_table(placed(tmp_path, lines(SPINE), rules=rules), rules)
    described = dictionary_table([table], rules.parameters)
    rows = [dict(zip((column.name for column in described.columns), row, strict=True)) for row in described.rows]
    parameters = {row["name"]: row for row in rows if row["kind"] == "parameter"}
    assert set(parameters) == {"LSBMD", "LSBMDT", "THBMD"}
    thbmd = parameters["THBMD"]
    assert (thbmd["label"], thbmd["unit"]) == ("Total hip BMD", "g/cm2")
    assert thbmd["definition"] == "aBMD of hip, left, total-hip"
    columns = {row["name"]: row for row in rows if row["table"] == "dxa"}
    assert set(columns) == {column.name for column in table.columns}
    assert all(row["label"] and row["definition"] and row["source"] for row in rows)


def test_notes_table__a_typed_mean_is_checked_against_its_sides(tmp_path):
    # (0.624 + 0.702) / 2 = 0.663; nothing binds its area and BMC.
    hips = """
hip left neck 4.98 3.11 0.624 .
hip right neck 5.03 3.53 0.702 .
hip mean neck . . 0.683 .
"""
    scans = placed(tmp_path, lines(hips))
    assert noted(scans, "identity-conflict") == [("hip", None, "neck", "aBMD")]
    assert noted(scans, "repair-proposed") == [("hip", "mean", "neck", "aBMD")]
    assert not noted(placed(tmp_path, lines(hips.replace("0.683", "0.663"))), "identity-conflict")
