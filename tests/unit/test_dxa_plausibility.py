"""What is impossible is emptied, what is unseen is noted."""

from __future__ import annotations

import pytest

from bonemetrics.dxa.plausibility import implausible, is_possible, without_impossible
from bonemetrics.records import DxaCircumstances
from tests.dxa_rows import codes, report, row


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("bmd", text) for text in ("0.049", "5.01", "-0.964", "0")),
        *(("area", text) for text in ("0", "-1", "5001")),
        *(("bmc", text) for text in ("0.00", "10001")),
        *((score, text) for score in ("t_score", "z_score") for text in ("15.1", "-15.1", "-132")),
    ],
)
def test_without_impossible__empties_the_cell_and_keeps_its_text(name, text):
    step = without_impossible(report(row("radius-ud", text, names=(name,), side="left")))
    found = step.report.rows[0].cells[name]
    assert (found.value, found.raw, codes(step.notes)) == (None, text, ["cell-refused"])


def test_without_impossible__keeps_what_some_bone_may_have():
    rows = (
        row("radius-ud", "0.01", "0.001", "0.05"),
        row("whole-body", "2411.7", "3120.4", "1.294"),
        row("L4", "-14.9", "14.9", names=("t_score", "z_score")),
    )
    step = without_impossible(report(*rows))
    assert (step.report.rows, step.notes) == (rows, ())


def test_without_impossible__two_alike_sides_differ_by_nothing():
    rows = (row("neck", "0.00", "-0.03", "0.000", statistic="difference"),)
    assert without_impossible(report(*rows)).notes == ()


def test_is_possible__knows_no_limit_of_other_columns():
    assert is_possible("width", -3.0)
    assert not is_possible("bmd", 962.0)


def test_implausible__names_the_people_the_range_is_of_and_keeps_the_number():
    # NHANES 2017-2018: neck BMD 0.144 to 1.421, total hip area 24.3 to 61.6.
    found = implausible(
        report(row("neck", "5.12", ".", "1.422"), row("total-hip", "61.7", ".", "0.37"), manufacturer="Hologic")
    )
    assert [spots for _, spots in found] == [((0, "bmd"),), ((1, "area"),)]
    assert codes(found) == ["implausible-value", "implausible-value"]
    assert "people from 50 years on, Hologic scanners" in found[0][0].message


def test_implausible__areas_of_other_makers_are_other_areas():
    rows = (row("wards", "2.55", ".", "0.741"), row("L3", "26.1", ".", "2.036"))
    assert [spots for _, spots in implausible(report(*rows, manufacturer="GE Healthcare"))] == [((1, "bmd"),)]
    assert len(implausible(report(*rows))) == 3


def test_implausible__passes_over_differences_and_regions_without_a_range():
    rows = (row("neck", "0.21", ".", "0.064", statistic="difference"), row("radius-33", "2.7", ".", "0.072"))
    assert implausible(report(*rows, manufacturer="Hologic")) == ()


def test_implausible__looks_at_the_scanners_own_constants():
    # Hip: k 1.122 to 1.170, d0 36.9 to 54.9.
    odd = DxaCircumstances(k=1.309, d0=45.1)
    found = implausible(report(manufacturer="Hologic", site="hip", circumstances=odd))
    assert [problem.message.split(";")[0] for problem, _ in found] == ["the scanner's k is 1.309"]
    assert implausible(report(manufacturer="GE", site="hip", circumstances=odd)) == ()
    assert implausible(report(manufacturer="Hologic", site="forearm", circumstances=odd)) == ()
