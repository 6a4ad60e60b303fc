"""A verdict says why, and the rules of a reading name their readers."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bonemetrics.records import HIDDEN, Review, ReviewParameters

MASK = "a" * 64


def review(**changes):
    return Review(**{"scan_id": "s1", "label_sha256": MASK, "reader": "Ana", "verdict": "accept", **changes})


@pytest.mark.parametrize("verdict", ["reject", "defer"])
def test_review__not_accepted_needs_a_reason(verdict):
    with pytest.raises(ValidationError, match="needs at least one reason"):
        review(verdict=verdict)
    assert not review(verdict=verdict, reasons=("motion",)).is_accepted


@pytest.mark.parametrize("verdict", ["accept", "accept-with-edit"])
def test_review__accepted_needs_none(verdict):
    assert review(verdict=verdict).is_accepted


def test_review__the_reason_other_needs_a_comment():
    with pytest.raises(ValidationError, match="needs a comment"):
        review(verdict="reject", reasons=("other",), comment="  ")
    assert review(verdict="reject", reasons=("other",), comment="plate").comment == "plate"


@pytest.mark.parametrize("change", [{"label_sha256": "abc"}, {"reader": ""}, {"confidence": 6}, {"active_s": -1.0}])
def test_review__refuses_what_cannot_be(change):
    with pytest.raises(ValidationError):
        review(**change)


@pytest.mark.parametrize("names", [("Ana", "Ana"), ("Ana", " "), ("x" * 101,)])
def test_review_parameters__readers_stand_once_and_have_a_name(names):
    with pytest.raises(ValidationError, match="names of readers"):
        ReviewParameters(readers=names)


def test_review_parameters__hide_nothing_unless_told():
    assert not ReviewParameters().is_blinded
    assert ReviewParameters(blind=HIDDEN).is_blinded


@pytest.mark.parametrize(
    "other",
    ["kl", "KL ", "\uff2bL", "K\u200dL", "K\u200bL", "K\nL", "K\u202eL"],
    ids=["case", "blank", "wide letter", "joiner", "no width", "line", "turned"],
)
def test_review_parameters__refuse_names_that_nobody_can_tell_apart(other):
    for role in ("readers", "adjudicators"):
        with pytest.raises(ValidationError, match="name"):
            ReviewParameters(**{role: ("KL", other)})
    assert ReviewParameters(readers=("KL", "KM", "K L")).readers == ("KL", "KM", "K L")
