"""The one XML parser of the readers: what it lets through and what it refuses."""

from __future__ import annotations

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.safe_xml import local_name, parse_xml

BOMB = b'<!DOCTYPE a [<!ENTITY b "xx"><!ENTITY c "&b;&b;">]><a>&c;</a>'
EXTERNAL = b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>'


def code_of(data: bytes, **limits: int) -> str:
    with pytest.raises(ReadError) as caught:
        parse_xml(data, **limits)
    return caught.value.code


def test_parse_xml__keeps_tags_attributes_and_text():
    root = parse_xml(b'<r xmlns="urn:x"><c a="1">t</c><!-- no --></r>')
    assert local_name(root) == "r"
    assert [(local_name(child), child.attrib, child.text) for child in root] == [("c", {"a": "1"}, "t")]


def test_parse_xml__reads_utf_16_by_its_mark():
    assert parse_xml('<?xml version="1.0" encoding="UTF-16"?><r>²</r>'.encode("utf-16")).text == "²"


@pytest.mark.parametrize("data", [BOMB, EXTERNAL, b"<!DOCTYPE a><a/>"])
def test_parse_xml__refuses_dtd_entities_and_references(data):
    assert code_of(data) == "unsafe-document"


@pytest.mark.parametrize(
    "data",
    [b"", b"<a>", b"<a></b>", b"<a>&nope;</a>", b"\xff\xfe\x00", b'<?xml version="1.0" encoding="no-such"?><a/>'],
)
def test_parse_xml__refuses_what_is_not_well_formed(data):
    assert code_of(data) == "malformed-document"


def test_parse_xml__refuses_more_than_its_limits():
    nested = b"<a>" * 5 + b"</a>" * 5
    assert parse_xml(nested, depth=5) is not None
    assert code_of(nested, depth=4) == "unsafe-document"
    assert code_of(nested, count=4) == "too-large"
    assert code_of(nested, limit=10) == "too-large"


def test_parse_xml__quotes_nothing_of_the_document():
    with pytest.raises(ReadError) as caught:
        parse_xml(b"<Rita Testperson>")
    assert "Rita" not in caught.value.message
