"""Which numbers contradict each other: tolerances, sums, means and the table as a whole."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from access_parser import AccessParser

from bonemetrics.dxa.cells import Number, numbers_of
from bonemetrics.dxa.identities import conflicts, residual
from bonemetrics.dxa.identity_rules import Identity, identities_of
from bonemetrics.records import DxaCell, DxaRow
from tests.dxa_rows import SPINE, exact, row, table

RATIO = Identity("ratio", "ratio", (0, "bmd"), ((0, "bmc"), (0, "area")))


def kinds(found) -> set[str]:
    return {conflict.kind for conflict in found}


def test_residual__print_tolerance_of_three_two_and_two_decimals_is_the_documented_one():
    # 0.0006 + 0.9 * (0.005 / 27.0 + 0.005 / 30.0) = 0.0006 + 0.00015 + 0.000166667
    numbers = {(0, "bmd"): Number(0.9, 0.0005), (0, "bmc"): Number(27.0, 0.005), (0, "area"): Number(30.0, 0.005)}
    assert residual(RATIO, numbers).tolerance == pytest.approx(0.0009166667, abs=1e-8)


def test_residual__four_decimals_of_bmd_are_held_to_more():
    # 0.00006 (of 0.00005) + 0.85 * (0.005 / 11.9 + 0.005 / 14.0) = 0.00006 + 0.000357143 + 0.000303571
    numbers = {(0, "bmd"): Number(0.85, 0.00005), (0, "bmc"): Number(11.9, 0.005), (0, "area"): Number(14.0, 0.005)}
    assert residual(RATIO, numbers).tolerance == pytest.approx(0.000720714, abs=1e-8)


def test_residual__a_tiny_area_gets_the_exact_interval_not_its_first_order():
    # Area 0.05 ± 0.005 and BMC 0.03 ± 0.005: true ratios go down to 0.025 / 0.055 = 0.45455, where the first order
    # ends at 0.6 - 0.0006 - 0.455 * (0.005 / 0.03 + 0.005 / 0.05) = 0.478.
    numbers = {(0, "bmd"): Number(0.455, 0.0005), (0, "bmc"): Number(0.03, 0.005), (0, "area"): Number(0.05, 0.005)}
    assert residual(RATIO, numbers).holds
    numbers[0, "bmd"] = Number(0.453, 0.0005)
    assert not residual(RATIO, numbers).holds


def test_conflicts__none_in_a_table_of_rounded_true_values():
    assert conflicts(table(SPINE)) == ()


def test_conflicts__a_wrong_area_names_region_cells_found_expected_and_tolerance():
    wrong = table("L2 13.29 12.61 0.964")
    (found,) = conflicts(wrong)
    # 12.61 / 13.29 = 0.948834; 0.0006 + 0.964 * (0.005 / 12.61 + 0.005 / 13.29) = 0.0013449
    assert found.kind == "ratio"
    assert found.cells == (("L2", None, "bmd"), ("L2", None, "bmc"), ("L2", None, "area"))
    assert (found.found, found.expected) == (0.964, pytest.approx(0.948834, abs=1e-6))
    assert found.tolerance == pytest.approx(0.0013449, abs=1e-6)
    assert found.message.startswith("L2 BMD is 0.964, but BMC / area gives 0.948834")


def test_conflicts__exchanged_columns_are_called_so():
    (found,) = conflicts(table("L3 14.90 14.53 1.026"))
    assert "if area and BMC were exchanged" in found.message


def test_conflicts__a_vertebral_sum_is_held_to_half_a_digit_of_each_part():
    # Three cells of two decimals: 0.015.
    assert conflicts((row("L1-L2", "25.41", names=("area",)), *table(SPINE)[:2])) == ()
    (found,) = conflicts((row("L1-L2", "25.42", names=("area",)), *table(SPINE)[:2]))
    assert (found.kind, found.tolerance) == ("vertebrae", pytest.approx(0.015, abs=1e-6))


def test_identities__sums_use_singles_and_combinations_and_skip_what_is_not_there():
    rows = tuple(row(region, "10.00", names=("area",)) for region in ("L1-L4", "L1-L3", "L4", "L2-L3", "L1"))
    found = identities_of(rows, numbers_of(rows).keys())
    assert {(i.target[0], frozenset(p[0] for p in i.parts)) for i in found} == {
        (0, frozenset({1, 2})),
        (1, frozenset({3, 4})),
        (0, frozenset({4, 3, 2})),
    }


def test_conflicts__every_sum_may_hold_and_the_table_still_not():
    # Each pair of 20.01 means at least 20.005, all three together at least 60.015 / 2 = 30.0075: no printed 30.00.
    pairs = tuple(row(region, "20.01", names=("area",)) for region in ("L1-L2", "L2-L3", "L1,L3"))
    singles = tuple(row(region, "10.00", names=("area",)) for region in ("L1", "L2", "L3"))
    assert conflicts((*pairs, *singles, row("L1-L3", "30.01", names=("area",)))) == ()
    (found,) = conflicts((*pairs, *singles, row("L1-L3", "30.00", names=("area",))))
    assert (found.kind, found.found) == ("joint", None)
    assert ("L1-L3", None, "area") in found.cells


def test_conflicts__hip_total_is_trochanter_intertrochanter_and_neck_without_wards():
    rows = [
        row("neck", "5.12", "3.89", ".", side="left"),
        row("trochanter", "11.07", "7.43", ".", side="left"),
        row("intertrochanter", "17.35", "19.28", ".", side="left"),
        row("wards", "1.13", "0.61", ".", side="left"),
    ]
    # 5.12 + 11.07 + 17.35 = 33.54; 3.89 + 7.43 + 19.28 = 30.60
    assert conflicts((*rows, row("total-hip", "33.54", "30.60", ".", side="left"))) == ()
    found = conflicts((*rows, row("total-hip", "34.67", "30.62", ".", side="left")))
    assert [(c.kind, c.cells[0]) for c in found] == [
        ("total-hip", ("total-hip", "left", "area")),
    ]
    assert conflicts((*rows, row("total-hip", "34.67", "30.60", ".", side="right"))) == ()


def test_conflicts__forearm_sums_hold_for_hologic_only():
    rows = (
        row("radius-33", "2.71", "1.93", ".", side="right"),
        row("radius-mid", "5.48", "3.07", ".", side="right"),
        row("radius-ud", "3.96", "1.62", ".", side="right"),
        # Sum 12.15 and 6.62.
        row("radius-total", "12.51", "6.62", ".", side="right"),
    )
    assert conflicts(rows) == ()
    (found,) = conflicts(rows, hologic=True)
    assert (found.kind, found.cells[0][0]) == ("forearm-total", "radius-total")
    both = (
        row("radius-ud", "3.96", ".", "."),
        row("ulna-ud", "2.13", ".", "."),
        row("radius+ulna-ud", "6.90", ".", "."),
    )
    assert kinds(conflicts(both, hologic=True)) == {"radius-and-ulna"}


BODY = {
    ("arm", "left"): 190.31,
    ("arm", "right"): 197.42,
    ("ribs", "left"): 118.53,
    ("ribs", "right"): 121.64,
    ("thoracic-spine", None): 131.75,
    ("body-lumbar-spine", None): 49.86,
    ("pelvis", None): 203.97,
    ("leg", "left"): 361.08,
    ("leg", "right"): 364.19,
}


def body(subtotal: str, head: str, total: str) -> tuple[DxaRow, ...]:
    parts = [row(region, f"{area:.2f}", names=("area",), side=side) for (region, side), area in BODY.items()]
    sums = (("subtotal", subtotal), ("head", head), ("whole-body", total))
    return (*parts, *(row(region, text, names=("area",)) for region, text in sums))


def test_conflicts__whole_body_is_subtotal_and_head_and_subtotal_is_its_parts():
    # The nine parts add up to 1738.75; with a head of 231.26 that is 1970.01.
    assert conflicts(body("1738.75", "231.26", "1970.01"), hologic=True) == ()
    found = conflicts(body("1739.75", "231.26", "1970.01"), hologic=True)
    assert {conflict.cells[0][0] for conflict in found} == {"whole-body", "subtotal"}


def both_hips(mean: str, difference: str) -> tuple[DxaRow, ...]:
    return (
        row("neck", "4.91", "3.87", "0.788", side="left"),
        row("neck", "4.33", "3.69", "0.852", side="right"),
        row("neck", "4.62", "3.78", mean, side="mean", statistic="mean"),
        row("neck", "0.58", "0.18", difference, statistic="difference"),
    )


def test_conflicts__the_mean_row_is_the_mean_of_both_bmd_and_not_its_own_ratio():
    # (0.788 + 0.852) / 2 = 0.820 while 3.78 / 4.62 = 0.818.
    assert conflicts(both_hips("0.820", "0.064"), hologic=True) == ()
    (found,) = conflicts(both_hips("0.818", "0.064"), hologic=True)
    assert (found.kind, found.cells[0]) == ("mean", ("neck", "mean", "bmd"))


def test_conflicts__the_difference_row_is_the_absolute_difference_printed_with_any_sign():
    assert conflicts(both_hips("0.820", "-0.064"), hologic=True) == ()
    (found,) = conflicts(both_hips("0.820", "0.046"), hologic=True)
    assert (found.kind, found.found, found.expected) == ("difference", 0.046, pytest.approx(0.064))


def test_conflicts__a_region_that_stands_twice_says_the_same_twice():
    assert conflicts((row("L3", "14.53", ".", "."), row("L3", "14.5", ".", "."))) == ()
    (found,) = conflicts((row("L3", "14.53", ".", "."), row("L3", "14.35", ".", ".")))
    assert found.kind == "same-region"


def test_conflicts__binary_numbers_are_held_to_a_billionth():
    area, bmc = 15.434913159, 15.686502067
    cells = {"area": exact(area, "cm2"), "bmc": exact(bmc, "g"), "bmd": exact(bmc / area, "g/cm2")}
    assert conflicts((DxaRow(region="L1", cells=cells),)) == ()
    cells["bmd"] = exact(bmc / area * (1 + 1e-7), "g/cm2")
    assert kinds(conflicts((DxaRow(region="L1", cells=cells),))) == {"ratio"}


def test_conflicts__binary_columns_of_rounded_numbers_count_as_printed():
    # As a table of a statistics program stores them: 25.36 / 31.91 = 0.79474, kept as 0.795.
    cells = {"area": exact(31.91, "cm2"), "bmc": exact(25.36, "g"), "bmd": exact(0.795, "g/cm2")}
    assert conflicts((DxaRow(region="total-hip", cells=cells),)) == ()


def test_conflicts__empty_cells_take_part_in_nothing():
    rows = (row("L1", "12.31", "99.99", "."), DxaRow(region="L2", cells={"bmd": DxaCell(raw="-", unit="g/cm2")}))
    assert conflicts(rows) == ()


def test_conflicts__ten_thousand_rows_take_a_moment():
    rows = tuple(row("L1", "12.31", "10.95", "0.889") for _ in range(10_000))
    start = time.perf_counter()
    assert conflicts(rows) == ()
    assert time.perf_counter() - start < 5.0


def _levels(columns: dict[str, list[float]], number: int, tables: dict[str, str]) -> tuple[DxaRow, ...]:
    units = {"AREA": "cm2", "BMC": "g", "BMD": "g/cm2"}
    return tuple(
        DxaRow(
            region=region,
            cells={name.lower(): exact(columns[f"{column}_{name}"][number], unit) for name, unit in units.items()},
        )
        for column, region in tables.items()
        if columns[f"{column}_AREA"][number] > 0
    )


DATABASE = {
    "Hip": {
        "TROCH": "trochanter",
        "INTER": "intertrochanter",
        "NECK": "neck",
        "WARDS": "wards",
        "HTOT": "total-hip",
    },
    "Spine": {"L1": "L1", "L2": "L2", "L3": "L3", "L4": "L4", "TOT": "L1-L4"},
    "Forearm": {
        **{
            f"{bone[0].upper()}_{a}": f"{bone}-{b}"
            for bone in ("radius", "ulna")
            for a, b in (("13", "33"), ("MID", "mid"))
        },
        "R_UD": "radius-ud",
        "U_UD": "ulna-ud",
        "RTOT": "radius-total",
        "UTOT": "ulna-total",
        "RU13TOT": "radius+ulna-33",
        "RUMIDTOT": "radius+ulna-mid",
        "RUUDTOT": "radius+ulna-ud",
        "RUTOT": "radius+ulna-total",
    },
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", DATABASE)
def test_conflicts__none_in_any_row_of_a_real_database(shared_data: Path, name: str):
    columns = AccessParser(str(shared_data / "dxa/hologic_db/PatScan.mdb")).parse_table(name)
    scans = range(len(next(iter(columns.values()))))
    assert len(scans) >= 3
    for number in scans:
        rows = _levels(columns, number, DATABASE[name])
        identities = identities_of(rows, numbers_of(rows).keys(), hologic=True)
        assert len(identities) >= len(rows) + 2
        assert conflicts(rows, hologic=True) == ()
