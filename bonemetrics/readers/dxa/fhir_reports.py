"""FHIR results gathered into reports: those of one person, day and site belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from bonemetrics.anatomy import UNSPECIFIC
from bonemetrics.readers.dxa.fhir_findings import Finding
from bonemetrics.records import DxaCell, DxaDevice, DxaRow, Problem, RawDxaReport, ReportSide, note

_Spot = tuple[str, ReportSide | None, str]


def reports_of(findings: Sequence[Finding], others: tuple[str, ...]) -> tuple[RawDxaReport, ...]:
    """One report for each person, day and site; for each moment of the day where one moment does not hold one value.

    Parameters
    ----------
    findings
        In the order of the file.
    others
        What else the file holds.
    """
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        day = finding.day.isoformat() if finding.day else finding.moment
        groups.setdefault((finding.person, day, finding.meaning.site), []).append(finding)
    return tuple(_report(part, others) for group in groups.values() for part in _by_moment(group))


def _by_moment(group: list[Finding]) -> Iterator[list[Finding]]:
    if not _collide(group):
        yield group
        return
    moments: dict[str, list[Finding]] = {}
    for finding in group:
        moments.setdefault(finding.moment, []).append(finding)
    yield from moments.values()


def _collide(group: list[Finding]) -> bool:
    values: dict[_Spot, set[tuple[float | None, str]]] = {}
    for finding in group:
        cell = finding.value.cell
        values.setdefault(_spot(finding), set()).add((cell.value, cell.unit))
    return any(len(found) > 1 for found in values.values())


def _spot(finding: Finding) -> _Spot:
    return finding.region, finding.side, finding.meaning.measure


def _report(findings: list[Finding], others: tuple[str, ...]) -> RawDxaReport:
    problems: list[Problem] = []
    rows: dict[tuple[str, ReportSide | None], dict[str, DxaCell]] = {}
    printed: dict[tuple[str, ReportSide | None], str] = {}
    for spot, claims in _claims(findings).items():
        where = spot[:2]
        rows.setdefault(where, {})[spot[2]] = _cell(claims, problems)
        printed.setdefault(where, claims[0].printed)
    first = findings[0]
    site = first.meaning.site
    sides = {side for _, side in rows}
    problems += _notes(findings, site)
    return RawDxaReport(
        route="fhir",
        key=_key(findings),
        site=site,
        side=next(iter(sides)) if len(sides) == 1 else None,
        device=_device(findings),
        patient=first.patient,
        scan_date=first.day,
        rows=tuple(
            DxaRow(region=where[0], side=where[1], printed=printed[where], cells=cells) for where, cells in rows.items()
        ),
        others=others,
        problems=tuple(problems),
    )


def _claims(findings: list[Finding]) -> dict[_Spot, list[Finding]]:
    claims: dict[_Spot, list[Finding]] = {}
    for finding in findings:
        claims.setdefault(_spot(finding), []).append(finding)
    return claims


def _cell(claims: list[Finding], problems: list[Problem]) -> DxaCell:
    for claim in claims:
        problems.extend(claim.value.problems)
    cells = [claim.value.cell for claim in claims]
    if len({(cell.value, cell.unit) for cell in cells}) == 1:
        return cells[0]
    places = ", ".join(claim.place for claim in claims[:5])
    problems.append(note("cell-refused", f"several results claim one cell with different numbers: {places}"))
    return cells[0].model_copy(update={"value": None})


def _notes(findings: list[Finding], site: str) -> Iterator[Problem]:
    vague = list(dict.fromkeys(one.region for one in findings if one.region in UNSPECIFIC.get(site, ())))
    if vague:
        yield note("region-unspecific", f"code and text name no region of the bone: {', '.join(vague)}")
    if not all(one.is_final for one in findings):
        yield note("result-preliminary", "the status of a result is preliminary, unknown or not stated")
    if findings[0].day is None and findings[0].moment:
        yield note("date-ambiguous", "the date is not written in full (YYYY-MM-DD)")


def _device(findings: list[Finding]) -> DxaDevice:
    devices = {one.device for one in findings} - {DxaDevice()}
    return devices.pop() if len(devices) == 1 else DxaDevice()


def _key(findings: list[Finding]) -> str:
    """The same for the same resources in any order; hashed, since a hospital may put what it likes into an ID."""
    keys = sorted({one.key for one in findings})
    if "" in keys:
        return ""
    return "fhir-" + hashlib.sha256("\n".join(keys).encode()).hexdigest()[:32]
