"""Tests of the napari plugin run by `make window`, which loads napari's own fixtures; other runs leave them alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

NAPARI_FIXTURES = "napari.utils._testsupport"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_of_napari = collection_path.name.startswith("test_napari_")
    return True if is_of_napari and not config.pluginmanager.hasplugin(NAPARI_FIXTURES) else None


@pytest.fixture(autouse=True)
def _our_warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module=r"(napari_)?bonemetrics(\.|$)")
        yield
