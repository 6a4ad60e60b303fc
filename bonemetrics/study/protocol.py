"""`study.toml`: the protocol of a study, read strictly into one frozen record."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from bonemetrics.errors import ProtocolError
from bonemetrics.records import (
    AnalysisParameters,
    CalibrationEntry,
    ClinicalParameters,
    DensityParameters,
    DxaParameters,
    HistomorphometryParameters,
    Phantom,
    ReadOptions,
    Record,
    ReferenceCurve,
    RegionRule,
    ReviewParameters,
    Subject,
    UnitConversion,
)
from bonemetrics.study import protocol_checks, protocol_faults
from bonemetrics.study.protocol_tables import (
    ClinicalTable,
    CohortTable,
    ParameterTable,
    PrecisionTable,
    Scalar,
    StudyTable,
    VisitTable,
)
from bonemetrics.study.subjects_table import read_subjects
from bonemetrics.study.toml_lines import key_lines

PROTOCOL_FILE = "study.toml"
_LARGEST_BYTES = 4 * 2**20
_DEEPEST = 16


class Protocol(Record):
    """What a study has agreed on before it looks at its data. `overrides` holds what `--set` changed for one call."""

    study: StudyTable = StudyTable()
    cohorts: tuple[CohortTable, ...] = ()
    visits: tuple[VisitTable, ...] = ()
    parameters: tuple[ParameterTable, ...] = ()
    precision: tuple[PrecisionTable, ...] = ()
    phantoms: tuple[Phantom, ...] = ()
    region: RegionRule = RegionRule()
    tissue: dict[str, Scalar] = Field(default={})
    reading: ReadOptions = ReadOptions()
    density: DensityParameters = DensityParameters()
    dxa: DxaParameters = DxaParameters()
    references: tuple[ReferenceCurve, ...] = ()
    calibrations: tuple[CalibrationEntry, ...] = ()
    tables: tuple[ClinicalTable, ...] = ()
    conversions: tuple[UnitConversion, ...] = ()
    histomorphometry: HistomorphometryParameters = HistomorphometryParameters()
    clinical: ClinicalParameters = ClinicalParameters()
    analysis: AnalysisParameters = AnalysisParameters()
    review: ReviewParameters = ReviewParameters()
    subjects: tuple[Subject, ...] = ()
    lists_subjects: bool = False
    overrides: dict[str, Scalar] = Field(default={})

    @property
    def protocol_hash(self) -> str:
        """Sha256 (hex) of all that can change a result; where subjects and database lie is left out."""
        content = self.model_dump(mode="json", exclude={"overrides": True, "study": {"subjects", "database"}})
        return _content_hash(content)

    @property
    def measuring_hash(self) -> str:
        """Sha256 (hex) of what can change the numbers of one scan: reading, calibration, tissue, region and density."""
        tables = {"region", "tissue", "reading", "density", "phantoms", "calibrations"}
        return _content_hash(self.model_dump(mode="json", include=tables))

    def subject(self, code: str) -> Subject | None:
        """Entry of the subjects table with this study ID."""
        return next((subject for subject in self.subjects if subject.subject == code), None)

    def with_overrides(self, assignments: Sequence[str]) -> Protocol:
        """Change single parameters for one call.

        Parameters
        ----------
        assignments
            Texts `SECTION.KEY=VALUE`, for example `tissue.threshold=320`; VALUE is written as in TOML.

        Returns
        -------
        Protocol
            Checked anew as a whole; `overrides` tells what was changed.

        Raises
        ------
        UsageError
            Unknown section or key (the nearest is named), or a value that does not fit.
        """
        from bonemetrics.study.overrides import overridden

        return overridden(self, assignments)


def _content_hash(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


OWN_FIELDS = ("overrides", "lists_subjects")
"""Fields of `Protocol` that no file can set."""


def load_protocol(path: Path) -> Protocol:
    """Read a protocol and the subjects table it names.

    Parameters
    ----------
    path
        A `study.toml`, or the folder that holds one.

    Returns
    -------
    Protocol
        Whole and checked.

    Raises
    ------
    ProtocolError
        `invalid-protocol`; the message has one line per fault: line, key and the nearest known key.
    """
    file = path / PROTOCOL_FILE if path.is_dir() else path
    if not file.is_file():
        raise ProtocolError(f"no protocol at {file.name!r}; `bonemetrics init` makes one", code="invalid-protocol")
    if file.stat().st_size > _LARGEST_BYTES:
        raise ProtocolError(f"{file.name} is larger than 4 MiB, which no protocol is", code="invalid-protocol")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{file.name} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        raise ProtocolError(message, code="invalid-protocol") from None
    return parse_protocol(text, folder=file.parent)


def parse_protocol(text: str, *, folder: Path | None = None) -> Protocol:
    """Check the text of a `study.toml`.

    Parameters
    ----------
    text
        TOML.
    folder
        Where a relative `subjects` path begins; without it the named subjects table is not read.

    Returns
    -------
    Protocol
        Whole and checked.

    Raises
    ------
    ProtocolError
        `invalid-protocol`, with line and key.
    """
    try:
        document = tomllib.loads(text)
        lines = key_lines(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(protocol_faults.syntax_message(str(error)), code="invalid-protocol") from None
    except RecursionError:
        raise _too_deep() from None
    if max(map(len, lines)) > _DEEPEST:
        raise _too_deep()
    known = [name for name in Protocol.model_fields if name not in OWN_FIELDS]
    unknown = protocol_faults.unknown_tables(document, known)
    document = {name: value for name, value in document.items() if name in known}
    protocol = validated(document, lambda faults: _refuse([*unknown, *faults], lines))
    _refuse(unknown, lines)
    _refuse(protocol_checks.cross_faults(protocol), lines)
    return _with_subjects(protocol, lines, folder)


def _too_deep() -> ProtocolError:
    return ProtocolError("study.toml is nested more deeply than any protocol", code="invalid-protocol")


def validated(document: dict[str, Any], refuse: Callable[[list[protocol_faults.Fault]], None]) -> Protocol:
    """Validate a document strictly; faults go to `refuse`, which raises."""
    # JSON mode is strict about types and still takes lists for tuples and text for dates and materials.
    as_json = json.dumps(_prepared(document), default=_date_text)
    try:
        return Protocol.model_validate_json(as_json)
    except ValidationError as error:
        refuse(protocol_faults.from_validation(error, Protocol))
        raise


def _prepared(document: dict[str, Any]) -> dict[str, Any]:
    """Fill in what people may leave out: names of rods, patient IDs as one text."""
    prepared = dict(document)
    if isinstance(prepared.get("phantoms"), list):
        prepared["phantoms"] = [_with_rod_names(phantom) for phantom in prepared["phantoms"]]
    if isinstance(prepared.get("subjects"), list):
        prepared["subjects"] = [_with_split_ids(subject) for subject in prepared["subjects"]]
    study = prepared.get("study")
    named = isinstance(study, dict) and study.get("subjects") is not None
    prepared["lists_subjects"] = named or "subjects" in document
    return prepared


def _with_rod_names(phantom: Any) -> Any:
    if not isinstance(phantom, dict) or not isinstance(phantom.get("rods"), list):
        return phantom
    rods = [
        {"name": f"rod {number}", **rod} if isinstance(rod, dict) else rod
        for number, rod in enumerate(phantom["rods"], start=1)
    ]
    return {**phantom, "rods": rods}


def _with_split_ids(subject: Any) -> Any:
    if not isinstance(subject, dict) or not isinstance(subject.get("patient_ids"), str):
        return subject
    ids = [part.strip() for part in subject["patient_ids"].split(";")]
    return {**subject, "patient_ids": [part for part in ids if part]}


def _date_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _refuse(faults: list[protocol_faults.Fault], lines: dict[tuple[str | int, ...], int]) -> None:
    if faults:
        raise ProtocolError(protocol_faults.message(faults, lines), code="invalid-protocol")


def _with_subjects(protocol: Protocol, lines: dict[tuple[str | int, ...], int], folder: Path | None) -> Protocol:
    if protocol.study.subjects is None or folder is None:
        return protocol
    if protocol.subjects:
        fault = (("subjects",), "subjects stand both in [[subjects]] and in the file of [study]; keep one")
        _refuse([fault], lines)
    file = folder / protocol.study.subjects
    if not file.is_file():
        _refuse([(("study", "subjects"), f"no file {protocol.study.subjects!r} beside study.toml")], lines)
    rows = read_subjects(file)
    protocol_checks.refuse_subject_faults(
        [(f"{file.name}, line {row.line}", row.subject) for row in rows], protocol.cohorts
    )
    return protocol.model_copy(update={"subjects": tuple(row.subject for row in rows)})
