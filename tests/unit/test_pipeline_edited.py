from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.batch.edited import measure_edited_scan
from bonemetrics.errors import StudyError, UsageError
from bonemetrics.pipeline.edited import EditedRequest, measure_edited
from bonemetrics.pipeline.scan import ScanRequest, measure_scan
from bonemetrics.records import RegionRule
from bonemetrics.segmentation.radius import segment_radius
from bonemetrics.volume import CORTICAL, TRABECULAR, Geometry, LabelVolume
from tests.segmentation_scans import scan, tube
from tests.stored_scans import PROTOCOL, measured, written

N_SLICES = 8
OUTER_MM, INNER_MM = 6.0, 5.2
"""The true contours of `tube()`."""


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return measured(scan(tube(), n_slices=N_SLICES), tmp_path_factory.mktemp("edited"))


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """Two bones of one size, which the automatic segmentation refuses to choose between."""
    pair = scan(tube(6.0), ulna=tube(5.8, x=14.0), field_mm=(18.0, 34.0), centre_mm=(7.0, 0.0, 0.0), n_slices=5)
    return measured(pair, tmp_path_factory.mktemp("twins"))


def request_for(one, labels: LabelVolume, folder, **options) -> EditedRequest:
    path = folder / "labels-0002.nii.gz"
    sha256 = written(labels, path)
    known = {"protocol": PROTOCOL, "recorded": one.stored().result, "labels": path, "labels_sha256": sha256}
    return EditedRequest(**{**known, "number": 2, **options})


def edited(one, change) -> LabelVolume:
    labels = one.automatic.labels.copy()
    change(labels)
    return LabelVolume(labels=labels, geometry=one.scan.geometry)


def measure(one, labels, folder, **options):
    return measure_edited(one.series, request_for(one, labels, folder, **options))


def values(result) -> dict[str, float]:
    assert result.refusal is None, result.refusal
    return {one.quantity: one.value for one in result.measurements}


def codes(result) -> list[str]:
    return [one.code for one in result.problems]


def axis_mm(one) -> np.ndarray:
    """Distance in mm of every voxel from the axis of the bone."""
    arm = one.arm_mm()
    return np.hypot(arm[..., 0], arm[..., 1] - 0.3)


def test_measure_edited__unedited_labels_give_the_stored_numbers_bit_for_bit(one, tmp_path):
    result = measure(one, one.automatic, tmp_path)
    stored = one.stored().result
    assert [(m.quantity, m.region, m.value, m.standard_uncertainty, m.side) for m in result.measurements] == [
        (m.quantity, m.region, m.value, m.standard_uncertainty, m.side) for m in stored.measurements
    ]
    assert {m.provenance.method for m in result.measurements} == {"compartments-extrapolated/1"}
    assert set(codes(result)) == set(codes(stored))
    assert result.card == stored.card
    told = result.measurements[0].provenance.parameters
    kept = {key: value for key, value in told.items() if key != "labels"}
    assert kept == stored.measurements[0].provenance.parameters
    assert (told["labels"]["edited_voxels"], told["labels"]["edited_slices"]) == (0, [])


