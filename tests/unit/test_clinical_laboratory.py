"""Laboratory values: tests, units, limits, percentages."""

from __future__ import annotations

import pytest

from tests.clinical_rows import codes, rule, taken, values, wanted

MARKERS = (
    wanted("NTX", "NTX", "nmol/L"),
    wanted("OSTEOC", "OC", "ng/mL"),
    wanted("ALPBS", "BALP", "ug/L"),
    wanted("P1NP", "P1NP", "ng/mL"),
    wanted("OPG", "OPG", "pmol/L"),
    wanted("RANKL", "RANKL", "pmol/L"),
)


def test_one_result_a_row__takes_tests_by_many_names_and_units_by_many_spellings():
    text = """
subject,visit,date,test,result,unit
W-1,Baseline,2016-03-01,sNTX,17.5,nmol BCE/L
W-1,Baseline,2016-03-01,Osteocalcin,21.3,µg/L
W-1,Baseline,2016-03-01,bone ALP,14.2,ng/mL
W-1,Baseline,2016-03-01,PINP,48,ug/L
W-1,Baseline,2016-03-01,OPG,5.1,pmol/l
W-1,Baseline,2016-03-01,sRANKL,0.31,pM
"""
    found = taken("laboratory", text, asked=MARKERS)
    assert values(found) == [
        ("NTX", 17.5, "nmol/L"),
        ("OC", 21.3, "ng/mL"),
        ("BALP", 14.2, "ug/L"),
        ("P1NP", 48.0, "ng/mL"),
        ("OPG", 5.1, "pmol/L"),
        ("RANKL", 0.31, "pmol/L"),
    ]
    assert codes(found) == []
    first = found[0].records[0]
    assert (first.subject, first.visit, str(first.day), first.site) == ("W-1", "Baseline", "2016-03-01", "serum")
    assert (first.given, first.given_unit, first.line) == ("17.5", "nmol BCE/L", 2)


def test_one_column_a_test__units_come_from_headers_or_the_map():
    text = """
ID,fecha,NTX [nmol/L],P1NP (ng/mL),OPG
7,2016-03-01,17.5,48,5.1
8,2016-03-02,,52,
"""
    found = taken("laboratory", text, asked=MARKERS, units={"OPG": "pmol/L"})
    assert values(found) == [
        ("NTX", 17.5, "nmol/L"),
        ("P1NP", 48.0, "ng/mL"),
        ("OPG", 5.1, "pmol/L"),
        ("P1NP", 52.0, "ng/mL"),
    ]


def test_a_column_is_found_by_its_paramcd():
    found = taken("laboratory", "subject,date,OSTEOC [ng/mL]\nW-1,2016-03-01,20.5\n", asked=MARKERS)
    assert values(found) == [("OC", 20.5, "ng/mL")]


def test_a_unit_is_never_guessed_and_never_converted_without_a_rule():
    text = """
subject,date,test,result,unit
W-1,2016-03-01,P1NP,48,
W-1,2016-03-01,BALP,22,U/L
W-1,2016-03-01,OPG,99,pg/mL
W-1,2016-03-01,OC,2.1,ng/dL
"""
    found = taken("laboratory", text, asked=MARKERS)
    assert values(found) == []
    assert codes(found) == ["unit-unknown", "unit-not-convertible", "unit-not-convertible", "unit-not-convertible"]


def test_a_rule_converts_and_says_so():
    text = "subject,date,test,result,unit\nW-1,2016-03-01,OPG,102,pg/mL\n"
    (found,) = taken("laboratory", text, asked=MARKERS, rules=(rule("OPG", "ng/L", 0.05, "19.9 kDa"),))
    (record,) = found.records
    # 102 pg/mL are 102 ng/L; times 0.05 by the rule.
    assert record.value == pytest.approx(5.1)
    assert (record.given, record.given_unit) == ("102", "pg/mL")
    assert record.parameters == {"conversion_factor": 0.05, "rule": "19.9 kDa"}
    assert [note.code for note in record.notes] == ["unit-converted"]


