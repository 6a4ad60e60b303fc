"""Opening a task: claim, density, the mask that the reader begins from, and the draft that a killed program left."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bonemetrics.errors import ReadError, ReviewError, StudyError
from bonemetrics.pipeline.opening import OpenedScan, geometry_of
from bonemetrics.review.active_time import ActiveTime
from bonemetrics.review.ahead import ReadAhead, ReadScan, read_scan
from bonemetrics.review.bench import Progress, watched
from bonemetrics.review.beside import VisitBeside, rulers
from bonemetrics.review.blinding import CaseFacts, Secrets, secrets_of, visible_text
from bonemetrics.review.case import Case
from bonemetrics.review.desk import Desk, on_grid, own_copy
from bonemetrics.review.drafts import Draft, draft_file, read_draft, remove_draft, set_aside
from bonemetrics.review.task_states import repeat_mask
from bonemetrics.review.worklist import Task
from bonemetrics.study.masks import Labels
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.signatures import Signature
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import DensityVolume, Geometry, LabelVolume


def open_case(
    desk: Desk,
    task: Task,
    progress: Progress | None,
    *,
    facts: Mapping[str, CaseFacts],
    ahead: ReadAhead,
    take_over: bool = False,
) -> Case:
    """Claim a task and open it; see `Session.open_case`."""
    if task.state == "refused":
        raise StudyError(task.reason or "the scan has no segmentation to judge", code="nothing-to-judge")
    scan = desk.store.scan(task.scan_id)
    lock = _lock(desk, task)
    if lock is None:
        desk.claim(task.scan_id, take_over=take_over)
    read: ReadScan | None = None
    try:
        mask = starting_mask(desk, task, lock)
        # The mask is unpacked while a child reads the scan.
        with ThreadPoolExecutor(max_workers=1) as beside:
            unpacked = beside.submit(desk.mask_file, mask)
            tick = watched(progress, "scan", 0.1)
            read = ahead.take(scan, tick) or read_scan(desk, scan, tick)
        watched(progress, "segmentation", 0.8)()
        density = read.density
        saved = on_grid(unpacked.result(), density.geometry)
        case = Case(
            task=task,
            scan=scan,
            mask=mask,
            density=density,
            labels=LabelVolume(labels=own_copy(saved), geometry=density.geometry),
            saved=saved,
            side=read.opened.side,
            distal_end=read.opened.distal_end,
            palm=desk.rules.palm,
            findings=desk.findings_on(scan, mask),
            active=ActiveTime(desk.clock),
            secrets=_secrets(desk, task, facts),
            folder=read.folder,
            draft=draft_file(desk.store.folder, scan_id=task.scan_id, reader=desk.reader, kind=task.kind),
            judged=own_verdict(desk, task, mask),
        )
        if lock is None:
            _recover(desk, case)
        case.set_lock(lock)
    except BaseException:
        if read is not None:
            shutil.rmtree(read.folder, ignore_errors=True)
        with contextlib.suppress(StudyError):
            desk.release(task.scan_id)
        raise
    case.active.tick()
    return case


def grid_of(desk: Desk, scan_id: str) -> Geometry | None:
    """The grid on which a scan will come, as it was recorded; `None` where it has none."""
    facts = desk.store.scan(scan_id).result.facts
    return None if facts is None else geometry_of(facts.grid)


def starting_mask(desk: Desk, task: Task, lock: Signature | None) -> Labels:
    """The mask that a task begins from: the signed one of a signed record, else the one that its reader has before her.

    Raises
    ------
    ReadError
        `input-changed` where the signed mask is none of the current result.
    """
    reading = desk.store.reading
    if task.kind == "repeat":
        return repeat_mask(reading.masks(task.scan_id), desk.reader)
    if lock is None:
        return reading.mask_for(
            task.scan_id, desk.reader, role="adjudicator" if task.kind == "adjudicate" else "reader"
        )
    signed = [one for one in reading.masks(task.scan_id) if one.sha256 == lock.label_sha256]
    if not signed:
        text = "the mask that was signed is none of the scan's current result; `bonemetrics verify` says more"
        raise ReadError(text, code="input-changed")
    return signed[-1]


def own_verdict(desk: Desk, task: Task, mask: Labels) -> StoredReview | None:
    """The last verdict of this reader in this role on a mask; `None` where she judged another one, or none."""
    role, repeat = ("adjudicator" if task.kind == "adjudicate" else "reader"), task.kind == "repeat"
    own = [
        one
        for one in desk.store.reading.reviews(task.scan_id)
        if (one.reader, one.role, one.repeat) == (desk.reader, role, repeat)
    ]
    return own[-1] if own and own[-1].label_sha256 == mask.sha256 else None


def _lock(desk: Desk, task: Task) -> Signature | None:
    lock = desk.store.reading.lock_of(task.scan_id)
    if lock is None or task.kind != "repeat":
        return lock
    # A second look is no part of the signed record; once judged it is shut like the rest, or it would be told apart.
    masks = desk.store.reading.masks(task.scan_id)
    return lock if own_verdict(desk, task, repeat_mask(masks, desk.reader)) is not None else None


def _secrets(desk: Desk, task: Task, facts: Mapping[str, CaseFacts]) -> Secrets:
    shown = [task.scan_id, *([task.partner_id] if task.partner_id else [])]
    return Secrets().joined(secrets_of(facts[name], desk.rules) for name in shown if name in facts)


# Drafts


def _recover(desk: Desk, case: Case) -> None:
    """Put the unsaved edit back that was kept; what cannot be used is set aside and said."""
    try:
        draft = read_draft(case.draft)
    except ReviewError as error:
        case.draft_problem = error
        return
    if draft is None:
        return
    if draft.based_on == case.mask.sha256 and draft.fits(case.saved):
        draft.apply(case.labels.labels)
        case.active = ActiveTime(desk.clock, total_s=draft.active_s)
        case.recovered = case.is_edited
    elif _is_saved(desk, case, draft):
        remove_draft(case.draft)
    else:
        set_aside(case.draft)
        text = "the unsaved draft is of a mask that is no longer the one to judge; it was set aside"
        case.draft_problem = ReviewError(text, code="draft-set-aside")


def _is_saved(desk: Desk, case: Case, draft: Draft) -> bool:
    """Whether the mask is what the draft was to become: the program was killed between saving it and removing it."""
    masks: Sequence[Labels] = desk.store.reading.masks(case.task.scan_id)
    before = [one for one in masks if one.sha256 == draft.based_on]
    if case.mask.based_on != draft.based_on or case.mask.reader != desk.reader or not before:
        return False
    labels = own_copy(desk.saved_labels(before[-1], case.density.geometry))
    if not draft.fits(labels):
        return False
    draft.apply(labels)
    return np.array_equal(labels, case.saved)


# Another visit


def visit_beside(
    desk: Desk, case: Case, progress: Progress | None, *, facts: Mapping[str, CaseFacts]
) -> VisitBeside | None:
    """The other visit of a pair, or the one before; see `Session.previous_visit`."""
    scan_id = case.task.partner_id or _earlier(desk, case)
    if not scan_id:
        return None
    scan = desk.store.scan(scan_id)
    folder = desk.store.folder.new_reading()
    try:
        density, opened = desk.bench.open_density(
            scan, desk.store.protocol, folder, watched(progress, "other visit", 0.2)
        )
        masks = desk.store.reading.masks(scan_id)
        mask = (
            repeat_mask(masks, desk.reader)
            if case.task.kind == "repeat"
            else desk.store.reading.mask_for(scan_id, desk.reader)
        )
        labels = LabelVolume(labels=desk.saved_labels(mask, density.geometry), geometry=density.geometry)
        return _laid_beside(desk, case, facts[scan_id], density, labels, opened)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _laid_beside(
    desk: Desk, case: Case, facts: CaseFacts, density: DensityVolume, labels: LabelVolume, opened: OpenedScan
) -> VisitBeside:
    letter = {"A": "B", "B": "A"}.get(case.task.letter, "")
    pseudonym = "" if case.task.partner_id else "earlier visit"
    title, subtitle = visible_text(facts, desk.rules, pseudonym=pseudonym, letter=letter)
    own = LabelVolume(labels=case.saved, geometry=case.density.geometry)
    from_bone = desk.store.protocol.region.reference == "bone-end"
    matching, here, there = rulers(own, case.distal_end, labels, opened.distal_end, from_bone=from_bone)
    return VisitBeside(
        # Both of a pair have one pseudonym; only the letter differs.
        title=f"{case.task.title[:-1]}{letter}" if case.task.partner_id else title,
        subtitle=subtitle,
        density=density,
        labels=labels,
        side=opened.side,
        distal_end=opened.distal_end,
        palm=desk.rules.palm,
        matching=matching,
        secrets=secrets_of(facts, desk.rules),
        own=here,
        there=there,
        folder=opened.path.parent,
    )


def _earlier(desk: Desk, case: Case) -> str:
    """The latest scan of the same arm before this one; empty where there is none or its place in time is hidden."""
    day = case.scan.scan_date
    if {"visit", "date"} & set(desk.rules.blind) or day is None or case.scan.subject is None:
        return ""
    before = [
        (scan.scan_date, scan.scan_id)
        for scan in desk.store.scans(status="measured")
        if scan.subject == case.scan.subject and _arm(scan) == _arm(case.scan)
        if scan.scan_date is not None and scan.scan_date < day and scan.labels is not None
    ]
    return max(before)[1] if before else ""


def _arm(scan: StoredScan) -> str | None:
    return scan.result.facts.side if scan.result.facts is not None else None
