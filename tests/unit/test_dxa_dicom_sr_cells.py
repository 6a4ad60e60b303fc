"""Numbers of structured reports: to the letter, exact where they are, and empty where they are not certain."""

from __future__ import annotations

import struct

import pytest

from bonemetrics.readers.dxa.dicom_sr import read
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import RawDxaReport
from tests.dxa_cases.dicom_sr import GRAM, ONE, Content, code, num, report


def one(*children: Content) -> RawDxaReport:
    (found,) = read(Source(data=report(*children))).reports
    return found


def codes(found: RawDxaReport) -> list[str]:
    return [problem.code for problem in found.problems]


@pytest.mark.parametrize(
    ("raw", "value", "decimals", "notes"),
    [
        ("1.022", 1.022, 3, []),
        ("+1.0220E0", 1.022, None, []),
        ("-.5", -0.5, 1, []),
        ("1.0219999999999", 1.0219999999999, None, []),
        ("1,022", None, None, ["cell-refused"]),
        ("1.02\\1.03", None, None, ["cell-refused"]),
        ("1e999", None, None, ["cell-refused"]),
        ("NaN", None, None, []),
        ("-", None, None, []),
    ],
)
def test_read__takes_decimal_strings_to_the_letter(raw, value, decimals, notes):
    found = one(num("L1 BMC", "9.9", GRAM), num("L1 BMD", raw))
    cell = found.rows[0].cells["bmd"]
    assert (cell.raw, cell.value, cell.decimals) == (raw, value, decimals)
    assert codes(found) == notes


def with_exact(value: str, **exact: tuple[str, bytes]) -> Content:
    found = num("L1 BMD", value)
    kind, items = found[0x0040A300]
    assert isinstance(items, list)
    tags = {"floating": 0x0040A161, "above": 0x0040A162, "below": 0x0040A163}
    found[0x0040A300] = (kind, [{**items[0], **{tags[name]: part for name, part in exact.items()}}])
    return found


def test_read__prefers_the_exact_value_beside_its_decimal_text():
    cell = one(with_exact("1.022", floating=("FD", struct.pack("<d", 1.0221875)))).rows[0].cells["bmd"]
    assert (cell.raw, cell.value, cell.decimals, cell.trust) == ("1.0221875", 1.0221875, None, "exact")
    rational = with_exact("1.022", above=("SL", struct.pack("<i", 2617)), below=("UL", struct.pack("<I", 2560)))
    assert one(rational).rows[0].cells["bmd"].value == 2617 / 2560
    no_ratio = with_exact("1.022", above=("SL", struct.pack("<i", 2617)), below=("UL", struct.pack("<I", 0)))
    assert one(no_ratio).rows[0].cells["bmd"].value == 1.022


def test_read__refuses_an_exact_value_that_contradicts_its_text():
    found = one(with_exact("1.022", floating=("FD", struct.pack("<d", 1.202))))
    assert (found.rows[0].cells["bmd"].value, codes(found)[0]) == (None, "cell-refused")
    infinite = one(with_exact("1.022", floating=("FD", struct.pack("<d", float("inf")))))
    assert (infinite.rows[0].cells["bmd"].value, codes(infinite)[0]) == (None, "cell-refused")


def test_read__empties_a_number_that_is_qualified_as_not_valid():
    found = num("L1 BMD", "1.022")
    found[0x0040A301] = code("Measurement failure", "114008", "DCM")
    read_back = one(found)
    assert (read_back.rows[0].cells["bmd"].raw, read_back.rows[0].value("bmd")) == ("1.022", None)
    assert codes(read_back) == ["cell-refused", "values-missing"]
    not_a_number = num("L1 T-score", "", ONE)
    not_a_number[0x0040A301] = code("Not a number", "114000", "DCM")
    assert codes(one(num("L1 BMD", "1.0"), not_a_number)) == ["values-missing"]


def test_read__lets_neither_of_two_different_numbers_of_one_cell_stand():
    found = one(num("L1 BMD", "1.022"), num("L1 BMD", "1.202"), num("L1 BMC", "12.0", GRAM))
    assert (found.rows[0].value("bmd"), found.rows[0].value("bmc")) == (None, 12.0)
    assert codes(found) == ["cell-refused"]
    assert "1.1, 1.2" in found.problems[0].message
    assert codes(one(num("L1 BMD", "1.022"), num("L1 BMD", "1.022"), num("L1 BMC", "12.0", GRAM))) == []
