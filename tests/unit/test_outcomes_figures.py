"""Figures of the outcomes dataset: what they show, read off the figure itself."""

from __future__ import annotations

import itertools
import struct
from dataclasses import replace

import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

from bonemetrics.outcomes.analysis.relations import relations
from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.figures.biopsies import GLYPHS, biopsy_pairs
from bonemetrics.outcomes.figures.completeness import completeness_map
from bonemetrics.outcomes.figures.lines import individual_lines
from bonemetrics.outcomes.figures.participant_timeline import participant_timeline
from bonemetrics.outcomes.figures.relation import relation_scatter
from bonemetrics.outcomes.figures.shift import shift_plot, shift_visits
from bonemetrics.outcomes.figures.style import (
    BAND,
    INNER_BAND,
    cohort_colours,
    cohort_markers,
    figure_png,
    figure_svg,
)
from bonemetrics.outcomes.figures.swimmer import swimmer
from bonemetrics.outcomes.figures.waterfall import waterfall
from bonemetrics.study.protocol import parse_protocol
from tests.outcome_datasets import WOMEN, trial_dataset
from tests.report_cases import small_dataset


@pytest.fixture(scope="module")
def trial():
    return Selection(trial_dataset())


@pytest.fixture(scope="module")
def small():
    return Selection(small_dataset())


def parameter(selection, paramcd):
    return next(one for one in selection.dataset.gathered.protocol.parameters if one.paramcd == paramcd)


def women_lines(figure):
    """Lines of women: those with a marker and more than one point."""
    return [line for line in figure.axes[0].lines if line.get_marker() != "None" and len(line.get_xdata()) > 1]


def drawn(selection):
    """Every figure of the report by name."""
    dataset = selection.dataset
    for one in selection.parameters:
        yield f"lines {one.paramcd}", individual_lines(selection, one)
        yield f"waterfall {one.paramcd}", waterfall(selection, one)
        yield f"shift {one.paramcd}", shift_plot(selection, one)
    for found in relations(selection):
        yield f"relation {found.x} {found.y}", relation_scatter(dataset, found)
    yield "biopsies", biopsy_pairs(selection)
    yield "swimmer", swimmer(dataset)
    yield "completeness", completeness_map(dataset)
    for woman in WOMEN:
        yield f"participant {woman}", participant_timeline(dataset, woman)


def meeting(figure):
    """Pairs of words that cover each other, and words that leave the figure; slanted ones are left out."""
    figure.canvas.draw()
    hidden = list(hidden_labels(figure))
    words = [
        one
        for one in figure.findobj(Text)
        if one.get_visible() and one.get_text().strip() and one.get_rotation() % 90 == 0 and _is_shown(one, hidden)
    ]
    boxes = [(one.get_text(), one.get_window_extent().padded(-0.5)) for one in words]
    high, wide = figure.bbox.height, figure.bbox.width
    outside = [text for text, box in boxes if box.x0 < -1 or box.y0 < -1 or box.x1 > wide + 1 or box.y1 > high + 1]
    covered = [(a, b) for (a, one), (b, other) in itertools.combinations(boxes, 2) if one.overlaps(other)]
    return outside + covered


def _is_shown(text, hidden):
    return not any(text is one for one in hidden)


def hidden_labels(figure):
    """Labels of ticks beyond the ends of an axis are there, but not drawn."""
    for axes in figure.axes:
        for place, (axis, ends) in enumerate(((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))):
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                for label in (tick.label1, tick.label2):
                    if not min(ends) <= label.get_position()[place] <= max(ends):
                        yield label


def test_figures__no_word_covers_another_or_leaves_the_figure(trial):
    faults = {name: found for name, figure in drawn(trial) if figure is not None and (found := meeting(figure))}
    assert faults == {}


def test_figure_svg__is_the_same_again_and_needs_nothing(trial):
    first, second = (figure_svg(individual_lines(trial, parameter(trial, "RADTBD"))) for _ in range(2))
    assert first == second
    # Letters are outlines: a page without fonts shows them all the same.
    assert "<text" not in first
    assert "<dc:date>" not in first
    assert "<script" not in first


