"""The sheets of the synthetic trial: what is in them, where it lies in time, and that its truth belongs to them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, timedelta

import pytest

from bonemetrics.sample.clinical import files, outcome_truth
from bonemetrics.sample.people import WOMEN

DAY1 = {woman.subject: woman.day1 for woman in WOMEN}
WINDOWS = {"Baseline": (-60, 1), "Month 6": (140, 226), "Month 12": (320, 410), "Month 24": (670, 792)}


def rows_of(name, delimiter=","):
    return list(csv.DictReader(io.StringIO(files.SHEETS[name]()), delimiter=delimiter))


@pytest.fixture(scope="module")
def truth():
    return [dict(zip(outcome_truth.COLUMNS, row, strict=True)) for row in outcome_truth.rows()]


@pytest.fixture(scope="module")
def biopsies():
    return rows_of("biopsies.csv")


def study_day(subject, day):
    days = (day - DAY1[subject]).days
    return days + 1 if days >= 0 else days


def test_sheets__hold_every_visit_but_those_of_drop_outs_and_one_missed():
    # 10 women × 4 visits, less Months 12 and 24 of CSM-07, Month 24 of CSM-10 and Month 12 of CSM-05.
    came = Counter(row["visit"] for row in rows_of("oswestry.csv"))
    assert came == {"Baseline": 10, "Month 6": 10, "Month 12": 8, "Month 24": 8}
    laboratory = rows_of("laboratory.csv")
    assert Counter(row["Analyte"] for row in laboratory) == dict.fromkeys(
        ("NTX", "OC", "BALP", "P1NP", "OPG", "RANKL"), 36
    )
    assert len(rows_of("pain.csv", ";")) == len(rows_of("eq5d.csv")) == 36
    visits = {row["visit"] for row in rows_of("oswestry.csv") if row["subject"] == "CSM-07"}
    assert visits == {"Baseline", "Month 6"}
    visits = {row["visit"] for row in rows_of("oswestry.csv") if row["subject"] == "CSM-05"}
    assert visits == {"Baseline", "Month 6", "Month 24"}


def test_sheets__dates_lie_in_the_windows_of_their_visits():
    for row in rows_of("laboratory.csv"):
        first, last = WINDOWS[row["Visit"]]
        assert first <= study_day(row["Participant"], date.fromisoformat(row["Sample date"])) <= last


def test_sheets__each_office_has_its_manners():
    assert files.SHEETS["pain.csv"]().splitlines()[1] == "CSM-01;Baseline;22/09/2015;6,7"
    assert {row["redcap_event_name"] for row in rows_of("eq5d.csv")} >= {"baseline_arm_1", "month_24_arm_1"}
    assert {row["Unit"] for row in rows_of("laboratory.csv")} == {"nmol BCE/L", "ng/mL", "µg/L", "pmol/L"}


def test_laboratory__some_results_lie_below_the_detection_limit_one_of_them_at_baseline():
    below = [row for row in rows_of("laboratory.csv") if row["Result"].startswith("<")]
    assert {(row["Analyte"], row["Result"]) for row in below} == {("RANKL", "<0.17")}
    assert Counter(row["Participant"] for row in below) == {"CSM-06": 4, "CSM-08": 2}
    assert "Baseline" in {row["Visit"] for row in below}
    others = [float(row["Result"]) for row in rows_of("laboratory.csv") if row not in below]
    assert min(others) >= 0.17


def test_laboratory__values_are_those_of_women_with_osteoporosis():
    """Orders of magnitude of postmenopausal women; a slip of a unit would leave them."""
    plausible = {"NTX": (5, 40), "OC": (5, 60), "BALP": (5, 40), "P1NP": (15, 150), "OPG": (1, 15), "RANKL": (0, 2)}
    for row in rows_of("laboratory.csv"):
        low, high = plausible[row["Analyte"]]
        assert low < float(row["Result"].lstrip("<")) < high


def test_questionnaires__items_are_levels_and_one_section_is_left_out():
    items = [row[f"odi{number}"] for row in rows_of("oswestry.csv") for number in range(1, 11)]
    assert items.count("") == 1
    assert {int(item) for item in items if item} <= set(range(6))
    names = ("mobility", "selfcare", "activity", "pain", "anxiety")
    levels = [int(row[name]) for row in rows_of("eq5d.csv") for name in names]
    assert set(levels) == {1, 2, 3}
    assert all(0 <= int(row["eq_vas"]) <= 100 for row in rows_of("eq5d.csv"))


def test_biopsies__at_most_45_days_before_the_infusion_and_in_the_fourth_month(biopsies):
    days = {
        visit: [
            study_day(row["subject"], date.fromisoformat(row["biopsy_date"]))
            for row in biopsies
            if row["visit"] == visit
        ]
        for visit in ("Baseline", "Month 4")
    }
    assert (len(days["Baseline"]), len(days["Month 4"])) == (10, 12)
    assert min(days["Baseline"]) >= -45
    assert max(days["Baseline"]) < -30
    assert 92 <= min(days["Month 4"]) <= max(days["Month 4"]) <= 139


def test_biopsies__label_courses_are_fifteen_days_apart_and_end_a_week_before(biopsies):
    names = ("label1_start", "label1_end", "label2_start", "label2_end", "biopsy_date")
    for row in biopsies:
        first, first_end, second, second_end, taken = (date.fromisoformat(row[name]) for name in names)
        assert (second - first, second_end - first_end) == (timedelta(days=15),) * 2
        assert first_end - first == second_end - second == timedelta(days=2)
        assert taken - second_end == timedelta(days=7)


def test_biopsies__have_double_single_and_no_labels(biopsies):
    def label(row):
        return "double" if float(row["dL.Pm [mm]"]) else "single" if float(row["sL.Pm [mm]"]) else "none"

    by_label = {
        kind: [(row["subject"], row["visit"]) for row in biopsies if label(row) == kind] for kind in ("single", "none")
    }
    assert by_label == {
        "single": [("CSM-02", "Baseline")],
        "none": [("CSM-09", "Baseline"), ("CSM-09", "Month 4")],
    }
    for row in biopsies:
        assert bool(row["Ir.L.Wi [um]"]) == (label(row) == "double")


def test_biopsies__two_are_read_twice_and_one_draft_contradicts_itself(biopsies):
    twice = [(row["subject"], row["visit"], row["reader"]) for row in biopsies if row["entry"] == "2"]
    assert twice == [("CSM-05", "Month 4", "KM"), ("CSM-08", "Month 4", "KM")]
    perimeter = {
        (row["subject"], row["entry"]): float(row["O.Pm [mm]"]) for row in biopsies if row["visit"] == "Month 4"
    }
    assert perimeter["CSM-05", "1"] == perimeter["CSM-05", "2"]
    assert perimeter["CSM-08", "2"] == pytest.approx(1.12 * perimeter["CSM-08", "1"], abs=0.06)
    impossible = [
        (row["subject"], row["visit"], row["state"])
        for row in biopsies
        if float(row["O.Pm [mm]"]) + float(row["E.Pm [mm]"]) > float(row["B.Pm [mm]"])
    ]
    assert impossible == [("CSM-06", "Month 4", "draft")]
    assert {row["state"] for row in biopsies if row["subject"] != "CSM-06"} == {"complete"}


def test_events__serious_and_not_open_and_of_a_biopsy(biopsies):
    events = rows_of("adverse_events.csv")
    assert Counter(row["AESER"] for row in events) == {"N": 10, "Y": 3}
    assert [row["AETERM"] for row in events if not row["AEENDTC"]] == ["Knee osteoarthritis"]
    taken = {(row["subject"], row["biopsy_date"]) for row in biopsies}
    of_biopsies = [(row["USUBJID"], row["AESTDTC"]) for row in events if "biopsy" in row["AETERM"]]
    assert len(of_biopsies) == 2
    assert set(of_biopsies) <= taken
    assert all(row["AEENDTC"] >= row["AESTDTC"] for row in events if row["AEENDTC"])
    last = {"CSM-07": 241, "CSM-10": 410}
    for row in events:
        day = study_day(row["USUBJID"], date.fromisoformat(row["AESTDTC"]))
        assert -60 <= day <= last.get(row["USUBJID"], 792)


def test_fractures__one_is_old_and_one_is_no_low_impact_fracture():
    days = {
        row["subject"]: (study_day(row["subject"], date.fromisoformat(row["date"])), row["low_impact"])
        for row in rows_of("fractures.csv")
    }
    assert days == {"CSM-02": (520, "N"), "CSM-04": (302, "Y"), "CSM-06": (-210, "Y"), "CSM-09": (455, "Y")}


def test_truth__every_row_has_its_source(truth, biopsies):
    """A date and a person that a sheet holds; a laboratory's and a scale's text to the letter."""
    laboratory = {
        (row["Participant"], row["Visit"], row["Sample date"], row["Analyte"]): row["Result"]
        for row in rows_of("laboratory.csv")
    }
    sittings = {(row["subject"], row["visit"], row["date"]) for row in rows_of("oswestry.csv")}
    pain = {(row["ID"], row["Visita"]): row["EVA"].replace(",", ".") for row in rows_of("pain.csv", ";")}
    taken = {(row["subject"], row["visit"], row["biopsy_date"]) for row in biopsies}
    analytes = {"NTX": "NTX", "OSTEOC": "OC", "ALPBS": "BALP", "P1NP": "P1NP", "OPG": "OPG", "RANKL": "RANKL"}
    seen = Counter()
    for row in truth:
        key = (row["subject"], row["visit"], row["date"])
        if row["remark"] == "values in truth.csv":
            assert row["date"] == row["true_value"] == row["reported"] == ""
        elif row["paramcd"] in analytes:
            assert laboratory[*key, analytes[row["paramcd"]]] == row["reported"]
        elif row["paramcd"] == "VASPAIN":
            assert pain[key[:2]] == row["reported"]
        elif row["paramcd"].startswith("H"):
            assert key in taken
        else:
            assert key in sittings
        seen[row["paramcd"]] += 1
    scans = dict.fromkeys(("RADTBD", "LSBMD", "THBMD", "FNBMD", "R33BMD"), 36)
    sheets = dict.fromkeys((*analytes, "VASPAIN", "ODITOT", "EQ5DVAS", "EQ5DIDX", "NEWFX"), 36)
    histology = ("BVTV", "TBTH", "TBN", "TBSP", "OSBS", "OTH", "WTH", "MSBS", "MAR", "BFRBS", "MLT", "ACF")
    assert seen == {**scans, **sheets, **{f"H{name}": 20 for name in histology}}


def test_truth__a_left_out_section_leaves_the_denominator(truth):
    (row,) = [row for row in truth if row["remark"] == "one section left out"]
    assert (row["subject"], row["visit"], row["paramcd"]) == ("CSM-06", "Month 6", "ODITOT")
    (sheet,) = [row for row in rows_of("oswestry.csv") if (row["subject"], row["visit"]) == ("CSM-06", "Month 6")]
    answered = [int(sheet[f"odi{number}"]) for number in range(1, 11) if sheet[f"odi{number}"]]
    assert len(answered) == 9
    assert float(row["reported"]) == pytest.approx(sum(answered) / 45 * 100, abs=1e-4)
