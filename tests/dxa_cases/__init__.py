"""One example file for every DXA reader, of invented people; the contract test finds `CASE` of each module."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bonemetrics.records import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class DxaCase:
    """An example file of one reader.

    `module` is the reader's dotted name, `make` gives the file's bytes, `secrets` are texts of the file that tell who
    the person is (name, identifier, birth date as written) and must leave in no record but `DxaPatient`. `numbers` are
    some that the file holds, by region, side and cell, written down by hand. `by_attribute` marks what no first bytes
    tell: it is known by the DICOM attribute that it lies in.
    """

    route: Route
    module: str
    file_name: str
    make: Callable[[], bytes]
    secrets: tuple[str, ...]
    numbers: Mapping[tuple[str, str, str], float]
    by_attribute: bool = False


def dxa_cases() -> list[DxaCase]:
    """The case of every module of this folder."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}").CASE for name in names]
