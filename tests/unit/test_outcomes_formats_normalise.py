"""What a round trip keeps, by hand; and that the formats of the library keep it for the tables of a trial."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bonemetrics.outcomes.formats.dataset_json import write_dataset_json
from bonemetrics.outcomes.formats.moment import iso_time, last_change
from bonemetrics.outcomes.formats.normalise import normalised
from bonemetrics.outcomes.formats.xpt import write_xpt
from bonemetrics.outcomes.table import Table
from bonemetrics.outcomes.writers import write_csv, write_parquet
from tests.format_tables import FACTS, a_trial, column, read_csv, read_dataset_json, read_parquet, read_xpt

# Text, what stays of it, and what stays of it where an apostrophe keeps formulas from running.
CASES = [
    ("plain", "plain", "plain"),
    ("", None, None),
    (None, None, None),
    ("   ", None, None),
    ("blank at the end  ", "blank at the end", "blank at the end"),
    ("line\r\n", "line", "line"),
    ("  blank at the front", "  blank at the front", "  blank at the front"),
    ("hard blank\u00a0", "hard blank\u00a0", "hard blank\u00a0"),
    ("=1+1", "=1+1", "=1+1"),
    ("'=1+1", "'=1+1", "=1+1"),
    ("''two", "''two", "'two"),
    ("'", "'", None),
    ("it's", "it's", "it's"),
]


@pytest.mark.parametrize(("text", "kept", "kept_in_csv"), CASES)
def test_normalised__text(text, kept, kept_in_csv):
    table = Table(name="t", columns=(column("T", "text"),), rows=[(text,)])
    for form in ("parquet", "xpt", "dataset-json"):
        assert normalised(table, form).rows == [(kept,)]
    for form in ("csv", "redcap"):
        assert normalised(table, form).rows == [(kept_in_csv,)]


def test_normalised__numbers_are_floats_and_all_else_stays():
    columns = (column("N", "number"), column("I", "integer"), column("D", "date"))
    table = Table(name="t", columns=columns, rows=[(3, 3, date(2016, 2, 29)), (None, None, None)])
    found = normalised(table, "csv")
    assert found.rows == [(3.0, 3, date(2016, 2, 29)), (None, None, None)]
    assert [type(cell) for cell in found.rows[0]] == [float, int, date]
    assert (found.name, found.columns) == (table.name, table.columns)


def test_normalised__knows_its_forms():
    with pytest.raises(ValueError, match="no form 'excel'; known are csv, parquet"):
        normalised(Table(name="t", columns=(), rows=[]), "excel")


def test_every_format__gives_back_a_trial(tmp_path):
    for table in a_trial():
        stem = tmp_path / table.name
        found = {
            "csv": read_csv(write_csv(table, stem.with_suffix(".csv")), table),
            "parquet": read_parquet(write_parquet(table, stem.with_suffix(".parquet"), metadata=FACTS), table),
            "xpt": read_xpt(write_xpt(table, stem.with_suffix(".xpt"), facts=FACTS), table),
            "dataset-json": read_dataset_json(write_dataset_json(table, stem.with_suffix(".json"), facts=FACTS), table),
        }
        for form, back in found.items():
            assert normalised(back, form).rows == normalised(table, form).rows, (table.name, form)


def test_last_change__is_cut_to_seconds_in_utc():
    assert last_change({"last_change": "2018-05-04T01:02:03.999999+02:00"}) == datetime(
        2018, 5, 3, 23, 2, 3, tzinfo=UTC
    )
    assert iso_time({"last_change": "2018-05-04T01:02:03.999999Z"}) == "2018-05-04T01:02:03Z"
    assert iso_time({"last_change": ""}) == "1960-01-01T00:00:00Z"
