"""Which reference population a report's scores are against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bonemetrics.dxa.cells import site_of_report
from bonemetrics.dxa.references import LUNAR_ENCORE, LUNAR_USA_SPINE, Score
from bonemetrics.records import RawDxaReport, ReferenceCurve


def matching(
    report: RawDxaReport, region: str, curves: Iterable[ReferenceCurve], score: Score = "t_score"
) -> ReferenceCurve | None:
    """The one reference that a region's score is against: the one the report names, else one the study states for all.

    Parameters
    ----------
    report
        With the printed name of its reference, its device, and the patient's sex and group.
    region
        Canonical; a spine is matched by exactly its combination of vertebrae.
    curves
        Candidates, such as the study's own and `REFERENCES`. One without printed names is meant for every report.
    score
        Which score it is for: a report may name other populations for T and Z.

    Returns
    -------
    ReferenceCurve or None
        `None` where none fits, or two different ones do.
    """
    text = named_for(report.circumstances.reference, score)
    sex, group = population(report, text)
    fitting = [
        curve
        for curve in curves
        if curve.region == region
        and (score == "t_score" or len(curve.points) > 1)
        and curve.site in ("", site_of_report(report) or curve.site)
        and (not curve.printed or _is_named(curve, text))
        and _suits(curve.sex, sex)
        and _suits(_group(curve.ethnicity), group)
        and _is_of_device(curve, report)
    ]
    return _only([curve for curve in fitting if _is_named(curve, text)] or fitting)


def named_for(text: str, score: Score) -> str:
    """What a printed name of a reference says of one score: `T-score vs. White Female … Z-score vs. Black Male …`."""
    parts = re.split(r"\b([TZ])[-\s]?scores?\b", text, flags=re.IGNORECASE)
    if len(parts) == 1:
        return text
    wanted = score[0]
    return parts[0] + " ".join(
        body for letter, body in zip(parts[1::2], parts[2::2], strict=True) if letter.casefold() == wanted
    )


def population(report: RawDxaReport, reference_text: str) -> tuple[str, str]:
    """Sex and group of the people a score refers to: as the reference's name says, else the patient's, else empty."""
    words = set(re.findall(r"[a-z]+", reference_text.casefold()))
    sexes = {sex for word, sex in _SEXES.items() if word in words}
    groups = {group for word, group in _GROUPS.items() if word in words}
    return _one(sexes, report.patient.sex), _one(groups, _group(report.patient.ethnicity))


_SEXES = {"female": "F", "women": "F", "male": "M", "men": "M"}
_GROUPS = {"white": "white", "caucasian": "white", "black": "black", "hispanic": "hispanic", "asian": "asian"}
_CODES = {"w": "white", "c": "white", "b": "black", "h": "hispanic", "a": "asian"}


def _one(named: set[str], otherwise: str) -> str:
    if not named:
        return otherwise
    return next(iter(named)) if len(named) == 1 else ""


def _group(text: str) -> str:
    plain = text.strip().casefold()
    return _GROUPS.get(plain, _CODES.get(plain, plain))


def _suits(wanted: str, known: str) -> bool:
    return not wanted or wanted == known


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def _is_named(curve: ReferenceCurve, text: str) -> bool:
    return any(_plain(name) in _plain(text) for name in (curve.name, *curve.printed) if _plain(name))


def _is_of_device(curve: ReferenceCurve, report: RawDxaReport) -> bool:
    model = _plain(report.device.model)
    if curve.models and not any(_plain(known) in model for known in curve.models):
        return False
    if curve not in LUNAR_USA_SPINE:
        return True
    version = re.match(r"\D*(\d+)", report.device.analysis_version or report.device.software)
    return "idxa" not in model and version is not None and int(version[1]) in LUNAR_ENCORE


def _only(fitting: Sequence[ReferenceCurve]) -> ReferenceCurve | None:
    if not fitting:
        return None
    # A curve for one group goes before the one for everybody; two equally good ones are no answer.
    best = max(_specific(curve) for curve in fitting)
    chosen = {curve.model_dump_json(): curve for curve in fitting if _specific(curve) == best}
    return next(iter(chosen.values())) if len(chosen) == 1 else None


def _specific(curve: ReferenceCurve) -> int:
    return 2 * bool(curve.ethnicity) + bool(curve.sex)


def own_curve(curves: Iterable[ReferenceCurve], region: str, *, sex: str, ethnicity: str = "") -> ReferenceCurve | None:
    """The curve of a database for one region, as its own scanner would choose it.

    Parameters
    ----------
    curves
        Curves of the database that the scan is from.
    region
        Canonical; exactly this combination of vertebrae.
    sex
        `F` or `M`. T-scores of everybody are against the curve of women.
    ethnicity
        Where no curve is for this group (Hologic has none of the forearm for Hispanic people), the one for all serves.

    Returns
    -------
    ReferenceCurve or None
        `None` where there is none, such as for the ultradistal ulna of men, or more than one.
    """
    fitting = [curve for curve in curves if curve.region == region and curve.sex == sex and not curve.method]
    for group in dict.fromkeys((_group(ethnicity), "")):
        found = [curve for curve in fitting if _group(curve.ethnicity) == group]
        if found:
            return _only(found)
    return None
