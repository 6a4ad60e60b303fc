"""What is typed and drawn for a biopsy and not saved yet, kept so that a killed program loses none of it."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

from pydantic import ValidationError

from bonemetrics.errors import ReviewError
from bonemetrics.records import Record
from bonemetrics.review.drafts import read_sealed, set_aside, write_sealed
from bonemetrics.review.section_evidence import Evidence
from bonemetrics.study.layout import StudyFolder

_MAGIC = b"bonemetrics biopsy draft 1\n"
_MOST_BYTES = 256 * 1024**2
DAMAGED = "the unsaved draft of the biopsy is damaged and was set aside; the form shows the entry as it was saved last"


class BiopsyDraft(Record):
    """A form with its drawings; it lies beside the study's entries, is none and never counts.

    `based_on` is the digest of the stored version that it began with, empty for a new entry. `drawings` are behind the
    numbers of the form, `canvas` was drawn and not put into it.
    """

    based_on: str
    texts: dict[str, str]
    drawings: tuple[Evidence, ...] = ()
    canvas: tuple[Evidence, ...] = ()
    kept_utc: str


def biopsy_draft_file(folder: StudyFolder, *, reader: str, subject: str, visit: str, entry_id: str) -> Path:
    """Where the draft of one reader's entry lies; the name is a hash and tells none of them.

    A new entry is known by person and visit, a stored one by its ID.
    """
    parts = ("biopsy", reader, entry_id) if entry_id else ("new biopsy", reader, subject, visit)
    name = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    return folder.root / "drafts" / f"{name}.draft"


def write_biopsy_draft(path: Path, draft: BiopsyDraft) -> None:
    """Keep a draft in place of the one before it; when this returns it is on the disk."""
    write_sealed(path, _MAGIC, zlib.compress(draft.model_dump_json().encode(), level=1))


def read_biopsy_draft(path: Path) -> BiopsyDraft | None:
    """The draft that was kept last; `None` where there is none.

    Raises
    ------
    ReviewError
        `draft-set-aside` where the file is damaged; it is then moved out of the way, not removed.
    """
    packed = read_sealed(path, _MAGIC, damaged=DAMAGED)
    if packed is None:
        return None
    try:
        return BiopsyDraft.model_validate_json(_unpacked(packed))
    except (ValidationError, zlib.error):
        set_aside(path)
        raise ReviewError(DAMAGED, code="draft-set-aside") from None


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(packed, _MOST_BYTES)
    if not unpacker.eof:
        raise zlib.error("more than a draft can hold")
    return content
