"""The one way in which readers take XML: no DTD, no entities, bounded in size, depth and count."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from bonemetrics.errors import ReadError

MAX_XML_BYTES = 64 << 20
MAX_XML_DEPTH = 128
MAX_XML_ELEMENTS = 1_000_000


class _BoundedBuilder(TreeBuilder):
    """Builds the tree and stops where it grows beyond what a report has."""

    def __init__(self, depth: int, count: int) -> None:
        super().__init__()
        self._left, self._depth, self._count = depth, depth, count

    def start(self, tag: Any, attrs: dict[Any, Any], /) -> Element:
        self._left -= 1
        self._count -= 1
        if self._left < 0:
            raise ReadError(f"XML elements are nested deeper than {self._depth} levels", code="unsafe-document")
        if self._count < 0:
            raise ReadError("more XML elements than any report has", code="too-large")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._left += 1
        return super().end(tag)


def parse_xml(
    data: bytes, *, limit: int = MAX_XML_BYTES, depth: int = MAX_XML_DEPTH, count: int = MAX_XML_ELEMENTS
) -> Element:
    """Parse a whole XML document; comments and processing instructions are dropped.

    Parameters
    ----------
    data
        The document in the encoding that it names itself.
    limit
        Most bytes.
    depth
        Most levels of elements.
    count
        Most elements.

    Returns
    -------
    xml.etree.ElementTree.Element
        The root.

    Raises
    ------
    ReadError
        `too-large` above `limit` or `count`; `unsafe-document` for a DTD, an entity, an external reference or too many
        levels; `malformed-document` where it is no well-formed XML. No message quotes the document.
    """
    if len(data) > limit:
        raise ReadError(f"an XML document of {len(data)} bytes, at most {limit} are read", code="too-large")
    parser = DefusedXMLParser(
        target=_BoundedBuilder(depth, count), forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException:
        raise ReadError("an XML document with a DTD, entities or external references", code="unsafe-document") from None
    except (ParseError, ValueError, LookupError) as error:
        # Unknown and multi-byte encodings arrive as LookupError and ValueError.
        line = error.position[0] if isinstance(error, ParseError) else 1
        raise ReadError(f"the XML is not well-formed (line {line})", code="malformed-document") from None
    return root


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    name = element.tag if isinstance(element.tag, str) else ""
    return name.rpartition("}")[2]
