"""Invented biopsies, and their indices written out from the formulas of the field without the library's algebra."""

from __future__ import annotations

import cmath
from collections.abc import Mapping
from datetime import date
from math import log, pi
from typing import TypeVar

import numpy as np

from bonemetrics.records import HistomorphometryEntry, SectionFactors

Number = TypeVar("Number", float, complex)

ISOTROPIC = SectionFactors(convention="isotropic", width_to_thickness=pi / 4, perimeter_to_surface=4 / pi)
ILIAC = SectionFactors(convention="iliac", width_to_thickness=1 / 1.2, perimeter_to_surface=1.2)
OWN = SectionFactors(convention="stated", width_to_thickness=0.81, perimeter_to_surface=1.199)

WORKED = {
    "T.Ar": 40.0,
    "B.Ar": 6.0,
    "B.Pm": 100.0,
    "O.Ar": 0.12,
    "O.Pm": 12.0,
    "E.Pm": 4.0,
    "Ob.Pm": 4.0,
    "Oc.Pm": 0.8,
    "dL.Pm": 3.0,
    "sL.Pm": 4.0,
    "Ir.L.Wi": 9.0,
    "Ir.L.t": 15.0,
    "W.Wi": 40.0,
}
"""Round numbers of no patient; with the isotropic factors their indices are `PRINTED`."""
PRINTED = {
    "BV/TV": "15",
    "OV/BV": "2",
    "BS/BV": "21.2207",
    "BS/TV": "3.1831",
    "Tb.Th": "94.2478",
    "Tb.N": "1.59155",
    "Tb.Sp": "534.071",
    "OS/BS": "12",
    "ES/BS": "4",
    "Ob.S/BS": "4",
    "Oc.S/BS": "0.8",
    "QS/BS": "84",
    "MS/BS": "5",
    "MS/OS": "41.6667",
    "O.Th": "7.85398",
    "W.Th": "31.4159",
    "MAR": "0.471239",
    "Aj.AR": "0.19635",
    "BFR/BS": "8.60011",
    "BFR/BV": "18.25",
    "BFR/TV": "2.7375",
    "Omt": "16.6667",
    "Mlt": "40",
    "FP": "160",
    "EP": "53.3333",
    "QP": "1120",
    "Tt.P": "1333.33",
    "Ac.f": "0.27375",
}
OTHERS = {"Ct.Wi": 900.0, "It.Wi": 55.0, "N.Oc": 3.0, "N.Ob": 61.0}
"""What no other index of the worked example depends on."""


