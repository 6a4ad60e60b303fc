"""Units as files write them, brought to UCUM."""

from __future__ import annotations

_SPELLINGS = {
    "g/cm2": ("g/cm2", "gm/cm2", "g/cm**2", "g/sqcm"),
    "mg/cm2": ("mg/cm2",),
    "kg/m2": ("kg/m2",),
    "cm2": ("cm2", "sqcm", "cm**2"),
    "mm2": ("mm2",),
    "[in_i]2": ("in2", "sqin", "inch2", "inches2", "[in_i]2", "[sin_i]"),
    "g": ("g", "gm", "gram", "grams"),
    "mg": ("mg",),
    "kg": ("kg",),
    "[lb_av]": ("lb", "lbs", "pound", "pounds", "[lb_av]"),
    "[oz_av]": ("oz", "[oz_av]"),
    "cm": ("cm",),
    "mm": ("mm",),
    "[in_i]": ("in", "inch", "inches", "[in_i]"),
    "%": ("%",),
    "1": (
        "1",
        "sd",
        "{sd}",
        "t-score",
        "{t-score}",
        "tscore",
        "{tscore}",
        "z-score",
        "{z-score}",
        "zscore",
        "{zscore}",
    ),
}
_UCUM = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}


def ucum(text: str) -> str | None:
    """The UCUM unit of a written one.

    Parameters
    ----------
    text
        Such as `g/cm²`, `g/cm^2`, `lbs`, `in²`, `{T-Score}`; blanks and capitals do not matter.

    Returns
    -------
    str or None
        `None` for an empty text and for a unit that is not known here.
    """
    plain = "".join(text.casefold().split()).replace("²", "2").replace("^", "").replace(".", "")
    return _UCUM.get(plain)
