"""Whatever words stand on a page: reports or a refusal, in bounded time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed import Page, Word, parse_pages
from tests.printed_pages import HOLOGIC_SPINE_ROWS, hologic_spine, words_of
from tests.printed_pages_lunar import ancillary_page
from tests.printed_pages_norland import spine_page

PAGES = tuple(words_of(texts) for texts in (hologic_spine(), ancillary_page(), spine_page()))
SCRAPS = [
    "Region",
    "BMD",
    "(g/cm²)",
    "T-",
    "score",
    "HOLOGIC",
    "L1",
    "Total",
    "-",
    "1.0",
    "%",
    "(",
    "ID:",
    "\ufffd",
    "Neck",
]
places = st.floats(0, 600)


@st.composite
def words(draw):
    x, y = draw(places), draw(places)
    text = draw(st.one_of(st.sampled_from(SCRAPS), st.text(min_size=1, max_size=8)))
    return Word(text=text, x0=x, y0=y, x1=x + draw(st.floats(0, 60)), y1=y + draw(st.floats(0, 20)))


def parsed(found, trust="text"):
    page = Page(number=1, width=612, height=792, words=tuple(found))
    try:
        return parse_pages([page], route="pdf", trust=trust)
    except ReadError:
        return ()


@settings(max_examples=60, deadline=None)
@given(st.lists(words(), max_size=40), st.sampled_from(["text", "ocr"]))
def test_any_words__give_reports_or_a_refusal(found, trust):
    parsed(found, trust)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PAGES), st.lists(words(), max_size=4), st.sets(st.integers(0, 100), max_size=6))
def test_a_page_with_words_lost_and_added__gives_reports_or_a_refusal(page, more, lost):
    parsed([word for place, word in enumerate(page) if place not in lost] + more)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.2, 8), st.floats(-40, 40), st.randoms())
def test_scale_place_and_order_of_words__change_no_cell(scale, shift, random):
    found = [
        Word(
            text=word.text,
            x0=(word.x0 + shift) * scale,
            y0=(word.y0 + shift) * scale,
            x1=(word.x1 + shift) * scale,
            y1=(word.y1 + shift) * scale,
        )
        for word in PAGES[0]
    ]
    random.shuffle(found)
    (report,) = parsed(found)
    names = ("area", "bmc", "bmd", "t_score", "z_score")
    assert [(row.region, *(row.cells[name].raw for name in names)) for row in report.rows] == list(HOLOGIC_SPINE_ROWS)


@pytest.mark.parametrize(
    "text", ["Region", "T-score:", "Measured", "YA", "Filename:", "Name:", "S/N", "Age:", "k =", "(" * 9]
)
def test_pages_full_of_one_word__take_bounded_time(text):
    found = [
        Word(text=text, x0=8.0 * (n % 100), y0=7.0 * (n // 100), x1=8.0 * (n % 100) + 7, y1=7.0 * (n // 100) + 5)
        for n in range(8000)
    ]
    start = time.process_time()
    parsed([*PAGES[0], *found])
    parsed([*PAGES[1], *(Word(text=w.text, x0=w.x0, y0=1.0, x1=w.x1, y1=6.0) for w in found)], "ocr")
    assert time.process_time() - start < 8.0
