from __future__ import annotations

import json
from datetime import date

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import fhir, fhir_json
from bonemetrics.readers.dxa.source import Source
from tests.dxa_cases.fhir import DEVICE, PATIENT, WHO, concept, make, observation, quantity
from tests.fhir_readings import NECK, ONE, Json, codes, raw, read, refusal, rows


def test_read__gathers_the_numbers_of_a_person_day_and_site():
    reading = fhir.read(Source(data=make()))
    hip, spine = reading.reports
    assert codes(reading) == []
    assert rows(hip) == [
        ("neck", "left", {"bmd": 0.713, "t_score": -1.8}),
        ("total-hip", "left", {"bmd": 0.822}),
        ("neck", "right", {"bmd": 0.731}),
    ]
    assert rows(spine) == [("L1-L4", None, {"bmd": 0.951, "z_score": 0.4})]
    assert (hip.site, hip.side, spine.site, hip.scan_date) == ("hip", None, "lumbar-spine", date(2021, 6, 17))
    cell = hip.rows[0].cells["bmd"]
    assert (cell.raw, cell.unit, cell.decimals, cell.trust, cell.place) == (
        "0.713",
        "g/cm2",
        3,
        "text",
        "Observation 1",
    )
    assert hip.rows[0].cells["t_score"].unit == "1"


def test_read__takes_person_and_device_from_their_resources():
    hip = fhir.read(Source(data=make())).reports[0]
    assert (hip.patient.patient_id, hip.patient.birth_date, hip.patient.sex) == ("MRN-40817", "19481230", "F")
    device = (hip.device.manufacturer, hip.device.model, hip.device.serial, hip.device.software)
    assert device == ("HOLOGIC", "Horizon W", "300912M", "5.6.1.2")
    assert "Birnbaum" not in hip.model_dump_json()


def test_key__is_the_same_in_any_order_and_changes_with_the_results():
    first, second = ONE, observation("b", "80946-7", quantity(-1.8, "1"), region=NECK)
    key = read(first, second).reports[0].key
    assert key == read(second, first).reports[0].key
    assert key != read(first).reports[0].key
    assert read({**ONE, "id": None}).reports[0].key == ""


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_read__leaves_withdrawn_results_out(status):
    reading = read(ONE, observation("b", "46279-6", quantity(0.644), status=status))
    assert codes(reading) == ["result-withdrawn"]
    assert "0.644" not in repr(reading)


def test_read__leaves_results_of_a_withdrawn_report_out_unless_another_report_has_them():
    def report(number: str, status: str, *members: str) -> Json:
        results = [{"reference": f"Observation/{one}"} for one in members]
        return {"resourceType": "DiagnosticReport", "id": number, "status": status, "result": results}

    second = observation("b", "46279-6", quantity(0.644), region="Right femoral neck")
    withdrawn = report("r1", "entered-in-error", "a", "b")
    assert len(read(withdrawn, report("r2", "final", "a"), ONE, second).reports[0].rows) == 1
    assert refusal(withdrawn, ONE, second).code == "results-not-understood"


def test_read__leaves_out_a_result_with_an_extension_that_changes_its_meaning():
    changed = observation("b", "46279-6", quantity(0.644), modifierExtension=[{"url": "https://x.example/not"}])
    assert codes(read(ONE, changed)) == ["cell-refused"]


@pytest.mark.parametrize("status", ["preliminary", "registered", "unknown", None])
def test_read__notes_a_result_that_is_not_final(status):
    assert codes(read({**ONE, "status": status})) == ["result-preliminary"]


@pytest.mark.parametrize(
    ("more", "day", "notes"),
    [
        ({"effectiveDateTime": "2021-06-17"}, date(2021, 6, 17), []),
        ({"effectiveDateTime": "2021-06"}, None, ["date-ambiguous"]),
        ({"effectiveDateTime": "2021-02-30"}, None, ["date-ambiguous"]),
        ({"effectiveDateTime": None}, None, []),
        ({"effectiveDateTime": None, "effectiveInstant": "2021-06-17T23:59:00Z"}, date(2021, 6, 17), []),
        (
            {
                "effectiveDateTime": None,
                "effectivePeriod": {"start": "2021-06-17T08:00:00Z", "end": "2021-06-17T09:00:00Z"},
            },
            date(2021, 6, 17),
            [],
        ),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2021-06-17", "end": "2021-06-19"}}, None, []),
    ],
)
def test_read__takes_the_day_as_written(more, day, notes):
    reading = read(
        {**{name: item for name, item in ONE.items() if name not in more}, **{k: v for k, v in more.items() if v}}
    )
    assert (reading.reports[0].scan_date, codes(reading)) == (day, notes)


