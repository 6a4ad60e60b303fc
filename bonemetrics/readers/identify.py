"""The one door: give it any path, and it says what lies there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers.dicom_file import DicomHead, read_head
from bonemetrics.readers.dxa.door import START_BYTES, form_of
from bonemetrics.readers.facts import MODALITY, SERIES_UID, SOP_CLASS, FileFacts, Known, ct_facts
from bonemetrics.readers.limits import MAX_FILES, MAX_FOLDER_DEPTH
from bonemetrics.readers.series import SeriesFiles
from bonemetrics.readers.signatures import dicom_kind, is_junk_name, kind_by_content
from bonemetrics.readers.values import text
from bonemetrics.records import Problem, note, refusal

_CT_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"})

_DICOM_ENDINGS = frozenset({".dcm", ".dicom", ".ima"})
_READ_BY_FORM = frozenset({"hologic-scan", "hologic-database", "dxa-report"})
_NOT_THE_FILE = frozenset({"not-found", "not-regular-file", "unreadable-file"})


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
    form
        By which reader of DXA results the file is read; empty for everything else.
    """

    kind: str
    path: Path
    items: tuple[Found, ...] = ()
    problems: tuple[Problem, ...] = ()
    series: SeriesFiles | None = None
    skipped: tuple[Path, ...] = ()
    form: str = ""


@dataclass(slots=True)
class _Sorting:
    """What a walk through a folder has met so far."""

    series: dict[str, list[FileFacts]] = field(default_factory=dict)
    refused: dict[str, list[Problem]] = field(default_factory=dict)
    folders: dict[str, set[Path]] = field(default_factory=dict)
    first_folder: dict[str, Path] = field(default_factory=dict)
    foreign: dict[str, Found] = field(default_factory=dict)
    others: list[Found] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    known: Known = field(default_factory=dict)


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


def neighbours(files: Iterable[Path]) -> tuple[Problem, ...]:
    """What lies beside the files of a series and could be slices of it.

    Parameters
    ----------
    files
        All files of one series.

    Returns
    -------
    tuple of Problem
        The notes that `identify` puts on a series when it is given the folder.
    """
    own = set(files)
    folders = {file.parent for file in own}
    sorting = _Sorting()
    for folder in sorted(folders):
        for file in _files_under(folder, sorting, deepest=0):
            if file not in own:
                _sort(file, sorting)
    return _beside(folders, sorting)


def _files_under(folder: Path, sorting: _Sorting, *, deepest: int | None = None) -> Iterator[Path]:
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
                if depth < (MAX_FOLDER_DEPTH if deepest is None else deepest):
                    waiting.append((Path(entry.path), depth + 1))
            elif not entry.is_file(follow_symlinks=False):
                sorting.links.append(Path(entry.path))
            else:
                count += 1
                if count > MAX_FILES:
                    raise ReadError(f"more than {MAX_FILES} files in one folder", code="too-large")
                yield Path(entry.path)


def _sort(path: Path, sorting: _Sorting) -> None:
    try:
        head = read_head(path)
    except ReadError as error:
        if error.code not in _NOT_THE_FILE:
            sorting.damaged.append(path)
        sorting.others.append(_refused("unknown", path, error.code, error.message))
        return
    if isinstance(head, bytes):
        found = _other_format(path, head)
        if found.kind == "unknown" and (not head or path.suffix.lower() in _DICOM_ENDINGS):
            sorting.damaged.append(path)
        sorting.others.append(found)
    else:
        _sort_dicom(path, head, sorting)


def _other_format(path: Path, start: bytes) -> Found:
    form = form_of(path.name, start[:START_BYTES])
    if form is not None:
        return Found(kind=form.kind, path=path, form=form.module)
    kind = kind_by_content(path.name, start)
    if kind == "unknown":
        return _refused(kind, path, "unknown-format", "none of the formats that bonemetrics reads")
    if kind == "table":
        return Found(kind=kind, path=path)
    if kind in _READ_BY_FORM:
        return _refused(kind, path, "malformed-document", f"begins like a {kind} file, but does not go on like one")
    return _refused(kind, path, "unsupported-format", f"{kind} files are recognised but not measured by this version")


