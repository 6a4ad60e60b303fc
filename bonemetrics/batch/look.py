"""What lies in a bundle of files, found in a guarded child and told shortly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bonemetrics.batch.summary import Refused
from bonemetrics.errors import ReadError
from bonemetrics.readers.files import open_regular, read_range, require_unchanged
from bonemetrics.readers.header import header_of
from bonemetrics.readers.identify import Found, identify, neighbours
from bonemetrics.readers.series import SeriesFiles
from bonemetrics.records import ScanHeader

_NONE_OF_OURS = frozenset({"unknown-format", "not-ct"})
_TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".xpt")
"""Any such file may be a table of clinical data; the protocol says which ones are."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class SeenFile:
    """A file by its path, and by what changes when it is written to."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSeries:
    """A CT series, or the part of it that lay in one bundle.

    `header` says whom it shows and when, and stays in this process and the store; it is `None` where not one of the
    files could be read, and `refused` says why. `files` are all of them, refused ones included.
    """

    series_uid: str
    files: tuple[SeenFile, ...]
    header: ScanHeader | None
    refused: tuple[Refused, ...] = ()

    @property
    def scan_date(self) -> date:
        """Date of the scan; far in the future where it is not known, so that it sorts last."""
        return (self.header.scan_date if self.header else None) or date.max

    @property
    def path(self) -> str:
        """Folder of the first file, for people."""
        return str(Path(self.files[0].path).parent)

    @property
    def stamp(self) -> str:
        """Hash of paths, sizes and times of change: the same stamp means that nothing was written to."""
        content = [(file.path, file.size, file.mtime_ns) for file in sorted(self.files)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class SeenReports:
    """A file that may hold DXA results, and the kind that it says it is."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What lay in a bundle of files."""

    series: tuple[SeenSeries, ...] = ()
    reports: tuple[SeenReports, ...] = ()
    tables: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    skipped: int = 0


def look_at(paths: tuple[str, ...]) -> Seen:
    """Identify files one by one. Runs in a guarded child.

    Parameters
    ----------
    paths
        Files; each is told by its own content, series by UID.

    Returns
    -------
    Seen
        Small enough to be sent home: no pixels, no header beyond what places a scan in a study.
    """
    parts: dict[str, list[tuple[str, SeriesFiles]]] = {}
    reports: list[SeenReports] = []
    tables: list[str] = []
    refused: list[Refused] = []
    skipped = 0
    for path in paths:
        try:
            found = identify(Path(path))
        except ReadError as error:
            refused.append(Refused(path, error.code, error.message))
            continue
        if found.series is not None:
            parts.setdefault(found.series.series_uid, []).append((path, found.series))
        elif found.form:
            reports.append(SeenReports(path, found.kind))
        elif found.kind == "table" or (found.kind == "unknown" and path.lower().endswith(_TABLE_ENDINGS)):
            tables.append(path)
        elif _is_none_of_ours(found):
            skipped += 1
        else:
            refused.append(Refused(path, found.problems[0].code, found.problems[0].message))
    series = tuple(_series(uid, files) for uid, files in parts.items())
    return Seen(series=series, reports=tuple(reports), tables=tuple(tables), refused=tuple(refused), skipped=skipped)


def _is_none_of_ours(found: Found) -> bool:
    return not found.problems or found.problems[0].code in _NONE_OF_OURS


def _series(uid: str, parts: list[tuple[str, SeriesFiles]]) -> SeenSeries:
    facts = [one for _, part in parts for one in part.files]
    refused = tuple(Refused(path, problem.code, problem.message) for path, part in parts for problem in part.refusals)
    good = {str(one.path): SeenFile(str(one.path), one.stamp.size, one.stamp.mtime_ns) for one in facts}
    files = tuple(sorted(good.get(path) or _as_it_lies(path) for path, _ in parts))
    if not facts:
        return SeenSeries(series_uid=uid, files=files, header=None, refused=refused)
    return SeenSeries(series_uid=uid, files=files, header=header_of(facts, "", len(facts)), refused=refused)


def _as_it_lies(path: str) -> SeenFile:
    try:
        status = Path(path).lstat()
    except OSError:
        return SeenFile(path, -1, -1)
    return SeenFile(path, status.st_size, status.st_mtime_ns)


def joined(parts: Iterable[SeenSeries]) -> SeenSeries:
    """Put the parts of one series together that lay in several bundles; the earliest date stands."""
    every = list(parts)
    first = min(every, key=lambda part: (part.header is None, part.scan_date, part.files))
    return SeenSeries(
        series_uid=first.series_uid,
        files=tuple(sorted(file for part in every for file in part.files)),
        header=first.header,
        refused=tuple(sorted(entry for part in every for entry in part.refused)),
    )


def series_of(paths: Iterable[str]) -> SeriesFiles:
    """Read the headers of a series' files anew. Runs in a guarded child.

    Parameters
    ----------
    paths
        Files of one series.

    Returns
    -------
    SeriesFiles
        For the CT reader.

    Raises
    ------
    ReadError
        `changed-while-reading` if they are no longer files of one CT series.
    """
    files = [Path(path) for path in paths]
    found = [identify(file).series for file in files]
    whole = [series for series in found if series is not None]
    uids = {series.series_uid for series in whole}
    if len(whole) < len(found) or len(uids) != 1:
        raise ReadError("the files of the series changed during the run; run again", code="changed-while-reading")
    return SeriesFiles(
        series_uid=uids.pop(),
        files=tuple(facts for series in whole for facts in series.files),
        refusals=tuple(problem for series in whole for problem in series.refusals),
        notes=neighbours(files),
    )


def digest_of(paths: Iterable[str]) -> str:
    """Content of a series: sha256 over the sorted sha256 digests of its files. Runs in a guarded child.

    Parameters
    ----------
    paths
        Files, in any order and of any name.

    Returns
    -------
    str
        Hexadecimal.

    Raises
    ------
    ReadError
        As for any file that cannot be read whole.
    """
    digests = []
    for path in paths:
        content = hashlib.sha256()
        with open_regular(Path(path)) as (descriptor, stamp):
            for start in range(0, stamp.size, _BLOCK):
                content.update(read_range(descriptor, start, min(start + _BLOCK, stamp.size)))
            require_unchanged(descriptor, stamp)
        digests.append(content.digest())
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()
