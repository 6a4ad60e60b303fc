"""On which line a key of a TOML text stands; `tomllib` tells values and no places."""

from __future__ import annotations

import re
from bisect import bisect_left

Path = tuple[str | int, ...]
"""Keys and, inside arrays, places counted from 0."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_SPACE_LINES_COMMENTS = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_BASIC_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    _BASIC_STRING,
    re.compile(r"'[^'\n]*'"),
)


def key_lines(text: str) -> dict[Path, int]:
    """Find the line of every key, table header and array element.

    Parameters
    ----------
    text
        A TOML text that `tomllib` accepts; this function does not judge it.

    Returns
    -------
    dict
        Path to line, counted from 1. The empty path stands for the whole text.
    """
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.line_ends = [found.start() for found in re.finditer("\n", text)]
        self.lines: dict[Path, int] = {(): 1}
        self.array_sizes: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self._skip(_SPACE_LINES_COMMENTS)
        while self.place < len(self.text):
            if self._here("["):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_SPACE_LINES_COMMENTS)
        return self.lines

    def _here(self, mark: str) -> bool:
        return self.text.startswith(mark, self.place)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.place)
        if found is None:
            return ""
        self.place = found.end()
        return found.group()

    def _mark(self, path: Path) -> None:
        line = bisect_left(self.line_ends, self.place) + 1
        for size in range(1, len(path) + 1):
            self.lines.setdefault(path[:size], line)

    def _header(self) -> Path:
        is_array = self._here("[[")
        self.place += 2 if is_array else 1
        start = self.place
        keys = self._key()
        after = self.place
        self.place = start
        path = self._resolve(keys[:-1]) + keys[-1:]
        if is_array:
            number = self.array_sizes.get(path, 0)
            self.array_sizes[path] = number + 1
            path = (*path, number)
        else:
            path = self._resolve(keys)
        self._mark(path)
        self.place = after + (2 if is_array else 1)
        return path

    def _resolve(self, keys: Path) -> Path:
        """Put the number of the latest element behind each key that names an array of tables."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self.array_sizes:
                path = (*path, self.array_sizes[path] - 1)
        return path

    def _key(self) -> Path:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            quoted = self._here('"') or self._here("'")
            found = self._string() if quoted else self._skip(_BARE_KEY)
            parts.append(_unquoted(found) if quoted else found)
            self._skip(_SPACE)
            if not self._here("."):
                return tuple(parts)
            self.place += 1

    def _string(self) -> str:
        return next((found for pattern in _STRINGS if (found := self._skip(pattern))), "")

    def _pair(self, table: Path) -> None:
        start = self.place
        keys = self._key()
        after, self.place = self.place, start
        self._mark(table + keys)
        self.place = after + 1  # the equals sign
        self._skip(_SPACE)
        self._value(table + keys)

    def _value(self, path: Path) -> None:
        self._mark(path)
        if self._here("["):
            self._array(path)
        elif self._here("{"):
            self._inline_table(path)
        elif not self._string() and not self._skip(_SCALAR):
            self.place += 1  # never stand still, whatever the text

    def _array(self, path: Path) -> None:
        self.place += 1
        number = 0
        self._skip(_SPACE_LINES_COMMENTS)
        while self.place < len(self.text) and not self._here("]"):
            self._value((*path, number))
            number += 1
            self._skip_comma()
        self.place += 1

    def _inline_table(self, path: Path) -> None:
        self.place += 1
        self._skip(_SPACE_LINES_COMMENTS)
        while self.place < len(self.text) and not self._here("}"):
            self._pair(path)
            self._skip_comma()
        self.place += 1

    def _skip_comma(self) -> None:
        self._skip(_SPACE_LINES_COMMENTS)
        if self._here(","):
            self.place += 1
        self._skip(_SPACE_LINES_COMMENTS)


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    return re.sub(r'\\(["\\])', r"\1", key[1:-1])
