"""One misbehaving task costs one error with a code, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from bonemetrics.batch.guard import GIB, Limits, join_watchers, run_guarded, start_guarded
from bonemetrics.errors import GuardError, ReadError
from tests import guard_targets as targets

SHORT = Limits(seconds=60.0, memory_bytes=GIB // 4)
ROOT = Path(__file__).resolve().parents[2]


def code_of(function: Callable[..., Any], *args: object, limits: Limits = SHORT) -> tuple[str, str]:
    with pytest.raises(GuardError) as caught:
        run_guarded(function, *args, limits=limits)
    return caught.value.code, str(caught.value)


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_run_guarded__returns_what_the_function_returns():
    assert run_guarded(targets.add, 40, b=2, limits=SHORT) == 42


@pytest.mark.parametrize(
    ("function", "args", "code", "text"),
    [
        (targets.segfault, (), "crashed", "SIGSEGV"),
        (targets.send_itself, (signal.SIGKILL,), "crashed", "SIGKILL"),
        (targets.send_itself, (signal.SIGABRT,), "crashed", "SIGABRT"),
        (targets.die_with, (0,), "crashed", "exit code 0"),
        (targets.die_with, (3,), "crashed", "exit code 3"),
        (targets.ask_for, (GIB // 2,), "out-of-memory", "0.25 GiB"),
        (targets.panic, (), "unexpected-error", "PanicError"),
        (targets.leave, (), "unexpected-error", "SystemExit"),
        (targets.stumble, (), "unexpected-error", "ValueError at guard_targets.py, line"),
        (targets.return_much, (65 * 1024**2,), "unexpected-error", "65 MiB"),
        (targets.return_a_lock, (), "unexpected-error", "TypeError"),
        (targets.spin, (), "timeout", "processor time"),
    ],
)
def test_run_guarded__turns_every_end_into_a_code(function, args, code, text):
    found, message = code_of(function, *args)
    assert found == code
    assert text in message
    assert "Doe" not in message


@pytest.mark.parametrize("function", [targets.hang, targets.hang_in_c])
def test_run_guarded__ends_a_hanging_child(function):
    start = time.monotonic()
    assert code_of(function, limits=Limits(seconds=0.5))[0] == "timeout"
    assert time.monotonic() - start < 60.0  # the child would sleep for ten minutes


def test_run_guarded__a_refusal_travels_with_its_class_and_code():
    with pytest.raises(ReadError, match="a pipe, not a file") as caught:
        run_guarded(targets.refuse, limits=SHORT)
    assert caught.value.code == "not-regular-file"


def test_run_guarded__memory_within_the_limit_is_granted():
    assert run_guarded(targets.ask_for, GIB // 8, limits=SHORT) == GIB // 8


def test_run_guarded__child_is_silent(capfd):
    assert run_guarded(targets.shout, limits=SHORT) == "said"
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_run_guarded__child_lives_apart_with_limits():
    seen = run_guarded(targets.surroundings, limits=SHORT)
    assert seen["leads_session"]
    assert seen["umask"] == 0o077
    assert seen["interrupt"]
    assert seen["main"] == "None"  # neither forked from the caller nor given its main module
    assert seen["RLIMIT_CORE"] == 0
    assert seen["RLIMIT_FSIZE"] == 16 * GIB
    assert seen["RLIMIT_CPU"] == 60 * (os.cpu_count() or 1) + 1
    if sys.platform.startswith("linux"):
        assert seen["first_to_go"] == "500"
        assert SHORT.memory_bytes < seen["RLIMIT_AS"] < SHORT.memory_bytes + GIB


def test_start_guarded__the_end_of_a_child_is_the_end_of_its_family(tmp_path):
    note = tmp_path / "grandchild"
    task = start_guarded(targets.start_a_grandchild_and_hang, str(note), limits=SHORT)
    assert until(lambda: note.exists() and note.read_text() != "")
    assert alive(int(note.read_text()))
    task.cancel()
    assert until(lambda: not alive(int(note.read_text())))


def test_start_guarded__cancel_ends_the_child(tmp_path):
    note = tmp_path / "child"
    task = start_guarded(targets.note_pid_and_hang, str(note), limits=SHORT)
    assert until(note.exists)
    task.cancel()
    assert until(lambda: not alive(int(note.read_text())))


def test_join_watchers__leaves_no_thread_that_could_speak_while_python_ends(tmp_path):
    note = tmp_path / "child"
    before = set(threading.enumerate())
    task = start_guarded(targets.note_pid_and_hang, str(note), limits=SHORT)
    watchers = set(threading.enumerate()) - before
    assert until(note.exists)
    assert any(thread.is_alive() for thread in watchers)
    task.cancel()
    join_watchers()
    assert not any(thread.is_alive() for thread in watchers)


def test_join_watchers__waits_no_longer_than_it_may(tmp_path):
    note = tmp_path / "child"
    task = start_guarded(targets.note_pid_and_hang, str(note), limits=SHORT)
    join_watchers(seconds=0.01)
    assert not task.future.done()
    task.cancel()
    join_watchers()


def test_start_guarded__child_ends_when_its_caller_is_killed(tmp_path):
    note = tmp_path / "child"
    # A script without a main guard, as users write them.
    script = (
        "from bonemetrics.batch.guard import run_guarded\n"
        "from tests import guard_targets\n"
        f"run_guarded(guard_targets.note_pid_and_hang, {str(note)!r})\n"
    )
    (tmp_path / "script.py").write_text(script)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    caller = subprocess.Popen([sys.executable, str(tmp_path / "script.py")], env=environment)
    try:
        assert until(note.exists)
    finally:
        caller.kill()
        caller.wait()
    assert until(lambda: not alive(int(note.read_text())))


@pytest.mark.parametrize(("seconds", "memory"), [(0.0, GIB), (float("inf"), GIB), (float("nan"), GIB), (1.0, 0)])
def test_limits__must_be_positive_and_finite(seconds, memory):
    with pytest.raises(ValueError, match="positive and finite"):
        Limits(seconds=seconds, memory_bytes=memory)
