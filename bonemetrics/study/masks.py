"""Versions of a scan's segmentation: the automatic one, and what readers made of it, each with its own numbers."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from bonemetrics.atomic import write_atomic
from bonemetrics.errors import StudyError
from bonemetrics.records import Calibration, Measurement, Problem, QualityCard, Record, ScanResult, refusal
from bonemetrics.study import audit
from bonemetrics.study.audit import Author, canonical_json, utc_now
from bonemetrics.study.layout import StudyFolder
from bonemetrics.study.schema import LABELS, RESULTS, SCANS
from bonemetrics.study.schema_reading import MASK_NUMBERS

AUTOMATIC = "automatic"
EditSource = Literal["edited", "adjudicated", "repeat"]
"""Who drew a mask: a reader, an adjudicator, or a reader in a hidden second look, which counts for nothing here."""
Key = tuple[str, int]
"""Scan and version of its result."""
_FILE = re.compile(r"labels-(\d{4,})\.nii\.gz")
_SAME_CALIBRATION = 1e-9


class Labels(Record):
    """One version of a scan's segmentation; `number` 1 is the automatic one.

    `version` is that of the result it belongs to, `reader` who drew it (empty for the automatic one), `user` who acted,
    as the audit log names them. `based_on` is the hash of the mask that was changed. The file lies in
    `StudyFolder.files_of(scan_id, version)`.
    """

    scan_id: str
    version: int
    number: int
    file: str
    sha256: str
    source: str
    user: str
    reader: str = ""
    based_on: str = ""
    recorded_utc: str

    @property
    def is_automatic(self) -> bool:
        """Whether no reader has changed it."""
        return self.source == AUTOMATIC


class MaskResult(Record):
    """What one edited mask measured; it stands in place of the numbers of the automatic one where the mask counts."""

    number: int
    sha256: str
    measurements: tuple[Measurement, ...]
    problems: tuple[Problem, ...] = ()
    card: QualityCard = QualityCard()

    @property
    def content(self) -> str:
        """Numbers, problems and card as canonical JSON."""
        return canonical_json(self.model_dump(mode="json", include={"measurements", "problems", "card"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMask:
    """A mask on its way into the study, and what it measured beside the result of `of_version`."""

    scan_id: str
    file: Path
    result: ScanResult
    reader: str
    source: EditSource
    based_on: str
    of_version: int | None = None


def numbers_digest(scan_id: str, version: int, number: int, content: str) -> str:
    """Sha256 (hex) over what a mask measured; it stands in the audit log."""
    return hashlib.sha256(canonical_json([scan_id, version, number, content]).encode()).hexdigest()


def every_mask(connection: Connection, scan_id: str | None = None) -> dict[Key, tuple[Labels, ...]]:
    """Masks of all results, older ones too, by scan and version in the order of their numbers."""
    query = select(LABELS).order_by(LABELS.c.scan_id, LABELS.c.version, LABELS.c.number)
    if scan_id is not None:
        query = query.where(LABELS.c.scan_id == scan_id)
    found: dict[Key, list[Labels]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault((row["scan_id"], row["version"]), []).append(Labels.model_validate(dict(row)))
    return {key: tuple(masks) for key, masks in found.items()}


def current_masks(connection: Connection, scan_id: str) -> tuple[Labels, ...]:
    """Masks of the current result of one scan, in the order of their numbers.

    Raises
    ------
    StudyError
        `unknown-scan`.
    """
    return every_mask(connection, scan_id).get((scan_id, current_version(connection, scan_id)), ())


def current_version(connection: Connection, scan_id: str) -> int:
    """Number of the current result of one scan; see `current_masks`."""
    version = connection.scalar(select(SCANS.c.current_version).where(SCANS.c.scan_id == scan_id))
    if version is None:
        raise StudyError(f"the study has no scan {scan_id}", code="unknown-scan")
    return int(version)


def require_version(connection: Connection, scan_id: str, version: int | None) -> int:
    """Number of the current result, which must be this one where it is given: a mask alone does not tell its numbers.

    Raises
    ------
    StudyError
        `unknown-scan`, or `stale-mask`.
    """
    current = current_version(connection, scan_id)
    if version is not None and version != current:
        text = "the scan was measured again since it was opened; open it again and look at its new numbers"
        raise StudyError(text, code="stale-mask")
    return current


def require_mask(masks: tuple[Labels, ...], sha256: str) -> Labels:
    """The latest mask of that hash.

    Raises
    ------
    StudyError
        `stale-mask`.
    """
    found = [mask for mask in masks if mask.sha256 == sha256]
    if not found:
        text = "the mask is none of the scan's current result; open the scan again"
        raise StudyError(text, code="stale-mask")
    return found[-1]


def mask_results(connection: Connection, scan_id: str | None = None) -> dict[tuple[str, int, int], MaskResult]:
    """What every edited mask measured, by scan, version and number of the mask."""
    keys = ("scan_id", "version", "number")
    same = [MASK_NUMBERS.c[name] == LABELS.c[name] for name in keys]
    query = select(MASK_NUMBERS, LABELS.c.sha256).join(LABELS, same[0] & same[1] & same[2])
    if scan_id is not None:
        query = query.where(MASK_NUMBERS.c.scan_id == scan_id)
    return {
        (row["scan_id"], row["version"], row["number"]): MaskResult.model_validate_json(
            canonical_json({"number": row["number"], "sha256": row["sha256"], **json.loads(row["content"])})
        )
        for row in connection.execute(query).mappings()
    }


def without_numbers(mask: Labels) -> MaskResult:
    """Stand-in where the numbers of a mask are gone: none at all, never those of another mask."""
    error = StudyError("the numbers of the edited segmentation are not in the study", code="mask-not-measured")
    return MaskResult(number=mask.number, sha256=mask.sha256, measurements=(), problems=(refusal(error),))


def add_mask(connection: Connection, folder: StudyFolder, author: Author, new: NewMask) -> Labels:
    """Keep a mask and its numbers as the next version, inside the caller's write transaction.

    The file is copied under a name that nothing has: what a process left there that was killed before its transaction
    ended stays unused. The caller removes `new.file` after the transaction, so that a kill at any point leaves a state
    in which the same call works again.

    Raises
    ------
    StudyError
        `unknown-scan`, `stale-mask` or `mask-not-measured`.
    """
    version = require_version(connection, new.scan_id, new.of_version)
    masks = current_masks(connection, new.scan_id)
    require_mask(masks, new.based_on)
    data = new.file.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    place = folder.scan(new.scan_id)
    number = _next_number(place, masks)
    measured = _measured(connection, new, version, number, sha256)
    mask = Labels(
        scan_id=new.scan_id,
        version=version,
        number=number,
        file=f"labels-{number:04d}.nii.gz",
        sha256=sha256,
        source=new.source,
        user=author.user,
        reader=new.reader,
        based_on=new.based_on,
        recorded_utc=utc_now(),
    )
    write_atomic(place / mask.file, data)
    connection.execute(insert(LABELS).values(**mask.model_dump()))
    key = {"scan_id": new.scan_id, "version": version, "number": number}
    digest = numbers_digest(new.scan_id, version, number, measured.content)
    connection.execute(insert(MASK_NUMBERS).values(**key, content=measured.content, digest=digest))
    told = mask.model_dump(exclude={"scan_id"})
    audit.append(connection, author, "labels-added", f"scan {new.scan_id}", new={**told, "digest": digest})
    return mask


def _next_number(place: Path, masks: tuple[Labels, ...]) -> int:
    lying = [int(found[1]) for file in place.iterdir() if (found := _FILE.fullmatch(file.name))]
    return max([*lying, *(mask.number for mask in masks)]) + 1


def _measured(connection: Connection, new: NewMask, version: int, number: int, sha256: str) -> MaskResult:
    result = new.result
    query = select(RESULTS.c.content).where(RESULTS.c.scan_id == new.scan_id, RESULTS.c.version == version)
    _require_numbers(result, json.loads(connection.execute(query).scalar_one())["calibration"])
    return MaskResult(
        number=number,
        sha256=sha256,
        measurements=tuple(_of_this_mask(found, new, number, sha256) for found in result.measurements),
        problems=result.problems,
        card=result.card,
    )


def require_numbers(result: ScanResult, known: Calibration | None) -> None:
    """Refuse what labels measured where it cannot stand beside the scan's own numbers.

    Parameters
    ----------
    result
        What the labels measured.
    known
        Calibration of the scan's stored result.

    Raises
    ------
    StudyError
        `mask-not-measured`.
    """
    _require_numbers(result, None if known is None else known.model_dump(mode="json"))


def _require_numbers(result: ScanResult, known: dict[str, Any] | None) -> None:
    if result.refusal is not None or not result.measurements:
        why = result.refusal.message if result.refusal is not None else "there is no number"
        raise _not_measured(f"the segmentation cannot be measured ({why}), so it cannot stand for the scan")
    if not _is_same_calibration(result.calibration, known):
        raise _not_measured("the numbers rest on another calibration than the scan's; run the study first")


def _is_same_calibration(found: Calibration | None, known: dict[str, Any] | None) -> bool:
    if found is None or known is None:
        return found is None and known is None
    if (found.method, str(found.material)) != (known["method"], known["material"]):
        return False
    pairs = ((found.slope, known["slope"]), (found.intercept, known["intercept"]))
    return all(
        here == there
        or (here is not None and there is not None and math.isclose(here, there, rel_tol=_SAME_CALIBRATION))
        for here, there in pairs
    )


def _of_this_mask(found: Measurement, new: NewMask, number: int, sha256: str) -> Measurement:
    """The number with the mask's own number and source in its provenance; it must be of this mask."""
    told = found.provenance.parameters.get("labels")
    told = dict(told) if isinstance(told, dict) else {}
    if told.get("sha256", sha256) != sha256:
        raise _not_measured("the numbers are of another segmentation; measure this one")
    told |= {"sha256": sha256, "number": number, "source": new.source}
    parameters = {**found.provenance.parameters, "labels": told}
    return found.model_copy(update={"provenance": found.provenance.model_copy(update={"parameters": parameters})})


def _not_measured(message: str) -> StudyError:
    return StudyError(message, code="mask-not-measured")
