# ruff: noqa: E501 - one case per line reads best
from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from bonemetrics.errors import ProtocolError, UsageError
from bonemetrics.quantities import Material
from bonemetrics.study import protocol as protocol_module
from bonemetrics.study.protocol import Protocol, load_protocol, parse_protocol
from bonemetrics.study.template import examples, template

WHOLE = """\
[study]
id = "CSM-OP-2011"
title = "…"
[[cohorts]]
code = "2M"
[[visits]]
name = "Baseline"
number = 0
target_day = -7
window = [-60, 1]
baseline = true
[[visits]]
name = "Month 12"
number = 12
target_day = 366
window = [320, 410]
windows.dxa = [300, 430]
[[parameters]]
paramcd = "RADTBD"
param = "Radius trabecular density"
quantity = "Tb.vBMD"
region = "trabecular"
unit = "mg/cm3"
benefit = "up"
[[precision]]
paramcd = "RADTBD"
scanner = "3012"
lsc = 3.1
[[phantoms]]
name = "ward"
serial = "77"
material = "HA"
rods = [{ density = 0, x_mm = -20.0, y_mm = 0.0 }, { density = 200.5, name = "dense", water = 1.5 }]
[region]
rule = "offset-mm"
offset_mm = 9
length_mm = 10.2
[tissue]
threshold = 310
[[calibrations]]
scanner = "3012"
date = 2016-04-03
slope = 0.82
intercept = -4
material = "K2HPO4"
covariance = [[1e-6, 0.0], [0.0, 0.25]]
valid_days = 180
[[tables]]
file = "lab*.csv"
kind = "laboratory"
[tables.columns]
subject = "ID"
"""


def refusal(text: str) -> str:
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text)
    assert caught.value.code == "invalid-protocol"
    return caught.value.message


def test_parse_protocol__reads_every_table():
    protocol = parse_protocol(WHOLE)
    assert protocol.study.id == "CSM-OP-2011"
    assert protocol.visits[1].window_for("qct") == (320, 410)
    assert protocol.visits[1].window_for("dxa") == (300, 430)
    assert [rod.name for rod in protocol.phantoms[0].rods] == ["rod 1", "dense"]
    assert protocol.phantoms[0].rods[1].density == 200.5
    assert (protocol.region.rule, protocol.region.offset_mm) == ("offset-mm", 9.0)
    assert protocol.tissue == {"threshold": 310}
    assert protocol.calibrations[0].date == date(2016, 4, 3)
    assert protocol.calibrations[0].material is Material.K2HPO4
    assert protocol.tables[0].columns == {"subject": "ID"}
    assert not protocol.lists_subjects


def test_parse_protocol__every_table_is_optional():
    assert parse_protocol("") == Protocol()


