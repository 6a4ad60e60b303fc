"""Whether the study day that a table states is that of its date."""

from __future__ import annotations

from bonemetrics.records import Problem, Subject, TableRecord, note
from bonemetrics.study.visits import study_day


def day_notes(record: TableRecord, subject: Subject | None) -> tuple[Problem, ...]:
    """A note where the table counts from another day than the protocol.

    Parameters
    ----------
    record
        Of a table. Its study day 0 was noted when the table was read.
    subject
        The person's entry of the subjects table, which has the day of infusion.

    Returns
    -------
    tuple of Problem
        Empty where either day is not known, or both are the same.
    """
    day1 = subject.day1 if subject is not None else None
    if not record.study_day or record.day is None or day1 is None:
        return ()
    found = study_day(record.day, day1)
    if found == record.study_day:
        return ()
    text = f"the table states study day {record.study_day}, its date is day {found} of the protocol; the date stands"
    return (note("study-day-differs", text),)
