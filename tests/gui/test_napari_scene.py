"""What the canvas shows of a scan, in a real window."""

from __future__ import annotations

import gc
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_bonemetrics.brush import Brush, BrushSettings
from napari_bonemetrics.editor import Editor
from napari_bonemetrics.orthogonal import LinkedPlanes
from napari_bonemetrics.scene import Scene
from napari_bonemetrics.stage import Stage
from napari_bonemetrics.windows import Window

from bonemetrics.quantities import Material
from bonemetrics.review.letters import Hand
from bonemetrics.volume import CORTICAL, TRABECULAR, DensityVolume, Geometry, LabelVolume
from tests.gui.desk_cases import settle, wait_until

pytestmark = pytest.mark.gui


def scan(shape=(12, 40, 48), spacing_mm=(0.5, 0.3, 0.2)):
    """A block of 300 mg/cm³ with a shell, on a grid whose columns run 30 degrees from left towards the back."""
    affine = np.eye(4)
    turn = np.deg2rad(30)
    affine[:3, 0] = (0, 0, spacing_mm[0])
    affine[:3, 1] = spacing_mm[1] * np.array([-np.sin(turn), np.cos(turn), 0])
    affine[:3, 2] = spacing_mm[2] * np.array([np.cos(turn), np.sin(turn), 0])
    geometry = Geometry(shape=shape, affine_lps=affine)
    values = np.zeros(shape, dtype=np.float32)
    values[2:10, 10:30, 12:40] = 300.0
    labels = np.zeros(shape, dtype=np.uint8)
    labels[2:10, 10:30, 12:40] = CORTICAL
    labels[2:10, 14:26, 16:36] = TRABECULAR
    return (
        DensityVolume(mg_per_cm3=values, material=Material.HA, geometry=geometry),
        LabelVolume(labels=labels, geometry=geometry),
    )


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


def test_scene__every_layer_has_scale_units_axes_and_a_name_without_identity(viewer):
    Scene(viewer).show(*scan())
    assert [layer.name for layer in viewer.layers] == ["Density (mg/cm³ HA)", "Compartments"]
    for layer in viewer.layers:
        assert tuple(layer.scale) == pytest.approx((0.5, 0.3, 0.2))
        assert [str(unit) for unit in layer.units] == ["millimeter"] * 3
        assert layer.axis_labels == ("slice", "row", "column")
        assert layer.source.path is None
        # An oblique scan stays on its own grid: no rotation reaches the canvas.
        assert np.array_equal(layer.rotate, np.eye(3))
    assert viewer.canvas.overlays.scale_bar.visible


def test_scene__shares_arrays_and_a_locked_mask_cannot_be_painted(viewer):
    density, labels = scan()
    scene = Scene(viewer)
    scene.show(density, labels, editable=False)
    assert np.shares_memory(scene.labels.data, labels.labels)
    with pytest.raises(ValueError, match="read-only"):
        scene.labels.paint((5, 20, 20), 0)
    assert labels.labels[5, 20, 20] == TRABECULAR


def test_scene__letters_follow_the_axes_that_are_shown(viewer):
    scene = Scene(viewer)
    scene.show(*scan(), hand=Hand(distal_end="first", side="left", palm="anterior"))
    overlays = viewer.canvas.overlays
    # cos 30° = 0.87 left, sin 30° = 0.5 to the back; rows run to the back and the right.
    # Fingers to the feet, palm forwards: the thumb of the left arm points to the left.
    assert (overlays.letter_right.text, overlays.letter_left.text) == ("LP radial dorsal", "RA ulnar palmar")
    assert (overlays.letter_top.text, overlays.letter_bottom.text) == ("AL palmar radial", "PR dorsal ulnar")
    viewer.dims.order = (1, 0, 2)
    assert (overlays.letter_top.text, overlays.letter_bottom.text) == ("F distal", "H proximal")
    viewer.dims.ndisplay = 3
    assert overlays.letter_top.text == ""


def all_shown(planes):
    wait_until(lambda: planes.is_complete)


def first_shown(planes):
    wait_until(lambda: len(planes.planes[0].model.layers) == 3)


@contextmanager
def planes_on(viewer, *, scan_shown=True):
    """Linked planes that are given back before napari looks for canvases that were left."""
    planes = LinkedPlanes(Scene(viewer))
    viewer.window.add_dock_widget(planes, name="Planes", area="right")
    if scan_shown:
        planes.show(*scan())
        all_shown(planes)
    yield planes
    planes.close_canvases()
    assert planes.planes == ()
    viewer.window.remove_dock_widget(planes)
    planes.deleteLater()
    del planes
    settle(0.1)


def test_linked_planes__a_place_is_shown_in_all_three(viewer):
    with planes_on(viewer) as planes:
        follow(viewer, planes)
        del planes


