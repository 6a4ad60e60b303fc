"""Real report pages: what is read from them is what a person reads.

The truth was read off the enlarged pages by eye and checked against BMD = BMC / area and the sums of vertebrae. No
number of a page stands here, only the first eight digits of a keyed digest (HMAC-SHA256, the key is the SHA-256 of the
page) of each
`region|side|statistic|cell|text`.
"""

from __future__ import annotations

import hashlib
import hmac
import shutil
import time
from functools import cache
from pathlib import Path

import pytest

from bonemetrics.dxa.judge import judge
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa import page_image
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, DxaRow

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(shutil.which("tesseract") is None, reason="the program tesseract is not installed"),
]
TRUTH = {
    "hologic_apex55_spine.png": (
        "002d825d 00a25ce9 083dc5d0 0f25c4fa 12bb9eb6 15b7e88b 1852566c 1ca25a1c 2f878f3e 310e2aed 3666dcdb "
        "3b3ccdbb 4668ecf4 488eb3e4 4f3845e8 55f0a261 56f6e161 582a535f 5b3b38a4 5c3b1c50 64ed857c 6a427335 "
        "6af7949f 6ba2534a 6d20f405 6d3a4ad7 73bf0c92 750dd894 7782a268 778c6d90 7e61aa35 83846f63 85aeecac "
        "884c729f 936a334a 94e12528 965f000a 9677a4b1 98b186b4 9d705d04 9f8c722f ae76156a af4ba3b5 b5ca4c94 "
        "b5e8b26c b8cb6bc7 c1fc00d3 c4332eea c507cb1f c97482d9 c9f18b15 ce70c52f d25ddcf4 de0509bc e6d72112 "
        "ef7d5ef1 f134c020 f2eeecad f55de561 f949405c"
    ),
    "hologic_apex55_dual_hip.png": (
        "1dad7e72 225e3a53 26012178 29287280 393274d5 39b4a489 4ebe983d 52f25a61 568f708b 6bebb5b3 729f85b4 "
        "764fc1b0 8b1280d9 8bba78a6 94028036 940c1457 9ceb264d a25c9d2f a98dec25 b351e5fc b3dbf7f9 b56570b8 "
        "c2b3ef78 caec88fb cd4f4c58 ce6039ff d18c77c6 d4b8321d d9538cb0 e7d534bf f40da2b5 f49e2cda"
    ),
    "ge_encore16_spine_ancillary.png": (
        "03197c60 03bd0c04 08d229fb 0c460a52 1bfc61e5 1cb399ff 2339dbb2 24875182 2b4cccbf 384fd60e 38e7f7b0 "
        "3e40d526 549a2b40 5e18ddf4 6359be2d 69d996f7 6a431ff4 6c8bfad6 6deb41f1 6fc84263 74b984fe 7b791d29 "
        "80b4df37 80d44d10 87b9c677 87d5e2d1 8811d451 89b4eb3e 8ca7395f 8e37fb29 8f7cfda2 8f7df200 964b8602 "
        "98086f60 9c03f574 a193e4a0 a45c4967 a67e9e50 a816ab6b a9112a3f b6988655 b7d76d95 bfeab06c c50e656b "
        "c6d48759 ce88a94c dac77691 e20fa443 e3cb022f e81978f3 eaf3179d f60ce7de fbe5bd91"
    ),
    "ge_encore16_spine.png": ("0b9872e8 1d1cdb0c a7c15ea8"),
    "norland_illuminatus_spine.png": (
        "14ceac27 15f7edce 1ee294e5 2767ce87 28e97d31 2f06de73 36a04ddc 525dfb4d 57289564 57e8cc7f 86e26303 "
        "91a910d2 a58c08ee b856baf6 cda120ba cf60c63f d2e0dfec e524e8d4 f4483b03 f79fbafd"
    ),
}
DENSITY = ("area", "bmc", "bmd")
CELLS = {"hologic_apex55_spine.png": 45, "hologic_apex55_dual_hip.png": 24, "ge_encore16_spine_ancillary.png": 33}
CELLS |= {"norland_illuminatus_spine.png": 12, "ge_encore16_spine.png": 1}
"""How many cells of area, BMC and BMD each page has."""