def test_figure_png__is_the_same_again_and_in_the_size_of_print(trial):
    first, second = (figure_png(waterfall(trial, parameter(trial, "LSBMD"))) for _ in range(2))
    assert first == second
    # 3.65 by 2.6 inches at 220 dots; width and height stand at bytes 16 to 24 of a PNG.
    assert struct.unpack(">II", first[16:24]) == (803, 572)
    assert b"tIME" not in first


def test_cohorts__keep_apart_by_colour_and_by_shape():
    made = parse_protocol('[study]\nid = "A"\n' + "".join(f'[[cohorts]]\ncode = "C{n}"\n' for n in range(7)))
    colours, markers = cohort_colours(made), cohort_markers(made)
    first = [colours[f"C{n}"] for n in range(6)]
    assert len(set(first)) == 6
    assert len({markers[f"C{n}"] for n in range(6)}) == 6
    assert colours["C6"] == colours["C0"]
    # Contrast to white of at least 4.5 (WCAG 2.1, formula of relative luminance).
    for colour in first:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5, colour


def test_individual_lines__changes_from_baseline_and_the_band(small):
    figure = individual_lines(small, parameter(small, "RADTBD"))
    # W-01 goes from 100 to 105 and W-02 from 90 to 88.5; W-03 has no later value and so no line.
    assert sorted(tuple(line.get_ydata()) for line in women_lines(figure)) == [(0.0, -1.5), (0.0, 5.0)]
    # Study day 370 is 369 days after the infusion, study day -10 ten before it.
    for line in women_lines(figure):
        assert list(line.get_xdata()) == pytest.approx([-10 / 30.4375, 369 / 30.4375])
    band = figure.axes[0].patches[0].get_extents().transformed(figure.axes[0].transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((-3.1, 3.1))
    assert figure.axes[0].get_ylabel() == "change (mg/cm³)"


def test_individual_lines__no_band_where_no_precision_is_stated(small):
    figure = individual_lines(small, parameter(small, "P1NP"))
    assert len(women_lines(figure)) == 2
    assert not figure.axes[0].patches


def bands(figure):
    """Colour and ends of the bands of a figure of lines."""
    axes = figure.axes[0]
    boxes = [
        (to_hex(one.get_facecolor()), one.get_extents().transformed(axes.transData.inverted())) for one in axes.patches
    ]
    return [(colour, round(box.y0, 6), round(box.y1, 6)) for colour, box in boxes]


def test_individual_lines__limits_that_differ_are_two_bands_and_both_numbers(small):
    rows = tuple(
        replace(row, lsc=4.2) if (row.subject, row.visit) == ("W-02", "Month 12") else row for row in small.dataset.rows
    )
    selection = Selection(replace(small.dataset, rows=rows))
    figure = individual_lines(selection, parameter(selection, "RADTBD"))
    assert bands(figure) == [(BAND, -4.2, 4.2), (INNER_BAND, -3.1, 3.1)]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["LOW", "HIGH", "± LSC 3.1 to 4.2\u00a0mg/cm³"]
    # The inner band is the darker one.
    assert sum(to_rgb(INNER_BAND)) < sum(to_rgb(BAND))
    assert meeting(figure) == []


def test_individual_lines__a_change_without_a_limit_is_hollow(small):
    rows = tuple(
        replace(row, lsc=None, criterion_1_met=None) if (row.subject, row.visit) == ("W-02", "Month 12") else row
        for row in small.dataset.rows
    )
    selection = Selection(replace(small.dataset, rows=rows))
    figure = individual_lines(selection, parameter(selection, "RADTBD"))
    assert bands(figure) == [(BAND, -3.1, 3.1)]
    hollow = [line for line in figure.axes[0].lines if (line.get_gid() or "").startswith("without-lsc-")]
    assert [(list(line.get_ydata()), line.get_markerfacecolor()) for line in hollow] == [([-1.5], "white")]
    assert [text.get_text() for text in figure.legends[0].get_texts()][-1] == "no LSC"


def test_individual_lines__without_any_limit_no_marker_is_hollow(small):
    figure = individual_lines(small, parameter(small, "P1NP"))
    assert not [line for line in figure.axes[0].lines if (line.get_gid() or "").startswith("without-lsc-")]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["LOW", "HIGH"]


def test_shift_plot__baseline_against_later_by_hand(small):
    figure = shift_plot(small, parameter(small, "P1NP"))
    (axes,) = figure.axes
    # W-01 from 40 to 52, W-02 from 60 to 54; W-03 has none.
    dots = [line for line in axes.lines if line.get_marker() != "None"]
    assert sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in dots) == [(40.0, 52.0), (60.0, 54.0)]
    assert len({line.get_color() for line in dots}) == 2
    (diagonal,) = [line for line in axes.lines if line.get_gid() == "no-change-0"]
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_title(loc="left") == "Month 12, n = 2"
    assert not axes.collections
    assert meeting(figure) == []


