"""What guarded children are made to do in tests; imported by the children, so it imports next to nothing."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from bonemetrics.errors import ReadError


class PanicError(BaseException):
    """Like a Rust panic: not an Exception, and cannot be pickled."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle a panic")


def add(a: int, *, b: int) -> int:
    return a + b


def segfault() -> None:
    ctypes.string_at(0)


def die_with(exit_code: int) -> None:
    os._exit(exit_code)


def send_itself(number: int) -> None:
    os.kill(os.getpid(), number)


def ask_for(n_bytes: int) -> int:
    return len(bytearray(n_bytes))


def hang() -> None:
    time.sleep(600)


def spin() -> None:
    # Set by hand far below the guard's own limit, so that the test is short.
    resource.setrlimit(resource.RLIMIT_CPU, (1, 10))
    while True:
        pass


def hang_in_c() -> None:
    ctypes.PyDLL(None).sleep(600)  # PyDLL keeps the interpreter's lock: no Python signal handler can run


def panic() -> NoReturn:
    raise PanicError("Jane^Doe")


def leave() -> NoReturn:
    sys.exit(3)


def refuse() -> NoReturn:
    raise ReadError("a pipe, not a file", code="not-regular-file")


def stumble() -> NoReturn:
    raise ValueError("invalid value in PatientName: Jane^Doe")


def return_much(n_bytes: int) -> bytes:
    return bytes(n_bytes)


def return_a_lock() -> Any:
    import threading

    return threading.Lock()


def shout() -> str:
    os.write(1, b"Jane^Doe on stdout\n")
    os.write(2, b"Jane^Doe on stderr\n")
    sys.stderr.write("Jane^Doe")
    return "said"


def surroundings() -> dict[str, Any]:
    mask = os.umask(0)
    kinds = ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_AS")
    return {
        "leads_session": os.getsid(0) == os.getpid(),
        "umask": mask,
        "interrupt": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        "first_to_go": Path("/proc/self/oom_score_adj").read_text().strip(),
        "main": str(getattr(sys.modules["__main__"], "__file__", None)),
        **{kind: resource.getrlimit(getattr(resource, kind))[0] for kind in kinds},
    }


def start_a_grandchild_and_hang(note: str) -> None:
    sleeper = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    Path(note).write_text(str(sleeper.pid))
    time.sleep(600)


def note_pid_and_hang(note: str) -> None:
    partial = Path(note + ".tmp")
    partial.write_text(str(os.getpid()))
    partial.replace(note)
    time.sleep(600)


def look_with_traps(paths: tuple[str, ...]) -> Any:
    """Like `look_at`, but files called after a trap spring it, as a decoder's fault would."""
    from bonemetrics.batch.look import look_at

    traps = {"crash.dcm": segfault, "hang.dcm": hang, "panic.dcm": panic}
    for path in paths:
        if (trap := traps.get(Path(path).name)) is not None:
            trap()
    return look_at(paths)
