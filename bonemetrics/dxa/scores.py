"""T- and Z-scores beside the BMD they come from: printed ones are checked, missing ones of a database are computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product

from bonemetrics.dxa.cells import Notes, Number, Spot, Step, grouped, label, numbers_of, with_cells
from bonemetrics.dxa.reference_match import matching, named_for, own_curve
from bonemetrics.dxa.references import REFERENCES, Score, rounded, t_score, z_score
from bonemetrics.errors import DxaError
from bonemetrics.records import DxaCell, Problem, RawDxaReport, ReferenceCurve, note

SCORES: tuple[Score, ...] = ("t_score", "z_score")
_YEAR_DAYS = 365.25
Bounds = tuple[float, float]


def age_bounds(report: RawDxaReport) -> Bounds | None:
    """Between which ages the patient was at the scan.

    Parameters
    ----------
    report
        With birth and scan date, or a stated age. A stated age of whole years is that of the last birthday.

    Returns
    -------
    tuple or None
        Lowest and highest age in years, `None` where nothing tells.
    """
    patient = report.patient
    if report.scan_date is not None and len(patient.birth_date) == 8 and patient.birth_date.isdigit():
        try:
            born = date(int(patient.birth_date[:4]), int(patient.birth_date[4:6]), int(patient.birth_date[6:]))
        except ValueError:
            born = report.scan_date
        if born < report.scan_date:
            age = (report.scan_date - born).days / _YEAR_DAYS
            return age, age
    if patient.age_years is None or patient.age_years <= 0.0:
        return None
    if patient.age_years == int(patient.age_years):
        return patient.age_years, patient.age_years + 1.0
    return patient.age_years - 0.05, patient.age_years + 0.05


def score_bounds(curve: ReferenceCurve, bmd: Number, score: Score, ages: Bounds | None) -> Bounds:
    """Between which numbers a score lies, given how far BMD and age are known.

    Parameters
    ----------
    curve
        Reference of the region.
    bmd
        In g/cm², with half the unit of its last digit.
    score
        T or Z.
    ages
        As from `age_bounds`; a T-score needs none.

    Returns
    -------
    tuple
        Lowest and highest.

    Raises
    ------
    DxaError
        `unknown-reference` where the curve gives no score, as outside its ages.
    """
    densities = (bmd.value - bmd.half, bmd.value + bmd.half)
    if score == "t_score":
        found = [t_score(curve, density) for density in densities]
    elif ages is None:
        raise DxaError(f"a Z-score from {curve.name} needs the patient's age", code="unknown-reference")
    else:
        found = [z_score(curve, density, age) for density, age in product(densities, ages)]
    return min(found), max(found)


def agrees(printed: Number, bounds: Bounds) -> bool:
    """Whether a printed score is one that rounding can give."""
    low, high = bounds
    return low - printed.half - 1e-9 <= printed.value <= high + printed.half + 1e-9


def check_scores(report: RawDxaReport, curves: Sequence[ReferenceCurve] = ()) -> Notes:
    """Compare scores with those that the named reference gives for their BMD.

    Parameters
    ----------
    report
        In the units that a study keeps.
    curves
        References of the study, beside the built-in ones.

    Returns
    -------
    tuple
        Notes: `score-disagrees` for each, and one `reference-unknown` for each reason why scores were not checked.
    """
    numbers = numbers_of(report.rows)
    notes: list[tuple[Problem, tuple[Spot, ...]]] = []
    unchecked: dict[str, list[Spot]] = {}
    for spot, score in scores_of(report, numbers):
        curve, bounds = expected(report, spot[0], score, numbers, curves)
        if curve is None or bounds is None:
            why = _why_unchecked(report, score, has_bmd=(spot[0], "bmd") in numbers, has_curve=curve is not None)
            unchecked.setdefault(why, []).append(spot)
        elif not agrees(numbers[spot], bounds):
            low, high = (rounded(bound, 2) for bound in bounds)
            text = (
                f"{label(report.rows, spot)} is {numbers[spot].value:g}, but {curve.name} gives "
                f"{low:.2f}{'' if low == high else f' to {high:.2f}'}"
            )
            notes.append((note("score-disagrees", text), (spot,)))
    for why, spots in unchecked.items():
        text = f"not checked, since {why}: {grouped(report.rows, spots)}"
        notes.append((note("reference-unknown", text), tuple(spots)))
    return tuple(notes)


def _why_unchecked(report: RawDxaReport, score: Score, *, has_bmd: bool, has_curve: bool) -> str:
    if not has_bmd:
        return "there is no BMD to compute the score from"
    if has_curve:
        return "the age is not known or lies outside the reference"
    if not report.circumstances.reference.strip():
        return "the report names no reference population"
    if not named_for(report.circumstances.reference, score).strip():
        return "the report names a reference population for the other score only"
    return "no reference of this name for the region and the patient is built in or stated in the protocol"


def scores_of(report: RawDxaReport, numbers: Mapping[Spot, Number]) -> Iterator[tuple[Spot, Score]]:
    """All scores that a report holds, those of differences aside."""
    for i, row in enumerate(report.rows):
        for score in SCORES:
            if row.statistic != "difference" and (i, score) in numbers:
                yield (i, score), score


def expected(
    report: RawDxaReport,
    row: int,
    score: Score,
    numbers: Mapping[Spot, Number],
    curves: Sequence[ReferenceCurve],
) -> tuple[ReferenceCurve | None, Bounds | None]:
    """What the reference that a report names gives for a row; `None` where there is no such reference or no BMD."""
    bmd = numbers.get((row, "bmd"))
    if bmd is None:
        return None, None
    curve = matching(report, report.rows[row].region, (*curves, *REFERENCES), score)
    if curve is None:
        return None, None
    try:
        return curve, score_bounds(curve, bmd, score, age_bounds(report))
    except DxaError:
        return curve, None


def with_computed_scores(report: RawDxaReport, own: Sequence[ReferenceCurve]) -> Step:
    """Compute the scores that a database leaves to its own reference curves.

    Parameters
    ----------
    report
        Only its BMD of full precision are scored; scores that are there stay.
    own
        Curves that came with the source; without any, nothing is computed.

    Returns
    -------
    Step
        With new cells whose `place` names the curve, unrounded, `scores-recomputed`, and `reference-unknown` for what
        has no curve or no age.
    """
    if not own:
        return Step(report=report)
    made: dict[Spot, DxaCell] = {}
    missing: list[Spot] = []
    for i, row in enumerate(report.rows):
        bmd = row.cells.get("bmd")
        if bmd is None or bmd.value is None or bmd.trust != "exact" or row.statistic != "value":
            continue
        for score in SCORES:
            cell = row.cells.get(score)
            if cell is not None and (cell.value is not None or cell.raw.strip()):
                continue
            computed = _computed(report, row.region, bmd.value, score, own)
            if computed is None:
                missing.append((i, score))
            else:
                made[i, score] = computed
    changed = with_cells(report, made)
    return Step(report=changed, notes=tuple(_notes_of(changed, made, missing)))


def _computed(
    report: RawDxaReport, region: str, bmd: float, score: Score, own: Sequence[ReferenceCurve]
) -> DxaCell | None:
    ages = age_bounds(report)
    try:
        if score == "t_score":
            curve = own_curve(own, region, sex="F")
            value = None if curve is None else t_score(curve, bmd)
        else:
            curve = own_curve(own, region, sex=report.patient.sex, ethnicity=report.patient.ethnicity)
            # A whole number of years leaves a Z-score open, so only an exact age serves.
            exact = ages is not None and ages[1] - ages[0] < 0.5
            value = None if curve is None or ages is None or not exact else z_score(curve, bmd, sum(ages) / 2)
    except DxaError:
        return None
    if curve is None or value is None:
        return None
    return DxaCell(value=value, unit="1", trust="exact", place=f"computed from {curve.name}")


def _notes_of(
    report: RawDxaReport, made: Mapping[Spot, DxaCell], missing: Sequence[Spot]
) -> Iterator[tuple[Problem, tuple[Spot, ...]]]:
    if made:
        names = list(dict.fromkeys(cell.place.removeprefix("computed from ") for cell in made.values()))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        text = f"{grouped(report.rows, made)}: computed from {', '.join(names[:3])}{more}, unrounded"
        yield note("scores-recomputed", text), tuple(made)
    if missing:
        text = f"no curve of the source serves, or the age is not known: {grouped(report.rows, missing)}"
        yield note("reference-unknown", text), tuple(missing)
