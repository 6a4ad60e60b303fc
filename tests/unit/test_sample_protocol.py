"""The protocol of the synthetic trial explains every key there is."""

from __future__ import annotations

import pytest

from bonemetrics.sample.clinical.files import SHEETS
from bonemetrics.sample.protocol import study_toml
from bonemetrics.sample.protocol_keys import KEYS, explained, unused
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.study.protocol import OWN_FIELDS, Protocol, parse_protocol


def record_of(name):
    """The record of a table and how its header is written."""
    annotation = Protocol.model_fields[name].annotation
    several = getattr(annotation, "__args__", ())
    return (several[0], f"[[{name}]]") if several else (annotation, f"[{name}]")


TABLES = [name for name in Protocol.model_fields if name not in (*OWN_FIELDS, "tissue", "subjects")]


@pytest.mark.parametrize("name", TABLES)
def test_keys__are_those_of_the_protocol(name):
    record, head = record_of(name)
    assert set(KEYS[head]) == set(record.model_fields)


def test_keys__hold_no_table_that_is_none():
    assert set(KEYS) == {record_of(name)[1] for name in TABLES} | {"[tissue]"}
    assert set(KEYS["[tissue]"]) <= set(TissueParameters.model_fields)


def test_study_toml__explains_each_key_once_and_is_valid():
    text = study_toml()
    lines = text.splitlines()
    for head, keys in KEYS.items():
        start = next(number for number, line in enumerate(lines) if line.lstrip("# ") == head)
        block = lines[start + 1 : lines.index("", start)] if "" in lines[start:] else lines[start + 1 :]
        for key, (_, comment) in keys.items():
            assert any(line.lstrip("# ").startswith(f"{key} = ") for line in block), (head, key)
            assert not comment or any(line.endswith(f"  # {comment}") for line in block), (head, key)
    assert parse_protocol(text).study.id == "SAMPLE-RQCT"


@pytest.mark.parametrize("head", KEYS)
def test_keys__every_example_is_toml(head):
    import tomllib

    told = tomllib.loads("\n".join(line.removeprefix("# ") for line in unused(head).splitlines()))
    name = head.strip("[]")
    table = told[name][0] if head.startswith("[[") else told[name]
    assert set(table) == set(KEYS[head])


def test_explained__refuses_a_key_that_nobody_knows():
    with pytest.raises(KeyError, match="colour"):
        explained("[clinical]", {"colour": '"blue"'})


def test_protocol__every_sheet_has_its_entry_and_a_relation_is_asked_for():
    protocol = parse_protocol(study_toml())
    assert {table.file for table in protocol.tables} == set(SHEETS)
    assert protocol.analysis.relations == (("HACF", "P1NP"), ("HBVTV", "RADTBD"))
    assert {entry.paramcd for entry in protocol.precision} == {"RADTBD", "LSBMD", "THBMD", "FNBMD", "P1NP", "NTX"}
    index = next(one for one in protocol.parameters if one.paramcd == "EQ5DIDX")
    assert (index.version, index.value_set) == ("3L", "Spain TTO")
