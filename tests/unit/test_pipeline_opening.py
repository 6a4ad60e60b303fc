from __future__ import annotations

import stat

import numpy as np
import pytest

from bonemetrics.batch.opening import mapped_density, open_stored_scan, start_opening
from bonemetrics.errors import CalibrationError, GeometryMismatchError, ReadError
from bonemetrics.pipeline.opening import DENSITY_FILE, open_scan
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, note
from tests.segmentation_scans import scan, tube
from tests.stored_scans import PROTOCOL, measured


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return measured(scan(tube(), n_slices=5), tmp_path_factory.mktemp("opening"))


def with_facts(result, **changes):
    return result.model_copy(update={"facts": result.facts.model_copy(update=changes)})


def test_open_scan__gives_the_density_of_the_scan_with_the_recorded_calibration(one, tmp_path):
    opened = open_scan(one.series, recorded=one.result, protocol=PROTOCOL, out=tmp_path)
    density = mapped_density(opened)
    # The writer rounds HU to whole native values; one of them is below 0.5 mg/cm³.
    np.testing.assert_allclose(density.mg_per_cm3, one.scan.density.mg_per_cm3, atol=0.5)
    assert density.material is Material.HA
    assert density.geometry.distance_mm(one.scan.geometry) < 1e-3
    assert opened.path == tmp_path / DENSITY_FILE
    assert opened.input_sha256 == one.result.facts.header.sha256
    assert opened.calibration == one.result.calibration


def test_open_scan__applies_the_recorded_line_and_fits_nothing(one, tmp_path):
    # By hand: with slope 2 and intercept 7, 100 HU are 207 mg/cm³, whatever the files say of their scanner.
    line = Calibration(method="given", slope=2.0, intercept=7.0, material=Material.K2HPO4)
    recorded = one.result.model_copy(update={"calibration": line})
    density = mapped_density(open_scan(one.series, recorded=recorded, protocol=PROTOCOL, out=tmp_path))
    own = one.result.calibration
    hu = (one.scan.density.mg_per_cm3 - own.intercept) / own.slope
    np.testing.assert_allclose(density.mg_per_cm3, 2.0 * hu + 7.0, atol=2.0)
    assert density.material is Material.K2HPO4


def test_mapped_density__is_mapped_and_cannot_be_written_to(one, tmp_path):
    density = mapped_density(open_scan(one.series, recorded=one.result, protocol=PROTOCOL, out=tmp_path))
    assert isinstance(density.mg_per_cm3.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        density.mg_per_cm3[0, 0, 0] = 1.0


def test_mapped_density__refuses_a_file_that_is_not_what_the_child_said(one, tmp_path):
    opened = open_scan(one.series, recorded=one.result, protocol=PROTOCOL, out=tmp_path)
    np.save(opened.path, np.zeros((2, 3, 4), dtype=np.float32))
    with pytest.raises(GeometryMismatchError, match=r"\(2, 3, 4\)"):
        mapped_density(opened)


def test_open_scan__carries_what_letters_on_a_picture_need(one, tmp_path):
    recorded = with_facts(one.result, distal_end="last", distal_source="shape of radius and ulna")
    opened = open_scan(one.series, recorded=recorded, protocol=PROTOCOL, out=tmp_path)
    assert (opened.side, opened.side_source) == ("left", "tags")
    assert (opened.distal_end, opened.distal_source) == ("last", "shape of radius and ulna")


def test_open_scan__refuses_other_files_than_those_that_were_measured(one, tmp_path):
    other = one.result.facts.header.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(ReadError) as caught:
        open_scan(one.series, recorded=with_facts(one.result, header=other), protocol=PROTOCOL, out=tmp_path)
    assert caught.value.code == "input-changed"
    assert not list(tmp_path.iterdir())


def test_open_scan__refuses_another_grid_than_was_recorded(one, tmp_path):
    rows = [list(row) for row in one.result.facts.grid.affine_lps]
    rows[1][3] += 0.4
    moved = one.result.facts.grid.model_copy(update={"affine_lps": tuple(tuple(row) for row in rows)})
    with pytest.raises(GeometryMismatchError, match=r"0\.4 mm apart"):
        open_scan(one.series, recorded=with_facts(one.result, grid=moved), protocol=PROTOCOL, out=tmp_path)


def test_open_scan__refuses_a_stored_result_without_calibration(one, tmp_path):
    refused = one.result.model_copy(update={"calibration": None})
    with pytest.raises(CalibrationError) as caught:
        open_scan(one.series, recorded=refused, protocol=PROTOCOL, out=tmp_path)
    assert caught.value.code == "no-calibration"
    with pytest.raises(CalibrationError):
        start_opening(one.stored().model_copy(update={"result": refused}), PROTOCOL, tmp_path)


def test_open_stored_scan__comes_through_a_guarded_child(one, tmp_path):
    told = one.stored()
    noted = told.result.model_copy(update={"problems": (note("few-slices", "five"),)})
    density, opened = open_stored_scan(told.model_copy(update={"result": noted}), PROTOCOL, tmp_path)
    np.testing.assert_allclose(density.mg_per_cm3, one.scan.density.mg_per_cm3, atol=0.5)
    assert [path.name for path in tmp_path.iterdir()] == [DENSITY_FILE]
    # Pictures of a person: nobody else may read them.
    assert stat.S_IMODE(opened.path.stat().st_mode) == 0o600


def test_open_stored_scan__a_refusal_comes_home_with_its_code(one, tmp_path):
    told = one.stored()
    other = told.result.facts.header.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(ReadError) as caught:
        open_stored_scan(told.model_copy(update={"result": with_facts(told.result, header=other)}), PROTOCOL, tmp_path)
    assert caught.value.code == "input-changed"


def test_open_scan__an_opened_scan_stays_whole_when_it_is_opened_again(one, tmp_path):
    first = mapped_density(open_scan(one.series, recorded=one.result, protocol=PROTOCOL, out=tmp_path))
    line = Calibration(method="given", slope=2.0, intercept=7.0, material=Material.HA)
    before = np.array(first.mg_per_cm3)
    again = one.result.model_copy(update={"calibration": line})
    open_scan(one.series, recorded=again, protocol=PROTOCOL, out=tmp_path)
    np.testing.assert_array_equal(first.mg_per_cm3, before)
