"""The catalogue of quantities: code, name, UCUM unit, definition and source, each standing once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bonemetrics.quantities import asbmr, clinical, densitometry, radius
from bonemetrics.quantities.base import Material, Quantity

__all__ = ["CATALOGUE", "Material", "Quantity", "canonical_code"]

CATALOGUE: Mapping[str, Quantity] = MappingProxyType(
    {entry.code: entry for entry in (*radius.ENTRIES, *densitometry.ENTRIES, *asbmr.ENTRIES, *clinical.ENTRIES)}
)
"""Every quantity by its code."""

_BY_LETTERS = {code.lower(): code for code in CATALOGUE} | {
    spelling: code for code, spellings in clinical.SPELLINGS.items() for spelling in spellings
}


def canonical_code(text: str) -> str | None:
    """The code of a quantity however it is spelt: blanks, underscores and capitals do not count.

    Parameters
    ----------
    text
        A code, or one of the names that laboratories and standards use for it, such as `ALPBS` or `bone ALP`.

    Returns
    -------
    str or None
        `None` where nothing has this name.
    """
    if text in CATALOGUE:
        return text
    return _BY_LETTERS.get("".join(text.lower().split()).replace("_", ""))
