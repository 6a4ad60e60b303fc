"""What rescaled values mean: Scanco's constants, padding, and values that cannot be HU."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.ct import CtReading, read_ct
from bonemetrics.readers.identify import identify
from tests.dicom_bytes import EXPLICIT, IMPLICIT, Slice, ct_slice, write_series

SCALING, WATER, SLOPE, INTERCEPT = 8192.0, 0.2409, 1603.51904, -391.209015
PAIR_HU = (1000 / (SCALING * WATER), -1000.0)
PAIR_DENSITY = (SLOPE / SCALING, INTERCEPT)


def read(folder: Path) -> CtReading:
    series = identify(folder).series
    assert series is not None
    return read_ct(series)


def code_of(folder: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read(folder)
    return caught.value.code


def native() -> npt.NDArray[np.int16]:
    """Air, water and bone: mu of 0, mu of water and 0.6 per cm, in native units, with more tissue than air."""
    values = np.full((3, 24, 32), round(WATER * SCALING), dtype=np.int16)
    values[:, :6] = 0
    values[:, 12:16, 8:16] = round(0.6 * SCALING)
    return values


def scanco(
    pair: tuple[float, float] = PAIR_HU, *, creator: str = "SCANCO MEDICAL", block: int = 0x10, kind: str = ""
) -> list[Slice]:
    slices = [ct_slice(picture, (0.0, 0.0, 0.061 * k), k + 1) for k, picture in enumerate(native())]
    for one in slices:
        one.elements[0x00080070] = ("LO", "SCANCO Medical AG")
        one.elements[0x00281052] = ("DS", f"{pair[1]:.9g}")
        one.elements[0x00281053] = ("DS", f"{pair[0]:.9g}")
        if kind:
            one.elements[0x00281054] = ("LO", kind)
        if creator:
            one.elements[0x00290000 | block] = ("LO", creator)
        for number, value in ((0x00, SCALING), (0x04, SLOPE), (0x05, INTERCEPT), (0x06, WATER)):
            one.elements[0x00290000 | block << 8 | number] = ("DS", f"{value:.10g}")
    return slices


def change(slices: list[Slice], tag: int, value: tuple[str, object] | None) -> list[Slice]:
    for one in slices:
        if value is None:
            del one.elements[tag]
        else:
            one.elements[tag] = value
    return slices


# HU = mu × 1000 / mu of water - 1000, worked from the native values, which are whole numbers.
AIR_HU, WATER_HU = -1000.0, round(WATER * SCALING) / SCALING * 1000 / WATER - 1000
BONE_HU = round(0.6 * SCALING) / SCALING * 1000 / WATER - 1000


def require_right_hu(reading: CtReading) -> None:
    assert reading.volume.hu[1, 0, 0] == pytest.approx(AIR_HU, abs=0.01)
    assert reading.volume.hu[1, 20, 20] == pytest.approx(WATER_HU, abs=0.01)
    assert reading.volume.hu[1, 13, 10] == pytest.approx(BONE_HU, abs=0.01)
    assert reading.constants.has_density
    assert reading.constants.mu_water_per_cm == pytest.approx(WATER)


@pytest.mark.parametrize(
    ("slices", "codes"),
    [
        (scanco(), set()),
        (scanco(kind="HU"), set()),
        (scanco(creator="scanco private data"), set()),
        (scanco(block=0x11), set()),
        (scanco(PAIR_DENSITY), {"rescale-gives-density"}),
        (scanco(PAIR_DENSITY, kind="MGML"), {"rescale-gives-density"}),
        (scanco(PAIR_DENSITY, kind="HU"), {"rescale-gives-density"}),
        (scanco(creator=""), {"scanco-block-assumed"}),
    ],
    ids=["HU pair", "HU named", "lower case", "block 11", "density pair", "MGML", "density named HU", "no creator"],
)
def test_scanco__hu_come_from_the_private_constants(slices: list[Slice], codes: set[str], tmp_path: Path) -> None:
    reading = read(write_series(tmp_path / "scan", slices))
    require_right_hu(reading)
    assert {note.code for note in reading.notes} == codes


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_scanco__constants_are_read_as_text_or_binary(syntax: str, tmp_path: Path) -> None:
    slices = scanco()
    for one in slices:
        one.transfer_syntax = syntax
        one.elements[0x00291006] = ("FD", WATER)
        one.elements[0x00291004] = ("UN", struct.pack("<d", SLOPE))
    require_right_hu(read(write_series(tmp_path / "scan", slices)))


@pytest.mark.parametrize(
    ("slices", "code"),
    [
        (scanco((PAIR_HU[0] * 1.002, -1000.0)), "rescale-meaning-unknown"),
        (scanco((PAIR_HU[0], INTERCEPT)), "rescale-meaning-unknown"),
        (scanco((1.0, 0.0)), "rescale-meaning-unknown"),
        (change(scanco(PAIR_DENSITY), 0x00291006, None), "rescale-meaning-unknown"),
        (change(scanco(), 0x00291006, ("DS", "0")), "invalid-rescale"),
        (change(scanco(), 0x00291000, ("DS", "-8192")), "invalid-rescale"),
        (change(scanco(), 0x00291004, ("DS", "1603,5")), "invalid-header-value"),
        (change(scanco(), 0x00281053, None), "missing-rescale"),
    ],
    ids=[
        "slope off by 0.2 %",
        "pair of two meanings",
        "native pair",
        "no mu of water",
        "mu of water 0",
        "negative scaling",
        "decimal comma",
        "no slope",
    ],
)
def test_scanco__what_cannot_be_checked_is_refused(slices: list[Slice], code: str, tmp_path: Path) -> None:
    assert code_of(write_series(tmp_path / "scan", slices)) == code


def test_scanco__another_makers_group_0029_is_no_calibration(tmp_path: Path) -> None:
    slices = change(scanco(creator="SIEMENS CSA HEADER"), 0x00080070, ("LO", "SIEMENS"))
    reading = read(write_series(tmp_path / "scan", slices))
    assert not reading.constants.has_density


def test_scanco__incomplete_constants_but_hu_by_the_intercept_are_read_without_calibration(tmp_path: Path) -> None:
    reading = read(write_series(tmp_path / "scan", change(scanco(), 0x00291004, None)))
    assert not reading.constants.has_density
    assert reading.volume.hu[1, 20, 20] == pytest.approx(WATER_HU, abs=0.01)


def test_scanco__values_are_found_in_whichever_block_of_the_scanner_holds_them(tmp_path: Path) -> None:
    slices = scanco(PAIR_DENSITY, creator="SCANCO CALIBRATION", block=0x11)
    change(slices, 0x00290010, ("LO", "SCANCO MEDICAL"))
    change(slices, 0x00291001, ("LO", "no number"))
    reading = read(write_series(tmp_path / "scan", slices))
    require_right_hu(reading)
    assert {problem.code for problem in reading.notes} == {"rescale-gives-density"}


def test_scanco__blocks_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    slices = scanco(block=0x11)
    change(slices, 0x00290012, ("LO", "SCANCO MEDICAL"))
    change(slices, 0x00291204, ("DS", "1604"))
    assert code_of(write_series(tmp_path / "scan", slices)) == "invalid-header-value"


def test_scanco__a_scaling_whose_bytes_look_like_text_is_read(tmp_path: Path) -> None:
    # 2048 as a 32-bit float is 00 00 00 45, and 45 is the letter E.
    slices = change(scanco(), 0x00291000, ("UN", struct.pack("<f", 2048.0)))
    change(slices, 0x00281053, ("DS", f"{1000 / (2048 * WATER):.9g}"))
    assert read(write_series(tmp_path / "scan", slices)).constants.mu_scaling == 2048.0


@pytest.mark.parametrize(("creator", "block"), [("", 0x11), ("SCANCO MEDICAL", 0x10)])
def test_scanco__density_pair_without_constants_is_refused(creator: str, block: int, tmp_path: Path) -> None:
    # The stack is cropped to tissue, so that no air shows the scale.
    slices = scanco(PAIR_DENSITY, creator=creator, block=block)
    for one in slices:
        one.stored = np.maximum(one.stored, round(WATER * SCALING))
        for number in (0x00, 0x04, 0x05, 0x06) if creator else ():
            del one.elements[0x00290000 | block << 8 | number]
    assert code_of(write_series(tmp_path / "scan", slices)) == "rescale-meaning-unknown"


@pytest.mark.parametrize("intercept", ["-1000", "-1024"])
def test_scanco__hu_pair_without_constants_is_read(intercept: str, tmp_path: Path) -> None:
    slices = change(scanco(creator="", block=0x11), 0x00281052, ("DS", intercept))
    reading = read(write_series(tmp_path / "scan", slices))
    assert reading.volume.hu[1, 0, 0] == float(intercept)
    assert not reading.constants.has_density


def test_scanco__constants_that_change_are_refused(tmp_path: Path) -> None:
    slices = scanco()
    slices[2].elements[0x00291006] = ("DS", "0.2396")
    assert code_of(write_series(tmp_path / "scan", slices)) == "mixed-scanner"


def volume(hu: npt.NDArray[np.float64], dtype: type = np.int16, intercept: int = -1024) -> list[Slice]:
    stored = np.rint(hu - intercept).astype(dtype)
    slices = [ct_slice(picture, (0.0, 0.0, float(k)), k + 1) for k, picture in enumerate(stored)]
    return change(slices, 0x00281052, ("DS", str(intercept)))


def limb(background: float, inside: float = 40.0, sd: float = 20.0) -> npt.NDArray[np.float64]:
    rows, columns = np.mgrid[-1:1:64j, -1:1:80j]
    clean = np.where(rows**2 + columns**2 < 0.6, inside, background)
    clean[28:36, 30:50] = 900.0
    return clean + np.random.default_rng(3).normal(0, sd, (5, 64, 80))


def test_plausible__density_read_as_hu_is_refused_where_air_shows_it(tmp_path: Path) -> None:
    # Air at -391 mg/cm³, as a Scanco export in densities has it, called HU.
    assert code_of(write_series(tmp_path / "scan", volume(limb(-391.0)))) == "implausible-hu"


@pytest.mark.parametrize(
    "hu",
    [
        limb(-1000.0),
        limb(-1000.0, sd=250.0),
        limb(-60.0, sd=200.0),
        limb(-250.0, sd=130.0),
        limb(200.0, inside=1200.0),
        limb(40.0),
        np.where(np.arange(80) < 79, limb(30.0), -1000.0),
    ],
    ids=["air", "noisy air", "fat and noise", "fatty marrow", "bone only", "water", "a rim of air"],
)
def test_plausible__stacks_with_or_without_air_pass(hu: npt.NDArray[np.float64], tmp_path: Path) -> None:
    reading = read(write_series(tmp_path / "scan", volume(hu)))
    np.testing.assert_allclose(reading.volume.hu, hu, atol=0.501)


def test_plausible__12_bit_values_with_the_wrong_sign_are_refused(tmp_path: Path) -> None:
    # Signed HU kept in 12 bits and declared unsigned: air becomes 3096.
    slices = volume(limb(-1000.0), intercept=0)
    for one in slices:
        one.stored = (one.stored & 0x0FFF).astype(np.uint16)
        one.elements[0x00280101], one.elements[0x00280102] = ("US", 12), ("US", 11)
        one.elements[0x00280103] = ("US", 0)
    assert code_of(write_series(tmp_path / "scan", slices)) == "implausible-hu"


def test_plausible__a_volume_without_anything_soft_is_refused(tmp_path: Path) -> None:
    assert code_of(write_series(tmp_path / "scan", volume(limb(2500.0, inside=3000.0) + 2000))) == "implausible-hu"


@pytest.mark.parametrize("vr", ["SS", "US"])
def test_padding__outside_the_picture_becomes_air_with_a_note(vr: str, tmp_path: Path) -> None:
    hu = limb(-1000.0)
    slices = volume(hu, intercept=0)
    for one in slices:
        one.stored[:5] = -2000
        one.elements[0x00280120] = (vr, -2000 if vr == "SS" else 65536 - 2000)
    reading = read(write_series(tmp_path / "scan", slices))
    assert (reading.volume.hu[:, :5] == -1000.0).all()
    np.testing.assert_allclose(reading.volume.hu[:, 5:], hu[:, 5:], atol=0.501)
    assert [note.code for note in reading.notes] == ["padding-replaced"]


def test_padding__a_value_that_could_be_real_is_left_alone(tmp_path: Path) -> None:
    hu = limb(-1000.0)
    hu[:, 20:30, 20:30] = 0.0
    slices = change(volume(hu, intercept=0), 0x00280120, ("SS", 0))
    reading = read(write_series(tmp_path / "scan", slices))
    assert (reading.volume.hu[:, 20:30, 20:30] == 0.0).all()
    assert reading.notes == ()


Blob = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


def blobs(world: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Three smooth blobs in LPS mm, 3 mm wide, no symmetry between them."""
    value = np.full(world.shape[:-1], -1000.0)
    for x, y, z, height in ((3.0, -4.0, 8.0, 1300.0), (-6.0, 5.0, 12.0, 900.0), (8.0, 7.0, 4.0, 1100.0)):
        square = ((world - np.array([x, y, z])) ** 2).sum(axis=-1)
        value += height * np.exp(-square / (2 * 3.0**2))
    return value


