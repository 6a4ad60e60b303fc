from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bonemetrics.cli import densitometry
from bonemetrics.dxa.precision_table import read_repeats, table_precision
from bonemetrics.errors import DxaError

app = typer.Typer()
app.command("phantom-qc")(densitometry.phantom_qc)
app.command("precision")(densitometry.precision)

BASELINE = (0.998, 1.002) * 5


def call(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


def series(folder: Path, *values: float, serials: tuple[str, ...] = ("SN-7",)) -> Path:
    lines = ["date,serial,bmd,event"]
    for serial in serials:
        for n, value in enumerate(values):
            lines.append(f"{date(2021, 1, 4) + timedelta(days=n)},{serial},{value},")
    path = folder / "series.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_phantom_qc__writes_picture_and_table_and_names_the_scan(tmp_path):
    shown = call("phantom-qc", series(tmp_path, *BASELINE, 1.02), tmp_path / "out", "--baseline", 10)
    assert "2021-01-14" in shown
    assert "outside the mean ± 1.5 %" in shown
    assert (tmp_path / "out" / "phantom-qc.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "out" / "phantom-qc.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11
    assert rows[-1]["broken_rules"] == "limit; 3sd"
    assert float(rows[-1]["deviation_percent"]) == pytest.approx(2.0)
    assert float(rows[-1]["cusum_g_cm2"]) == pytest.approx(0.02)
    assert (rows[9]["in_baseline"], rows[10]["in_baseline"]) == ("Y", "")


def test_phantom_qc__json_alone_on_stdout(tmp_path):
    text = call("phantom-qc", series(tmp_path, *BASELINE, 1.02), tmp_path / "out", "--json")
    shown = json.loads(text)
    assert shown["serial"] == "SN-7"
    assert shown["segments"][0]["short"] is True
    assert shown["scans"] == 11
    assert [Path(path).name for path in shown["files"]] == ["phantom-qc.png", "phantom-qc.csv"]


def test_phantom_qc__a_service_and_the_options_reach_the_rules(tmp_path):
    path = series(tmp_path, *BASELINE, *[value + 0.1 for value in BASELINE])
    options = ("--service", "2021-01-14", "--cusum-k", 0.5, "--cusum-h", 5, "--moving-average", 3, "--limit", 2)
    shown = json.loads(call("phantom-qc", path, tmp_path, *options, "--json"))
    assert [segment["mean"] for segment in shown["segments"]] == pytest.approx([1.0, 1.1])
    assert shown["violations"] == []
    assert shown["tabular_cusum"] == {"k": 0.5, "h": 5.0}
    assert shown["limit_percent"] == 2.0


def test_phantom_qc__tells_of_what_is_not_judged_and_cuts_long_lists(tmp_path):
    path = series(tmp_path, *BASELINE, *[1.5] * 50, 1.0, 1.0)
    shown = call("phantom-qc", path, tmp_path, "--service", "2021-03-05", "--baseline", 10)
    assert "10 more, in phantom-qc.csv" in shown
    assert "not judged" in shown
    assert "all alike" in call("phantom-qc", series(tmp_path, *[1.0] * 10), tmp_path)


def test_phantom_qc__a_serial_that_looks_like_a_formula_is_no_formula(tmp_path):
    call("phantom-qc", series(tmp_path, *BASELINE, serials=("=1+1",)), tmp_path)
    with (tmp_path / "phantom-qc.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["serial"] == "'=1+1"


def test_phantom_qc__asks_for_the_scanner_where_there_are_two(tmp_path):
    path = series(tmp_path, *BASELINE, serials=("A1", "B2"))
    assert "invalid-series: scans of 2 scanners (A1, B2)" in call("phantom-qc", path, tmp_path, code=1)
    assert "A1" in call("phantom-qc", path, tmp_path, "--serial", "A1")


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--cusum-k", 0.5), 2, "go together"),
        (("--cusum-k", 0.5, "--cusum-h", 0), 2, "go together"),
        (("--baseline", 9), 2, "baseline"),
        (("--service", "14.01.2021"), 2, "service"),
        (("--serial", "other"), 1, "no scan of this serial"),
    ],
)
def test_phantom_qc__exit_codes(tmp_path, options, code, told):
    assert told in call("phantom-qc", series(tmp_path, *BASELINE), tmp_path / "out", *options, code=code)


def test_phantom_qc__no_table_and_no_folder(tmp_path):
    refused = json.loads(call("phantom-qc", tmp_path / "none.csv", tmp_path, "--json", code=1))
    assert refused["problems"][0]["code"] == "not-found"
    assert "not-regular-file" in call("phantom-qc", tmp_path, tmp_path, code=1)
    (tmp_path / "file").write_text("")
    assert "name a folder" in call("phantom-qc", series(tmp_path, *BASELINE), tmp_path / "file", code=2)


def repeats(folder: Path, text: str) -> Path:
    path = folder / "repeats.csv"
    path.write_text(text, encoding="utf-8")
    return path


def thirty_pairs(header: str, rows) -> str:
    """`rows(person, repeat)` gives the lines of one scan."""
    lines = [header]
    for person in range(30):
        for repeat in (1, 2):
            lines += [f"P{person},{repeat},{row}" for row in rows(person, repeat)]
    return "\n".join(lines)


def spine_rows(person: int, repeat: int) -> list[str]:
    return [f"L{n},{10 + n + 0.1 * repeat:.2f},{11 + n:.2f}" for n in range(1, 5)]


def test_precision__every_combination_of_vertebrae(tmp_path):
    path = repeats(tmp_path, thirty_pairs("person,repeat,region,bmc,area", spine_rows))
    shown = json.loads(call("precision", path, "--json"))
    regions = {one["region"]: one for one in shown["regions"]}
    assert len(regions) == 11
    assert regions["L1-L2,L4"]["source"] == "sum-of-levels"
    # Each level differs by 0.1 g between repeats: L1 and L3 by 0.2 g over 26 cm²; SD = 0.2 / 26 / √2 = 0.0054393.
    assert regions["L1,L3"]["precision"]["rms_sd"] == pytest.approx(0.0054393, abs=1e-7)
    assert regions["L1,L3"]["precision"]["lsc"] == pytest.approx(0.0150669, abs=1e-7)


def test_precision__a_table_for_people(tmp_path):
    def both_hips(person: int, repeat: int) -> list[str]:
        return [f"total-hip,left,{0.9 + 0.01 * repeat:.3f}", f"total-hip,right,{0.9 + 0.02 * repeat:.3f}"]

    shown = call("precision", repeats(tmp_path, thirty_pairs("person,repeat,region,side,bmd", both_hips)))
    # 0.010/√2 = 0.0071 and 0.020/√2 = 0.0141; LSC 0.0196 and 0.0392; %CV of the left 0.00707/0.915 = 0.77.
    left, right = (line for line in shown.splitlines() if "total-hip" in line)
    assert "0.0071 (" in left
    assert "0.0196 (" in left
    assert left.endswith(" 0.77")
    assert "0.0141 (" in right
    assert "0.0392 (" in right


def test_precision__a_given_combination_goes_before_the_sum(tmp_path):
    def rows(person: int, repeat: int) -> list[str]:
        return ["L1,,9.1,10.1", "L2,,9.4,10.0", f"L1-L2,{0.92 + 0.01 * repeat:.3f},,"]

    text = thirty_pairs("person,repeat,region,bmd,bmc,area", rows)
    (only,), refused = table_precision(read_repeats(repeats(tmp_path, text)))
    assert refused == ()
    assert (only.source, only.region) == ("given", "L1-L2")
    assert only.precision.rms_sd == pytest.approx(0.0070711, abs=1e-7)


def test_precision__too_few_are_refused_region_by_region(tmp_path):
    text = thirty_pairs("person,repeat,region,bmd", lambda _, r: [f"neck,{0.7 + 0.01 * r:.2f}"])
    text += "\nP1,1,total-hip,0.90\nP1,2,total-hip,0.91"
    path = repeats(tmp_path, text)
    shown = json.loads(call("precision", path, "--json", code=1))
    assert [one["region"] for one in shown["regions"]] == ["neck"]
    assert shown["problems"][0]["code"] == "too-few-degrees-of-freedom"
    assert shown["problems"][0]["message"].startswith("total-hip: 1 degrees")
    assert "preliminary" in call("precision", path, "--allow-fewer")


@pytest.mark.parametrize("rows", ["P1,1,L2,0.9\nP1,2,L2,0.8", "P1,1,L1,1.1\nP1,2,L1,1.2\nP1,1,L2,0.9\nP1,2,L2,0.8"])
def test_precision__single_vertebrae_without_bmc_and_area_give_nothing(tmp_path, rows):
    shown = call("precision", repeats(tmp_path, f"person,repeat,region,bmd\n{rows}"), "--allow-fewer", code=1)
    assert "single-vertebra" in shown


def test_precision__one_vertebra_alone_has_no_lsc(tmp_path):
    text = thirty_pairs("person,repeat,region,bmc,area", lambda _, r: [f"L3,{12 + 0.1 * r:.1f},14.0"])
    assert "single-vertebra" in call("precision", repeats(tmp_path, text), code=1)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("P1,1,knee,,0.9,,", "line 2: the region"),
        ("P1,1,neck,both,0.9,,", "line 2: side"),
        ("P1,1,L1-L4,left,0.9,,", "line 2: side"),
        ("P1,1,neck,left,0.9,,\nP1,1,neck,LEFT,0.8,,", "line 3: this person"),
        ("P1,1,neck,left,,4.0,", "line 2: area is empty"),
        ("P1,1,neck,left,,4.0,0", "not above zero"),
        ("P1,1,neck,left,0.812,4.00,5.00", "bmd is not bmc / area"),
        ("P1,1,neck,left,812,,", "mg/cm2"),
        ("P1,1,neck,left,,,", "line 2: bmd is empty"),
        (",1,neck,left,0.9,,", "person is empty"),
    ],
)
def test_read_repeats__refuses_by_line_and_quotes_nobody(tmp_path, row, message):
    path = repeats(tmp_path, f"person,repeat,region,side,bmd,bmc,area\n{row}\n")
    with pytest.raises(DxaError, match=message) as refused:
        read_repeats(path)
    assert refused.value.code == "invalid-series"
    assert "P1" not in refused.value.message


def test_read_repeats__bmd_agrees_with_bmc_and_area_to_the_printed_digit(tmp_path):
    # 4.00 / 5.00 = 0.800; the tolerance is 0.0006 + 0.8 (0.005/4 + 0.005/5) = 0.0024.
    text = "person,repeat,region,bmd,bmc,area\nP1,1,neck,0.802,4.00,5.00\n"
    assert read_repeats(repeats(tmp_path, text)).bmd == {("neck", ""): {"P1": [0.802]}}


def test_precision__a_confidence_of_95_is_wrong_usage(tmp_path):
    assert "between 0 and 1" in call("precision", repeats(tmp_path, "x"), "--confidence", 95, code=2)
