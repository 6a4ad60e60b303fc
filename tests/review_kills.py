"""A program that reads a study in many sessions and kills each of them at a random moment.

Arguments: study folder, file for what is said, number of sessions, seed. Every session is a forked child that works
without end. What it is about to do it says as `begin`, and what is done as `done`; each line is in the file before the
child goes on, so that a kill leaves nothing half said.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from bonemetrics.readers.labels import read_labels, write_labels
from bonemetrics.review.biopsy_opening import OpenBiopsy
from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.review.biopsy_work import BiopsyWork
from bonemetrics.review.case import Case
from bonemetrics.review.section_drawing import Shape
from bonemetrics.review.section_evidence import evidence_of
from bonemetrics.review.section_picture import SectionPicture
from bonemetrics.review.section_scale import PixelSize
from bonemetrics.review.session import Session
from tests.review_cases import QUICK, SHAPE, automatic_labels

LONGEST_S = 0.15


def labels_digest(case: Case) -> str:
    return hashlib.sha256(case.labels.labels.tobytes()).hexdigest()


def biopsy_digest(work: BiopsyWork) -> str:
    """Of everything that was typed and drawn."""
    texts = sorted((key, text) for key, text in work.form.texts.items() if text.strip())
    drawn = [one.model_dump_json() for one in (*work.drawings, *work.canvas)]
    return hashlib.sha256(json.dumps([texts, sorted(drawn)]).encode()).hexdigest()


class Worker:
    """One session that goes on until it is killed."""

    def __init__(self, study: Path, log: Path, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - no secret hangs on it
        self.handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.study = study

    def say(self, what: str, act: str, **told: Any) -> None:
        os.write(self.handle, (json.dumps({"what": what, "act": act, **told}) + "\n").encode())

    def work(self) -> None:
        session = Session.open(self.study, "KL", bench=QUICK)
        self.say("done", "session")
        while True:
            self.read_a_case(session)
            self.enter_a_biopsy(session)

    def read_a_case(self, session: Session) -> None:
        key = self.random.choice(session.worklist().tasks).key
        case = session.open_case(key)
        problem = case.draft_problem.code if case.draft_problem is not None else ""
        self.say("done", "open", key=key, labels=labels_digest(case), recovered=case.recovered, problem=problem)
        for _ in range(self.random.randint(1, 4)):
            self.act(session, case)
        self.acted("close", case, lambda: session.close_case(case, force=True))

    def enter_a_biopsy(self, session: Session) -> None:
        """Type and draw, now and then keep or store it, and leave the rest to chance."""
        desk = BiopsySession(session.store.reading, "KL")
        subject = self.random.choice([scan.subject for scan in session.store.scans()])
        opened = desk.open(subject, "", desk.first(subject, "", desk.own(subject)))
        work = opened.work
        told = {"key": f"biopsy of {subject}", "labels": biopsy_digest(work)}
        self.say("done", "open", **told, problem=opened.problem)
        for _ in range(self.random.randint(1, 4)):
            work = self.typed(work)
            told["labels"] = biopsy_digest(work)
            self.say("begin", "keep-biopsy", **told)
            desk.keep(opened, work)
            self.say("done", "keep-biopsy", **told)
        if self.random.random() < 0.5:
            self.store_a_biopsy(desk, opened, work, told)

    def store_a_biopsy(self, desk: BiopsySession, opened: OpenBiopsy, work: BiopsyWork, told: dict[str, Any]) -> None:
        number = work.form.text("B.Ar")
        self.say("begin", "store-biopsy", **told, number=number)
        kept = desk.store(opened, work)
        self.say("done", "store-biopsy", **told, number=number, digest=kept.digest)

    def typed(self, work: BiopsyWork) -> BiopsyWork:
        """Another number, and a drawing that is put into the form or only on the canvas."""
        picture = SectionPicture(
            sha256=self.random.choice(("ab", "cd")) * 32,
            folder=self.study,
            levels=(),
            shape=(3000, 4000),
            pixel_size=PixelSize(row_um=2.0, column_um=0.5, source="ome-xml"),
        )
        row, column = self.random.uniform(0, 1000), self.random.uniform(0, 1000)
        corners = ((row, column), (row, column + 900), (row + 700, column))
        drawing = evidence_of(picture, (Shape(code="T.Ar", vertices=corners, closed=True),), "KL")
        work = work.with_text("B.Ar", f"{self.random.uniform(0.001, 0.1):.6f}")
        return work.put(drawing) if self.random.random() < 0.5 else work.with_canvas(drawing)

    def act(self, session: Session, case: Case) -> None:
        if case.is_locked:
            self.acted("unlock", case, lambda: {"id": session.unlock(case, "a test").signature_id})
            return
        chosen = self.random.choice(["autosave", "autosave", "save", "accept", "reject", "defer", "sign"])
        if chosen in ("autosave", "save", "accept"):
            self.paint(case)
        if chosen == "autosave":
            self.acted(chosen, case, lambda: session.autosave(case))
        elif chosen == "save":
            self.acted(chosen, case, lambda: {"mask": session.save_edit(case).labels.sha256})
        elif chosen == "sign" and case.judged is not None and case.judged.is_accepted and not case.is_edited:
            self.acted(chosen, case, lambda: {"id": session.sign(case, "read").signature_id})
        elif chosen in ("accept", "defer") or (chosen == "reject" and not case.is_edited):
            verdict = "accept-with-edit" if chosen == "accept" else chosen
            reasons = () if chosen == "accept" else ("leak",)
            self.acted(chosen, case, lambda: {"id": session.decide(case, verdict, reasons=reasons).review_id})

    def paint(self, case: Case) -> None:
        # A new label at every stroke, so that the labels are never again what they were.
        place = tuple(self.random.randrange(size) for size in SHAPE)
        case.labels.labels[place] = (int(case.labels.labels[place]) + 1 + self.random.randrange(200)) % 256

    def acted(self, act: str, case: Case, call: Any) -> None:
        told = {"key": case.task.key, "scan": case.task.scan_id, "labels": labels_digest(case)}
        self.say("begin", act, **told)
        given = call()
        self.say("done", act, **told, **(given if isinstance(given, dict) else {}))


def run(study: Path, log: Path, number: int, seed: int) -> None:
    """Start and kill the sessions, one after the other."""
    chance = random.Random(seed)  # noqa: S311 - no secret hangs on it
    log.touch()
    load_once(log.parent)
    for place in range(number):
        lines = said(log)
        child = os.fork()
        if child == 0:
            worker = Worker(study, log, seed * 1000 + place)
            try:
                worker.work()
            except BaseException:
                worker.say("failed", traceback.format_exc())
            os._exit(0)
        if place % 3:
            # Two of three are killed at work, however slow the machine is; every third one as it starts.
            wait_for(log, lines + chance.randint(2, 14))
        time.sleep(chance.uniform(0.0, LONGEST_S))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def load_once(folder: Path) -> None:
    """Load what is loaded at the first label file, so that each child need not."""
    write_labels(automatic_labels(), folder / "x.nii.gz")
    read_labels(folder / "x.nii.gz")


def possible_labels(lines: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What the next opening of each case may show: what was kept last, or what was being kept at a kill.

    Raises `AssertionError` where one of the openings among the lines showed anything else.
    """
    possible: dict[str, set[str]] = {}
    for line in lines:
        if "key" not in line:
            continue
        key, shown = line["key"], line["labels"]
        if line["act"] == "open":
            assert line["problem"] == ""
            assert shown in possible.get(key, {shown})
            possible[key] = {shown}
        elif line["what"] == "begin":
            possible[key].add(shown)
        else:
            possible[key] = {shown}
    return possible


def said(log: Path) -> int:
    """How many lines the sessions have said."""
    return log.read_bytes().count(b"\n")


def wait_for(log: Path, lines: int) -> None:
    """Until so many lines were said."""
    end = time.monotonic() + 60
    while time.monotonic() < end and said(log) < lines:
        time.sleep(0.005)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
