"""Dataset-JSON 1.1: keys, types and OIDs, as its specification has them."""

from __future__ import annotations

import json
import math
import re

import pytest

from bonemetrics.errors import ExportError
from bonemetrics.outcomes.formats.dataset_json import write_dataset_json
from bonemetrics.outcomes.table import Table
from tests.format_tables import FACTS, a_trial, column

# Specification 1.1 of 2024-12-05: top-level attributes and attributes of columns in their order, and their types.
TOP = {
    "datasetJSONCreationDateTime": str,
    "datasetJSONVersion": str,
    "fileOID": str,
    "dbLastModifiedDateTime": str,
    "sourceSystem": dict,
    "studyOID": str,
    "metaDataVersionOID": str,
    "metaDataRef": str,
    "itemGroupOID": str,
    "records": int,
    "name": str,
    "label": str,
    "columns": list,
    "rows": list,
}
COLUMN = ["itemOID", "name", "label", "dataType", "targetDataType", "length", "displayFormat", "keySequence"]
DATA_TYPES = {"string", "integer", "decimal", "float", "double", "boolean", "datetime", "date", "time", "URI"}
JSON_TYPES = {"string": str, "integer": int, "float": (int, float), "date": str}
TIME = r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d+)?(([+-][0-2]\d:[0-5]\d)|Z)?"


def loaded(table: Table, tmp_path):
    path = write_dataset_json(table, tmp_path / "t.json", facts=FACTS)
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("place", range(4))
def test_file__has_the_attributes_of_the_specification_in_its_order(tmp_path, place):
    found = loaded(a_trial()[place], tmp_path)
    assert list(found) == list(TOP)
    for name, kind in TOP.items():
        assert type(found[name]) is kind, name
    assert set(found["sourceSystem"]) == {"name", "version"}
    assert re.fullmatch(r"1.1(.(0|([1-9][0-9]*)))?", found["datasetJSONVersion"])
    assert re.fullmatch(TIME, found["datasetJSONCreationDateTime"])
    assert found["dbLastModifiedDateTime"] <= found["datasetJSONCreationDateTime"]
    assert found["records"] == len(found["rows"]) == len(a_trial()[place].rows)


@pytest.mark.parametrize("place", range(4))
def test_columns__have_the_attributes_of_the_specification_in_its_order(tmp_path, place):
    found = loaded(a_trial()[place], tmp_path)
    for one in found["columns"]:
        assert set(one) >= {"itemOID", "name", "label", "dataType"}
        places = [COLUMN.index(key) for key in one]
        assert places == sorted(places), one
        assert one["dataType"] in DATA_TYPES
        assert one.get("targetDataType", "integer") == "integer"
        assert one.get("length", 1) >= 1
    for row in found["rows"]:
        for cell, one in zip(row, found["columns"], strict=True):
            assert cell is None or isinstance(cell, JSON_TYPES[one["dataType"]])
            if isinstance(cell, str) and one["dataType"] == "string":
                assert len(cell) <= one["length"]


def test_facts__stand_at_the_top(tmp_path):
    found = loaded(a_trial()[0], tmp_path)
    assert found["datasetJSONCreationDateTime"] == "2018-05-04T03:02:01Z"
    assert found["sourceSystem"] == {"name": "bonemetrics", "version": "1.2.3"}
    assert found["studyOID"] == "ST.CSM-OP-2011"
    assert found["metaDataVersionOID"] == "MDV.CSM-OP-2011"
    assert found["itemGroupOID"] == "IG.OUTCOMES_LONG"
    assert found["name"] == "OUTCOMES_LONG"
    assert found["label"] == "Outcomes, Long Form"


def test_cells__are_iso_dates_full_digits_and_null(tmp_path):
    text = write_dataset_json(a_trial()[0], tmp_path / "t.json", facts=FACTS).read_text(encoding="utf-8")
    assert '"2017-03-01"' in text
    assert "0.30000000000000004" in text
    assert "ñ=2" in text
    rows = json.loads(text)["rows"]
    assert rows[0][-1] == "a1"
    assert rows[0][2] is None
    columns = {one["name"]: one for one in json.loads(text)["columns"]}
    assert columns["ADT"] == {
        "itemOID": "IT.OUTCOMES_LONG.ADT",
        "name": "ADT",
        "label": "Analysis Date",
        "dataType": "date",
        "targetDataType": "integer",
        "displayFormat": "DATE9.",
        "keySequence": 5,
    }
    assert columns["AVISIT"]["length"] == len("Month 12")
    assert columns["MATERIAL"]["length"] == 1
    assert (columns["AVAL"]["dataType"], columns["ADY"]["dataType"]) == ("float", "integer")


def test_many_rows__are_one_list(tmp_path):
    # More rows than are turned into text at a time.
    table = Table(name="t", columns=(column("I", "integer"),), rows=[(number,) for number in range(10_001)])
    found = loaded(table, tmp_path)
    assert found["rows"] == [[number] for number in range(10_001)]


def test_table_without_rows__is_whole(tmp_path):
    found = loaded(Table(name="t", columns=(column("I", "integer"),), rows=[]), tmp_path)
    assert (found["records"], found["rows"]) == (0, [])


def test_text__that_is_no_unicode_is_refused(tmp_path):
    with pytest.raises(ExportError, match="t holds text that is no Unicode"):
        loaded(Table(name="t", columns=(column("T", "text"),), rows=[("\udc80",)]), tmp_path)
    assert not (tmp_path / "t.json").exists()


@pytest.mark.parametrize("number", [math.nan, -math.inf])
def test_number__that_is_not_finite_is_our_mistake(tmp_path, number):
    with pytest.raises(TypeError, match="finite"):
        loaded(Table(name="t", columns=(column("N", "number"),), rows=[(number,)]), tmp_path)
