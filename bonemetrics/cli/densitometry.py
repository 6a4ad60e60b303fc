"""`phantom-qc` and `precision`: a site's own quality control, from small tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bonemetrics.dxa.phantom_qc import PhantomQc, QcPoint, TabularCusum
    from bonemetrics.dxa.precision_table import RegionPrecision
    from bonemetrics.outcomes.table import Table
    from bonemetrics.records import Problem

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
_LONGEST_LIST = 40


def phantom_qc(
    series: Annotated[Path, typer.Argument(help="CSV: date, serial, bmd and, where wanted, event (service, remark).")],
    out: Annotated[Path, typer.Argument(help="Folder for phantom-qc.png and phantom-qc.csv.")],
    serial: Annotated[str | None, typer.Option(help="The scanner, where the table holds several.")] = None,
    service: Annotated[
        list[datetime] | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of work on the scanner; a new baseline begins. Repeatable."),
    ] = None,
    baseline: Annotated[int, typer.Option(min=10, max=25, help="Scans of the baseline.")] = 25,
    limit: Annotated[float, typer.Option(min=0.01, help="Shewhart limits, ± per cent of the mean.")] = 1.5,
    cusum_k: Annotated[float | None, typer.Option(help="Allowance of a tabular CUSUM, SD; with --cusum-h.")] = None,
    cusum_h: Annotated[float | None, typer.Option(help="Its decision interval, SD; with --cusum-k.")] = None,
    moving_average: Annotated[int | None, typer.Option(min=1, help="Scans of a moving average.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a series of phantom scans: Shewhart rules and CUSUM, as a table and a picture."""
    from bonemetrics.cli.app import _errors

    with _errors(as_json, empty={"serial": None, "segments": [], "violations": [], "files": []}):
        from bonemetrics.dxa import phantom_qc as room
        from bonemetrics.dxa.qc_series import of_scanner, read_series

        _require_file(series)
        tabular = _tabular(cusum_k, cusum_h)
        qc = room.phantom_qc(
            of_scanner(read_series(series), serial),
            services=[day.date() for day in service or ()],
            baseline_scans=baseline,
            limit_percent=limit,
            tabular=tabular,
            moving_average=moving_average,
        )
        files = _write_qc(qc, out)
        _tell_qc(qc, files, as_json=as_json)


