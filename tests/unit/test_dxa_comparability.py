from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.dxa.comparability import comparability_notes
from bonemetrics.records import DxaCircumstances, DxaDevice, DxaRegion, DxaReport

DAY1, DAY2, DAY3 = date(2021, 3, 4), date(2022, 3, 9), date(2023, 2, 27)
DEVICE = {"manufacturer": "HOLOGIC", "model": "Horizon W", "serial": "300123", "software": "13.6.0.5", "hardware": "7"}
SCAN = {"scan_mode": "Fast Array", "protocol": "Lumbar", "roi": "116 x 133", "reference": "An invented population"}


def report(site="lumbar-spine", side=None, included=("L1", "L2", "L3", "L4"), route="csv", **changes) -> DxaReport:
    device = {key: changes.pop(key, value) for key, value in (DEVICE | {"analysis_version": ""}).items()}
    circumstances = {key: changes.pop(key, value) for key, value in (SCAN | {"scan_type": ""}).items()}
    assert not changes
    return DxaReport(
        route=route,
        site=site,
        side=side,
        included=included if site == "lumbar-spine" else (),
        device=DxaDevice(**device),
        circumstances=DxaCircumstances(**circumstances),
    )


def codes(*given) -> dict[str, list[str]]:
    return {key: [problem.code for problem in found] for key, found in comparability_notes(given).items()}


def test_like_reports__have_no_note():
    assert codes(("a", DAY1, report()), ("b", DAY2, report()), ("c", DAY3, report())) == {"a": [], "b": [], "c": []}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("scanner-changed", {"serial": "300124"}),
        ("scanner-changed", {"model": "Discovery A"}),
        ("scanner-changed", {"manufacturer": "Norland", "model": "", "serial": ""}),
        ("scan-mode-changed", {"scan_mode": "Array"}),
        ("hardware-changed", {"hardware": "8"}),
        ("analysis-changed", {"software": "13.6.1.0"}),
        ("analysis-changed", {"protocol": "Low density lumbar"}),
        ("vertebrae-changed", {"included": ("L1", "L2", "L4")}),
        ("roi-changed", {"roi": "116 x 100"}),
        ("reference-changed", {"reference": "Another one"}),
    ],
)
def test_every_change__is_noted_on_both_days(code, changes):
    assert codes(("a", DAY1, report()), ("b", DAY2, report(**changes))) == {"a": [code], "b": [code]}


def test_the_message__says_what_differs_and_on_how_many_days():
    found = comparability_notes([("a", DAY1, report()), ("b", DAY2, report(serial="300999")), ("c", DAY3, report())])
    assert found["a"][0].message == (
        "scanner Horizon W 300123 here, Horizon W 300999 on 1 of 2 other days of this person; part of a change may not"
        " be bone's"
    )
    assert "on 2 of 2" in found["b"][0].message


@pytest.mark.parametrize("field", [*DEVICE, *SCAN, "included"])
def test_what_a_source_does_not_state__is_not_compared(field):
    unknown = report(**{field: () if field == "included" else ""})
    assert codes(("a", DAY1, report()), ("b", DAY2, unknown)) == {"a": [], "b": []}


@pytest.mark.parametrize(
    "changes",
    [
        {"serial": "S/N 0300123"},
        {"model": "Horizon W (13.6.0.5)"},
        {"manufacturer": "Hologic, Inc."},
        {"scan_mode": "fast  array"},
        {"model": "HOLOGIC Horizon W (S/N 300123)"},
        {"software": "APEX 13.6"},
        {"scan_mode": "SCAN_MODE 17"},
        {"roi": "116 × 125"},
        {"roi": "11.6 x 13.3 cm"},
    ],
)
def test_the_same__in_other_words_is_no_change(changes):
    assert codes(("a", DAY1, report()), ("b", DAY2, report(**changes))) == {"a": [], "b": []}


def test_a_model_named_more_fully__is_another_one_without_the_serial():
    found = codes(("a", DAY1, report(model="DPX", serial="")), ("b", DAY2, report(model="DPX-IQ", serial="")))
    assert found == {"a": ["scanner-changed"], "b": ["scanner-changed"]}


def test_a_model__is_the_same_with_its_maker_before_it_and_without_a_serial():
    first, second = report(model="Discovery W", serial=""), report(model="Hologic, Inc. Discovery W", serial="")
    assert codes(("a", DAY1, first), ("b", DAY2, second)) == {"a": [], "b": []}


def test_codes__of_one_kind_are_compared():
    found = codes(("a", DAY1, report(scan_mode="SCAN_MODE 17")), ("b", DAY2, report(scan_mode="SCAN_MODE 11")))
    assert found["a"] == ["scan-mode-changed"]


