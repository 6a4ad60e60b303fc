"""From the tables of a study, through its store, to rows in their place in the trial: all figures by hand."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import pytest

from bonemetrics import __version__
from bonemetrics.batch.execute import run_study
from bonemetrics.outcomes.export import export_study, snapshot
from bonemetrics.outcomes.gather import gather
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store

PROTOCOL = """
[study]
id = "TRIAL-3"
subjects = "subjects.csv"
[[cohorts]]
code = "LOW"
[[visits]]
name = "Baseline"
number = 0
target_day = -14
window = [-30, 1]
windows.histomorphometry = [-60, 1]
baseline = true
[[visits]]
name = "Month 6"
number = 6
target_day = 183
window = [150, 215]
[[parameters]]
paramcd = "P1NP"
param = "Serum P1NP"
quantity = "P1NP"
[[parameters]]
paramcd = "OPG"
param = "Serum OPG"
quantity = "OPG"
[[parameters]]
paramcd = "EQ5D"
param = "EQ-5D index"
quantity = "EQ-5D-index"
version = "3L"
value_set = "Spain TTO"
[[parameters]]
paramcd = "HBVTV"
param = "Biopsy BV/TV"
quantity = "BV/TV"
region = "cancellous"
[[parameters]]
paramcd = "NEWFX"
param = "New fractures"
quantity = "N.Fx"
[[conversions]]
quantity = "OPG"
unit = "pg/mL"
factor = 0.05
source = "leaflet"
[[tables]]
file = "lab.csv"
kind = "laboratory"
[[tables]]
file = "eq5d.csv"
kind = "eq5d"
[[tables]]
file = "biopsies.csv"
kind = "histomorphometry"
[[tables]]
file = "ae.csv"
kind = "adverse-events"
[[tables]]
file = "fractures.csv"
kind = "fractures"
"""
SUBJECTS = "subject,cohort,day1\nW-1,LOW,2016-04-04\nW-2,LOW,\n"
LAB = """subject,visit,date,ADY,test,result,unit,assessor,DTYPE
W-1,,2016-03-04,,P1NP,50,ng/mL,,
W-1,,2016-03-05,,P1NP,40,ng/mL,,
W-1,,2016-04-03,,P1NP,44,ng/mL,KL,
W-1,,2016-08-30,,P1NP,51,ng/mL,,
W-1,,2016-08-31,,P1NP,52,ng/mL,,
W-1,,2016-11-04,,P1NP,55,ng/mL,,
W-1,,2016-11-05,,P1NP,60,ng/mL,,
W-1,,2016-04-03,,OPG,100,pg/mL,,
W-1,,2016-11-04,,OPG,<20,pg/mL,,
W-2,baseline,,,P1NP,30,ng/mL,,
W-2,month 6,,,P1NP,33,ng/mL,,
W-2,,,-2,OPG,4,pmol/L,,
W-2,,,200,OPG,5,pmol/L,,
W-9,,2016-04-03,,P1NP,70,ng/mL,,
"""
EQ5D = """subject,date,mobility,self_care,usual_activities,pain_discomfort,anxiety_depression
W-1,2016-03-20,2,2,2,2,2
W-1,2016-10-01,1,1,1,1,1
"""
BIOPSIES = """subject,biopsy_date,side,envelope,referent,entry,reader,state,factor,T.Ar [mm2],B.Ar [mm2],B.Pm [mm]
W-1,2016-02-19,right,cancellous,TV,1,AH,complete,isotropic,40,6,95
"""
EVENTS = """subject,AETERM,date,end_date,AESER
W-1,fever,2016-04-04,2016-04-05,N
W-1,headache,2016-04-02,2016-04-03,N
W-2,fall,2016-05-01,,Y
"""
FRACTURES = """subject,date,site,low_impact
W-1,2016-04-03,rib,Y
W-1,2016-04-04,finger,N
W-1,2016-11-04,distal radius,Y
W-1,,toe,
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trial")
    (folder / "study.toml").write_text(PROTOCOL)
    (folder / "subjects.csv").write_text(SUBJECTS)
    (folder / "in").mkdir()
    files = {"lab": LAB, "eq5d": EQ5D, "biopsies": BIOPSIES, "ae": EVENTS, "fractures": FRACTURES}
    for name, text in files.items():
        (folder / "in" / f"{name}.csv").write_text(text)
    made = init_study(folder / "study", folder / "study.toml").root
    run_study(made, [folder / "in"], workers=1)
    return made


@pytest.fixture(scope="module")
def tables(study, tmp_path_factory) -> dict[str, list[dict[str, str]]]:
    out = tmp_path_factory.mktemp("out")
    export_study(study, out, ("csv",))
    found = {}
    for path in out.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def picked(rows, paramcd, *names, subject="W-1"):
    return [
        tuple(row[name] for name in names) for row in rows if (row["PARAMCD"], row["USUBJID"]) == (paramcd, subject)
    ]