def test_linked_planes__those_still_to_come_take_the_place_the_window_and_the_visibility_of_now(viewer):
    with planes_on(viewer, scan_shown=False) as planes:
        planes.show(*scan())
        first, second = (plane.scene for plane in planes.planes)
        assert not planes.is_complete
        assert (len(viewer.layers), len(first.viewer.layers), len(second.viewer.layers)) == (3, 0, 0)
        planes.look_at((4, 11, 13))
        planes.main.window = Window(100.0, 700.0)
        second.labels.visible = False
        all_shown(planes)
        assert [scene.viewer.dims.current_step for scene in (first, second)] == [(4, 11, 13)] * 2
        assert [scene.viewer.dims.order for scene in (first, second)] == [(1, 0, 2), (2, 0, 1)]
        assert [len(scene.viewer.layers) for scene in (first, second)] == [3, 3]
        assert first.window == second.window == Window(100.0, 700.0)
        assert (first.viewer.layers[1].visible, second.viewer.layers[1].visible) == (True, False)
        del planes, first, second


def test_linked_planes__those_still_to_come_do_not_come_when_the_scan_is_taken_off_before(viewer):
    with planes_on(viewer, scan_shown=False) as planes:
        planes.show(*scan())
        planes.clear()
        settle(0.2)
        assert planes.is_complete
        assert [len(plane.model.layers) for plane in planes.planes] == [0, 0]
        assert len(viewer.layers) == 0
        planes.show(*scan())
        # The canvases are given back below while both planes are still to come.
        del planes


def test_linked_planes__a_step_moves_the_cross_hairs_and_draws_no_plane_anew(viewer):
    with planes_on(viewer) as planes:
        planes.look_at((3, 20, 25))
        drawn = told_of_drawing(planes)
        viewer.dims.set_current_step(0, 7)
        viewer.dims.set_current_step(0, 8)
        assert viewer.layers["Cross-hair"].data.tolist() == [[8, 20, 25]]
        assert planes.is_behind
        all_caught_up(planes)
        assert [plane.model.layers["Cross-hair"].data.tolist() for plane in planes.planes] == [[[8, 20, 25]]] * 2
        assert [plane.model.dims.current_step for plane in planes.planes] == [(8, 20, 25)] * 2
        assert drawn == []
        # Within the slice, the first plane moves with the row and the second with the column.
        planes.look_at((8, 21, 25))
        planes.look_at((8, 21, 26))
        assert drawn == [0, 1]
        del planes


def test_linked_planes__what_is_painted_shows_in_both_once_the_stroke_rests(viewer):
    with planes_on(viewer) as planes:
        drawn = told_of_drawing(planes)
        for column in (20, 21, 22):
            planes.main.labels.data[6, 20, column] = CORTICAL
            planes.main.labels.refresh(extent=False)
        assert planes.is_behind
        assert drawn == []
        all_caught_up(planes)
        assert drawn == [0, 1]
        planes.clear()
        assert not planes.is_behind
        del planes


def test_linked_planes__warming_up_leaves_nothing_and_takes_no_layer_of_the_reader(viewer):
    viewer.add_image(np.zeros((3, 4)), name="hers")
    with planes_on(viewer, scan_shown=False) as planes:
        planes.warm_up()
        assert [layer.name for layer in viewer.layers] == ["hers"]
        assert [len(plane.model.layers) for plane in planes.planes] == [0, 0]
        assert planes.is_complete
        del planes


def test_stage__objects_of_the_start_are_left_out_of_garbage_collection_until_it_is_closed(viewer):
    before = gc.get_freeze_count()
    stage = Stage(viewer, Brush(Editor(), lambda: BrushSettings(label=CORTICAL, radius_mm=0.5, shape="disc")))
    wait_until(lambda: gc.get_freeze_count() > before)
    assert len(viewer.layers) == 0
    stage.close()
    assert gc.get_freeze_count() == 0
    stage.deleteLater()
    del stage
    settle(0.1)


def all_caught_up(planes):
    wait_until(lambda: not planes.is_behind)


def told_of_drawing(planes):
    """A list that gets the number of a plane whenever its labels are cut or drawn anew."""
    drawn = []
    for number, plane in enumerate(planes.planes):
        plane.scene.labels.events.set_data.connect(lambda _event, number=number: drawn.append(number))
    return drawn


def follow(viewer, planes):
    planes.look_at((3, 20, 25))
    assert [plane.model.dims.current_step for plane in planes.planes] == [(3, 20, 25)] * 2
    assert viewer.dims.current_step[0] == 3
    viewer.dims.set_current_step(0, 7)
    assert planes.at == (7, 20, 25)
    assert planes.planes[1].model.dims.current_step[0] == 7


