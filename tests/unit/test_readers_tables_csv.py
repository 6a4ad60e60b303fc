"""Text tables: encoding and delimiter, quoted cells, and lines that cannot be split, each refused by itself."""

from __future__ import annotations

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.tables.csv_rows import csv_rows, csv_text, delimiter_of
from bonemetrics.records import TableMap

TABLE = TableMap(kind="laboratory")


def text_of(tmp_path, data: bytes, **facts):
    (tmp_path / "a.csv").write_bytes(data)
    return csv_text(tmp_path / "a.csv", TABLE.model_copy(update=facts))


def rows(text: str, delimiter: str = ","):
    return [(row.line, *(cell.text for cell in row.cells)) for row in csv_rows(text, delimiter)]


def faults(text: str):
    return [row.line for row in csv_rows(text, ",") if row.fault]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_csv_text__encodings_are_told_apart(tmp_path, encoding, name):
    text = "sujeto;µg/L\nS-1;3,5\n"
    found = text_of(tmp_path, text.encode(encoding))
    assert (found.text, found.encoding) == (text, name)


def test_csv_text__big_endian_with_its_mark(tmp_path):
    assert text_of(tmp_path, b"\xfe\xff" + "a,µ\n".encode("utf-16-be")).text == "a,µ\n"


@pytest.mark.parametrize(
    ("encoding", "data"), [("utf-8", b"\xef\xbb\xbfa,b\n"), ("utf-16-le", b"\xff\xfea\0,\0b\0\n\0")]
)
def test_csv_text__a_stated_encoding_keeps_no_mark_in_the_first_header(tmp_path, encoding, data):
    assert text_of(tmp_path, data, encoding=encoding).text == "a,b\n"


def test_csv_text__another_code_page_has_to_be_stated(tmp_path):
    data = "µg/L ± ¥".encode("cp850")
    assert text_of(tmp_path, data, encoding="cp850").text == "µg/L ± ¥"


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,\x81\n",  # neither UTF-8 nor Windows-1252
        b"a,b\n1,\0\n",
        "a,b\n1,2\n".encode("utf-16-le"),  # without its mark
        "náusea,ñ\nfiebre,ó\n".encode() + "dañado\n".encode("cp1252"),  # as Windows-1252 the first rows were garbled
    ],
)
def test_csv_text__what_is_no_text_or_two_kinds_of_it_is_refused(tmp_path, data):
    with pytest.raises(ReadError) as caught:
        text_of(tmp_path, data)
    assert caught.value.code == "malformed-document"


def test_csv_text__a_refusal_names_the_line(tmp_path):
    with pytest.raises(ReadError, match="line 3 "):
        text_of(tmp_path, "é,b\né,c\n".encode() + b"\xe9,d\n")
    with pytest.raises(ReadError, match="line 2 "):
        text_of(tmp_path, b"a,b\n\0,c\n")


def test_csv_text__a_stated_encoding_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ReadError, match="no text in ascii"):
        text_of(tmp_path, b"\xe9", encoding="ascii")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b;c\n1,5;2,5;3,5\n", ";"),
        ("a\tb\n1,5\t2,5\n", "\t"),
        ("a|b\nx, y|z\n", "|"),
        ("Results of 2016\n\na;b\n1,5;2\n1,6;3\n", ";"),
        ('a,b\n"x;y;z",1\n"x;y;z",2\n', ","),
        ("one column\nof words\n", ","),
        ("", ","),
    ],
)
def test_delimiter_of__the_sign_that_splits_lines_alike(text, delimiter):
    assert delimiter_of(text, TABLE) == delimiter


@pytest.mark.parametrize(("stated", "delimiter"), [("^", "^"), ("\\t", "\t"), (";", ";")])
def test_delimiter_of__the_stated_one_stands(stated, delimiter):
    assert delimiter_of("a,b\n1,2\n", TABLE.model_copy(update={"delimiter": stated})) == delimiter


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_rows__lines_count_as_an_editor_counts_them(end):
    text = end.join(["a,b", '"two', 'lines",1', "", " x , y ", ""])
    assert [(line, *cells) for line, *cells in rows(text)] == [
        (1, "a", "b"),
        (2, f"two{end}lines", "1"),
        (4,),
        (5, "x", "y"),
    ]


def test_csv_rows__ragged_rows_come_as_they_are():
    assert rows("a,b,c\n1\n1,2,3,4\n,,\n") == [(1, "a", "b", "c"), (2, "1"), (3, "1", "2", "3", "4"), (4, "", "", "")]


def test_csv_rows__quotes_that_are_doubled_stand_for_one():
    assert rows('"5"" pin","a,b"\n') == [(1, '5" pin', "a,b")]


def test_csv_rows__a_wrong_quote_costs_its_own_row():
    text = 'a,b,c\n"x"y,1,2\nz,3,4\n'
    assert faults(text) == [2]
    assert rows(text)[2] == (3, "z", "3", "4")


def test_csv_rows__an_unclosed_quote_does_not_swallow_the_rows_behind_it():
    text = 'a,b,c\nS-1,"open,1\nS-2,x,2\nS-3,"said ""so""",3\nS-4,x,4\n'
    assert faults(text) == [2]
    assert [row[:2] for row in rows(text)[2:]] == [(3, "S-2"), (4, "S-3"), (5, "S-4")]


def test_csv_rows__a_quote_that_closes_rows_later_does_not_swallow_them():
    # Read as one row it would be: S-1, a comment of three lines, 3.
    text = 'a,b,c\nS-1,"open\nS-2,x,2\nS-3,x",3\nS-4,x,4\n'
    assert faults(text) == [2]
    assert [row[:2] for row in rows(text)[2:]] == [(3, "S-2"), (4, "S-3"), (5, "S-4")]


def test_csv_rows__an_enormous_cell_costs_its_own_row():
    text = "a,b\n1," + "x" * 70_000 + "\n2,y\n" + "1," + "x" * 300_000 + "\n3,z\n"
    assert faults(text) == [2, 4]
    assert [row[0] for row in rows(text)] == [1, 2, 3, 4, 5]


def test_csv_rows__an_enormous_line_costs_its_own_row():
    text = "a,b\n" + "x," * 4_500_000 + "\n2,y\n"
    assert faults(text) == [2]


def test_csv_rows__a_file_of_unclosed_quotes_ends_soon():
    with pytest.raises(ReadError) as caught:
        list(csv_rows("a,b\n" + 'x,"y\n' * 3000, ","))
    assert caught.value.code == "malformed-document"


def test_csv_rows__nothing_of_the_process_is_changed():
    import csv

    before = csv.field_size_limit()
    rows("a,b\n1,2\n")
    assert csv.field_size_limit() == before
