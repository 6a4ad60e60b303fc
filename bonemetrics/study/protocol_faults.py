"""From what a validator found to a sentence with line, key and the nearest known key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bonemetrics.study.nearest import suggestion
from bonemetrics.study.toml_lines import Path

Fault = tuple[Path, str]
"""Where, and what is wrong there."""
_SHOWN = 20


def syntax_message(tomllib_message: str) -> str:
    """Put the line first in a message of `tomllib`."""
    found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", tomllib_message)
    if found is None:
        return f"study.toml is not TOML: {tomllib_message}"
    return f"line {found[2]}: not TOML at column {found[3]}: {found[1]}"


def message(faults: Iterable[Fault], lines: Mapping[Path, int]) -> str:
    """All faults in the order of their lines, one per line of text."""
    found = sorted({(line_of(path, lines), text) for path, text in faults})
    shown = [f"line {line}: {text}" for line, text in found[:_SHOWN]]
    if len(found) > _SHOWN:
        shown.append(f"and {len(found) - _SHOWN} more")
    return "\n".join(shown)


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Line of the key, or of the nearest thing around it."""
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path, 1)


def unknown_tables(document: Mapping[str, Any], known: Iterable[str]) -> list[Fault]:
    """Faults of keys at the top that no table has."""
    known = list(known)
    return [
        (
            (name,),
            f"unknown table [{name}]{suggestion(name, known)}"
            if isinstance(value, dict | list)
            else f"unknown key {name!r} outside of every table{suggestion(name, known)}",
        )
        for name, value in document.items()
        if name not in known
    ]


def from_validation(error: ValidationError, model: type[BaseModel], *, within: Path = ()) -> list[Fault]:
    """Faults behind one pydantic error; `within` is the table that `model` stands for."""
    faults: list[Fault] = []
    for found in error.errors():
        path = (*within, *(part for part in found["loc"] if part != "[key]"))
        known = fields_at(path[len(within) : -1], model)
        if path[:1] == ("tissue",) and len(path) > 2:
            # Each kind of value that would do reports a fault of its own; one is enough.
            faults.append((path[:2], f"{str(path[1])!r} in [tissue]: one number, word or true/false is expected"))
        else:
            faults.append((path, _sentence(found["type"], found, path, known)))
    return faults


def _sentence(kind: str, found: Mapping[str, Any], path: Path, known: Iterable[str]) -> str:
    key = str(path[-1]) if path else ""
    place = table_name(path[:-1])
    context = found.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key {key!r} in {place}{suggestion(key, known)}"
    if kind == "missing":
        return f"{place} lacks {key!r}"
    if kind in ("tuple_type", "model_type", "model_attributes_type", "dict_type") and len(path) == 1:
        return _brackets(key, kind)
    if kind == "value_error":
        return f"{_subject_of(path)}: {context['error']}"
    if kind in ("literal_error", "enum"):
        expected = re.findall(r"'([^']*)'", str(context["expected"]))
        wrong = key if found["loc"][-1] == "[key]" else found["input"]
        near = suggestion(str(wrong), expected)
        return f"{key!r} in {place} is {wrong!r}, expected one of {', '.join(expected)}{near if 'mean' in near else ''}"
    return f"{key!r} in {place}: {_lowered(str(found['msg']))}"


def _brackets(name: str, kind: str) -> str:
    wanted = f"[[{name}]], since there may be several" if kind == "tuple_type" else f"[{name}], since there is one"
    return f"write {wanted}"


def _subject_of(path: Path) -> str:
    if path and isinstance(path[-1], str) and len(path) > 1:
        return f"{path[-1]!r} in {table_name(path[:-1])}"
    return table_name(path)


def _lowered(text: str) -> str:
    text = text.removeprefix("Input ").removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def table_name(path: Path) -> str:
    """Name of a table as it is written: `[region]`, `[[visits]]`, `[[phantoms.rods]]`."""
    name = ".".join(part for part in path if isinstance(part, str))
    if not name:
        return "the top of study.toml"
    return f"[[{name}]]" if path and isinstance(path[-1], int) else f"[{name}]"


def fields_at(path: Path, model: type[BaseModel]) -> list[str]:
    """Keys that a table may have."""
    kind: Any = model
    for part in path:
        if isinstance(part, int):
            kind = next((arg for arg in get_args(kind) if arg is not Ellipsis), None)
        elif isinstance(kind, type) and issubclass(kind, BaseModel) and part in kind.model_fields:
            kind = _without_none(kind.model_fields[part].annotation)
        else:
            return []
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        return next(arg for arg in get_args(annotation) if arg is not type(None))
    return annotation
