"""The synthetic trial: ten women, scans, reports, blood samples, questionnaires, biopsies, and the truth of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from bonemetrics.errors import UsageError
from bonemetrics.records import ScannerConstants
from bonemetrics.sample import people, tables
from bonemetrics.sample.cases import PhantomScan, forearm
from bonemetrics.sample.clinical.course import attended
from bonemetrics.sample.clinical.files import write_tables
from bonemetrics.sample.dicom import CtHeader, write_series
from bonemetrics.sample.dxa.files import write_reports
from bonemetrics.sample.encoding import Coding
from bonemetrics.sample.imaging import SCANCO_XCT2, Imaging, Scanner
from bonemetrics.sample.people import MOVED, REPEATED, WOMEN, PlannedVisit, Woman
from bonemetrics.sample.phantom import Block, Placement, RadiusPhantom, RodCylinder, SoftTissue
from bonemetrics.sample.protocol import study_toml
from bonemetrics.sample.shapes import Floats

_FIRST_CHOICE = ("CSM-02/baseline", "CSM-02/month-24", "CSM-08/baseline", "CSM-08/month-24")
"""What a small sample holds: a responder of either cohort, one on either kind of scanner."""
_CODINGS: dict[int, Coding] = {2: "jpeg-ls", 5: "jpeg-2000", 6: "jpeg-ls", 8: "rle"}
"""By number of the woman; the others' pixels are not compressed."""
_Progress = Callable[[int, int], None]
_Truths = tuple[list[tables.Row], list[tables.Row]]
"""True values of a scan, and those of the reports of its visit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrialScan:
    """One scan of the trial, ready to be made."""

    woman: Woman
    visit: PlannedVisit
    folder: str
    scan: PhantomScan
    header: CtHeader
    constants: ScannerConstants
    coding: Coding
    with_dxa: bool
    """Whether the DXA of the visit is written with it; a repeated scan has none of its own."""


def plan(scans: int | None = None) -> tuple[TrialScan, ...]:
    """The scans of the trial in the order of women and visits, or the `scans` most telling ones.

    Parameters
    ----------
    scans
        How many to keep; all 37 without it.
    """
    wanted: list[TrialScan] = []
    for woman, visit in attended():
        wanted.append(_scan(woman, visit, repeat=False))
        if visit.months == 0 and _number(woman) == REPEATED:
            wanted.append(_scan(woman, visit, repeat=True))
    if scans is None:
        return tuple(wanted)
    first = sorted(wanted, key=lambda one: one.folder not in _FIRST_CHOICE)[:scans]
    return tuple(one for one in wanted if one in first)


def make_trial(out: Path, *, scans: int | None = None, progress: _Progress | None = None, workers: int = 1) -> None:
    """Write the synthetic trial.

    Makes `out/study.toml`, `out/subjects.csv`, `out/truth.csv`, `out/truth_outcomes.csv` and, under `out/input`, one
    folder of DICOM files for every scan, one of DXA reports for its visit, and the sheets of blood samples,
    questionnaires, biopsies and events of all women under `tables`. Equal versions of the code and of its libraries
    give equal bytes.

    Parameters
    ----------
    out
        Made if absent.
    scans
        Only so many scans; all without it.
    progress
        Called with (scans done, scans in all) after every scan.
    workers
        Scans written at a time, each in a process of its own; the files do not depend on it.

    Raises
    ------
    UsageError
        If `out` holds a trial already, or `scans` is not positive.
    """
    if scans is not None and scans < 1:
        raise UsageError(f"{scans} scans make no sample; ask for one at least")
    taken = [
        name
        for name in ("input", "study.toml", "subjects.csv", "truth.csv", "truth_outcomes.csv")
        if (out / name).exists()
    ]
    if taken:
        raise UsageError(f"the folder already holds {', '.join(taken)}; choose one that does not")
    wanted = plan(scans)
    (out / "input").mkdir(parents=True)
    _write(out / "study.toml", study_toml())
    _write(out / "subjects.csv", tables.subjects_csv())
    _write(out / "input" / "README.txt", tables.README)
    write_tables(out)
    of_scans: list[tables.Row] = []
    of_reports: list[tables.Row] = []
    for done, (truth, reported) in enumerate(_written(wanted, out / "input", workers), start=1):
        of_scans += truth
        of_reports += reported
        if progress is not None:
            progress(done, len(wanted))
    _write(out / "truth.csv", tables.truth_csv([*of_scans, *of_reports]))


def _written(wanted: Sequence[TrialScan], folder: Path, workers: int) -> Iterator[_Truths]:
    """Write the scans with the reports of their visits and give the true values of either, in order."""
    if workers <= 1:
        yield from (_write_visit(one, folder) for one in wanted)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_write_visit, wanted, [folder] * len(wanted))


def _write_visit(one: TrialScan, folder: Path) -> _Truths:
    return _write_scan(one, folder), write_reports(one.woman, one.visit, folder) if one.with_dxa else []


def _write_scan(one: TrialScan, folder: Path) -> list[tables.Row]:
    write_series(folder / one.folder, one.scan.render(), one.header, constants=one.constants, coding=one.coding)
    return list(
        tables.truth_rows(
            one.scan.truth(),
            subject=one.woman.subject,
            visit=one.visit.name,
            scan_date=one.header.scanned.date(),
            side=one.woman.side,
            series_uid=one.header.series_uid,
        )
    )


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _number(woman: Woman) -> int:
    return WOMEN.index(woman) + 1


def _scan(woman: Woman, visit: PlannedVisit, *, repeat: bool) -> TrialScan:
    number = _number(woman)
    seed = 1000 * number + 10 * visit.number + repeat
    rng = np.random.default_rng(seed)
    moved = number == MOVED and visit.months == 24
    constants = people.CLINICAL_CT if woman.device == "ct" else people.SECOND_XCT2 if moved else SCANCO_XCT2
    day = woman.day(visit.target_day + int(rng.integers(-8, 9))) + timedelta(days=1 if repeat else 0)
    if repeat:
        day = _scan(woman, visit, repeat=False).header.scanned.date() + timedelta(days=1)
    folder = f"{woman.subject}/{visit.folder}" + ("-repeat" if repeat else "")
    return TrialScan(
        woman=woman,
        visit=visit,
        folder=folder,
        scan=_phantom_scan(woman, visit, rng, seed, constants),
        header=_header(woman, day, rng, key=folder, patient_id=woman.patient_ids[-1 if moved else 0]),
        constants=constants,
        coding=_CODINGS.get(number, "explicit"),
        with_dxa=not repeat,
    )


def _header(woman: Woman, day: date, rng: np.random.Generator, *, key: str, patient_id: str) -> CtHeader:
    minutes = int(rng.integers(9 * 60, 15 * 60))
    return CtHeader(
        patient_id=patient_id,
        patient_name=woman.name,
        patient_birth_date=woman.born,
        scanned=datetime.combine(day, time(minutes // 60, minutes % 60, int(rng.integers(0, 60)))),
        laterality=woman.side,
        key=key,
    )


def _phantom_scan(
    woman: Woman, visit: PlannedVisit, rng: np.random.Generator, seed: int, constants: ScannerConstants
) -> PhantomScan:
    """The woman's arm at a visit, laid into the scanner anew: shifted along the bone and turned a little."""
    arm = aged_forearm(woman, visit.months)
    turn = Rotation.from_rotvec(rng.uniform(-0.12, 0.12, 3)).as_matrix()
    placement = Placement.hanging(woman.side, origin_lps_mm=tuple(rng.uniform(-40.0, 40.0, 3).tolist()), rotation=turn)
    z_mm, in_plane_deg = rng.uniform(-0.3, 0.3), rng.uniform(-4.0, 4.0)
    middle = 0.0 if arm.ulna is None else arm.ulna.centre_mm[0] / 2
    if woman.device == "ct":
        arm = _with_rods(arm, woman, shift_mm=rng.uniform(-1.0, 1.0, 2))
        shape, spacing, centre, noise = (12, 116, 132), (0.75, 0.5, 0.5), (middle, 9.25, z_mm), 18.0
        scanner = Scanner(slope=people.CLINICAL_SLOPE, intercept=people.CLINICAL_INTERCEPT)
    else:
        scanner = Scanner.from_constants(constants)
        shape, spacing, centre, noise = (12, 100, 176), (0.25, 0.25, 0.25), (middle - 0.5, 0.0, z_mm), 45.0
        if woman.device == "xct2-fine":
            shape, spacing, centre, noise = (10, 200, 212), (0.082, 0.082, 0.082), (0.0, 0.0, z_mm), 80.0
    geometry = placement.grid(
        shape,
        spacing,
        centre_arm_mm=centre,
        in_plane_deg=in_plane_deg,
        first="proximal" if _number(woman) % 2 else "distal",
    )
    imaging = Imaging.for_voxel(spacing[2], noise_sd_hu=noise, seed=seed)
    return PhantomScan(phantom=arm, placement=placement, geometry=geometry, imaging=imaging, scanner=scanner)


