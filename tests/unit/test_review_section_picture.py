"""Opening pictures of sections: pixels, levels, pixel size, and refusals of what is hostile or has no size."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bonemetrics.batch.guard import run_guarded
from bonemetrics.errors import ReadError
from bonemetrics.review.section_decode import decode_section
from bonemetrics.review.section_picture import open_section
from bonemetrics.review.section_scale import pixel_size_of_tiff

ROWS, COLUMNS = 90, 140


def pixels(rows=ROWS, columns=COLUMNS):
    return np.random.default_rng(3).integers(0, 255, (rows, columns, 3), dtype=np.uint8)


def plainly(function, *args):
    """In place of the guarded child, for what is no question of limits."""
    return function(*args)


def opened(path, into):
    into.mkdir(exist_ok=True)
    return open_section(path, into, plainly)


def refusal(path, tmp_path, **options):
    with pytest.raises(ReadError) as caught:
        decode_section(str(path), str(tmp_path), **options)
    return caught.value.code


@pytest.fixture
def png(tmp_path):
    path = tmp_path / "Jane_Doe.png"
    Image.fromarray(pixels()).save(path, dpi=(72, 72))
    return path


@pytest.fixture
def tifffile():
    return pytest.importorskip("tifffile")


def test_open_section__a_png_keeps_its_pixels_and_has_no_size(png, tmp_path):
    # The 72 dots per inch that the file states would be 353 um.
    picture = opened(png, tmp_path / "into")
    assert np.array_equal(picture.arrays()[0], pixels())
    assert picture.pixel_size is None
    assert picture.shape == (ROWS, COLUMNS)
    assert "Jane" not in picture.model_dump_json()


def test_open_section__works_in_a_guarded_child(png, tmp_path):
    (tmp_path / "into").mkdir()
    picture = open_section(png, tmp_path / "into", run_guarded)
    assert np.array_equal(picture.arrays()[0], pixels())
    assert isinstance(picture.arrays()[0], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        picture.arrays()[0][0, 0] = 0


@pytest.mark.parametrize(("mode", "shape"), [("L", (90, 140)), ("RGBA", (90, 140, 3)), ("P", (90, 140, 3))])
def test_open_section__grey_transparent_and_palette_pictures_become_grey_or_colour(mode, shape, tmp_path):
    path = tmp_path / "one.png"
    Image.fromarray(pixels()).convert(mode).save(path)
    assert opened(path, tmp_path / "into").arrays()[0].shape == shape


def test_open_section__a_jpeg_opens(tmp_path):
    path = tmp_path / "one.jpg"
    Image.fromarray(np.full((ROWS, COLUMNS, 3), (200, 120, 40), dtype=np.uint8)).save(path, quality=95)
    # One colour comes through JPEG to within a few units.
    assert np.abs(opened(path, tmp_path / "into").arrays()[0].astype(int) - (200, 120, 40)).max() <= 3


def test_open_section__a_large_picture_gets_coarser_levels_that_are_means(tmp_path):
    values = np.arange(2100 * 10).reshape(2100, 10) % 251
    path = tmp_path / "long.png"
    Image.fromarray(values.astype(np.uint8)).save(path)
    fine, coarse = opened(path, tmp_path / "into").arrays()
    assert coarse.shape == (1050, 5)
    assert coarse[3, 2] == int(values[6:8, 4:6].sum()) // 4
    assert coarse[1040, 4] == int(values[2080:2082, 8:10].sum()) // 4
    assert fine.shape == (2100, 10)


def test_with_pixel_size__records_who_states_it_and_what_the_file_says(png, tmp_path):
    stated = opened(png, tmp_path / "into").with_pixel_size(0.5, "KL").with_pixel_size(0.6, "MN")
    assert (stated.pixel_size.column_um, stated.pixel_size.stated_by) == (0.6, "MN")
    assert stated.pixel_size.instead_of == ""


def write_pyramid(tifffile, path, **metadata):
    array = pixels()
    options = {"photometric": "rgb", "tile": (32, 32), "compression": "zlib"}
    with tifffile.TiffWriter(path) as writer:
        writer.write(array, subifds=2, metadata={"axes": "YXS", **metadata}, **options)
        writer.write(array[::2, ::2], subfiletype=1, **options)
        writer.write(array[::4, ::4], subfiletype=1, **options)


OME = {"PhysicalSizeX": 500, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm"}


def test_open_section__an_ome_tiff_gives_its_levels_and_pixel_size(tifffile, tmp_path):
    path = tmp_path / "p.ome.tif"
    write_pyramid(tifffile, path, **OME)
    picture = opened(path, tmp_path / "into")
    assert [level.shape for level in picture.arrays()] == [(90, 140, 3), (45, 70, 3), (23, 35, 3)]
    assert np.array_equal(picture.arrays()[1], pixels()[::2, ::2])
    size = picture.pixel_size
    assert (size.row_um, size.column_um, size.source) == (0.25, 0.5, "ome-xml")
    stated = picture.with_pixel_size(0.3, "KL").with_pixel_size(0.4, "KL").pixel_size
    assert stated.instead_of == "0.5 × 0.25 µm per pixel (ome xml)"


def test_decode_section__a_level_that_is_too_large_gives_way_to_a_coarser_one_with_larger_pixels(tifffile, tmp_path):
    path = tmp_path / "p.ome.tif"
    write_pyramid(tifffile, path, **OME)
    found = decode_section(str(path), str(tmp_path), 4000)
    assert [level.shape for level in found.levels] == [(45, 70, 3), (23, 35, 3)]
    assert (found.pixel_size.row_um, found.pixel_size.column_um) == (0.5, 1.0)
    assert [one.code for one in found.notes] == ["coarser-level"]
    assert refusal(path, tmp_path, most_pixels=100) == "too-large"


def test_open_section__imagej_states_its_unit(tifffile, tmp_path):
    path = tmp_path / "ij.tif"
    # 2 pixels per um along, 2.5 down.
    tifffile.imwrite(path, pixels()[..., 0], imagej=True, resolution=(2.0, 2.5), metadata={"unit": "um"})
    size = opened(path, tmp_path / "into").pixel_size
    assert (size.row_um, size.column_um, size.source) == (0.4, 0.5, "imagej")


def test_open_section__imagej_with_another_unit_down_the_columns_tells_no_size(tifffile, tmp_path):
    path = tmp_path / "ij.tif"
    units = {"unit": "um", "yunit": "mm"}
    tifffile.imwrite(path, pixels()[..., 0], imagej=True, resolution=(2.0, 2.5), metadata=units)
    assert opened(path, tmp_path / "into").pixel_size is None
    tifffile.imwrite(path, pixels()[..., 0], imagej=True, resolution=(2.0, 2.5), metadata=units | {"yunit": "micron"})
    assert opened(path, tmp_path / "into2").pixel_size.row_um == 0.4


def test_open_section__resolution_tags_of_a_microscope_count_and_those_of_a_printout_do_not(tifffile, tmp_path):
    path = tmp_path / "tags.tif"
    # 20 000 pixels per cm are 0.5 um; 300 per inch would be 84.7 um.
    tifffile.imwrite(path, pixels(), photometric="rgb", resolution=(20000, 20000), resolutionunit="CENTIMETER")
    size = opened(path, tmp_path / "into").pixel_size
    assert (size.row_um, size.source) == (0.5, "tiff-tags")
    tifffile.imwrite(path, pixels(), photometric="rgb", resolution=(300, 300), resolutionunit="INCH")
    picture = opened(path, tmp_path / "into")
    assert picture.pixel_size is None
    assert [one.code for one in picture.notes] == ["print-resolution"]


def test_open_section__several_planes_are_refused(tifffile, tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros((3, ROWS, COLUMNS), dtype=np.uint8), photometric="minisblack")
    assert refusal(path, tmp_path) == "unsupported-pixels"


def test_open_section__a_thumbnail_of_other_proportions_is_no_level(tifffile, tmp_path):
    path = tmp_path / "label.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(pixels(), photometric="rgb")
        writer.write(pixels(20, 60), photometric="rgb")
    assert len(opened(path, tmp_path / "into").levels) == 1


@pytest.mark.parametrize("dtype", ["float32", "int32", "complex64"])
def test_open_section__numbers_that_are_no_picture_are_refused(tifffile, dtype, tmp_path):
    path = tmp_path / "odd.tif"
    tifffile.imwrite(path, np.zeros((ROWS, COLUMNS), dtype=dtype))
    assert refusal(path, tmp_path) == "unsupported-pixels"


def test_open_section__truncated_files_are_refused(png, tifffile, tmp_path):
    png.write_bytes(png.read_bytes()[:-3000])
    assert refusal(png, tmp_path) in {"truncated-file", "decode-failed"}
    path = tmp_path / "p.tif"
    tifffile.imwrite(path, pixels(), photometric="rgb")
    path.write_bytes(path.read_bytes()[:-3000])
    assert refusal(path, tmp_path) == "truncated-file"
    path.write_bytes(path.read_bytes()[:20])
    assert refusal(path, tmp_path) == "truncated-file"


def bomb(rows, columns):
    """A PNG of a few hundred bytes that claims many pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_open_section__a_decompression_bomb_is_refused_before_it_unfolds(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(60_000, 60_000))
    assert refusal(path, tmp_path) == "too-large"
    path.write_bytes(bomb(1000, 1000))
    assert refusal(path, tmp_path) in {"truncated-file", "decode-failed"}


