"""Adverse events and fractures: none is lost for a cell that cannot be read."""

from __future__ import annotations

from datetime import date

from tests.clinical_rows import codes, taken

AE = "USUBJID,AETERM,AEDECOD,AESOC,AESER,AESEV,AEREL,AEOUT,AESTDTC,AEENDTC"


def test_adverse_events__take_the_names_of_sdtm():
    (found,) = taken(
        "adverse-events",
        f"{AE}\nW-1,Fever after infusion,Pyrexia,General disorders,N,MILD,RELATED,RECOVERED,2016-03-01,2016-03-02\n",
    )
    (event,) = found.records
    assert (event.term, event.preferred_term, event.system_organ_class) == (
        "Fever after infusion",
        "Pyrexia",
        "General disorders",
    )
    assert (event.serious, event.severity, event.related, event.outcome) == (False, "MILD", "RELATED", "RECOVERED")
    assert (event.day, event.end_day) == (date(2016, 3, 1), date(2016, 3, 2))
    assert codes([found]) == []


def test_adverse_events__plain_headers_and_the_body_system_do_too():
    text = "participant,event,onset,serious,relation,AEBODSYS\n7,Headache,2016-03-01,yes,possible,Nervous system\n"
    (found,) = taken("adverse-events", text)
    (event,) = found.records
    assert (event.serious, event.related, event.system_organ_class) == (True, "possible", "Nervous system")


def test_adverse_events__stay_without_what_cannot_be_read():
    text = f"{AE}\nW-1,Fall,,,perhaps,,,,2016-03,2016-04-01\n"
    (found,) = taken("adverse-events", text)
    (event,) = found.records
    assert (event.term, event.serious, event.day, event.end_day) == ("Fall", None, None, date(2016, 4, 1))
    assert codes([found]) == ["cell-refused", "cell-refused"]


def test_adverse_events__a_study_day_stands_where_no_date_is():
    (found,) = taken("adverse-events", "USUBJID,AETERM,AESTDY\nW-1,Fall,96\n")
    assert (found.records[0].day, found.records[0].study_day) == (None, 96)


def test_adverse_events__an_end_before_the_onset_is_told():
    (found,) = taken("adverse-events", f"{AE}\nW-1,Fall,,,N,,,,2016-03-05,2016-03-01\n")
    assert codes([found]) == ["end-before-onset"]
    assert found.records[0].end_day == date(2016, 3, 1)


def test_adverse_events__without_term_or_person_are_refused_and_empty_rows_passed_over():
    text = f"{AE}\nW-1,,,,Y,,,,2016-03-05,\n,Fall,,,N,,,,2016-03-05,\nW-1,,,,,,,,,\nW-2,,Pyrexia,,,,,,,\n"
    found = taken("adverse-events", text)
    assert codes(found) == ["term-missing", "missing-cell", "row-empty"]
    assert [one.term for outcome in found for one in outcome.records] == ["Pyrexia"]


def test_fractures__have_site_date_side_and_impact():
    text = """
subject,date,site,side,low_impact
W-1,2016-12-27,thoracic spine,,Y
W-2,2017-02-01,distal radius,izquierda,no
W-3,2017-02-01,rib,upper,
"""
    found = taken("fractures", text)
    told = [outcome.records[0] for outcome in found]
    assert [(one.site, one.side, one.low_impact) for one in told] == [
        ("thoracic spine", None, True),
        ("distal radius", "left", False),
        ("rib", None, None),
    ]
    assert codes(found) == ["cell-refused"]


def test_fractures__without_a_site_are_refused():
    assert codes(taken("fractures", "subject,date,site\nW-1,2016-12-27,\nW-1,,\n")) == ["term-missing", "row-empty"]
