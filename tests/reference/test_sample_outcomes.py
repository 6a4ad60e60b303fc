"""The tables of the synthetic trial go in, and the outcomes dataset is what the trial's truth says."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from pathlib import Path
from statistics import mean, stdev

import pytest
from typer.testing import CliRunner

from bonemetrics.cli.app import app
from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.export import snapshot
from bonemetrics.outcomes.report.overview import overview
from bonemetrics.outcomes.report.tables import ReportTable
from bonemetrics.study.store import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
RESPONDERS = {"2M": ("CSM-01", "CSM-02", "CSM-03"), "5M": ("CSM-05", "CSM-06", "CSM-07", "CSM-08", "CSM-10")}
NON_RESPONDERS = ("CSM-04", "CSM-09")
CODES = {
    "below the detection limit": "below-detection",
    "one section left out": "items-missing-allowed",
    "single labels only": "single-label-only",
    "no label": "no-label",
    "draft: osteoid and eroded perimeters exceed the bone's": "draft-entry",
    "two readers differ in the osteoid perimeter": "entries-differ",
}


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Only the tables, which takes seconds; the scans have tests of their own."""
    study = tmp_path_factory.mktemp("sample") / "study"
    called = CliRunner().invoke(app, ["init", str(study), "--protocol", str(SAMPLE / "study.toml")])
    assert called.exit_code == 0, called.output
    called = CliRunner().invoke(app, ["run", str(study), str(SAMPLE / "input" / "tables"), "--json"])
    assert called.exit_code == 0, called.output
    return study, json.loads(called.stdout)


@pytest.fixture(scope="module")
def tables(run, tmp_path_factory) -> dict[str, list[dict[str, str]]]:
    """Every table as an analyst opens it."""
    folder = tmp_path_factory.mktemp("tables")
    called = CliRunner().invoke(app, ["export", str(run[0]), str(folder), "--format", "csv"])
    assert called.exit_code == 0, called.output
    return {path.stem: table(path) for path in folder.glob("*.csv")}


@pytest.fixture(scope="module")
def dataset(tables):
    return {(row["USUBJID"], row["AVISIT"], row["PARAMCD"]): row for row in tables["outcomes_long"]}


@pytest.fixture(scope="module")
def truth():
    rows = [row for row in table(SAMPLE / "truth_outcomes.csv") if row["remark"] != "values in truth.csv"]
    return {(row["subject"], row["visit"], row["paramcd"]): row for row in rows}


def test_run__takes_every_table_and_refuses_nothing(run):
    assert (run[1]["refused"], run[1]["failed"]) == ([], [])


def test_dataset__every_reported_value_is_there_in_its_unit_on_its_day(dataset, truth):
    """To 1e-5: the truth is written with six digits."""
    compared = 0
    for key, row in truth.items():
        if not row["reported"] or row["reported"].startswith("<"):
            continue
        got = dataset[key]
        assert float(got["AVAL"]) == pytest.approx(float(row["reported"]), rel=1e-5, abs=1e-9), key
        assert (got["AVALU"], got["ADT"], got["COHORT"]) == (row["unit"], row["date"], row["cohort"]), key
        assert got["ANL01FL"] == "Y"
        compared += 1
    # 36 sittings × 11 less 6 below detection; 20 biopsies × 12 less a draft, 2 of two readers, single and no labels.
    assert compared == 36 * 11 - 6 + 20 * 12 - 12 - 2 - 4 - 2 * 2


def test_dataset__holds_no_value_that_no_sheet_reports(dataset, truth):
    more = {key for key in dataset if not truth.get(key, {}).get("reported")}
    # Fractures are counted at the visit of the second biopsy too, save where its entry is a draft.
    assert {key[1:] for key in more} == {("Month 4", "NEWFX")}
    assert {float(dataset[key]["AVAL"]) for key in more} == {0.0}


def test_dataset__changes_are_those_of_the_reported_values(dataset, truth):
    compared = 0
    for key, row in truth.items():
        base = truth.get((row["subject"], "Baseline", row["paramcd"]), row)["reported"]
        if key not in dataset or row["visit"] == "Baseline" or not row["reported"]:
            continue
        got = dataset[key]
        if row["reported"].startswith("<") or not base or base.startswith("<"):
            assert got["CHG"] == got["PCHG"] == "", key
            continue
        change = float(row["reported"]) - float(base)
        assert float(got["CHG"]) == pytest.approx(change, abs=2e-5 * max(1.0, abs(float(row["reported"])))), key
        if got["PCHG"]:
            assert float(got["PCHG"]) == pytest.approx(100 * change / float(base), abs=3e-3), key
        compared += 1
    assert compared > 300


