"""Which lumbar vertebrae count: those left in by the reader whose T-scores fit their neighbours'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations, pairwise

from pydantic import Field

from bonemetrics.anatomy import spine_region
from bonemetrics.records import Problem, Record, note

COUNTED = ("L1", "L2", "L3", "L4")
"""The vertebrae a spine is judged by; T12 and L5 are never among them."""
T_DIFFERENCE = 1.0


class EvaluableVertebrae(Record):
    """The vertebrae that count, those that do not with the reason, and what is to be said of it.

    `undecided` holds the vertebrae between which no rule decides; they are still among `levels`.
    """

    levels: tuple[str, ...] = ()
    excluded: dict[str, str] = Field(default_factory=dict)
    undecided: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def region(self) -> str | None:
        """The name of the combination, such as `L1,L3-L4`; `None` for fewer than two vertebrae."""
        return spine_region(self.levels) if len(self.levels) > 1 else None


def as_printed(score: float) -> float:
    """A T- or Z-score to the one decimal that a report prints, halves away from zero.

    Rules of the field are about printed scores: -2.46 is printed, and judged, as -2.5.
    """
    # Nine decimals first: -2.45 that arithmetic left at -2.4499999999999997 is still a half.
    exact = Decimal(repr(round(score, 9)))
    return float(exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)) + 0.0


def evaluable_vertebrae(
    t_scores: Mapping[str, float | None],
    *,
    excluded: Mapping[str, str] | None = None,
    t_difference: float = T_DIFFERENCE,
) -> EvaluableVertebrae:
    """The vertebrae of a spine scan that count.

    A vertebra is left out by the reader, with a reason, or where its printed T-score is *more than* `t_difference`
    from that of the vertebra next to it (1.0 exactly stays). Of two such neighbours the rule does not say which one is
    at fault. Here it is the smallest set of vertebrae whose removal leaves all remaining neighbours within
    `t_difference`: where L3 stands out, only leaving out L3 helps. Vertebrae on both sides of one that was left out
    are neighbours of each other, or leaving out a sound one could hide a bad one. Where several sets of the same size
    help, nothing is left out, and the note asks for a reader. Fewer than two vertebrae never count; two that do not
    touch do.

    Parameters
    ----------
    t_scores
        T by level, for every level of `COUNTED` that was measured; `None` where there is none. Other levels are
        passed over. A level without T is not compared.
    excluded
        Level to reason: local structural change or artefact, as the reader saw it.
    t_difference
        Largest difference between neighbours.

    Returns
    -------
    EvaluableVertebrae
        With the notes `vertebra-excluded`, `vertebrae-undecided`, `too-few-vertebrae` and `values-missing`.

    References
    ----------
    .. [1] International Society for Clinical Densitometry, Official Positions, Adult (2019), spine region of interest:
       the rule as commonly quoted, its text was not at hand; the threshold is therefore an argument.
    .. [2] H. Rosen et al., Reporting fewer than four vertebrae: 2023 Official Positions of the ISCD. J Clin Densitom
       2024;27:101436: no single vertebra, two non-contiguous ones allowed.
    """
    measured = [level for level in COUNTED if level in t_scores]
    by_reader = {level: excluded[level] for level in measured if excluded and level in excluded}
    left = [level for level in measured if level not in by_reader]
    printed = {level: None if (t := t_scores[level]) is None else as_printed(t) for level in left}
    notes = [note("vertebra-excluded", f"{level} left out: {reason}") for level, reason in by_reader.items()]
    notes += _not_compared(printed)
    choices = _removals(left, printed, t_difference)
    if len(choices) == 1:
        by_rule = {level: _reason(level, left, printed, t_difference) for level in choices[0]}
        notes += [note("vertebra-excluded", f"{level} left out: {reason}") for level, reason in by_rule.items()]
        left = [level for level in left if level not in by_rule]
        return _judged(left, by_reader | by_rule, (), notes)
    undecided = tuple(level for level in left if any(level in choice for choice in choices))
    if undecided:
        notes.append(_undecided_note(choices, printed, t_difference))
    return _judged(left, by_reader, undecided, notes)


def _removals(left: Sequence[str], printed: Mapping[str, float | None], limit: float) -> list[tuple[str, ...]]:
    """The smallest sets whose removal leaves two or more vertebrae, all within the limit of their neighbours."""
    if len(left) < 2:
        return [()]
    for size in range(len(left) - 1):
        found = [
            gone
            for gone in combinations(left, size)
            if _fits([printed[level] for level in left if level not in gone], limit)
        ]
        if found:
            return found
    # No two vertebrae agree: whichever one were kept would be a single one.
    return [tuple(left)]


def _fits(scores: Iterable[float | None], limit: float) -> bool:
    known = list(scores)
    return not any(_too_far(a, b, limit) for a, b in pairwise(known))


def _too_far(a: float | None, b: float | None, limit: float) -> bool:
    # 1e-9: -1.4 and -0.4 are 1.0 apart, not the 0.9999999999999999 of binary arithmetic or its mirror.
    return a is not None and b is not None and abs(a - b) > limit + 1e-9


def _reason(level: str, left: Sequence[str], printed: Mapping[str, float | None], limit: float) -> str:
    place = left.index(level)
    beside = [other for other in left[max(0, place - 1) : place + 2] if other != level]
    far = [other for other in beside if _too_far(printed[level], printed[other], limit)]
    shown = " and ".join(f"{printed[other]:.1f} of {other}" for other in far)
    if not shown:
        return "it lies among vertebrae of which no two agree"
    return f"its T-score {printed[level]:.1f} is more than {limit:g} from {shown}"


def _undecided_note(choices: Sequence[tuple[str, ...]], printed: Mapping[str, float | None], limit: float) -> Problem:
    scores = ", ".join(f"{level} {score:.1f}" for level, score in printed.items() if score is not None)
    ways = " or ".join("+".join(choice) for choice in choices)
    return note(
        "vertebrae-undecided",
        f"T-scores {scores}: neighbours more than {limit:g} apart, and leaving out {ways} would help alike; nothing was"
        " left out, a reader must decide",
    )


def _not_compared(printed: Mapping[str, float | None]) -> list[Problem]:
    without = [level for level, score in printed.items() if score is None]
    if not without:
        return []
    return [note("values-missing", f"no T-score for {', '.join(without)}, so neighbours were not compared there")]


def _judged(
    left: Sequence[str], excluded: dict[str, str], undecided: tuple[str, ...], notes: Sequence[Problem]
) -> EvaluableVertebrae:
    if len(left) > 1:
        return EvaluableVertebrae(levels=tuple(left), excluded=excluded, undecided=undecided, notes=tuple(notes))
    few = note(
        "too-few-vertebrae",
        f"{len(left)} evaluable vertebra{'' if len(left) == 1 else 'e'}, at least 2 are needed; use the hip or forearm",
    )
    return EvaluableVertebrae(levels=tuple(left), excluded=excluded, notes=(*notes, few))