def band_at(axes, place):
    """Lower and upper ends of the bands of a shift plot at its right end, the largest first."""
    return [
        (round(min(ys), 6), round(max(ys), 6))
        for one in axes.collections
        for vertices in [one.get_paths()[0].vertices]
        for ys in [[y for x, y in vertices if x == place]]
    ]


def with_limits(dataset, lsc):
    """The small study with a least significant change of P1NP for W-01 and W-02."""
    return replace(
        dataset,
        rows=tuple(
            replace(row, lsc=lsc[row.subject]) if row.paramcd == "P1NP" and not row.is_baseline else row
            for row in dataset.rows
        ),
    )


@pytest.mark.parametrize(
    ("lsc", "ends", "said"),
    [
        # The same for both: parallel to the diagonal. The axes end at 61.2, 6 % of 20 above the highest, 60.
        ({"W-01": 5.0, "W-02": 5.0}, [(56.2, 66.2)], "± LSC 5.0\u00a0ng/mL"),
        # A fifth of both baselines, 40 and 60: a wedge, 0.2 × 61.2 = 12.24.
        ({"W-01": 8.0, "W-02": 12.0}, [(48.96, 73.44)], "± LSC 20 % of baseline"),
        # Of two scanners: two bands.
        ({"W-01": 5.0, "W-02": 6.0}, [(55.2, 67.2), (56.2, 66.2)], "± LSC 5.0 to 6.0\u00a0ng/mL"),
    ],
)
def test_shift_plot__band_of_the_least_significant_change(small, lsc, ends, said):
    selection = Selection(with_limits(small.dataset, lsc))
    figure = shift_plot(selection, parameter(selection, "P1NP"))
    assert figure.axes[0].get_xlim()[1] == pytest.approx(61.2)
    assert band_at(figure.axes[0], figure.axes[0].get_xlim()[1]) == ends
    assert figure.legends[0].get_texts()[-1].get_text() == said


def test_shift_plot__a_woman_without_a_limit_is_hollow(small):
    selection = Selection(with_limits(small.dataset, {"W-01": 5.0, "W-02": None}))
    (axes,) = shift_plot(selection, parameter(selection, "P1NP")).axes
    faces = {line.get_xdata()[0]: line.get_markerfacecolor() for line in axes.lines if line.get_marker() != "None"}
    assert faces[60.0] == "white"
    assert faces[40.0] != "white"


def test_shift_plot__only_for_serum_markers_on_a_ratio_scale(trial):
    shown = [one.paramcd for one in trial.parameters if shift_plot(trial, one) is not None]
    assert shown == ["P1NP", "RANKL"]
    assert shift_visits(trial, parameter(trial, "P1NP")) == ("Month 6", "Month 12", "Month 24")


def test_shift_plot__counts_results_below_a_limit_beside_n(trial):
    figure = shift_plot(trial, parameter(trial, "RANKL"))
    hidden = [row for row in trial.rows("RANKL", "Month 6") if trial.lacks_change(row)]
    shown = [row for row in trial.rows("RANKL", "Month 6") if row.change is not None]
    assert hidden
    assert figure.axes[0].get_title(loc="left") == f"Month 6, n = {len(shown)} (+{len(hidden)})"


