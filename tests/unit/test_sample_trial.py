"""The synthetic trial: its files, its truth and its protocol."""

from __future__ import annotations

import csv
import zipfile
from datetime import date
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pypdfium2
import pytest
from pydicom.uid import JPEGLSLossless

from bonemetrics.errors import UsageError
from bonemetrics.sample.dxa.reference import curves
from bonemetrics.sample.people import MOVED, REPEATED, VISITS, WOMEN
from bonemetrics.sample.tables import TRUTH_COLUMNS
from bonemetrics.sample.trial import aged_forearm, make_trial, plan
from bonemetrics.study.protocol import load_protocol

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The committed sample, made anew."""
    out = tmp_path_factory.mktemp("trial") / "out"
    steps = []
    make_trial(out, scans=4, progress=lambda done, total: steps.append((done, total)))
    return out, steps


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def stored(dataset):
    """Stored pixels; plain pydicom has no decoder for JPEG-LS."""
    if dataset.file_meta.TransferSyntaxUID != JPEGLSLossless:
        return dataset.pixel_array.astype(np.int64)
    frame = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    return imagecodecs.jpegls_decode(frame).view(np.int16).astype(np.int64)


def as_written(path):
    """What a file says, apart from how a page is packed or its pixels are smoothed."""
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        return [page.get_textpage().get_text_range() for page in document]
    if path.suffix == ".xps":
        with zipfile.ZipFile(path) as package:
            return {name: package.read(name) for name in package.namelist() if not name.endswith(".ttf")}
    if path.suffix == ".dcm":
        dataset = pydicom.dcmread(path)
        if "PixelData" in dataset:
            del dataset.PixelData
        return dataset
    return path.read_bytes()


def test_plan__is_ten_women_four_visits_one_repeat_and_one_other_scanner():
    scans = plan()
    # 10 × 4 visits, less two that CSM-07 and one that CSM-10 left out, one that CSM-05 missed, and a repeat more.
    assert len({one.folder for one in scans}) == len(scans) == 40 - 2 - 1 - 1 + 1
    assert [woman.cohort for woman in WOMEN] == ["2M"] * 4 + ["5M"] * 6
    assert {(one.woman.subject, one.visit.name) for one in scans} == {
        (f"CSM-{n:02d}", name) for n in range(1, 11) for name in ("Baseline", "Month 6", "Month 12", "Month 24")
    } - {("CSM-07", "Month 12"), ("CSM-07", "Month 24"), ("CSM-10", "Month 24"), ("CSM-05", "Month 12")}
    assert [one.folder for one in scans if "repeat" in one.folder] == [f"CSM-{REPEATED:02d}/baseline-repeat"]
    serials = {one.constants.serial: one.folder for one in scans if one.woman.device != "ct"}
    assert serials["3187"] == f"CSM-{MOVED:02d}/month-24"
    assert {one.coding for one in scans} == {"explicit", "jpeg-ls", "jpeg-2000", "rle"}
    assert len({one.header.series_uid for one in scans}) == 37


def test_plan__every_woman_is_between_50_and_70_and_inside_every_window():
    for one in plan():
        age = (one.woman.day1 - one.woman.born).days / 365.25
        assert 50 <= age <= 70
        days = (one.header.scanned.date() - one.woman.day1).days
        study_day = days + 1 if days >= 0 else days
        assert one.visit.window[0] <= study_day <= one.visit.window[1]


def test_woman__study_days_have_no_zero():
    woman = WOMEN[0]
    assert woman.day1 == date(2015, 10, 14)
    assert woman.day(1) == date(2015, 10, 14)
    assert woman.day(-1) == date(2015, 10, 13)
    assert woman.day(366) == date(2016, 10, 13)


def test_aged_forearm__density_grows_by_the_true_gain_and_the_shell_thins():
    # Gain 4 % over 24 months scales core, rise and texture alike, so the mean over one slab of bone grows by 4 %;
    # the shell, thinner by 0.8 %, gives the trabecular region a rim of denser bone less than 0.01 mm wide.
    woman = WOMEN[6]
    before, after = aged_forearm(woman, 0), aged_forearm(woman, 24)
    first, last = (arm.truth((-1.0, 1.0), n_slices=8) for arm in (before, after))
    assert last.tb_vbmd / first.tb_vbmd == pytest.approx(1.04, abs=0.002)
    assert last.ct_vbmd / first.ct_vbmd == pytest.approx(0.996**2, abs=1e-9)
    assert last.ct_ar / first.ct_ar == pytest.approx(0.996**2, abs=1e-3)
    assert last.tt_ar == pytest.approx(first.tt_ar, rel=1e-9)


def test_make_trial__truth_has_the_key_columns_of_a_density_table(small):
    out, steps = small
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    rows = table(out / "truth.csv")
    assert tuple(rows[0]) == TRUTH_COLUMNS
    assert len([row for row in rows if row["site"] == "radius"]) == 4 * 11
    trabecular = [row for row in rows if row["quantity"] == "Tb.vBMD"]
    assert [(row["subject"], row["visit"]) for row in trabecular] == [
        ("CSM-02", "Baseline"),
        ("CSM-02", "Month 24"),
        ("CSM-08", "Baseline"),
        ("CSM-08", "Month 24"),
    ]
    assert {(row["unit"], row["material"], row["region"]) for row in trabecular} == {("mg/cm3", "HA", "trabecular")}
    assert {row["material"] for row in rows if row["unit"] not in ("mg/cm3",)} == {""}
    for row in trabecular:
        assert 60 < float(row["value"]) < 200


def test_make_trial__reports_lie_beside_the_scans_of_their_visits(small):
    out, _ = small
    folders = sorted(str(path.relative_to(out / "input")) for path in (out / "input").glob("*/*/*") if path.is_dir())
    assert folders == [f"CSM-{number}/dxa/{visit}" for number in ("02", "08") for visit in ("baseline", "month-24")]
    names = {path.name for path in (out / "input" / "CSM-08" / "dxa" / "baseline").iterdir()}
    assert names == {"spine.pdf", "femur.xps", "forearm.txt"}
    rows = [row for row in table(out / "truth.csv") if row["site"] != "radius"]
    assert {(row["subject"], row["visit"]) for row in rows} == {
        (subject, visit) for subject in ("CSM-02", "CSM-08") for visit in ("Baseline", "Month 24")
    }
    spine = [row for row in rows if (row["region"], row["quantity"]) == ("L1-L4", "aBMD")]
    assert [(row["side"], row["unit"], bool(row["series_uid"])) for row in spine] == [
        ("", "g/cm2", True),
        ("", "g/cm2", True),
        ("", "g/cm2", False),
        ("", "g/cm2", False),
    ]


def test_plan__a_repeated_scan_has_no_reports_of_its_own():
    assert [one.folder for one in plan() if not one.with_dxa] == [f"CSM-{REPEATED:02d}/baseline-repeat"]


def test_make_trial__files_hold_what_truth_and_subjects_say(small):
    out, _ = small
    truth = {row["series_uid"]: row for row in table(out / "truth.csv")}
    owners = {
        identifier: row["subject"]
        for row in table(out / "subjects.csv")
        for identifier in row["patient_ids"].split(";")
    }
    series = {path.parent for path in (out / "input").rglob("IM0001")}
    assert len(series) == 4
    for folder in series:
        slices = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
        row = truth[slices[0].SeriesInstanceUID]
        assert owners[slices[0].PatientID] == row["subject"] == folder.parent.name
        assert slices[0].AcquisitionDate == row["scan_date"].replace("-", "")
        assert slices[0].Laterality == row["side"][0].upper()
        assert {len(slices)} == {
            int(float(one["value"]))
            for one in table(out / "truth.csv")
            if one["series_uid"] == slices[0].SeriesInstanceUID and one["quantity"] == "N.Sl"
        }


def test_make_trial__protocol_is_valid_and_names_all(small):
    protocol = load_protocol(small[0] / "study.toml")
    assert protocol.study.id == "SAMPLE-RQCT"
    assert [visit.name for visit in protocol.visits] == ["Baseline", "Month 4", "Month 6", "Month 12", "Month 24"]
    assert [visit.name for visit in protocol.visits if visit.window] == [visit.name for visit in VISITS]
    assert [subject.subject for subject in protocol.subjects] == [woman.subject for woman in WOMEN]
    assert {subject.cohort for subject in protocol.subjects} == {cohort.code for cohort in protocol.cohorts}
    assert [len(phantom.rods) for phantom in protocol.phantoms] == [5, 3]
    places = {
        parameter.paramcd: (parameter.site, parameter.region, parameter.side) for parameter in protocol.parameters
    }
    assert places["LSBMD"] == ("lumbar-spine", "L1-L4", None)
    assert places["FNBMDT"] == ("hip", "neck", "left")
    assert places["R33BMD"] == ("forearm", "radius-33", None)
    assert (protocol.dxa.dates, protocol.dxa.postmenopausal) == ("mdy", True)
    assert protocol.references == curves()


def test_make_trial__refuses_a_folder_in_use_and_no_scans(small, tmp_path):
    with pytest.raises(UsageError, match="already holds input"):
        make_trial(small[0])
    with pytest.raises(UsageError, match="at least"):
        make_trial(tmp_path, scans=0)


def test_sample_data__is_what_the_code_makes(small):
    """Texts and numbers to the byte; pixels of scans to one stored step, since numpy's sine may differ in its last bit
    between versions; drawn pages by their words, since other versions of the drawing library pack them otherwise."""
    out, _ = small
    made = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    kept = sorted(path.relative_to(SAMPLE) for path in SAMPLE.rglob("*") if path.is_file())
    assert made == kept
    assert sum((SAMPLE / path).stat().st_size for path in kept) < 5_000_000
    for path in made:
        if not path.name.startswith("IM"):
            assert as_written(out / path) == as_written(SAMPLE / path), path
            continue
        new, old = pydicom.dcmread(out / path), pydicom.dcmread(SAMPLE / path)
        difference = np.abs(stored(new) - stored(old))
        assert difference.max() <= 1
        assert np.count_nonzero(difference) < 0.001 * difference.size
        new.PixelData = old.PixelData = b""
        assert new == old
        assert new.file_meta == old.file_meta


def test_make_trial__the_files_do_not_depend_on_the_number_of_workers(small, tmp_path):
    make_trial(tmp_path, scans=4, workers=2)
    names = sorted(path.relative_to(small[0]) for path in small[0].rglob("*") if path.is_file())
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()) == names
    assert all((tmp_path / name).read_bytes() == (small[0] / name).read_bytes() for name in names)
