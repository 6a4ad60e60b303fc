"""Answers behind a score as rows of their own: QS holds what a person ticked, not only what was computed from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bonemetrics.outcomes.rows import Candidate
from bonemetrics.outcomes.sdtm.terms import Term

_EQ5D = ("Mobility", "Self-Care", "Usual Activities", "Pain/Discomfort", "Anxiety/Depression")
_EQ5D_PREFIX = {"3L": "EQ5D01", "5L": "EQ5D02"}


def with_answers(term: Term, score: Candidate, version: str) -> Iterator[tuple[Term, Candidate]]:
    """A value, and before it the answers that it was computed from.

    Parameters
    ----------
    term, score
        The value and its term.
    version
        Of EQ-5D, `3L` or `5L`; without it answers have no term and are left out.

    Yields
    ------
    tuple
        Term and value; an answer has neither uncertainty nor derivation of its own. Sections of Oswestry are known by
        number alone.
    """
    for number, answer in enumerate(score.answers, start=1):
        name = _name(score.quantity, number, version)
        if answer is not None and name is not None:
            testcd, test = name
            item = replace(
                score, value=float(answer), unit="1", given=str(answer), given_unit="", answers=(), derivation=""
            )
            yield replace(term, testcd=testcd, test=test, is_extended=False), item
    yield term, score


def _name(quantity: str, number: int, version: str) -> tuple[str, str] | None:
    """Short and long name of an item."""
    if quantity == "ODI":
        return f"ODI01{number:02d}", f"ODI01-Section {number}"
    prefix = _EQ5D_PREFIX.get(version)
    return None if prefix is None else (f"{prefix}{number:02d}", f"{prefix}-{_EQ5D[number - 1]}")