def test_measure_edited__an_endosteal_contour_moved_in_three_slices_changes_areas_by_geometry(one, tmp_path):
    away = axis_mm(one)

    def thicken(labels):
        part = labels[2:5]
        part[(away[2:5] >= 4.5) & (part == TRABECULAR)] = CORTICAL

    labels = edited(one, thicken)
    result = measure(one, labels, tmp_path)
    before, after = values(one.result), values(result)
    # A ring from 4.5 to 5.2 mm goes to the cortex in 3 of 8 slices: 3/8 · π · (5.2² - 4.5²) = 8.00 mm². About 113
    # pixels of 0.0625 mm² on the rim scatter that by 0.3 · √113 · 0.0625 · 3/8 = 0.07 mm².
    moved = 3 / 8 * np.pi * (INNER_MM**2 - 4.5**2)
    assert before["Tb.Ar"] - after["Tb.Ar"] == pytest.approx(moved, abs=0.25)
    assert after["Ct.Ar"] - before["Ct.Ar"] == pytest.approx(moved, abs=0.25)
    assert after["Tt.Ar"] == before["Tt.Ar"]
    assert after["Tt.vBMD"] == before["Tt.vBMD"]
    assert after["vBMD"] == before["vBMD"]
    # What was dense trabecular bone next to the cortex, below 240 mg/cm³, now thins the cortex out.
    assert after["Tb.vBMD"] < before["Tb.vBMD"]
    assert after["Ct.vBMD"] < before["Ct.vBMD"] - 50
    assert after["N.Sl"] == N_SLICES
    told = result.measurements[0].provenance.parameters["labels"]
    assert told["edited_slices"] == [2, 3, 4]
    assert told["edited_voxels"] == np.count_nonzero(labels.labels != one.automatic.labels)
    assert (told["source"], told["number"], told["automatic_refused"]) == ("edited", 2, None)
    assert len(told["sha256"]) == 64
    for number in result.measurements:
        assert "edited-labels" in {one.code for one in number.provenance.notes}
    assert next(one for one in result.problems if one.code == "edited-labels").slices == (2, 3, 4)


def true_values(one) -> dict[str, float]:
    """By quadrature of the phantom, no voxels involved."""
    truth = one.scan.phantom.truth_on(one.scan.geometry, one.scan.placement)
    return {quantity: value for quantity, region, value in truth.rows() if region != "central-45"}


def test_measure_edited__labels_drawn_like_the_truth_give_its_numbers(one, tmp_path):
    found, true = values(measure(one, one.truth, tmp_path)), true_values(one)
    # About 150 pixels of 0.0625 mm² on a rim scatter an area by 0.3 · √150 · 0.0625 = 0.23 mm².
    for area in ("Tt.Ar", "Tb.Ar"):
        assert found[area] == pytest.approx(true[area], abs=0.7)
    # 1 % is what the automatic contours reach on this scan; the plain voxel mean of Tb is 25 mg/cm³ too high.
    assert found["Tb.vBMD"] == pytest.approx(true["Tb.vBMD"], abs=4.0)
    assert found["Tt.vBMD"] == pytest.approx(true["Tt.vBMD"], rel=0.01)


def test_measure_edited__without_an_automatic_segmentation_labels_alone_give_the_contours(twins, tmp_path):
    assert twins.result.refusal.code == "radius-ambiguous"
    result = measure(twins, twins.truth, tmp_path)
    found, true = values(result), true_values(twins)
    assert found["Tt.Ar"] == pytest.approx(np.pi * OUTER_MM**2, abs=0.7)
    assert found["Tb.vBMD"] == pytest.approx(true["Tb.vBMD"], abs=4.0)
    assert found["Tt.vBMD"] == pytest.approx(true["Tt.vBMD"], rel=0.01)
    assert {"contours-from-labels", "distal-unknown"} <= set(codes(result))
    assert "side-unknown" not in codes(result)
    assert (result.facts.side, result.facts.distal_end) == ("left", None)
    told = result.measurements[0].provenance.parameters["labels"]
    assert told["automatic_refused"] == "radius-ambiguous"
    assert told["edited_slices"] == [0, 1, 2, 3, 4]


def test_measure_edited__bone_drawn_up_to_the_border_is_noted(one, tmp_path):
    result = measure(one, edited(one, lambda labels: labels[3, :, 30:40].fill(CORTICAL)), tmp_path)
    assert next(one for one in result.problems if one.code == "bone-truncated").slices == (3,)


def test_measure_edited__a_rule_over_the_whole_bone_follows_slices_that_were_erased_at_its_end(one, tmp_path):
    shorter = measure(one, edited(one, lambda labels: labels[6:].fill(0)), tmp_path)
    assert values(shorter)["N.Sl"] == 6
    hollow = measure(one, edited(one, lambda labels: labels[4].fill(0)), tmp_path)
    assert (hollow.refusal.code, hollow.measurements) == ("empty-region", ())
    assert "first is 4" in hollow.refusal.message


