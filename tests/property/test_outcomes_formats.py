"""Whatever a table holds, each format gives it back after the documented normalisation, or its writer refuses it."""

from __future__ import annotations

import csv
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bonemetrics.errors import ExportError
from bonemetrics.outcomes.formats.dataset_json import write_dataset_json
from bonemetrics.outcomes.formats.normalise import normalised
from bonemetrics.outcomes.formats.redcap import write_redcap
from bonemetrics.outcomes.formats.xpt import write_xpt, xpt_names
from bonemetrics.outcomes.table import Column, Table
from bonemetrics.outcomes.writers import write_csv, write_parquet
from tests.format_tables import (
    FACTS,
    adverse_events,
    column,
    fractures,
    read_csv,
    read_dataset_json,
    read_parquet,
    read_xpt,
    table_of,
    wide_form,
)

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
PLAIN = st.text(CHARACTERS, max_size=12)
HOSTILE = st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "'", "''", '"', "\t", "\r", "\n", " "]), PLAIN)
LONG = st.builds(lambda text, times, end: text * times + end, PLAIN, st.integers(20, 90), PLAIN)
ENDING_IN_BLANKS = st.builds(str.__add__, PLAIN, st.sampled_from([" ", "   ", "\t", "\r\n", "\u00a0"]))
TEXTS = (
    PLAIN | HOSTILE | ENDING_IN_BLANKS | LONG | st.sampled_from(["", "NA", "null", ".", "é" * 101, "\U0001f9b4" * 51])
)
EXTREMES = st.sampled_from([0.0, -0.0, 1e300, -1e-300, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 2.0**53 + 2])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | EXTREMES
IN_SAS = st.floats(-9.0e74, 9.0e74).filter(lambda x: x == 0 or abs(x) > 5.4e-79)
INTEGERS = st.integers(-(2**53), 2**53)
DATES = st.dates()
# So many that a part of 200 bytes of a long text may hold nothing else, which SAS cannot keep.
MANY_BLANKS = re.compile(r"[ \t\n\r\x0b\x0c]{196}")


def tables(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Table]:
    """Tables of every type, whose names are too long or too alike for SAS; a number is always there."""
    cells = {"text": TEXTS, "number": numbers, "integer": INTEGERS, "date": DATES}
    kinds = st.lists(st.sampled_from(list(cells)), min_size=0, max_size=5)

    def of(types: list[str]) -> st.SearchStrategy[Table]:
        columns = tuple(column(f"PARAMETER_{place}", kind) for place, kind in enumerate([*types, "number"]))
        row = st.tuples(*(st.none() | cells[one.type] for one in columns))
        return st.lists(row, max_size=5).map(lambda rows: Table(name="some_table", columns=columns, rows=rows))

    return kinds.flatmap(of)


@settings(deadline=None)
@given(table=tables(NUMBERS))
def test_csv__gives_back_the_normalised_table(table):
    with tempfile.TemporaryDirectory() as folder:
        back = read_csv(write_csv(table, Path(folder) / "t.csv"), table)
    assert normalised(back, "csv").rows == normalised(table, "csv").rows


@settings(deadline=None)
@given(table=tables(NUMBERS))
def test_parquet__gives_back_the_normalised_table(table):
    with tempfile.TemporaryDirectory() as folder:
        back = read_parquet(write_parquet(table, Path(folder) / "t.parquet", metadata=FACTS), table)
    assert normalised(back, "parquet").rows == normalised(table, "parquet").rows


@settings(deadline=None)
@given(table=tables(NUMBERS))
def test_dataset_json__gives_back_the_normalised_table(table):
    with tempfile.TemporaryDirectory() as folder:
        back = read_dataset_json(write_dataset_json(table, Path(folder) / "t.json", facts=FACTS), table)
    assert normalised(back, "dataset-json").rows == normalised(table, "dataset-json").rows