def test_parse_protocol__takes_a_date_as_text():
    assert parse_protocol(WHOLE.replace("2016-04-03", '"2016-04-03"')) == parse_protocol(WHOLE)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("target_day = 366", "targetday = 366", "line 15: unknown key 'targetday' in [[visits]]; did you mean 'target_day'?"),
        ("[region]", "[regoin]", "line 34: unknown table [regoin]; did you mean 'region'?"),
        ("offset_mm = 9", "offset-mm = 9", "line 36: unknown key 'offset-mm' in [region]; did you mean 'offset_mm'?"),
        ("density = 0,", "desnity = 0,", "line 33: unknown key 'desnity' in [[phantoms.rods]]; did you mean 'density'?"),
        ("density = 0,", "desnity = 0,", "line 33: [[phantoms.rods]] lacks 'density'"),
        ("threshold = 310", "treshold = 310", "line 39: unknown key 'treshold' in [tissue]; did you mean 'threshold'?"),
        ("threshold = 310", "threshold = -310", "line 39: 'threshold' in [tissue]: should be greater than 0"),
        ("threshold = 310", "threshold = [1]", "line 39: 'threshold' in [tissue]: one number, word or true/false"),
        ("windows.dxa", "windows.dax", "line 17: 'dax' in [visits.windows] is 'dax', expected one of qct, dxa"),
        ("windows.dxa", "windows.dax", "did you mean 'dxa'?"),
        ('kind = "laboratory"', 'kind = "labratory"', "line 50: 'kind' in [[tables]] is 'labratory'"),
        ('kind = "laboratory"', 'kind = "labratory"', "did you mean 'laboratory'?"),
        ('material = "HA"', 'material = "ha"', "line 32: 'material' in [[phantoms]] is 'ha', expected one of HA, K2HPO4"),
        ("number = 12", 'number = "12"', "line 14: 'number' in [[visits]]: should be a valid number"),
        ("number = 12", "number = nan", "line 14: 'number' in [[visits]]: should be a finite number"),
        ("baseline = true", "baseline = 1", "line 11: 'baseline' in [[visits]]: should be a valid boolean"),
        ("[320, 410]", "[320, 410, 500]", "line 16: 'window' in [[visits]]"),
        ("[320, 410]", "[320.5, 410]", "line 16:"),
        ("[320, 410]", "[410, 320]", "line 12: [[visits]]: 'window' [410, 320] ends before it begins"),
        ("target_day = 366", "target_day = 36", "line 12: [[visits]]: 'target_day' 36 lies outside 'window' [320, 410]"),
        ("[-60, 1]", "[-60, 0]", "line 6: [[visits]]: there is no study day 0"),
        ("[320, 410]", "[1, 410]", "line 16: 'window' [1, 410] of 'Month 12' overlaps [-60, 1] of 'Baseline'"),
        ("[300, 430]", "[-3, 430]", "line 17: 'windows.dxa' [-3, 430] of 'Month 12' overlaps [-60, 1] of 'Baseline'"),
        ('"Month 12"', '"Baseline"', "line 13: 'name' 'Baseline' stands twice in [[visits]]"),
        ('"Month 12"', '"BASELINE"', "line 13: 'name' 'BASELINE' is 'Baseline' but for capitals or blanks"),
        ('"Month 12"', '"unScheduled"', "line 13: 'name' 'unScheduled' is what values outside all visits are called"),
        ("number = 12", "number = 0\nbaseline = true", "line 15: a second baseline visit"),
        ("number = 12", "number = 0", "line 14: 'number' 0.0 stands twice in [[visits]]"),
        ('"Tb.vBMD"', '"Tb.vBDM"', "line 21: 'quantity' in [[parameters]]: 'Tb.vBDM' is not in the catalogue"),
        ('"Tb.vBMD"', '"Tb.vBDM"', "did you mean 'Tb.vBMD'?"),
        ('unit = "mg/cm3"', 'unit = "g/cm3"', "line 18: [[parameters]]: 'unit' is 'g/cm3', but Tb.vBMD is in 'mg/cm3'"),
        ('region = "trabecular"', 'region = "central"', "line 18: [[parameters]]: 'region' 'central' is none; known are total"),
        ('"RADTBD"\nparam ', '"radtbd"\nparam ', "line 19: 'paramcd' in [[parameters]]: capitals, digits"),
        ('"RADTBD"\nscanner', '"RADTBT"\nscanner', "line 26: 'paramcd' 'RADTBT' of [[precision]] is not in [[parameters]]"),
        ("lsc = 3.1", "lsc = 3.1\nlsc_percent = 2", "line 25: [[precision]]: exactly one of 'lsc'"),
        ("lsc = 3.1", "repeats = [[1.0], [2.0]]", "line 25: [[precision]]: 'repeats' needs at least two measurements"),
        ("rule = \"offset-mm\"", "rule = \"slices\"", "line 34: [region]: rule 'slices' needs 'first'"),
        ("[[cohorts]]", "[cohorts]", "line 4: write [[cohorts]], since there may be several"),
        ("[region]", "[[region]]", "line 34: write [region], since there is one"),
        ("[study]", "[study]\ndatabase = \"mysql://x\"", "line 2: 'database' in [study]: write 'sqlite' or a URL"),
        ("[study]", "[study\n", "line 1: not TOML at column 7"),
        ("[study]", "overrides = {}\n[study]", "line 1: unknown table [overrides]"),
        ("[study]", "threshold = 3\n[study]", "line 1: unknown key 'threshold' outside of every table"),
        ('code = "2M"', 'code = "2M"\n[[cohorts]]\ncode = "2M"', "line 7: 'code' '2M' stands twice in [[cohorts]]"),
        ('id = "CSM-OP-2011"', 'id = "../x"', "line 2: 'id' in [study]: letters, digits, '.', '_' and '-' only"),
        ("slope = 0.82", "slope = -0.82", "line 43: 'slope' in [[calibrations]]: should be greater than 0"),
    ],
)  # fmt: skip
def test_parse_protocol__names_line_key_and_nearest_key(old, new, message):
    assert old in WHOLE
    assert message in refusal(WHOLE.replace(old, new, 1))


