"""What LOINC codes of densitometry mean, and what the words beside them add.

LOINC names a bone, a side and a measure, and no region of the bone: `DXA Hip - left [Mass/Area] Bone density` (46278-8)
may be the total hip, or the neck where a hospital has decided so. A region is therefore taken from words alone (the
body site, the text of the code), and where they name none, it stays unspecified.

References
----------
LOINC (loinc.org), class RAD, method DXA, component "Views for bone density"; names as in release 2.64 and later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.readers.dxa.fhir_json import Resource, objects_of, text_of
from bonemetrics.readers.dxa.region_names import place_of
from bonemetrics.readers.dxa.site_words import side_in, site_in
from bonemetrics.records import ReportSide

LOINC = ("http://loinc.org", "https://loinc.org", "urn:oid:2.16.840.1.113883.6.1")
_MEASURES = ("bmd", "t_score", "z_score")
LONGEST_WORDS = 200
"""A name of a measure or a bone is shorter; longer texts are not looked at."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says: the site, the region that stands for the whole bone, the side, and the cell's name."""

    site: str
    region: str
    side: ReportSide | None
    measure: str


# Mass per area, T-score and Z-score: of either side, left and right.
_CODES: dict[tuple[str, str, ReportSide | None], tuple[str, str, str]] = {
    (SPINE, "spine-unspecified", None): ("24966-4", "38267-1", "85394-5"),
    (HIP, "femur-unspecified", None): ("24701-5", "38263-0", "80934-3"),
    (HIP, "femur-unspecified", "left"): ("80954-1", "80948-3", "80940-0"),
    (HIP, "femur-unspecified", "right"): ("80953-3", "80947-5", "80939-2"),
    (HIP, "hip-unspecified", None): ("38261-4", "38264-8", "80933-5"),
    (HIP, "hip-unspecified", "left"): ("46278-8", "80946-7", "80938-4"),
    (HIP, "hip-unspecified", "right"): ("46279-6", "80945-9", "80937-6"),
    (FOREARM, "forearm-unspecified", None): ("24890-6", "38265-5", "80932-7"),
    (FOREARM, "forearm-unspecified", "left"): ("80952-5", "80944-2", "80936-8"),
    (FOREARM, "forearm-unspecified", "right"): ("80951-7", "80943-4", "80935-0"),
}
MEANINGS: dict[str, Meaning] = {
    code: Meaning(site, region, side, measure)
    for (site, region, side), codes in _CODES.items()
    for code, measure in zip(codes, _MEASURES, strict=True)
}
OTHER_BONES = frozenset(
    (
        *(
            "46383-6",
            "104938-6",
            "38262-2",
            "38266-3",
            "80956-6",
            "80950-9",
            "80942-6",
            "80955-8",
            "80949-1",
            "80941-8",
        ),
        *("85385-3", "85390-3", "85391-1", "85386-1", "85389-5", "85393-7", "85387-9", "85388-7", "85392-9"),
    )
)
"""Bone in general, spine in general, heel and upper arm."""
_LONG = {
    "spine-unspecified": "Lumbar spine",
    "femur-unspecified": "Femur",
    "hip-unspecified": "Hip",
    "forearm-unspecified": "Radius and Ulna",
}
_SHORT = {"spine-unspecified": "L-spine", "femur-unspecified": "Femur", "hip-unspecified": "Hip"}


def _names(meaning: Meaning) -> Iterator[str]:
    side = f" - {meaning.side}" if meaning.side else ""
    kind = {"bmd": "Mass/Area", "t_score": "T-score", "z_score": "Z-score"}[meaning.measure]
    yield f"DXA {_LONG[meaning.region]}{side} [{kind}] Bone density".casefold()
    if meaning.region in _SHORT:
        side = f"-{meaning.side[0].upper()}" if meaning.side else ""
        kind = {"bmd": "ArMass", "t_score": "T-score", "z_score": "Z-score"}[meaning.measure]
        yield f"DXA {_SHORT[meaning.region]}{side} {kind} BMD".casefold()


DISPLAYS: dict[str, Meaning] = {name: meaning for meaning in MEANINGS.values() for name in _names(meaning)}
"""The official long and short names."""

_LOINC = re.compile(r"(\d{1,7})-(\d)")


def has_check_digit(code: str) -> bool:
    """Whether the last digit of a LOINC code is the one that the digits before it give (modulo 10, Luhn)."""
    found = _LOINC.fullmatch(code)
    if found is None:
        return False
    total = 0
    for place, digit in enumerate(reversed(found[1])):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return (10 - total % 10) % 10 == int(found[2])


