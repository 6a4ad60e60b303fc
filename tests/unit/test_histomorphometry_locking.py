"""The states of an entry, and two independent entries of one biopsy."""

from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.errors import TableError
from bonemetrics.histomorphometry.compare import compare_entries, reconcile
from bonemetrics.histomorphometry.locking import complete, edit, lock, unlock
from bonemetrics.histomorphometry.measured import measured_entries
from bonemetrics.records import HistomorphometryParameters
from tests.biopsies import ILIAC, WORKED, entry

RULES = HistomorphometryParameters()
PRIMARIES = {code: value for code, value in WORKED.items() if code != "Ir.L.t"}


def refused(call, *facts):
    with pytest.raises(TableError) as caught:
        call(*facts)
    return caught.value.code


def wrong(**facts):
    return entry(primaries={**PRIMARIES, "B.Ar": 41.0}, **facts)


def test_states__from_draft_to_locked_and_back():
    draft = entry(state="draft")
    done = complete(draft, RULES)
    locked = lock(done, RULES)
    assert (done.state, locked.state) == ("complete", "locked")
    assert unlock(locked, "label dates were swapped").state == "complete"


def test_lock__what_cannot_be_true_is_never_locked_or_completed():
    assert refused(lock, wrong(), RULES) == "hard-violation"
    assert refused(complete, wrong(state="draft"), RULES) == "hard-violation"
    typed = entry(typed={"BV/TV": 16.0})
    assert refused(lock, typed, RULES) == "hard-violation"


def test_edit__a_draft_may_hold_what_cannot_be_true():
    draft = edit(entry(), {"primaries": {**PRIMARIES, "B.Ar": 41.0}})
    assert (draft.state, draft.primaries["B.Ar"]) == ("draft", 41.0)
    assert edit(draft, {"comment": "to be measured again"}).comment == "to be measured again"


@pytest.mark.parametrize("left_out", ["envelope", "referent", "factors", "day"])
def test_lock__needs_every_fact(left_out):
    assert refused(lock, entry(**{left_out: None}), RULES) == "entry-incomplete"


def test_lock__takes_the_factor_of_the_protocol():
    assert lock(entry(factors=None), HistomorphometryParameters(factor="iliac")).state == "locked"


def test_locked_entries__are_opened_first_and_with_a_reason():
    locked = lock(entry(), RULES)
    assert refused(edit, locked, {"comment": "x"}) == "entry-locked"
    assert refused(complete, locked, RULES) == "entry-locked"
    assert refused(unlock, locked, "  ") == "entry-incomplete"


SECOND = {**PRIMARIES, "O.Pm": 12.6, "Oc.Pm": 0.8}


def second(**facts):
    return entry(**{"entry": "2", "reader": "R2", "line": 8, "primaries": SECOND, **facts})


def test_compare_entries__field_by_field():
    other = second(primaries={**SECOND, "N.Oc": 3.0}, side="left", label2_end=date(2016, 4, 22), factors=ILIAC)
    found = {one.field: (one.first, one.second) for one in compare_entries(entry(), other)}
    assert found.keys() == {"O.Pm", "N.Oc", "side", "label2_end", "factors"}
    assert found["O.Pm"] == (12.0, 12.6)
    assert found["N.Oc"] == (None, 3.0)
    assert [one.message for one in compare_entries(entry(), second())] == ["O.Pm: 12 against 12.6"]
    assert compare_entries(entry(), second(primaries={**SECOND, "N.Oc": 3.0}))[1].message == "N.Oc: left out against 3"


def test_compare_entries__reader_comment_and_state_do_not_count():
    other = second(primaries=PRIMARIES, comment="second reading", state="locked", blinded=True)
    assert compare_entries(entry(), other) == ()


@pytest.mark.parametrize(("tolerance", "differs"), [(0.0, True), (0.047, True), (0.0477, False)])
def test_compare_entries__tolerance_is_of_the_larger(tolerance, differs):
    # 0.6/12.6 = 0.0476.
    assert bool(compare_entries(entry(), second(), tolerance)) == differs


def settled(*entries, **rules):
    found = reconcile(entries, HistomorphometryParameters(**rules))
    return found.entry.primaries, [one.code for one in found.notes]


def test_reconcile__refuse_leaves_out_what_differs():
    primaries, notes = settled(entry(), second())
    assert primaries == {code: value for code, value in PRIMARIES.items() if code != "O.Pm"}
    assert notes == ["entries-differ"]


def test_reconcile__mean():
    primaries, notes = settled(entry(), second(), second(entry="3", primaries=PRIMARIES), double_entry="mean")
    assert primaries["O.Pm"] == pytest.approx(12.2)
    assert (primaries["B.Ar"], notes) == (6.0, ["entries-differ"])


def test_reconcile__mean_of_what_both_have():
    only = {code: value for code, value in SECOND.items() if code != "W.Wi"}
    primaries, _ = settled(entry(), second(primaries=only), double_entry="mean")
    assert "W.Wi" not in primaries


def test_reconcile__first():
    assert settled(entry(), second(), double_entry="first") == (PRIMARIES, ["entries-differ"])


