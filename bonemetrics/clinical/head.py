"""Who and when of a row, in the words of laboratories, REDCap, SDTM and ADaM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bonemetrics.errors import TableError
from bonemetrics.records import Given, GivenNumber, MappedRow, Problem, Role, RowOutcome, note, refusal

SUBJECT_ROLES = (
    Role(
        name="subject",
        type="text",
        synonyms=("USUBJID", "subject id", "participant", "participant id", "patient", "patient id", "id", "paciente"),
    ),
    Role(name="record", type="text", synonyms=("record_id", "SUBJID")),
)
"""Whose row it is: `record` counts where there is no `subject`."""
WHEN_ROLES = (
    Role(
        name="visit",
        type="text",
        synonyms=("redcap_event_name", "AVISIT", "visit name", "time point", "event", "visita"),
    ),
    Role(
        name="date",
        type="date",
        synonyms=(
            "ADT",
            "LBDTC",
            "QSDTC",
            "VSDTC",
            "visit date",
            "sample date",
            "collection date",
            "date of visit",
            "fecha",
        ),
    ),
    Role(name="study_day", type="integer", synonyms=("ADY", "LBDY", "QSDY", "VSDY", "day")),
)
MOMENT_ROLES = (
    Role(name="visit_number", type="number", synonyms=("AVISITN", "VISITNUM")),
    Role(name="date_time", type="date", synonyms=("ADTM",)),
    Role(name="time_of_day", type="time", synonyms=("ATM", "sample time", "collection time")),
    Role(name="planned_time", type="text", synonyms=("ATPT", "LBTPT", "QSTPT", "VSTPT")),
    Role(name="repeat", type="text", synonyms=("redcap_repeat_instance",)),
    Role(name="sequence", type="text", synonyms=("ASEQ", "LBSEQ", "QSSEQ", "VSSEQ", "AESEQ", "CESEQ", "FASEQ")),
)
"""What tells records of one day apart. They stand last among roles: no column of results is lost to them."""
READER_ROLE = Role(name="reader", type="text", synonyms=("assessor", "rater"))


@dataclass(frozen=True, slots=True)
class Head:
    """Whose row it is, and when it was.

    `time_point` is a planned time or a repeat, which whole sittings have; `sequence` numbers single rows.
    """

    subject: str
    visit: str = ""
    visit_number: float | None = None
    day: date | None = None
    time: str = ""
    study_day: int | None = None
    reader: str = ""
    time_point: str = ""
    sequence: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The same for all rows of one sitting."""
        return (self.subject, self.visit, str(self.day or ""), str(self.study_day or ""), self.time_point)

    @property
    def instance(self) -> str:
        """What tells the record of one row from others of its day."""
        return " ".join(text for text in (self.time_point, self.sequence) if text)

    @property
    def common(self) -> dict[str, Any]:
        """What every record of a table takes of it."""
        names = ("subject", "visit", "visit_number", "day", "study_day")
        return {name: getattr(self, name) for name in names}


def head_of(row: MappedRow, *, day_role: str = "date") -> Head:
    """The head of a row.

    Parameters
    ----------
    row
        By roles.
    day_role
        Role that holds the day.

    Returns
    -------
    Head
        With the roles that are filled.

    Raises
    ------
    TableError
        `missing-cell` without a subject.
    """
    subject = text_of(row, "subject") or text_of(row, "record")
    if not subject:
        raise TableError("the row names no subject", code="missing-cell")
    day_role = day_role if day_role in row.values else "date_time"
    day, stated, number = row.values.get(day_role), row.values.get("study_day"), number_of(row, "visit_number")
    times = (row.times.get(day_role, ""), row.times.get("date_time", ""), text_of(row, "time_of_day"))
    return Head(
        subject=subject,
        visit=text_of(row, "visit"),
        visit_number=number.value if number is not None and number.censored is None else None,
        day=day if isinstance(day, date) else None,
        time=next(filter(None, times), ""),
        study_day=int(stated.value) if isinstance(stated, GivenNumber) else None,
        reader=text_of(row, "reader"),
        time_point=" ".join(text for name in ("planned_time", "repeat") if (text := text_of(row, name))),
        sequence=text_of(row, "sequence"),
    )


def text_of(row: MappedRow, name: str) -> str:
    """The text of a role, empty where it has none."""
    value = row.values.get(name)
    return value.strip() if isinstance(value, str) else ""


def number_of(row: MappedRow, name: str) -> GivenNumber | None:
    """The number of a role, `None` where it has none."""
    value: Given | None = row.values.get(name)
    return value if isinstance(value, GivenNumber) else None


def unread(row: MappedRow, names: Iterable[str]) -> list[Problem]:
    """What could not be understood of a row: the row as a whole, and the roles that are asked for."""
    return [row.problems[name] for name in ("", *names) if name in row.problems]


def unread_head(row: MappedRow, *more: str) -> list[Problem]:
    """What could not be understood of whose the row is and when it was, and of further roles."""
    moment = () if "date" in row.values else ("date_time",)
    return unread(row, ("subject", "visit", "date", "study_day", *moment, *more))


def refused(row: MappedRow, error: TableError) -> RowOutcome:
    """A row that gives nothing, with its reason."""
    return RowOutcome(row.line, (), (refusal(error),))


def nothing_in(row: MappedRow) -> RowOutcome:
    """A row of a person and a visit without any value of this kind."""
    return RowOutcome(row.line, (), (note("row-empty", "rows without any value were passed over"),))


def letters(text: str) -> str:
    """A name by its letters and digits alone."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def look_up(text: str, names: Mapping[str, str]) -> str | None:
    """What a name stands for in a map of the study: as it is written, then by its letters alone."""
    if text in names:
        return names[text]
    return next((meaning for name, meaning in names.items() if letters(name) == letters(text)), None)
