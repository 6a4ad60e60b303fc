"""One DXA scan, one report file, and the densitometers of the trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bonemetrics.anatomy import HIP
from bonemetrics.records import Side
from bonemetrics.sample.dxa import numbers
from bonemetrics.sample.people import WOMEN, PlannedVisit, Woman

Form = Literal[
    "hologic-pdf",
    "lunar-pdf",
    "xps",
    "page-image",
    "hologic-xml",
    "dicom-sr",
    "hologic-p-file",
    "lunar-text",
    "fhir",
    "csv",
    "dicom-image",
]
Truth = Literal["printed", "exact", "scores", "none"]
_BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Densitometer:
    """A DXA scanner of the trial; the serial numbers are invented."""

    make: Literal["hologic", "lunar"]
    manufacturer: str
    model: str
    serial: str
    software: str


HORIZON = Densitometer(make="hologic", manufacturer="HOLOGIC", model="Horizon W", serial="990417M", software="13.6.0.5")
OTHER_HORIZON = replace(HORIZON, serial="990733M")
DISCOVERY = Densitometer(make="hologic", manufacturer="HOLOGIC", model="Discovery W", serial="99841", software="13.2")
PRODIGY = Densitometer(
    make="lunar", manufacturer="GE Healthcare", model="Lunar Prodigy", serial="DF+990475", software="16 [SP 2]"
)
IDXA = Densitometer(
    make="lunar", manufacturer="GE Healthcare", model="Lunar iDXA", serial="ME+990126", software="16 [SP 2]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """One scan of one site. `side` is `mean` nowhere; a page of both hips is two exams shown together."""

    woman: Woman
    patient_id: str
    visit: PlannedVisit
    site: str
    side: Side | None
    scanned: datetime
    sequence: int
    densitometer: Densitometer
    levels: tuple[str, ...]
    rows: tuple[numbers.Row, ...]

    @property
    def number(self) -> int:
        """Of the woman, from 1."""
        return WOMEN.index(self.woman) + 1

    @property
    def age(self) -> int:
        """Whole years on the day of the scan."""
        day, born = self.scanned.date(), self.woman.born
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    @property
    def height_cm(self) -> float:
        """Invented."""
        return 148.0 + 17 * self.number % 19

    @property
    def weight_kg(self) -> float:
        """Invented."""
        return 54.5 + 23 * self.number % 21

    @property
    def analysed(self) -> datetime:
        """A quarter of an hour later."""
        return self.scanned + timedelta(minutes=15)

    @property
    def scan_id(self) -> str:
        """As Hologic prints it: site letter, month, day, year, running number of the day in base 36."""
        return f"A{self.scanned:%m%d%y}{_base_36(self.sequence, 2)}"

    @property
    def long_scan_id(self) -> str:
        """As Hologic stores it: 13 characters, with the second of the day."""
        day, clock = self.scanned.date(), self.scanned.time()
        second = clock.hour * 3600 + clock.minute * 60 + clock.second
        stem = f"A{_base_36(day.year, 3)}{day.month:X}{day.day:02d}"
        return f"{stem}{_base_36(second, 4)}{_base_36(self.sequence, 2)}"

    @property
    def key(self) -> str:
        """Tells the exam apart from every other of the trial."""
        return f"{self.woman.subject}/{self.visit.folder}/{self.site}/{self.side or ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One file to be written.

    `truth` says what of it counts: all numbers as printed; the doubles; the scores alone, since another route to the
    same scan holds the rest to more digits; or nothing. `stain` is the cell (region, name) that a stain makes
    unreadable, `slip` one with a digit mistyped, `comma` sets decimal commas, `dpi` is the resolution of a picture.
    """

    form: Form
    name: str
    exams: tuple[Exam, ...]
    truth: Truth = "printed"
    stain: tuple[str, str] | None = None
    slip: tuple[str, str] | None = None
    comma: bool = False
    dpi: int = 150

    @property
    def shows_both_hips(self) -> bool:
        """Whether it is one page of two hips."""
        return len(self.exams) == 2 and {exam.site for exam in self.exams} == {HIP}

    @property
    def rows(self) -> tuple[numbers.Row, ...]:
        """The rows of the page: those of the scan, or of both hips and their means."""
        if self.shows_both_hips:
            left, right = sorted(self.exams, key=lambda exam: str(exam.side))
            return numbers.dual_hip_rows(left.rows, right.rows)
        return tuple(row for exam in self.exams for row in exam.rows)


def _base_36(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 36)
        text = _BASE_36[digit] + text
    return text