def test_linked_planes__an_expected_scan_comes_into_layers_that_are_there(viewer):
    with planes_on(viewer, scan_shown=False) as planes:
        density, labels = scan()
        planes.expect(density.geometry)
        # One plane is shown by then, as when the scan is read in the middle of it.
        first_shown(planes)
        empty = viewer.layers[0]
        assert (empty.name, float(empty.data.max()), viewer.layers[1].editable) == ("Opening", 0.0, False)
        assert planes.is_expected(density, labels)
        planes.fill(density, labels, editable=True, hand=Hand(distal_end="first", side="left", palm="anterior"))
        all_shown(planes)
        assert not planes.is_expected(density, labels)
        for model in (viewer, *(plane.model for plane in planes.planes)):
            assert [layer.name for layer in model.layers] == ["Density (mg/cm³ HA)", "Compartments", "Cross-hair"]
            assert np.shares_memory(model.layers[0].data, density.mg_per_cm3)
            assert np.shares_memory(model.layers[1].data, labels.labels)
        assert viewer.layers[0] is empty
        assert viewer.canvas.overlays.letter_right.text == "LP radial dorsal"
        planes.main.labels.paint((5, 20, 20), CORTICAL)
        assert labels.labels[5, 20, 20] == CORTICAL
        del planes, empty, model


def test_linked_planes__a_locked_scan_that_was_expected_cannot_be_painted(viewer):
    with planes_on(viewer, scan_shown=False) as planes:
        density, labels = scan()
        planes.expect(density.geometry)
        planes.fill(density, labels, editable=False, hand=None)
        assert not planes.main.labels.editable
        with pytest.raises(ValueError, match="read-only"):
            planes.main.labels.paint((5, 20, 20), CORTICAL)
        assert labels.labels[5, 20, 20] == TRABECULAR
        del planes


def test_linked_planes__a_scan_on_another_grid_than_expected_gets_layers_of_its_own(viewer):
    with planes_on(viewer, scan_shown=False) as planes:
        density, labels = scan()
        planes.expect(scan(spacing_mm=(0.5, 0.3, 0.25))[0].geometry)
        assert not planes.is_expected(density, labels)
        planes.show(density, labels)
        assert not planes.is_expected(density, labels)
        assert viewer.layers[0].scale.tolist() == pytest.approx([0.5, 0.3, 0.2])
        planes.clear()
        planes.expect(density.geometry)
        planes.clear()
        assert not planes.is_expected(density, labels)
        del planes


def test_linked_planes__a_scan_that_is_taken_off_leaves_nothing_of_itself(viewer):
    with planes_on(viewer) as planes:
        densities = [plane.model.layers[0].data for plane in planes.planes]
        planes.planes[0].model.add_labels(np.ones((12, 40, 48), np.uint8), name="Reader A")
        planes.clear()
        assert len(viewer.layers) == 0
        for plane, before in zip(planes.planes, densities, strict=True):
            assert [layer.name for layer in plane.model.layers] == ["Empty", "Compartments", "Cross-hair"]
            assert not any(layer.visible for layer in plane.model.layers)
            assert not np.shares_memory(plane.model.layers[0].data, before)
            assert [float(np.max(layer.data)) for layer in plane.model.layers[:2]] == [0.0, 0.0]
            assert not plane.model.layers[1].editable
            assert plane.scene.geometry is None
            assert plane.model.canvas.overlays.letter_top.text == ""
        del planes, plane, densities, before


def test_linked_planes__the_next_scan_of_the_size_comes_into_the_layers_that_are_there(viewer):
    with planes_on(viewer) as planes:
        layers = [list(plane.model.layers) for plane in planes.planes]
        planes.planes[0].scene.labels.visible = False
        planes.planes[1].scene.labels.opacity = 0.2
        planes.main.window = Window(100.0, 700.0)
        planes.clear()
        density, labels = scan()
        labels.labels[4, 20, 20] = CORTICAL
        planes.show(density, labels, at=(4, 20, 20))
        assert [list(plane.model.layers) for plane in planes.planes] == layers
        all_shown(planes)
        for plane in planes.planes:
            own = plane.scene.labels
            assert np.shares_memory(own.data, labels.labels)
            assert np.shares_memory(plane.scene.density.data, density.mg_per_cm3)
            assert (own.visible, own.opacity, own.editable) == (True, 0.9, True)
            assert plane.scene.window == planes.main.window == Window(-250.0, 1250.0)
            assert plane.model.dims.current_step == (4, 20, 20)
            assert plane.model.layers["Cross-hair"].data.tolist() == [[4, 20, 20]]
            assert own.get_value((4, 20, 20)) == CORTICAL
        follow(viewer, planes)
        del planes, plane, own, layers


def test_linked_planes__a_scan_of_another_size_gets_new_layers(viewer):
    with planes_on(viewer) as planes:
        layers = [plane.model.layers[0] for plane in planes.planes]
        planes.clear()
        planes.show(*scan(spacing_mm=(0.5, 0.3, 0.25)))
        all_shown(planes)
        found = [plane.model.layers[0] for plane in planes.planes]
        assert all(new is not old for new, old in zip(found, layers, strict=True))
        assert [layer.scale.tolist() for layer in found] == [pytest.approx([0.5, 0.3, 0.25])] * 2
        del planes, layers, found
