"""What a reader may see of a case: pseudonyms, titles, and the search for what must not be shown."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import Protocol

from bonemetrics.records import ReviewParameters
from bonemetrics.records.review import Hidden

_LEAST_DIGITS = 4
_PLAIN_FOLDERS = frozenset({"data", "dicom", "images", "input", "incoming", "scan", "scans", "series", "study"})
_SINGLE = r"(?:arm|cohort|group|subject|visit|reader)\s+"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What is known of one scan and may have to be hidden. `others` are the names of the other readers."""

    scan_id: str
    subject: str = ""
    visit: str = ""
    day: date | None = None
    cohort: str = ""
    side: str = ""
    paths: tuple[str, ...] = ()
    uids: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Secrets:
    """Texts that must not be shown, each with the kind of thing it tells; empty where nothing is hidden."""

    tokens: frozenset[tuple[str, str]] = field(default_factory=frozenset, repr=False)

    @property
    def secrets(self) -> Secrets:
        """Itself, so that `leaks` takes it as it takes a case."""
        return self

    def joined(self, others: Iterable[Secrets]) -> Secrets:
        """These and those of others."""
        return Secrets(self.tokens.union(*(one.tokens for one in others)))

    def kinds_in(self, text: str) -> tuple[str, ...]:
        """Kinds of hidden things that a text holds."""
        # Thousands of tokens of a whole study are ruled out at once before the few others are looked at as words.
        plain = text.casefold()
        near = [(kind, token) for kind, token in self.tokens if token.casefold() in plain]
        return tuple(sorted({kind for kind, token in near if _pattern(token).search(text)}))


class Concealing(Protocol):
    """Something of which not all may be shown, such as a `Case`."""

    @property
    def secrets(self) -> Secrets:
        """What must not be shown."""


def leaks(texts: Iterable[str], case: Concealing) -> tuple[str, ...]:
    """Search texts for anything of a case that its reader must not see.

    Parameters
    ----------
    texts
        Everything that is shown: titles, layer names, sources, tooltips, messages.
    case
        A `Case`, a `Session`, or `Secrets`.

    Returns
    -------
    tuple of str
        One line per leak: what kind of thing, and the text that holds it. Empty where nothing is told, and where the
        protocol hides nothing.
    """
    hidden = case.secrets
    return tuple(f"{kind}: {text}" for text in texts for kind in hidden.kinds_in(text))


def is_hidden(rules: ReviewParameters, what: Hidden) -> bool:
    """Whether the protocol hides a thing from readers."""
    return what in rules.blind


def secrets_of(facts: CaseFacts, rules: ReviewParameters) -> Secrets:
    """What must not be shown of a scan: what `[review] blind` names, and then also where its files lie and its UIDs."""
    if not rules.is_blinded:
        return Secrets()
    found: list[tuple[str, str]] = [("scan", facts.scan_id)]
    found += [("uid", one) for one in facts.uids]
    found += [("path", one) for path in facts.paths for one in _path_tokens(path)]
    if is_hidden(rules, "subject"):
        found.append(("subject", facts.subject))
    if is_hidden(rules, "visit"):
        found.append(("visit", facts.visit))
    if is_hidden(rules, "date") and facts.day is not None:
        found += [("date", one) for one in _date_tokens(facts.day)]
    if is_hidden(rules, "arm"):
        found.append(("arm", facts.cohort))
    if is_hidden(rules, "other-readers"):
        found += [("other-readers", one) for one in facts.others]
    return Secrets(frozenset((kind, token) for kind, token in found if token.strip()))


