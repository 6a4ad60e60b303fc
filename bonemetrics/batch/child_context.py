"""How children are born: from a small server process that has the needed modules ready, never by a bare fork.

A fork of a program with threads (napari, a notebook) may hang, and `spawn` costs each child a fresh start of Python. A
fork server is started once and single-threaded. Children never import the caller's `__main__`: scripts without
`if __name__ == "__main__"` and programs with a large main module work as well.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from multiprocessing import context, spawn
from typing import Any

_REPORTS = (
    "bonemetrics.pipeline.dxa",
    "bonemetrics.dxa.judge",
    "bonemetrics.dxa.iscd",
    *(f"bonemetrics.readers.dxa.{name}" for name in ("hologic_database", "hologic_scan", "hologic_xml", "dicom_door")),
    *(f"bonemetrics.readers.dxa.{name}" for name in ("pdf", "xps", "fhir", "lunar_text", "nhanes", "csv_template")),
    "bonemetrics.readers.dxa.page_image",
    "bonemetrics.readers.dxa.dicom_sr",
)
"""Modules that reading DXA results needs; what a file is says no reader but its own, so all are asked."""
EVERYDAY = (
    "bonemetrics.batch.measure",
    "bonemetrics.readers.ct",
    "bonemetrics.readers.labels",
    "bonemetrics.pipeline.look",
    "bonemetrics.pipeline.calibrate",
    "bonemetrics.segmentation.radius",
    "bonemetrics.measures.density",
    *_REPORTS,
)
"""Modules that looking at a scan and measuring it need."""
MANY_SCANS = (
    *EVERYDAY,
    "bonemetrics.pipeline.outputs",
    "bonemetrics.measures.picture",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "nibabel",
)
"""The same with what writing the files of a result needs: worth its time for more than a few scans."""

_SERVER_LOCK = threading.Lock()
_HERE = threading.local()
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_full_preparation_data = spawn.get_preparation_data


def _preparation_data(name: str) -> dict[str, Any]:
    data = _full_preparation_data(name)
    if getattr(_HERE, "without_main", False):
        data.pop("init_main_from_path", None)
        data.pop("init_main_from_name", None)
    return data


# The standard library has no switch for it; only launches made in `_without_main` are affected.
spawn.get_preparation_data = _preparation_data


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    _HERE.without_main = True
    try:
        yield
    finally:
        _HERE.without_main = False


_Base: Any = context.SpawnProcess if sys.platform == "win32" else context.ForkServerProcess
_BaseContext: Any = context.SpawnContext if sys.platform == "win32" else context.ForkServerContext


class ChildProcess(_Base):  # type: ignore[misc]  # chosen by operating system
    """A child that is ended together with all it started."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the standard library's name
        with _without_main():
            return _Base._Popen(process_obj)

    def terminate(self) -> None:
        if hasattr(os, "killpg") and self.pid is not None:
            # The child leads its own session; before it got there, only itself is to be ended.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        super().terminate()


class ChildContext(_BaseContext):  # type: ignore[misc]  # chosen by operating system
    """The multiprocessing context of guarded children."""

    Process = ChildProcess


def child_context(preload: Sequence[str]) -> ChildContext:
    """Hand out the context, with the server process of this session running.

    Parameters
    ----------
    preload
        Modules that the server imports once, if it is not running yet. Modules that are missing are left out.

    Returns
    -------
    ChildContext
        For `pebble`.
    """
    if sys.platform != "win32":
        with _SERVER_LOCK:
            _start_server(preload)
    return ChildContext()


def _start_server(preload: Sequence[str]) -> None:
    from multiprocessing import forkserver

    # One thread of linear algebra per child: the batch is parallel over scans, sums come out in one order
    # on every machine, and thread pools do not eat the children's address space.
    added = [name for name in _ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        names = [name for name in ("bonemetrics.batch.guard", *preload) if name != "__main__"]
        forkserver.set_forkserver_preload(list(dict.fromkeys(names)))
        forkserver.ensure_running()
    finally:
        for name in added:
            del os.environ[name]
