"""What a source says of a value besides the value: time, repeat, flags, its own baseline and changes."""

from __future__ import annotations

import pytest

from tests.clinical_rows import codes, rule, taken, wanted

P1NP = (wanted("P1NP", "P1NP", "ng/mL"),)
BDS = "USUBJID,AVISIT,AVISITN,ADT,ADTM,ASEQ,ATPT,PARAMCD,AVAL,AVALU,BASE,CHG,PCHG,ABLFL,ANL01FL"


def only(outcomes):
    (found,) = [record for outcome in outcomes for record in outcome.records]
    return found


def test_bds__flags_times_repeats_and_changes_go_with_the_value():
    row = "S-1,Month 6,6,2016-08-25,2016-08-25T08:30,17,LYING,P1NP,44,ng/mL,40,4,10,,Y"
    found = only(taken("laboratory", f"{BDS}\n{row}\n", asked=P1NP))
    assert (found.visit_number, str(found.day), found.time, found.instance) == (6.0, "2016-08-25", "08:30", "LYING 17")
    assert (found.baseline_flag, found.analysis_flag) == (False, True)
    assert (found.stated_baseline, found.stated_change, found.stated_percent_change) == (40.0, 4.0, 10.0)


@pytest.mark.parametrize(
    ("cell", "is_flagged"), [("Y", True), ("y", True), ("N", False), ("", False), ("1", False), ("yes", False)]
)
def test_flags__only_y_counts_and_an_empty_cell_is_no_missing_column(cell, is_flagged):
    text = f"USUBJID,ADY,PARAMCD,AVAL,AVALU,ABLFL,ANL01FL\nS-1,1,P1NP,44,ng/mL,{cell},{cell}\n"
    found = only(taken("laboratory", text, asked=P1NP))
    assert (found.baseline_flag, found.analysis_flag) == (is_flagged, is_flagged)
    bare = only(taken("laboratory", "USUBJID,ADY,PARAMCD,AVAL,AVALU\nS-1,1,P1NP,44,ng/mL\n", asked=P1NP))
    assert (bare.baseline_flag, bare.analysis_flag) == (False, None)


def test_stated_changes__are_in_the_unit_of_the_value():
    asked = (wanted("OPG", "OPG", "pmol/L"),)
    text = "USUBJID,ADY,PARAMCD,AVAL,AVALU,BASE,CHG,PCHG\nS-1,183,OPG,120,pg/mL,100,20,20\n"
    found = only(taken("laboratory", text, asked=asked, rules=(rule("OPG", "pg/mL", 0.05),)))
    # 120, 100 and 20 pg/mL are 6, 5 and 1 pmol/L; 20 % stay 20 %.
    told = (found.value, found.stated_baseline, found.stated_change, found.stated_percent_change)
    assert told == pytest.approx((6.0, 5.0, 1.0, 20.0))


@pytest.mark.parametrize(
    ("header", "cell", "time"),
    [
        ("LBDTC", "2016-02-25T08:05", "08:05"),
        ("LBDTC", "2016-02-25 20:05:30", "20:05:30"),
        ("LBDTC", "2016-02-25", ""),
        ("fecha", "25.02.2016 8:05 pm", "20:05"),
        ("ADTM", "2016-02-25T23:59:59", "23:59:59"),
    ],
)
def test_time__stands_behind_the_date(header, cell, time):
    text = f"USUBJID,LBTESTCD,LBORRES,LBORRESU,{header}\nS-1,P1NP,44,ng/mL,{cell}\n"
    found = only(taken("laboratory", text, asked=P1NP))
    assert (str(found.day), found.time) == ("2016-02-25", time)


def test_time__has_a_column_of_its_own_and_a_note_where_it_cannot_be_read():
    head = "USUBJID,PARAMCD,AVAL,AVALU,ADT,ATM\n"
    assert only(taken("laboratory", f"{head}S-1,P1NP,44,ng/mL,2016-02-25,7:45\n", asked=P1NP)).time == "07:45"
    found = taken("laboratory", f"{head}S-1,P1NP,44,ng/mL,2016-02-25,fasting\n", asked=P1NP)
    assert (only(found).time, codes(found)) == ("", ["cell-refused"])


def test_questionnaires__keep_flags_repeats_and_times():
    text = "USUBJID,QSSEQ,QSTESTCD,QSORRES,QSBLFL,VISITNUM,QSDTC\nS-1,3,VAS01,7,Y,1,2016-02-25T09:15\n"
    pain = only(taken("vas", text, tests={"VAS01": "Pain-VAS"}))
    told = (pain.value, pain.baseline_flag, pain.visit_number, pain.time, pain.instance)
    assert told == (7.0, True, 1.0, "09:15", "3")
    export = (
        "record_id,redcap_event_name,redcap_repeat_instance,visit_date,odi_score\nS-1,baseline_arm_1,2,2016-02-25,44\n"
    )
    assert only(taken("oswestry", export, columns={"total": "odi_score"})).instance == "2"


def test_questionnaires__a_sitting_has_the_flag_that_all_its_items_have():
    rows = [
        f"S-{who},{n},ODI01{n:02d},1,{'' if who == 2 and n == 4 else 'Y'},2016-03-01"
        for who in (1, 2)
        for n in range(1, 11)
    ]
    found = taken("oswestry", "USUBJID,QSSEQ,QSTESTCD,QSSTRESN,QSBLFL,QSDTC\n" + "\n".join(rows) + "\n")
    told = [(record.subject, record.baseline_flag, record.instance) for one in found for record in one.records]
    assert told == [("S-1", True, ""), ("S-2", False, "")]


def test_questionnaires__planned_times_of_one_day_are_sittings_of_their_own():
    rows = [
        f"S-1,{when},ODI01{n:02d},{score},2016-03-01"
        for when, score in (("08:00", 1), ("20:00", 2))
        for n in range(1, 11)
    ]
    found = taken("oswestry", "USUBJID,QSTPT,QSTESTCD,QSSTRESN,QSDTC\n" + "\n".join(rows) + "\n")
    # Ten answers of 1 are 10 of 50 points, ten of 2 are 20.
    assert [(record.instance, record.value) for one in found for record in one.records] == [
        ("08:00", 20.0),
        ("20:00", 40.0),
    ]


def test_events__keep_what_their_source_tells_them_apart_by():
    text = "USUBJID,AESEQ,AESPID,AETERM,AESTDTC\nS-1,2,E07,FALL,2016-05-01\n"
    assert only(taken("adverse-events", text)).instance == "2 E07"
    text = "subject,redcap_repeat_instance,site,date\nS-1,3,vertebra,2016-05-01\n"
    assert only(taken("fractures", text)).instance == "3"


def test_events__stay_without_a_study_day_that_no_trial_has():
    found = taken("adverse-events", "USUBJID,AETERM,AESTDTC,AESTDY\nS-1,FALL,,0\n")
    assert (only(found).study_day, codes(found)) == (None, ["cell-refused"])


def test_a_column_of_results_is_not_lost_to_what_may_be_said_beside_it():
    asked = (wanted("BASE", "Lab", "mmol/L", region="BASE"),)
    found = only(taken("laboratory", "subject,date,BASE [mmol/L]\nS-1,2016-05-01,4.5\n", asked=asked))
    assert (found.value, found.stated_baseline) == (4.5, None)
