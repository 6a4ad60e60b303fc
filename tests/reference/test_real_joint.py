"""The whole line on a real HR-pQCT scan: a finger joint, written as a Scanco export and read back."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from typer.testing import CliRunner

from bonemetrics.cli.app import app
from bonemetrics.records import ScannerConstants
from bonemetrics.sample.dicom import CtHeader, write_series
from bonemetrics.volume import CtVolume, LabelVolume

pytestmark = pytest.mark.shared_data

# Constants of an XtremeCT II: density = (HU + 1000) · 0.2409 / 1000 · 1603.51904 - 391.209015.
XCT2 = ScannerConstants(
    manufacturer="SCANCO Medical AG", model="XtremeCT II", serial="3012", kvp=68.0, mu_scaling=8192.0,
    mu_water_per_cm=0.2409, density_slope=1603.51904, density_intercept=-391.209015,
)  # fmt: skip
STEP_HU = 1000.0 / (8192.0 * 0.2409)
"""HU between neighbouring stored values: the export rounds to whole ones."""


@pytest.fixture(scope="module")
def joint(shared_data, tmp_path_factory) -> tuple[Path, np.ndarray, np.ndarray]:
    """The series' folder, HU as the NIfTI holds them (i, j, k), and the NIfTI's affine."""
    image = nib.load(shared_data / "qct" / "joint" / "test_joint.nii.gz")
    stored = np.asarray(image.dataobj)
    geometry = LabelVolume.from_ras(np.zeros(stored.shape, np.uint8), image.affine).geometry
    folder = tmp_path_factory.mktemp("joint")
    hu = np.ascontiguousarray(stored.transpose(2, 1, 0), dtype=np.float32)
    write_series(folder, CtVolume(hu=hu, geometry=geometry), CtHeader(body_part="HAND"), constants=XCT2)
    return folder, stored, image.affine


def measured(*words: object, code: int = 0) -> dict:
    result = CliRunner().invoke(app, ["measure", *[str(word) for word in words], "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_joint__keeps_its_place_and_its_spacing(joint):
    folder, _, affine = joint
    shown = measured(folder, "--set", "tissue.bone=largest")
    assert shown["geometry"]["shape"] == [202, 232, 390]
    assert shown["geometry"]["spacing_mm"] == pytest.approx([0.060699, 0.0607, 0.0607], abs=1e-6)
    # Index (k, j, i) of the scan is (i, j, k) of the NIfTI; RAS turns the signs of x and y.
    lps = np.array(shown["geometry"]["affine_lps"])
    for index in ((0, 0, 0), (201, 231, 389)):
        ras = affine @ [index[2], index[1], index[0], 1.0]
        assert (lps @ [*index, 1.0])[:3] == pytest.approx([-ras[0], -ras[1], ras[2]], abs=2e-4)


def test_joint__two_like_bones_are_refused_until_one_is_named(joint):
    folder, _, _ = joint
    refused = measured(folder, code=1)
    assert refused["measurements"] == []
    assert refused["problems"][0]["code"] == "radius-ambiguous"
    shown = measured(folder, "--set", "tissue.bone=largest")
    values = {found["code"]: found["value"] for found in shown["measurements"]}
    # A finger bone near its joint: dense trabecular bone under a thin shell, cut by the field.
    assert 100 < values["Tb.vBMD"] < values["Tt.vBMD"] < values["Ct.vBMD"] < 1300
    assert values["Tb.Ar"] + values["Ct.Ar"] == pytest.approx(values["Tt.Ar"])
    assert "bone-truncated" in {problem["code"] for problem in shown["problems"]}


def test_joint__a_mask_on_its_own_smaller_grid_is_honoured_to_the_voxel(joint, shared_data, tmp_path):
    folder, stored, affine = joint
    mask = np.asarray(nib.load(shared_data / "qct" / "joint" / "test_joint_mask.nii.gz").dataobj)
    part = (slice(101, 247), slice(53, 180), slice(40, 121))
    labels = (mask[part] > 0).astype(np.uint8)
    shifted = affine.copy()
    shifted[:3, 3] = (affine @ [101, 53, 40, 1.0])[:3]
    # Stored with its axes in another order and one of them turned round.
    turned = np.eye(4)
    turned[:3, :3] = [[0, 0, -1], [1, 0, 0], [0, 1, 0]]
    turned[0, 3] = labels.shape[0] - 1
    nib.save(nib.Nifti1Image(labels.transpose(1, 2, 0)[:, :, ::-1].copy(), shifted @ turned), tmp_path / "mask.nii.gz")

    values = {f["code"]: f["value"] for f in measured(folder, "--labels", tmp_path / "mask.nii.gz")["measurements"]}
    hu = stored[part][labels > 0].astype(float)
    density = (hu + 1000.0) * 0.2409 / 1000.0 * 1603.51904 - 391.209015
    assert values["Tb.vBMD"] == pytest.approx(density.mean(), abs=STEP_HU / np.sqrt(12 * hu.size) * 10)
    assert values["Tb.V"] == pytest.approx(labels.sum() * 0.0607 * 0.0607 * 0.060699, rel=1e-5)
    assert values["N.Sl"] == np.count_nonzero(labels.any(axis=(0, 1)))
