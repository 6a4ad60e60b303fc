"""The one door of clinical tables: who makes records of the rows of a kind of table."""

from __future__ import annotations

from collections.abc import Sequence

from bonemetrics.clinical.eq5d import Eq5dInterpreter
from bonemetrics.clinical.events import AdverseEventInterpreter, FractureInterpreter
from bonemetrics.clinical.laboratory import LaboratoryInterpreter
from bonemetrics.clinical.oswestry import OswestryInterpreter
from bonemetrics.clinical.vas import VasInterpreter
from bonemetrics.records import ClinicalParameters, TableMap, UnitConversion, Wanted

Interpreter = (
    LaboratoryInterpreter
    | VasInterpreter
    | OswestryInterpreter
    | Eq5dInterpreter
    | AdverseEventInterpreter
    | FractureInterpreter
)


def interpreter(
    table: TableMap, wanted: Sequence[Wanted], conversions: Sequence[UnitConversion], parameters: ClinicalParameters
) -> Interpreter:
    """Who makes records of the rows of a table.

    Parameters
    ----------
    table
        The study's map of it, which names its kind.
    wanted
        Parameters of the protocol.
    conversions
        Rules that turn units of laboratories into those of the catalogue.
    parameters
        `[clinical]` of the protocol.

    Returns
    -------
    Interpreter
        Its `roles` are what columns can be; `take` gives what one row says, `finish` what only all rows together say.

    Raises
    ------
    TableError
        If what the protocol asks for cannot be had, such as an unknown value set.
    ValueError
        For a kind that is not clinical: a mistake of ours.
    """
    match table.kind:
        case "laboratory":
            return LaboratoryInterpreter(table, wanted, conversions)
        case "vas":
            return VasInterpreter(table, conversions)
        case "oswestry":
            return OswestryInterpreter(table, parameters)
        case "eq5d":
            return Eq5dInterpreter(table, wanted)
        case "adverse-events":
            return AdverseEventInterpreter()
        case "fractures":
            return FractureInterpreter()
        case _:
            raise ValueError(f"{table.kind} is no clinical table")
