"""Pages in the look of GE enCORE: densitometry of the whole site, then the ancillary results of its regions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bonemetrics.anatomy import FOREARM, HIP, SPINE, vertebrae_of
from bonemetrics.sample.dxa.exam import Exam, Report
from bonemetrics.sample.dxa.numbers import Row
from bonemetrics.sample.dxa.page import Align, Drawing
from bonemetrics.sample.dxa.reference import INVENTED, LUNAR, LUNAR_FALL, LUNAR_YOUNG, SAMPLE_CURVES
from bonemetrics.sample.dxa.words import lunar_region, lunar_site, us_date

_MAIN = {SPINE: ("L1-L4",), HIP: ("neck", "total-hip"), FOREARM: ("radius-33",)}
"""What the first page shows; the last of them is what its notes are about."""
_SUMMARY = (("", "Region"), ("BMD", "(g/cm²)"), ("YA", "(%)"), ("YA", "T-score"), ("AM", "(%)"), ("AM", "Z-score"))
_ANCILLARY = (*_SUMMARY, ("BMC", "(g)"), ("Area", "(cm²)"), ("Width", "(cm)"), ("Height", "(cm)"))


def pages(report: Report) -> list[Drawing]:
    """Two pages for each scan: its main region, then all of them.

    Parameters
    ----------
    report
        What is printed.
    """
    return [page for exam in report.exams for page in (_main(exam), _ancillary(exam))]


def printed_rows(exam: Exam) -> tuple[Row, ...]:
    """Rows in the order of enCORE; combinations of vertebrae in the order of the uppermost."""
    if exam.site == SPINE:
        return tuple(sorted(exam.rows, key=lambda row: (len(vertebrae_of(row.region)) > 1, row.region)))
    if exam.site == HIP:
        order = ("neck", "wards", "trochanter", "shaft", "total-hip")
        return tuple(next(row for row in exam.rows if row.region == name) for name in order)
    parts, bones = ("ud", "33", "total"), ("radius", "ulna", "radius+ulna")
    names = [f"{bone}-{part}" for part in parts for bone in bones]
    return tuple(next(row for row in exam.rows if row.region == name) for name in names)


def _main(exam: Exam) -> Drawing:
    page = _frame(exam, 1)
    site = lunar_site(exam)
    page.write(143, 138, f"{site} Bone Density", 8, bold=True, align="center")
    page.box(40, 142, 246, 340, fill=0.8)
    page.box(110, 150, 175, 332, fill=0.4)
    page.write(44, 336, "Image not for diagnosis", 6.5)
    page.write(36, 360, "COMMENTS:", 8, bold=True)
    page.box(252, 340, 576, 371 + 9.6 * len(_MAIN[exam.site]), edge=0.0)
    page.write(414, 349, f"Densitometry: {_population(exam)}", 8, bold=True, align="center")
    rights = (255, 357, 411, 463, 517, 573)
    _head(page, _SUMMARY, rights, 359)
    shown = [row for row in exam.rows if row.region in _MAIN[exam.site]]
    for place, row in enumerate(shown):
        _row(page, exam, row, rights, 377 + 9.6 * place)
    return page


def _ancillary(exam: Exam) -> Drawing:
    page = _frame(exam, 2)
    page.write(36, 141, f"ANCILLARY RESULTS: {lunar_site(exam)}", 11, bold=True)
    rights = (39, 145, 199, 251, 305, 359, 413, 467, 521, 574)
    _head(page, _ANCILLARY, rights, 154)
    page.box(36, 144, 576, 166, edge=0.0)
    for place, row in enumerate(printed_rows(exam)):
        _row(page, exam, row, rights, 175 + 9.6 * place)
    return page


def _frame(exam: Exam, number: int) -> Drawing:
    page = Drawing()
    page.write(306, 40, "Sample Densitometry Unit", 14, align="center")
    page.write(306, 54, "2 Invented Street, Nowhere, 00000", 9, align="center")
    page.write(306, 66, "Phone: 000-000-0000", 9, align="center")
    page.box(36, 79, 576, 121, fill=0.97, edge=0.0)
    surname, _, given = exam.woman.name.partition("^")
    software = f"({exam.densitometer.software})".replace("[", " [")
    facts = (
        (38, ("Patient:", "Birth Date:", "Height:", "Sex:")),
        (110, (f"{surname}, {given}", us_date(exam.woman.born), f"{exam.height_cm:.1f} cm", "Female")),
        (192, ("", "Age:", "Weight:", "Ethnicity:")),
        (254, ("", f"{_age(exam):.1f} years", f"{exam.weight_kg:.1f} kg", "White")),
        (346, ("Referring Physician:", "Patient ID:", "Measured:", "Analyzed:")),
        (424, ("", exam.patient_id, f"{_stamp(exam.scanned)} {software}", f"{_stamp(exam.analysed)} {software}")),
    )
    for x, texts in facts:
        page.lines(x, 89, texts, 7.5, 9.6, bold=x in (38, 192, 346))
    page.write(446, 89, "(not specified)", 7.5)
    page.lines(36, 694, _footnotes(exam), 5.5, 7)
    page.write(60, 746, "GE Healthcare", 8)
    page.write(306, 746, f"Page: {number} of 2", 8, align="center")
    page.write(574, 741, exam.densitometer.model, 8, align="right")
    page.write(574, 751, exam.densitometer.serial, 8, align="right")
    return page


def _population(exam: Exam) -> str:
    return "USA (Combined NHANES/Lunar)" if exam.site == SPINE else INVENTED


def _footnotes(exam: Exam) -> tuple[str, ...]:
    site, region = lunar_site(exam), lunar_region(_MAIN[exam.site][-1])
    where = (
        f"T-score: USA (Combined NHANES (ages 20-30) / Lunar (ages 20-40)) {LUNAR};"
        if exam.site == SPINE
        else f"T-score: {INVENTED}, {site}, Female, White Reference Population;"
    )
    created = f"{_stamp(exam.analysed)} {exam.densitometer.software}"
    return (
        f"Statistically 68% of repeat scans fall within 1SD (± 0.010 g/cm² for {site} {region});",
        f"{where} Z-score: Matched for Age, Sex, Weight (females 25-100 kg), Ethnic",
        f"Date created: {created}; Filename: sample{exam.number:02d}.dfx; {site}; Scan Mode: Standard; 37.0 µGy",
    )


def _age(exam: Exam) -> float:
    return (exam.scanned.date() - exam.woman.born).days / 365.25


def _stamp(moment: datetime) -> str:
    hour = int(f"{moment:%I}")
    return f"{moment:%m/%d/%Y} {hour}:{moment:%M:%S} {moment:%p}"


def _head(page: Drawing, columns: Sequence[tuple[str, str]], rights: Sequence[float], y: float) -> None:
    for place, ((name, unit), x) in enumerate(zip(columns, rights, strict=True)):
        align: Align = "right" if place else "left"
        page.write(x, y, name, 7.5, bold=True, align=align)
        page.write(x, y + 9, unit, 7.5, bold=True, align=align)


def _row(page: Drawing, exam: Exam, row: Row, rights: Sequence[float], y: float) -> None:
    cells = [lunar_region(row.region), row.text("bmd"), *_compared(exam, row)]
    if len(rights) > len(cells):
        levels = max(1, len(vertebrae_of(row.region)))
        height = 2.81 * levels if exam.site == SPINE else row.area**0.5
        cells += [row.text("bmc"), row.text("area"), f"{row.area / height:.1f}", f"{height:.2f}"]
    for place, (text, x) in enumerate(zip(cells, rights, strict=True)):
        page.write(x, y, text, 7.5, align="right" if place else "left")


def _compared(exam: Exam, row: Row) -> tuple[str, str, str, str]:
    """Percent of young, T, percent of age-matched, Z; marks where the reference does not hold the region."""
    if row.t_score is None:
        return ("-", "-", "-", "-")
    if exam.site == SPINE:
        young = LUNAR_YOUNG[row.region]
        matched = young - LUNAR_FALL
    else:
        young, _, matched, _ = SAMPLE_CURVES[row.region]
    share = (f"{100 * row.bmd / mean:.0f}" for mean in (young, matched))
    return (next(share), row.text("t_score"), next(share), row.text("z_score"))