def test_shift_plot__of_many_visits_the_first_the_middle_and_the_last(small):
    later = [row for row in small.dataset.rows if row.paramcd == "P1NP" and not row.is_baseline]
    rows = tuple(row for row in small.dataset.rows if row.is_baseline) + tuple(
        replace(row, visit=f"Month {month}", visit_number=float(month)) for month in (3, 6, 9, 12, 18) for row in later
    )
    selection = Selection(replace(small.dataset, rows=rows))
    assert len(selection.follow_up("P1NP")) == 5
    assert len(shift_plot(selection, parameter(selection, "P1NP")).axes) == 3


def test_individual_lines__nothing_without_a_follow_up():
    dataset = small_dataset()
    baselines = tuple(row for row in dataset.rows if row.is_baseline)
    selection = Selection(replace(dataset, rows=baselines))
    assert individual_lines(selection, parameter(selection, "RADTBD")) is None
    assert waterfall(selection, parameter(selection, "RADTBD")) is None
    assert biopsy_pairs(selection) is None


def test_waterfall__largest_first_with_the_limits_of_each_woman(small):
    figure = waterfall(small, parameter(small, "RADTBD"))
    assert [bar.get_height() for bar in figure.axes[0].patches] == pytest.approx([5.0, -100 * 1.5 / 90])
    # 3.1 mg/cm3 are 3.1 % of 100 and 3.444 % of 90.
    limits = [line.get_ydata()[0] for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert sorted(limit for limit in limits if limit) == pytest.approx([-310 / 90, -3.1, 3.1, 310 / 90])
    assert figure.axes[0].get_ylabel() == "last change (%)"


def test_waterfall__scores_have_no_per_cent(trial):
    figure = waterfall(trial, parameter(trial, "LSBMDT"))
    assert figure.axes[0].get_ylabel() == "last change"
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == sorted(heights, reverse=True)
    assert max(map(abs, heights)) < 1


def test_waterfall__the_last_visit_of_those_who_left(trial):
    figure = waterfall(trial, parameter(trial, "RADTBD"))
    names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {"W-07\nMonth 6", "W-10\nMonth 12", "W-01\nMonth 24"} <= set(names)
    assert len(names) == 10


def test_biopsy_pairs__glyphs_tell_the_labels(trial):
    figure = biopsy_pairs(trial)
    assert figure.axes[0].get_title() == "Biopsy BV/TV"
    volume = figure.axes[0]
    dots = [line for line in volume.lines if len(line.get_xdata()) == 1]
    shown = [(line.get_marker(), line.get_markerfacecolor() == "white") for line in dots]
    # Ten women twice: W-02 has single labels at baseline, W-09 none at either visit.
    assert shown.count(("o", False)) == 17
    assert shown.count(("o", True)) == 1
    assert shown.count((GLYPHS["none"][0], False)) == 2


def test_biopsy_pairs__no_apposition_rate_without_double_label(trial):
    rate = biopsy_pairs(trial).axes[1]
    dots = [line for line in rate.lines if line.get_marker() != "None"]
    assert len(dots) == 17
    assert min(line.get_ydata()[0] for line in dots) > 0.5


def test_relation_scatter__outliers_have_a_ring_and_a_name(trial):
    found = relations(trial)[0]
    outliers = [pair for pair in found.pairs if pair.is_outlier]
    assert {pair.subject for pair in outliers} == {"W-09"}
    axes = relation_scatter(trial.dataset, found).axes[0]
    assert sorted(text.get_text() for text in axes.texts) == ["W-09"] * len(outliers)
    rings = [line for line in axes.lines if line.get_markersize() > 8]
    assert {(line.get_xdata()[0], line.get_ydata()[0]) for line in rings} == {(pair.x, pair.y) for pair in outliers}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Biopsy activation frequency (/year)", "Serum P1NP (ng/mL)")


def test_figures__dollars_of_a_protocol_are_no_mathematics(small):
    named = parameter(small, "RADTBD").model_copy(update={"param": r"Density $\frac{1}{2"})
    for figure in (individual_lines(small, named), waterfall(small, named)):
        assert "</svg>" in figure_svg(figure)


def test_participant_timeline__a_difference_that_no_digit_shows_is_flat(small):
    dataset = small.dataset
    rows = tuple(
        replace(row, value=100.0 if row.is_baseline else 100.0 + 1e-10) if row.paramcd == "P1NP" else row
        for row in dataset.rows
    )
    figure = participant_timeline(replace(dataset, rows=rows), "W-01")
    (heights,) = [line.get_ydata() for line in figure.axes[2].lines if line.get_marker() == "o"]
    assert heights[0] == pytest.approx(heights[1], abs=1e-6)


def crowd(count):
    """The small study with so many women, all like W-01."""
    dataset = small_dataset()
    (like,) = [one for one in dataset.gathered.participants if one.subject == "W-01"]
    women = tuple(replace(like, subject=f"X-{number:03d}") for number in range(count))
    rows = tuple(
        replace(row, subject=one.subject) for one in women for row in dataset.rows if row.subject == like.subject
    )
    return replace(dataset, gathered=replace(dataset.gathered, participants=women, candidates=()), rows=rows)


def test_swimmer_and_completeness__fit_a_sheet_whatever_the_number():
    for count, named in ((12, True), (60, True), (400, False)):
        dataset = crowd(count)
        for figure in (swimmer(dataset), completeness_map(dataset)):
            assert figure.get_size_inches()[1] < 9.6
            names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
            assert any("X-011" in name for name in names) is named
        assert meeting(swimmer(dataset)) == []


def test_waterfall_and_lines__leave_out_names_that_nobody_could_read():
    selection = Selection(crowd(200))
    radius = parameter(selection, "RADTBD")
    assert len(waterfall(selection, radius).axes[0].patches) == 200
    assert meeting(waterfall(selection, radius)) == []
    assert not individual_lines(selection, radius).axes[0].texts


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("CSM-OP-2011-ES-", "", "CSM-OP-2011-ES-W-01"),
        ("HOSPITAL-MURCIA-CSM.OP.2011-", "-LONGSUFFIX", "…A-CSM.OP.2011-W-01-LONGSUFFIX"),
    ],
)
def test_figures__long_study_ids_stay_on_the_figure(before, after, shown):
    def long(subject):
        return f"{before}{subject}{after}"

    dataset = trial_dataset()
    gathered = replace(
        dataset.gathered,
        **{
            field: tuple(replace(one, subject=long(one.subject)) for one in getattr(dataset.gathered, field))
            for field in ("participants", "candidates", "adverse_events", "fractures", "labels")
        },
    )
    rows = tuple(replace(row, subject=long(row.subject)) for row in dataset.rows)
    selection = Selection(replace(dataset, gathered=gathered, rows=rows))
    radius = parameter(selection, "RADTBD")
    figures = {
        "swimmer": swimmer(selection.dataset),
        "completeness": completeness_map(selection.dataset),
        "lines": individual_lines(selection, radius),
        "waterfall": waterfall(selection, radius),
        "relation": relation_scatter(selection.dataset, relations(selection)[0]),
    }
    assert {name: found for name, figure in figures.items() if (found := meeting(figure))} == {}
    names = [label.get_text() for label in figures["swimmer"].axes[0].get_yticklabels()]
    assert names[0] == shown
    legend = figures["waterfall"].legends[0].get_window_extent()
    names = figures["waterfall"].axes[0].get_xticklabels()
    assert all(name.get_window_extent().y0 > legend.y1 - 4 for name in names)


