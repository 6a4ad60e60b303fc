"""How far readers agree with each other and with themselves, over all scans that were read twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean
from typing import Literal

from bonemetrics.errors import AgreementError, MaterialMismatchError
from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import ACCEPTED, VERDICTS, Verdict
from bonemetrics.review.bland_altman import BlandAltman, bland_altman
from bonemetrics.review.kappa import Kappa, cohens_kappa
from bonemetrics.review.overlap import REGIONS, Overlap, compare_labels
from bonemetrics.volume import LabelVolume

Kind = Literal["inter", "intra"]
LabelLoader = Callable[[str], LabelVolume | None]
"""Labels by the SHA-256 of their file; `None` where they are not at hand."""
JUDGED: tuple[Verdict, ...] = tuple(one for one in VERDICTS if one != "defer")
"""Verdicts from the best to the worst; a deferred scan is not yet judged."""
QUANTITY = "Tb.vBMD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look of one reader at one scan, as it ended.

    `labels_sha256` names the mask that the reader left behind, edited or not; it is empty where there is none. `values`
    are what was measured in it, by quantity in the unit of the catalogue; densities are of `material`. `is_repeat`
    marks the second look of the same reader.
    """

    scan_id: str
    reader: str
    verdict: Verdict
    labels_sha256: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    material: Material | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompartmentAgreement:
    """One compartment over all scans whose masks could be compared; a mean is `None` where it is of none.

    `n_dice` scans have the compartment in at least one mask, `n_distance` in both.
    """

    region: str
    n_dice: int
    mean_dice: float | None
    least_dice: float | None
    n_distance: int
    mean_distance_mm: float | None
    largest_hausdorff95_mm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueAgreement:
    """One measured quantity; differences are second reader minus first, or repeat minus first look."""

    quantity: str
    unit: str
    material: Material | None
    found: BlandAltman


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRow:
    """Two readers, or one reader at two times.

    `n_scans` were read by both (twice). Of these, `n_deferred` are left out of kappa because a reader put off the
    verdict, and only those that both accepted, edited or not, can be compared as masks (`n_compared`) and values:
    a rejected mask is nobody's segmentation. In `n_same_mask` of the scans that both accepted the two masks are one
    and the same, as a rule the automatic proposal that neither changed; there they agree fully.
    """

    kind: Kind
    first: str
    second: str
    n_scans: int
    n_deferred: int
    kappa: Kappa
    weighted_kappa: Kappa
    n_accepted: int
    n_same_mask: int
    n_compared: int
    compartments: tuple[CompartmentAgreement, ...]
    value: ValueAgreement


def agreement(
    readings: Iterable[Reading],
    load_labels: LabelLoader,
    *,
    quantity: str = QUANTITY,
    confidence: float = 0.95,
) -> tuple[AgreementRow, ...]:
    """Agreement between every two readers and of every reader with herself.

    Parameters
    ----------
    readings
        Of all scans; of each reader and scan one first look and at most one repeat, the last word of each.
    load_labels
        Called for the masks of one scan at a time.
    quantity
        Whose values are compared, of the catalogue.
    confidence
        Of all intervals.

    Returns
    -------
    tuple of AgreementRow
        Between readers first, in the order of names, then each reader's own. Only first looks count between readers.
        Without any scan read twice, nothing.

    Raises
    ------
    AgreementError
        `invalid-readings` if a reader has two first looks, or two repeats, of one scan.
    MaterialMismatchError
        If values of a density are of several materials, or of none that is stated.
    GeometryMismatchError
        If two masks of one scan lie on different grids.
    """
    every = tuple(readings)
    material = _one_material(every, quantity)
    looks = _by_look(every)
    rows = []
    for kind, first, second in _sides(every):
        pairs = _pairs(looks, kind, first, second)
        if pairs:
            rows.append(_row(kind, (first, second), pairs, load_labels, (quantity, material), confidence))
    return tuple(rows)


_Look = tuple[str, bool]
_Pair = tuple[Reading, Reading]


def _one_material(readings: Sequence[Reading], quantity: str) -> Material | None:
    """The material of every value of the quantity."""
    if quantity not in CATALOGUE:
        raise AgreementError(f"{quantity!r} is not in the catalogue of quantities", code="invalid-readings")
    if not CATALOGUE[quantity].needs_material:
        return None
    found = {one.material for one in readings if quantity in one.values}
    if None in found:
        raise MaterialMismatchError(f"a value of {quantity} comes without its calibration material; state it")
    if len(found) > 1:
        names = ", ".join(sorted(one.value for one in found if one is not None))
        raise MaterialMismatchError(
            f"values of {quantity} are of several calibration materials ({names}); compare the readings of each alone"
        )
    return next(iter(found), None)


