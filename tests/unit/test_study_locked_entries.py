"""A locked entry of a biopsy stays as it was when its sheet is read again, unless the row says why it changed."""

from __future__ import annotations

import pytest

from bonemetrics.errors import TableError
from bonemetrics.records import refusal
from bonemetrics.study.create import init_study
from bonemetrics.study.locked_entries import LinesWithLocked
from bonemetrics.study.protocol_tables import ClinicalTable
from bonemetrics.study.sheets import SheetFacts, SheetLine, entry_key
from bonemetrics.study.store import Store
from tests.biopsies import WORKED, entry

NUMBERS = {code: value for code, value in WORKED.items() if code != "Ir.L.t"}


BIOPSIES = ClinicalTable(kind="histomorphometry", file="b.csv")


@pytest.fixture
def store(tmp_path):
    (tmp_path / "study.toml").write_text('[[tables]]\nkind = "histomorphometry"\nfile = "b.csv"\n')
    init_study(tmp_path / "study", tmp_path / "study.toml")
    return Store.open(tmp_path / "study")


def line(number, area=6.0, problems=(), **facts):
    told = {"sheet": "", "state": "locked", "primaries": {**NUMBERS, "B.Ar": area}} | facts
    record = entry(line=number, **told)
    return SheetLine(number, record.subject, ((record.record, record.model_dump_json()),), tuple(problems))


def record(store, lines, digest):
    key = entry_key(BIOPSIES, (BIOPSIES,))
    facts = SheetFacts(kind="histomorphometry", entry=key, path="/data/b.csv", n_rows=3, input_sha256=digest * 64)
    held = list(LinesWithLocked(lines, store.locked_entries("t1")))
    store.record_sheet("t1", facts, held)
    return held


def areas(store):
    return {(one.subject, one.line): one.primaries["B.Ar"] for _, one in store.sheet_records()}


def told(held):
    return [(one.line, problem.code, problem.severity) for one in held for problem in one.problems]


def test_lines_with_locked__keep_what_was_locked_and_refuse_the_row(store):
    record(store, [line(2), line(3, subject="CSM-05")], "a")
    held = record(store, [line(2, subject="CSM-05"), line(3, area=7.0)], "b")
    assert told(held) == [(3, "entry-locked", "refusal")]
    # Rows may change places; the kept entry names the row that it has now.
    assert areas(store) == {("CSM-05", 2): 6.0, ("CSM-04", 3): 6.0}
    # It is kept as long as the sheet says something else.
    assert told(record(store, [line(2, subject="CSM-05"), line(3, area=8.0)], "c")) == [(3, "entry-locked", "refusal")]
    assert areas(store)["CSM-04", 3] == 6.0


def test_lines_with_locked__another_state_or_fact_is_another_content_and_a_comment_is_none(store):
    record(store, [line(2)], "a")
    locked = store.locked_entries("t1")
    for facts in ({"state": "complete"}, {"state": "draft"}, {"sections": 2}, {"typed": {"BV/TV": 15.0}}):
        assert told(LinesWithLocked([line(2, **facts)], locked)) == [(2, "entry-locked", "refusal")]
    assert told(LinesWithLocked([line(2, comment="seen again")], locked)) == []


def test_lines_with_locked__a_reason_opens_it_once(store):
    record(store, [line(2)], "a")
    held = record(store, [line(2, area=7.0, change_reason="wrong column")], "b")
    assert told(held) == [(2, "locked-entry-changed", "note")]
    assert areas(store) == {("CSM-04", 2): 7.0}
    held = record(store, [line(2, area=8.0, change_reason=" wrong column ")], "c")
    assert told(held) == [(2, "entry-locked", "refusal")]
    assert areas(store) == {("CSM-04", 2): 7.0}


def test_lines_with_locked__the_loss_of_a_row_is_refused(store):
    record(store, [line(2), line(3, subject="CSM-05", state="complete")], "a")
    held = record(store, [SheetLine(0)], "b")
    assert told(held) == [(0, "entry-locked", "refusal")]
    assert areas(store) == {("CSM-04", 0): 6.0}
    held = record(store, [line(2, state="draft", change_reason="not of this study")], "c")
    assert told(held) == [(2, "locked-entry-changed", "note")]
    assert told(record(store, [SheetLine(0)], "d")) == []


def test_lines_with_locked__stricter_checks_open_what_nobody_changed(store):
    record(store, [line(2)], "a")
    fault = refusal(TableError("B.Ar is more than T.Ar", code="hard-violation"))
    locked = store.locked_entries("t1")
    (stands,) = LinesWithLocked([line(2, state="draft", problems=[fault])], locked)
    assert told([stands]) == [(2, "hard-violation", "refusal")]
    (kept,) = LinesWithLocked([line(2, area=41.0, state="draft", problems=[fault])], locked)
    assert told([kept])[-1] == (2, "entry-locked", "refusal")


def test_locked_entries__of_a_version_and_past_one_that_was_refused(store):
    record(store, [line(2)], "a")
    facts = SheetFacts(kind="histomorphometry", entry="e", path="/data/b.csv", input_sha256="b" * 64)
    store.record_sheet("t1", facts, (), refusal(TableError("no table", code="header-not-found")))
    (kept,) = store.locked_entries("t1").values()
    assert kept.primaries["B.Ar"] == 6.0
    assert store.locked_entries("t1", before=1) == {}
    assert len(store.locked_entries("t1", before=2)) == 1


def test_lines_with_locked__two_rows_of_one_kind_are_told_by_their_turn(store):
    record(store, [line(2), line(3, area=6.5)], "a")
    assert told(LinesWithLocked([line(2), line(3, area=6.5)], store.locked_entries("t1"))) == []
    assert told(LinesWithLocked([line(2), line(3, area=6.6)], store.locked_entries("t1"))) == [
        (3, "entry-locked", "refusal")
    ]
