"""Who is in the study: its cohorts in the order of the protocol, and how many women each has."""

from __future__ import annotations

from dataclasses import dataclass

from bonemetrics.outcomes.rows import Dataset

NO_COHORT = "no cohort"


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort: `code` as the values carry it (empty for women without one), and its women by study ID."""

    code: str
    title: str
    women: tuple[str, ...]

    @property
    def label(self) -> str:
        """What the report calls it."""
        return self.code or NO_COHORT


def cohorts(dataset: Dataset) -> tuple[Cohort, ...]:
    """Cohorts of the protocol, then any others that women are in.

    Parameters
    ----------
    dataset
        Of the study.

    Returns
    -------
    tuple of Cohort
        One of the protocol stays, even where nobody is in it.
    """
    gathered = dataset.gathered
    titles = {cohort.code: cohort.title for cohort in gathered.protocol.cohorts}
    found = {who.cohort for who in gathered.participants}
    codes = [*titles, *sorted(found - set(titles))]
    return tuple(
        Cohort(code, titles.get(code, ""), tuple(who.subject for who in gathered.participants if who.cohort == code))
        for code in codes
    )