def test_open_section__a_tiff_that_claims_huge_dimensions_is_refused(tifffile, tmp_path):
    path = tmp_path / "huge.tif"
    tifffile.imwrite(path, pixels()[..., 0], photometric="minisblack")
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    for place in range(first + 2, first + 2 + 12 * count, 12):
        (tag,) = struct.unpack_from("<H", data, place)
        if tag in (256, 257):  # ImageWidth, ImageLength
            struct.pack_into("<HHII", data, place, tag, 4, 1, 1_000_000_000)
    path.write_bytes(data)
    assert refusal(path, tmp_path) == "too-large"


@pytest.mark.parametrize("content", [b"", b"GIF89a....", b"%PDF-1.7", b"\x00" * 50])
def test_open_section__other_formats_are_refused(content, tmp_path):
    path = tmp_path / "one.png"
    path.write_bytes(content)
    assert refusal(path, tmp_path) == "unknown-format"


def test_open_section__links_and_missing_files_are_refused(png, tmp_path):
    link = tmp_path / "link.png"
    link.symlink_to(png)
    assert refusal(link, tmp_path) == "not-regular-file"
    assert refusal(tmp_path / "none.png", tmp_path) == "not-found"


def ome(pixels_attributes, before=""):
    return (
        f'<?xml version="1.0"?>{before}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        f"<Image><Pixels {pixels_attributes}/></Image></OME>"
    )


