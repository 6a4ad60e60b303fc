"""Bias and coverage over random phantoms: `python -m tests.benchmarks.accuracy --n 400`.

Each phantom goes the whole way: rendered as HU, calibrated by simulated rods whose densities are not quite those of
their certificate, segmented and measured. What comes out is compared with the phantom's integrals.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import beta

from bonemetrics import __version__
from bonemetrics.calibration.apply import to_density
from bonemetrics.calibration.phantom import from_phantom
from bonemetrics.measures.density import DensityParameters, measure_compartments
from bonemetrics.quantities import Material
from bonemetrics.records import Calibration, Phantom, Provenance, Rod, RodReading
from bonemetrics.sample.cases import random_phantom
from bonemetrics.sample.imaging import Scanner
from bonemetrics.segmentation.radius import segment_radius

VOXELS_MM = (0.061, 0.082, 0.25, 0.5)
LIMITS = {0.061: 1.0, 0.082: 1.0, 0.25: 2.0, 0.5: 4.0}
"""Largest bias of Tb.vBMD that is accepted, mg/cm³."""
FIRST_SEED = 1000
WIDE = 1.96
ROD_UNCERTAINTY = {100.0: 1.8, 400.0: 4.4, 800.0: 6.0}
"""Rods of a QRM-BDC 3 phantom and their standard uncertainty in mg/cm³: how far 13 HR-pQCT scanners spread about each
other on the same densities of their QC1 phantoms (`qc1.csv` of github.com/BWillieLab/XcalRep, MIT)."""
ROD_STEP_MM = 25.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """One phantom: truth, value, standard uncertainty and its parts by quantity; `method_error` is the error left
    when the calibration's own error is taken out, which is exact since values follow the line of the calibration."""

    seed: int
    voxel_mm: float
    truth: dict[str, float]
    value: dict[str, float]
    uncertainty: dict[str, float]
    parts: dict[str, dict[str, float]]
    plain: dict[str, float]
    method_error: dict[str, float]
    sigma_ratio: float


def simulated_calibration(rng: np.random.Generator, scanner: Scanner, noise_hu: float) -> Calibration:
    """The line that real code fits to rods whose densities differ from their certificate as that one says."""
    rods = tuple(
        Rod(
            name=f"{density:g}",
            density=density,
            density_uncertainty=uncertainty,
            diameter_mm=12.0,
            x_mm=ROD_STEP_MM * number + 3.0 * (number == 1),
            y_mm=0.0,
        )
        for number, (density, uncertainty) in enumerate(ROD_UNCERTAINTY.items())
    )
    phantom = Phantom(name="study", serial="1", material=Material.HA, rods=rods, source="accuracy study")
    error_hu = noise_hu / 25.0
    readings = tuple(
        RodReading(
            centre_lps_mm=(rod.x_mm or 0.0, 0.0, 0.0),
            axis_lps=(0.0, 0.0, 1.0),
            diameter_mm=12.0,
            mean_hu=float(scanner.to_hu(rng.normal(rod.density, rod.density_uncertainty))) + rng.normal(0.0, error_hu),
            sd_hu=noise_hu,
            standard_error_hu=error_hu,
            n_voxels=2000,
            n_slices=10,
        )
        for rod in rods
    )
    return from_phantom(readings, (phantom,), name="study")


def measure_one(seed: int, voxel_mm: float, edge: str = "extrapolated") -> Result:
    """Render, calibrate, segment and measure one phantom."""
    scan = random_phantom(seed, voxel_mm)
    rng = np.random.default_rng([seed, round(1000 * voxel_mm)])
    calibration = simulated_calibration(rng, scan.scanner, scan.imaging.noise_sd_hu)
    density = to_density(scan.render(), calibration)
    radius = segment_radius(density)
    slices = radius.measured_slices
    truth = scan.phantom.truth_on(scan.geometry, scan.placement, slices=(min(slices), max(slices)))
    measurements = measure_compartments(
        density,
        labels=radius.labels,
        periosteal_mm=radius.periosteal_mm,
        endosteal_mm=radius.endosteal_mm,
        box=radius.box,
        slices=slices,
        blur_sigma_mm=radius.blur_sigma_mm,
        calibration=calibration,
        provenance=Provenance(method="study", software_version=__version__),
        parameters=DensityParameters.model_validate({"edge": edge}),
    )
    true = {f"{quantity} {region}": value for quantity, region, value in truth.rows()}
    result = Result(
        seed=seed,
        voxel_mm=voxel_mm,
        truth=true,
        value={},
        uncertainty={},
        parts={},
        plain={},
        method_error={},
        sigma_ratio=radius.blur_sigma_mm / scan.imaging.psf_sigma_mm,
    )
    for measurement in measurements:
        key = f"{measurement.quantity} {measurement.region}"
        if measurement.quantity != "N.Sl":
            result.value[key] = measurement.value
            result.uncertainty[key] = measurement.standard_uncertainty or 0.0
            result.parts[key] = dict(measurement.provenance.parameters["uncertainty"])  # type: ignore[arg-type]
            result.method_error[key] = _by_true_line(measurement.value, key, calibration, scan.scanner) - true[key]
            if "plain_mean" in measurement.provenance.parameters:
                plain = float(measurement.provenance.parameters["plain_mean"])  # type: ignore[arg-type]
                result.plain[key] = _by_true_line(plain, key, calibration, scan.scanner) - true[key]
    return result


def _by_true_line(value: float, key: str, calibration: Calibration, scanner: Scanner) -> float:
    if "vBMD" not in key or calibration.slope is None or calibration.intercept is None:
        return value
    return scanner.slope * (value - calibration.intercept) / calibration.slope + scanner.intercept


