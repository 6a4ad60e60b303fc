from __future__ import annotations

from dataclasses import replace

import pytest

from bonemetrics.outcomes.cohorts import cohorts
from bonemetrics.outcomes.report.events import adverse_events, fractures
from bonemetrics.outcomes.report.methods import methods, rules
from bonemetrics.outcomes.report.quality import data_quality, tracing
from bonemetrics.outcomes.report.tables import ReportTable
from bonemetrics.outcomes.rows import RowNote
from bonemetrics.records import note
from bonemetrics.study.protocol import parse_protocol
from tests.report_cases import PROTOCOL, event, fracture, small_dataset


def texts(section):
    return " ".join(block.text for block in section.blocks if block.kind == "text")


def tables(section):
    return [block for block in section.blocks if isinstance(block, ReportTable)]


def cells(table):
    return [row.cells for row in table.rows]


def test_cohorts__stand_in_the_order_of_the_protocol_and_those_without_one_last():
    dataset = small_dataset()
    people = dataset.gathered.participants
    outside = replace(people[0], cohort="")
    dataset = replace(dataset, gathered=replace(dataset.gathered, participants=(outside, *people[1:])))
    assert [(one.label, one.women) for one in cohorts(dataset)] == [
        ("LOW", ()),
        ("HIGH", ("W-02", "W-03")),
        ("no cohort", ("W-01",)),
    ]


def test_adverse_events__are_counted_by_women_and_events():
    events = (
        event("W-01", "headache", day=5, related="Possible"),
        event("W-01", "headache", day=40, related="unrelated"),
        event("W-02", "headache", day=7, serious=True),
        event("W-03", "malaise", day=-3, serious=None, related="Unlikely"),
    )
    section = adverse_events(small_dataset(adverse_events=events, has_event_table=True))
    counts, serious = tables(section)
    # Name, LOW women and events, HIGH women and events, all women and events, serious, related: counted by hand.
    assert cells(counts) == [
        ("Any adverse event", "1", "2", "2", "2", "3", "4", "1", "1"),
        ("Nervous system disorders", "1", "2", "1", "1", "2", "3", "1", "1"),
        ("\u2003Headache", "1", "2", "1", "1", "2", "3", "1", "1"),
        ("not coded", "0", "0", "1", "1", "1", "1", "0", "0"),
        ("\u2003Malaise", "0", "0", "1", "1", "1", "1", "0", "0"),
    ]
    assert counts.groups == (("", 1), ("LOW (n = 1)", 2), ("HIGH (n = 2)", 2), ("All (n = 3)", 4))
    assert "Counted as related: possible; not counted: unlikely and unrelated; relation not stated: 1 event." in (
        counts.remark
    )
    assert cells(serious) == [("W-02", "HIGH", "Headache", "7", "–", "–", "–")]
    said = texts(section)
    assert "4 events in 3 of 3 women, 1 of them serious in 1 woman." in said
    assert "Whether it was serious is not stated for 1 event." in said
    assert "1 event began before the infusion and is counted." in said


@pytest.mark.parametrize(
    ("make", "noun"), [(adverse_events, "adverse events"), (fractures, "fractures")], ids=["events", "fractures"]
)
def test_events__none_reported_is_not_the_same_as_no_table(make, noun):
    told = small_dataset(has_event_table=True, has_fracture_table=True)
    assert texts(make(told)) == f"A table of {noun} was read; it reports none."
    assert texts(make(small_dataset())) == f"No table of {noun} was read. Nothing can be said of them."


def test_fractures__new_ones_are_those_from_the_day_of_infusion_on():
    known = (fracture("W-02", day=-200), fracture("W-02", day=320), fracture("W-03", day=None))
    section = fractures(small_dataset(fractures=known, has_fracture_table=True))
    assert texts(section) == (
        "1 fracture on or after the day of infusion (LOW: 0 of 1 women, HIGH: 1 of 2 women). 1 fracture happened "
        "before the infusion. Of 1 fracture it is not known whether it was before or after."
    )
    # Day 320 is 319 days after the infusion: 319 / 30.4375 = 10.48 months; 200 days before it: -6.57.
    assert [row[3:5] for row in cells(tables(section)[0])] == [("\u22126.6", "no"), ("10.5", "yes"), ("–", "–")]


