"""Reading DXA results, each form against the bare library below it: `python -m tests.benchmarks.dxa`.

Both read the same bytes in the same process, taking turns; of the rounds the fastest counts, since other work on the
machine only ever adds.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pypdfium2
import pyreadstat

from bonemetrics.readers.dxa import hologic_database, hologic_scan, nhanes, page_image
from bonemetrics.readers.dxa.door import read_dxa
from bonemetrics.readers.dxa.source import Source
from tests.dxa_cases import hologic_database as database_case
from tests.dxa_cases import hologic_scan as scan_case
from tests.dxa_cases import nhanes as nhanes_case
from tests.dxa_cases import page_image as picture_case
from tests.mdb_bytes import Table
from tests.printed_pages import HOLOGIC_REFERENCE, LOGO, Placed, hologic_patient, hologic_table, pdf_of
from tests.printed_pages import hologic_scan as scan_lines

PAGES, PEOPLE, SCANS = 79, 3000, 1000
PDF_LIMIT_SECONDS = 1.0
ROUNDS = 7
_LEVELS = ("L1", "L2", "L3", "L4")


@dataclass(frozen=True)
class Contest:
    """A reader and the reference that does the least that could be done with the same bytes."""

    name: str
    ours: Callable[[], int]
    reference: str
    theirs: Callable[[], object]
    rounds: int = ROUNDS


def spine_page(number: int) -> Placed:
    """A printed spine of another day, another person and other numbers."""
    areas = [round(11.0 + 1.3 * level + 0.01 * number, 2) for level in range(4)]
    contents = [round(area * (0.8 + 0.02 * level + 0.001 * number), 2) for level, area in enumerate(areas)]
    sums = [(name, areas[at], contents[at]) for at, name in enumerate(_LEVELS)]
    sums.append(("L1-L4", sum(areas), sum(contents)))
    rows = [(name, f"{a:.2f}", f"{c:.2f}", f"{c / a:.3f}", "-1.2", "0.4") for name, a, c in sums]
    day = date(2018, 1, 2) + timedelta(days=number)
    scan = scan_lines(scan_id=f"A{day:%m%d%y}0{chr(65 + number % 26)}", day=f"{day:%B} {day.day}, {day.year}")
    return hologic_patient(patient_id=f"QX-{4000 + number}") + scan + HOLOGIC_REFERENCE + hologic_table(rows) + LOGO


def printed() -> Contest:
    data = pdf_of([spine_page(number) for number in range(PAGES)])

    def bare() -> object:
        document = pypdfium2.PdfDocument(data)
        return [page.get_textpage().get_text_range() for page in document]

    return Contest(
        f"PDF with text, {PAGES} pages",
        lambda: len(read_dxa(data, Path("report.pdf")).reports),
        "pypdfium2, text of every page",
        bare,
    )


def database(folder: Path) -> Contest:
    """One spine in each scan; the same tables of the same file by access_parser."""
    from access_parser import AccessParser

    scans, spines = [], []
    for number in range(SCANS):
        scan_id = f"A1K3A050{number:05}"
        scans.append(database_case.analysis(database_case.ANNA, scan_id, 1, database_case.scans()[0]["SCAN_DATE"]))
        spines.append({**database_case.key(database_case.ANNA, scan_id), **database_case.spine_row()})
    data = database_case.database(
        ScanAnalysis=Table(database_case.ANALYSIS, scans), Spine=Table(database_case.SPINE_TYPES, spines)
    )

    path = folder / "PatScan.mdb"
    path.write_bytes(data)

    def bare() -> object:
        parser = AccessParser(path)
        return [parser.parse_table(name) for name in ("PATIENT", "ScanAnalysis", "Spine")]

    return Contest(
        f"Hologic database, {SCANS} scans",
        lambda: len(hologic_database.read(Source(data=data, name="PatScan.mdb")).reports),
        "access_parser, three tables",
        bare,
        rounds=3,
    )


def p_file() -> Contest:
    data = scan_case.CASE.make()

    def bare() -> object:
        """Walk the records by their lengths and unpack the numbers of the hip; nothing is checked."""
        place, found = 0, {}
        while place < len(data):
            kind, length = struct.unpack_from("<HI", data, place)
            found[kind] = place + 6
            place += length
        return [struct.unpack_from("<3d", data, found[1204] + at) for at in scan_case.HIP_AT.values()]

    return Contest(
        "Hologic P file",
        lambda: len(hologic_scan.read(Source(data=data, name=scan_case.CASE.file_name)).reports),
        "struct, records and numbers alone",
        bare,
        rounds=200,
    )


def survey() -> Contest:
    first, second, _ = nhanes_case.SPINE_LINES
    lines = [(910000.0 + number, *(first, second)[number % 2][1:]) for number in range(PEOPLE)]
    data = nhanes_case.transport("DXXSPN_Q", nhanes_case.SPINE_COLUMNS, lines)
    return Contest(
        f"NHANES table, {PEOPLE} participants",
        lambda: len(nhanes.read(Source(data=data, name="DXXSPN_Q.xpt")).reports),
        "pyreadstat.read_xport",
        lambda: pyreadstat.read_xport(io.BytesIO(data), output_format="dict"),
    )


def picture() -> Contest | None:
    """`None` without the program."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    data = picture_case.CASE.make()
    return Contest(
        "page image, 15 rows of 5 columns",
        lambda: len(page_image.read(Source(data=data, name="page.png")).reports),
        "tesseract, the page once",
        lambda: (
            subprocess.run([program, "-", "-", "--psm", "6", "tsv"], input=data, capture_output=True, check=True).stdout
        ),
        rounds=2,
    )


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(contest: Contest) -> tuple[float, float]:
    """Seconds of both at their best, after one round that does not count."""
    ours, theirs = [], []
    for _ in range(contest.rounds + 1):
        ours.append(timed(contest.ours))
        theirs.append(timed(contest.theirs))
    return min(ours[1:]), min(theirs[1:])


def main() -> None:
    """Measure and print; fail where the long document takes longer than promised."""
    with tempfile.TemporaryDirectory() as folder:
        contests: Sequence[Contest | None] = (printed(), database(Path(folder)), p_file(), survey(), picture())
        for contest in contests:
            if contest is None:
                print("page image: tesseract is not installed")
                continue
            reports = contest.ours()
            ours, theirs = run(contest)
            print(
                f"{contest.name:34} {reports:5} reports {1000 * ours:9.2f} ms; "
                f"{contest.reference:34} {1000 * theirs:9.2f} ms; {ours / theirs:6.2f} ×"
            )
            if contest is contests[0] and ours >= PDF_LIMIT_SECONDS:
                raise SystemExit(f"{ours:.2f} s for {PAGES} pages; promised: less than {PDF_LIMIT_SECONDS:g} s")


if __name__ == "__main__":
    main()
