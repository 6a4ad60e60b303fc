from __future__ import annotations

from dataclasses import replace

import pytest

from bonemetrics.errors import NOTES
from bonemetrics.outcomes.cohorts import cohorts
from bonemetrics.outcomes.report.events import adverse_events, fractures
from bonemetrics.outcomes.report.losses import LOSSES, OF_FILES
from bonemetrics.outcomes.report.methods import methods, rules
from bonemetrics.outcomes.report.participant import participants
from bonemetrics.outcomes.report.quality import data_quality, tracing
from bonemetrics.outcomes.report.sections import follow_up
from bonemetrics.outcomes.report.tables import ReportTable
from bonemetrics.outcomes.rows import RowNote
from bonemetrics.records import Problem, note
from bonemetrics.study.protocol import parse_protocol
from tests.report_cases import DAY1, PROTOCOL, event, fracture, small_dataset


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
    rates, counts, serious = tables(section)
    # Name, LOW women and events, HIGH women and events, all women and events, serious, related: counted by hand.
    assert cells(counts) == [
        ("Any adverse event", "1", "2", "2", "2", "3", "4", "1", "1"),
        ("\u2003on or after infusion", "1", "2", "1", "1", "2", "3", "1", "1"),
        ("\u2003before infusion", "0", "0", "1", "1", "1", "1", "0", "0"),
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
    assert "1 event began before the infusion, shown in a row of its own." in said
    assert rates.caption == "How often: adverse events on or after the day of infusion"


def test_adverse_events__shares_and_rates_have_exact_intervals():
    events = (
        event("W-01", "headache", day=5),
        event("W-01", "headache", day=40),
        event("W-02", "headache", day=7, serious=True),
        event("W-03", "malaise", day=-3),
        event("W-03", "malaise", day=None),
    )
    rates = tables(adverse_events(small_dataset(adverse_events=events, has_event_table=True)))[0]
    rows = cells(rates)
    assert [row[1] for row in rows] == ["LOW", "HIGH", "All"] * 3
    assert [row[0] for row in rows] == ["Any", "", "", "Serious", "", "", "Related", "", ""]
    # Last dated days: 401 of W-01 (400 days after day 1), 370 of W-02, 91 of W-03: 862 days are 2.36 woman-years.
    # scipy.stats.binomtest(2, 3).proportion_ci(method="exact"): 0.0943 to 0.9916. Poisson limits of 3 events are
    # 0.61867 and 8.76727 (Garwood 1936), over 2.36 years 0.26 and 3.71; the rate is 3/2.36 = 1.27.
    assert rows[2][2:] == ("2 of 3", "67", "9 to 99", "3", "2.4", "1.27", "0.26 to 3.71")
    # No event of one woman: 1 - 0.025 and -ln 0.025 = 3.68888 over 401/365.25 = 1.098 years.
    assert rows[3][2:] == ("0 of 1", "0", "0 to 98", "0", "1.1", "0.00", "0.00 to 3.36")
    assert "Not counted here: 1 event before the infusion and 1 event of unknown day." in rates.remark
    assert "from day 1 to the last day" in rates.remark


def test_adverse_events__have_no_rate_where_no_infusion_is_known():
    dataset = small_dataset(adverse_events=(event("W-01", "headache", day=None),), has_event_table=True)
    people = tuple(replace(one, day1=None) for one in dataset.gathered.participants)
    section = adverse_events(replace(dataset, gathered=replace(dataset.gathered, participants=people)))
    assert [one.caption for one in tables(section)] == ["Adverse events by system organ class and preferred term"]


def test_adverse_events__a_woman_without_an_infusion_is_in_no_rate():
    dataset = small_dataset(adverse_events=(event("W-01", "headache", day=5),), has_event_table=True)
    people = tuple(replace(one, day1=None) if one.subject == "W-03" else one for one in dataset.gathered.participants)
    rates = tables(adverse_events(replace(dataset, gathered=replace(dataset.gathered, participants=people))))[0]
    assert cells(rates)[2][2] == "1 of 2"
    assert "1 woman without a known day of infusion not counted." in rates.remark


@pytest.mark.parametrize(
    ("make", "noun"), [(adverse_events, "adverse events"), (fractures, "fractures")], ids=["events", "fractures"]
)
def test_events__none_reported_is_not_the_same_as_no_table(make, noun):
    told = small_dataset(has_event_table=True, has_fracture_table=True)
    assert texts(make(told)) == f"A table of {noun} was read; it reports none."
    assert texts(make(small_dataset())) == f"No table of {noun} was read. Nothing can be said of them."


def test_participants__no_table_of_events_is_not_none_of_them():
    def facts(dataset):
        page = participants(dataset).parts[0]
        return dict(next(block.pairs for block in page.blocks if block.kind == "facts"))

    silent = facts(small_dataset())
    assert (silent["New fractures"], silent["Adverse events"]) == ("no table read", "no table read")
    told = facts(small_dataset(has_event_table=True, has_fracture_table=True))
    assert (told["New fractures"], told["Adverse events"]) == ("0", "0, 0 serious")
    # Events that came by another way than a table of their own are told as well.
    some = facts(
        small_dataset(adverse_events=(event("W-02", "headache", day=5),), fractures=(fracture("W-01", day=None),))
    )
    assert (some["New fractures"], some["Adverse events"]) == ("0, 1 without a date", "0, 0 serious")


def test_participants__what_is_said_of_every_woman_is_said_once():
    shared = [noted("spacing-changed", subject=who) for who in ("W-01", "W-02", "W-03")]
    own = noted("few-slices", subject="W-02", paramcd="RADTBD")
    many = [noted("few-slices", subject="W-03", paramcd=f"P{place}") for place in range(7)]
    section = participants(replace(small_dataset(), notes=(*shared, own, *many)))
    assert f"Noted on data of every woman, and not again on the pages: {NOTES['spacing-changed']}." in texts(section)
    pages = {one.title: one for one in section.parts}
    assert "No note was made on any value of hers but what is said above of most women." in texts(pages["W-01"])
    (listing,) = [block for block in pages["W-02"].blocks if block.kind == "listing"]
    assert listing.items == (f"{NOTES['few-slices']} (1 time; RADTBD)",)
    (listing,) = [block for block in pages["W-03"].blocks if block.kind == "listing"]
    assert listing.items == (f"{NOTES['few-slices']} (7 times; 7 parameters)",)


def test_participants__what_is_said_of_all_but_a_few_names_them():
    dataset = small_dataset()
    like = dataset.gathered.participants[0]
    people = tuple(replace(like, subject=f"X-{place}") for place in range(8))
    notes = tuple(noted("spacing-changed", subject=f"X-{place}") for place in range(6))
    made = replace(dataset, rows=(), notes=notes, gathered=replace(dataset.gathered, participants=people))
    assert "Noted on data of every woman but X-6 and X-7, and not again" in texts(participants(made))
    assert "Noted on" not in texts(participants(replace(made, notes=notes[:5])))


def undated(*day1):
    """Three women of whom nothing is dated but, for some, the day of infusion."""
    dataset = small_dataset(candidates=(), labels=())
    people = tuple(
        replace(one, day1=day, last_day=None) for one, day in zip(dataset.gathered.participants, day1, strict=True)
    )
    return replace(dataset, rows=(), gathered=replace(dataset.gathered, participants=people))


def test_follow_up__the_day_of_infusion_is_a_dated_event():
    (lanes,) = follow_up(undated(DAY1, None, DAY1)).pictures
    assert lanes.name == "swimmer"
    assert lanes.caption.endswith("1 woman has no lane: the day of infusion is not known.")
    pages = {one.title: one for one in participants(undated(DAY1, None, DAY1)).parts}
    last = {name: dict(one.blocks[0].pairs)["Last contact"] for name, one in pages.items()}
    assert last == {"W-01": "2016-04-04 (month 0.0)", "W-02": "nothing is dated", "W-03": "2016-04-04 (month 0.0)"}


def test_follow_up__says_that_no_infusion_is_known_only_where_none_is():
    assert "No day of infusion is known" in texts(follow_up(undated(None, None, None)))
    nobody = small_dataset(candidates=(), participants=(), labels=())
    assert "The study has no participants" in texts(follow_up(replace(nobody, rows=())))


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
    assert "No note was made on any value; no row was refused." in texts(section)
    assert "stand in the dataset" not in texts(section)
    assert tables(section) == []


def noted(code, *, subject="W-01", paramcd="", severity="note", file=""):
    problem = Problem(code=code, severity=severity, message="why")
    return RowNote(subject=subject, visit="", paramcd=paramcd, problem=problem, file=file)


def test_data_quality__what_was_lost_stands_apart_from_what_is_only_noted():
    notes = (
        noted("cell-refused", paramcd="LSBMD"),
        noted("draft-entry"),
        noted("draft-entry", subject="W-02"),
        noted("below-detection", paramcd="RANKL"),
        noted("spacing-changed", paramcd="RADTBD"),
        noted("table-not-named", subject="", file="laboratory table"),
    )
    section = data_quality(replace(small_dataset(), notes=notes))
    said = texts(section)
    assert said.startswith("6 notes on values, rows and people; no row was refused.")
    assert (
        "Lost, left out or without a number: 2 drafts of biopsies, 1 result known only as below a limit, 1 cell that "
        "could not be read or cannot be true and 1 table that the protocol does not name."
    ) in said
    assert "The other notes are on values that stand in the dataset." in said
    lost, files, stand = tables(section)
    assert [row[0] for row in cells(lost)] == ["draft-entry", "below-detection", "cell-refused", "table-not-named"]
    assert cells(files) == [("laboratory table", "–", "table-not-named", "why")]
    assert [row[0] for row in cells(stand)] == ["spacing-changed"]


def test_data_quality__nothing_is_said_to_stand_where_all_was_lost():
    said = texts(data_quality(replace(small_dataset(), notes=(noted("cell-refused"),))))
    assert "stand in the dataset" not in said


def test_losses__are_notes_that_exist():
    assert set(LOSSES) | OF_FILES <= set(NOTES)
    assert set(LOSSES) >= OF_FILES
    # Whoever says that something was left out, or does not count, must be among them.
    words = ("left out", "left empty", "left alone", "not analyse", "does not count", "none counts")
    told = {code for code, meaning in NOTES.items() if any(word in meaning for word in words)}
    # Byte-identical copies, scout views, a phantom's rods, and a vertebra whose neighbours' average stands.
    harmless = {"duplicates-dropped", "localizers-set-aside", "two-rod-phantom", "vertebra-excluded"}
    assert told - harmless <= set(LOSSES)


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
