"""One row per fault: each ends as the right value, a repair with a note, or a refusal with a code.

The series faults change one thing in a clean series of 12 slices whose block has a mean of 355 HU; the file faults
change bytes of one file. Faults and what other readers make of them: rows are named after the fault.
"""

from __future__ import annotations

import os
import resource
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.ct import CtReading, ReadOptions, read_ct
from bonemetrics.readers.identify import identify
from tests.dicom_bytes import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    Slice,
    ct_slice,
    data_set,
    element,
    encapsulated,
    part10,
    reference_series,
    write_series,
)

SPACING, POSITION, ORIENTATION = 0x00280030, 0x00200032, 0x00200037
INTERCEPT, SLOPE = 0x00281052, 0x00281053
Series = list[Slice]


def refused(path: Path, options: ReadOptions | None = None) -> str | CtReading:
    """The reading, or the code of the refusal, wherever it comes from."""
    try:
        found = identify(path)
        wholes = [item for item in found.items or (found,) if item.series is not None]
        if len(wholes) != 1 or wholes[0].series is None:
            return next(problem.code for item in found.items or (found,) for problem in item.problems)
        return read_ct(wholes[0].series, options=options or ReadOptions())
    except ReadError as error:
        return error.code


def block_mean(reading: str | CtReading) -> float:
    assert not isinstance(reading, str), reading
    return float(reading.volume.hu[:, 16:48, 16:48].mean(dtype=np.float64))


def notes(reading: str | CtReading) -> set[str]:
    assert not isinstance(reading, str), reading
    return {note.code for note in reading.notes}


def put(tag: int, vr: str, value: object, *numbers: int) -> Callable[[Series], Series]:
    """Set an element on the numbered slices, or on all."""

    def change(series: Series) -> Series:
        for number in numbers or range(len(series)):
            series[number].elements[tag] = (vr, value)
        return series

    return change


def drop(*tags: int, numbers: tuple[int, ...] = ()) -> Callable[[Series], Series]:
    """Leave elements out on the numbered slices, or on all."""

    def change(series: Series) -> Series:
        for number in numbers or range(len(series)):
            for tag in tags:
                del series[number].elements[tag]
        return series

    return change


def move(place: Callable[[int], tuple[float, float, float]]) -> Callable[[Series], Series]:
    """Put slice k at `place(k)`."""

    def change(series: Series) -> Series:
        for k, one in enumerate(series):
            one.elements[POSITION] = ("DS", "\\".join(f"{part:.8g}" for part in place(k)))
        return series

    return change


def both(*changes: Callable[[Series], Series]) -> Callable[[Series], Series]:
    def change(series: Series) -> Series:
        for one in changes:
            series = one(series)
        return series

    return change


def extra_slice(series: Series) -> Series:
    extra = ct_slice(np.full((64, 64), 24, dtype=np.int16), (-16.0, -16.0, 5.0), 99)
    return [*series, extra]


def same_uid_other_content(series: Series) -> Series:
    extra = extra_slice(series)[-1]
    extra.elements[0x00080018] = series[5].elements[0x00080018]
    return [*series, extra]


def same_picture_resent(series: Series) -> Series:
    """The archive sends one picture twice, with an element added that does not belong to the picture."""
    again = reference_series()[5]
    again.elements[0x00081080] = ("LO", "resent")
    return [*series, again]


def private_group_after(series: Series) -> Series:
    """Siemens writes its group 7FE1 there."""
    for one in series:
        one.after = element(0x7FE10010, "LO", "SIEMENS CSA") + element(0x7FE11010, "OB", bytes(4000))
    return series


def tilt(degrees: float) -> Callable[[Series], Series]:
    sine, cosine = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    return both(put(ORIENTATION, "DS", f"1\\0\\0\\0\\{cosine:.8f}\\{sine:.8f}"), put(0x00181120, "DS", f"{degrees}"))


