"""Changes of one character: which are tried, and which are proposed."""

from __future__ import annotations

from bonemetrics.dxa.identities import conflicts
from bonemetrics.dxa.repairs import described, single_edits
from bonemetrics.records import DxaRow
from tests.dxa_rows import SPINE, exact, row, table


def proposals(rows, **options) -> set[tuple[str, str, str, str]]:
    found = {repair for conflict in conflicts(rows, **options) for repair in conflict.repairs}
    return {(repair.cell[0], repair.cell[2], repair.raw, repair.proposed) for repair in found}


def test_single_edits__of_a_short_number_are_all_there():
    # A digit replaced: 9 + 9; the point by a digit: 10; removed: 12 alone, as .2 and 1. are no numbers; a digit put in
    # at 4 places, 10 each, of which 11.2 and 1.22 come twice: 38; no second point.
    found = set(single_edits("1.2"))
    assert {"9.2", "1.0", "12", "01.2", "1.20", "1.32"} <= found
    assert found.isdisjoint({"1.2", "2.1", ".2", "1.", "1..2", "13.4"})
    assert len(found) == 9 + 9 + 10 + 1 + 38


def test_single_edits__gives_a_lost_point_back():
    assert {"1.309", "13.09", "130.9"} <= set(single_edits("1309"))
    assert "13.09" in set(single_edits("13109"))


def test_single_edits__keeps_a_decimal_comma():
    assert "13,19" in set(single_edits("13,09"))
    assert not any("." in text for text in single_edits("13,09"))


def test_repairs__the_one_wrong_digit_of_a_table_is_found():
    rows = table(SPINE.replace("13.09", "18.09"))
    assert proposals(rows) == {("L2", "area", "18.09", "13.09")}


def test_repairs__a_lost_decimal_point_is_found_by_the_columns_usual_decimals():
    rows = table(SPINE.replace("0.991", "0991"))
    assert proposals(rows) == {("L3-L4", "bmd", "0991", "0.991")}


def test_repairs__all_possible_ones_are_named_where_a_row_stands_alone():
    # 12.61 / 13.29 = 0.949, and 0.964 * 13.29 = 12.81: area 13.09 or 13.08 to 13.10, BMC 12.81, but no BMD: 0.949
    # differs from 0.964 in two digits.
    found = proposals((row("L2", "13.29", "12.61", "0.964"), *table("L1 12.31 10.95 0.889")))
    assert ("L2", "area", "13.29", "13.09") in found
    assert ("L2", "bmc", "12.61", "12.81") in found
    assert {name for _, name, _, _ in found} == {"area", "bmc"}


def test_repairs__none_where_two_characters_are_wrong():
    assert proposals(table(SPINE.replace("13.09", "18.04"))) == set()


def test_repairs__none_for_binary_numbers():
    cells = {"area": exact(12.3141592653, "cm2"), "bmc": exact(10.9471828182, "g"), "bmd": exact(0.8889, "g/cm2")}
    (found,) = conflicts((DxaRow(region="L1", cells=cells),))
    assert found.repairs == ()


def in_mm2(printed: DxaRow) -> DxaRow:
    """The row as it is after a conversion: the text is still the one in mm2."""
    area = printed.cells["area"]
    text = area.raw.replace(".", "")
    return printed.model_copy(update={"cells": {**printed.cells, "area": area.model_copy(update={"raw": text})}})


def test_repairs__of_a_converted_cell_are_in_the_text_of_the_source():
    rows = tuple(in_mm2(printed) for printed in table(SPINE.replace("13.09", "18.09")))
    assert proposals(rows) == {("L2", "area", "1809", "1309")}


def test_described__names_cell_text_and_proposal():
    (conflict, *_) = conflicts(table(SPINE.replace("13.09", "18.09")))
    assert described(conflict.repairs[0]) == "L2 area: '18.09' would fit everything if it were '13.09'"
