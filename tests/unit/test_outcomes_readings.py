"""From verdicts and masks of a study to its agreement of readers, in the report and the tables."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bonemetrics.outcomes.export import export_study, report_study
from bonemetrics.outcomes.readings import study_agreement, study_readings
from bonemetrics.quantities import Material
from bonemetrics.readers.labels import read_labels, write_labels
from bonemetrics.records import Measurement, Provenance, ScanResult
from bonemetrics.review.agreement import QUANTITY
from bonemetrics.study.layout import scan_id
from bonemetrics.study.store import Store
from bonemetrics.volume import CORTICAL, TRABECULAR, LabelVolume
from tests.reading_cases import TWO, judge
from tests.review_cases import CALIBRATION, DAY1, GRID, automatic_labels, study_of
from tests.study_cases import facts, header

ONE = "[review]\nreaders = ['KL', 'MN']\nadjudicators = ['AD']\n"
AGAIN = "[review]\nreaders = ['KL']\nrepeat_percent = 50\n"
# The grid of `review_cases.GRID` has voxels of 2.0 × 0.5 × 0.4 mm; the automatic mask is 3 × 5 × 5 voxels, of which
# 3 × 3 × 3 in its middle are trabecular.


def density(value: float, region: str = "trabecular", material: Material = Material.HA) -> Measurement:
    return Measurement(
        quantity=QUANTITY,
        value=value,
        standard_uncertainty=1.0,
        site="radius",
        region=region,
        side="left",
        material=material,
        provenance=Provenance(method="voxels/1", software_version="0", input_sha256="a" * 64),
    )


def add(store: Store, number: int, value: float = 100.0, material: Material = Material.HA) -> str:
    """Record a measured scan of patient 7 whose mask gives one trabecular density."""
    of = header(number, day=DAY1 + timedelta(days=number))
    subject = store.assign_subjects([of])[scan_id(of.study_uid, of.series_uid)].subject
    staging = store.folder.new_staging()
    write_labels(automatic_labels(1), staging / "labels-0001.nii.gz")
    result = ScanResult(
        kind="ct-series",
        facts=facts(of).model_copy(update={"grid": GRID}),
        calibration=CALIBRATION.model_copy(update={"material": material}),
        measurements=(density(value, material=material), density(9.0, "central-45", material)),
        files=("labels-0001.nii.gz",),
    )
    path = Path("/in/a")
    return store.record_result(result, path=path, subject=subject, staging=staging, header=of).scan_id


def draw(store: Store, scan: str, reader: str, value: float, *, columns: int = 1, **told) -> str:
    """Take the first columns of the bone away on the right, as a mask of this reader; gives its hash."""
    automatic = store.reading.masks(scan)[0]
    labels = np.array(read_labels(store.reading.path_of(automatic)).labels)
    bone = np.flatnonzero(labels.any(axis=(0, 1)))
    labels[:, :, bone[len(bone) - columns :]] = 0
    file = store.folder.new_staging() / "labels.nii.gz"
    write_labels(LabelVolume(labels=labels, geometry=automatic_labels().geometry), file)
    result = ScanResult(kind="ct-series", measurements=(density(value),), calibration=CALIBRATION)
    what = {"source": "edited", "based_on": automatic.sha256} | told
    return store.reading.add_mask(scan, file=file, result=result, reader=reader, **what).sha256


def automatic(store: Store, scan: str) -> str:
    return store.reading.masks(scan)[0].sha256


@pytest.fixture
def two(tmp_path) -> Store:
    return study_of(tmp_path / "STUDY", (), rules=TWO)[0]


def readings(store: Store) -> list[tuple[str, str, dict[str, float]]]:
    return [(one.reader, one.verdict, dict(one.values)) for one in study_readings(store).found]


def test_study_readings__each_reader_has_the_density_of_the_mask_that_she_judged(two):
    scan = add(two, 1, 100.0)
    mask = draw(two, scan, "KL", 104.0)
    judge(two, scan, "KL", mask=mask, verdict="accept-with-edit")
    judge(two, scan, "MN", mask=automatic(two, scan))
    first, second = study_readings(two).found
    assert (first.reader, first.values, first.labels_sha256) == ("KL", {QUANTITY: 104.0}, mask)
    assert (second.reader, second.values, second.material) == ("MN", {QUANTITY: 100.0}, Material.HA)
    assert second.labels_sha256 == automatic(two, scan)


def test_study_readings__the_last_word_of_a_reader_counts(two):
    scan = add(two, 1)
    judge(two, scan, "KL", mask=automatic(two, scan), verdict="defer")
    judge(two, scan, "KL", mask=automatic(two, scan), verdict="reject")
    assert readings(two) == [("KL", "reject", {QUANTITY: 100.0})]


def test_study_readings__leaves_out_what_an_adjudicator_says(two):
    scan = add(two, 1)
    judge(two, scan, "AD", mask=automatic(two, scan), role="adjudicator")
    assert study_readings(two) is None
    judge(two, scan, "KL", mask=automatic(two, scan))
    assert [name for name, _, _ in readings(two)] == ["KL"]


def test_study_readings__an_edit_after_the_verdict_is_not_yet_judged(two):
    scan = add(two, 1)
    judge(two, scan, "KL", mask=automatic(two, scan))
    mask = draw(two, scan, "KL", 104.0)
    assert readings(two) == []
    judge(two, scan, "KL", mask=mask)
    # Of a mask that she drew, an acceptance is one with an edit, whatever it was called.
    assert readings(two) == [("KL", "accept-with-edit", {QUANTITY: 104.0})]


def test_study_readings__leaves_out_verdicts_on_masks_of_an_older_result(two):
    scan = add(two, 1)
    old = draw(two, scan, "KL", 104.0)
    judge(two, scan, "KL", mask=old)
    add(two, 1, 101.0)
    assert two.scan(scan).version == 2
    assert readings(two) == []


def test_study_readings__leaves_out_and_counts_verdicts_on_the_work_of_another_reader(tmp_path):
    store, _ = study_of(tmp_path / "STUDY", (), rules=ONE)
    judged, redrawn = add(store, 1), add(store, 2)
    for scan in (judged, redrawn):
        mask = draw(store, scan, "KL", 104.0)
        judge(store, scan, "KL", mask=mask)
    judge(store, judged, "MN", mask=store.reading.masks(judged)[-1].sha256)
    # An edit that begins from another reader's is no work of one's own either.
    mask = draw(store, redrawn, "MN", 105.0, columns=2, based_on=store.reading.masks(redrawn)[-1].sha256)
    judge(store, redrawn, "MN", mask=mask)
    found = study_readings(store)
    assert ([one.reader for one in found.found], found.n_dependent) == (["KL", "KL"], 2)
    assert study_agreement(found).rows == ()


def test_study_readings__two_readers_who_drew_alike_each_have_their_own_mask(two):
    scan = add(two, 1)
    for reader, value in (("KL", 104.0), ("MN", 104.5)):
        mask = draw(two, scan, reader, value)
        judge(two, scan, reader, mask=mask)
    found = study_readings(two)
    assert (len({one.labels_sha256 for one in found.found}), found.n_dependent) == (1, 0)
    assert [one.values[QUANTITY] for one in found.found] == [104.0, 104.5]


def test_study_readings__an_edit_that_was_taken_back_is_the_automatic_mask(two):
    scan = add(two, 1)
    first = draw(two, scan, "KL", 104.0)
    back = draw(two, scan, "KL", 100.0, columns=0, based_on=first)
    assert back == automatic(two, scan)
    judge(two, scan, "KL", mask=back, verdict="accept-with-edit")
    assert readings(two) == [("KL", "accept", {QUANTITY: 100.0})]


def test_study_readings__marks_the_second_look_of_a_reader(tmp_path):
    store, _ = study_of(tmp_path / "STUDY", (), rules=AGAIN)
    scan = add(store, 1)
    judge(store, scan, mask=automatic(store, scan))
    mask = draw(store, scan, "KL", 103.0, source="repeat")
    judge(store, scan, mask=mask, repeat=True)
    found = study_readings(store)
    assert [(one.is_repeat, dict(one.values)) for one in found.found] == [
        (False, {QUANTITY: 100.0}),
        (True, {QUANTITY: 103.0}),
    ]
    (row,) = study_agreement(found).rows
    assert (row.kind, row.first, row.value.found.bias) == ("intra", "KL", 3.0)


def test_study_agreement__compares_the_masks_on_the_grid_of_the_scan(two):
    scan = add(two, 1)
    for reader, columns, value in (("KL", 1, 104.0), ("MN", 2, 106.0)):
        mask = draw(two, scan, reader, value, columns=columns)
        judge(two, scan, reader, mask=mask)
    (row,) = study_agreement(study_readings(two)).rows
    # Of 5 columns 4 and 3 are left, of 3 trabecular ones 3 and 2: Dice 2·3/(4 + 3) and 2·2/(3 + 2). Cortical: all
    # 15 voxels of a column, less the 9 trabecular ones of inner columns: 15 + 3·6 = 33 and 15 + 2·6 = 27 a mask.
    shares = {one.region: one.mean_dice for one in row.compartments}
    assert shares == pytest.approx({"total": 6 / 7, "trabecular": 4 / 5, "cortical": 2 * 27 / 60})
    # The outlines of a slice of 5 × 4 and 5 × 3 voxels: 14 and 12 of them. From the first to the second 5 of the last
    # column are 0.4 mm away; back, the 3 of the second's last column that are inner ones of the first are 0.4 mm away.
    total = next(one for one in row.compartments if one.region == "total")
    assert total.mean_distance_mm == pytest.approx((5 + 3) * 0.4 / (14 + 12))
    assert row.value.found.bias == 2.0


@pytest.mark.parametrize("harm", ["missing", "changed"])
def test_study_agreement__a_mask_that_is_not_the_recorded_one_is_not_compared_and_counted(two, harm):
    scan = add(two, 1)
    mask = draw(two, scan, "KL", 104.0)
    judge(two, scan, "KL", mask=mask)
    judge(two, scan, "MN", mask=automatic(two, scan))
    path = two.reading.path_of(two.reading.masks(scan)[-1])
    if harm == "missing":
        path.unlink()
    else:
        write_labels(automatic_labels(2), path)
    found = study_agreement(study_readings(two))
    assert (found.n_unread, found.rows[0].n_accepted, found.rows[0].n_compared) == (1, 1, 0)
    assert found.rows[0].value.found.bias == -4.0


def test_study_agreement__values_of_several_materials_are_not_compared(two):
    for number, material in ((1, Material.HA), (2, Material.K2HPO4)):
        scan = add(two, number, material=material)
        for reader in ("KL", "MN"):
            judge(two, scan, reader, mask=automatic(two, scan))
    found = study_agreement(study_readings(two))
    assert found.materials == (Material.HA, Material.K2HPO4)
    assert (found.rows[0].n_compared, found.rows[0].value.found.n) == (2, 0)
    assert "of several calibration materials (HA, K2HPO4)" in page_of(two)


# Report and tables


def page_of(store: Store) -> str:
    out = store.folder.root.parent / "report"
    report_study(store.folder.root, out)
    return (out / "report.html").read_text()


def rows_of(store: Store) -> list[dict[str, str]]:
    out = store.folder.root.parent / "tables"
    export_study(store.folder.root, out, ("csv",))
    with (out / "reader_agreement.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_report__has_no_section_on_readers_where_nobody_has_read(two):
    add(two, 1)
    assert 'id="reader-agreement"' not in page_of(two)
    assert rows_of(two) == []


def test_report__says_where_no_scan_was_read_twice(two):
    scan = add(two, 1)
    judge(two, scan, "KL", mask=automatic(two, scan))
    page = page_of(two)
    assert page.count('id="reader-agreement"') == 1
    assert "No scan was read twice" in page
    assert rows_of(two) == []


def test_report__shows_how_far_readers_agree_after_the_data_quality(two):
    for number, value in enumerate((100.0, 120.0, 150.0), start=1):
        scan = add(two, number, value)
        judge(two, scan, "KL", mask=automatic(two, scan))
        mask = draw(two, scan, "MN", value + number)
        judge(two, scan, "MN", mask=mask)
    page = page_of(two)
    places = [page.index(f'id="{name}"') for name in ("data-quality", "reader-agreement", "participants")]
    assert places == sorted(places)
    assert "KL and MN" in page
    assert (two.folder.root.parent / "report" / "figures" / "agreement-1.png").is_file()
    rows = {(row["MEASURE"], row["REGION"]): row for row in rows_of(two)}
    # Differences 1, 2 and 3 mg/cm³: mean 2, SD 1, limits 2 ± 1.96 · 1.
    bias = rows["bias", ""]
    assert [bias[name] for name in ("KIND", "READER1", "READER2", "NSCANS", "VALUE", "UNIT", "MATERIAL")] == [
        *("inter", "KL", "MN", "3", "2.0", "mg/cm3", "HA")
    ]
    assert float(rows["upper limit", ""]["VALUE"]) == pytest.approx(3.96, abs=1e-9)
    # t of 2 degrees of freedom is 4.302653: 2 ± 4.302653/√3.
    assert float(bias["LOWER"]) == pytest.approx(2 - 4.302653 / 3**0.5, abs=1e-5)
    assert bias["CONFPCT"] == "95.0"
    # 4 of 5 columns are left: 2·4/(5 + 4).
    assert float(rows["Dice (mean)", "total"]["VALUE"]) == pytest.approx(8 / 9)
    assert (rows["agreed", ""]["VALUE"], rows["agreed", ""]["NSCANS"]) == ("0.0", "3")


def test_report__tells_of_verdicts_on_the_work_of_another_reader(tmp_path):
    store, _ = study_of(tmp_path / "STUDY", (), rules=ONE)
    scan = add(store, 1)
    mask = draw(store, scan, "KL", 104.0)
    for reader in ("KL", "MN"):
        judge(store, scan, reader, mask=mask)
    assert "1 verdict is on a mask that another reader drew or began" in page_of(store)


def test_report__tells_of_masks_that_could_not_be_compared(two):
    scan = add(two, 1)
    for reader in ("KL", "MN"):
        judge(two, scan, reader, mask=automatic(two, scan))
    two.reading.path_of(two.reading.masks(scan)[0]).unlink()
    assert "1 mask could not be compared" in page_of(two)


def test_labels__of_the_cases_are_what_the_comments_say():
    labels = automatic_labels(1).labels
    assert (np.count_nonzero(labels), np.count_nonzero(labels == TRABECULAR)) == (75, 27)
    assert np.count_nonzero(labels == CORTICAL) == 48
