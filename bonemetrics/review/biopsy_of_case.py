"""What a reader may see of the biopsy and of the radius numbers that belong to the scan she reads."""

from __future__ import annotations

from bonemetrics.records import Measurement, ReviewParameters
from bonemetrics.review.blinding import is_hidden
from bonemetrics.review.case import Case
from bonemetrics.review.seeing import sees_numbers
from bonemetrics.review.session import Session
from bonemetrics.study.biopsy_entries import StoredEntry

_FIELDS = {
    "subject": ("subject",),
    "visit": ("visit",),
    "date": ("biopsy_date", "label1_start", "label1_end", "label2_start", "label2_end"),
}


def hidden_fields(rules: ReviewParameters) -> frozenset[str]:
    """Fields of the form of a biopsy that `[review] blind` takes off it; an arm has no field."""
    return frozenset(key for what, keys in _FIELDS.items() if is_hidden(rules, what) for key in keys)  # type: ignore[arg-type]


def is_one_visit_alone(rules: ReviewParameters) -> bool:
    """Whether entries of other visits stay out of sight: their order, and that they are there, would tell the visit."""
    return is_hidden(rules, "visit") or is_hidden(rules, "date")


def blinded_title(stored: StoredEntry) -> str:
    """What an entry is of, without visit and date."""
    entry = stored.entry
    return f"{entry.envelope or 'no envelope'}, entry {entry.entry} ({entry.state})"


def radius_numbers(session: Session, case: Case) -> tuple[Measurement, ...] | None:
    """Numbers of the saved mask of a case.

    Returns
    -------
    tuple of Measurement or None
        `None` where the protocol does not show numbers now: `[review] consequence` with `never` always, and with
        `after-verdict` before the reader's verdict on this mask, to which a deferral does not count.
    """
    if not sees_numbers(session.rules, case.judged):
        return None
    if case.mask.is_automatic:
        return case.scan.result.measurements
    measured = session.store.reading.mask_result(case.mask)
    return () if measured is None else measured.measurements
