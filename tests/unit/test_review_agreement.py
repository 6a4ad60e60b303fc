"""Readings put together: who is paired with whom, what counts, and what stays blank."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.errors import AgreementError, GeometryMismatchError, MaterialMismatchError
from bonemetrics.quantities import Material
from bonemetrics.review.agreement import Reading, agreement
from bonemetrics.volume import LabelVolume

SHAPE = (3, 9, 7)


@pytest.fixture
def shelf(grid):
    """Masks by hash: `rows-F-L` fills rows F to L-1 with label 1 and columns 1 to 4; `cortex-…` draws label 2."""
    asked = []

    def load(sha256):
        asked.append(sha256)
        if sha256 == "gone":
            return None
        kind, first, last = sha256.split("-")
        labels = np.zeros(SHAPE, dtype=np.uint8)
        labels[:, int(first) : int(last), 1:5] = 2 if kind == "cortex" else 1
        spacing = (2.0, 0.5, 0.7) if kind == "other" else (2.0, 0.5, 0.4)
        return LabelVolume(labels=labels, geometry=grid(shape=SHAPE, spacing_mm=spacing))

    load.asked = asked
    return load


def look(scan, reader, value=None, *, verdict="accept", mask="", repeat=False, material=Material.HA):
    return Reading(
        scan_id=scan,
        reader=reader,
        verdict=verdict,
        labels_sha256=mask,
        values={} if value is None else {"Tb.vBMD": value},
        material=material,
        is_repeat=repeat,
    )


def test_agreement__pairs_readers_with_each_other_and_with_themselves(shelf):
    readings = [
        look("s1", "B"),
        look("s2", "B"),
        look("s1", "A"),
        look("s2", "A"),
        look("s3", "A"),
        look("s1", "C"),
        look("s2", "A", repeat=True),
        look("s3", "B", repeat=True),
        look("s9", "D"),
    ]
    rows = agreement(readings, shelf)
    # B's repeat of s3 has no first look; D read nothing that anybody else did.
    assert [(one.kind, one.first, one.second, one.n_scans) for one in rows] == [
        ("inter", "A", "B", 2),
        ("inter", "A", "C", 1),
        ("inter", "B", "C", 1),
        ("intra", "A", "A", 1),
    ]


def test_agreement__of_scans_read_once_is_nothing(shelf):
    assert agreement([look("s1", "A"), look("s2", "B")], shelf) == ()
    assert agreement([], shelf) == ()


def test_agreement__counts_verdicts_and_sets_deferred_ones_aside(shelf):
    readings = []
    said = [
        ("accept", "accept"),
        ("accept", "reject"),
        ("reject", "reject"),
        ("accept-with-edit", "accept"),
        ("defer",) * 2,
    ]
    said += [("accept", "defer"), ("accept", "accept")]
    for place, (one, other) in enumerate(said):
        readings += [look(f"s{place}", "A", verdict=one), look(f"s{place}", "B", verdict=other)]
    (row,) = agreement(readings, shelf)
    assert (row.n_scans, row.n_deferred) == (7, 2)
    assert row.kappa.categories == ("accept", "accept-with-edit", "reject")
    assert row.kappa.table == ((2, 0, 1), (1, 0, 0), (0, 0, 1))
    # 3 of 5 agree; by chance (3·3 + 1·0 + 1·2)/25 = 0.44.
    assert row.kappa.kappa == pytest.approx((0.6 - 0.44) / 0.56)
    # Linear: seen 1/2 + 1 of 5. By chance in 25ths: neighbours 3·0 + 1·3 + 1·2 + 1·0 = 5, ends 3·2 + 1·3 = 9.
    assert row.weighted_kappa.kappa == pytest.approx(1 - 0.3 / ((2.5 + 9) / 25))
    assert row.kappa.interval is None
    assert (row.n_accepted, row.n_same_mask, row.n_compared) == (3, 0, 0)


def test_agreement__means_overlap_and_distance_over_scans(shelf):
    readings = [
        look("s1", "A", mask="rows-1-4"),
        look("s1", "B", mask="rows-2-5"),
        look("s2", "A", mask="rows-1-4"),
        look("s2", "B", mask="rows-1-4"),
    ]
    (row,) = agreement(readings, shelf)
    total, trabecular, cortical = row.compartments
    assert (row.n_accepted, row.n_same_mask, row.n_compared) == (2, 1, 2)
    assert trabecular.mean_dice == pytest.approx((2 / 3 + 1) / 2)
    assert trabecular.least_dice == pytest.approx(2 / 3)
    # Plates of 3 × 4 voxels moved by a row. Of A's 10 outline voxels, the four of its first row are 0.5 mm off B's; the
    # inner two of its last row lie inside B, 0.4 mm beside its side columns; the rest lie on B's outline. So for B.
    assert trabecular.mean_distance_mm == pytest.approx(((4 * 0.5 + 2 * 0.4) / 10 + 0) / 2)
    assert trabecular.largest_hausdorff95_mm == pytest.approx(0.5)
    assert total.mean_dice == trabecular.mean_dice
    # Nobody drew cortex: nothing is known of it, not full agreement.
    assert (cortical.n_dice, cortical.mean_dice, cortical.n_distance, cortical.mean_distance_mm) == (0, None, 0, None)


def test_agreement__counts_a_compartment_that_one_reader_alone_drew(shelf):
    readings = [look("s1", "A", mask="rows-1-4"), look("s1", "B", mask="cortex-1-4")]
    (row,) = agreement(readings, shelf)
    total, trabecular, cortical = row.compartments
    assert (total.mean_dice, trabecular.mean_dice, cortical.mean_dice) == (1.0, 0.0, 0.0)
    assert (cortical.n_dice, cortical.n_distance, cortical.mean_distance_mm) == (1, 0, None)


def test_agreement__bias_is_second_minus_first_reader(shelf):
    values = [(100.0, 101.0), (120.0, 122.0), (150.0, 153.0), (200.0, 206.0)]
    readings = []
    for place, (one, other) in enumerate(values):
        readings += [look(f"s{place}", "A", one), look(f"s{place}", "B", other)]
        readings += [look(f"s{place}", "A", one - 4.0 + place, repeat=True)]
    inter, intra = agreement(readings, shelf)
    assert (inter.value.unit, inter.value.material) == ("mg/cm3", Material.HA)
    assert (inter.value.found.n, inter.value.found.bias) == (4, pytest.approx(3.0))
    # Repeat minus first look: -4, -3, -2, -1.
    assert (intra.kind, intra.value.found.n, intra.value.found.bias) == ("intra", 4, pytest.approx(-2.5))


def test_agreement__takes_no_value_or_mask_of_a_rejected_segmentation(shelf):
    readings = [
        look("s1", "A", 100.0, verdict="reject", mask="rows-1-4"),
        look("s1", "B", 130.0, mask="rows-2-5"),
        look("s2", "A", 100.0, verdict="accept-with-edit", mask="rows-1-4"),
        look("s2", "B", 101.0, mask="rows-1-4"),
        look("s3", "A", None, mask="rows-1-4"),
        look("s3", "B", 101.0, mask="gone"),
    ]
    (row,) = agreement(readings, shelf)
    assert (row.n_scans, row.n_accepted, row.n_compared) == (3, 2, 1)
    assert row.value.found.n == 1
    assert row.value.found.bias == pytest.approx(1.0)
    assert row.value.found.lower is None
    assert row.compartments[0].mean_dice == 1.0
    assert shelf.asked.count("rows-2-5") == 0


def test_agreement__asks_once_for_a_mask_that_both_left_alone(shelf):
    agreement([look("s1", "A", mask="rows-1-4"), look("s1", "B", mask="rows-1-4")], shelf)
    assert shelf.asked == ["rows-1-4"]


def test_agreement__refuses_to_mix_calibration_materials(shelf):
    readings = [look("s1", "A", 100.0), look("s1", "B", 101.0, material=Material.K2HPO4)]
    with pytest.raises(MaterialMismatchError, match="HA, K2HPO4"):
        agreement(readings, shelf)


def test_agreement__refuses_a_density_without_material(shelf):
    with pytest.raises(MaterialMismatchError, match="without its calibration material"):
        agreement([look("s1", "A", 100.0, material=None)], shelf)
    # Without a value there is no density either.
    assert len(agreement([look("s1", "A", material=None), look("s1", "B", material=None)], shelf)) == 1


def test_agreement__compares_another_quantity_in_its_own_unit(shelf):
    readings = [
        Reading(scan_id="s1", reader=name, verdict="accept", values={"Tb.Ar": value})
        for name, value in (("A", 210.0), ("B", 214.0))
    ]
    (row,) = agreement(readings, shelf, quantity="Tb.Ar")
    assert (row.value.unit, row.value.material, row.value.found.bias) == ("mm2", None, 4.0)


def test_agreement__refuses_two_first_looks_of_one_reader(shelf):
    with pytest.raises(AgreementError, match="two first readings") as caught:
        agreement([look("s1", "A"), look("s1", "A")], shelf)
    assert caught.value.code == "invalid-readings"


def test_agreement__refuses_a_quantity_of_no_catalogue(shelf):
    with pytest.raises(AgreementError, match="catalogue"):
        agreement([look("s1", "A")], shelf, quantity="Tb.vMBD")


def test_agreement__refuses_masks_of_different_grids(shelf):
    with pytest.raises(GeometryMismatchError):
        agreement([look("s1", "A", mask="rows-1-4"), look("s1", "B", mask="other-1-4")], shelf)
