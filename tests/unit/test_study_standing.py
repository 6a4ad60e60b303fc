"""Which mask counts and how a reading stands: the rules of the protocol, worked through by hand."""

from __future__ import annotations

import pytest

from bonemetrics.study.masks import Labels
from bonemetrics.study.standing import mask_for, standing
from tests.reading_cases import verdict

A, K, M, D = "a" * 64, "b" * 64, "c" * 64, "d" * 64
"""Hashes of the automatic mask, KL's edit, MN's edit and the adjudicator's mask."""
_KINDS = {A: ("automatic", ""), K: ("edited", "KL"), M: ("edited", "MN"), D: ("adjudicated", "AD")}


def masks(*hashes: str) -> list[Labels]:
    return [
        Labels(
            scan_id="s1",
            version=1,
            number=number,
            file=f"labels-{number:04d}.nii.gz",
            sha256=sha256,
            source=_KINDS[sha256][0],
            user="u",
            reader=_KINDS[sha256][1],
            recorded_utc="",
        )
        for number, sha256 in enumerate(hashes, 1)
    ]


def said(reader: str, what: str, mask: str = A, **more: object):
    role = "adjudicator" if reader == "AD" else "reader"
    return verdict("s1", reader, mask=mask, verdict=what, role=role, **more)


def stands(hashes: tuple[str, ...], *verdicts: object, readings: int) -> tuple[str, str]:
    found = standing(masks(*hashes), verdicts, readings=readings)
    return found.mask.sha256, found.status


ASKS = {"reasons": ("needs-adjudication",)}


@pytest.mark.parametrize(
    ("hashes", "verdicts", "expected"),
    [
        ((A,), [], (A, "waiting")),
        ((A,), [said("KL", "accept")], (A, "accept")),
        ((A,), [said("KL", "reject")], (A, "reject")),
        # A later verdict stands for the reader; with one reading also for another reader.
        ((A,), [said("KL", "reject"), said("KL", "accept")], (A, "accept")),
        ((A,), [said("KL", "accept"), said("MN", "reject")], (A, "reject")),
        ((A,), [said("KL", "accept"), said("KL", "defer")], (A, "waiting")),
        ((A,), [said("KL", "defer", **ASKS)], (A, "needs-adjudication")),
        # An edit counts at once, and makes the verdict on the mask before it stale.
        ((A, K), [said("KL", "accept")], (K, "waiting")),
        ((A, K), [said("KL", "accept-with-edit", K)], (K, "accept-with-edit")),
        ((A, K), [said("KL", "accept", K)], (K, "accept-with-edit")),
        ((A, K, M), [said("KL", "accept-with-edit", K)], (M, "waiting")),
        # An edit that was taken back to the automatic mask is none.
        ((A, K, A), [said("KL", "accept")], (A, "accept")),
        ((A, K), [said("KL", "accept", K), said("AD", "reject", K)], (K, "reject")),
        ((A,), [said("AD", "accept"), said("KL", "reject")], (A, "accept")),
        ((A, D, K), [said("KL", "accept", K)], (D, "needs-adjudication")),
        ((A, D, K), [said("AD", "accept", D)], (D, "accept-with-edit")),
        ((A,), [said("KL", "accept"), said("AD", "defer")], (A, "needs-adjudication")),
        # A hidden second look never changes anything.
        ((A,), [said("KL", "accept"), said("KL", "reject", repeat=True)], (A, "accept")),
        ((A,), [said("KL", "accept", repeat=True)], (A, "waiting")),
        # A verdict on a mask of an older result says nothing of this one.
        ((A,), [said("KL", "accept", K)], (A, "waiting")),
    ],
)
def test_standing__of_one_reading(hashes, verdicts, expected):
    assert stands(hashes, *verdicts, readings=1) == expected


