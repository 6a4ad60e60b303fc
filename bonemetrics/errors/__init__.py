"""The error tree. Every deliberate error carries a stable `code`; every note on a value does too.

Tests, tables and users' scripts rely on the codes, so a code is never renamed or given another meaning.
"""

from __future__ import annotations

from bonemetrics.errors.base import BonemetricsError, all_error_codes
from bonemetrics.errors.files import (
    ExportError,
    ReadError,
    StorageError,
    TableError,
)
from bonemetrics.errors.measuring import (
    AlgebraError,
    AnalysisError,
    CalibrationError,
    DxaError,
    EmptyRegionError,
    GeometryMismatchError,
    MaterialMismatchError,
    SegmentationError,
)
from bonemetrics.errors.notes import NOTES
from bonemetrics.errors.study import (
    AgreementError,
    GuardError,
    ProtocolError,
    ReviewError,
    SectionError,
    StudyError,
    UsageError,
)

__all__ = [
    "NOTES",
    "AgreementError",
    "AlgebraError",
    "AnalysisError",
    "BonemetricsError",
    "CalibrationError",
    "DxaError",
    "EmptyRegionError",
    "ExportError",
    "GeometryMismatchError",
    "GuardError",
    "MaterialMismatchError",
    "ProtocolError",
    "ReadError",
    "ReviewError",
    "SectionError",
    "SegmentationError",
    "StorageError",
    "StudyError",
    "TableError",
    "UsageError",
    "all_error_codes",
]