@pytest.mark.parametrize(
    ("degrees", "drift", "code"),
    [(0.0, (0.37, 0.0), "sheared-stack"), (0.0, (-0.21, 0.33), "sheared-stack"), (20.0, (0.0, 0.0), "gantry-tilt")],
    ids=["drift along the row", "drift along both", "tilt"],
)
def test_deshear__puts_an_analytic_object_where_it_is(
    degrees: float, drift: tuple[float, float], code: str, tmp_path: Path
) -> None:
    from bonemetrics.readers.ct import ReadOptions

    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    row, column = np.array([1.0, 0.0, 0.0]), np.array([0.0, cosine, sine])
    slices = []
    for k in range(17):
        origin = np.array([-16.0 + drift[0] * k, -18.0 + drift[1] * k, float(k)])
        i, j = np.mgrid[0:72, 0:80]
        world = origin + i[..., None] * 0.5 * column + j[..., None] * 0.4 * row
        one = ct_slice(np.rint(blobs(world) + 1024).astype(np.int16), tuple(origin), k + 1)
        one.elements[0x00200032] = ("DS", "\\".join(f"{part:.9g}" for part in origin))
        one.elements[0x00200037] = ("DS", f"1\\0\\0\\0\\{cosine:.9f}\\{sine:.9f}")
        one.elements[0x00280030] = ("DS", "0.5\\0.4")
        if degrees:
            one.elements[0x00181120] = ("DS", str(degrees))
        slices.append(one)
    folder = write_series(tmp_path / "scan", slices)
    assert code_of(folder) == code
    series = identify(folder).series
    assert series is not None
    found = read_ct(series, options=ReadOptions(deshear=True)).volume
    world = found.geometry.to_world(np.moveaxis(np.indices(found.hu.shape), 0, -1))
    covered = (found.hu > -990) & (blobs(world) > -985)
    assert covered.sum() > 5000
    # Stored values are rounded to 1 HU; splines of smooth blobs add little to that, most at the field's edge.
    assert np.abs(found.hu - blobs(world))[covered].max() < 4.0
    direction = found.geometry.direction
    np.testing.assert_allclose(direction.T @ direction, np.eye(3), atol=1e-8)
