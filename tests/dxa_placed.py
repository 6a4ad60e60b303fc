"""Invented DXA results from a CSV table to their place in a trial, without a study folder."""

from __future__ import annotations

from pathlib import Path

from bonemetrics.pipeline.dxa import measure_reports
from bonemetrics.study.placement import PlacedScan, place_scans
from bonemetrics.study.protocol import Protocol, parse_protocol
from bonemetrics.study.stored import NOT_APPLICABLE, StoredScan

HEADER = "patient_id,scan_date,site,side,region,area_cm2,bmc_g,bmd_g_cm2,t_score,scan_id,manufacturer,model,serial"
PROTOCOL = """
[[subjects]]
subject = "S-1"
day1 = "2019-10-10"
[[visits]]
name = "Baseline"
number = 0
window = [-60, 1]
baseline = true
[[visits]]
name = "Month 12"
number = 12
window = [320, 410]
[[parameters]]
paramcd = "LSBMD"
param = "Lumbar spine BMD"
quantity = "aBMD"
site = "lumbar-spine"
region = "L1-L4"
[[parameters]]
paramcd = "LSBMDT"
param = "Lumbar spine T-score"
quantity = "T-score"
site = "lumbar-spine"
region = "L1-L4"
[[parameters]]
paramcd = "THBMD"
param = "Total hip BMD"
quantity = "aBMD"
site = "hip"
region = "total-hip"
side = "left"
"""


def protocol(text: str = PROTOCOL) -> Protocol:
    """The protocol of the tests, or another."""
    return parse_protocol(text)


def lines(text: str, *, day: str = "2019-10-05", scan: str = "", device: str = "Hologic,Horizon W,73519M") -> str:
    """Lines of the CSV template from `site side region area bmc bmd t`, where `.` is empty."""
    made = []
    for line in text.strip().splitlines():
        cells = ["" if cell == "." else cell for cell in line.split()]
        region = f'"{cells[2]}"'
        made.append(",".join(["S-1", day, *cells[:2], region, *cells[3:], scan, device]))
    return "\n".join(made)


def placed(folder: Path, *tables: str, rules: Protocol | None = None) -> tuple[PlacedScan, ...]:
    """Each table read as a file of its own, judged and placed."""
    rules = rules or protocol()
    stored: list[StoredScan] = []
    for number, table in enumerate(tables):
        path = folder / f"table-{number}.csv"
        path.write_text(f"{HEADER}\n{table}\n", encoding="utf-8")
        found = measure_reports(path, rules, kind="dxa-report")
        assert found.reports, found.problems
        stored += [
            StoredScan(
                scan_id=f"{number}{place}",
                version=1,
                subject="S-1",
                status="measured",
                path=str(path),
                source_files=(),
                input_sha256="",
                settings_hash="",
                software_version="1.2.3",
                recorded_utc="",
                result=report.result,
                review_status=NOT_APPLICABLE,
            )
            for place, report in enumerate(found.reports)
        ]
    return place_scans(stored, rules)