def test_parse_protocol__refuses_a_phantom_of_one_rod():
    text = '[[phantoms]]\nname = "a"\nmaterial = "HA"\nrods = [{ density = 0 }]\n'
    assert refusal(text) == "line 4: a line needs two rods at least, found 1 in 'rods'"


@pytest.mark.parametrize("depth", [20, 300, 20_000])
def test_parse_protocol__refuses_a_bomb_of_brackets_or_dots(depth):
    message = "study.toml is nested more deeply than any protocol"
    assert refusal("[tissue]\na = " + "[" * depth + "]" * depth) == message
    assert refusal("[tissue]\na" + ".a" * min(depth, 2_000) + " = 1") == message


def test_parse_protocol__a_visit_needs_a_window():
    assert "line 1: [[visits]]: a visit needs a 'window' of two study days" in refusal('[[visits]]\nname = "x"\n')


def test_parse_protocol__tells_all_faults_at_once_in_the_order_of_lines():
    text = "[region]\nrul = 1\n[study]\nid = 3\n[tissue]\nx = 1\n"
    assert refusal(text).splitlines() == [
        "line 2: unknown key 'rul' in [region]; did you mean 'rule'?",
        "line 4: 'id' in [study]: should be a valid string",
    ]
    many = refusal("".join(f"k{number} = 1\n" for number in range(30)))
    assert many.splitlines()[-1] == "and 10 more"


def test_parse_protocol__inline_subjects_are_checked_without_quoting_patients():
    text = """\
[[cohorts]]
code = "2M"
[[subjects]]
subject = "S01"
cohort = "2M"
day1 = 2016-04-03
patient_ids = "SECRET-1; SECRET-2"
[[subjects]]
subject = "S02"
cohort = "3M"
patient_ids = ["SECRET-2"]
[[subjects]]
subject = "S01"
"""
    message = refusal(text)
    assert "line 8: 'cohort' '3M' is not in [[cohorts]]; known are 2M" in message
    assert "line 8: a patient ID stands also in entry 1" in message
    assert "line 12: 'subject' repeats that of entry 1" in message
    assert "SECRET" not in message
    good = parse_protocol(text.split('[[subjects]]\nsubject = "S02"')[0])
    assert good.subjects[0].patient_ids == ("SECRET-1", "SECRET-2")
    assert good.lists_subjects
    assert "SECRET" not in repr(good)


def test_template__is_valid_as_it_is_and_with_every_example_in_force():
    plain = parse_protocol(template("My study/2026"))
    assert plain == Protocol(study=plain.study)
    assert plain.study.id == "My-study-2026"
    whole = parse_protocol(examples().replace('subjects = "subjects.csv"', ""))
    empty = [name for name in Protocol.model_fields if getattr(whole, name) == getattr(Protocol(), name)]
    # Written out with their defaults, or set by nobody's file.
    assert empty == ["reading", "density", "clinical", "subjects", "lists_subjects", "overrides"]


def test_load_protocol__takes_a_file_or_its_folder(tmp_path):
    (tmp_path / "study.toml").write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    assert load_protocol(tmp_path) == load_protocol(tmp_path / "study.toml") == parse_protocol(WHOLE)


def test_load_protocol__refuses_what_is_no_protocol(tmp_path, monkeypatch):
    with pytest.raises(ProtocolError, match=r"no protocol at 'study.toml'"):
        load_protocol(tmp_path)
    file = tmp_path / "study.toml"
    file.write_bytes(b'[study]\ntitle = "caf\xe9"\n')
    with pytest.raises(ProtocolError, match=r"not UTF-8 text \(byte 20\)"):
        load_protocol(file)
    monkeypatch.setattr(protocol_module, "_LARGEST_BYTES", 10)
    with pytest.raises(ProtocolError, match="larger than 4 MiB"):
        load_protocol(file)


