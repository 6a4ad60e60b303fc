"""One task in one fresh child process with limits, so that no file can take the caller down with it.

The child is started by pebble. It lives in its own session, has bounded memory, time and file size, hears
nothing on its standard streams, and ends with its caller. What it cannot do is keep out hostile *code*: it guards
against crashes, hangs and hunger, not against an attacker who already runs instructions in it.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from pebble import ProcessExpired, concurrent

from bonemetrics.batch.child_context import EVERYDAY, child_context
from bonemetrics.errors import BonemetricsError, GuardError

P = ParamSpec("P")
T = TypeVar("T")

GIB = 1024**3
_NAME = "bonemetrics-child"
_LARGEST_FILE_BYTES = 16 * GIB
_LARGEST_RESULT_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one guarded task may cost.

    Parameters
    ----------
    memory_bytes
        Address space that the task may take beyond what its process holds when it starts. The default of 6 GiB is
        enough for a stack of 2304 × 2304 × 168 voxels.
    seconds
        Wall-clock time.
    """

    memory_bytes: int = 6 * GIB
    seconds: float = 600.0

    def __post_init__(self) -> None:
        if self.memory_bytes <= 0 or not self.seconds > 0 or not math.isfinite(self.seconds):
            raise ValueError(f"limits must be positive and finite; got {self.memory_bytes} bytes, {self.seconds} s")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a child sends home: a value, or why there is none. Plain, so that it can always be pickled."""

    value: Any = None
    error: BonemetricsError | None = None


class GuardedTask:
    """A task that runs in its own child; made by `start_guarded`."""

    def __init__(self, future: Future[bytes], limits: Limits) -> None:
        self.future = future
        self._limits = limits

    def cancel(self) -> None:
        """End the child and all it started; `result` then raises `concurrent.futures.CancelledError`."""
        self.future.cancel()

    def result(self) -> Any:
        """Wait for the child and hand out what the function returned.

        Raises
        ------
        BonemetricsError
            The function's own refusal, with its code.
        GuardError
            `timeout`, `out-of-memory`, `crashed` or `unexpected-error`.
        """
        try:
            outcome = cast(_Outcome, pickle.loads(self.future.result()))  # noqa: S301 - our own child wrote it
        except CancelledError:
            raise
        except FutureTimeoutError:
            text = f"not done after {self._limits.seconds:g} s; raise the time limit or leave the file out"
            raise GuardError(text, code="timeout") from None
        except ProcessExpired as expired:
            raise _explain_death(expired.exitcode, self._limits) from None
        if outcome.error is not None:
            raise outcome.error
        return outcome.value


def start_guarded(
    function: Callable[..., Any],
    /,
    *args: object,
    limits: Limits = Limits(),
    preload: Sequence[str] = EVERYDAY,
    **kwargs: object,
) -> GuardedTask:
    """Start a function in a fresh, limited child process and return at once.

    Parameters
    ----------
    function
        Importable by module and name; not defined in `__main__`. Its arguments and its result are small and
        picklable: arrays go to files, receipts come back (a result above 64 MiB is refused).
    limits
        Memory and time of the child.
    preload
        Modules that the children of this session will need. They are imported once, before the first child, and each
        child begins with them; on Windows each child imports what it needs anew.

    Returns
    -------
    GuardedTask
        The handle to wait on or to cancel.
    """
    context = child_context((function.__module__, *preload))
    # pebble 5 reads `context`, although its signature says `mp_context`; a test sees that no fork slips in.
    settings: dict[str, Any] = {"timeout": limits.seconds, "context": context}
    launch = concurrent.process(name=_NAME, **settings)(_child_main)
    return GuardedTask(launch(function, args, kwargs, limits), limits)


def run_guarded(
    function: Callable[..., T],
    /,
    *args: object,
    limits: Limits = Limits(),
    preload: Sequence[str] = EVERYDAY,
    **kwargs: object,
) -> T:
    """Run a function in a fresh, limited child process and wait for it.

    Parameters and errors are those of `start_guarded` and `GuardedTask.result`; Ctrl-C ends the child.

    Returns
    -------
    T
        What the function returned.
    """
    task = start_guarded(function, *args, limits=limits, preload=preload, **kwargs)
    try:
        return cast(T, task.result())
    except BaseException:
        task.cancel()
        raise


def join_watchers(seconds: float = 5.0) -> None:
    """Wait, once children are cancelled, for the threads that watch over them.

    Such a thread may still print what it met, and one that prints while Python ends makes Python abort.
    """
    until = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread.name == _NAME:
            thread.join(max(until - time.monotonic(), 0.0))


def _child_main(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], limits: Limits) -> bytes:
    """Runs in the child: everything that can be raised becomes a plain record."""
    _leave_the_callers_terminal()
    _end_with_the_caller()
    _set_limits(limits)
    try:
        sent = _packed(_Outcome(value=function(*args, **kwargs)))
    # Rust panics, SystemExit and the like are BaseException, and many of them cannot be pickled.
    except BaseException as error:
        sent = pickle.dumps(_Outcome(error=_plain(error, limits)))
    return sent


def _packed(outcome: _Outcome) -> bytes:
    sent = pickle.dumps(outcome)
    if len(sent) > _LARGEST_RESULT_BYTES:
        size = f"{len(sent) / 1024**2:.0f} MiB"
        raise GuardError(f"the result of {size} is too large to send; write it to a file", code="unexpected-error")
    return sent


def _plain(error: BaseException, limits: Limits) -> BonemetricsError:
    """Turn anything raised into an error that travels and tells no value of a file."""
    if isinstance(error, BonemetricsError):
        return error.with_traceback(None)
    if isinstance(error, MemoryError):
        return _out_of_memory(limits)
    where = traceback.extract_tb(error.__traceback__)
    inner = [frame for frame in where if frame.filename != __file__]
    ours = [frame for frame in inner if f"{os.sep}bonemetrics{os.sep}" in frame.filename] or inner
    place = f" at {Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""
    # The message of a foreign error may quote what the file says, so only its kind is kept.
    return GuardError(f"an unforeseen {type(error).__name__}{place}; please report it", code="unexpected-error")


def _out_of_memory(limits: Limits) -> GuardError:
    text = f"asked for more than {limits.memory_bytes / GIB:.2g} GiB; raise the memory limit or leave the file out"
    return GuardError(text, code="out-of-memory")


def _explain_death(exit_code: int | None, limits: Limits) -> GuardError:
    if exit_code is None or exit_code >= 0:
        return GuardError(f"the child process ended without a result (exit code {exit_code})", code="crashed")
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    if name == "SIGXCPU":
        return GuardError(f"more processor time than {limits.seconds:g} s of all cores", code="timeout")
    hint = ", most often by the system for want of memory" if name == "SIGKILL" else ""
    return GuardError(f"the child process was ended by {name}{hint}", code="crashed")


def _leave_the_callers_terminal() -> None:
    """Own session, no standard streams: C libraries print what files say, and Ctrl-C is the caller's to handle."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    os.umask(0o077)
    if hasattr(os, "setsid"):
        os.setsid()
        # A handler in Python would wait until a hanging C call returns.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with_the_caller() -> None:
    """A caller killed by `kill -9` leaves no orphan behind."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_for_its_end() -> None:
        parent.join()
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=wait_for_its_end, name="end-with-the-caller", daemon=True).start()


def _set_limits(limits: Limits) -> None:
    if sys.platform == "win32":
        return
    import resource

    def lower(kind: int, wanted: int, *, grace: int = 0) -> None:
        _, hard = resource.getrlimit(kind)
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (allowed, allowed + grace if hard == resource.RLIM_INFINITY else hard))

    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, _LARGEST_FILE_BYTES)
    lower(resource.RLIMIT_CPU, math.ceil(limits.seconds) * (os.cpu_count() or 1) + 1, grace=5)
    if sys.platform.startswith("linux"):
        lower(resource.RLIMIT_AS, _address_space_in_use() + limits.memory_bytes)
        # Where all children together want more than the machine has, the kernel ends one of them, not the run.
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def _address_space_in_use() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")
