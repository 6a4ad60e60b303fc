"""A study with measured scans for tests of its reading: edits, verdicts and tampering in one line each."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bonemetrics.errors import BonemetricsError
from bonemetrics.records import Calibration, Measurement, Provenance, Review, ScanResult
from bonemetrics.study.layout import scan_id
from bonemetrics.study.masks import Labels
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.store import Store
from tests.study_cases import header, result, staged

TWO = "[review]\nreadings = 2\nreaders = ['KL', 'MN']\nadjudicators = ['AD']\n"
EDITED, OTHER = b"edited mask", b"another edit"


@contextmanager
def refused(code: str, match: str | None = None) -> Iterator[pytest.ExceptionInfo[BonemetricsError]]:
    """The block raises an error of this code."""
    with pytest.raises(BonemetricsError, match=match) as caught:
        yield caught
    assert caught.value.code == code


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


MASK = sha(b"mask")
"""Hash of the automatic mask of `scanned`."""


def with_rules(store: Store, rules: str) -> Store:
    """The same study under other rules of reading."""
    store.folder.protocol.write_text(f'[study]\nid = "S"\n{rules}')
    return Store.open(store.folder.root, user="ana")


def scanned(store: Store, number: int = 1, *, sha256: str = "a" * 64, labels: bytes = b"mask", **more: Any) -> str:
    """Record one measured scan of patient 7 with a mask and Tt.Ar = 301.5 mm²."""
    of = header(number, sha256=sha256)
    name = scan_id(of.study_uid, of.series_uid)
    subject = store.assign_subjects([of])[name].subject
    recorded = store.record_result(
        result(of, **more), path=Path("/in/a"), subject=subject, staging=staged(store.folder, labels)
    )
    return recorded.scan_id


def measured(value: float = 310.0, *, mask: str | None = None, calibration: Calibration | None = None) -> ScanResult:
    """What an edited mask measured."""
    parameters: dict[str, Any] = {} if mask is None else {"labels": {"sha256": mask, "number": 0, "source": "edited"}}
    number = Measurement(
        quantity="Tt.Ar",
        value=value,
        standard_uncertainty=2.5,
        region="total",
        side="left",
        provenance=Provenance(method="compartments/1", software_version="0", parameters=parameters),
    )
    return ScanResult(kind="ct-series", measurements=(number,), calibration=calibration)


def edit(store: Store, scan: str, data: bytes = EDITED, *, value: float = 310.0, **told: Any) -> Labels:
    """Save an edit of the automatic mask by reader KL."""
    file = store.folder.new_staging() / "labels.nii.gz"
    file.write_bytes(data)
    what = {"result": measured(value), "reader": "KL", "source": "edited", "based_on": MASK} | told
    return store.reading.add_mask(scan, file=file, **what)


def judge(store: Store, scan: str, reader: str = "KL", *, mask: str = MASK, **told: Any) -> StoredReview:
    """Record a verdict; accepted where nothing else is said."""
    return store.reading.record_review(verdict(scan, reader, mask=mask, **told))


def verdict(scan: str, reader: str = "KL", *, mask: str = MASK, **told: Any) -> Review:
    reasons = () if told.get("verdict", "accept").startswith("accept") else ("leak",)
    return Review(
        **{"scan_id": scan, "label_sha256": mask, "reader": reader, "verdict": "accept", "reasons": reasons} | told
    )


def tamper(store: Store, *statements: str) -> None:
    """Change the database as somebody would who has removed its guards."""
    with sqlite3.connect(store.folder.database) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
    connection.close()
