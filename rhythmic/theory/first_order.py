"""The node that remembers one step, h_t = w h_{t-1}: its trajectory, closed form and regimes.

Source: lecture, "RNN dynamics (simplified)".
"""

from enum import IntEnum

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Real

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.theory._arrays import (
    RealLike,
    checked_count,
    common_arrays,
    common_shape,
    ieee_arithmetic,
    scan_arrays,
    select_code,
)
from rhythmic.typing import AnyArray


class FirstOrderRegime(IntEnum):
    """Long-term behaviour of h_t = w h_{t-1}; codes rise along the line of w.

    The lecture has four cases (w > 1, w = 1, 0 < w < 1, w < 0). Here its flickering is split by
    what becomes of the size, and w = 0 and NaN have codes of their own.

    Attributes:
        UNDEFINED: w is NaN.
        FLICKERS_AND_EXPLODES: w < -1.
        FLICKERS: w = -1, for ever.
        FLICKERS_AND_DISAPPEARS: -1 < w < 0.
        GONE: w = 0, nothing is left after one step.
        DISAPPEARS: 0 < w < 1.
        EQUILIBRIUM: w = 1, h_t does not change.
        EXPLODES: w > 1.
    """

    UNDEFINED = 0
    FLICKERS_AND_EXPLODES = 1
    FLICKERS = 2
    FLICKERS_AND_DISAPPEARS = 3
    GONE = 4
    DISAPPEARS = 5
    EQUILIBRIUM = 6
    EXPLODES = 7


@checked
def first_order_trajectory(
    w: Real[RealLike, "*#nodes"], h0: Real[RealLike, "*#nodes"], num_steps: int
) -> Float[Array, "time *nodes"]:
    """Run h_t = w h_{t-1} from h_0 by a scan.

    Args:
        w: weight of each node, no unit.
        h0: state at time 0; broadcast against `w`.
        num_steps: number of steps, 0 or more; static.

    Returns:
        h_0 ... h_num_steps, time first (`num_steps + 1` rows), as a JAX array.

    Raises:
        ValueError: if the shapes do not broadcast or `num_steps` is negative.

    Source: lecture, "RNN dynamics (simplified)".
    """
    count = checked_count("num_steps", num_steps)
    weight, start = scan_arrays(w=w, h0=h0)
    start = jnp.broadcast_to(start, common_shape(w=weight, h0=start))

    def step(state: Array, _: None) -> tuple[Array, Array]:
        state = weight * state
        return state, state

    _, later = scan(step, start, None, length=count)
    return jnp.concatenate([start[None], later])


@checked
@ieee_arithmetic
def first_order_closed_form(
    w: Real[RealLike, "*#nodes"], h0: Real[RealLike, "*#nodes"], num_steps: int
) -> Float[AnyArray, "time *nodes"]:
    """Return h_t = w^t h_0 for t = 0 ... num_steps, with 0^0 = 1.

    Args:
        w: weight of each node, no unit; any sign.
        h0: state at time 0; broadcast against `w`.
        num_steps: last time, 0 or more; static.

    Returns:
        h_0 ... h_num_steps, time first. NumPy float64 unless an argument is a JAX array. A power
        too large for the dtype is infinite, yet a node that starts at 0 stays at 0.

    Raises:
        ValueError: if the shapes do not broadcast or `num_steps` is negative.

    Source: lecture, "RNN dynamics (simplified)".
    """
    xp, weight, start = common_arrays(w=w, h0=h0)
    times = np.arange(1, checked_count("num_steps", num_steps) + 1)
    times = times.reshape(-1, *(1,) * weight.ndim).astype(weight.dtype)
    # w^t h_0 would be infinity times zero where the power overflows and the start is zero.
    growth = xp.log(xp.where(xp.abs(weight) > 1, xp.abs(weight), 1.0))
    overflows = times * growth >= np.log(float(xp.finfo(weight.dtype).max))
    silent = (start == 0) & overflows & xp.isfinite(weight)
    later = xp.power(xp.where(silent, 0.0, weight), times) * start
    # Time 0 is set apart: the gradient of w^0 would be 0 times infinity at w = 0.
    return xp.concatenate([start[None], later])


@checked
def first_order_regime(w: Real[RealLike, "*nodes"]) -> Int[AnyArray, "*nodes"]:
    """Classify the long-term behaviour of h_t = w h_{t-1}.

    Args:
        w: weight of each node, no unit.

    Returns:
        int32 codes of `FirstOrderRegime`; UNDEFINED where `w` is NaN. Infinite weights count
        with the exploding ones of their sign.

    Source: lecture, "RNN dynamics (simplified)", completed at w = 0, w = -1 and w < -1.
    """
    xp, weight = common_arrays(w=w)
    return select_code(
        xp,
        FirstOrderRegime.UNDEFINED,
        (weight < -1, FirstOrderRegime.FLICKERS_AND_EXPLODES),
        (weight == -1, FirstOrderRegime.FLICKERS),
        ((weight > -1) & (weight < 0), FirstOrderRegime.FLICKERS_AND_DISAPPEARS),
        (weight == 0, FirstOrderRegime.GONE),
        ((weight > 0) & (weight < 1), FirstOrderRegime.DISAPPEARS),
        (weight == 1, FirstOrderRegime.EQUILIBRIUM),
        (weight > 1, FirstOrderRegime.EXPLODES),
    )
