"""Texts of a DICOM header in their own encoding, and free text without the person it may name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bonemetrics.readers.elements import Elements

_CHARACTER_SET = 0x00080005
_LONGEST = 1024
_LONGEST_FREE = 160
_SHORT_WORD = 6
_ENCODINGS = {
    "": "latin-1",
    "6": "latin-1",
    "13": "shift_jis",
    "58": "gb2312",
    "87": "iso2022_jp_2",
    "100": "latin-1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "149": "euc_kr",
    "159": "iso2022_jp_2",
    "166": "tis_620",
    "192": "utf-8",
    "203": "iso8859_15",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
_ESCAPES = re.compile(r"\x1b[$()\-*][0-9A-Z@)(\-]{0,2}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]+")
_LONG_NUMBER = re.compile(r"\d{6}|\b\d{1,4}([-./])\d{1,2}\1\d{2,4}\b")
_FIELD_WORDS = frozenset(
    {
        *(
            "left",
            "right",
            "both",
            "neck",
            "hip",
            "femur",
            "spine",
            "lumbar",
            "body",
            "total",
            "whole",
            "arm",
            "forearm",
        ),
        *("radius", "ulna", "mean", "region", "scan", "mode", "normal", "fast", "array", "standard", "thin", "thick"),
        *("white", "black", "asian", "hispanic", "female", "male", "young", "adult", "combined", "reference", "usa"),
    }
)


def encoding_of(elements: Elements) -> str:
    """The Python name of the encoding that a data set states; Latin-1, which any byte fits, where it is unknown."""
    raw = (elements.raw(_CHARACTER_SET) or b"")[:_LONGEST].decode("latin-1")
    names = [re.sub(r"^ISO[_ ](?:2022 )?(?:IR )?", "", part.strip(" \0")) for part in raw.split("\\")]
    known = [_ENCODINGS[name] for name in names if name in _ENCODINGS]
    # With code extensions the first set is often ASCII; the one that escapes into another covers both.
    return next((name for name in known if name != "latin-1"), "latin-1")


def worded(elements: Elements, tag: int, encoding: str) -> str:
    """A text value, decoded, without padding, escapes and control characters; cut where it is longer than any name."""
    raw = elements.raw(tag)
    if not raw:
        return ""
    text = _ESCAPES.sub("", raw[:_LONGEST].decode(encoding, errors="replace"))
    return " ".join(_CONTROLS.sub(" ", text).split())


def person_words(texts: Iterable[str]) -> frozenset[str]:
    """Words by which free text would tell who the person is, from names, identifiers and birth dates.

    Words that every report holds (`left`, `white`) are not among them, even where they are somebody's name.
    """
    words = {word for text in texts for word in re.split(r"[\s^=,;/\\]+", text.casefold()) if len(word) >= 3}
    return frozenset(words - _FIELD_WORDS)


def names_person(text: str, person: frozenset[str]) -> bool:
    """Whether a text holds one of the words by which a person is known."""
    plain = text.casefold()
    return any(_stands_in(word, plain) for word in person)


def _stands_in(word: str, plain: str) -> bool:
    """Whether a word stands in a text: a long one anywhere, a short one (Pine is no Spine) only by itself."""
    if len(word) >= _SHORT_WORD:
        return word in plain
    return word in plain and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", plain) is not None


def without_person(text: str, person: frozenset[str]) -> str:
    """A short free text that names nobody; empty where it names a word of `person` or holds a long number or a date."""
    short = " ".join(_CONTROLS.sub(" ", text).split())[:_LONGEST_FREE]
    return "" if _LONG_NUMBER.search(short) or names_person(text, person) else short
