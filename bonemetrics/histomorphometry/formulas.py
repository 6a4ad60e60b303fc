"""The formulas of bone histomorphometry as data: every index is a product, and a few lengths and areas are sums.

Forms, tables, checks, documentation and the algebra read them from here. `k_s` is the factor from perimeter to surface
and `k_w` the one from width to thickness; a year has 365 days, and percentages are numbers from 0 to 100.

References
----------
Identities of surfaces: Dempster DW et al. 2013, J Bone Miner Res 28:2, doi 10.1002/jbmr.1805, footnotes of table 3.
Formulas marked `read`: PMC2974387, which has 1/1.2 for `k_w`. The others are general knowledge of the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

Certainty = Literal["read", "general knowledge"]
Model = Literal["plate", "rod"]

DEMPSTER = "Dempster DW et al. 2013, doi 10.1002/jbmr.1805, table 3"
PMC2974387 = "PMC2974387"
FIELD = "common in the field; no source read"

SURFACE_FACTOR = "k_s"
WIDTH_FACTOR = "k_w"
FACTORS = (SURFACE_FACTOR, WIDTH_FACTOR)
NOT_BONE = "(T.Ar - B.Ar)"
ACTIVE = "(O.Pm + E.Pm)"
LABELLED = "(dL.Pm + sL.Pm / 2)"
UNNAMED = (NOT_BONE, ACTIVE, LABELLED)
"""Sums that have no code of their own, but stand in formulas."""


@dataclass(frozen=True, slots=True)
class Product:
    """`code` is `constant` times other measurements, indices or factors to whole powers.

    `model` is set where the index holds only for one model of trabeculae; `estimate` where the formula stands in for a
    direct measurement.
    """

    code: str
    constant: float
    powers: Mapping[str, int]
    source: str = FIELD
    certainty: Certainty = "general knowledge"
    model: Model | None = None
    estimate: bool = False

    @property
    def text(self) -> str:
        """The right-hand side as one line, such as `100 × B.Ar / T.Ar`."""
        above = [_bracketed(name) for name, power in self.powers.items() if power > 0]
        below = [_bracketed(name) for name, power in self.powers.items() if power < 0]
        if self.constant != 1 or not above:
            above.insert(0, f"{self.constant:g}")
        parts = [" × ".join(above)]
        if below:
            joined = " × ".join(below)
            parts.append(f"({joined})" if len(below) > 1 else joined)
        return " / ".join(parts)


@dataclass(frozen=True, slots=True)
class Sum:
    """`total` is the sum of `parts`, each (weight, code); none of them is below zero."""

    total: str
    parts: tuple[tuple[float, str], ...]
    source: str = FIELD
    certainty: Certainty = "general knowledge"

    @property
    def text(self) -> str:
        """The right-hand side as one line, such as `E.Pm + Q.Pm`."""
        return " + ".join(code if weight == 1 else f"{weight:g} × {code}" for weight, code in self.parts)

    @property
    def terms(self) -> tuple[tuple[float, str], ...]:
        """What adds up to zero: the parts, and the total with weight -1."""
        return (-1.0, self.total), *self.parts


def _bracketed(name: str) -> str:
    return f"({name})" if "/" in name and not name.startswith("(") else name


def _read(code: str, constant: float, powers: Mapping[str, int]) -> Product:
    return Product(code, constant, powers, PMC2974387, "read")


def _percent(code: str, part: str, whole: str) -> Product:
    return Product(code, 100, {part: 1, whole: -1})


PRODUCTS: tuple[Product, ...] = (
    _read("BV/TV", 100, {"B.Ar": 1, "T.Ar": -1}),
    _read("OV/BV", 100, {"O.Ar": 1, "B.Ar": -1}),
    _percent("OV/TV", "O.Ar", "T.Ar"),
    _percent("Md.V/TV", "Md.Ar", "T.Ar"),
    Product("BS/BV", 1, {"k_s": 1, "B.Pm": 1, "B.Ar": -1}),
    Product("BS/TV", 1, {"k_s": 1, "B.Pm": 1, "T.Ar": -1}),
    Product("Tb.Th", 2000, {"BS/BV": -1}, model="plate"),
    Product("Tb.N", 10, {"BV/TV": 1, "Tb.Th": -1}, model="plate"),
    Product("Tb.Sp", 1, {"Tb.Th": 1, NOT_BONE: 1, "B.Ar": -1}, model="plate"),
    Product("Tb.Dm", 4000, {"BS/BV": -1}, model="rod"),
    _percent("OS/BS", "O.Pm", "B.Pm"),
    _percent("ES/BS", "E.Pm", "B.Pm"),
    _percent("QS/BS", "Q.Pm", "B.Pm"),
    _percent("Ob.S/BS", "Ob.Pm", "B.Pm"),
    _percent("Oc.S/BS", "Oc.Pm", "B.Pm"),
    _percent("Rv.S/BS", "Rv.Pm", "B.Pm"),
    _percent("Ob.S/OS", "Ob.Pm", "O.Pm"),
    _percent("Oc.S/ES", "Oc.Pm", "E.Pm"),
    Product("N.Oc/B.Pm", 1, {"N.Oc": 1, "B.Pm": -1}),
    Product("N.Ob/B.Pm", 1, {"N.Ob": 1, "B.Pm": -1}),
    Product("N.Oc/T.Ar", 1, {"N.Oc": 1, "T.Ar": -1}),
    Product("O.Wi", 1000, {"O.Ar": 1, "O.Pm": -1}, estimate=True),
    Product("O.Th", 1, {"k_w": 1, "O.Wi": 1}),
    Product("W.Th", 1, {"k_w": 1, "W.Wi": 1}),
    Product("Ct.Th", 1, {"k_w": 1, "Ct.Wi": 1}),
    Product("It.Th", 1, {"k_w": 1, "It.Wi": 1}),
    _read("MS/BS", 100, {LABELLED: 1, "B.Pm": -1}),
    Product("MS/OS", 100, {LABELLED: 1, "O.Pm": -1}),
    _read("MAR", 1, {"k_w": 1, "Ir.L.Wi": 1, "Ir.L.t": -1}),
    Product("Aj.AR", 0.01, {"MAR": 1, "MS/OS": 1}),
    _read("BFR/BS", 3.65, {"MAR": 1, "MS/BS": 1}),
    Product("BFR/BV", 0.1, {"BFR/BS": 1, "BS/BV": 1}),
    Product("BFR/TV", 0.1, {"BFR/BS": 1, "BS/TV": 1}),
    _read("Omt", 1, {"O.Th": 1, "MAR": -1}),
    _read("Mlt", 1, {"O.Th": 1, "Aj.AR": -1}),
    Product("FP", 1, {"W.Th": 1, "Aj.AR": -1}),
    Product("FPa+", 1, {"W.Th": 1, "MAR": -1}),
    Product("Rs.P", 1, {"FP": 1, "Oc.Pm": 1, "O.Pm": -1}),
    Product("Rv.P", 1, {"FP": 1, "Rv.Pm": 1, "O.Pm": -1}),
    Product("EP", 1, {"FP": 1, "E.Pm": 1, "O.Pm": -1}),
    Product("QP", 1, {"FP": 1, "Q.Pm": 1, "O.Pm": -1}),
    Product("Rm.P", 1, {"FP": 1, ACTIVE: 1, "O.Pm": -1}),
    Product("Tt.P", 1, {"FP": 1, "B.Pm": 1, "O.Pm": -1}),
    Product("Ac.f", 1, {"BFR/BS": 1, "W.Th": -1}),
)
"""Every index. O.Wi stands here too: where it was not measured, area over one-sided perimeter gives it."""

SUMS: tuple[Sum, ...] = (
    Sum("B.Ar", ((1, "O.Ar"), (1, "Md.Ar"))),
    Sum("T.Ar", ((1, "B.Ar"), (1, NOT_BONE))),
    Sum("B.Pm", ((1, "O.Pm"), (1, "Md.Pm")), DEMPSTER, "read"),
    Sum("Md.Pm", ((1, "E.Pm"), (1, "Q.Pm")), DEMPSTER, "read"),
    Sum(ACTIVE, ((1, "O.Pm"), (1, "E.Pm"))),
    Sum("E.Pm", ((1, "Oc.Pm"), (1, "Rv.Pm")), DEMPSTER, "read"),
    Sum(LABELLED, ((1, "dL.Pm"), (0.5, "sL.Pm")), PMC2974387, "read"),
)

INDEX: Mapping[str, Product] = {product.code: product for product in PRODUCTS if not product.estimate}
ESTIMATES: tuple[Product, ...] = tuple(product for product in PRODUCTS if product.estimate)


@cache
def expanded(code: str) -> tuple[float, tuple[tuple[str, int], ...]]:
    """An index as a constant times powers of measurements, unnamed sums and factors.

    Parameters
    ----------
    code
        Code of an index or measurement.

    Returns
    -------
    constant, powers
        Powers are sorted by name; what cancels is left out.
    """
    product = INDEX.get(code)
    if product is None:
        return 1.0, ((code, 1),)
    constant = product.constant
    powers: dict[str, int] = {}
    for name, power in product.powers.items():
        inner, parts = expanded(name)
        constant *= inner**power
        for part, inner_power in parts:
            powers[part] = powers.get(part, 0) + power * inner_power
    return constant, tuple(sorted((name, power) for name, power in powers.items() if power))


TERMS: tuple[str, ...] = tuple(
    dict.fromkeys(
        [
            *FACTORS,
            *(name for total in SUMS for _, name in total.terms),
            *(name for code in INDEX for name, _ in expanded(code)[1]),
        ]
    )
)
"""What the indices are made of once they are written out: the unknowns of the algebra."""
