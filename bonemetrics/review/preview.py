"""What an edit that is not saved would do to the numbers: measured as saving would, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonemetrics.errors import ReviewError
from bonemetrics.pipeline.consequence import Consequence
from bonemetrics.review.bench import Progress
from bonemetrics.review.case import Case, LabelArray
from bonemetrics.review.desk import Desk, own_copy, require_writable
from bonemetrics.review.saving import compared, measured_labels
from bonemetrics.review.seeing import sees_numbers_unjudged
from bonemetrics.study.masks import require_numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preview:
    """Numbers of labels as they were when the reader asked; `labels` are these, axes (slice, row, column)."""

    consequences: tuple[Consequence, ...]
    labels: LabelArray

    def is_of(self, case: Case) -> bool:
        """Whether the case still has these labels unsaved; the numbers of others must not be shown as theirs."""
        return not case.is_closed and case.is_edited and np.array_equal(case.labels.labels, self.labels)


def preview(desk: Desk, case: Case, progress: Progress | None) -> Preview:
    """Measure the unsaved edit of a case; see `Session.preview`."""
    require_writable(case)
    if not sees_numbers_unjudged(desk.rules):
        text = "the protocol does not show numbers before the verdict, so an unsaved edit has none to show"
        raise ReviewError(text, code="numbers-hidden")
    # Painting may go on while the child measures; what is told is of what was there when it began.
    labels = own_copy(case.labels.labels)
    labels.setflags(write=False)
    if np.array_equal(labels, case.saved):
        raise ReviewError("the labels are those of the mask, so there is no edit to try", code="nothing-edited")
    case.active.pause()
    with desk.scratch() as folder:
        result = measured_labels(desk, case, labels, folder, progress)
    require_numbers(result, case.scan.result.calibration)
    return Preview(consequences=compared(desk, case, result.measurements), labels=labels)
