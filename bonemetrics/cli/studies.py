"""`sample`, `init`, `run`, `status`, `export`, `report` and `verify`: what concerns a whole study."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bonemetrics.cli import as_json as shape
from bonemetrics.cli import show
from bonemetrics.errors import UsageError

if TYPE_CHECKING:
    from bonemetrics.batch.guard import Limits
    from bonemetrics.batch.summary import Refused

_INTERRUPTED = 130
_MOST_LISTED = 20


def sample(out: Path, *, scans: int | None) -> None:
    """Write the synthetic trial and say where it lies."""
    from bonemetrics.batch.many import cores
    from bonemetrics.sample.trial import make_trial

    with _progress() as tell:
        make_trial(out, scans=scans, progress=lambda done, total: tell("writing scans", done, total), workers=cores())
    show.console().print(
        f"Wrote {show.escape(str(out))}: input/, study.toml, subjects.csv, truth.csv and truth_outcomes.csv"
    )


def init(study: Path, protocol: Path | None) -> None:
    """Make a study and say what to do next."""
    from bonemetrics.study.create import init_study

    init_study(study, protocol)
    out = show.console()
    out.print(f"Made the study {show.escape(str(study))}")
    out.print(f"Next: bonemetrics run {show.escape(shlex.quote(str(study)))} FOLDER-OF-SCANS-AND-TABLES")


def run(
    study: Path,
    inputs: Sequence[Path],
    *,
    workers: int | None,
    overrides: Sequence[str],
    limits: Limits,
    as_json: bool,
) -> int:
    """Measure everything new and list what was refused; returns the exit code."""
    from bonemetrics.batch.execute import run_study

    try:
        with _progress() as tell:
            summary = run_study(study, inputs, workers=workers, overrides=overrides, limits=limits, on_progress=tell)
    except KeyboardInterrupt:
        typer.echo("Stopped. What was finished is stored; call the same command to go on.", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        typer.echo(shape.dumps(summary.as_json()))
        return summary.exit_code
    out = show.console()
    if not summary.read and summary.up_to_date:
        out.print(f"Nothing to do: {_inputs(summary.up_to_date)} up to date.")
    elif not summary.read and not summary.refused and not summary.failed:
        left = f"; {summary.skipped} other files were left alone" if summary.skipped else ""
        out.print(f"Nothing to measure: no scan, report or named table lies under the inputs{left}.")
    else:
        done = f", {summary.up_to_date} up to date" if summary.up_to_date else ""
        tables = f" and read {summary.tables} tables" if summary.tables else ""
        out.print(f"Measured {_scans(summary.measured)}{tables} of {_inputs(summary.read)} new or changed{done}.")
    _list(out, "refused", summary.refused)
    _list(out, "failed", summary.failed)
    _list(out, "left alone", summary.notes)
    return summary.exit_code


def status(study: Path, *, as_json: bool) -> None:
    """Show how a study stands."""
    from bonemetrics.batch.execute import status_of

    found = status_of(study)
    if as_json:
        typer.echo(shape.dumps(found.as_json()))
        return
    out = show.console()
    out.print(f"{_scans(found.scans)} measured, {found.waiting} waiting for review, {found.reviewed} reviewed")
    _list(out, "without numbers", found.failed)


def export(study: Path, out: Path, formats: Sequence[str]) -> None:
    """Write the tables and say where they lie."""
    from bonemetrics.outcomes.export import export_study

    with _progress() as tell:
        files = export_study(study, out, formats, on_progress=tell)
    for path in files:
        show.console().print(f"Wrote {show.escape(str(path))}")


def report(study: Path, out: Path) -> None:
    """Write the report and say where it lies."""
    from bonemetrics.batch.many import cores
    from bonemetrics.outcomes.export import report_study

    with _progress() as tell:
        tell("drawing figures", 0, None)
        files = report_study(study, out, workers=cores())
    show.console().print(f"Wrote {show.escape(str(files[0]))} and {len(files) - 2} files of figures")


def template(kind: str, out: Path) -> None:
    """Write an empty table and say where it lies."""
    from bonemetrics.histomorphometry.template import write_template

    if kind != "histomorphometry":
        raise UsageError(f"there is no template of {kind!r}; known is histomorphometry")
    if out.suffix.lower() not in (".csv", ".xlsx"):
        raise UsageError(f"a template is a .csv or .xlsx file, found {out.suffix or 'no ending'!r}")
    if out.exists():
        raise UsageError("the file is there already and may hold entries; name another one")
    write_template(out)
    show.console().print(f"Wrote {show.escape(str(out))}")


def verify(study: Path, export: Path | None) -> int:
    """Check what is stored; returns the exit code."""
    from bonemetrics.batch.verify import verify_study
    from bonemetrics.study.audit import head_told_in

    faults = verify_study(study, anchor=None if export is None else head_told_in(export))
    out = show.console()
    for fault in faults:
        out.print(f"  [red]{show.escape(fault)}[/red]")
    out.print("The audit chain and the stored files are whole." if not faults else f"{len(faults)} faults found.")
    return 1 if faults else 0


def _scans(count: int) -> str:
    return f"{count} scan" if count == 1 else f"{count} scans"


def _inputs(count: int) -> str:
    return f"{count} input" if count == 1 else f"{count} inputs"


def _list(out: show.Console, title: str, entries: Sequence[Refused]) -> None:
    if not entries:
        return
    out.print(f"{len(entries)} {title}:")
    for entry in entries[:_MOST_LISTED]:
        out.print(f"  [red]{entry.code}[/red]  {show.escape(entry.path)}\n      {show.escape(entry.message)}")
    if len(entries) > _MOST_LISTED:
        out.print(f"  … and {len(entries) - _MOST_LISTED} more; --json lists all")


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar per stage on stderr; `tell(stage, done, total)` moves it."""
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = show.console(stderr=True)
    # Without a terminal a bar is only an empty line in somebody's log.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        stages: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total)
            bars.update(stages[stage], completed=done, total=total)

        yield tell
