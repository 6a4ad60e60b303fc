"""From the entries of a study's biopsies to values of the outcomes dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bonemetrics.histomorphometry.algebra import Known, Solution, solve
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.checks import IDENTITY, differing, fractions, typed_notes, unusual
from bonemetrics.histomorphometry.compare import biopsy_of, reconcile
from bonemetrics.histomorphometry.infer import infer_factors
from bonemetrics.histomorphometry.inputs import factors_of, known, measurements_of
from bonemetrics.histomorphometry.labels import LabelState, label_state
from bonemetrics.histomorphometry.precision import index_uncertainties
from bonemetrics.records import (
    HistomorphometryEntry,
    HistomorphometryParameters,
    Observation,
    Problem,
    note,
)
from bonemetrics.records.clinical import Censored

METHOD = "histomorphometry/1"
FLOOR = "FLOOR"
"""DTYPE of values that rest on an apposition rate set to the protocol's floor; a sponsor's term."""
_ZERO_WITHOUT_LABEL = ("MS/BS", "MS/OS", "BFR/BS", "BFR/BV", "BFR/TV", "Ac.f")
_WITHOUT_RATE = frozenset({"MS/BS", "MS/OS"})
"""Dynamic indices that single labels alone give."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the biopsies gave: values, the label state of each biopsy, and what was said of entries."""

    observations: tuple[Observation, ...]
    labels: tuple[tuple[HistomorphometryEntry, LabelState], ...]
    notes: tuple[tuple[HistomorphometryEntry, Problem], ...]


def measured_entries(entries: Sequence[HistomorphometryEntry], parameters: HistomorphometryParameters) -> Measured:
    """Settle, solve and judge all biopsies of a study.

    Parameters
    ----------
    entries
        In any order; drafts give no value and are noted.
    parameters
        `[histomorphometry]` of the protocol.

    Returns
    -------
    Measured
        One value for every measurement and index that can be told, by biopsy and envelope.
    """
    groups: dict[tuple[object, ...], list[HistomorphometryEntry]] = {}
    notes: list[tuple[HistomorphometryEntry, Problem]] = []
    for entry in sorted(entries, key=lambda one: (one.subject, str(one.day), one.entry, one.sheet, one.line)):
        if entry.state == "draft":
            notes.append((entry, note("draft-entry", "the entry is a draft, so its numbers are not analysed")))
        else:
            groups.setdefault(biopsy_of(entry), []).append(entry)
    suspect = fractions(entry for group in groups.values() for entry in group)
    observations: list[Observation] = []
    labels: list[tuple[HistomorphometryEntry, LabelState]] = []
    sides: dict[tuple[str, str | None], HistomorphometryEntry] = {}
    for group in groups.values():
        settled = reconcile(group, parameters)
        entry = settled.entry
        biopsy = _Biopsy(entry, parameters, settled.notes)
        told = [*biopsy.notes, *(one for code, one in suspect.items() if code in entry.typed)]
        earlier = sides.setdefault((entry.subject, entry.side), entry)
        if entry.side and earlier.day is not None and entry.day is not None and earlier.day < entry.day:
            told.append(
                note("same-side-biopsy", f"an earlier biopsy of {earlier.day} was from the {entry.side} side too")
            )
        labels.append((entry, biopsy.state))
        notes += [(entry, problem) for problem in told]
        observations += biopsy.observations()
    return Measured(tuple(observations), tuple(labels), tuple(notes))


