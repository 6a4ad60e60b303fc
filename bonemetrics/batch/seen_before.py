"""What the last runs saw on disk, so that an unchanged scan is known without being read.

A memory only: without it every scan is hashed once, and the tables are the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bonemetrics.atomic import write_atomic

FILE = "seen.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One scan: the version of its result, the stamp of its files and the hash of their content at that time."""

    version: int
    stamp: str
    digest: str


def load(study_dir: Path) -> dict[str, Memory]:
    """Read the memory of a study by scan ID; empty where there is none or it cannot be understood."""
    try:
        content = json.loads((study_dir / FILE).read_bytes())
        if content["format"] != _FORMAT:
            return {}
        return {str(scan): Memory(**entry) for scan, entry in content["scans"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def save(study_dir: Path, memory: dict[str, Memory]) -> None:
    """Keep the memory of a study; hashes alone, nothing of a person."""
    scans = {scan: asdict(entry) for scan, entry in sorted(memory.items())}
    write_atomic(study_dir / FILE, json.dumps({"format": _FORMAT, "scans": scans}).encode())