def visible_text(facts: CaseFacts, rules: ReviewParameters, *, pseudonym: str, letter: str = "") -> tuple[str, str]:
    """Title and subtitle of a case as its reader may see them.

    Parameters
    ----------
    facts
        Of the scan.
    rules
        `[review]` of the protocol.
    pseudonym
        From `pseudonyms`.
    letter
        A or B of a pair.

    Returns
    -------
    tuple of str
        Where anything is hidden the title has the pseudonym, so that two scans of a person can be told apart.
    """
    shown = "" if is_hidden(rules, "subject") else facts.subject
    if rules.is_blinded:
        parts = [shown, pseudonym]
    else:
        parts = [shown or (PurePath(facts.paths[0]).name if facts.paths else pseudonym)]
    title = " · ".join(part for part in parts if part) + (f" {letter}" if letter else "")
    told = [
        "" if is_hidden(rules, "visit") else facts.visit,
        "" if is_hidden(rules, "date") or facts.day is None else facts.day.isoformat(),
        facts.side,
        "" if is_hidden(rules, "arm") else facts.cohort,
    ]
    return title, " · ".join(part for part in told if part)


def pseudonyms(key: bytes, labels: Iterable[str]) -> dict[str, str]:
    """Names such as `Case 0417`, from a secret of the study: the same at every start, and nothing tells the scan.

    Parameters
    ----------
    key
        From `Reading.reader_key`.
    labels
        What is to be named, all of it at once.

    Returns
    -------
    dict
        Name by label. Where four digits would name two cases, both have as many digits more as tell them apart, so
        that a scan that comes later leaves the other names as they are.
    """
    digits = sorted((str(_hashed(key, f"name\n{label}") + 10**20)[1:], label) for label in set(labels))
    found: dict[str, str] = {}
    for place, (own, label) in enumerate(digits):
        beside = [digits[other][0] for other in (place - 1, place + 1) if 0 <= other < len(digits)]
        shared = max((_shared_digits(own, other) for other in beside), default=0)
        found[label] = f"Case {own[: max(_LEAST_DIGITS, shared + 1)]}"
    return found


def _shared_digits(one: str, other: str) -> int:
    return next((place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]), len(one))


def keyed_fraction(key: bytes, label: str) -> float:
    """Number from 0 to below 1 that only one who has the key can work out; it stands for a random choice."""
    return (_hashed(key, label) % 2**53) / 2**53


def task_key(key: bytes, *, kind: str, scan_id: str) -> str:
    """Opaque name of a task."""
    return hmac.new(key, f"task\n{kind}\n{scan_id}".encode(), "sha256").hexdigest()[:16]


def _hashed(key: bytes, label: str) -> int:
    # Cut to 20 decimal digits out of 256 bits, so that every digit is as likely as the next.
    return int.from_bytes(hmac.new(key, label.encode(), "sha256").digest(), "big") % 10**20


def _path_tokens(path: str) -> Iterable[str]:
    yield path
    parts = [part for part in PurePath(path).parts[1:] if len(part) >= _LEAST_DIGITS]
    yield from (part for part in parts[-2:] if part.casefold() not in _PLAIN_FOLDERS)


def _date_tokens(day: date) -> Iterable[str]:
    year, month, number = day.year, day.month, day.day
    name = _MONTHS[month - 1]
    for separator in ("-", "", ".", "/", " "):
        for parts in ((f"{year}", f"{month:02}", f"{number:02}"), (f"{number:02}", f"{month:02}", f"{year}")):
            yield separator.join(parts)
        yield separator.join((f"{month:02}", f"{number:02}", f"{year}"))
        yield separator.join((f"{number:02}", name[:3], f"{year}"))
    yield from (f"{number}.{month}.{year}", f"{number}/{month}/{year}", f"{month}/{number}/{year}")
    for word in (name, name[:3]):
        yield from (f"{number} {word} {year}", f"{word} {number}, {year}", f"{word} {year}")


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _pattern(token: str) -> re.Pattern[str]:
    """The token as a word of its own: `2M` is not in `12MB`. A single character counts only behind what it is of."""
    before = _SINGLE if len(token) == 1 else ""
    # Short names are ordinary words in lower case.
    flags = re.NOFLAG if 1 < len(token) < _LEAST_DIGITS else re.IGNORECASE
    return re.compile(rf"(?<![^\W_]){before}{re.escape(token)}(?![^\W_])", flags)
