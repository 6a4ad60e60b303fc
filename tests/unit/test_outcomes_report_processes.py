"""The report does not depend on how many processes draw it."""

from __future__ import annotations

from bonemetrics.outcomes.report import sections as parts
from bonemetrics.outcomes.report.build import write_report
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
