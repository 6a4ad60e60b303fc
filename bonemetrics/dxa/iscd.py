"""What a report says by the rules of the International Society for Clinical Densitometry (ISCD) for adults.

References
----------
.. [1] ISCD Adult Official Positions 2023, iscd.org/official-positions-2023: T-scores on the uniform White female
   reference for all; T for postmenopausal women and men aged 50 or more, else Z, of which -2.0 or less is "below the
   expected range for age".
.. [2] World Health Organization classes of the T-score: normal from -1.0, osteoporosis from -2.5 downwards; reports of
   scanners print them.
.. [3] Regions that count (spine, neck, total hip, one-third radius) and the one-third radius's conditions: as the
   field commonly quotes the ISCD positions of 2019; their text was not at hand. Conditions are therefore arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import JsonValue

from bonemetrics.anatomy import SPINE, vertebrae_of
from bonemetrics.dxa.evaluable import COUNTED, T_DIFFERENCE, EvaluableVertebrae, as_printed, evaluable_vertebrae
from bonemetrics.records import DxaRegion, DxaReport, Finite, Problem, Record, ReportSide, Side, note

Score = Literal["T", "Z"]
Category = Literal[
    "normal",
    "low-bone-mass",
    "osteoporosis",
    "severe-osteoporosis",
    "within-expected-range-for-age",
    "below-expected-range-for-age",
]
ForearmReason = Literal["hip-or-spine-not-possible", "hyperparathyroidism", "above-weight-limit"]
_AGE_OF_T_IN_MEN = 50.0
_LOW, _OSTEOPOROSIS, _LOW_FOR_AGE = -1.0, -2.5, -2.0


class JudgedRegion(Record):
    """A region that counts for diagnosis, its printed score and the category of that score."""

    region: str
    side: ReportSide | None = None
    score: Score
    value: Finite
    category: Category


class Assessment(Record):
    """What the rules make of one report.

    `score` is `None` where nothing decides between T and Z, and `why` says so; `regions` are those that count and have
    that score, `decisive` is the lowest of them.
    """

    score: Score | None
    why: str
    vertebrae: EvaluableVertebrae | None = None
    regions: tuple[JudgedRegion, ...] = ()
    reference: str = ""
    notes: tuple[Problem, ...] = ()

    @property
    def decisive(self) -> JudgedRegion | None:
        """The region with the lowest score."""
        return min(self.regions, key=lambda region: region.value, default=None)

    def as_dict(self) -> dict[str, JsonValue]:
        """The assessment as JSON values, for `DxaReport.assessment`; notes travel beside it."""
        shown: dict[str, JsonValue] = {"score": self.score, "why": self.why, "reference": self.reference}
        if self.vertebrae is not None:
            shown["vertebrae"] = list(self.vertebrae.levels)
            shown["vertebrae_region"] = self.vertebrae.region
            shown["vertebrae_excluded"] = dict(self.vertebrae.excluded)
            shown["vertebrae_undecided"] = list(self.vertebrae.undecided)
        shown["regions"] = [region.model_dump(mode="json") for region in self.regions]
        shown["category"] = None if self.decisive is None else self.decisive.category
        return shown


def category(t_score: float, *, fragility_fracture: bool = False) -> Category:
    """The WHO class of a T-score as printed, one decimal: -1.0 is normal, -2.5 is osteoporosis.

    Parameters
    ----------
    t_score
        Rounded to one decimal before it is judged.
    fragility_fracture
        Whether the person had one; osteoporosis with a fracture is severe.

    Returns
    -------
    str
        `normal`, `low-bone-mass`, `osteoporosis` or `severe-osteoporosis`.
    """
    printed = as_printed(t_score)
    if printed >= _LOW:
        return "normal"
    if printed > _OSTEOPOROSIS:
        return "low-bone-mass"
    return "severe-osteoporosis" if fragility_fracture else "osteoporosis"


def range_for_age(z_score: float) -> Category:
    """What a Z-score as printed says: -2.0 or less is below the expected range for age."""
    return "below-expected-range-for-age" if as_printed(z_score) <= _LOW_FOR_AGE else "within-expected-range-for-age"


def score_for(*, sex: str, age_years: float | None, postmenopausal: bool | None) -> tuple[Score | None, str]:
    """Whether T or Z is the score to judge by.

    Parameters
    ----------
    sex
        `F` or `M`; nothing is decided for others.
    age_years
        At the scan; decides for men only.
    postmenopausal
        Decides for women, whatever their age: an unknown menopause is not guessed from age, `None` stays open.

    Returns
    -------
    tuple
        `T`, `Z` or `None`, and the reason in words.
    """
    if sex == "F":
        if postmenopausal is None:
            return None, "it is not known whether the woman is postmenopausal; state it"
        return ("T", "postmenopausal woman") if postmenopausal else ("Z", "woman before menopause")
    if sex == "M":
        if age_years is None:
            return None, "the man's age is not known; state it"
        old = age_years >= _AGE_OF_T_IN_MEN
        return ("T", "man aged 50 or more") if old else ("Z", "man below 50")
    return None, "sex is not stated as F or M, so nothing decides between T- and Z-score"


def assess(
    report: DxaReport,
    *,
    sex: str,
    age_years: float | None,
    postmenopausal: bool | None,
    excluded: Mapping[str, str] | None = None,
    t_difference: float = T_DIFFERENCE,
    fragility_fracture: bool = False,
    forearm: ForearmReason | None = None,
    nondominant: Side | None = None,
) -> Assessment:
    """Judge a report: which vertebrae and regions count, T or Z, and the category.

    The spine counts by the row of exactly the evaluable vertebrae, of which no score is computed here; the hip by
    neck and total of either side, never by Ward's triangle, trochanter or the mean of both hips (that one is for
    monitoring); the forearm by the one-third radius and only where `forearm` names why.

    Parameters
    ----------
    report
        As a study keeps it.
    sex, age_years, postmenopausal
        Of the person at the scan; see `score_for`.
    excluded
        Vertebra to reason, where a reader left one out.
    t_difference
        See `evaluable_vertebrae`.
    fragility_fracture
        Makes osteoporosis severe.
    forearm
        Why the forearm is judged; without a reason it is not.
    nondominant
        The arm that counts; the other one is not judged. Not stated: either.

    Returns
    -------
    Assessment
        With notes on vertebrae and on scores that the report does not hold (`values-missing`).
    """
    score, why = score_for(sex=sex, age_years=age_years, postmenopausal=postmenopausal)
    vertebrae = _vertebrae_of(report, excluded or {}, t_difference)
    notes = list(vertebrae.notes) if vertebrae is not None else []
    counting: list[DxaRegion] = []
    if vertebrae is not None:
        row = _row_of(report, vertebrae)
        counting += [row] if row is not None else []
        if row is None and vertebrae.region is not None:
            notes.append(
                note("values-missing", f"the report has no row for {vertebrae.region}, the vertebrae that count")
            )
    counting += [region for region in report.regions if _counts(region, forearm, nondominant)]
    judged: list[JudgedRegion] = []
    without: list[str] = []
    for region in counting if score is not None else ():
        found = _judge(region, score, fragility_fracture)
        judged += [found] if found is not None else []
        without += [_name(region)] if found is None else []
    if without:
        verb = "counts" if len(without) == 1 else "count"
        notes.append(note("values-missing", f"no {score}-score for {', '.join(without)}, which {verb} for diagnosis"))
    reference = report.circumstances.reference
    return Assessment(
        score=score, why=why, vertebrae=vertebrae, regions=tuple(judged), reference=reference, notes=tuple(notes)
    )


def lowest(assessments: Iterable[Assessment]) -> JudgedRegion | None:
    """The region that decides over all reports of one person and day; `None` where none was judged.

    Parameters
    ----------
    assessments
        Of the spine, of each hip, of the forearm. Those judged by T and those judged by Z do not mix.

    Returns
    -------
    JudgedRegion or None
        With the lowest score; `None` too where T and Z are mixed.
    """
    found = [one.decisive for one in assessments if one.decisive is not None]
    if len({one.score for one in found}) > 1:
        return None
    return min(found, key=lambda one: one.value, default=None)


def _vertebrae_of(report: DxaReport, excluded: Mapping[str, str], t_difference: float) -> EvaluableVertebrae | None:
    rows = {region.region: region for region in report.regions if vertebrae_of(region.region)}
    if not rows and report.site != SPINE:
        return None
    measured = {level for name in rows for level in vertebrae_of(name)}
    t_scores = {level: rows[level].t_score if level in rows else None for level in COUNTED if level in measured}
    # The operator at the scanner is a reader too: what the scanner did not count into its total is not evaluable.
    at_scanner = {
        level: "not counted into the total at the scanner"
        for level in t_scores
        if report.included and level not in report.included
    }
    return evaluable_vertebrae(t_scores, excluded=at_scanner | dict(excluded), t_difference=t_difference)


def _row_of(report: DxaReport, vertebrae: EvaluableVertebrae) -> DxaRegion | None:
    """The row whose vertebrae are exactly these; a spine read with other spelling is the same."""
    if vertebrae.region is None:
        return None
    same = [row for row in report.regions if vertebrae_of(row.region) == vertebrae.levels]
    return same[0] if same else None


def _counts(region: DxaRegion, forearm: ForearmReason | None, nondominant: Side | None) -> bool:
    if region.side == "mean":
        return False
    if region.region in ("neck", "total-hip"):
        return True
    is_arm = region.region == "radius-33" and forearm is not None
    return is_arm and (nondominant is None or region.side in (None, nondominant))


def _judge(region: DxaRegion, score: Score | None, fracture: bool) -> JudgedRegion | None:
    value = region.t_score if score == "T" else region.z_score
    if value is None or score is None:
        return None
    judged = category(value, fragility_fracture=fracture) if score == "T" else range_for_age(value)
    return JudgedRegion(region=region.region, side=region.side, score=score, value=as_printed(value), category=judged)


def _name(region: DxaRegion) -> str:
    return region.region if region.side is None else f"{region.side} {region.region}"
