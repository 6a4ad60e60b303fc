from __future__ import annotations

import json

import pytest

from bonemetrics.anatomy import is_region
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.fhir_codes import DISPLAYS, MEANINGS, OTHER_BONES, has_check_digit, region_in
from bonemetrics.records import DxaReading, DxaRow
from tests.dxa_cases.fhir import concept, observation, quantity
from tests.fhir_readings import NECK, ONE, codes, raw, read, refusal, rows


def only_row(reading: DxaReading) -> DxaRow:
    ((row,),) = [report.rows for report in reading.reports]
    return row


@pytest.mark.parametrize(
    ("code", "region"),
    [
        ("46278-8", "hip-unspecified"),
        ("80954-1", "femur-unspecified"),
        ("24966-4", "spine-unspecified"),
        ("80952-5", "forearm-unspecified"),
    ],
)
def test_read__does_not_make_up_a_region_that_code_and_words_leave_open(code, region):
    reading = read(observation("a", code, quantity(0.713)))
    assert only_row(reading).region == region
    assert is_region(reading.reports[0].site, region)
    assert codes(reading) == ["region-unspecific"]


@pytest.mark.parametrize(
    ("words", "site", "region"),
    [
        ("Left femoral neck", "hip", "neck"),
        ("Structure of neck of left femur", "hip", "neck"),
        ("Hip total", "hip", "total-hip"),
        ("Total femur BMD", "hip", "total-hip"),
        ("Ward's area", "hip", "wards"),
        ("Entire shaft of femur", "hip", "shaft"),
        ("DXA Hip-L ArMass BMD", "hip", None),
        ("BMD - Left Femur", "hip", None),
        ("Femoral neck and total hip", "hip", None),
        ("AP spine L1 - L4", "lumbar-spine", "L1-L4"),
        ("L2-L4 BMD", "lumbar-spine", "L2-L4"),
        ("Lumbar spine", "lumbar-spine", None),
        ("Left radius 33%", "forearm", "radius-33"),
        ("Radius", "forearm", None),
        ("Radius and Ulna", "forearm", None),
    ],
)
def test_region_in__takes_words_that_name_one_region(words, site, region):
    assert region_in(words, site) == region


def test_read__takes_the_region_from_the_text_of_the_code():
    code = {**concept("24966-4", "DXA Lumbar spine [Mass/Area] Bone density"), "text": "L2-L4 BMD"}
    assert only_row(read({**ONE, "code": code, "bodySite": None})).region == "L2-L4"


def test_read__takes_the_side_from_the_body_site():
    # 7771000 is left and 24028007 right in SNOMED CT; the first form is that of the FHIR core specification.
    for number, side in (("71341001:272741003=7771000", "left"), ("24028007", "right")):
        site = {"coding": [{"system": "http://snomed.info/sct", "code": number}]}
        assert only_row(read(observation("a", "24701-5", quantity(0.713), bodySite=site))).side == side


@pytest.mark.parametrize(
    ("code", "words", "site"),
    [
        (concept("46278-8", "BMD femoral neck T-score"), "", ""),
        (concept("38261-4", "DXA L1-L4 BMD"), "", ""),
        (concept("46278-8", "DXA Hip-R ArMass BMD"), "", ""),
        (concept("80946-7", "DXA Hip-L Z-score BMD"), "", ""),
        (concept("46278-8", "Hip BMC"), "", ""),
        (concept("46278-8"), "Right hip", ""),
        (concept("24966-4"), "Left femoral neck", ""),
        (concept("46278-8"), "", "24028007"),
        (concept("46278-8", "femoral neck"), "Total hip", ""),
        ({"coding": [*concept("46278-8")["coding"], *concept("46279-6")["coding"]]}, "", ""),
    ],
    ids=[
        "measure",
        "site",
        "side",
        "score",
        "content",
        "text side",
        "text site",
        "coded side",
        "two regions",
        "two codes",
    ],
)
def test_read__leaves_out_a_result_whose_code_and_words_disagree(code, words, site):
    body = {"text": words, "coding": [{"code": site}]}
    reading = read(ONE, observation("b", code, quantity(0.644), bodySite=body))
    assert codes(reading) == ["code-disagrees"]
    assert only_row(reading).value("bmd") == 0.713


def test_check_digit__worked_by_hand():
    # 46278 backwards: 8*2=16 -> 7, 7, 2*2=4, 6, 4*2=8; together 32, so the digit is 8.
    assert has_check_digit("46278-8")
    assert not has_check_digit("46287-8")
    assert not has_check_digit("46278")
    assert all(map(has_check_digit, (*MEANINGS, *OTHER_BONES)))


def test_read__leaves_out_a_mistyped_code_even_beside_the_right_name():
    mistyped = observation("b", concept("46287-8", "DXA Hip-L ArMass BMD"), quantity(0.644))
    assert codes(read(ONE, mistyped)) == ["code-mistyped"]
    assert refusal(mistyped).code == "results-not-understood"


def test_read__knows_a_result_without_a_code_by_its_official_name_alone():
    named = observation("b", {"text": "DXA Femur - right [Mass/Area] Bone density"}, quantity(0.644))
    assert rows(read(named).reports[0]) == [("femur-unspecified", "right", {"bmd": 0.644})]
    assert refusal({**named, "code": {"text": "left femur bone density"}}).code == "no-dxa-results"
    assert DISPLAYS["dxa hip-l armass bmd"] == MEANINGS["46278-8"]


