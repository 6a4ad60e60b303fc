"""Opening an entry of a biopsy: the form with its drawings, and what a closed or killed program left unsaved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bonemetrics.errors import ReviewError
from bonemetrics.review.biopsy_drafts import BiopsyDraft, read_biopsy_draft
from bonemetrics.review.biopsy_fields import CODES, FACT_KEYS
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_work import BiopsyWork, work_of
from bonemetrics.review.drafts import remove_draft, set_aside
from bonemetrics.study.biopsy_entries import StoredEntry

_NOT_SAID = frozenset({"kind", "sheet", "line", "state"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBiopsy:
    """One entry that a reader works on.

    `kept` is its stored version, `None` for a new one; `saved` is the work as it is stored and `work` as it goes on.
    Both differ where a draft was found, which `restored_utc` says the time of. `problem` says why one could not be
    used. `file` is where its draft lies.
    """

    subject: str
    visit: str
    kept: StoredEntry | None
    saved: BiopsyWork
    work: BiopsyWork
    file: Path
    restored_utc: str = ""
    problem: str = ""

    @property
    def entry_id(self) -> str:
        """Of the stored entry; empty for a new one."""
        return "" if self.kept is None else self.kept.entry_id

    @property
    def based_on(self) -> str:
        """Digest of the stored version; empty for a new entry."""
        return "" if self.kept is None else self.kept.digest


def restored(opened: OpenBiopsy, others: Sequence[BiopsyWork]) -> OpenBiopsy:
    """Go on from the draft of an entry, where there is one that it can go on from.

    Parameters
    ----------
    opened
        As it is stored.
    others
        The reader's other stored entries of the person: a new entry may have become one of them before its draft was
        removed.

    Returns
    -------
    OpenBiopsy
        A draft that says what is stored is removed; one of another version of the entry is set aside.
    """
    try:
        draft = read_biopsy_draft(opened.file)
    except ReviewError as error:
        return replace(opened, problem=error.message)
    if draft is None:
        return opened
    if any(_is_stored(draft, work) for work in (opened.saved, *([] if opened.entry_id else others))):
        remove_draft(opened.file)
        return opened
    if draft.based_on != opened.based_on and _is_stored(draft, opened.saved, but_canvas=True):
        # The program was killed between storing the entry and keeping what was only drawn.
        return replace(opened, work=replace(opened.saved, canvas=draft.canvas), restored_utc=draft.kept_utc)
    is_foreign = opened.saved.form.state == "locked" and not _says_as(draft, opened.saved.form)
    if draft.based_on != opened.based_on or is_foreign:
        set_aside(opened.file)
        text = "what was typed and not saved is of an older version of the entry; it was set aside"
        return replace(opened, problem=text)
    return replace(opened, work=_went_on(draft, opened.saved), restored_utc=draft.kept_utc)


def _went_on(draft: BiopsyDraft, saved: BiopsyWork) -> BiopsyWork:
    form = saved.form
    if not _says_as(draft, form):
        form = replace(form, texts=_texts(draft.texts), state="draft")
    return replace(work_of(form, draft.drawings, draft.canvas), unreadable=saved.unreadable)


def _is_stored(draft: BiopsyDraft, saved: BiopsyWork, *, but_canvas: bool = False) -> bool:
    """Whether nothing would be lost without the draft, or nothing but what was only drawn."""
    drawn = all(any(one.says_as(old) for old in saved.drawings) for one in draft.drawings)
    return (but_canvas or not draft.canvas) and drawn and _says_as(draft, saved.form)


def _says_as(draft: BiopsyDraft, form: BiopsyForm) -> bool:
    other = replace(form, texts=_texts(draft.texts))
    return not other.problems and _said(other) == _said(form)


def _said(form: BiopsyForm) -> dict[str, Any]:
    return form.entry_so_far.model_dump(exclude=set(_NOT_SAID))


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts of fields that this version has."""
    return {key: text for key, text in texts.items() if key in FACT_KEYS or key in CODES}


def draft_of(work: BiopsyWork, based_on: str, kept_utc: str) -> BiopsyDraft:
    """What is kept of unsaved work."""
    return BiopsyDraft(
        based_on=based_on,
        texts=dict(work.form.texts),
        drawings=work.drawings,
        canvas=work.canvas,
        kept_utc=kept_utc,
    )
