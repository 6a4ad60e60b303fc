"""Calibration by the rods of a phantom in the scan."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from bonemetrics.calibration.catalogue import PHANTOMS, phantom_named
from bonemetrics.calibration.rodfit import RodFit, fit_rods
from bonemetrics.errors import CalibrationError
from bonemetrics.records import Calibration, Phantom, Problem, RodReading, note


def from_phantom(
    readings: Sequence[RodReading],
    phantoms: Sequence[Phantom] = (),
    *,
    name: str | None = None,
    truncated: int = 0,
) -> Calibration:
    """HU to density by the rods that were found in a scan.

    Rods are told by place and thickness where the phantom states them (either end of it may point to the gantry),
    else by the assignment that fits best among all. HU are regressed on density and the line is inverted; Mindways'
    formula takes the rod's water value off first, and 0.2174 and -999.6 off slope and intercept after.

    Parameters
    ----------
    readings
        Rods as found, in any order.
    phantoms
        Those of the protocol; none: the built-in ones.
    name
        Name or serial of the phantom that was scanned; left out: the one phantom that fits.
    truncated
        How many rods were seen partly outside the field of view.

    Returns
    -------
    Calibration
        The covariance holds rod noise, the certificate's uncertainty, scatter about the line beyond these two, and
        the exchange of rods that cannot be told apart. `parameters` hold every rod with its residual and what the
        line through the others makes of it.

    Raises
    ------
    CalibrationError
        `phantom-not-found`, `phantom-truncated`, `rod-missing`, `phantom-arrangement`, `phantom-fit-poor`,
        `phantom-ambiguous`, `phantom-incomplete`, `unknown-phantom`.

    References
    ----------
    Mindways QCT PRO User Guide 5.0 (2011), equations 3 to 5, as Ogo's `mindways_calibration.py` states them.
    """
    candidates = (phantom_named(name, phantoms),) if name else tuple(phantoms) or tuple(PHANTOMS.values())
    if not readings and not truncated:
        raise CalibrationError(
            "no calibration rods were found in the scan; give slope, intercept and material",
            code="phantom-not-found",
        )
    if len(candidates) == 1:
        _require_whole(readings, candidates[0], truncated)
        return _calibration(fit_rods(readings, candidates[0]), readings)
    if truncated:
        raise CalibrationError(
            f"{truncated} of {len(readings) + truncated} rods lie partly outside the field of view, so the phantom "
            "cannot be told; name it, or reconstruct a larger field",
            code="phantom-truncated",
        )
    return _calibration(_only_one_that_fits(readings, candidates), readings)


def _require_whole(readings: Sequence[RodReading], phantom: Phantom, truncated: int) -> None:
    if truncated and len(readings) < len(phantom.rods):
        raise CalibrationError(
            f"{truncated} rods lie partly outside the field of view and {len(readings)} of the {len(phantom.rods)} of "
            f"{phantom.name} inside; reconstruct a larger field",
            code="phantom-truncated",
        )


def _only_one_that_fits(readings: Sequence[RodReading], candidates: Sequence[Phantom]) -> RodFit:
    """The one candidate that fits, looking first at those that leave no rod over.

    A phantom with two rods fits any two rods, so it has to be named.
    """
    reasons: list[tuple[Phantom, CalibrationError]] = []
    fits: list[RodFit] = []
    for left_over in (False, True):
        for phantom in candidates:
            if left_over != (len(phantom.rods) != len(readings)):
                continue
            try:
                fits.append(fit_rods(readings, phantom))
            except CalibrationError as error:
                reasons.append((phantom, error))
        if fits:
            break
    if len(fits) == 1 and len(fits[0].phantom.rods) > 2:
        return fits[0]
    if fits:
        raise CalibrationError(
            f"{len(readings)} rods could be those of {', '.join(_label(fit.phantom) for fit in fits)}; name the "
            "phantom that was scanned (phantom=NAME)",
            code="phantom-ambiguous",
        )
    raise _none_fits(readings, reasons)


def _none_fits(readings: Sequence[RodReading], reasons: Sequence[tuple[Phantom, CalibrationError]]) -> CalibrationError:
    likely = [(phantom, error) for phantom, error in reasons if len(phantom.rods) == len(readings)] or list(reasons)
    codes = {error.code for _, error in likely}
    code = codes.pop() if len(codes) == 1 else "phantom-fit-poor"
    told = "; ".join(f"{_label(phantom)}: {error.message}" for phantom, error in likely[:3])
    return CalibrationError(f"{len(readings)} rods were found and no phantom fits them ({told})", code=code)


def _label(phantom: Phantom) -> str:
    return f"{phantom.name} ({phantom.serial})" if phantom.serial else phantom.name


def _calibration(fit: RodFit, readings: Sequence[RodReading]) -> Calibration:
    return Calibration(
        method="phantom",
        slope=fit.slope,
        intercept=fit.intercept,
        material=fit.phantom.material,
        covariance=fit.covariance,
        r2=fit.line.r**2,
        parameters=_parameters(fit, readings),
        notes=_notes(fit),
    )


def _parameters(fit: RodFit, readings: Sequence[RodReading]) -> dict[str, JsonValue]:
    rods: list[JsonValue] = []
    columns = zip(fit.phantom.rods, fit.order, fit.residuals_mg_per_cm3, fit.left_out_mg_per_cm3, strict=True)
    for rod, index, residual, left_out in columns:
        reading = readings[index]
        rods.append(
            {
                "name": rod.name,
                "density": rod.density,
                "density_uncertainty": rod.density_uncertainty,
                "water": rod.water,
                "mean_hu": reading.mean_hu,
                "standard_error_hu": reading.standard_error_hu,
                "diameter_mm": reading.diameter_mm,
                "centre_lps_mm": list(reading.centre_lps_mm),
                "residual_mg_per_cm3": float(residual),
                "left_out_mg_per_cm3": left_out,
            }
        )
    return {
        "phantom": fit.phantom.name,
        "serial": fit.phantom.serial,
        "source": fit.phantom.source,
        "formula": fit.phantom.formula,
        "hu_on_density_slope": fit.line.slope,
        "hu_on_density_intercept": fit.line.intercept,
        "rods_told_by": "place" if fit.by_place else "fit",
        "place_rms_mm": fit.place_rms_mm,
        "cylinders_left_over": len(readings) - len(fit.order),
        "rods": rods,
    }


def _notes(fit: RodFit) -> tuple[Problem, ...]:
    phantom = fit.phantom
    notes: list[Problem] = []
    if len(phantom.rods) == 2:
        uncertain = all(rod.density_uncertainty is not None for rod in phantom.rods)
        notes.append(
            note(
                "two-rod-phantom",
                f"{phantom.name} has two rods, so nothing checks that HU follow density; the uncertainty holds the "
                f"rods' noise {'and the certificate' if uncertain else 'but no certificate'}",
            )
        )
    if not fit.by_place:
        notes.append(
            note(
                "rod-arrangement-unknown",
                f"the places of the rods of {phantom.name} are not known; they were told by the fit of their HU",
            )
        )
    if fit.exchanged:
        notes.append(
            note(
                "rods-indistinguishable",
                f"rods {', '.join(fit.exchanged)} of {phantom.name} cannot be told apart; their exchange is in the "
                "uncertainty",
            )
        )
    if PHANTOMS.get(phantom.name) == phantom:
        serial = f" for serial {phantom.serial}" if phantom.serial else ""
        notes.append(
            note(
                "catalogue-densities",
                f"the rod densities of {phantom.name} are those that {phantom.source} gives{serial}; put your "
                "certificate's into the protocol",
            )
        )
    return tuple(notes)
