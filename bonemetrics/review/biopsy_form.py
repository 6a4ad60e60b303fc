"""The form of one biopsy: what is typed into its fields, what keeps it from being complete, and the entry it makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from bonemetrics.errors import AlgebraError, TableError
from bonemetrics.histomorphometry import locking
from bonemetrics.histomorphometry.checks import hard_violations, missing_facts
from bonemetrics.histomorphometry.factors import section_factors
from bonemetrics.records import (
    GivenNumber,
    HistomorphometryEntry,
    HistomorphometryParameters,
    Problem,
    SectionFactors,
    refusal,
)
from bonemetrics.records.clinical import EntryState
from bonemetrics.review.biopsy_fields import (
    CHOICES,
    CODES,
    FACT_KEYS,
    number_text,
    parse,
    parse_choice,
    parse_count,
    parse_date,
)

_TEXTS = ("subject", "visit", "biopsy", "entry", "reader", "erosion_definition", "comment")
_YES_NO = ("blinded", "core_broken", "labelling_confirmed")
_NAMES = {"biopsy_date": "day"}
"""Fields whose attribute of the entry is called otherwise."""
_FACTORS = ("factor", "width_to_thickness", "perimeter_to_surface")
_LABEL_DATES = ("label1_start", "label1_end", "label2_start", "label2_end")


@dataclass(frozen=True, slots=True, kw_only=True)
class BiopsyForm:
    """All fields as text; every change gives a new form.

    `basis` is the stored entry that the form began with. What is untouched since keeps its exact number and half unit,
    and what the form has no field for, such as indices typed in a sheet, stays as it was.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    state: EntryState = "draft"
    basis: HistomorphometryEntry | None = None
    _shown: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_entry(cls, entry: HistomorphometryEntry) -> BiopsyForm:
        """The form of a stored entry, in its state."""
        texts = {key: text for key, text in _texts_of(entry) if text}
        return cls(texts=texts, state=entry.state, basis=entry, _shown=texts)

    def text(self, key: str) -> str:
        """What stands in a field."""
        return self.texts.get(key, "")

    def with_text(self, key: str, text: str) -> BiopsyForm:
        """The form with another text in one field; it is a draft again.

        Raises
        ------
        TableError
            `entry-locked`.
        KeyError
            If there is no such field.
        """
        if key not in FACT_KEYS and key not in CODES:
            raise KeyError(key)
        if text == self.text(key):
            return self
        if self.state == "locked":
            raise TableError("the entry is locked; unlock it with a reason first", code="entry-locked")
        return replace(self, texts={**self.texts, key: text}, state="draft")

    @property
    def is_changed(self) -> bool:
        """Whether the form says something else than the entry it began with."""
        began = "draft" if self.basis is None else self.basis.state
        told = {key: text for key, text in self.texts.items() if text.strip()}
        return told != dict(self._shown) or self.state != began

    @property
    def problems(self) -> Mapping[str, Problem]:
        """Why fields cannot be understood, by their keys."""
        return {key: found for key, found in self._read() if isinstance(found, Problem)}

    @property
    def entry_so_far(self) -> HistomorphometryEntry:
        """The entry of everything that can be understood; for values that follow live, and never for storing."""
        facts: dict[str, Any] = {}
        numbers: dict[str, float] = {}
        half_units: dict[str, float] = {}
        for key, found in self._read():
            if isinstance(found, Problem) or key in _FACTORS[1:]:
                continue
            if isinstance(found, GivenNumber):
                numbers[key] = found.value
                if found.half_unit or not self._is_untouched(key) or key in self._old_half_units():
                    half_units[key] = found.half_unit
            elif key == "factor":
                facts["factors"] = found
            else:
                facts[_NAMES.get(key, key)] = found
        content = dict(self.basis) if self.basis is not None else {"kind": "histomorphometry"}
        typed = self.basis.typed if self.basis is not None else {}
        half_units |= {code: half for code, half in self._old_half_units().items() if code in typed}
        facts |= {"primaries": numbers, "half_units": half_units, "state": self.state}
        return HistomorphometryEntry.model_validate({**content, **_BLANK, **facts})

    def to_entry(self) -> HistomorphometryEntry:
        """The entry, to be stored.

        Raises
        ------
        TableError
            Of the first field that cannot be understood: nothing typed is left out silently.
        """
        for key, problem in self.problems.items():
            raise TableError(f"{key}: {problem.message}", code=problem.code)
        return self.entry_so_far

    def blocks(self, parameters: HistomorphometryParameters) -> tuple[str, ...]:
        """What keeps the entry from being complete or locked, one sentence each."""
        entry = self.entry_so_far
        missing = missing_facts(entry, parameters)
        told = [f"{key}: {problem.message}" for key, problem in self.problems.items()]
        told += [f"{name.replace('_', ' ')} is missing" for name in missing]
        if not entry.primaries and not entry.typed:
            told.append("no measurement is entered")
        return (*told, *hard_violations(entry, parameters))

    def faults(self, parameters: HistomorphometryParameters) -> Mapping[str, str]:
        """The fields that take part in something that cannot be true, and what that is."""
        found: dict[str, str] = {key: problem.message for key, problem in self.problems.items()}
        for told in hard_violations(self.entry_so_far, parameters):
            for key in _named(told, self):
                found.setdefault(key, told)
        return found

    def completed(self, parameters: HistomorphometryParameters) -> BiopsyForm:
        """The form of a finished entry.

        Raises
        ------
        TableError
            `entry-locked`, `entry-incomplete`, `hard-violation`, or what `to_entry` raises.
        """
        self._require_numbers()
        return replace(self, state=locking.complete(self.to_entry(), parameters).state)

    def locked(self, parameters: HistomorphometryParameters) -> BiopsyForm:
        """The form of an entry that nobody changes any more.

        Raises
        ------
        TableError
            As `completed`.
        """
        self._require_numbers()
        return replace(self, state=locking.lock(self.to_entry(), parameters).state)

    def _require_numbers(self) -> None:
        entry = self.entry_so_far
        if not entry.primaries and not entry.typed:
            raise TableError("no measurement is entered", code="entry-incomplete")

    def _old_half_units(self) -> Mapping[str, float]:
        return self.basis.half_units if self.basis is not None else {}

    def _read(self) -> Iterator[tuple[str, Any]]:
        """Every field that is not blank with what it says, or the problem it has."""
        for key in FACT_KEYS:
            found = _fact(key, self.text(key))
            if key == "factor":
                yield from self._factors()
            elif key not in _FACTORS and found is not None:
                yield key, found
        for code in CODES:
            number = self._number(code)
            if number is not None:
                yield code, number

    def _is_untouched(self, code: str) -> bool:
        return code in self._shown and self.text(code) == self._shown[code]

    def _number(self, code: str) -> GivenNumber | Problem | None:
        text = self.text(code)
        if self.basis is not None and self._is_untouched(code):
            return GivenNumber(self.basis.primaries[code], self._old_half_units().get(code, 0.0), text)
        return parse(text)

    def _factors(self) -> Iterator[tuple[str, SectionFactors | Problem]]:
        if self.basis is not None and all(self.text(key) == self._shown.get(key, "") for key in _FACTORS):
            if self.basis.factors is not None:
                yield "factor", self.basis.factors
            return
        convention = parse_choice("factor", self.text("factor"))
        stated = [parse(self.text(key)) for key in _FACTORS[1:]]
        faults = [
            (key, one) for key, one in zip(_FACTORS, (convention, *stated), strict=True) if isinstance(one, Problem)
        ]
        if faults:
            yield from faults
            return
        width, surface = [one.value if isinstance(one, GivenNumber) else None for one in stated]
        if convention is None and width is None and surface is None:
            return
        try:
            yield "factor", section_factors(convention or "stated", width, surface)  # type: ignore[arg-type]
        except AlgebraError:
            told = "state both numbers with 'stated', above zero, and none with 'isotropic' or 'iliac'"
            yield "factor", refusal(AlgebraError(told, code="factor-invalid"))