def test_reference__is_the_same_within_the_sentence_of_a_page():
    told = report(reference="2012 BMDCS/NHANES White Female")
    page = report(reference="T-score vs. White Female. Source: 2012 BMDCS/NHANES White Female")
    other_route = page.model_copy(update={"route": "dicom-sr"})
    assert codes(("a", DAY1, told), ("b", DAY2, other_route)) == {"a": [], "b": []}
    assert codes(("a", DAY1, told), ("b", DAY2, page))["a"] == ["reference-changed"]


def test_vertebrae__are_those_of_the_regions_where_the_scanner_does_not_say():
    def spine(*regions: str) -> DxaReport:
        return report(included=()).model_copy(update={"regions": tuple(DxaRegion(region=one) for one in regions)})

    whole, part = spine("L1", "L2", "L3", "L4", "L1-L4"), spine("L1", "L3", "L4", "L1,L3-L4")
    assert codes(("a", DAY1, whole), ("b", DAY2, spine("L1-L4"))) == {"a": [], "b": []}
    assert codes(("a", DAY1, whole), ("b", DAY2, part))["b"] == ["vertebrae-changed"]


def test_versions__differ_by_the_place_of_a_point():
    found = codes(("a", DAY1, report(software="1.13")), ("b", DAY2, report(software="11.3")))
    assert found["a"] == ["analysis-changed"]


@pytest.mark.parametrize(("roi", "tolerance", "noted"), [("127 x 133", 0.10, False), ("127 x 133", 0.05, True)])
def test_roi__the_tolerance_is_a_parameter(roi, tolerance, noted):
    found = comparability_notes([("a", DAY1, report()), ("b", DAY2, report(roi=roi))], roi_tolerance=tolerance)
    assert bool(found["a"]) is noted


def test_roi__words_are_compared_as_words():
    assert codes(("a", DAY1, report(roi="default")), ("b", DAY2, report(roi="narrow box")))["a"] == ["roi-changed"]


def test_other_sites_undated_reports_and_the_same_day__are_not_compared():
    given = [
        ("spine", DAY1, report()),
        ("hip", DAY2, report(site="hip", side="left", serial="1")),
        ("undated", None, report(serial="2")),
        ("nowhere", DAY3, report(site="", serial="3")),
        ("again", DAY1, report(serial="4")),
    ]
    assert codes(*given) == {"spine": [], "hip": [], "undated": [], "nowhere": [], "again": []}


def hip(side: str | None, *sides: str, **changes) -> DxaReport:
    found = report(site="hip", side=side, **changes)
    return found.model_copy(update={"regions": tuple(DxaRegion(region="neck", side=one) for one in sides)})


def test_side__the_other_hip_is_no_follow_up():
    assert codes(("a", DAY1, hip("left")), ("b", DAY2, hip("right"))) == {"a": ["side-changed"], "b": ["side-changed"]}


@pytest.mark.parametrize("both", [hip(None, "left", "right"), hip("mean")])
def test_side__a_report_of_both_hips_goes_with_either(both):
    assert codes(("a", DAY1, hip("left")), ("b", DAY2, both)) == {"a": [], "b": []}


def test_side__both_hips_on_both_days_are_fine_and_one_that_has_no_counterpart_is_told():
    first = [("l1", DAY1, hip("left")), ("r1", DAY1, hip("right"))]
    assert set(map(tuple, codes(*first, ("l2", DAY2, hip("left")), ("r2", DAY2, hip("right"))).values())) == {()}
    assert codes(*first, ("l2", DAY2, hip("left"))) == {"l1": [], "r1": ["side-changed"], "l2": []}


def test_side__a_change_on_one_side_is_not_hidden_by_the_other_side():
    first = [("l1", DAY1, hip("left")), ("r1", DAY1, hip("right", scan_mode="Array"))]
    second = [("l2", DAY2, hip("left", scan_mode="Array")), ("r2", DAY2, hip("right", scan_mode="Array"))]
    assert codes(*first, *second) == {
        "l1": ["scan-mode-changed"],
        "r1": [],
        "l2": ["scan-mode-changed"],
        "r2": [],
    }


def test_a_spine__has_no_side():
    assert codes(("a", DAY1, report(side="left")), ("b", DAY2, report(side="right"))) == {"a": [], "b": []}


def test_other_routes__are_said_to_word_things_otherwise():
    found = comparability_notes([("a", DAY1, report()), ("b", DAY2, report(scan_mode="2", route="hologic-database"))])
    assert "may word it otherwise" in found["a"][0].message


def test_long_texts__are_cut():
    found = comparability_notes([("a", DAY1, report()), ("b", DAY2, report(reference="x" * 5000))])
    assert len(found["a"][0].message) < 250