def test_below_the_detection_limit__the_limit_is_kept_and_no_value_made_up():
    text = "subject,date,test,result,unit\nW-1,2016-03-01,RANKL,<0.12,pmol/L\nW-1,2016-03-01,P1NP,>1200,ng/mL\n"
    low, high = [outcome.records[0] for outcome in taken("laboratory", text, asked=MARKERS)]
    assert (low.value, low.text, low.censored, low.limit) == (None, "<0.12", "below", 0.12)
    assert [note.code for note in low.notes] == ["below-detection"]
    assert (high.value, high.text, high.censored, high.limit) == (None, ">1200", "above", 1200)
    assert [note.code for note in high.notes] == ["above-range"]


def test_a_converted_limit_is_in_the_unit_of_the_value():
    text = "subject,date,test,result,unit\nW-1,2016-03-01,OPG,<20,pg/mL\n"
    (found,) = taken("laboratory", text, asked=MARKERS, rules=(rule("OPG", "pg/mL", 0.05),))
    assert (found.records[0].text, found.records[0].limit, found.records[0].given) == ("<1", 1.0, "<20")


def test_a_percentage_of_ntx_is_no_concentration():
    text = "subject,date,test,result,unit\nW-1,2016-03-01,NTX,-23.5,%\n"
    assert codes(taken("laboratory", text, asked=MARKERS)) == ["unit-not-convertible"]
    (found,) = taken("laboratory", text, asked=(wanted("NTXPCT", "NTX%", "%"),))
    (record,) = found.records
    assert (record.quantity, record.value, record.unit) == ("NTX%", -23.5, "%")
    assert [note.code for note in record.notes] == ["percent-already"]


def test_a_percentage_of_another_marker_is_refused():
    text = "subject,date,test,result,unit\nW-1,2016-03-01,P1NP,12,%\n"
    assert codes(taken("laboratory", text, asked=MARKERS)) == ["unit-not-convertible"]


def test_sdtm_lb__takes_the_result_whose_unit_fits():
    text = """
USUBJID,LBSEQ,LBTESTCD,LBTEST,LBORRES,LBORRESU,LBSTRESC,LBSTRESN,LBSTRESU,VISIT,LBDTC,LBDY
01-701-1015,1,ALB,Albumin,3.8,g/dL,38,38.0,g/L,SCREENING 1,2013-12-26T14:45,-7.0
01-701-1015,2,OPG,Osteoprotegerin,102,pg/mL,5.1,5.1,pmol/L,SCREENING 1,2013-12-26T14:45,-7.0
01-701-1015,3,GLUC,Glucose,5.2,mmol/L,5.2,5.2,mmol/L,SCREENING 1,2013-12-26T14:45,-7.0
01-701-1015,4,ALB,Albumin,,,,,,WEEK 2,2014-01-16,15
"""
    asked = (*MARKERS, wanted("ALB", "Lab", "g/L", region="Albumin"))
    found = taken("laboratory", text, asked=asked)
    assert values(found) == [("Lab", 38.0, "g/L"), ("OPG", 5.1, "pmol/L")]
    assert found[0].records[0].region == "Albumin"
    assert found[0].records[0].study_day == -7
    assert codes(found) == ["test-not-wanted", "row-empty"]


def test_adam_bds__takes_paramcd_and_aval_and_a_limit_from_avalc():
    text = """
USUBJID,AVISIT,ADY,PARAMCD,PARAM,AVAL,AVALC,AVALU
W-1,Month 6,183,WEIGHT,Weight (kg),54.3,54.3,kg
W-1,Month 6,183,RANKL,RANKL,,<0.12,pmol/L
"""
    asked = (*MARKERS, wanted("WEIGHT", "Lab", "kg", region="WEIGHT"))
    found = taken("laboratory", text, asked=asked)
    assert values(found) == [("Lab", 54.3, "kg"), ("RANKL", None, "pmol/L")]
    assert found[1].records[0].text == "<0.12"


def test_an_imputed_number_beside_its_limit_is_not_taken_as_measured():
    text = "USUBJID,ADY,PARAMCD,AVAL,AVALC,AVALU\nW-1,183,RANKL,0.06,<0.12,pmol/L\n"
    (found,) = taken("laboratory", text, asked=MARKERS)
    assert (found.records[0].value, found.records[0].text) == (None, "<0.12")


