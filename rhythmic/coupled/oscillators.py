"""Oscillators coupled by one rhythmic gain, and how they are recorded.

They move by an integrator of fourth order that sums once a step. It is the lecture's rhythmic node
with the oscillator's exact weights; only the coupling, which is small over a step, is approximated.

Source: lecture, "Golden rhythms"; M. A. Kramer, NBDT (2022).
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Real

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.theory._damped_motion import damped_motion
from rhythmic.theory.ladders import GOLDEN_RATIO
from rhythmic.typing import AnyArray


class OscillatorArrays(NamedTuple):
    """What determines the motion of a network, as arrays: it can be mapped over.

    Attributes:
        frequency: of every node, in Hz.
        damping: beta in 1/s.
        constant_gain: g_C in 1/s^2.
        modulated_gain: g_S in 1/s^2.
        start: position of every node at time 0; velocities are 0.
    """

    frequency: Float[AnyArray, " hidden"]
    damping: Float[AnyArray, ""]
    constant_gain: Float[AnyArray, ""]
    modulated_gain: Float[AnyArray, ""]
    start: Float[AnyArray, " hidden"]


@checked
@dataclass(frozen=True)
class CoupledOscillators:
    """A network of oscillators with all-to-all coupling.

        x_k'' + 2 beta x_k' + omega_k^2 x_k = g(t) sum_{j != k} x_j,   omega_k = 2 pi f_k,
        g(t) = g_C + g_S cos(2 pi f_S t).

    At time 0 the driver is displaced by 1; all else is at rest. The gain frequency f_S is not
    part of the network: it is what is swept. The defaults are the published network.

    Args:
        frequencies: f_k in Hz, two or more; by default phi^2 ... phi^9 Hz (2.6 to 76 Hz).
        damping: beta in 1/s, 0 or more.
        constant_gain: g_C in 1/s^2.
        modulated_gain: g_S in 1/s^2; 0 for a constant gain.
        driver: index of the displaced node, from 0; by default that of 17.9 Hz.

    Raises:
        ValueError: for a value out of its range.

    Source: lecture, "Golden rhythms"; M. A. Kramer, "Golden rhythms as a theoretical framework
    for cross-frequency organization", Neurons, Behavior, Data Analysis, and Theory (2022).
    """

    frequencies: tuple[float, ...] = tuple(GOLDEN_RATIO**k for k in range(2, 10))
    damping: float = 2.0
    constant_gain: float = 50.0
    modulated_gain: float = 50.0
    driver: int = 4

    def __post_init__(self) -> None:
        frequencies = tuple(float(frequency) for frequency in self.frequencies)
        object.__setattr__(self, "frequencies", frequencies)
        if len(frequencies) < 2:
            raise ValueError(f"frequencies must hold 2 or more values, got {len(frequencies)}")
        for frequency in frequencies:
            if not 0 < frequency < math.inf:
                raise ValueError(f"frequencies must be positive and finite (Hz), got {frequency}")
        if not 0 <= self.damping < math.inf:
            raise ValueError(f"damping must be 0 or more and finite (1/s), got {self.damping}")
        for name in ("constant_gain", "modulated_gain"):
            value = getattr(self, name)
            if not math.isfinite(value):
                raise ValueError(f"{name} must be finite (1/s^2), got {value}")
        if not 0 <= self.driver < len(frequencies):
            allowed = f"an index from 0 to {len(frequencies) - 1}"
            raise ValueError(f"driver must be {allowed}, got {self.driver}")

    def arrays(self) -> OscillatorArrays:
        """Return the network as NumPy float64 arrays."""
        frequency = np.asarray(self.frequencies)
        start = np.zeros_like(frequency)
        start[self.driver] = 1.0
        return OscillatorArrays(
            frequency=frequency,
            damping=np.asarray(self.damping, np.float64),
            constant_gain=np.asarray(self.constant_gain, np.float64),
            modulated_gain=np.asarray(self.modulated_gain, np.float64),
            start=start,
        )

    def stable(self) -> bool:
        """Return whether the network is stable under its constant gain alone.

        The coupling reduces the stiffness of the common modes of the nodes. With beta > 0 the
        motion decays if and only if the matrix diag(omega_k^2) - g_C (ones - identity) is positive
        definite; slow nodes lose that first.
        """
        size = len(self.frequencies)
        stiffness = np.diag((2 * np.pi * np.asarray(self.frequencies)) ** 2)
        stiffness -= self.constant_gain * (np.ones((size, size)) - np.eye(size))
        return bool(self.damping > 0 and np.linalg.eigvalsh(stiffness)[0] > 0)


@checked
@dataclass(frozen=True)
class Recording:
    """Duration and time grids of a recording of a network.

    Args:
        duration: of the motion, in s, from time 0.
        averaged: of the response: the first part of `duration`, in s.
        dt: step of the integrator in s.
        steps_per_sample: steps from one kept position to the next.

    Raises:
        ValueError: for a value out of its range, or a duration that is no whole number of samples.
    """

    duration: float = 2.5
    averaged: float = 1.5
    dt: float = 0.0005
    steps_per_sample: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.dt < math.inf:
            raise ValueError(f"dt must be positive and finite (s), got {self.dt}")
        if self.steps_per_sample < 1:
            raise ValueError(f"steps_per_sample must be 1 or more, got {self.steps_per_sample}")
        if not 0 < self.averaged <= self.duration < math.inf:
            allowed = f"above 0 s and at most duration = {self.duration:g} s"
            raise ValueError(f"averaged must be {allowed}, got {self.averaged}")
        for name in ("duration", "averaged"):
            samples = getattr(self, name) / self.sample_interval
            if round(samples) < 1 or abs(samples - round(samples)) > 1e-6:
                allowed = f"a multiple of {self.sample_interval:g} s, dt * steps_per_sample"
                raise ValueError(f"{name} must be {allowed}, got {getattr(self, name)}")

    @property
    def sample_interval(self) -> float:
        """Time between two kept positions, in s."""
        return self.dt * self.steps_per_sample

    @property
    def num_samples(self) -> int:
        """Number of kept positions, at 0, 1, ... sample intervals."""
        return round(self.duration / self.sample_interval)

    @property
    def num_averaged(self) -> int:
        """Number of those that a response averages over."""
        return round(self.averaged / self.sample_interval)


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
    """Integrate a network under many gain frequencies at once.

    Between two steps every node moves freely and exactly; at t_n = n dt the coupling kicks its
    velocity. So the positions obey the lecture's rhythmic node, h_t = w1 h_{t-1} + w2 h_{t-2} +
    drive, with the exact weights of the oscillator:

        y_{n+1} = w1 y_n + w2 y_{n-1} + b dt (g_n C y_n + (dt^2 / 12) g_n^2 C^2 y_n),
        x(t_n) = y_n + (dt^2 / 12) g_n C y_n,     (C y)_k = sum_{j != k} y_j,

    where b is the position that unit velocity gives after dt. The term in g^2 and the step from
    y to x (a processor) raise the order from 2 to 4 without another evaluation of the coupling.
    C is ones minus identity, so a step costs a sum and no matrix product. The gain's cosine is
    turned by a rotation per step, which drifts by rounding alone.

    Error of the responses of the published network, relative: 1e-5 at dt = 0.5 ms in float64,
    falling with dt^4. float32 takes half the time, with a rounding error of 1e-4.

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
    """Return the change of velocity dt (g C + dt^2 g^2 C^2 / 12) y; C^2 = (nodes - 2) ones + 1."""
    total = position.sum(0)
    push = dt * gain
    correction = dt / 12 * push * push
    return push * (total - position) + correction * ((len(position) - 2) * total + position)


def _first_two(
    network: OscillatorArrays, free: _FreeMotion, dt: float, num_gains: int
) -> tuple[Array, Array]:
    """Return y_0 and y_1: processor and half a kick at time 0, where v = 0, g' = 0 and g = g(0)."""
    start = jnp.broadcast_to(network.start[:, None], (len(network.start), num_gains))
    gain = _gain(network, jnp.ones((), start.dtype))
    shift = dt**2 / 12 * gain * _coupling(start)
    first = start - shift
    velocity = 2 * network.damping * shift + _kick(first, gain, dt) / 2
    return first, free.position_gain * first + free.velocity_gain * velocity
