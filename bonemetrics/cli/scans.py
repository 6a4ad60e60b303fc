"""`inspect` and `measure`: one path, every decode in a guarded child."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress

from bonemetrics.batch.guard import GIB, Limits, run_guarded
from bonemetrics.cli import as_json as shape
from bonemetrics.cli import reports, show, tables
from bonemetrics.errors import BonemetricsError, ReadError, UsageError
from bonemetrics.pipeline.dxa import MeasuredFile
from bonemetrics.pipeline.look import Look as ScanLook
from bonemetrics.pipeline.look import look_at
from bonemetrics.pipeline.scan import ScanRequest, measure_scan, tissue_parameters
from bonemetrics.pipeline.table_look import TableLook
from bonemetrics.readers.identify import Found, identify
from bonemetrics.records import Calibration, GridFacts, Problem, ScanResult, refusal
from bonemetrics.study.layout import make_private_folder
from bonemetrics.study.protocol import Protocol, load_protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of `measure`."""

    labels: Path | None = None
    calibration: str | None = None
    overrides: tuple[str, ...] = ()
    protocol: Path | None = None
    out: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen of one item: of a series its grid and calibration, of other files their reports."""

    grid: GridFacts | None = None
    calibration: Calibration | None = None
    problems: tuple[Problem, ...] = ()
    reports: MeasuredFile | None = None
    tables: tuple[TableLook, ...] = ()

    @classmethod
    def of_scan(cls, look: ScanLook) -> Look:
        """Of a CT series."""
        return cls(grid=look.grid, calibration=look.calibration, problems=look.problems)

    def kind_of(self, kind: str) -> str:
        """What an item is, now that it was read; `kind` is what its first bytes said."""
        if self.tables:
            return tables.kind_of(self.tables)
        return self.reports.kind if self.reports is not None else kind


def limits(memory_gib: float, seconds: float) -> Limits:
    """Limits of the guarded children from the options."""
    return Limits(memory_bytes=int(memory_gib * GIB), seconds=seconds)


def inspect(path: Path, *, as_json: bool, limits: Limits) -> int:
    """Show what lies at a path; returns the exit code."""
    found = _found(path, limits)
    looks = {id(item): _look(item, limits) for item in _leaves(found) if _can_be_read(item)}
    shown = _found_json(found, looks)
    if as_json:
        typer.echo(shape.dumps(shown))
    else:
        _show_found(found, looks)
    problems = [problem for item in _leaves(found) for problem in (*item.problems, *_problems(looks, item))]
    return 1 if any(problem.severity == "refusal" for problem in problems) else 0


def measure(path: Path, request: Request, *, as_json: bool, limits: Limits) -> int:
    """Measure every series at a path; returns the exit code."""
    task = _scan_request(request)
    found = _found(path, limits)
    leaves = [item for item in _leaves(found) if item.kind != "unknown"] or [found]
    series = [item for item in leaves if item.series is not None]
    if len(series) > 1 and request.labels is not None:
        raise UsageError(f"--labels belongs to one scan, but {len(series)} series lie here; give the folder of one")
    results: list[ScanResult | MeasuredFile] = []
    console = show.console(stderr=True)
    with Progress(console=console, transient=True, disable=len(leaves) < 2 or not console.is_terminal) as progress:
        bar = progress.add_task("Measuring", total=len(leaves))
        for number, item in enumerate(leaves):
            results.append(_measure(item, _folder_for(task, number, len(leaves)), limits))
            progress.advance(bar)
    leaves, results = _of_a_folder(leaves, results)
    if as_json:
        typer.echo(shape.dumps(shape.several_json([_result_json(result) for result in results])))
    else:
        _show_results(leaves, results)
    return 1 if any(_is_refused(result) for result in results) else 0


def _of_a_folder(
    leaves: list[Found], results: list[ScanResult | MeasuredFile]
) -> tuple[list[Found], list[ScanResult | MeasuredFile]]:
    """Of several files leave out what is no report, and do not blame an image for the report beside it."""
    if len(leaves) == 1:
        return leaves, results
    told = [reports.looked_at(result) if isinstance(result, MeasuredFile) else result for result in results]
    kept = [
        (leaf, result)
        for leaf, result in zip(leaves, told, strict=True)
        if not (isinstance(result, MeasuredFile) and reports.is_none_of_ours(result))
    ]
    if not kept or not any(_has_numbers(result) for _, result in kept):
        return leaves, results
    return [leaf for leaf, _ in kept], [result for _, result in kept]


def _has_numbers(result: ScanResult | MeasuredFile) -> bool:
    found = [report.result for report in result.reports] if isinstance(result, MeasuredFile) else [result]
    return any(one.measurements for one in found)


def _result_json(result: ScanResult | MeasuredFile) -> dict[str, Any]:
    return reports.as_json(result) if isinstance(result, MeasuredFile) else shape.scan_json(result)


def _is_refused(result: ScanResult | MeasuredFile) -> bool:
    return reports.is_refused(result) if isinstance(result, MeasuredFile) else result.refusal is not None


def _found(path: Path, limits: Limits) -> Found:
    """What lies at a path; a folder that holds nothing of ours is refused like a file that is none."""
    found = run_guarded(identify, path, limits=limits)
    if found.kind != "folder" or found.items:
        return found
    nothing = ReadError("the folder holds nothing that bonemetrics reads", code="unknown-format")
    return replace(found, kind="unknown", problems=(refusal(nothing), *found.problems))


def _scan_request(request: Request) -> ScanRequest:
    protocol = load_protocol(request.protocol) if request.protocol else Protocol()
    protocol = protocol.with_overrides(request.overrides)
    tissue_parameters(protocol)
    if request.labels is not None and not request.labels.exists():
        raise UsageError(f"--labels: no file at {str(request.labels)!r}")
    if request.out is not None:
        if request.out.is_file():
            raise UsageError(f"--out: {str(request.out)!r} is a file; name a folder")
        make_private_folder(request.out)
    return ScanRequest(protocol=protocol, out=request.out, labels=request.labels, calibration=request.calibration)


def _folder_for(task: ScanRequest, number: int, count: int) -> ScanRequest:
    if task.out is None or count == 1:
        return task
    return replace(task, out=task.out / f"scan-{number + 1:04d}")


def _measure(item: Found, task: ScanRequest, limits: Limits) -> ScanResult | MeasuredFile:
    if item.form:
        found = reports.measured(item, task.protocol, limits)
        reports.write_pictures(found, task.out)
        return found
    if item.series is None:
        refused = any(problem.severity == "refusal" for problem in item.problems)
        return ScanResult(kind=item.kind, problems=item.problems if refused else (_unsupported(item), *item.problems))
    try:
        return run_guarded(measure_scan, item.series, task, limits=limits)
    except UsageError:
        raise
    except BonemetricsError as error:
        return ScanResult(kind=item.kind, problems=(refusal(error),))


def _can_be_read(item: Found) -> bool:
    return item.series is not None or bool(item.form) or (item.kind == "table" and not item.problems)


def _look(item: Found, limits: Limits) -> Look:
    if item.kind == "table" and not item.form:
        seen = tables.looked_at(item.path, limits)
        return Look(problems=tables.problems_of(seen), tables=seen)
    if item.series is None:
        found = reports.looked_at(reports.measured(item, Protocol(), limits))
        return Look(problems=reports.problems_of(found), reports=found)
    try:
        return Look.of_scan(run_guarded(look_at, item.series, Protocol(), limits=limits))
    except BonemetricsError as error:
        return Look(problems=(refusal(error),))


def _unsupported(item: Found) -> Problem:
    if item.kind == "table":
        text = "a table is read by `bonemetrics run`, by an entry of [[tables]] in study.toml"
        return refusal(ReadError(text, code="unsupported-format"))
    return refusal(ReadError(f"this version does not measure {item.kind} files", code="unsupported-format"))


def _leaves(found: Found) -> Iterator[Found]:
    if not found.items:
        yield found
    for item in found.items:
        yield from _leaves(item)


def _problems(looks: dict[int, Look], item: Found) -> tuple[Problem, ...]:
    return looks[id(item)].problems if id(item) in looks else ()


def _found_json(found: Found, looks: dict[int, Look]) -> dict[str, Any]:
    """The object of `inspect`; a folder with a sole item says of itself what that item is."""
    look = looks.get(id(found.items[0] if len(found.items) == 1 else found), Look())
    return {
        "kind": look.kind_of(found.kind),
        "path": str(found.path),
        "geometry": shape.geometry_json(look.grid),
        "calibration": shape.calibration_json(look.calibration),
        "items": [_found_json(item, looks) for item in found.items],
        "problems": [shape.problem_json(problem) for problem in _unique((*found.problems, *look.problems))],
        **({"tables": [tables.as_json(table) for table in look.tables]} if look.tables else {}),
    }


def _unique(problems: Sequence[Problem]) -> list[Problem]:
    return list({(problem.code, problem.message): problem for problem in problems}.values())


def _show_found(found: Found, looks: dict[int, Look]) -> None:
    out = show.console()
    for item in _leaves(found):
        look = looks.get(id(item), Look())
        count = f", {len(item.series.paths)} files" if item.series else ""
        out.print(f"[bold]{look.kind_of(item.kind)}[/bold]  {show.escape(str(item.path))}{count}")
        if look.reports is not None:
            reports.display(out, look.reports)
            continue
        tables.display(out, look.tables)
        show.grid(out, look.grid)
        show.calibration(out, look.calibration)
        show.problems(out, _unique((*item.problems, *look.problems)))
    if found.items:
        show.problems(out, found.problems)
    if found.skipped:
        out.print(f"  {len(found.skipped)} other files were left alone")


def _show_results(leaves: Sequence[Found], results: Sequence[ScanResult | MeasuredFile]) -> None:
    out = show.console()
    for item, result in zip(leaves, results, strict=True):
        out.print(f"[bold]{result.kind}[/bold]  {show.escape(str(item.path))}")
        if isinstance(result, MeasuredFile):
            reports.display(out, result)
        else:
            show.scan(out, result)
