"""REDCap: events, repeating forms, field names and the data dictionary of 18 columns."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from bonemetrics.errors import ExportError
from bonemetrics.outcomes.formats.normalise import normalised
from bonemetrics.outcomes.formats.redcap import unique_event_names, write_redcap
from bonemetrics.outcomes.table import Column, Table
from tests.format_tables import FACTS, a_trial, column, table_of, wide_form

# The order that REDCap's own template of a data dictionary has.
HEADERS = [
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
]
DAY = date(2016, 2, 29)


def read(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def files(tmp_path):
    return dict(
        zip(("import", "dictionary", "events", "forms"), write_redcap(a_trial(), tmp_path, facts=FACTS), strict=True)
    )


def test_event_names__are_those_of_redcap():
    labels = ["Baseline", "Month 12", "Month 12 (repeat)", "Week 2/3", "A very long name of a visit", "Año 1", "!"]
    expected = [
        "baseline_arm_1",
        "month_12_arm_1",
        "month_12_repeat_arm_1",
        "week_23_arm_1",
        "a_very_long_name_o_arm_1",
        "ao_1_arm_1",
        "event_arm_1",
    ]
    assert list(unique_event_names(labels).values()) == expected


def test_event_names__that_would_be_alike_get_a_letter():
    labels = ["A very long name of Monday", "A very long name of Tuesday", "A very long name of Sunday"]
    found = list(unique_event_names(labels).values())
    assert found == ["a_very_long_name_o_arm_1", "a_very_long_name_o_arm_1a", "a_very_long_name_o_arm_1b"]
    with pytest.raises(ExportError, match="REDCap cannot tell apart"):
        unique_event_names([f"A very long name of {number}" for number in range(28)])


def test_files__are_four(files):
    assert [path.name for path in files.values()] == [
        "redcap_import.csv",
        "redcap_dictionary.csv",
        "redcap_events.csv",
        "redcap_forms.csv",
    ]


def test_import__has_a_row_for_each_visit_and_each_event(files):
    rows = read(files["import"])
    keys = ["record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"]
    assert list(rows[0])[:4] == keys
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("P001", "baseline_arm_1", "", ""),
        ("P001", "month_12_arm_1", "", ""),
        ("P002", "baseline_arm_1", "", ""),
        ("P001", "whole_study_arm_1", "adverse_events", "1"),
        ("P001", "whole_study_arm_1", "adverse_events", "2"),
        ("P002", "whole_study_arm_1", "adverse_events", "1"),
        ("P002", "whole_study_arm_1", "fractures", "1"),
    ]


def test_import__holds_the_cells(files):
    rows = read(files["import"])
    assert rows[1]["radtbd_pchg"] == "-0.8912655971479501"
    assert rows[1]["adt"] == "2017-03-01"
    assert rows[1]["radtbd_chg"] == "-1.25"  # a number is never neutralised
    assert rows[3]["aeterm"] == "'=Fever, 'high'"
    assert rows[4]["aeterm"] == "Dolor\nlumbar"
    assert rows[6]["fxsite"] == "radius"
    assert rows[6]["radtbd"] == rows[0]["fxsite"] == ""


def test_import__reads_back_as_the_tables(files):
    _, wide, events, broken = a_trial()
    rows, fields = read(files["import"]), read(files["dictionary"])
    for table, form in ((wide, "outcomes"), (events, "adverse_events"), (broken, "fractures")):
        own = [one["Variable / Field Name"] for one in fields if one["Form Name"] == form][form == "outcomes" :]
        found = [row for row in rows if row["redcap_repeat_instrument"] == (form if form != "outcomes" else "")]
        cells = [[row[name] for name in (own[0], "record_id", *own[1:])] for row in found]
        assert normalised(table_of(table, cells), "redcap").rows == normalised(table, "redcap").rows


def test_dictionary__has_the_columns_of_redcap_in_their_order(files):
    rows = read(files["dictionary"])
    assert list(rows[0]) == HEADERS
    assert len(HEADERS) == 18
    assert rows[0]["Variable / Field Name"] == "record_id"
    assert rows[0]["Field Note"] == "bonemetrics 1.2.3, study CSM-OP-2011 as of 2018-05-04T03:02:01Z"


def test_dictionary__names_every_field_of_the_import_once_in_its_order(files):
    fields = [row["Variable / Field Name"] for row in read(files["dictionary"])]
    assert list(read(files["import"])[0]) == [fields[0], *list(read(files["import"])[0])[1:4], *fields[1:]]
    assert len(set(fields)) == len(fields)
    for name in fields:
        assert name.islower()
        assert name[0].isalpha()
        assert name.replace("_", "").isalnum()
        assert len(name) <= 26


def test_dictionary__states_validation_unit_and_choices(files):
    rows = {row["Variable / Field Name"]: row for row in read(files["dictionary"])}
    validation = "Text Validation Type OR Show Slider Number"
    assert rows["radtbd"][validation] == "number"
    assert rows["radtbd"]["Field Note"] == "A meaning [mg/cm3]"
    assert rows["adt"][validation] == "date_ymd"
    assert rows["ae_astdy"][validation] == "integer"
    assert rows["cohort"][validation] == ""
    assert rows["aeser"]["Field Type"] == "radio"
    assert rows["aeser"]["Choices, Calculations, OR Slider Labels"] == "Y, Yes | N, No"
    assert rows["fxlat"]["Choices, Calculations, OR Slider Labels"] == "left, Left | right, Right"
    assert rows["aeterm"]["Field Type"] == "text"


def test_fields__of_events_say_of_which_form_they_are(files):
    forms: dict[str, list[str]] = {}
    for row in read(files["dictionary"]):
        forms.setdefault(row["Form Name"], []).append(row["Variable / Field Name"])
    assert forms["adverse_events"] == [
        *("ae_studyid", "ae_cohort", "aeterm", "aedecod", "aesoc", "aeser", "aesev", "aerel", "aeout"),
        *("ae_astdt", "ae_astdy", "aendt", "aendy", "ae_srcid"),
    ]
    assert "fx_adt" in forms["fractures"]
    assert "adt" in forms["outcomes"]


def test_fields__of_parameters_with_the_name_of_an_event_field_stay_apart(tmp_path):
    # AETERM and EQ_5D_ are possible PARAMCDs; REDCap takes no underscore at the end and none twice.
    _, wide, events, _ = a_trial()
    more = (column("AETERM", "number"), column("EQ_5D_", "number"), column("EQ__5D", "number"))
    wide = Table(name=wide.name, columns=(*wide.columns, *more), rows=[(*row, 1.0, 2.0, 3.0) for row in wide.rows])
    path, dictionary, *_ = write_redcap([wide, events], tmp_path, facts=FACTS)
    fields = [row["Variable / Field Name"] for row in read(dictionary)]
    assert len(set(fields)) == len(fields)
    assert [fields.index(name) for name in ("aeterm", "eq_5d", "eq_5d2", "ae_aeterm")] == [11, 12, 13, 16]
    rows = read(path)
    assert (rows[0]["aeterm"], rows[0]["eq_5d"], rows[0]["eq_5d2"]) == ("1.0", "2.0", "3.0")
    assert rows[3]["ae_aeterm"] == "'=Fever, 'high'"


def test_events__stand_in_the_order_of_the_visits(tmp_path):
    # Alphabetically Month 12 comes before Month 6; the numbers of the visits tell better.
    names = [("Month 12", 12.0), ("Month 6", 6.0), ("Baseline", 0.0), ("Odd", None)]
    rows = [("S", f"P{place}", None, *visit, DAY, *(None,) * 5) for place, visit in enumerate(names)]
    *_, events, forms = write_redcap([wide_form(rows)], tmp_path, facts=FACTS)
    assert [tuple(row.values()) for row in read(events)] == [
        ("Baseline", "1", "baseline_arm_1"),
        ("Month 6", "1", "month_6_arm_1"),
        ("Month 12", "1", "month_12_arm_1"),
        ("Odd", "1", "odd_arm_1"),
        ("Whole study", "1", "whole_study_arm_1"),
    ]
    assert {row["form"] for row in read(forms)} == {"outcomes"}


def test_forms__belong_to_visits_or_to_the_whole_study(files):
    assert [tuple(row.values()) for row in read(files["forms"])] == [
        ("1", "baseline_arm_1", "outcomes"),
        ("1", "month_12_arm_1", "outcomes"),
        ("1", "whole_study_arm_1", "adverse_events"),
        ("1", "whole_study_arm_1", "fractures"),
    ]


def test_visit__that_is_named_like_the_event_of_what_repeats_keeps_its_own(tmp_path):
    rows = [("S", "P1", None, "Whole study", 1.0, DAY, *(None,) * 5)]
    path, _, events, forms = write_redcap([wide_form(rows), a_trial()[2]], tmp_path, facts=FACTS)
    assert [row["unique_event_name"] for row in read(events)] == ["whole_study_arm_1", "whole_study_2_arm_1"]
    assert [row["redcap_event_name"] for row in read(path)][:2] == ["whole_study_arm_1", "whole_study_2_arm_1"]
    assert [tuple(row.values())[1:] for row in read(forms)] == [
        ("whole_study_arm_1", "outcomes"),
        ("whole_study_2_arm_1", "adverse_events"),
    ]


def test_two_rows__of_one_person_and_visit_are_refused(tmp_path):
    row = ("S", "P1", None, "Month 6", 6.0, DAY, *(None,) * 5)
    with pytest.raises(ExportError, match="two rows of outcomes_wide are of one person and visit"):
        write_redcap([wide_form([row, row])], tmp_path, facts=FACTS)
    assert not list(tmp_path.iterdir())


def test_study_without_values__has_a_project_all_the_same(tmp_path):
    empty = [Table(name=table.name, columns=table.columns, rows=[]) for table in a_trial()]
    path, dictionary, *_ = write_redcap(empty, tmp_path, facts=FACTS)
    assert read(path) == []
    assert len(read(dictionary)) == 1 + 10 + 14 + 10


def test_column__whose_name_begins_with_a_digit_gets_a_letter(tmp_path):
    _, wide, *_ = a_trial()
    columns = (*wide.columns, Column(name="5D", type="text", label="L", definition="D"))
    table = Table(name=wide.name, columns=columns, rows=[])
    _, dictionary, *_ = write_redcap([table], tmp_path, facts=FACTS)
    assert read(dictionary)[-1]["Variable / Field Name"] == "x_5d"