def cases(n: int, first_seed: int = FIRST_SEED) -> list[tuple[int, float]]:
    """`n` phantoms, each another bone, spread evenly over the voxel sizes."""
    return [(first_seed + number, VOXELS_MM[number % len(VOXELS_MM)]) for number in range(n)]


def run(todo: Iterable[tuple[int, float]], *, workers: int = 2, edge: str = "extrapolated") -> list[Result]:
    """Measure all; the order is that of `todo` whatever the number of workers."""
    jobs = [(seed, voxel, edge) for seed, voxel in todo]
    if workers < 2:
        return [measure_one(*job) for job in jobs]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return pool.starmap(measure_one, jobs, chunksize=4)


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one quantity at one voxel size comes to; `bias` and `method_bias` with the half width of their 95 %."""

    quantity: str
    voxel_mm: float | None
    n: int
    bias: float
    bias_half_width: float
    method_bias: float
    method_half_width: float
    method_sd: float
    plain_bias: float
    mean_uncertainty: float
    parts: tuple[float, float, float]
    covered: float
    covered_interval: tuple[float, float]


def summarise(results: Sequence[Result], quantity: str, voxel_mm: float | None) -> Line:
    """Bias, spread and coverage of one quantity, over one voxel size or all."""
    chosen = [result for result in results if voxel_mm in (None, result.voxel_mm)]
    errors = np.array([result.value[quantity] - result.truth[quantity] for result in chosen])
    own = np.array([result.method_error[quantity] for result in chosen])
    wide = np.array([result.uncertainty[quantity] for result in chosen])
    hits, n = int((np.abs(errors) <= WIDE * wide).sum()), len(chosen)
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
    names = ("calibration", "noise", "contour")
    parts = [float(np.mean([result.parts[quantity][name] for result in chosen])) for name in names]
    return Line(
        quantity=quantity,
        voxel_mm=voxel_mm,
        n=n,
        bias=float(errors.mean()),
        bias_half_width=WIDE * float(errors.std(ddof=1)) / math.sqrt(n),
        method_bias=float(own.mean()),
        method_half_width=WIDE * float(own.std(ddof=1)) / math.sqrt(n),
        method_sd=float(own.std(ddof=1)),
        plain_bias=float(np.mean([result.plain.get(quantity, math.nan) for result in chosen])),
        mean_uncertainty=float(wide.mean()),
        parts=(parts[0], parts[1], parts[2]),
        covered=hits / n,
        covered_interval=(low, high),
    )


QUANTITIES = (
    "Tb.vBMD trabecular",
    "Tt.vBMD total",
    "Ct.vBMD cortical",
    "vBMD central-45",
    "Tt.Ar total",
    "Tb.Ar trabecular",
    "Ct.Ar cortical",
)


def table(results: Sequence[Result]) -> str:
    """The study as a Markdown table per quantity."""
    lines: list[str] = []
    for quantity in QUANTITIES:
        unit = "mg/cm³" if "vBMD" in quantity else "mm²"
        lines += [
            "",
            f"**{quantity}** ({unit})",
            "",
            "| voxel mm | n | bias | bias without calibration error | SD of it | bias of the plain mean "
            "| mean u (calibration, noise, contour) | 95 % interval holds truth |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for voxel in (*VOXELS_MM, None):
            line = summarise(results, quantity, voxel)
            c, x, k = line.parts
            low, high = line.covered_interval
            plain = "–" if math.isnan(line.plain_bias) else f"{line.plain_bias:+.2f}"
            lines.append(
                f"| {'all' if voxel is None else voxel} | {line.n} | {line.bias:+.2f} ± {line.bias_half_width:.2f} "
                f"| {line.method_bias:+.2f} ± {line.method_half_width:.2f} | {line.method_sd:.2f} "
                f"| {plain} | {line.mean_uncertainty:.2f} ({c:.2f}, {x:.2f}, {k:.2f}) "
                f"| {line.covered:.1%} ({low:.1%} to {high:.1%}) |"
            )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study and print it; 1 where a bias of Tb.vBMD exceeds its limit or the coverage is off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=400, help="number of phantoms over all voxel sizes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--edge", choices=("extrapolated", "plain"), default="extrapolated")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--figure", type=Path, help="draw the figure of docs/accuracy.md here (SVG)")
    parser.add_argument("--json", type=Path, help="write every phantom's numbers here")
    chosen = parser.parse_args(arguments)
    results = run(cases(chosen.n, chosen.first_seed), workers=chosen.workers, edge=chosen.edge)
    if chosen.figure:
        from tests.benchmarks.accuracy_figure import draw

        draw(results, chosen.figure)
    if chosen.json:
        chosen.json.write_text(json.dumps([vars(result) for result in results]))
    sys.stdout.write(table(results) + "\n\n")
    good = True
    for voxel in VOXELS_MM:
        line = summarise(results, QUANTITIES[0], voxel)
        passed = abs(line.bias) < LIMITS[voxel]
        good &= passed
        sys.stdout.write(
            f"Tb.vBMD at {voxel} mm: bias {line.bias:+.2f} mg/cm3, limit {LIMITS[voxel]:g}: "
            f"{'kept' if passed else 'EXCEEDED'}\n"
        )
    overall = summarise(results, QUANTITIES[0], None)
    kept = 0.92 <= overall.covered <= 0.98
    sys.stdout.write(f"Tb.vBMD coverage {overall.covered:.1%}, wanted 92 to 98 %: {'kept' if kept else 'MISSED'}\n")
    return 0 if good and kept else 1


if __name__ == "__main__":
    sys.exit(main())