def test_measure_edited__the_region_rule_of_the_protocol_holds(one, tmp_path):
    rule = RegionRule(rule="slices", first=1, last=3, distal="head")
    protocol = PROTOCOL.model_copy(update={"region": rule})
    automatic = measure_scan(one.series, ScanRequest(protocol=protocol))
    same = measure(one, one.automatic, tmp_path, protocol=protocol)
    assert values(same) == values(automatic)
    assert values(same)["N.Sl"] == 3
    end = edited(one, lambda labels: labels[:3].fill(0) or labels[-3:].fill(0))
    assert measure(one, end, tmp_path, protocol=protocol).refusal.code == "region-outside-scan"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda labels: labels[2].fill(3), "unknown-label"),
        (lambda labels: np.copyto(labels, CORTICAL, where=labels == TRABECULAR), "empty-region"),
        (lambda labels: np.copyto(labels, TRABECULAR, where=labels == CORTICAL), "empty-region"),
        (lambda labels: labels.fill(0), "empty-region"),
    ],
)
def test_measure_edited__refuses_labels_that_are_no_compartments(one, tmp_path, change, code):
    result = measure(one, edited(one, change), tmp_path)
    assert (result.refusal.code, result.measurements) == (code, ())
    assert result.calibration == one.stored().result.calibration


def test_measure_edited__refuses_labels_of_another_grid(one, tmp_path):
    affine = one.scan.geometry.affine_lps.copy()
    affine[:3, 3] += 0.4 * affine[:3, 1]
    other = Geometry(shape=one.scan.geometry.shape, affine_lps=affine)
    result = measure(one, LabelVolume(labels=one.automatic.labels, geometry=other), tmp_path)
    assert result.refusal.code == "geometry-mismatch"


def test_measure_edited__refuses_a_changed_scan_or_label_file(one, tmp_path):
    assert measure(one, one.automatic, tmp_path, labels_sha256="0" * 64).refusal.code == "input-changed"
    recorded = one.stored().result
    header = recorded.facts.header.model_copy(update={"sha256": "0" * 64})
    recorded = recorded.model_copy(update={"facts": recorded.facts.model_copy(update={"header": header})})
    assert measure(one, one.automatic, tmp_path, recorded=recorded).refusal.code == "input-changed"


def test_measure_edited__a_wrong_key_of_the_protocol_is_the_callers_fault(one, tmp_path):
    protocol = PROTOCOL.model_copy(update={"tissue": {"thresholds": 3}})
    with pytest.raises(UsageError, match="thresholds"):
        measure(one, one.automatic, tmp_path, protocol=protocol)


def test_measure_edited__what_was_said_of_an_earlier_edit_is_not_said_again(one, tmp_path):
    labels = edited(one, lambda labels: labels[2, 36, 36:38].fill(CORTICAL))
    first = measure(one, labels, tmp_path)
    second = measure(one, one.automatic, tmp_path, recorded=first)
    assert "edited-labels" in codes(first)
    assert "edited-labels" not in codes(second)


def test_measure_edited_scan__runs_in_a_guarded_child_under_the_settings_of_the_stored_numbers(one, tmp_path):
    path = tmp_path / "draft.nii.gz"
    written(edited(one, lambda labels: labels[2, 36, 36:38].fill(CORTICAL)), path)
    result = measure_edited_scan(one.stored(), PROTOCOL, path, number=3)
    assert result.measurements[0].provenance.parameters["labels"]["edited_slices"] == [2]
    assert result.measurements[0].provenance.parameters["labels"]["number"] == 3
    other = PROTOCOL.model_copy(update={"tissue": {"threshold": 300.0}})
    with pytest.raises(StudyError) as caught:
        measure_edited_scan(one.stored(), other, path, number=3)
    assert caught.value.code == "settings-changed"


def test_segmentation__is_the_same_each_time(one):
    """What unedited labels rest on."""
    first, second = (segment_radius(one.scan.density) for _ in range(2))
    np.testing.assert_array_equal(first.endosteal_mm, second.endosteal_mm)
