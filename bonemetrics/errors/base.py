"""The root of the error tree, and the codes of the whole of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class BonemetricsError(Exception):
    """A refusal with a reason: what was found, what was expected, what to do.

    Parameters
    ----------
    message
        For a person; holds no subject name or identifier.
    code
        One of the codes of this class; may be left out where the class has only one.

    Raises
    ------
    KeyError
        If `code` is not a code of this class, so that no undocumented code leaves the house.
    """

    codes: ClassVar[Mapping[str, str]] = {}

    def __init__(self, message: str, *, code: str | None = None) -> None:
        if code is None and len(self.codes) == 1:
            code = next(iter(self.codes))
        if code is None or code not in self.codes:
            raise KeyError(f"{type(self).__name__} has no code {code!r}; known are {sorted(self.codes)}")
        super().__init__(message)
        self.message = message
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders; the default pickling would lose the keyword.
        return _rebuild, (type(self), self.message, self.code)


def _rebuild(kind: type[BonemetricsError], message: str, code: str) -> BonemetricsError:
    return kind(message, code=code)


def all_error_codes() -> dict[str, str]:
    """Code and meaning of every refusal, over the whole tree.

    Returns
    -------
    dict
        Code to meaning.
    """
    found: dict[str, str] = {}
    waiting = [BonemetricsError]
    while waiting:
        kind = waiting.pop()
        found.update(kind.codes)
        waiting.extend(kind.__subclasses__())
    return found
