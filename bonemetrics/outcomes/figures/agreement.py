"""Differences of two readings against their mean, after Bland and Altman."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bonemetrics.outcomes.figures.canvas import blank_figure, shortened
from bonemetrics.outcomes.figures.spread import spread
from bonemetrics.outcomes.figures.style import HALF_INCH, INK, SOFT, head, plain_axes
from bonemetrics.outcomes.wording import change_unit, decimals, number, pretty_unit
from bonemetrics.review.agreement import AgreementRow, ValueAgreement
from bonemetrics.review.bland_altman import FEWEST_FOR_LIMITS, BlandAltman, Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT_INCH = 2.8
_BIAS, _LIMIT = "#0b5fa5", "#b23a00"
"""Blue and vermilion keep apart for every colour-blind reader; the line style tells them apart as well."""
_LETTERS, _LABEL_POINTS, _LINE = 16, 6.8, 0.088
_MARGIN = 0.08


def differences_against_mean(row: AgreementRow) -> Figure | None:
    """Draw the differences of two readings of each scan against their mean.

    Parameters
    ----------
    row
        Of two readers, or of one who read twice.

    Returns
    -------
    Figure or None
        With bias (a full line) and limits of agreement (dashed), each in the band of its confidence interval, where
        there are any; a dotted line where the difference grows or falls with the mean. `None` where fewer than
        three scans have both values.
    """
    found = row.value.found
    if found.n < FEWEST_FOR_LIMITS:
        return None
    figure = blank_figure(HALF_INCH, _HEIGHT_INCH)
    axes = figure.add_axes((0.2, 0.225, 0.59, 0.685))
    head(figure, f"{row.value.quantity}: {difference_of(row)}")
    axes.axhline(0, color=SOFT, linewidth=0.7)
    axes.plot(found.means, found.differences, "o", color=INK, markersize=3.6, alpha=0.75, markeredgewidth=0, zorder=3)
    levels = _draw_levels(axes, found)
    _draw_slope(axes, found)
    axes.margins(x=_MARGIN, y=_MARGIN)
    axes.ticklabel_format(style="plain", useOffset=False)
    axes.locator_params(axis="y", nbins=6)
    # Limits set now stay, so that labels stand where their lines are. Copies of one mask differ by nothing at all.
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim() if any(found.differences) else (-1, 1))
    _label(axes, levels, decimals(found.differences))
    axes.set_xlabel(f"mean of both{_unit(row.value, is_change=False)}", fontsize=7.5, color=INK)
    axes.set_ylabel(f"difference{_unit(row.value, is_change=True)}", fontsize=7.5, color=INK)
    plain_axes(axes)
    _explain(figure, found)
    return figure


def difference_of(row: AgreementRow) -> str:
    """What is taken from what: the second reader minus the first, or the repeat minus the first look."""
    if row.kind == "intra":
        return f"{shortened(row.first, _LETTERS)}, repeat − first"
    return f"{shortened(row.second, _LETTERS)} − {shortened(row.first, _LETTERS)}"


def scale_of(value: ValueAgreement, *, is_change: bool) -> str:
    """Unit of the value, or of a change of it, with the calibration material; empty for a pure number."""
    unit = change_unit(value.unit) if is_change else pretty_unit(value.unit)
    return " ".join(part for part in (unit, value.material.value if value.material else "") if part)


def _unit(value: ValueAgreement, *, is_change: bool) -> str:
    scale = scale_of(value, is_change=is_change)
    return f" ({scale})" if scale else ""


def _draw_levels(axes: Axes, found: BlandAltman) -> list[tuple[float, str, str]]:
    """Bias and limits with their bands; what was drawn, from the lowest."""
    wanted: tuple[tuple[float | None, Interval | None, str, str], ...] = (
        (found.lower, found.lower_interval, _LIMIT, "lower limit"),
        (found.bias, found.bias_interval, _BIAS, "bias"),
        (found.upper, found.upper_interval, _LIMIT, "upper limit"),
    )
    drawn = []
    for level, band, colour, name in wanted:
        if level is None:
            continue
        if band is not None:
            axes.axhspan(*band, color=colour, alpha=0.16, linewidth=0)
        axes.axhline(level, color=colour, linewidth=1.2, linestyle="-" if name == "bias" else (0, (5, 2.5)))
        drawn.append((level, colour, name))
    return drawn


def _draw_slope(axes: Axes, found: BlandAltman) -> None:
    """The regression of the difference on the mean, where its interval leaves out zero."""
    if not has_proportional_bias(found) or found.slope is None or found.bias is None:
        return
    middle = sum(found.means) / found.n
    ends = [min(found.means), max(found.means)]
    axes.plot(ends, [found.bias + found.slope * (end - middle) for end in ends], ":", color=INK, linewidth=1.3)


def has_proportional_bias(found: BlandAltman) -> bool:
    """Whether the interval of the slope of the difference on the mean leaves out zero."""
    return found.slope_interval is not None and not found.slope_interval[0] <= 0 <= found.slope_interval[1]


def _label(axes: Axes, levels: list[tuple[float, str, str]], places: int) -> None:
    """Name and number of each line in the margin beside it."""
    low, high = axes.get_ylim()
    apart = 2 * _LINE * (high - low)
    ends = spread([level for level, _, _ in levels], apart, low + apart / 2, high - apart / 2)
    for (level, colour, name), place in zip(levels, ends, strict=True):
        axes.annotate(
            f"{name}\n{number(level, places, signed=True)}",
            (1.03, (place - low) / (high - low)),
            xycoords="axes fraction",
            fontsize=_LABEL_POINTS,
            color=colour,
            va="center",
            linespacing=1.15,
            annotation_clip=False,
        )


def _explain(figure: Figure, found: BlandAltman) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = [
        Line2D([], [], linestyle="", marker="o", color=INK, markersize=3.6, label=f"scan (n = {found.n})")
    ]
    if found.bias_interval is not None:
        handles.append(Patch(color=SOFT, alpha=0.3, linewidth=0, label=f"{100 * found.confidence:g} % interval"))
    if has_proportional_bias(found):
        handles.append(Line2D([], [], linestyle=":", color=INK, linewidth=1.3, label="regression"))
    figure.legend(
        handles=handles, loc="lower center", ncols=len(handles), fontsize=6.8, frameon=False, borderaxespad=0.2
    )