def test_completeness_map__visits_with_one_kind_each_keep_their_names_apart():
    dataset = small_dataset()
    (like,) = [row for row in dataset.rows if (row.subject, row.paramcd, row.is_baseline) == ("W-01", "P1NP", True)]
    visits = [f"Screening visit {number}" for number in range(1, 13)]
    rows = tuple(replace(like, visit=name, visit_number=float(at)) for at, name in enumerate(visits))
    made = dataset.gathered.protocol.model_copy(
        update={
            "visits": tuple(
                dataset.gathered.protocol.visits[0].model_copy(update={"name": name, "number": float(at)})
                for at, name in enumerate(visits)
            )
        }
    )
    figure = completeness_map(replace(dataset, gathered=replace(dataset.gathered, protocol=made), rows=rows))
    names = [text.get_text() for text in figure.axes[0].texts if text.get_text().startswith("Screening")]
    assert names == visits
    assert meeting(figure) == []


def renamed_visits(dataset, names):
    """The dataset with other names of its visits."""

    def of(one):
        return replace(one, visit=names.get(one.visit, one.visit))

    visits = tuple(
        one.model_copy(update={"name": names.get(one.name, one.name)}) for one in dataset.gathered.protocol.visits
    )
    protocol = dataset.gathered.protocol.model_copy(update={"visits": visits})
    return replace(
        dataset, rows=tuple(map(of, dataset.rows)), gathered=replace(dataset.gathered, protocol=protocol, labels=())
    )


