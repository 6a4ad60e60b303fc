"""What napari is told of the plugin, the files it opens and saves, and keys that clash with none of napari's own."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("napari")

from napari.utils.shortcuts import default_shortcuts
from napari_bonemetrics import shortcuts
from napari_bonemetrics._reader import RefusedError, get_reader, read
from napari_bonemetrics._sample_data import radius_with_leak
from napari_bonemetrics._writer import write_labels_layer
from napari_bonemetrics.desk import ReadingDesk
from napari_bonemetrics.layers import GEOMETRY, labels_layer
from npe2 import PluginManifest
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QMenu

from bonemetrics.readers.labels import read_labels, write_labels
from bonemetrics.volume import Geometry, LabelVolume
from tests.conftest import ROOT
from tests.gui.desk_cases import bone, front, settle, study

pytestmark = pytest.mark.gui
MANIFEST = ROOT / "plugins" / "napari_bonemetrics" / "napari.yaml"


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(MANIFEST)


def test_manifest__every_command_leads_to_something(manifest):
    manifest.validate_imports()
    assert manifest.name == "bonemetrics"
    assert {one.display_name for one in manifest.contributions.widgets} == {
        "Reading desk",
        "Biopsy",
        "Section pictures",
        "Radius beside the biopsy",
    }


def test_manifest__offers_every_key_of_the_desk_to_be_changed(manifest):
    offered = manifest.contributions.configurations["shortcuts"].properties
    assert {name: (one.title, one.default) for name, one in offered.items()} == {
        action.id: (action.text, action.key) for action in shortcuts.ACTIONS
    }


def normal(key):
    return QKeySequence(key).toString()


def test_keys__clash_with_none_of_napari_and_not_with_each_other(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    ours = [normal(action.key) for action in shortcuts.ACTIONS]
    assert len(set(ours)) == len(ours)
    assert "" not in ours
    theirs = {normal(str(one).replace("Meta", "Ctrl")) for found in default_shortcuts.values() for one in found}
    theirs |= {normal("Ctrl+Z"), normal("Ctrl+Shift+Z")}
    # What the menus and the window hold, as the user sees it.
    assert viewer.window.file_menu.actions()
    menus = [widget for widget in QApplication.allWidgets() if isinstance(widget, QMenu)]
    actions = [action for menu in menus for action in menu.actions()]
    theirs |= {key.toString() for action in actions for key in action.shortcuts()}
    assert normal("Ctrl+O") in theirs
    assert normal("Ctrl+E") in theirs
    assert set(ours) & theirs == set()


def test_keys__a_chosen_one_stands_and_what_is_no_key_does_not(monkeypatch):
    class Chosen:
        class shortcuts:  # noqa: N801
            accept = "Ctrl+Alt+A"
            reject = "no such key"
            defer = ""

    monkeypatch.setattr(shortcuts, "get_plugin_settings", lambda _name: Chosen)
    found = shortcuts.keys()
    assert (found["accept"], found["reject"], found["defer"]) == ("Ctrl+Alt+A", "Ctrl+3", "Ctrl+4")
    assert shortcuts.doubles({"a": "Ctrl+Q", "b": "ctrl+q", "c": "F1"}) == ["Ctrl+Q"]


def test_widget__starts_with_a_page_that_asks_for_the_study(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    desk = ReadingDesk(viewer)
    viewer.window.add_dock_widget(desk, name="Reading desk")
    front(desk.window())
    assert desk.start_page.isVisible()
    assert not desk.pages.isVisible()
    desk.shut()
    del desk
    settle(0.3)


def test_labels__are_saved_and_opened_with_their_oblique_grid(tmp_path, grid):
    geometry: Geometry = grid()
    labels = LabelVolume(labels=np.arange(120, dtype=np.uint8).reshape(4, 5, 6) % 3, geometry=geometry)
    data, meta, kind = labels_layer(labels).as_layer_data_tuple()
    path = str(tmp_path / "edited.nii.gz")
    assert write_labels_layer(path, data, meta) == [path]
    assert kind == "labels"
    (again,) = get_reader(path)(path)
    assert np.array_equal(again[0], labels.labels)
    assert again[0].dtype == np.uint8
    # NIfTI keeps 32-bit floats of the grid.
    assert again[1]["metadata"][GEOMETRY].distance_mm(geometry) < 1e-4
    assert again[1]["scale"] == pytest.approx(geometry.spacing_mm, rel=1e-5)


def test_labels__without_a_grid_are_not_saved(tmp_path):
    from bonemetrics.errors import UsageError

    with pytest.raises(UsageError, match="where it lies in the patient"):
        write_labels_layer(str(tmp_path / "a.nii.gz"), np.zeros((2, 3, 4), dtype=np.uint8), {"metadata": {}})
    assert list(tmp_path.iterdir()) == []


def test_reader__opens_a_series_as_density_where_the_file_says_how_and_else_as_hu():
    inputs = ROOT / "sample_data" / "input"
    (found,) = get_reader(str(inputs / "CSM-02" / "baseline"))(str(inputs / "CSM-02" / "baseline"))
    assert found[1]["name"] == "Density (mg/cm³ HA)"
    assert [str(unit) for unit in found[1]["units"]] == ["millimeter"] * 3
    # Compact bone; the same voxels in HU are some 2.6 times as high (the scanner's slope is 0.386).
    assert 600 < np.percentile(found[0], 99.9) < 1400
    (found,) = read(str(inputs / "CSM-08" / "baseline"))
    assert found[1]["name"] == "CT (HU, no calibration)"


def test_reader__refuses_with_the_reason(tmp_path):
    assert get_reader(str(tmp_path / "letter.txt")) is None
    (tmp_path / "letter.txt").write_text("dear colleague")
    with pytest.raises(RefusedError, match=r"^not-ct: "):
        read(str(tmp_path))
    (tmp_path / "broken.nii.gz").write_bytes(b"\x1f\x8b nothing of the kind")
    with pytest.raises(RefusedError, match=r"^invalid-labels: "):
        read(str(tmp_path / "broken.nii.gz"))


def test_reader__does_not_open_a_scan_of_a_blinded_study_by_its_path(tmp_path):
    store = study(tmp_path / "study", rules="[review]\nblind = ['visit']\n")
    folder = next(path for path in store.folder.scans.iterdir() if path.name.isalnum())
    with pytest.raises(RefusedError, match="read blinded"):
        read(str(folder))


@pytest.mark.parametrize("content", [b"another mask", None], ids=["changed", "gone"])
def test_reader__does_not_show_a_mask_of_a_study_that_is_not_the_recorded_one(content, tmp_path):
    store = study(tmp_path / "study")
    scan = store.scans()[0]
    path = store.reading.path_of(scan.labels)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RefusedError, match=r"^input-changed: the mask is not the one that was recorded"):
        read(str(path.parent))


def test_sample_data__is_a_bone_with_a_leak_an_island_and_a_hole():
    (image, labels) = radius_with_leak()
    assert image[2] == "image"
    _, true, _ = bone()
    assert np.count_nonzero(labels[0] != true.labels) > 100


def test_written_labels__are_those_of_the_library(tmp_path):
    labels = bone()[1]
    data, meta, _ = labels_layer(labels, editable=False).as_layer_data_tuple()
    write_labels(labels, tmp_path / "theirs.nii.gz")
    write_labels_layer(str(tmp_path / "ours.nii.gz"), data, meta)
    assert (tmp_path / "ours.nii.gz").read_bytes() == (tmp_path / "theirs.nii.gz").read_bytes()
    assert np.array_equal(read_labels(tmp_path / "ours.nii.gz").labels, labels.labels)
