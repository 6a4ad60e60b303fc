"""Which column is what: the study's map before names, units in headers, and rows by roles."""

from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.errors import TableError
from bonemetrics.readers.tables.columns import letters, map_columns, split_unit
from bonemetrics.records import GivenNumber, RawCell, RawRow, Role, TableMap

ROLES = (
    Role(name="subject", type="text", synonyms=("USUBJID", "patient id"), required=True),
    Role(name="date", type="date", synonyms=("fecha",)),
    Role(name="value", type="number", synonyms=("result", "B.Ar")),
    Role(name="count", type="integer"),
    Role(name="serious", type="yes-no"),
)


def table(**facts) -> TableMap:
    return TableMap(kind="laboratory", **facts)


def row(*texts: str, line: int = 7) -> RawRow:
    return RawRow(line, tuple(RawCell(text) for text in texts))


def refused(header, **facts) -> TableError:
    with pytest.raises(TableError) as caught:
        map_columns(header, ROLES, table(**facts))
    return caught.value


@pytest.mark.parametrize("name", ["subject", "SUBJECT", "Patient_ID", "usubjid", "patient id"])
def test_map_columns__names_and_synonyms_whatever_their_spelling(name):
    found = map_columns([name, "Fecha"], ROLES, table()).row(row("S-1", "2016-03-04"))
    assert found.values == {"subject": "S-1", "date": date(2016, 3, 4)}
    assert (found.line, found.problems) == (7, {})


def test_map_columns__the_map_comes_before_names():
    columns = map_columns(["subject", "ID", "value"], ROLES, table(columns={"subject": "ID"}))
    assert columns.row(row("wrong", "S-1", "3.5")).values["subject"] == "S-1"
    assert columns.unused == ("subject",)


def test_map_columns__a_unit_in_the_header_goes_with_the_number_and_the_maps_own_comes_first():
    header = ["subject", "B.Ar [mm2]"]
    given = map_columns(header, ROLES, table()).row(row("S-1", "6.25")).values["value"]
    assert isinstance(given, GivenNumber)
    assert (given.value, given.unit) == (6.25, "mm2")
    stated = map_columns(header, ROLES, table(units={"value": "um2"})).row(row("S-1", "6.25")).values["value"]
    assert stated.unit == "um2"
    in_cell = map_columns(header, ROLES, table()).row(row("S-1", "6.25 cm2")).values["value"]
    assert in_cell.unit == "cm2"


def test_map_columns__what_holds_for_every_row_is_no_row_by_itself():
    columns = map_columns(["subject", "value"], ROLES, table(fixed={"date": "2016-03-04"}))
    assert columns.row(row("S-1", "2")).values["date"] == date(2016, 3, 4)
    assert columns.row(row("", "")).values == {}


def test_map_columns__a_column_comes_before_what_is_fixed():
    columns = map_columns(["subject", "date"], ROLES, table(fixed={"date": "2016-03-04"}))
    assert columns.row(row("S-1", "2016-05-06")).values["date"] == date(2016, 5, 6)
    assert "date" not in columns.row(row("S-1", "")).values


def test_map_columns__a_missing_column_is_told_with_the_nearest_name():
    fault = refused(["subjet", "value"])
    assert fault.code == "column-missing"
    assert "did you mean 'subjet'?" in fault.message
    fault = refused(["subject", "Result1"], columns={"value": "Result"})
    assert (fault.code, "did you mean 'Result1'?" in fault.message) == ("column-missing", True)


@pytest.mark.parametrize("facts", [{"columns": {"valeu": "x"}}, {"fixed": {"valeu": "3"}}])
def test_map_columns__a_role_that_the_kind_does_not_have_is_told_with_the_nearest_one(facts):
    fault = refused(["subject"], **facts)
    assert (fault.code, "did you mean 'value'?" in fault.message) == ("column-missing", True)


@pytest.mark.parametrize(
    ("header", "facts"),
    [
        (["subject", "USUBJID"], {}),
        (["subject", "value", "result"], {}),
        (["subject", "x", "x"], {"columns": {"value": "x"}}),
        (["subject", "x"], {"columns": {"value": "x", "count": "x"}}),
    ],
)
def test_map_columns__two_columns_for_one_role_or_two_roles_for_one_column_are_refused(header, facts):
    assert refused(header, **facts).code == "column-ambiguous"


def test_map_columns__an_exact_name_comes_before_one_with_a_unit():
    columns = map_columns(["subject", "value [x]", "value"], ROLES, table())
    assert columns.row(row("S-1", "1", "2")).values["value"].value == 2.0


def test_row__a_cell_that_is_not_understood_costs_no_other_cell():
    found = map_columns(["subject", "date", "value", "count", "serious"], ROLES, table()).row(
        row("S-1", "2016-02-30", "6.5", "2.5", "perhaps")
    )
    assert found.values.keys() == {"subject", "value"}
    codes = {name: problem.code for name, problem in found.problems.items()}
    assert codes == {"date": "not-a-date", "count": "not-a-number", "serious": "not-yes-or-no"}
    assert found.problems["date"].message.startswith("date: ")


@pytest.mark.parametrize("text", ["<3", "3 or 4", "2.5", "3 %"])
def test_row__a_whole_number_has_nothing_beside_it(text):
    found = map_columns(["subject", "count"], ROLES, table()).row(row("S-1", text))
    assert found.problems["count"].code == "not-a-number"


@pytest.mark.parametrize("texts", [("S-1", "2"), ("S-1", "2016-03-04", "2", "more")])
def test_row__more_or_fewer_cells_than_the_header_are_not_told_apart(texts):
    found = map_columns(["subject", "date", "value"], ROLES, table()).row(row(*texts))
    assert found.values == {}
    assert found.problems[""].code == "too-few-cells"


