"""The page on the outcomes dataset names what is there."""

from __future__ import annotations

import re
from pathlib import Path

from bonemetrics.outcomes.long_table import LONG_COLUMNS
from bonemetrics.study.protocol import parse_protocol

PAGE = Path(__file__).parents[2] / "docs" / "outcomes-dataset.md"


def test_page__names_every_column_of_the_long_form_once():
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("## outcomes_long")[1].split("## Rules")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(column.name for column in LONG_COLUMNS)


def test_page__its_protocol_is_one():
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    protocol = parse_protocol(text)
    assert protocol.parameters[0].own_unit == "kg"
    assert protocol.tables[0].kind == "laboratory"
