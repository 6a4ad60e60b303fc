"""Many tasks: one that goes wrong is one error among the others' values, and Ctrl-C loses nothing finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bonemetrics.batch.guard import GIB, Limits, start_guarded
from bonemetrics.batch.lock import only_run
from bonemetrics.batch.many import run_many
from bonemetrics.errors import BonemetricsError, StudyError
from tests import guard_targets as targets

LIMITS = Limits(
    seconds=6.0,  # far more than the good ones need on a busy machine
    memory_bytes=GIB // 4,
)
ROOT = Path(__file__).resolve().parents[2]


def start(task):
    function, args = task
    return start_guarded(function, *args, limits=LIMITS)


@pytest.mark.parametrize("workers", [1, 2])
def test_run_many__a_bad_task_leaves_the_others_alone(workers):
    good = [(targets.ask_for, (number,)) for number in range(1, 13)]
    bad = {
        (targets.segfault, ()): "crashed",
        (targets.ask_for, (GIB,)): "out-of-memory",
        (targets.panic, ()): "unexpected-error",
        (targets.leave, ()): "unexpected-error",
        (targets.refuse, ()): "not-regular-file",
    }
    if workers == 2:
        bad[(targets.hang, ())] = "timeout"
    tasks = good[:6] + list(bad) + good[6:]
    seen = {}
    run_many(tasks, start, lambda task, outcome: seen.update({task: outcome}), workers=workers)
    if workers == 1:
        assert list(seen) == tasks
    assert {task: seen[task] for task in good} == {(function, args): args[0] for function, args in good}
    assert {task: seen[task].code for task in bad} == bad
    assert all(isinstance(seen[task], BonemetricsError) for task in bad)


def test_run_many__ctrl_c_hands_over_what_is_finished_and_ends_the_rest(tmp_path):
    note = tmp_path / "hanging"
    tasks = [(targets.ask_for, (1,)), (targets.ask_for, (2,)), (targets.note_pid_and_hang, (str(note),))]
    seen = []

    def press_ctrl_c():
        while not note.exists() or len(seen) < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    threading.Thread(target=press_ctrl_c, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_many(
            tasks,
            lambda task: start_guarded(task[0], *task[1], limits=Limits(seconds=120.0)),
            lambda _, outcome: seen.append(outcome),
            workers=2,
        )
    assert sorted(seen) == [1, 2]
    assert signal.getsignal(signal.SIGINT) is before
    pid = int(note.read_text())
    for _ in range(600):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_run_many__ctrl_c_waits_for_the_storing_of_a_result():
    stored = []

    def store(_, outcome):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        stored.append(outcome)

    with pytest.raises(KeyboardInterrupt):
        run_many([(targets.ask_for, (1,)), (targets.ask_for, (2,))], start, store, workers=1)
    assert stored == [1]


def test_only_run__refuses_a_second_run_and_is_let_go_by_a_dead_one(tmp_path):
    script = (
        "import sys, time, pathlib\n"
        "from bonemetrics.batch.lock import only_run\n"
        f"with only_run(pathlib.Path({str(tmp_path)!r})):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StudyError) as caught, only_run(tmp_path):
            pass
        assert caught.value.code == "study-busy"
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    with only_run(tmp_path):
        pass
