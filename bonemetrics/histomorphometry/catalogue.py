"""The catalogue of bone histomorphometry: what each measurement and index is, where it holds and what it may be.

Code, unit, name and definition of a quantity stand in `bonemetrics.quantities`, formulas in
`bonemetrics.histomorphometry.formulas`; here they come together. Forms, checks and documentation are made
from `MEASUREMENTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bonemetrics.errors import AlgebraError
from bonemetrics.histomorphometry import catalogue_entries as entries
from bonemetrics.histomorphometry import formulas
from bonemetrics.histomorphometry.catalogue_entries import Role
from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import Envelope

_UNITS_3D: Mapping[Role, str] = {"area": "mm3", "length": "mm2", "distance": "um"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measurement or index.

    `unit_2d` belongs to `name_2d` and `unit_3d` to `name_3d`; both are empty where there is no such name. `low` and
    `high` are hard limits in the unit of the quantity, `low_open` tells that `low` itself cannot be; `soft` is what is
    usual in cancellous iliac bone. `certainty` is that of the formula, of the names where there is none.
    """

    code: str
    role: Role
    name_3d: str
    name_2d: str
    unit_3d: str
    unit_2d: str
    referent: str
    envelopes: tuple[Envelope, ...]
    formula: str
    is_estimate: bool
    low: float
    low_open: bool
    high: float | None
    soft: tuple[float, float] | None
    dynamic: bool
    source: str
    certainty: formulas.Certainty

    @property
    def is_primary(self) -> bool:
        """Whether it is measured or counted in the section, and not derived from such numbers."""
        return self.role != "index"

    @property
    def unit(self) -> str:
        """Unit of its values, from the catalogue of quantities."""
        return CATALOGUE[self.code].unit

    @property
    def name(self) -> str:
        """Name in words, from the catalogue of quantities."""
        return CATALOGUE[self.code].name

    def holds(self, value: float) -> bool:
        """Whether `value` lies within the hard limits."""
        above = value > self.low if self.low_open else value >= self.low
        return above and (self.high is None or value <= self.high)

    @property
    def magnitudes(self) -> tuple[float, float]:
        """Least and greatest number, other than zero, that can be entered at all."""
        return entries.MAGNITUDES[self.role]


@dataclass(frozen=True, slots=True)
class AtMost:
    """`parts` together are never more than `whole`: a hard limit between measurements."""

    parts: tuple[str, ...]
    whole: str


AT_MOST: tuple[AtMost, ...] = (
    AtMost(("B.Ar",), "T.Ar"),
    AtMost(("O.Ar",), "B.Ar"),
    AtMost(("Md.Ar",), "B.Ar"),
    AtMost(("O.Pm", "E.Pm"), "B.Pm"),
    AtMost(("Ob.Pm",), "O.Pm"),
    AtMost(("Oc.Pm",), "E.Pm"),
    AtMost(("dL.Pm", "sL.Pm"), "B.Pm"),
    *(AtMost((code,), "B.Pm") for code in ("Ob.Pm", "Oc.Pm", "Rv.Pm", "Q.Pm", "Md.Pm")),
    *(AtMost((code,), "T.Ar") for code in ("O.Ar", "Md.Ar", "Ma.Ar", "Vd.Ar", "Fb.Ar")),
    AtMost(("OS/BS", "ES/BS"), ""),
)
"""Hard limits between entries; where `whole` is empty it is 100 %."""


def _names(code: str, role: Role) -> tuple[str, str, str, str]:
    """3D name and unit, then 2D name and unit."""
    unit = CATALOGUE[code].unit
    if role == "index":
        name_2d, unit_2d = entries.INDICES[code]
        two_dimensional_only = name_2d == code
        return ("", "", name_2d, unit_2d) if two_dimensional_only else (code, unit, name_2d, unit_2d)
    name_3d = {**entries.AREAS, **entries.LENGTHS, **entries.DISTANCES}.get(code, "")
    if name_3d == code:
        return name_3d, unit, "", ""
    return name_3d, _UNITS_3D.get(role, "") if name_3d else "", code, unit


