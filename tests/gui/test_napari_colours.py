"""Colours of the reading desk with every kind of colour vision: far enough apart, or told by a shape or a word too."""

from __future__ import annotations

from itertools import combinations

import pytest

pytest.importorskip("napari")

from napari_bonemetrics.entry_field import COLORS, SIGNS
from napari_bonemetrics.layers import COMPARTMENT_COLORS, cross_layer
from napari_bonemetrics.verdict_panel import VERDICT_MARKS
from napari_bonemetrics.worklist_panel import STATE_MARKS

from bonemetrics.records.review import VERDICTS
from bonemetrics.volume import CORTICAL, TRABECULAR
from tests.colour_vision import GREYS, SEEN_BY, contrast, difference, lab_seen, least_difference
from tests.gui.desk_cases import bone

pytestmark = pytest.mark.gui
APART = 15.0
"""CIEDE2000: 1 is just seen side by side; from about 10 on colours are told at a glance."""
THEMES = ("dark", "light")
BLACK, MID_GREY, WHITE = "#000000", "#808080", "#ffffff"
CONTOURS = {"trabecular": COMPARTMENT_COLORS[TRABECULAR], "cortical": COMPARTMENT_COLORS[CORTICAL]}


@pytest.mark.parametrize("seen_by", SEEN_BY)
def test_contours__are_told_apart_and_from_every_grey_of_a_scan(seen_by):
    for one, other in combinations(CONTOURS.values(), 2):
        assert difference(one, other, seen_by) >= APART
    for color in CONTOURS.values():
        # Also from white, the colour of a label that is neither.
        assert least_difference(color, GREYS, seen_by) >= APART


def test_contours__stand_out_in_brightness_too_where_the_ground_is_dark():
    for color in CONTOURS.values():
        # 3 is what WCAG 2.1 (1.4.11) asks of a graphic.
        assert contrast(color, BLACK) >= 3
        # On lighter ground the hue has to tell: the greys above, of which these are two.
        assert 1.5 < contrast(color, MID_GREY) < 3
        assert 1.5 < contrast(color, WHITE) < 3


def test_signs_of_a_form__differ_in_shape_since_red_and_orange_are_near_with_few_cones():
    orange, red = COLORS["unusual"], COLORS["impossible"]
    assert difference(orange, red, "deuteranopia") < APART
    assert "" not in {SIGNS["unusual"], SIGNS["impossible"]}
    assert SIGNS["unusual"] != SIGNS["impossible"]


@pytest.mark.parametrize("ground", THEMES)
def test_signs_of_a_form__stand_out_in_both_themes(ground):
    from napari.utils.theme import get_theme

    background = get_theme(ground).background.as_hex(format="long")
    for color in (COLORS["unusual"], COLORS["impossible"]):
        # As for the contours: WCAG 2.1 (1.4.11).
        assert contrast(color, background) >= 3
        for seen_by in SEEN_BY:
            assert difference(color, background, seen_by) >= APART


def test_verdicts_and_states__have_a_shape_each_and_no_colour():
    assert set(VERDICT_MARKS) == set(VERDICTS)
    for marks in (VERDICT_MARKS, STATE_MARKS):
        assert len(set(marks.values())) == len(marks)


def test_cross__is_a_shape_of_its_own_since_its_yellow_is_near_orange_with_few_cones():
    density, _, _ = bone()
    cross = cross_layer(density.geometry)
    yellow = "#" + "".join(f"{round(float(part) * 255):02x}" for part in cross.border_color[0][:3])
    assert difference(yellow, CONTOURS["cortical"], "deuteranopia") < APART
    assert [str(symbol) for symbol in cross.symbol] == ["cross"]


def test_difference__agrees_with_published_pairs():
    from skimage.color import deltaE_ciede2000

    # Sharma, Wu, Dalal 2005, doi 10.1002/col.20070, table 1, pairs 1, 7 and 25.
    for one, other, wanted in (
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert float(deltaE_ciede2000(one, other)) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("seen_by", SEEN_BY)
def test_simulation__leaves_greys_as_they_are(seen_by):
    # Rows of the matrices add up to 1, to the six digits that are printed.
    for grey in (BLACK, MID_GREY, WHITE):
        assert abs(lab_seen(grey, seen_by)[1:]).max() < 0.05
    assert contrast(BLACK, WHITE) == pytest.approx(21.0)
