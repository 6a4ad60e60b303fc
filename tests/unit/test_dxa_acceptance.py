"""Numbers from a picture stand only where two readings and the rest of the page agree."""

from __future__ import annotations

import pytest

from bonemetrics.dxa.acceptance import accept
from bonemetrics.records import CurvePoint, DxaCell, DxaRow, RawDxaReport, ReferenceCurve
from tests.dxa_rows import SPINE, cell, codes, report, row, table


def standing(found: RawDxaReport) -> set[tuple[str, str]]:
    return {(r.region, name) for r in found.rows for name, kept in r.cells.items() if kept.value is not None}


def pictured(text: str = SPINE) -> RawDxaReport:
    return report(*table(text, trust="ocr"), route="page-image")


def changed(whole: RawDxaReport, place: int, name: str, new: DxaCell | None) -> RawDxaReport:
    rows = list(whole.rows)
    cells = {**rows[place].cells, name: new} if new else {k: v for k, v in rows[place].cells.items() if k != name}
    rows[place] = rows[place].model_copy(update={"cells": cells})
    return whole.model_copy(update={"rows": tuple(rows)})


def test_accept__all_of_a_page_that_fits_together():
    step = accept(pictured())
    assert (len(standing(step.report)), step.notes) == (24, ())


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        (("0.964",), "read only once"),
        ((), "read only once"),
        (("0.964", "0.954"), "read differently"),
        (("0.964", "0.9640"), "read differently"),
        (("0.954", "0.954"), "read differently"),
    ],
)
def test_accept__refuses_what_was_not_read_twice_digit_for_digit(readings, reason):
    step = accept(changed(pictured(), 1, "bmd", cell("0.964", "g/cm2", trust="ocr", readings=readings)))
    ((found, spots),) = step.notes
    assert spots == ((1, "bmd"),)
    assert found.message.startswith("L2 BMD (page 1 box 1,2,3,4) was ")
    assert reason in found.message
    assert len(standing(step.report)) == 23


def test_accept__blanks_around_a_reading_do_not_matter():
    step = accept(changed(pictured(), 1, "bmd", cell("0.964", "g/cm2", trust="ocr", readings=(" 0.964", "0.964 "))))
    assert step.notes == ()


def test_accept__names_a_cell_that_could_not_be_read():
    unread = DxaCell(unit="g/cm2", trust="ocr", picture="cell-7.png", place="page 1 box 5,6,7,8")
    ((found, _),) = accept(changed(pictured(), 1, "bmd", unread)).notes
    assert found.message == "L2 BMD (page 1 box 5,6,7,8) could not be read from the picture"


def test_accept__an_empty_cell_is_no_refusal():
    blank = DxaCell(unit="1", trust="ocr", place="page 1 box 5,6,7,8")
    step = accept(changed(changed(pictured(), 1, "t_score", blank), 2, "bmd", blank))
    assert step.notes == ()


def test_accept__refuses_only_the_cell_that_explains_all_contradictions():
    # Without its area nothing binds the BMD of L2; its BMC is still part of three sums.
    step = accept(pictured(SPINE.replace("13.09", "18.09")))
    assert [spots for _, spots in step.notes] == [((1, "area"),), ((1, "bmd"),)]
    assert "contradicts" in step.notes[0][0].message
    assert len(standing(step.report)) == 22


def test_accept__a_wrong_last_digit_that_the_ratio_lets_through_is_refused_by_the_sums():
    # 13.07 for 13.09: 12.61 / 13.07 = 0.9648, within 0.0013 of 0.964; but 12.31 + 13.07 = 25.38 is 0.02 from 25.40.
    step = accept(pictured(SPINE.replace("13.09", "13.07")))
    assert ("L2", "area") not in standing(step.report)
    assert ("L2", "area") in standing(accept(pictured("L2 13.07 12.61 0.964")).report)


def test_accept__a_row_alone_that_contradicts_itself_is_refused_whole():
    step = accept(pictured("L2 18.09 12.61 0.964"))
    assert standing(step.report) == set()
    assert codes(step.notes) == ["cell-refused"] * 3


def test_accept__a_bmd_without_anything_to_confirm_it_is_refused():
    # A page of one row with BMD and T alone: the T-score knows BMD to 0.006 only.
    curve = ReferenceCurve(
        name="stated",
        source="test",
        site="lumbar-spine",
        region="L1-L4",
        points=(CurvePoint(age_years=30, mean=1.18, sd=0.12),),
    )
    step = accept(report(row("L1-L4", "1.055", "-1.0", names=("bmd", "t_score"), trust="ocr")), (curve,))
    assert standing(step.report) == set()
    messages = [problem.message for problem, _ in step.notes]
    assert "confirmed by no other number" in messages[0]
    assert "no named reference and BMD confirm it" in messages[1]