def per_slice_slopes(series: Series) -> Series:
    """HU 100 and 300 + 10 k through a slope of its own for each slice, within the rounding of stored values."""
    for k, one in enumerate(series):
        slope = 0.25 + 0.01 * k
        hu = one.stored.astype(float) - 1024
        one.stored = np.rint((hu + 1024) / slope).astype(np.int16)
        one.elements[SLOPE] = ("DS", f"{slope:.4f}")
    return series


def unsigned_lie(series: Series) -> Series:
    """Values stored signed around -1145, declared unsigned."""
    for one in series:
        one.stored = (one.stored.astype(np.int32) - 1024 - 1500).astype(np.int16)
    return both(put(0x00280103, "US", 0), put(INTERCEPT, "DS", "0"))(series)


def garbage_bits(series: Series) -> Series:
    """12 bits stored, an overlay in the upper four."""
    for one in series:
        one.stored = (one.stored.astype(np.uint16) | 0xA000).astype(np.uint16)
    return both(put(0x00280103, "US", 0), put(0x00280101, "US", 12), put(0x00280102, "US", 11))(series)


def garbage_bits_signed(series: Series) -> Series:
    """12 bits stored and signed without sign extension: HU itself as the stored value."""
    for one in series:
        one.stored = ((one.stored.astype(np.int32) - 1024 - 500) & 0x0FFF).astype(np.int16)
    return both(put(INTERCEPT, "DS", "500"), put(0x00280101, "US", 12), put(0x00280102, "US", 11))(series)


def other_matrix(series: Series) -> Series:
    series[4] = ct_slice(series[4].stored[:, :60].copy(), (-16.0, -16.0, 4.0), 5)
    return series


