"""The report text of Hologic taken to pieces: assignments, table cells and tags. No script is ever run."""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass, field

from bonemetrics.errors import ReadError

MAX_TEXT_BYTES = 8 << 20
MAX_CELLS = 100_000
_MOST_NAMES = 2_000
_QUOTED = r'"(?P<double>(?:[^"\\\r\n]|\\.){0,20000})"|' + r"'(?P<single>(?:[^'\\\r\n]|\\.){0,20000})'"
_ASSIGNMENT = re.compile(
    r"(?<![\w.])(?P<name>[A-Za-z_]\w{0,63})"
    r"(?:\s{0,8}\[\s{0,8}(?P<first>\d{1,4})\s{0,8}\]\s{0,8}\[\s{0,8}(?P<second>\d{1,4})\s{0,8}\])?\s{0,8}=\s{0,8}"
    rf"(?:{_QUOTED}|(?P<number>[-+]?\d{{1,9}}(?:\.\d{{1,9}})?)(?![\w.]))(?P<after>[ \t]{{0,8}}[^\s])?"
)
_TABLE = re.compile(r"ResultsTable(\d{1,2})")
_TAG = re.compile(r"<(?P<name>[A-Za-z][\w.]{0,31})>\s{0,8}(?P<value>[^<>]{0,64}?)\s{0,8}</(?P=name)>")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[rnt\\'\"])")
_LETTERS = {"r": "\r", "n": "\n", "t": "\t"}
_MARKUP = re.compile(r"<[^<>]{0,200}>")
_CUT_OFF = re.compile(
    r"(?:ResultsTable\d{1,2}[^=;>\"']{0,40}=?\s{0,8}|=\s{0,8}\"[^\"\r\n]{0,20000}|=\s{0,8}'[^'\r\n]{0,20000})\Z"
)

Cell = tuple[int, int]


@dataclass(slots=True)
class ReportText:
    """Values by name, tables by number, each with every different text that is assigned to it; none is chosen here.

    `concatenated` are cells whose value goes on behind the closing quote, which only a script could work out.
    """

    values: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[int, dict[Cell, list[str]]] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    concatenated: set[tuple[int, Cell]] = field(default_factory=set)
    ends: bool = True

    def value(self, *names: str) -> str:
        """The one text assigned to the first of these names that has any; empty where it has several."""
        for name in names:
            found = self.values.get(name) or self.tags.get(name) or []
            if found:
                return cleaned(found[0]) if len(found) == 1 else ""
        return ""


def taken_apart(data: bytes) -> ReportText:
    """Find all assignments of a report text.

    Parameters
    ----------
    data
        UTF-8, UTF-16, UTF-32 or Windows-1252; also the printed form of Python bytes (`b'...'`) in which some writers
        store it.

    Raises
    ------
    ReadError
        `too-large` above 8 MiB or 100,000 table cells, `truncated-file` where the text breaks off within a value.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise ReadError(f"a report text of {len(data)} bytes, at most {MAX_TEXT_BYTES} are read", code="too-large")
    text = _plain(_decoded(data).strip(" \0\r\n\t\ufeff"))
    found, cells = ReportText(), 0
    for match in _ASSIGNMENT.finditer(text):
        table = _TABLE.fullmatch(match["name"])
        cells += table is not None
        if cells > MAX_CELLS:
            raise ReadError(f"tables of more than {MAX_CELLS} cells", code="too-large")
        _keep(found, match, table)
    for tag in _TAG.finditer(text):
        if len(found.tags) < _MOST_NAMES:
            _add(found.tags.setdefault(tag["name"], []), tag["value"])
    if _CUT_OFF.search(text, max(0, len(text) - 20_000)):
        raise ReadError("the report text breaks off within a value", code="truncated-file")
    found.ends = "<JavaScriptFile>" not in text or "</JavaScriptFile>" in text
    return found


def cleaned(text: str) -> str:
    """A text as a browser would show it on one line, superscripts as plain digits."""
    plain = html.unescape(_MARKUP.sub("", text)).replace("²", "2")
    return " ".join(plain.replace("\ufffd", " ").split())


def _keep(found: ReportText, match: re.Match[str], table: re.Match[str] | None) -> None:
    quoted = match["double"] if match["double"] is not None else match["single"]
    value = match["number"] if quoted is None else _ESCAPE.sub(_unescaped, quoted)
    if table is None or match["first"] is None:
        if match["first"] is None and len(found.values) < _MOST_NAMES:
            _add(found.values.setdefault(match["name"], []), value)
        return
    cell = (int(match["first"]), int(match["second"]))
    _add(found.tables.setdefault(int(table[1]), {}).setdefault(cell, []), value)
    if (match["after"] or ";").strip() not in (";", "<", "/", "}"):
        found.concatenated.add((int(table[1]), cell))


def _add(values: list[str], value: str) -> None:
    if value not in values and len(values) < 4:
        values.append(value)


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return data.decode("utf-32", errors="replace")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    for first_zero, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[first_zero:64:2].count(0) > 16:
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _plain(text: str) -> str:
    """The text itself, where what was stored is the printed form of it."""
    if text[:2] in ("b'", 'b"'):
        inner = text[2:].removesuffix(text[1])
        unescaped = _ESCAPE.sub(_unescaped, inner)
        if "\\x" not in inner or not unescaped.isascii():
            try:
                return unescaped.encode("latin-1").decode("utf-8")
            except (UnicodeEncodeError, UnicodeDecodeError):
                return unescaped
        return unescaped
    if "\n" not in text and ("\\r\\n" in text or "\\n" in text):
        return text.replace("\\r\\n", "\n").replace("\\n", "\n").replace('\\"', '"')
    return text


def _unescaped(match: re.Match[str]) -> str:
    letter = match[1]
    return chr(int(letter[1:], 16)) if letter[0] == "x" else _LETTERS.get(letter, letter)