def _sort_dicom(path: Path, head: DicomHead, sorting: _Sorting) -> None:
    uid = text(head.elements, SERIES_UID)
    modality, sop_class = text(head.elements, MODALITY), text(head.elements, SOP_CLASS)
    if uid and modality == "CT" and (sop_class in _CT_CLASSES or not sop_class):
        _add_to_series(uid, path, head, sorting)
    elif head.problem is not None:
        sorting.damaged.append(path)
        sorting.others.append(_refused("unknown", path, head.problem.code, head.problem.message))
    elif modality == "CT" and sop_class in _CT_CLASSES:
        sorting.others.append(
            _refused("unknown", path, "missing-header-value", "a CT picture that names no series it belongs to")
        )
    else:
        if sop_class in _CT_CLASSES:
            # A CT picture of another modality: one of the two is wrong, and it may be a slice of its neighbours.
            sorting.damaged.append(path)
        kind = dicom_kind(sop_class, modality)
        if kind == "unknown":
            stranger = _refused(kind, path, "not-ct", "an image or document of another kind than CT")
            sorting.foreign.setdefault(uid or str(path), stranger)
        else:
            sorting.others.append(Found(kind=kind, path=path, form="dicom"))


def _add_to_series(uid: str, path: Path, head: DicomHead, sorting: _Sorting) -> None:
    sorting.first_folder.setdefault(uid, path.parent)
    sorting.folders.setdefault(uid, set()).add(path.parent)
    try:
        facts = ct_facts(path, head, sorting.known)
    except ReadError as error:
        sorting.refused.setdefault(uid, []).append(refusal(error))
    else:
        sorting.series.setdefault(uid, []).append(facts)


def _refused(kind: str, path: Path, code: str, message: str) -> Found:
    return Found(kind=kind, path=path, problems=(Problem(code=code, severity="refusal", message=message),))


def _as_found(path: Path, sorting: _Sorting) -> Found:
    series = [_series_found(uid, sorting) for uid in sorting.first_folder]
    if not path.is_dir():
        sole = (series + sorting.others + list(sorting.foreign.values()))[0]
        return replace(sole, path=path)
    plain = [found for found in sorting.others if _is_plainly_other(found, beside_series=bool(series))]
    foreign = list(sorting.foreign.values())
    strangers = [found for found in foreign if found.kind == "unknown"]
    items = series + [found for found in sorting.others + foreign if found not in plain and found not in strangers]
    scouts = [found for found in items if _only_localizers(found)]
    if len(items) > len(scouts):
        items = [found for found in items if found not in scouts]
        plain += scouts
    # Pictures of other kinds are passed over in a mixed folder, but named where there is nothing else.
    items, plain = (items, plain + strangers) if items else (strangers, plain)
    notes = _folder_notes(sorting, scouts if items != scouts else [])
    skipped = tuple(sorting.skipped) + tuple(found.path for found in plain)
    if len(items) != 1:
        return Found(kind="folder", path=path, items=tuple(items), problems=notes, skipped=skipped)
    only = items[0]
    return Found(
        kind=only.kind,
        path=path,
        items=(only,),
        problems=notes + only.problems,
        series=only.series,
        skipped=skipped,
        form=only.form,
    )


def _is_plainly_other(found: Found, *, beside_series: bool) -> bool:
    if found.form:
        # Any picture may be a report page, but beside a CT series it is more likely a screenshot.
        return found.form == "page_image" and beside_series
    return bool(found.problems) and found.problems[0].code == "unknown-format"


def _only_localizers(found: Found) -> bool:
    files = found.series.files if found.series else ()
    return bool(files) and not found.problems and all(frame.localizer for facts in files for frame in facts.frames)


def _folder_notes(sorting: _Sorting, scouts: list[Found]) -> tuple[Problem, ...]:
    notes = []
    beside_series = set().union(*sorting.folders.values())
    elsewhere = sum(link.parent not in beside_series for link in sorting.links)
    if elsewhere:
        notes.append(note("links-skipped", f"{elsewhere} links or special files were skipped"))
    if scouts:
        notes.append(note("localizers-set-aside", f"{len(scouts)} series of localizers were passed over"))
    return tuple(notes)


def _series_found(uid: str, sorting: _Sorting) -> Found:
    refusals = tuple(sorting.refused.get(uid, ()))
    notes = _beside(sorting.folders[uid], sorting)
    series = SeriesFiles(series_uid=uid, files=tuple(sorting.series.get(uid, ())), refusals=refusals, notes=notes)
    return Found(kind="ct-series", path=sorting.first_folder[uid], problems=refusals[:1] + notes, series=series)


def _beside(folders: set[Path], sorting: _Sorting) -> tuple[Problem, ...]:
    """What lies beside a series and could be slices of it."""
    damaged = sum(path.parent in folders for path in sorting.damaged)
    links = sum(path.parent in folders for path in sorting.links)
    notes = []
    if damaged:
        notes.append(note("damaged-neighbour", f"{damaged} damaged DICOM file(s) beside the series"))
    if links:
        notes.append(note("links-skipped", f"{links} links or special files beside the series were skipped"))
    return tuple(notes)