def test_accept__the_same_region_elsewhere_on_the_page_confirms():
    rows = (row("L1-L4", "0.962", names=("bmd",), trust="ocr"), *table(SPINE, trust="ocr"))
    assert accept(report(*rows)).notes == ()


def test_accept__losing_one_number_can_leave_another_unconfirmed():
    whole = pictured("L2 13.09 12.61 0.964")
    step = accept(changed(whole, 0, "bmc", cell("12.61", "g", trust="ocr", readings=("12.61", "12.81"))))
    assert standing(step.report) == set()
    assert "differently" in step.notes[0][0].message
    assert "confirmed by no other" in step.notes[1][0].message


def scored(t: str, *, bmd: str = "1.055") -> RawDxaReport:
    # BMC / area: 58.87 / 55.80 = 1.05502; T (1.055 - 1.18) / 0.12 = -1.0417.
    rows = (row("L1-L4", "55.80", "58.87", bmd, trust="ocr"),)
    return changed(report(*rows, route="page-image"), 0, "t_score", cell(t, trust="ocr"))


CURVE = ReferenceCurve(
    name="stated",
    source="test",
    site="lumbar-spine",
    region="L1-L4",
    points=(CurvePoint(age_years=30, mean=1.18, sd=0.12),),
)


def test_accept__a_t_score_stands_where_the_recomputed_one_rounds_to_it():
    assert ("L1-L4", "t_score") in standing(accept(scored("-1.0"), (CURVE,)).report)


@pytest.mark.parametrize("text", ["1.0", "-10", "-1.1", "10"])
def test_accept__a_t_score_that_lost_its_minus_or_point_is_refused(text):
    step = accept(scored(text), (CURVE,))
    assert standing(step.report) == {("L1-L4", "area"), ("L1-L4", "bmc"), ("L1-L4", "bmd")}
    assert "not the score that stated gives" in step.notes[0][0].message


def test_accept__a_t_score_without_reference_is_refused_though_read_twice():
    step = accept(scored("-1.0"))
    assert ("L1-L4", "t_score") not in standing(step.report)
    assert codes(step.notes) == ["cell-refused"]


def test_accept__scores_that_no_reference_confirms_share_one_note_that_names_them_all():
    rows = [
        one.model_copy(update={"cells": {**one.cells, "t_score": cell("-1.0", trust="ocr")}})
        for one in table(SPINE, trust="ocr")
    ]
    ((problem, spots),) = accept(report(*rows, route="page-image")).notes
    assert problem.code == "cell-refused"
    assert spots == tuple((place, "t_score") for place in range(8))
    assert problem.message.startswith("T-score of L1, L2, L3, L4, L1-L2, L3-L4, L2-L4, L1-L4 was read from a picture")


def test_accept__a_score_of_a_difference_has_no_reference():
    rows = (
        row("neck", "0.788", names=("bmd",), side="left", trust="ocr"),
        row("neck", "0.852", names=("bmd",), side="right", trust="ocr"),
        row("neck", "0.064", "0.5", names=("bmd", "t_score"), statistic="difference", trust="ocr"),
    )
    curve = CURVE.model_copy(update={"site": "hip", "region": "neck"})
    step = accept(report(*rows), (curve,))
    assert [spots for _, spots in step.notes] == [((2, "t_score"),)]


def test_accept__other_columns_share_one_refusal():
    whole = changed(
        changed(pictured(), 0, "width", cell("3.4", "cm", trust="ocr")), 1, "width", cell("3.5", trust="ocr")
    )
    step = accept(whole)
    assert [(problem.code, spots) for problem, spots in step.notes] == [("cell-refused", ((0, "width"), (1, "width")))]
    assert step.report.rows[0].cells["width"].value is None


def test_accept__text_and_binary_numbers_stand_whatever_contradicts_them():
    whole = report(*table("L2 18.09 12.61 0.964"))
    assert accept(whole).report == whole
    mixed = (table("L2 18.09 12.61 0.964")[0], row("L2", "13.09", ".", ".", trust="ocr"))
    step = accept(report(*mixed))
    assert step.report.rows[0].value("area") == 18.09
    assert step.report.rows[1].value("area") is None


def test_accept__norlands_four_decimals_stand():
    # 11.86 / 13.95 = 0.85018, 13.22 / 14.68 = 0.90054; together 25.08 / 28.63 = 0.87600.
    assert accept(pictured("L2 13.95 11.86 0.8502\nL3 14.68 13.22 0.9005\nL2-L3 28.63 25.08 0.8760")).notes == ()


def test_accept__an_unread_row_is_no_obstacle_to_others():
    whole = pictured()
    empty = {name: DxaCell(trust="ocr", picture="p.png") for name in ("area", "bmc", "bmd")}
    rows = (DxaRow(region="L1", cells=empty), *whole.rows[1:])
    assert len(standing(accept(whole.model_copy(update={"rows": rows})).report)) == 21
