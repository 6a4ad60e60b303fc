"""Pain, Oswestry and EQ-5D: scores by hand, missing items, versions, and answers that cannot be."""

from __future__ import annotations

import pytest

from bonemetrics.clinical.oswestry import oswestry_index
from bonemetrics.clinical.value_sets import VALUE_SETS, index_of, states, value_set
from bonemetrics.errors import TableError
from bonemetrics.records import ClinicalParameters
from tests.clinical_rows import codes, rule, taken, values, wanted

TTO = (
    wanted("EQ5DIDX", "EQ-5D-index", "1", site="patient-reported", version="3L", value_set="Spain TTO"),
    wanted("EQ5DVAS", "EQ-VAS", "1", site="patient-reported"),
)
ITEMS = ",".join(f"odi{number}" for number in range(1, 11))
EQ = "subject,visit,date,mobility,selfcare,activity,pain,anxiety,eq_vas"


def test_vas__takes_0_to_10_and_refuses_what_lies_outside():
    text = "subject,date,vas\nW-1,2016-03-01,6.7\nW-2,2016-03-01,10\nW-3,2016-03-01,67\nW-4,2016-03-01,\n"
    found = taken("vas", text, units={"value": "1"})
    assert values(found) == [("Pain-VAS", 6.7, "1"), ("Pain-VAS", 10.0, "1")]
    assert codes(found) == ["outside-hard-limits", "row-empty"]


def test_vas__one_bare_score_above_ten_takes_the_trust_from_every_bare_score_of_the_sheet():
    rows = "W-1,2016-03-01,8\nW-2,2016-03-01,8 mm\nW-3,2016-03-01,72\nW-4,2016-03-01,10\n"
    found = taken("vas", f"subject,date,vas\n{rows}", rules=(rule("Pain-VAS", "mm", 0.1),))
    # 8 may be 8 of 100; 8 mm are 0.8 whatever the other rows say.
    assert values(found) == [("Pain-VAS", pytest.approx(0.8), "1")]
    assert codes(found) == ["unit-unknown", "outside-hard-limits", "unit-unknown"]
    assert "row 4" in found[0].problems[0].message


def test_vas__a_sheet_up_to_ten_needs_no_unit():
    found = taken("vas", "subject,date,vas\nW-1,2016-03-01,8\nW-2,2016-03-01,10\n")
    assert values(found) == [("Pain-VAS", 8.0, "1"), ("Pain-VAS", 10.0, "1")]


@pytest.mark.parametrize("unit", ["QSORRESU", "QSSTRESU"])
def test_vas__millimetres_of_sdtm_are_no_points_of_ten(unit):
    text = f"USUBJID,QSTESTCD,QSORRES,{unit},QSDTC\nW-1,VAS01,7,mm,2016-02-25\nW-1,VAS01,9,mm,2016-08-25\n"
    found = taken("vas", text, tests={"VAS01": "Pain-VAS"})
    assert (values(found), codes(found)) == ([], ["unit-not-convertible"] * 2)
    found = taken("vas", text, tests={"VAS01": "Pain-VAS"}, rules=(rule("Pain-VAS", "mm", 0.1),))
    assert [value for _, value, _ in values(found)] == [pytest.approx(0.7), pytest.approx(0.9)]


def test_vas__the_unit_of_the_original_counts_for_a_standard_number_that_is_the_same():
    head = "USUBJID,QSTESTCD,QSORRES,QSORRESU,QSSTRESN,QSDTC\n"
    same = taken("vas", f"{head}W-1,VAS01,7,mm,7,2016-02-25\n", tests={"VAS01": "Pain-VAS"})
    assert codes(same) == ["unit-not-convertible"]
    converted = taken("vas", f"{head}W-1,VAS01,72,mm,7.2,2016-02-25\n", tests={"VAS01": "Pain-VAS"})
    assert values(converted) == [("Pain-VAS", 7.2, "1")]


def test_vas__pain_of_an_eq5d_sheet_is_no_scale():
    text = "subject,date,mobility,self_care,usual_activities,pain,anxiety,eqvas\nW-1,2016-02-25,1,1,2,3,1,60\n"
    found = taken("vas", text)
    assert values(found) == []
    found = taken("vas", text, columns={"value": "pain"})
    assert values(found) == [("Pain-VAS", 3.0, "1")]
    # Two of the dimensions beside it are no questionnaire.
    assert values(taken("vas", "subject,date,pain,mobility\nW-1,2016-02-25,3,1\n")) == [("Pain-VAS", 3.0, "1")]