def test_study_days_and_windows__there_is_no_day_0_and_ends_are_inside(tables):
    # Windows -30 to 1 and 150 to 215; 2016-03-05 is 30 days before 2016-04-04, 2016-08-31 is 149 days after it.
    assert picked(tables["outcomes_long"], "P1NP", "ADT", "ADY", "AVISIT") == [
        ("2016-03-04", "-31", "Unscheduled"),
        ("2016-03-05", "-30", "Baseline"),
        ("2016-04-03", "-1", "Baseline"),
        ("2016-08-30", "149", "Unscheduled"),
        ("2016-08-31", "150", "Month 6"),
        ("2016-11-04", "215", "Month 6"),
        ("2016-11-05", "216", "Unscheduled"),
    ]


def test_changes__from_the_chosen_baseline_to_everything_after_it(tables):
    # Target day -14: -1 is 13 days off, -30 is 16. Target 183: 215 is 32 days off, 150 is 33. Baseline 44.
    assert picked(tables["outcomes_long"], "P1NP", "AVAL", "CHG", "PCHG", "ABLFL", "ANL01FL") == [
        ("50.0", "", "", "", ""),
        ("40.0", "", "", "", ""),
        ("44.0", "", "", "Y", "Y"),
        ("51.0", "7.0", str(700 / 44), "", ""),
        ("52.0", "8.0", str(800 / 44), "", ""),
        ("55.0", "11.0", "25.0", "", "Y"),
        ("60.0", "16.0", str(1600 / 44), "", ""),
    ]
    told = [(row["AVISIT"], row["CODE"]) for row in tables["outcome_notes"] if row["PARAMCD"] == "P1NP"]
    assert told.count(("Baseline", "several-in-window")) == 2
    assert told.count(("Baseline", "several-baselines")) == 1


def test_a_limit_is_kept_as_text_in_the_unit_of_the_parameter(tables):
    # 100 pg/mL × 0.05 = 5 pmol/L; <20 pg/mL is <1 pmol/L.
    assert picked(tables["outcomes_long"], "OPG", "AVAL", "AVALC", "AVALU", "CHG", "ANL01FL") == [
        ("5.0", "", "pmol/L", "", "Y"),
        ("", "<1", "pmol/L", "", "Y"),
    ]


def test_without_day_1__visits_go_by_name_or_stated_study_day(tables):
    rows = tables["outcomes_long"]
    assert picked(rows, "P1NP", "AVISIT", "ADY", "CHG", "PCHG", subject="W-2") == [
        ("Baseline", "", "", ""),
        ("Month 6", "", "3.0", "10.0"),
    ]
    assert picked(rows, "OPG", "AVISIT", "ADY", "CHG", "PCHG", subject="W-2") == [
        ("Baseline", "-2", "", ""),
        ("Month 6", "200", "1.0", "25.0"),
    ]
    told = {row["CODE"] for row in tables["outcome_notes"] if (row["USUBJID"], row["PARAMCD"]) == ("W-2", "P1NP")}
    assert "visit-by-name" in told


def test_a_baseline_biopsy_45_days_before_counts_where_its_kind_of_data_allows_it(tables):
    # 6 mm² of 40 mm² are 15 %. A blood sample of that day would be unscheduled.
    ((*place, value),) = picked(tables["outcomes_long"], "HBVTV", "AVISIT", "ADY", "ABLFL", "ANL01FL", "AVAL")
    assert place == ["Baseline", "-45", "Y", "Y"]
    assert float(value) == pytest.approx(15)


def test_eq5d__has_no_per_cent_change_and_names_its_value_set(tables):
    # 22222 by Badia 2001: 0.514; full health is 1.
    assert picked(tables["outcomes_long"], "EQ5D", "AVAL", "CHG", "PCHG") == [("0.514", "", ""), ("1.0", "0.486", "")]
    (source,) = {row["SRCID"] for row in tables["outcomes_long"] if (row["PARAMCD"], row["AVAL"]) == ("EQ5D", "1.0")}
    (found,) = [row for row in tables["sources"] if row["SRCID"] == source]
    assert "version=3L" in found["CALIB"]
    assert "value_set=Spain TTO" in found["CALIB"]


def test_new_fractures__from_day_1_to_the_last_day_of_the_visit(tables):
    # Last days of data: -1 at baseline, 215 at Month 6; fractures on day -1 (old), 1 and 215, one without a date.
    rows = tables["outcomes_long"]
    assert picked(rows, "NEWFX", "AVISIT", "AVAL", "CHG", "PCHG") == [
        ("Baseline", "0.0", "", ""),
        ("Month 6", "2.0", "2.0", ""),
    ]
    assert picked(rows, "NEWFX", "AVAL", subject="W-2") == []
    assert "scan-date-unknown" in {row["CODE"] for row in tables["outcome_notes"] if row["PARAMCD"] == "NEWFX"}


