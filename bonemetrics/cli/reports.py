"""`inspect` and `measure` for files of DXA results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bonemetrics.atomic import write_atomic
from bonemetrics.batch.guard import Limits, run_guarded
from bonemetrics.cli import as_json as shape
from bonemetrics.cli import show
from bonemetrics.errors import BonemetricsError
from bonemetrics.pipeline.dxa import MeasuredFile, measure_reports
from bonemetrics.records import Problem, ScanResult, note, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bonemetrics.readers.identify import Found
    from bonemetrics.records import DxaRegion, DxaReport
    from bonemetrics.study.protocol import Protocol

_MOST_SHOWN = 20


def measured(item: Found, protocol: Protocol, limits: Limits) -> MeasuredFile:
    """Read and judge one file in a guarded child."""
    try:
        found = run_guarded(measure_reports, item.path, protocol, kind=item.kind, limits=limits)
    except BonemetricsError as error:
        return MeasuredFile(kind=item.kind, problems=(refusal(error),))
    return found


def looked_at(found: MeasuredFile) -> MeasuredFile:
    """The same for `inspect`: an image without results is sound, and that is to be said rather than refused."""
    problems = tuple(
        note("image-without-results", problem.message)
        if found.kind == "dxa-image" and problem.code == "no-dxa-results"
        else problem
        for problem in found.problems
    )
    return MeasuredFile(kind=found.kind, sha256=found.sha256, reports=found.reports, problems=problems)


def is_none_of_ours(found: MeasuredFile) -> bool:
    """Whether a document or picture turned out to be no densitometry report at all."""
    return found.kind == "unknown" and not found.reports


def problems_of(found: MeasuredFile) -> tuple[Problem, ...]:
    """Problems of the file, then of its reports, each once."""
    own = (problem for report in found.reports for problem in report.result.problems)
    return tuple(dict.fromkeys([*found.problems, *own]))


def is_refused(found: MeasuredFile) -> bool:
    """Whether the file or one of its reports gave no number."""
    return any(problem.severity == "refusal" for problem in problems_of(found))


def as_json(found: MeasuredFile) -> dict[str, Any]:
    """The object of `measure` for one file."""
    return shape.report_file_json(found.kind, [report.result for report in found.reports], found.problems)


def write_pictures(found: MeasuredFile, out: Path | None) -> None:
    """Keep the pictures of cells that could not be read, for a person to look at."""
    if out is None:
        return
    for number, report in enumerate(found.reports, start=1):
        for name, content in report.pictures.items():
            folder = out / f"report-{number:04d}" if len(found.reports) > 1 else out
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(folder / name, content)


def display(out: show.Console, found: MeasuredFile) -> None:
    """Reports as tables, as far as a person reads; then what is to be said."""
    for report in found.reports[:_MOST_SHOWN]:
        _display_report(out, report.result)
    if len(found.reports) > _MOST_SHOWN:
        out.print(f"  … and {len(found.reports) - _MOST_SHOWN} more reports; --json lists all")
    show.problems(out, problems_of(found)[: 5 * _MOST_SHOWN])


def _display_report(out: show.Console, result: ScanResult) -> None:
    report = result.report
    if report is None:
        return
    device = " ".join(part for part in (report.device.manufacturer, report.device.model) if part) or "device not stated"
    serial = f" ({report.device.serial})" if report.device.serial else ""
    day = report.scan_date.isoformat() if report.scan_date else "date not known"
    side = f", {report.side}" if report.side else ""
    out.print(f"  {report.site or 'site not known'}{side}  {day}  {show.escape(device + serial)}")
    if report.regions:
        out.print(_regions_table(report))


def _regions_table(report: DxaReport) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True)
    table.add_column("region", no_wrap=True)
    sided = any(region.side for region in report.regions)
    if sided:
        table.add_column("side", no_wrap=True)
    for name in ("area cm²", "BMC g", "BMD g/cm²", "T", "Z"):
        table.add_column(name, justify="right", no_wrap=True)
    for region in report.regions:
        cells = [region.region, *([region.side or ""] if sided else []), *_cells(region)]
        table.add_row(*cells)
    return table


def _cells(region: DxaRegion) -> Sequence[str]:
    values = (
        (region.area_cm2, 2),
        (region.bmc_g, 2),
        (region.bmd_g_cm2, 3),
        (region.t_score, 1),
        (region.z_score, 1),
    )
    return ["–" if value is None else f"{value:.{digits}f}" for value, digits in values]
