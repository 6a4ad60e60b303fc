"""What the catalogue of histomorphometry says of each code beside its quantity and formula: names, envelopes, limits.

References
----------
Pairs of names: Dempster DW et al. 2013, J Bone Miner Res 28:2, doi 10.1002/jbmr.1805, table 3; T.Ar, Ir.L.Wi, O.Th of
indices and the envelopes to which a measurement belongs are general knowledge, and so are all soft limits: they warn
and never reject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bonemetrics.records import ENVELOPES, Envelope

Role = Literal["area", "length", "distance", "number", "time", "index"]

# code: (3D name, unit of the 3D name)
AREAS: Mapping[str, str] = {
    "T.Ar": "TV",
    "B.Ar": "BV",
    "O.Ar": "OV",
    "Md.Ar": "Md.V",
    "Vd.Ar": "Vd.V",
    "Ma.Ar": "Ma.V",
    "Fb.Ar": "Fb.V",
    "Ca.Ar": "Ca.V",
}
LENGTHS: Mapping[str, str] = {
    "B.Pm": "BS",
    "O.Pm": "OS",
    "E.Pm": "ES",
    "Q.Pm": "QS",
    "Md.Pm": "Md.S",
    "Ob.Pm": "Ob.S",
    "Oc.Pm": "Oc.S",
    "Rv.Pm": "Rv.S",
    "sL.Pm": "sLS",
    "dL.Pm": "dLS",
}
DISTANCES: Mapping[str, str] = {
    "Ct.Wi": "Ct.Th",
    "W.Wi": "W.Th",
    "O.Wi": "O.Th",
    "Md.Wi": "Md.Th",
    "L.Wi": "L.Th",
    "Tb.Wi": "Tb.Th",
    "It.Wi": "It.Th",
    "Ir.L.Wi": "Ir.L.Th",
    "Ca.Rd": "Ca.Rd",
    "E.De": "E.De",
}
"""Ca.Rd and E.De have no other name in the section."""
NUMBERS = ("N.Ob", "N.Oc", "N.Ot", "N.Ad", "N.Nc", "N.Ca", "N.Sm", "N.E", "N.Pf")
TIMES = ("Ir.L.t",)

# index: (2D name, unit of the 2D name); the code itself is the 3D name
INDICES: Mapping[str, tuple[str, str]] = {
    "BV/TV": ("B.Ar/T.Ar", "%"),
    "OV/BV": ("O.Ar/B.Ar", "%"),
    "OV/TV": ("O.Ar/T.Ar", "%"),
    "Md.V/TV": ("Md.Ar/T.Ar", "%"),
    "BS/BV": ("B.Pm/B.Ar", "mm/mm2"),
    "BS/TV": ("B.Pm/T.Ar", "mm/mm2"),
    "Tb.Th": ("Tb.Wi", "um"),
    "Tb.N": ("", ""),
    "Tb.Sp": ("", ""),
    "Tb.Dm": ("", ""),
    "OS/BS": ("O.Pm/B.Pm", "%"),
    "ES/BS": ("E.Pm/B.Pm", "%"),
    "QS/BS": ("Q.Pm/B.Pm", "%"),
    "Ob.S/BS": ("Ob.Pm/B.Pm", "%"),
    "Oc.S/BS": ("Oc.Pm/B.Pm", "%"),
    "Rv.S/BS": ("Rv.Pm/B.Pm", "%"),
    "Ob.S/OS": ("Ob.Pm/O.Pm", "%"),
    "Oc.S/ES": ("Oc.Pm/E.Pm", "%"),
    "N.Oc/B.Pm": ("N.Oc/B.Pm", "1/mm"),
    "N.Ob/B.Pm": ("N.Ob/B.Pm", "1/mm"),
    "N.Oc/T.Ar": ("N.Oc/T.Ar", "1/mm2"),
    "O.Th": ("O.Wi", "um"),
    "W.Th": ("W.Wi", "um"),
    "Ct.Th": ("Ct.Wi", "um"),
    "It.Th": ("It.Wi", "um"),
    "MS/BS": ("M.Pm/B.Pm", "%"),
    "MS/OS": ("M.Pm/O.Pm", "%"),
    "MAR": ("", ""),
    "Aj.AR": ("", ""),
    "BFR/BS": ("BFR/B.Pm", "um2/um/a"),
    "BFR/BV": ("BFR/B.Ar", "%/a"),
    "BFR/TV": ("BFR/T.Ar", "%/a"),
    "Omt": ("", ""),
    "Mlt": ("", ""),
    "FP": ("", ""),
    "FPa+": ("", ""),
    "Rs.P": ("", ""),
    "Rv.P": ("", ""),
    "EP": ("", ""),
    "QP": ("", ""),
    "Rm.P": ("", ""),
    "Tt.P": ("", ""),
    "Ac.f": ("", ""),
}

_TRABECULAR: tuple[Envelope, ...] = ("cancellous",)
_CORTICAL: tuple[Envelope, ...] = ("endocortical", "intracortical", "periosteal")
_CANAL: tuple[Envelope, ...] = ("intracortical",)
ELSEWHERE_ABSENT: Mapping[str, tuple[Envelope, ...]] = {
    **dict.fromkeys(("Tb.Wi", "Tb.Th", "Tb.N", "Tb.Sp", "Tb.Dm"), _TRABECULAR),
    **dict.fromkeys(("Ct.Wi", "Ct.Th"), _CORTICAL),
    **dict.fromkeys(("Ca.Ar", "N.Ca", "Ca.Rd"), _CANAL),
}
"""Envelopes of what is named after one compartment; everything else may stand in all."""
ALL_ENVELOPES = ENVELOPES

SOFT: Mapping[str, tuple[float, float]] = {
    "BV/TV": (3, 40),
    "Tb.Th": (50, 250),
    "Tb.N": (0.4, 3),
    "Tb.Sp": (200, 2000),
    "OV/BV": (0, 10),
    "OS/BS": (0, 60),
    "O.Th": (3, 25),
    "W.Th": (20, 60),
    "ES/BS": (0, 15),
    "Oc.S/BS": (0, 5),
    "MS/BS": (0, 35),
    "MAR": (0.3, 1.2),
    "BFR/BS": (0, 150),
    "Mlt": (5, 200),
    "Ac.f": (0, 2),
}
"""What is usual in cancellous iliac bone, in the catalogue's units."""

MAGNITUDES: Mapping[Role, tuple[float, float]] = {
    **dict.fromkeys(("area", "length", "distance", "time"), (1e-6, 1e6)),
    "number": (1e-6, 1e9),
    "index": (1e-9, 1e9),
}
"""Least and greatest number, other than zero, that a section can hold in the catalogue's units, with much room."""

ABOVE_ZERO = frozenset(
    {"T.Ar", "B.Ar", "B.Pm", "Ir.L.t", *DISTANCES, "Ct.Th", "W.Th", "It.Th", "O.Th", "BV/TV", "BS/BV", "BS/TV"}
    | {"Tb.Th", "Tb.N", "Tb.Dm", "MAR", "Aj.AR", "Omt", "Mlt", "FP", "FPa+", "Tt.P", "Rm.P"}
)
"""What cannot be zero where it was measured at all: without a label there is no rate, and not a rate of zero."""

NOT_A_SHARE = frozenset({"MS/OS", "BFR/BV", "BFR/TV"})
"""What is in per cent and may exceed 100: bone is labelled where no osteoid is seen, and turns over in a year."""
