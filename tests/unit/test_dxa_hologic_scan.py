"""P and R files: what is decoded, what is only named, and what is refused."""

from __future__ import annotations

import struct
from datetime import date

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_scan import read, recognises
from bonemetrics.readers.dxa.hologic_scan_records import read_records
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import RawDxaReport
from tests.dxa_cases.hologic_scan import CASE, HIP, hip_record, owner, p_records, stream, structure_record, text

NAN, INFINITY = float("nan"), float("inf")


def report_of(changes: dict[int, bytes | None] | None = None, *, dates: str = "") -> RawDxaReport:
    records = {**p_records(), **(changes or {})}
    data = stream({kind: payload for kind, payload in records.items() if payload is not None})
    return read(Source(data=data, dates=dates)).reports[0]


def refusal_of(data: bytes) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(Source(data=data))
    return caught.value


def codes(report: RawDxaReport) -> list[str]:
    return [problem.code for problem in report.problems]


def test_read__every_hip_region_with_its_three_numbers():
    report = report_of()
    assert report.problems == ()
    got = {row.printed: (row.value("area"), row.value("bmc"), row.value("bmd")) for row in report.rows}
    assert got == {field: tuple(numbers) for field, numbers in HIP.items()}
    assert [(row.printed, row.region) for row in report.rows] == [
        ("HTOT", "total-hip"),
        ("TROCH", "trochanter"),
        ("INTER", "intertrochanter"),
        ("NECK", "neck"),
        ("WARDS", "wards"),
    ]
    assert {row.side for row in report.rows} == {"right"}
    neck = report.rows[3].cells["bmd"]
    assert (neck.raw, neck.unit, neck.trust, neck.decimals) == ("0.738", "g/cm2", "exact", None)
    # Neck begins at 630: area, BMC, BMD, of 8 bytes each.
    assert neck.place == "record 1204 @646"


def test_read__says_who_when_and_how():
    report = report_of()
    assert (report.route, report.key, report.scan_id) == (
        "hologic-p-file",
        "73519M/B1K3A050KCY2Q",
        "B1K3A050KCY2Q",
    )
    assert (report.site, report.side) == ("hip", "right")
    assert (report.scan_date, report.analysis_date) == (date(2019, 10, 5), date(2019, 10, 7))
    device = report.device
    assert (device.manufacturer, device.serial, device.software) == ("Hologic", "73519M", "13.4.2")
    assert (device.analysis_version, device.hardware) == ("13.5", "21")
    how = report.circumstances
    assert (how.scan_type, how.scan_mode, how.protocol) == ("SCAN_TYPE 3 (right hip)", "SCAN_MODE 17", "PROTOCOL 332")
    assert (how.roi, how.acf, how.bcf, how.k, how.d0) == ("ROI_TYPE 2, 97 x 104", 1.0234, 0.9912, 1.1311, 48.375)
    person = report.patient
    assert (person.patient_id, person.sex, person.ethnicity) == ("INV-4711-Q", "F", "W")
    assert (person.height_cm, person.weight_kg, person.birth_date) == (158.25, 61.5, "")


def test_read__hip_structure_without_units_because_the_source_states_none():
    structure = report_of().structure
    assert len(structure) == 33  # 3 x 10, the angle, the axis length and the thickness
    # In the order BMD, CSA, CSMI, WIDTH, ED, ACT, PCD, CMP, SECT_MOD, BR, each 1/8 above the one before.
    assert structure["narrow-neck.BMD"].value == 1.0
    assert structure["narrow-neck.CSMI"].value == 1.25
    assert structure["intertrochanteric.SECT_MOD"].value == 3.5
    assert structure["femoral-shaft.BR"].value == 5.125
    assert structure["shaft-neck-angle"].value == 126.25
    assert (structure["axis-length"].value, structure["thickness"].value) == (101.75, 5.625)
    assert {cell.unit for cell in structure.values()} == {""}
    assert structure["femoral-shaft.BR"].place == "record 1211 @782"
    assert "hip structure: the source states no units" in report_of().others


def test_read__the_left_hip_by_its_scan_type():
    report = report_of({1056: struct.pack("<i", 2)})
    assert (report.side, {row.side for row in report.rows}) == ("left", {"left"})


def test_read__a_scan_type_that_tells_no_side_is_said():
    report = report_of({1056: struct.pack("<i", 44)})
    assert (report.side, report.site) == (None, "hip")
    assert codes(report) == ["unknown-code"]
    assert "SCAN_TYPE 44" in report.problems[0].message
    assert codes(report_of({1056: None})) == ["unknown-code"]


