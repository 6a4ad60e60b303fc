"""Dataset-JSON against the public schema and real example files; both stay outside the project.

The schema is `schema/dataset.schema.json` of cdisc-org/DataExchange-DatasetJson (MIT). It is looked for beside the
examples and under BONEMETRICS_DATASET_JSON_SCHEMA.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from bonemetrics.outcomes.formats.dataset_json import write_dataset_json
from bonemetrics.outcomes.table import Table
from tests.format_tables import FACTS, a_trial, column

EXAMPLES = ("adsl.json", "adcibc.json")


@pytest.fixture
def public_schema(shared_data) -> dict:
    place = os.environ.get("BONEMETRICS_DATASET_JSON_SCHEMA")
    path = Path(place) if place else shared_data / "outcomes" / "dataset-json" / "dataset.schema.json"
    if not path.is_file():
        pytest.skip("no public schema of Dataset-JSON; set BONEMETRICS_DATASET_JSON_SCHEMA to the file")
    return json.loads(path.read_text(encoding="utf-8"))


def written(table: Table, tmp_path: Path) -> dict:
    return json.loads(write_dataset_json(table, tmp_path / "t.json", facts=FACTS).read_text(encoding="utf-8"))


@pytest.mark.shared_data
@pytest.mark.parametrize("place", range(4))
def test_dataset_json__follows_the_public_schema(public_schema, tmp_path, place):
    jsonschema.Draft201909Validator.check_schema(public_schema)
    jsonschema.validate(written(a_trial()[place], tmp_path), public_schema)


@pytest.mark.shared_data
def test_public_schema__would_find_a_fault(public_schema, tmp_path):
    found = written(a_trial()[0], tmp_path)
    del found["columns"][0]["label"]
    with pytest.raises(jsonschema.ValidationError, match="'label' is a required property"):
        jsonschema.validate(found, public_schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {**written(a_trial()[0], tmp_path), "datasetJSONCreationDateTime": "yesterday"}, public_schema
        )


@pytest.fixture(params=EXAMPLES)
def example(request, shared_data) -> dict:
    path = shared_data / "outcomes" / "dataset-json" / request.param
    if not path.is_file():
        pytest.skip("no example files of Dataset-JSON in the shared folder")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.shared_data
def test_dataset_json__is_built_as_the_examples_are(example, tmp_path):
    found = written(a_trial()[0], tmp_path)
    # `originator` is an organisation and is the one attribute that bonemetrics cannot know.
    assert [key for key in example if key != "originator"] == list(found)
    assert {type(example[key]) for key in found} == {type(found[key]) for key in found}
    known = {frozenset(one) for one in example["columns"]}
    attributes = {key for one in known for key in one}
    assert {key for one in found["columns"] for key in one} <= attributes
    dates = [one for one in example["columns"] if one["dataType"] == "date"]
    ours = next(one for one in found["columns"] if one["dataType"] == "date")
    assert {key: dates[0][key] for key in ("targetDataType", "displayFormat")} == {
        key: ours[key] for key in ("targetDataType", "displayFormat")
    }


@pytest.mark.shared_data
def test_real_table__written_by_us_says_what_the_example_says(example, tmp_path):
    kinds = {"string": "text", "integer": "integer", "float": "number", "date": "text", "datetime": "text"}
    columns = tuple(column(one["name"], kinds[one["dataType"]], one["label"]) for one in example["columns"])
    rows = [
        tuple(
            float(cell) if one.type == "number" and cell is not None else cell
            for cell, one in zip(row, columns, strict=True)
        )
        for row in example["rows"]
    ]
    found = written(Table(name=example["name"].lower(), columns=columns, rows=rows), tmp_path)
    assert found["rows"] == example["rows"]
    assert found["records"] == example["records"]
    assert found["name"] == example["name"]
    assert found["itemGroupOID"] == example["itemGroupOID"]
    assert [one["itemOID"] for one in found["columns"]] == [one["itemOID"] for one in example["columns"]]
    planned = [
        (ours["length"], one["length"])
        for ours, one in zip(found["columns"], example["columns"], strict=True)
        if one["dataType"] == "string"
    ]
    assert planned
    assert all(ours <= theirs for ours, theirs in planned)