def _formula(code: str) -> tuple[str, bool, str, formulas.Certainty]:
    """Text, whether it only estimates, source and certainty."""
    for product in formulas.PRODUCTS:
        if product.code == code:
            return product.text, product.estimate, product.source, product.certainty
    for total in formulas.SUMS:
        if total.total == code and not set(formulas.UNNAMED) & {name for _, name in total.parts}:
            return total.text, False, total.source, total.certainty
    if code in (*entries.TIMES, "T.Ar", "Ir.L.Wi", "Ca.Rd", "E.De"):
        return "", False, formulas.FIELD, "general knowledge"
    return "", False, formulas.DEMPSTER, "read"


def _high(code: str) -> float | None:
    share = CATALOGUE[code].unit == "%" and code not in entries.NOT_A_SHARE
    return 100.0 if share else None


def _is_dynamic(code: str) -> bool:
    labelled = {formulas.LABELLED, "dL.Pm", "sL.Pm", "L.Wi", "Ir.L.Wi", "Ir.L.t"}
    return not labelled.isdisjoint(name for name, _ in formulas.expanded(code)[1])


def _measured(code: str, role: Role) -> Measured:
    name_3d, unit_3d, name_2d, unit_2d = _names(code, role)
    formula, is_estimate, source, certainty = _formula(code)
    referent = (name_3d or name_2d).rpartition("/")[2] if role == "index" and "/" in code else ""
    return Measured(
        code=code,
        role=role,
        name_3d=name_3d,
        name_2d=name_2d,
        unit_3d=unit_3d,
        unit_2d=unit_2d,
        referent=referent,
        envelopes=entries.ELSEWHERE_ABSENT.get(code, entries.ALL_ENVELOPES),
        formula=formula,
        is_estimate=is_estimate,
        low=0.0,
        low_open=code in entries.ABOVE_ZERO,
        high=_high(code),
        soft=entries.SOFT.get(code),
        dynamic=_is_dynamic(code),
        source=source,
        certainty=certainty,
    )


_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(entries.AREAS, "area"),
    **dict.fromkeys(entries.LENGTHS, "length"),
    **dict.fromkeys(entries.DISTANCES, "distance"),
    **dict.fromkeys(entries.TIMES, "time"),
    **dict.fromkeys(entries.NUMBERS, "number"),
    **dict.fromkeys(entries.INDICES, "index"),
}
MEASUREMENTS: Mapping[str, Measured] = MappingProxyType({code: _measured(code, role) for code, role in _ROLES.items()})
"""Every measurement and index by code: measurements of the section first, then indices."""
DYNAMIC: frozenset[str] = frozenset(code for code, entry in MEASUREMENTS.items() if entry.dynamic)
"""What rests on fluorescent labels."""


def measured(code: str) -> Measured:
    """The entry of a code.

    Raises
    ------
    AlgebraError
        `unknown-index` if there is none.
    """
    entry = MEASUREMENTS.get(code)
    if entry is None:
        raise AlgebraError(f"{code!r} is no measurement or index of histomorphometry", code="unknown-index")
    return entry


def mixes_dimensions(name: str, unit: str) -> bool:
    """Whether a 2D name stands with a 3D unit, or a 3D name with a 2D unit, as in `B.Ar [mm3]`.

    Parameters
    ----------
    name
        A 2D or 3D name, such as `B.Ar` or `BV`.
    unit
        A UCUM unit, such as `mm2`.
    """
    belonging = {entry.unit_2d for entry in MEASUREMENTS.values() if entry.name_2d == name}
    belonging |= {entry.unit_3d for entry in MEASUREMENTS.values() if entry.name_3d == name}
    other = {entry.unit_3d for entry in MEASUREMENTS.values() if entry.name_2d == name}
    other |= {entry.unit_2d for entry in MEASUREMENTS.values() if entry.name_3d == name}
    return unit in other - belonging
