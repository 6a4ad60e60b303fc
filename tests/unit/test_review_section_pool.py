"""Drawings on several pictures pooled into one form, against geometry by hand."""

from __future__ import annotations

import math

import pytest

from bonemetrics.errors import SectionError, TableError
from bonemetrics.records import HistomorphometryParameters
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_work import BiopsyWork, work_of
from bonemetrics.review.section_drawing import Shape
from bonemetrics.review.section_evidence import evidence_of
from bonemetrics.review.section_picture import SectionPicture
from bonemetrics.review.section_pool import pool
from bonemetrics.review.section_scale import PixelSize

COARSE = PixelSize(row_um=2.0, column_um=2.0, source="ome-xml")
FINE = PixelSize(row_um=0.5, column_um=1.0, source="ome-xml")


def rectangle(code, row, column, rows, columns):
    corners = ((row, column), (row, column + columns), (row + rows, column + columns), (row + rows, column))
    return Shape(code=code, vertices=tuple((float(a), float(b)) for a, b in corners), closed=True)


def line(code, *vertices):
    return Shape(code=code, vertices=tuple((float(a), float(b)) for a, b in vertices))


def points(code, *places):
    return tuple(line(code, place) for place in places)


def drawing(name, size, *shapes, absent=(), tmp="."):
    picture = SectionPicture(sha256=name * 32, folder=tmp, levels=(), shape=(900, 1200), pixel_size=size)
    return evidence_of(picture, shapes, "KL", absent)


@pytest.fixture
def drawn(tmp_path):
    return lambda *given, **named: drawing(*given, tmp=tmp_path, **named)


def values(*drawings):
    return {code: one.value for code, one in pool(drawings).items()}


def test_pool__areas_and_lengths_are_added_each_with_the_pixels_of_its_own_picture(drawn):
    # 300 × 500 pixels of 4 um2 are 0.6 mm2; 400 × 600 pixels of 0.5 um2 are 0.12 mm2.
    # 400 pixels along of 2 um are 0.8 mm; 300 pixels down of 0.5 um are 0.15 mm.
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500), line("B.Pm", (5, 5), (5, 405)))
    other = drawn("cd", FINE, rectangle("T.Ar", 30, 40, 400, 600), line("B.Pm", (7, 9), (307, 9)))
    found = pool([one, other])
    assert found["T.Ar"].value == pytest.approx(0.72, rel=1e-12)
    assert found["B.Pm"].value == pytest.approx(0.95, rel=1e-12)
    assert (found["T.Ar"].n, found["T.Ar"].n_pictures, found["T.Ar"].unit) == (2, 2, "mm2")


def test_pool__widths_are_the_mean_of_all_single_ones_and_not_of_the_pictures_means(drawn):
    # 4, 5 and 9 pixels of 2 um: 8, 10 and 18 um; one of 12 pixels along of 1 um: 12 um.
    one = drawn("ab", COARSE, *(line("O.Wi", (row, 0), (row, across)) for row, across in ((1, 4), (2, 5), (3, 9))))
    other = drawn("cd", FINE, line("O.Wi", (40, 0), (40, 12)))
    found = pool([one, other])["O.Wi"]
    # Mean of the four is 12; the mean of both means, 12 and 12, would be the same, so a fifth of 2 um is added.
    assert (found.value, found.n, found.n_pictures) == (pytest.approx(12.0), 4, 2)
    more = pool([one, drawn("cd", FINE, line("O.Wi", (40, 0), (40, 12)), line("O.Wi", (50, 0), (50, 2)))])["O.Wi"]
    # (8 + 10 + 18 + 12 + 2) / 5 = 10, where the mean of both means would be 9.5; SD sqrt((4 + 0 + 64 + 4 + 64) / 4).
    assert (more.value, more.sd) == (pytest.approx(10.0), pytest.approx(math.sqrt(34)))


def test_pool__the_same_picture_never_counts_twice(drawn):
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500))
    again = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 100, 500))
    assert values(one, one) == {"T.Ar": pytest.approx(0.6)}
    # The later drawing on it counts: 100 × 500 pixels of 4 um2.
    found = pool([one, again])["T.Ar"]
    assert (found.value, found.n_pictures) == (pytest.approx(0.2), 1)


def test_pool__the_same_shapes_on_two_pictures_are_refused(drawn):
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500))
    copied = drawn("cd", COARSE, rectangle("T.Ar", 10, 20, 300, 500), rectangle("T.Ar", 500, 20, 30, 50))
    found = pool([one, copied])["T.Ar"]
    assert found.value is None
    assert "twice" in found.refused


def test_pool__sums_over_different_pictures_are_refused_since_their_ratio_would_be_wrong(drawn):
    # Bone of both over tissue of one: 100 × (0.2 + 0.2) / 0.6 = 67 %, where each picture has 33 %.
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500), rectangle("B.Ar", 10, 20, 100, 500))
    other = drawn("cd", COARSE, rectangle("B.Ar", 40, 20, 100, 500))
    found = pool([one, other])
    assert found["T.Ar"].value is None
    assert "1 of 2 pictures" in found["T.Ar"].refused
    assert found["B.Ar"].value == pytest.approx(0.4)


def test_pool__a_picture_that_has_none_of_it_is_stated_and_counts_as_zero(drawn):
    one = drawn("ab", COARSE, line("B.Pm", (0, 0), (0, 500)), line("O.Pm", (0, 0), (0, 100)))
    other = drawn("cd", COARSE, line("B.Pm", (9, 0), (9, 300)))
    assert values(one, other) == {"B.Pm": pytest.approx(1.6), "O.Pm": None}
    stated = drawn("cd", COARSE, line("B.Pm", (9, 0), (9, 300)), absent=("O.Pm",))
    # 100 pixels of 2 um and none.
    found = pool([one, stated])["O.Pm"]
    assert (found.value, found.n, found.n_pictures) == (pytest.approx(0.2), 1, 2)


