"""Columns of a sheet of biopsies, made from the catalogue."""

from __future__ import annotations

from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.records import Role

FACTS: tuple[Role, ...] = (
    Role(name="subject", type="text", required=True, synonyms=("usubjid", "subjid", "id", "patient", "participant")),
    Role(name="visit", type="text", synonyms=("avisit", "timepoint")),
    Role(name="biopsy_date", type="date", synonyms=("date", "biopsy day", "date of biopsy")),
    Role(name="biopsy", type="text", synonyms=("specimen", "biopsy id", "sample")),
    Role(name="side", type="text", synonyms=("laterality",)),
    Role(name="envelope", type="text", synonyms=("compartment",)),
    Role(name="referent", type="text"),
    Role(name="entry", type="text", synonyms=("reading",)),
    Role(name="reader", type="text", synonyms=("observer", "read by")),
    Role(name="state", type="text", synonyms=("status",)),
    Role(name="blinded", type="yes-no"),
    Role(name="factor", type="text", synonyms=("factor convention",)),
    Role(name="width_to_thickness", type="number"),
    Role(name="perimeter_to_surface", type="number"),
    Role(name="osteoid_perimeter", type="text"),
    Role(name="erosion_definition", type="text"),
    Role(name="label1_start", type="date"),
    Role(name="label1_end", type="date"),
    Role(name="label2_start", type="date"),
    Role(name="label2_end", type="date"),
    Role(name="labelling_confirmed", type="yes-no"),
    Role(name="sections", type="integer", synonyms=("number of sections",)),
    Role(name="core_broken", type="yes-no"),
    Role(name="change_reason", type="text", synonyms=("reason for change", "reason of change")),
    Role(name="comment", type="text", synonyms=("remarks",)),
)
"""Everything but numbers of the section."""
EXPLAINED: dict[str, str] = {
    "subject": "Study ID of the participant",
    "visit": "Visit of the protocol; the date decides where both are given",
    "biopsy_date": "Day of the biopsy, ISO 8601 (2016-04-03)",
    "biopsy": "Name of the specimen where a person has two on one day",
    "side": "left or right iliac crest",
    "envelope": "cancellous, endocortical, intracortical or periosteal; needed",
    "referent": "What T.Ar is: TV (tissue) or CV (core); needed",
    "entry": "1, 2 … for independent entries of one biopsy; adjudicated for the one that settles them",
    "reader": "Initials or code of the reader",
    "state": "draft, complete or locked",
    "blinded": "Whether the reader knew neither person nor visit: yes or no",
    "factor": "From section to space: isotropic, iliac or stated; empty takes that of the protocol",
    "width_to_thickness": "With factor stated: thickness over width",
    "perimeter_to_surface": "With factor stated: surface over perimeter",
    "osteoid_perimeter": "What O.Pm is: one-sided, or the outline of the seams",
    "erosion_definition": "What counts as eroded: with osteoclasts only, or every scalloped surface",
    "label1_start": "First day of the first label",
    "label1_end": "Last day of the first label; empty for a single day",
    "label2_start": "First day of the second label",
    "label2_end": "Last day of the second label; empty for a single day",
    "labelling_confirmed": "Whether it is known that both labels were taken: yes or no",
    "sections": "Number of sections measured",
    "core_broken": "Whether the core is broken: yes or no",
    "change_reason": "Why a locked entry says something else than before; a new one for every change",
    "comment": "Anything else",
}


def number_roles() -> tuple[Role, ...]:
    """A column for every measurement, count and index; headers such as `B.Ar [mm2]` state the unit."""
    return tuple(
        Role(name=code, type="number", unit=entry.unit, synonyms=_synonyms(code))
        for code, entry in MEASUREMENTS.items()
    )


def _synonyms(code: str) -> tuple[str, ...]:
    return (code.replace(".", ""),) if code.replace(".", "").casefold() not in _TAKEN else ()


_TAKEN = frozenset({"ep", "fp", "qp", "side", "entry"})
"""Names that would mean something else without their points."""
