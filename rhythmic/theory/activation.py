"""The node with an activation function, h_t = phi(w h_{t-1}): fixed points and 2-cycles.

The lecture notes that the activation function protects the node from exploding. A saturating phi
does: the explosion of |w| > 1 becomes two fixed points (w > 1) or a flicker between two values
(w < -1). Both solve equations without a closed form; they are found in float64 by halving.

Source: lecture, "RNN dynamics (simplified)", the note on the activation function.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Array, Bool, Float, Real

from rhythmic._scan import scan
from rhythmic.activations import ACTIVATIONS, ActivationName
from rhythmic.arguments import checked
from rhythmic.theory._arrays import (
    RealLike,
    checked_count,
    common_arrays,
    common_shape,
    ieee_arithmetic,
    scan_arrays,
)

Values = np.ndarray


def _tanh_activity(growth: Values) -> Values:
    """Solve x = growth tanh(x) for x > 0; NaN where growth <= 1 has no such solution.

    The equation is x coth(x) - 1 = growth - 1. Its left side lies between sqrt(1 + 2 x^2 / 3) - 1
    and x^2 / 3, and above x - 1, which brackets x so tightly that near growth = 1 no digit is lost.
    """
    exists = growth > 1
    growth = np.where(exists, growth, 2.0)
    excess = growth - 1
    upper = np.minimum(growth, np.sqrt(1.5 * excess) * np.sqrt(growth + 1))
    lower = np.minimum(np.sqrt(3 * excess), upper)
    activity = _halve(lambda x: _coth_excess(x) < excess, lower, upper)
    return np.where(exists, activity, np.nan)


def _coth_excess(x: Values) -> Values:
    """Return x coth(x) - 1 without cancellation, by Lambert's continued fraction up to x = 1."""
    square, fraction = np.minimum(x, 1.0) ** 2, np.zeros_like(x)
    for odd in range(21, 1, -2):
        fraction = square / (odd + fraction)
    return np.where(x <= 1, fraction, x / np.tanh(x) - 1)


def expit(x: Values) -> Values:
    """Return 1 / (1 + exp(-x)), without overflow."""
    return scipy.special.expit(x)


def _sigmoid_rest(weight: Values) -> Values:
    """Solve h = sigmoid(weight h), which has one solution for every weight."""
    # For weight < 0 the unknown is v = -weight h, v (1 + e^v) = -weight, as h itself may be tiny.
    zero, strength = 0 * weight, np.maximum(-weight, 0)
    inverted = _halve(lambda v: v * (1 + np.exp(v)) < strength, zero, np.log1p(strength))
    direct = _halve(lambda h: expit(weight * h) > h, zero + 0.5, zero + 1)
    return np.where(weight < 0, expit(-inverted), direct)


def _sigmoid_cycle(weight: Values, rest: Values) -> tuple[Values, Values]:
    """Solve a = sigmoid(weight b), b = sigmoid(weight a) for a < rest < b.

    The second map has a negative Schwarzian derivative, so there is one such pair where the slope
    at ``rest`` is below -1, and none elsewhere; b lies between ``rest`` and 1/2.
    """
    half = 0 * weight + 0.5
    high = _halve(lambda b: expit(weight * expit(weight * b)) > b, rest, half)
    return expit(weight * high), high


def _sigmoid_slope(weight: Values, state: Values) -> Values:
    """Return weight phi'(weight state)."""
    return weight * expit(weight * state) * expit(-weight * state)


def _halve(lies_above: Callable[[Values], Values], lower: Values, upper: Values) -> Values:
    """Halve brackets until they are as narrow as their floating-point numbers allow."""
    for _ in range(64):
        middle = lower + 0.5 * (upper - lower)
        above = lies_above(middle)
        lower, upper = np.where(above, middle, lower), np.where(above, upper, middle)
    return lower + 0.5 * (upper - lower)


_NODE_NAMES: tuple[ActivationName, ...] = ("tanh", "sigmoid", "relu", "identity")
NODE_ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {name: ACTIVATIONS[name] for name in _NODE_NAMES}
)
"""Activation functions phi of one node, by name: tanh, sigmoid, relu, identity."""


