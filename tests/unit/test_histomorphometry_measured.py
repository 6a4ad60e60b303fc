"""From entries to values of the dataset: where each belongs, what it rests on, and what is said of it."""

from __future__ import annotations

import math
from datetime import date

import pytest

from bonemetrics.histomorphometry.catalogue import DYNAMIC, MEASUREMENTS, measured, mixes_dimensions
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import HistomorphometryParameters
from tests.biopsies import ILIAC, ISOTROPIC, OTHERS, PRINTED, WORKED, entry, written_out

RULES = HistomorphometryParameters()
PRIMARIES = {code: value for code, value in WORKED.items() if code != "Ir.L.t"}


def told(*entries, **rules):
    return measured_entries(list(entries), HistomorphometryParameters(**rules))


def test_measured_entries__printed_example():
    values = {one.quantity: one for one in told(entry()).observations}
    for code, text in PRINTED.items():
        assert f"{values[code].value:.6g}" == text, code
    assert list(values) == [code for code in MEASUREMENTS if code in values]
    assert {one.unit for one in values.values()} <= {CATALOGUE[code].unit for code in values}


def test_measured_entries__with_the_other_convention():
    expected = written_out({**WORKED, **OTHERS}, ILIAC)
    values = {one.quantity: one.value for one in told(entry(factors=None), factor="iliac").observations}
    for code in PRINTED:
        assert math.isclose(values[code], expected[code], rel_tol=1e-12), code


def test_measured_entries__each_value_knows_where_it_is_from():
    (one,) = [value for value in told(entry(visit="Month 12")).observations if value.quantity == "MAR"]
    assert (one.subject, one.visit, one.day, one.sheet, one.line) == (
        *("CSM-04", "Month 12"),
        *(date(2016, 4, 30), "biopsies", 7),
    )
    assert (one.site, one.region, one.side, one.reader) == ("iliac-crest", "cancellous", None, "R1")
    assert (one.given, one.given_unit, one.derivation, one.text) == ("", "", "", "")
    assert one.method == "histomorphometry/1; factor isotropic"
    assert one.parameters == {
        "factor": "isotropic",
        "width_to_thickness": ISOTROPIC.width_to_thickness,
        "perimeter_to_surface": ISOTROPIC.perimeter_to_surface,
        "labels": "double",
        "referent": "TV",
        "erosion_definition": "",
        "osteoid_perimeter": "one-sided",
        "osteoid_width": "area over perimeter",
    }


def test_measured_entries__a_measurement_keeps_what_was_entered():
    (one,) = [value for value in told(entry()).observations if value.quantity == "B.Ar"]
    assert (one.value, one.given, one.given_unit) == (6.0, "6", "mm2")


def test_measured_entries__envelopes_are_regions_of_one_biopsy():
    found = told(
        entry(),
        entry(envelope="endocortical", line=8, primaries={"B.Pm": 30.0, "O.Pm": 2.4}),
        entry(envelope="periosteal", line=9, primaries={"B.Pm": 25.0, "O.Pm": 1.0}),
    )
    shares = {one.region: one.value for one in found.observations if one.quantity == "OS/BS"}
    assert shares == {
        "cancellous": pytest.approx(12.0),
        "endocortical": pytest.approx(8.0),
        "periosteal": pytest.approx(4.0),
    }
    assert [state for _, state in found.labels] == ["double", "unknown", "unknown"]
    assert {one.region for one in found.observations if one.quantity == "BV/TV"} == {"cancellous"}


def test_measured_entries__a_draft_gives_no_number_and_is_said():
    found = told(entry(state="draft"))
    assert (found.observations, found.labels) == ((), ())
    assert [one.code for _, one in found.notes] == ["draft-entry"]
    assert told(entry(state="locked")).observations != ()


