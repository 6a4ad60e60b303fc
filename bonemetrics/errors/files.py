"""Refusals of files: what cannot be read, taken from a table, kept or written."""

from __future__ import annotations

from bonemetrics.errors.base import BonemetricsError


class ReadError(BonemetricsError):
    """A file or series cannot be read into one trustworthy value."""

    codes = {
        "not-found": "no file or folder at this path",
        "not-regular-file": "a link, pipe, device or other thing that is not a regular file",
        "unreadable-file": "the operating system does not let us read the file",
        "unsupported-format": "a known format that this version does not measure",
        "unknown-format": "none of the formats that bonemetrics reads",
        "too-large": "the file claims more than the limits on size, depth or count allow",
        "changed-while-reading": "the file changed between the look at its header and the reading of its pixels",
        "truncated-file": "the file ends before its header or its pixel data do",
        "malformed-header": "the header cannot be read as its transfer syntax says",
        "duplicate-element": "a header element stands twice, and readers disagree on which one counts",
        "sequence-too-deep": "sequences are nested deeper than 64 levels",
        "invalid-header-value": "a header element does not hold what it must, such as a decimal comma",
        "missing-header-value": "a header element is absent or empty without which the series has no meaning",
        "unsupported-transfer-syntax": "the pixels are coded in a way that bonemetrics does not read",
        "lossy-compression": "the pixels went through lossy compression, so densities are not the scanner's",
        "decode-failed": "the compressed pixels cannot be decoded",
        "codestream-mismatch": "the compressed picture and the header disagree on size or bits",
        "no-pixel-data": "the file has no pixels",
        "unsupported-pixels": "the pixels are not plain grey CT numbers (colour, inverted, odd bit layout)",
        "pixel-length-mismatch": "the length of the pixel data does not fit rows, columns, frames and bits",
        "not-ct": "an image of another kind than CT",
        "localizer-only": "the series holds localizers (scout views) only",
        "missing-rescale": "slope and intercept are absent, at least on some slices, so there are no HU",
        "invalid-rescale": "slope or intercept is zero, negative, not finite, empty or not one number",
        "rescale-meaning-unknown": "what the rescaled values mean cannot be told from the file",
        "density-not-hu": "the rescaled values are densities, not HU",
        "implausible-hu": "the values cannot be HU of a limb (wrong sign, wrong scale, densities read as HU)",
        "missing-position": "slices have no position or orientation in the patient",
        "missing-pixel-spacing": "PixelSpacing is absent; no other element may stand in for it",
        "invalid-geometry": "position, orientation or pixel spacing is not a possible one",
        "single-slice": "one slice alone has no slice spacing, so it is no volume",
        "missing-slice": "the positions leave a gap of one or more slices",
        "uneven-spacing": "slices are not evenly spaced",
        "duplicate-position": "two different images lie at the same position",
        "gantry-tilt": "the gantry was tilted: slices are shifted against each other",
        "sheared-stack": "slice positions do not run along the slice normal",
        "mixed-patient": "more than one patient in one series",
        "mixed-study": "more than one study in one series",
        "mixed-frame-of-reference": "more than one frame of reference in one series",
        "mixed-orientation": "slices are turned against each other",
        "mixed-pixel-spacing": "the pixel spacing changes within the series",
        "mixed-matrix": "rows, columns or bit layout change within the series",
        "mixed-kvp": "the tube voltage changes within the series",
        "mixed-kernel": "the reconstruction kernel changes within the series",
        "mixed-scanner": "scanner or its calibration constants change within the series",
        "mixed-rescale-type": "the meaning of the rescaled values changes within the series",
        "no-dxa-results": "a DXA picture or document that holds no results",
        "no-certain-number": "a report of which not one number could be taken with certainty",
        "malformed-document": "a document, database or record stream does not follow its own format",
        "unsafe-document": "a document that would unfold without bound, or refers to other documents",
        "encrypted-document": "a document that opens only with a password",
        "results-not-understood": "a results table is there, but its rows or columns cannot be told with certainty",
        "ocr-unavailable": "the page is a picture, and the program that reads pictures is not installed",
        "phantom-scan": "a quality-control scan of a phantom, which belongs to no person",
        "invalid-labels": "the label file is damaged, has no valid grid, or holds other than whole numbers",
        "input-changed": "the files are not the ones that were recorded with the stored numbers",
    }


class TableError(BonemetricsError):
    """A clinical or histomorphometry table, or one row of it, cannot be taken."""

    codes = {
        "sheet-not-found": "the spreadsheet has no sheet of the stated name, or no sheet with a table",
        "header-not-found": "no row of the table names the columns that are needed",
        "column-missing": "a column that is needed, or that the map names, is not in the table",
        "column-ambiguous": "two columns of the table could be the same one",
        "missing-cell": "a cell that is needed is empty",
        "formula-cell": "the cell holds a formula, whose result cannot be trusted",
        "merged-cell": "the cell is covered by a merged one, so what it holds is not stated",
        "error-cell": "the cell holds an error of the spreadsheet, such as #REF!",
        "not-a-number": "the cell does not hold one number",
        "decimal-ambiguous": "a comma that may be a decimal comma or group thousands",
        "not-yes-or-no": "the cell holds neither yes nor no",
        "not-a-date": "the cell does not hold a date that exists",
        "not-a-time": "the cell does not hold a time of day",
        "date-ambiguous-cell": "day and month of the date cannot be told apart; state the order of dates",
        "no-date": "the row states neither date, study day nor visit",
        "unknown-visit": "the row states no date, and its visit is none of the protocol",
        "unit-unknown": "no unit is stated, or one that is not known",
        "unit-not-convertible": "the unit is not that of the quantity, and no rule converts it",
        "specimen-differs": "the marker was measured in something else than the catalogue's marker of that name",
        "outside-hard-limits": "the value cannot be, whatever the person's state",
        "invalid-state": "a level, score or item that the questionnaire does not have",
        "items-missing": "more items are missing than the rule of scoring allows",
        "coding-suspect": "another row of the sheet holds an answer of another coding, so none of them is sure",
        "version-not-stated": "the version of the questionnaire or its value set is not stated",
        "value-set-unknown": "no value set of this name and version",
        "score-contradicts-items": "the stated score is not the one that the items give",
        "term-missing": "an event without a term or a site",
        "hard-violation": "numbers of a biopsy that cannot be true together, so the entry cannot be locked",
        "entry-incomplete": "an entry of a biopsy without envelope, referent, factor or date",
        "entry-locked": "the entry is locked and stays as it is; another content needs a reason",
        "contradicting-row": "two rows say different things of what can be only one",
        "broken-row": "quotes of the row do not close, or a cell is longer than any cell, so its cells are unknown",
        "too-few-cells": "the row has fewer or more cells than the header, so they cannot be told apart",
    }


class StorageError(BonemetricsError):
    """The operating system does not let the program read or write where it must."""

    codes = {"storage": "rights, a full disk or a lost drive keep the program from reading or writing a file"}


class ExportError(BonemetricsError):
    """A table cannot be written in a format without losing something."""

    codes = {
        "too-long-for-format": "a text, name or label that the format would cut",
        "not-in-format": "a value that the format cannot hold",
    }
