"""One scan by several routes: what counts as one scan, which number stands, and what is said of the others."""

from __future__ import annotations

import pytest

from bonemetrics.dxa.reconcile import Choice, reconcile, routed, same_scan, sides_of
from bonemetrics.records import DxaRow
from tests.dxa_rows import exact, report, row

AREA, BMD = ("L2", None, "area"), ("L2", None, "bmd")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        # 2017-11-09: base 36 1K1 = 1 * 1296 + 20 * 36 + 1 = 2017; month B; sequence 0C; seconds are not printed.
        ("B1K1B090WWX0C", "B1109170C", True),
        ("B1109170C", "b1k1b090wwx0c", True),
        ("B1K1B090WWX0C", "B1109170D", False),
        ("B1K1B090WWX0C", "B1110170C", False),
        ("B1K1B090WWX0C", "C1109170C", False),
        ("B1K1B090WWX0C", "B1109180C", False),
        # Two database IDs differ by their seconds alone.
        ("B1K1B090WWX0C", "B1K1B090WWY0C", False),
        ("B1109170C", "B1109170D", False),
        ("B1109170C", "B1109170C", True),
        ("1.2.840.1", "1.2.840.2", False),
        ("1.2.840.1", "B1109170C", None),
        ("", "B1109170C", None),
        # No month 13: no Hologic ID.
        ("B1309170C", "B1K1B090WWX0C", None),
    ],
)
def test_same_scan__knows_printed_and_stored_ids_of_hologic(first, second, same):
    assert same_scan(first, second) is same
    assert same_scan(second, first) is same


def spine(area: str, bmd: str, route: str = "pdf", scan_id: str = "", **more):
    return routed(report(row("L2", area, ".", bmd, **more), route=route, scan_id=scan_id))


def database(area: float, bmd: float, scan_id: str = "B1K1B090WWX0C"):
    cells = {"area": exact(area, "cm2"), "bmd": exact(bmd, "g/cm2")}
    return routed(report(DxaRow(region="L2", cells=cells), route="hologic-database", scan_id=scan_id))


def test_reconcile__binary_stands_before_text_before_picture():
    reports = (
        spine("13.09", "0.964", "page-image", "B1109170C", trust="ocr"),
        spine("13.09", "0.964", "pdf", "B1109170C"),
        database(13.0882345678, 0.9637123456),
    )
    found = reconcile(reports)
    assert found.choices == (Choice(cell=AREA, primary=2, others=(0, 1)), Choice(cell=BMD, primary=2, others=(0, 1)))
    assert [(problem.code, place, cells) for problem, place, cells in found.notes] == [
        ("several-routes", 2, (AREA, BMD)),
        ("several-routes", 2, (AREA, BMD)),
    ]
    assert found.stands(2, AREA)
    assert not found.stands(0, AREA)


def test_reconcile__among_texts_more_decimals_stand():
    found = reconcile((spine("13.1", "0.964"), spine("13.09", "0.96", "dicom-sr")))
    assert [(choice.cell, choice.primary) for choice in found.choices] == [(AREA, 1), (BMD, 0)]


def test_reconcile__a_number_that_only_one_route_has_stands():
    scored = routed(report(row("L2", "0.964", "-2.0", names=("bmd", "t_score")), scan_id="B1109170C"))
    found = reconcile((database(13.0882345678, 0.9637123456), scored))
    assert {(choice.cell[2], choice.primary) for choice in found.choices} == {("area", 0), ("bmd", 0), ("t_score", 1)}


def test_reconcile__disagreement_beyond_rounding_is_named_with_both_numbers():
    found = reconcile((spine("13.09", "0.946", scan_id="B1109170C"), database(13.0882345678, 0.9637123456)))
    assert [(problem.code, place, cells) for problem, place, cells in found.notes] == [
        ("several-routes", 1, (AREA,)),
        ("routes-disagree", 1, (BMD,)),
    ]
    assert found.notes[1][0].message == ("L2 BMD is 0.963712 by hologic-database and 0.946 by pdf; the first stands")


def test_reconcile__two_known_ids_are_two_scans():
    found = reconcile((spine("13.09", "0.964", scan_id="B1109170C"), spine("13.07", "0.966", scan_id="B1109170D")))
    assert [choice.primary for choice in found.choices] == [0, 1, 0, 1] or len(found.choices) == 4
    assert all(not choice.others for choice in found.choices)
    assert found.notes == ()


def test_reconcile__one_without_id_is_the_only_scan_there_is():
    found = reconcile((spine("13.09", "0.964", scan_id="B1109170C"), spine("13.19", "0.957", "csv")))
    assert {problem.code for problem, _, _ in found.notes} == {"routes-disagree"}
    assert len(found.choices) == 2