def written_out(given: Mapping[str, Number], factors: SectionFactors) -> dict[str, Number]:
    """Every measurement and index, from the measurements by the formulas; O.Wi is O.Ar / O.Pm where it is not given."""
    k_s, k_w = factors.perimeter_to_surface, factors.width_to_thickness
    r = dict(given)
    tissue, bone, perimeter = r["T.Ar"], r["B.Ar"], r["B.Pm"]
    osteoid, eroded = r["O.Pm"], r["E.Pm"]
    r.setdefault("O.Wi", 1000 * r["O.Ar"] / osteoid)
    r["Md.Ar"], r["Md.Pm"] = bone - r["O.Ar"], perimeter - osteoid
    r["Q.Pm"], r["Rv.Pm"] = perimeter - (osteoid + eroded), eroded - r["Oc.Pm"]
    r["BV/TV"], r["OV/BV"], r["OV/TV"] = 100 * bone / tissue, 100 * r["O.Ar"] / bone, 100 * r["O.Ar"] / tissue
    r["Md.V/TV"] = 100 * r["Md.Ar"] / tissue
    r["BS/BV"], r["BS/TV"] = k_s * perimeter / bone, k_s * perimeter / tissue
    r["Tb.Th"], r["Tb.Dm"], r["Tb.N"] = 2000 / r["BS/BV"], 4000 / r["BS/BV"], r["BS/TV"] / 2
    r["Tb.Sp"] = 1000 / r["Tb.N"] - r["Tb.Th"]
    for surface, length in (("OS", "O.Pm"), ("ES", "E.Pm"), ("QS", "Q.Pm"), ("Ob.S", "Ob.Pm"), ("Oc.S", "Oc.Pm")):
        r[f"{surface}/BS"] = 100 * r[length] / perimeter
    r["Rv.S/BS"] = 100 * r["Rv.Pm"] / perimeter
    r["Ob.S/OS"], r["Oc.S/ES"] = 100 * r["Ob.Pm"] / osteoid, 100 * r["Oc.Pm"] / eroded
    r["N.Oc/B.Pm"], r["N.Ob/B.Pm"] = r["N.Oc"] / perimeter, r["N.Ob"] / perimeter
    r["N.Oc/T.Ar"] = r["N.Oc"] / tissue
    for thickness, width in (("O.Th", "O.Wi"), ("W.Th", "W.Wi"), ("Ct.Th", "Ct.Wi"), ("It.Th", "It.Wi")):
        r[thickness] = k_w * r[width]
    labelled = r["dL.Pm"] + r["sL.Pm"] / 2
    r["MS/BS"], r["MS/OS"] = 100 * labelled / perimeter, 100 * labelled / osteoid
    r["MAR"] = k_w * r["Ir.L.Wi"] / r["Ir.L.t"]
    r["Aj.AR"] = r["MAR"] * r["MS/OS"] / 100
    r["BFR/BS"] = r["MAR"] * r["MS/BS"] * 3.65
    r["BFR/BV"], r["BFR/TV"] = r["BFR/BS"] * r["BS/BV"] / 10, r["BFR/BS"] * r["BS/TV"] / 10
    r["Omt"], r["Mlt"] = r["O.Th"] / r["MAR"], r["O.Th"] / r["Aj.AR"]
    r["FP"], r["FPa+"] = r["W.Th"] / r["Aj.AR"], r["W.Th"] / r["MAR"]
    for period, length in (("Rs.P", "Oc.Pm"), ("Rv.P", "Rv.Pm"), ("EP", "E.Pm"), ("QP", "Q.Pm"), ("Tt.P", "B.Pm")):
        r[period] = r["FP"] * r[length] / osteoid
    r["Rm.P"] = r["EP"] + r["FP"]
    r["Ac.f"] = r["BFR/BS"] / r["W.Th"]
    return r


def slopes(given: Mapping[str, float], factors: SectionFactors) -> dict[str, np.ndarray]:
    """Relative change of everything with each measurement, exactly, by a step along the imaginary axis."""
    step = 1e-30
    columns = []
    for name in given:
        moved = {code: complex(value) for code, value in given.items()}
        moved[name] *= cmath.exp(1j * step)
        columns.append({code: cmath.log(value).imag / step for code, value in written_out(moved, factors).items()})
    return {code: np.array([column[code] for column in columns]) for code in columns[0]}


def follows(wanted: np.ndarray, rows: list[np.ndarray]) -> bool:
    """Whether a change of the givens that leaves all of them as they are leaves the wanted one as it is too."""
    matrix = np.array(rows)
    weights = wanted @ np.linalg.pinv(matrix, rcond=1e-10)
    return bool(np.abs(weights @ matrix - wanted).max() < 1e-7)


def digits(text: str) -> int:
    """Significant digits that a number was printed with, six at the most."""
    return len(text.replace(".", "").lstrip("0"))


def half_unit(value: float, figures: int) -> float:
    """Half a unit of the last of so many significant figures."""
    return 0.5 * 10.0 ** (int(np.floor(log(abs(value), 10))) - figures + 1)


def entry(**changes: object) -> HistomorphometryEntry:
    """The worked example as a reader enters it: one cancellous envelope, labels on days 1-3 and 16-18."""
    primaries = {code: value for code, value in WORKED.items() if code != "Ir.L.t"}
    facts: dict[str, object] = {
        "kind": "histomorphometry",
        "subject": "CSM-04",
        "day": date(2016, 4, 30),
        "line": 7,
        "sheet": "biopsies",
        "side": "right",
        "envelope": "cancellous",
        "referent": "TV",
        "reader": "R1",
        "sections": 4,
        "label1_start": date(2016, 4, 4),
        "label1_end": date(2016, 4, 6),
        "label2_start": date(2016, 4, 19),
        "label2_end": date(2016, 4, 21),
        "labelling_confirmed": True,
        "factors": ISOTROPIC,
        "osteoid_perimeter": "one-sided",
        "primaries": primaries,
    }
    return HistomorphometryEntry.model_validate({**facts, **changes})