def test_the_map_names_tests_and_their_units():
    text = "subject,date,test,result\nW-1,2016-03-01,FORMATION MARKER,48\nW-1,2016-03-01,X9,1.5\n"
    found = taken(
        "laboratory",
        text,
        asked=(*MARKERS, wanted("SCORE9", "Score", "1", site="patient-reported", region="X9")),
        tests={"formation marker": "P1NP"},
        units={"P1NP": "ng/mL"},
    )
    assert values(found) == [("P1NP", 48.0, "ng/mL"), ("Score", 1.5, "1")]
    assert found[1].records[0].site == "patient-reported"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("W-1,2016-03-01,P1NP,-4,ng/mL", "outside-hard-limits"),
        ("W-1,2016-03-01,P1NP,see note,ng/mL", "not-a-number"),
        ('W-1,2016-03-01,P1NP,"1,234",ng/mL', "decimal-ambiguous"),
        (",2016-03-01,P1NP,48,ng/mL", "missing-cell"),
        ("W-1,01/02/2016,P1NP,48,ng/mL", "date-ambiguous-cell"),
        ("W-1,2016-02-30,P1NP,48,ng/mL", "not-a-date"),
        ("W-1,2016-03-01,,48,ng/mL", "missing-cell"),
        ("W-1,2016-03-01,P1NP,48,ng/mL,9", "too-few-cells"),
    ],
)
def test_bad_rows__are_refused_each_by_itself(row, code):
    text = f"subject,date,test,result,unit\n{row}\nW-2,2016-03-01,P1NP,48,ng/mL\n"
    found = taken("laboratory", text, asked=MARKERS)
    assert values(found) == [("P1NP", 48.0, "ng/mL")]
    assert codes(found) == [code]
    assert found[0].line == 2


def test_what_is_wrong_with_an_unwanted_test_is_no_fault():
    text = "subject,date,test,result,unit\nW-1,2016-03-01,HIV,NEGATIVE,\n"
    assert codes(taken("laboratory", text, asked=MARKERS)) == ["test-not-wanted"]


def test_any_parameter_goes_by_its_paramcd_where_no_material_is_needed():
    asked = (
        wanted("LSBMD", "aBMD", "g/cm2", site="spine", region="L1-L4"),
        wanted("FNBMD", "aBMD", "g/cm2", site="hip", region="neck", side="left"),
        wanted("RADTBD", "Tb.vBMD", "mg/cm3", site="radius", region="trabecular"),
        wanted("ODITOT", "ODI", "%", site="patient-reported"),
    )
    text = """
USUBJID,ADY,PARAMCD,PARAM,AVAL
W-1,183,LSBMD,Spine BMD (g/cm2),0.842
W-1,183,FNBMD,Neck BMD (g/cm2),0.611
W-1,183,RADTBD,Radius density (mg/cm3),112.5
W-1,183,ODITOT,Oswestry (%),44
W-1,183,ODITOT,Oswestry (%),104
W-1,183,LSBMD,Spine BMD (mg/cm2),842
"""
    found = taken("laboratory", text, asked=asked)
    assert values(found) == [("aBMD", 0.842, "g/cm2"), ("aBMD", 0.611, "g/cm2"), ("ODI", 44.0, "%")]
    neck = found[1].records[0]
    assert (neck.site, neck.region, neck.side) == ("hip", "neck", "left")
    # A density without its material has no meaning, so it is none of a table.
    assert codes(found) == ["test-not-wanted", "outside-hard-limits", "unit-not-convertible"]


def test_adam_bds__analysis_variables_stand_before_the_collected_ones():
    text = """
USUBJID,SUBJID,VISIT,AVISIT,VSDTC,ADT,VSDY,ADY,PARAMCD,PARAM,VSSTRESN,VSSTRESU,AVAL,DTYPE
01-701-1015,1015,WEEK 2,Week 2,2014-01-16,2014-01-17,15,16,WEIGHT,Weight (kg),54.0,kg,54.3,
01-701-1015,1015,WEEK 2,Week 2,2014-01-16,2014-01-17,15,16,PULSE,Pulse,70,beats/min,71,
"""
    asked = (
        wanted("WEIGHT", "Lab", "kg", region="WEIGHT"),
        wanted("PULSE", "Lab", "beats/min", region="PULSE"),
    )
    found = taken("laboratory", text, asked=asked)
    (one,) = found[0].records
    assert (one.subject, one.visit, str(one.day), one.study_day, one.value) == (
        "01-701-1015",
        "Week 2",
        "2014-01-17",
        16,
        54.3,
    )
    # The collected value has a unit, the analysis value has none and is not taken for it.
    assert codes(found) == ["unit-unknown"]


