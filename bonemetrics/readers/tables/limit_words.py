"""Words of laboratories for a result that lies beyond what the assay can tell."""

from __future__ import annotations

from typing import Literal

_BELOW = frozenset(
    {
        *(
            "blq",
            "bloq",
            "bql",
            "blod",
            "bld",
            "bdl",
            "bll",
            "lloq",
            "lod",
            "loq",
            "<lloq",
            "<lod",
            "<loq",
            "<lld",
            "<llod",
        ),
        *("<llq", "nd", "notdetected", "notdetectable", "nondetect", "nondetectable", "undetectable", "undetected"),
        *("belowdetection", "belowdetectionlimit", "belowlimitofdetection", "belowdetectionrange", "belowlod"),
        *(
            "belowlloq",
            "belowloq",
            "belowquantificationlimit",
            "belowlimitofquantification",
            "belowlimit",
            "belowrange",
        ),
        *("belowlowerlimitofquantification", "belowlowerlimit"),
    }
)
_ABOVE = frozenset(
    {
        *("alq", "aloq", "aql", "uloq", ">uloq", ">ulq", ">uld", "aboveuloq", "abovequantificationlimit", "aboverange"),
        *("abovelimitofquantification", "abovelimit", "aboveupperlimitofquantification", "aboveupperlimit"),
    }
)


def side_of(text: str) -> Literal["below", "above"] | None:
    """On which side of its limit a result lies, by a word that fills its cell; `None` for any other text.

    Parameters
    ----------
    text
        Such as `BLQ`, `< LLOQ`, `not detected` or `>ULOQ`; blanks, points and capitals do not count.
    """
    plain = text.casefold().replace("≤", "<").replace("≥", ">").replace("<=", "<").replace(">=", ">")
    plain = "".join(sign for sign in plain if sign.isalnum() or sign in "<>")
    return "below" if plain in _BELOW else "above" if plain in _ABOVE else None
