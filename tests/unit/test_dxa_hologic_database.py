"""Databases of Hologic scanners: which scans become reports, and what is passed over, noted or refused."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database import read, recognises
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading
from tests.dxa_cases.hologic_database import (
    ANALYSIS,
    ANNA,
    ARM_ID,
    BODY_ID,
    BODY_TYPES,
    BRITT,
    CASE,
    DRAWN_TYPES,
    HIP,
    HIP_ID,
    HIP_TYPES,
    HSA_TYPES,
    PARTIAL_ID,
    PATIENT,
    SERIAL,
    SPINE_ID,
    SPINE_TYPES,
    analysis,
    key,
    people,
    scans,
    spine_row,
    triples,
)
from tests.hologic_reports import FIRST, codes, numbers, other_scan, reading, report
from tests.mdb_bytes import DOUBLE, TEXT, Table, jet_bytes


def test_read__one_report_for_each_analysed_scan_of_a_person():
    found = reading()
    assert [(r.scan_id, r.site, r.side) for r in found.reports] == [
        (SPINE_ID, "lumbar-spine", None),
        (HIP_ID, "hip", "right"),
        (ARM_ID, "forearm", "left"),
        (BODY_ID, "whole-body", None),
        (PARTIAL_ID, "lumbar-spine", None),
    ]
    assert [r.problems for r in found.reports] == [()] * 5
    assert codes(found) == ["phantom-scans-skipped", "scans-without-results"]
    assert [problem.message[-1] for problem in found.problems] == ["1", "1"]


def test_read__scans_with_other_results_alone_are_counted_apart():
    found = reading(
        Hip=Table(HIP_TYPES, []),
        HipHSA=Table(HSA_TYPES, []),
        SubRegionBone=Table(DRAWN_TYPES, [{**key(ANNA, HIP_ID), **triples({"GLOBAL": (9.0, 4.0)})}]),
        Wbody=Table(BODY_TYPES, []),
    )
    assert [r.scan_id for r in found.reports] == [SPINE_ID, ARM_ID, PARTIAL_ID]
    assert codes(found) == ["phantom-scans-skipped", "scans-without-results", "other-records"]
    assert found.problems[2].message.endswith(": 2")


def test_read__who_when_and_how():
    found = report(HIP_ID)
    assert (found.route, found.key) == ("hologic-database", f"{SERIAL}/{HIP_ID}")
    assert (found.scan_date, found.analysis_date) == (date(2019, 10, 5), date(2019, 10, 7))
    device = found.device
    assert (device.manufacturer, device.serial, device.software) == ("Hologic", SERIAL, "13.4.2")
    assert (device.analysis_version, device.hardware) == ("13.5", "21")
    how = found.circumstances
    assert (how.scan_type, how.scan_mode, how.protocol) == ("SCAN_TYPE 3 (right hip)", "SCAN_MODE 11", "PROTOCOL 332")
    assert (how.roi, how.acf, how.bcf, how.k, how.d0) == ("ROI_TYPE 7, 228 x 61", 1.0234, 0.9912, 1.1311, 48.375)
    person = found.patient
    assert (person.patient_id, person.birth_date, person.sex) == ("INV-0815-T", "19510317", "F")
    # The weight of the day of the scan; the height, missing that day, from the patient.
    assert (person.weight_kg, person.height_cm) == (61.5, 158.25)
    assert (person.ethnicity, person.menopause_age) == ("W", 49.0)


def test_read__missing_markers_of_a_person_are_unknown():
    person = report(PARTIAL_ID).patient
    assert (person.weight_kg, person.height_cm, person.menopause_age) == (None, None, None)
    assert person.patient_id == "INV-2342-B"


def test_read__a_menopause_given_as_a_calendar_year_becomes_an_age():
    changed = [{**people()[0], "MENOPAUSE_YEAR": 2002}]
    assert report(HIP_ID, PATIENT=Table(PATIENT, changed)).patient.menopause_age == 51.0


def test_read__a_scan_of_nobody_in_the_database_has_no_patient():
    assert report(HIP_ID, PATIENT=Table(PATIENT, people()[1:])).patient.patient_id == ""


def test_read__a_patient_key_of_two_people_names_neither():
    twice = Table(PATIENT, [*people(), {**people()[0], "IDENTIFIER1": "INV-9999-X"}])
    assert report(HIP_ID, PATIENT=twice).patient.patient_id == ""


def test_read__scans_are_joined_by_patient_scan_and_serial_number_together():
    # The same scan ID under another serial number, never analysed, must not take the results.
    first = analysis(ANNA, HIP_ID, 2, FIRST, SERIAL_NUMBER="3006")
    found = reading(ScanAnalysis=Table(ANALYSIS, [first, *scans()]))
    assert [(r.key, r.side) for r in found.reports if r.scan_id == HIP_ID] == [(f"{SERIAL}/{HIP_ID}", "right")]


def test_read__an_unknown_scan_type_is_kept_and_said():
    found = report(HIP_ID, ScanAnalysis=other_scan(SCAN_TYPE=44))
    assert (found.site, found.side, found.circumstances.scan_type) == ("hip", None, "SCAN_TYPE 44")
    assert codes(found) == ["unknown-code"]
    assert numbers(found)["NECK"][2] == 0.738


def test_read__a_scan_type_of_another_site_gives_no_side():
    found = report(HIP_ID, ScanAnalysis=other_scan(SCAN_TYPE=6))
    assert (found.site, found.side, codes(found)) == ("hip", None, ["unknown-code"])


def test_read__results_of_several_sites_go_by_the_scan_type_or_are_refused():
    both = Table(SPINE_TYPES, [{**key(ANNA, HIP_ID), **spine_row()}])
    found = report(HIP_ID, Spine=both)
    assert (found.site, found.side) == ("hip", "right")
    assert "Spine" in found.others
    refused = reading(Spine=both, ScanAnalysis=other_scan(SCAN_TYPE=44))
    assert HIP_ID not in [r.scan_id for r in refused.reports]
    assert [p.code for p in refused.problems if p.severity == "refusal"] == ["results-not-understood"]


def test_read__quality_control_scans_belong_to_nobody():
    found = reading(ScanAnalysis=other_scan(QC_SCAN=True))
    assert HIP_ID not in [r.scan_id for r in found.reports]
    (problem,) = [p for p in found.problems if p.code == "phantom-scans-skipped"]
    assert problem.message.endswith(": 2")


def test_read__of_several_analyses_the_newest_stands_and_the_others_are_named():
    again = [
        {**row, "ANALYSIS_DATE": datetime(2021, 2, 3, 10, 0, 0), "ANAL_VERSION": "13.6"}
        for row in scans()
        if row["SCANID"] == HIP_ID
    ]
    for rows in ([*scans(), *again], [*again, *scans()]):
        found = report(HIP_ID, ScanAnalysis=Table(ANALYSIS, rows))
        assert (found.analysis_date, found.device.analysis_version) == (date(2021, 2, 3), "13.6")
        (problem,) = found.problems
        assert problem.code == "scan-repeated"
        assert "2019-10-07" in problem.message


def test_read__two_different_rows_of_results_for_one_scan_are_refused():
    row = {**key(ANNA, HIP_ID), **triples(HIP)}
    found = reading(Hip=Table(HIP_TYPES, [row, {**row, "NECK_BMD": 0.7}]))
    assert HIP_ID not in [r.scan_id for r in found.reports]
    assert [p.code for p in found.problems if p.severity == "refusal"] == ["results-not-understood"]
    assert HIP_ID in [r.scan_id for r in reading(Hip=Table(HIP_TYPES, [row, row])).reports]


def test_read__one_scan_under_two_patients_is_said_on_both():
    moved = {**key(BRITT, HIP_ID), **triples(HIP)}
    found = reading(
        ScanAnalysis=Table(ANALYSIS, [*scans(), analysis(BRITT, HIP_ID, 3, FIRST)]),
        Hip=Table(HIP_TYPES, [{**key(ANNA, HIP_ID), **triples(HIP)}, moved]),
    )
    both = [r for r in found.reports if r.scan_id == HIP_ID]
    assert [codes(r) for r in both] == [["scan-repeated"], ["scan-repeated"]]


def test_read__results_of_no_scan_are_counted():
    row = {**key(ANNA, "A1K3A050ZZZ0Z"), **triples(HIP)}
    found = reading(Hip=Table(HIP_TYPES, [row]), HipHSA=Table(HSA_TYPES, []))
    assert "other-records" in codes(found)


def test_read__a_date_that_the_scan_id_contradicts_stands_with_a_note():
    found = report(HIP_ID, ScanAnalysis=other_scan(SCAN_DATE=datetime(2019, 11, 5)))
    assert found.scan_date == date(2019, 11, 5)
    assert codes(found) == ["scan-date-differs"]


def test_read__no_date_is_no_date():
    found = report(HIP_ID, ScanAnalysis=other_scan(SCAN_DATE=None, ANALYSIS_DATE=datetime(1899, 12, 30)))
    assert (found.scan_date, found.analysis_date, codes(found)) == (None, None, [])


def test_read__a_study_uid_is_one_or_none():
    assert report(HIP_ID, ScanAnalysis=other_scan(WL_STUDY_INST_UID="Thistlewood")).study_uid == ""


def test_read__a_table_that_lost_rows_is_said():
    rows = Table(HIP_TYPES, [{**key(ANNA, HIP_ID), **triples(HIP)}], claimed=3)
    found = reading(Hip=rows)
    assert "row-count-differs" in codes(found)
    assert "Hip" in found.problems[0].message


def test_read__refuses_a_database_of_something_else():
    with pytest.raises(ReadError) as caught:
        read(Source(data=jet_bytes({"Recipes": Table({"NAME": TEXT, "GRAMS": DOUBLE}, [{"NAME": "x", "GRAMS": 2.0}])})))
    assert caught.value.code == "no-dxa-results"


def test_read__an_empty_database_of_scans_is_one():
    empty = {"PATIENT": Table(PATIENT, []), "ScanAnalysis": Table(ANALYSIS, [])}
    assert read(Source(data=jet_bytes(empty))) == DxaReading()


def test_read__no_message_holds_a_person():
    found = reading(Spine=Table(SPINE_TYPES, [{**key(ANNA, SPINE_ID), **spine_row(), "STARTING_REGION": 1}]))
    texts = [p.message for p in found.problems] + [p.message for r in found.reports for p in r.problems]
    assert not any(secret in text for text in texts for secret in CASE.secrets)


def test_recognises__databases_of_access_by_their_signature():
    assert recognises("", CASE.make()[:4096])
    assert recognises("x", b"\x00\x01\x00\x00Standard ACE DB\x00" + bytes(40))
    assert not recognises("PatScan.mdb", b"SQLite format 3\x00" + bytes(40))
