"""FHIR resources out of JSON and NDJSON, within bounds, with numbers as they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.text_encoding import decoded, lines_of

MAX_DEPTH = 64
MAX_TOKENS = 3_000_000
"""Brackets, commas and texts; a resource has some hundred."""
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{\]},]', re.DOTALL)

Resource = dict[str, Any]


class Literal(str):
    """A JSON number as it is written: 0.70 is not 0.7 to somebody who counts digits."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Entry:
    """A resource, the URL a bundle gives it, and the resource it is contained in."""

    resource: Resource
    url: str = ""
    parent: Entry | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """Type of the resource."""
        return text_of(self.resource.get("resourceType"))

    @property
    def key(self) -> str:
        """`Type/id`, under which others refer to it; empty without an id, and within a resource without one."""
        own = text_of(self.resource.get("id"))
        if not own or (self.parent is not None and not self.parent.key):
            return ""
        return f"{self.parent.key}#{own}" if self.parent else f"{self.kind}/{own}"


def entries(data: bytes) -> list[Entry]:
    """All resources of a file, out of bundles and with those they contain.

    Raises
    ------
    ReadError
        `malformed-document` for what is no JSON, a name that stands twice, NaN and Infinity; `too-large` beyond 64
        levels or three million brackets, commas and texts.
    """
    text = decoded(data)
    _check_size(text)
    found: list[Entry] = []
    for value in _values(text):
        found.extend(_walk(value))
    return found


def text_of(value: object) -> str:
    """A JSON text without blanks around it; empty for everything else."""
    return value.strip() if isinstance(value, str) and not isinstance(value, Literal) else ""


def objects_of(value: object) -> list[Resource]:
    """The objects of a JSON list; a lone object counts as one."""
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, dict)]


def object_of(value: object) -> Resource:
    """A JSON object; an empty one for everything else."""
    return value if isinstance(value, dict) else {}


def _check_size(text: str) -> None:
    depth = 0
    for count, token in enumerate(_TOKEN.finditer(text), start=1):
        if count > MAX_TOKENS:
            raise ReadError(f"more than {MAX_TOKENS} parts of JSON", code="too-large")
        mark = token[0][0]
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ReadError(f"JSON nested deeper than {MAX_DEPTH} levels", code="too-large")
        elif mark in "]}":
            depth -= 1


def _values(text: str) -> Iterator[object]:
    try:
        yield _parsed(text)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data"):
            raise _malformed() from None
    else:
        return
    for line in lines_of(text):
        if line.strip():
            try:
                yield _parsed(line)
            except json.JSONDecodeError:
                raise _malformed() from None


def _parsed(text: str) -> object:
    value: object = json.loads(
        text, parse_float=Literal, parse_int=Literal, parse_constant=_no_number, object_pairs_hook=_once_each
    )
    return value


def _no_number(_text: str) -> NoReturn:
    raise ReadError("NaN and Infinity are no JSON", code="malformed-document")


def _once_each(pairs: list[tuple[str, Any]]) -> Resource:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ReadError("a name stands twice in one JSON object, so either could be meant", code="malformed-document")
    return found


def _malformed() -> ReadError:
    return ReadError("the file is no JSON", code="malformed-document")


def _walk(value: object, url: str = "") -> Iterator[Entry]:
    for resource in objects_of(value):
        if text_of(resource.get("resourceType")) == "Bundle":
            for part in objects_of(resource.get("entry")):
                yield from _walk(part.get("resource"), text_of(part.get("fullUrl")))
            continue
        if "resourceType" not in resource:
            continue
        entry = Entry(resource, url)
        yield entry
        for contained in objects_of(resource.get("contained")):
            yield Entry(contained, "", entry)
