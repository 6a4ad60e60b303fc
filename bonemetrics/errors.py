"""The error tree. Every deliberate error carries a stable `code`; every note on a value does too.

Tests, tables and users' scripts rely on the codes, so a code is never renamed or given another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class BonemetricsError(Exception):
    """A refusal with a reason: what was found, what was expected, what to do.

    Parameters
    ----------
    message
        For a person; holds no subject name or identifier.
    code
        One of the codes of this class; may be left out where the class has only one.

    Raises
    ------
    KeyError
        If `code` is not a code of this class, so that no undocumented code leaves the house.
    """

    codes: ClassVar[Mapping[str, str]] = {}

    def __init__(self, message: str, *, code: str | None = None) -> None:
        if code is None and len(self.codes) == 1:
            code = next(iter(self.codes))
        if code is None or code not in self.codes:
            raise KeyError(f"{type(self).__name__} has no code {code!r}; known are {sorted(self.codes)}")
        super().__init__(message)
        self.message = message
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders; the default pickling would lose the keyword.
        return _rebuild, (type(self), self.message, self.code)


def _rebuild(kind: type[BonemetricsError], message: str, code: str) -> BonemetricsError:
    return kind(message, code=code)


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


class GeometryMismatchError(BonemetricsError):
    """Two volumes do not share one grid."""

    codes = {"geometry-mismatch": "two volumes do not lie on the same voxel grid"}


class EmptyRegionError(BonemetricsError):
    """A region holds no voxel, so it has no mean."""

    codes = {"empty-region": "the region to be measured holds no voxel"}


class MaterialMismatchError(BonemetricsError):
    """Densities of different calibration materials met."""

    codes = {"material-mismatch": "a threshold or value is stated for another calibration material"}


class CalibrationError(BonemetricsError):
    """HU cannot be turned into density."""

    codes = {
        "no-calibration": "neither scanner constants, nor a phantom, nor a valid calibration entry",
        "no-hu": "the file holds densities and no HU, so there is nothing to calibrate",
        "default-constants": "the scanner constants are the stand-ins that programs write where a file has none",
        "hu-constants": "the density slope and intercept are those of HU",
        "implausible-constants": "the scanner constants put water or the slope where no scanner puts it",
        "invalid-calibration": "slope, intercept, covariance or material cannot be those of a calibration",
        "calibration-other-scanner": "the calibration entries are for another scanner, or the scan names none",
        "calibration-expired": "no calibration entry is valid on the day of the scan",
        "calibration-other-kvp": "the calibration entry or conversion was made at another tube voltage",
        "unknown-phantom": "no phantom of this name in the protocol or the catalogue",
        "phantom-not-found": "no rods were found in the scan",
        "phantom-truncated": "a rod of the phantom lies partly outside the field of view",
        "rod-missing": "fewer rods were found than the phantom has",
        "phantom-fit-poor": "the rods' HU do not follow their densities",
        "phantom-ambiguous": "several phantoms, or several assignments of the rods, fit equally well",
        "phantom-incomplete": "the phantom's description lacks what its formula needs",
        "phantom-arrangement": "the rods do not lie, or are not as thick, as the phantom has them",
        "unknown-conversion": "no conversion of this name between these two materials",
    }


class SegmentationError(BonemetricsError):
    """The radius or its compartments cannot be found."""

    codes = {
        "no-bone": "nothing in the scan looks like a radius",
        "radius-ambiguous": "two bones are so alike in size that the radius cannot be told from the ulna",
        "distal-end-unknown": "the region counts from the distal end, and nothing tells which end that is",
        "forearm-length-unknown": "the region is a per cent of the forearm's length, which is not given",
        "bone-end-not-seen": "the region counts from the distal end of the radius, which lies outside the scan",
        "region-outside-scan": "slices of the region lie outside the scan or do not show the radius",
        "unknown-label": "an edited segmentation holds labels other than 1 (trabecular) and 2 (cortical)",
    }


class StorageError(BonemetricsError):
    """The operating system does not let the program read or write where it must."""

    codes = {"storage": "rights, a full disk or a lost drive keep the program from reading or writing a file"}


class ProtocolError(BonemetricsError):
    """`study.toml` is not a valid protocol."""

    codes = {"invalid-protocol": "study.toml has an unknown key, a wrong value or is not TOML"}


class StudyError(BonemetricsError):
    """The study folder or a scan's place in it cannot be settled."""

    codes = {
        "unknown-subject": "the person is not in the subjects table of the protocol",
        "ambiguous-patient": "an empty PatientID, or one with two birth dates or sexes",
        "not-a-study": "the folder holds no study.toml or no study database",
        "study-busy": "another run works on the study",
        "study-exists": "the folder already holds a study",
        "foreign-folder": "the folder holds other things and is no place for a new study",
        "network-filesystem": "SQLite would lie on a network file system, where it can lose data",
        "newer-database": "the study database was made by a newer bonemetrics",
        "damaged-database": "the study database is damaged or is no bonemetrics database",
        "database-unavailable": "the study database cannot be reached, is locked, full or read-only",
        "unknown-scan": "the study has no scan of this ID",
        "nothing-to-judge": "the scan has no segmentation that a reader could judge",
        "stale-mask": "the mask is none of the scan's current result, or not the one that counts for this act",
        "mask-not-measured": "an edited segmentation without numbers of its own that compare with the scan's",
        "unknown-reader": "the protocol does not list this reader for this role",
        "unknown-review": "the verdict is not this reader's last one on this mask",
        "reading-open": "a verdict on the scan is still to come, so its record cannot be signed",
        "locked": "the record of the scan is signed; unlock it with a reason first",
        "not-locked": "nobody has signed the record or locked the entry, so there is nothing to unlock",
        "reason-missing": "an unlocking without its reason, or a signature without its meaning",
        "claimed": "another reader, or another window of the same one, has the scan open",
        "claim-lost": "the claim on the scan was given back or ended",
        "unknown-entry": "the study has no entry of this ID by this reader",
        "entry-exists": "the reader has another entry of the same biopsy, envelope and number",
        "state-too-large": "more than 256 KiB were to be kept of a reader's window",
        "settings-changed": "the scan was measured with other settings or another version; run the study again",
        "contradicting-copy": "two files hold the same report of the same scanner with different numbers",
        "report-gone": "the file has changed and no longer holds this report",
    }


