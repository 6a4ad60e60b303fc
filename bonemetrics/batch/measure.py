"""One scan in its child: content hash, files read anew, measured into a folder of its own, a receipt sent home."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bonemetrics import __version__
from bonemetrics.batch.look import digest_of, series_of
from bonemetrics.errors import ReadError
from bonemetrics.pipeline.scan import ScanRequest, measure_scan
from bonemetrics.records import ScanResult, refusal
from bonemetrics.study.protocol import Protocol

_WITHOUT_WEIGHT = frozenset(
    {"study", "cohorts", "visits", "parameters", "precision", "tables", "subjects", "lists_subjects", "overrides"}
    | {"dxa", "references", "conversions", "histomorphometry", "clinical", "analysis", "review"}
)
"""Parts of a protocol that say what a number is for, not how it is made. All others count, those to come included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a child sends home: the numbers, and the hash of what they were made from. Arrays are in files."""

    result: ScanResult
    input_sha256: str


Measure = Callable[[Sequence[str], ScanRequest], Receipt]
"""What a child does with the files of one scan."""


def measure_files(paths: Sequence[str], request: ScanRequest) -> Receipt:
    """Measure the series that lies in these files. Runs in a guarded child.

    Parameters
    ----------
    paths
        Files of one series.
    request
        Protocol, and the folder that takes the files of the result.

    Returns
    -------
    Receipt
        With numbers, or with the refusal.
    """
    digest = digest_of(paths)
    try:
        series = series_of(paths)
    except ReadError as error:
        return Receipt(result=ScanResult(kind="ct-series", problems=(refusal(error),)), input_sha256=digest)
    return Receipt(result=measure_scan(series, request), input_sha256=digest)


def settings_hash(protocol: Protocol, *, forearm_length_mm: float | None = None) -> str:
    """Hash of all that makes a number besides its input: software version and method parameters.

    Parameters
    ----------
    protocol
        With the overrides of the call applied.
    forearm_length_mm
        Of the scan's person, where the protocol's region is a part of the forearm.

    Returns
    -------
    str
        sha256, hexadecimal. Titles, visits, cohorts and subjects do not change it.
    """
    content = {
        "software_version": __version__,
        "forearm_length_mm": forearm_length_mm if protocol.region.rule == "percent" else None,
        "protocol": protocol.model_dump(mode="json", exclude=set(_WITHOUT_WEIGHT)),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
