"""From the entries of a study's biopsies to values of the outcomes dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry.algebra import Known, Solution, solve
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.checks import factors_of, typed_notes, unusual
from bonemetrics.histomorphometry.compare import reconcile
from bonemetrics.histomorphometry.infer import infer_factors
from bonemetrics.histomorphometry.labels import LabelState, interlabel_days, label_state
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
_ZERO_WITHOUT_LABEL = ("MS/BS", "BFR/BS", "BFR/BV", "BFR/TV", "Ac.f")


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
            key = (entry.subject, entry.day, entry.study_day, entry.visit, entry.biopsy, entry.envelope)
            groups.setdefault(key, []).append(entry)
    observations: list[Observation] = []
    labels: list[tuple[HistomorphometryEntry, LabelState]] = []
    sides: dict[tuple[str, str | None], HistomorphometryEntry] = {}
    for group in groups.values():
        settled = reconcile(group, parameters)
        entry = settled.entry
        biopsy = _Biopsy(entry, parameters)
        told = [*settled.notes, *biopsy.notes]
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

    def __init__(self, entry: HistomorphometryEntry, parameters: HistomorphometryParameters) -> None:
        self.entry, self._rules = entry, parameters
        self._factors = factors_of(entry, parameters)
        self.notes: list[Problem] = []
        self._flags: dict[str, str] = {}
        self._limits: dict[str, tuple[Censored, float]] = {}
        primaries = self._primaries()
        confirmed = entry.labelling_confirmed
        if confirmed is None:
            confirmed = parameters.labelling_confirmed
        self.state: LabelState = label_state(primaries, confirmed=confirmed)
        self._given = {code: Known(value, entry.half_units.get(code, 0.0)) for code, value in primaries.items()}
        self.values = self._solved()
        self._judge()

    def _primaries(self) -> dict[str, float]:
        """The measurements, with the interval from the dates of the labels and one side of the osteoid's outline."""
        found = dict(self.entry.primaries)
        if (self.entry.osteoid_perimeter or self._rules.osteoid_perimeter) == "outline" and "O.Pm" in found:
            found["O.Pm"] /= 2
            self.notes.append(note("osteoid-outline", "O.Pm is the outline of the seams; half of it was taken"))
        days = self._interval()
        typed = found.get("Ir.L.t")
        if days is not None:
            if typed is not None and abs(typed - days) > max(0.5, self.entry.half_units.get("Ir.L.t", 0.0)):
                text = f"Ir.L.t was entered as {typed:g} d; the label dates give {days:g} d, which stand"
                self.notes.append(note("label-interval-differs", text))
            found["Ir.L.t"] = days
        elif typed is not None:
            text = f"Ir.L.t = {typed:g} d was entered by hand; no label dates are there to check it"
            self.notes.append(note("label-interval-typed", text))
        return found

    def _interval(self) -> float | None:
        entry = self.entry
        if entry.label1_start is None or entry.label2_start is None:
            return None
        try:
            return interlabel_days(
                entry.label1_start, entry.label1_end, entry.label2_start, entry.label2_end, entry.day
            )
        except AlgebraError:
            return None

    def _solved(self) -> dict[str, float]:
        given = {code: known for code, known in self._given.items() if code in MEASUREMENTS}
        typed = {code: Known(value, self.entry.half_units.get(code, 0.0)) for code, value in self.entry.typed.items()}
        plain = solve(given, self._factors)
        # Indices typed beside measurements are checks; where the measurements do not give them, they are data.
        data = {code: known for code, known in typed.items() if code not in plain.values}
        solution = solve({**given, **data}, self._factors) if data else plain
        self._note_contradictions(solution)
        self.notes += typed_notes(self.entry, plain)
        self._note_factors(given, typed)
        return self._by_labels(dict(solution.values))

    def _note_contradictions(self, solution: Solution) -> None:
        for one in solution.contradictions:
            self.notes.append(note("identity-violated", one.message + "; neither gives a number"))

    def _note_factors(self, given: Mapping[str, Known], typed: Mapping[str, Known]) -> None:
        for one in infer_factors(given, typed) if typed else ():
            if self._factors is not None and one.fitting and self._factors.convention not in (*one.fitting, "stated"):
                text = f"{one.message}, but the entry says {self._factors.convention}"
                self.notes.append(note("factor-inferred", text))

    def _by_labels(self, values: dict[str, float]) -> dict[str, float]:
        """Dynamic indices as the labels allow them."""
        dynamic = [code for code in values if MEASUREMENTS[code].dynamic and code not in self.entry.primaries]
        dynamic = [code for code in dynamic if code != "Ir.L.t"]
        if self.state == "double":
            return self._floored(values) if self._rules.floor_observed else values
        if self.state == "unknown":
            if any(code in self.entry.primaries for code in ("dL.Pm", "sL.Pm")):
                text = "no label was found and nothing confirms that labels were taken: dynamic indices are missing"
                self.notes.append(note("labelling-unconfirmed", text))
            return {code: value for code, value in values.items() if code not in dynamic}
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
        return {code: value for code, value in values.items() if code not in dynamic or code in ("MS/BS", "MS/OS")}

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
        given = {code: known for code, known in self._given.items() if code != "Ir.L.Wi"}
        if rate is not None:
            given["MAR"] = Known(rate)
        found = dict(solve(given, self._factors).values)
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
                given=f"{value:g}" if code in entry.primaries else "",
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
