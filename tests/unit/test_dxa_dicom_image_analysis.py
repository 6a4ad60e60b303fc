"""The XML of Hologic's image analysis: only what names itself is taken."""

from __future__ import annotations

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_image_analysis import read, read_text, recognises
from bonemetrics.readers.dxa.source import Source

CHILDREN = b"""<Analysis><Patient><Name>Rita Testperson</Name></Patient><Contour points="3"/>
<Roi><Name>Neck</Name><Area units="cm2">4.90</Area><BMC units="g">3.86</BMC><BMD units="g/cm&#178;">0.788</BMD></Roi>
<Roi><Name>Troch</Name><Area units="cm2">10.21</Area><BMC units="g">-</BMC><BMD units="g/cm2">0.640</BMD></Roi>
</Analysis>"""
ATTRIBUTES = b'<A><R region="L1" area="12.50" bmc="11.40" bmd="0.912" T_Score="-1.8"/><R region="Zone" bmd="1"/></A>'


def refused(data: bytes) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_text(data)
    return caught.value


def test_read__takes_regions_with_numbers_in_children():
    found = read(Source(data=CHILDREN)).reports[0]
    assert (found.site, [row.region for row in found.rows]) == ("hip", ["neck", "trochanter"])
    cells = found.rows[0].cells
    assert {name: (cell.value, cell.unit, cell.decimals) for name, cell in cells.items()} == {
        "area": (4.90, "cm2", 2),
        "bmc": (3.86, "g", 2),
        "bmd": (0.788, "g/cm2", 3),
    }
    assert cells["bmd"].place == "result 1 bmd"
    assert found.rows[1].cells["bmc"].is_empty
    assert found.others == ("Analysis", "Patient", "Contour")
    assert "Testperson" not in found.model_dump_json()


def test_read__takes_regions_with_numbers_in_attributes():
    found = read_text(ATTRIBUTES + b"\0", place="(0021,1001)", side="left")
    cells = found.rows[0].cells
    assert (cells["t_score"].value, cells["t_score"].unit, cells["bmd"].unit) == (-1.8, "1", "")
    assert cells["bmd"].place == "(0021,1001) result 1 bmd"
    assert [problem.code for problem in found.problems] == ["unknown-region"]


def test_read__refuses_what_does_not_name_itself():
    error = refused(b"<Analysis><Patient>Rita</Patient><v>0.788</v></Analysis>")
    assert (error.code, "Analysis, Patient, v" in error.message, "Rita" in error.message) == (
        "no-dxa-results",
        True,
        False,
    )
    assert refused(b'<A><R region="Total" bmd="0.9"/></A>').code == "results-not-understood"
    assert refused(b'<A><R region="Rita" bmd="0.9"/></A>').code == "results-not-understood"
    assert read_text(b'<A><R region="Total" bmd="0.9"/></A>', site="hip").rows[0].region == "total-hip"
    assert refused(b'<A><R region="Total" bmd="0.9"/></A>').code == "results-not-understood"
    with pytest.raises(ReadError) as caught:
        read_text(b'<A><R region="Total" bmd="0.9"/></A>', site="forearm")
    assert caught.value.code == "results-not-understood"


def test_read__refuses_cells_that_are_not_certain():
    twice = read_text(b'<A><R region="L1" bmd="0.912"/><R region="L1" bmd="0.921"/></A>')
    assert twice.rows[0].value("bmd") is None
    odd = read_text(b'<A><R region="L1" bmd="0.9.1" bmc="11,40"/></A>')
    assert (odd.rows[0].cells["bmd"].raw, odd.rows[0].value("bmd"), odd.rows[0].value("bmc")) == ("", None, 11.4)
    assert [problem.code for problem in (*twice.problems, *odd.problems)] == ["cell-refused", "cell-refused"]


def test_read__bounds_what_it_takes():
    assert refused(b"<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>").code == "unsafe-document"
    assert refused(b"<a>").code == "malformed-document"
    assert refused(b"<A>" + b'<R region="L1" bmd="0.9"/>' * 201 + b"</A>").code == "too-large"


def test_recognises__nothing_by_itself():
    assert not recognises("x.xml", CHILDREN)
