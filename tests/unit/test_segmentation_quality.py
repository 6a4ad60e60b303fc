from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.segmentation.quality import StackFacts, quality_card

CLEAN = StackFacts(
    slices=(3, 5, 7, 9, 11, 13, 15),
    spacing_mm=0.25,
    area_mm2=np.array([250.0, 252, 254, 256, 258, 260]),
    thickness_mm=np.array([0.8, 0.8, 0.79, 0.78, 0.78, 0.77]),
    thickness_p95_mm=np.full(6, 1.2),
    unseen_share=np.zeros(6),
    misfit_share=np.zeros(6),
    at_edge=np.zeros(6, dtype=bool),
    n_measured=12,
    noise=40.0,
    contrast=950.0,
    blur_pixels=0.8,
)


def put(values, index, value):
    changed = values.copy()
    changed[index] = value
    return changed


def test_quality_card__clean_stack_has_no_finding():
    assert quality_card(CLEAN, TissueParameters()).findings == ()


@pytest.mark.parametrize(
    ("change", "code", "slices"),
    [
        ({"at_edge": put(CLEAN.at_edge, 1, True)}, "bone-truncated", (5, 6)),
        ({"unseen_share": put(CLEAN.unseen_share, 5, 0.03)}, "cortical-break", (13, 14)),
        ({"misfit_share": put(CLEAN.misfit_share, 4, 0.06)}, "edge-misfit", (11, 12)),
        ({"area_mm2": put(CLEAN.area_mm2, 0, 280.0)}, "area-jump", (3, 4, 5, 6)),
        ({"area_mm2": CLEAN.area_mm2 * 4}, "implausible-area", tuple(range(3, 15))),
        ({"area_mm2": CLEAN.area_mm2 / 6}, "implausible-area", tuple(range(3, 15))),
        ({"area_mm2": put(CLEAN.area_mm2, 5, 120.0)}, "implausible-area", (13, 14)),
        ({"thickness_p95_mm": put(CLEAN.thickness_p95_mm, 2, 4.5)}, "implausible-thickness", (7, 8)),
        ({"thickness_mm": put(CLEAN.thickness_mm, 3, 2.4)}, "implausible-thickness", (9, 10)),
        ({"n_measured": 4}, "few-slices", ()),
        ({"noise": 110.0}, "noisy-scan", ()),
        ({"blur_pixels": 2.4}, "blurred-edges", ()),
    ],
)
def test_quality_card__finds(change, code, slices):
    findings = {found.code: found for found in quality_card(replace(CLEAN, **change), TissueParameters()).findings}
    assert findings[code].slices == slices
    assert set(findings) <= {code, "area-jump"}


def test_quality_card__figures_can_be_written_as_json():
    figures = quality_card(CLEAN, TissueParameters()).figures
    assert figures["first_slices"] == [3, 5, 7, 9, 11, 13]
    assert figures["noise_mg_per_cm3"] == 40.0
