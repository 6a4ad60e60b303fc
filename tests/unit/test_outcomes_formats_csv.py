"""CSV and Parquet: what they refuse, and that their blocks of rows leave no seam."""

from __future__ import annotations

import csv
from datetime import date

import numpy as np
import pandas as pd
import pytest

from bonemetrics.errors import ExportError
from bonemetrics.outcomes.table import Table
from bonemetrics.outcomes.writers import write_csv, write_parquet
from tests.format_tables import column

MORE_THAN_A_BLOCK = 10_001


def test_csv__of_many_rows_has_each_once(tmp_path):
    columns = (column("I", "integer"), column("T", "text"), column("N", "number"), column("D", "date"))
    day = date(2016, 2, 29)
    rows = [(number, "=a" if number % 2 else None, number / 3, day) for number in range(MORE_THAN_A_BLOCK)]
    path = write_csv(Table(name="t", columns=columns, rows=rows), tmp_path / "t.csv")
    with path.open(encoding="utf-8", newline="") as file:
        head, *found = csv.reader(file)
    assert head == ["I", "T", "N", "D"]
    assert [row[0] for row in found] == [str(number) for number in range(MORE_THAN_A_BLOCK)]
    assert found[1] == ["1", "'=a", "0.3333333333333333", "2016-02-29"]
    assert found[-1] == ["10000", "", "3333.3333333333335", "2016-02-29"]


def test_csv__takes_numbers_of_numpy(tmp_path):
    table = Table(name="t", columns=(column("N", "number"),), rows=[(np.float64(0.1),), (2,)])
    assert write_csv(table, tmp_path / "t.csv").read_text() == "N\n0.1\n2\n"


def test_csv__is_read_by_pandas_as_the_guide_says(tmp_path):
    columns = (column("T", "text"), column("N", "number"), column("D", "date"))
    rows = [("NA", 0.1 + 0.2, date(2016, 2, 29)), (None, None, None), ("null", -2.5, date(1959, 12, 31))]
    path = write_csv(Table(name="t", columns=columns, rows=rows), tmp_path / "t.csv")
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    assert frame["T"].isna().tolist() == [False, True, False]
    assert frame["T"].dropna().tolist() == ["NA", "null"]
    assert frame["N"].dropna().tolist() == [0.1 + 0.2, -2.5]
    assert frame["D"].dropna().tolist() == ["2016-02-29", "1959-12-31"]


def test_csv__refuses_text_that_is_no_unicode(tmp_path):
    with pytest.raises(ExportError, match="t holds text that is no Unicode") as caught:
        write_csv(Table(name="t", columns=(column("T", "text"),), rows=[("\ud800",)]), tmp_path / "t.csv")
    assert caught.value.code == "not-in-format"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "cell"), [("text", "\ud800"), ("integer", 2**63), ("number", 2**53 + 1), ("number", 2**70)]
)
def test_parquet__refuses_what_it_would_change(tmp_path, kind, cell):
    with pytest.raises(ExportError, match="t holds text that is no Unicode, or an integer") as caught:
        write_parquet(Table(name="t", columns=(column("C", kind),), rows=[(cell,)]), tmp_path / "t", metadata={})
    assert caught.value.code == "not-in-format"
    assert not list(tmp_path.iterdir())