def test_load_protocol__reads_the_subjects_table_beside_it(tmp_path):
    (tmp_path / "study.toml").write_text('[study]\nsubjects = "people.csv"\n[[cohorts]]\ncode = "2M"\n')
    with pytest.raises(ProtocolError, match=r"line 2: no file 'people.csv' beside study.toml"):
        load_protocol(tmp_path)
    (tmp_path / "people.csv").write_text("subject,cohort,day1,patient_ids\nS01,2M,2016-04-03,A;B\n")
    protocol = load_protocol(tmp_path)
    assert protocol.lists_subjects
    assert protocol.subject("S01").patient_ids == ("A", "B")
    assert protocol.subject("S02") is None
    (tmp_path / "people.csv").write_text("subject,cohort\nS01,2M\n\nS02,5M\nS01,2M\n")
    with pytest.raises(ProtocolError) as caught:
        load_protocol(tmp_path)
    assert caught.value.message.splitlines() == [
        "people.csv, line 4: 'cohort' '5M' is not in [[cohorts]]; known are 2M",
        "people.csv, line 5: 'subject' repeats that of people.csv, line 2",
        "people.csv, line 5: a patient ID stands also in people.csv, line 2",
    ]


def test_load_protocol__refuses_subjects_in_two_places(tmp_path):
    (tmp_path / "study.toml").write_text('[study]\nsubjects = "p.csv"\n[[subjects]]\nsubject = "S1"\n')
    with pytest.raises(ProtocolError, match=r"line 3: subjects stand both in \[\[subjects\]\] and in the file"):
        load_protocol(tmp_path)


def test_with_overrides__changes_typed_values_and_records_them():
    protocol = parse_protocol(WHOLE)
    changed = protocol.with_overrides(["tissue.threshold=330.5", "region.length_mm = 12", "reading.deshear=true"])
    assert changed.tissue == {"threshold": 330.5}
    assert changed.region.length_mm == 12.0
    assert changed.reading.deshear is True
    assert changed.overrides == {"tissue.threshold": 330.5, "region.length_mm": 12, "reading.deshear": True}
    again = changed.with_overrides(["density.edge=plain"])
    assert again.density.edge == "plain"
    assert set(again.overrides) == {*changed.overrides, "density.edge"}
    assert protocol.with_overrides([]) is protocol
    assert protocol.overrides == {}


def test_with_overrides__another_region_rule_starts_from_its_own_keys():
    changed = parse_protocol(WHOLE).with_overrides(["region.rule=slices", "region.first=2", "region.last=9"])
    assert changed.region.model_dump(exclude_none=True) == {
        "rule": "slices",
        "first": 2,
        "last": 9,
        "reference": "scan-end",
    }


def test_with_overrides__keeps_the_subjects_table(tmp_path):
    (tmp_path / "study.toml").write_text('[study]\nsubjects = "people.csv"\n')
    (tmp_path / "people.csv").write_text("subject,day1\n")
    changed = load_protocol(tmp_path).with_overrides(["tissue.threshold=300"])
    assert changed.lists_subjects  # an empty table still keeps strangers out
    assert changed.subjects == ()


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("tissue.treshold=320", "unknown key 'treshold' in [tissue]; did you mean 'threshold'?"),
        ("tisue.threshold=320", "unknown section 'tisue'; did you mean 'tissue'?"),
        ("tissue.threshold=high", "'threshold' in [tissue]: should be a valid number"),
        ("tissue.threshold=[1, 2]", "one number, word or true/false is expected"),
        ("tissue.threshold=3 4", "'3 4' is no TOML value"),
        ("tissue.threshold", "is not SECTION.KEY=VALUE"),
        ("region.lenght_mm=3", "unknown key 'lenght_mm' in [region]; did you mean 'length_mm'?"),
        ("region.rule=slices", "[region]: rule 'slices' needs 'first'"),
        ("reading.deshear=1", "'deshear' in [reading]: should be a valid boolean"),
        ("density.edge=plane", "'edge' in [density] is 'plane', expected one of extrapolated, plain; did you mean 'plain'?"),
        ("study.id=X", "[study] belongs to the study; by call change only region, tissue, reading, density"),
        ("visits.name=X", "[visits] belongs to the study"),
    ],
)  # fmt: skip
def test_with_overrides__refuses_as_wrong_usage(assignment, message):
    with pytest.raises(UsageError) as caught:
        parse_protocol(WHOLE).with_overrides([assignment])
    assert message in caught.value.message