def test_data_quality__counts_notes_by_code_and_names_the_place_of_a_refusal():
    section = data_quality(small_dataset())
    notes, refused = tables(section)
    assert [(row[0], *row[2:]) for row in cells(notes)] == [("spacing-changed", "2", "W-01, W-02", "RADTBD")]
    assert cells(refused) == [
        ("markers.csv, sheet Markers, row 17", "–", "unknown-subject", "not in the subjects table")
    ]
    assert "2 notes on values, rows and people; 1 row or value refused." in texts(section)


def test_data_quality__says_it_where_nothing_was_noted():
    section = data_quality(replace(small_dataset(), notes=()))
    assert "No note was made on any value; nothing was refused." in texts(section)
    assert tables(section) == []


def test_data_quality__names_notes_on_values_of_scans_once():
    dataset = small_dataset()
    first = replace(dataset.rows[0], notes=(note("few-slices", "three slices"),))
    known = RowNote(
        subject="W-01",
        visit="Baseline",
        paramcd="P1NP",
        source_id="laboratory:10",
        problem=note("unit-converted", "from ug/L"),
    )
    marker = replace(dataset.rows[2], notes=(known.problem,))
    assert marker.paramcd == "P1NP"
    dataset = replace(dataset, rows=(first, *dataset.rows[1:2], marker, *dataset.rows[3:]), notes=(known,))
    (notes,) = tables(data_quality(dataset))
    assert [(row[0], row[2], row[4]) for row in cells(notes)] == [
        ("few-slices", "1", "RADTBD"),
        ("unit-converted", "1", "P1NP"),
    ]


def test_tracing__leads_one_value_back_to_its_file():
    section = tracing(small_dataset())
    (facts,) = [block for block in section.blocks if block.kind == "facts"]
    assert dict(facts.pairs)["For example"] == "W-01, Baseline, RADTBD: 100\u00a0mg/cm³"
    assert dict(facts.pairs)["SRCID"] == "qct:10"
    assert "Sheet and row" not in dict(facts.pairs)
    (table,) = tables(section)
    assert cells(table) == [("laboratory", "4", "4", "1", "–"), ("qct", "5", "5", "1", "3012")]


def test_methods__state_unit_benefit_and_least_significant_change():
    parameters, visits = tables(methods(small_dataset()))
    assert cells(parameters)[0] == (
        "RADTBD",
        "Radius trabecular density",
        "Tb.vBMD: Mean density of the trabecular compartment",
        "radius, trabecular",
        "mg/cm³",
        "increase",
        "3.1\u00a0mg/cm³",
    )
    assert cells(parameters)[1][4:] == ("ng/mL", "not stated", "none stated, so no change is judged")
    assert cells(visits)[0] == ("Baseline", "\u221214", "all data: \u221260 to 1", "yes")


def test_rules__follow_the_protocol():
    plain = rules(small_dataset().gathered.protocol)
    assert not any("Histomorphometry" in rule for rule in plain)
    text = (
        PROTOCOL.format(title="t", cohort="c", param="P1NP")
        + """
[[parameters]]
paramcd = "HMAR"
param = "MAR"
quantity = "MAR"
site = "iliac-crest"
region = "cancellous"
[[precision]]
paramcd = "P1NP"
lsc_percent = 21
[histomorphometry]
factor = "iliac"
single_label = "floor"
[analysis]
choose = "mean"
reviewed_only = true
exclude_notes = ["blurred-edges"]
"""
    )
    chosen = " ".join(rules(parse_protocol(text)))
    for said in (
        "the mean of all of the visit",
        "accept, accepted and accept-with-edit",
        "blurred-edges",
        "1.2 from perimeter to surface (iliac practice)",
        "MAR is set to 0.3 µm/day",
    ):
        assert said in chosen
    dataset = small_dataset(protocol_=parse_protocol(text))
    assert cells(tables(methods(dataset))[0])[1][6] == "21 % of baseline"
