from __future__ import annotations

import re

import pytest

from bonemetrics.outcomes.report.page import Facts, Listing, Page, Picture, Section, Text, anchor, inline_svg, unique
from bonemetrics.outcomes.report.tables import HeadColumn, ReportTable, TableRow, columns

SVG = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="72pt" height="36pt" viewBox="0 0 72 36" \
xmlns="http://www.w3.org/2000/svg" version="1.1">
 <metadata><rdf xmlns="http://www.w3.org/1999/rdf"/></metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style><clipPath id="p1"><rect/></clipPath></defs>
 <g id="axes_1"><path clip-path="url(#p1)"/><use xlink:href="#m1"/><text>id="kept" &lt;script&gt;</text></g>
</svg>"""


def test_inline_svg__gives_every_id_a_prefix_and_keeps_links_together():
    found = inline_svg(SVG, prefix="lines-radtbd", title="Lines", description="All women")
    assert re.findall(r'id="([^"]+)"', re.sub(r"<text>.*?</text>", "", found)) == [
        "lines-radtbd-title",
        "lines-radtbd-desc",
        "lines-radtbd-p1",
        "lines-radtbd-axes_1",
    ]
    assert "url(#lines-radtbd-p1)" in found
    assert 'href="#lines-radtbd-m1"' in found
    assert 'id="kept"' in found


def test_inline_svg__names_nothing_outside_and_styles_nothing_outside():
    found = inline_svg(SVG, prefix="x", title="Lines", description="All")
    for gone in ("http", "<?xml", "DOCTYPE", "metadata", "<style"):
        assert gone not in found
    assert found.startswith("<svg ")
    assert 'viewBox="0 0 72 36"' in found


def test_inline_svg__has_title_and_description_that_are_escaped():
    found = inline_svg(SVG, prefix="x", title="<script>alert(1)</script>", description="a & b")
    assert '<title id="x-title">&lt;script&gt;alert(1)&lt;/script&gt;</title>' in found
    assert '<desc id="x-desc">a &amp; b</desc>' in found
    assert 'role="img" aria-labelledby="x-title x-desc"' in found
    assert 'preserveAspectRatio="xMinYMin"' in found
    assert "<script" not in found


def page_of(*blocks):
    part = Section(anchor="part", title="Part <b>", blocks=tuple(blocks))
    whole = Section(anchor="whole", title="Whole", parts=(part,), new_page=True, boxed=True)
    return Page(study="S", title="T <script>x</script>", head=Facts((("a", "b"),)), sections=(whole,), footer=Facts(()))


def test_page__escapes_every_text_it_is_given():
    evil = '<script>alert("x")</script>'
    table = ReportTable(
        caption=evil, columns=columns(evil, evil), rows=(TableRow((evil, evil)),), row_heads=1, remark=evil
    )
    html = page_of(Text(evil, "caution"), Listing((evil,)), Facts(((evil, evil),)), table).html()
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(") == 10


def test_page__has_language_contents_and_anchors():
    html = page_of(Text("x")).html()
    assert '<html lang="en">' in html
    assert '<section id="whole" class="level-2 new-page box">' in html
    for target in re.findall(r'href="#([^"]+)"', html):
        assert f'id="{target}"' in html


def test_page__contents_are_folded_where_the_screen_is_narrow_and_need_no_script():
    html = page_of(Text("x")).html()
    assert '<details class="narrow-contents">' in html
    assert "<script" not in html
    # Both forms name every section once.
    assert html.count('<a href="#whole">Whole</a>') == 2


@pytest.mark.parametrize(("count", "said"), [(20, ", W-20</p>"), (21, "Women: W-01 … W-21 (21)</p>")])
def test_page__printed_contents_name_many_women_by_the_first_and_the_last(count, said):
    women = tuple(Section(anchor=f"w-{place}", title=f"W-{place:02d}", new_page=True) for place in range(1, count + 1))
    whole = Section(anchor="women", title="Women", parts=women)
    html = Page(study="S", title="T", head=Facts(()), sections=(whole,), footer=Facts(())).html()
    contents = html[html.index('<div class="print-contents"') :]
    assert said in contents[: contents.index("</div>")]


def test_page__table_has_caption_scopes_and_groups():
    head = (HeadColumn("Cohort"), *columns("n", "mean", numeric_from=0, group="Values"))
    table = ReportTable(caption="Values", columns=head, rows=(TableRow(("2M", "4", "1.5"), first_of_group=True),))
    assert table.groups == (("", 1), ("Values", 2))
    html = page_of(table).html()
    assert "<caption>Values</caption>" in html
    assert '<th colspan="2" scope="colgroup" class="group">Values</th>' in html
    assert '<th scope="col" class="n">mean</th>' in html
    assert '<tr class="first"><th scope="row">2M</th><td class="n">4</td><td class="n">1.5</td></tr>' in html


def test_page__breaks_words_that_are_longer_than_a_column():
    table = ReportTable(caption="c", columns=columns("a", "b", numeric_from=9), rows=(TableRow(("x", "y" * 23)),))
    assert '<td class="long">' in page_of(table).html()


def test_report_table__refuses_a_row_that_is_not_whole():
    with pytest.raises(TypeError, match="has 1 cells, not 2"):
        ReportTable(caption="c", columns=columns("a", "b"), rows=(TableRow(("x",)),))


def test_section__finds_the_pictures_of_its_parts():
    shown = Picture(name="p", svg=SVG, png=b"", title="t", description="d")
    (section,) = page_of(Text("x"), shown).sections
    assert [one.name for one in section.pictures] == ["p"]


def test_anchor__is_made_of_letters_digits_and_hyphens():
    assert anchor("Participant", "CSM-01") == "participant-csm-01"
    assert anchor("../a b") == "a-b"
    assert anchor("é") == "xe9"


def test_unique__numbers_what_was_there_before():
    assert unique(["a", "b", "a", "a-2", "a"]) == ("a", "b", "a-2", "a-2-2", "a-3")
