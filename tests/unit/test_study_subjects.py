from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path

import pytest

from bonemetrics.errors import ProtocolError
from bonemetrics.records import Subject
from bonemetrics.study import subjects_table
from bonemetrics.study.subjects import Candidate, Identity, candidate, hashed, patients_of, resolve
from bonemetrics.study.subjects_table import read_subjects
from tests.study_cases import header

KEY = b"secret of the study"


def write(folder: Path, data: str | bytes) -> Path:
    file = folder / "subjects.csv"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return file


# The table


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"], ids=["utf-8", "with mark", "windows", "utf-16"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_read_subjects__takes_what_excel_writes(tmp_path, encoding, delimiter):
    lines = [
        delimiter.join(["Subject", "cohort", "day1", "patient_ids", "forearm_length_mm"]),
        delimiter.join(["S01", "2M", "2016-04-03", '"NÚÑEZ-1; 44"', '"245,5"']),
        delimiter.join(["S02", "", "", "", ""]),
        delimiter * 4,
    ]
    rows = read_subjects(write(tmp_path, "\r\n".join(lines).encode(encoding)))
    assert [row.line for row in rows] == [2, 3]
    assert rows[0].subject == Subject(
        subject="S01",
        cohort="2M",
        day1=date(2016, 4, 3),
        patient_ids=("NÚÑEZ-1", "44"),
        forearm_length_mm=245.5,
    )
    assert rows[1].subject == Subject(subject="S02")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SECRET,2M\nOTHER,2M\n", "line 1: names no column; the first line holds subject, cohort"),
        ("subject,patientids\nS1,SECRET\n", "line 1: unknown column 'patientids'; did you mean 'patient_ids'?"),
        ("cohort,day1\nSECRET,\n", "line 1: the column 'subject' is missing"),
        ("subject,subject\n", "line 1: column 'subject' stands twice"),
        ("subject,day1\nS1,03/04/2016\n", "line 2: 'day1' is not a date as YYYY-MM-DD"),
        ("subject,day1\nS1,2016-02-30\n", "line 2: 'day1' is not a date as YYYY-MM-DD"),
        ("subject,day1\nS1,20160203\n", "line 2: 'day1' is not a date as YYYY-MM-DD"),
        ("subject\nSECRET NAME\n", "line 2: 'subject' must be letters, digits"),
        ("subject,cohort\n,2M\n", "line 2: 'subject' must be letters, digits"),
        ("subject,forearm_length_mm\nS1,24.5\n", "line 2: 'forearm_length_mm' is not a length of 50 to 500 mm"),
        ("subject,forearm_length_mm\nS1,SECRET\n", "line 2: 'forearm_length_mm' is not a length"),
        ("subject,cohort\nS1,2M,SECRET\n", "line 2: 3 cells, but the first line names 2 columns"),
        ('subject,cohort\nS1,"2M\n', "line 2: not a CSV"),
        ("", "is empty; its first line names the columns subject, cohort"),
    ],
)
def test_read_subjects__names_line_and_column_and_quotes_no_cell(tmp_path, text, message):
    with pytest.raises(ProtocolError) as caught:
        read_subjects(write(tmp_path, text))
    assert message in caught.value.message
    assert "SECRET" not in caught.value.message


def test_read_subjects__refuses_what_is_no_text_and_what_is_too_large(tmp_path, monkeypatch):
    file = write(tmp_path, b"subject\n\x81\x8d\n")
    with pytest.raises(ProtocolError, match="neither UTF-8 nor Windows-1252"):
        read_subjects(file)
    monkeypatch.setattr(subjects_table, "_LARGEST_BYTES", 4)
    with pytest.raises(ProtocolError, match="larger than 16 MiB"):
        read_subjects(file)


# Who is who


def scan(number: int, **more: object) -> Candidate:
    return candidate(header(number, **more), key=KEY)  # type: ignore[arg-type]


def subject_of(found, of: Candidate) -> str | None:
    return found.assignments[of.scan_id].subject


def code_of(found, of: Candidate) -> str | None:
    refusal = found.assignments[of.scan_id].refusal
    return refusal.code if refusal else None


