"""When `[review] consequence` lets a reader see numbers."""

from __future__ import annotations

from bonemetrics.records import ReviewParameters
from bonemetrics.study.reviews import StoredReview


def sees_numbers(rules: ReviewParameters, judged: StoredReview | None) -> bool:
    """Whether a reader may see what a saved mask measures.

    Parameters
    ----------
    rules
        `[review]` of the protocol.
    judged
        Her own verdict on that mask; a deferral is none.
    """
    if rules.consequence == "after-verdict":
        return judged is not None and judged.verdict != "defer"
    return rules.consequence == "at-once"


def sees_numbers_unjudged(rules: ReviewParameters) -> bool:
    """Whether she may see what labels measure that she has not judged, such as those of an edit that is not saved."""
    return sees_numbers(rules, None)