def test_oswestry__a_six_and_no_zero_in_the_sheet_say_that_answers_go_from_1_to_6():
    # Ten answers of 1 are 20 % of 0 to 5, and 0 % of 1 to 6.
    ones, six = ",".join(["1"] * 10), ",".join(["1"] * 9 + ["6"])
    text = f"subject,date,{ITEMS}\nW-1,2016-02-25,{ones}\nW-1,2016-08-25,{six}\n"
    found = taken("oswestry", text)
    assert (values(found), codes(found)) == ([], ["coding-suspect", "invalid-state"])
    zero = ",".join(["0"] + ["1"] * 9)
    found = taken("oswestry", f"{text}W-2,2016-02-25,{zero}\n")
    # A 0 exists in 0 to 5 alone: the 6 is a slip.
    assert [value for _, value, _ in values(found)] == [20.0, 18.0]
    assert codes(found) == ["invalid-state"]


def test_oswestry__the_coding_of_a_sheet_shows_in_single_sections_too():
    rows = [
        f"W-{who},ODI01{n:02d},{6 if who == 2 and n == 3 else 1},2016-03-01" for who in (1, 2) for n in range(1, 11)
    ]
    found = taken("oswestry", "USUBJID,QSTESTCD,QSSTRESN,QSDTC\n" + "\n".join(rows) + "\n")
    assert (values(found), codes(found)) == ([], ["coding-suspect", "invalid-state"])


@pytest.mark.parametrize(("level", "code"), [("4", "coding-suspect"), ("0", "coding-suspect"), ("9", "")])
def test_eq5d__a_level_of_another_coding_takes_the_trust_from_the_other_indices(level, code):
    text = f"{EQ}\nW-1,Baseline,2016-03-01,2,1,1,3,1,55\nW-2,Baseline,2016-03-01,1,1,1,1,{level},60\n"
    found = taken("eq5d", text, asked=TTO)
    scales = [("EQ-VAS", 55.0, "1"), ("EQ-VAS", 60.0, "1")]
    # 1 - 0.024 - 0.291 - 0.106 - 0.261; a 9 is an answer that is missing.
    assert values(found) == (scales if code else [("EQ-5D-index", 0.318, "1"), *scales])
    assert codes(found) == [*([code] if code else []), "invalid-state"]


def test_vas__millimetres_need_a_rule():
    text = "subject,date,vas [mm]\nW-1,2016-03-01,67\n"
    assert codes(taken("vas", text)) == ["unit-not-convertible"]
    (found,) = taken("vas", text, rules=(rule("Pain-VAS", "mm", 0.1),))
    assert found.records[0].value == pytest.approx(6.7)
    assert [note.code for note in found.records[0].notes] == ["unit-converted"]


def test_vas__of_many_questionnaires_takes_pain_alone():
    text = "USUBJID,QSTESTCD,QSORRES,QSSTRESN,QSDTC\nW-1,COEQ01,17,17,2016-03-01\nW-1,BPI5,6,6,2016-03-01\n"
    found = taken("vas", text, tests={"BPI5": "Pain-VAS"})
    assert values(found) == [("Pain-VAS", 6.0, "1")]
    assert codes(found) == ["test-not-wanted"]


def test_oswestry_index__by_hand():
    whole = dict(zip([f"odi{n}" for n in range(1, 11)], (3, 2, 1, 4, 0, 2, 3, 1, 2, 4), strict=True))
    # 22 of 50 points.
    assert oswestry_index(whole, most_missing=0) == pytest.approx(44.0)
    del whole["odi8"]
    # 21 of 45 points: the section that was left out takes five off.
    assert oswestry_index(whole, most_missing=1) == pytest.approx(100 * 21 / 45)
    # A printed example: 16 of 45 points are 35.56 %.
    nine = dict.fromkeys([f"odi{n}" for n in range(1, 9)], 2)
    assert oswestry_index({**nine, "odi9": 0}, most_missing=1) == pytest.approx(35.5556, abs=5e-5)
    with pytest.raises(TableError) as caught:
        oswestry_index(whole, most_missing=0)
    assert caught.value.code == "items-missing"


def test_oswestry__missing_rule_is_the_protocols():
    text = f"subject,date,{ITEMS}\nW-1,2016-03-01,3,2,1,4,0,2,3,,2,4\nW-2,2016-03-01,3,2,1,4,0,2,,,2,4\n"
    found = taken("oswestry", text)
    assert values(found) == [("ODI", pytest.approx(100 * 21 / 45), "%")]
    assert [note.code for note in found[0].records[0].notes] == ["items-missing-allowed"]
    assert codes(found) == ["items-missing"]
    found = taken("oswestry", text, parameters=ClinicalParameters(oswestry_most_missing=2))
    assert [value for _, value, _ in values(found)] == [pytest.approx(100 * 21 / 45), pytest.approx(100 * 18 / 40)]


