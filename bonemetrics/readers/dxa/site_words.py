"""Site and side from the words by which scanners name a scan, such as `AP Spine` or `Left Femur`."""

from __future__ import annotations

import re

from bonemetrics.anatomy import FOREARM, HIP, SPINE, WHOLE_BODY
from bonemetrics.records import ReportSide

_OTHER_VIEWS = re.compile(r"lateral|\blva\b|\biva\b|\bvfa\b|\bdva\b|ortho|knee|hand\b|thoracic|prosthe", re.IGNORECASE)
_SITES = (
    (WHOLE_BODY, re.compile(r"(?:total|whole)[\s_-]?body", re.IGNORECASE)),
    (SPINE, re.compile(r"spine|lumbar", re.IGNORECASE)),
    (HIP, re.compile(r"\bhips?\b|fem(?:ur|ora)", re.IGNORECASE)),
    (FOREARM, re.compile(r"forearm|wrist|\barm\b|\bradius\b|\bulna\b", re.IGNORECASE)),
)
_LEFT = re.compile(r"\b(?:left|lt)\b", re.IGNORECASE)
_RIGHT = re.compile(r"\b(?:right|rt)\b", re.IGNORECASE)


def site_in(text: str) -> str:
    """The site that a text names; empty where it names none, several, or a view that is not measured.

    A lateral spine is no AP spine, and the zones around a prosthesis are no hip: their numbers do not compare.
    """
    if _OTHER_VIEWS.search(text):
        return ""
    found = [site for site, words in _SITES if words.search(text)]
    return found[0] if len(found) == 1 else ""


def side_in(text: str) -> ReportSide | None:
    """The one side that a text names."""
    left, right = _LEFT.search(text) is not None, _RIGHT.search(text) is not None
    if left == right:
        return None
    return "left" if left else "right"