def test_dataset__a_scale_without_a_true_zero_has_no_per_cent_change(dataset):
    scales = {key[2] for key, row in dataset.items() if row["CHG"] and not row["PCHG"] and float(row["BASE"])}
    assert "EQ5DIDX" in scales
    assert not scales & {"NTX", "P1NP", "OPG", "HBVTV", "HACF"}


def test_dataset__results_below_the_limit_have_a_text_and_no_number(dataset, truth):
    below = [key for key, row in truth.items() if row["reported"].startswith("<")]
    assert len(below) == 6
    for key in below:
        got = dataset[key]
        assert (got["AVAL"], got["AVALC"], got["CHG"], got["ANL01FL"]) == ("", "<0.17", "", "Y")


def test_notes__each_remark_of_the_truth_is_said(tables, truth):
    said = {(row["USUBJID"], row["AVISIT"], row["CODE"]) for row in tables["outcome_notes"]}
    wanted = {(row["subject"], row["visit"], CODES[row["remark"]]) for row in truth.values() if row["remark"]}
    assert len(wanted) == 6 + 1 + 1 + 2 + 1 + 1
    assert wanted <= said


def test_notes__name_the_contradiction_and_the_readers_difference(tables):
    messages = {
        row["CODE"]: row["MESSAGE"] for row in tables["outcome_notes"] if row["USUBJID"] in ("CSM-06", "CSM-08")
    }
    drafts = [row["MESSAGE"] for row in tables["outcome_notes"] if row["CODE"] == "draft-entry"]
    assert any("O.Pm + E.Pm = 106.6 is more than B.Pm = 91.7" in text for text in drafts)
    assert "O.Pm: 14.7 against 16.5" in messages["entries-differ"]
    assert [row["USUBJID"] for row in tables["outcome_notes"] if row["CODE"] == "entries-agree"] == ["CSM-05"]


def test_dataset__drop_outs_and_missed_visits_leave_no_rows(dataset):
    came = Counter(visit for _, visit, paramcd in dataset if paramcd == "P1NP")
    assert came == {"Baseline": 10, "Month 6": 10, "Month 12": 8, "Month 24": 8}
    absent = {("CSM-07", "Month 12"), ("CSM-07", "Month 24"), ("CSM-10", "Month 24"), ("CSM-05", "Month 12")}
    assert not absent & {key[:2] for key in dataset}


def changes(dataset, women, visit, paramcd, column):
    found = [dataset[who, visit, paramcd][column] for who in women if (who, visit, paramcd) in dataset]
    return [float(text) for text in found if text]


# Expected effects are the trial's own constants. A measured change of n women has the standard error
# sqrt(2/n) × the SD of one measurement (relative SDs: P1NP 5 %, of 1.6 times the baseline; NTX 6 %; points: pain 0.5,
# Oswestry 2 and 2 more by rounding to items, EQ VAS 3); the tolerance is three of them.
EFFECTS = [
    ("5M", "Month 6", "P1NP", "PCHG", 60.0, 3 * 9.5 * math.sqrt(2 / 5)),
    ("2M", "Month 6", "P1NP", "PCHG", 30.0, 3 * 8.2 * math.sqrt(2 / 3)),
    ("5M", "Month 6", "NTX", "PCHG", -18.0, 3 * 6.0 * math.sqrt(2 / 5)),
    ("5M", "Month 6", "VASPAIN", "CHG", -2.4, 3 * 0.5 * math.sqrt(2 / 5)),
    ("5M", "Month 6", "ODITOT", "CHG", -14.0, 3 * 2.9 * math.sqrt(2 / 5)),
    ("5M", "Month 6", "EQ5DVAS", "CHG", 14.0, 3 * 3.0 * math.sqrt(2 / 5)),
    ("5M", "Month 4", "HMSBS", "PCHG", 83.8, 2.0),
    ("2M", "Month 4", "HBVTV", "PCHG", 0.0, 3 * 3.0 * math.sqrt(2 / 3)),
]


@pytest.mark.parametrize(("cohort", "visit", "paramcd", "column", "effect", "tolerance"), EFFECTS)
def test_dataset__shows_the_treatment_effect(dataset, cohort, visit, paramcd, column, effect, tolerance):
    assert mean(changes(dataset, RESPONDERS[cohort], visit, paramcd, column)) == pytest.approx(effect, abs=tolerance)


