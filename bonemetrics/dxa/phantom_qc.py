"""Quality control of a densitometer by its phantom: Shewhart chart with several rules, CUSUM, moving average.

References
----------
.. [1] S. L. Bonnick, Bone Densitometry in Clinical Practice: baseline of 10 scans or better 15 to 25 on as many days,
   control limits of the mean ± 1.5 %.
.. [2] J. O. Westgard et al., A multi-rule Shewhart chart for quality control in clinical chemistry. Clin Chem
   1981;27:493-501, and Y. Lu et al., Comparative statistical procedures for longitudinal quality control of
   densitometers, Osteoporos Int 1996: the rules on one, two of three, four of five and ten scans.
.. [3] Australian and New Zealand Bone and Mineral Society, accreditation guidelines for bone densitometry, appendix 6:
   CUSUM S_t = sum(X - T), T being the mean of the first 10 phantom scans.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
from pydantic import Field

from bonemetrics.dxa.phantom_rules import NOISE, RULE_TEXT, Rule, broken_rules, tabular_sums
from bonemetrics.errors import DxaError
from bonemetrics.records import Finite, Record

BASELINE_SCANS, LEAST_BASELINE_SCANS = 25, 10
LIMIT_PERCENT = 1.5
MOST_SCANS, MOST_SEGMENTS = 50_000, 500
"""Bounds on time and memory: daily scans of a century, a service each month for forty years."""


class PhantomScan(Record):
    """One scan of the phantom. `service` marks the first scan after work on the scanner: a new baseline begins."""

    day: date
    bmd_g_cm2: Finite
    serial: str = ""
    service: bool = False
    remark: str = ""


class TabularCusum(Record):
    """Allowance and decision interval in SD of the baseline; neither has a default, for no checked source gives it."""

    k: Finite = Field(ge=0)
    h: Finite = Field(gt=0)


class Baseline(Record):
    """Mean, SD and limits from the first scans after installation or service; `short` tells of fewer than asked for.

    `sd` is zero where all baseline scans are the same to the printed digit; rules in SD then do not apply.
    """

    first_day: date
    n: int
    mean: Finite
    sd: Finite
    low: Finite
    high: Finite
    short: bool


class QcPoint(Record):
    """One scan with what the charts say of it; figures are `None` where its segment has no baseline (or no SD)."""

    scan: PhantomScan
    segment: int
    in_baseline: bool = False
    percent: Finite | None = None
    z: Finite | None = None
    cusum: Finite | None = None
    above: Finite | None = None
    below: Finite | None = None
    moving_average: Finite | None = None
    rules: tuple[Rule, ...] = ()


class PhantomQc(Record):
    """The judged series of one scanner. `baselines` has one entry per segment, `None` where scans are too few."""

    serial: str
    limit_percent: Finite
    tabular: TabularCusum | None
    window: int | None
    baselines: tuple[Baseline | None, ...]
    points: tuple[QcPoint, ...]

    @property
    def violations(self) -> tuple[QcPoint, ...]:
        """Scans that break a rule, in order of time."""
        return tuple(point for point in self.points if point.rules)

    def text_of(self, rule: Rule) -> str:
        """A rule in words."""
        return RULE_TEXT[rule].format(percent=self.limit_percent)


def phantom_qc(
    scans: Iterable[PhantomScan],
    *,
    services: Iterable[date] = (),
    baseline_scans: int = BASELINE_SCANS,
    limit_percent: float = LIMIT_PERCENT,
    tabular: TabularCusum | None = None,
    moving_average: int | None = None,
) -> PhantomQc:
    """Judge a series of phantom scans of one scanner.

    A segment runs from installation or a service to the next one. Its baseline is its first `baseline_scans` scans, or
    all of them where there are fewer, but no fewer than 10; every scan of the segment is judged by it, those of the
    baseline too. Rules in SD look at scans in a row of one segment, and a scan is named only if it lies out itself.
    No value is left out for being zero or negative.

    Parameters
    ----------
    scans
        In any order; scans of one day keep the order given.
    services
        Days of work on the scanner; scans of that day and later begin a new segment, beside those marked themselves.
    baseline_scans
        Between 10 and 25.
    limit_percent
        Half width of the Shewhart limits in per cent of the mean.
    tabular
        Allowance and decision interval of a two-sided tabular CUSUM; none without them.
    moving_average
        Number of scans; no moving average without it.

    Returns
    -------
    PhantomQc
        Points in order of time.

    Raises
    ------
    DxaError
        `invalid-series` for several scanners, for too few or far too many scans, for a mean of zero or below, and for
        parameters that cannot be.
    """
    _check(baseline_scans, limit_percent, moving_average)
    known = sorted(scans, key=lambda scan: scan.day)
    serials = {scan.serial for scan in known}
    if len(serials) > 1:
        raise DxaError(f"scans of {len(serials)} scanners; judge each by itself", code="invalid-series")
    segments = _segments(known, sorted(services))
    if len(known) > MOST_SCANS or len(segments) > MOST_SEGMENTS:
        raise DxaError(
            f"{len(known)} scans and {len(segments) - 1} services; at most {MOST_SCANS} and {MOST_SEGMENTS} are judged",
            code="invalid-series",
        )
    if not any(len(segment) >= LEAST_BASELINE_SCANS for segment in segments):
        longest = max((len(segment) for segment in segments), default=0)
        raise DxaError(
            f"{longest} phantom scans without service between them; a baseline needs at least {LEAST_BASELINE_SCANS}",
            code="invalid-series",
        )
    baselines = [_baseline(segment, baseline_scans, limit_percent) for segment in segments]
    points = [
        point
        for number, (segment, baseline) in enumerate(zip(segments, baselines, strict=True))
        for point in _points(segment, number, baseline, tabular, moving_average)
    ]
    return PhantomQc(
        serial=next(iter(serials)),
        limit_percent=limit_percent,
        tabular=tabular,
        window=moving_average,
        baselines=tuple(baselines),
        points=tuple(points),
    )


def _check(baseline_scans: int, limit_percent: float, moving_average: int | None) -> None:
    if not LEAST_BASELINE_SCANS <= baseline_scans <= BASELINE_SCANS:
        raise DxaError(f"a baseline of {baseline_scans} scans; it takes 10 to 25", code="invalid-series")
    if not (math.isfinite(limit_percent) and limit_percent > 0):
        raise DxaError("the Shewhart limit must be above 0 %", code="invalid-series")
    if moving_average is not None and moving_average < 1:
        raise DxaError("a moving average takes at least one scan", code="invalid-series")


def _segments(scans: Sequence[PhantomScan], services: Sequence[date]) -> list[list[PhantomScan]]:
    found: list[list[PhantomScan]] = []
    waiting = deque(services)
    for scan in scans:
        due = scan.service
        while waiting and waiting[0] <= scan.day:
            waiting.popleft()
            due = True
        if due or not found:
            found.append([])
        found[-1].append(scan)
    return found


def _baseline(segment: Sequence[PhantomScan], wanted: int, limit_percent: float) -> Baseline | None:
    values = np.array([scan.bmd_g_cm2 for scan in segment[:wanted]])
    if len(values) < LEAST_BASELINE_SCANS:
        return None
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    if mean <= 0:
        raise DxaError("the baseline's mean is not above 0 g/cm2, so no phantom was scanned", code="invalid-series")
    width = mean * limit_percent / 100
    return Baseline(
        first_day=segment[0].day,
        n=len(values),
        mean=mean,
        sd=0.0 if sd < NOISE * mean else sd,
        low=mean - width,
        high=mean + width,
        short=len(values) < wanted,
    )


def _points(
    segment: Sequence[PhantomScan],
    number: int,
    baseline: Baseline | None,
    tabular: TabularCusum | None,
    window: int | None,
) -> list[QcPoint]:
    if baseline is None:
        return [QcPoint(scan=scan, segment=number) for scan in segment]
    values = np.array([scan.bmd_g_cm2 for scan in segment])
    away = values - baseline.mean
    z = away / baseline.sd if baseline.sd > 0 else None
    above, below = tabular_sums(z, None if tabular is None else tabular.k)
    rules = broken_rules(away, z, mean=baseline.mean, width=baseline.high - baseline.mean)
    for place, (up, down) in enumerate(zip(above, below, strict=True)):
        if tabular is not None and max(up, down) > tabular.h + NOISE:
            rules[place].append("tabular-cusum")
    has_tabular = bool(above)
    sums = np.cumsum(away)
    return [
        QcPoint(
            scan=scan,
            segment=number,
            in_baseline=place < baseline.n,
            percent=float(100 * away[place] / baseline.mean),
            z=None if z is None else float(z[place]),
            cusum=float(sums[place]),
            above=above[place] if has_tabular else None,
            below=below[place] if has_tabular else None,
            moving_average=_moving(values, place, window),
            rules=tuple(rules[place]),
        )
        for place, scan in enumerate(segment)
    ]


def _moving(values: npt.NDArray[np.float64], place: int, window: int | None) -> float | None:
    if window is None or place + 1 < window:
        return None
    return float(values[place + 1 - window : place + 1].mean())
