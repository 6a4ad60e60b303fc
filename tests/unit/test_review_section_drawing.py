"""Areas, lengths and widths of what was drawn, against geometry by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import SectionError
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.review.section_drawing import DRAWN, Shape, measure_code, measure_drawing
from bonemetrics.review.section_evidence import evidence_of, read_evidence, write_evidence
from bonemetrics.review.section_picture import SectionPicture
from bonemetrics.review.section_scale import PixelSize, stated_pixel_size

PICTURE = (3000, 4000)
SQUARE = PixelSize(row_um=2.0, column_um=2.0, source="ome-xml")
OBLONG = PixelSize(row_um=0.5, column_um=2.0, source="ome-xml")


def region(code, *vertices, hole=False):
    return Shape(code=code, vertices=vertices, closed=True, hole=hole)


def line(code, *vertices):
    return Shape(code=code, vertices=vertices)


def rectangle(code, row, column, rows, columns, *, hole=False):
    corners = ((row, column), (row, column + columns), (row + rows, column + columns), (row + rows, column))
    return region(code, *corners, hole=hole)


def value(code, *shapes, size=SQUARE):
    return measure_code(code, shapes, size, PICTURE).value


def refusal(code, *shapes, size=SQUARE):
    with pytest.raises(SectionError) as caught:
        measure_code(code, shapes, size, PICTURE)
    return caught.value.code


def test_measure_code__a_rectangle_is_width_times_height():
    # 300 × 500 pixels of 2 um: 0.6 mm × 1.0 mm = 0.6 mm2.
    assert value("T.Ar", rectangle("T.Ar", 10, 20, 300, 500)) == pytest.approx(0.6, rel=1e-12)


def test_measure_code__uses_both_sides_of_a_pixel_that_is_no_square():
    # 300 rows of 0.5 um, 500 columns of 2 um: 0.15 mm × 1.0 mm.
    assert value("T.Ar", rectangle("T.Ar", 10, 20, 300, 500), size=OBLONG) == pytest.approx(0.15, rel=1e-12)
    # 300 rows down are 150 um, 100 columns along 200 um; the diagonal is 250 um.
    assert value("O.Wi", line("O.Wi", (0, 0), (300, 100)), size=OBLONG) == pytest.approx(250.0, rel=1e-12)


def test_measure_code__a_triangle_is_half_of_its_rectangle_whichever_way_round_it_is_drawn():
    # Legs of 400 and 600 pixels: 0.8 × 1.2 / 2 = 0.48 mm2.
    corners = ((100, 100), (500, 100), (100, 700))
    assert value("B.Ar", region("B.Ar", *corners)) == pytest.approx(0.48, rel=1e-12)
    assert value("B.Ar", region("B.Ar", *reversed(corners))) == pytest.approx(0.48, rel=1e-12)


def test_measure_code__a_concave_region_is_the_sum_of_its_parts():
    # An L of a 200 × 600 and a 300 × 100 rectangle: 120 000 + 30 000 pixels of 4 um2 = 0.6 mm2.
    corners = ((0, 0), (0, 600), (200, 600), (200, 100), (500, 100), (500, 0))
    assert value("B.Ar", region("B.Ar", *corners)) == pytest.approx(0.6, rel=1e-12)


def test_measure_code__adds_regions_and_takes_holes_out():
    # 1.2 mm2 + 0.04 mm2 - 0.02 mm2; an island of 0.0004 mm2 inside the hole counts again.
    shapes = (
        rectangle("B.Ar", 0, 0, 500, 600),
        rectangle("B.Ar", 600, 0, 100, 100),
        rectangle("B.Ar", 100, 100, 50, 100, hole=True),
        rectangle("B.Ar", 110, 110, 10, 10),
    )
    found = measure_code("B.Ar", shapes, SQUARE, PICTURE)
    assert found.value == pytest.approx(1.2 + 0.04 - 0.02 + 0.0004, rel=1e-12)
    assert (found.n, found.unit) == (3, "mm2")


def test_measure_code__a_line_is_the_sum_of_its_steps_and_lines_add_up():
    # 3-4-5 triangles: 500 + 250 pixels of 2 um = 1.5 mm, and a closed square of 4 × 100 pixels = 0.8 mm.
    path = line("B.Pm", (0, 0), (300, 400), (450, 600))
    assert value("B.Pm", path) == pytest.approx(1.5, rel=1e-12)
    assert value("B.Pm", path, rectangle("B.Pm", 1000, 0, 100, 100)) == pytest.approx(2.3, rel=1e-12)


def test_measure_code__a_distance_is_the_mean_of_several_with_its_spread():
    # 4, 5 and 9 pixels of 2 um: 8, 10, 18 um; mean 12, SD sqrt((16 + 4 + 36) / 2) = sqrt(28).
    found = measure_code(
        "Ir.L.Wi",
        (
            line("Ir.L.Wi", (0, 0), (4, 0)),
            line("Ir.L.Wi", (10, 10), (13, 14)),
            line("Ir.L.Wi", (50, 50), (50, 59)),
        ),
        SQUARE,
        PICTURE,
    )
    assert (found.value, found.n, found.unit) == (pytest.approx(12.0), 3, "um")
    assert found.sd == pytest.approx(math.sqrt(28))


def test_measure_code__one_distance_has_no_spread():
    assert measure_code("O.Wi", (line("O.Wi", (0, 0), (0, 5)),), SQUARE, PICTURE).sd is None


@settings(max_examples=40, derandomize=True)
@given(turn=st.floats(0, 6.28), far=st.floats(0, 2000))
def test_area__does_not_change_when_a_region_is_turned_and_moved(turn, far):
    corners = np.array([(0, 0), (0, 310), (120, 310), (120, 90), (260, 0)])
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    moved = (corners - corners.mean(axis=0)) @ matrix + 500 + far / 2
    # Rectangle 120 × 310, and below it a triangle of 140 × 90: 37200 + 140 × 90 / 2 = 43500.
    found = value("B.Ar", region("B.Ar", *map(tuple, moved)))
    assert found == pytest.approx(43500 * 4e-6, rel=1e-9)


def test_measure_code__refuses_a_region_that_crosses_itself():
    bow_tie = region("T.Ar", (0, 0), (100, 100), (0, 100), (100, 0))
    assert refusal("T.Ar", bow_tie) == "region-crosses-itself"


def test_measure_code__refuses_a_region_that_touches_itself_or_folds_back():
    pinched = region("T.Ar", (0, 0), (100, 50), (0, 100), (200, 100), (100, 50), (200, 0))
    assert refusal("T.Ar", pinched) == "region-crosses-itself"
    spike = region("T.Ar", (0, 0), (0, 100), (0, 50), (80, 50))
    assert refusal("T.Ar", spike) == "region-crosses-itself"


def test_measure_code__finds_a_crossing_between_edges_far_apart_in_a_long_outline():
    angles = np.linspace(0, 2 * np.pi, 1400, endpoint=False)
    ring = [(1000 + 500 * math.sin(a), 1000 + 500 * math.cos(a)) for a in angles]
    assert value("T.Ar", region("T.Ar", *ring)) == pytest.approx(math.pi * 1.0**2, rel=1e-4)
    ring[700], ring[100] = ring[100], ring[700]
    assert refusal("T.Ar", region("T.Ar", *ring)) == "region-crosses-itself"


@pytest.mark.parametrize("other", [(50, 50, 100, 100), (0, 100, 100, 50), (20, 20, 10, 10)])
def test_measure_code__refuses_regions_that_would_count_a_part_twice(other):
    # Overlapping, sharing an edge, and one inside the other.
    shapes = (rectangle("B.Ar", 0, 0, 100, 100), rectangle("B.Ar", *other))
    assert refusal("B.Ar", *shapes) == "regions-overlap"


@pytest.mark.parametrize("hole", [(200, 200, 10, 10), (0, 0, 100, 100)])
def test_measure_code__refuses_a_hole_outside_a_region_or_on_its_edge(hole):
    shapes = (rectangle("B.Ar", 0, 0, 100, 150), rectangle("B.Ar", *hole, hole=True))
    assert refusal("B.Ar", *shapes) in {"hole-outside-region", "regions-overlap"}


def test_measure_code__refuses_a_hole_in_a_hole():
    shapes = (
        rectangle("B.Ar", 0, 0, 100, 150),
        rectangle("B.Ar", 10, 10, 50, 50, hole=True),
        rectangle("B.Ar", 20, 20, 10, 10, hole=True),
    )
    assert refusal("B.Ar", *shapes) == "hole-outside-region"


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        ("T.Ar", line("T.Ar", (0, 0), (0, 9), (9, 9))),
        ("T.Ar", region("T.Ar", (0, 0), (0, 9), (0, 9))),
        ("B.Pm", line("B.Pm", (5, 5), (5, 5))),
        ("O.Wi", line("O.Wi", (0, 0), (0, 9), (9, 9))),
        ("O.Wi", rectangle("O.Wi", 0, 0, 5, 5)),
    ],
)
def test_measure_code__refuses_what_is_no_region_line_or_distance(code, shape):
    assert refusal(code, shape) == "drawing-degenerate"


def test_measure_code__refuses_a_hole_in_a_line():
    assert refusal("B.Pm", rectangle("B.Pm", 0, 0, 9, 9, hole=True)) == "hole-outside-region"


def test_measure_code__refuses_what_reaches_beyond_the_picture():
    assert refusal("T.Ar", rectangle("T.Ar", 10, 10, 2991, 100)) == "drawing-outside-picture"
    assert refusal("B.Pm", line("B.Pm", (5, -0.6), (5, 9))) == "drawing-outside-picture"
    # The outermost pixels reach half a pixel beyond their centres.
    assert value("T.Ar", rectangle("T.Ar", -0.5, -0.5, 3000, 4000)) == pytest.approx(6 * 8, rel=1e-12)


def test_measure_code__nothing_has_a_size_where_no_pixel_size_is_known():
    assert refusal("T.Ar", rectangle("T.Ar", 0, 0, 9, 9), size=None) == "pixel-size-unknown"


def test_measure_code__refuses_what_is_no_drawn_measurement():
    assert refusal("Ir.L.t", line("Ir.L.t", (0, 0), (0, 9))) == "unknown-drawing-class"
    # What is counted is marked by points.
    assert refusal("N.Oc", line("N.Oc", (0, 0), (0, 9))) == "drawing-degenerate"


def test_measure_drawing__a_refused_code_says_why_and_leaves_the_others():
    shapes = (rectangle("B.Ar", 0, 0, 9, 9), region("T.Ar", (0, 0), (100, 100), (0, 100), (100, 0)))
    found = measure_drawing(shapes, SQUARE, PICTURE)
    assert list(found) == ["T.Ar", "B.Ar"]
    assert found["T.Ar"].value is None
    assert "crosses" in found["T.Ar"].refused
    assert found["B.Ar"].value == pytest.approx(81 * 4e-6)


def test_drawn__classes_give_the_catalogues_units():
    for code, kind in DRAWN.items():
        assert MEASUREMENTS[code].unit == {"region": "mm2", "line": "mm", "distance": "um", "count": "1"}[kind]
    wanted = "T.Ar B.Ar O.Ar Md.Ar B.Pm O.Pm E.Pm Ob.Pm Oc.Pm sL.Pm dL.Pm O.Wi W.Wi Ir.L.Wi Ct.Wi N.Ob N.Oc"
    assert set(wanted.split()) <= set(DRAWN)


@pytest.mark.parametrize("um", [0.0, -1.0, float("nan"), float("inf"), 0.001, 352.8])
def test_stated_pixel_size__refuses_what_no_microscope_has(um):
    with pytest.raises(SectionError) as caught:
        stated_pixel_size(um, "KL")
    assert caught.value.code == "invalid-pixel-size"


def test_stated_pixel_size__keeps_who_stated_it_and_what_the_file_says():
    size = stated_pixel_size(0.25, "KL", SQUARE)
    assert (size.row_um, size.source, size.stated_by) == (0.25, "stated", "KL")
    assert size.instead_of == "2 µm per pixel (ome xml)"
    with pytest.raises(SectionError):
        stated_pixel_size(0.25, " ")


def picture(tmp_path, **changes):
    known = {"sha256": "ab" * 32, "folder": tmp_path, "levels": (), "shape": PICTURE, "pixel_size": SQUARE}
    return SectionPicture(**(known | changes))


def test_evidence__comes_back_as_it_was_kept_and_names_no_file(tmp_path):
    shapes = (rectangle("T.Ar", 0, 0, 300, 500), line("O.Wi", (0, 0), (0, 5)))
    kept = evidence_of(picture(tmp_path), shapes, "KL")
    write_evidence(tmp_path / "drawing.json", kept)
    assert read_evidence(tmp_path / "drawing.json", picture(tmp_path)) == kept
    told = json.loads((tmp_path / "drawing.json").read_text(encoding="utf-8"))
    assert set(told) == {
        *("kind", "version", "picture_sha256", "shape", "pixel_size", "shapes", "measurements", "reader"),
        *("absent", "software_version"),
    }
    assert told["measurements"][0] == {"code": "T.Ar", "value": pytest.approx(0.6), "unit": "mm2", "n": 1, "sd": None}
    assert told["pixel_size"]["source"] == "ome-xml"
    assert [one.name for one in tmp_path.iterdir()] == ["drawing.json"]


def test_evidence__of_a_picture_without_pixel_size_holds_no_measurement(tmp_path):
    kept = evidence_of(picture(tmp_path, pixel_size=None), (rectangle("T.Ar", 0, 0, 300, 500),), "KL")
    assert kept.measurements == ()
    assert len(kept.shapes) == 1


def test_read_evidence__refuses_damage_and_another_picture(tmp_path):
    path = tmp_path / "drawing.json"
    write_evidence(path, evidence_of(picture(tmp_path), (), "KL"))
    with pytest.raises(SectionError, match="another picture"):
        read_evidence(path, picture(tmp_path, sha256="cd" * 32))
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    with pytest.raises(SectionError) as caught:
        read_evidence(path)
    assert caught.value.code == "invalid-drawing"
