"""Where in the body a number of a report tree belongs: from container names, modifiers and the number's own name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from bonemetrics.anatomy import SITES, SPINE, UNSPECIFIC, WHOLE_BODY
from bonemetrics.readers.dxa.dicom_sr_tree import Item
from bonemetrics.readers.dxa.dicom_sr_words import trimmed
from bonemetrics.readers.dxa.region_names import Place, place_of
from bonemetrics.readers.dxa.site_words import site_in
from bonemetrics.readers.dxa.spine_total import SPINE_TOTAL
from bonemetrics.records import ReportSide, Statistic

_FILLERS = re.compile(
    r"\b(?:results?|measurements?|measured|values?|group|reports?|analysis|bone\s+densitometry|densitometry|dexa|dxa|scans?|"
    r"region\s+of\s+interest|regions?|roi|tables?|findings?|summary|section|bone\s+mineral\s+(?:density|content)|bmd|bmc|"
    r"imaging|statistics|vertebral?|vertebrae?)\b",
    re.IGNORECASE,
)
_SITE = re.compile(
    r"(?:(?P<first>left|right|dual|both)\s+)?(?:(?:ap|pa)\s+)?"
    r"(?P<name>lumbar\s+spine|spine|hips?|femurs?|proximal\s+femur|dual\s*femur|forearm|wrist|(?:total|whole)[\s-]*body)"
    r"(?:\s*[,(]?\s*\b(?P<last>left|right)\b\)?)?(?:[\s:,-]+(?P<rest>\S.*))?",
    re.IGNORECASE,
)
_SIDES: dict[str, ReportSide] = {"left": "left", "right": "right"}
_SIDE_CODES: dict[str, ReportSide] = {
    "7771000": "left",
    "G-A101": "left",
    "24028007": "right",
    "G-A100": "right",
}
_STATISTICS: tuple[tuple[re.Pattern[str], Statistic], ...] = (
    (re.compile(r"mean|average", re.IGNORECASE), "mean"),
    (re.compile(r"\|?diff(?:erence|\.)?\|?", re.IGNORECASE), "difference"),
)
_USUAL = (
    (re.compile(r"\bL(\d)\s*(?:to|through|thru|–|-)\s*L?(\d)\b", re.IGNORECASE), r"L\1-L\2"),
    (re.compile(r"\b(?:first|1st)\s+lumbar\b|\blumbar\s+1\b", re.IGNORECASE), "L1"),
    (re.compile(r"\b(?:second|2nd)\s+lumbar\b|\blumbar\s+2\b", re.IGNORECASE), "L2"),
    (re.compile(r"\b(?:third|3rd)\s+lumbar\b|\blumbar\s+3\b", re.IGNORECASE), "L3"),
    (re.compile(r"\b(?:fourth|4th)\s+lumbar\b|\blumbar\s+4\b", re.IGNORECASE), "L4"),
    (re.compile(r"\bneck of (?:the )?femur\b|\bfem(?:ur|oral) neck\b", re.IGNORECASE), "neck"),
    (re.compile(r"\bultra[\s-]+distal\b", re.IGNORECASE), "ultradistal"),
    (re.compile(r"\b(?:one[\s-]third|distal\s+(?:third|1/3))\b", re.IGNORECASE), "1/3"),
    (re.compile(r"(ud|ultradistal|mid|1/3|33\s?%|total)\s+(radius|ulna|both)", re.IGNORECASE), r"\2 \1"),
)
_LOCATION = re.compile(
    r"(?:finding|anatomic(?:al)?|measurement|scan|exam(?:ination)?|study|target|body)?\s*"
    r"(?:site|region(?:\s+of\s+interest)?|location|part|laterality|side|roi|scan\s+type)"
    r"(?:\s+(?:name|examined))?|topographical\s+modifier|scan\s+type|exam(?:ination)?\s+type|vertebra(?:e|l\s+level)?",
    re.IGNORECASE,
)
_LOCATION_CODES = frozenset({"363698007", "G-C0E3", "272741003", "G-C171", "106233006", "G-A1F8"})
_BONE = re.compile(r"radius|ulna|both|neck|troch\w*|inter\w*|total|shaft", re.IGNORECASE)
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Where:
    """What the items around a number say of its place, from the outermost to the nearest."""

    site: str = ""
    side: ReportSide | None = None
    statistic: Statistic = "value"
    path: tuple[str, ...] = ()
    day: date | None = None


def entered(where: Where, name: str) -> Where:
    """The place within a container or beside a modifier of this name."""
    text = _usual(name)
    if not text:
        return where
    if text.casefold() in _SIDES:
        return replace(where, side=_SIDES[text.casefold()])
    for words, statistic in _STATISTICS:
        if words.fullmatch(text):
            return replace(where, statistic=statistic)
    within_body = where.site == WHOLE_BODY and place_of(text, WHOLE_BODY) is not None
    if not within_body and (found := _SITE.fullmatch(text)):
        side = (found["first"] or found["last"] or "").casefold()
        within = replace(where, site=site_in(found["name"]), side=_SIDES.get(side, where.side), path=())
        return entered(within, found["rest"]) if found["rest"] else within
    return replace(where, path=(*where.path, text))


def entered_item(where: Where, item: Item) -> Where:
    """The place within an item, by its modifiers that name a site, a region or a side."""
    named = [child for child in item.children if _is_location(child)]
    # A site empties the path, so it has to come before the regions within it.
    texts = [(child.code.meaning or child.text)[:_LONGEST_NAME] for child in named]
    for text in sorted(texts, key=lambda text: _SITE.fullmatch(_usual(text)) is None):
        where = entered(where, text)
    sides = {_SIDE_CODES[child.code.value] for child in named if child.code.value in _SIDE_CODES}
    return replace(where, side=sides.pop()) if len(sides) == 1 else where


def place(where: Where, rest: str, *, site: str) -> Place | None:
    """Where a number belongs, or `None` where that cannot be told.

    Parameters
    ----------
    where
        What the items around it say.
    rest
        What its own name says beside the quantity.
    site
        Site that the header names, for a tree that names none.
    """
    own = entered(where, rest)
    if own.site == WHOLE_BODY and not own.path:
        own = replace(own, path=("Total",))
    elif own.site and not own.path:
        # A bone without a region of it: `Left Hip` alone may be the neck or the total.
        return _unspecific(own, rest)
    if (own.site or site) == SPINE and own.path[-1:] in (("Total",), ("total",), ("TOTAL",)):
        return Place(SPINE, SPINE_TOTAL)
    sites = [own.site or site] if own.site or site else list(SITES)
    found = [placed for placed in (_placed(own, one) for one in sites) if placed is not None]
    if len(found) != 1:
        return None
    if own.statistic == "value" or found[0].statistic != "value":
        return found[0]
    side: ReportSide | None = "mean" if own.statistic == "mean" else None
    return replace(found[0], side=side, statistic=own.statistic)


def _unspecific(where: Where, rest: str) -> Place:
    names = UNSPECIFIC[where.site]
    name = names[-1] if re.search(r"\bfemur", rest, re.IGNORECASE) else names[0]
    if where.statistic == "value":
        return Place(where.site, name, where.side if where.site != SPINE else None)
    return Place(where.site, name, "mean" if where.statistic == "mean" else None, where.statistic)


def _placed(where: Where, site: str) -> Place | None:
    """The region that the names nearest to the number make, the longest first; none may be dropped that is a region."""
    for first in range(len(where.path)):
        found = place_of(" ".join(where.path[first:]), site, side=where.side)
        if found is None:
            continue
        dropped = [(text, place_of(text, site)) for text in where.path[:first]]
        if all(_agrees(text, other, found) for text, other in dropped):
            return found
        return None
    return None


def _agrees(text: str, other: Place | None, found: Place) -> bool:
    return other.region == found.region if other is not None else not _BONE.fullmatch(text)


def _is_location(child: Item) -> bool:
    if child.kind not in ("CODE", "TEXT"):
        return False
    return child.name.value in _LOCATION_CODES or _LOCATION.fullmatch(child.name.meaning.strip()[:64]) is not None


def _usual(name: str) -> str:
    """A name in the words that `region_names` knows, without what every container is called."""
    text = " ".join(name[:_LONGEST_NAME].replace("_", " ").split())
    for words, usual in _USUAL:
        text = words.sub(usual, text)
    return trimmed(_FILLERS.sub(" ", text))