@pytest.mark.parametrize("cell", ["6", "-1", "2.5", "<3", "two"])
def test_oswestry__a_section_outside_0_to_5_spoils_the_row(cell):
    text = f"subject,date,{ITEMS}\nW-1,2016-03-01,3,2,1,4,0,2,3,{cell},2,4\n"
    found = taken("oswestry", text)
    assert values(found) == []
    assert codes(found) in (["invalid-state"], ["not-a-number"])


def test_oswestry__a_total_is_checked_against_its_sections():
    head = f"subject,date,{ITEMS},total\n"
    rows = "3,2,1,4,0,2,3,1,2,4"
    assert values(taken("oswestry", f"{head}W-1,2016-03-01,{rows},44\n")) == [("ODI", 44.0, "%")]
    assert values(taken("oswestry", f"{head}W-1,2016-03-01,{rows},22\n")) == [("ODI", 44.0, "%")]
    assert codes(taken("oswestry", f"{head}W-1,2016-03-01,{rows},46\n")) == ["score-contradicts-items"]


def test_oswestry__a_total_alone_is_a_percentage_unless_it_is_said_to_be_points():
    text = "subject,date,odi\nW-1,2016-03-01,44\n"
    (found,) = taken("oswestry", text)
    assert found.records[0].value == 44.0
    assert [note.code for note in found.records[0].notes] == ["score-from-total"]
    (found,) = taken("oswestry", text, units={"total": "points"})
    assert found.records[0].value == 88.0
    assert codes(taken("oswestry", "subject,date,odi\nW-1,2016-03-01,101\n")) == ["outside-hard-limits"]
    assert codes(taken("oswestry", text.replace("44", "51"), units={"total": "points"})) == ["outside-hard-limits"]
    assert codes(taken("oswestry", text, units={"total": "mm"})) == ["unit-not-convertible"]


def test_oswestry__puts_sections_of_sdtm_together():
    scores = (3, 2, 1, 4, 0, 2, 3, 1, 2, 4)
    rows = [f"W-1,ODI01{n:02d},{score},2016-03-01" for n, score in enumerate(scores, start=1)]
    text = "USUBJID,QSTESTCD,QSSTRESN,QSDTC\n" + "\n".join([*rows, "W-1,SF3601,4,2016-03-01"]) + "\n"
    found = taken("oswestry", text)
    assert values(found) == [("ODI", 44.0, "%")]
    assert codes(found) == ["test-not-wanted"]
    contradicted = text + "W-1,ODI0101,5,2016-03-01\n"
    found = taken("oswestry", contradicted)
    assert values(found) == []
    assert codes(found) == ["test-not-wanted", "contradicting-row", "invalid-state"]


@pytest.mark.parametrize(
    ("state", "value"),
    # Published check values of the Spanish TTO set.
    [("11111", 1.0), ("11121", 0.887), ("21111", 0.870), ("22222", 0.514), ("11133", 0.280), ("12321", 0.267),
     ("33333", -0.654)],
)  # fmt: skip
def test_index_of__spanish_tto(state, value):
    assert index_of([int(level) for level in state], value_set("3L", "Spain TTO")) == value


def test_index_of__other_sets_by_hand():
    # 1 - 0.1502 - 0.2119 - 0.0897 (mobility 2) - 0.1192 (pain 3)
    assert index_of((2, 1, 1, 3, 1), value_set("3L", "spain vas")) == pytest.approx(0.4290)
    # 1 - 0.0992505 - 0.0500236 - 0.153155 - 0.2454973 - 0.0807394
    assert index_of((3, 2, 5, 4, 2), value_set("5L", "Spain VT")) == pytest.approx(0.3713342)


def test_states__are_all_there_and_full_health_is_the_best():
    for values_, count in zip(VALUE_SETS, (243, 243, 3125), strict=True):
        every = list(states(values_))
        assert len(set(every)) == count
        worth = [index_of(state, values_) for state in every]
        assert max(worth) == worth[0] == 1.0
        assert min(worth) == worth[-1]


def test_eq5d__scores_levels_by_the_stated_set_and_keeps_the_scale_apart():
    found = taken(
        "eq5d", f"{EQ}\nW-1,Baseline,2016-03-01,2,1,1,3,1,55\nW-2,Baseline,2016-03-01,1,1,1,1,1,\n", asked=TTO
    )
    # 1 - 0.024 - 0.291 - 0.106 - 0.261
    assert values(found) == [("EQ-5D-index", 0.318, "1"), ("EQ-VAS", 55.0, "1"), ("EQ-5D-index", 1.0, "1")]
    assert found[0].records[0].given == "21131"
    assert found[0].records[0].parameters["value_set"] == "Spain TTO"


