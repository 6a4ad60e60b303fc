"""Cohen's kappa: where it is defined, where it has an interval, and what is refused."""

from __future__ import annotations

import pytest

from bonemetrics.errors import AgreementError
from bonemetrics.review.kappa import cohens_kappa

VERDICTS = ("accept", "accept-with-edit", "reject")


def pairs(table, names=VERDICTS):
    return [
        (names[row], names[column])
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]


def test_cohens_kappa__unweighted_by_hand():
    # n 20, agreement 15/20 = 0.75. Rows 10 6 4, columns 9 7 4: by chance (90 + 42 + 16)/400 = 0.37; 0.38/0.63.
    found = cohens_kappa(pairs([[7, 3, 0], [2, 4, 0], [0, 0, 4]]), VERDICTS)
    assert found.n == 20
    assert found.table == ((7, 3, 0), (2, 4, 0), (0, 0, 4))
    assert found.observed == pytest.approx(0.75)
    assert found.kappa == pytest.approx(0.38 / 0.63)


def test_cohens_kappa__weighted_by_hand():
    # Disagreement weighs 1/2 (linear) or 1/4 (quadratic) for neighbours, 1 from end to end.
    table = [[6, 2, 1], [1, 4, 1], [0, 2, 3]]
    # n 20, rows 9 6 5, columns 7 8 5. Seen: neighbours 2 + 1 + 1 + 2 = 6, ends 1. By chance, in 400ths: neighbours
    # 9·8 + 6·7 + 6·5 + 5·8 = 184, ends 9·5 + 5·7 = 80.
    linear = cohens_kappa(pairs(table), VERDICTS, weights="linear")
    assert linear.kappa == pytest.approx(1 - (6 / 2 + 1) / 20 / ((184 / 2 + 80) / 400))
    quadratic = cohens_kappa(pairs(table), VERDICTS, weights="quadratic")
    assert quadratic.kappa == pytest.approx(1 - (6 / 4 + 1) / 20 / ((184 / 4 + 80) / 400))
    assert linear.observed == quadratic.observed == pytest.approx(13 / 20)


def test_cohens_kappa__unused_category_counts_for_the_distance_only():
    # Nobody edits: accept and reject are two steps apart, as far as can be, so the weights change nothing.
    table = [[6, 0, 2], [0, 0, 0], [1, 0, 3]]
    plain, linear = (cohens_kappa(pairs(table), VERDICTS, weights=one) for one in ("none", "linear"))
    # 9/12 agree; by chance (8·7 + 4·5)/144.
    assert plain.kappa == pytest.approx((9 / 12 - 76 / 144) / (1 - 76 / 144))
    assert linear.kappa == pytest.approx(plain.kappa)
    # Two categories in use: 8 pairs are enough for an interval.
    assert plain.interval is not None


def test_cohens_kappa__is_undefined_where_both_readers_only_accept():
    found = cohens_kappa([("accept", "accept")] * 30, VERDICTS)
    assert (found.kappa, found.interval, found.standard_error) == (None, None, None)
    assert found.observed == 1.0
    assert found.table[0][0] == 30


def test_cohens_kappa__of_no_pair_is_undefined():
    found = cohens_kappa([], VERDICTS)
    assert (found.n, found.observed, found.kappa, found.interval) == (0, None, None, None)


def test_cohens_kappa__of_one_constant_reader_has_no_interval():
    found = cohens_kappa([("accept", "accept")] * 20 + [("reject", "accept")] * 20, VERDICTS)
    assert found.kappa == pytest.approx(0.0)
    assert found.interval is None
    found = cohens_kappa([("accept", "reject")] * 40, VERDICTS)
    assert found.kappa == pytest.approx(0.0)
    assert found.observed == 0.0
    assert found.interval is None


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_cohens_kappa__of_full_agreement_has_no_interval(weights):
    found = cohens_kappa(pairs([[20, 0, 0], [0, 20, 0], [0, 0, 20]]), VERDICTS, weights=weights)
    assert found.kappa == 1.0
    assert found.interval is None


def test_cohens_kappa__has_an_interval_from_twice_the_square_of_the_categories_on():
    # Three categories: 18 pairs.
    enough = pairs([[5, 1, 0], [1, 5, 1], [0, 0, 5]])
    assert cohens_kappa(enough, VERDICTS).interval is not None
    short = cohens_kappa(enough[1:], VERDICTS)
    assert short.n == 17
    assert short.kappa is not None
    assert (short.interval, short.standard_error) == (None, None)


def test_cohens_kappa__interval_ends_at_one():
    found = cohens_kappa(pairs([[10, 1, 0], [0, 7, 0], [0, 0, 3]]), VERDICTS)
    low, high = found.interval
    assert found.kappa + 1.96 * found.standard_error > 1
    assert high == 1.0
    assert 0 < low < found.kappa


def test_cohens_kappa__wider_confidence_gives_a_wider_interval():
    table = pairs([[30, 8, 3], [9, 20, 7], [2, 6, 15]])
    # Normal quantiles 1.6449 and 2.5758 of a printed table.
    for confidence, z in ((0.90, 1.6449), (0.99, 2.5758)):
        found = cohens_kappa(table, VERDICTS, confidence=confidence)
        assert found.interval[1] - found.kappa == pytest.approx(z * found.standard_error, rel=1e-4)
        assert found.kappa - found.interval[0] == pytest.approx(z * found.standard_error, rel=1e-4)


@pytest.mark.parametrize(
    ("given", "categories", "confidence"),
    [
        ([("accept", "defer")], VERDICTS, 0.95),
        ([("accept", None)], VERDICTS, 0.95),
        ([("accept", "accept")], ("accept",), 0.95),
        ([("accept", "accept")], ("accept", "reject", "accept"), 0.95),
        ([("accept", "accept")], VERDICTS, 95),
    ],
)
def test_cohens_kappa__refuses_what_it_cannot_count(given, categories, confidence):
    with pytest.raises(AgreementError) as caught:
        cohens_kappa(given, categories, confidence=confidence)
    assert caught.value.code == "invalid-readings"
