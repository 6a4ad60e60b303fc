"""Whatever is done to rows of the audit log, the chain shows it."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bonemetrics.study.audit import FIRST_PREV_HASH, AuditHead, AuditRow, canonical_json, verify

TEXT_FIELDS = ("utc", "user", "role", "action", "object", "old", "new", "reason", "app_version", "prev_hash", "hash")
text = st.text(max_size=8)
value = st.none() | st.integers() | text | st.dictionaries(text, st.integers(), max_size=2)


def written(entries: list[tuple[str, object, object, str]]) -> list[AuditRow]:
    """Rows as `audit.append` chains them, from (object, old, new, reason)."""
    rows: list[AuditRow] = []
    previous = FIRST_PREV_HASH
    for seq, (target, old, new, reason) in enumerate(entries, start=1):
        row = AuditRow(
            seq=seq,
            utc=f"2026-01-01T00:00:{seq:02d}.000000Z",
            user="ana",
            role="operator",
            action="scan-measured",
            object=target,
            old=None if old is None else canonical_json(old),
            new=None if new is None else canonical_json(new),
            reason=reason,
            app_version="0",
            prev_hash=previous,
            hash="",
        )
        row = row.model_copy(update={"hash": row.expected_hash()})
        rows.append(row)
        previous = row.hash
    return rows


LOG = written(
    [
        ("study S", None, {"id": "S"}, ""),
        ("scan a", None, {"version": 1}, ""),
        ("scan a", None, {"version": 1}, ""),
        ("scan a", {"version": 1}, {"version": 2}, "the input changed"),
        ("scan \u00e9\U0001f9b4", 0, "", '","'),
        ("", None, None, ""),
        ("scan b", "", 0, "\x00"),
    ]
)
HEAD = AuditHead(seq=7, hash=LOG[-1].hash)
places = st.integers(0, len(LOG) - 1)


def ordered(rows: list[AuditRow]) -> list[AuditRow]:
    """As the database gives them back."""
    return sorted(rows, key=lambda row: row.seq)


@given(entries=st.lists(st.tuples(text, value, value, text), min_size=1, max_size=5))
@settings(max_examples=50)
def test_verify__a_log_as_written_is_whole(entries):
    log = written(entries)
    assert verify(log) == ()
    assert verify(log, AuditHead(seq=len(log), hash=log[-1].hash)) == ()


@given(place=places, name=st.sampled_from(TEXT_FIELDS), new=st.none() | text)
@settings(max_examples=400)
def test_verify__finds_every_edit(place, name, new):
    assume(new != getattr(LOG[place], name))
    edited = [*LOG]
    edited[place] = AuditRow.model_construct(None, **{**LOG[place].model_dump(), name: new})
    assert verify(edited)


@given(place=st.integers(0, len(LOG) - 2), user=text)
@settings(max_examples=200)
def test_verify__finds_edits_whose_own_hash_was_made_to_fit(place, user):
    assume(user != LOG[place].user)
    row = LOG[place].model_copy(update={"user": user})
    edited = [*LOG]
    edited[place] = row.model_copy(update={"hash": row.expected_hash()})
    assert verify(edited)


@given(gone=st.sets(places, min_size=1))
@settings(max_examples=200)
def test_verify__finds_every_row_taken_out(gone):
    rest = [row for place, row in enumerate(LOG) if place not in gone]
    assert verify(rest, HEAD)
    if rest and rest != LOG[: len(rest)]:
        assert verify(rest)  # only a cut tail needs the head


@given(one=places, other=places)
@settings(max_examples=100)
def test_verify__finds_rows_put_in_and_moved(one, other):
    assume(one != other)
    moved = [*LOG]
    moved[one] = LOG[one].model_copy(update={"seq": LOG[other].seq})
    moved[other] = LOG[other].model_copy(update={"seq": LOG[one].seq})
    assert verify(ordered(moved))
    shuffled = [*LOG]
    shuffled[one], shuffled[other] = LOG[other], LOG[one]
    assert verify(shuffled)
    put_in = [*LOG[: one + 1], LOG[one].model_copy(update={"seq": LOG[one].seq + 1})]
    put_in += [row.model_copy(update={"seq": row.seq + 1}) for row in LOG[one + 1 :]]
    assert verify(put_in)
    assert verify(ordered([*LOG, LOG[one]]))