class NodeEquilibria(NamedTuple):
    """Fixed points h* = phi(w h*) and the 2-cycle a = phi(w b), b = phi(w a) of each weight.

    A slope is what a small distance is multiplied by: in one step at a fixed point, w phi'(w h*);
    in two steps on the cycle, the product of both. Missing branches are NaN.

    Attributes:
        fixed_point: in rising order; tanh has three branches (NaN, 0, NaN where only 0 exists),
            the others one.
        fixed_point_slope: of each fixed point.
        cycle: both values, the lower first.
        cycle_slope: of the cycle.
    """

    fixed_point: Float[np.ndarray, "*nodes branch"]
    fixed_point_slope: Float[np.ndarray, "*nodes branch"]
    cycle: Float[np.ndarray, "*nodes 2"]
    cycle_slope: Float[np.ndarray, "*nodes"]

    @property
    def fixed_point_is_stable(self) -> Bool[np.ndarray, "*nodes branch"]:
        """True where a small distance shrinks from step to step: |slope| < 1."""
        return np.abs(self.fixed_point_slope) < 1

    @property
    def cycle_is_stable(self) -> Bool[np.ndarray, "*nodes"]:
        """True where a small distance from the cycle shrinks: |slope| < 1."""
        return np.abs(self.cycle_slope) < 1

    @property
    def settling_factor(self) -> Float[np.ndarray, "*nodes"]:
        """What a small distance is multiplied by in one step at the most stable branch.

        Above 1 none is stable; at 1 a node settles more slowly than any factor below 1, if at all.
        """
        of_cycle = np.sqrt(np.abs(self.cycle_slope))[..., None]
        slopes = np.concatenate([np.abs(self.fixed_point_slope), of_cycle], axis=-1)
        return np.fmin.reduce(slopes, axis=-1)


@checked
def activation_trajectory(
    activation: str,
    w: Real[RealLike, "*#nodes"],
    h0: Real[RealLike, "*#nodes"],
    num_steps: int,
) -> Float[Array, "time *nodes"]:
    """Run h_t = phi(w h_{t-1}) from h_0 by a scan.

    Args:
        activation: phi: tanh, sigmoid, relu or identity.
        w: weight of each node, no unit.
        h0: state at time 0, taken as it is (phi does not act on it); broadcast against `w`.
        num_steps: number of steps, 0 or more; static.

    Returns:
        h_0 ... h_num_steps, time first (`num_steps + 1` rows), as a JAX array.

    Raises:
        ValueError: for an unknown activation, shapes that do not broadcast or a negative
            `num_steps`.

    Source: lecture, "RNN dynamics (simplified)", the note on the activation function.
    """
    _check_activation(activation)
    phi = NODE_ACTIVATIONS[activation]
    count = checked_count("num_steps", num_steps)
    weight, start = scan_arrays(w=w, h0=h0)
    start = jnp.broadcast_to(start, common_shape(w=weight, h0=start))

    def step(state: Array, _: None) -> tuple[Array, Array]:
        state = phi(weight * state).astype(start.dtype)
        return state, state

    _, later = scan(step, start, None, length=count)
    return jnp.concatenate([start[None], later])


@checked
@ieee_arithmetic
def node_equilibria(activation: str, w: Real[RealLike, "*nodes"]) -> NodeEquilibria:
    """Find the fixed points and 2-cycles of h_t = phi(w h_{t-1}), against the weight.

    - tanh: 0, with slope w; for w > 1 also +-h*; for w < -1 the cycle of -h* and h*, where h* is
      the positive solution of h = tanh(|w| h).
    - sigmoid: one fixed point, h* > 1/2 for w > 0. It is stable down to w = -(1 + W)^2 / W =
      -5.870 with W = W(1/e) of Lambert; below, the node flickers on a cycle.
    - relu: 0, with the slope on its right side, max(w, 0).
    - identity: 0, with slope w.

    At w = 1 of relu and identity every h is a fixed point (h >= 0 for relu), and at w = -1 of the
    identity every pair -h, h is a cycle; only 0 is listed.

    Args:
        activation: phi: tanh, sigmoid, relu or identity.
        w: weight of each node, no unit. Read as NumPy float64; it cannot be traced.

    Returns:
        Branches on a new last axis, NumPy float64, within a few machine epsilons of relative
        error, except for the sigmoid's cycle close to its birth, which the rounding of w already
        blurs; values below the smallest number are 0. All NaN where `w` is not finite.

    Raises:
        ValueError: for an unknown activation.

    Source: lecture, "RNN dynamics (simplified)", the note on the activation function; stability
    by linearisation (Strogatz, Nonlinear Dynamics and Chaos, section 10.1).
    """
    _check_activation(activation)
    _, weight = common_arrays(w=np.asarray(w, np.float64))
    weight = np.where(np.isfinite(weight), weight, np.nan)
    if activation == "tanh":
        return _tanh_equilibria(weight)
    if activation == "sigmoid":
        return _sigmoid_equilibria(weight)
    slope = np.maximum(weight, 0) if activation == "relu" else weight
    nowhere = np.full((*weight.shape, 2), np.nan)
    return NodeEquilibria((0 * weight)[..., None], slope[..., None], nowhere, nowhere[..., 0])


