"""The known word nearest to a mistyped one, for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Known word nearest to `word`, or `None` where none is near."""
    by_folded = {other.casefold().replace("-", "_"): other for other in known}
    found = get_close_matches(word.casefold().replace("-", "_"), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """End of a sentence: `; did you mean 'target_day'?`, else what is known."""
    known = list(known)
    near = nearest(word, known)
    if near is not None:
        return f"; did you mean {near!r}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""
