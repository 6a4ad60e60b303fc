"""Which parameter of the protocol a number is."""

from __future__ import annotations

from bonemetrics.records import Measurement
from bonemetrics.study.protocol import Protocol


def paramcds_of(found: Measurement, protocol: Protocol) -> tuple[str, ...]:
    """PARAMCDs of the protocol's parameters that a number belongs to.

    Parameters
    ----------
    found
        Of any kind of data.
    protocol
        With its `[[parameters]]`; one that names no region or side takes every one.

    Returns
    -------
    tuple of str
        In the order of the protocol; empty where the protocol does not ask for the number.
    """
    return paramcds_at(protocol, found.quantity, found.site, found.region, found.side)


def paramcds_at(protocol: Protocol, quantity: str, site: str, region: str, side: str | None) -> tuple[str, ...]:
    """The same by quantity and place."""
    return tuple(
        wanted.paramcd
        for wanted in protocol.parameters
        if (wanted.quantity, wanted.site) == (quantity, site)
        and wanted.region in (None, region)
        and wanted.side in (None, side)
    )