class DxaError(BonemetricsError):
    """A rule of densitometry forbids what was asked for."""

    codes = {
        "unknown-reference": "no reference population of this name, or none for this region, sex and age",
        "constant-not-given": "the rule needs a constant that no verified source gives; state it",
        "too-few-degrees-of-freedom": "a precision study with fewer than 30 degrees of freedom",
        "single-vertebra": "one vertebra alone serves neither diagnosis nor monitoring",
        "invalid-series": "a series of phantom or repeat measurements that cannot be used",
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


class AlgebraError(BonemetricsError):
    """What was asked of the algebra of histomorphometry has no answer."""

    codes = {
        "contradiction": "the given values contradict each other beyond their rounding",
        "underdetermined": "the given values do not suffice",
        "unknown-index": "no measurement or index of this name",
        "invalid-labels-dates": "label courses that overlap, run backwards or end after the biopsy",
        "not-solvable": "the numbers of a biopsy are such that nothing can be computed from them",
        "invalid-number": "a value or half unit that is no number, or a half unit below zero",
        "factor-invalid": "section factors that are missing, not above zero, or beside a convention's own",
    }


class AgreementError(BonemetricsError):
    """The work of two readers cannot be compared or joined."""

    codes = {
        "invalid-readings": "readings, verdicts or values that make no pairs, are no numbers or no listed category",
        "unresolved-components": "places where two readers differ are left without a decision",
        "invalid-choice": "a decision on a place that is not there, or for neither of the two readers",
        "stale-disagreement": "a mask was changed after its differences to the other reader's were listed",
    }


class ReviewError(BonemetricsError):
    """A reading session cannot do what was asked."""

    codes = {
        "unknown-task": "the worklist of this reader has no such task",
        "case-closed": "the case was closed, so nothing more can be done in it",
        "unsaved-edit": "the labels were changed and not saved, so no verdict or signature can be about them",
        "invalid-verdict": "a verdict without the reason it needs, or with a value that it cannot have",
        "nothing-edited": "there is no edit that could be saved or accepted",
        "draft-set-aside": "an unsaved draft is damaged, or of a mask that no longer counts; it was set aside",
        "not-to-adjudicate": "the task is none of two readers who differ",
        "numbers-hidden": "the protocol does not show the numbers of labels that have no verdict yet",
    }


class SectionError(BonemetricsError):
    """The picture of a section, or what was drawn on it, gives no trustworthy number."""

    codes = {
        "pixel-size-unknown": "nothing states how large a pixel of the picture is, so nothing on it has a size",
        "invalid-pixel-size": "a stated pixel size that is no number or that no microscope has",
        "unknown-drawing-class": "no area, length or width of a biopsy has this code",
        "drawing-degenerate": "a region or line that is not closed, has too few vertices, or is of another kind",
        "drawing-outside-picture": "a region or line reaches beyond the picture",
        "region-crosses-itself": "the outline of a region crosses or touches itself, so it encloses no certain area",
        "regions-overlap": "regions of one measurement overlap or touch, so a part of them would count twice",
        "hole-outside-region": "a hole lies in no region of its measurement, or what it is cut from is no area",
        "points-coincide": "two points of one count are less than a pixel apart, so one thing would count twice",
        "invalid-drawing": "a kept drawing is damaged, or was made on another picture",
    }


class AnalysisError(BonemetricsError):
    """A statistic that the data do not allow."""

    codes = {
        "too-few-subjects": "fewer people or visits than the method needs",
        "not-estimable": "the model could not be fitted to these data",
    }


class ExportError(BonemetricsError):
    """A table cannot be written in a format without losing something."""

    codes = {
        "too-long-for-format": "a text, name or label that the format would cut",
        "not-in-format": "a value that the format cannot hold",
    }


class GuardError(BonemetricsError):
    """The guarded child process did not come back with a result."""

    codes = {
        "out-of-memory": "the child asked for more memory than the limit",
        "timeout": "the child ran longer than the limit",
        "crashed": "the child process died",
        "unexpected-error": "an error nobody foresaw; the log of the run names its kind",
    }


class UsageError(BonemetricsError):
    """The call itself is wrong; exit code 2 on the command line."""

    codes = {"usage": "an option or argument does not fit"}


NOTES: dict[str, str] = {
    "side-differs": "the file's tags and the protocol name different arms; the tags were taken",
    "not-calibrated": "the scan is sound, but nothing at hand calibrates it; give a calibration when it is measured",
    "scanner-constants-refused": "the scanner's own constants are no trustworthy calibration; another one is used",
    "duplicates-dropped": "byte-identical copies of slices were left out",
    "localizers-set-aside": "localizers (scout views) in the series were left out",
    "damaged-neighbour": "a damaged DICOM file lies beside the series and may belong to it",
    "links-skipped": "links, pipes and other things that are not regular files were skipped",
    "trailing-bytes": "bytes after the pixel data that are no DICOM element were ignored",
    "program-in-preamble": "the free first 128 bytes of a file hold the start of a program or archive",
    "padding-replaced": "pixels marked as outside the picture were set to -1000 HU",
    "lossy-allowed": "the pixels went through lossy compression; allowed by option",
    "desheared": "tilted or sheared slices were moved into line by resampling within the slices; asked for by option",
    "scanco-block-assumed": "private Scanco values taken from block 0x10 although no creator names it",
    "rescale-gives-density": "the file's rescale gives density; HU were computed from the scanner's own constants",
    "calibration-uncertainty-unknown": "the calibration states no uncertainty, so the value's leaves it out",
    "calibration-implausible": "the given calibration puts water far from 0 mg/cm3 or leaves HU as they are",
    "calibrations-disagree": "two calibrations of one scan differ by more than their uncertainties allow",
    "calibrations-not-comparable": "two calibrations of one scan are on scales of different materials",
    "calibration-kvp-unchecked": "the tube voltage of the scan or of the calibration entry is not known",
    "rods-indistinguishable": "two rods are too alike to be told apart; their exchange is in the uncertainty",
    "two-rod-phantom": "with two rods nothing checks that HU follow density; no rod can be left out",
    "rod-arrangement-unknown": "the rods were assigned by their HU, since their places are not known",
    "catalogue-densities": "the rod densities are those that a cited source gives for one serial number",
    "material-converted": "the density scale was converted by the named published method",
    "scanner-changed": "another scan of the person, from another day, was made on another scanner",
    "kvp-changed": "another scan of the person, from another day, was made at another tube voltage",
    "kernel-changed": "another scan of the person, from another day, was made with another kernel",
    "spacing-changed": "another scan of the person, from another day, has another voxel size",
    "unscheduled-visit": "the date lies in no visit window of the protocol",
    "day1-unknown": "the day of infusion is not known, so no visit window can be applied",
    "scan-date-unknown": "the scan states no date, so it belongs to no visit",
    "radius-in-part-of-stack": "the radius is not seen in all slices of the scan",
    "bone-truncated": "the bone reaches the edge of the field of view",
    "cortical-break": "no cortex is seen over part of the circumference, so the contour is carried across",
    "edge-misfit": "over part of the circumference the density profiles are not those of one cortex in soft tissue",
    "area-jump": "the bone's area changes abruptly from slice to slice, as when a contour leaks",
    "implausible-area": "an area that no radius has, or that does not fit the rest of the stack",
    "implausible-thickness": "a cortical thickness that no radius has, or that does not fit the rest of the stack",
    "few-slices": "so few slices that a fault of one of them does not show",
    "noisy-scan": "the noise is large against the contrast of the cortex",
    "blurred-edges": "edges are blurred over more pixels than a matched reconstruction has, as by motion",
    "side-unknown": "nothing tells whether the arm is the left or the right one",
    "distal-unknown": "nothing tells which end of the scan is distal",
    "partial-volume": "the cortex is thinner than the voxel can show; Ct.Ar and Ct.vBMD lean on the model",
    "edit-not-judged": "the numbers are of a segmentation that a reader drew and that nobody has judged yet",
    "edited-labels": "a reader edited the segmentation; where it was changed, contours lie half way between voxels",
    "contours-from-labels": "no automatic segmentation; contours lie half way between the voxels of a reader's labels",
    "identity-conflict": "numbers that belong together contradict each other: BMD = BMC / area, or a sum of parts",
    "repair-proposed": "one changed character would make contradicting numbers agree; nothing was changed",
    "implausible-value": "a number outside what is seen in people; it stands as the source has it",
    "cell-refused": "a cell could not be read with certainty, or cannot be what its column says; it is left empty",
    "unit-converted": "the source states the number in another unit; it was converted",
    "unit-suspect": "the size of a number fits another unit than its column states",
    "unit-not-stated": "the source states no unit for a number, so it is left out",
    "score-disagrees": "a T- or Z-score differs from the one recomputed from the named reference",
    "scores-recomputed": "the source holds no T- or Z-scores; they were computed from the named reference",
    "reference-unknown": "no reference population is known for the printed name, so scores were not checked",
    "date-ambiguous": "day and month of a date cannot be told apart, so it is left out",
    "dates-disagree": "the results and the file around them, or an ID and a date, name different days",
    "payload-unreadable": "a second copy of the results in the same file could not be read",
    "unknown-region": "a row whose region has no known name was left out",
    "region-unspecific": "the source names a bone but no region of it; the number has a region that serves no rule",
    "marked-invalid": "the source marks numbers as invalid; they are left empty",
    "result-withdrawn": "results that their source calls cancelled or entered in error were left out",
    "result-preliminary": "the source calls a result preliminary, or its status unknown",
    "code-mistyped": "LOINC codes with a wrong check digit, as after a typing error; their results were left out",
    "code-disagrees": "the code of a result and the words beside it name different things; it was left out",
    "unknown-code": "a code of the scanner whose meaning is not public; it is kept as a code",
    "other-records": "the file holds records whose content is not public; they were left alone",
    "values-missing": "the source leaves out numbers that its kind of report has, such as BMC and area",
    "image-without-results": "a DXA image that holds no results; they are in the reports beside it, if anywhere",
    "several-routes": "the same scan came by several routes, which agree; the most exact one stands",
    "routes-disagree": "the same scan came by several routes, which disagree; the most exact one stands",
    "last-line-open": "the last line of a table has no line end, so nothing tells whether its last cell is whole",
    "side-by-other-route": "the source does not say the side; it was taken from another route of the same scan",
    "parameter-missing": "a visit has a report of the site, but no number for a parameter of the protocol",
    "parameter-repeated": "a visit has several numbers for one parameter of the protocol",
    "pages-not-read": "pages of a document that hold no text were passed over",
    "phantom-scans-skipped": "scans of a quality-control phantom were passed over",
    "scans-without-results": "scans of a database that were never analysed were passed over",
    "scan-date-differs": "the recorded date of a scan is not the one in the scan's own ID; the recorded one stands",
    "scan-repeated": "a database holds one scan more than once; the newest analysis stands",
    "drawn-region": "a region drawn and named by the operator, which need not be the scanner's own of that name",
    "row-count-differs": "a table of a database holds another number of rows than it says; some may be missing",
    "reference-unreadable": "the reference database beside a database of scans cannot be used; it gave no curves",
    "vertebra-excluded": "a vertebra does not count: its T-score is far from its neighbours', or a reader excluded it",
    "vertebrae-undecided": "T-scores of neighbouring vertebrae are too far apart, and no rule tells which to leave out",
    "too-few-vertebrae": "fewer than two evaluable vertebrae, so the spine serves neither diagnosis nor monitoring",
    "scan-mode-changed": "another scan of the person, from another day, was made in another mode",
    "hardware-changed": "another scan of the person, from another day, was made with other hardware of the scanner",
    "analysis-changed": "another scan of the person, from another day, was analysed by another version or protocol",
    "side-changed": "another scan of the person, from another day, is of the other side",
    "roi-changed": "another scan of the person, from another day, has a region of interest of another size",
    "vertebrae-changed": "another scan of the person, from another day, counts other vertebrae",
    "reference-changed": "another scan of the person, from another day, was scored against another reference",
    "table-not-named": "no entry of [[tables]] in study.toml names this table, so it was left alone",
    "several-sheets": "several sheets of a workbook hold tables; [[tables]] has to name the one to read",
    "sheet-hidden": "the sheet that was read is hidden in its workbook",
    "row-empty": "a row without any value was passed over",
    "duplicate-row": "every cell of the row is as in an earlier one, and the row was left out",
    "row-repeated": "another row holds the same person, day and quantity, or tells the same event; both are kept",
    "row-not-wanted": "rows that [tables.where] leaves out were passed over",
    "test-not-wanted": "rows of tests that the protocol does not ask for were left alone",
    "column-shared": "two entries of [[tables]] take the same column of numbers of one file",
    "study-day-differs": "the stated study day is not that of the date by the protocol's day 1; the date stands",
    "column-not-used": "a column of the table that no role takes was left alone",
    "visit-differs": "the visit named in the table is not the one whose window holds the date; the date stands",
    "visit-by-name": "no date is stated; the visit was taken by its name",
    "below-detection": "the source gives a limit and no value: the result lies below it",
    "above-range": "the source gives a limit and no value: the result lies above it",
    "decimal-comma": "the decimal comma of a number was read as the decimal point",
    "items-missing-allowed": "the score was computed from fewer items, as the rule allows",
    "score-from-total": "the score was taken as a total; its items are not known",
    "end-before-onset": "an event ends before it begins; both dates stand as given",
    "derived-by-source": "the source itself derived the value (DTYPE), for example by carrying an earlier one forward",
    "percent-already": "the value is a percentage of what its source does not name; it has no per cent change",
    "value-unusual": "a value outside the range that is usual; it stands as given",
    "unit-suspect-histomorphometry": "the size of an entered value fits another unit than the one stated",
    "typed-differs": "a derived value entered by hand differs from the one computed from the measurements",
    "identity-violated": "entered values contradict an identity of histomorphometry",
    "factor-inferred": "the entered values imply another factor from section to space than the one stated",
    "single-label-only": "the biopsy has single labels only: the apposition rate is not measurable",
    "no-label": "the biopsy has no label",
    "labelling-unconfirmed": "nothing confirms that labels were taken, so dynamic indices are missing",
    "mar-imputed": "the apposition rate was set to the floor of the protocol, not measured",
    "mar-censored": "the apposition rate is known only to lie below the floor of the protocol",
    "label-interval-typed": "the interval between labels was entered by hand and not computed from dates",
    "label-interval-differs": "the interval entered by hand is not the one between the midpoints of the label courses",
    "label-to-biopsy": "the time from the last label to the biopsy is outside 3 to 14 days",
    "small-tissue-area": "the tissue area is below the minimum of the laboratory",
    "few-sections": "fewer than two sections were measured",
    "broken-core": "the biopsy core is broken",
    "same-side-biopsy": "an earlier biopsy of the person was taken from the same side",
    "osteomalacia-pattern": "a long mineralisation lag with thick osteoid, as in osteomalacia",
    "osteoid-outline": "the osteoid perimeter is the outline of the seams; half of it was taken",
    "osteoid-convention-unknown": "nothing states whether O.Pm is one side of the seams, so O.Th may be half of itself",
    "widths-differ": "a width measured directly and the one from area and perimeter differ; which one stands is told",
    "value-impossible": "a value that cannot be follows from what was entered; neither it nor that gives a number",
    "rounding-amplified": "the rounding of what was entered leaves the computed value a wide range",
    "no-label-interval": "double labels were measured, but the time between them is not stated, so there is no rate",
    "factors-unusual": "the two stated factors from section to space do not belong to one structure",
    "count-not-whole": "a number of cells or profiles is no whole number, as if it were a mean of sections",
    "draft-entry": "the entry is a draft, so its numbers are not analysed",
    "print-resolution": "the resolution that a picture of a section states is that of a printout; it was not used",
    "coarser-level": "the finest level of a picture of a section is too large; a coarser one was opened",
    "entries-agree": "two independent entries agree",
    "entries-differ": "two independent entries of the biopsy differ",
    "entries-not-compared": "entries of two readers may be of one biopsy, but their days or visits do not say so",
    "locked-entry-changed": "a locked entry was changed, with a reason",
    "several-in-window": "several values of the parameter lie in the window of the visit; the rule chose this one",
    "several-baselines": "several values could be the baseline; the rule chose one",
    "no-baseline": "no baseline value is there, so there is no change",
    "baseline-not-the-flagged": "the source flags another value as baseline than the rule of the protocol chose",
    "baseline-flagged-twice": "the source flags several values as baseline, so that none is taken",
    "baseline-by-time-point": "the source flags a baseline for each of several time points; each serves its own",
    "baseline-not-analysed": "the baseline is not the value that counts at its visit",
    "change-contradicts-source": "the source states another baseline or change than the one derived; ours stands",
    "analysed-not-the-flagged": "the source flags another value for analysis than the rule of the protocol chose",
    "analysis-not-flagged": "the source flags no value of the visit for analysis, so that none counts",
    "baseline-not-comparable": "baseline and value differ in region, value set or unit, so there is no change",
    "order-unknown": "nothing tells whether the value comes before or after the baseline, so there is no change",
    "unit-not-of-parameter": "the value is in another unit than its parameter states, so it does not count",
    "not-averaged": "the values of the visit are not of one kind, or one is a limit, so no mean of them was made",
    "baseline-zero": "the baseline is zero, so there is no per cent change",
    "lsc-unknown": "no least significant change is stated for this parameter and scanner",
    "scanner-unknown": "baseline and follow-up name no scanner; the limit holds only if it was one and the same",
    "fracture-not-confirmed": "fractures that were judged to be none are not counted",
    "fractures-incomplete": "rows or tables of fractures were refused, so there may be more than were counted",
    "event-repeated": "an earlier table tells the same event; it is listed twice and counted once",
    "lsc-other-scanner": "baseline and follow-up are from different scanners, so no least significant change applies",
    "lsc-few-degrees": "the precision study behind the least significant change has fewer than 30 degrees of freedom",
    "not-reviewed": "the scan has not been accepted by a reader, so the protocol does not count it",
    "excluded-by-note": "the protocol does not analyse values with this note",
    "mean-of-several": "the mean of several values of the visit, as the protocol asks",
}
"""Code and meaning of every note that can stand on a value."""


def all_error_codes() -> dict[str, str]:
    """Code and meaning of every refusal, over the whole tree.

    Returns
    -------
    dict
        Code to meaning.
    """
    found: dict[str, str] = {}
    waiting = [BonemetricsError]
    while waiting:
        kind = waiting.pop()
        found.update(kind.codes)
        waiting.extend(kind.__subclasses__())
    return found