@checked
@ieee_arithmetic
def limit_states(
    activation: str, w: Real[RealLike, "*#nodes"], h0: Real[RealLike, "*#nodes"]
) -> Float[np.ndarray, "*nodes 2"]:
    """Return the lower and the upper value between which h_t moves in the long run.

    These are the limits inferior and superior of h_t as t grows: equal where the node settles,
    the two values of the cycle where it flickers, infinite where it explodes.

    Args:
        activation: phi: tanh, sigmoid, relu or identity.
        w: weight of each node, no unit. Read as NumPy float64; it cannot be traced.
        h0: state at time 0. A start exactly on the sigmoid's unstable fixed point, which no float64
            represents, is not distinguished from its neighbours.

    Returns:
        Both values on a new last axis, NumPy float64. NaN where `w` or `h0` is not finite.

    Raises:
        ValueError: for an unknown activation or shapes that do not broadcast.

    Source: lecture, "RNN dynamics (simplified)": the distant future of h_t, with phi.
    """
    _check_activation(activation)
    _, weight, start = common_arrays(w=np.asarray(w, np.float64), h0=np.asarray(h0, np.float64))
    if activation == "sigmoid":
        found = node_equilibria("sigmoid", weight)
        flickers = np.isfinite(found.cycle)
        limits = np.where(flickers, found.cycle, found.fixed_point)
    else:
        size = _distant_size(activation, weight, start)
        sign = np.sign(start)
        settled = np.where(weight > 0, sign * size, -size), np.where(weight > 0, sign * size, size)
        limits = np.stack(settled, -1) + 0.0  # -0 becomes 0
    defined = np.isfinite(weight) & np.isfinite(start)
    return np.where(defined[..., None], limits, np.nan)


def _check_activation(name: str) -> None:
    """Raise a ValueError that names an unknown activation."""
    if name not in NODE_ACTIVATIONS:
        known = ", ".join(NODE_ACTIVATIONS)
        raise ValueError(f"activation is {name!r}; choose from {known}")


def _distant_size(activation: str, weight: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the limit of |h_t| for tanh, relu and identity; the sign is that of w and h_0."""
    growth = np.abs(weight)
    if activation == "tanh":
        size = np.where(growth > 1, np.tanh(_tanh_activity(growth)), 0.0)
    else:
        size = np.where(growth > 1, np.inf, np.where(growth == 1, np.abs(start), 0.0))
    moves = (weight > 0) & (start > 0) if activation == "relu" else start != 0
    return np.where(moves, size, 0.0)


def _tanh_equilibria(weight: np.ndarray) -> NodeEquilibria:
    growth = np.abs(weight)
    activity = _tanh_activity(growth)
    outer = np.tanh(activity)
    slope = growth / np.cosh(activity) ** 2
    rises, falls = weight > 1, weight < -1
    upper, upper_slope = np.where(rises, outer, np.nan), np.where(rises, slope, np.nan)
    high = np.where(falls, outer, np.nan)
    return NodeEquilibria(
        fixed_point=np.stack([-upper, 0 * weight, upper], -1),
        fixed_point_slope=np.stack([upper_slope, weight, upper_slope], -1),
        cycle=np.stack([-high, high], -1),
        cycle_slope=np.where(falls, slope**2, np.nan),
    )


def _sigmoid_equilibria(weight: np.ndarray) -> NodeEquilibria:
    rest = _sigmoid_rest(weight)
    slope = _sigmoid_slope(weight, rest)
    low, high = _sigmoid_cycle(weight, rest)
    cycle_slope = _sigmoid_slope(weight, low) * _sigmoid_slope(weight, high)
    flickers = slope < -1
    return NodeEquilibria(
        fixed_point=rest[..., None],
        fixed_point_slope=slope[..., None],
        cycle=np.where(flickers[..., None], np.stack([low, high], -1), np.nan),
        cycle_slope=np.where(flickers, cycle_slope, np.nan),
    )
