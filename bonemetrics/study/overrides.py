"""`--set SECTION.KEY=VALUE`: one parameter of the protocol changed for one call."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import NoReturn

from bonemetrics.errors import UsageError
from bonemetrics.study.nearest import suggestion
from bonemetrics.study.protocol import OWN_FIELDS, Protocol, validated
from bonemetrics.study.protocol_checks import cross_faults
from bonemetrics.study.protocol_faults import Fault
from bonemetrics.study.protocol_tables import Scalar

SECTIONS = ("region", "tissue", "reading", "density", "dxa")
"""Tables that a call may change; the others belong to the study as a whole."""
_ASSIGNMENT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\s*=(.*)", re.DOTALL)


def overridden(protocol: Protocol, assignments: Sequence[str]) -> Protocol:
    """Give the protocol with the assignments applied together and recorded.

    Raises
    ------
    UsageError
        Unknown section or key, or a value that does not fit.
    """
    if not assignments:
        return protocol
    document = protocol.model_dump(mode="json", exclude_none=True, exclude=set(OWN_FIELDS))
    changed: dict[str, Scalar] = dict(protocol.overrides)
    parsed = [_parsed(text) for text in assignments]
    if any((section, key) == ("region", "rule") for section, key, _ in parsed):
        # Another rule has other keys, and the old ones would only contradict it; which end is distal stays true.
        document["region"] = {key: value for key, value in document["region"].items() if key in ("distal", "side")}
    for section, key, value in parsed:
        document[section][key] = value
        changed[f"{section}.{key}"] = value
    result = validated(document, _refuse)
    faults = cross_faults(result)
    if faults:
        _refuse(faults)
    return result.model_copy(update={"overrides": changed, "lists_subjects": protocol.lists_subjects})


def _parsed(text: str) -> tuple[str, str, Scalar]:
    found = _ASSIGNMENT.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"--set {text!r} is not SECTION.KEY=VALUE, for example tissue.threshold=320")
    section, key, value = found.groups()
    if section not in SECTIONS:
        known = [name for name in Protocol.model_fields if name not in OWN_FIELDS]
        if section in known:
            raise UsageError(
                f"--set {text!r}: [{section}] belongs to the study; by call change only {', '.join(SECTIONS)}"
            )
        raise UsageError(f"--set {text!r}: unknown section {section!r}{suggestion(section, SECTIONS)}")
    return section, key, _value(value.strip(), text)


def _value(text: str, whole: str) -> Scalar:
    try:
        value = tomllib.loads(f"value = {text}\n")["value"]
    except tomllib.TOMLDecodeError:
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text):
            return text  # a bare word is text: --set region.rule=whole
        raise UsageError(f"--set {whole!r}: {text!r} is no TOML value, for example 320, 1.5, true or a word") from None
    if not isinstance(value, bool | int | float | str):
        raise UsageError(f"--set {whole!r}: one number, word or true/false is expected")
    return value


def _refuse(faults: list[Fault]) -> NoReturn:
    raise UsageError("\n".join(f"--set: {text}" for _, text in faults))
