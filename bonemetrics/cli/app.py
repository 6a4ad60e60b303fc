"""The commands. Each calls one function of the library and shows what it gave; heavy imports wait until then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from bonemetrics import __version__
from bonemetrics.cli import densitometry
from bonemetrics.errors import BonemetricsError, StorageError, UsageError

app = typer.Typer(
    name="bonemetrics",
    help="Bone trials: scans, reports and sheets to one dataset. A value is right, or noted, or refused.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="SECTION.KEY=VALUE", help="Override one protocol parameter; written into provenance."
    ),
]
MemoryGiB = Annotated[float, typer.Option("--memory", min=0.5, help="Memory limit of the guarded child, GiB.")]
Seconds = Annotated[float, typer.Option("--seconds", min=1, help="Time limit of the guarded child.")]
LATER = "is not part of this version"


@contextmanager
def _errors(as_json: bool, empty: dict[str, Any] | None = None) -> Iterator[None]:
    """Turn a deliberate error into one line, or one JSON object, and the exit code."""
    try:
        yield
    except BonemetricsError as error:
        raise _told(error, as_json, empty or {}) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        text = f"{error.filename or 'a file'}: {error.strerror or error}; check rights, free space and the drive"
        raise _told(StorageError(text), as_json, empty or {}) from None


def _told(error: BonemetricsError, as_json: bool, empty: dict[str, Any]) -> typer.Exit:
    if as_json:
        from bonemetrics.cli.as_json import dumps

        refusal = {"code": error.code, "severity": "refusal", "message": error.message}
        typer.echo(dumps({**empty, "problems": [refusal]}))
    else:
        typer.echo(f"{error.code}: {error.message}", err=True)
    return typer.Exit(2 if isinstance(error, UsageError) else 1)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bonemetrics {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: bonemetrics inspect sample_data/input")
def inspect(
    path: Annotated[Path, typer.Argument(help="A file or folder.")],
    as_json: AsJson = False,
    memory: MemoryGiB = 6.0,
    seconds: Seconds = 600.0,
) -> None:
    """Say what a file or folder is, its geometry, calibration, and every problem found."""
    from bonemetrics.cli import scans

    with _errors(as_json, empty={"kind": "unknown", "path": str(path), "geometry": None, "items": []}):
        raise typer.Exit(scans.inspect(path, as_json=as_json, limits=scans.limits(memory, seconds)))


@app.command(epilog="Example: bonemetrics measure scans/AB12 --calibration phantom")
def measure(
    path: Annotated[Path, typer.Argument(help="A series folder or file; a folder of several gives several results.")],
    labels: Annotated[
        Path | None, typer.Option(help="Segmentation to measure instead of ours: NIfTI, 1 trabecular, 2 cortical.")
    ] = None,
    calibration: Annotated[
        str | None,
        typer.Option(help="scanner, phantom, phantom=NAME, or slope=S,intercept=I,material=HA."),
    ] = None,
    overrides: Overrides = None,
    protocol: Annotated[Path | None, typer.Option(help="A study.toml whose parameters and phantoms apply.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for labels, qc.png and provenance.json.")] = None,
    as_json: AsJson = False,
    memory: MemoryGiB = 6.0,
    seconds: Seconds = 600.0,
) -> None:
    """Measure one scan without a study: the numbers on the screen."""
    from bonemetrics.cli import scans

    with _errors(as_json, empty={"kind": "unknown", "geometry": None, "calibration": None, "measurements": []}):
        request = scans.Request(
            labels=labels, calibration=calibration, overrides=tuple(overrides or ()), protocol=protocol, out=out
        )
        raise typer.Exit(scans.measure(path, request, as_json=as_json, limits=scans.limits(memory, seconds)))


@app.command(epilog="Example: bonemetrics sample demo/trial")
def sample(
    out: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    scans: Annotated[int | None, typer.Option(min=1, help="Only the first so many scans.")] = None,
) -> None:
    """Write the synthetic trial with its ground truth, truth.csv."""
    from bonemetrics.cli import studies

    with _errors(as_json=False):
        studies.sample(out, scans=scans)


@app.command(epilog="Example: bonemetrics init STUDY --protocol study.toml")
def init(
    study: Annotated[Path, typer.Argument(help="The study folder to make.")],
    protocol: Annotated[Path | None, typer.Option(help="A study.toml to start from.")] = None,
) -> None:
    """Make a study folder."""
    from bonemetrics.cli import studies

    with _errors(as_json=False):
        studies.init(study, protocol)


@app.command(epilog="Example: bonemetrics run STUDY /scans --workers 2")
def run(
    study: Annotated[Path, typer.Argument(help="The study folder.")],
    inputs: Annotated[list[Path], typer.Argument(help="Files and folders to read; everything new is measured.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Scans measured at a time; default: the number of cores.")
    ] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler (a later version).")] = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    memory: MemoryGiB = 6.0,
    seconds: Seconds = 600.0,
) -> None:
    """Read everything new under INPUTS, measure it and store it. Call it again to resume."""
    from bonemetrics.cli import scans, studies

    with _errors(as_json, empty={"read": 0, "measured": 0, "skipped": 0, "refused": [], "failed": []}):
        if scheduler is not None:
            raise UsageError(f"--scheduler {LATER}; use --workers N")
        limits = scans.limits(memory, seconds)
        raise typer.Exit(
            studies.run(
                study, inputs, workers=workers, overrides=tuple(overrides or ()), limits=limits, as_json=as_json
            )
        )


@app.command(epilog="Example: bonemetrics status STUDY")
def status(study: Annotated[Path, typer.Argument(help="The study folder.")], as_json: AsJson = False) -> None:
    """Say what is in, what waits for review, what failed and why."""
    from bonemetrics.cli import studies

    with _errors(as_json, empty={"scans": 0, "waiting": 0, "reviewed": 0, "failed": []}):
        studies.status(study, as_json=as_json)


@app.command(epilog="Example: bonemetrics export STUDY tables --format csv,parquet")
def export(
    study: Annotated[Path, typer.Argument(help="The study folder.")],
    out: Annotated[Path, typer.Argument(help="Folder for the tables.")],
    formats: Annotated[
        str, typer.Option("--format", help="Comma-separated: csv, parquet, xpt, redcap, dataset-json, sdtm.")
    ] = "csv",
) -> None:
    """Write the density tables and the outcomes dataset with its dictionary."""
    from bonemetrics.cli import studies

    with _errors(as_json=False):
        studies.export(study, out, tuple(part.strip() for part in formats.split(",") if part.strip()))


@app.command(epilog="Example: bonemetrics report STUDY report")
def report(
    study: Annotated[Path, typer.Argument(help="The study folder.")],
    out: Annotated[Path, typer.Argument(help="Folder for report.html and its figures.")],
) -> None:
    """Write the report: one self-contained HTML page, and its figures as files."""
    from bonemetrics.cli import studies

    with _errors(as_json=False):
        studies.report(study, out)


@app.command(epilog="Example: bonemetrics template histomorphometry biopsies.xlsx")
def template(
    kind: Annotated[str, typer.Argument(help="Kind of table: histomorphometry.")],
    out: Annotated[Path, typer.Argument(help="File to write: .xlsx with comments and lists, or .csv.")],
) -> None:
    """Write an empty table to be filled in, with units and an explanation of every column."""
    from bonemetrics.cli import studies

    with _errors(as_json=False):
        studies.template(kind, out)


@app.command(epilog="Example: bonemetrics verify STUDY")
def verify(
    study: Annotated[Path, typer.Argument(help="The study folder.")],
    export: Annotated[
        Path | None,
        typer.Option(help="The export.json or report.json of an earlier export; the log must still hold its head."),
    ] = None,
) -> None:
    """Check the audit chain and the hashes of the stored files."""
    from bonemetrics.cli import studies

    with _errors(as_json=False):
        raise typer.Exit(studies.verify(study, export))


@app.command(epilog="Example: bonemetrics review STUDY --reader KL")
def review(
    study: Annotated[Path, typer.Argument(help="The study folder.")],
    reader: Annotated[str, typer.Option(help="Name of the reader, as \\[review] of the protocol lists it.")],
) -> None:
    """Open napari at the worklist of a reader."""
    from bonemetrics.cli import reading

    with _errors(as_json=False):
        raise typer.Exit(reading.review(study, reader))


app.command(name="phantom-qc", epilog="Example: bonemetrics phantom-qc spine-phantom.csv qc")(densitometry.phantom_qc)
app.command(name="precision", epilog="Example: bonemetrics precision repeats.csv")(densitometry.precision)
