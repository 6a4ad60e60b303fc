"""One reader at work in one study, without any window: the list, open cases, verdicts, signatures and adjudication.

Every act is in the study when its method returns, so that a program killed right after loses nothing that was said to
be done. Methods may be called from worker threads, one at a time for each case.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from bonemetrics.errors import BonemetricsError, ReviewError, StudyError
from bonemetrics.pipeline.consequence import Consequence
from bonemetrics.records import ReviewParameters, Verdict
from bonemetrics.records.review import Finding, Place, Reason, alike
from bonemetrics.review import adjudicating, judging, opening, preview, saving
from bonemetrics.review.ahead import ReadAhead
from bonemetrics.review.bench import GUARDED, Bench, Progress
from bonemetrics.review.beside import VisitBeside
from bonemetrics.review.blinding import CaseFacts, Secrets, secrets_of
from bonemetrics.review.case import AdjudicationCase, Case, SavedEdit
from bonemetrics.review.desk import Desk, require_open, require_writable
from bonemetrics.review.disagreement import Choice
from bonemetrics.review.drafts import remove_draft, sweep_half_written
from bonemetrics.review.presence import Presence, sweep
from bonemetrics.review.preview import Preview
from bonemetrics.review.resume import ReaderState, load_state, save_state
from bonemetrics.review.worklist import Task, Worklist, build_worklist, known_facts, safe_text
from bonemetrics.study.reviews import StoredReview, require_reader, role_of
from bonemetrics.study.signatures import Signature
from bonemetrics.study.store import Store
from bonemetrics.volume import Geometry


class Session:
    """A reading session; made by `open`, ended by `close` or as a context manager."""

    def __init__(self, desk: Desk, presence: Presence) -> None:
        self._desk = desk
        self._presence = presence
        self._list = Worklist(())
        self._facts: dict[str, CaseFacts] = {}
        self._open: list[Case] = []
        self._ahead = ReadAhead(desk)
        self._unsettled: dict[str, AdjudicationCase] = {}

    @classmethod
    def open(
        cls,
        study: Path,
        reader: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        bench: Bench = GUARDED,
    ) -> Self:
        """Begin to read.

        Parameters
        ----------
        study
            The study's folder.
        reader
            Name of the reader, as the protocol lists it.
        now
            Time with its zone, for claims.
        clock
            Seconds that only grow, for the active time.
        bench
            How scans are opened and measured.

        Raises
        ------
        StudyError
            `unknown-reader`, or as `Store.open` says.
        """
        store = Store.open(study, role="reader")
        rules = store.reading.rules
        require_reader(rules, reader, role_of(rules, reader))
        _require_one_spelling(store, reader)
        bench.prepare()
        store.folder.sweep_staging()
        sweep_half_written(store.folder)
        sweep(store.folder, {one.session for one in store.reading.claims(now=now())})
        presence = Presence(store.folder)
        desk = Desk(store=store, reader=reader, session=presence.session, bench=bench, now=now, clock=clock)
        return cls(desk, presence)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session; unsaved edits stay as drafts, and open cases are given back."""
        self._ahead.drop()
        for case in tuple(self._open):
            self.close_case(case, force=True)
        self._presence.end()

    @property
    def store(self) -> Store:
        """The study."""
        return self._desk.store

    @property
    def reader(self) -> str:
        """Who reads."""
        return self._desk.reader

    @property
    def rules(self) -> ReviewParameters:
        """`[review]` of the protocol."""
        return self._desk.rules

    @property
    def open_cases(self) -> tuple[Case, ...]:
        """Cases that are not closed."""
        return tuple(self._open)

    # What may be shown

    @property
    def secrets(self) -> Secrets:
        """What must not be shown of any scan of the study."""
        if not self._facts:
            self.worklist()
        return Secrets().joined(secrets_of(one, self.rules) for one in self._facts.values())

    def facts_of(self, case: Case) -> CaseFacts:
        """What is known of the scan of a case and may have to be hidden; for the program alone."""
        if case.task.scan_id not in self._facts:
            self.worklist()
        return self._facts[case.task.scan_id]

    def visible_error(self, error: BonemetricsError) -> str:
        """Code and message of an error as the reader may see them."""
        return safe_text(f"{error.code}: {error.message}", self.secrets)

    # The list

    def worklist(self) -> Worklist:
        """The reader's list as it is now; see `build_worklist`."""
        desk = self._desk
        scans = desk.store.scans()
        self._facts = known_facts(desk.store, desk.reader, scans)
        self._list = build_worklist(
            desk.store, desk.reader, session=desk.session, now=desk.now(), scans=scans, facts=self._facts
        )
        return self._list

    def _task(self, key: str) -> Task:
        # The list as it was shown will do: what has happened since is seen by claims and masks.
        found = self._list.find(key) or self.worklist().find(key)
        if found is None:
            raise ReviewError("your list has no such task now; look at it anew", code="unknown-task")
        return found

    # Cases

    def open_case(self, key: str, progress: Progress | None = None, *, take_over: bool = False) -> Case:
        """Claim a task and open its scan.

        Parameters
        ----------
        key
            Of the task.
        progress
            Told what is being done; to raise in it cancels.
        take_over
            Also where another living window of the same reader has the scan.

        Returns
        -------
        Case
            With writable labels, unless the record is signed; a draft that a killed program left is in them.

        Raises
        ------
        ReviewError
            `unknown-task`.
        StudyError
            `claimed`, or `nothing-to-judge` with the reason why the scan was refused.
        BonemetricsError
            As `batch.opening.open_stored_scan` says; `input-changed` also where the mask is not the recorded one.
        """
        known = next((case for case in self._open if case.task.key == key), None)
        if known is not None:
            return known
        case = opening.open_case(
            self._desk, self._task(key), progress, facts=self._facts, ahead=self._ahead, take_over=take_over
        )
        self._open.append(case)
        return case

    def grid_of(self, key: str) -> Geometry | None:
        """The grid on which the scan of a task will come; `None` where there is nothing to come."""
        # Asked while the opening runs in another thread: the list as it was shown, and no new one beside its own.
        task = self._list.find(key)
        return None if task is None or task.state == "refused" else opening.grid_of(self._desk, task.scan_id)

    def read_ahead(self, key: str) -> None:
        """Begin to read the scan of a task that will be opened soon, and return at once.

        Nothing is claimed, recorded or told. The opening itself then takes what was read, unless the scan or one of its
        files is another one by then. Nothing happens for a task that cannot be opened, and only one scan is kept.
        """
        task = self._list.find(key)
        if task is not None and task.is_waiting and all(case.task.scan_id != task.scan_id for case in self._open):
            self._ahead.begin(task.scan_id)

    def close_case(self, case: Case, *, force: bool = False) -> None:
        """Give a case back.

        Parameters
        ----------
        case
            Nothing happens where it is closed.
        force
            Close it although it has an unsaved edit, which stays as a draft and comes back at the next opening; to be
            rid of it, `discard_draft` first.

        Raises
        ------
        ReviewError
            `unsaved-edit`; not where the reader has put the case off, whose edit is kept for later.
        """
        if case.is_closed:
            return
        if not case.is_locked:
            put_off = case.judged is not None and case.judged.verdict == "defer"
            if case.is_edited and not (force or put_off):
                raise ReviewError("the edit is not saved; save it, discard it, or keep it", code="unsaved-edit")
            saving.autosave(case)
            found = self._unsettled.get(case.task.key)
            if found is not None:
                self.keep_choices(found)
        self._unsettled.pop(case.task.key, None)
        case.is_closed = True
        self._open = [one for one in self._open if one is not case]
        for folder in (case.folder, *([case.beside.folder] if case.beside is not None else [])):
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(StudyError):
            self._desk.release(case.task.scan_id)

    def renew(self, case: Case) -> None:
        """Keep the claim on a case; to be called every few minutes. Raises `claimed` or `claim-lost`."""
        require_open(case)
        if not case.is_locked:
            self._desk.renew(case)

    # Edits

    def autosave(self, case: Case) -> bool:
        """Keep the unsaved edit, so that a killed program does not lose it; false where there is none to keep.

        Raises
        ------
        ReviewError, StudyError
            `case-closed`, or `locked`.
        """
        return saving.autosave(case)

    def discard_draft(self, case: Case) -> None:
        """Make the labels those of the mask again and remove the draft."""
        require_writable(case)
        with case.turn:
            case.take_back()
            case.recovered = False
            remove_draft(case.draft)

    def save_edit(self, case: Case, progress: Progress | None = None) -> SavedEdit:
        """Make the edit a new version of the mask, with its own numbers; the draft is then removed.

        Raises
        ------
        ReviewError
            `nothing-edited`, `case-closed`.
        StudyError
            `locked`, `claimed`, `claim-lost`, `stale-mask`, `settings-changed`, or `mask-not-measured` with the reason.
            The edit then stays as it is, and as a draft.
        """
        return saving.save_edit(self._desk, case, progress)

    def consequences(self, case: Case) -> tuple[Consequence, ...]:
        """What the saved edit does to the numbers, when `[review] consequence` lets the reader see it.

        Returns
        -------
        tuple of Consequence
            Against the automatic segmentation. Empty where nothing was edited; before the reader's verdict on this mask
            with `after-verdict`, to which a deferral does not count; and always with `never`.
        """
        return saving.consequences(self._desk, case)

    def preview(self, case: Case, progress: Progress | None = None) -> Preview:
        """What the unsaved edit would do to the numbers, measured as `save_edit` would; nothing of it is kept.

        Parameters
        ----------
        case
            With an edit.
        progress
            As in `open_case`.

        Returns
        -------
        Preview
            Against the automatic segmentation, of the labels as they were at the call; ask it `is_of` before it is
            shown.

        Raises
        ------
        ReviewError
            `numbers-hidden` unless `[review] consequence` is `at-once`; `nothing-edited`, `case-closed`.
        StudyError
            `locked`, `settings-changed`, or `mask-not-measured` with the reason why saving would be refused.
        """
        return preview.preview(self._desk, case, progress)

    # Verdicts

    def decide(
        self,
        case: Case,
        verdict: Verdict,
        *,
        reasons: Sequence[Reason] = (),
        findings: Sequence[Finding] = (),
        comment: str = "",
        place: Place | None = None,
        confidence: int | None = None,
        progress: Progress | None = None,
    ) -> StoredReview:
        """Record a verdict on the mask of a case, with the active time since the last one.

        An acceptance of a mask that the reader drew herself is recorded as `accept-with-edit`. `accept-with-edit` saves
        the edit first. A deferred edit is kept as a draft.

        Raises
        ------
        ReviewError
            `unsaved-edit` where a changed case is accepted or rejected as it was; `nothing-edited`; `invalid-verdict`
            where a reason is missing; `case-closed`.
        StudyError
            As `Reading.record_review` says, and those of `save_edit`.
        """
        kept = judging.decide(
            self._desk,
            case,
            verdict,
            reasons=reasons,
            findings=findings,
            comment=comment,
            place=place,
            confidence=confidence,
            progress=progress,
        )
        found = self._unsettled.get(case.task.key)
        if found is not None and verdict != "defer":
            # A verdict settles the scan by other means, so the choices lead nowhere.
            self._forget_choices(found)
        return kept

    def sign(self, case: Case, meaning: str) -> Signature:
        """Sign the reader's last verdict on the scan; the labels are then read-only. See `signatures.sign`."""
        return judging.sign(self._desk, case, meaning)

    def unlock(self, case: Case, reason: str) -> Signature:
        """Void the signature with a reason; the labels can be painted again. See `signatures.unlock`."""
        return judging.unlock(self._desk, case, reason)

    # Other visits and other readers

    def previous_visit(self, case: Case, progress: Progress | None = None) -> VisitBeside | None:
        """The other visit of a pair, else the latest earlier one of the same arm, read-only.

        Returns
        -------
        VisitBeside or None
            `None` where there is none, and where visit or date is hidden and the protocol has no pairs.
        """
        require_open(case)
        if case.beside is None:
            case.beside = opening.visit_beside(self._desk, case, progress, facts=self._facts)
        return case.beside

    def adjudication(self, key: str, progress: Progress | None = None) -> AdjudicationCase:
        """Open the masks of two readers who differ.

        Raises
        ------
        ReviewError
            `not-to-adjudicate`, and what `open_case` raises.
        """
        if self._task(key).kind != "adjudicate":
            raise ReviewError("this task is a scan to be read, not one to be settled", code="not-to-adjudicate")
        known = self._unsettled.get(key)
        if known is not None:
            return known
        case = self.open_case(key, progress)
        try:
            self._unsettled[key] = adjudicating.adjudicate(self._desk, case)
        except BaseException:
            self.close_case(case, force=True)
            raise
        return self._unsettled[key]

    def keep_choices(self, adjudication: AdjudicationCase, choices: Mapping[int, Choice] | None = None) -> bool:
        """Keep choices that are not settled, so that they come back after closing the case or a killed program.

        Parameters
        ----------
        adjudication
            An open one.
        choices
            Those of the adjudication itself where left out.

        Returns
        -------
        bool
            False, and nothing is kept, where the adjudication is closed or settled.

        Raises
        ------
        StudyError
            `locked`.
        """
        if self._unsettled.get(adjudication.task.key) is not adjudication:
            return False
        adjudicating.keep_choices(adjudication, adjudication.choices if choices is None else choices)
        return True

    def _forget_choices(self, adjudication: AdjudicationCase) -> None:
        self._unsettled.pop(adjudication.task.key, None)
        remove_draft(adjudication.file)

    def settle(
        self,
        adjudication: AdjudicationCase,
        choices: Mapping[int, Choice] | None = None,
        progress: Progress | None = None,
        *,
        comment: str = "",
        confidence: int | None = None,
    ) -> StoredReview:
        """Join both masks by the choice made for each place, and accept the result as adjudicator.

        Parameters
        ----------
        adjudication
            From `adjudication`; to reject the scan or defer it, `decide` on its `case`.
        choices
            Reader by number of the component; those of the adjudication itself where left out.
        progress
            As in `open_case`.
        comment, confidence
            Of the verdict.

        Raises
        ------
        AgreementError
            `unresolved-components` or `invalid-choice`.
        StudyError
            As of `save_edit`.
        """
        made = adjudication.choices if choices is None else choices
        kept = adjudicating.settle(self._desk, adjudication, made, progress, comment=comment, confidence=confidence)
        self._forget_choices(adjudication)
        return kept

    # The window

    def state(self) -> ReaderState:
        """What the reader's window saved last."""
        return load_state(self.store, self.reader)

    def save_state(self, state: ReaderState) -> None:
        """Keep it; raises `state-too-large`."""
        save_state(self.store, self.reader, state)


def _require_one_spelling(store: Store, reader: str) -> None:
    """Refuse a name that the study knows in another case or width: one person would agree with herself as two."""
    known = store.reading.every_reader()
    other = next((name for name in sorted(known - {reader}) if alike(name) == alike(reader)), None)
    if reader not in known and other is not None:
        raise StudyError(f"the study knows you as {other}; open it under that name", code="unknown-reader")
