"""DICOM structured reports: a container for each region, its numbers with UCUM units."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedSRStorage

from bonemetrics.sample.dxa.dicom_header import dataset
from bonemetrics.sample.dxa.exam import Exam
from bonemetrics.sample.dxa.numbers import Row
from bonemetrics.sample.dxa.reference import INVENTED
from bonemetrics.sample.dxa.words import hologic_region, hologic_site, lunar_region, lunar_site

_LOCAL = "99SAMPLE"
_NUMBERS = {
    "bmd": ("BMD", "g/cm2"),
    "bmc": ("BMC", "g"),
    "area": ("Area", "cm2"),
    "t_score": ("T-score", "1"),
    "z_score": ("Z-score", "1"),
}
_SIDES = {"left": ("7771000", "SCT", "Left"), "right": ("24028007", "SCT", "Right")}


def structured_report(exam: Exam) -> Dataset:
    """An Enhanced SR of one scan; no public source gives the codes of either vendor, so these are local ones.

    Parameters
    ----------
    exam
        One scan.
    """
    found = dataset(exam, "dicom-sr", EnhancedSRStorage, modality="SR")
    found.CompletionFlag, found.VerificationFlag = "COMPLETE", "UNVERIFIED"
    found.ReferencedPerformedProcedureStepSequence = Sequence()
    found.PerformedProcedureCodeSequence = Sequence()
    found.ValueType, found.ContinuityOfContent = "CONTAINER", "SEPARATE"
    found.ConceptNameCodeSequence = _code("38269-7", "LN", "DXA Bone density report")
    is_lunar = exam.densitometer.make == "lunar"
    site = _container(_local(lunar_site(exam) if is_lunar else hologic_site(exam)))
    site.ContentSequence = Sequence(_region(row, lunar=is_lunar) for row in exam.rows)
    items = [_text("Scan ID", exam.scan_id), _text("Reference population", INVENTED), site]
    if exam.side is not None:
        items.insert(0, _laterality(exam.side))
    found.ContentSequence = Sequence(items)
    return found


def _region(row: Row, *, lunar: bool) -> Dataset:
    item = _container(_local(lunar_region(row.region) if lunar else hologic_region(row.region)))
    numbers = [_number(*_NUMBERS[name], row.text(name)) for name in _NUMBERS if row.text(name)]
    item.ContentSequence = Sequence(numbers)
    return item


def _number(name: str, unit: str, text: str) -> Dataset:
    item = _item("NUM", "CONTAINS", _local(name))
    value = Dataset()
    value.NumericValue = text
    value.MeasurementUnitsCodeSequence = _code(unit, "UCUM", "no units" if unit == "1" else unit)
    item.MeasuredValueSequence = Sequence([value])
    return item


def _laterality(side: str) -> Dataset:
    item = _item("CODE", "HAS CONCEPT MOD", _code("272741003", "SCT", "Laterality"))
    item.ConceptCodeSequence = _code(*_SIDES[side])
    return item


def _text(name: str, text: str) -> Dataset:
    item = _item("TEXT", "CONTAINS", _local(name))
    item.TextValue = text
    return item


def _container(name: Sequence) -> Dataset:
    item = _item("CONTAINER", "CONTAINS", name)
    item.ContinuityOfContent = "SEPARATE"
    return item


def _item(kind: str, relation: str, name: Sequence) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = relation, kind, name
    return item


def _local(meaning: str) -> Sequence:
    value = "".join(letter for letter in meaning.upper() if letter.isalnum())[:16]
    return _code(value, _LOCAL, meaning)


def _code(value: str, scheme: str, meaning: str) -> Sequence:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return Sequence([code])
