"""The folder of a study: what lies where, and how files get there whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bonemetrics.atomic import sync_folder

PROTOCOL_FILE = "study.toml"
DATABASE_FILE = "study.db"
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
_IGNORED = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class StudyFolder:
    """Paths of one study. Nothing is touched until a method says so."""

    root: Path

    @property
    def protocol(self) -> Path:
        """The protocol, `study.toml`."""
        return self.root / PROTOCOL_FILE

    @property
    def database(self) -> Path:
        """The SQLite database, where the study keeps its records in one."""
        return self.root / DATABASE_FILE

    @property
    def scans(self) -> Path:
        """Folder of one folder per scan."""
        return self.root / "scans"

    def biopsy(self, entry_id: str) -> Path:
        """Folder of what was drawn for one entry of a biopsy; made when there is something."""
        if not entry_id.isalnum():
            raise ValueError("the ID of an entry is letters and digits")
        return self.root / "biopsies" / entry_id

    @property
    def exports(self) -> Path:
        """Folder for tables."""
        return self.root / "exports"

    def scan(self, scan_id: str) -> Path:
        """Folder of one scan; `scan_id` is a hash and never a text from a file."""
        if not scan_id.isalnum():
            raise ValueError("a scan ID is letters and digits")
        return self.scans / scan_id

    def superseded(self, scan_id: str, version: int) -> Path:
        """Where the files of an older result of a scan are kept."""
        return self.scan(scan_id) / f"superseded-{version:04d}"

    def new_staging(self) -> Path:
        """Make an empty private folder, on the study's own disk, for one scan's files while it is measured."""
        make_private_folder(self.scans)
        return Path(tempfile.mkdtemp(prefix=".staging-", dir=self.scans))

    def new_reading(self) -> Path:
        """Make an empty private folder for what a reader has open; a run that begins or ends leaves it alone."""
        make_private_folder(self.scans)
        return Path(tempfile.mkdtemp(prefix=".reading-", dir=self.scans))

    def files_of(self, scan_id: str, version: int) -> Path:
        """Folder with the files of one result: the scan's own while it is the latest, else where they are kept."""
        kept = self.superseded(scan_id, version)
        return kept if kept.is_dir() else self.scan(scan_id)

    def sweep_staging(self, *, older_than_s: float = 86_400.0) -> None:
        """Remove what runs and readings that were killed left behind; those beside this one keep their own."""
        oldest = time.time() - older_than_s
        for left in (*self.scans.glob(".staging-*"), *self.scans.glob(".reading-*")):
            if left.is_dir() and left.stat().st_mtime < oldest:
                shutil.rmtree(left, ignore_errors=True)

    def is_free(self) -> bool:
        """Whether a new study may be made here: no such folder yet, or nothing in it."""
        return not self.root.exists() or not any(entry.name not in _IGNORED for entry in self.root.iterdir())


def scan_id(study_uid: str, series_uid: str) -> str:
    """Short hash of the UIDs that names a scan in paths and tables.

    Parameters
    ----------
    study_uid, series_uid
        DICOM UIDs.

    Returns
    -------
    str
        16 hexadecimal digits (64 bits: a repeat among a million scans has a chance below 1 in 10 million).
    """
    return hashlib.sha256(f"{study_uid}\n{series_uid}".encode()).hexdigest()[:16]


def path_id(path: Path) -> str:
    """Stand-in for the scan ID of a file that tells no UID."""
    return hashlib.sha256(b"path\n" + os.fsencode(path)).hexdigest()[:16]


def make_private_folder(folder: Path) -> None:
    """Make a folder and its parents; only the owner may look inside what is new."""
    missing = [folder, *folder.parents][: sum(not part.exists() for part in (folder, *folder.parents))]
    for part in reversed(missing):
        with contextlib.suppress(FileExistsError):  # a run beside this one may have made it
            part.mkdir(mode=PRIVATE_FOLDER)


def sha256_of(path: Path) -> str:
    """Sha256 (hex) of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def install_files(folder: StudyFolder, staging: Path | None, scan: str, *, recorded_version: int) -> tuple[str, ...]:
    """Move what was measured into `staging` to the scan's folder; older files are kept beside.

    A kill at any point leaves either the old files or the new ones under each name, and the old ones whole under
    `superseded-NNNN`, so that the same call made again ends in the same state.

    Parameters
    ----------
    folder
        The study.
    staging
        Folder of `StudyFolder.new_staging`, gone afterwards; `None` where the scan gave no file.
    scan
        The scan's ID.
    recorded_version
        Version of the result whose files lie in the scan's folder, 0 where there is none.

    Returns
    -------
    tuple of str
        Names of the new files.
    """
    place = folder.scan(scan)
    make_private_folder(place)
    archive = folder.superseded(scan, recorded_version)
    if recorded_version:
        _archive(place, archive)
    new = sorted((entry for entry in staging.iterdir() if entry.is_file()), key=str) if staging else []
    for file in new:
        file.chmod(PRIVATE_FILE)
        file.replace(place / file.name)
    names = tuple(file.name for file in new)
    for old in place.iterdir():
        if old.is_file() and old.name not in names:
            old.unlink()
    sync_folder(place)
    if staging:
        shutil.rmtree(staging)
    return names


def _archive(place: Path, archive: Path) -> None:
    files = [entry for entry in place.iterdir() if entry.is_file()]
    if archive.exists():
        # An earlier call was cut short; what came since, such as an edited mask, is kept too.
        for file in files:
            if not (archive / file.name).exists():
                shutil.copy2(file, archive / file.name)
        return
    if not files:
        return
    half = Path(tempfile.mkdtemp(prefix=".staging-", dir=place))
    for file in files:
        shutil.copy2(file, half / file.name)
    half.rename(archive)
    sync_folder(place)
