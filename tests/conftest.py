"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from bonemetrics.volume import Geometry

# What a change is judged by is the same each time; `pytest --hypothesis-profile exploring` looks further.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("exploring", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("repeatable")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The local folder of real vendor files; tests skip where it is absent."""
    folder = Path(os.environ.get("BONEMETRICS_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no folder of real vendor files; set BONEMETRICS_TEST_DATA to one")
    return folder


@pytest.fixture
def grid() -> Callable[..., Geometry]:
    """Make a lopsided, oblique grid: three sizes, three spacings, no axis along the patient's."""

    def make(
        shape: tuple[int, int, int] = (4, 5, 6),
        spacing_mm: tuple[float, float, float] = (2.0, 0.5, 0.4),
        origin_mm: tuple[float, float, float] = (-11.0, 7.0, 23.0),
    ) -> Geometry:
        # Rotation of 30° about x after 20° about z; columns are the slice, row and column directions in LPS.
        a, b = np.deg2rad(30.0), np.deg2rad(20.0)
        about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
        about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
        column, row, normal = (about_x @ about_z).T
        affine = np.eye(4)
        affine[:3, :3] = np.stack([normal, row, column], axis=1) * np.array(spacing_mm)
        affine[:3, 3] = origin_mm
        return Geometry(shape=shape, affine_lps=affine)

    return make
