"""Values of a biopsy as observations: each with what was entered, what it rests on, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from bonemetrics.histomorphometry.biopsy import Biopsy
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.inputs import osteoid_of
from bonemetrics.histomorphometry.precision import index_uncertainties
from bonemetrics.records import HistomorphometryParameters, Observation

METHOD = "histomorphometry/1"


def observations_of(
    biopsy: Biopsy,
    parameters: HistomorphometryParameters,
    repeats: Mapping[str, float],
    means: frozenset[str] = frozenset(),
) -> Iterator[Observation]:
    """One observation per value, in the order of the catalogue.

    Parameters
    ----------
    biopsy
        Solved.
    parameters
        `[histomorphometry]` of the protocol; its `reader_cv_percent` comes before `repeats`.
    repeats
        RMS-CV in % by code of a measurement, from the study's own repeated readings.
    means
        Measurements that are means of several entries, so that nobody entered them.
    """
    entry = biopsy.entry
    told = _parameters(biopsy, parameters, repeats)
    cvs = {**repeats, **parameters.reader_cv_percent}
    spread = index_uncertainties(biopsy.given, biopsy.factors, cvs) if cvs else {}
    for code in MEASUREMENTS:
        value = biopsy.values.get(code)
        side, limit = biopsy.limits.get(code, (None, None))
        if value is None and limit is None:
            continue
        given = "" if code in means else _given(biopsy, code)
        yield Observation(
            kind="histomorphometry",
            subject=entry.subject,
            visit=entry.visit,
            day=entry.day,
            study_day=entry.study_day,
            sheet=entry.sheet,
            line=entry.line,
            reader=entry.reader,
            quantity=code,
            unit=MEASUREMENTS[code].unit,
            value=value,
            text="" if limit is None else f"{'<' if side == 'below' else '>'}{limit:.6g}",
            censored=side,
            limit=limit,
            standard_uncertainty=None if value is None or code in biopsy.flags else spread.get(code),
            site=entry.site,
            side=None,
            region=entry.envelope or "",
            given=given,
            given_unit=MEASUREMENTS[code].unit if given else "",
            derivation=biopsy.flags.get(code, ""),
            method=f"{METHOD}; factor {told['factor'] or 'not stated'}",
            parameters=told,
            notes=biopsy.notes_of(code),
        )


def _parameters(
    biopsy: Biopsy, parameters: HistomorphometryParameters, repeats: Mapping[str, float]
) -> dict[str, JsonValue]:
    """Whatever could change the numbers of a biopsy."""
    entry, factors = biopsy.entry, biopsy.factors
    convention, width = osteoid_of(entry, parameters)
    told: dict[str, JsonValue] = {
        "factor": "" if factors is None else factors.convention,
        "width_to_thickness": None if factors is None else factors.width_to_thickness,
        "perimeter_to_surface": None if factors is None else factors.perimeter_to_surface,
        "labels": biopsy.state,
        "referent": entry.referent,
        "erosion_definition": entry.erosion_definition,
        "osteoid_perimeter": convention,
        "osteoid_width": width,
    }
    if biopsy.flags or biopsy.limits:
        told["mar_floor_um_per_d"] = parameters.mar_floor_um_per_d
    own = sorted(set(repeats) - set(parameters.reader_cv_percent))
    sources = [*(["stated"] if parameters.reader_cv_percent else []), *(["repeated readings"] if own else [])]
    if sources:
        told["reader_precision"] = " and ".join(sources)
    return told


def _given(biopsy: Biopsy, code: str) -> str:
    """The number as it was entered, in the catalogue's unit; empty where the value was computed."""
    entry = biopsy.entry
    value = entry.primaries.get(code)
    if value is None and code in biopsy.data:
        value = entry.typed.get(code)
    return "" if value is None else as_entered(value, entry.half_units.get(code, 0.0))


def as_entered(value: float, half_unit: float) -> str:
    """A number with the digits that it was entered with: 6 with half a unit of 0.005 is `6.00`.

    Parameters
    ----------
    value, half_unit
        In one unit; without a half unit as many digits as the number needs.
    """
    if half_unit > 0:
        decimals = max(round(-math.log10(2 * half_unit)), 0)
        text = f"{value:.{min(decimals, 15)}f}"
        if math.isclose(float(text), value, rel_tol=1e-9):
            return text
    return f"{value:.15g}"