def test_reconcile__agreeing_and_single_entries():
    assert settled(entry(), second(primaries=PRIMARIES)) == (PRIMARIES, ["entries-agree"])
    assert settled(entry(), second(), entry_tolerance=0.05) == (PRIMARIES, ["entries-agree"])
    assert settled(entry()) == (PRIMARIES, [])


def test_reconcile__facts_that_differ_leave_no_number():
    for rule in ("refuse", "mean"):
        primaries, notes = settled(entry(), second(osteoid_perimeter="outline"), double_entry=rule)
        assert (primaries, notes) == ({}, ["entries-differ"])


def test_reconcile__the_adjudicated_entry_settles_it():
    third = second(entry="Adjudicated", primaries={**PRIMARIES, "O.Pm": 12.4})
    assert settled(entry(), second(), third) == (third.primaries, [])


def test_measured_entries__two_readers_of_one_biopsy_are_one_biopsy():
    found = measured_entries([second(), entry()], RULES)
    values = {one.quantity: one for one in found.observations}
    assert len(found.labels) == 1
    assert "O.Pm" not in values
    assert "MS/OS" not in values
    assert values["BV/TV"].value == pytest.approx(15)
    assert [one.code for one in values["BV/TV"].notes] == ["entries-differ"]


def test_measured_entries__a_named_specimen_is_one_biopsy_even_on_two_days():
    days = [entry(biopsy="S-11"), second(biopsy="S-11", primaries=PRIMARIES, day=date(2016, 5, 1))]
    found = measured_entries(days, RULES)
    assert "entries-differ" in [one.code for _, one in found.notes]
    assert found.observations == ()


def test_measured_entries__a_reader_who_also_states_the_visit_measured_the_same_biopsy():
    for facts in ({"visit": "Month 3"}, {"visit": "Month 3", "study_day": 101}, {}):
        found = measured_entries([entry(**facts), second()], RULES)
        assert len(found.labels) == 1
        assert "entries-differ" in [one.code for _, one in found.notes]
    undated = {"day": None, "label1_start": None, "label1_end": None, "label2_start": None, "label2_end": None}
    found = measured_entries(
        [entry(**undated, study_day=101), second(**undated, study_day=101, visit="Month 3")], RULES
    )
    assert len(found.labels) == 1


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"day": date(2016, 5, 2)}, True),
        ({"day": date(2016, 5, 14)}, True),
        ({"day": date(2016, 5, 15)}, False),
        ({"day": date(2016, 5, 2), "reader": "R1", "entry": "1"}, False),
        ({"day": date(2016, 5, 2), "side": "left"}, False),
        ({"day": date(2016, 5, 2), "envelope": "endocortical"}, False),
        ({"day": date(2016, 5, 2), "subject": "CSM-05"}, False),
        ({"day": None, "visit": "Month 3"}, True),
        ({"day": None, "visit": "Month 12"}, False),
    ],
)
def test_measured_entries__readings_that_may_be_of_one_biopsy_are_named(facts, told):
    first = entry(visit="Month 3", primaries={"B.Pm": 100.0, "O.Pm": 12.0})
    found = measured_entries([first, second(primaries={"B.Pm": 100.0, "O.Pm": 12.6}, **facts)], RULES)
    codes = [[one.code for one in value.notes] for value in found.observations if value.quantity == "OS/BS"]
    assert [("entries-not-compared" in one) for one in codes] == [told, told]


def test_reconcile__another_definition_of_erosion_leaves_out_what_depends_on_it():
    narrow = entry(erosion_definition="with osteoclasts", typed={"QS/BS": 84.0})
    wide = second(erosion_definition="every scalloped surface", primaries=PRIMARIES, typed={"QS/BS": 84.0})
    for rule in ("refuse", "mean"):
        found = reconcile([narrow, wide], HistomorphometryParameters(double_entry=rule))
        assert found.entry.primaries == {code: value for code, value in PRIMARIES.items() if code != "E.Pm"}
        assert found.entry.typed == {}
        assert [one.code for one in found.notes] == ["entries-differ"]
    same = second(erosion_definition="With  osteoclasts", primaries=PRIMARIES, typed={"QS/BS": 84.0})
    assert [one.code for one in reconcile([narrow, same], RULES).notes] == ["entries-agree"]


def test_reconcile__of_sections_and_core_the_worse_stands():
    other = second(primaries=PRIMARIES, sections=1, core_broken=True)
    found = reconcile([entry(core_broken=False), other], RULES)
    assert (found.entry.sections, found.entry.core_broken) == (1, True)
    assert found.entry.primaries == PRIMARIES
    (one,) = found.notes
    assert "sections: 4 against 1" in one.message
    assert "core_broken: False against True" in one.message


def test_reconcile__two_adjudicated_entries_that_differ_settle_nothing():
    settling = [second(entry="adjudicated", primaries={**PRIMARIES, "O.Pm": value}) for value in (12.4, 12.5)]
    found = reconcile([entry(), *settling], RULES)
    assert (found.entry.primaries, found.entry.typed) == ({}, {})
    (one,) = found.notes
    assert (one.code, one.severity) == ("contradicting-row", "refusal")
    assert "O.Pm: 12.4 against 12.5" in one.message
    assert reconcile([entry(), settling[0], settling[0]], RULES).entry == settling[0]