@pytest.mark.parametrize(
    "attributes",
    [
        'SizeX="140" SizeY="90"',
        'SizeX="140" SizeY="90" PhysicalSizeX="0.5"',
        'SizeX="140" SizeY="90" PhysicalSizeX="1" PhysicalSizeY="1" PhysicalSizeXUnit="pixel"',
        'SizeX="140" SizeY="90" PhysicalSizeX="0" PhysicalSizeY="0"',
        'SizeX="140" SizeY="90" PhysicalSizeX="half" PhysicalSizeY="1"',
        'SizeX="280" SizeY="180" PhysicalSizeX="0.5" PhysicalSizeY="0.5"',
    ],
)
def test_pixel_size__ome_xml_that_does_not_state_one_for_this_picture_gives_none(attributes):
    # The tags would say 0.5 um, and stand behind what the OME-XML should have said: they are not used.
    assert pixel_size_of_tiff(ome(attributes), (20_000, 20_000), 3, (90, 140)) == (None, False)


def test_pixel_size__ome_xml_without_a_unit_is_in_um():
    size, _ = pixel_size_of_tiff(
        ome('SizeX="140" SizeY="90" PhysicalSizeX="0.5" PhysicalSizeY="0.25"'), None, 1, (90, 140)
    )
    assert (size.row_um, size.column_um) == (0.25, 0.5)


def test_pixel_size__xml_that_would_unfold_is_refused():
    entities = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(ReadError) as caught:
        pixel_size_of_tiff(ome('SizeX="140" SizeY="90"', entities), None, 1, (90, 140))
    assert caught.value.code == "unsafe-document"


def test_pixel_size__damaged_xml_gives_none():
    assert pixel_size_of_tiff("<OME><Image>", None, 1, (90, 140)) == (None, False)
