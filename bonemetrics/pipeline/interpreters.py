"""Who makes records of the rows of a table, and what is asked of such an interpreter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bonemetrics.records import MappedRow, Role, RowOutcome, Wanted

if TYPE_CHECKING:
    from bonemetrics.study.protocol import Protocol as StudyProtocol
    from bonemetrics.study.protocol_tables import ClinicalTable

NO_RESULTS = frozenset({"subject", "record", "visit", "date", "study_day", "reader", "version"})
NO_RESULTS |= {"test", "test_name", "unit", "standard_unit", "collected_unit", "original_unit", "derivation"}
NO_RESULTS |= {"visit_number", "date_time", "time_of_day", "planned_time", "repeat", "sequence", "sponsor_id"}
NO_RESULTS |= {"baseline_flag", "analysis_flag", "stated_baseline", "stated_change", "stated_percent_change"}
NO_RESULTS |= {"specimen", "lower_limit", "upper_limit"}
"""Roles that say whose a row is, when and of what, but no result."""


class Interpreter(Protocol):
    """Makes records of mapped rows."""

    @property
    def roles(self) -> tuple[Role, ...]: ...

    def take(self, row: MappedRow) -> RowOutcome: ...

    def finish(self) -> Iterable[RowOutcome]: ...


@runtime_checkable
class LooksTwice(Protocol):
    """An interpreter that only the whole table may tell what its rows mean."""

    def second_look(self) -> Interpreter | None:
        """One that knows what the table told, to go through it again; `None` where that would change nothing."""


def wanted_of(protocol: StudyProtocol) -> tuple[Wanted, ...]:
    """The protocol's parameters as a reader of tables needs them."""
    return tuple(
        Wanted(
            paramcd=one.paramcd,
            quantity=one.quantity,
            site=one.site,
            region=one.region,
            side=one.side if one.side in ("left", "right") else None,
            unit=one.own_unit,
            version=one.version,
            value_set=one.value_set,
        )
        for one in protocol.parameters
    )


def interpreter_of(table: ClinicalTable, protocol: StudyProtocol) -> Interpreter:
    """Who makes records of the rows of one of [[tables]]."""
    if table.kind == "histomorphometry":
        from bonemetrics.histomorphometry import entries

        return entries.interpreter(table, protocol.histomorphometry)
    from bonemetrics.clinical import door

    return door.interpreter(table, wanted_of(protocol), protocol.conversions, protocol.clinical)
