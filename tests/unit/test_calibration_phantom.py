"""Rods to a calibration: told by place or by fit, and every refusal with its reason."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.calibration.catalogue import PHANTOMS, phantom_named
from bonemetrics.calibration.phantom import from_phantom
from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, Phantom, Rod, RodReading

PLACES = {"a": (0.0, 0.0), "b": (17.0, 3.0), "c": (35.0, -4.0), "d": (61.0, 9.0)}
DENSITIES = {"a": 400.0, "b": 0.0, "c": 200.0, "d": 100.0}


def reading(hu: float, at=(0.0, 0.0), *, error=0.5, diameter=12.0, axis=(0.0, 0.0, 1.0)) -> RodReading:
    """A rod whose axis pierces the plane z = 0 at `at`."""
    return RodReading(
        centre_lps_mm=(float(at[0]), float(at[1]), 0.0),
        axis_lps=axis,
        diameter_mm=diameter,
        mean_hu=hu,
        sd_hu=9.0,
        standard_error_hu=error,
        n_voxels=4000,
        n_slices=40,
    )


def phantom(*, places=True, diameters=None, **changes) -> Phantom:
    rods = tuple(
        Rod(
            name=name,
            density=density,
            x_mm=PLACES[name][0] if places else None,
            y_mm=PLACES[name][1] if places else None,
            diameter_mm=(diameters or {}).get(name),
        )
        for name, density in DENSITIES.items()
    )
    return Phantom(**{"name": "Four", "serial": "F-1", "material": Material.HA, "rods": rods, **changes})


def hu_of(density: float) -> float:
    """HU of a rod on a scanner with slope 0.8 and intercept -4."""
    return (density + 4.0) / 0.8


def scan(*, degrees=0.0, mirror=False, shift=(0.0, 0.0), names="abcd", **changes) -> list[RodReading]:
    turn = np.exp(1j * np.deg2rad(degrees))
    found = []
    for name in names:
        at = complex(*PLACES[name])
        at = (at.conjugate() if mirror else at) * turn + complex(*shift)
        found.append(reading(hu_of(DENSITIES[name]), (at.real, at.imag), **changes))
    return found


def catalogue_scan(name: str, slope=0.8, intercept=-4.0) -> list[RodReading]:
    known = PHANTOMS[name]
    if known.formula == "mindways":
        # HU = water + sigma_ref density + beta_ref, with sigma_ref 1.4 and beta_ref -1001.
        return [reading(rod.water + 1.4 * rod.density - 1001.0) for rod in known.rods]
    return [reading((rod.density - intercept) / slope) for rod in known.rods]


def codes(calibration: Calibration) -> set[str]:
    return {problem.code for problem in calibration.notes}


def refused(*args, **kwargs) -> CalibrationError:
    with pytest.raises(CalibrationError) as caught:
        from_phantom(*args, **kwargs)
    return caught.value


@pytest.mark.parametrize("degrees", [0.0, 77.0, 180.0, -131.0])
@pytest.mark.parametrize("mirror", [False, True])
def test_from_phantom__tells_rods_by_place_however_the_phantom_lies(degrees, mirror):
    readings = scan(degrees=degrees, mirror=mirror, shift=(-83.0, 40.0), names="dbca")
    found = from_phantom(readings, [phantom()])
    assert found.slope == pytest.approx(0.8, abs=1e-9)
    assert found.intercept == pytest.approx(-4.0, abs=1e-9)
    assert found.parameters["rods_told_by"] == "place"
    assert found.parameters["place_rms_mm"] == pytest.approx(0.0, abs=1e-6)
    assert codes(found) == set()


def test_from_phantom__tells_rods_by_place_when_their_axis_is_oblique():
    # Points on a slice across z, rods that run along (0.3, -0.2, 1): their places are seen stretched on the slice.
    axis = np.array([0.3, -0.2, 1.0]) / np.linalg.norm([0.3, -0.2, 1.0])
    across = np.cross(axis, [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    other = np.cross(axis, across)
    readings = []
    for name in "cadb":
        point = PLACES[name][0] * across + PLACES[name][1] * other
        point = point - axis * point[2] / axis[2]
        readings.append(reading(hu_of(DENSITIES[name]), point[:2], axis=tuple(axis)))
    assert from_phantom(readings, [phantom()]).parameters["place_rms_mm"] == pytest.approx(0.0, abs=1e-6)


def test_from_phantom__place_outweighs_the_order_of_hu():
    # Rods b and d exchanged in the certificate: the places say so, the HU then do not fit, and it is refused.
    wrong = {**DENSITIES, "b": 100.0, "d": 0.0}
    rods = tuple(
        Rod(name=name, density=density, x_mm=PLACES[name][0], y_mm=PLACES[name][1]) for name, density in wrong.items()
    )
    assert refused(scan(), [phantom(rods=rods)]).code == "phantom-fit-poor"


def test_from_phantom__ignores_a_cylinder_that_is_no_rod_where_places_are_known():
    found = from_phantom([reading(900.0, (-40.0, 5.0)), *scan()], [phantom()])
    assert found.slope == pytest.approx(0.8, abs=1e-9)
    assert found.parameters["cylinders_left_over"] == 1


def test_from_phantom__tells_rods_by_fit_without_places_and_says_so():
    found = from_phantom(scan(names="dbca"), [phantom(places=False)])
    assert found.slope == pytest.approx(0.8, abs=1e-9)
    assert [rod["mean_hu"] for rod in found.parameters["rods"]] == pytest.approx([505.0, 5.0, 255.0, 130.0])
    assert codes(found) == {"rod-arrangement-unknown"}


def test_from_phantom__refuses_rods_at_other_places():
    readings = [*scan(names="abd"), reading(hu_of(200.0), (35.0, 4.0))]
    assert refused(readings, [phantom()]).code == "phantom-arrangement"


def test_from_phantom__refuses_rods_of_another_thickness():
    thick = dict.fromkeys("abcd", 12.0)
    assert refused(scan(diameter=14.0), [phantom(diameters=thick)]).code == "phantom-arrangement"
    assert from_phantom(scan(diameter=12.6), [phantom(diameters=thick)]).slope == pytest.approx(0.8)


@pytest.mark.parametrize("name", sorted(PHANTOMS))
def test_from_phantom__every_built_in_phantom_gives_its_line_back(name):
    found = from_phantom(catalogue_scan(name)[::-1], name=name)
    known = PHANTOMS[name]
    # Mindways: sigma 1.4 - 0.2174 = 1.1826, beta -1001 + 999.6 = -1.4.
    expected = (1 / 1.1826, 1.4 / 1.1826) if known.formula == "mindways" else (0.8, -4.0)
    assert (found.slope, found.intercept) == pytest.approx(expected, abs=1e-9)
    assert found.material is known.material
    assert "catalogue-densities" in codes(found)


@pytest.mark.parametrize("name", sorted(set(PHANTOMS) - {"Siemens-Osteo"}))
def test_from_phantom__finds_out_which_built_in_phantom_it_is(name):
    assert from_phantom(catalogue_scan(name)).parameters["phantom"] == name


def test_from_phantom__a_two_rod_phantom_must_be_named():
    assert refused(catalogue_scan("Siemens-Osteo")).code == "phantom-ambiguous"
    found = from_phantom(catalogue_scan("Siemens-Osteo"), name="siemens osteo")
    assert "two-rod-phantom" in codes(found)
    assert [rod["left_out_mg_per_cm3"] for rod in found.parameters["rods"]] == [None, None]


def test_from_phantom__two_serials_of_one_make_must_be_named():
    two = [phantom(), phantom(serial="F-2", name="Four B")]
    error = refused(scan(), two)
    assert error.code == "phantom-ambiguous"
    assert "Four (F-1), Four B (F-2)" in error.message
    assert from_phantom(scan(), two, name="F-2").parameters["serial"] == "F-2"


def test_from_phantom__three_rods_are_no_two_rod_phantom():
    readings = [reading(hu_of(density)) for density in (0.0, 120.0, 310.0)]
    assert refused(readings, name="Siemens-Osteo").code == "phantom-ambiguous"


def test_from_phantom__names_the_twins_of_the_mindways_qa_phantom():
    # Rods C and D differ by 0.08 mg/cm3 and by 0.58 in water: 0.7 HU, which no scan tells apart.
    found = from_phantom(catalogue_scan("Mindways Model 3 QA"), name="Mindways Model 3 QA")
    assert "rods-indistinguishable" in codes(found)
    assert any("rods C, D" in problem.message for problem in found.notes)
    # Exchanging them moves HU by 0.7, so less than 1 mg/cm3 anywhere near the rods.
    assert found.uncertainty_at(150.0) < 1.0


def test_from_phantom__mindways_a_and_b_are_told_by_their_water():
    # 1.57 mg/cm3 apart, but 44.7 in water: about 42 HU.
    assert "rods-indistinguishable" not in codes(from_phantom(catalogue_scan("Mindways Model 3 CT")))


@pytest.mark.parametrize("index", range(4))
def test_from_phantom__refuses_a_rod_off_the_line(index):
    readings = scan()
    # 40 HU are 32 mg/cm3: a streak across one rod.
    readings[index] = readings[index].model_copy(update={"mean_hu": readings[index].mean_hu + 40.0})
    assert refused(readings, [phantom()]).code == "phantom-fit-poor"


def test_from_phantom__refuses_a_rod_that_the_others_do_not_predict():
    # 800 alone far out: the line through all follows it, the line through the others is off by 55 mg/cm3.
    rods = tuple(Rod(name=name, density=density) for name, density in zip("abc", (0.0, 100.0, 800.0), strict=True))
    readings = [reading(hu) for hu in (0.0, 117.0, 1040.0)]
    error = refused(readings, [Phantom(name="Far", material=Material.HA, rods=rods)])
    assert error.code == "phantom-fit-poor"
    assert "through the other rods" in error.message


def test_from_phantom__refuses_hu_that_follow_electron_density():
    # Direct-density reconstruction: HU = 0.58 density (HA), a straight line of 1.72 mg/cm3 per HU.
    error = refused([reading(0.58 * density) for density in DENSITIES.values()], [phantom(places=False)])
    assert error.code == "phantom-fit-poor"
    assert "direct density" in error.message


def test_from_phantom__refuses_hu_that_bend():
    bent = [
        reading(density * 1.25 if density <= 200 else 250 + (density - 200) * 0.9) for density in DENSITIES.values()
    ]
    assert refused(bent, [phantom(places=False)]).code == "phantom-fit-poor"


@pytest.mark.parametrize("hu", [(50.0, 50.0, 50.0, 50.0), (-400.0, 0.0, -200.0, -100.0)])
def test_from_phantom__refuses_rods_that_do_not_rise(hu):
    readings = [reading(value, PLACES[name]) for name, value in zip("abcd", hu, strict=True)]
    error = refused(readings, [phantom()])
    assert error.code == "phantom-fit-poor"
    assert "do not rise" in error.message


def test_from_phantom__refuses_water_far_from_zero():
    readings = [reading((density + 4.0) / 0.8 - 300.0) for density in DENSITIES.values()]
    assert refused(readings, [phantom(places=False)]).code == "phantom-fit-poor"


@pytest.mark.parametrize(
    ("readings", "truncated", "code"),
    [
        ([], 0, "phantom-not-found"),
        ([], 3, "phantom-truncated"),
        (scan(names="abc"), 0, "rod-missing"),
        (scan(names="abc"), 1, "phantom-truncated"),
    ],
)
def test_from_phantom__refuses_an_incomplete_phantom(readings, truncated, code):
    assert refused(readings, [phantom()], truncated=truncated).code == code


def test_from_phantom__with_several_candidates_a_cut_rod_refuses_all():
    assert refused(catalogue_scan("QRM-BDC 3-rod"), truncated=1).code == "phantom-truncated"


def test_from_phantom__says_that_no_built_in_phantom_fits():
    error = refused([reading(hu) for hu in (0.0, 10.0, 900.0)])
    assert error.code == "phantom-fit-poor"
    assert "QRM-BDC 3-rod" in error.message
    assert refused([reading(100.0)]).code == "rod-missing"


def test_from_phantom__refuses_too_many_cylinders():
    readings = [reading(float(40 * index)) for index in range(12)]
    assert refused(readings, name="QRM-BDC 6-rod").code == "phantom-ambiguous"


@pytest.mark.parametrize(
    "changes",
    [
        {"rods": ()},
        {"rods": (Rod(name="a", density=100.0),)},
        {"rods": (Rod(name="a", density=100.0), Rod(name="b", density=100.0, water=3.0))},
        {"formula": "mindways"},
    ],
)
def test_from_phantom__refuses_an_incomplete_description(changes):
    assert refused(scan(), [phantom(**changes)]).code == "phantom-incomplete"


def test_from_phantom__scatter_beyond_noise_widens_the_covariance():
    quiet = from_phantom(scan(), [phantom()])
    readings = scan()
    readings[2] = readings[2].model_copy(update={"mean_hu": readings[2].mean_hu + 5.0})
    loud = from_phantom(readings, [phantom()])
    assert loud.uncertainty_at(150.0) > 2.0 * quiet.uncertainty_at(150.0)


def test_from_phantom__same_rods_in_any_order_give_the_same():
    one, other = from_phantom(scan(names="abcd"), [phantom()]), from_phantom(scan(names="cdab"), [phantom()])
    assert one.slope == pytest.approx(other.slope, rel=1e-12)
    assert np.array(one.covariance) == pytest.approx(np.array(other.covariance), rel=1e-9)


def test_phantom_named__knows_beginnings_serials_and_the_protocol_first():
    assert phantom_named("qrm-bdc 3").name == "QRM-BDC 3-rod"
    assert phantom_named("#G2730").name == "Image Analysis QCT-3D Plus"
    mine = phantom(name="QRM-BDC 3-rod", serial="BDC-99")
    assert phantom_named("QRM-BDC 3-rod", [mine]) is mine


@pytest.mark.parametrize(
    ("name", "code"),
    [("Mindways", "phantom-ambiguous"), ("nothing", "unknown-phantom"), ("-", "unknown-phantom")],
)
def test_phantom_named__refuses_what_it_cannot_settle(name, code):
    with pytest.raises(CalibrationError) as caught:
        phantom_named(name)
    assert caught.value.code == code


def test_catalogue__states_no_places_diameters_or_uncertainties():
    for known in PHANTOMS.values():
        assert "Bonelab/Ogo" in known.source
        for rod in known.rods:
            assert (rod.x_mm, rod.y_mm, rod.diameter_mm, rod.density_uncertainty) == (None,) * 4
            assert (rod.water is not None) == (known.formula == "mindways")
