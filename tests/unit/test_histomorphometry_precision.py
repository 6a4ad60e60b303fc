"""How precisely readers measure and what that makes of indices: by hand, by simulation, and against other software."""

from __future__ import annotations

from functools import partial
from math import sqrt

import numpy as np
import pytest
from scipy import optimize, stats

from bonemetrics.errors import AnalysisError
from bonemetrics.histomorphometry.algebra import Known
from bonemetrics.histomorphometry.censored import censored_mean
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.histomorphometry.precision import index_uncertainties, reader_precision
from bonemetrics.records import HistomorphometryParameters
from tests.biopsies import ISOTROPIC, OTHERS, WORKED, entry, written_out


def readings(code, *values):
    return [entry(entry=str(place), primaries={code: value}) for place, value in enumerate(values, start=1)]


def test_reader_precision__by_hand():
    groups = [readings("O.Pm", 10.0, 12.0), readings("O.Pm", 20.0, 21.0, 22.0), readings("O.Pm", 7.0)]
    one = reader_precision(groups)["O.Pm"]
    # Sums of squares 2 and 2 about 11 and 21, with 1 and 2 degrees of freedom; the single reading counts for nothing.
    assert (one.n_biopsies, one.degrees_of_freedom) == (2, 3)
    assert one.rms_sd == pytest.approx(sqrt(4 / 3))
    assert one.rms_cv_percent == pytest.approx(100 * sqrt((2 / 121 + 2 / 441) / 3))


def test_reader_precision__of_duplicates_is_half_the_squared_difference():
    # n-1 and not n: one pair that differs by 2 has SD sqrt(2), not 1.
    assert reader_precision([readings("E.Pm", 4.0, 6.0)])["E.Pm"].rms_sd == pytest.approx(sqrt(2))


def test_reader_precision__no_cv_about_a_mean_of_zero():
    one = reader_precision([readings("dL.Pm", 0.0, 0.0), readings("dL.Pm", 3.0, 4.0)])["dL.Pm"]
    assert one.rms_cv_percent is None
    assert one.rms_sd == pytest.approx(sqrt(0.5 / 2))
    assert reader_precision([readings("dL.Pm", 3.0)]) == {}


CVS = {"B.Ar": 2.0, "T.Ar": 1.0, "B.Pm": 3.0, "O.Ar": 8.0, "O.Pm": 6.0, "dL.Pm": 10.0, "sL.Pm": 12.0} | {
    "Ir.L.Wi": 5.0,
    "W.Wi": 4.0,
    "E.Pm": 9.0,
    "Oc.Pm": 20.0,
    "Ob.Pm": 15.0,
    "Ct.Wi": 2.0,
    "It.Wi": 2.0,
}
KNOWN = {code: Known(value) for code, value in WORKED.items()}


def test_index_uncertainties__to_first_order_by_hand():
    found = index_uncertainties(KNOWN, ISOTROPIC, CVS)
    assert found["BV/TV"] == pytest.approx(15 * sqrt(0.02**2 + 0.01**2), rel=1e-5)
    # Labelled 3 + 4/2 = 5 mm: 10 % of 3 and half of 12 % of 4.
    labelled = sqrt(0.3**2 + 0.24**2) / 5
    assert found["MS/BS"] == pytest.approx(5 * sqrt(labelled**2 + 0.03**2), rel=1e-5)
    assert found["BFR/BS"] == pytest.approx(8.60011 * sqrt(labelled**2 + 0.03**2 + 0.05**2), rel=1e-5)
    assert found["Ac.f"] == pytest.approx(0.27375 * sqrt(labelled**2 + 0.03**2 + 0.05**2 + 0.04**2), rel=1e-5)
    # Mlt = O.Ar/O.Pm × O.Pm/labelled / rate: the length of the seams cancels.
    assert found["Mlt"] == pytest.approx(40 * sqrt(0.08**2 + labelled**2 + 0.05**2), rel=1e-5)
    # QS = 100 - 12 - 4, in which B.Pm moves both parts.
    assert found["Q.Pm"] == pytest.approx(sqrt(3.0**2 + 0.72**2 + 0.36**2), rel=1e-5)


def test_index_uncertainties__against_a_simulation():
    chance = np.random.default_rng(20160430)
    scale = 0.25
    codes = ["BV/TV", "Tb.Sp", "MS/BS", "BFR/BS", "BFR/TV", "Ac.f", "Mlt", "FP", "QS/BS", "MAR"]
    seen = {code: [] for code in codes}
    for _ in range(4000):
        moved = {
            code: value * (1 + scale * CVS.get(code, 0.0) / 100 * chance.standard_normal())
            for code, value in WORKED.items()
        }
        values = written_out({**moved, **OTHERS}, ISOTROPIC)
        for code in codes:
            seen[code].append(values[code])
    found = index_uncertainties(KNOWN, ISOTROPIC, {code: scale * cv for code, cv in CVS.items()})
    for code in codes:
        # The SD of 4000 draws is known to 1.1 %; four of these.
        assert found[code] == pytest.approx(np.std(seen[code], ddof=1), rel=0.045), code


