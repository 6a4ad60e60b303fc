"""SAS transport files: names, header, long texts, and what is refused."""

from __future__ import annotations

import math
import stat
import time
from datetime import date

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from bonemetrics.errors import ExportError
from bonemetrics.outcomes.dictionary import dictionary_table
from bonemetrics.outcomes.formats.dataset_json import write_dataset_json
from bonemetrics.outcomes.formats.define_xml import write_define
from bonemetrics.outcomes.formats.names import xpt_table_name
from bonemetrics.outcomes.formats.normalise import normalised
from bonemetrics.outcomes.formats.redcap import write_redcap
from bonemetrics.outcomes.formats.xpt import write_xpt, xpt_names
from bonemetrics.outcomes.long_table import LONG_COLUMNS
from bonemetrics.outcomes.table import Table
from tests.format_tables import FACTS, PARAMETERS, a_trial, column, read_xpt, wide_form


def text_table(*texts: str | None, number: float | None = 1.0) -> Table:
    columns = (column("MESSAGE", "text", "Message"), column("N", "number", "Number"))
    return Table(name="outcome_notes", columns=columns, rows=[(text, number) for text in texts])


def pandas_of(path) -> pd.DataFrame:
    return pd.read_sas(path, format="xport", encoding="utf-8")


def test_names__of_the_long_form_stay():
    names = xpt_names(LONG_COLUMNS)
    assert list(names.values()) == [one.name for one in LONG_COLUMNS]


def test_names__of_changes_keep_the_parameter_in_sight():
    names = xpt_names(wide_form([]).columns)
    assert names["RADTBD"] == "RADTBD"
    assert names["RADTBD_CHG"] == "RADTBD_C"
    assert names["RADTBD_PCHG"] == "RADTBD_P"
    assert names["LSBMDT_CHG"] == "LSBMDT_C"


def test_names__that_would_be_alike_get_a_number_and_those_that_fit_come_first():
    names = ["STANDARD_UNCERTAINTY", "STANDARD", "standard", "EQ5DIDXA_CHG", "EQ5DIDXB_CHG", "1st day", "é", "a_b"]
    short = xpt_names([column(name, "text") for name in names])
    expected = ["STANDAR1", "STANDARD", "STANDAR2", "EQ5DID_C", "EQ5DI1_C", "X1ST_DAY", "X_", "A_B"]
    assert list(short.values()) == expected


def test_names__refuse_two_columns_of_one_name():
    # The change of NTX, and a parameter that the protocol calls NTX_CHG.
    columns = [column(name, "number") for name in ("NTX", "NTX_CHG", "NTX_PCHG", "NTX_CHG")]
    with pytest.raises(
        ExportError, match="two columns are named NTX_CHG; give the parameter another PARAMCD"
    ) as caught:
        xpt_names(columns)
    assert caught.value.code == "not-in-format"


def test_dictionary__says_which_short_name_a_column_has():
    table = dictionary_table([wide_form([])], PARAMETERS)
    place = [one.name for one in table.columns].index("xpt_name")
    found = {(row[0], row[2]): row[place] for row in table.rows}
    assert found["outcomes_wide", "RADTBD_PCHG"] == "RADTBD_P"
    assert found["dictionary", "definition"] == "DEFINITI"
    assert found[None, "RADTBD"] is None


def test_table_names__fit_and_are_each_once():
    assert xpt_table_name("outcomes_long") == "OUTLONG"
    assert xpt_table_name("outcomes_wide") == "OUTWIDE"
    assert xpt_table_name("adverse_events") == "ADVEVENT"
    assert xpt_table_name("suppmk") == "SUPPMK"
    assert xpt_table_name("a_table_nobody_knows") == "A_TABLE_"


