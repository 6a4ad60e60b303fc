"""The report does not depend on how many processes draw it."""

from __future__ import annotations

import os

import pytest

from bonemetrics.errors import AnalysisError
from bonemetrics.outcomes.report import sections as parts
from bonemetrics.outcomes.report.build import write_report
from bonemetrics.outcomes.report.page import Section
from tests.report_cases import small_dataset


def test_report__is_the_same_where_two_processes_draw(tmp_path):
    dataset = small_dataset()
    alone = write_report(dataset, tmp_path / "alone")
    shared = write_report(dataset, tmp_path / "shared", workers=2)
    assert [file.name for file in shared] == [file.name for file in alone]
    assert any(file.suffix == ".png" for file in alone)
    assert [file.read_bytes() for file in shared] == [file.read_bytes() for file in alone]


def test_report__of_a_large_study_is_drawn_in_one_process(monkeypatch):
    def refuse(_method: str) -> None:
        raise AssertionError("a second process was started")

    monkeypatch.setattr(parts, "get_context", refuse)
    monkeypatch.setattr(parts, "_MOST_ROWS_SENT", 0)
    dataset = small_dataset()
    assert dataset.rows
    assert parts.sections(dataset, workers=2)


def _dies(_dataset: object) -> None:
    os._exit(9)


def _cannot_draw(_dataset: object) -> None:
    raise AnalysisError("there is nothing to draw", code=next(iter(AnalysisError.codes)))


@pytest.fixture
def endpoints_alone(monkeypatch):
    """Only what the other process draws."""
    monkeypatch.setattr(parts, "_in_order", lambda _dataset, _selection, _agreement, drawn: (drawn(),))


def test_report__is_drawn_here_where_the_other_process_is_killed(endpoints_alone, monkeypatch):
    monkeypatch.setattr(parts, "_endpoints_of", _dies)
    monkeypatch.setattr(parts, "endpoints", lambda _selection: Section(anchor="endpoints", title="Drawn here"))
    (found,) = parts.sections(small_dataset(), workers=2)
    assert found.title == "Drawn here"


def test_report__tells_what_went_wrong_in_the_other_process(endpoints_alone, monkeypatch):
    monkeypatch.setattr(parts, "_endpoints_of", _cannot_draw)
    with pytest.raises(AnalysisError, match="nothing to draw"):
        parts.sections(small_dataset(), workers=2)