def test_reconcile__one_without_id_is_of_the_scan_whose_numbers_it_has():
    first, second = spine("13.09", "0.964", scan_id="B1109170C"), spine("13.37", "0.951", scan_id="B1109170D")
    found = reconcile((spine("13.37", "0.951", "csv"), first, second))
    assert {(choice.primary, choice.others) for choice in found.choices} == {(1, ()), (0, (2,))}
    other = reconcile((spine("13.83", "0.911", "csv"), first, second))
    assert len(other.choices) == 6
    assert other.notes == ()


def test_reconcile__two_repeats_of_one_route_without_ids_are_two_scans():
    found = reconcile((spine("13.09", "0.964", "csv"), spine("13.19", "0.957", "csv")))
    assert len(found.choices) == 4
    assert found.notes == ()


def test_reconcile__incomparable_ids_are_one_scan_only_where_the_numbers_agree():
    agreeing = reconcile((spine("13.09", "0.964", scan_id="B1109170C"), spine("13.09", "0.964", "dicom-sr", "1.2.84")))
    assert len(agreeing.choices) == 2
    differing = reconcile((spine("13.09", "0.964", scan_id="B1109170C"), spine("13.19", "0.957", "dicom-sr", "1.2.84")))
    assert len(differing.choices) == 4


def test_reconcile__a_typing_error_in_a_copy_with_an_id_of_its_own_makes_no_second_scan():
    rows = [row(f"L{i}", f"1{i}.09", f"1{i}.61", f"0.96{i}") for i in (1, 2, 3)]
    mistyped = [*rows[:2], row("L3", "13.09", "13.61", "0.936")]
    found = reconcile(
        (routed(report(*rows, scan_id="B1109170C")), routed(report(*mistyped, route="csv", scan_id="first")))
    )
    assert len(found.choices) == 9
    assert [cells for problem, _, cells in found.notes if problem.code == "routes-disagree"] == [(("L3", None, "bmd"),)]


def test_reconcile__a_second_scan_of_the_day_agrees_in_scores_and_little_else():
    names = ("area", "bmc", "bmd", "t_score", "z_score")
    first = [row(f"L{i}", f"1{i}.09", f"1{i}.61", f"0.96{i}", "-1.1", "0.2", names=names) for i in (1, 2, 3)]
    again = [row(f"L{i}", f"1{i}.13", f"1{i}.61", f"0.97{i}", "-1.1", "0.2", names=names) for i in (1, 2, 3)]
    found = reconcile((routed(report(*first)), routed(report(*again))))
    assert len(found.choices) == 30


def hips(side, *, route="pdf", scan_id="", bmd="0.788"):
    return routed(report(row("neck", "4.91", "3.87", bmd, side=side), route=route, scan_id=scan_id, site="hip"))


@pytest.mark.parametrize(
    ("others", "found"),
    [
        # By the scan ID, even where the numbers differ.
        ([hips("left", scan_id="B1109170C", bmd="0.779")], {0: "left"}),
        ([hips("right", scan_id="B1109170D"), hips("left", scan_id="B1109170C")], {0: "left"}),
        # Without one by the numbers, if all of them agree.
        ([hips("right")], {0: "right"}),
        ([hips("right", bmd="0.779")], {}),
        ([hips("left"), hips("right")], {}),
        ([hips(None, scan_id="B1109170C")], {}),
        ([hips("left", scan_id="B1109170D")], {}),
    ],
)
def test_sides_of__an_unknown_side_is_told_by_another_route_of_the_scan(others, found):
    assert sides_of((hips(None, route="csv", scan_id="B1109170C"), *others)) == found


def test_reconcile__a_page_of_both_hips_has_two_scans():
    rows = (
        row("neck", "4.91", ".", "0.788", side="left"),
        row("neck", "4.33", ".", "0.852", side="right"),
        row("neck", "4.62", ".", "0.820", side="mean", statistic="mean"),
        row("neck", "0.58", ".", "0.064", statistic="difference"),
    )
    page = routed(report(*rows, scan_id="B1109170C; B1109170D"))
    left = DxaRow(region="neck", side="left", cells={"bmd": exact(0.7881234567, "g/cm2")})
    stored = routed(report(left, route="hologic-p-file", scan_id="B1K1B090WWX0C"))
    found = reconcile((page, stored))
    chosen = {choice.cell: choice.primary for choice in found.choices}
    assert chosen["neck", "left", "bmd"] == 1
    assert chosen["neck", "left", "area"] == chosen["neck", "right", "bmd"] == chosen["neck", "mean", "bmd"] == 0
    assert ("neck", None, "bmd") not in chosen


def test_routed__other_columns_take_no_part():
    assert set(routed(report(row("L2", "13.09", "3.4", names=("area", "width")))).numbers) == {AREA}