def test_dataset__women_who_do_not_respond_show_no_effect(dataset):
    found = changes(dataset, NON_RESPONDERS, "Month 6", "P1NP", "PCHG")
    assert len(found) == 2
    assert all(abs(value) < 3 * 5.0 * math.sqrt(2) for value in found)


def test_dataset__responders_are_those_whose_change_exceeds_the_least_significant(dataset, truth):
    """P1NP: 20 % of the baseline; 46.5 to 55.6 ng/mL of CSM-01 are 19.6 % and not enough."""
    reported = {key[:2]: float(row["reported"]) for key, row in truth.items() if key[2] == "P1NP"}
    expected = {
        who: "Y" if value - reported[who, "Baseline"] >= 0.2 * reported[who, "Baseline"] else "N"
        for (who, visit), value in reported.items()
        if visit == "Month 6"
    }
    assert {key[0]: row["CRIT2FL"] for key, row in dataset.items() if key[1:] == ("Month 6", "P1NP")} == expected
    assert expected["CSM-01"] == expected["CSM-04"] == expected["CSM-09"] == "N"
    assert [expected[who] for who in RESPONDERS["5M"]] == ["Y"] * 5


@pytest.fixture(scope="module")
def overview_rows(run):
    """Rows of the report's overview by group, parameter and their first visit."""
    study = snapshot(Store.open(run[0])).dataset
    tables = [block for block in overview(Selection(study)).blocks if isinstance(block, ReportTable)]
    return {
        (one.caption.rpartition(", ")[2], row.cells[0], one.columns[2].group): row.cells
        for one in tables
        for row in one.rows
    }


# Student's t for 95 %: 2.570582 of 5 degrees of freedom, 3.182446 of 3.
SHOWN = [
    ("5M (n = 6)", "P1NP", "P1NP", "Month 6", "5M", 6, 2.570582),
    ("2M (n = 4)", "P1NP", "P1NP", "Month 6", "2M", 4, 3.182446),
    ("5M (n = 6)", "Serum NTX", "NTX", "Month 6", "5M", 6, 2.570582),
    ("5M (n = 6)", "Biopsy mineralising surface", "HMSBS", "Month 4", "5M", 4, 3.182446),
]


@pytest.mark.parametrize(("group", "title", "paramcd", "visit", "cohort", "n", "t"), SHOWN)
def test_report__shows_the_effect_with_its_interval(overview_rows, truth, group, title, paramcd, visit, cohort, n, t):
    """Mean per cent change and interval worked from the values that the sheets report."""
    told = {key: row["reported"] for key, row in truth.items() if key[2] == paramcd and row["cohort"] == cohort}
    percents = [
        100 * (float(text) / float(told[who, "Baseline", paramcd]) - 1)
        for (who, when, _), text in told.items()
        if when == visit and text and float(told[who, "Baseline", paramcd] or 0)
    ]
    assert len(percents) == n
    half = t * stdev(percents) / math.sqrt(n)
    shown = [cell.replace("\u2212", "-") for cell in overview_rows[group, title, visit][1:5]]
    assert shown[:2] == ["%", str(n)]
    numbers = [float(text) for text in (shown[2], *shown[3].split(" to "))]
    # Shown with one digit behind the point.
    assert numbers == pytest.approx([mean(percents), mean(percents) - half, mean(percents) + half], abs=0.0501)


def test_events__stand_in_their_tables(tables):
    assert Counter(row["AESER"] for row in tables["adverse_events"]) == {"N": 10, "Y": 3}
    fractures = {row["USUBJID"]: (row["ADY"], row["NEWFL"], row["LOWIMPFL"]) for row in tables["fractures"]}
    assert fractures == {
        "CSM-02": ("520", "Y", "N"),
        "CSM-04": ("302", "Y", "Y"),
        "CSM-06": ("-210", "N", "Y"),
        "CSM-09": ("455", "Y", "Y"),
    }


def test_sources__lead_every_value_back_to_its_row(dataset, tables):
    known = {row["SRCID"]: row for row in tables["sources"]}
    assert {row["SRCID"] for row in dataset.values() if row["PARAMCD"] != "NEWFX"} <= set(known)
    rows = table(SAMPLE / "input" / "tables" / "laboratory.csv")
    got = dataset["CSM-08", "Month 12", "OSTEOC"]
    # Line 1 is the header, so the row of line n is the (n - 2)th.
    source = rows[int(known[got["SRCID"]]["LINE"]) - 2]
    assert (source["Participant"], source["Visit"], source["Analyte"]) == ("CSM-08", "Month 12", "OC")
    assert float(source["Result"]) == float(got["AVAL"])
