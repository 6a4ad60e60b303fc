"""How many biopsies had a double label, single ones only, or none: always told beside formation rates."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bonemetrics.outcomes.analysis.select import Group, groups
from bonemetrics.outcomes.rows import Dataset

STATES = ("double", "single", "none", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCount:
    """Biopsies of one group at one visit in one envelope by label status, in the order of `STATES`."""

    group: Group
    visit: str
    envelope: str
    counts: tuple[int, ...]


def label_counts(dataset: Dataset) -> tuple[LabelCount, ...]:
    """Count label status.

    Parameters
    ----------
    dataset
        Of the study.

    Returns
    -------
    tuple of LabelCount
        By envelope, group and visit; groups without a biopsy are left out.
    """
    order = {visit.name: place for place, visit in enumerate(dataset.gathered.protocol.visits)}
    labels = dataset.gathered.labels
    visits = sorted({one.visit for one in labels}, key=lambda name: (order.get(name, len(order)), name))
    found = []
    for envelope in dict.fromkeys(one.envelope for one in labels):
        for group in groups(dataset):
            for visit in visits:
                own: Counter[str] = Counter(
                    one.status
                    for one in labels
                    if (one.envelope, one.visit) == (envelope, visit) and one.subject in group.women
                )
                if own:
                    counts = tuple(own[state] for state in STATES)
                    found.append(LabelCount(group=group, visit=visit, envelope=envelope, counts=counts))
    return tuple(found)
