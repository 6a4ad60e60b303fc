"""One settled entry of a biopsy: solved, judged, and its dynamic indices as the labels allow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bonemetrics.histomorphometry.algebra import Known, Solution, solve
from bonemetrics.histomorphometry.bearing import Bearing
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.checks import differing
from bonemetrics.histomorphometry.factors import unlike
from bonemetrics.histomorphometry.infer import factor_in, infer_factors
from bonemetrics.histomorphometry.inputs import IDENTITY, factors_of, known, measurements_of, osteoid_of
from bonemetrics.histomorphometry.label_rules import LabelRules
from bonemetrics.histomorphometry.labels import LabelState, label_state
from bonemetrics.histomorphometry.possible import Wide, impossible, wide
from bonemetrics.histomorphometry.unusual import typed_notes, unusual
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, note

_OF_ALL = frozenset(
    {"entries-differ", "entries-not-compared", "osteoid-outline", "small-tissue-area", "few-sections", "broken-core"}
    | {"factors-unusual"}
)
"""Notes that bear on every value of a biopsy."""
_OF_LABELS = frozenset(
    {"single-label-only", "no-label", "mar-imputed", "mar-censored", "label-interval-typed", "label-interval-differs"}
)
_SPREADING = frozenset(
    {"unit-suspect-histomorphometry", "typed-differs", "factor-inferred", "count-not-whole", "widths-differ"}
)
"""Notes that begin with the code of a value and bear on all that rests on what it rests on."""
_ON_SEAMS = frozenset({"O.Wi", "O.Th", "Mlt", "Omt"})


class Biopsy:
    """One settled entry, solved under the rules of labels.

    Parameters
    ----------
    entry
        Settled.
    parameters
        `[histomorphometry]` of the protocol.
    notes
        What was said of it before.
    """

    def __init__(
        self, entry: HistomorphometryEntry, parameters: HistomorphometryParameters, notes: Sequence[Problem]
    ) -> None:
        self.entry, self._rules = entry, parameters
        self.factors = factors_of(entry, parameters)
        self.notes: list[Problem] = list(notes)
        primaries, told = measurements_of(entry, parameters)
        self.notes += told
        confirmed = entry.labelling_confirmed
        if confirmed is None:
            confirmed = parameters.labelling_confirmed
        self.state: LabelState = label_state(primaries, confirmed=confirmed, typed=entry.typed)
        self.given = known(entry, primaries)
        self._rests: dict[tuple[str, str], frozenset[str]] = {}
        self._withheld: set[str] = set()
        self._wide: dict[str, Wide] = {}
        self.data, values = self._solved()
        labels = LabelRules(entry, parameters, self.data, self.factors, self.state, confirmed=bool(confirmed))
        allowed = {code: value for code, value in labels.allowed(values).items() if self._is_here(code)}
        self._bearing = Bearing(labels.solved, self.factors)
        self._note_rounding(allowed)
        self.values = {code: value for code, value in allowed.items() if code not in self._withheld}
        self.flags: Mapping[str, str] = labels.flags
        self.limits = {code: limit for code, limit in labels.limits.items() if self._is_here(code)}
        self.notes += labels.notes
        self._judge()

    def _is_here(self, code: str) -> bool:
        """Whether what the code means is there in the envelope."""
        return self.entry.envelope is None or self.entry.envelope in MEASUREMENTS[code].envelopes

    def _solved(self) -> tuple[dict[str, Known], dict[str, float]]:
        """The givens that are data, and all that follows from them and can be."""
        self._drop_unsound()
        typed = known(
            self.entry, {code: value for code, value in self.entry.typed.items() if code not in self._withheld}
        )
        plain = solve(self.given, self.factors, allowed=IDENTITY)
        # Indices typed beside measurements are checks; where the measurements do not give them, they are data.
        data = {**self.given, **{code: one for code, one in typed.items() if code not in plain.values}}
        solution = solve(data, self.factors, allowed=IDENTITY)
        for one in solution.contradictions:
            self.notes.append(note("identity-violated", one.message + "; neither gives a number"))
        data, solution = self._possible(data, solution)
        self.notes += typed_notes(self.entry, plain)
        self._note_factors(differing(typed, plain.values))
        self._wide = {one.code: one for one in wide(data, solution, self.factors) if one.code not in self._withheld}
        return data, dict(solution.values)

    def _drop_unsound(self) -> None:
        """Leave out entered values that cannot be; a complete entry has none."""
        for code, value in {**self.entry.primaries, **self.entry.typed}.items():
            if not MEASUREMENTS[code].holds(value):
                self._withheld.add(code)
                self.given.pop(code, None)
                self.notes.append(note("value-impossible", f"{code} = {value:g} was entered; it was withheld"))

    def _possible(self, data: dict[str, Known], solution: Solution) -> tuple[dict[str, Known], Solution]:
        """What is left without the givens from which something follows that cannot be."""
        while True:
            found = impossible(data, solution, self.factors)
            out = {name for one in found if not one.is_rounding for name in one.because}
            for one in found:
                end = "it was withheld" if one.is_rounding else "none of them gives a number"
                self._withheld.add(one.code)
                self.notes.append(note("value-impossible", f"{one.message}; {end}"))
            if not out:
                return data, solution
            self._withheld |= out
            data = {code: one for code, one in data.items() if code not in out}
            solution = solve(data, self.factors, allowed=IDENTITY)

    def _note_rounding(self, allowed: Mapping[str, float]) -> None:
        """Withhold what rounding leaves nothing sure of, and tell what it leaves a wide range."""
        found = {
            code: one
            for code, one in self._wide.items()
            if code not in self._withheld and code in allowed and allowed[code] == one.value
        }
        lost = [one for one in found.values() if one.is_lost]
        self._wide = {code: one for code, one in found.items() if not one.is_lost}
        self._withheld |= {one.code for one in lost}
        for end, some in (("", self._wide.values()), ("; they were withheld", lost)):
            if some:
                told = ", ".join(one.message for one in some)
                text = f"the rounding of what was entered leaves wide ranges: {told}{end}"
                self.notes.append(note("rounding-amplified", text))

    def _note_factors(self, typed: Mapping[str, Known]) -> None:
        if self.factors is None:
            return
        told = unlike(self.factors)
        if told:
            self.notes.append(note("factors-unusual", told))
        for one in infer_factors(self.given, typed) if typed else ():
            stated = one.factor_of(self.factors)
            if one.fitting and not one.low <= stated <= one.high:
                text = f"{one.message}, but the entry says {self.factors.convention} ({stated:.4g})"
                self.notes.append(note("factor-inferred", text))

    def _judge(self) -> None:
        self.notes += unusual(self.entry, self.values, self._rules)
        convention, width = osteoid_of(self.entry, self._rules)
        if convention == "not stated" and width == "area over perimeter" and "O.Th" in self.values:
            text = "O.Th is O.Ar over O.Pm, and nothing states whether O.Pm is one side of the seams or their outline;"
            text += " if it is the outline, O.Th, Omt and Mlt are half of what they should be: state osteoid_perimeter"
            self.notes.append(note("osteoid-convention-unknown", text))

    def notes_of(self, code: str) -> tuple[Problem, ...]:
        """Notes of the biopsy that bear on one value."""
        own = [one for one in self.notes if self._bears_on(one, code)]
        if code in self._wide:
            text = f"the rounding of what was entered leaves a wide range: {self._wide[code].message}"
            own.append(note("rounding-amplified", text))
        return tuple(own)

    def _bears_on(self, one: Problem, code: str) -> bool:
        if one.code in _OF_ALL:
            return True
        if one.code in _OF_LABELS:
            return MEASUREMENTS[code].dynamic
        if one.code == "osteoid-convention-unknown":
            return code in _ON_SEAMS
        named = one.message.partition(" ")[0]
        if named == code or (one.code == "widths-differ" and f"{code} = " in one.message):
            return True
        return one.code in _SPREADING and named in MEASUREMENTS and code in self._resting(one.code, named)

    def _resting(self, told: str, named: str) -> frozenset[str]:
        """Values that rest on what a value rests on, and on the factor that is told from it."""
        if (told, named) not in self._rests:
            found = self._bearing.rests(named)
            if told == "factor-inferred":
                found |= self._bearing.on_factor(factor_in(named)[0])
            self._rests[told, named] = found
        return self._rests[told, named]
