"""Pages in the look of a Hologic APEX results summary: one scan, or both hips."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.anatomy import SPINE
from bonemetrics.sample.dxa.exam import Exam, Report
from bonemetrics.sample.dxa.numbers import Row
from bonemetrics.sample.dxa.page import Drawing
from bonemetrics.sample.dxa.reference import INVENTED
from bonemetrics.sample.dxa.words import hologic_region, hologic_site, long_date, printed, us_date

COLUMNS = ("area", "bmc", "bmd", "t_score", "z_score")
_HEAD = (("Area", "(cm²)"), ("BMC", "(g)"), ("BMD", "(g/cm²)"), ("T -", "score"), ("Z -", "score"))
_SHADE = 0.95


def pages(report: Report) -> list[Drawing]:
    """One page for each scan, or one for both hips.

    Parameters
    ----------
    report
        What is printed; `comma` sets decimal commas and dates with the day first.
    """
    if report.shows_both_hips:
        return [_dual_hip(report)]
    return [_single(exam, report) for exam in report.exams]


def _single(exam: Exam, report: Report) -> Drawing:
    page = Drawing()
    _letterhead(page, exam, comma=report.comma)
    _scan_information(page, exam, comma=report.comma)
    _picture(page, exam)
    page.write(25, 458, "DXA Results Summary:", 11, bold=True)
    bottom = 503 + 13.6 * len(exam.rows)
    page.box(25, 466, 563, bottom + 4, fill=_SHADE, edge=0.0, line=2.0)
    _head(page, 30, (137, 226, 311, 404, 492), 480)
    for place, row in enumerate(exam.rows):
        last = row.region in ("total-hip", "L1-L4")
        _row(page, row, hologic_region(row.region), 505 + 13.6 * place, comma=report.comma, bold=last)
    page.write(25, bottom + 14, f"Total BMD CV {_number(1.0, 1, comma=report.comma)}%", 7)
    return page


def _letterhead(page: Drawing, exam: Exam, *, comma: bool) -> None:
    page.write(306, 18, "Sample Bone Clinic", 14, bold=True, align="center")
    page.write(306, 32, "1 Invented Street", 10, bold=True, align="center")
    page.write(306, 45, "Nowhere, 00000", 10, bold=True, align="center")
    page.write(4, 64, "Telephone: 000-000-0000", 8.5)
    page.box(2, 77, 576, 120, fill=_SHADE, edge=0.0, line=2.5)
    surname, _, given = exam.woman.name.partition("^")
    page.lines(
        5,
        91,
        (
            f"Name: {surname}, {given}",
            f"Patient ID: {exam.patient_id}",
            f"DOB: {long_date(exam.woman.born, comma=comma)}",
        ),
        9,
        12,
    )
    page.lines(277, 91, ("Sex: Female", "Ethnicity: White"), 9, 12)
    height, weight = _number(exam.height_cm, 1, comma=comma), _number(exam.weight_kg, 1, comma=comma)
    page.lines(452, 91, (f"Height: {height} cm", f"Weight: {weight} kg", f"Age: {exam.age}"), 9, 12)


def _scan_information(page: Drawing, exam: Exam, *, comma: bool) -> None:
    page.write(300, 157, "Scan Information:", 11, bold=True)
    device = exam.densitometer
    analysed = f"{long_date(exam.analysed.date(), comma=comma)} {exam.analysed:%H:%M} Version {device.software}"
    facts = (
        ("Scan Date:", long_date(exam.scanned.date(), comma=comma)),
        ("Scan Type:", f"a {hologic_site(exam)}"),
        ("Analysis:", analysed),
        ("", "Spine" if exam.site == SPINE else hologic_site(exam)),
        ("Operator:", "QA"),
        ("Model:", f"{device.model} (S/N {device.serial})"),
        ("Comment:", ""),
    )
    for place, (name, value) in enumerate(facts):
        page.write(300, 171 + 13 * place, name, 9)
        page.write(355, 171 + 13 * place, value, 9)
    page.write(468, 171, "ID:", 9)
    page.write(486, 171, exam.scan_id, 9)
    _reference(page, 300, 330)


def _reference(page: Drawing, x: float, y: float) -> None:
    texts = (
        f"T-score vs. White Female. Source:{INVENTED}. Z-score",
        f"vs. White Female. Source:{INVENTED}.",
    )
    page.lines(x, y, texts, 7.5, 10)


def _picture(page: Drawing, exam: Exam, x: float = 49, width: float = 172) -> None:
    """A picture without meaning where the scan is shown."""
    top, bottom = 151, 395
    page.box(x, top, x + width, bottom, fill=0.08)
    steps = 5 if exam.site == SPINE else 2
    for step in range(steps):
        y = top + 14 + step * (bottom - top - 20) / steps
        page.box(x + 0.3 * width, y, x + 0.7 * width, y + 0.75 * (bottom - top - 20) / steps, fill=0.62)
    page.lines(x, bottom + 9, ("Image not for diagnostic use", "k = 1.137, d0 = 47.9", "116 x 135"), 7, 9)


def _head(page: Drawing, left: float, middles: Sequence[float], y: float) -> None:
    page.write(left, y, "Region", 9, bold=True)
    for middle, (name, unit) in zip(middles, _HEAD, strict=True):
        page.write(middle, y, name, 9, bold=True, align="center")
        page.write(middle, y + 9, unit, 9, bold=True, align="center")


def _row(
    page: Drawing,
    row: Row,
    label: str,
    y: float,
    *,
    left: float = 30,
    middles: Sequence[float] = (137, 226, 311, 404, 492),
    comma: bool = False,
    bold: bool = False,
) -> None:
    page.write(left, y, label, 9, bold=bold)
    for middle, name in zip(middles, COLUMNS, strict=True):
        page.write(middle, y, printed(row, name, comma=comma), 9, bold=bold, align="center")
        page.box(middle - 20, y - 8, middle + 20, y + 2.5)
        page.cells[row.region, row.side or "", name] = page.boxes.pop()


def _dual_hip(report: Report) -> Drawing:
    page = Drawing()
    left, right = sorted(report.exams, key=lambda exam: str(exam.side))
    _letterhead(page, left, comma=report.comma)
    page.write(3, 134, "Referring Physician: none", 8.5)
    for exam, x in ((right, 5), (left, 136)):
        page.write(x, 147, f"a {hologic_site(exam)} {us_date(exam.scanned.date())}", 8)
        _picture(page, exam, x, 126)
    _reference(page, 300, 345)
    page.write(5, 450, "DXA Results Summary:", 11, bold=True)
    page.box(5, 457, 287, 604, fill=_SHADE, edge=0.0, line=1.5)
    middles = (92, 134, 178, 222, 264)
    _head(page, 10, middles, 471)
    _groups(page, report.rows, middles)
    page.write(5, 616, f"Total BMD CV {_number(1.0, 1, comma=report.comma)}%", 7)
    page.write(300, 598, "Comment:", 11, bold=True)
    for place, exam in enumerate((right, left)):
        device = exam.densitometer
        name = str(exam.side).capitalize()
        text = f"{name} - Scan Id:{exam.scan_id}(S/N {device.serial}) Analysis:{long_date(exam.analysed.date())}"
        page.write(
            2, 712 + 10 * place, f"{text} {exam.analysed:%H:%M} Hip V:{device.software} Operator: QA Comment:", 7.5
        )
    return page


def _groups(page: Drawing, rows: Sequence[Row], middles: Sequence[float]) -> None:
    y = 495.0
    for start, title in ((0, "Neck"), (3, "Total")):
        left, right, mean = rows[start : start + 3]
        page.write(10, y, title, 9, bold=True)
        for row, label in ((left, "Left"), (right, "Right"), (mean, "Mean")):
            y += 11
            _row(page, row, label, y, left=10, middles=middles)
        y += 11
        page.write(10, y, "|Diff.|", 9)
        for middle, name in zip(middles, COLUMNS, strict=True):
            page.write(middle, y, _difference(left, right, name), 9, align="center")
        y += 11


def _difference(left: Row, right: Row, name: str) -> str:
    one, other = getattr(left, name), getattr(right, name)
    decimals = len(left.text(name).partition(".")[2])
    return f"{abs(one - other):.{decimals}f}"


def _number(value: float, decimals: int, *, comma: bool) -> str:
    text = f"{value:.{decimals}f}"
    return text.replace(".", ",") if comma else text
