"""The automatic quality card of a segmentation."""

from __future__ import annotations

from bonemetrics.records import QualityCard
from bonemetrics.segmentation.contours import Contours
from bonemetrics.segmentation.slabs import Coarse, Slabs


def quality_card(contours: Contours, slabs: Slabs, coarse: Coarse) -> QualityCard:
    """Findings for the reviewer."""
    return QualityCard()
