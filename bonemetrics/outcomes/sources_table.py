"""Where every value is from, and what was said of rows, values and people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bonemetrics.outcomes.rows import Dataset, Source
from bonemetrics.outcomes.table import Cell, Column, Table


def _text(name: str, label: str, definition: str) -> Column:
    return Column(name=name, type="text", label=label, definition=definition)


_LINE = Column(name="LINE", type="integer", label="Row of the Sheet", definition="As a spreadsheet counts, from 1")
_SHEET = _text(
    "SHEET", "Sheet", "Sheet of a workbook, or reader-entry for what was entered in the study itself; else empty"
)
SOURCE_COLUMNS = (
    _text("SRCID", "Source Identifier", "What SRCID of the other tables names"),
    _text("SRCKIND", "Kind of Data", "qct, dxa, histomorphometry, laboratory, eq5d, oswestry, vas, …"),
    _text("SHA256", "SHA-256 of the Input", "Hash of the file, of the files of a series, or of a reader-entry"),
    _text("SERIESUD", "Series Instance UID", "DICOM series of a scan"),
    _SHEET,
    _LINE,
    _text("READER", "Reader", "Who read or entered it, as the source says, or edited the segmentation of a scan"),
    _text("CALIB", "Calibration", "Of a scan: method, material, slope and intercept; else what could change the value"),
    _text("SCANNER", "Serial Number of the Device", "As the source says"),
    _text("SOFTVER", "Software Version", "bonemetrics that measured or read it"),
    _text("METHOD", "Method", "How the number was made"),
    _text("REVIEW", "Review Status", "Of a scan"),
    _text("MASKSHA", "SHA-256 of the Segmentation", "Hash of the label file that a scan was measured with"),
)
OUTCOME_NOTE_COLUMNS = (
    _text("USUBJID", "Unique Subject Identifier", "Study ID; empty where the row names nobody of the study"),
    _text("AVISIT", "Analysis Visit", "Visit; empty for a row that was not taken"),
    _text("PARAMCD", "Parameter Code", "Parameter; empty for a row or entry as a whole"),
    _text("SRCID", "Source Identifier", "What it is about"),
    _text("SEVERITY", "Severity", "note: the value stands; refusal: it does not"),
    _text("CODE", "Code", "Stable code"),
    _text("MESSAGE", "Message", "What was found, for a person"),
    _SHEET,
    _LINE,
)


def sources_table(dataset: Dataset) -> Table:
    """One row per source of values, events and notes, and one per table; what no parameter asks for included.

    Parameters
    ----------
    dataset
        Of a study.

    Returns
    -------
    Table
        Named `sources`, sorted by SRCID, which is its key. Where several values of one source were made by several
        methods, the row names all of them, and says of each calibration to which it belongs.
    """
    gathered = dataset.gathered
    every = [row.source for row in dataset.rows]
    every += [one.source for one in gathered.candidates]
    every += [one.source for one in gathered.adverse_events]
    every += [one.source for one in gathered.fractures]
    every += gathered.fracture_sheets
    every += _of_notes(dataset)
    by_id: dict[str, list[Source]] = {}
    for one in sorted(dict.fromkeys(every), key=lambda one: (one.source_id, one.method, one.calibration)):
        by_id.setdefault(one.source_id, []).append(one)
    return Table(name="sources", columns=SOURCE_COLUMNS, rows=[_row(_joined(found)) for found in by_id.values()])


def _of_notes(dataset: Dataset) -> Iterator[Source]:
    """Tables, and those of their rows that gave nothing but a note or a refusal."""
    whole = {one.source_id: one for one in dataset.gathered.sheets}
    yield from whole.values()
    known = {row.source.source_id for row in dataset.rows} | {
        one.source.source_id for one in dataset.gathered.candidates
    }
    for told in dataset.notes:
        sheet, _, line = told.source_id.rpartition(":")
        if told.source_id not in known and sheet in whole:
            yield replace(whole[sheet], source_id=told.source_id, line=int(line) or None)


def _joined(found: Sequence[Source]) -> Source:
    """All sources of one ID as one."""
    if len(found) == 1:
        return found[0]

    def told(of: Callable[[Source], str]) -> str:
        return " | ".join(dict.fromkeys(of(one) for one in found if of(one)))

    several = len({one.method for one in found}) > 1
    return Source(
        source_id=found[0].source_id,
        kind=told(lambda one: one.kind),
        input_sha256=told(lambda one: one.input_sha256),
        series_uid=told(lambda one: one.series_uid),
        sheet=told(lambda one: one.sheet),
        line=found[0].line,
        reader=told(lambda one: one.reader),
        calibration=told(
            lambda one: f"{one.method}: {one.calibration}" if several and one.calibration else one.calibration
        ),
        scanner=told(lambda one: one.scanner),
        software_version=told(lambda one: one.software_version),
        method=told(lambda one: one.method),
        review=told(lambda one: one.review),
        mask_sha256=told(lambda one: one.mask_sha256),
    )


def _row(one: Source) -> tuple[Cell, ...]:
    return (
        *(one.source_id, one.kind, one.input_sha256 or None, one.series_uid or None, one.sheet or None),
        *(one.line, one.reader or None, one.calibration or None, one.scanner or None),
        *(one.software_version or None, one.method or None, one.review or None, one.mask_sha256 or None),
    )


def outcome_notes_table(dataset: Dataset) -> Table:
    """Everything that was said of rows of tables, of values and of people; refused rows included.

    Parameters
    ----------
    dataset
        Of a study.

    Returns
    -------
    Table
        Named `outcome_notes`, in the order of the dataset.
    """
    return Table(
        name="outcome_notes",
        columns=OUTCOME_NOTE_COLUMNS,
        rows=[
            (
                *(one.subject or None, one.visit or None, one.paramcd or None, one.source_id or None),
                *(one.problem.severity, one.problem.code, one.problem.message, one.sheet or None, one.line),
            )
            for one in dataset.notes
        ],
    )
