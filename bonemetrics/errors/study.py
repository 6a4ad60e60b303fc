"""Refusals around a study: its protocol, its records, its readings, and the calls and children that work on it."""

from __future__ import annotations

from bonemetrics.errors.base import BonemetricsError


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
        "records-changed": "the records are not those that the audit log was told of; `bonemetrics verify` names them",
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