def test_adam_bds__a_value_that_the_source_derived_says_so():
    text = "USUBJID,ADY,PARAMCD,AVAL,AVALU,DTYPE\nW-1,366,P1NP,48,ng/mL,LOCF\nW-2,366,P1NP,48,ng/mL,\n"
    carried, measured = [outcome.records[0] for outcome in taken("laboratory", text, asked=MARKERS)]
    assert (carried.derivation, [note.code for note in carried.notes]) == ("LOCF", ["derived-by-source"])
    assert (measured.derivation, measured.notes) == ("", ())


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ("BLQ,BLQ,2.5,", "BLQ"),
        ("<LLOQ,,,", "<LLOQ"),
        ("Not Detected,,2.5,", "Not Detected"),
        (",<5,2.5,", "<5"),
        ("BLQ,<5,2.5,", "<5"),
        ("< 5,,2.5,", "<5"),
        ("BLQ,BLQ,2.5,4", "<4"),
    ],
)
def test_a_word_for_below_detection__is_no_value_whatever_number_stands_beside_it(cells, text):
    head = "USUBJID,LBTESTCD,LBORRESU,LBSTRESU,LBDTC,LBORRES,LBSTRESC,LBSTRESN,LBLLOQ\n"
    (found,) = taken("laboratory", f"{head}W-1,P1NP,ng/mL,ng/mL,2016-02-25,{cells}\n", asked=MARKERS)
    (record,) = found.records
    assert (record.value, record.text, record.censored) == (None, text, "below")
    assert record.limit == (float(text[1:]) if text[1:].isdigit() else None)
    assert [note.code for note in record.notes] == ["below-detection"]


def test_a_word_for_below_detection__takes_its_limit_in_the_standard_unit_and_needs_none_of_its_own():
    head = "USUBJID,ADY,PARAMCD,AVAL,AVALC,AVALU,LLOQ,ULOQ\n"
    rows = "W-1,1,OPG,12,BLQ,pg/mL,24,\nW-2,1,OPG,,ALQ,pg/mL,,200\nW-3,1,OPG,,ND,,,\n"
    low, high, bare = (
        outcome.records[0]
        for outcome in taken("laboratory", head + rows, asked=MARKERS, rules=(rule("OPG", "pg/mL", 0.05),))
    )
    # 24 pg/mL are 1.2 pmol/L by the rule.
    assert (low.value, low.text, low.limit, low.given) == (None, "<1.2", pytest.approx(1.2), "BLQ")
    assert (high.value, high.text, high.limit, high.censored) == (None, ">10", pytest.approx(10), "above")
    assert (bare.value, bare.text, bare.limit, bare.censored) == (None, "ND", None, "below")


def test_a_word_for_below_detection__stands_in_a_column_of_its_test_and_is_none_of_a_score():
    (found,) = taken("laboratory", "subject,date,P1NP [ng/mL]\nW-1,2016-02-25,n.d.\n", asked=MARKERS)
    assert (found.records[0].value, found.records[0].text) == (None, "n.d.")
    asked = (*MARKERS, wanted("ODITOT", "ODI", "%", site="patient-reported"))
    assert codes(taken("laboratory", "USUBJID,ADY,PARAMCD,AVAL\nW-1,1,ODITOT,ND\n", asked=asked)) == ["not-a-number"]


def test_a_limit_in_another_unit_is_not_replaced_by_the_imputed_number_that_fits():
    text = "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBSTRESN,LBSTRESU,LBDTC\nW-1,OPG,<20,pg/mL,0.5,pmol/L,2016-02-25\n"
    assert codes(taken("laboratory", text, asked=MARKERS)) == ["unit-not-convertible"]
    (found,) = taken("laboratory", text, asked=MARKERS, rules=(rule("OPG", "pg/mL", 0.05),))
    assert (found.records[0].value, found.records[0].text) == (None, "<1")


