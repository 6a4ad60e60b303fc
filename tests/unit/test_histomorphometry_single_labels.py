"""Single labels only: missing, set to the floor, or known to lie on one side of it, by the worked example's numbers."""

from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters

PRIMARIES = {
    "T.Ar": 40,
    "B.Ar": 6,
    "B.Pm": 100,
    "O.Ar": 0.12,
    "O.Pm": 12,
    "E.Pm": 4,
    "W.Wi": 40,
    "dL.Pm": 0,
    "sL.Pm": 10,
}
# MS/BS = (0 + 10/2)/100 = 5 %, MS/OS = 5/12; at MAR = 0.3 um/d and with thickness = pi/4 x width:
BFR_BS = 0.3 * 5 * 3.65
AC_F = BFR_BS / (40 * 3.141592653589793 / 4)
MLT = (10 * 3.141592653589793 / 4) / (0.3 * 5 / 12)


def values(rule):
    entry = HistomorphometryEntry(
        kind="histomorphometry",
        subject="W-1",
        day=date(2016, 2, 21),
        envelope="cancellous",
        referent="TV",
        labelling_confirmed=True,
        primaries=PRIMARIES,
    )
    found = measured_entries([entry], HistomorphometryParameters(factor="isotropic", single_label=rule))
    return {one.quantity: one for one in found.observations}, [note.code for _, note in found.notes]


def test_missing__nothing_that_rests_on_the_rate_has_a_value():
    found, notes = values("missing")
    assert found["MS/BS"].value == pytest.approx(5)
    assert not {"MAR", "BFR/BS", "Ac.f", "Mlt", "Omt", "FP"} & found.keys()
    assert "single-label-only" in notes


def test_floor__what_rests_on_it_is_flagged():
    found, notes = values("floor")
    assert (found["MAR"].value, found["MAR"].derivation) == (0.3, "FLOOR")
    assert found["BFR/BS"].value == pytest.approx(BFR_BS)
    assert found["Mlt"].value == pytest.approx(MLT)
    assert {found[code].derivation for code in ("BFR/BS", "Ac.f", "Mlt")} == {"FLOOR"}
    assert found["MS/BS"].derivation == ""
    assert "mar-imputed" in notes


def test_censored__each_lies_on_its_own_side_and_has_no_value():
    found, notes = values("censored")
    told = {code: (one.value, one.censored, one.limit) for code, one in found.items() if one.censored}
    assert told["MAR"] == (None, "below", 0.3)
    assert told["BFR/BS"] == (None, "below", pytest.approx(BFR_BS))
    assert told["Ac.f"] == (None, "below", pytest.approx(AC_F))
    # The slower bone forms, the longer it waits for its mineral.
    assert told["Mlt"] == (None, "above", pytest.approx(MLT))
    assert found["MAR"].text == "<0.3"
    assert found["Mlt"].text == ">62.8319"
    assert found["MS/BS"].value == pytest.approx(5)
    assert "mar-censored" in notes
