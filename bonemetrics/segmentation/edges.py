"""The model of a blurred cortex, fitted to many averaged profiles at once.

Along the inward normal: soft tissue of one level, cortex of one level between the periosteal and the endosteal edge,
trabecular bone whose density changes linearly with depth; all blurred by a Gaussian. Where the cortex is thin against
the blur, only the product of its thickness and its contrast shows in the profile: a prior on its level, taken from
the thick places of the same scan, then decides (Treece, Gee, Mayhew, Poole 2010, doi 10.1016/j.media.2010.01.003).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Values = npt.NDArray[np.float64]

PERIOSTEAL, LOG_THICKNESS, SOFT, CORTEX, TRABECULAR, SLOPE, LOG_SIGMA = range(7)
"""Columns of the parameters: mm, ln mm, mg/cm³ (three times), mg/cm³ per mm, ln mm."""

_ROOT_TWO_PI = float(np.sqrt(2 * np.pi))
_THINNEST_MM = 0.05
_STEPS = 25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prior:
    """What is known before the fit: mean and standard deviation of every parameter, (profile, 7) or (7,)."""

    mean: Values
    sd: Values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Fitted parameters (profile, 7) and the residual's root mean square.

    `score` (profile, 2) and `information` (profile, 2, 2) are gradient and curvature of each profile's own likelihood
    in cortical level and ln blur, with the other parameters at their best and the prior of these two left out.
    """

    parameters: Values
    residual: Values
    score: Values
    information: Values

    @property
    def periosteal_mm(self) -> Values:
        """Depth of the outer edge in mm."""
        return self.parameters[:, PERIOSTEAL]

    @property
    def thickness_mm(self) -> Values:
        """Cortical thickness in mm."""
        thickness: Values = np.exp(self.parameters[:, LOG_THICKNESS])
        return thickness

    @property
    def sigma_mm(self) -> Values:
        """Blur in mm."""
        sigma: Values = np.exp(self.parameters[:, LOG_SIGMA])
        return sigma


def fit_edges(depth_mm: Values, density: Values, weight: Values, *, start: Values, prior: Prior, noise: float) -> Fit:
    """Maximum a posteriori fit by damped Gauss-Newton steps, all profiles side by side.

    Parameters
    ----------
    depth_mm
        Depths of the samples in mm, (sample,).
    density, weight
        Profiles in mg/cm³ and the weight of each sample, (profile, sample).
    start
        First parameters, (profile, 7).
    prior
        Means and standard deviations; a small standard deviation holds a parameter fixed.
    noise
        Standard deviation in mg/cm³ of a sample of weight 1, which sets data against prior.

    Returns
    -------
    Fit
        One row per profile.
    """
    theta = start.copy()
    mean = np.broadcast_to(prior.mean, theta.shape)
    precision = np.broadcast_to(prior.sd, theta.shape) ** -2.0
    damping = np.full(len(theta), 1e-2)
    load = weight / noise**2
    cost, step, hessian = _linearise(depth_mm, density, load, theta, mean, precision)
    active = np.arange(len(theta))
    for _ in range(_STEPS):
        lifted = hessian[active].copy()
        diagonal = np.arange(7)
        lifted[:, diagonal, diagonal] *= 1 + damping[active, None]
        change = np.linalg.solve(lifted, step[active][..., None])[..., 0]
        trial = theta[active] + np.clip(change, -_LARGEST_STEP, _LARGEST_STEP)
        trial[:, LOG_THICKNESS] = np.maximum(trial[:, LOG_THICKNESS], np.log(_THINNEST_MM))
        new_cost, new_step, new_hessian = _linearise(
            depth_mm, density[active], load[active], trial, mean[active], precision[active]
        )
        better = new_cost <= cost[active]
        gain = cost[active] - new_cost
        kept = active[better]
        theta[kept], cost[kept] = trial[better], new_cost[better]
        step[kept], hessian[kept] = new_step[better], new_hessian[better]
        damping[active] = np.where(better, damping[active] * 0.2, damping[active] * 8)
        done = (better & (gain < 1e-3)) | (damping[active] > 1e8)
        active = active[~done]
        if not active.size:
            break
    model, _ = _model(depth_mm, theta)
    square = (weight * (density - model) ** 2).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    return Fit(
        parameters=theta,
        residual=np.sqrt(square),
        score=(step - precision * (mean - theta))[:, [CORTEX, LOG_SIGMA]],
        information=_shared_information(hessian, precision),
    )


def _shared_information(hessian: Values, precision: Values) -> Values:
    """Schur complement of cortical level and blur, with their own priors taken out."""
    shared, own = [CORTEX, LOG_SIGMA], [PERIOSTEAL, LOG_THICKNESS, SOFT, TRABECULAR, SLOPE]
    cross = hessian[:, shared][:, :, own]
    information = hessian[:, shared][:, :, shared] - cross @ np.linalg.solve(
        hessian[:, own][:, :, own], cross.transpose(0, 2, 1)
    )
    information[:, [0, 1], [0, 1]] -= precision[:, shared]
    return np.asarray(information)


_LARGEST_STEP = np.array([0.3, 0.5, 100.0, 150.0, 150.0, 100.0, 0.2])


def _linearise(
    depth: Values, density: Values, load: Values, theta: Values, mean: Values, precision: Values
) -> tuple[Values, Values, Values]:
    """Cost, its descent direction and the Gauss-Newton matrix."""
    model, jacobian = _model(depth, theta)
    residual = density - model
    away = mean - theta
    cost = (load * residual**2).sum(axis=1) + (precision * away**2).sum(axis=1)
    weighted = jacobian * load[:, None, :]
    step = (weighted @ residual[..., None])[..., 0] + precision * away
    hessian = weighted @ jacobian.transpose(0, 2, 1)
    diagonal = np.arange(7)
    hessian[:, diagonal, diagonal] += precision
    return cost, step, hessian


def _model(depth: Values, theta: Values) -> tuple[Values, Values]:
    """Profiles (profile, sample) and their derivatives (profile, 7, sample)."""
    p, log_t, soft, cortex, trabecular, slope, log_sigma = (theta[:, k, None] for k in range(7))
    thickness, sigma = np.exp(log_t), np.exp(log_sigma)
    u, v = (depth - p) / sigma, (depth - p - thickness) / sigma
    rise, fall = ndtr(u), ndtr(v)
    bell_u, bell_v = np.exp(-0.5 * u * u) / _ROOT_TWO_PI, np.exp(-0.5 * v * v) / _ROOT_TWO_PI
    ramp = sigma * (v * fall + bell_v)
    model = soft + (cortex - soft) * rise + (trabecular - cortex) * fall + slope * ramp
    jacobian = np.empty((len(theta), 7, len(depth)))
    outer, inner = (cortex - soft) * bell_u / sigma, (trabecular - cortex) * bell_v / sigma + slope * fall
    jacobian[:, PERIOSTEAL] = -outer - inner
    jacobian[:, LOG_THICKNESS] = -inner * thickness
    jacobian[:, SOFT] = 1 - rise
    jacobian[:, CORTEX] = rise - fall
    jacobian[:, TRABECULAR] = fall
    jacobian[:, SLOPE] = ramp
    # The ramp's own change with the blur is σ times the bell; the edges' is minus the offset times their change.
    jacobian[:, LOG_SIGMA] = -outer * (depth - p) - (trabecular - cortex) * bell_v * v + slope * sigma * bell_v
    return model, jacobian
