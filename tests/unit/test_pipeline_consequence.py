from __future__ import annotations

import pytest

from bonemetrics.errors import MaterialMismatchError, UsageError
from bonemetrics.pipeline.consequence import consequence
from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import Measurement, Provenance
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.protocol_tables import ParameterTable, PrecisionTable

REGION = {"Tt": "total", "Tb": "trabecular", "Ct": "cortical", "BV": "trabecular"}


def number(quantity: str, value: float, *, material=Material.HA, sha256: str = "ab") -> Measurement:
    return Measurement(
        quantity=quantity,
        value=value,
        region=REGION[quantity[:2]],
        side="left",
        material=material if CATALOGUE[quantity].needs_material else None,
        provenance=Provenance(method="test", software_version="0", input_sha256=sha256),
    )


def parameter(paramcd: str, quantity: str, unit: str) -> ParameterTable:
    return ParameterTable(paramcd=paramcd, param=paramcd, quantity=quantity, site="radius", unit=unit)


def protocol(*precision: PrecisionTable) -> Protocol:
    return Protocol(
        parameters=(parameter("RADTBD", "Tb.vBMD", "mg/cm3"), parameter("RADCTAR", "Ct.Ar", "mm2")),
        precision=precision,
    )


def test_consequence__shows_every_number_that_was_measured_with_unit_and_material():
    # Asked for by the protocol first, then densities, then the rest in the order of the catalogue.
    before = (number("Tt.V", 450.0), number("Ct.Ar", 28.0), number("Tt.vBMD", 301.0), number("Tb.vBMD", 177.5))
    after = (number("Tt.vBMD", 300.0), number("Tb.vBMD", 174.0), number("Ct.Ar", 30.5), number("Tt.V", 451.0))
    found = consequence(before, after, protocol(), scanner="3012")
    assert [(one.quantity, one.before, one.after, one.difference, one.unit, one.material) for one in found] == [
        ("Tb.vBMD", 177.5, 174.0, -3.5, "mg/cm3", Material.HA),
        ("Ct.Ar", 28.0, 30.5, 2.5, "mm2", None),
        ("Tt.vBMD", 301.0, 300.0, -1.0, "mg/cm3", Material.HA),
        ("Tt.V", 450.0, 451.0, 1.0, "mm3", None),
    ]
    assert {(one.lsc, one.exceeds) for one in found} == {(None, None)}
    assert [one.region for one in found] == ["trabecular", "cortical", "total", "total"]


def test_consequence__shows_microstructure_as_soon_as_it_is_measured():
    before = (number("Tb.Th", 241.0), number("BV/TV", 14.5))
    after = (number("BV/TV", 14.0), number("Tb.Th", 243.5))
    found = consequence(before, after, protocol(), scanner="")
    assert {(one.quantity, one.unit, one.region, one.before, one.after, one.difference) for one in found} == {
        ("Tb.Th", "um", "trabecular", 241.0, 243.5, 2.5),
        ("BV/TV", "%", "trabecular", 14.5, 14.0, -0.5),
    }


@pytest.mark.parametrize(("after", "exceeds"), [(180.5, False), (180.6, True), (174.3, True), (174.5, False)])
def test_consequence__holds_the_size_of_a_difference_against_the_least_significant_change(after, exceeds):
    # 177.5 + 3.1 = 180.6: a change of the limit itself reaches it, whatever binary numbers make of it.
    limits = protocol(PrecisionTable(paramcd="RADTBD", scanner="3012", lsc=3.1))
    (found,) = consequence((number("Tb.vBMD", 177.5),), (number("Tb.vBMD", after),), limits, scanner="3012")
    assert (found.paramcd, found.lsc, found.exceeds) == ("RADTBD", 3.1, exceeds)


def test_consequence__a_limit_in_per_cent_is_of_the_number_before():
    limits = protocol(PrecisionTable(paramcd="RADCTAR", lsc_percent=4.0))
    (found,) = consequence((number("Ct.Ar", 25.0),), (number("Ct.Ar", 26.5),), limits, scanner="")
    assert (found.lsc, found.exceeds) == (1.0, True)


def test_consequence__says_why_no_limit_is_known():
    limits = protocol(PrecisionTable(paramcd="RADTBD", scanner="3012", lsc=3.1))
    (found,) = consequence((number("Tb.vBMD", 177.5),), (number("Tb.vBMD", 100.0),), limits, scanner="4711")
    assert (found.lsc, found.exceeds, [one.code for one in found.notes]) == (None, None, ["lsc-unknown"])


def test_consequence__the_smallest_limit_of_several_parameters_counts():
    wanted = (parameter("LOOSE", "Tb.vBMD", "mg/cm3"), parameter("TIGHT", "Tb.vBMD", "mg/cm3"))
    limits = Protocol(
        parameters=wanted,
        precision=tuple(PrecisionTable(paramcd=name, lsc=lsc) for name, lsc in (("LOOSE", 5.0), ("TIGHT", 2.0))),
    )
    (found,) = consequence((number("Tb.vBMD", 177.5),), (number("Tb.vBMD", 174.0),), limits, scanner="")
    assert (found.paramcd, found.lsc, found.exceeds) == ("TIGHT", 2.0, True)


def test_consequence__a_number_that_only_one_side_has_has_no_difference():
    before, after = (number("Tb.vBMD", 177.5), number("Ct.Ar", 28.0)), (number("Tb.vBMD", 174.0), number("Tb.Th", 9.0))
    found = consequence(before, after, protocol(PrecisionTable(paramcd="RADCTAR", lsc=1.0)), scanner="")
    assert [(one.quantity, one.before, one.after, one.difference, one.lsc, one.exceeds) for one in found[1:]] == [
        ("Ct.Ar", 28.0, None, None, None, None),
        ("Tb.Th", None, 9.0, None, None, None),
    ]
    assert consequence((), (), protocol(), scanner="") == ()


def test_consequence__numbers_of_two_methods_are_never_compared():
    before = number("Tb.Th", 241.0)
    told = before.provenance.model_copy(update={"method": "another"})
    found = consequence(
        (before,), (before.model_copy(update={"value": 200.0, "provenance": told}),), protocol(), scanner=""
    )
    assert [(one.before, one.after, one.difference) for one in found] == [(241.0, None, None), (None, 200.0, None)]


def test_consequence__refuses_a_number_that_is_there_twice():
    twice = (number("Tb.vBMD", 177.5), number("Tb.vBMD", 174.0))
    with pytest.raises(UsageError, match="twice"):
        consequence(twice, (), protocol(), scanner="")


def test_consequence__refuses_densities_on_two_scales_and_numbers_of_two_scans():
    before = (number("Tb.vBMD", 177.5),)
    with pytest.raises(MaterialMismatchError, match="K2HPO4"):
        consequence(before, (number("Tb.vBMD", 174.0, material=Material.K2HPO4),), protocol(), scanner="")
    with pytest.raises(UsageError, match="one scan"):
        consequence(before, (number("Tb.vBMD", 174.0, sha256="cd"),), protocol(), scanner="")