def test_index_uncertainties__counting_and_rounding():
    found = index_uncertainties({"N.Oc": Known(25.0), "B.Pm": Known(100.0, 0.5)}, ISOTROPIC, {"B.Pm": 3.0})
    assert found["N.Oc"] == pytest.approx(5.0)
    # √25/25, and 3 % with 0.5/√3 of rounding.
    assert found["N.Oc/B.Pm"] == pytest.approx(0.25 * sqrt(0.2**2 + 0.03**2 + (0.005 / sqrt(3)) ** 2), rel=1e-5)
    interval = index_uncertainties({"Ir.L.t": Known(15.0, 0.5)}, ISOTROPIC, {})
    assert interval == {"Ir.L.t": pytest.approx(0.5 / sqrt(3))}


def test_index_uncertainties__none_where_a_precision_is_not_stated():
    found = index_uncertainties(KNOWN, ISOTROPIC, {"B.Ar": 2.0, "T.Ar": 1.0})
    assert found.keys() == {"B.Ar", "T.Ar", "BV/TV"}


def test_index_uncertainties__a_repeated_measurement_hides_nothing():
    # Q.Pm and the others repeat each other; the perimeter's part must not be lost.
    plain = index_uncertainties(KNOWN, ISOTROPIC, CVS)
    more = index_uncertainties({**KNOWN, "Q.Pm": Known(84.0)}, ISOTROPIC, {**CVS, "Q.Pm": 1.0})
    assert more["OS/BS"] == pytest.approx(plain["OS/BS"], rel=1e-6)
    assert more["Q.Pm"] == pytest.approx(0.84)


def test_measured_entries__carry_the_uncertainty():
    found = measured_entries([entry()], HistomorphometryParameters(reader_cv_percent=CVS))
    values = {one.quantity: one.standard_uncertainty for one in found.observations}
    assert values["BV/TV"] == pytest.approx(15 * sqrt(0.02**2 + 0.01**2), rel=1e-5)
    # Relative parts: label 7.68 %, perimeter 3 %, distance 5 %, wall 4 %; the dates are exact.
    assert values["Ac.f"] == pytest.approx(0.27375 * 0.104422, rel=1e-4)
    assert values["Ir.L.t"] is None
    plain = measured_entries([entry()], HistomorphometryParameters())
    assert {one.standard_uncertainty for one in plain.observations} == {None}


OBSERVED = [0.42, 0.35, 0.61, 0.55, 0.38, 0.71, 0.47]


def test_censored_mean__against_scipy():
    # CensoredData of scipy.stats.norm.fit, an independent maximum-likelihood fit.
    limits = [0.3, 0.3, 0.25]
    data = stats.CensoredData(uncensored=OBSERVED, left=limits)
    mean, sd = stats.norm.fit(data, optimizer=partial(optimize.fmin, xtol=1e-9, ftol=1e-12))
    found = censored_mean(OBSERVED, limits)
    assert (found.n_observed, found.n_censored) == (7, 3)
    assert found.mean == pytest.approx(mean, abs=1e-5)
    assert found.sd == pytest.approx(sd, abs=1e-5)
    # Lower than the observed mean, and lower than with 0.3 in place of the censored.
    assert found.mean < np.mean([*OBSERVED, 0.3, 0.3, 0.3])


def test_censored_mean__without_censoring_is_the_plain_mean():
    found = censored_mean(OBSERVED, [])
    assert found.mean == pytest.approx(np.mean(OBSERVED), abs=1e-8)
    assert found.sd == pytest.approx(np.std(OBSERVED), rel=1e-6)
    assert found.standard_error == pytest.approx(np.std(OBSERVED) / sqrt(7), rel=1e-4)


def test_censored_mean__recovers_what_was_cut_off():
    chance = np.random.default_rng(11)
    values = chance.normal(0.5, 0.15, 3000)
    found = censored_mean(list(values[values >= 0.4]), [0.4] * int((values < 0.4).sum()))
    # A standard error of 0.15/√3000 is 0.0027; four of these.
    assert found.mean == pytest.approx(0.5, abs=0.012)
    assert found.sd == pytest.approx(0.15, abs=0.012)


@pytest.mark.parametrize(("observed", "code"), [([0.4, 0.5], "too-few-subjects"), ([0.4, 0.4, 0.4], "not-estimable")])
def test_censored_mean__refuses_what_cannot_be_fitted(observed, code):
    with pytest.raises(AnalysisError) as caught:
        censored_mean(observed, [0.3])
    assert caught.value.code == code
