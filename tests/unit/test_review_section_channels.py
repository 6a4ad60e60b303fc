"""Fluorescence channels of a section: how they are found, what they are called, and what is refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from bonemetrics.errors import ReadError
from bonemetrics.review.section_channels import channel_title, told_of
from bonemetrics.review.section_decode import decode_section
from bonemetrics.review.section_picture import open_section

tifffile = pytest.importorskip("tifffile")
ROWS, COLUMNS = 90, 140
OME = {"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm"}


def stack(n, dtype=np.uint16, rows=ROWS, columns=COLUMNS):
    """Planes that are told apart by their level: each pixel is a thousand times its plane, or so."""
    base = np.random.default_rng(3).integers(0, 40, (n, rows, columns))
    step = 1000 if dtype == np.uint16 else 50
    return (base + step * np.arange(n)[:, None, None]).astype(dtype)


def opened(path, into):
    into.mkdir(exist_ok=True)
    return open_section(path, into, lambda function, *args: function(*args))


def refusal(path, tmp_path, **options):
    with pytest.raises(ReadError) as caught:
        decode_section(str(path), str(tmp_path), **options)
    return caught.value


def test_open_section__channels_of_an_ome_tiff_come_apart_with_one_pixel_size(tmp_path):
    path, planes = tmp_path / "c.ome.tif", stack(3)
    names = {"Name": ["Calcein Jane Doe 488 nm", "Doe^Jane P-123", "tetracycline"]}
    tifffile.imwrite(path, planes, metadata={"axes": "CYX", "Channel": names, **OME})
    picture = opened(path, tmp_path / "into")
    titles = ["channel 1 (calcein, 488 nm)", "channel 2", "channel 3 (tetracycline)"]
    assert [one.title for one in picture.parts] == titles
    assert "Jane" not in picture.model_dump_json()
    assert "P-123" not in picture.model_dump_json()
    for number in range(3):
        assert np.array_equal(picture.arrays(number)[0], planes[number])
    assert (picture.pixel_size.row_um, picture.pixel_size.column_um) == (0.25, 0.5)
    assert picture.shape == (ROWS, COLUMNS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("axes", ["CYX", "YXC", "SYX"])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_open_section__channels_first_or_last_in_8_or_16_bit(dtype, axes, n, tmp_path):
    path, planes = tmp_path / "c.tif", stack(n, dtype)
    if axes == "CYX":
        tifffile.imwrite(path, planes, photometric="minisblack", metadata={"axes": "CYX"})
    elif axes == "SYX":
        tifffile.imwrite(path, planes, photometric="minisblack", planarconfig="separate")
    else:
        tifffile.imwrite(path, np.moveaxis(planes, 0, -1), photometric="minisblack", planarconfig="contig")
    picture = opened(path, tmp_path / "into")
    assert [one.title for one in picture.parts] == [f"channel {number + 1}" for number in range(n)]
    for number in range(n):
        assert np.array_equal(picture.arrays(number)[0], planes[number])
    # Nothing but the channels' own arrays is left behind.
    assert len(list((tmp_path / "into").iterdir())) == n


def test_open_section__a_picture_in_colour_stays_one(tmp_path):
    path = tmp_path / "rgb.tif"
    tifffile.imwrite(path, np.moveaxis(stack(3, np.uint8), 0, -1), photometric="rgb")
    picture = opened(path, tmp_path / "into")
    assert (picture.channels, picture.arrays()[0].shape) == ((), (ROWS, COLUMNS, 3))


def test_open_section__imagej_channels_open_and_its_slices_and_frames_do_not(tmp_path):
    path = tmp_path / "ij.tif"
    options = {"imagej": True, "resolution": (2.0, 2.5)}
    tifffile.imwrite(path, stack(2), metadata={"axes": "CYX", "unit": "um"}, **options)
    picture = opened(path, tmp_path / "into")
    assert (len(picture.parts), picture.pixel_size.row_um) == (2, 0.4)
    for axes, what in (("ZYX", "stack of 3 slices"), ("TYX", "series of 3 times")):
        tifffile.imwrite(path, stack(3), metadata={"axes": axes}, **options)
        told = refusal(path, tmp_path)
        assert (told.code, what in told.message) == ("unsupported-pixels", True)


@pytest.mark.parametrize(("axes", "n"), [("ZYX", 3), ("TYX", 2), ("CZYX", 4), ("TCYX", 4)])
def test_open_section__a_stack_or_a_series_in_time_is_refused_with_its_reason(axes, n, tmp_path):
    path, planes = tmp_path / "z.ome.tif", stack(n)
    shape = (2, 2, ROWS, COLUMNS) if len(axes) == 4 else planes.shape
    tifffile.imwrite(path, planes.reshape(shape), metadata={"axes": axes, **OME})
    told = refusal(path, tmp_path)
    assert told.code == "unsupported-pixels"
    assert ("stack of" in told.message) == ("Z" in axes)
    assert "save the plane" in told.message


def test_open_section__planes_of_which_nothing_is_said_are_refused(tmp_path):
    path = tmp_path / "planes.tif"
    tifffile.imwrite(path, stack(3), photometric="minisblack")
    assert "does not say that they are channels" in refusal(path, tmp_path).message
    tifffile.imwrite(path, stack(3), photometric="minisblack", metadata=None)
    assert refusal(path, tmp_path).code == "unsupported-pixels"
    tifffile.imwrite(path, stack(3), photometric="minisblack", metadata={"axes": "QYX"})
    assert refusal(path, tmp_path).code == "unsupported-pixels"


def test_open_section__more_channels_than_a_screen_tells_apart_are_refused(tmp_path):
    path = tmp_path / "five.ome.tif"
    tifffile.imwrite(path, stack(5), metadata={"axes": "CYX", **OME})
    assert "5 channels" in refusal(path, tmp_path).message
    tifffile.imwrite(path, np.moveaxis(stack(5), 0, -1), photometric="minisblack", planarconfig="contig")
    assert refusal(path, tmp_path).code == "unsupported-pixels"


def xml_of(n, told, data="<TiffData/>", more=""):
    channels = "".join(
        f'<Channel ID="Channel:0:{c}" SamplesPerPixel="1" Name="{name}"/>' for c, name in enumerate(told)
    )
    pixels = f'SizeX="{COLUMNS}" SizeY="{ROWS}" SizeC="{n}" SizeZ="1" SizeT="1" Type="uint16" DimensionOrder="XYCZT"'
    inside = f'<Image ID="Image:0"><Pixels ID="Pixels:0" {pixels} {more}>{channels}{data}</Pixels></Image>'
    return f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{inside}</OME>'


def write_pages(path, planes, description, **options):
    """Pages one after the other, with metadata of our own on the first."""
    with tifffile.TiffWriter(path) as writer:
        for number, plane in enumerate(planes):
            text = description if number == 0 else None
            writer.write(plane, photometric="minisblack", description=text, metadata=None, **options)


@pytest.mark.parametrize("told", [2, 4])
def test_open_section__another_number_of_channels_than_is_told_is_refused(told, tmp_path):
    path = tmp_path / "n.ome.tif"
    write_pages(path, stack(3), xml_of(told, ["calcein"] * told))
    assert f"says {told} channels and holds 3" in refusal(path, tmp_path).message
    write_pages(path, stack(1), xml_of(2, ["calcein"] * 2))
    assert "says 2 channels and holds 1" in refusal(path, tmp_path).message


def test_open_section__a_channel_has_the_page_that_the_metadata_say_and_no_other(tmp_path):
    path, planes = tmp_path / "swap.ome.tif", stack(2)
    swapped = '<TiffData FirstC="0" IFD="1"/><TiffData FirstC="1" IFD="0"/>'
    write_pages(path, planes, xml_of(2, ["calcein", "alizarin"], swapped))
    picture = opened(path, tmp_path / "into")
    assert np.array_equal(picture.arrays(0)[0], planes[1])
    assert picture.parts[1].title == "channel 2 (alizarin)"
    assert np.array_equal(picture.arrays(1)[0], planes[0])
    for data in (
        '<TiffData FirstC="0" IFD="0"/><TiffData FirstC="1" IFD="0"/>',
        '<TiffData FirstC="0" IFD="0"/>',
        '<TiffData FirstC="0" IFD="-1"/><TiffData FirstC="1" IFD="0"/>',
    ):
        write_pages(path, planes, xml_of(2, ["calcein", "alizarin"], data))
        assert "which page is which" in refusal(path, tmp_path).message
    write_pages(path, planes, xml_of(2, ["a", "b"], '<TiffData FirstC="0" IFD="0"/><TiffData FirstC="1" IFD="9"/>'))
    assert refusal(path, tmp_path).code == "decode-failed"


def test_open_section__channels_of_different_kinds_are_refused(tmp_path):
    path = tmp_path / "mixed.ome.tif"
    write_pages(path, [stack(1)[0], stack(1, np.uint8)[0]], xml_of(2, ["calcein", "alizarin"]))
    assert refusal(path, tmp_path).code == "unsupported-pixels"


@pytest.mark.parametrize(
    "size", ['PhysicalSizeX="0" PhysicalSizeY="0"', 'PhysicalSizeX="0.5" PhysicalSizeY="0"', 'PhysicalSizeX="0.5"']
)
def test_open_section__channels_whose_pixels_are_zero_have_no_size(size, tmp_path):
    path = tmp_path / "zero.ome.tif"
    write_pages(path, stack(2), xml_of(2, ["calcein", "alizarin"], more=size))
    assert opened(path, tmp_path / "into").pixel_size is None


def test_open_section__a_resolution_without_its_unit_is_no_pixel_size(tmp_path):
    path = tmp_path / "inch.tif"
    # 50 800 to the inch would be 0.5 um; without the tag nobody says that they are inches.
    tifffile.imwrite(path, stack(1)[0], resolution=(50_800, 50_800), resolutionunit="INCH", metadata=None)
    assert opened(path, tmp_path / "a").pixel_size.row_um == pytest.approx(0.5)
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    for place in range(first + 2, first + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, place)[0] == 296:  # ResolutionUnit
            struct.pack_into("<H", data, place, 65_000)
    path.write_bytes(bytes(data))
    assert opened(path, tmp_path / "b").pixel_size is None


def write_pyramids(path, planes, factors, titles=("calcein", "alizarin"), skip=()):
    with tifffile.TiffWriter(path) as writer:
        for number, plane in enumerate(planes):
            levels = [] if number in skip else factors
            text = xml_of(len(planes), titles) if number == 0 else None
            options = {"photometric": "minisblack", "metadata": None}
            writer.write(plane, subifds=len(levels), description=text, **options)
            for factor in levels:
                writer.write(plane[::factor, ::factor], subfiletype=1, **options)


def test_open_section__levels_of_channels_that_do_not_halve_open_at_their_own_sizes(tmp_path):
    path, planes = tmp_path / "p.ome.tif", stack(2)
    write_pyramids(path, planes, (3, 5))
    picture = opened(path, tmp_path / "into")
    for number in range(2):
        assert [level.shape for level in picture.arrays(number)] == [(90, 140), (30, 47), (18, 28)]
        assert np.array_equal(picture.arrays(number)[1], planes[number][::3, ::3])


def test_open_section__levels_that_one_channel_lacks_are_left_out_of_all(tmp_path):
    path = tmp_path / "p.ome.tif"
    write_pyramids(path, stack(2), (2,), skip=(1,))
    picture = opened(path, tmp_path / "into")
    assert [len(picture.arrays(number)) for number in range(2)] == [1, 1]


def test_open_section__large_channels_get_coarser_levels_that_are_means(tmp_path):
    path, planes = tmp_path / "large.tif", stack(2, rows=60, columns=2100)
    tifffile.imwrite(path, planes, photometric="minisblack", metadata={"axes": "CYX"})
    picture = opened(path, tmp_path / "into")
    assert [level.shape for level in picture.arrays(1)] == [(60, 2100), (30, 1050)]
    assert picture.arrays(1)[1][3, 7] == int(planes[1, 6:8, 14:16].sum()) // 4


def test_decode_section__channels_that_are_too_large_give_way_to_a_coarser_level(tmp_path):
    path = tmp_path / "p.ome.tif"
    write_pyramids(path, stack(2), (2,))
    found = decode_section(str(path), str(tmp_path), 4000)
    assert [one.levels[0].shape for one in found.channels] == [(45, 70)] * 2
    assert [one.code for one in found.notes] == ["coarser-level"]
    assert refusal(path, tmp_path, most_pixels=100).code == "too-large"


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("cut", [1, 300, 30_000, 75_000])
def test_open_section__truncated_channels_are_refused_and_never_open_as_fewer(big, cut, tmp_path):
    path = tmp_path / "t.ome.tif"
    tifffile.imwrite(path, stack(3), metadata={"axes": "CYX", **OME}, bigtiff=big)
    assert len(opened(path, tmp_path / "into").parts) == 3
    path.write_bytes(path.read_bytes()[:-cut])
    assert refusal(path, tmp_path).code == "truncated-file"


def test_open_section__pages_in_a_circle_are_refused(tmp_path):
    path = tmp_path / "circle.tif"
    tifffile.imwrite(path, stack(1)[0], metadata=None)
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    path.write_bytes(bytes(data))
    assert refusal(path, tmp_path).code == "malformed-header"


def test_open_section__a_page_that_claims_more_than_is_opened_is_refused(tmp_path):
    path = tmp_path / "huge.tif"
    tifffile.imwrite(path, stack(2), photometric="minisblack", metadata={"axes": "CYX"})
    data = bytearray(path.read_bytes())
    place = 4
    while (first := struct.unpack_from("<I", data, place)[0]) != 0:
        (count,) = struct.unpack_from("<H", data, first)
        for entry in range(first + 2, first + 2 + 12 * count, 12):
            if struct.unpack_from("<H", data, entry)[0] in (256, 257):  # ImageWidth, ImageLength
                struct.pack_into("<I", data, entry + 8, 60_000)
        place = first + 2 + 12 * count
    path.write_bytes(bytes(data))
    assert refusal(path, tmp_path).code in {"too-large", "truncated-file", "unsupported-pixels"}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("", "channel 1"),
        ("Jane Doe", "channel 1"),
        ("DOE_calcein_1953-04-02", "channel 1 (calcein)"),
        ("OXYTETRACYCLINE", "channel 1 (oxytetracycline)"),
        ("calceinus", "channel 1"),
        ("Mrs Green-Smith", "channel 1 (green)"),
        ("P488", "channel 1"),
        ("P-488 520nm", "channel 1 (520 nm)"),
        ("a" * 100_000, "channel 1"),
    ],
)
def test_channel_title__shows_known_stains_and_wavelengths_and_nothing_else(name, title):
    assert channel_title(0, name) == title


def test_channel_title__a_wavelength_of_its_own_is_shown_where_it_is_one():
    assert channel_title(1, "", "520") == "channel 2 (emission 520 nm)"
    assert channel_title(1, "", "0.00000052", "m") == "channel 2"
    assert channel_title(1, "", "19530402") == "channel 2"


def test_told_of__what_cannot_be_understood_says_nothing():
    for text in ('{"axes": "CYX", "shape": [3, 90]}', '{"axes": "CYX"}', "[" * 100_000, "", '{"axes": 3, "shape": 4}'):
        assert told_of(text) is None
    assert told_of(xml_of("x", [])) is None
