"""Names of printed rows, brought to regions: as they stand, or as a reader of pictures may have garbled them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from bonemetrics.anatomy import FOREARM, HIP, WHOLE_BODY

_LOOKS_LIKE = {"L": "[L1lI|!i]", "T": "[T7]", "1": "[1lI|!iL]", "2": "[2Zz]", "3": "3", "4": "[4A]", "5": "[5S]"}
_SEPARATORS = {"-": r"[-–—.~]?", ",": r"[,.]?"}
_WORDS = {
    HIP: (
        *("Neck", "Troch", "Inter", "Total", "Ward's", "Wards", "Trochanter", "Shaft"),
        *("Left", "Right", "Mean", "|Diff.|", "Diff."),
    ),
    WHOLE_BODY: (
        *("Head", "Arms", "Legs", "Trunk", "Ribs", "Pelvis", "Spine", "Total", "Subtotal"),
        *("L Arm", "R Arm", "L Ribs", "R Ribs", "T Spine", "L Spine", "L Leg", "R Leg"),
    ),
    FOREARM: ("Radius", "Ulna", "Both", "Total", "Radius Total", "Ulna Total", "Both Total"),
}
"""Words that a reader of pictures can be forgiven a letter in; names with digits it cannot."""


def plain_label(text: str, site: str) -> str:
    """A row's name without the marks around it."""
    plain = " ".join(text.replace("\u2019", "'").split()).strip("*† ")
    if site == FOREARM:
        plain = re.sub(r"radius\s*\+\s*ulna", "R+U", plain, flags=re.IGNORECASE)
        plain = re.sub(r"(ud|mid|1/3|33\s?%)\s+(radius|ulna|both|r\+u)", r"\2 \1", plain, flags=re.IGNORECASE)
    return plain


def mended_words(text: str, site: str) -> str:
    """A garbled name of letters as the one word of its site that it resembles; unchanged where there is none."""
    known = _WORDS.get(site, ())
    near = difflib.get_close_matches(text, known, n=2, cutoff=0.6)
    if not near:
        return text
    best = [difflib.SequenceMatcher(None, text, word).ratio() for word in near]
    return near[0] if len(near) == 1 or best[0] > best[1] else text


def mended_spine(labels: Sequence[str], order: Sequence[str]) -> list[str]:
    """Garbled names of spine rows, where the fixed order of a layout leaves them one meaning only.

    Parameters
    ----------
    labels
        Names of the rows from above, as read.
    order
        All names in the order in which the layout prints them, some of which may be left out.

    Returns
    -------
    list of str
        For each label its name, empty where several fit or none.
    """
    fits = [[place for place, name in enumerate(order) if _pattern(name).fullmatch(_bare(label))] for label in labels]
    known = [place for place, found in enumerate(fits) if found]
    left: dict[int, set[int]] = {}
    least = -1
    for place in known:
        left[place] = {found for found in fits[place] if found > least}
        least = min(left[place], default=least)
    most = len(order)
    for place in reversed(known):
        left[place] = {found for found in left[place] if found < most}
        most = max(left[place], default=most)
    return [order[next(iter(left[place]))] if len(left.get(place, ())) == 1 else "" for place in range(len(labels))]


def _bare(label: str) -> str:
    return re.sub(r"[\s'\"“”‘’]", "", label)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("".join(_LOOKS_LIKE.get(letter) or _SEPARATORS[letter] for letter in name))
