"""The table of biopsies and the precision of their readers, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bonemetrics.histomorphometry.repeats import study_precision
from bonemetrics.outcomes.biopsy_tables import biopsy_table, precision_table
from bonemetrics.outcomes.rows import Candidate, Gathered, LabelStatus, Source
from bonemetrics.records import HistomorphometryEntry, Visit
from tests.report_cases import protocol

DAY = date(2016, 2, 21)


def reading(subject, reader, value, *, entry="1", state="complete", line=2) -> HistomorphometryEntry:
    return HistomorphometryEntry(
        kind="histomorphometry",
        subject=subject,
        day=DAY,
        reader=reader,
        envelope="cancellous",
        entry=entry,
        state=state,
        line=line,
        primaries={"O.Pm": value},
    )


def test_study_precision__between_readers_by_hand():
    found = study_precision(
        [
            *(reading("W-1", "AH", 10.0), reading("W-1", "BK", 12.0, entry="2")),
            *(reading("W-2", "AH", 20.0), reading("W-2", "BK", 21.0, entry="2")),
            # None of these is a reading beside another one.
            *(reading("W-2", "CL", 99.0, entry="adjudicated"), reading("W-3", "AH", 5.0)),
            *(reading("W-1", "DM", 50.0, state="draft"), reading("W-1", "", 70.0)),
        ]
    )
    (one,) = found
    # Variances 2 and 0.5 about means 11 and 20.5, one degree of freedom each.
    assert (one.kind, one.found.code, one.found.n_biopsies, one.found.degrees_of_freedom) == ("inter", "O.Pm", 2, 2)
    assert one.found.rms_sd == pytest.approx((2.5 / 2) ** 0.5)
    assert one.found.rms_cv_percent == pytest.approx(100 * ((2 / 121 + 0.5 / 420.25) / 2) ** 0.5)


def test_study_precision__of_one_reader():
    found = study_precision([reading("W-1", "AH", 10.0), reading("W-1", "AH", 13.0, entry="2", line=3)])
    (one,) = found
    assert (one.kind, one.found.degrees_of_freedom) == ("intra", 1)
    assert one.found.rms_sd == pytest.approx(4.5**0.5)


def gathered() -> Gathered:
    source = Source(
        source_id="t1:2",
        kind="histomorphometry",
        input_sha256="0f" * 32,
        line=2,
        reader="AH",
        calibration="factor=iliac; referent=TV",
    )

    def value(quantity, number, unit, given):
        return Candidate(
            subject="W-01",
            cohort="LOW",
            visit=Visit(name="Baseline", number=0),
            day=DAY,
            study_day=-43,
            kind="histomorphometry",
            paramcds=(),
            quantity=quantity,
            site="iliac-crest",
            region="cancellous",
            side="",
            value=number,
            unit=unit,
            given=given,
            standard_uncertainty=0.4 if quantity == "OS/BS" else None,
            source=source,
        )

    label = LabelStatus(subject="W-01", visit="Baseline", day=DAY, envelope="cancellous", status="single")
    return Gathered(
        protocol=protocol(),
        participants=(),
        candidates=(value("O.Pm", 12.0, "mm", "12"), value("OS/BS", 12.0, "%", "")),
        labels=(label,),
        reader_precision=study_precision([reading("W-1", "AH", 10.0), reading("W-1", "BK", 12.0, entry="2")]),
    )


def test_biopsy_table__has_2d_and_3d_names_and_what_the_numbers_rest_on():
    table = biopsy_table(gathered())
    names = [column.name for column in table.columns]
    entered, computed = [dict(zip(names, row, strict=True)) for row in table.rows]
    assert (entered["CODE"], entered["NAME2D"], entered["NAME3D"], entered["ENTERED"]) == ("O.Pm", "O.Pm", "OS", "Y")
    assert (computed["CODE"], computed["ENTERED"], computed["STDUNC"]) == ("OS/BS", "N", 0.4)
    assert (computed["LABELS"], computed["READER"], computed["PARAMETERS"], computed["ADY"]) == (
        "single",
        "AH",
        "factor=iliac; referent=TV",
        -43,
    )


def test_precision_table__one_row_a_measurement():
    (row,) = precision_table(gathered()).rows
    assert row[:4] == ("inter", "O.Pm", 1, 1)
    assert row[4] == pytest.approx(2**0.5)
    assert row[5] == "mm"


def test_biopsy_table__a_halved_outline_and_a_typed_index_show_what_was_entered():
    whole = gathered()
    perimeter, share = whole.candidates
    halved = replace(perimeter, given="24.0", given_unit="mm")
    typed = replace(share, given="12.00", given_unit="%")
    table = biopsy_table(replace(whole, candidates=(halved, typed)))
    names = [column.name for column in table.columns]
    rows = {row["CODE"]: row for row in (dict(zip(names, cells, strict=True)) for cells in table.rows)}
    assert (rows["O.Pm"]["AVAL"], rows["O.Pm"]["ENTERED"], rows["O.Pm"]["GIVEN"]) == (12.0, "N", "24.0")
    assert (rows["OS/BS"]["AVAL"], rows["OS/BS"]["ENTERED"], rows["OS/BS"]["GIVEN"]) == (12.0, "Y", "12.00")