def test_read__parts_reports_by_person_and_day():
    other = {"subject": {"reference": "Patient/2"}}
    reading = read(
        ONE,
        observation("b", "46278-8", quantity(0.714), region=NECK, effectiveDateTime="2022-06-20"),
        observation("c", "46278-8", quantity(0.715), region=NECK, **other),
        observation("d", "46278-8", quantity(0.716), region=NECK, subject=None),
        observation("e", "46278-8", quantity(0.717), region=NECK, subject=None),
    )
    assert [report.patient.patient_id for report in reading.reports] == ["px-771", "px-771", "2", "", ""]
    assert [report.rows[0].value("bmd") for report in reading.reports] == [0.713, 0.714, 0.715, 0.716, 0.717]


def test_read__parts_two_scans_of_one_day_by_their_time():
    later = observation("b", "46278-8", quantity(0.719), region=NECK, effectiveDateTime="2021-06-17T09:35:00+02:00")
    reading = read(ONE, later)
    assert [report.rows[0].value("bmd") for report in reading.reports] == [0.713, 0.719]
    assert codes(reading) == []


def test_read__empties_a_cell_that_two_results_claim():
    reading = read(
        ONE,
        observation("b", "46278-8", quantity(0.719), region=NECK),
        observation("c", "80946-7", quantity(-1.8, "1"), region=NECK),
    )
    assert rows(reading.reports[0]) == [("neck", "left", {"bmd": None, "t_score": -1.8})]
    assert codes(reading) == ["cell-refused"]


def test_read__takes_a_repeated_resource_once():
    assert codes(read(ONE, ONE)) == []
    assert read(ONE, ONE) == read(ONE)


def test_read__reads_components_of_a_panel():
    panel = observation("p", "83311-1", None, region=NECK)
    panel["component"] = [
        {"code": concept("46278-8"), "valueQuantity": quantity(0.713)},
        {"code": concept("80946-7"), "valueQuantity": quantity(-1.8, "1")},
    ]
    (report,) = read(panel).reports
    assert rows(report) == [("neck", "left", {"bmd": 0.713, "t_score": -1.8})]
    assert report.rows[0].cells["t_score"].place == "Observation 1, component 2"


@pytest.mark.parametrize("kind", ["DiagnosticReport", "Observation"])
def test_read__lets_members_inherit_from_their_report_or_panel(kind):
    member = {**ONE, "subject": None, "effectiveDateTime": None}
    member = {name: item for name, item in member.items() if item}
    owner = {
        "resourceType": kind,
        "id": "r",
        "status": "final",
        "code": concept("83311-1"),
        "subject": WHO,
        "effectiveDateTime": "2021-06-18",
    }
    owner["result" if kind == "DiagnosticReport" else "hasMember"] = [{"reference": "Observation/a"}]
    (report,) = read(owner, member, PATIENT).reports
    assert (report.patient.patient_id, report.scan_date) == ("MRN-40817", date(2021, 6, 18))


def test_read__reads_contained_results_and_keeps_those_of_two_reports_apart():
    inner = {name: item for name, item in ONE.items() if name != "subject"}

    def report(person: str) -> Json:
        return {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "subject": {"reference": f"Patient/{person}"},
            "result": [{"reference": "#a"}],
            "contained": [inner],
        }

    reading = read(report("1"), report("2"))
    assert [one.patient.patient_id for one in reading.reports] == ["1", "2"]


def test_read__counts_attached_documents():
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "presentedForm": [{"contentType": "application/pdf", "data": "JVBERg=="}, {"contentType": "Roe, Ada"}],
    }
    assert read(report, ONE).reports[0].others == (
        "attached documents, application/pdf: 1",
        "attached documents, of unknown kind: 1",
    )
    error = refusal(report)
    assert error.code == "no-dxa-results"
    assert "application/pdf" in error.message


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"reference": "Patient/77"}, "77"),
        ({"reference": "https://x.example/fhir/Patient/77/_history/2"}, "77"),
        ({"reference": "urn:uuid:0c1a"}, "0c1a"),
        ({"identifier": {"value": "MRN-1"}, "reference": "Patient/77"}, "MRN-1"),
        ({"reference": "Group/77"}, ""),
        ({"reference": "#gone"}, ""),
        ({"display": "Ada Roe"}, ""),
        ("Patient/77", ""),
    ],
)
def test_read__takes_the_person_by_reference_or_identifier(subject, expected):
    (report,) = read({**ONE, "subject": subject}).reports
    assert report.patient.patient_id == expected
    assert "Ada" not in repr(report)


def test_read__takes_no_identifier_where_several_could_be_meant():
    person = {**PATIENT, "identifier": [{"value": "1"}, {"value": "2"}]}
    assert read(person, ONE).reports[0].patient.patient_id == "px-771"


def test_read__leaves_birth_date_and_sex_empty_where_two_resources_differ():
    (report,) = read(PATIENT, {**PATIENT, "birthDate": "1948-12-31", "gender": "other"}, ONE).reports
    assert (report.patient.patient_id, report.patient.birth_date, report.patient.sex) == ("MRN-40817", "", "")


