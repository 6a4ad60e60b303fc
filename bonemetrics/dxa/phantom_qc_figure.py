"""The chart of a phantom series: Shewhart above with a strip of broken rules, CUSUM below."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bonemetrics.dxa.phantom_qc import Baseline, PhantomQc, QcPoint
from bonemetrics.dxa.phantom_rules import RULES, Rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 120
_SIZE_INCH = (12.0, 7.2)
_LIMIT, _MEAN, _AVERAGE, _SERVICE = "#b23c00", "#333333", "#0072b2", "#777777"
_MARKS: dict[Rule, tuple[str, str, str]] = {
    "limit": ("X", "#d55e00", "limit"),
    "3sd": ("D", "#cc79a7", "3 SD"),
    "2of3-2sd": ("^", "#0072b2", "2 of 3 beyond 2 SD"),
    "4of5-1sd": ("s", "#009e73", "4 of 5 beyond 1 SD"),
    "10-same-side": ("o", "#e69f00", "10 on one side"),
    "tabular-cusum": ("v", "#000000", "tabular CUSUM"),
}
"""Shape and colour by rule; the colours are those of Okabe and Ito, told apart with every common colour blindness."""


def qc_figure(qc: PhantomQc) -> bytes:
    """Draw a judged series: BMD with limits and broken rules, and the cumulative sum of deviations.

    Parameters
    ----------
    qc
        Of one scanner.

    Returns
    -------
    bytes
        A PNG of 1440 × 864 pixels; the same bytes for the same input.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE_INCH, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    edges = {"left": 0.085, "right": 0.845, "top": 0.9, "bottom": 0.07}
    grid = figure.add_gridspec(3, 1, height_ratios=(1.9, 0.62, 1), hspace=0.07, **edges)
    above = figure.add_subplot(grid[0])
    strip = figure.add_subplot(grid[1], sharex=above)
    below = figure.add_subplot(grid[2], sharex=above)
    _draw_shewhart(above, qc)
    _draw_strip(strip, qc)
    _draw_cusum(below, qc)
    for axes in (above, strip, below):
        _dress(axes, qc, named=axes is above)
    for axes in (above, strip):
        axes.tick_params(labelbottom=False, bottom=False)
    _label_dates(below, qc)
    figure.text(edges["left"], 0.957, _title(qc), fontsize=12, fontweight="bold", va="center")
    figure.text(edges["left"], 0.924, _baseline_line(qc), fontsize=8.5, color="#444444", va="center")
    for axes in (above, below):
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1.01), fontsize=8, frameon=False)
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _title(qc: PhantomQc) -> str:
    # A serial number is the text of a table: no mathematics for matplotlib.
    scanner = f"scanner {qc.serial[:40]}".replace("$", r"\$") if qc.serial else "one scanner"
    broken = len(qc.violations)
    return f"Phantom BMD of {scanner}: {len(qc.points)} scans, {broken} out of control"


def _baseline_line(qc: PhantomQc) -> str:
    known = [baseline for baseline in qc.baselines if baseline is not None]
    shown = [f"{one.mean:.4f} ± {one.sd:.4f} ({one.n} from {one.first_day.isoformat()})" for one in known[-3:]]
    more = "… " if len(known) > len(shown) else ""
    return f"Baseline mean ± SD in g/cm²: {more}{'; '.join(shown)}"


def _by_segment(qc: PhantomQc) -> list[tuple[Baseline | None, list[QcPoint]]]:
    found: list[tuple[Baseline | None, list[QcPoint]]] = [(baseline, []) for baseline in qc.baselines]
    for point in qc.points:
        found[point.segment][1].append(point)
    return found


def _draw_shewhart(axes: Axes, qc: PhantomQc) -> None:
    for number, (baseline, points) in enumerate(_by_segment(qc)):
        if baseline is None:
            _dots(axes, points, filled=False, label=None)
            continue
        ends: Any = [points[0].scan.day, points[-1].scan.day]
        first = number == 0
        axes.plot(ends, [baseline.mean] * 2, color=_MEAN, linewidth=1, label="baseline mean" if first else None)
        for limit in (baseline.low, baseline.high):
            named = f"mean ± {qc.limit_percent:g} %" if first and limit == baseline.low else None
            axes.plot(ends, [limit] * 2, color=_LIMIT, linewidth=1.4, label=named)
        for sign in (-3, 3):
            named = "mean ± 3 SD" if first and sign < 0 else None
            place = baseline.mean + sign * baseline.sd
            axes.plot(ends, [place] * 2, color=_MEAN, linewidth=0.8, linestyle=(0, (4, 3)), label=named)
        _dots(axes, [one for one in points if one.in_baseline], filled=False, label="baseline scan" if first else None)
        _dots(axes, [one for one in points if not one.in_baseline], filled=True, label="scan" if first else None)
    _draw_average(axes, qc)
    _mark_broken(axes, qc)
    axes.set_ylabel("BMD of the phantom (g/cm²)")