def truncated_pixels(series: Series) -> Series:
    raw = series[4].stored.tobytes()
    head = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, len(raw))
    series[4].pixel_element = head + raw[: len(raw) // 3]
    return series


def rotated(series: Series) -> Series:
    angle = np.deg2rad(5)
    turned = f"{np.cos(angle):.8f}\\{np.sin(angle):.8f}\\0\\{-np.sin(angle):.8f}\\{np.cos(angle):.8f}\\0"
    return put(ORIENTATION, "DS", turned, 6)(series)


def localizer(series: Series) -> Series:
    scout = ct_slice(np.full((80, 70), 900, dtype=np.int16), (-16.0, -16.0, 50.0), 50)
    scout.elements[0x00080008] = ("CS", "ORIGINAL\\PRIMARY\\LOCALIZER")
    scout.elements[ORIENTATION] = ("DS", "0\\1\\0\\0\\0\\-1")
    del scout.elements[SLOPE]
    return [*series, scout]


def twice_acquired(series: Series) -> Series:
    again = reference_series()
    for k, one in enumerate(again):
        one.elements[0x00080018] = ("UI", f"1.2.3.4.{k + 50}")
        one.stored = one.stored + np.int16(3)
    return series + again


def monochrome1(series: Series) -> Series:
    return put(0x00280004, "CS", "MONOCHROME1")(series)


GAPS = [0, 1, 2, 3, 4, 5, 8, 11, 14, 17, 20, 23]

SERIES_REFUSED: list[tuple[str, Callable[[Series], Series], str]] = [
    ("1 slice missing", lambda s: s[:5] + s[6:], "missing-slice"),
    ("3 slices missing", lambda s: s[:4] + s[7:], "missing-slice"),
    ("2 separate slices missing", lambda s: [s[k] for k in range(12) if k not in (3, 8)], "missing-slice"),
    ("extra slice at one position", extra_slice, "duplicate-position"),
    ("same SOP UID, other content", same_uid_other_content, "duplicate-position"),
    ("gantry tilt 15 degrees", tilt(15.0), "gantry-tilt"),
    ("gantry tilt named but not shown", put(0x00181120, "DS", "-22"), "gantry-tilt"),
    ("1 mm gaps, then 3 mm gaps", move(lambda k: (-16, -16, GAPS[k])), "uneven-spacing"),
    ("one slice off by a tenth", move(lambda k: (-16, -16, k + 0.1 * (k == 6))), "uneven-spacing"),
    ("one slice with another matrix", other_matrix, "mixed-matrix"),
    ("one slice lacks rescale", drop(INTERCEPT, SLOPE, numbers=(3,)), "missing-rescale"),
    ("one slice lacks the intercept", drop(INTERCEPT, numbers=(3,)), "missing-rescale"),
    ("no rescale at all", drop(INTERCEPT, SLOPE), "missing-rescale"),
    ("no position, instance numbers shuffled", drop(POSITION), "missing-position"),
    ("no position on one slice", drop(POSITION, numbers=(2,)), "missing-position"),
    ("no orientation", drop(ORIENTATION), "missing-position"),
    (
        "no PixelSpacing, ImagerPixelSpacing present",
        both(drop(SPACING), put(0x00181164, "DS", "0.5\\0.5")),
        "missing-pixel-spacing",
    ),
    ("PixelSpacing with decimal comma", put(SPACING, "DS", "0,5\\0,5"), "invalid-geometry"),
    ("PixelSpacing with decimal comma as LO", put(SPACING, "LO", "0,5\\0,5"), "invalid-geometry"),
    ("PixelSpacing with one value", put(SPACING, "DS", "0.5"), "invalid-geometry"),
    ("PixelSpacing 0", put(SPACING, "DS", "0\\0"), "invalid-geometry"),
    ("PixelSpacing negative", put(SPACING, "DS", "-0.5\\-0.5"), "invalid-geometry"),
    ("PixelSpacing changes", put(SPACING, "DS", "0.6\\0.6", 6, 7, 8, 9, 10, 11), "mixed-pixel-spacing"),
    ("kVp changes", put(0x00180060, "DS", "80", 6, 7, 8, 9, 10, 11), "mixed-kvp"),
    ("kernel changes", put(0x00181210, "SH", "B20", 6, 7, 8, 9, 10, 11), "mixed-kernel"),
    ("patient changes", put(0x00100020, "LO", "ID-8", 6, 7, 8, 9, 10, 11), "mixed-patient"),
    ("patient's name changes", put(0x00100010, "PN", "Other^Ann", 7), "mixed-patient"),
    ("study changes", put(0x0020000D, "UI", "1.2.99", 6), "mixed-study"),
    ("frame of reference changes", put(0x00200052, "UI", "1.2.98", 6), "mixed-frame-of-reference"),
    ("scanner changes", put(0x00081090, "LO", "Other", 6), "mixed-scanner"),
    ("position on the table changes", put(0x00185100, "CS", "FFS", 6), "mixed-orientation"),
    ("meaning of values changes", put(0x00281054, "LO", "MGML", 6), "mixed-rescale-type"),
    ("one slice with truncated pixels", truncated_pixels, "truncated-file"),
    ("one slice rotated 5 degrees", rotated, "mixed-orientation"),
    ("all positions the same", move(lambda _: (-16, -16, 0)), "duplicate-position"),
    ("positions drift in x", move(lambda k: (-16 + 0.3 * k, -16, k)), "sheared-stack"),
    ("two acquisitions, same UID and positions", twice_acquired, "duplicate-position"),
    ("PixelRepresentation wrong", unsigned_lie, "implausible-hu"),
    ("slope 0", put(SLOPE, "DS", "0"), "invalid-rescale"),
    ("slope negative", put(SLOPE, "DS", "-1"), "invalid-rescale"),
    ("slope NaN", put(SLOPE, "DS", "NaN"), "invalid-rescale"),
    ("slope 1e400", put(SLOPE, "DS", "1e400"), "invalid-rescale"),
    ("slope empty", put(SLOPE, "DS", ""), "invalid-rescale"),
    ("slope with two values", put(SLOPE, "DS", "1\\2"), "invalid-rescale"),
    ("intercept with decimal comma", put(INTERCEPT, "DS", "-1024,5"), "invalid-rescale"),
    ("orientation not at right angles", put(ORIENTATION, "DS", "1\\0\\0\\0.5\\0.8\\0"), "invalid-geometry"),
    ("density stated by the file", put(0x00281054, "LO", "MGML"), "density-not-hu"),
    ("unknown meaning of values", put(0x00281054, "LO", "Z_EFF"), "rescale-meaning-unknown"),
    ("inverted grey scale", monochrome1, "unsupported-pixels"),
    ("one slice only", lambda s: s[:1], "single-slice"),
    ("lossy compression stated", put(0x00282110, "CS", "01", 4), "lossy-compression"),
    ("another modality", put(0x00080060, "CS", "MR"), "not-ct"),
]


@pytest.mark.parametrize(
    ("change", "code"), [row[1:] for row in SERIES_REFUSED], ids=[row[0] for row in SERIES_REFUSED]
)
def test_series_fault__is_refused_with_a_code(change: Callable[[Series], Series], code: str, tmp_path: Path) -> None:
    assert refused(write_series(tmp_path / "scan", change(reference_series()))) == code


JITTER = [0.02, -0.02, 0.013, -0.02, 0.02, 0.0, 0.02, -0.02, -0.011, 0.02, -0.02, 0.02]

SERIES_RIGHT: list[tuple[str, Callable[[Series], Series], set[str], tuple[float, float, float]]] = [
    ("clean control", lambda s: s, set(), (1.0, 0.5, 0.5)),
    ("same file twice", lambda s: [*s, reference_series()[5]], {"duplicates-dropped"}, (1.0, 0.5, 0.5)),
    ("same picture sent twice", same_picture_resent, {"duplicates-dropped"}, (1.0, 0.5, 0.5)),
    (
        "SliceThickness and SpacingBetweenSlices differ from the positions",
        both(put(0x00180050, "DS", "2.5"), put(0x00180088, "DS", "5.0")),
        set(),
        (1.0, 0.5, 0.5),
    ),
    ("localizer with the same series UID", localizer, {"localizers-set-aside"}, (1.0, 0.5, 0.5)),
    ("jitter of 2 % of the spacing", move(lambda k: (-16, -16, k + JITTER[k])), set(), (1.0, 0.5, 0.5)),
    (
        "jitter of 2 % that alternates",
        move(lambda k: (-16, -16, k + (0.02 if k % 2 else -0.02))),
        set(),
        # Least squares over 12 heights: the steps' mean 1 plus 0.02 × 6 / 143.
        (1 + 0.12 / 143, 0.5, 0.5),
    ),
    (
        "jitter of 2 % that brings the ends together",
        move(lambda k: (-16, -16, k + (0.02 if k in (0, 5, 8) else -0.02))),
        set(),
        # Least squares: 0.04 at places 0, 5 and 8 of 12 is 0.04 × (-5.5 - 0.5 + 2.5) / 143 off.
        (1 - 0.04 * 3.5 / 143, 0.5, 0.5),
    ),
    ("jitter in all directions", move(lambda k: (-16 + JITTER[k], -16 - JITTER[k], k)), set(), (1.0, 0.5, 0.5)),
    ("PixelSpacing 0.5 by 1.5", put(SPACING, "DS", "0.5\\1.5"), set(), (1.0, 0.5, 1.5)),
    ("name with empty parts written out", put(0x00100010, "PN", "Test^Rita^^^", 3, 4), set(), (1.0, 0.5, 0.5)),
    (
        "kernel of two parts, padded on some slices",
        both(put(0x00181210, "SH", "Br58f\\3"), put(0x00181210, "SH", "Br58f \\3 ", 2, 7)),
        set(),
        (1.0, 0.5, 0.5),
    ),
    ("private group after the pixels", private_group_after, set(), (1.0, 0.5, 0.5)),
    ("instance numbers reversed", lambda s: s[::-1], set(), (1.0, 0.5, 0.5)),
    ("mirrored row direction", put(ORIENTATION, "DS", "-1\\0\\0\\0\\1\\0"), set(), (1.0, 0.5, 0.5)),
    ("garbage bits above BitsStored", garbage_bits, set(), (1.0, 0.5, 0.5)),
    ("signed without sign extension", garbage_bits_signed, set(), (1.0, 0.5, 0.5)),
    ("name in UTF-8, character set absent", put(0x00100010, "PN", "Müßig^Änne".encode()), set(), (1.0, 0.5, 0.5)),
    (
        "names that are paths, formulas and right-to-left marks",
        both(
            put(0x00100010, "PN", "=1+1"),
            put(0x00100020, "LO", "../../.."),
            put(0x00200010, "SH", "..\\"),
            put(0x0008103E, "LO", "+SUM(1,2)"),
            put(0x00080080, "LO", "a\u202eb".encode() + b" "),
        ),
        set(),
        (1.0, 0.5, 0.5),
    ),
    ("tube current changes", put(0x00181151, "IS", "55", 3, 4), set(), (1.0, 0.5, 0.5)),
]


@pytest.mark.parametrize(
    ("change", "expected_notes", "spacing"), [row[1:] for row in SERIES_RIGHT], ids=[row[0] for row in SERIES_RIGHT]
)
def test_harmless_variant__is_read_right(
    change: Callable[[Series], Series], expected_notes: set[str], spacing: tuple[float, ...], tmp_path: Path
) -> None:
    reading = refused(write_series(tmp_path / "scan", change(reference_series())))
    assert block_mean(reading) == pytest.approx(355.0, abs=1e-6)
    assert notes(reading) == expected_notes
    assert not isinstance(reading, str)
    # Jitter at both ends may move the mean spacing by twice 2 % over eleven steps.
    assert reading.volume.geometry.spacing_mm == pytest.approx(spacing, abs=0.004)
    assert reading.volume.hu.shape == (12, 64, 64)


def test_per_slice_slopes__are_legal_and_exact_to_the_stored_value(tmp_path: Path) -> None:
    series = per_slice_slopes(reference_series())
    reading = refused(write_series(tmp_path / "scan", series))
    assert not isinstance(reading, str)
    for k in range(12):
        slope = 0.25 + 0.01 * k
        # 1324 + 10 k over the slope, rounded to whole stored values, and back.
        expected = round((1324 + 10 * k) / slope) * slope - 1024
        assert reading.volume.hu[k, 30, 30] == pytest.approx(expected, abs=1e-4)
    assert block_mean(reading) == pytest.approx(355.0, abs=0.18)


def test_mirrored_row_direction__turns_the_slice_order(tmp_path: Path) -> None:
    change = put(ORIENTATION, "DS", "-1\\0\\0\\0\\1\\0")
    reading = refused(write_series(tmp_path / "scan", change(reference_series())))
    assert not isinstance(reading, str)
    # cross((-1,0,0), (0,1,0)) = (0,0,-1): index 0 is the highest slice, 300 + 10 × 11 HU.
    assert reading.volume.hu[0, 30, 30] == 410.0
    assert reading.volume.geometry.to_world((1, 2, 3)) == pytest.approx((-17.5, -15.0, 10.0))


def test_two_series_in_one_folder__are_two_items_each_right(tmp_path: Path) -> None:
    other = put(0x0020000E, "UI", "1.2.3.77")(reference_series())
    folder = write_series(tmp_path / "scan", [one for pair in zip(reference_series(), other) for one in pair])  # noqa: B905
    found = identify(folder)
    assert [item.kind for item in found.items] == ["ct-series", "ct-series"]
    for item in found.items:
        assert item.series is not None
        assert block_mean(read_ct(item.series)) == pytest.approx(355.0)


def test_gantry_tilt__deshear_option_keeps_the_values_and_the_normal_distance(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", tilt(15.0)(reference_series()))
    reading = refused(folder, ReadOptions(deshear=True))
    assert not isinstance(reading, str)
    assert notes(reading) == {"desheared"}
    # Slices 1 mm apart along the table are cos 15° apart along their normal.
    assert reading.volume.geometry.spacing_mm[0] == pytest.approx(0.9659258, abs=1e-6)
    # Slice 6 holds 360 HU in its block, whose centre stays where it was: row 31.5 of a slice at z = 6 mm.
    centre = np.array([-16 + 31.5 * 0.5, -16 + 31.5 * 0.5 * np.cos(np.deg2rad(15)), 0.0])
    centre[2] = 6 + 31.5 * 0.5 * np.sin(np.deg2rad(15))
    index = reading.volume.geometry.to_index(centre)
    assert index[0] == pytest.approx(6.0, abs=1e-6)
    row, column = (int(part) for part in index[1:])
    assert reading.volume.hu[6, row - 5 : row + 6, column - 5 : column + 6].mean() == pytest.approx(360.0, abs=0.01)


# --- single files ---------------------------------------------------------------------------------------------------


def middle() -> Slice:
    return reference_series()[5]


def edited(change: Callable[[Slice], None]) -> bytes:
    one = middle()
    change(one)
    return one.encode()


def set_on(one: Slice, tag: int, vr: str, value: object) -> None:
    one.elements[tag] = (vr, value)


def deep_sequence(depth: int, vr: bytes = b"SQ") -> bytes:
    begin = struct.pack("<HH2sHI", 0x0009, 0x1001, vr, 0, 0xFFFFFFFF)
    inner = struct.pack("<HHI", 0x0009, 0x1001, 0xFFFFFFFF) if vr == b"UN" else begin
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    ends = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return begin + item + (inner + item) * (depth - 1) + ends * depth


def with_deep_sequence(depth: int, vr: bytes = b"SQ") -> bytes:
    one = middle()
    low = {tag: value for tag, value in one.elements.items() if tag < 0x00090000}
    high = {tag: value for tag, value in one.elements.items() if tag > 0x00090000}
    one.elements, one.before = high, data_set(low) + deep_sequence(depth, vr)
    return one.encode()


def deflate_bomb() -> bytes:
    one = middle()
    low = {tag: value for tag, value in one.elements.items() if tag < 0x00090000}
    packer = zlib.compressobj(9, wbits=-15)
    begin = packer.compress(data_set(low) + struct.pack("<HH2sHI", 0x0009, 0x1001, b"OB", 0, 2048 << 20))
    begin += packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush each piece stands for itself, so one MiB of zeros can be repeated as it is.
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return part10(begin + piece * 2048 + packer.flush(), DEFLATED)


def picture(transfer_syntax: str, frame: bytes, rows: int = 64, columns: int = 64) -> bytes:
    one = middle()
    one.transfer_syntax = transfer_syntax
    one.elements[0x00280010], one.elements[0x00280011] = ("US", rows), ("US", columns)
    one.pixel_element = encapsulated([frame])
    return one.encode()


def j2k_zeros(side: int) -> bytes:
    import imagecodecs

    data: bytes = imagecodecs.jpeg2k_encode(
        np.zeros((side, side), np.uint16), level=0, reversible=True, codecformat="j2k"
    )
    return data


def rle(*segments: bytes) -> bytes:
    starts = np.cumsum([64] + [len(segment) for segment in segments])[:-1].tolist()
    return struct.pack("<16I", len(segments), *starts, *[0] * (15 - len(segments))) + b"".join(segments)


def run(count: int) -> bytes:
    """PackBits of `count` zero bytes."""
    return b"\x81\0" * (count // 128)


def pixel_head(length: int) -> bytes:
    return struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, length)


def swap_syntax(raw: bytes, old: str, new: str) -> bytes:
    assert len(new) <= len(old) + len(old) % 2
    return raw.replace(
        old.encode().ljust(len(old) + len(old) % 2, b"\0"), new.encode().ljust(len(old) + len(old) % 2, b"\0"), 1
    )


def claimed_text_of_4_gb() -> bytes:
    raw = middle().encode()
    place = raw.index(b"PN", 128)
    return raw[:place] + b"UT\0\0" + struct.pack("<I", 0xFFFFFF00) + raw[place + 4 :]


def pixels_of_fffffffe() -> bytes:
    one = middle()
    one.pixel_element = pixel_head(0xFFFFFFFE) + one.stored.tobytes()
    return one.encode()


def twice_rows() -> bytes:
    raw = middle().encode()
    rows = element(0x00280010, "US", 64)
    return raw.replace(rows, element(0x00280010, "US", 32) + rows, 1)


FILE_REFUSED: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty file", lambda: b"", "unknown-format"),
    ("1 MB of zeros", lambda: bytes(1 << 20), "unknown-format"),
    ("plain text", lambda: b"hello\n" * 100, "unknown-format"),
    ("only preamble and mark", lambda: bytes(128) + b"DICM", "truncated-file"),
    ("header cut at 500 bytes", lambda: middle().encode()[:500], "truncated-file"),
    ("pixel data cut", lambda: middle().encode()[:-3000], "truncated-file"),
    (
        "rows and columns 65535",
        lambda: edited(lambda s: (set_on(s, 0x00280010, "US", 65535), set_on(s, 0x00280011, "US", 65535))),
        "too-large",
    ),
    ("rows 0", lambda: edited(lambda s: set_on(s, 0x00280010, "US", 0)), "invalid-header-value"),
    ("rows signed and -64", lambda: edited(lambda s: set_on(s, 0x00280010, "SS", -64)), "invalid-header-value"),
    ("2e9 frames", lambda: edited(lambda s: set_on(s, 0x00280008, "IS", 2000000000)), "invalid-header-value"),
    ("pixel data of FFFFFFFE bytes", pixels_of_fffffffe, "truncated-file"),
    ("a name that claims 4 GB", claimed_text_of_4_gb, "truncated-file"),
    ("deflate bomb of 2 GiB", deflate_bomb, "too-large"),
    (
        "JPEG 2000 of 4096 × 4096 under a header of 64 × 64",
        lambda: picture("1.2.840.10008.1.2.4.90", j2k_zeros(4096)),
        "codestream-mismatch",
    ),
    (
        "RLE under a header of 60000 × 60000",
        lambda: picture("1.2.840.10008.1.2.5", rle(b"\x01\0\0", b"\x01\0\0"), 60000, 60000),
        "too-large",
    ),
    (
        "RLE that makes more than the picture",
        lambda: picture("1.2.840.10008.1.2.5", rle(run(8192), run(8192))),
        "decode-failed",
    ),
    (
        "RLE that makes less than the picture",
        lambda: picture("1.2.840.10008.1.2.5", rle(run(1024), run(1024))),
        "decode-failed",
    ),
    ("RLE without segments", lambda: picture("1.2.840.10008.1.2.5", rle()), "decode-failed"),
    ("sequences 500 deep", lambda: with_deep_sequence(500), "sequence-too-deep"),
    ("sequences 5000 deep", lambda: with_deep_sequence(5000), "sequence-too-deep"),
    ("sequences 100000 deep", lambda: with_deep_sequence(100_000), "sequence-too-deep"),
    ("UN sequences 5000 deep", lambda: with_deep_sequence(5000, b"UN"), "sequence-too-deep"),
    (
        "sequence without an end",
        lambda: with_deep_sequence(1).replace(struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0), b""),
        "truncated-file",
    ),
    ("rows twice", twice_rows, "duplicate-element"),
    ("says big endian, is little", lambda: swap_syntax(middle().encode(), EXPLICIT, BIG_ENDIAN), "malformed-header"),
    ("says implicit, is explicit", lambda: swap_syntax(middle().encode(), EXPLICIT, IMPLICIT), "malformed-header"),
    (
        "says 8 bits, has 16",
        lambda: edited(
            lambda s: (set_on(s, 0x00280100, "US", 8), set_on(s, 0x00280101, "US", 8), set_on(s, 0x00280102, "US", 7))
        ),
        "pixel-length-mismatch",
    ),
    (
        "says colour, is grey",
        lambda: edited(lambda s: (set_on(s, 0x00280002, "US", 3), set_on(s, 0x00280004, "CS", "RGB"))),
        "unsupported-pixels",
    ),
    (
        "transfer syntax cut",
        lambda: swap_syntax(
            picture("1.2.840.10008.1.2.4.90", b"\0" * 64), "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4."
        ),
        "unsupported-transfer-syntax",
    ),
    ("unknown VR", lambda: middle().encode().replace(b"\x08\0\x60\0CS", b"\x08\0\x60\0XX"), "malformed-header"),
    ("PixelRepresentation missing", lambda: edited(lambda s: s.elements.pop(0x00280103)), "missing-header-value"),
    ("BitsStored missing", lambda: edited(lambda s: s.elements.pop(0x00280101)), "missing-header-value"),
    ("no pixel data", lambda: edited(lambda s: setattr(s, "pixel_element", b"")), "no-pixel-data"),
    (
        "shortened deflate stream",
        lambda: edited(lambda s: setattr(s, "transfer_syntax", DEFLATED))[:-200],
        "truncated-file",
    ),
]


