"""Whether the answers of a whole sheet are coded as the scoring takes them to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bonemetrics.errors import TableError


@dataclass(slots=True, kw_only=True)
class Coding:
    """What all rows of a sheet tell of its coding.

    `elsewhere` are answers that exist only in another coding; where the sheet holds one of them, and none of `proof`,
    every score of it is in doubt. `told` says what the other coding is.
    """

    elsewhere: frozenset[float]
    proof: frozenset[float] = frozenset()
    told: str = ""
    first_line: int | None = None
    is_proven: bool = False
    is_settled: bool = False

    def see(self, line: int, answers: Iterable[float]) -> None:
        """Take note of the answers of a row."""
        given = frozenset(answers)
        if self.first_line is None and given & self.elsewhere:
            self.first_line = line
        self.is_proven = self.is_proven or bool(given & self.proof)

    def require_sure(self) -> None:
        """Refuse a score of a sheet whose coding is in doubt, once the whole sheet is known.

        Raises
        ------
        TableError
            `coding-suspect`.
        """
        if self.is_settled and self.is_suspect:
            text = (
                f"row {self.first_line} holds an answer of another coding ({self.told}), so the same answers of other"
            )
            raise TableError(f"{text} rows may mean something else; correct that row or recode", code="coding-suspect")

    @property
    def is_suspect(self) -> bool:
        """Whether the sheet holds an answer of another coding, and nothing that proves its own."""
        return self.first_line is not None and not self.is_proven

    def settled(self) -> Coding | None:
        """What a second look at the sheet has to know; `None` where it would show nothing new."""
        return None if self.is_settled or not self.is_suspect else replace(self, is_settled=True)
