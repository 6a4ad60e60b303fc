"""What must not change within a series, checked file by file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bonemetrics.errors import ReadError
from bonemetrics.readers.facts import FileFacts

_SAME: tuple[tuple[str, str, Callable[[FileFacts], Any]], ...] = (
    ("mixed-patient", "the patient", lambda facts: facts.shared.identity),
    ("mixed-study", "the study", lambda facts: facts.shared.study_uid),
    ("mixed-frame-of-reference", "the frame of reference", lambda facts: facts.shared.frame_of_reference_uid),
    ("mixed-matrix", "rows, columns or bit layout", lambda facts: facts.shared.layout),
    ("mixed-kvp", "the tube voltage", lambda facts: facts.shared.kvp),
    ("mixed-kernel", "the reconstruction kernel", lambda facts: facts.shared.kernel),
    ("mixed-scanner", "the scanner or its constants", lambda facts: facts.shared.scanner),
    ("mixed-orientation", "the patient's position on the table", lambda facts: facts.shared.patient_position),
    ("mixed-orientation", "the side of the body", lambda facts: facts.shared.laterality),
    ("gantry-tilt", "the gantry tilt", lambda facts: facts.shared.tilt_degrees),
    (
        "mixed-pixel-spacing",
        "the pixel spacing",
        lambda facts: facts.frames[0].spacing,
    ),
    ("mixed-rescale-type", "the meaning of the values", lambda facts: facts.frames[0].rescale_type),
)


def require_uniform(files: Sequence[FileFacts]) -> None:
    """Refuse a series in which something changes that must not.

    Parameters
    ----------
    files
        The files of the series, localizers left out.

    Raises
    ------
    ReadError
        One of the `mixed-…` codes, or `gantry-tilt`, with the number of files that differ, never their content.
    """
    # Files whose header bytes are the same share one object; only what stands beside it can still differ.
    checks = _SAME[-2:] if all(facts.shared is files[0].shared for facts in files) else _SAME
    for code, name, take in checks:
        values = [take(facts) for facts in files]
        differing = sum(value != values[0] for value in values)
        if differing:
            raise ReadError(
                f"{name} changes within the series: {differing} of {len(files)} files differ from the first", code=code
            )
    for facts in files:
        for frame in facts.frames:
            if frame.spacing != facts.frames[0].spacing:
                raise ReadError("the pixel spacing changes within one file", code="mixed-pixel-spacing")
            if frame.rescale_type != facts.frames[0].rescale_type:
                raise ReadError("the meaning of the values changes within one file", code="mixed-rescale-type")
