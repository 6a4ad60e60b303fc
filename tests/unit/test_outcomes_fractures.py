"""Counts of new fractures: which count, what is said where rows are missing, and what a count of none is from."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bonemetrics.outcomes.dataset import build_dataset
from bonemetrics.outcomes.report.events import adverse_events, fractures
from bonemetrics.outcomes.rows import PlacedAdverseEvent, PlacedFracture, RowNote, Source
from bonemetrics.outcomes.sources_table import sources_table
from bonemetrics.records import AdverseEvent, Fracture, Problem
from tests.outcome_candidates import DAY1, DENSITY, codes, gathered, value

NEWFX = '[[parameters]]\nparamcd = "NEWFX"\nparam = "New fractures"\nquantity = "N.Fx"\n'
SCANS = (value(100.0, "Baseline", -14), value(101.0, "Month 6", 180))
SHEETS = tuple(
    Source(source_id=name, kind="fractures", input_sha256=digest * 64, software_version="0.1", method="")
    for name, digest in (("tfx1", "a"), ("tfx2", "b"))
)


def broken(study_day, *, confirmed=None, line=2, **facts):
    day = None if study_day is None else DAY1 + timedelta(days=study_day - 1)
    return PlacedFracture(
        event=Fracture(kind="fractures", subject="W-1", site="rib", day=day, confirmed=confirmed),
        subject="W-1",
        cohort="",
        study_day=study_day,
        is_new=None if study_day is None else study_day >= 1,
        source=Source(source_id=f"tfx1:{line}", kind="fractures", input_sha256="a" * 64, line=line),
        **facts,
    )


def counts(*found, **events):
    events = {"has_fracture_table": True, "fracture_sheets": SHEETS[:1], "fractures": found} | events
    made = build_dataset(gathered(*SCANS, parameters=DENSITY + NEWFX, **events))
    return made, [row for row in made.rows if row.paramcd == "NEWFX"]


def refused(code, subject, kind="fractures"):
    problem = Problem(code=code, severity="refusal", message="m")
    return RowNote(subject=subject, visit="", paramcd="", problem=problem, file=f"{kind} table", line=4)


def test_count__leaves_out_what_was_judged_to_be_none_and_says_how_many():
    _, rows = counts(
        broken(20, confirmed=True, line=2), broken(30, line=3), broken(40, confirmed=False, line=4), broken(300, line=5)
    )
    # Of days 20, 30, 40 and 300 the last is after Month 6 (day 180) and one was no fracture.
    assert [(row.visit, row.value) for row in rows] == [("Baseline", 0.0), ("Month 6", 2.0)]
    assert [codes(row) for row in rows] == [[], ["fracture-not-confirmed"]]
    assert rows[1].notes[0].message.startswith("1 fractures")
    assert rows[1].source.source_id == "tfx1:2;tfx1:3"


def test_count__takes_what_two_tables_tell_once():
    _, rows = counts(broken(20), broken(20, line=7, is_repeated=True))
    assert rows[1].value == 1.0


@pytest.mark.parametrize(
    ("told", "noted"),
    [
        (refused("term-missing", "W-1"), True),
        (refused("missing-cell", ""), True),
        (refused("unknown-subject", ""), False),
        (refused("term-missing", "W-2"), False),
        (refused("term-missing", "W-1", "adverse-events"), False),
    ],
)
def test_count__says_where_rows_that_may_be_hers_were_refused(told, noted):
    _, rows = counts(notes=(told,))
    assert [("fractures-incomplete" in codes(row)) for row in rows] == [noted, noted]


def test_count__says_where_a_whole_table_could_not_be_read():
    _, rows = counts(n_unread_fracture_sheets=1)
    assert codes(rows[0]) == ["fractures-incomplete"]
    assert "1 tables of fractures could not be read" in rows[0].notes[0].message


def test_count_of_none__leads_to_the_tables_it_is_from():
    made, rows = counts(fracture_sheets=SHEETS)
    assert (rows[0].value, rows[0].source.source_id) == (0.0, "tfx1;tfx2")
    known = {row[0]: row for row in sources_table(made).rows}
    assert "tfx1;tfx2" in known
    for name, digest in (("tfx1", "a"), ("tfx2", "b")):
        assert known[name][:3] == (name, "fractures", digest * 64)
        assert "0.1" in known[name]


def test_count_of_none__from_one_table_names_its_file():
    made, rows = counts()
    (found,) = [row for row in sources_table(made).rows if row[0] == rows[0].source.source_id]
    assert found[:3] == ("tfx1", "fractures", "a" * 64)
    assert "0.1" in found


def adverse(is_repeated=False):
    event = AdverseEvent(kind="adverse-events", subject="W-1", term="fever", serious=False)
    source = Source(source_id="tae:2", kind="adverse-events", input_sha256="c" * 64)
    return PlacedAdverseEvent(
        event=event, subject="W-1", cohort="", study_day=3, end_study_day=None, source=source, is_repeated=is_repeated
    )


def test_report__counts_repeated_events_once():
    made, _ = counts(
        broken(20), broken(20, line=7, is_repeated=True), broken(30, confirmed=False),
        adverse_events=(adverse(), adverse(is_repeated=True)), has_event_table=True,
    )  # fmt: skip
    text = adverse_events(made).blocks[0].text
    assert text.startswith("1 event in 1 of 1 women")
    assert "1 row of further tables says the same again" in text
    text = fractures(made).blocks[0].text
    assert text.startswith("1 fracture on or after the day of infusion")
    assert "Not confirmed and not counted: 1 fracture." in text