def test_protocol_hash__follows_content_and_not_places():
    base = parse_protocol(WHOLE)
    assert (
        parse_protocol(WHOLE.replace("offset_mm = 9\n", "offset_mm = 9.0 # same\n")).protocol_hash == base.protocol_hash
    )
    moved = parse_protocol(WHOLE.replace("[study]", '[study]\ndatabase = "postgresql+psycopg://u@h/d"'))
    assert moved.protocol_hash == base.protocol_hash
    assert moved.measuring_hash == base.measuring_hash
    visit = parse_protocol(WHOLE.replace("[320, 410]", "[321, 410]"))
    assert visit.protocol_hash != base.protocol_hash
    assert visit.measuring_hash == base.measuring_hash
    tissue = base.with_overrides(["tissue.threshold=311"])
    assert tissue.protocol_hash == parse_protocol(WHOLE.replace("310", "311")).protocol_hash
    assert tissue.measuring_hash != base.measuring_hash


def test_protocol__a_database_password_is_not_shown():
    text = '[study]\ndatabase = "postgresql+psycopg://u:hunter2@h/d"\n'
    assert "hunter2" not in repr(parse_protocol(text))


def test_load_protocol__missing_path_is_a_protocol_error(tmp_path: Path):
    with pytest.raises(ProtocolError, match="no protocol at 'nowhere'"):
        load_protocol(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('site = "hip"', 'site = "hipp"', "'site' 'hipp' is none of DXA"),
        ('site = "hip"', 'site = "lumbar-spine"', "'region' 'total-hip' is none of the lumbar-spine; known are every"),
        ('region = "total-hip"\nside', "side", "a DXA parameter needs its 'region'"),
        ('level = ["L2"]', 'level = ["C7"]', "C7: no vertebrae of a lumbar spine"),
        ('region = "total-hip"\nsex', 'region = "L1"\nsex', "'region' 'L1' is none of site 'hip'"),
        ("age_years = 25,", "age_years = 45,", "the ages of a reference curve must rise"),
    ],
)
def test_parse_protocol__refuses_dxa_places_that_do_not_exist(old, new, told):
    text = """
[[parameters]]
paramcd = "THBMD"
param = "Total hip BMD"
quantity = "aBMD"
site = "hip"
region = "total-hip"
side = "left"
[dxa]
excluded_vertebrae.level = ["L2"]
[[references]]
name = "R"
source = "S"
site = "hip"
region = "total-hip"
sex = "F"
points = [{ age_years = 25, mean = 0.95, sd = 0.12 }, { age_years = 40, mean = 0.93, sd = 0.12 }]
"""
    assert parse_protocol(text).parameters[0].side == "left"
    assert old in text
    with pytest.raises(ProtocolError, match=re.escape(told)):
        parse_protocol(text.replace(old, new))


def test_parameters__only_tests_of_the_study_say_whether_they_have_a_per_cent_change():
    text = '[[parameters]]\nparamcd = "P"\nparam = "P"\nquantity = "{}"\n{}percent_change = true\n'
    own = 'region = "X"\nunit = "1"\n'
    assert parse_protocol(text.format("Score", own)).parameters[0].has_percent_change
    with pytest.raises(ProtocolError, match="'percent_change' belongs to Lab and Score; of P1NP the catalogue decides"):
        parse_protocol(text.format("P1NP", ""))


def test_tables__one_sheet_may_be_read_by_several_entries_but_not_twice_by_the_same():
    lying = '[[tables]]\nfile = "vs.csv"\nkind = "laboratory"\nwhere = { ATPT = "LYING" }\n'
    protocol = parse_protocol(lying + lying.replace("LYING", "STANDING"))
    assert [table.where for table in protocol.tables] == [{"ATPT": "LYING"}, {"ATPT": "STANDING"}]
    assert "'file' 'vs.csv' stands twice in [[tables]]" in refusal(lying + lying)
