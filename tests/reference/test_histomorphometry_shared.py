"""Published and worked numbers of the shared folder: the printed example, and extremes that no check may reject.

Extremes: Dempster DW et al. 2016, J Bone Miner Res 31:1429, medians and quartiles of dynamic indices on teriparatide
and zoledronic acid in four envelopes. Worked example: invented round inputs and 28 indices computed from them.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bonemetrics.histomorphometry.algebra import Known, solve
from bonemetrics.histomorphometry.checks import hard_violations
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters
from tests.biopsies import ISOTROPIC, WORKED

UNITS = {"%": ("", 1.0), "mm3/mm2/yr": ("um3/um2/a", 1000.0), "/yr": ("1/a", 1.0), "um/day": ("um/d", 1.0)}


@pytest.fixture
def folder(shared_data: Path) -> Path:
    found = shared_data / "outcomes" / "histomorphometry"
    if not found.is_dir():
        pytest.skip("no published numbers of histomorphometry")
    return found


def groups(folder: Path) -> dict[tuple[str, ...], dict[str, tuple[float, float, float, int]]]:
    """Median, quartiles and number of each index by arm, month and envelope, in the catalogue's units."""
    found: dict[tuple[str, ...], dict[str, tuple[float, float, float, int]]] = {}
    with (folder / "shotz_dynamic_paired.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            factor = UNITS[row["unit"]][1]
            numbers = (float(row["median"]) * factor, float(row["q1"]) * factor, float(row["q3"]) * factor)
            found.setdefault((row["arm"], row["month"], row["envelope"]), {})[row["index"]] = (*numbers, int(row["n"]))
    return found


@pytest.mark.shared_data
def test_solve__worked_example_as_printed_there(folder):
    values = solve({code: Known(value) for code, value in WORKED.items()}, ISOTROPIC).values
    printed = [line.split() for line in (folder / "worked_example.txt").read_text(encoding="utf-8").splitlines()]
    assert len(printed) == 28
    for code, *_, text in printed:
        assert f"{values[code]:.6g}" == text, code


@pytest.mark.shared_data
@pytest.mark.parametrize("place", [0, 1, 2], ids=["median", "first quartile", "third quartile"])
def test_checks__reject_no_published_extreme(folder, place):
    for (arm, month, envelope), indices in groups(folder).items():
        for code, numbers in indices.items():
            entry = HistomorphometryEntry(
                kind="histomorphometry",
                subject=f"{arm}-{month}",
                visit=f"Month {month}",
                envelope=envelope,
                referent="TV",
                factors=ISOTROPIC,
                labelling_confirmed=True,
                typed={code: numbers[place]},
            )
            assert hard_violations(entry) == (), (arm, month, envelope, code)
            seen = measured_entries([entry], HistomorphometryParameters()).observations
            assert [one.value for one in seen if (one.quantity, one.region) == (code, envelope)] == [numbers[place]]


@pytest.mark.shared_data
def test_checks__soft_ranges_hold_the_anabolic_extremes(folder):
    outside = set()
    for (arm, month, envelope), indices in groups(folder).items():
        typed = {code: numbers[2] for code, numbers in indices.items() if numbers[2] > 0}
        entry = HistomorphometryEntry(
            kind="histomorphometry",
            subject=arm,
            visit=month,
            envelope=envelope,
            typed=typed,
        )
        found = measured_entries([entry], HistomorphometryParameters())
        outside |= {(arm, envelope, one.message) for _, one in found.notes if one.code == "value-unusual"}
    assert outside == set()


@pytest.mark.shared_data
def test_published_rates__are_the_product_of_rate_and_surface_nearly(folder):
    # Medians do not multiply: 9 to 20 % lie between, and nothing of another unit (365 or 1000 times).
    for arm, month, envelope in (
        ("TPTD", "6", "cancellous"),
        ("TPTD", "24", "cancellous"),
        ("TPTD", "6", "endocortical"),
    ):
        indices = groups(folder)[arm, month, envelope]
        rate = solve({"MAR": Known(indices["MAR"][0]), "MS/BS": Known(indices["MS/BS"][0])}, None).values["BFR/BS"]
        assert rate == pytest.approx(indices["BFR/BS"][0], rel=0.25)