def precision(
    repeats: Annotated[Path, typer.Argument(help="CSV: person, repeat, region, bmd (or bmc and area) and side.")],
    confidence: Annotated[float, typer.Option(help="Of the two-sided intervals.")] = 0.95,
    allow_fewer: Annotated[
        bool, typer.Option("--allow-fewer", help="Accept fewer than 30 degrees of freedom; marked in the table.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Precision and least significant change of every region and combination of vertebrae."""
    from bonemetrics.cli.app import _errors

    with _errors(as_json, empty={"regions": []}):
        from bonemetrics.dxa.precision_table import read_repeats, table_precision
        from bonemetrics.errors import UsageError

        if not 0 < confidence < 1:
            raise UsageError("--confidence lies between 0 and 1, such as 0.95")
        _require_file(repeats)
        found, refused = table_precision(read_repeats(repeats), confidence=confidence, allow_fewer=allow_fewer)
        _tell_precision(found, refused, as_json=as_json)
        raise typer.Exit(1 if refused else 0)


def _require_file(path: Path) -> None:
    from bonemetrics.errors import ReadError

    if not path.is_file():
        code = "not-regular-file" if path.exists() else "not-found"
        raise ReadError(f"no table at {str(path)!r}", code=code)


def _tabular(k: float | None, h: float | None) -> TabularCusum | None:
    from bonemetrics.dxa.phantom_qc import TabularCusum
    from bonemetrics.errors import UsageError

    if k is None and h is None:
        return None
    if k is None or h is None or not (k >= 0 and h > 0):
        raise UsageError("--cusum-k (0 or more) and --cusum-h (above 0) go together; neither has a default")
    return TabularCusum(k=k, h=h)


def _write_qc(qc: PhantomQc, out: Path) -> list[Path]:
    from bonemetrics.atomic import write_atomic
    from bonemetrics.dxa.phantom_qc_figure import qc_figure
    from bonemetrics.errors import UsageError
    from bonemetrics.outcomes.writers import write_csv

    if out.exists() and not out.is_dir():
        raise UsageError(f"{str(out)!r} is a file; name a folder")
    out.mkdir(parents=True, exist_ok=True)
    picture = out / "phantom-qc.png"
    write_atomic(picture, qc_figure(qc))
    return [picture, write_csv(_qc_table(qc), out / "phantom-qc.csv")]


def _qc_table(qc: PhantomQc) -> Table:
    from bonemetrics.outcomes.table import Column, Table

    def column(name: str, kind: Any, label: str, unit: str = "") -> Column:
        return Column(name=name, type=kind, label=label, definition=label, unit=unit)

    columns = (
        column("date", "date", "Date of the scan"),
        column("serial", "text", "Serial of the scanner"),
        column("bmd_g_cm2", "number", "BMD of the phantom", "g/cm2"),
        column("segment", "integer", "Number of services before"),
        column("in_baseline", "text", "Whether the scan is one of the baseline"),
        column("baseline_mean_g_cm2", "number", "Mean of the baseline", "g/cm2"),
        column("baseline_sd_g_cm2", "number", "SD of the baseline", "g/cm2"),
        column("deviation_percent", "number", "Deviation from the mean", "%"),
        column("deviation_sd", "number", "Deviation from the mean in SD", "1"),
        column("cusum_g_cm2", "number", "Sum of deviations since the last service", "g/cm2"),
        column("tabular_above_sd", "number", "Upper tabular CUSUM in SD", "1"),
        column("tabular_below_sd", "number", "Lower tabular CUSUM in SD", "1"),
        column("moving_average_g_cm2", "number", "Moving average", "g/cm2"),
        column("broken_rules", "text", "Rules that the scan breaks"),
        column("remark", "text", "Remark of the table"),
    )
    return Table(name="phantom-qc", columns=columns, rows=[_qc_row(qc, point) for point in qc.points])


def _qc_row(qc: PhantomQc, point: QcPoint) -> tuple[Any, ...]:
    baseline = qc.baselines[point.segment]
    return (
        point.scan.day,
        point.scan.serial,
        point.scan.bmd_g_cm2,
        point.segment,
        "Y" if point.in_baseline else "",
        None if baseline is None else baseline.mean,
        None if baseline is None else baseline.sd,
        point.percent,
        point.z,
        point.cusum,
        point.above,
        point.below,
        point.moving_average,
        "; ".join(point.rules),
        point.scan.remark,
    )


def _tell_qc(qc: PhantomQc, files: Sequence[Path], *, as_json: bool) -> None:
    if as_json:
        from bonemetrics.cli.as_json import dumps

        typer.echo(dumps(_qc_json(qc, files)))
        return
    from bonemetrics.cli import show

    out = show.console()
    out.print(f"[bold]phantom[/bold]  {len(qc.points)} scans of scanner {show.escape(qc.serial)}")
    for number, baseline in enumerate(qc.baselines):
        if baseline is None:
            out.print(f"  segment {number}  [yellow]too few scans for a baseline; not judged[/yellow]")
            continue
        short = " [yellow](fewer than asked for)[/yellow]" if baseline.short else ""
        flat = "" if baseline.sd > 0 else " [yellow](all alike: rules in SD do not apply)[/yellow]"
        out.print(
            f"  segment {number}  from {baseline.first_day}: mean {baseline.mean:.4f}, SD {baseline.sd:.4f} g/cm²,"
            f" limits {baseline.low:.4f} to {baseline.high:.4f}, {baseline.n} scans{short}{flat}"
        )
    for point in qc.violations[:_LONGEST_LIST]:
        why = "; ".join(qc.text_of(rule) for rule in point.rules)
        out.print(f"  [red]{point.scan.day}[/red]  {point.scan.bmd_g_cm2:.4f} g/cm²  {why}")
    more = len(qc.violations) - _LONGEST_LIST
    out.print(f"  … and {more} more, in phantom-qc.csv" if more > 0 else f"  {len(qc.violations)} scans break a rule")
    for path in files:
        out.print(f"  wrote {show.escape(str(path))}")


def _qc_json(qc: PhantomQc, files: Sequence[Path]) -> dict[str, Any]:
    return {
        "serial": qc.serial,
        "limit_percent": qc.limit_percent,
        "tabular_cusum": None if qc.tabular is None else qc.tabular.model_dump(mode="json"),
        "segments": [None if one is None else one.model_dump(mode="json") for one in qc.baselines],
        "scans": len(qc.points),
        "violations": [
            {
                "date": point.scan.day.isoformat(),
                "bmd_g_cm2": point.scan.bmd_g_cm2,
                "percent": point.percent,
                "rules": list(point.rules),
            }
            for point in qc.violations
        ],
        "files": [str(path) for path in files],
        "problems": [],
    }


def _tell_precision(found: Sequence[RegionPrecision], refused: Sequence[Problem], *, as_json: bool) -> None:
    if as_json:
        from bonemetrics.cli.as_json import dumps, problem_json

        regions = [one.model_dump(mode="json") for one in found]
        typer.echo(dumps({"regions": regions, "problems": [problem_json(problem) for problem in refused]}))
        return
    from bonemetrics.cli import show

    out = show.console()
    if found:
        for line in _precision_lines(found):
            out.print(show.escape(line))
        percent = f"{100 * found[0].precision.confidence:g} %"
        out.print(f"g/cm² with {percent} intervals; LSC = 2.77 × RMS-SD; * sum of BMC / sum of areas")
    if any(not one.precision.enough for one in found):
        out.print("[yellow]fewer than 30 degrees of freedom: a preliminary figure[/yellow]")
    show.problems(out, refused)


def _precision_lines(found: Sequence[RegionPrecision]) -> list[str]:
    """Aligned text: a table of rich would cut digits off in a narrow terminal."""
    rows = [("region", "people", "df", "RMS-SD", "LSC", "CV %")]
    for one in found:
        facts = one.precision
        mark = "*" if one.source == "sum-of-levels" else ""
        rows.append(
            (
                f"{one.side} {one.region}".strip() + mark,
                str(facts.n_people),
                str(facts.degrees_of_freedom),
                _with_interval(facts.rms_sd, facts.rms_sd_ci),
                _with_interval(facts.lsc, facts.lsc_ci),
                "–" if facts.rms_cv_percent is None else f"{facts.rms_cv_percent:.2f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.4f} ({interval[0]:.4f}–{interval[1]:.4f})"