@pytest.mark.parametrize("marker", [-1.0, NAN, INFINITY, -INFINITY])
def test_read__missing_markers_are_empty_cells(marker):
    values = {**HIP, "NECK": (5.0, 3.69, marker)}
    neck = report_of({1204: hip_record(values)}).rows[3]
    assert (neck.value("area"), neck.value("bmc"), neck.value("bmd")) == (5.0, 3.69, None)
    assert neck.cells["bmd"].raw == repr(marker)


@pytest.mark.parametrize("values", [(-1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (-1.0, 3.5, 0.7)])
def test_read__a_region_that_was_not_analysed_has_no_numbers(values):
    wards = report_of({1204: hip_record({**HIP, "WARDS": values})}).rows[4]
    assert [cell.value for cell in wards.cells.values()] == [None, None, None]
    assert wards.cells["bmc"].raw == repr(values[1])


def test_read__a_code_that_is_the_missing_marker_is_empty():
    assert report_of({1057: struct.pack("<i", -1), 1081: None}).circumstances.scan_mode == ""
    assert report_of({1057: struct.pack("<i", -1), 1081: None}).circumstances.protocol == ""


def test_read__missing_weight_and_height_are_unknown():
    person = report_of({1058: struct.pack("<d", -1.0), 1059: struct.pack("<d", NAN)}).patient
    assert (person.weight_kg, person.height_cm) == (None, None)


def test_read__lengths_that_leave_the_head_out():
    data = stream(p_records(), inclusive=False)
    assert read(Source(data=data)).reports == read(Source(data=stream(p_records()))).reports


def test_read__the_padding_of_dicom_behind_the_end():
    data = stream(p_records())
    assert read(Source(data=data + b"\x00")).reports == read(Source(data=data)).reports
    assert refusal_of(data + b"\x00\x00").code == "truncated-file"
    assert refusal_of(data + b"x").code == "truncated-file"


@pytest.mark.parametrize("lost", [1, 6, 7, 1000])
def test_read__refuses_a_file_that_ends_early(lost):
    assert refusal_of(stream(p_records())[:-lost]).code == "truncated-file"


@pytest.mark.parametrize("data", [b"", b"P", b"\x00" * 6, b"plain text, no records at all", b"\xff" * 64])
def test_read__refuses_what_is_no_stream_of_records(data):
    assert refusal_of(data).code == "malformed-document"


def test_read__refuses_more_records_than_any_scan_has():
    data = struct.pack("<HI", 70, 6) * 20_001
    assert refusal_of(data).code == "too-large"


def test_read__names_other_records_by_type_and_size_alone():
    report = report_of({1101: b"\x11" * 24})
    assert "record 1101 (24 bytes)" in report.others
    assert "record 70 (64 bytes)" in report.others
    assert not any(name.startswith(("record 1204", "record 1211", "record 1051")) for name in report.others)
    assert codes(report) == []


def test_read__says_where_further_results_were_left_alone():
    report = report_of({1207: bytes(500)})
    assert codes(report) == ["other-records"]
    assert "1207" in report.problems[0].message


def test_read__structure_of_another_length_is_left_alone():
    report = report_of({1211: structure_record() + bytes(8)})
    assert set(report.structure) == {"axis-length", "thickness"}
    assert codes(report) == ["other-records"]
    assert "record 1211 (798 bytes)" in report.others


def test_read__structure_that_was_not_analysed_is_none():
    empty = structure_record({466: [0.0] * 10, 588: [-1.0] * 10, 710: [0.0] * 10}, angle=0.0)
    assert set(report_of({1211: empty}).structure) == {"axis-length", "thickness"}


@pytest.mark.parametrize("size", [751, 753, 744])
def test_read__refuses_hip_results_of_another_layout(size):
    payload = hip_record().ljust(size, b"\x00")[:size]
    assert refusal_of(stream({**p_records(), 1204: payload})).code == "results-not-understood"


@pytest.mark.parametrize("head", [owner(scan_id="B1K3A050KCY3Q"), owner(serial="73519N")])
@pytest.mark.parametrize("kind", [1204, 1211])
def test_read__refuses_results_of_another_scan(kind, head):
    whole = hip_record() if kind == 1204 else structure_record()
    error = refusal_of(stream({**p_records(), kind: head + whole[len(head) :]}))
    assert error.code == "results-not-understood"


def test_read__refuses_a_scan_without_hip_results_and_names_its_kind():
    records = {**p_records(), 1056: struct.pack("<i", 1)}
    del records[1204]
    error = refusal_of(stream(records))
    assert error.code == "no-dxa-results"
    assert "AP spine" in error.message


def test_read__refuses_hip_results_that_are_all_empty():
    nothing = dict.fromkeys(HIP, (-1.0, 0.0, 0.0))
    assert refusal_of(stream({**p_records(), 1204: hip_record(nothing)})).code == "no-dxa-results"


def test_read__an_r_file_is_a_picture():
    error = refusal_of(stream({90: b"\x02\x01", 57: b"  0.90134\x00\x00", 58: b"\x32\x01", 202: bytes(900)}))
    assert error.code == "no-dxa-results"
    assert "P file" in error.message


def test_read__an_r_file_with_results_gives_them_under_its_own_route():
    assert report_of({202: bytes(90)}).route == "hologic-r-file"


def test_read__refuses_one_record_twice_with_different_contents():
    one, other = stream({1056: struct.pack("<i", 2)}), stream(p_records())
    error = refusal_of(one[:-6] + other)
    assert error.code == "malformed-document"
    assert "1056" in error.message


def test_read__one_record_twice_with_the_same_contents_is_one():
    one, other = stream({1056: struct.pack("<i", 3)}), stream(p_records())
    assert read(Source(data=one[:-6] + other)).reports[0].side == "right"


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (1056, b"\x03\x00"),
        (1076, bytes(4)),
        (1006, b"\x00\xd8A\x00"),
        (1009, b"F"),
        (1055, b"\xff\xfe\x30"),
    ],
)
def test_read__refuses_records_that_do_not_hold_what_they_must(kind, payload):
    assert refusal_of(stream({**p_records(), kind: payload})).code == "malformed-document"


