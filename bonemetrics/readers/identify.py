"""The one door: give it any path, and it says what lies there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.dicom_file import DicomHead, is_dicom, read_head
from bonemetrics.readers.facts import MODALITY, SERIES_UID, SOP_CLASS, FileFacts, ct_facts
from bonemetrics.readers.files import open_regular, read_range
from bonemetrics.readers.limits import MAX_FILES, MAX_FOLDER_DEPTH
from bonemetrics.readers.series import SeriesFiles
from bonemetrics.readers.signatures import is_junk_name, kind_by_content
from bonemetrics.readers.values import text
from bonemetrics.records import Problem, note

_LOOK = 1024
_CT_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies at a path.

    Attributes
    ----------
    kind
        `ct-series`, `dxa-report`, `dxa-image`, `isq`, `aim`, `stratec`, `hologic-database`, `hologic-scan`, `table`,
        `unknown`; for a folder the kind of its sole item, else `folder`.
    path
        The path that was asked for; for a series within a folder, the folder of its first file.
    items
        What a folder holds, series by UID; empty for a file or series.
    problems
        Refusals and notes known so far.
    series
        The files, where the kind is `ct-series`.
    skipped
        Files of a folder that are plainly none of ours: junk, hidden files, unknown formats.
    """

    kind: str
    path: Path
    items: tuple[Found, ...] = ()
    problems: tuple[Problem, ...] = ()
    series: SeriesFiles | None = None
    skipped: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Sorting:
    """What a walk through a folder has met so far."""

    series: dict[str, list[FileFacts]] = field(default_factory=dict)
    refused: dict[str, list[Problem]] = field(default_factory=dict)
    first_path: dict[str, Path] = field(default_factory=dict)
    others: list[Found] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    links: int = 0


def identify(path: Path) -> Found:
    """Say what a file or folder is, reading headers only.

    Parameters
    ----------
    path
        Anything. A folder is searched through all its levels; links inside it are not followed.

    Returns
    -------
    Found
        For one file or a folder with one item, that item; else a `folder` with its items.

    Raises
    ------
    ReadError
        `not-found`, where nothing is at `path`.
    """
    if not path.exists():
        raise ReadError("no file or folder at this path", code="not-found")
    sorting = _Sorting()
    if path.is_dir():
        for file in _files_under(path, sorting):
            _sort(file, sorting)
    else:
        _sort(path, sorting)
    return _as_found(path, sorting)


def _files_under(folder: Path, sorting: _Sorting) -> Iterator[Path]:
    """Regular files under a folder, in a fixed order; links and special files are counted, not opened."""
    count = 0
    waiting = [(folder, 0)]
    while waiting:
        current, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:
            sorting.skipped.append(current)
            continue
        for entry in entries:
            if is_junk_name(entry.name):
                sorting.skipped.append(Path(entry.path))
            elif entry.is_dir(follow_symlinks=False):
                if depth < MAX_FOLDER_DEPTH:
                    waiting.append((Path(entry.path), depth + 1))
            elif not entry.is_file(follow_symlinks=False):
                sorting.links += 1
            else:
                count += 1
                if count > MAX_FILES:
                    raise ReadError(f"more than {MAX_FILES} files in one folder", code="too-large")
                yield Path(entry.path)


def _sort(path: Path, sorting: _Sorting) -> None:
    try:
        with open_regular(path) as (descriptor, _):
            start = read_range(descriptor, 0, _LOOK)
        if not is_dicom(start):
            _sort_other(path, start, sorting)
            return
        head = read_head(path)
    except ReadError as error:
        _add(sorting, path, "unknown", error)
        return
    _sort_dicom(path, head, sorting)


def _sort_other(path: Path, start: bytes, sorting: _Sorting) -> None:
    kind = kind_by_content(path.name, start)
    if kind == "unknown":
        _add(sorting, path, kind, ReadError("none of the formats that bonemetrics reads", code="unknown-format"))
    else:
        _add(sorting, path, kind, ReadError(f"{kind} files are not read yet", code="unsupported-format"))


def _sort_dicom(path: Path, head: DicomHead, sorting: _Sorting) -> None:
    uid = text(head.elements, SERIES_UID)
    modality, sop_class = text(head.elements, MODALITY), text(head.elements, SOP_CLASS)
    if uid and modality == "CT" and (sop_class in _CT_CLASSES or not sop_class):
        sorting.first_path.setdefault(uid, path.parent)
        try:
            sorting.series.setdefault(uid, []).append(ct_facts(path, head))
        except ReadError as error:
            sorting.refused.setdefault(uid, []).append(_problem(error))
        return
    reason = head.problem or ReadError("an image or document of another kind than CT", code="not-ct")
    _add(sorting, path, "unknown", reason)


def _problem(error: ReadError) -> Problem:
    return Problem(code=error.code, severity="refusal", message=error.message)


def _add(sorting: _Sorting, path: Path, kind: str, error: ReadError) -> None:
    sorting.others.append(Found(kind=kind, path=path, problems=(_problem(error),)))


def _as_found(path: Path, sorting: _Sorting) -> Found:
    series = [_series_found(uid, sorting) for uid in sorting.first_path]
    notes: tuple[Problem, ...] = ()
    if sorting.links:
        notes = (note("links-skipped", f"{sorting.links} links or special files were skipped"),)
    if not path.is_dir():
        return (series + sorting.others)[0]
    plain = [found for found in sorting.others if found.problems[0].code == "unknown-format"]
    items = series + [found for found in sorting.others if found not in plain]
    skipped = tuple(sorting.skipped) + tuple(found.path for found in plain)
    kind = items[0].kind if len(items) == 1 else "folder"
    sole = items[0].series if len(items) == 1 else None
    return Found(kind=kind, path=path, items=tuple(items), problems=notes, series=sole, skipped=skipped)


def _series_found(uid: str, sorting: _Sorting) -> Found:
    refusals = tuple(sorting.refused.get(uid, ()))
    series = SeriesFiles(series_uid=uid, files=tuple(sorting.series.get(uid, ())), refusals=refusals)
    return Found(kind="ct-series", path=sorting.first_path[uid], problems=refusals[:1], series=series)
