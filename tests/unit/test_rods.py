"""Rods found in analytic scans: axis, diameter and HU against the formula that made them; and what is no rod."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bonemetrics.records import RodReading
from bonemetrics.segmentation.enclosure import is_inside_a_bone
from bonemetrics.segmentation.rod_axes import RodParameters
from bonemetrics.segmentation.rods import RodSearch, find_rods
from tests.rod_scans import Cylinder, Scan

RODS = tuple(
    Cylinder(row_mm=88.0, column_mm=column, diameter_mm=diameter, hu=hu)
    for column, diameter, hu in ((25.0, 12.0, -55.0), (42.0, 12.0, 80.0), (61.0, 13.0, 260.0), (82.0, 11.0, 500.0))
)
BODY = (88.0, 54.0, 20.0, 80.0, 10.0)
TABLE = (105.0, 57.0, 6.0, 100.0, -150.0)


def scan(**changes: object) -> Scan:
    """An arm with radius and ulna above a phantom body with four rods on a table; three sizes, three spacings."""
    values: dict[str, object] = {
        "shape": (46, 190, 230),
        "spacing_mm": (0.9, 0.6, 0.5),
        "rods": RODS,
        "bars": (BODY, TABLE),
        "arm": (45.0, 60.0, 28.0, 38.0),
        "bones": ((45.0, 45.0, 9.0), (42.0, 78.0, 5.5)),
        "noise_hu": 25.0,
    }
    return Scan(**{**values, **changes})  # type: ignore[arg-type]


def tilted(slope: tuple[float, float], **changes: object) -> Scan:
    return scan(rods=tuple(replace(rod, slope=slope) for rod in RODS), bar_slope=slope, **changes)


def match(made: Scan, found: RodSearch) -> list[tuple[Cylinder, RodReading]]:
    """Each reading with the cylinder whose axis is nearest."""
    pairs = []
    for reading in found.readings:
        distances = [np.linalg.norm(made.centre_lps_mm(rod) - reading.centre_lps_mm) for rod in made.rods]
        pairs.append((made.rods[int(np.argmin(distances))], reading))
    return pairs


def require_right(made: Scan, found: RodSearch, *, place_mm: float = 0.25, hu: float = 3.0) -> None:
    """Every rod once, in its place, along its axis, with its diameter and its HU.

    0.25 mm is half a pixel. 3 HU are four standard errors of a mean over one rod.
    """
    pairs = match(made, found)
    assert sorted(rod.hu for rod, _ in pairs) == sorted(rod.hu for rod in made.rods)
    for rod, reading in pairs:
        assert np.linalg.norm(made.centre_lps_mm(rod) - reading.centre_lps_mm) < place_mm
        assert abs(np.dot(made.axis_lps(rod.slope), reading.axis_lps)) > np.cos(np.deg2rad(0.6))
        assert reading.diameter_mm == pytest.approx(rod.diameter_mm, abs=0.3)
        assert reading.mean_hu == pytest.approx(rod.hu, abs=hu)


def test_find_rods__in_a_body_on_a_table_below_an_arm():
    made = scan()
    found = find_rods(made.volume())
    require_right(made, found)
    assert found.truncated == 0
    for reading in found.readings:
        # The core keeps clear of the edge: its spread is the noise's, 25 HU, and no more.
        assert reading.sd_hu == pytest.approx(25.0, rel=0.06)
        assert reading.n_slices == 46


@pytest.mark.parametrize("slope", [(0.12, -0.08), (-0.3, 0.25)])
def test_find_rods__tilted_about_both_axes(slope):
    made = tilted(slope)
    require_right(made, find_rods(made.volume()))


def test_find_rods__however_the_picture_is_turned():
    made = scan(noise_hu=12.0)
    volume = made.volume()
    turned = replace(volume, hu=np.ascontiguousarray(volume.hu[::-1, ::-1, ::-1]))
    affine = volume.geometry.affine_lps @ np.diag([-1.0, -1.0, -1.0, 1.0])
    affine[:3, 3] = volume.geometry.to_world(np.array(volume.geometry.shape) - 1)
    turned = replace(turned, geometry=replace(volume.geometry, affine_lps=affine))
    require_right(made, find_rods(turned))


def test_find_rods__left_or_right_of_the_arm_in_air():
    rods = tuple(replace(rod, row_mm=20.0 + 0.8 * rod.column_mm, column_mm=103.0) for rod in RODS)
    made = scan(rods=rods, bars=(), arm=(45.0, 45.0, 28.0, 38.0), bones=((45.0, 30.0, 9.0), (42.0, 63.0, 5.5)))
    require_right(made, find_rods(made.volume()))


def test_find_rods__faint_rods_in_noise():
    # 25 and 30 HU beside the body's 10, in noise of 25 HU per voxel.
    rods = tuple(replace(rod, hu=hu) for rod, hu in zip(RODS, (-20.0, 35.0, 60.0, 110.0), strict=True))
    made = scan(rods=rods, shape=(60, 190, 230))
    require_right(made, find_rods(made.volume()), place_mm=0.4)


def test_find_rods__at_one_millimetre():
    made = scan(shape=(50, 120, 120), spacing_mm=(1.0, 1.0, 1.0))
    require_right(made, find_rods(made.volume()), place_mm=0.4, hu=5.0)


def test_find_rods__at_high_resolution_with_dense_rods():
    rods = tuple(
        Cylinder(row_mm=34.0 + off, column_mm=column, diameter_mm=diameter, hu=hu)
        for off, column, diameter, hu in ((1.0, 10.0, 6.0, 130.0), (-1.0, 22.0, 6.0, 510.0), (0.0, 37.0, 8.0, 1000.0))
    )
    made = Scan(
        shape=(90, 256, 300),
        spacing_mm=(0.1, 0.165, 0.164),
        rods=rods,
        bars=((34.0, 25.0, 14.0, 46.0, 20.0),),
        arm=(14.0, 25.0, 13.0, 20.0),
        bones=((14.0, 18.0, 6.0), (14.0, 33.0, 4.0)),
        blur_mm=0.15,
        noise_hu=120.0,
    )
    require_right(made, find_rods(made.volume()), place_mm=0.1, hu=6.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_find_rods__takes_no_bone_arm_or_table_for_a_rod(seed):
    made = scan(rods=(), seed=seed)
    found = find_rods(made.volume())
    assert found.readings == ()
    assert found.truncated == 0


def test_find_rods__a_straight_shaft_with_a_fatty_canal_is_no_rod():
    # Cortex of 3 mm around a homogeneous canal, straight and parallel to the rods.
    shaft = (
        Cylinder(row_mm=45.0, column_mm=45.0, diameter_mm=14.0, hu=1500.0),
        Cylinder(row_mm=45.0, column_mm=45.0, diameter_mm=8.0, hu=-80.0),
    )
    made = scan(rods=(*RODS, *shaft), bones=())
    found = find_rods(made.volume())
    require_right(scan(), found)


def test_find_rods__leaves_out_a_cylinder_that_is_not_parallel():
    made = scan(
        rods=(*RODS, Cylinder(row_mm=45.0, column_mm=45.0, diameter_mm=12.0, hu=300.0, slope=(0.3, 0.1))), bones=()
    )
    require_right(scan(), find_rods(made.volume()))


def test_find_rods__leaves_out_a_cone():
    volume = scan(rods=RODS[:3]).volume()
    # The fourth is a stack of discs that grows from 9 to 14 mm.
    z = np.linspace(4.5, 7.0, 46)[:, None, None]
    y, x = np.arange(190)[None, :, None] * 0.6 - 88.0, np.arange(230)[None, None, :] * 0.5 - 82.0
    volume.hu[np.hypot(y, x) < z] = 500.0
    found = find_rods(volume)
    assert sorted(round(reading.mean_hu, -1) for reading in found.readings) == [-60.0, 80.0, 260.0]


def test_find_rods__counts_a_rod_that_the_field_cuts():
    made = scan(rods=tuple(replace(rod, column_mm=rod.column_mm - 24.0) for rod in RODS))
    found = find_rods(made.volume())
    assert found.truncated == 1
    require_right(replace(made, rods=made.rods[1:]), found)


def test_find_rods__reads_no_rod_where_it_has_left_the_field():
    # The first rod touches the border 5.2 mm of drift before the end of the stack: cut, or read on the slices before.
    slope = (0.0, -0.25)
    rods = tuple(replace(rod, column_mm=rod.column_mm - 15.0, slope=slope) for rod in RODS)
    made = scan(rods=rods, bar_slope=slope)
    found = find_rods(made.volume())
    n_slices = {reading.n_slices for reading in found.readings}
    assert (len(found.readings), found.truncated) == (3, 1) or (len(found.readings) == 4 and max(n_slices) < 40)
    for rod, reading in match(made, found):
        assert reading.mean_hu == pytest.approx(rod.hu, abs=4.0)


def test_find_rods__uses_the_slices_in_which_the_phantom_stands():
    made = scan(shape=(60, 190, 230), rods=tuple(replace(rod, last_mm=12.0) for rod in RODS))
    found = find_rods(made.volume())
    require_right(made, found, hu=4.0)
    # The phantom ends 12 mm past the middle of 54 mm: 43 slices.
    assert all(25 <= reading.n_slices <= 43 for reading in found.readings)


def test_find_rods__a_corner_without_measurement_is_outside_the_field():
    made = scan()
    volume = made.volume()
    columns = np.arange(230) * 0.5
    volume.hu[:, :, columns > 83.0] = -2000.0
    found = find_rods(volume)
    assert found.truncated == 1
    assert len(found.readings) == 3


def test_find_rods__limits_on_diameter_hold():
    made = scan()
    found = find_rods(made.volume(), parameters=RodParameters(least_diameter_mm=11.5, largest_diameter_mm=12.5))
    assert sorted(rod.hu for rod, _ in match(made, found)) == [-55.0, 80.0]


def test_find_rods__the_standard_error_counts_correlated_noise():
    # Grain of 1.5 voxels: neighbours go together, so the naive sd / sqrt(n) is several times too small.
    made = scan(grain_voxels=1.5, arm=None, bones=(), bars=(BODY,))
    pairs = match(made, find_rods(made.volume()))
    assert len(pairs) == 4
    off = np.array([(reading.mean_hu - rod.hu) / reading.standard_error_hu for rod, reading in pairs])
    naive = np.array([reading.sd_hu / np.sqrt(reading.n_voxels) for _, reading in pairs])
    stated = np.array([reading.standard_error_hu for _, reading in pairs])
    assert np.sqrt((off**2).mean()) < 2.0
    assert (stated > 2.5 * naive).all()


def test_find_rods__few_slices_are_enough_for_upright_rods():
    made = scan(shape=(3, 190, 230), noise_hu=8.0)
    found = find_rods(made.volume())
    assert {500.0, 260.0, 80.0} <= {rod.hu for rod, _ in match(made, found)}


def test_find_rods__an_empty_scan_has_none():
    made = scan(rods=(), bars=(), arm=None, bones=(), noise_hu=0.0)
    assert find_rods(made.volume()).readings == ()


@pytest.mark.parametrize(("wall", "inside"), [((0, 360), True), ((0, 280), False)], ids=["ring", "open ring"])
def test_is_inside_a_bone__only_within_a_closed_denser_wall(wall, inside):
    # A disc of 90 HU, radius 7 mm, in a wall of 1200 HU from 9 to 10 mm, rows 0.5 and columns 0.4 mm apart.
    rows, columns = np.mgrid[:120, :140]
    y, x = rows * 0.5 - 29.0, columns * 0.4 - 27.0
    radius, angle = np.hypot(x, y), np.degrees(np.arctan2(y, x)) % 360
    picture = np.where((radius > 9) & (radius < 10) & (angle >= wall[0]) & (angle < wall[1]), 1200.0, 90.0)
    found = is_inside_a_bone(
        picture.astype(np.float32), (0.5, 0.4), centre_mm=(29.0, 27.0), radius_mm=7.0, core_hu=90.0
    )
    assert found is inside