def test_new_fractures__lead_back_to_each_of_the_fractures(tables):
    (ids,) = picked(tables["outcomes_long"], "NEWFX", "SRCID")[1]
    new = [row["SRCID"] for row in tables["fractures"] if row["NEWFL"] == "Y"]
    assert ids.split(";") == new
    (both,) = [row for row in tables["sources"] if row["SRCID"] == ids]
    # One file, two rows of it: what they do not share is empty.
    assert (len(both["SHA256"]), both["LINE"]) == (64, "")
    assert {row["LINE"] for row in tables["sources"] if row["SRCID"] in new} == {"3", "4"}


def test_fractures_and_adverse_events__with_their_study_days(tables):
    assert [(row["FXSITE"], row["ADY"], row["NEWFL"], row["LOWIMPFL"]) for row in tables["fractures"]] == [
        ("rib", "-1", "N", "Y"),
        ("finger", "1", "Y", "N"),
        ("distal radius", "215", "Y", "Y"),
        ("toe", "", "", ""),
    ]
    assert [(row["AETERM"], row["AESER"], row["ASTDY"], row["AENDY"]) for row in tables["adverse_events"]] == [
        ("headache", "N", "-2", "-1"),
        ("fever", "N", "1", "2"),
        ("fall", "Y", "", ""),
    ]


def test_sources__lead_from_a_value_to_file_row_reader_and_software(tables):
    source = picked(tables["outcomes_long"], "P1NP", "SRCID")[2][0]
    (found,) = [row for row in tables["sources"] if row["SRCID"] == source]
    assert found["SHA256"] == hashlib.sha256(LAB.encode()).hexdigest()
    assert (found["SRCKIND"], found["LINE"], found["READER"], found["SOFTVER"]) == (
        "laboratory",
        "4",
        "KL",
        __version__,
    )
    every = {row["SRCID"] for name in ("outcomes_long", "adverse_events", "fractures") for row in tables[name]}
    known = {row["SRCID"] for row in tables["sources"]}
    assert every <= known
    # Beside them stand tables as a whole, and rows that gave nothing but a note.
    told = {row["SRCID"] for row in tables["outcome_notes"]}
    assert {one for one in known - every if ":" in one} <= told


def test_a_person_who_is_not_in_the_study_is_told_of_without_her_name(tables):
    refused = [row for row in tables["outcome_notes"] if row["SEVERITY"] == "refusal"]
    assert [(row["CODE"], row["LINE"], row["USUBJID"]) for row in refused] == [("unknown-subject", "15", "")]
    assert "W-9" not in str(tables)


def test_wide__has_the_values_that_count_side_by_side(tables):
    rows = {(row["USUBJID"], row["AVISIT"]): row for row in tables["outcomes_wide"]}
    assert list(rows) == [("W-1", "Baseline"), ("W-1", "Month 6"), ("W-2", "Baseline"), ("W-2", "Month 6")]
    last = rows["W-1", "Month 6"]
    assert (last["P1NP"], last["P1NP_CHG"], last["P1NP_PCHG"], last["EQ5D_CHG"]) == ("55.0", "11.0", "25.0", "0.486")
    # A limit is no number; the first day of the visit is that of the questionnaire.
    assert (last["OPG"], last["ADT"]) == ("", "2016-10-01")
    assert "EQ5D_PCHG" not in last
    assert float(rows["W-1", "Baseline"]["HBVTV"]) == pytest.approx(15)


def test_every_number_with_a_paramcd_is_in_the_long_table(study, tables):
    found = snapshot(Store.open(study)).dataset
    expected = sum(len(one.paramcds) for one in found.gathered.candidates)
    # Beside them the count of fractures at two visits of one woman.
    assert len(tables["outcomes_long"]) == len(found.rows) == expected + 2


def test_sources__hold_every_row_that_a_note_is_about(tables):
    known = {row["SRCID"] for row in tables["sources"]}
    told = {row["SRCID"]: row["CODE"] for row in tables["outcome_notes"] if row["SRCID"]}
    assert {source: code for source, code in told.items() if source not in known} == {}
    refused = {row["SRCID"] for row in tables["outcome_notes"] if row["SEVERITY"] == "refusal" and row["SRCID"]}
    assert refused
    for row in tables["sources"]:
        if row["SRCID"] in refused:
            assert len(row["SHA256"]) == 64
            assert row["SRCKIND"]


def test_gather__a_table_that_no_entry_names_any_more_does_not_count(study, tmp_path):
    made = tmp_path / "study"
    shutil.copytree(study, made)
    before = len(gather(Store.open(made)).candidates)
    text = (made / "study.toml").read_text()
    # The entry reads another file from now on; what it once read would stand twice beside a renamed copy of it.
    (made / "study.toml").write_text(text.replace('file = "lab.csv"', 'file = "laboratory.csv"'))
    found = gather(Store.open(made))
    assert {one.kind for one in found.candidates} == {"eq5d", "histomorphometry"}
    assert len(found.candidates) < before