def test_read__counts_results_that_are_of_other_bones_or_none():
    heel = observation("b", "80956-6", quantity(0.5))
    weight = observation("c", "29463-7", quantity(61.2, "kg"))
    reading = read(ONE, heel, weight)
    assert codes(reading) == ["unknown-region"]
    assert reading.reports[0].others == ("results that are no densitometry: 1",)


@pytest.mark.parametrize(
    ("value", "unit", "notes"),
    [
        (quantity(0.713, "g/cm2"), "g/cm2", []),
        (quantity(713, "mg/cm2"), "mg/cm2", []),
        ({"value": 0.713, "unit": "g/cm²"}, "g/cm2", []),
        (quantity(0.713, "g/cm-2"), "g/cm2", ["unit-suspect"]),
        ({**quantity(0.713, "g/cm2"), "unit": "mg/cm2"}, "g/cm2", ["unit-suspect"]),
        ({"value": 0.713, "unit": "mg/cm2", "code": "g/cm2"}, "mg/cm2", []),
        ({"value": 0.713}, "", []),
    ],
    ids=["UCUM", "milligram", "text", "wrong exponent", "code wins", "no system: text wins", "none"],
)
def test_read__takes_the_unit_as_stated(value, unit, notes):
    reading = read(observation("a", "46278-8", value, region=NECK))
    assert only_row(reading).cells["bmd"].unit == unit
    assert codes(reading) == notes


@pytest.mark.parametrize("unit", ["1", "{T-score}", "{T-Score}", "{score}"])
def test_read__takes_a_score_as_a_bare_number(unit):
    cell = only_row(read(observation("a", "80946-7", quantity(-1.25, unit), region=NECK))).cells["t_score"]
    assert (cell.value, cell.unit, cell.decimals) == (-1.25, "1", 2)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("80946-7", quantity(0.889, "g/cm2")),
        ("46278-8", quantity(0.889, "1")),
        ("46278-8", quantity(0.889, "g/cm3")),
        ("46278-8", quantity(0.889, comparator="<")),
        ("46278-8", {**quantity(0), "value": True}),
        ("46278-8", {**quantity(0), "value": "0.8 or so"}),
    ],
    ids=["density for a score", "score for a density", "volume", "bound", "truth", "words"],
)
def test_read__refuses_a_value_that_is_none_of_its_measure(code, value):
    reading = read(ONE, observation("b", code, value, region="Total hip"))
    assert rows(reading.reports[0])[1][2] == {MEANINGS[code].measure: None}
    assert codes(reading) == ["cell-refused"]
    assert refusal(observation("b", code, value)).code == "results-not-understood"


@pytest.mark.parametrize(
    ("literal", "value", "decimals"),
    [("0.70", 0.7, 2), ("7.0e-1", 0.7, 2), ("1", 1.0, 0), ("-0.5", -0.5, 1), ("1E0", 1.0, 0)],
)
def test_read__keeps_the_digits_of_a_json_number(literal, value, decimals):
    cell = only_row(raw(json.dumps(ONE).replace("0.713", literal))).cells["bmd"]
    assert (cell.raw, cell.value, cell.decimals) == (literal, value, decimals)


@pytest.mark.parametrize("literal", ["1e999", "9" * 5000, "0." + "1" * 60])
def test_read__refuses_a_number_beyond_all_bounds(literal):
    with pytest.raises(ReadError) as caught:
        raw(json.dumps(ONE).replace("0.713", literal))
    assert caught.value.code == "results-not-understood"


@pytest.mark.parametrize(
    ("text", "value"), [("-1.2", -1.2), (" -1,2 ", -1.2), ("\u22121.2", -1.2), ("n/a", None), ("", None)]
)
def test_read__takes_a_text_that_is_one_number(text, value):
    second = observation("b", "80946-7", None, region=NECK, valueString=text)
    reading = read(ONE, second)
    assert rows(reading.reports[0])[0][2] == {"bmd": 0.713, "t_score": value}
    assert codes(reading) == []


@pytest.mark.parametrize(
    "more",
    [
        {"valueString": "low, see Dr Roe"},
        {"valueCodeableConcept": {"text": "osteopenia"}},
        {"valueQuantity": "0.7"},
        {"valueString": "1", "valueInteger": 2},
    ],
)
def test_read__refuses_a_value_of_another_kind_and_quotes_no_words(more):
    reading = read(ONE, observation("b", "80946-7", None, region=NECK, **more))
    assert codes(reading) == ["cell-refused"]
    assert "Roe" not in repr(reading)


def test_read__takes_an_absent_value_for_an_empty_cell():
    absent = {"dataAbsentReason": {"coding": [{"code": "not-performed"}]}}
    for more in (absent, {"valueQuantity": {"unit": "1"}}):
        reading = read(ONE, observation("b", "80946-7", None, region=NECK, **more))
        assert reading.reports[0].rows[0].cells["t_score"].is_empty
        assert codes(reading) == []
    assert refusal(observation("b", "80946-7", None, **absent)).code == "no-dxa-results"
