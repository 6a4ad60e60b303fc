"""Supplemental qualifiers: what SDTM has no variable for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bonemetrics.outcomes.table import Column, Table

_SDTM = "CDISC SDTM Implementation Guide 3.3"


class Qualifier(NamedTuple):
    """One more fact on a row of a domain, found by its sequence number."""

    subject: str
    number: int
    name: str
    label: str
    value: str


def supplement(domain: str, study: str, qualifiers: Iterable[Qualifier]) -> Table:
    """The table SUPP-- of a domain.

    Parameters
    ----------
    domain
        Two letters.
    study
        ID of the study.
    qualifiers
        In the order of the domain's rows.
    """
    rows = [
        (study, domain, one.subject, f"{domain}SEQ", str(one.number), one.name, one.label, one.value, "ASSIGNED")
        for one in qualifiers
    ]
    return Table(name=f"supp{domain.lower()}", columns=_COLUMNS, rows=rows)


def _text(name: str, label: str, definition: str) -> Column:
    return Column(name=name, type="text", label=label, definition=definition, source=_SDTM)


_COLUMNS = (
    _text("STUDYID", "Study Identifier", "ID of the study"),
    _text("RDOMAIN", "Related Domain Abbreviation", "Domain of the row that is qualified"),
    _text("USUBJID", "Unique Subject Identifier", "Study ID of the participant"),
    _text("IDVAR", "Identifying Variable", "Variable that names the row"),
    _text("IDVARVAL", "Identifying Variable Value", "Its value"),
    _text("QNAM", "Qualifier Variable Name", "Short name of the fact"),
    _text("QLABEL", "Qualifier Variable Label", "Name of the fact"),
    _text("QVAL", "Data Value", "The fact"),
    _text("QORIG", "Origin", "Where it is from"),
)
