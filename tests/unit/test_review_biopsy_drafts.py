"""Unsaved entries of biopsies: kept beside the study, back at the next opening, and never an entry."""

from __future__ import annotations

import pytest

from bonemetrics.errors import ReviewError, StudyError
from bonemetrics.review import biopsy_session
from bonemetrics.review.biopsy_drafts import read_biopsy_draft
from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.review.section_drawing import Shape
from bonemetrics.review.section_evidence import evidence_of
from bonemetrics.review.section_picture import SectionPicture
from bonemetrics.review.section_scale import PixelSize
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store

PROTOCOL = '[study]\nid = "S"\nsubjects = "subjects.csv"\n'
FACTS = {"biopsy_date": "2016-02-19", "envelope": "cancellous", "referent": "TV", "factor": "isotropic"}


@pytest.fixture
def study(tmp_path):
    source = tmp_path / "protocol"
    source.mkdir()
    (source / "study.toml").write_text(PROTOCOL)
    (source / "subjects.csv").write_text("subject,day1\nW-1,2016-04-04\nW-2,\n")
    return init_study(tmp_path / "STUDY", source / "study.toml").root


def session(study, reader="KL"):
    return BiopsySession(Store.open(study, user=reader).reading, reader)


def typed(work, **texts):
    for key, text in texts.items():
        work = work.with_text(key.replace("_", "."), text)
    return work


def filled(work):
    for key, text in {**FACTS, "T.Ar": "40", "B.Ar": "6"}.items():
        work = work.with_text(key, text)
    return work


def square(tmp_path, name, side, code="T.Ar"):
    size = PixelSize(row_um=2.0, column_um=2.0, source="ome-xml")
    picture = SectionPicture(sha256=name * 32, folder=tmp_path, levels=(), shape=(900, 900), pixel_size=size)
    corners = ((0.0, 0.0), (0.0, side), (side, side), (side, 0.0))
    return evidence_of(picture, (Shape(code=code, vertices=corners, closed=True),), "KL")


def test_keep__what_was_typed_and_drawn_comes_back_in_another_program_and_is_no_entry(study, tmp_path):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    work = typed(opened.work.put(square(tmp_path, "ab", 100.0)), B_Ar="0,0").with_canvas(square(tmp_path, "cd", 50.0))
    assert desk.keep(opened, work)
    again = session(study)
    assert again.own("W-1") == ()
    found = again.open("W-1", "Baseline")
    # 100 × 100 pixels of 4 um2.
    assert (found.work.form.text("T.Ar"), found.work.form.text("B.Ar")) == ("0.04", "0,0")
    assert [one.picture_sha256[:2] for one in (*found.work.drawings, *found.work.canvas)] == ["ab", "cd"]
    assert found.restored_utc.startswith("2")
    assert found.work.is_changed(found.saved)
    # Of another visit, person or reader there is none.
    assert session(study).open("W-1", "Month 12").restored_utc == ""
    assert session(study).open("W-2", "Baseline").restored_utc == ""
    assert session(study, "MN").open("W-1", "Baseline").restored_utc == ""


def test_keep__the_file_names_nobody_and_only_its_owner_reads_it(study):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    desk.keep(opened, typed(opened.work, T_Ar="40"))
    assert "W-1" not in opened.file.name
    assert opened.file.stat().st_mode & 0o077 == 0


def test_keep__what_is_as_stored_leaves_no_draft(study):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    desk.keep(opened, typed(opened.work, T_Ar="40"))
    assert not desk.keep(opened, opened.saved)
    assert not opened.file.exists()
    nobody = desk.open("", "")
    assert not desk.keep(nobody, typed(nobody.work, T_Ar="40"))


def test_store__takes_the_draft_away_and_keeps_what_is_only_on_the_canvas(study, tmp_path):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    work = filled(opened.work).with_canvas(square(tmp_path, "cd", 50.0))
    desk.keep(opened, work)
    kept = desk.store(opened, work)
    assert not opened.file.exists()
    found = desk.open("W-1", "Baseline", kept.entry_id)
    assert (found.work.form.text("T.Ar"), found.work.form == found.saved.form) == ("40", True)
    assert [one.picture_sha256[:2] for one in found.work.canvas] == ["cd"]
    assert kept.drawings == ()


def test_open__a_draft_that_was_stored_before_the_program_was_killed_is_taken_for_what_it_is(study, tmp_path):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    work = filled(opened.work).put(square(tmp_path, "ab", 100.0))
    work = work.with_text("B.Ar", "0.01")
    desk.keep(opened, work)
    draft = opened.file.read_bytes()
    kept = desk.store(opened, work)
    opened.file.write_bytes(draft)
    new = session(study).open("W-1", "Baseline")
    assert (new.restored_utc, new.problem, new.work.form.text("T.Ar")) == ("", "", "")
    assert not opened.file.exists()
    stored = desk.open("W-1", "Baseline", kept.entry_id)
    stored.file.write_bytes(draft)
    found = desk.open("W-1", "Baseline", kept.entry_id)
    assert (found.restored_utc, found.problem, stored.file.exists()) == ("", "", False)