def test_header__holds_the_last_change_and_no_other_time(tmp_path):
    # 80-byte records of SAS' description of the format (TS-140): created at byte 64 of the second and the sixth,
    # modified at the start of the third and the seventh, both as ddMMMyy:hh:mm:ss.
    found = write_xpt(text_table("a"), tmp_path / "t.xpt", facts=FACTS).read_bytes()
    assert found[80 + 64 : 160] == found[160:176] == b"04MAY18:03:02:01"
    assert found[400 + 64 : 480] == found[480:496] == b"04MAY18:03:02:01"
    assert found[400 + 8 : 400 + 16] == b"OUTNOTES"
    assert found[480 + 32 : 560] == b"Notes on Outcomes".ljust(48)
    assert found[:48] == b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"


def test_header__of_a_study_without_changes_is_the_first_moment_of_sas(tmp_path):
    found = write_xpt(text_table("a"), tmp_path / "t.xpt", facts={**FACTS, "last_change": ""}).read_bytes()
    assert found[80 + 64 : 160] == b"01JAN60:00:00:00"


def test_every_format__gives_the_same_bytes_at_another_time(tmp_path):
    def write(name: str) -> list[bytes]:
        out = tmp_path / name
        out.mkdir()
        tables = a_trial()
        files = [write_xpt(table, out / f"{table.name}.xpt", facts=FACTS) for table in tables]
        files += [write_dataset_json(table, out / f"{table.name}.json", facts=FACTS) for table in tables]
        files += write_redcap(tables, out, facts=FACTS)
        files.append(write_define(tables, PARAMETERS, out / "define.xml", facts=FACTS))
        return [file.read_bytes() for file in files]

    first = write("first")
    time.sleep(1.1)  # the clock of a header counts seconds
    assert write("second") == first


