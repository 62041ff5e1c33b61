"""How coupled oscillators move: an integrator of fourth order that sums once a step.

It is the lecture's rhythmic node with the oscillator's exact weights; only the coupling, which is
small over a step, is approximated.
"""

import math
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Real

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.coupled.oscillators import OscillatorArrays, Recording
from rhythmic.theory._damped_motion import damped_motion
from rhythmic.typing import AnyArray

# Position before last and last, cosine and sine of the gain's phase at the last.
_State: TypeAlias = tuple[Array, Array, Array, Array]


@checked
def motion(
    oscillators: OscillatorArrays,
    gain_frequency: Real[Array, " gain"],
    recording: Recording,
    *,
    noise: Real[AnyArray, ""] | float = 0.0,
    key: Array | None = None,
) -> Float[Array, "time hidden gain"]:
    """Move a network under many gain frequencies at once.

    Between two steps every node moves freely and exactly; at t_n = n dt the coupling kicks its
    velocity. So the positions obey the lecture's rhythmic node, h_t = w1 h_{t-1} + w2 h_{t-2} +
    drive, with the exact weights of the oscillator:

        y_{n+1} = w1 y_n + w2 y_{n-1} + b dt (g_n C y_n + (dt^2 / 12) g_n^2 C^2 y_n),
        x(t_n) = y_n + (dt^2 / 12) g_n C y_n,     (C y)_k = sum_{j != k} y_j,

    where b is the position that unit velocity gives after dt. The term in g^2 and the step from
    y to x (a processor) raise the order from 2 to 4 without another evaluation of the coupling.
    C is ones minus identity, so a step costs a sum and no matrix product. The gain's cosine is
    turned by a rotation a step, which drifts by rounding alone.

    Error of the responses of the published network, relative: 1e-5 at dt = 0.5 ms in float64,
    falling with dt^4. float32 takes half the time, and its rounding alone makes 1e-4.

    Args:
        oscillators: the network; its dtype is promoted with `gain_frequency`'s.
        gain_frequency: f_S in Hz, of either sign.
        recording: duration and grids.
        noise: intensity sigma of a white force on every node, in position / s^{3/2}: each kick
            adds sigma sqrt(dt) times a standard normal number to the velocity.
        key: of the noise, which is drawn for every node and gain frequency apart; None for none.

    Returns:
        Positions x_k at 0, 1, ... sample intervals.

    Raises:
        ValueError: if `gain_frequency` has not one axis, or nodes and start differ in number.

    Source: lecture, "Golden rhythms"; M. A. Kramer, NBDT (2022). Fourth order by modified
    potential and processing: M. Takahashi and M. Imada, J. Phys. Soc. Jpn. 53, 3765 (1984);
    G. Rowlands, J. Comput. Phys. 97, 235 (1991).
    """
    if np.shape(oscillators.frequency) != np.shape(oscillators.start):
        shapes = f"{np.shape(oscillators.frequency)} and {np.shape(oscillators.start)}"
        raise ValueError(f"frequency and start must have one shape, got {shapes}")
    dtype = jnp.result_type(*oscillators, gain_frequency, float)
    network = OscillatorArrays(*(jnp.asarray(value, dtype) for value in oscillators))
    dt = recording.dt
    free = _free_motion(network, dt)
    turn = 2 * np.pi * dt * jnp.asarray(gain_frequency, dtype)
    turn_cosine, turn_sine = jnp.cos(turn), jnp.sin(turn)
    jolt = jnp.asarray(noise, dtype) * math.sqrt(dt)

    def step(state: _State, push: Array | float) -> _State:
        older, recent, cosine, sine = state
        kick = _kick(recent, _gain(network, cosine), dt) + push
        newer = free.w1 * recent + free.w2 * older + free.velocity_gain * kick
        turned = cosine * turn_cosine - sine * turn_sine, sine * turn_cosine + cosine * turn_sine
        return recent, newer, *turned

    def sample(state: _State, number: Array) -> tuple[_State, Array]:
        older, _, cosine, sine = state
        # The state's cosine belongs to `recent`, one turn ahead of `older`.
        gain = _gain(network, cosine * turn_cosine + sine * turn_sine)
        position = older + dt**2 / 12 * gain * _coupling(older)
        pushes: Any = (0.0,) * recording.steps_per_sample
        if key is not None:
            shape = (recording.steps_per_sample, *older.shape)
            own = jax.random.fold_in(key, number)
            # Single precision is drawn in half the time; only the sum needs more.
            pushes = jolt * jax.random.normal(own, shape, jnp.float32).astype(dtype)
        for push in pushes:
            state = step(state, push)
        return state, position

    first, second = _first_two(network, free, dt, len(turn))
    samples = jnp.arange(recording.num_samples)
    return scan(sample, (first, second, turn_cosine, turn_sine), samples)[1]


class _FreeMotion(NamedTuple):
    """One step of every node alone, as columns: w1, w2 and where x = 1 and v = 1 lead."""

    w1: Array
    w2: Array
    position_gain: Array
    velocity_gain: Array


def _free_motion(network: OscillatorArrays, dt: float) -> _FreeMotion:
    decay, angle = network.damping * dt, 2 * np.pi * dt * network.frequency[:, None]
    cosine, sine = damped_motion(jnp, decay, angle)
    w2 = jnp.broadcast_to(-jnp.exp(-2 * decay), cosine.shape)
    return _FreeMotion(2 * cosine, w2, cosine + decay * sine, dt * sine)


def _gain(network: OscillatorArrays, cosine: Array) -> Array:
    return jnp.asarray(network.constant_gain + network.modulated_gain * cosine)


def _coupling(position: Array) -> Array:
    """C: the sum of the other nodes."""
    return position.sum(0) - position


def _kick(position: Array, gain: Array, dt: float) -> Array:
    """Give the change of velocity dt (g C + dt^2 g^2 C^2 / 12) y; C^2 = (nodes - 2) ones + 1."""
    total = position.sum(0)
    push = dt * gain
    correction = dt / 12 * push * push
    return push * (total - position) + correction * ((len(position) - 2) * total + position)


def _first_two(
    network: OscillatorArrays, free: _FreeMotion, dt: float, num_gains: int
) -> tuple[Array, Array]:
    """Give y_0 and y_1: processor and half a kick at time 0, where v = 0, g' = 0 and g = g(0)."""
    start = jnp.broadcast_to(network.start[:, None], (len(network.start), num_gains))
    gain = _gain(network, jnp.ones((), start.dtype))
    shift = dt**2 / 12 * gain * _coupling(start)
    first = start - shift
    velocity = 2 * network.damping * shift + _kick(first, gain, dt) / 2
    return first, free.position_gain * first + free.velocity_gain * velocity