def test_open__a_draft_of_an_older_version_is_set_aside_and_said(study):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    kept = desk.store(opened, filled(opened.work))
    older = desk.open("W-1", "Baseline", kept.entry_id)
    desk.keep(older, typed(older.work, T_Ar="41"))
    draft = older.file.read_bytes()
    desk.store(older, typed(older.work, T_Ar="42"))
    older.file.write_bytes(draft)
    found = desk.open("W-1", "Baseline", kept.entry_id)
    assert "older version" in found.problem
    assert (found.work.form.text("T.Ar"), older.file.exists()) == ("42", False)
    assert len(list(older.file.parent.glob("*.aside-*"))) == 1


def test_open__a_damaged_draft_is_set_aside_and_said(study):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    desk.keep(opened, typed(opened.work, T_Ar="40"))
    data = bytearray(opened.file.read_bytes())
    data[-1] ^= 1
    opened.file.write_bytes(bytes(data))
    found = desk.open("W-1", "Baseline")
    assert "damaged" in found.problem
    assert found.work.form.text("T.Ar") == ""
    opened.file.write_bytes(b"something else")
    with pytest.raises(ReviewError) as caught:
        read_biopsy_draft(opened.file)
    assert caught.value.code == "draft-set-aside"
    with pytest.raises(StudyError):
        desk.open("W-1", "Baseline", "e00000000000")


def test_first__what_was_left_unsaved_is_shown_first(study):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    work = filled(opened.work)
    kept = desk.store(opened, work)
    assert desk.first("W-1", "Baseline", desk.own("W-1")) == kept.entry_id
    assert desk.first("W-1", "Month 12", desk.own("W-1")) == ""
    new = desk.open("W-1", "Baseline")
    desk.keep(new, typed(new.work, T_Ar="3"))
    assert desk.first("W-1", "Baseline", desk.own("W-1")) == ""


def test_open__goes_on_from_the_drawings_of_the_stored_entry(study, tmp_path):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    kept = desk.store(opened, opened.work.put(square(tmp_path, "ab", 100.0)))
    later = session(study).open("W-1", "Baseline", kept.entry_id)
    second = desk.store(later, later.work.put(square(tmp_path, "cd", 50.0)))
    # 0.04 mm2 and 50 × 50 pixels of 4 um2.
    assert second.entry.primaries == {"T.Ar": pytest.approx(0.05)}
    assert len(second.drawings) == 2
    third = desk.open("W-1", "Baseline", kept.entry_id)
    out = desk.store(third, third.work.take_out("ab" * 32))
    assert out.entry.primaries == {"T.Ar": pytest.approx(0.01)}
    # That it was taken out is on record, and the drawing stays with the version that had it.
    found = desk.open("W-1", "Baseline", kept.entry_id).work
    assert [(one.picture_sha256[:2], one.is_empty) for one in found.drawings] == [("cd", False), ("ab", True)]
    folder = Store.open(study, user="KL").folder.biopsy(kept.entry_id)
    assert all((folder / drawing.file).exists() for drawing in second.drawings)


def test_open__nothing_is_added_to_drawings_that_cannot_be_read(study, tmp_path):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    kept = desk.store(opened, opened.work.put(square(tmp_path, "ab", 100.0)))
    (Store.open(study, user="KL").folder.biopsy(kept.entry_id) / kept.drawings[0].file).write_text("{}")
    found = desk.open("W-1", "Baseline", kept.entry_id)
    assert "verify the study" in found.work.unreadable
    assert found.work.form.text("T.Ar") == "0.04"


@pytest.mark.parametrize("step", ["write_biopsy_draft", "remove_draft"])
@pytest.mark.parametrize("is_new", [True, False])
def test_store__killed_after_the_entry_is_kept_loses_nothing_that_was_only_drawn(
    study, tmp_path, monkeypatch, step, is_new
):
    desk = session(study)
    opened = desk.open("W-1", "Baseline")
    if not is_new:
        kept = desk.store(opened, filled(opened.work))
        opened = desk.open("W-1", "Baseline", kept.entry_id)
    work = typed(filled(opened.work), B_Ar="7").with_canvas(square(tmp_path, "cd", 50.0))
    desk.keep(opened, work)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(biopsy_session, step, killed)
        if step == "remove_draft" and not is_new:
            desk.store(opened, work)  # the new draft stands in the place of the old one, so none is removed
        else:
            with pytest.raises(KeyboardInterrupt):
                desk.store(opened, work)
    again = session(study)
    (stored,) = again.own("W-1")
    assert stored.entry.primaries["B.Ar"] == 7.0
    found = again.open("W-1", "Baseline", again.first("W-1", "Baseline", (stored,)))
    assert found.problem == ""
    assert [one.picture_sha256[:2] for one in found.work.canvas] == ["cd"]
    assert found.work.form.text("B.Ar") in ("7", "7.0")
