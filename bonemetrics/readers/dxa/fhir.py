"""Densitometry in FHIR: bundles, reports, panels and single observations in JSON or NDJSON, told by LOINC.

What a code does not tell is not made up: see `fhir_codes` on regions.
"""

from __future__ import annotations

import re
from collections import Counter

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.fhir_context import Context
from bonemetrics.readers.dxa.fhir_findings import Finding, findings_of
from bonemetrics.readers.dxa.fhir_json import Entry, entries, objects_of, text_of
from bonemetrics.readers.dxa.fhir_reports import reports_of
from bonemetrics.readers.dxa.source import Source
from bonemetrics.readers.dxa.text_encoding import opening
from bonemetrics.records import DxaReading, Problem, Route, note

ROUTE: Route = "fhir"
_RESOURCE = re.compile(r'"resourceType"\s*:\s*"(\w+)"')
_KINDS = ("Bundle", "Observation", "DiagnosticReport")
_MEDIA = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}")


def recognises(name: str, start: bytes) -> bool:
    """Whether it is JSON that names a FHIR resource which can hold results."""
    del name
    text = opening(start).lstrip()
    if not text.startswith("{"):
        return False
    return any(kind in _KINDS for kind in _RESOURCE.findall(text))


def read(source: Source) -> DxaReading:
    """Read densitometry results of FHIR resources.

    Parameters
    ----------
    source
        JSON with one resource, or NDJSON with one on each line.

    Returns
    -------
    DxaReading
        One report for each patient, day and site; the numbers of one region are one row. A number of which only the
        bone is known has a region of `anatomy.UNSPECIFIC` and the note `region-unspecific`.

    Raises
    ------
    ReadError
        `no-dxa-results` where no result has a LOINC code of densitometry; `results-not-understood` where all of them
        had to be left out; `malformed-document` or `too-large` for what is no sound JSON.
    """
    found = entries(source.data)
    findings, left_out = findings_of(found, Context(found))
    problems = _problems(left_out)
    if not any(finding.value.cell.value is not None for finding in findings):
        raise _nothing(found, findings, problems)
    others = (*_documents(found), *_ignored(left_out))
    return DxaReading(reports=reports_of(findings, others), problems=problems)


def _problems(left_out: Counter[tuple[str, str]]) -> tuple[Problem, ...]:
    return tuple(
        note(code, f"{message}: {count} left out") for (code, message), count in sorted(left_out.items()) if code
    )


def _ignored(left_out: Counter[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(f"{message}: {count}" for (code, message), count in sorted(left_out.items()) if not code)


def _documents(found: list[Entry]) -> tuple[str, ...]:
    """Attached documents by kind; a scanned report is read as the file it is, once somebody saves it."""
    kinds: Counter[str] = Counter()
    for entry in found:
        if entry.kind == "DiagnosticReport":
            for attachment in objects_of(entry.resource.get("presentedForm")):
                media = text_of(attachment.get("contentType")).casefold()
                kinds[media if _MEDIA.fullmatch(media) else "of unknown kind"] += 1
    return tuple(f"attached documents, {media}: {count}" for media, count in sorted(kinds.items()))


def _nothing(found: list[Entry], findings: list[Finding], problems: tuple[Problem, ...]) -> ReadError:
    refused = [problem for finding in findings for problem in finding.value.problems]
    if refused or (problems and not findings):
        reasons = "; ".join(problem.message for problem in (*problems, *refused)[:5])
        return ReadError(f"no result could be used ({reasons})", code="results-not-understood")
    documents = "; ".join(_documents(found))
    hint = f" ({documents}; results it refers to may lie in other files)" if documents else ""
    return ReadError(f"no number under a LOINC code of densitometry{hint}", code="no-dxa-results")
