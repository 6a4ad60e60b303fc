"""Baselines and changes that a source states, held against those derived here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from bonemetrics.outcomes.changes import Change
from bonemetrics.outcomes.rows import Candidate
from bonemetrics.records import Problem, note

_NOISE = 1e-9
"""Relative to the numbers a difference is of: what binary and transport formats add."""

_WHY_NO_PERCENT = ("percent-already", "baseline-zero")
"""Notes that say already why there is no per cent change."""


class StatedNumbers:
    """What the source states of one parameter of one person.

    Parameters
    ----------
    values
        All of them: a whole number counts as printed with the decimals of its column, since 2.00 is kept as 2.
    """

    def __init__(self, values: Iterable[Candidate]) -> None:
        known = list(values)
        columns = (
            [(one.stated_baseline, one.factor) for one in known],
            [(one.stated_change, one.factor) for one in known],
            [(one.stated_percent_change, 1.0) for one in known],
        )
        self._least_decimals = [
            min((found for number, by in column if number is not None and (found := _decimals(number / by))), default=0)
            for column in columns
        ]

    def contradiction(self, value: Candidate, base: float | None, change: Change) -> Problem | None:
        """What of a value's source is not what was derived.

        Parameters
        ----------
        value
            With the numbers of its source.
        base
            Its baseline, `None` where it has none to compare with.
        change
            As derived. What was not derived has its own note and is not compared, but for a change other than zero
            that the source states of a value that is not after its baseline, or in per cent of a score.

        Returns
        -------
        Problem or None
            A note with both numbers of all that differ by more than half the last printed digit.
        """
        if value.stated_baseline is None and value.stated_change is None and value.stated_percent_change is None:
            return None
        pairs = (
            ("BASE", value.stated_baseline, base, abs(base or 0.0), value.factor),
            ("CHG", value.stated_change, change.change, abs(value.value or 0.0) + abs(base or 0.0), value.factor),
            ("PCHG", value.stated_percent_change, change.percent_change, 100.0, 1.0),
        )
        faults = [
            f"{name} is {stated:.10g} in the source, {own:.10g} here"
            for (name, stated, own, scale, by), least in zip(pairs, self._least_decimals, strict=True)
            if stated is not None
            and own is not None
            and abs(stated - own) > _half_unit(stated / by, least) * abs(by) + _noise(stated, own, scale)
        ]
        faults += _not_derived(value, base, change)
        return note("change-contradicts-source", "; ".join(faults)) if faults else None


def _not_derived(value: Candidate, base: float | None, change: Change) -> Iterator[str]:
    """Changes other than zero of the source that are none here, where no other note says so."""
    if base is None or value.value is None:
        return
    if value.stated_change and change.change is None:
        yield f"CHG is {value.stated_change:.10g} in the source, none here: not after the baseline"
    if value.stated_percent_change and change.change is not None and change.percent_change is None:
        if any(told.code in _WHY_NO_PERCENT for told in change.notes):
            return
        text = "the quantity has none, unless 'percent_change' of the parameter says that it has"
        yield f"PCHG is {value.stated_percent_change:.10g} in the source, none here: {text}"


def _half_unit(number: float, least_decimals: int) -> float:
    """Half a unit of the last printed digit."""
    return 0.5 * 10.0 ** -(_decimals(number) or least_decimals)


def _noise(*scales: float) -> float:
    return _NOISE * max(map(abs, scales))


def _decimals(number: float) -> int:
    """Decimals of a number as it was printed, less the digits that a conversion and its way back add."""
    exponent = Decimal(f"{number:.12g}").normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
