"""What was said of the data: notes by code, rows that were refused, and how a value is traced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bonemetrics.errors import NOTES, all_error_codes
from bonemetrics.outcomes.report.losses import LOSSES, OF_FILES, lost_in_words
from bonemetrics.outcomes.report.page import Block, Facts, Section, Text
from bonemetrics.outcomes.report.tables import ReportTable, TableRow, columns
from bonemetrics.outcomes.rows import Dataset, OutcomeRow, RowNote
from bonemetrics.outcomes.wording import MISSING, listed, number, plural, pretty_unit, with_unit

_MOST_REFUSED = 200
_MOST_WOMEN = 10


def every_note(dataset: Dataset) -> tuple[RowNote, ...]:
    """All that was said, notes on values of scans included, which the dataset keeps with the values themselves.

    Parameters
    ----------
    dataset
        Of the study.

    Returns
    -------
    tuple of RowNote
        Those of the dataset in their order, then those of values that it does not name.
    """
    known = {(one.subject, one.visit, one.paramcd, one.source_id, one.problem.code) for one in dataset.notes}
    of_values = {
        (row.subject, row.visit, row.paramcd, row.source.source_id, problem.code): problem
        for row in dataset.rows
        for problem in row.notes
    }
    others = (
        RowNote(subject=key[0], visit=key[1], paramcd=key[2], source_id=key[3], problem=problem)
        for key, problem in of_values.items()
        if key not in known
    )
    return (*dataset.notes, *others)


def data_quality(dataset: Dataset) -> Section:
    """Notes and refusals of the whole dataset."""
    every = every_note(dataset)
    notes = [one for one in every if one.problem.severity == "note"]
    refused = [one for one in every if one.problem.severity == "refusal"]
    lost = [one for one in notes if one.problem.code in LOSSES]
    stand = [one for one in notes if one.problem.code not in LOSSES]
    blocks: list[Block] = [Text(_in_words(notes, lost, refused))]
    if lost:
        blocks.append(_notes_table("Lost, left out or without a number", lost))
    blocks += _files_table(lost)
    if stand:
        blocks.append(_notes_table("Notes by code on what stands", stand))
    if refused:
        blocks.append(_refused_table(refused))
    return Section(anchor="data-quality", title="Data quality", blocks=tuple(blocks))


def _in_words(notes: Sequence[RowNote], lost: Sequence[RowNote], refused: Sequence[RowNote]) -> str:
    told = f"{plural(len(notes), 'note')} on values, rows and people" if notes else "No note was made on any value"
    turned = f"{plural(len(refused), 'row or value', 'rows or values')} refused" if refused else "no row was refused"
    said = [f"{told}; {turned}."]
    if refused:
        said.append("What is refused is not in the dataset; its reason is named here.")
    if lost:
        said.append(f"Lost, left out or without a number: {listed(lost_in_words(lost))}.")
    if len(notes) > len(lost):
        said.append(f"The {'other ' if lost else ''}notes are on values that stand in the dataset.")
    said.append(
        "A file that could not be read at all, or that no entry of the protocol names, never came into the study: the "
        "command “run” names it when it meets it, and “status” names those that failed."
    )
    return " ".join(said)


def _files_table(lost: Sequence[RowNote]) -> list[ReportTable]:
    """Files, or tables, that were left alone, as far as the dataset knows of them."""
    alone = [one for one in lost if one.problem.code in OF_FILES]
    if not alone:
        return []
    rows = tuple(
        TableRow(
            (_place(one), one.subject or MISSING, one.problem.code, one.problem.message or NOTES[one.problem.code])
        )
        for one in dict.fromkeys(alone)
    )
    head = columns("Place", "Woman", "Code", "Why", numeric_from=9)
    return [ReportTable(caption="Files and tables left alone", columns=head, rows=rows[:_MOST_REFUSED])]


def _notes_table(caption: str, notes: Sequence[RowNote]) -> ReportTable:
    counted = Counter(one.problem.code for one in notes)
    rows = []
    for code, count in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        own = [one for one in notes if one.problem.code == code]
        rows.append(TableRow((code, NOTES[code], str(count), _women(own), _parameters(own))))
    head = (
        *columns("Code", "Meaning", numeric_from=2),
        *columns("Notes", numeric_from=0),
        *columns("Women", "Parameters", numeric_from=2),
    )
    return ReportTable(caption=caption, columns=head, rows=tuple(rows))


def _women(notes: Iterable[RowNote]) -> str:
    return _shortened(sorted({one.subject for one in notes if one.subject}), "women")


def _parameters(notes: Iterable[RowNote]) -> str:
    return _shortened(sorted({one.paramcd for one in notes if one.paramcd}), "parameters")


def _shortened(names: Sequence[str], kind: str) -> str:
    if not names:
        return MISSING
    return ", ".join(names) if len(names) <= _MOST_WOMEN else f"{len(names)} {kind}"


def _refused_table(refused: Sequence[RowNote]) -> ReportTable:
    shown = refused[:_MOST_REFUSED]
    meanings = all_error_codes()
    rows = tuple(
        TableRow(
            (_place(one), one.subject or MISSING, one.problem.code, one.problem.message or meanings[one.problem.code])
        )
        for one in shown
    )
    more = len(refused) - len(shown)
    remark = f"{more} more are in the exported tables." if more else ""
    head = columns("Place", "Woman", "Code", "Reason", numeric_from=9)
    return ReportTable(caption="Refused rows and values", columns=head, rows=rows, remark=remark)


def _place(one: RowNote) -> str:
    parts = [one.file, f"sheet {one.sheet}" if one.sheet else "", f"row {one.line}" if one.line is not None else ""]
    return ", ".join(part for part in parts if part) or one.source_id or MISSING


def tracing(dataset: Dataset) -> Section:
    """How a number leads back to its file, with one as the example."""
    blocks: list[Block] = [
        Text(
            "Every value of the exported table outcomes_long has a SRCID. The table sources beside it has one row "
            "for each SRCID: the SHA-256 of the input file, and the series of the scan, or sheet and row of the table, "
            "with method, calibration, scanner, reader and software version. SHA-256 and UID find the file whatever it "
            "is called by now."
        )
    ]
    example = next((row for row in dataset.rows if row.analysed and row.value is not None), None)
    if example is not None:
        blocks.append(_example(example))
    blocks.append(_sources_table(dataset.rows))
    return Section(anchor="tracing", title="How to trace a value", blocks=tuple(blocks))


def _example(row: OutcomeRow) -> Facts:
    source = row.source
    value = with_unit(number(row.value, 4).rstrip("0").rstrip("."), pretty_unit(row.unit))
    pairs = (
        ("For example", f"{row.subject}, {row.visit}, {row.paramcd}: {value}"),
        ("SRCID", source.source_id),
        ("SHA-256 of the input", source.input_sha256),
        ("Series", source.series_uid),
        (
            "Sheet and row",
            ", ".join(part for part in (source.sheet, f"row {source.line}" if source.line else "") if part),
        ),
        ("Scanner", source.scanner),
        ("Method", source.method),
        ("Calibration", source.calibration),
        ("Read by", source.reader),
        ("Software version", source.software_version),
    )
    return Facts(tuple(pair for pair in pairs if pair[1]))


def _sources_table(rows: Sequence[OutcomeRow]) -> ReportTable:
    kinds = sorted({row.source.kind for row in rows})
    shown = []
    for kind in kinds:
        own = [row.source for row in rows if row.source.kind == kind]
        files = {source.input_sha256 for source in own if source.input_sha256}
        scanners = sorted({source.scanner for source in own if source.scanner})
        shown.append(
            TableRow(
                (
                    kind,
                    str(len(own)),
                    str(len({source.source_id for source in own})),
                    str(len(files)),
                    ", ".join(scanners) or MISSING,
                )
            )
        )
    head = (*columns("Kind of data", "Values", "Sources", "Files"), *columns("Scanners", numeric_from=1))
    return ReportTable(caption="Where the values are from", columns=head, rows=tuple(shown), compact=True)
