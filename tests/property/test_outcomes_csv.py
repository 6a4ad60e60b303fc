"""Whatever the text or number, a CSV reads back as what was written and holds no formula."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bonemetrics.outcomes.table import Column, Table
from bonemetrics.outcomes.writers import write_csv

COLUMNS = (
    Column(name="text", type="text", label="Text", definition="Any"),
    Column(name="number", type="number", label="Number", definition="Any"),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
FORMULAS = st.builds(str.__add__, st.sampled_from("=+-@\t\r\n"), TEXTS)
ROWS = st.lists(st.tuples(TEXTS | FORMULAS, st.floats(allow_nan=False, allow_infinity=False)), max_size=8)


@given(rows=ROWS)
def test_write_csv__reads_back_and_holds_no_formula(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = write_csv(Table(name="t", columns=COLUMNS, rows=rows), Path(folder) / "t.csv")
        with path.open(encoding="utf-8", newline="") as file:
            back = list(csv.reader(file))[1:]
    assert len(back) == len(rows)
    for (text, number), (text_back, number_back) in zip(rows, back, strict=True):
        assert text_back[:1] not in set("=+-@\t\r\n")
        assert text_back == text or (text_back == f"'{text}" and text[0] in "=+-@\t\r\n")
        assert float(number_back).hex() == number.hex()