def _by_look(readings: Sequence[Reading]) -> dict[_Look, dict[str, Reading]]:
    """Readings by reader and whether they are a repeat, then by scan."""
    looks: dict[_Look, dict[str, Reading]] = {}
    for one in readings:
        own = looks.setdefault((one.reader, one.is_repeat), {})
        if one.scan_id in own:
            raise AgreementError(
                "a reader has two first readings, or two repeats, of one scan; give the last of each",
                code="invalid-readings",
            )
        own[one.scan_id] = one
    return looks


def _sides(readings: Sequence[Reading]) -> list[tuple[Kind, str, str]]:
    names = sorted({one.reader for one in readings})
    inter: list[tuple[Kind, str, str]] = [("inter", first, second) for first, second in combinations(names, 2)]
    return [*inter, *(("intra", name, name) for name in names)]


def _pairs(looks: Mapping[_Look, Mapping[str, Reading]], kind: Kind, first: str, second: str) -> list[_Pair]:
    """Both readings of each scan, in the order of scans."""
    one, other = looks.get((first, False), {}), looks.get((second, kind == "intra"), {})
    return [(one[scan], other[scan]) for scan in sorted(set(one) & set(other))]


def _row(
    kind: Kind,
    names: tuple[str, str],
    pairs: Sequence[_Pair],
    load_labels: LabelLoader,
    measured: tuple[str, Material | None],
    confidence: float,
) -> AgreementRow:
    judged = [(one.verdict, other.verdict) for one, other in pairs if "defer" not in (one.verdict, other.verdict)]
    accepted = [pair for pair in pairs if all(one.verdict in ACCEPTED for one in pair)]
    overlaps = [found for pair in accepted if (found := _compare(pair, load_labels)) is not None]
    return AgreementRow(
        kind=kind,
        first=names[0],
        second=names[1],
        n_scans=len(pairs),
        n_deferred=len(pairs) - len(judged),
        kappa=cohens_kappa(judged, JUDGED, confidence=confidence),
        weighted_kappa=cohens_kappa(judged, JUDGED, weights="linear", confidence=confidence),
        n_accepted=len(accepted),
        n_same_mask=sum(bool(one.labels_sha256) and one.labels_sha256 == two.labels_sha256 for one, two in accepted),
        n_compared=len(overlaps),
        compartments=tuple(_compartment(region, overlaps) for region in REGIONS),
        value=_values(accepted, *measured, confidence),
    )


def _compare(pair: _Pair, load_labels: LabelLoader) -> dict[str, Overlap] | None:
    """Each compartment of the two masks; `None` where one of them is not at hand."""
    hashes = [one.labels_sha256 for one in pair]
    if not all(hashes):
        return None
    first = load_labels(hashes[0])
    second = first if hashes[0] == hashes[1] else load_labels(hashes[1])
    if first is None or second is None:
        return None
    return {one.region: one for one in compare_labels(first, second)}


def _compartment(region: str, overlaps: Sequence[Mapping[str, Overlap]]) -> CompartmentAgreement:
    shares = [one[region].dice for one in overlaps]
    known = [share for share in shares if share is not None]
    distances = [distance for one in overlaps if (distance := one[region].distance) is not None]
    return CompartmentAgreement(
        region=region,
        n_dice=len(known),
        mean_dice=fmean(known) if known else None,
        least_dice=min(known, default=None),
        n_distance=len(distances),
        mean_distance_mm=fmean(one.mean_mm for one in distances) if distances else None,
        largest_hausdorff95_mm=max((one.hausdorff95_mm for one in distances), default=None),
    )


def _values(accepted: Sequence[_Pair], quantity: str, material: Material | None, confidence: float) -> ValueAgreement:
    pairs = [
        (one.values[quantity], other.values[quantity])
        for one, other in accepted
        if quantity in one.values and quantity in other.values
    ]
    return ValueAgreement(
        quantity=quantity,
        unit=CATALOGUE[quantity].unit,
        material=material,
        found=bland_altman(pairs, confidence=confidence),
    )
