"""The outcomes dataset of a large trial in every format: `python -m tests.benchmarks.export`.

1,000 participants × 6 visits × 30 parameters go in as one laboratory table and come out in all formats. The reference,
in the same process: pandas and pyreadstat write the long table alone, from a frame that is there already, as CSV,
Parquet and SAS transport file. Memory is the highest of a process that does nothing but export.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from bonemetrics.batch.execute import run_study
from bonemetrics.outcomes.export import FORMATS, export_study
from bonemetrics.study.create import init_study

PEOPLE, PARAMETERS = 1000, 30
TARGETS = (-10, 92, 183, 366, 549, 731)
SECONDS, MEBIBYTES = 30.0, 1024.0
_DAY1 = date(2016, 1, 4)


def write_trial(folder: Path) -> Path:
    """A protocol, its people and one table with a row for each value; no two values are the same."""
    lines = ['[study]\nid = "LARGE"\nsubjects = "subjects.csv"']
    for number, target in enumerate(TARGETS):
        baseline = "true" if number == 0 else "false"
        lines.append(
            f'[[visits]]\nname = "Visit {number}"\nnumber = {number}\ntarget_day = {target}\n'
            f"window = [{target - 9}, {target + 9}]\nbaseline = {baseline}"
        )
    for number in range(PARAMETERS):
        lines.append(
            f'[[parameters]]\nparamcd = "LAB{number:02d}"\nparam = "Laboratory value {number}"\nquantity = "Lab"\n'
            f'region = "LAB{number:02d}"\nunit = "ng/mL"\nbenefit = "up"'
        )
        lines.append(f'[[precision]]\nparamcd = "LAB{number:02d}"\nlsc_percent = 10.0')
    lines.append('[[tables]]\nfile = "values.csv"\nkind = "laboratory"')
    (folder / "study.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    days = {f"S{person:04d}": _DAY1 + timedelta(days=person % 300) for person in range(PEOPLE)}
    with (folder / "subjects.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("subject", "cohort", "day1", "patient_ids"))
        writer.writerows((who, "", day.isoformat(), "") for who, day in days.items())
    (folder / "input").mkdir()
    with (folder / "input" / "values.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("subject", "visit", "date", "test", "value", "unit"))
        for place, (who, day1) in enumerate(days.items()):
            for visit, target in enumerate(TARGETS):
                day = day1 + timedelta(days=target - 1 if target > 0 else target)
                for number in range(PARAMETERS):
                    value = 20 + number + 0.013 * place + 0.7 * visit
                    row = (who, f"Visit {visit}", day.isoformat(), f"LAB{number:02d}", f"{value:.3f}", "ng/mL")
                    writer.writerow(row)
    return folder


def make_study(folder: Path) -> Path:
    trial = write_trial(folder)
    study = init_study(folder / "study", trial / "study.toml").root
    run_study(study, [trial / "input"], workers=1)
    return study


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def highest_memory(study: str, out: str, told: multiprocessing.SimpleQueue[float]) -> None:
    """Export in a process of its own and tell its highest memory in MiB."""
    export_study(Path(study), Path(out), FORMATS)
    told.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def reference(out: Path, folder: Path) -> Callable[[], object]:
    """The long table alone, by the bare libraries."""
    import pandas as pd
    import pyreadstat

    frame = pd.read_parquet(out / "outcomes_long.parquet")
    texts = frame.astype({name: "object" for name in frame.columns if frame[name].dtype == "string"})

    def write() -> None:
        frame.to_csv(folder / "reference.csv", index=False)
        frame.to_parquet(folder / "reference.parquet")
        pyreadstat.write_xport(texts, str(folder / "reference.xpt"), file_format_version=5)

    return write


def main() -> None:
    """Measure and print; fail where it takes longer, or more memory, than promised."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read = time.perf_counter()
        study = make_study(folder)
        read = time.perf_counter() - read
        out = folder / "out"
        seconds = min(timed(lambda: export_study(study, out, FORMATS)) for _ in range(2))
        bare = min(timed(reference(out, folder)) for _ in range(2))
        told: multiprocessing.SimpleQueue[float] = multiprocessing.get_context("spawn").SimpleQueue()
        child = multiprocessing.get_context("spawn").Process(
            target=highest_memory, args=(str(study), str(folder / "again"), told)
        )
        child.start()
        memory = told.get()
        child.join()
        rows = sum(1 for _ in (out / "outcomes_long.csv").open(encoding="utf-8")) - 1
        size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 2**20
        files = len(json.loads((out / "export.json").read_text())["files"])
    print(f"{rows} values read into the study                {read:7.1f} s")
    print(f"exported in {', '.join(FORMATS)}: {files} files, {size:.0f} MiB")
    print(f"  {seconds:7.1f} s; pandas and pyreadstat, the long table alone {bare:6.1f} s; {seconds / bare:6.2f} ×")
    print(f"  highest memory {memory:7.0f} MiB")
    if seconds >= SECONDS or memory >= MEBIBYTES:
        raise SystemExit(f"promised: less than {SECONDS:g} s and {MEBIBYTES:g} MiB")


if __name__ == "__main__":
    main()