def test_figures__long_names_of_visits_stay_on_the_figure(trial):
    names = {
        "Baseline": "Screening and baseline visit",
        "Month 6": "Follow-up visit at month six",
        "Month 24": "Follow-up visit at month twenty-four, end of study",
    }
    dataset = renamed_visits(trial.dataset, names)
    figures = {
        "swimmer": swimmer(dataset),
        "completeness": completeness_map(dataset),
        "participant": participant_timeline(dataset, "W-01"),
    }
    assert {name: found for name, figure in figures.items() if (found := meeting(figure))} == {}
    words = [text.get_text() for text in figures["completeness"].axes[0].texts]
    # Two begin alike, so their ends are told: 24 letters with the ellipsis.
    assert "…w-up visit at month six" in words


def test_swimmer__words_at_the_end_of_a_lane_go_inside_where_there_is_no_room(trial):
    def endings(dataset):
        return {
            text.get_gid(): (text.get_text(), text.get_ha())
            for text in swimmer(dataset).axes[0].texts
            if (text.get_gid() or "").startswith("ending-")
        }

    # W-07 and W-10, in lanes 6 and 9, left after months 6 and 12 of 24: there is room at the right.
    assert endings(trial.dataset) == {
        "ending-6": ("nothing after Month 6", "left"),
        "ending-9": ("nothing after Month 12", "left"),
    }
    # With a last window that begins after the last day of all, eight lanes end at the right edge of the axis.
    *first, last = trial.dataset.gathered.protocol.visits
    late = last.model_copy(update={"window": (740, 775)})
    protocol = trial.dataset.gathered.protocol.model_copy(update={"visits": (*first, late)})
    found = endings(replace(trial.dataset, gathered=replace(trial.dataset.gathered, protocol=protocol)))
    assert found["ending-0"] == ("nothing after Month 12", "right")
    assert [side for _, side in found.values()].count("right") == 8


def test_swimmer__a_woman_of_whom_only_the_infusion_is_dated_has_a_lane(small):
    dataset = small.dataset
    people = tuple(
        replace(one, last_day=None) if one.subject == "W-03" else replace(one, day1=None)
        for one in dataset.gathered.participants
    )
    gathered = replace(dataset.gathered, participants=people, candidates=(), labels=())
    figure = swimmer(replace(dataset, rows=(), gathered=gathered))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["W-03"]
    assert "nothing but the infusion" in [text.get_text() for text in figure.axes[0].texts]
    nobody = tuple(replace(one, day1=None) for one in people)
    assert swimmer(replace(dataset, rows=(), gathered=replace(gathered, participants=nobody))) is None


def test_completeness_map__its_legend_fits_beside_few_columns(small):
    assert meeting(completeness_map(small.dataset)) == []
