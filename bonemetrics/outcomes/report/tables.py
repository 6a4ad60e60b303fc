"""Tables of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal


@dataclass(frozen=True, slots=True)
class HeadColumn:
    """One column. Those with the same `group` stand beside each other under one head; `numeric` ones are set right."""

    label: str
    numeric: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of cells, as they are shown; `first_of_group` draws a line above it, `strong` is for totals."""

    cells: tuple[str, ...]
    first_of_group: bool = False
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTable:
    """A table with its caption. The first `row_heads` cells of each row name it; `remark` stands below.

    Raises
    ------
    TypeError
        If a row has not one cell for each column: a mistake of ours, which is not shown to anybody.
    """

    caption: str
    columns: tuple[HeadColumn, ...]
    rows: tuple[TableRow, ...]
    row_heads: int = 1
    remark: str = ""
    compact: bool = False
    kind: Literal["table"] = field(default="table", init=False)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise TypeError(f"a row of {self.caption!r} has {len(row.cells)} cells, not {len(self.columns)}")

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """Heads above the columns and how many each spans; empty where no column has one."""
        if not any(column.group for column in self.columns):
            return ()
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return tuple(spans)


def batched(words: Sequence[str], most: int) -> list[tuple[str, ...]]:
    """Words in their order, as few groups of like size as it takes so that none has more than `most`."""
    count = -(-len(words) // most)
    ends = [len(words) * place // count for place in range(count + 1)] if count else []
    return [tuple(words[start:end]) for start, end in pairwise(ends)]


def columns(*labels: str, numeric_from: int = 1, group: str = "") -> tuple[HeadColumn, ...]:
    """Columns by their labels, those from place `numeric_from` on set right."""
    return tuple(HeadColumn(label, numeric=place >= numeric_from, group=group) for place, label in enumerate(labels))