@settings(max_examples=200, deadline=None)
@given(table=tables(IN_SAS))
def test_xpt__another_reader_gives_back_the_normalised_table(table):
    if not table.rows:
        return  # pandas cannot read a file without rows
    texts = [cell.rstrip(" \t\n\r\x0b\x0c") for row in table.rows for cell in row if isinstance(cell, str)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.xpt"
        if any(len(text.encode()) > 2000 for text in texts):
            with pytest.raises(ExportError, match="a text of more than 2000 bytes"):
                write_xpt(table, path, facts=FACTS)
            assert not path.exists()
        else:
            assume(not any(MANY_BLANKS.search(text) for text in texts))
            assert read_xpt(write_xpt(table, path, facts=FACTS), table).rows == normalised(table, "xpt").rows


@settings(deadline=None)
@given(number=NUMBERS)
def test_xpt__refuses_the_numbers_that_it_cannot_hold_and_no_others(number):
    table = Table(name="t", columns=(column("N", "number"),), rows=[(number,)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.xpt"
        if number == 0 or 16.0**-65 < abs(number) < 2.0**249:
            assert read_xpt(write_xpt(table, path, facts=FACTS), table).rows == [(number,)]
        else:
            with pytest.raises(ExportError, match="row 1, holds a number"):
                write_xpt(table, path, facts=FACTS)


NAMES = st.lists(st.from_regex(r"[A-Z][A-Z0-9_]{0,12}(_CHG|_PCHG)?", fullmatch=True) | PLAIN, unique=True, max_size=9)


@settings(deadline=None)
@given(names=NAMES)
def test_xpt_names__are_each_once_and_fit(names):
    short = xpt_names([Column(name=name, type="text", label="", definition="") for name in names])
    assert list(short) == names
    assert len(set(short.values())) == len(names)
    for name, sas in short.items():
        assert 1 <= len(sas) <= 8
        assert sas.isascii()
        assert sas[0].isupper()
        assert all(one.isupper() or one.isdigit() or one == "_" for one in sas)
        if len(name) <= 8 and name.isascii() and name.isalpha() and name.isupper():
            assert sas == name


IDS = st.sampled_from(["P001", "P002", "P003"])
MAYBE = st.none() | TEXTS
VISITS = st.sampled_from([("Baseline", 0.0), ("Month 12", 12.0), ("Month 24 (final)", 24.0)])
CELL = st.none() | NUMBERS
DAY, STUDY_DAY = st.none() | DATES, st.none() | INTEGERS
WIDE_ROWS = st.lists(
    st.builds(
        lambda person, cohort, visit, day, cells: ("S", person, cohort, *visit, day, *cells),
        IDS,
        MAYBE,
        VISITS,
        DAY,
        st.tuples(CELL, CELL, CELL, CELL, CELL),
    ),
    unique_by=lambda row: (row[1], row[3]),
    max_size=6,
)
EVENT_ROWS = st.lists(
    st.tuples(
        *(st.just("S"), IDS, MAYBE, TEXTS, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE), *(DAY, STUDY_DAY) * 2, MAYBE
    ),
    max_size=5,
)
FRACTURE_ROWS = st.lists(
    st.tuples(*(st.just("S"), IDS, MAYBE, TEXTS, MAYBE, MAYBE, MAYBE, MAYBE), DAY, STUDY_DAY, MAYBE), max_size=5
)


@settings(deadline=None)
@given(wide=WIDE_ROWS, events=EVENT_ROWS, broken=FRACTURE_ROWS)
def test_redcap__gives_back_the_wide_form_and_the_events(wide, events, broken):
    tables = (wide_form(wide), adverse_events(events), fractures(broken))
    with tempfile.TemporaryDirectory() as folder:
        path, dictionary, *_ = write_redcap(tables, Path(folder), facts=FACTS)
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        with dictionary.open(encoding="utf-8", newline="") as file:
            fields = [(row["Variable / Field Name"], row["Form Name"]) for row in csv.DictReader(file)]
    for table, form in zip(tables, ("outcomes", "adverse_events", "fractures"), strict=True):
        own = [name for name, of in fields if of == form and name != "record_id"]
        found = [row for row in rows if row["redcap_repeat_instrument"] == ("" if form == "outcomes" else form)]
        cells = [[row[name] for name in (own[0], "record_id", *own[1:])] for row in found]
        assert normalised(table_of(table, cells), "redcap").rows == normalised(table, "redcap").rows