_BLANK: Mapping[str, Any] = {
    **dict.fromkeys(_TEXTS, ""),
    "entry": "1",
    **dict.fromkeys(("day", "side", "envelope", "referent", "osteoid_perimeter", "sections", "factors")),
    **dict.fromkeys((*_YES_NO, *_LABEL_DATES)),
}
"""Every fact that has a field, as it is when the field is blank."""


def _fact(key: str, text: str) -> Any:
    if key in _TEXTS:
        return text.strip() or None
    if key in _YES_NO:
        chosen = parse_choice(key, text)
        return chosen == "yes" if isinstance(chosen, str) else chosen
    if key in CHOICES:
        return parse_choice(key, text)
    if key == "sections":
        return parse_count(text)
    return parse_date(text) if key not in _FACTORS else None


def _texts_of(entry: HistomorphometryEntry) -> Iterator[tuple[str, str]]:
    for key in FACT_KEYS:
        if key not in _FACTORS:
            yield key, _told(getattr(entry, _NAMES.get(key, key)))
    if entry.factors is not None:
        yield "factor", entry.factors.convention
        if entry.factors.convention == "stated":
            for name in _FACTORS[1:]:
                yield name, number_text(getattr(entry.factors, name))
    for code, value in entry.primaries.items():
        yield code, number_text(value, entry.half_units.get(code, 0.0))


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _named(sentence: str, form: BiopsyForm) -> Iterator[str]:
    """Fields that a sentence about what cannot be true speaks of."""
    for code in CODES:
        if form.text(code) and re.search(rf"(?<![\w./]){re.escape(code)}(?![\w/]|\.\w)", sentence):
            yield code
    if "label" in sentence:
        yield from (key for key in _LABEL_DATES if form.text(key))
