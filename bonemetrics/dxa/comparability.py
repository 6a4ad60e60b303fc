"""What differs between the DXA reports of one person from different days, so that a change may not be bone's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bonemetrics.anatomy import FOREARM, HIP, SPINE, vertebrae_of
from bonemetrics.dxa.evaluable import COUNTED
from bonemetrics.dxa.standardised import make_of
from bonemetrics.records import DxaReport, Problem, note

ROI_TOLERANCE = 0.10
"""Relative, of width and height each. A choice of ours, no figure of the field: boxes drawn by hand differ a little."""
_LONGEST = 40
_MAKERS = frozenset(("hologic", "inc", "inc.", "ge", "healthcare", "medical", "systems", "lunar", "norland"))
_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+ \d{1,6}")
"""As `SCAN_MODE 17`."""
_VERSION = re.compile(r"\D{0,40}?(\d{1,6}(?:\.\d{1,6}){1,5})")
_NUMBER = r"(\d{1,5}(?:[.,]\d{1,4})?)"
_SIZE = re.compile(rf"{_NUMBER}\s*(mm|cm)?\s*[x×*]\s*{_NUMBER}\s*(mm|cm)?(?![\d.,])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Scan:
    key: str
    day: date
    report: DxaReport


def comparability_notes(
    reports: Iterable[tuple[str, date | None, DxaReport]], *, roi_tolerance: float = ROI_TOLERANCE
) -> dict[str, tuple[Problem, ...]]:
    """Note what changed between days on every report that it concerns.

    Only reports of one site are compared, and of one side where the other day has that side. A report is noted where
    another day has no report like it: both hips on every day are fine, a left hip beside a right one is not. What a
    source does not state is not compared, and a report without a date belongs to no day.

    Parameters
    ----------
    reports
        All reports of one person: a key of the caller's, the day of the scan, the report.
    roi_tolerance
        How much the size of the region of interest may differ, as a fraction.

    Returns
    -------
    dict
        Notes by key, for every key: `scanner-changed`, `scan-mode-changed`, `hardware-changed`, `analysis-changed`,
        `side-changed`, `roi-changed`, `vertebrae-changed`, `reference-changed`.
    """
    known = list(reports)
    dated = [_Scan(key, day, report) for key, day, report in known if day is not None and report.site]
    rules = (*_RULES, _roi_rule(roi_tolerance))
    notes: dict[str, tuple[Problem, ...]] = {key: () for key, _, _ in known}
    for scan in dated:
        others = [other for other in dated if other.report.site == scan.report.site and other.day != scan.day]
        found = [rule.note_on(scan, others) for rule in rules if not rule.sites or scan.report.site in rule.sites]
        notes[scan.key] += tuple(one for one in found if one is not None)
    return notes


@dataclass(frozen=True, slots=True)
class _Rule:
    """`alike` is `None` where one of two reports does not state what is compared."""

    code: str
    what: str
    alike: Callable[[DxaReport, DxaReport], bool | None]
    shown: Callable[[DxaReport], str]
    sites: tuple[str, ...] = ()
    within_side: bool = True

    def note_on(self, scan: _Scan, others: Sequence[_Scan]) -> Problem | None:
        days: dict[date, list[_Scan]] = {}
        for other in others:
            days.setdefault(other.day, []).append(other)
        chosen = [self._to_compare(scan, same_day) for same_day in days.values()]
        differing = [
            same_day for same_day in chosen if all(self.alike(scan.report, other.report) is False for other in same_day)
        ]
        if not differing:
            return None
        elsewhere = sorted({self.shown(other.report) for same_day in differing for other in same_day})
        routes = {other.report.route for same_day in differing for other in same_day}
        words = (
            "" if routes == {scan.report.route} else "; the sources are of different kinds and may word it otherwise"
        )
        text = (
            f"{self.what} {self.shown(scan.report)} here, {', '.join(elsewhere)} on {len(differing)} of {len(days)}"
            f" other days of this person; part of a change may not be bone's{words}"
        )
        return note(self.code, text)

    def _to_compare(self, scan: _Scan, same_day: Sequence[_Scan]) -> Sequence[_Scan]:
        """Reports of the same side go before others: a change on the left is not hidden by a like scan of the right."""
        if not self.within_side:
            return same_day
        return [other for other in same_day if _same_side(scan.report, other.report) is not False] or same_day


def _plain(text: str) -> str:
    """A text without case, blanks and signs that sources write as they like; points of versions stay."""
    return re.sub(r"[^\w.]+|_", "", text.casefold())


def _same_text(one: str, other: str) -> bool | None:
    if bool(_CODE.fullmatch(one.strip())) != bool(_CODE.fullmatch(other.strip())):
        # A database stores a code where a page prints words, and what the codes mean is not public.
        return None
    one, other = _plain(one), _plain(other)
    return one == other if one and other else None


def _all_alike(answers: Iterable[bool | None]) -> bool | None:
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


def _model(text: str) -> str:
    """A model without its maker and serial number: `HOLOGIC Horizon W (S/N 30012)` is a `Horizon W`."""
    words = re.sub(r"\(?\b(?:s/?n|serial)\b[^)]*\)?", " ", text, flags=re.IGNORECASE).split()
    return " ".join(word for word in words if _plain(word) not in _MAKERS)


def _begins_alike(one: str, other: str) -> bool | None:
    """As `_same_text`, where one source writes more than the other: `Horizon W` and `Horizon W (13.6)`."""
    one, other = _plain(one), _plain(other)
    return one.startswith(other) or other.startswith(one) if one and other else None


def _same_version(one: str, other: str) -> bool | None:
    """`APEX 13.6` and `13.6.0.5` may be one version, of which one source prints less; 13.6 and 13.5 are two."""
    first, second = _VERSION.fullmatch(one.strip()), _VERSION.fullmatch(other.strip())
    if first is None or second is None:
        return _same_text(one, other)
    return all(a == b for a, b in zip(first[1].split("."), second[1].split("."), strict=False))


def _same_serial(one: str, other: str) -> bool | None:
    one, other = (re.sub(r"^(sn|serial)(no)?", "", _plain(text)).lstrip("0") for text in (one, other))
    return one == other if one and other else None


def _same_scanner(one: DxaReport, other: DxaReport) -> bool | None:
    a, b = one.device, other.device
    makes = make_of(a), make_of(b)
    same_make = None if None in makes else makes[0] == makes[1]
    same_serial = _same_serial(a.serial, b.serial)
    # Only with the serial number for a witness may one source name the model more fully than the other.
    models = _model(a.model), _model(b.model)
    same_model = _begins_alike(*models) if same_serial else _same_text(*models)
    return _all_alike((same_serial, same_model, same_make))


def _scanner_name(report: DxaReport) -> str:
    device = report.device
    return _clipped(" ".join(part for part in (device.model or device.manufacturer, device.serial) if part))


def _same_mode(one: DxaReport, other: DxaReport) -> bool | None:
    a, b = one.circumstances, other.circumstances
    return _all_alike((_same_text(a.scan_mode, b.scan_mode), _same_text(a.scan_type, b.scan_type)))


def _same_analysis(one: DxaReport, other: DxaReport) -> bool | None:
    a, b = one.device, other.device
    return _all_alike(
        (
            _same_version(a.analysis_version, b.analysis_version),
            _same_version(a.software, b.software),
            _same_text(one.circumstances.protocol, other.circumstances.protocol),
        )
    )


def _analysis_name(report: DxaReport) -> str:
    device = report.device
    parts = dict.fromkeys((device.software, device.analysis_version, report.circumstances.protocol))
    return _clipped(" ".join(part for part in parts if part))


def _sides(report: DxaReport) -> set[str]:
    stated = {report.side, *(region.side for region in report.regions)}
    if "mean" in stated:
        # A mean of both hips stands for both.
        stated |= {"left", "right"}
    return {side for side in stated if side in ("left", "right")}


def _same_side(one: DxaReport, other: DxaReport) -> bool | None:
    a, b = _sides(one), _sides(other)
    return bool(a & b) if a and b else None


def _vertebrae(report: DxaReport) -> tuple[str, ...]:
    """Those that the scanner says it counted, else those among the names of its regions."""
    named = {level for region in report.regions for level in vertebrae_of(region.region)}
    return report.included or tuple(level for level in COUNTED if level in named)


def _same_vertebrae(one: DxaReport, other: DxaReport) -> bool | None:
    a, b = set(_vertebrae(one)), set(_vertebrae(other))
    return a == b if a and b else None


def _same_reference(one: DxaReport, other: DxaReport) -> bool | None:
    """A page prints a sentence around the name that another kind of source gives alone."""
    texts = one.circumstances.reference, other.circumstances.reference
    a, b = map(_plain, texts)
    if one.route != other.route and a and b and (a in b or b in a):
        return True
    return _same_text(*texts)


def _size_mm(text: str) -> tuple[float, float] | None:
    """Width and height of a region as in `116 x 133` or `4.9 x 1.5 cm`; a unit on one number is that of both."""
    found = _SIZE.search(text)
    if found is None:
        return None
    width, first, height, last = found.groups()
    in_cm = [(unit or "").lower() == "cm" for unit in (first or last, last or first)]
    width_mm, height_mm = (
        float(number.replace(",", ".")) * (10.0 if cm else 1.0)
        for number, cm in zip((width, height), in_cm, strict=True)
    )
    return width_mm, height_mm


def _roi_rule(tolerance: float) -> _Rule:
    def alike(one: DxaReport, other: DxaReport) -> bool | None:
        a, b = one.circumstances.roi, other.circumstances.roi
        first, second = _size_mm(a), _size_mm(b)
        if first is None or second is None:
            return _same_text(a, b)
        return all(abs(x - y) <= tolerance * max(x, y) + 1e-9 for x, y in zip(first, second, strict=True))

    return _Rule("roi-changed", "region of interest", alike, lambda report: _clipped(report.circumstances.roi))


def _clipped(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_RULES = (
    _Rule("scanner-changed", "scanner", _same_scanner, _scanner_name),
    _Rule(
        "scan-mode-changed",
        "scan mode",
        _same_mode,
        lambda report: _clipped(f"{report.circumstances.scan_type} {report.circumstances.scan_mode}"),
    ),
    _Rule(
        "hardware-changed",
        "hardware",
        lambda one, other: _same_text(one.device.hardware, other.device.hardware),
        lambda report: _clipped(report.device.hardware),
    ),
    _Rule("analysis-changed", "analysis", _same_analysis, _analysis_name),
    _Rule(
        "side-changed",
        "side",
        _same_side,
        lambda report: " and ".join(sorted(_sides(report))),
        sites=(HIP, FOREARM),
        within_side=False,
    ),
    _Rule(
        "vertebrae-changed",
        "vertebrae",
        _same_vertebrae,
        lambda report: "+".join(_vertebrae(report)),
        sites=(SPINE,),
    ),
    _Rule(
        "reference-changed",
        "reference",
        _same_reference,
        lambda report: _clipped(report.circumstances.reference),
    ),
)