def _dots(axes: Axes, points: list[QcPoint], *, filled: bool, label: str | None) -> None:
    days: Any = [point.scan.day for point in points]
    face = "#555555" if filled else "white"
    values = [point.scan.bmd_g_cm2 for point in points]
    axes.scatter(days, values, s=11, facecolor=face, edgecolor="#555555", linewidth=0.7, zorder=3, label=label)


def _draw_average(axes: Axes, qc: PhantomQc) -> None:
    label: str | None = f"moving average of {qc.window}"
    for _, points in _by_segment(qc):
        known = [(point.scan.day, point.moving_average) for point in points if point.moving_average is not None]
        if known:
            days: Any = [day for day, _ in known]
            axes.plot(days, [value for _, value in known], color=_AVERAGE, linewidth=1.3, label=label, zorder=2)
            label = None


def _mark_broken(axes: Axes, qc: PhantomQc) -> None:
    """One mark a scan, that of the gravest rule it breaks; the strip below shows them all."""
    for rule in RULES:
        broken = [point for point in qc.points if point.rules and min(point.rules, key=RULES.index) == rule]
        shape, colour, _ = _MARKS[rule]
        days: Any = [point.scan.day for point in broken]
        values = [point.scan.bmd_g_cm2 for point in broken]
        axes.scatter(days, values, s=34, marker=shape, facecolor=colour, edgecolor="white", linewidth=0.6, zorder=4)


def _draw_strip(axes: Axes, qc: PhantomQc) -> None:
    """A row for each rule with a mark at each scan that breaks it."""
    shown = [rule for rule in RULES if rule != "tabular-cusum" or qc.tabular is not None]
    for place, rule in enumerate(shown):
        shape, colour, _ = _MARKS[rule]
        days: Any = [point.scan.day for point in qc.points if rule in point.rules]
        axes.scatter(days, [place] * len(days), s=24, marker=shape, facecolor=colour, edgecolor="none")
        text = f"{_MARKS[rule][2]}: {len(days)}".replace("limit", f"± {qc.limit_percent:g} %")
        axes.text(1.012, place, text, transform=axes.get_yaxis_transform(), fontsize=8, va="center", color="#222222")
    axes.set_yticks(range(len(shown)), [""] * len(shown))
    axes.tick_params(left=False)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_ylabel("broken rules")


def _draw_cusum(axes: Axes, qc: PhantomQc) -> None:
    axes.axhline(0, color=_MEAN, linewidth=1)
    for _, points in _by_segment(qc):
        known = [(point.scan.day, point.cusum) for point in points if point.cusum is not None]
        days: Any = [day for day, _ in known]
        axes.plot(days, [value for _, value in known], color="#555555", linewidth=1.2, marker=".", markersize=3)
    alarms = [point for point in qc.points if "tabular-cusum" in point.rules and point.cusum is not None]
    if alarms and qc.tabular is not None:
        shape, colour, _ = _MARKS["tabular-cusum"]
        days = [point.scan.day for point in alarms]
        sums = [point.cusum or 0.0 for point in alarms]
        label = f"tabular CUSUM signals\n(k {qc.tabular.k:g} SD, h {qc.tabular.h:g} SD)"
        axes.scatter(days, sums, s=26, marker=shape, facecolor=colour, edgecolor="none", zorder=4, label=label)
    axes.set_ylabel("CUSUM of\ndeviations (g/cm²)")


def _dress(axes: Axes, qc: PhantomQc, *, named: bool) -> None:
    firsts = [points[0].scan.day for _, points in _by_segment(qc)[1:]]
    for number, day in enumerate(firsts):
        when: Any = day
        label = "service, new baseline" if named and number == 0 else None
        axes.axvline(when, color=_SERVICE, linewidth=1, linestyle=":", label=label)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5)
    axes.margins(x=0.015)


def _label_dates(axes: Axes, qc: PhantomQc) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=10)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    first, last = qc.points[0].scan.day, qc.points[-1].scan.day
    if first == last:
        # Scans of one single day would leave an axis without width.
        ends: Any = (first - timedelta(days=1), last + timedelta(days=1))
        axes.set_xlim(*ends)
    axes.set_xlabel("date of the scan")