class _Biopsy:
    """One settled entry, solved under the rules of labels."""

    def __init__(
        self, entry: HistomorphometryEntry, parameters: HistomorphometryParameters, notes: Sequence[Problem]
    ) -> None:
        self.entry, self._rules = entry, parameters
        self._factors = factors_of(entry, parameters)
        self.notes: list[Problem] = list(notes)
        self._flags: dict[str, str] = {}
        self._limits: dict[str, tuple[Censored, float]] = {}
        primaries, told = measurements_of(entry, parameters)
        self.notes += told
        confirmed = entry.labelling_confirmed
        if confirmed is None:
            confirmed = parameters.labelling_confirmed
        self._confirmed = bool(confirmed)
        self.state: LabelState = label_state(primaries, confirmed=confirmed, typed=entry.typed)
        self._given = known(entry, primaries)
        self._data: dict[str, Known] = dict(self._given)
        self.values = self._solved()
        self._judge()

    def _solved(self) -> dict[str, float]:
        typed = known(self.entry, dict(self.entry.typed))
        plain = solve(self._given, self._factors, allowed=IDENTITY)
        # Indices typed beside measurements are checks; where the measurements do not give them, they are data.
        self._data |= {code: one for code, one in typed.items() if code not in plain.values}
        solution = solve(self._data, self._factors, allowed=IDENTITY)
        self._note_contradictions(solution)
        self.notes += typed_notes(self.entry, plain)
        self._note_factors(self._given, differing(typed, plain.values))
        return self._by_labels(dict(solution.values))

    def _note_contradictions(self, solution: Solution) -> None:
        for one in solution.contradictions:
            self.notes.append(note("identity-violated", one.message + "; neither gives a number"))

    def _note_factors(self, given: Mapping[str, Known], typed: Mapping[str, Known]) -> None:
        if self._factors is None or not typed:
            return
        for one in infer_factors(given, typed):
            stated = one.factor_of(self._factors)
            if one.fitting and not one.low <= stated <= one.high:
                text = f"{one.message}, but the entry says {self._factors.convention} ({stated:.4g})"
                self.notes.append(note("factor-inferred", text))

    def _by_labels(self, values: dict[str, float]) -> dict[str, float]:
        """Dynamic indices as the labels allow them."""
        dynamic = [code for code in values if MEASUREMENTS[code].dynamic and code not in self.entry.primaries]
        dynamic = [code for code in dynamic if code != "Ir.L.t"]
        if self.state == "double":
            return self._floored(values) if self._rules.floor_observed else values
        if self.state == "unknown":
            if dynamic and not self._confirmed:
                text = "no label was found and nothing confirms that labels were taken: dynamic indices are missing"
                self.notes.append(note("labelling-unconfirmed", text))
            entered = {code: one.value for code, one in self._data.items() if code in self.entry.typed}
            stated = {code for code, value in entered.items() if value > 0 or self._confirmed}
            return {code: value for code, value in values.items() if code not in dynamic or code in stated}
        if self.state == "none":
            self.notes.append(
                note("no-label", "no label although labels were taken: formation is zero, rates undefined")
            )
            return {code: value for code, value in values.items() if code not in dynamic or code in _ZERO_WITHOUT_LABEL}
        self.notes.append(note("single-label-only", "single labels only: the apposition rate is not measurable"))
        if self._rules.single_label == "floor":
            return self._with_floor()
        if self._rules.single_label == "censored":
            self._censor()
        return {code: value for code, value in values.items() if code not in dynamic or code in _WITHOUT_RATE}

    def _floored(self, values: dict[str, float]) -> dict[str, float]:
        floor = self._rules.mar_floor_um_per_d
        return self._with_floor() if values.get("MAR", floor) < floor else values

    def _with_floor(self) -> dict[str, float]:
        """Everything with the apposition rate at the floor; what rests on it is flagged."""
        floor = self._rules.mar_floor_um_per_d
        found = self._at_rate(floor)
        plain = self._at_rate(None)
        self._flags = {code: FLOOR for code in found if code not in plain}
        self.notes.append(note("mar-imputed", f"MAR was set to the floor of {floor:g} um/d, not measured"))
        return found

    def _censor(self) -> None:
        """The apposition rate lies below the floor, and whatever rests on it on one side of its value there."""
        floor = self._rules.mar_floor_um_per_d
        plain, there, lower = self._at_rate(None), self._at_rate(floor), self._at_rate(floor / 2)
        for code, limit in there.items():
            if code not in plain and code in lower:
                self._limits[code] = ("below" if lower[code] < limit else "above", limit)
        self.notes.append(note("mar-censored", f"MAR is known only to lie below {floor:g} um/d"))

    def _at_rate(self, rate: float | None) -> dict[str, float]:
        """Everything that follows with this apposition rate, or without any."""
        typed = {code for code in self._data if MEASUREMENTS[code].dynamic and not MEASUREMENTS[code].is_primary}
        given = {code: one for code, one in self._data.items() if code not in typed - _WITHOUT_RATE | {"Ir.L.Wi"}}
        if rate is not None:
            given["MAR"] = Known(rate)
        found = dict(solve(given, self._factors, allowed=IDENTITY).values)
        found.pop("Ir.L.Wi", None)
        return found

    def _judge(self) -> None:
        self.notes += unusual(self.entry, self.values, self._rules)

    def observations(self) -> Iterator[Observation]:
        """One per value, in the order of the catalogue."""
        entry = self.entry
        spread = self._uncertainties()
        parameters: dict[str, JsonValue] = {
            "factor": "" if self._factors is None else self._factors.convention,
            "width_to_thickness": None if self._factors is None else self._factors.width_to_thickness,
            "perimeter_to_surface": None if self._factors is None else self._factors.perimeter_to_surface,
            "labels": self.state,
            "referent": entry.referent,
            "erosion_definition": entry.erosion_definition,
        }
        if self._flags or self._limits:
            parameters["mar_floor_um_per_d"] = self._rules.mar_floor_um_per_d
        for code in MEASUREMENTS:
            value = self.values.get(code)
            side, limit = self._limits.get(code, (None, None))
            if value is None and limit is None:
                continue
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
                standard_uncertainty=None if value is None or code in self._flags else spread.get(code),
                site=entry.site,
                side=None,
                region=entry.envelope or "",
                given=f"{entry.primaries[code]:g}" if code in entry.primaries else "",
                given_unit=MEASUREMENTS[code].unit if code in entry.primaries else "",
                derivation=self._flags.get(code, ""),
                method=f"{METHOD}; factor {parameters['factor'] or 'not stated'}",
                parameters=parameters,
                notes=self._notes_of(code),
            )

    def _uncertainties(self) -> dict[str, float]:
        cvs = self._rules.reader_cv_percent
        return index_uncertainties(self._given, self._factors, cvs) if cvs else {}

    def _notes_of(self, code: str) -> tuple[Problem, ...]:
        """Notes of the biopsy that bear on one value; those that name a code bear on that one alone."""
        general = ("entries-differ", "osteoid-outline", "small-tissue-area", "few-sections", "broken-core")
        labelled = (
            "single-label-only",
            "no-label",
            "mar-imputed",
            "mar-censored",
            "label-interval-typed",
            "label-interval-differs",
        )
        return tuple(
            one
            for one in self.notes
            if one.code in general
            or (one.code in labelled and MEASUREMENTS[code].dynamic)
            or one.message.startswith(f"{code} ")
        )
