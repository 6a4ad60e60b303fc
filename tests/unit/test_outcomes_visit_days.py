"""Visits of studies whose protocol has none, and events that two tables tell, from files to tables."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

import pytest

from bonemetrics.batch.execute import run_study
from bonemetrics.outcomes.export import snapshot
from bonemetrics.outcomes.wide_table import wide_table
from bonemetrics.records import Observation, Subject
from bonemetrics.study.create import init_study
from bonemetrics.study.protocol import parse_protocol
from bonemetrics.study.sheet_visits import VisitFinder
from bonemetrics.study.store import Store

OPEN = parse_protocol("")
DAYS = {"S-2": [date(2016, 1, 10), date(2016, 7, 4)]}
PROTOCOL = """
[study]
subjects = "subjects.csv"
[[parameters]]
paramcd = "P1NP"
param = "P1NP"
quantity = "P1NP"
[[parameters]]
paramcd = "NEWFX"
param = "New fractures"
quantity = "N.Fx"
[[tables]]
file = "lab*.csv"
kind = "laboratory"
[[tables]]
file = "fx*.csv"
kind = "fractures"
[[tables]]
file = "ae*.csv"
kind = "adverse-events"
"""


def observation(**facts):
    told = {"kind": "laboratory", "subject": "S-2", "line": 2, "quantity": "P1NP", "unit": "ng/mL", "site": "serum"}
    return Observation(value=41.5, **(told | facts))


def placed(days=MappingProxyType({}), **facts):
    return VisitFinder(OPEN, days).place(observation(**facts), Subject(subject="S-2", day1=date(2016, 1, 13)))


def test_place__without_a_protocol_a_day_has_its_number_and_study_day():
    found = placed(DAYS, day=date(2016, 7, 4))
    assert (found.visit.name, found.visit.number, found.study_day, found.notes) == ("Visit 2", 2.0, 174, ())


def test_place__without_a_protocol_name_and_number_of_the_table_stand():
    found = placed(DAYS, day=date(2016, 7, 4), visit="Week 24", visit_number=24.0)
    assert (found.visit.name, found.visit.number, found.notes) == ("Week 24", 24.0, ())
    own = placed(day=date(2016, 7, 4), visit="Visit 2", visit_number=200.0)
    assert (own.visit.name, own.visit.number) == ("Visit 2", 200.0)
    bare = placed(visit_number=3.5)
    assert (bare.visit.name, bare.visit.number) == ("Visit 3.5", 3.5)


@pytest.mark.parametrize(("day", "told"), [(date(2016, 7, 4), []), (date(2016, 8, 1), ["visit-differs"]), (None, [])])
def test_place__a_visit_called_as_a_numbered_one_has_its_number(day, told):
    found = placed(DAYS, day=day, visit="visit 2")
    assert (found.visit.name, found.visit.number, [one.code for one in found.notes]) == ("Visit 2", 2.0, told)


@pytest.mark.parametrize("facts", [{"visit": "UNSCHEDULED", "day": date(2016, 7, 4)}, {"day": date(2016, 8, 1)}])
def test_place__what_belongs_to_no_visit_says_so(facts):
    found = placed(DAYS, **facts)
    assert (found.visit.name, [one.code for one in found.notes]) == ("Unscheduled", ["unscheduled-visit"])


def study(folder, **files):
    (folder / "study.toml").write_text(PROTOCOL)
    (folder / "subjects.csv").write_text("subject,day1\nS-1,2016-01-13\nS-2,2016-01-13\n")
    (folder / "in").mkdir()
    for name, text in files.items():
        (folder / "in" / f"{name}.csv").write_text(text)
    made = init_study(folder / "study", folder / "study.toml").root
    run_study(made, [folder / "in"], workers=1)
    return snapshot(Store.open(made)).dataset


LAB = "subject,date,test,value,unit\nS-1,2016-07-04,P1NP,52,ng/mL\nS-1,2016-01-10,P1NP,40,ng/mL\n"


def test_days_of_tables__are_numbered_and_count(tmp_path):
    found = study(tmp_path, lab=LAB)
    assert [(row.visit, row.visit_number, row.value, row.analysed) for row in found.rows] == [
        ("Visit 1", 1.0, 40.0, True),
        ("Visit 2", 2.0, 52.0, True),
    ]
    assert [row[3:5] for row in wide_table(found).rows] == [("Visit 1", 1.0), ("Visit 2", 2.0)]


def test_a_table_that_names_visits__has_unscheduled_rows_where_it_names_none(tmp_path):
    text = "subject,visit,date,test,value,unit\nS-1,Screening,2016-01-10,P1NP,40,ng/mL\nS-1,,2016-02-01,P1NP,44,ng/mL\n"
    found = study(tmp_path, lab=text)
    assert [(row.visit, row.analysed) for row in found.rows] == [("Screening", True), ("Unscheduled", False)]
    assert "unscheduled-visit" in {one.problem.code for one in found.notes}


def test_numbers_of_visits__are_shared_by_tables_that_name_them_alike(tmp_path):
    one = "subject,AVISIT,AVISITN,date,test,value,unit\nS-1,Week 8,8,2016-03-10,P1NP,40,ng/mL\n"
    other = "subject,visit,date,test,value,unit\nS-2,Week 8,2016-03-11,P1NP,44,ng/mL\n"
    found = study(tmp_path, lab1=one, lab2=other)
    assert [(row.subject, row.visit, row.visit_number) for row in found.rows] == [
        ("S-1", "Week 8", 8.0),
        ("S-2", "Week 8", 8.0),
    ]


def test_events__that_two_tables_tell_are_marked_and_noted_once(tmp_path):
    first = "subject,date,site,side\nS-1,2016-03-01,rib,left\n"
    fall = "subject,term,date,serious\nS-1,fall,2016-03-02,N\n"
    found = study(
        tmp_path,
        lab=LAB,
        fx1=first,
        fx2=first + "S-1,2016-04-01,wrist,left\n",
        ae1=fall,
        ae2=fall + "S-1,fall,2016-03-03,N\n",
    )
    gathered = found.gathered
    assert sorted((one.event.site, one.is_repeated) for one in gathered.fractures) == [
        ("rib", False),
        ("rib", True),
        ("wrist", False),
    ]
    assert sorted(one.is_repeated for one in gathered.adverse_events) == [False, False, True]
    repeated = [one for one in found.notes if one.problem.code == "event-repeated"]
    assert sorted((one.file, one.line, one.subject) for one in repeated) == [
        ("adverse-events table", 2, "S-1"),
        ("fractures table", 2, "S-1"),
    ]
    last = [row.value for row in found.rows if row.paramcd == "NEWFX"][-1]
    assert last == 2.0


def test_count_of_none__leads_to_the_file_of_fractures(tmp_path):
    found = study(tmp_path, lab=LAB, fx1="subject,date,site,side\nS-2,2016-03-01,rib,left\n")
    (source,) = {row.source for row in found.rows if row.paramcd == "NEWFX" and row.subject == "S-1"}
    assert (source.kind, len(source.input_sha256), source.line) == ("fractures", 64, None)
    assert source.source_id == found.gathered.fractures[0].source.source_id.partition(":")[0]
