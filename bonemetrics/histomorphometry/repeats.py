"""Which entries of a study are repeated readings: by one reader, or by several of the same biopsy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bonemetrics.histomorphometry.compare import ADJUDICATED, biopsy_of
from bonemetrics.histomorphometry.precision import ReaderPrecision, reader_precision
from bonemetrics.records import HistomorphometryEntry

LEAST_DEGREES = 3
"""Degrees of freedom below which a precision says too little to be carried to an uncertainty."""


@dataclass(frozen=True, slots=True)
class StudyPrecision:
    """Precision of one measurement from the entries of a study: `intra` one reader, `inter` several."""

    kind: Literal["intra", "inter"]
    found: ReaderPrecision


def study_precision(entries: Iterable[HistomorphometryEntry]) -> tuple[StudyPrecision, ...]:
    """Reader precision of every measurement that was read more than once in a study.

    Parameters
    ----------
    entries
        Of any biopsies. Drafts and adjudicated entries are no readings.

    Returns
    -------
    tuple of StudyPrecision
        Repeats of one reader first. Between readers the first entry of each counts; entries without a reader count for
        neither.
    """
    biopsies: dict[tuple[object, ...], dict[str, list[HistomorphometryEntry]]] = {}
    ordered = sorted(entries, key=lambda one: (one.subject, str(one.day), one.entry, one.sheet, one.line))
    for entry in ordered:
        if entry.state != "draft" and entry.entry.casefold() != ADJUDICATED and entry.reader:
            biopsies.setdefault(biopsy_of(entry), {}).setdefault(entry.reader, []).append(entry)
    intra = [group for readers in biopsies.values() for group in readers.values() if len(group) > 1]
    inter = [[group[0] for group in readers.values()] for readers in biopsies.values() if len(readers) > 1]
    return (
        *(StudyPrecision("intra", one) for one in reader_precision(intra).values()),
        *(StudyPrecision("inter", one) for one in reader_precision(inter).values()),
    )


def cvs_of_repeats(found: Iterable[StudyPrecision]) -> Mapping[str, float]:
    """How precisely each measurement is read, from repeated readings.

    Parameters
    ----------
    found
        From `study_precision`.

    Returns
    -------
    dict
        RMS-CV in % by code. Between readers where several read, since any of them may have read a biopsy, else of one
        reader; left out with fewer than `LEAST_DEGREES` degrees of freedom, or where all readings were the same.
    """
    cvs: dict[str, float] = {}
    for one in sorted(found, key=lambda told: told.kind == "intra"):
        cv = one.found.rms_cv_percent
        if cv is not None and cv > 0 and one.found.degrees_of_freedom >= LEAST_DEGREES:
            cvs.setdefault(one.found.code, cv)
    return cvs
