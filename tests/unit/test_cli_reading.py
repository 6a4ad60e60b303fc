"""`bonemetrics review` without any window: what it refuses, and what it starts."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from bonemetrics.cli import reading
from bonemetrics.cli.app import app


def call(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.stderr


def test_review__refuses_a_folder_that_is_no_study(tmp_path):
    code, said = call("review", tmp_path, "--reader", "KL")
    assert code == 1
    assert said.startswith("not-a-study: ")
    assert said.count("\n") == 1


def test_review__without_napari_says_how_to_install_it_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "study.toml").write_text("[study]\nid = 'S'\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "napari" else object())
    code, said = call("review", tmp_path, "--reader", "KL")
    assert code == 2
    assert "pip install 'bonemetrics[napari]'" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("returned", [0, 1])
def test_review__starts_the_plugin_in_a_process_of_its_own(tmp_path, monkeypatch, returned):
    (tmp_path / "study.toml").write_text("[study]\nid = 'S'\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    started = []

    def run(command, *, check):
        started.append((command, check))
        return subprocess.CompletedProcess(command, returned)

    monkeypatch.setattr(reading.subprocess, "run", run)
    assert call("review", tmp_path, "--reader", "Dr K. L.")[0] == returned
    assert started == [([sys.executable, "-m", "napari_bonemetrics", str(tmp_path), "--reader", "Dr K. L."], False)]
