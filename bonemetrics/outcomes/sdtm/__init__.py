"""SDTM-like domains of a study: MK, LB, QS, AE and their supplemental qualifiers, as far as terms are published."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from bonemetrics.outcomes.rows import Gathered
from bonemetrics.outcomes.sdtm.events import ae_table
from bonemetrics.outcomes.sdtm.findings import findings
from bonemetrics.outcomes.table import Table

__all__ = ["sdtm_tables"]


def sdtm_tables(gathered: Gathered) -> Iterator[Table]:
    """Lay out everything that was measured as SDTM-like domains.

    Parameters
    ----------
    gathered
        Of a study; values of no parameter are in too, since SDTM holds what was collected.

    Yields
    ------
    Table
        `mk`, `lb`, `qs`, `ae` and `suppmk`, `supplb`, `suppqs`, `suppae`; a domain without rows is left out.

    References
    ----------
    Codes of DXA: CDISC COSMoS (codelists C127269, C127270); of LB and QS: SDTM controlled terminology of 2015-12-18.
    Whatever has no published term is under the study's own PARAMCD, as an extension of the codelist.
    """
    # One after the other: those of a large study do not fit into memory together.
    return (table for table in chain(findings(gathered), ae_table(gathered)) if table.rows)