def test_the_collected_limit_counts_beside_an_analysis_value():
    text = (
        "USUBJID,ADY,PARAMCD,AVAL,AVALU,LBORRES,LBORRESU\nW-1,1,P1NP,2.5,ng/mL,<5,ng/mL\nW-1,9,P1NP,7,ng/mL,6.9,ng/mL\n"
    )
    low, plain = [outcome.records[0] for outcome in taken("laboratory", text, asked=MARKERS)]
    assert (low.value, low.text) == (None, "<5")
    assert (plain.value, plain.text) == (7.0, "")


def test_a_text_that_cannot_be_read_is_not_passed_over_for_the_number_beside_it():
    head = "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBSTRESN,LBSTRESU,LBDTC\n"
    row = "W-1,P1NP,{},ng/mL,40,ng/mL,2016-02-25\n"
    assert codes(taken("laboratory", head + row.format("HEMOLYZED"), asked=MARKERS)) == ["not-a-number"]
    # Two readings of a comma are none of a word: the number stands, with a note.
    (found,) = taken("laboratory", head + row.format('"1,040"'), asked=MARKERS)
    assert (found.records[0].value, [note.code for note in found.records[0].notes]) == (40.0, ["cell-refused"])
    # Answers in words are what a score has beside its code.
    scored = (wanted("Q1", "Score", "1", site="patient-reported", region="Q1"),)
    text = "USUBJID,ADY,PARAMCD,AVAL,AVALC\nW-1,1,Q1,2,much better\n"
    assert values(taken("laboratory", text, asked=scored)) == [("Score", 2.0, "1")]


def test_avalc_that_repeats_its_number_says_nothing_more():
    (found,) = taken("laboratory", "USUBJID,ADY,PARAMCD,AVAL,AVALC,AVALU\nW-1,1,P1NP,41.5,41.5,ng/mL\n", asked=MARKERS)
    assert (found.records[0].value, found.records[0].notes, found.problems) == (41.5, (), ())


@pytest.mark.parametrize(
    ("specimen", "is_taken"),
    [("SERUM", True), ("Plasma (EDTA)", True), ("whole blood", True), ("Ser", True), ("", True), ("URINE", False),
     ("Saliva", False)],
)  # fmt: skip
def test_a_marker_of_serum_is_none_of_another_specimen(specimen, is_taken):
    text = f"USUBJID,LBTESTCD,LBSPEC,LBORRES,LBORRESU,LBDTC\nW-1,NTX,{specimen},340,nmol/L,2016-08-25\n"
    found = taken("laboratory", text, asked=MARKERS)
    assert (values(found), codes(found)) == (
        ([("NTX", 340.0, "nmol/L")], []) if is_taken else ([], ["specimen-differs"])
    )


def test_a_marker_of_serum_is_none_of_a_test_of_urine_and_other_tests_have_any_specimen():
    text = "USUBJID,LBTESTCD,LBTEST,LBSPEC,LBORRES,LBORRESU,LBDTC\nW-1,NTX,NTX in urine,,340,nmol/L,2016-08-25\n"
    text += "W-1,CREAT,Creatinine,URINE,9,mmol/L,2016-08-25\n"
    found = taken("laboratory", text, asked=(*MARKERS, wanted("CREAT", "Lab", "mmol/L", region="CREAT")))
    assert (values(found), codes(found)) == ([("Lab", 9.0, "mmol/L")], ["specimen-differs"])


def test_pain_among_laboratory_values_has_the_scale_of_its_whole_table():
    asked = (wanted("VASPAIN", "Pain-VAS", "1", site="patient-reported"),)
    text = "USUBJID,ADY,PARAMCD,AVAL\nW-1,1,VASPAIN,8\nW-2,1,VASPAIN,72\n"
    found = taken("laboratory", text, asked=asked)
    assert (values(found), codes(found)) == ([], ["unit-unknown", "outside-hard-limits"])


def test_a_row_that_gives_a_test_as_its_result_and_in_a_column_is_refused():
    # The map takes the baseline as the result, and the column of the same test would become a second baseline.
    text = "ID,visit,OC,before\nW-1,Month 6,18.5,21.25\nW-2,Month 6,,19.5\nW-3,Month 6,17.0,\n"
    fixed = {"test": "OC", "unit": "ng/mL"}
    units = {"OC": "ng/mL"}
    found = taken("laboratory", text, asked=MARKERS, columns={"value": "before"}, fixed=fixed, units=units)
    assert codes(found) == ["column-ambiguous", "row-empty"]
    assert "OC = ''" in found[0].problems[0].message
    assert values(found) == [("OC", 19.5, "ng/mL"), ("OC", 17.0, "ng/mL")]
    alone = taken("laboratory", text, asked=MARKERS, columns={"value": "before", "OC": ""}, fixed=fixed)
    assert values(alone) == [("OC", 21.25, "ng/mL"), ("OC", 19.5, "ng/mL")]


