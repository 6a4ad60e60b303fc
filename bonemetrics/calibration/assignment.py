"""Which found rod is which rod of a phantom: every way to assign them, and which of those fit place and thickness."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from bonemetrics.errors import CalibrationError
from bonemetrics.records import Phantom, RodReading

PLACE_TOLERANCE_MM = 1.5
"""How far a rod may lie from its place after the best shift and turn; found axes are good to about 0.2 mm."""
PLACE_SLACK_MM = 0.3
"""Assignments whose root-mean-square distance is within this of the best one's are left to the HU to decide."""
DIAMETER_TOLERANCE_MM = 1.0
DIAMETER_TOLERANCE_FRACTION = 0.15
MOST_ASSIGNMENTS = 200_000

Orders = npt.NDArray[np.intp]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignments:
    """Ways to assign readings to the rods of a phantom.

    `orders` is (ways, rods): the index of the reading that is taken for each rod. `place_rms_mm` has one value per
    way, and is `None` where the phantom's arrangement is not known.
    """

    orders: Orders
    place_rms_mm: Array | None


def possible_assignments(readings: Sequence[RodReading], phantom: Phantom) -> Assignments:
    """All assignments that the phantom's diameters and places allow.

    Both mirror images are tried, since a phantom can lie with either end towards the gantry.

    Raises
    ------
    CalibrationError
        `rod-missing`, `phantom-ambiguous` where too many cylinders were found, `phantom-arrangement`.
    """
    orders = _all_orders(readings, phantom)
    thick = _diameters_fit(readings, phantom)
    orders = orders[thick[np.arange(orders.shape[1]), orders].all(axis=1)]
    if not len(orders):
        raise CalibrationError(
            f"the found rods are {_list(reading.diameter_mm for reading in readings)} mm thick, those of "
            f"{phantom.name} {_list(rod.diameter_mm for rod in phantom.rods)} mm; name the phantom that was scanned",
            code="phantom-arrangement",
        )
    places = places_mm(phantom)
    if places is None:
        return Assignments(orders=orders, place_rms_mm=None)
    distance = _distances(in_plane(readings)[orders], places)
    rms = np.sqrt((distance**2).mean(axis=1))
    fits = distance.max(axis=1) <= PLACE_TOLERANCE_MM
    if not fits.any():
        raise CalibrationError(
            f"the found rods lie {distance.max(axis=1).min():.1f} mm or more off the places that {phantom.name} gives "
            f"them (tolerance {PLACE_TOLERANCE_MM} mm); name the phantom that was scanned or check x_mm and y_mm",
            code="phantom-arrangement",
        )
    near = fits & (rms <= rms[fits].min() + PLACE_SLACK_MM)
    return Assignments(orders=orders[near], place_rms_mm=rms[near])


def places_mm(phantom: Phantom) -> npt.NDArray[np.complex128] | None:
    """The rods' places as x + iy in mm, or `None` unless every rod has one."""
    places = [complex(rod.x_mm, rod.y_mm) for rod in phantom.rods if rod.x_mm is not None and rod.y_mm is not None]
    return np.array(places) if len(places) == len(phantom.rods) else None


def in_plane(readings: Sequence[RodReading]) -> npt.NDArray[np.complex128]:
    """Where the rods pierce a plane across their common axis, as x + iy in mm, from any origin."""
    centres = np.array([reading.centre_lps_mm for reading in readings])
    axes = np.array([reading.axis_lps for reading in readings])
    axes = axes * np.sign(axes @ axes[0])[:, None]
    axis = axes.mean(axis=0)
    axis /= np.linalg.norm(axis)
    across = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    across /= np.linalg.norm(across)
    flat: npt.NDArray[np.complex128] = centres @ across + 1j * (centres @ np.cross(axis, across))
    return flat


def _all_orders(readings: Sequence[RodReading], phantom: Phantom) -> Orders:
    found, wanted = len(readings), len(phantom.rods)
    if found < wanted:
        raise CalibrationError(
            f"{found} of the {wanted} rods of {phantom.name} were found; a rod without contrast to what surrounds it "
            "cannot be seen, one outside the scan neither",
            code="rod-missing",
        )
    if math.perm(found, wanted) > MOST_ASSIGNMENTS:
        raise CalibrationError(
            f"{found} cylinders were found, too many to tell the {wanted} rods of {phantom.name} among them; "
            "give slope, intercept and material",
            code="phantom-ambiguous",
        )
    return np.array(list(permutations(range(found), wanted)), dtype=np.intp)


def _diameters_fit(readings: Sequence[RodReading], phantom: Phantom) -> npt.NDArray[np.bool_]:
    """(rods, readings): whether the reading is as thick as the rod, true where the rod's diameter is not known."""
    fits = np.ones((len(phantom.rods), len(readings)), dtype=bool)
    measured = np.array([reading.diameter_mm for reading in readings])
    for row, rod in zip(fits, phantom.rods, strict=True):
        if rod.diameter_mm is not None:
            allowed = max(DIAMETER_TOLERANCE_MM, DIAMETER_TOLERANCE_FRACTION * rod.diameter_mm)
            row[:] = np.abs(measured - rod.diameter_mm) <= allowed
    return fits


def _distances(found: npt.NDArray[np.complex128], places: npt.NDArray[np.complex128]) -> Array:
    """(ways, rods) distance in mm after the best shift and turn, of the better of the two mirror images."""
    found = found - found.mean(axis=1, keepdims=True)
    straight, mirrored = (_turned_distances(found, image) for image in (places, places.conj()))
    better = (mirrored**2).sum(axis=1) < (straight**2).sum(axis=1)
    return np.where(better[:, None], mirrored, straight)


def _turned_distances(found: npt.NDArray[np.complex128], places: npt.NDArray[np.complex128]) -> Array:
    centred = places - places.mean()
    # The turn that brings the places nearest to the found points is the phase of their inner product.
    turn = np.exp(1j * np.angle(found @ centred.conj()))
    distance: Array = np.abs(found - turn[:, None] * centred)
    return distance


def _list(values: Iterable[float | None]) -> str:
    return ", ".join("?" if value is None else f"{value:.1f}" for value in values)