def test_read__without_serial_or_scan_id_there_is_no_stable_key():
    report = report_of({1052: None, 1204: hip_record(head=owner(serial="")), 1211: None})
    assert report.key == ""


@pytest.mark.parametrize(("written", "month"), [("10/05/2019 07:19:50", 10), ("05/10/2019 07:19:50", 10)])
def test_read__the_scan_id_settles_the_order_of_day_and_month(written, month):
    report = report_of({1055: written.encode() + b"\x00", 1053: b"11/12/2019\x00"})
    assert report.scan_date == date(2019, month, 5)
    # The analysis is written in the same order as the scan.
    assert report.analysis_date == (date(2019, 11, 12) if written.startswith("10") else date(2019, 12, 11))
    assert report.problems == ()


def test_read__a_date_that_nothing_settles_is_left_out():
    changes = {1051: text("NOSCANID", 28), 1204: hip_record(head=owner(scan_id="NOSCANID")), 1211: None}
    report = report_of({**changes, 1055: b"10/05/2019\x00"})
    assert (report.scan_date, report.analysis_date) == (None, None)
    assert codes(report) == ["date-ambiguous", "date-ambiguous"]
    stated = report_of({**changes, 1055: b"10/05/2019\x00"}, dates="dmy")
    assert (stated.scan_date, stated.analysis_date) == (date(2019, 5, 10), date(2019, 7, 10))


def test_read__a_date_that_the_scan_id_contradicts_stands_with_a_note():
    report = report_of({1055: b"10/25/2019 07:19:50\x00"})
    assert report.scan_date == date(2019, 10, 25)
    assert codes(report) == ["scan-date-differs"]


def test_read__no_message_holds_a_person():
    for changes in ({1056: b"\x03\x00"}, {1204: hip_record()[:-1]}):
        message = refusal_of(stream({**p_records(), **changes})).message
        assert not any(secret in message for secret in CASE.secrets)


def test_recognises__p_and_r_files_by_their_first_records():
    assert recognises("", CASE.make()[:4096])
    assert recognises("x.bin", stream(p_records(), inclusive=False)[:4096])
    assert recognises("PB19A05A.R2Q", stream({56: b"1", 57: b"2", 58: b"3"}))
    assert recognises("", stream({1001: b"key"}))
    # Records that start like no known file count only under the name of one.
    assert not recognises("scan.bin", stream({56: b"1", 57: b"2", 58: b"3"}))


@pytest.mark.parametrize(
    "start",
    [b"", bytes(132) + b"DICM", b"%PDF-1.7\n", b"\x00\x01\x00\x00Standard Jet DB\x00", b'{"a": 1}', b"PK\x03\x04"],
)
def test_recognises__nothing_else(start):
    assert not recognises("anything.P01", start.ljust(200, b"\x00"))


def test_read_records__finds_types_and_payloads():
    records = read_records(stream({56: b"abc", 202: b""}))
    assert records.kinds() == {56, 202}
    assert (records.payload(56), records.payload(202), records.payload(57)) == (b"abc", b"", None)


def test_read__refuses_more_than_any_scan_has(monkeypatch):
    monkeypatch.setattr("bonemetrics.readers.dxa.hologic_scan_records.MAX_DXA_BYTES", 1000)
    assert refusal_of(CASE.make()).code == "too-large"