@pytest.fixture
def pages(shared_data: Path) -> Path:
    folder = shared_data / "dxa" / "report_pages"
    if not folder.is_dir():
        pytest.skip("no report pages among the real files")
    return folder


@cache
def reading(path: Path) -> DxaReading:
    return page_image.read(Source(data=path.read_bytes(), name=path.name))


def digest(path: Path, row: DxaRow, name: str, text: str) -> str:
    spot = f"{row.region}|{row.side or '-'}|{row.statistic}|{name}|{text}"
    return hmac.new(hashlib.sha256(path.read_bytes()).digest(), spot.encode(), "sha256").hexdigest()[:8]


@pytest.mark.parametrize("name", TRUTH)
def test_page__holds_no_wrong_number(pages: Path, name: str) -> None:
    known = set(TRUTH[name].split())
    for report in reading(pages / name).reports:
        for row in report.rows:
            for cell_name, cell in row.cells.items():
                if cell.value is not None and cell_name in (*DENSITY, "t_score", "z_score"):
                    assert digest(pages / name, row, cell_name, cell.raw) in known, f"{row.region} {cell_name} is wrong"
                    assert cell.value == float(cell.raw)


@pytest.mark.parametrize("name", TRUTH)
def test_page__is_read_to_nine_tenths(pages: Path, name: str) -> None:
    if name == "ge_encore16_spine.png":
        pytest.skip("one row: too few digits to learn a face from, so nothing can be read twice")
    found = sum(
        row.cells[cell].value is not None
        for report in reading(pages / name).reports
        for row in report.rows
        for cell in DENSITY
        if cell in row.cells
    )
    assert found >= 0.9 * CELLS[name]


def test_hologic_pages__have_an_empty_column_of_t_scores(pages: Path) -> None:
    for name in ("hologic_apex55_spine.png", "hologic_apex55_dual_hip.png"):
        rows = [row for report in reading(pages / name).reports for row in report.rows]
        assert rows
        assert all(row.cells["t_score"].is_empty for row in rows)


@pytest.mark.parametrize("name", TRUTH)
def test_accepted_numbers__fit_together(pages: Path, name: str) -> None:
    for report in reading(pages / name).reports:
        for row in judge(report).report.rows:
            area, mass, density = (row.value(cell) for cell in DENSITY)
            if area and mass and density and row.statistic == "value":
                assert abs(mass / area - density) < 0.0006 + density * (0.005 / mass + 0.005 / area)


@pytest.mark.parametrize("name", TRUTH)
def test_judged_numbers__are_still_none_wrong(pages: Path, name: str) -> None:
    known = set(TRUTH[name].split())
    for report in reading(pages / name).reports:
        for row in judge(report).report.rows:
            for cell_name in DENSITY:
                if row.value(cell_name) is not None:
                    assert digest(pages / name, row, cell_name, row.cells[cell_name].raw) in known


def test_cells_in_doubt__keep_their_picture(pages: Path) -> None:
    for name in TRUTH:
        for report in reading(pages / name).reports:
            for row in report.rows:
                for cell in row.cells.values():
                    if cell.value is None and not cell.is_empty:
                        assert report.pictures[cell.picture].startswith(b"\x89PNG")
                        assert len(cell.readings) == 2


def test_a_picture_of_bone__is_refused_at_once(shared_data: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    images = sorted((shared_data / "dxa" / "ge_images").glob("*.dcm"))
    if not images:
        pytest.skip("no bone images among the real files")
    for path in images:
        pixels = pydicom.dcmread(path).pixel_array
        start = time.process_time()
        with pytest.raises(ReadError) as found:
            page_image.read_pages([pixels])
        assert found.value.code == "no-dxa-results"
        assert time.process_time() - start < 3.0
