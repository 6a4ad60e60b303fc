"""Quantities of blood samples, questionnaires and events."""

from __future__ import annotations

from bonemetrics.quantities.base import OWN, Quantity

SERUM, PATIENT = "serum", "patient-reported"
_IFCC = "Vasikaran S et al. 2011, Osteoporos Int 22:391, doi 10.1007/s00198-010-1501-1"


def _marker(code: str, name: str, unit: str, definition: str) -> Quantity:
    return Quantity(code=code, name=name, unit=unit, definition=definition, source=_IFCC, site=SERUM)


def _reported(code: str, name: str, unit: str, definition: str, source: str) -> Quantity:
    # Scores have no true zero that a percentage could refer to.
    ratio = False
    return Quantity(
        code=code, name=name, unit=unit, definition=definition, source=source, site=PATIENT, ratio_scale=ratio
    )


ENTRIES = (
    _marker("NTX", "Serum NTX", "nmol/L", "Aminoterminal telopeptide of type 1 collagen, bone collagen equivalents"),
    Quantity(
        code="NTX%",
        name="Serum NTX as a percentage",
        unit="%",
        site=SERUM,
        source="Registry of NCT02566655",
        ratio_scale=False,
        definition="Aminoterminal telopeptide of type 1 collagen as its source reports it: a percentage already",
    ),
    _marker("CTX", "Serum CTX", "ng/L", "Carboxyterminal telopeptide of type 1 collagen"),
    _marker("OC", "Osteocalcin", "ng/mL", "Osteocalcin"),
    _marker("BALP", "Bone alkaline phosphatase", "ug/L", "Bone-specific alkaline phosphatase, mass"),
    _marker("P1NP", "P1NP", "ng/mL", "Aminoterminal propeptide of procollagen type 1"),
    _marker("OPG", "Osteoprotegerin", "pmol/L", "Osteoprotegerin"),
    _marker("RANKL", "RANKL", "pmol/L", "Receptor activator of nuclear factor kappa-B ligand"),
    Quantity(
        code="Lab",
        name="Laboratory value",
        unit="",
        site=SERUM,
        source=OWN,
        definition="Any other laboratory value; region is the test, and the parameter states the unit",
    ),
    _reported("Pain-VAS", "Pain", "1", "Pain on a visual analogue scale from 0 to 10", OWN),
    _reported(
        *("ODI", "Oswestry Disability Index", "%", "100 x sum of answered sections / (5 x their number)"),
        "Fairbank JC, Pynsent PB 2000, Spine 25:2940, doi 10.1097/00007632-200011150-00017",
    ),
    _reported(
        *("EQ-5D-index", "EQ-5D index", "1", "Value of the health state by the named value set; 1 is full health"),
        "EuroQol Group; value set as the parameter names it",
    ),
    _reported("EQ-VAS", "EQ VAS", "1", "Health today on a scale from 0 to 100", "EuroQol Group"),
    _reported("Score", "Score", "", "Any other score; region is the item, and the parameter states the unit", OWN),
    Quantity(
        code="N.Fx",
        name="New fractures",
        unit="1",
        site="skeleton",
        source=OWN,
        ratio_scale=False,
        definition="Number of fractures since the day of infusion, up to this visit",
    ),
)

SPELLINGS = {
    "NTX": ("sntx", "s-ntx", "serumntx", "ntxi", "ntelop"),
    "CTX": ("sctx", "s-ctx", "ctx-i"),
    "OC": ("osteocalcin", "osteoc", "bgp"),
    "BALP": ("bonealp", "alpbs", "bap", "bsap", "bonealkalinephosphatase", "bone-specificalkalinephosphatase"),
    "P1NP": ("pinp",),
    "OPG": ("osteoprotegerin",),
    "RANKL": ("srankl",),
    "Pain-VAS": ("painvas", "vaspain", "vas", "pain"),
    "ODI": ("oswestry", "oswestrydisabilityindex", "oditot"),
    "EQ-5D-index": ("eq5dindex", "eq-5d", "eq5d", "eq5d-index", "eq5didx"),
    "EQ-VAS": ("eqvas", "eq5dvas", "eq-5d-vas"),
    "N.Fx": ("newfx", "newfractures"),
}
"""Other spellings by code, without blanks and in small letters."""