def test_eq5d__without_a_version_there_is_no_index():
    asked = (wanted("EQ5DIDX", "EQ-5D-index", "1", site="patient-reported"), TTO[1])
    found = taken("eq5d", f"{EQ}\nW-1,Baseline,2016-03-01,2,1,1,3,1,55\n", asked=asked)
    assert values(found) == [("EQ-VAS", 55.0, "1")]
    assert codes(found) == ["version-not-stated"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2,1,,3,1,55", "items-missing"),
        ("2,1,4,3,1,55", "invalid-state"),
        ("2,1,0,3,1,55", "invalid-state"),
        ("2,1,1.5,3,1,55", "not-a-number"),
        ("2,1,1,3,1,101", "outside-hard-limits"),
        ("2,1,1,3,1,<50", "outside-hard-limits"),
    ],
)
def test_eq5d__what_cannot_be_is_refused_and_the_rest_stays(row, code):
    found = taken("eq5d", f"{EQ}\nW-1,Baseline,2016-03-01,{row}\n", asked=TTO)
    assert codes(found) == [code]
    assert len(found[0].records) == 1
    assert found[0].records[0].quantity == ("EQ-5D-index" if code == "outside-hard-limits" else "EQ-VAS")


def test_eq5d__a_state_and_a_stated_index_are_checked():
    head = "subject,date,state,eq5d index"
    found = taken("eq5d", f"{head}\nW-1,2016-03-01,21131,0.32\n", asked=TTO)
    assert values(found) == [("EQ-5D-index", 0.318, "1")]
    assert codes(taken("eq5d", f"{head}\nW-1,2016-03-01,21131,0.42\n", asked=TTO)) == ["score-contradicts-items"]
    assert codes(taken("eq5d", f"{head}\nW-1,2016-03-01,2113,\n", asked=TTO)) == ["invalid-state"]
    assert codes(taken("eq5d", f"{head}\nW-1,2016-03-01,,-0.75\n", asked=TTO)) == ["outside-hard-limits"]
    (found,) = taken("eq5d", f"{head}\nW-1,2016-03-01,,0.318\n", asked=TTO)
    assert [note.code for note in found.records[0].notes] == ["score-from-total"]


def test_eq5d__the_sheets_version_must_be_the_protocols():
    text = "subject,date,state,version\nW-1,2016-03-01,21131,5L\nW-1,2016-03-02,21131,EQ-5D-3L\n"
    found = taken("eq5d", text, asked=TTO)
    assert codes(found) == ["version-not-stated"]
    assert values(found) == [("EQ-5D-index", 0.318, "1")]


def test_eq5d__puts_items_of_sdtm_together():
    levels = (2, 1, 1, 3, 1, 55)
    rows = [f"W-1,EQ5D010{n},{level},2016-03-01,Baseline" for n, level in enumerate(levels, start=1)]
    text = "USUBJID,QSTESTCD,QSSTRESN,QSDTC,VISIT\n" + "\n".join(rows) + "\n"
    found = taken("eq5d", text, asked=TTO, columns={"visit": "VISIT"})
    assert values(found) == [("EQ-5D-index", 0.318, "1"), ("EQ-VAS", 55.0, "1")]
    # The items of the other version have codes of their own.
    assert codes(taken("eq5d", text.replace("EQ5D01", "EQ5D02"), asked=TTO)) == ["version-not-stated"]
    mixed = text + "W-1,EQ5D0201,2,2016-03-01,Baseline\n"
    assert codes(taken("eq5d", mixed, asked=TTO)) == ["invalid-state"]


def test_eq5d__two_sets_or_an_unknown_one_are_a_fault_of_the_protocol():
    other = wanted("EQ5DIX2", "EQ-5D-index", "1", site="patient-reported", version="3L", value_set="Spain VAS")
    with pytest.raises(TableError) as caught:
        taken("eq5d", f"{EQ}\n", asked=(*TTO, other))
    assert caught.value.code == "version-not-stated"
    unknown = wanted("EQ5DIDX", "EQ-5D-index", "1", site="patient-reported", version="5L", value_set="Spain TTO")
    with pytest.raises(TableError) as caught:
        taken("eq5d", f"{EQ}\n", asked=(unknown,))
    assert caught.value.code == "value-set-unknown"