def test_measured_entries__notes_stand_on_the_values_they_bear_on():
    facts = {"primaries": {**PRIMARIES, "T.Ar": 20.0, "W.Wi": 90.0}, "sections": 1, "core_broken": True}
    values = {one.quantity: [note.code for note in one.notes] for one in told(entry(**facts)).observations}
    general = ["small-tissue-area", "few-sections", "broken-core"]
    assert values["OS/BS"] == general
    # pi/4 × 90 = 70.7 um is above 60, and only W.Th says so.
    assert values["W.Th"] == ["value-unusual", *general]
    assert values["BV/TV"] == general


def test_measured_entries__outline_of_the_seams_is_halved():
    primaries = {**PRIMARIES, "O.Pm": 24.0}
    values = {one.quantity: one for one in told(entry(primaries=primaries, osteoid_perimeter="outline")).observations}
    assert values["O.Pm"].value == 12.0
    assert values["O.Pm"].given == "24"
    assert values["Mlt"].value == pytest.approx(40)
    assert "osteoid-outline" in [one.code for one in values["O.Th"].notes]
    of_the_study = told(entry(primaries=primaries, osteoid_perimeter=None), osteoid_perimeter="outline").observations
    assert {one.quantity: one.value for one in of_the_study}["O.Pm"] == 12.0
    own = told(entry(osteoid_perimeter="one-sided"), osteoid_perimeter="outline").observations
    assert {one.quantity: one.value for one in own}["O.Pm"] == 12.0


def test_measured_entries__a_measured_seam_width_comes_before_its_estimate():
    values = {one.quantity: one.value for one in told(entry(primaries={**PRIMARIES, "O.Wi": 11.0})).observations}
    assert values["O.Th"] == pytest.approx(math.pi / 4 * 11)


def test_measured_entries__a_second_biopsy_of_the_same_side():
    later = {"day": date(2017, 5, 2), "label1_start": None, "label1_end": None, "label2_start": None}
    later |= {"label2_end": None, "line": 8, "primaries": {"T.Ar": 40.0, "B.Ar": 6.0}}
    assert "same-side-biopsy" in [one.code for _, one in told(entry(), entry(**later)).notes]
    assert told(entry(), entry(side="left", **later)).notes == ()
    other = entry(**{**later, "subject": "CSM-05"})
    assert told(entry(), other).notes == ()


def test_measured_entries__without_factors_only_what_needs_none():
    values = {one.quantity: one for one in told(entry(factors=None)).observations}
    assert {"BV/TV", "OS/BS", "MS/BS", "Ac.f", "Mlt", "FP"} - values.keys() == {"Ac.f", "Mlt", "FP"} - values.keys()
    assert not {"Tb.Th", "MAR", "BFR/BS", "W.Th", "O.Th"} & values.keys()
    assert values["BV/TV"].method.endswith("factor not stated")
    # Ratios of widths do not depend on the factor.
    assert values["Mlt"].value == pytest.approx(40)
    assert values["Ac.f"].value == pytest.approx(0.27375)


def test_catalogue__every_quantity_once_with_its_pair_of_names():
    assert measured("BS/BV").name_2d == "B.Pm/B.Ar"
    assert (measured("O.Pm").name_3d, measured("O.Pm").unit_3d) == ("OS", "mm2")
    assert measured("Tb.Th").envelopes == ("cancellous",)
    assert (measured("N.Oc/B.Pm").name_3d, measured("N.Oc/B.Pm").name_2d) == ("", "N.Oc/B.Pm")
    assert {"MAR", "BFR/BS", "Mlt", "MS/BS", "dL.Pm", "Ac.f", "FP"} <= DYNAMIC
    assert not {"BV/TV", "OS/BS", "W.Th", "O.Th", "Tb.Sp"} & DYNAMIC
    assert not any("/BS" in code and code.startswith("N.") for code in MEASUREMENTS)


@pytest.mark.parametrize(
    ("name", "unit", "mixed"),
    [
        ("B.Ar", "mm3", True),
        ("BV", "mm2", True),
        ("B.Pm", "mm2", True),
        ("B.Ar", "mm2", False),
        ("BV", "mm3", False),
        ("O.Wi", "um", False),
        ("B.Ar", "g", False),
    ],
)
def test_mixes_dimensions(name, unit, mixed):
    assert mixes_dimensions(name, unit) == mixed