@pytest.mark.parametrize(
    ("hashes", "verdicts", "expected"),
    [
        ((A,), [said("KL", "accept")], (A, "waiting")),
        ((A,), [said("KL", "accept"), said("KL", "accept")], (A, "waiting")),
        ((A,), [said("KL", "accept"), said("MN", "accept")], (A, "accept")),
        ((A,), [said("KL", "reject"), said("MN", "reject")], (A, "reject")),
        ((A,), [said("KL", "accept"), said("MN", "reject")], (A, "needs-adjudication")),
        ((A,), [said("KL", "reject"), said("MN", "reject"), said("KL", "accept")], (A, "needs-adjudication")),
        # An edit of one reader counts for nobody until both accepted it or somebody adjudicated.
        ((A, K), [], (A, "waiting")),
        ((A, K), [said("KL", "accept-with-edit", K), said("MN", "accept")], (A, "needs-adjudication")),
        ((A, K, M), [said("KL", "accept-with-edit", K), said("MN", "accept-with-edit", M)], (A, "needs-adjudication")),
        # KL accepted, then edited and has not judged her edit yet.
        ((A, K), [said("KL", "accept"), said("MN", "accept")], (A, "waiting")),
        ((A,), [said("KL", "accept"), said("MN", "defer")], (A, "waiting")),
        ((A,), [said("KL", "accept"), said("MN", "defer", **ASKS)], (A, "needs-adjudication")),
        # The adjudicator decides for one of the masks, or draws one.
        ((A, K), [said("KL", "accept", K), said("MN", "accept"), said("AD", "accept", K)], (K, "accept-with-edit")),
        ((A, K), [said("KL", "accept-with-edit", K), said("MN", "accept"), said("AD", "accept")], (A, "accept")),
        ((A, K, D), [said("AD", "accept", K)], (D, "needs-adjudication")),
        ((A, K, D), [said("AD", "accept-with-edit", D), said("KL", "reject", K)], (D, "accept-with-edit")),
        ((A, K, M), [said("AD", "reject", M)], (M, "reject")),
        ((A,), [said("KL", "accept"), said("MN", "reject", repeat=True)], (A, "waiting")),
        ((A,), [said("KL", "accept"), said("MN", "accept"), said("MN", "reject", repeat=True)], (A, "accept")),
        # A third reader who differs opens what two had settled.
        ((A,), [said("KL", "accept"), said("MN", "accept"), said("OP", "reject")], (A, "needs-adjudication")),
    ],
)  # fmt: skip
def test_standing__of_two_readings(hashes, verdicts, expected):
    assert stands(hashes, *verdicts, readings=2) == expected


def test_standing__two_readers_who_drew_the_same_agree():
    drawn = masks(A, K)
    drawn.append(drawn[1].model_copy(update={"number": 3, "reader": "MN"}))
    found = standing(drawn, [said("KL", "accept", K), said("MN", "accept", K)], readings=2)
    assert (found.mask.sha256, found.status) == (K, "accept-with-edit")


def test_standing__a_deferred_scan_waits_and_says_so():
    assert standing(masks(A), [said("KL", "defer")], readings=1).deferred
    assert standing(masks(A), [said("KL", "accept"), said("MN", "defer")], readings=2).deferred
    assert not standing(masks(A), [said("KL", "defer"), said("KL", "accept")], readings=1).deferred


def test_standing__without_a_mask_there_is_nothing_that_counts():
    found = standing([], [], readings=2)
    assert (found.mask, found.status) == (None, "waiting")


def test_mask_for__with_two_readings_nobody_has_the_others_edit_before_her():
    drawn = masks(A, K, M)
    assert [mask_for(drawn, reader, readings=2).sha256 for reader in ("KL", "MN", "OP")] == [K, M, A]
    assert mask_for(drawn, "AD", readings=2, role="adjudicator").sha256 == A
    assert mask_for(masks(A, K, D, M), "AD", readings=2, role="adjudicator").sha256 == D


def test_mask_for__with_one_reading_everybody_has_the_mask_that_counts():
    assert {mask_for(masks(A, K, M), reader, readings=1).sha256 for reader in ("KL", "MN")} == {M}
    assert mask_for(masks(A, D, M), "KL", readings=1).sha256 == D
    assert mask_for([], "KL", readings=1) is None
