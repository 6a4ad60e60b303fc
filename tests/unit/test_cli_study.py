"""What the study commands say when there is nothing to do, or something is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bonemetrics.cli.app import app


def call(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def test_init__names_the_next_command_so_that_it_can_be_pasted(tmp_path):
    code, said, _ = call("init", tmp_path / "my study")
    assert code == 0
    assert f"bonemetrics run '{tmp_path / 'my study'}' FOLDER-OF-SCANS-AND-TABLES" in said


def test_run__says_that_nothing_was_found_and_stays_quiet_without_a_terminal(tmp_path):
    call("init", tmp_path / "study")
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "letter.txt").write_text("dear colleague")
    code, said, told = call("run", tmp_path / "study", tmp_path / "input")
    assert code == 1
    nothing = "Nothing to measure: no scan, report or named table lies under the inputs; 1 other files were left alone."
    assert said == f"{nothing}\n"
    assert told == ""


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("status",), {"scans", "waiting", "reviewed", "failed", "problems"}),
        (("run", "."), {"read", "measured", "skipped", "refused", "failed", "problems"}),
    ],
)
def test_json__keeps_its_keys_where_there_is_no_study(tmp_path, words, keys):
    code, said, _ = call(words[0], tmp_path / "none", *words[1:], "--json")
    assert code == 1
    shown = json.loads(said)
    assert set(shown) == keys
    assert [problem["code"] for problem in shown["problems"]] == ["not-a-study"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes only on Linux")
def test_terminal_without_special_signs__does_not_end_the_work(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xff.dcm")).write_bytes(b"\0" * 128 + b"DICM")
    for encoding in ("ascii:strict", "utf-8:strict"):
        done = subprocess.run(
            [sys.executable, "-m", "bonemetrics", "inspect", tmp_path],
            capture_output=True,
            check=False,
            env=os.environ | {"PYTHONIOENCODING": encoding},
        )
        assert b"Traceback" not in done.stderr
        assert b"f\\udcff.dcm" in done.stdout


@pytest.mark.parametrize(
    "words", [("init", "file/study"), ("export", "study", "file/tables"), ("measure", ".", "--out", "file/out")]
)
def test_place_that_cannot_be_written__is_one_line_with_the_path(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    call("init", "study")
    Path("file").write_text("in the way")
    code, said, told = call(*words)
    assert (code, said) == (1, "")
    assert told.startswith("storage: file")
    assert told.count("\n") == 1


def test_measure__labels_that_are_not_there_are_wrong_usage(tmp_path):
    code, _, told = call("measure", tmp_path, "--labels", tmp_path / "none.nii.gz")
    assert code == 2
    assert "none.nii.gz" in told


def test_measure__a_file_is_no_place_for_the_results(tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, told = call("measure", tmp_path, "--out", tmp_path / "file")
    assert code == 2
    assert "name a folder" in told
