"""Where every value is from, and what was said of rows, values and people."""

from __future__ import annotations

from bonemetrics.outcomes.rows import Dataset, Source
from bonemetrics.outcomes.table import Column, Table


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
    """One row per source of the dataset's values and events.

    Parameters
    ----------
    dataset
        Of a study.

    Returns
    -------
    Table
        Named `sources`, sorted by SRCID; a scan that was measured by several methods has one row for each.
    """
    gathered = dataset.gathered
    every = [row.source for row in dataset.rows]
    every += [one.source for one in gathered.adverse_events]
    every += [one.source for one in gathered.fractures]
    found: dict[Source, None] = dict.fromkeys(every)
    ordered = sorted(found, key=lambda one: (one.source_id, one.method))
    return Table(
        name="sources",
        columns=SOURCE_COLUMNS,
        rows=[
            (
                *(one.source_id, one.kind, one.input_sha256 or None, one.series_uid or None, one.sheet or None),
                *(one.line, one.reader or None, one.calibration or None, one.scanner or None),
                *(one.software_version or None, one.method or None, one.review or None, one.mask_sha256 or None),
            )
            for one in ordered
        ],
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
