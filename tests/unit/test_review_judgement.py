"""What keeps a reader's form from being a verdict."""

from __future__ import annotations

import pytest

from bonemetrics.review.judgement import Judgement


@pytest.mark.parametrize(
    ("told", "unsaved", "drawn", "lacks"),
    [
        ({}, False, False, "choose a verdict"),
        ({"verdict": "accept"}, False, False, ""),
        ({"verdict": "accept"}, False, True, ""),
        ({"verdict": "accept"}, True, False, "the labels were edited: choose 'accept with edit'"),
        ({"verdict": "accept-with-edit"}, False, False, "nothing was edited"),
        ({"verdict": "accept-with-edit"}, True, False, ""),
        ({"verdict": "accept-with-edit"}, False, True, ""),
        ({"verdict": "reject"}, False, False, "tick at least one reason"),
        ({"verdict": "reject", "reasons": ("leak",)}, False, False, ""),
        ({"verdict": "reject", "reasons": ("leak",)}, True, False, "save the edit or undo it"),
        ({"verdict": "defer", "reasons": ("motion",)}, True, False, ""),
        ({"verdict": "defer", "reasons": ("other",)}, False, False, "needs a comment"),
        ({"verdict": "defer", "reasons": ("other",), "comment": " \n"}, False, False, "needs a comment"),
        ({"verdict": "defer", "reasons": ("other",), "comment": "see MK"}, False, False, ""),
    ],
)
def test_lacks__says_what_is_missing(told, unsaved, drawn, lacks):
    said = Judgement(**told).lacks(unsaved=unsaved, drawn=drawn)
    assert lacks in said
    assert bool(said) == bool(lacks)
