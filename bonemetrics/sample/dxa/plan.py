"""Who has which DXA when, on which densitometer, and in which form its results reach the study."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import numpy as np

from bonemetrics.anatomy import FOREARM, HIP, SPINE
from bonemetrics.records import Side
from bonemetrics.sample.dxa import numbers
from bonemetrics.sample.dxa.bones import measured_parts
from bonemetrics.sample.dxa.combinations import LEVELS
from bonemetrics.sample.dxa.exam import DISCOVERY, HORIZON, IDXA, OTHER_HORIZON, PRODIGY, Densitometer, Exam, Report
from bonemetrics.sample.people import MOVED, WOMEN, PlannedVisit, Woman

FRACTURED = 3
"""Number of the woman whose second lumbar vertebra is fractured and does not count."""


def reports(woman: Woman, visit: PlannedVisit) -> tuple[Report, ...]:
    """The files of a woman's visit, all from one day.

    Parameters
    ----------
    woman, visit
        Of the trial.
    """
    return _KITS[woman.subject](_Day(woman, visit))


class _Day:
    """The exams of one visit, made as they are asked for."""

    def __init__(self, woman: Woman, visit: PlannedVisit) -> None:
        self.woman, self.visit = woman, visit
        rng = np.random.default_rng([7, WOMEN.index(woman), visit.months])
        self.day = _day(woman, visit, rng)
        minutes = int(rng.integers(9 * 60, 14 * 60))
        self.start = datetime.combine(self.day, time(minutes // 60, minutes % 60, int(rng.integers(0, 60))))
        self.first = int(rng.integers(1, 30))
        self.moved = woman == WOMEN[MOVED - 1] and visit.months == 24

    def spine(self, densitometer: Densitometer) -> Exam:
        lunar = densitometer.make == "lunar"
        levels = ("L1", "L3", "L4") if self.woman == WOMEN[FRACTURED - 1] else LEVELS
        parts = measured_parts(self.woman, SPINE, self.visit.months, lunar=lunar)
        rows = numbers.spine_rows(parts, levels, lunar=lunar)
        if lunar:
            # enCORE prints neighbouring vertebrae only.
            rows = tuple(row for row in rows if "," not in row.region)
        return self._exam(densitometer, SPINE, None, 0, rows, levels)

    def hip(self, densitometer: Densitometer, side: Side = "left") -> Exam:
        right = side == "right"
        parts = measured_parts(self.woman, HIP, self.visit.months, right=right)
        rows = numbers.hip_rows(parts, side, lunar=densitometer.make == "lunar")
        return self._exam(densitometer, HIP, side, 1 + right, rows)

    def forearm(self, densitometer: Densitometer) -> Exam:
        parts = measured_parts(self.woman, FOREARM, self.visit.months)
        rows = numbers.forearm_rows(parts, self.woman.side)
        if densitometer.make == "lunar":
            rows = tuple(row for row in rows if not row.region.endswith("-mid"))
        return self._exam(densitometer, FOREARM, self.woman.side, 3, rows)

    def _exam(
        self,
        densitometer: Densitometer,
        site: str,
        side: Side | None,
        place: int,
        rows: tuple[numbers.Row, ...],
        levels: tuple[str, ...] = (),
    ) -> Exam:
        return Exam(
            woman=self.woman,
            patient_id=self.woman.patient_ids[-1 if self.moved else 0],
            visit=self.visit,
            site=site,
            side=side,
            scanned=self.start + timedelta(minutes=4 * place, seconds=17 * place),
            sequence=self.first + place,
            densitometer=densitometer,
            levels=levels,
            rows=rows,
        )


def _day(woman: Woman, visit: PlannedVisit, rng: np.random.Generator) -> date:
    return woman.day(visit.target_day + int(rng.integers(-7, 8)))


def _structured(day: _Day) -> tuple[Report, ...]:
    exams = (day.spine(HORIZON), day.hip(HORIZON), day.forearm(HORIZON))
    return tuple(Report(form="dicom-sr", name=f"{_word(exam)}-sr.dcm", exams=(exam,)) for exam in exams)


def _two_routes_that_agree(day: _Day) -> tuple[Report, ...]:
    spine, hip, forearm = day.spine(DISCOVERY), day.hip(DISCOVERY), day.forearm(DISCOVERY)
    return (
        Report(form="hologic-xml", name="spine.dcm", exams=(spine,)),
        Report(form="hologic-p-file", name=_p_file(hip), exams=(hip,), truth="exact"),
        Report(form="hologic-pdf", name="hip.pdf", exams=(hip,), truth="scores"),
        Report(form="dicom-sr", name="forearm-sr.dcm", exams=(forearm,)),
    )


def _fractured(day: _Day) -> tuple[Report, ...]:
    spine, forearm = day.spine(HORIZON), day.forearm(HORIZON)
    hips = (day.hip(HORIZON, "left"), day.hip(HORIZON, "right"))
    return (
        Report(form="hologic-pdf", name="spine.pdf", exams=(spine,)),
        Report(form="hologic-pdf", name="hips.pdf", exams=hips),
        Report(form="csv", name="forearm.csv", exams=(forearm,)),
    )


def _page_images(day: _Day) -> tuple[Report, ...]:
    stain = ("L3", "bmd") if day.visit.months == 6 else None
    return (
        Report(
            form="page-image",
            name="spine.png",
            exams=(day.spine(HORIZON),),
            stain=stain,
            dpi=72 if day.visit.months == 24 else 150,
        ),
        Report(form="dicom-sr", name="hip-sr.dcm", exams=(day.hip(HORIZON),)),
        Report(form="csv", name="forearm.csv", exams=(day.forearm(HORIZON),)),
    )


def _two_routes_that_disagree(day: _Day) -> tuple[Report, ...]:
    spine, hip, forearm = day.spine(DISCOVERY), day.hip(DISCOVERY), day.forearm(DISCOVERY)
    files = [
        Report(form="hologic-p-file", name=_p_file(hip), exams=(hip,), truth="exact"),
        Report(form="csv", name="results.csv", exams=(spine, forearm)),
    ]
    if day.visit.months == 12:
        files.append(Report(form="csv", name="hip.csv", exams=(hip,), truth="scores", slip=("neck", "bmd")))
    return tuple(files)


def _scanner_replaced(day: _Day) -> tuple[Report, ...]:
    scanner = OTHER_HORIZON if day.moved else HORIZON
    return (
        Report(form="hologic-xml", name="spine.dcm", exams=(day.spine(scanner),)),
        Report(form="hologic-xml", name="hip.dcm", exams=(day.hip(scanner),)),
        Report(form="dicom-sr", name="forearm-sr.dcm", exams=(day.forearm(scanner),)),
    )


def _from_the_hospital(day: _Day) -> tuple[Report, ...]:
    # No LOINC code of a forearm is known, so its numbers were typed.
    return (
        Report(form="fhir", name="bundle.json", exams=(day.spine(HORIZON), day.hip(HORIZON))),
        Report(form="csv", name="forearm.csv", exams=(day.forearm(HORIZON),)),
    )


def _prodigy(day: _Day) -> tuple[Report, ...]:
    return (
        Report(form="lunar-pdf", name="spine.pdf", exams=(day.spine(PRODIGY),)),
        Report(form="xps", name="femur.xps", exams=(day.hip(PRODIGY),)),
        Report(form="lunar-text", name="forearm.txt", exams=(day.forearm(PRODIGY),)),
    )


def _decimal_comma(day: _Day) -> tuple[Report, ...]:
    exams = (day.spine(HORIZON), day.hip(HORIZON), day.forearm(HORIZON))
    return (Report(form="hologic-pdf", name="report.pdf", exams=exams, comma=day.visit.months == 12),)


def _idxa(day: _Day) -> tuple[Report, ...]:
    spine, hip, forearm = day.spine(IDXA), day.hip(IDXA), day.forearm(IDXA)
    files = [
        Report(form="lunar-text", name="spine.txt", exams=(spine,)),
        Report(form="dicom-sr", name="femur-sr.dcm", exams=(hip,)),
        Report(form="xps", name="forearm.xps", exams=(forearm,)),
    ]
    if day.visit.months == 0:
        files.append(Report(form="dicom-image", name="spine-image.dcm", exams=(spine,), truth="none"))
    return tuple(files)


_KITS: dict[str, Callable[[_Day], tuple[Report, ...]]] = {
    "CSM-01": _structured,
    "CSM-02": _two_routes_that_agree,
    "CSM-03": _fractured,
    "CSM-04": _page_images,
    "CSM-05": _two_routes_that_disagree,
    "CSM-06": _scanner_replaced,
    "CSM-07": _from_the_hospital,
    "CSM-08": _prodigy,
    "CSM-09": _decimal_comma,
    "CSM-10": _idxa,
}


def _word(exam: Exam) -> str:
    return {SPINE: "spine", HIP: "hip", FOREARM: "forearm"}[exam.site]


def _p_file(exam: Exam) -> str:
    return f"P{exam.scan_id[:7]}A.P{exam.scan_id[7:]}"