def test_changes_beside_columns_of_tests_are_of_nobody_knows_which_and_said():
    text = "ID,visit,OC,P1NP,CHG\nW-1,Month 6,18.5,41.0,-2.75\n"
    found = taken("laboratory", text, asked=MARKERS, units={"OC": "ng/mL", "P1NP": "ng/mL"})
    assert codes(found) == ["column-not-used"]
    assert "fixed.test" in found[0].problems[0].message
    assert {one.stated_change for one in found[0].records} == {None}
    one = taken(
        "laboratory", text, asked=MARKERS, columns={"value": "OC", "P1NP": ""}, fixed={"test": "OC", "unit": "ng/mL"}
    )
    assert (codes(one), one[0].records[0].stated_change) == ([], -2.75)


def test_a_limit_without_a_unit_beside_a_number_with_one_says_which_cell_it_is_and_how_to_leave_it_out():
    text = "USUBJID,ADY,PARAMCD,AVAL,AVALU,LBSTRESC\nW-1,183,RANKL,0.31,pmol/L,<0.5\n"
    (found,) = taken("laboratory", text, asked=MARKERS)
    assert found.problems[0].code == "unit-unknown"
    assert "'<0.5' in 'standard_text'" in found.problems[0].message
    (without,) = taken("laboratory", text, asked=MARKERS, columns={"standard_text": ""})
    assert values([without]) == [("RANKL", 0.31, "pmol/L")]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Well-being (Q1,Q3,Q7)", None),
        ("Fatigue (9 items)", None),
        ("Total (11)", None),
        ("Pain (mm)", "unit-not-convertible"),
    ],
)
def test_what_stands_behind_the_name_of_a_score_is_its_items_as_often_as_a_unit(name, code):
    asked = (wanted("WELL", "Score", "1", site="patient-reported", region="WELL"),)
    text = f'USUBJID,ADY,PARAMCD,PARAM,AVAL\nW-1,183,WELL,"{name}",17.5\n'
    found = taken("laboratory", text, asked=asked)
    assert codes(found) == ([] if code is None else [code])
    assert values(found) == ([("Score", 17.5, "1")] if code is None else [])


IRON = (wanted("IRON", "Lab", "ug/dL", region="IRON"),)
COLLECTED = "USUBJID,ADY,PARAMCD,PARAM,AVAL,LBORRES,LBORRESU\nW-1,183,IRON,Iron (umol/L),17.9,100,ug/dL\n"


def test_the_unit_of_a_collected_result_is_none_of_an_analysis_value():
    # 100 ug/dL of iron are 17.9 umol/L, so that 17.9 ug/dL would be a fifth of what was measured.
    assert codes(taken("laboratory", COLLECTED, asked=IRON)) == ["unit-not-convertible"]
    (row,) = taken("laboratory", COLLECTED, asked=(wanted("IRON", "Lab", "umol/L", region="IRON"),))
    assert values([row]) == [("Lab", 17.9, "umol/L")]


def test_the_unit_of_an_analysis_value_is_none_of_a_collected_result_that_the_map_takes():
    text = COLLECTED.replace("AVAL,", "AVAL,AVALU,").replace("17.9,", "17.9,umol/L,")
    assert values(taken("laboratory", text, asked=IRON, columns={"value": "LBORRES"})) == [("Lab", 100.0, "ug/dL")]
    assert codes(taken("laboratory", text, asked=IRON)) == ["unit-not-convertible"]


def test_a_standard_result_that_the_map_takes_has_no_collected_unit():
    text = "USUBJID,ADY,PARAMCD,LBSTRESN,LBORRESU\nW-1,183,IRON,17.9,ug/dL\n"
    found = taken("laboratory", text, asked=IRON, columns={"value": "LBSTRESN"})
    assert (values(found), codes(found)) == ([], ["unit-unknown"])
