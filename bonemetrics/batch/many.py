"""Many guarded tasks at a time: each ends in a value or an error of its own, and Ctrl-C loses nothing finished."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from bonemetrics.batch.guard import GuardedTask, join_watchers
from bonemetrics.errors import BonemetricsError

T = TypeVar("T")

_LOOK_FOR_STOP_SECONDS = 0.2


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_many(
    tasks: Iterable[T],
    start: Callable[[T], GuardedTask],
    on_done: Callable[[T, Any | BonemetricsError], None],
    *,
    workers: int,
) -> None:
    """Run tasks in guarded children, at most `workers` at a time, and hand over each as it ends.

    Parameters
    ----------
    tasks
        In the order in which they start.
    start
        Starts the child of one task.
    on_done
        Called in this thread with the task and what came of it: the value, or the error. What it has stored is
        safe: Ctrl-C (or SIGTERM) waits until it returns.
    workers
        Children at a time.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, when running children are ended and finished ones are handed over.
    """
    waiting = deque(tasks)
    running: dict[Future[bytes], tuple[T, GuardedTask]] = {}
    with _stop_asked() as stop:
        try:
            while (waiting or running) and not stop.is_set():
                while waiting and len(running) < workers:
                    task = waiting.popleft()
                    child = start(task)
                    running[child.future] = (task, child)
                done, _ = wait(running, timeout=_LOOK_FOR_STOP_SECONDS, return_when=FIRST_COMPLETED)
                # Dict order is start order: what ended together is handed over in one order.
                for future in [future for future in running if future in done]:
                    on_done(*_ended(*running.pop(future)))
        finally:
            for _, child in running.values():
                child.cancel()
            if running:
                join_watchers()
        if stop.is_set():
            raise KeyboardInterrupt


def _ended(task: T, child: GuardedTask) -> tuple[T, Any | BonemetricsError]:
    try:
        return task, child.result()
    except BonemetricsError as error:
        return task, error
    except CancelledError:
        raise KeyboardInterrupt from None


@contextmanager
def _stop_asked() -> Iterator[threading.Event]:
    """Set the event on Ctrl-C or SIGTERM instead of tearing through whatever runs."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    former = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