def aged_forearm(woman: Woman, months: int) -> RadiusPhantom:
    """The woman's forearm so many months after baseline: trabecular density by her true gain, a thinner cortex."""
    number = _number(woman)
    rng = np.random.default_rng(500 + number)
    arm = forearm(100 + number, radius_mm=woman.radius_mm)
    kept = (1.0 - people.CORTICAL_LOSS_PER_YEAR) ** (months / 12)
    change = 1.0 + woman.gain(months)
    low, high = rng.uniform(0.5, 0.65), rng.uniform(0.75, 1.1)
    bone, texture = arm.radius, arm.radius.texture
    radius = replace(
        bone,
        shell=replace(bone.shell, mean_mm=(low + high) / 2 * kept, swing_mm=(high - low) / 2 * kept),
        cortical_mg_per_cm3=rng.uniform(850.0, 980.0) * kept,
        core_mg_per_cm3=rng.uniform(60.0, 95.0) * change,
        rise_mg_per_cm3=rng.uniform(103.0, 125.0) * change,
        texture=None if texture is None else replace(texture, sd_mg_per_cm3=texture.sd_mg_per_cm3 * change),
    )
    if woman.device == "xct2-fine":
        return RadiusPhantom(radius=radius, tissue=SoftTissue())
    return replace(arm, radius=radius)


def _with_rods(arm: RadiusPhantom, woman: Woman, *, shift_mm: Floats) -> RadiusPhantom:
    half_height = arm.tissue.half_axes_mm[1] if arm.tissue.half_axes_mm else 0.0
    x, y = arm.tissue.centre_mm[0] + float(shift_mm[0]), half_height + 9.5 + float(shift_mm[1])
    phantom = people.ROD_PHANTOMS[woman.subject]
    rods = tuple(
        RodCylinder(
            centre_mm=(x + (rod.x_mm or 0.0), y + (rod.y_mm or 0.0)),
            diameter_mm=rod.diameter_mm or 0.0,
            density_mg_per_cm3=rod.density,
        )
        for rod in phantom.rods
    )
    return replace(arm, blocks=(Block(centre_mm=(x, y), size_mm=(61.0, 16.0), hu=20.0),), rods=rods)
