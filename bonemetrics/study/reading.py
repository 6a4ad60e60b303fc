"""The reading of a study: masks, verdicts, claims, signatures and biopsy entries, as `Store.reading` offers them."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue
from sqlalchemy import select

from bonemetrics.errors import StudyError
from bonemetrics.records import HistomorphometryEntry, Review, ReviewParameters, ScanResult
from bonemetrics.records.review import ReaderRole
from bonemetrics.study import (
    biopsy_entries,
    claims,
    drawn_order,
    enrolment,
    masks,
    reader_state,
    reviews,
    signatures,
    standing,
)
from bonemetrics.study.audit import Author
from bonemetrics.study.biopsy_entries import StoredEntry
from bonemetrics.study.claims import Claim
from bonemetrics.study.database import Database
from bonemetrics.study.drawn_order import DrawnOrder
from bonemetrics.study.layout import StudyFolder
from bonemetrics.study.masks import EditSource, Labels, MaskResult, NewMask
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.schema import LABELS, REVIEWS
from bonemetrics.study.signatures import Signature
from bonemetrics.study.standing import Standing


class Reading:
    """What readers do in one open study; every method is one short transaction, as in `Store`."""

    def __init__(self, folder: StudyFolder, protocol: Protocol, database: Database, author: Author) -> None:
        self.folder = folder
        self.protocol = protocol
        self.author = author
        self._database = database

    @property
    def rules(self) -> ReviewParameters:
        """`[review]` of the protocol."""
        return self.protocol.review

    # Masks

    def masks(self, scan_id: str) -> tuple[Labels, ...]:
        """Every mask of the current result, those of all readers; raises `unknown-scan`."""
        with self._database.read() as connection:
            return masks.current_masks(connection, scan_id)

    def every_mask(self) -> tuple[Labels, ...]:
        """Masks of all scans and all their results, superseded ones too."""
        with self._database.read() as connection:
            return tuple(mask for found in masks.every_mask(connection).values() for mask in found)

    def every_reader(self) -> frozenset[str]:
        """Names of all who gave a verdict or drew a mask, on any result of any scan."""
        with self._database.read() as connection:
            found = [connection.scalars(select(table.c.reader).distinct()) for table in (REVIEWS, LABELS)]
            return frozenset(name for names in found for name in names if name)

    def mask_result(self, mask: Labels) -> MaskResult | None:
        """What one edited mask measured; `None` for the automatic one, whose numbers are the result's."""
        with self._database.read() as connection:
            found = masks.mask_results(connection, mask.scan_id)
        return found.get((mask.scan_id, mask.version, mask.number))

    def path_of(self, mask: Labels) -> Path:
        """Where the file of a mask lies."""
        return self.folder.files_of(mask.scan_id, mask.version) / mask.file

    def mask_for(self, scan_id: str, reader: str, *, role: ReaderRole | None = None) -> Labels:
        """The mask that a reader begins from; see `standing.mask_for`. The role is the protocol's where left out.

        Raises
        ------
        StudyError
            `unknown-scan`, or `nothing-to-judge` where the scan has no mask.
        """
        role = role or reviews.role_of(self.rules, reader)
        found = standing.mask_for(self.masks(scan_id), reader, readings=self.rules.readings, role=role)
        if found is None:
            raise StudyError("the scan has no segmentation that could be judged", code="nothing-to-judge")
        return found

    def add_mask(
        self,
        scan_id: str,
        *,
        file: Path,
        result: ScanResult,
        reader: str,
        source: EditSource,
        based_on: str,
        version: int | None = None,
    ) -> Labels:
        """Keep a finished labels file and its numbers as the next version; the file is moved.

        Parameters
        ----------
        scan_id
            What it is of.
        file
            From `readers.labels.write_labels`, in a folder of `StudyFolder.new_reading`.
        result
            What the mask measured, made with the calibration of the stored result. The number that its provenance
            gives the mask need not be known yet: it is set here.
        reader
            Who drew it.
        source
            `edited` by a reader or `adjudicated`; `repeat` for an edit in a hidden second look, which never counts and
            so is kept on a signed record too.
        based_on
            Hash of the mask that was changed.
        version
            Of the scan's result that the mask was measured beside; where it is left out that of now is believed.

        Raises
        ------
        StudyError
            `unknown-scan`; `unknown-reader`; `locked`; `stale-mask` where `version` is not the current one, `based_on`
            is no mask of the current result, or, of a reader's edit, not the mask before her, as after another
            window's saving; `mask-not-measured` where the result has no number, rests on
            another calibration, or is of another mask. The file is then left where it is.
        """
        new = NewMask(
            scan_id=scan_id,
            file=file,
            result=result,
            reader=reader,
            source=source,
            based_on=based_on,
            of_version=version,
        )
        reviews.require_reader(self.rules, reader, "adjudicator" if source == "adjudicated" else "reader")
        with self._database.write() as connection:
            if source != "repeat":
                signatures.require_open(connection, scan_id)
            self._require_own(masks.current_masks(connection, scan_id), new)
            mask = masks.add_mask(connection, self.folder, self.author, new)
        with contextlib.suppress(OSError):  # it is kept; a copy too many does no harm
            file.unlink()
        return mask

    def _require_own(self, known: tuple[Labels, ...], new: NewMask) -> None:
        based_on = masks.require_mask(known, new.based_on)
        before_her = standing.mask_for(known, new.reader, readings=self.rules.readings)
        if new.source == "edited" and before_her is not None and before_her.sha256 != based_on.sha256:
            text = "another mask was saved since this one was opened; open the scan again and look at that one first"
            raise StudyError(text, code="stale-mask")

    # Verdicts

    def record_review(self, review: Review) -> StoredReview:
        """Keep a verdict; see `reviews.record_review`. Raises `locked` too, on a signed record.

        The verdict of a hidden second look is no part of what was signed and is kept all the same.
        """
        with self._database.write() as connection:
            if not review.repeat:
                signatures.require_open(connection, review.scan_id)
            return reviews.record_review(connection, self.author, self.rules, review)

    def reviews(self, scan_id: str | None = None) -> tuple[StoredReview, ...]:
        """Every verdict ever given, of one scan or all, in order; a reader's later one stands for her."""
        with self._database.read() as connection:
            return reviews.reviews(connection, scan_id)

    def standing(self, scan_id: str) -> Standing:
        """Which mask of a scan counts and how its reading stands; raises `unknown-scan`."""
        with self._database.read() as connection:
            found = masks.current_masks(connection, scan_id)
            return standing.standing(found, reviews.reviews(connection, scan_id), readings=self.rules.readings)

    # Claims

    def claim(self, scan_id: str, reader: str, *, session: str, now: datetime | None = None) -> Claim:
        """Take a scan for `[review] claim_minutes`; see `claims.claim`. Raises `unknown-reader` too."""
        reviews.require_reader(self.rules, reader, reviews.role_of(self.rules, reader))
        with self._database.write() as connection:
            return claims.claim(connection, self.rules, scan_id, reader, session=session, now=now)

    def renew(self, scan_id: str, reader: str, *, session: str, now: datetime | None = None) -> Claim:
        """Keep a claim for longer; see `claims.renew`."""
        with self._database.write() as connection:
            return claims.renew(connection, self.rules, scan_id, reader, session=session, now=now)

    def release(self, scan_id: str, reader: str, *, session: str) -> None:
        """Give a scan back; nothing happens where this session does not have it."""
        with self._database.write() as connection:
            claims.release(connection, scan_id, reader, session=session)

    def claims(self, *, now: datetime | None = None) -> tuple[Claim, ...]:
        """Claims that have not ended."""
        with self._database.read() as connection:
            return claims.claims(connection, now=now)

    # Signatures

    def sign(
        self,
        scan_id: str,
        reader: str,
        meaning: str,
        label_sha256: str,
        review_id: int,
        *,
        version: int | None = None,
    ) -> Signature:
        """Sign and lock the record of a scan; see `signatures.sign`."""
        with self._database.write() as connection:
            return signatures.sign(
                connection,
                self.author,
                self.rules,
                scan_id=scan_id,
                reader=reader,
                meaning=meaning,
                label_sha256=label_sha256,
                review_id=review_id,
                version=version,
            )

    def unlock(self, scan_id: str, reason: str) -> Signature:
        """Void the signature of a scan and open its record; see `signatures.unlock`."""
        with self._database.write() as connection:
            return signatures.unlock(connection, self.author, scan_id, reason)

    def lock_of(self, scan_id: str) -> Signature | None:
        """The signature that locks a scan; `None` where its record is open."""
        with self._database.read() as connection:
            return signatures.lock_of(connection, scan_id)

    def locks(self) -> dict[str, Signature]:
        """Every signature that locks, by scan."""
        with self._database.read() as connection:
            return signatures.locks(connection)

    # Biopsies

    def record_entry(
        self, entry: HistomorphometryEntry, *, drawings: Sequence[Path] = (), entry_id: str = ""
    ) -> StoredEntry:
        """Keep what was entered of a biopsy as a new version; see `biopsy_entries.record_entry`."""
        with self._database.write() as connection:
            return biopsy_entries.record_entry(
                connection, self.folder, self.author, self.protocol, entry, drawings=drawings, entry_id=entry_id
            )

    def unlock_entry(self, entry_id: str, reason: str) -> StoredEntry:
        """Open a locked entry with a reason; see `biopsy_entries.unlock_entry`."""
        with self._database.write() as connection:
            return biopsy_entries.unlock_entry(connection, self.author, entry_id, reason)

    def entries(self, subject: str | None = None) -> tuple[StoredEntry, ...]:
        """Latest versions of entries, of one person or all."""
        with self._database.read() as connection:
            return biopsy_entries.entries(connection, subject)

    def every_entry(self) -> tuple[StoredEntry, ...]:
        """Every version of every entry."""
        with self._database.read() as connection:
            return tuple(biopsy_entries.versions(connection))

    def entry_history(self, entry_id: str) -> tuple[StoredEntry, ...]:
        """Every version of one entry, the oldest first."""
        with self._database.read() as connection:
            return tuple(biopsy_entries.versions(connection, entry_id))

    # Windows

    def reader_key(self, reader: str) -> bytes:
        """Secret of one reader in this study under its seed, for pseudonyms and orders that nobody can work out."""
        with self._database.read() as connection:
            secret = enrolment.identity_key(connection)
        return hmac.new(secret, f"reading\n{self.rules.seed}\n{reader}".encode(), "sha256").digest()

    def drawn_order(self, reader: str) -> DrawnOrder:
        """Pairs and repeats that were drawn for a reader."""
        with self._database.read() as connection:
            return drawn_order.drawn_order(connection, reader)

    def keep_drawn(self, reader: str, before: DrawnOrder, after: DrawnOrder) -> DrawnOrder:
        """Keep what was drawn on top of `before`; gives what stands, see `drawn_order.keep_drawn`."""
        with self._database.write() as connection:
            return drawn_order.keep_drawn(connection, reader, before, after)

    def state(self, reader: str) -> dict[str, JsonValue]:
        """What a reader's window saved last; see `reader_state`."""
        with self._database.read() as connection:
            return reader_state.state(connection, reader)

    def save_state(self, reader: str, told: dict[str, JsonValue]) -> None:
        """Keep what a reader's window wants to find again; raises `state-too-large`."""
        with self._database.write() as connection:
            reader_state.save_state(connection, reader, told)
