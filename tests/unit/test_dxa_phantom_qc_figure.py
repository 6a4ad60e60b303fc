from __future__ import annotations

import io
from datetime import date, timedelta

import numpy as np
import pytest
from PIL import Image

from bonemetrics.dxa.phantom_qc import PhantomScan, TabularCusum, phantom_qc
from bonemetrics.dxa.phantom_qc_figure import qc_figure

BASELINE = (0.998, 1.002) * 5


def series(*values: float, days_apart: int = 7, serial: str = "X-1") -> list[PhantomScan]:
    start = date(2021, 1, 4)
    return [
        PhantomScan(day=start + timedelta(days=days_apart * n), bmd_g_cm2=value, serial=serial)
        for n, value in enumerate(values)
    ]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3)


def has_colour(png: bytes, colour: str) -> bool:
    wanted = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])
    return bool((np.abs(pixels(png).astype(int) - wanted).max(axis=1) <= 2).any())


@pytest.fixture(scope="module")
def clean() -> bytes:
    """The figure of a series without fault."""
    return qc_figure(phantom_qc(series(*BASELINE, 0.999, 1.0), baseline_scans=10))


def test_qc_figure__is_a_png_and_the_same_one_each_time(clean):
    assert clean == qc_figure(phantom_qc(series(*BASELINE, 0.999, 1.0), baseline_scans=10))
    assert Image.open(io.BytesIO(clean)).size == (1440, 864)


@pytest.mark.parametrize(
    ("values", "colour"),
    [
        ((1.02,), "#d55e00"),  # outside ± 1.5 %
        ((1.007,), "#cc79a7"),  # 3 SD
        ((1.005, 1.0, 1.005), "#0072b2"),  # 2 of 3
        ((1.003, 1.003, 0.999, 1.003, 1.003), "#009e73"),  # 4 of 5
        ((1.0015,) * 12, "#e69f00"),  # 10 on one side
    ],
)
def test_qc_figure__marks_each_rule_in_its_colour(clean, values, colour):
    broken = qc_figure(phantom_qc(series(*BASELINE, *values), baseline_scans=10))
    assert not has_colour(clean, colour)
    assert has_colour(broken, colour)


def test_qc_figure__draws_the_moving_average_only_where_asked():
    values = (*BASELINE, 0.999, 1.0)
    assert has_colour(qc_figure(phantom_qc(series(*values), moving_average=3)), "#0072b2")


@pytest.mark.parametrize(
    "qc",
    [
        phantom_qc(series(*BASELINE, days_apart=0)),
        phantom_qc(series(*[1.1] * 12), tabular=TabularCusum(k=0.5, h=5.0)),
        phantom_qc(series(*BASELINE, 1.4, 1.5), services=[date(2021, 3, 15)]),
        phantom_qc(series(*BASELINE, 0.0, -3.0), tabular=TabularCusum(k=0.0, h=1.0), moving_average=2),
        phantom_qc(series(*BASELINE, serial=r"$\frac{1}{$ _^ §" + "x" * 300)),
        phantom_qc(series(*BASELINE, serial="")),
    ],
    ids=["one-day", "no-sd", "segment-without-baseline", "far-off", "serial-like-mathematics", "no-serial"],
)
def test_qc_figure__draws_what_is_unusual(qc):
    assert qc_figure(qc).startswith(b"\x89PNG")