def test_file__is_whole_private_and_alone(tmp_path):
    path = write_xpt(text_table("a"), tmp_path / "t.xpt", facts=FACTS)
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_file__stays_as_it_was_where_the_new_one_is_refused(tmp_path):
    path = write_xpt(text_table("a"), tmp_path / "t.xpt", facts=FACTS)
    before = path.read_bytes()
    with pytest.raises(ExportError):
        write_xpt(text_table("a", number=1e100), path, facts=FACTS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_columns__have_labels_formats_and_types(tmp_path):
    long, *_ = a_trial()
    _, meta = pyreadstat.read_xport(str(write_xpt(long, tmp_path / "t.xpt", facts=FACTS)))
    assert meta.column_names_to_labels["CHG"] == "Change from Baseline"
    assert meta.original_variable_types["ADT"] == "DATE9"
    assert meta.readstat_variable_types["ADY"] == "double"
    assert meta.readstat_variable_types["AVALC"] == "string"
    assert meta.table_name == "OUTLONG"


def test_label__names_the_column_whose_name_was_cut_and_says_that_it_was_cut_itself(tmp_path):
    columns = (
        column("RADTBD_PCHG", "number", "RADTBD % change"),
        column("LONG", "number", "A label of more than forty bytes, by far"),
        column("UMLAUT", "number", "é" * 21),
    )
    table = Table(name="t", columns=columns, rows=[(1.0, 2.0, 3.0)])
    _, meta = pyreadstat.read_xport(str(write_xpt(table, tmp_path / "t.xpt", facts=FACTS)))
    assert meta.column_labels == [
        "RADTBD_PCHG: RADTBD % change",
        "A label of more than forty bytes, by far",
        "é" * 18 + "...",
    ]
    columns = (column("LONG", "number", "A label of more than forty bytes, by far."),)
    table = Table(name="t", columns=columns, rows=[(1.0,)])
    _, meta = pyreadstat.read_xport(str(write_xpt(table, tmp_path / "t.xpt", facts=FACTS)))
    assert meta.column_labels == ["A label of more than forty bytes, by ..."]


def test_dates__are_days_since_1960(tmp_path):
    days = [date(1960, 1, 2), date(1959, 12, 31), date(2016, 2, 29), None]
    table = Table(name="t", columns=(column("D", "date"),), rows=[(day,) for day in days])
    found = pandas_of(write_xpt(table, tmp_path / "t.xpt", facts=FACTS))["D"].tolist()
    # 56 years hold 14 leap days before 2016 (1960 to 2012); 29 February is day 59 counted from 0.
    assert found[:3] == [1.0, -1.0, 56 * 365 + 14 + 59]
    assert math.isnan(found[3])


def test_numbers__at_every_exponent_come_back_the_same_bits(tmp_path):
    # Each power of two of the range with the mantissas that rounding would change first.
    ends = (0, 1, 2**51 + 1, 2**52 - 1)
    numbers = [math.ldexp(1 + end * 2.0**-52, power) for power in range(-260, 249) for end in ends][1:]
    numbers += [-one for one in numbers] + [0.0]
    table = Table(name="t", columns=(column("N", "number"),), rows=[(one,) for one in numbers])
    path = write_xpt(table, tmp_path / "t.xpt", facts=FACTS)
    assert read_xpt(path, table).rows == table.rows
    frame, _ = pyreadstat.read_xport(str(path))
    assert np.array_equal(frame["N"].to_numpy(), np.array(numbers))


@pytest.mark.parametrize("number", [16.0**-65, -(2.0**-261), 5e-324, 2.0**249, -1e100, 1.7976931348623157e308])
def test_number__out_of_range_is_refused(tmp_path, number):
    table = Table(name="outcome_notes", columns=(column("N", "number"),), rows=[(1.0,), (number,)])
    with pytest.raises(ExportError, match=r"column N of outcome_notes, row 2, holds a number .*5.4e-79") as caught:
        write_xpt(table, tmp_path / "t.xpt", facts=FACTS)
    assert caught.value.code == "not-in-format"


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_number__that_is_not_finite_is_our_mistake(tmp_path, number):
    with pytest.raises(TypeError, match="not finite"):
        write_xpt(text_table("a", None, number=number), tmp_path / "t.xpt", facts=FACTS)


def test_integer__that_sas_would_round_is_refused(tmp_path):
    columns = (column("I", "integer"),)
    kept = Table(name="t", columns=columns, rows=[(2**53 + 2,), (-(2**60),), (None,)])
    assert read_xpt(write_xpt(kept, tmp_path / "t.xpt", facts=FACTS), kept).rows == kept.rows
    with pytest.raises(ExportError, match="row 1, holds an integer that SAS would round"):
        write_xpt(Table(name="t", columns=columns, rows=[(2**53 + 1,)]), tmp_path / "t.xpt", facts=FACTS)


def test_long_text__goes_on_in_further_columns(tmp_path):
    texts = ["x" * 200, "y" * 201, "z" * 450, "short", None]
    frame = pandas_of(write_xpt(text_table(*texts), tmp_path / "t.xpt", facts=FACTS))
    assert frame.columns.tolist() == ["MESSAGE", "MESSAGE1", "MESSAGE2", "N"]
    assert frame["MESSAGE"].tolist() == ["x" * 200, "y" * 200, "z" * 200, "short", ""]
    assert frame["MESSAGE1"].tolist() == ["", "y", "z" * 200, "", ""]
    assert frame["MESSAGE2"].tolist() == ["", "", "z" * 50, "", ""]
    _, meta = pyreadstat.read_xport(str(tmp_path / "t.xpt"))
    assert meta.column_names_to_labels["MESSAGE2"] == "MESSAGE continued: Message"


def test_long_text__is_cut_between_characters_and_never_after_a_blank(tmp_path):
    # 199 bytes and a character of two: it goes to the second column whole. A blank at the cut goes there too.
    texts = ["x" * 199 + "éz", "x" * 197 + "   zz"]
    frame = pandas_of(write_xpt(text_table(*texts), tmp_path / "t.xpt", facts=FACTS))
    assert frame["MESSAGE"].tolist() == ["x" * 199, "x" * 197]
    assert frame["MESSAGE1"].tolist() == ["éz", "   zz"]


def test_long_text__of_more_than_2000_bytes_is_refused(tmp_path):
    table = text_table("x" * 2000, "short")
    assert read_xpt(write_xpt(table, tmp_path / "t.xpt", facts=FACTS), table).rows == table.rows
    with pytest.raises(ExportError, match="column MESSAGE of outcome_notes holds a text of more than 2000") as caught:
        write_xpt(text_table("x" * 10_000_000), tmp_path / "t.xpt", facts=FACTS)
    assert caught.value.code == "too-long-for-format"


def test_long_text__takes_no_name_that_is_another_columns(tmp_path):
    columns = (column("PARAMETERS", "text"), column("PARAMETE", "text"), column("PARAMET1", "text"))
    table = Table(name="t", columns=columns, rows=[("a" * 201, "b" * 201, "c")])
    frame = pandas_of(write_xpt(table, tmp_path / "t.xpt", facts=FACTS))
    assert frame.columns.tolist() == ["PARAMET2", "PARAMET3", "PARAMETE", "PARAMET4", "PARAMET1"]
    assert frame.iloc[0].tolist() == ["a" * 200, "a", "b" * 200, "b", "c"]


@pytest.mark.parametrize(
    ("text", "why"),
    [("a\0b", "NUL"), ("\ud800", "no Unicode"), ("a" + " " * 400 + "b", "200 blanks in a row")],
)
def test_text__that_sas_cannot_hold_is_refused(tmp_path, text, why):
    with pytest.raises(ExportError, match=f"column MESSAGE of outcome_notes holds .*{why}") as caught:
        write_xpt(text_table("ok", text), tmp_path / "t.xpt", facts=FACTS)
    assert caught.value.code == "not-in-format"


def test_short_rows__are_all_found_by_other_readers(tmp_path):
    # Rows of 24 bytes whose last column is blank: both readers would take the second row for the end of the file.
    columns = (column("N", "number"), column("A", "text"), column("B", "text"))
    table = Table(name="t", columns=columns, rows=[(1.0, "abcdefgh", "x2345678"), (2.0, "b", None)])
    path = write_xpt(table, tmp_path / "t.xpt", facts=FACTS)
    assert pandas_of(path)["A"].tolist() == ["abcdefgh", "b"]
    assert read_xpt(path, table).rows == table.rows
    frame = pd.DataFrame({"N": [1.0, 2.0], "A": ["abcdefgh", "b"], "B": ["x2345678", ""]})
    pyreadstat.write_xport(frame, tmp_path / "plain.xpt", file_format_version=5)
    assert len(pandas_of(tmp_path / "plain.xpt")) == 1  # what the wider column is for


def test_empty_last_row__of_text_alone_is_refused(tmp_path):
    columns = (column("A", "text"), column("B", "text"))
    table = Table(name="t", columns=columns, rows=[("a", "b"), (None, " ")])
    with pytest.raises(ExportError, match="last row of t is empty"):
        write_xpt(table, tmp_path / "t.xpt", facts=FACTS)
    kept = Table(name="t", columns=columns, rows=[(None, None), ("a", "b")])
    assert read_xpt(write_xpt(kept, tmp_path / "t.xpt", facts=FACTS), kept).rows == kept.rows


def test_table_without_rows__has_its_columns(tmp_path):
    long, *_ = a_trial()
    empty = Table(name=long.name, columns=long.columns, rows=[])
    frame, meta = pyreadstat.read_xport(str(write_xpt(empty, tmp_path / "t.xpt", facts=FACTS)))
    assert frame.columns.tolist() == [one.name for one in LONG_COLUMNS]
    assert len(frame) == 0
    assert meta.readstat_variable_types["AVAL"] == "double"
    assert meta.readstat_variable_types["PARAM"] == "string"


def test_trial__comes_back_from_both_readers(tmp_path):
    for table in a_trial():
        path = write_xpt(table, tmp_path / f"{table.name}.xpt", facts=FACTS)
        assert read_xpt(path, table).rows == normalised(table, "xpt").rows
        frame, _ = pyreadstat.read_xport(str(path))
        for place, one in enumerate(table.columns):
            found = [None if cell is None or cell != cell or cell == "" else cell for cell in frame.iloc[:, place]]
            assert found == [row[place] for row in normalised(table, "xpt").rows], one.name