@pytest.mark.parametrize("texts", [(), ("",), ("", "", ""), ("", "NA", ".", "")])
def test_row__without_any_value_it_is_empty_whatever_its_length(texts):
    found = map_columns(["subject", "date", "value"], ROLES, table()).row(row(*texts))
    assert (found.values, found.problems) == ({}, {})


def test_row__empty_cells_behind_the_last_column_do_not_count():
    found = map_columns(["subject", "value"], ROLES, table()).row(row("S-1", "2", "", ""))
    assert found.problems == {}


def test_row__a_broken_row_is_one_problem():
    found = map_columns(["subject", "value"], ROLES, table()).row(RawRow(3, (), "the row cannot be split"))
    assert (found.line, found.problems[""].code) == (3, "broken-row")


def test_problems__decimal_commas_are_counted_by_column():
    columns = map_columns(["subject", "value", "date"], ROLES, table())
    for text in ("6,7", "6.8", "7,1"):
        columns.row(row("S-1", text, "2016-03-04"))
    (told,) = columns.problems
    assert told.code == "decimal-comma"
    assert "'value'" in told.message
    assert " 2 numbers" in told.message


def test_row__a_date_in_a_column_of_text_is_written_out():
    cells = (RawCell("x", day=date(2016, 3, 4)), RawCell("3", number=3.0))
    found = map_columns(["subject", "value"], ROLES, table()).row(RawRow(2, cells))
    assert found.values["subject"] == "2016-03-04"


def test_split_unit_and_letters():
    assert split_unit("B.Ar [mm2]") == ("B.Ar", "mm2")
    assert split_unit("P1NP (ng/mL)") == ("P1NP", "ng/mL")
    assert split_unit("Result") == ("Result", "")
    assert letters("Patient_ ID") == "patientid"


@pytest.mark.parametrize("facts", [{"delimiter": ";;"}, {"delimiter": ""}, {"delimiter": '"'}, {"delimiter": "a"}])
def test_table_map__what_cannot_stand_between_cells_is_refused(facts):
    with pytest.raises(ValueError, match="cannot stand between cells"):
        table(**facts)


@pytest.mark.parametrize("name", ["utf-9", "hex", "a\0b", ""])
def test_table_map__an_unknown_encoding_is_refused(name):
    with pytest.raises(ValueError, match="no encoding that is known"):
        table(encoding=name)


def test_map_columns__a_map_may_call_a_role_by_any_of_its_names():
    columns = map_columns(
        ["who", "when", "B"], ROLES, table(columns={"USUBJID": "who", "Fecha": "when", "result": "B"})
    )
    assert columns.row(row("S-1", "2016-03-04", "2.5")).values["value"].value == 2.5
    assert columns.names == {"subject", "date", "value"}


def test_map_columns__one_role_under_two_names_is_refused():
    fault = refused(["who", "whose"], columns={"USUBJID": "who", "subject": "whose"})
    assert fault.code == "column-ambiguous"


def test_where__lets_in_only_what_it_names():
    header = ["subject", "value", "ANL01FL", "DTYPE"]
    columns = map_columns(header, ROLES, table(where={"anl01fl": "Y", "DTYPE": ("", "AVERAGE")}))
    rows = (("S-1", "1", "Y", ""), ("S-2", "2", "y", "average"), ("S-3", "3", "N", ""), ("S-4", "4", "Y", "LOCF"))
    assert [columns.wants(row(*cells)) for cells in rows] == [True, True, False, False]
    # A row whose cells cannot be told apart is not left out in silence.
    assert columns.wants(row("S-5", "5"))


def test_where__needs_its_column():
    assert refused(["subject", "value"], where={"ANL01FL": "Y"}).code == "column-missing"


def test_map_columns__an_empty_name_leaves_a_role_without_its_column():
    found = map_columns(["subject", "fecha", "value"], ROLES, table(columns={"date": ""}))
    assert found.row(row("S-1", "42425", "3")).values.keys() == {"subject", "value"}
    assert found.unused == ("fecha",)
    fixed = map_columns(["subject", "fecha"], ROLES, table(columns={"date": ""}, fixed={"date": "2016-02-25"}))
    assert fixed.row(row("S-1", "42425")).values["date"] == date(2016, 2, 25)
    assert refused(["subject", "fecha"], columns={"subject": ""}).code == "column-missing"


def test_map_columns__a_doubtful_name_is_taken_unless_three_rivals_stand_beside_it():
    roles = (
        Role(name="score", type="number", synonyms=("pain",), doubtful=("pain",), rivals=(("a",), ("b", "bb"), ("c",))),
    )
    assert map_columns(["pain", "a", "BB"], roles, table()).names == {"score"}
    assert map_columns(["pain", "a", "b", "bb"], roles, table()).names == {"score"}
    assert map_columns(["pain", "a", "BB", "C [1]"], roles, table()).names == set()
    assert map_columns(["pain", "a", "b", "c"], roles, table(columns={"score": "pain"})).names == {"score"}


def test_row__flags_times_and_times_behind_dates():
    roles = (*ROLES, Role(name="flag", type="flag"), Role(name="time", type="time"))
    found = map_columns(["subject", "date", "flag", "time"], roles, table())
    first = found.row(row("S-1", "2016-03-04T08:05", "Y", "9:30"))
    assert (first.values["flag"], first.values["time"], first.times) == (True, "09:30", {"date": "08:05"})
    second = found.row(row("S-1", "2016-03-04", "", "early"))
    assert (second.values["flag"], second.problems["time"].code, second.times) == (False, "not-a-time", {})
    # A flag that is not set is no filled cell.
    assert found.row(row("", "", "", "")).values == {}
