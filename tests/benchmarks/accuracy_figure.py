"""The figure of docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.accuracy import LIMITS, QUANTITIES, VOXELS_MM, Result, summarise

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#777777"


def draw(results: Sequence[Result], path: Path) -> None:
    """Bias of Tb.vBMD with and without the correction of the edge, and how often its interval holds the truth."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    lines = [summarise(results, QUANTITIES[0], voxel) for voxel in VOXELS_MM]
    places = range(len(VOXELS_MM))
    names = [f"{voxel:g}" for voxel in VOXELS_MM]
    # Fixed identifiers and no date: the same numbers give the same file.
    with mpl.rc_context({"svg.hashsalt": "accuracy", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9.6, 3.1), layout="constrained")
        FigureCanvasSVG(figure)
        plain, own, covered = figure.subplots(1, 3)
        plain.plot(places, [line.plain_bias for line in lines], "s--", color=ORANGE, label="plain mean")
        plain.plot(places, [line.method_bias for line in lines], "o-", color=BLUE, label="edge corrected")
        plain.set_title("Bias of Tb.vBMD, mg/cm³")
        plain.legend(frameon=False)
        own.bar(
            places,
            [2 * LIMITS[voxel] for voxel in VOXELS_MM],
            0.8,
            [-LIMITS[voxel] for voxel in VOXELS_MM],
            color="#e8e8e8",
        )
        own.errorbar(
            places,
            [line.bias for line in lines],
            [line.bias_half_width for line in lines],
            fmt="o",
            color=BLUE,
            capsize=4,
        )
        own.set_title("the same, with its limits (grey)")
        low = [line.covered - line.covered_interval[0] for line in lines]
        high = [line.covered_interval[1] - line.covered for line in lines]
        covered.axhspan(0.92, 0.98, color="#e8e8e8")
        covered.errorbar(places, [line.covered for line in lines], [low, high], fmt="o", color=BLUE, capsize=4)
        overall = summarise(results, QUANTITIES[0], None).covered
        covered.axhline(overall, color=GREY, linestyle=":", label=f"all: {overall:.1%}")
        covered.set_ylim(0.85, 1.005)
        covered.set_title("95 % interval holds the truth")
        covered.legend(frameon=False, loc="lower right")
        for axes in (plain, own, covered):
            axes.set_xticks(list(places), names)
            axes.set_xlabel("voxel, mm")
            axes.spines[["top", "right"]].set_visible(False)
        own.axhline(0, color=GREY, linewidth=0.8)
        plain.axhline(0, color=GREY, linewidth=0.8)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
