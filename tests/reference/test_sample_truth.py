"""The phantom's truth against numbers worked by hand and against another way of integrating."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bonemetrics.sample.cases import cylinder, kidney, random_phantom
from bonemetrics.sample.clinical import outcome_truth
from bonemetrics.sample.shapes import Bone, Outline, Shell, Texture
from bonemetrics.sample.truth import bone_truth, integration_error


def test_truth__tube_areas_and_volumes_by_hand():
    # Outer radius 8 mm, shell 0.9 mm: pi·64 = 201.0619, pi·7.1² = 158.3677; 3 slices of 0.7 mm.
    truth = bone_truth(cylinder(radius_mm=8.0, shell_mm=0.9), (-1.1, 1.0), n_slices=3)
    assert truth.tt_ar == pytest.approx(201.06193, abs=1e-5)
    assert truth.tb_ar == pytest.approx(158.36769, abs=1e-5)
    assert truth.ct_ar == pytest.approx(42.69424, abs=1e-5)
    assert truth.ct_v == pytest.approx(42.69424 * 2.1, abs=1e-4)
    # 7.1²/8² = 0.78765625, so 120 · 0.78765625 + 950 · 0.21234375
    assert truth.tt_vbmd == pytest.approx(296.24531, abs=1e-4)
    assert (truth.tb_vbmd, truth.ct_vbmd, truth.n_slices) == (pytest.approx(120.0), 950.0, 3)


def test_truth__central_45_of_a_tube_is_the_inner_circle_of_that_area():
    # Area 0.45 · pi · 64; radius 8 · sqrt(0.45) = 5.3666 mm, deeper than 3 mm inside 8.9 - 0.9 only in part.
    flat = bone_truth(cylinder(radius_mm=8.0, shell_mm=0.9), (0.0, 1.0), n_slices=1)
    assert flat.central_ar == pytest.approx(0.45 * 201.06193, abs=1e-5)
    assert flat.central_vbmd == pytest.approx(120.0, abs=1e-9)


def test_truth__rise_towards_the_shell_integrated_by_hand():
    # Depth d from the endosteal circle R = 7.1, rise 130 over 3 mm falling by the smoothstep S(u), u = d/3:
    # mean rise = 130 · 2/R² · int_0^1 (1 - S(u)) (R - 3u) 3 du, with int (1 - S) = 1/2 and int u (1 - S) = 1/7,
    # so 130 · 2/50.41 · (7.1 · 3/2 - 9/7) = 48.29824.
    truth = bone_truth(cylinder(radius_mm=8.0, shell_mm=0.9, rise=130.0), (0.0, 1.0), n_slices=1)
    assert truth.tb_vbmd == pytest.approx(120.0 + 48.29824, abs=1e-5)


def test_truth__widening_tube_has_the_volume_of_a_cone_stump():
    # Radius 8 · (1 + 0.02 z): 8 mm at z = 0 and 8.8 mm at z = 5; V = pi · 5/3 · (64 + 8 · 8.8 + 77.44) = 1109.19165.
    bone = replace(cylinder(radius_mm=8.0, shell_mm=0.9), widening_per_mm=0.02)
    assert bone_truth(bone, (0.0, 5.0), n_slices=10).tt_v == pytest.approx(1109.19165, abs=1e-3)


def test_truth__outline_of_two_waves_by_hand():
    # Area of r = R (1 + a cos 2t): pi R² (1 + a²/2); R = 6, a = 0.1: 113.66282.
    bone = Bone(outline=Outline(radius_mm=6.0, waves=((2, 0.1, 0.3),)), shell=Shell(mean_mm=0.6))
    assert bone_truth(bone, (0.0, 1.0), n_slices=1).tt_ar == pytest.approx(113.66282, abs=1e-5)


def test_truth__textured_kidney_agrees_with_a_plain_sum_over_points():
    # The independent way: 1.4 million points on a square grid, inside or outside by the polar form.
    rng = np.random.default_rng(5)
    bone = replace(
        kidney(rng, radius_mm=5.5, seed=5),
        texture=Texture(seed=9, sd_mg_per_cm3=400.0, n_waves=16),
        turn_deg_per_mm=0.0,
    )
    truth = bone_truth(bone, (0.0, 1e-6), n_slices=1)
    section = bone.section(0.0, 8192)
    step = 0.008
    axis = np.arange(-7.0, 7.0, step) + step / 2
    x, y = np.meshgrid(axis, axis)
    angle, edge = np.arctan2(section.endosteal[:, 1], section.endosteal[:, 0]), np.hypot(*section.endosteal.T)
    tangent = section.endosteal_step
    support = (section.endosteal[:, 0] * tangent[:, 1] - section.endosteal[:, 1] * tangent[:, 0]) / np.hypot(*tangent.T)
    phi, r = np.arctan2(y, x).ravel(), np.hypot(x, y).ravel()
    reach = np.interp(phi, angle, edge, period=2 * np.pi)
    inside = r < reach
    u = np.clip((1 - r / reach) * np.interp(phi, angle, support, period=2 * np.pi) / 3.0, 0, 1)[inside]
    density = bone.core_mg_per_cm3 + bone.rise_mg_per_cm3 * (1 - u**3 * (10 - 15 * u + 6 * u**2))
    vectors, amplitudes, phases = bone.texture.waves()
    points = np.stack([x.ravel()[inside], y.ravel()[inside]], axis=1) + section.centre_mm
    for vector, amplitude, phase in zip(vectors, amplitudes, phases, strict=True):
        density += amplitude * np.cos(points @ vector[:2] + phase)
    # A grid of 8 µm misplaces some 3e-5 of the area; densities up to 1500 mg/cm³ make that 0.03.
    assert truth.tb_ar == pytest.approx(inside.sum() * step**2, rel=5e-5)
    assert truth.tb_vbmd == pytest.approx(density.mean(), abs=0.04)
    # Without its texture the bone has another mean, so the comparison sees it.
    plain = bone_truth(replace(bone, texture=None), (0.0, 1e-6), n_slices=1)
    assert abs(plain.tb_vbmd - truth.tb_vbmd) > 0.5


@pytest.mark.parametrize(("seed", "voxel_mm"), [(1, 0.061), (2, 0.25), (17, 0.5), (33, 0.082)])
def test_truth__integrals_have_converged(seed, voxel_mm):
    scan = random_phantom(seed, voxel_mm)
    assert integration_error(scan.phantom.radius, (-0.7, 0.4)) < 1e-6


def test_truth__shell_rise_and_density_stay_in_the_promised_ranges():
    for seed in range(60):
        bone = random_phantom(seed, 0.5).phantom.radius
        for z in (-3.0, 3.0):
            section = bone.section(z, 720)
            thickness = np.hypot(*(section.periosteal - section.endosteal).T)
            assert 0.4 <= thickness.min() < thickness.max() <= 1.2
        assert 60 <= bone.core_mg_per_cm3 <= 200
        assert bone.rise_mg_per_cm3 >= 100
        assert 850 <= bone.cortical_mg_per_cm3 <= 1100
        assert (np.abs(section.periosteal) <= 7.2).all()


def test_truth__refuses_what_has_no_truth():
    with pytest.raises(ValueError, match="thickness"):
        bone_truth(cylinder(radius_mm=8.0, shell_mm=0.9), (1.0, 1.0), n_slices=1)
    with pytest.raises(ValueError, match="meets the shell"):
        bone_truth(cylinder(radius_mm=3.0, shell_mm=1.1), (0.0, 1.0), n_slices=1)
    with pytest.raises(ValueError, match="sharpest bend"):
        Bone(outline=Outline(radius_mm=4.0, waves=((6, 0.1, 0.0),)), shell=Shell(mean_mm=1.2)).section(0.0, 64)
    with pytest.raises(ValueError, match="weights"):
        Shell(mean_mm=0.8, swing_mm=0.2, waves=((1, 0.9, 0.0), (2, 0.2, 0.0)))


HAND = {"T_Ar": 50.0, "B_Ar": 10.0, "B_Pm": 100.0, "O_Ar": 0.08, "O_Pm": 10.0, "D_Pm": 4.0, "S_Pm": 4.0, "W_Wi": 40.0}
"""A biopsy of round numbers; all that follows is worked on paper with 4/pi and pi/4 and labels 15 days apart."""


def test_indices__of_a_biopsy_worked_by_hand():
    # BS/BV = 4/pi · 100/10; Tb.Th = 2000/(BS/BV) = 50 pi; Tb.N = 0.2/0.05 pi = 4/pi; Tb.Sp = 50 pi · 4;
    # O.Th = pi/4 · 80/10; MS/BS = 100 (4 + 4/2)/100; MAR = pi/4 · 12/15 = 0.2 pi; BFR/BS = 0.2 pi · 6 · 3.65;
    # Mlt = 2 pi/(0.2 pi · 6/10); Ac.f = 4.38 pi/10 pi.
    expected = {
        "HBVTV": 20.0,
        "HTBTH": 157.07963,
        "HTBN": 1.2732395,
        "HTBSP": 628.31853,
        "HOSBS": 10.0,
        "HOTH": 6.2831853,
        "HWTH": 31.415927,
        "HMSBS": 6.0,
        "HMAR": 0.62831853,
        "HBFRBS": 13.760176,
        "HMLT": 16.666667,
        "HACF": 0.438,
    }
    assert outcome_truth.indices({**HAND, "Ir_L_Wi": 12.0}) == pytest.approx(expected, rel=1e-7)


def test_indices__without_double_labels_rates_are_none_and_without_any_formation_is_zero():
    single = outcome_truth.indices({**HAND, "D_Pm": 0.0, "Ir_L_Wi": None})
    assert (single["HMSBS"], single["HMAR"], single["HBFRBS"], single["HACF"], single["HMLT"]) == (2.0, *(None,) * 4)
    none = outcome_truth.indices({**HAND, "D_Pm": 0.0, "S_Pm": 0.0, "Ir_L_Wi": None})
    assert (none["HMSBS"], none["HMAR"], none["HBFRBS"], none["HACF"], none["HMLT"]) == (0.0, None, 0.0, 0.0, None)


def test_spain_tto_index__by_hand_from_the_published_decrements():
    # Badia 2001: 1 - 0.024 - (0.106 + 0.134 + 0.071 + 0.089 + 0.062); a level 3 takes 0.291 more.
    assert outcome_truth.spain_tto_index((1, 1, 1, 1, 1)) == 1.0
    assert outcome_truth.spain_tto_index((2, 2, 2, 2, 2)) == pytest.approx(0.514, abs=1e-12)
    assert outcome_truth.spain_tto_index((3, 3, 3, 3, 3)) == pytest.approx(-0.654, abs=1e-12)
    assert outcome_truth.spain_tto_index((1, 2, 3, 2, 1)) == pytest.approx(0.267, abs=1e-12)


TRUTH = {(row[0], row[2], row[4]): dict(zip(outcome_truth.COLUMNS, row, strict=True)) for row in outcome_truth.rows()}
# A wave exp(-((t - 6)/7.5)²): 1 at month 6, exp(-0.64) = 0.527292 at 12, exp(-5.76) = 0.00315111 at 24, and
# exp(-(2/7.5)²) = 0.931358 at month 4.
PERCENT = [
    ("CSM-01", "Month 6", "P1NP", 30.0),
    ("CSM-08", "Month 6", "P1NP", 60.0),
    ("CSM-08", "Month 12", "P1NP", 31.6375),
    ("CSM-08", "Month 24", "P1NP", 0.189067),
    ("CSM-02", "Month 6", "OSTEOC", 12.0),
    ("CSM-10", "Month 6", "OSTEOC", 25.0),
    ("CSM-03", "Month 6", "ALPBS", 10.0),
    ("CSM-05", "Month 6", "ALPBS", 22.0),
    ("CSM-01", "Month 24", "NTX", -10.0),
    ("CSM-06", "Month 24", "NTX", -18.0),
    ("CSM-02", "Month 12", "OPG", 5.0),
    ("CSM-08", "Month 12", "OPG", 10.0),
    ("CSM-03", "Month 6", "RANKL", -10.0),
    ("CSM-07", "Month 6", "RANKL", -20.0),
    ("CSM-01", "Month 4", "HMSBS", 32.5975),
    ("CSM-05", "Month 4", "HMSBS", 83.8222),
    ("CSM-05", "Month 4", "HACF", 83.8222),
    ("CSM-05", "Month 4", "HBVTV", 0.0),
    ("CSM-02", "Month 24", "RADTBD", 2.0),
    ("CSM-08", "Month 24", "RADTBD", 4.0),
    ("CSM-08", "Month 12", "LSBMD", 2.0),
    ("CSM-08", "Month 24", "THBMD", 2.0),
    ("CSM-08", "Month 24", "R33BMD", -1.2),
    *((who, "Month 6", name, 0.0) for who in ("CSM-04", "CSM-09") for name in ("P1NP", "NTX", "OPG", "RANKL")),
    *((who, "Month 24", name, -2.0) for who in ("CSM-04", "CSM-09") for name in ("RADTBD", "LSBMD", "THBMD")),
]
POINTS = [
    ("CSM-01", "Month 6", "VASPAIN", -1.2),
    ("CSM-08", "Month 24", "VASPAIN", -2.4),
    ("CSM-02", "Month 12", "ODITOT", -8.0),
    ("CSM-10", "Month 12", "ODITOT", -14.0),
    ("CSM-03", "Month 6", "EQ5DVAS", 6.0),
    ("CSM-06", "Month 24", "EQ5DVAS", 14.0),
    # 22222 before, 21222 after: self-care, 0.134.
    ("CSM-02", "Month 6", "EQ5DIDX", 0.134),
    ("CSM-02", "Month 24", "NEWFX", 1.0),
    ("CSM-06", "Month 24", "NEWFX", 0.0),
    *((who, "Month 24", name, 0.0) for who in ("CSM-04", "CSM-09") for name in ("VASPAIN", "ODITOT", "EQ5DVAS")),
]


@pytest.mark.parametrize(("subject", "visit", "paramcd", "expected"), PERCENT)
def test_outcome_truth__relative_effect_by_hand(subject, visit, paramcd, expected):
    assert float(TRUTH[subject, visit, paramcd]["true_percent_change"]) == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("subject", "visit", "paramcd", "expected"), POINTS)
def test_outcome_truth__effect_in_points_by_hand(subject, visit, paramcd, expected):
    assert float(TRUTH[subject, visit, paramcd]["true_change"]) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_outcome_truth__measurements_scatter_about_it_as_precise_as_stated():
    """Relative SD of 5 % for P1NP: the root mean square of 36 errors lies within 3.5 and 6.5 %."""
    errors = [float(row["reported"]) / float(row["true_value"]) - 1 for key, row in TRUTH.items() if key[2] == "P1NP"]
    assert len(errors) == 36
    assert 0.035 < np.sqrt(np.mean(np.square(errors))) < 0.065