@pytest.mark.parametrize(("make", "code"), [row[1:] for row in FILE_REFUSED], ids=[row[0] for row in FILE_REFUSED])
def test_file_fault__is_refused_within_a_second_and_64_mib(
    make: Callable[[], bytes], code: str, tmp_path: Path
) -> None:
    series = reference_series()
    folder = write_series(tmp_path / "scan", series)
    (folder / "005.dcm").write_bytes(make())
    alone = tmp_path / "alone.dcm"
    alone.write_bytes((folder / "005.dcm").read_bytes())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    single, whole = refused(alone), refused(folder)
    assert time.process_time() - start < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    assert single == code or (single == "single-slice" and whole == code)
    # Within its series the fault is named too, or the hole it leaves.
    assert whole in (code, "missing-slice", "mixed-matrix")


def test_jpeg_2000_bomb__is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    stream = j2k_zeros(4096).replace(struct.pack(">II", 4096, 4096), struct.pack(">II", 16000, 16000))
    series = reference_series()[:2]
    for one in series:
        one.transfer_syntax, one.pixel_element = "1.2.840.10008.1.2.4.90", encapsulated([stream])
        one.elements[0x00280010] = one.elements[0x00280011] = ("US", 16000)
    start = time.process_time()
    assert refused(write_series(tmp_path / "scan", series)) == "too-large"
    assert time.process_time() - start < 1.0


