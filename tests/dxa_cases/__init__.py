"""One example file for every DXA reader, of invented people; the contract test finds `CASE` of each module."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from bonemetrics.records import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class DxaCase:
    """An example file of one reader.

    `module` is the reader's dotted name, `make` gives the file's bytes, `secrets` are texts of the file that tell who
    the person is (name, identifier, birth date as written) and must leave in no record but `DxaPatient`.
    """

    route: Route
    module: str
    file_name: str
    make: Callable[[], bytes]
    secrets: tuple[str, ...]


def dxa_cases() -> list[DxaCase]:
    """The case of every module of this folder."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}").CASE for name in names]
