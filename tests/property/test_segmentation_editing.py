"""What holds for every edit: it can be undone, keeps the cortex outside and does not depend on the grid's way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.segmentation.editing.brush import paint
from bonemetrics.segmentation.editing.contour import move_contour
from bonemetrics.segmentation.editing.interpolate import interpolate_between
from bonemetrics.segmentation.editing.islands import fill_holes, remove_islands
from bonemetrics.segmentation.editing.smooth import smooth_contours
from bonemetrics.segmentation.editing.undo import UndoStack
from bonemetrics.volume import Geometry, LabelVolume
from tests.round_labels import edited, round_bone

SHAPE = (5, 40, 48)
GEOMETRY = Geometry(shape=SHAPE, affine_lps=np.array([[0, 0, 0.4, 3], [0, 0.5, 0, 5], [1.1, 0, 0, 7], [0, 0, 0, 1.0]]))
CONTOURS = st.sampled_from(["periosteal", "endosteal"])
points = st.tuples(st.floats(0, 4), st.floats(0, 39), st.floats(0, 47))
edits = st.one_of(
    st.builds(
        lambda at, label, radius: lambda bone: paint(bone, at, label=label, radius_mm=radius, shape="ball"),
        points,
        st.integers(0, 2),
        st.floats(0.3, 3.0),
    ),
    st.builds(lambda c, d: lambda bone: move_contour(bone, contour=c, by_mm=d).patch, CONTOURS, st.floats(-0.4, 0.6)),
    st.builds(lambda mm: lambda bone: smooth_contours(bone, length_mm=mm).patch, st.floats(0.2, 0.9)),
    st.just(lambda bone: interpolate_between(bone, 0, 4)),
    st.just(lambda bone: remove_islands(bone).patch),
    st.just(lambda bone: fill_holes(bone).patch),
)


def bone(outer_mm: float = 6.5, inner_mm: float = 4.5) -> LabelVolume:
    return round_bone(GEOMETRY, outer_mm=outer_mm, inner_mm=inner_mm)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(chain=st.lists(edits, min_size=1, max_size=5))
def test_edits__undone_and_redone_in_turn_restore_every_state(chain):
    now, undo = bone(), UndoStack()
    states = [now.labels.copy()]
    for edit in chain:
        patch = edit(now)
        patch.apply(now.labels)
        undo.push(patch)
        if not patch.is_empty:
            states.append(now.labels.copy())
    assert undo.n_undo == len(states) - 1
    for state in states[-2::-1]:
        undo.undo(now.labels)
        assert (now.labels == state).all()
    for state in states[1:]:
        undo.redo(now.labels)
        assert (now.labels == state).all()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(contour=CONTOURS, near=st.floats(-0.8, 0.8), far=st.floats(0.0, 0.5))
def test_move_contour__further_out_holds_all_that_was_within(contour, near, far):
    start = bone()
    value = 0 if contour == "periosteal" else 1

    def within(by_mm: float) -> np.ndarray:
        labels = edited(start, move_contour(start, contour=contour, by_mm=by_mm).patch)
        return labels > 0 if value == 0 else labels == 1

    assert within(near + far)[within(near)].all()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(axes=st.sets(st.integers(0, 2), min_size=1).map(tuple), contour=CONTOURS, by_mm=st.floats(-0.6, 0.6))
def test_move_contour__does_not_depend_on_the_way_the_grid_runs(axes, contour, by_mm):
    straight = bone()
    turned = replace(straight, labels=np.ascontiguousarray(np.flip(straight.labels, axes)))
    there = edited(straight, move_contour(straight, contour=contour, by_mm=by_mm).patch)
    back = np.flip(edited(turned, move_contour(turned, contour=contour, by_mm=by_mm).patch), axes)
    # A centre that lies on the contour to the last bit may fall on either side.
    assert np.count_nonzero(there != back) <= 4


@settings(max_examples=20, deadline=None, derandomize=True)
@given(stroke=st.lists(points, min_size=2, max_size=4), radius_mm=st.floats(0.3, 2.0))
def test_paint__a_stroke_is_the_same_in_both_directions_and_holds_its_points(stroke, radius_mm):
    start = bone()
    forth = edited(start, paint(start, stroke, label=7, radius_mm=radius_mm, shape="ball")) == 7
    back = edited(start, paint(start, stroke[::-1], label=7, radius_mm=radius_mm, shape="ball")) == 7
    assert np.count_nonzero(forth != back) <= 1
    for point in stroke:
        alone = edited(start, paint(start, point, label=7, radius_mm=radius_mm, shape="ball")) == 7
        assert np.count_nonzero(alone & ~forth) <= 1


@settings(max_examples=12, deadline=None, derandomize=True)
@given(length_mm=st.floats(0.1, 1.0), noise=st.integers(0, 9))
def test_smooth_contours__makes_no_new_label_and_stays_near(length_mm, noise):
    start = bone()
    flips = np.random.default_rng(noise).integers((0, 0, 0), SHAPE, size=(30, 3))
    start.labels[tuple(flips.T)] = 2
    after = edited(start, smooth_contours(start, length_mm=length_mm).patch)
    assert set(np.unique(after)) <= {0, 1, 2}
    # Single voxels outside vanish once the smoothing is wider than they are; the bone stays.
    assert abs(np.count_nonzero(after) - np.count_nonzero(bone().labels)) < 0.03 * np.count_nonzero(after)
