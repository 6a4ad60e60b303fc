"""The one door: kinds by content, series by UID, junk passed over, nothing but regular files opened."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from bonemetrics.errors import ReadError
from bonemetrics.readers.ct import read_ct
from bonemetrics.readers.identify import Found, identify
from tests.dicom_bytes import EXPLICIT, IMPLICIT, Slice, ct_slice, reference_series, write_series


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


def with_series(uid: str, slices: list[Slice]) -> list[Slice]:
    for one in slices:
        one.elements[0x0020000E] = ("UI", uid)
    return slices


def test_identify__finds_series_by_uid_over_folders_among_junk(tmp_path: Path) -> None:
    first, second = reference_series(), with_series("1.2.3.99", reference_series())
    write_series(tmp_path / "a", first[:6] + second[:3])
    write_series(tmp_path / "b" / "deep", first[6:] + second[3:])
    for name in ("DICOMDIR", "Thumbs.db", "._000.dcm", ".hidden", "old.zip", ".DS_Store"):
        (tmp_path / "a" / name).write_bytes(reference_series()[0].encode())
    (tmp_path / "a" / "notes.txt").write_text("see page 2", encoding="ascii")
    (tmp_path / "a" / "report.pdf").write_bytes(b"%PDF-1.4 ...")
    found = identify(tmp_path)
    assert found.kind == "folder"
    assert sorted(item.kind for item in found.items) == ["ct-series", "ct-series", "dxa-report"]
    assert sorted(len(item.series.files) for item in found.items if item.series) == [12, 12]
    assert len(found.skipped) == 7


def test_identify__a_folder_with_one_series_is_that_series(tmp_path: Path) -> None:
    found = identify(write_series(tmp_path / "scan", reference_series()))
    assert (found.kind, found.path, len(found.items)) == ("ct-series", tmp_path / "scan", 1)
    assert found.series is not None
    assert found.problems == ()


def test_identify__one_file_of_a_series_is_a_series_of_one(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", reference_series())
    found = identify(folder / "003.dcm")
    assert found.kind == "ct-series"
    assert found.series is not None
    assert found.series.paths == (folder / "003.dcm",)


def test_identify__nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        identify(tmp_path / "nowhere")
    assert caught.value.code == "not-found"


def test_identify__an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    found = identify(tmp_path)
    assert (found.kind, found.items, found.problems) == ("folder", (), ())


def test_identify__links_are_not_followed_and_counted(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", reference_series())
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "link.dcm").symlink_to(folder / "000.dcm")
    found = identify(folder)
    assert codes(found) == ["links-skipped"]
    assert found.series is not None
    assert len(found.series.files) == 12
    assert [note.code for note in read_ct(found.series).notes] == ["links-skipped"]
    assert codes(identify(folder / "link.dcm")) == ["not-regular-file"]
    (tmp_path / "elsewhere").symlink_to(folder, target_is_directory=True)
    above = identify(tmp_path)
    assert [note.message[:2] for note in above.problems if note.code == "links-skipped"] == ["1 ", "2 "]


def test_identify__a_folder_of_scouts_beside_a_series_is_passed_over_with_a_note(tmp_path: Path) -> None:
    scout = with_series("1.2.3.50", reference_series()[:1])
    scout[0].elements[0x00080008] = ("CS", "ORIGINAL\\PRIMARY\\LOCALIZER")
    found = identify(write_series(tmp_path / "scan", reference_series() + scout))
    assert found.kind == "ct-series"
    assert codes(found) == ["localizers-set-aside"]
    alone = identify(write_series(tmp_path / "alone", scout))
    assert alone.series is not None
    with pytest.raises(ReadError) as caught:
        read_ct(alone.series)
    assert caught.value.code == "localizer-only"


def test_identify__a_damaged_file_beside_a_series_leaves_a_note_on_it(tmp_path: Path) -> None:
    # The last slice is cut within its header: the positions alone could not tell.
    series = reference_series()
    folder = write_series(tmp_path / "scan", series)
    raw = series[11].encode()
    (folder / "011.dcm").write_bytes(raw[: raw.index(b"\x20\x00\x0e\x00UI") + 5])
    found = identify(folder)
    whole = next(item for item in found.items if item.series)
    assert whole.series is not None
    assert [note.code for note in read_ct(whole.series).notes] == ["damaged-neighbour"]
    assert sorted(code for item in found.items for code in codes(item)) == ["damaged-neighbour", "truncated-file"]


@pytest.mark.parametrize(("name", "content"), [("011.dcm", bytes(5000)), ("copying", b"")])
def test_identify__an_empty_or_blank_slice_leaves_a_note_on_the_series(
    name: str, content: bytes, tmp_path: Path
) -> None:
    folder = write_series(tmp_path / "scan", reference_series()[:11])
    (folder / name).write_bytes(content)
    series = identify(folder).series
    assert series is not None
    assert [note.code for note in read_ct(series).notes] == ["damaged-neighbour"]


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("with_meta", [True, False])
def test_identify__a_slice_without_the_file_head_is_refused_and_noted(
    syntax: str, with_meta: bool, tmp_path: Path
) -> None:
    series = reference_series()
    folder = write_series(tmp_path / "scan", series[:11])
    series[11].transfer_syntax = syntax
    raw = series[11].encode()
    (folder / "IM12").write_bytes(raw[132:] if with_meta else series[11].body())
    found = identify(folder)
    whole = next(item for item in found.items if item.series)
    assert whole.series is not None
    assert [note.code for note in read_ct(whole.series).notes] == ["damaged-neighbour"]
    assert codes(identify(folder / "IM12")) == ["malformed-header"]


def test_identify__a_slice_that_contradicts_itself_leaves_a_note_on_the_series(tmp_path: Path) -> None:
    series = reference_series()
    series[11].elements[0x00080060] = ("CS", "CX")
    whole = identify(write_series(tmp_path / "scan", series)).series
    assert whole is not None
    assert [note.code for note in read_ct(whole).notes] == ["damaged-neighbour"]


def test_identify__a_ct_picture_without_a_series_uid_is_refused(tmp_path: Path) -> None:
    one = reference_series()[0]
    del one.elements[0x0020000E]
    (tmp_path / "one.dcm").write_bytes(one.encode())
    assert codes(identify(tmp_path / "one.dcm")) == ["missing-header-value"]


def test_read_ct__refuses_a_file_changed_since_it_was_identified(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", reference_series())
    series = identify(folder).series
    other = ct_slice(reference_series()[4].stored + 1, (-16.0, -16.0, 4.0), 5)
    (folder / "004.dcm").write_bytes(other.encode())
    os.utime(folder / "004.dcm", ns=(1, 1))
    assert series is not None
    with pytest.raises(ReadError) as caught:
        read_ct(series)
    assert caught.value.code == "changed-while-reading"


@pytest.mark.parametrize(
    ("name", "start", "kind"),
    [
        ("scan.isq", b"CTDATA-HEADER_V1" + bytes(600), "isq"),
        ("scan.aim", struct.pack("<iiiii", 20, 140, 2631, 31250, 0) + bytes(200), "aim"),
        ("scan.aim", b"AIMDATA_V030   \0" + bytes(200), "aim"),
        ("I0001.M01", struct.pack("<ii", 5, 1609) + bytes(2000), "stratec"),
        ("S0001.M01", struct.pack("<ii", 5, 1529) + bytes(2000), "stratec"),
    ],
)
def test_identify__kinds_of_other_formats_are_named_but_not_measured(
    name: str, start: bytes, kind: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(start)
    found = identify(tmp_path / name)
    assert (found.kind, codes(found)) == (kind, ["unsupported-format"])


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("lab.csv", b"ID;value\n1;2\n"),
        ("lab.csv", "ID;µg\n1;2\n".encode("utf-16")),
        ("lab.xpt", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"),
        ("lab.xlsx", b"PK\x03\x04" + bytes(2000)),
        ("lab.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)),
    ],
)
def test_identify__tables_are_named(name: str, start: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(start)
    found = identify(tmp_path / name)
    assert (found.kind, found.form, codes(found)) == ("table", "", [])
    # Beside a series it is an item of its own.
    write_series(tmp_path / "scan", reference_series())
    assert sorted(item.kind for item in identify(tmp_path).items) == ["ct-series", "table"]


@pytest.mark.parametrize(
    ("name", "start", "kind", "form"),
    [
        ("PatScan.mdb", b"\0\1\0\0Standard Jet DB\0" + bytes(500), "hologic-database", "hologic_database"),
        ("report.pdf", b"%PDF-1.7\n", "dxa-report", "pdf"),
        ("page.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "dxa-image", "page_image"),
        ("typed.csv", b"patient_id;scan_date;region;bmd_g_cm2\n", "table", "csv_template"),
    ],
)
def test_identify__dxa_results_go_to_their_reader(
    name: str, start: bytes, kind: str, form: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(start)
    found = identify(tmp_path / name)
    assert (found.kind, found.form, codes(found)) == (kind, form, [])


@pytest.mark.parametrize("record", [(1001, 56), (90, 12)])
def test_identify__what_only_begins_like_a_scan_file_is_refused(record: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "PA1.P05").write_bytes(struct.pack("<HH", *record) + bytes(500))
    found = identify(tmp_path / "PA1.P05")
    assert (found.kind, codes(found)) == ("hologic-scan", ["malformed-document"])


def test_identify__a_picture_beside_a_series_is_passed_over(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "scan", reference_series())
    (folder / "screenshot.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    found = identify(folder)
    assert found.kind == "ct-series"
    assert found.skipped == (folder / "screenshot.png",)
    (tmp_path / "pages").mkdir()
    (folder / "screenshot.png").rename(tmp_path / "pages" / "page.png")
    assert identify(tmp_path / "pages").kind == "dxa-image"


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("MR_small.dcm", "unknown", ["not-ct"]),
        ("rtdose.dcm", "unknown", ["not-ct"]),
        ("reportsi.dcm", "dxa-report", []),
        ("README.txt", "unknown", ["unknown-format"]),
    ],
)
def test_identify__real_files_of_other_kinds(name: str, kind: str, code: list[str]) -> None:
    found = identify(Path(str(get_testdata_file(name))))
    assert (found.kind, codes(found)) == (kind, code)


def test_identify__other_pictures_are_named_only_where_there_is_nothing_else(tmp_path: Path) -> None:
    shutil.copy(str(get_testdata_file("MR_small.dcm")), tmp_path / "mr.dcm")
    assert codes(identify(tmp_path)) == ["not-ct"]
    write_series(tmp_path / "ct", reference_series())
    found = identify(tmp_path)
    assert found.kind == "ct-series"
    assert found.skipped == (tmp_path / "mr.dcm",)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("qct/isq/test_isq.ISQ", "isq", ["unsupported-format"]),
        ("qct/isq/test_aim.AIM", "aim", ["unsupported-format"]),
        ("qct/stratec/I0025851.m01", "stratec", ["unsupported-format"]),
        ("qct/stratec/S0025851.m01", "stratec", ["unsupported-format"]),
        ("dxa/hologic_db/PatScan.mdb", "hologic-database", []),
        ("dxa/hologic_db/PA11721A.P05", "hologic-scan", []),
        ("dxa/hologic_db/PA11721A.R06", "hologic-scan", []),
        ("dxa/fhir_uscore/bone-scan.pdf", "dxa-report", []),
        ("dxa/ge_images/1.2.840.113619.2.110.210419.20180719141308.1.6.12.1.dcm", "dxa-image", []),
        ("qct/phantom_tables/qc1.csv", "table", []),
    ],
)
def test_identify__real_vendor_files(shared_data: Path, name: str, kind: str, code: list[str]) -> None:
    found = identify(shared_data / name)
    assert (found.kind, codes(found)) == (kind, code)