def test_pool__a_width_that_is_stated_to_be_none_has_no_mean(drawn):
    found = pool([drawn("ab", COARSE, absent=("O.Wi",))])["O.Wi"]
    assert found.value is None
    assert "no mean" in found.refused


def test_pool__a_picture_without_pixel_size_makes_the_sum_of_all_refused(drawn):
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500))
    found = pool([one, drawn("cd", None, rectangle("T.Ar", 20, 20, 300, 500))])["T.Ar"]
    assert found.value is None
    assert "one of 2 pictures the pixel size is not known" in found.refused


def test_pool__counts_are_points_and_need_no_pixel_size(drawn):
    one = drawn("ab", None, *points("N.Oc", (1, 1), (5, 9), (30, 40)))
    other = drawn("cd", COARSE, *points("N.Oc", (2, 2)))
    found = pool([one, other])["N.Oc"]
    assert (found.value, found.n, found.unit) == (4.0, 4, "1")


def test_count__two_points_on_one_thing_are_refused(drawn):
    found = pool([drawn("ab", None, *points("N.Oc", (10, 10), (10.5, 10.5), (30, 40)))])["N.Oc"]
    assert found.value is None
    assert "twice" in found.refused
    assert values(drawn("ab", None, *points("N.Oc", (10, 10), (11, 11)))) == {"N.Oc": 2.0}


def empty():
    return work_of(BiopsyForm())


def test_put__the_form_holds_what_all_pictures_give_and_of_how_many(drawn):
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500), line("O.Wi", (1, 0), (1, 4)))
    other = drawn("cd", FINE, rectangle("T.Ar", 30, 40, 400, 600))
    work = empty().put(one).put(other).put(other)
    assert (work.form.text("T.Ar"), work.form.text("O.Wi")) == ("0.72", "8")
    assert (work.told["T.Ar"].text, work.told["O.Wi"].text) == ("drawn on 2 pictures", "mean of 1 on 1 picture")
    assert len(work.drawings) == 2


def test_put__a_changed_drawing_stands_in_place_of_the_one_before_and_a_removed_picture_takes_its_part(drawn):
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500))
    other = drawn("cd", COARSE, rectangle("T.Ar", 30, 40, 100, 500), *points("N.Oc", (1, 1)))
    work = empty().put(one).put(other)
    assert (work.form.text("T.Ar"), work.form.text("N.Oc")) == ("0.8", "")
    assert "1 of 2 pictures" in work.told["N.Oc"].text
    # Without its count 0.2 stays; without the picture 0.6.
    work = work.put(drawn("cd", COARSE, rectangle("T.Ar", 30, 40, 100, 500)))
    assert (work.form.text("T.Ar"), "N.Oc" in work.told) == ("0.8", False)
    work = work.take_out(other.picture_sha256)
    assert (work.form.text("T.Ar"), [one.picture_sha256 for one in work.pictures]) == ("0.6", ["ab" * 32])
    assert work.take_out(one.picture_sha256).form.text("T.Ar") == ""
    assert work.take_out("of no picture") is work


def test_put__what_was_typed_over_stays_and_is_told(drawn):
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500), rectangle("B.Ar", 10, 20, 100, 500))
    work = empty().put(one).with_text("B.Ar", "0.3")
    assert (work.told["B.Ar"].level, work.told["B.Ar"].text) == ("unusual", "typed over; drawn on 1 picture: 0.2")
    assert work.take_out(one.picture_sha256).form.texts == {"T.Ar": "", "B.Ar": "0.3"}


def test_put__refuses_shapes_without_a_value_and_a_locked_form(drawn):
    with pytest.raises(SectionError) as caught:
        empty().put(drawn("ab", None, rectangle("T.Ar", 10, 20, 300, 500)))
    assert caught.value.code == "pixel-size-unknown"
    told = {"biopsy_date": "2017-04-03", "envelope": "cancellous", "referent": "TV", "factor": "isotropic", "T.Ar": "4"}
    form = BiopsyForm()
    for key, text in {"subject": "P003", "B.Ar": "1", **told}.items():
        form = form.with_text(key, text)
    locked = work_of(form.locked(HistomorphometryParameters()))
    with pytest.raises(TableError) as refused:
        locked.put(drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500)))
    assert refused.value.code == "entry-locked"
    with pytest.raises(SectionError) as unread:
        BiopsyWork(form=BiopsyForm(), unreadable="damaged").put(drawn("ab", COARSE, rectangle("T.Ar", 1, 2, 30, 50)))
    assert unread.value.code == "invalid-drawing"


def test_with_canvas__waits_until_it_is_put_or_is_again_what_the_form_holds(drawn):
    one = drawn("ab", COARSE, rectangle("T.Ar", 10, 20, 300, 500))
    work = empty().with_canvas(one)
    assert (work.canvas, work.form.text("T.Ar")) == ((one,), "")
    assert work.with_canvas(one.emptied()).canvas == ()
    put = work.put_canvas()
    assert (put.canvas, put.form.text("T.Ar")) == ((), "0.6")
    assert put.with_canvas(one).canvas == ()
    assert put.with_canvas(one.emptied()).canvas == (one.emptied(),)
    assert put.is_changed(empty())
    assert not put.is_changed(put)
