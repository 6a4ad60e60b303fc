"""Dynamic indices as the labels of a biopsy allow them: observed, imputed, censored, zero or missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bonemetrics.histomorphometry.algebra import Known, solve
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.histomorphometry.inputs import IDENTITY
from bonemetrics.histomorphometry.labels import LabelState
from bonemetrics.records import HistomorphometryEntry, HistomorphometryParameters, Problem, SectionFactors, note
from bonemetrics.records.clinical import Censored

FLOOR = "FLOOR"
"""DTYPE of values that rest on an apposition rate set to the protocol's floor; a sponsor's term."""
_ZERO_WITHOUT_LABEL = ("MS/BS", "MS/OS", "BFR/BS", "BFR/BV", "BFR/TV", "Ac.f")
_WITHOUT_RATE = frozenset({"MS/BS", "MS/OS"})
"""Dynamic indices that single labels alone give."""


class LabelRules:
    """The rules of labels for one biopsy; `flags`, `limits` and `notes` are what they said.

    Parameters
    ----------
    entry, parameters
        The biopsy, and `[histomorphometry]` of the protocol.
    data, factors
        What its values follow from.
    state, confirmed
        Of its labels, and whether they are known to have been taken.
    """

    def __init__(
        self,
        entry: HistomorphometryEntry,
        parameters: HistomorphometryParameters,
        data: Mapping[str, Known],
        factors: SectionFactors | None,
        state: LabelState,
        *,
        confirmed: bool,
    ) -> None:
        self._entry, self._rules, self._data, self._factors = entry, parameters, data, factors
        self._state, self._confirmed = state, confirmed
        self.flags: dict[str, str] = {}
        self.limits: dict[str, tuple[Censored, float]] = {}
        self.notes: list[Problem] = []
        self.solved = data
        """What the values that stand follow from: the data, with the apposition rate where that was set."""

    def allowed(self, values: Mapping[str, float]) -> dict[str, float]:
        """The values that stand.

        Parameters
        ----------
        values
            All that follows from what was entered.
        """
        entered = self._entry.primaries
        dynamic = {code for code in values if MEASUREMENTS[code].dynamic and code not in entered and code != "Ir.L.t"}
        if self._state == "double":
            self.notes += self._without_interval(values)
            return self._floored(dict(values)) if self._rules.floor_observed else dict(values)
        if self._state == "unknown":
            return self._of_unknown(values, dynamic)
        if self._state == "none":
            self.notes.append(note("no-label", f"{self._none()}: formation is zero, rates undefined"))
            return {code: value for code, value in values.items() if code not in dynamic or code in _ZERO_WITHOUT_LABEL}
        self.notes.append(note("single-label-only", "single labels only: the apposition rate is not measurable"))
        if self._rules.single_label == "floor":
            return self._with_floor()
        if self._rules.single_label == "censored":
            self._censor()
        return {code: value for code, value in values.items() if code not in dynamic or code in _WITHOUT_RATE}

    def _none(self) -> str:
        if "dL.Pm" in self._entry.primaries:
            return "no label although labels were taken"
        return "MS/BS was entered as 0 although labels were taken"

    def _without_interval(self, values: Mapping[str, float]) -> Iterator[Problem]:
        if "Ir.L.Wi" in self._entry.primaries and "Ir.L.t" not in self._data and "MAR" not in values:
            text = (
                "double labels and Ir.L.Wi were measured, but neither the dates of both label courses nor Ir.L.t are "
            )
            yield note("no-label-interval", text + "stated: MAR and what follows from it cannot be told")

    def _of_unknown(self, values: Mapping[str, float], dynamic: set[str]) -> dict[str, float]:
        """What stands where nobody knows whether labels are there: what was entered and is not zero, or confirmed."""
        typed = {code: one.value for code, one in self._data.items() if code in self._entry.typed}
        stated = {code for code, value in typed.items() if value > 0 or self._confirmed}
        if any(typed.get(code, 0.0) > 0 for code in _WITHOUT_RATE):
            # Somebody saw a label; the rate needs two, the surface does not.
            stated |= _WITHOUT_RATE
        missing = dynamic - stated
        if missing and not self._confirmed:
            why = "no label was found"
            if "dL.Pm" not in self._entry.primaries or "sL.Pm" not in self._entry.primaries:
                zero = next((code for code in _ZERO_WITHOUT_LABEL if typed.get(code) == 0), "")
                why = f"{zero} was entered as 0" if zero else "the labelled perimeters were not measured"
            text = f"{why} and nothing confirms that labels were taken: dynamic indices are missing"
            self.notes.append(note("labelling-unconfirmed", text))
        return {code: value for code, value in values.items() if code not in missing}

    def _floored(self, values: dict[str, float]) -> dict[str, float]:
        floor = self._rules.mar_floor_um_per_d
        return self._with_floor() if values.get("MAR", floor) < floor else values

    def _with_floor(self) -> dict[str, float]:
        """Everything with the apposition rate at the floor; what rests on it is flagged."""
        floor = self._rules.mar_floor_um_per_d
        found = self._at_rate(floor)
        plain = self._at_rate(None)
        self.flags = {code: FLOOR for code in found if code not in plain}
        self.notes.append(note("mar-imputed", f"MAR was set to the floor of {floor:g} um/d, not measured"))
        return found

    def _censor(self) -> None:
        """The apposition rate lies below the floor, and whatever rests on it on one side of its value there."""
        floor = self._rules.mar_floor_um_per_d
        plain, there, lower = self._at_rate(None), self._at_rate(floor), self._at_rate(floor / 2)
        for code, limit in there.items():
            if code not in plain and code in lower:
                self.limits[code] = ("below" if lower[code] < limit else "above", limit)
        self.notes.append(note("mar-censored", f"MAR is known only to lie below {floor:g} um/d"))

    def _at_rate(self, rate: float | None) -> dict[str, float]:
        """Everything that follows with this apposition rate, or without any."""
        typed = {code for code in self._data if MEASUREMENTS[code].dynamic and not MEASUREMENTS[code].is_primary}
        given = {code: one for code, one in self._data.items() if code not in typed - _WITHOUT_RATE | {"Ir.L.Wi"}}
        if rate is not None:
            given["MAR"] = Known(rate)
            self.solved = given
        found = dict(solve(given, self._factors, allowed=IDENTITY).values)
        found.pop("Ir.L.Wi", None)
        return found
