"""The whole of judging: its order, its notes by number, and that no number ever changes."""

from __future__ import annotations

from bonemetrics.dxa.judge import judge
from bonemetrics.records import CurvePoint, DxaCell, DxaPatient, DxaRow, ReferenceCurve, note
from tests.dxa_rows import SPINE, cell, codes, exact, report, row, table

CURVE = ReferenceCurve(
    name="invented",
    source="test",
    site="hip",
    region="neck",
    sex="F",
    points=(CurvePoint(age_years=25, mean=0.85, sd=0.12),),
)


def test_judge__a_sound_report_passes_as_it_is():
    whole = report(*table(SPINE), manufacturer="Hologic", problems=(note("date-ambiguous", "from the reader"),))
    judged = judge(whole)
    assert judged.report == whole
    assert (judged.problems, dict(judged.cell_notes), judged.conflicts) == ((), {}, ())


def test_judge__a_contradiction_stands_on_its_numbers_and_the_numbers_stand():
    judged = judge(report(*table(SPINE.replace("13.09", "18.09"))))
    assert judged.report.rows[1].value("area") == 18.09
    assert codes(judged.cell_notes["L2", None, "area"])[-1] == "repair-proposed"
    assert "identity-conflict" in codes(judged.cell_notes["L2", None, "area"])
    assert codes(judged.cell_notes["L2", None, "bmd"]) == ["identity-conflict"]
    assert ("L3", None, "bmd") not in judged.cell_notes
    assert ("L2", None, "area") in judged.conflicted_cells
    (proposal,) = (problem for problem in judged.problems if problem.code == "repair-proposed")
    assert proposal.message == ("L2 area: '18.09' would fit everything if it were '13.09'; nothing was changed")


def test_judge__units_come_first_so_that_identities_see_kept_ones():
    rows = tuple(
        r.model_copy(update={"cells": {**r.cells, "bmd": cell(f"{r.cells['bmd'].value * 1000:.0f}", "mg/cm2")}})
        for r in table(SPINE)
    )
    judged = judge(report(*rows))
    assert codes(judged.problems) == ["unit-converted"]
    assert judged.report.rows[1].cells["bmd"].value == 0.964


def test_judge__an_impossible_number_is_proposed_a_repair_before_it_is_emptied():
    judged = judge(report(*table(SPINE.replace("0.991", "9.991"))))
    assert judged.report.rows[5].value("bmd") is None
    assert codes(judged.cell_notes["L3-L4", None, "bmd"]) == ["identity-conflict", "repair-proposed", "cell-refused"]


def test_judge__each_refused_cell_of_a_picture_has_one_reason():
    rows = list(table(SPINE, trust="ocr"))
    unsure = cell("0.964", "g/cm2", trust="ocr", readings=("0.964", "0.954"))
    cells = {**rows[1].cells, "bmd": unsure, "t_score": cell("-132", trust="ocr")}
    rows[1] = rows[1].model_copy(update={"cells": cells})
    rows.append(DxaRow(region="T12", cells={"bmd": DxaCell(raw="8.8", value=8.8, trust="ocr", readings=("8.8",))}))
    judged = judge(report(*rows, route="page-image"))
    refused = [problem for problem in judged.problems if problem.code == "cell-refused"]
    assert len(refused) == 2
    assert {key for key, notes in judged.cell_notes.items() if "cell-refused" in codes(notes)} == {
        ("L2", None, "bmd"),
        ("L2", None, "t_score"),
    }
    assert codes(judged.cell_notes["T12", None, "bmd"]) == ["unit-not-stated"]


def test_judge__unseen_numbers_and_wrong_scores_carry_notes():
    rows = (row("neck", "7.24", "4.98", "0.688", side="left"), row("wards", ".", ".", "0.611", side="left"))
    rows = (rows[0].model_copy(update={"cells": {**rows[0].cells, "t_score": cell("1.4")}}), rows[1])
    judged = judge(report(*rows, patient=DxaPatient(sex="F")), curves=(CURVE,))
    assert codes(judged.cell_notes["neck", "left", "area"]) == ["implausible-value"]
    # (0.688 - 0.85) / 0.12 = -1.35
    assert codes(judged.cell_notes["neck", "left", "t_score"]) == ["score-disagrees"]


def test_judge__computes_scores_from_the_sources_curves_only():
    rows = (DxaRow(region="neck", side="left", cells={"bmd": exact(0.7234567891, "g/cm2")}),)
    whole = report(*rows, route="hologic-database", patient=DxaPatient(sex="F"))
    assert "t_score" not in judge(whole, curves=(CURVE,)).report.rows[0].cells
    judged = judge(whole, source_curves=(CURVE,))
    assert judged.report.rows[0].value("t_score") is not None
    assert codes(judged.cell_notes["neck", "left", "t_score"]) == ["scores-recomputed"]


def test_judge__notes_on_differences_reach_no_measurement():
    rows = (
        row("neck", "0.788", names=("bmd",), side="left"),
        row("neck", "0.852", names=("bmd",), side="right"),
        row("neck", "0.046", names=("bmd",), statistic="difference"),
    )
    judged = judge(report(*rows))
    # 0.064, 0.806 or 0.834 would do, but none of them is one character away.
    assert codes(judged.problems) == ["identity-conflict"]
    assert set(judged.cell_notes) == {("neck", "left", "bmd"), ("neck", "right", "bmd")}


def test_judge__a_table_that_is_wrong_everywhere_is_said_once_and_for_the_rest_in_one_line():
    regions = [f"radius-{part}" for part in ("ud", "mid", "33", "total")]
    rows = tuple(row(region, f"{i + 7}.31", "4.17", "1.913") for i in range(13) for region in regions)
    judged = judge(report(*rows))
    conflicts = [problem for problem in judged.problems if problem.code == "identity-conflict"]
    assert len(judged.conflicts) > 41
    assert len(conflicts) == 41
    assert "more contradictions" in conflicts[-1].message


def test_judge__no_message_holds_anything_of_the_patient():
    patient = DxaPatient(patient_id="SECRET-77", birth_date="19510203", sex="F", age_years=64.13)
    judged = judge(report(*table(SPINE.replace("13.09", "18.09")), patient=patient, key="SECRET-88"))
    assert not any(word in problem.message for problem in judged.problems for word in ("SECRET", "19510203", "64.13"))