def test_read__leaves_the_device_open_where_two_could_be_meant():
    (report,) = read(DEVICE, {**DEVICE, "serialNumber": "2"}, {**ONE, "device": {"reference": "Device/dx1"}}).reports
    assert report.device.serial == ""


def test_read__reads_one_resource_on_each_line():
    lines = [
        json.dumps(PATIENT),
        json.dumps(ONE),
        "",
        json.dumps(observation("b", "80946-7", quantity(-1.8, "1"), region=NECK)),
    ]
    (report,) = raw("\r\n".join(lines)).reports
    assert rows(report) == [("neck", "left", {"bmd": 0.713, "t_score": -1.8})]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "malformed-document"),
        ('{"resourceType": "Observation", "resourceType": "Patient"}', "malformed-document"),
        ('{"a": NaN}', "malformed-document"),
        ('{"a": -Infinity}', "malformed-document"),
        ('{}\n{"a":', "malformed-document"),
        ('"\\', "malformed-document"),
        ("[" * 65 + "]" * 65, "too-large"),
        ("{}", "no-dxa-results"),
        ('{"resourceType": "Patient"}', "no-dxa-results"),
        ('{"resourceType": "Bundle", "entry": [null, 1, {"resource": []}]}', "no-dxa-results"),
        ('{"resourceType": "Observation", "code": "46278-8", "component": {"code": []}}', "no-dxa-results"),
    ],
)
def test_read__refuses_what_is_no_sound_json_or_holds_nothing(text, code):
    with pytest.raises(ReadError) as caught:
        raw(text)
    assert caught.value.code == code


def test_read__counts_no_brackets_within_texts():
    noisy = {**ONE, "note": [{"text": "[" * 500 + '\\"{'}]}
    assert len(read(noisy).reports) == 1


def test_read__refuses_json_of_more_parts_than_results_have(monkeypatch):
    monkeypatch.setattr(fhir_json, "MAX_TOKENS", 20)
    assert refusal(ONE).code == "too-large"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (make()[:4096], True),
        (b'\xef\xbb\xbf {"id": "1", "resourceType" : "DiagnosticReport"', True),
        (b'{"resourceType":"Patient","id":"1"}\n{"resourceType":"Observation"}', True),
        (b'{"resourceType":"Patient"}', False),
        (b'{"datasetJSONVersion": "1.1.0"}', False),
        (b"<Bundle xmlns='http://hl7.org/fhir'>", False),
        (b"", False),
    ],
)
def test_recognises__json_that_names_a_resource_with_results(start, expected):
    assert fhir.recognises("x.json", start) is expected


def test_read__does_not_search_words_without_end():
    words = {"text": "[" * 200_000}
    assert codes(read({**ONE, "bodySite": words})) == ["region-unspecific"]
    assert refusal({**ONE, "code": words}).code == "no-dxa-results"


def test_read__takes_no_person_where_a_file_has_many_of_one_name():
    (report,) = read(*({**PATIENT, "birthDate": f"1948-12-0{i}"} for i in range(1, 10)), ONE).reports
    assert (report.patient.patient_id, report.patient.birth_date) == ("px-771", "")
    (report,) = read(*(PATIENT for _ in range(20)), ONE).reports
    assert report.patient.patient_id == "MRN-40817"


def test_read__keeps_people_of_two_servers_apart():
    def server(name: str, record: str, value: float) -> list[Json]:
        person = {"resourceType": "Patient", "id": "1", "identifier": [{"value": record}]}
        result = observation("o", "46278-8", quantity(value), region=NECK, subject={"reference": "Patient/1"})
        return [
            {"fullUrl": f"https://{name}/{one['resourceType']}/{one['id']}", "resource": one}
            for one in (person, result)
        ]

    entries = [*server("a.example", "MRN-A", 0.711), *server("b.example", "MRN-B", 0.722)]
    reports = raw(json.dumps({"resourceType": "Bundle", "entry": entries})).reports
    assert [(one.patient.patient_id, one.rows[0].value("bmd")) for one in reports] == [
        ("MRN-A", 0.711),
        ("MRN-B", 0.722),
    ]


def test_read__takes_nobody_of_another_server():
    elsewhere = {**ONE, "subject": {"reference": "https://other.example/fhir/Patient/px-771"}}
    (report,) = read(PATIENT, elsewhere).reports
    assert (report.patient.patient_id, report.patient.birth_date) == ("px-771", "")


def test_read__takes_nobody_where_two_people_have_one_name():
    other = {**PATIENT, "identifier": [{"value": "MRN-2"}]}
    reports = read(
        PATIENT, other, ONE, observation("b", "46279-6", quantity(0.722), region="Right femoral neck")
    ).reports
    assert [(one.patient.patient_id, len(one.rows)) for one in reports] == [("", 1), ("", 1)]
