"""Rows of SAS transport files are, byte by byte, those that ReadStat writes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from hypothesis import example, given
from hypothesis import strategies as st

from bonemetrics.outcomes.formats.xpt import LARGEST, SMALLEST, write_xpt
from bonemetrics.outcomes.formats.xpt_rows import ibm_doubles
from bonemetrics.outcomes.table import Table
from tests.format_tables import FACTS, column

IN_RANGE = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x == 0 or SMALLEST < abs(x) < LARGEST)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), max_size=50)
ROWS = st.lists(st.tuples(TEXTS, st.none() | IN_RANGE, TEXTS), min_size=1, max_size=9)
_OBSERVATIONS = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!"


def observations(path: Path) -> bytes:
    """What stands behind the last record of the head."""
    return path.read_bytes().partition(_OBSERVATIONS)[2][32:]


@given(rows=ROWS)
@example(rows=[("é", -0.0, ""), ("", None, "x"), ("abc", 0.0, "\U0001f9b4")])
@example(rows=[("", 0.1, ""), ("", float(np.nextafter(SMALLEST, 1)), ""), ("", -float(np.nextafter(LARGEST, 0)), "")])
def test_rows__are_those_of_readstat(rows):
    # A text of 81 bytes in each row: shorter rows are widened by `write_xpt`, which ReadStat does not do.
    whole = [(*row, "x" * 81) for row in rows]
    columns = (column("A", "text"), column("N", "number"), column("B", "text"), column("C", "text"))
    frame = pd.DataFrame(
        {one.name: pd.Series([row[place] for row in whole], dtype=object) for place, one in enumerate(columns)}
    ).astype({"N": np.float64})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pyreadstat.write_xport(frame, folder / "plain.xpt", file_format_version=5)
        own = write_xpt(Table(name="t", columns=columns, rows=whole), folder / "own.xpt", facts=FACTS)
        assert observations(own) == observations(folder / "plain.xpt")
        assert len(own.read_bytes()) == (folder / "plain.xpt").stat().st_size


def test_ibm_doubles__worked_by_hand():
    # 1 is 16**1 x 1/16 and -118.625 is -(16**2 x 0x76.A / 16**2): sign, 64 + exponent, fraction (TS-140).
    found = ibm_doubles(np.array([1.0, -118.625, 0.0, -0.0, np.nan]))
    assert [f"{word:016x}" for word in found.tolist()] == [
        "4110000000000000",
        "c276a00000000000",
        "0000000000000000",
        "0000000000000000",
        "2e00000000000000",
    ]
