"""Figure and section on the agreement of readers: what they show, read off themselves."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text as Words

from bonemetrics.outcomes.figures.agreement import differences_against_mean
from bonemetrics.outcomes.report.agreement import reader_agreement
from bonemetrics.outcomes.report.page import Picture, Text
from bonemetrics.outcomes.report.tables import ReportTable
from bonemetrics.quantities import Material
from bonemetrics.review.agreement import Reading, agreement

# Differences 1, 2, 3, 6: mean 3, SD sqrt(14/3) = 2.16025; limits 3 ± 4.23408. Bias ± 3.18245 × 1.08012.
VALUES = [(100.0, 101.0), (120.0, 122.0), (150.0, 153.0), (200.0, 206.0)]


def rows_of(values, names=("ABC", "DEF"), *, verdict="accept", material=Material.HA):
    readings = [
        Reading(
            scan_id=f"s{place:03}",
            reader=name,
            verdict=verdict,
            labels_sha256=f"{place}",
            values={"Tb.vBMD": value},
            material=material,
        )
        for place, pair in enumerate(values)
        for name, value in zip(names, pair, strict=True)
    ]
    return agreement(readings, lambda _: None)


def words(figure):
    return [one.get_text() for one in figure.findobj(Words) if one.get_visible() and one.get_text().strip()]


def levels(figure):
    return sorted(
        float(line.get_ydata()[0])
        for line in figure.axes[0].lines
        if line.get_marker() == "None" and len(set(line.get_ydata())) == 1
    )


def cells(table):
    return [row.cells for row in table.rows]


def test_differences_against_mean__draws_pairs_bias_and_limits():
    (row,) = rows_of(VALUES)
    figure = differences_against_mean(row)
    points = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    assert list(points.get_xdata()) == [100.5, 121.0, 151.5, 203.0]
    assert list(points.get_ydata()) == [1.0, 2.0, 3.0, 6.0]
    # Zero stands among them.
    assert levels(figure) == pytest.approx([3 - 4.23408, 0.0, 3.0, 3 + 4.23408], abs=1e-4)
    said = words(figure)
    assert "mean of both (mg/cm³ HA)" in said
    assert "difference (mg/cm³ HA)" in said
    assert "Tb.vBMD: DEF − ABC" in said
    assert {"bias\n+3.0", "lower limit\n−1.2", "upper limit\n+7.2"} <= set(said)
    assert "scan (n = 4)" in said


def test_differences_against_mean__shows_the_intervals_as_bands():
    (row,) = rows_of(VALUES)
    axes = differences_against_mean(row).axes[0]
    bands = sorted((patch.get_y(), patch.get_y() + patch.get_height()) for patch in axes.patches)
    assert len(bands) == 3
    assert any(band == pytest.approx((3 - 3.18245 * 1.08012, 3 + 3.18245 * 1.08012), abs=1e-4) for band in bands)
    low, high = axes.get_ylim()
    assert low < bands[0][0]
    assert max(top for _, top in bands) < high


def test_differences_against_mean__draws_a_slope_only_where_it_is_not_zero():
    def dotted(values):
        (row,) = rows_of(values)
        return [line for line in differences_against_mean(row).axes[0].lines if line.get_linestyle() == ":"]

    # Differences 0.1 times the mean, but for 0.01; then differences that come and go.
    steep = [(place * 9.5, place * 10.5 + 0.01 * (-1) ** place) for place in range(8, 20)]
    flat = [(100.0 + 10 * place, 100.0 + 10 * place + (-1) ** place) for place in range(12)]
    (line,) = dotted(steep)
    rise = (line.get_ydata()[1] - line.get_ydata()[0]) / (line.get_xdata()[1] - line.get_xdata()[0])
    assert rise == pytest.approx(0.1, abs=0.001)
    assert dotted(flat) == []


def test_differences_against_mean__needs_three_scans():
    assert differences_against_mean(rows_of(VALUES[:2])[0]) is None
    assert differences_against_mean(rows_of(VALUES[:3])[0]) is not None


def test_differences_against_mean__of_copies_has_a_bias_and_no_limits():
    (row,) = rows_of([(one, one) for one, _ in VALUES])
    figure = differences_against_mean(row)
    assert not any("limit" in one or "regression" in one for one in words(figure))
    assert len(figure.axes[0].patches) == 0


@pytest.mark.parametrize(
    "values",
    [
        VALUES[:3],
        VALUES,
        [(1000.0 + 40 * place, 1000.0 + 40 * place - 300 * (place % 3)) for place in range(40)],
        [(0.1 * place, 0.1 * place + 0.001 * (place % 5)) for place in range(20)],
        [(one, one) for one, _ in VALUES],
    ],
)
def test_differences_against_mean__no_word_covers_another_or_leaves_the_figure(values):
    (row,) = rows_of(values, ("A $reader$ with a very long name", "Another reader with a longer name still"))
    figure = differences_against_mean(row)
    figure.canvas.draw()
    axes = figure.axes[0]
    hidden = [
        label
        for place, (axis, ends) in enumerate(((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())))
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not min(ends) <= label.get_position()[place] <= max(ends)
    ]
    shown = [
        one
        for one in figure.findobj(Words)
        if one.get_visible() and one.get_text().strip() and not any(one is label for label in hidden)
    ]
    boxes = [(one.get_text(), one.get_window_extent().padded(-0.5)) for one in shown]
    wide, high = figure.bbox.width, figure.bbox.height
    assert [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > wide or box.y1 > high] == []
    assert [(a, b) for (a, one), (b, two) in itertools.combinations(boxes, 2) if one.overlaps(two)] == []


def test_differences_against_mean__lines_differ_by_more_than_colour_and_can_be_read():
    (row,) = rows_of(VALUES)
    drawn = [line for line in differences_against_mean(row).axes[0].lines if line.get_marker() == "None"][1:]
    lines = {line.get_color(): line.get_linestyle() for line in drawn}
    # Bias, limits and the regression.
    assert sorted(lines.values()) == ["-", "--", ":"]
    # Contrast to white of at least 4.5 (WCAG 2.1, formula of relative luminance).
    for colour in lines:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5, colour


def test_reader_agreement__says_where_no_scan_was_read_twice():
    section = reader_agreement(())
    assert section.anchor == "reader-agreement"
    assert section.blocks == (Text("No scan was read twice, so agreement cannot be told.", "absent"),)


def test_reader_agreement__shows_tables_and_a_picture():
    section = reader_agreement(rows_of(VALUES))
    verdicts, masks, values = (block for block in section.blocks if isinstance(block, ReportTable))
    # All accepted: no kappa, and a dash for it and its interval.
    assert cells(verdicts) == [("ABC and DEF", "4", "0", "4 of 4", "–", "–", "–", "–")]
    # No mask could be loaded.
    assert [row[1:] for row in cells(masks)] == [
        ("0", "total", "0", "–", "–", "0", "–", "–"),
        ("", "trabecular", "0", "–", "–", "0", "–", "–"),
        ("", "cortical", "0", "–", "–", "0", "–", "–"),
    ]
    assert cells(values)[0] == ("DEF − ABC", "4", "bias", "+3.0", "−0.4 to +6.4", "mg/cm³ HA")
    assert [row[2:4] for row in cells(values)[1:]] == [("lower limit", "−1.2"), ("upper limit", "+7.2")]
    (drawn,) = (block for block in section.blocks if isinstance(block, Picture))
    assert drawn.name == "agreement-1"
    assert drawn.half
    assert "4 scans; bias +3.0 mg/cm³ HA, limits of agreement −1.2 to +7.2." in drawn.description


def test_reader_agreement__warns_of_masks_that_nobody_touched():
    (row,) = rows_of(VALUES)
    warned = reader_agreement((row,)).blocks[0]
    assert warned.style == "caution"
    assert "In 4 of 4 pairs of readings both left the same mask" in warned.text
    assert reader_agreement((replace(row, n_same_mask=0),)).blocks[0].style == "plain"


def test_reader_agreement__names_repeats_and_leaves_a_dash_for_what_is_unknown():
    readings = [
        Reading(
            scan_id="s1",
            reader="ABC",
            verdict="accept",
            values={"Tb.vBMD": 100.0 + repeat},
            material=Material.HA,
            is_repeat=repeat,
        )
        for repeat in (False, True)
    ]
    section = reader_agreement(agreement(readings, lambda _: None))
    verdicts, _, values = (block for block in section.blocks if isinstance(block, ReportTable))
    assert cells(verdicts)[0][0] == "ABC twice"
    assert cells(values) == [
        ("ABC, repeat − first", "1", "bias", "+1.0", "–", "mg/cm³ HA"),
        ("", "", "lower limit", "–", "–", "mg/cm³ HA"),
        ("", "", "upper limit", "–", "–", "mg/cm³ HA"),
    ]
    assert not any(isinstance(block, Picture) for block in section.blocks)