def test_resolve__enrols_in_the_order_of_first_scan_then_uid_whatever_the_order_of_files():
    late = scan(1, patient="A", day=date(2017, 1, 1))
    early = scan(2, patient="A", day=date(2015, 1, 1))
    middle = scan(9, patient="B", day=date(2016, 1, 1))
    same_day = scan(3, patient="C", day=date(2016, 1, 1))
    undated = scan(0, patient="D", day=None)
    for order in permutations([late, early, middle, same_day, undated]):
        found = resolve(order, known={}, may_enrol=True)
        assert [subject_of(found, one) for one in (late, early, same_day, middle, undated)] == [
            "P001",
            "P001",
            "P002",  # UID 1.2.3.7 comes before 1.2.9.7
            "P003",
            "P004",
        ]


def test_resolve__goes_on_counting_and_knows_people_again():
    known = {hashed("A", key=KEY): "P007"}
    old, new = scan(1, patient=" A "), scan(2, patient="B")
    found = resolve([old, new], known=known, may_enrol=True, taken=["P007", "P011", "S99"])
    assert (subject_of(found, old), subject_of(found, new)) == ("P007", "P012")
    assert found.enrolled == {hashed("B", key=KEY): "P012"}


def test_resolve__with_a_table_strangers_are_refused():
    known = patients_of([Subject(subject="S01", patient_ids=("A", "A2")), Subject(subject="S02")], key=KEY)
    scans = [scan(1, patient="A"), scan(2, patient="A2"), scan(3, patient="S02"), scan(4, patient="B")]
    found = resolve(scans, known=known, may_enrol=False)
    assert [subject_of(found, one) for one in scans] == ["S01", "S01", "S02", None]
    assert code_of(found, scans[3]) == "unknown-subject"
    assert found.enrolled == {}


@pytest.mark.parametrize("patient", ["", "   ", "\0"])
def test_resolve__an_empty_patient_id_is_ambiguous(patient):
    one = scan(1, patient=patient)
    found = resolve([one], known={}, may_enrol=True)
    assert code_of(found, one) == "ambiguous-patient"
    assert "empty" in found.assignments[one.scan_id].refusal.message
    assert found.enrolled == {}


@pytest.mark.parametrize(("field", "values"), [("birth", ("19500102", "19510102")), ("sex", ("F", "M"))])
def test_resolve__one_patient_id_with_two_birth_dates_or_sexes_is_ambiguous(field, values):
    one, other, bystander = scan(1, **{field: values[0]}), scan(2, **{field: values[1]}), scan(3, patient="B")
    for candidates, stored in (([one, other, bystander], []), ([other, bystander], [one])):
        found = resolve(candidates, stored=stored, known={}, may_enrol=True)
        assert code_of(found, one) == code_of(found, other) == "ambiguous-patient"
        assert subject_of(found, bystander) == "P001"


def test_resolve__what_is_not_stated_contradicts_nothing():
    scans = [scan(1), scan(2, birth="", sex=""), scan(3, sex="f"), scan(4, birth=" 19500102 ")]
    found = resolve(scans, known={}, may_enrol=True)
    assert {subject_of(found, one) for one in scans} == {"P001"}


def test_resolve__a_corrected_file_ends_the_ambiguity():
    one, wrong = scan(1), scan(2, birth="19990101")
    corrected = scan(2)
    found = resolve([corrected], stored=[one, wrong], known={}, may_enrol=True)
    assert {subject_of(found, scan) for scan in (one, corrected)} == {"P001"}


def test_hashed__differs_between_studies_and_hides_the_text():
    assert hashed("A", key=b"1") != hashed("A", key=b"2")
    assert hashed("  ", key=b"1") == ""
    assert len(hashed("A", key=b"1")) == 64


def test_resolve__an_identity_read_off_a_picture_finds_a_person_and_makes_none():
    read = Identity(patient_key=hashed("SMP-1", key=b"k"), birth_key="", sex_key="")
    misread = Identity(patient_key=hashed("5MP-1", key=b"k"), birth_key="", sex_key="")
    scan = Candidate(scan_id="a", series_uid="1", scan_date=date(2019, 1, 1), identity=read)
    page = Candidate(scan_id="b", series_uid="2", scan_date=date(2019, 1, 2), identity=read, may_enrol=False)
    other = Candidate(scan_id="c", series_uid="3", scan_date=date(2019, 1, 3), identity=misread, may_enrol=False)
    found = resolve([page, other, scan], known={}, may_enrol=True)
    assert {name: one.subject for name, one in found.assignments.items()} == {"a": "P001", "b": "P001", "c": None}
    refused = found.assignments["c"].refusal
    assert refused is not None
    assert (refused.code, "no known person's" in refused.message) == ("unknown-subject", True)
    assert list(found.enrolled.values()) == ["P001"]
