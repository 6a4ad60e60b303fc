"""Which wrong unit an index that was entered by hand is in, told from what the measurements make it."""

from __future__ import annotations

from collections.abc import Iterator

from bonemetrics.histomorphometry.catalogue import MEASUREMENTS

_NEAR = 0.02


def _slips(code: str) -> Iterator[tuple[float, str, str]]:
    """What the entered value is of the computed one, the slip, and what is to be done."""
    unit = MEASUREMENTS[code].unit
    again = f"enter it in {unit}, or state its unit in the header"
    if unit.startswith("%"):
        yield 0.01, "a fraction instead of per cent", f"enter it in {unit}"
        yield 100.0, "a percentage multiplied by 100 again", f"enter it in {unit}"
    if code == "BFR/BS":
        yield 0.001, "mm3/mm2/a instead of um3/um2/a", f"{again}, such as {code} [mm3/mm2/a]"
        yield 0.001 / 365, "mm and a day instead of um and a year", again
    if unit.endswith("/a"):
        yield 1 / 365, "a day instead of a year", again
    if unit.endswith("/d"):
        yield 365.0, "a year instead of a day", again
    if not unit.startswith("%"):
        yield 0.001, "mm instead of um", again
        yield 1000.0, "um instead of mm", again


def of_a_unit(code: str, value: float, computed: float, half_unit: float = 0.0) -> str:
    """Tell a slip of units from its size.

    Parameters
    ----------
    code
        Of an index.
    value, half_unit
        As entered, and half a unit of its last digit.
    computed
        What the measurements give, in the catalogue's unit.

    Returns
    -------
    str
        A sentence that says what was meant and what to do; empty where no unit explains the difference.
    """
    if not (value > 0 and computed > 0):
        return ""
    room = _NEAR + half_unit / value
    for factor, slip, what in _slips(code):
        if room < 0.5 and abs(value / (computed * factor) - 1) <= room:
            times = f"1/{1 / factor:g}" if factor < 1 else f"{factor:g} times"
            return f"{code} = {value:g} is {times} of what the measurements give ({computed:.4g}): {slip}? {what}"
    return ""
