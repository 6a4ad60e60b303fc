"""Picture files become grey pages, or a code; nothing else."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import page_image
from bonemetrics.readers.dxa.page_image_files import MAX_PAGES, pictures_of
from bonemetrics.readers.dxa.source import Source


def packed(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.fixture
def ramp() -> Image.Image:
    """Three rows of five levels, no two alike."""
    return Image.fromarray(
        np.array([[0, 9, 30, 70, 90], [110, 130, 150, 160, 170], [180, 200, 220, 240, 255]], np.uint8)
    )


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF"])
def test_pictures_of__keeps_every_grey_level(ramp: Image.Image, form: str) -> None:
    data = packed(ramp, form)
    assert page_image.recognises("anything", data[:4096])
    (page,) = pictures_of(data)
    np.testing.assert_array_equal(page, np.asarray(ramp))


def test_pictures_of__takes_a_jpeg(ramp: Image.Image) -> None:
    (page,) = pictures_of(packed(ramp, "JPEG", quality=95))
    assert page.shape == (3, 5)
    assert abs(int(page[2, 4]) - 255) < 12


def test_pictures_of__shows_transparent_parts_as_paper() -> None:
    # Black everywhere, of which the right column cannot be seen.
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[:, :2, 3] = 255
    (page,) = pictures_of(packed(Image.fromarray(pixels), "PNG"))
    np.testing.assert_array_equal(page, [[0, 0, 255], [0, 0, 255]])


def test_pictures_of__unfolds_palettes_bits_and_deep_pixels(ramp: Image.Image) -> None:
    (palette,) = pictures_of(packed(ramp.convert("P"), "PNG"))
    np.testing.assert_array_equal(palette, np.asarray(ramp))
    (bits,) = pictures_of(packed(ramp.point(lambda level: 255 * (level > 100)).convert("1"), "TIFF"))
    np.testing.assert_array_equal(bits, 255 * (np.asarray(ramp) > 100))
    # 16 bits from 100 to 1375: five levels to one.
    (deep,) = pictures_of(packed(Image.fromarray(np.asarray(ramp).astype(np.uint16) * 5 + 100), "PNG"))
    np.testing.assert_array_equal(deep, np.asarray(ramp))


def test_pictures_of__unpacks_all_pages_of_a_tiff(ramp: Image.Image) -> None:
    wide = Image.new("L", (7, 4), 33)
    pages = pictures_of(packed(ramp, "TIFF", save_all=True, append_images=[wide]))
    assert [page.shape for page in pages] == [(3, 5), (4, 7)]
    assert pages[1].min() == pages[1].max() == 33


def test_pictures_of__refuses_more_pages_than_a_report_has(ramp: Image.Image) -> None:
    data = packed(ramp, "TIFF", save_all=True, append_images=[ramp] * MAX_PAGES)
    with pytest.raises(ReadError, match="pages") as found:
        pictures_of(data)
    assert found.value.code == "too-large"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("side", [7_000, 12_000, 30_000])
def test_pictures_of__refuses_a_picture_that_would_unfold_without_bound(side: int) -> None:
    # 49 million, 144 million and 900 million pixels: above our limit, above Pillow's warning, above Pillow's limit.
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    with pytest.raises(ReadError) as found:
        pictures_of(bomb)
    assert found.value.code == "too-large"


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "BMP", "GIF"])
def test_pictures_of__refuses_a_file_that_breaks_off(form: str) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (60, 41), np.uint8)
    data = packed(Image.fromarray(noise), form)
    with pytest.raises(ReadError) as found:
        pictures_of(data[: len(data) // 2])
    assert found.value.code in ("truncated-file", "malformed-document")


def test_pictures_of__refuses_what_is_no_picture() -> None:
    with pytest.raises(ReadError) as found:
        pictures_of(b"%PDF-1.7 and more")
    assert found.value.code == "unknown-format"
    assert not page_image.recognises("page.png", b"%PDF-1.7")
    assert not page_image.recognises("table.csv", b"BMD,BMC,Area,T-score,Z-score")


def test_read__refuses_a_tiny_picture(ramp: Image.Image) -> None:
    with pytest.raises(ReadError) as found:
        page_image.read(Source(data=packed(ramp, "PNG"), name="thumb.png"))
    assert found.value.code == "no-dxa-results"
