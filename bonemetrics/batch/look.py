"""What lies in a bundle of files, found in a guarded child and told shortly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bonemetrics.batch.summary import Refused
from bonemetrics.errors import ReadError
from bonemetrics.readers.files import open_regular, read_range, require_unchanged
from bonemetrics.readers.header import header_of
from bonemetrics.readers.identify import Found, identify
from bonemetrics.readers.series import SeriesFiles

_NONE_OF_OURS = frozenset({"unknown-format", "not-ct"})
_NOT_IN_THIS_VERSION = frozenset({"table", "dxa-report"})
"""Any CSV or PDF may be one of these; until they are read, they are left alone without a word."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class SeenFile:
    """A file by its path, and by what changes when it is written to."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a scan shows; matched in this process, never written to a table."""

    patient_id: str = field(repr=False)
    birth_date: str = field(repr=False)
    sex: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSeries:
    """A CT series, or the part of it that lay in one bundle.

    `person` is `None` and `refused` is set where not one of its files has a readable header.
    """

    series_uid: str
    files: tuple[SeenFile, ...]
    person: Person | None
    study_uid: str = ""
    scan_date: date | None = None
    refused: tuple[Refused, ...] = ()

    @property
    def path(self) -> str:
        """Folder of the first file, for people."""
        first = min(self.files).path if self.files else min(self.refused).path
        return str(Path(first).parent)

    @property
    def stamp(self) -> str:
        """Hash of paths, sizes and times of change: the same stamp means that nothing was written to."""
        content = [(file.path, file.size, file.mtime_ns) for file in sorted(self.files)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What lay in a bundle of files."""

    series: tuple[SeenSeries, ...] = ()
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
        elif _is_none_of_ours(found):
            skipped += 1
        else:
            refused.append(Refused(path, found.problems[0].code, found.problems[0].message))
    series = tuple(_series(uid, files) for uid, files in parts.items())
    return Seen(series=series, refused=tuple(refused), skipped=skipped)


def _is_none_of_ours(found: Found) -> bool:
    return found.kind in _NOT_IN_THIS_VERSION or not found.problems or found.problems[0].code in _NONE_OF_OURS


def _series(uid: str, parts: list[tuple[str, SeriesFiles]]) -> SeenSeries:
    facts = [one for _, part in parts for one in part.files]
    refused = tuple(Refused(path, problem.code, problem.message) for path, part in parts for problem in part.refusals)
    files = tuple(sorted(SeenFile(str(one.path), one.stamp.size, one.stamp.mtime_ns) for one in facts))
    if not facts:
        return SeenSeries(series_uid=uid, files=files, person=None, refused=refused)
    header = header_of(facts, "", len(facts))
    return SeenSeries(
        series_uid=uid,
        files=files,
        person=Person(patient_id=header.patient_id, birth_date=header.patient_birth_date, sex=header.patient_sex),
        study_uid=header.study_uid,
        scan_date=header.scan_date,
        refused=refused,
    )


def joined(parts: Iterable[SeenSeries]) -> SeenSeries:
    """Put the parts of one series together that lay in several bundles; the earliest date stands."""
    every = list(parts)
    dated = sorted((part for part in every if part.person), key=lambda part: (part.scan_date or date.max, part.files))
    first = dated[0] if dated else every[0]
    return SeenSeries(
        series_uid=first.series_uid,
        files=tuple(sorted(file for part in every for file in part.files)),
        person=first.person,
        study_uid=first.study_uid,
        scan_date=first.scan_date,
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
    found = [identify(Path(path)).series for path in paths]
    whole = [series for series in found if series is not None]
    uids = {series.series_uid for series in whole}
    if len(whole) < len(found) or len(uids) != 1:
        raise ReadError("the files of the series changed during the run; run again", code="changed-while-reading")
    return SeriesFiles(
        series_uid=uids.pop(),
        files=tuple(facts for series in whole for facts in series.files),
        refusals=tuple(problem for series in whole for problem in series.refusals),
        notes=tuple(dict.fromkeys(problem for series in whole for problem in series.notes)),
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