FILE_RIGHT: list[tuple[str, Callable[[], bytes], set[str]]] = [
    ("random bytes at the end", lambda: middle().encode() + np.random.default_rng(1).bytes(5000), {"trailing-bytes"}),
    (
        "Windows program in the preamble",
        lambda: edited(lambda s: setattr(s, "preamble", b"MZ\x90\0")),
        {"program-in-preamble"},
    ),
    ("TIFF preamble, a legal dual use", lambda: edited(lambda s: setattr(s, "preamble", b"II*\0")), set()),
    ("padding after the pixels", lambda: middle().encode() + element(0xFFFCFFFC, "OB", bytes(8)), set()),
    ("private sequences 50 deep", lambda: with_deep_sequence(50), set()),
    ("private UN sequences 50 deep", lambda: with_deep_sequence(50, b"UN"), set()),
]


@pytest.mark.parametrize(
    ("make", "expected_notes"), [row[1:] for row in FILE_RIGHT], ids=[row[0] for row in FILE_RIGHT]
)
def test_file_oddity__is_read_right(make: Callable[[], bytes], expected_notes: set[str], tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", reference_series())
    (folder / "005.dcm").write_bytes(make())
    reading = refused(folder)
    assert block_mean(reading) == pytest.approx(355.0, abs=1e-6)
    assert notes(reading) == expected_notes


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_fifo__does_not_block_and_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slice.dcm")
    assert refused(tmp_path / "slice.dcm") == "not-regular-file"
    folder = write_series(tmp_path / "scan", reference_series())
    os.mkfifo(folder / "zzz.dcm")
    assert [problem.code for problem in identify(folder).problems] == ["links-skipped"]
    assert block_mean(refused(folder)) == pytest.approx(355.0)


def test_big_deflated_private_element__is_read_right(tmp_path: Path) -> None:
    series = reference_series()
    for one in series:
        one.transfer_syntax = DEFLATED
        one.elements[0x00091001] = ("OB", bytes(1 << 20))
    assert block_mean(refused(write_series(tmp_path / "scan", series))) == pytest.approx(355.0)
