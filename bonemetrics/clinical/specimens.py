"""What a marker was measured in: those of the catalogue are markers of serum."""

from __future__ import annotations

from bonemetrics.clinical.head import letters
from bonemetrics.errors import TableError

_BLOOD = ("serum", "plasma", "blood", "suero", "sangre", "serplas")
_SHORT = frozenset({"s", "ser", "sr", "p", "pl", "plas", "b", "bl", "bld", "wb", "serpl"})
_URINE = ("urine", "urinary", "orina")


def require_blood(quantity: str, specimen: str, test_name: str) -> None:
    """Refuse a marker of serum that was measured in something else.

    Parameters
    ----------
    quantity
        Code of the marker.
    specimen
        As the table has it; empty where it says nothing.
    test_name
        As the table has it: it may name urine.

    Raises
    ------
    TableError
        `specimen-differs`.
    """
    plain = letters(specimen)
    if plain and plain not in _SHORT and not any(word in plain for word in _BLOOD):
        text = (
            f"the specimen is {specimen[:30]!r}, {quantity} is a marker of serum or plasma; urine has a test of its own"
        )
        raise TableError(text, code="specimen-differs")
    if not plain and any(word in test_name.casefold() for word in _URINE):
        text = f"the test is called {test_name[:40]!r}, {quantity} is a marker of serum or plasma"
        raise TableError(text, code="specimen-differs")