class CodeError(Exception):
    """The codes and words of one result contradict each other, or a code is mistyped; `kind` is the note's code."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def meaning_of(concept: Resource) -> Meaning | None:
    """What a coded concept says by its LOINC code, else by an official LOINC name.

    Raises
    ------
    CodeError
        If two codes differ, a name of another measure, site or side stands beside the code, or a code that is named as
        one of densitometry has a wrong check digit.
    """
    codings = objects_of(concept.get("coding"))
    codes = {text_of(one.get("code")) for one in codings if text_of(one.get("system")) in LOINC}
    words = [*(text_of(one.get("display")) for one in codings), text_of(concept.get("text"))]
    words = [word for word in words if len(word) <= LONGEST_WORDS]
    named = {DISPLAYS[word.casefold()] for word in words if word.casefold() in DISPLAYS}
    if any(not has_check_digit(code) for code in codes) and (named or any(map(_is_densitometry, words))):
        raise CodeError("code-mistyped", "a LOINC code has a wrong check digit")
    known = {MEANINGS[code] for code in codes if code in MEANINGS}
    if not known and not codes:
        known = named
    if not known:
        return None
    meaning = next(iter(known))
    if len(known) > 1 or (named and named != known) or any(_contradicts(word, meaning) for word in words):
        raise CodeError("code-disagrees", "the code and the words beside it name different things")
    return meaning


def is_other_bone(concept: Resource) -> bool:
    """Whether a concept is densitometry of a bone that is not measured here."""
    return any(text_of(one.get("code")) in OTHER_BONES for one in objects_of(concept.get("coding")))


_T, _Z = re.compile(r"\bt[\s-]?score", re.IGNORECASE), re.compile(r"\bz[\s-]?score", re.IGNORECASE)
_CONTENT = re.compile(r"\bbmc\b|mineral content", re.IGNORECASE)
_SIDE_LETTER = re.compile(r"\b(?:hip|femur)-([lr])\b", re.IGNORECASE)
_DENSITOMETRY = re.compile(r"\bd[e]?xa\b|\bbmd\b|bone (?:mineral )?density", re.IGNORECASE)


def _is_densitometry(words: str) -> bool:
    return _DENSITOMETRY.search(words) is not None


def _contradicts(words: str, meaning: Meaning) -> bool:
    """Whether words say something that the code excludes; `BMD` excludes no score, since LOINC's own names have it."""
    said = {name for name, found in (("t_score", _T), ("z_score", _Z), ("bmc", _CONTENT)) if found.search(words)}
    if said and said != {meaning.measure}:
        return True
    site = site_in(words)
    if (site and site != meaning.site) or _names_other_site(words, meaning.site):
        return True
    side = side_of(words)
    return bool(side and meaning.side and side != meaning.side)


def _names_other_site(words: str, site: str) -> bool:
    levels = re.search(r"\bL[1-5]\s*-\s*L?[1-5]\b", words) is not None
    return (levels and site != SPINE) or ("femoral" in words.casefold() and site != HIP)


def side_of(words: str) -> ReportSide | None:
    """The side that words name, such as `Hip-L`, `left femur`."""
    found = _SIDE_LETTER.search(words)
    if found:
        return "left" if found[1].casefold() == "l" else "right"
    return side_in(words)


_NOISE = re.compile(
    r"\b(?:dxa|dexa|bmd|bone|mineral|density|densitometry|measurement|[tz][\s-]?score|armass|left|right|ap|pa|"
    r"entire|structure|of|the|region|area)\b|\[[^\]]*\]|mass/area|(?<=hip)-[lr]\b|(?<=femur)-[lr]\b|[,;:()]|(?<!\d)\s-\s",
    re.IGNORECASE,
)
_GENERAL = {
    SPINE: {"lumbar", "spine", "vertebra", "vertebrae", "vertebral", "column", "l-spine"},
    HIP: {"hip", "femur", "femoral", "proximal"},
    FOREARM: {"forearm", "radius", "ulna", "and"},
}
_HIP_WORDS = {
    frozenset({"neck"}): "neck",
    frozenset({"total"}): "total-hip",
    frozenset({"ward's"}): "wards",
    frozenset({"wards"}): "wards",
    frozenset({"ward's", "triangle"}): "wards",
    frozenset({"trochanter"}): "trochanter",
    frozenset({"intertrochanter"}): "intertrochanter",
    frozenset({"shaft"}): "shaft",
}


def region_in(words: str, site: str) -> str | None:
    """The one region that words name beside the bone and the measure; `None` where they name none for certain."""
    plain = _NOISE.sub(" ", words.replace("\u2019", "'").replace("\u2013", "-")).split()
    special = [word for word in plain if word.casefold() not in _GENERAL[site]]
    if not special:
        return None
    if site == HIP:
        return _HIP_WORDS.get(frozenset(word.casefold() for word in special))
    # A forearm's part needs its bone: `33%` alone is of the radius, or of both.
    place = place_of(" ".join(special if site == SPINE else plain), site)
    return place.region if place is not None else None


def region_of(words: Iterable[str], meaning: Meaning) -> str:
    """The region that the words beside a code name; the unspecified one of its bone where they name none.

    Raises
    ------
    CodeError
        If they name two, or another bone than the code.
    """
    words = list(words)
    if any(_contradicts(text, meaning) for text in words):
        raise CodeError("code-disagrees", "code and body site name different bones")
    found = {region for text in words if (region := region_in(text, meaning.site)) is not None}
    if len(found) > 1:
        raise CodeError("code-disagrees", "two regions are named for one result")
    return found.pop() if found else meaning.region
