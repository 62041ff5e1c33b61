"""Responses of a reservoir to sequences, reduced over time while it runs.

Its noise is drawn step by step, where it is used. Also whether it forgets its start: the growth of
small deviations along a run.

Source: M. A. Kramer, arXiv:2506.17083, first version (the features); the other averages are
textbook definitions.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Key

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, ResonantReservoirCell
from rhythmic.cells.resonant_nodes import ResonantState
from rhythmic.simulate import time_mean
from rhythmic.stability import lyapunov_exponents
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import Array, Bool, Float, InputArray, Int, NodeArray, PyTree, Vector


class NoiseState(NamedTuple):
    """State of the cell within, and the number of steps taken by each example.

    Steps are counted in the cell's own floating dtype, exactly up to 2^24 in float32.
    """

    within: PyTree
    steps: Float[Array, "*batch"]


@checked
class NoiseDrawn(AbstractCell[NoiseState]):
    """A cell with noise whose normal numbers are drawn inside the step; its input is ``u_t`` alone.

    ``xi_t = normal(fold_in(key of the example, t))``, t counted from 0, so that no key serves
    twice. An example's noise depends on its own key alone, not on the batch that it is in, and
    the draws of one step are all that is held.
    """

    cell: ResonantReservoirCell
    keys: Key[Array, "*batch"]
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(self, cell: ResonantReservoirCell, keys: Key[Array, "*batch"]):
        """Draw noise for ``cell``.

        Args:
            cell: a layer with noise.
            keys: one per example, in the shape of the batch; see ``example_keys``.

        Raises:
            ValueError: for a cell without noise.
        """
        if cell.input_size == 1:
            raise ValueError("cell has no noise; run it as it is")
        self.cell = cell
        self.keys = keys
        self.input_size = 1
        self.hidden_size = cell.hidden_size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> NoiseState:
        """Return the cell's state of rest, before step 0.

        Raises:
            ValueError: for examples that are not as many as the keys.
        """
        if batch_shape != self.keys.shape:
            raise ValueError(f"keys has shape {self.keys.shape}; the examples have {batch_shape}")
        within = self.cell.initial_state(batch_shape)
        return NoiseState(within, jnp.zeros(batch_shape, self.cell.noise.dtype))

    def step(self, state: NoiseState, inputs: InputArray) -> NoiseState:
        """Advance one sample of ``u_t``, ``(1, *batch)``, with fresh noise."""
        dtype = self.cell.noise.dtype

        def draw(key: Array, step: Array) -> Array:
            step_key = jax.random.fold_in(key, step.astype(jnp.uint32))
            return jax.random.normal(step_key, (self.hidden_size,), dtype)

        for _ in self.keys.shape:
            draw = jax.vmap(draw, in_axes=-1, out_axes=-1)
        sample = jnp.concatenate([inputs, draw(self.keys, state.steps)])
        return NoiseState(self.cell.step(state.within, sample), state.steps + 1)

    def output(self, state: NoiseState) -> NodeArray:
        """Return the cell's output."""
        return self.cell.output(state.within)

    def squared_amplitude(self, state: NoiseState) -> NodeArray:
        """Return the cell's squared amplitudes."""
        return self.cell.squared_amplitude(state.within)


@checked
def with_noise(cell: ResonantReservoirCell, keys: Key[Array, "*batch"]) -> AbstractCell:
    """Return a cell that takes ``u_t`` alone: with its noise drawn inside, or, without, itself.

    Args:
        cell: the reservoir.
        keys: one per example, see ``example_keys``.
    """
    return cell if cell.input_size == 1 else NoiseDrawn(cell, keys)


@checked
def example_keys(key: jax.Array, examples: Int[Array, "*batch"]) -> Key[Array, "*batch"]:
    """Return ``fold_in(key, number of the example)``, the same in whatever batch it is run.

    Args:
        key: source of all noise.
        examples: numbers of the examples, 0 or more.
    """
    examples = jnp.asarray(examples)
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(examples.ravel()).reshape(examples.shape)


class Response(NamedTuple):
    """Time averages of a run from rest.

    Attributes:
        features: mean squared amplitude ``A^2`` of each node, one column per example.
        power: variance of each node's position over time, mean over examples.
        change: mean of ``(x_t - x_{t-1})^2`` over time and examples.
        first_bad_step: the first step, from 0, after which a squared amplitude of any node and
            example was not finite; -1 for none.
    """

    features: Float[Array, "hidden batch"]
    power: Float[Array, " hidden"]
    change: Float[Array, " hidden"]
    first_bad_step: Int[Array, ""]


@checked
def reservoir_response(
    cell: ResonantReservoirCell,
    inputs: Float[Array, "time batch"],
    *,
    keys: Key[Array, " batch"] | None = None,
) -> Response:
    """Run a reservoir over scalar sequences, and keep averages alone.

    Args:
        cell: the layer.
        inputs: ``u``, one column per example.
        keys: of each example's noise; needed where the cell has noise.

    Raises:
        ValueError: for noise without keys, or shapes that do not fit.
    """
    if inputs.ndim != 2:
        raise ValueError(f"inputs has shape {inputs.shape}; expected (time, batch)")
    if keys is None and cell.input_size > 1:
        raise ValueError("keys is None; a cell with noise needs one an example")
    runner = cell if keys is None else with_noise(cell, keys)

    def observe(state: PyTree) -> dict[str, Array]:
        return averaged(cell, state.within if isinstance(runner, NoiseDrawn) else state)

    mean = time_mean(runner, inputs[:, None], observe=observe).mean
    num_steps, batch = inputs.shape
    steps = jnp.round(mean["finite"] * num_steps).astype(jnp.int32)
    # What is not finite stays so: the finite steps are those before the first bad one.
    return Response(
        features=mean["amplitude"],
        power=mean["square"] / batch - jnp.mean(mean["position"] ** 2, axis=1),
        change=mean["change"] / batch,
        first_bad_step=jnp.where(steps < num_steps, steps, -1),
    )


def averaged(cell: ResonantReservoirCell, state: ResonantState) -> dict[str, Array]:
    """Return what is averaged over time, summed over examples where their values are not needed."""
    amplitude = cell.squared_amplitude(state)
    return {
        "amplitude": amplitude,
        "position": state.position,
        "square": jnp.sum(state.position**2, axis=1),
        "change": jnp.sum((state.position - state.previous) ** 2, axis=1),
        "finite": jnp.all(jnp.isfinite(amplitude)).astype(amplitude.dtype),
    }


@checked(finite=True)
def mean_frequency(
    power: Float[Array, " hidden"],
    change: Float[Array, " hidden"],
    *,
    sample_rate: float,
) -> Float[Array, ""]:
    """Return the root-mean-square frequency of a layer's motion about its mean, in Hz.

        4 sin^2(pi f / Fs) = sum of <(x_t - x_{t-1})^2> / sum of the variances of x

    which is ``f`` itself for a sinusoid, and for a mixture the frequency whose step is as large:
    the square root of the spectrum's second moment as long as ``f`` is far below ``Fs``. Means do
    not count. Long records are meant: the difference sees ``T`` steps, the variance too.

    Args:
        power: variances of the nodes.
        change: mean squared differences of successive positions.
        sample_rate: ``Fs`` in Hz.

    Returns:
        The frequency, at most ``Fs / 2``; NaN where nothing moves.

    Source: Rice, Bell System Technical Journal 24 (1945), section 3.3, for sampled motion.
    """
    total = jnp.sum(power)
    ratio = jnp.sum(change) / jnp.where(total > 0, total, jnp.nan)
    return sample_rate / jnp.pi * jnp.arcsin(safe_sqrt(jnp, jnp.minimum(ratio, 4.0)) / 2)


class FrequencyContent(NamedTuple):
    """Where a layer's motion about its mean lies, in Hz; NaN where nothing moves.

    Attributes:
        dominant_frequency: frequency in Hz of the node that moves most.
        spectral_centroid: mean node frequency, weighted by the nodes' variances.
        response_frequency: in Hz, of the motion itself, which need not be a node's;
            ``mean_frequency``.
    """

    dominant_frequency: Float[Array, ""]
    spectral_centroid: Float[Array, ""]
    response_frequency: Float[Array, ""]


@checked(finite=True)
def frequency_content(
    response: Response,
    frequencies: Float[Array, " hidden"],
    live: Bool[Array, " hidden"],
    sample_rate: float,
) -> FrequencyContent:
    """Return at which frequencies a layer moved.

    Args:
        response: of a run.
        frequencies: of the nodes, Hz.
        live: the nodes that count.
        sample_rate: samples per second, Hz.
    """
    power = jnp.where(live, response.power, 0.0)
    total = jnp.sum(power)
    known = jnp.isfinite(total) & (total > 0)
    shares = power / jnp.where(known, total, 1.0)
    centroid = jnp.sum(shares * jnp.where(live, frequencies, 0.0))
    motion = mean_frequency(power, jnp.where(live, response.change, 0.0), sample_rate=sample_rate)
    found = FrequencyContent(frequencies[jnp.argmax(power)], centroid, motion)
    return jax.tree.map(lambda frequency: jnp.where(known, frequency, jnp.nan), found)


Modes = tuple[Vector, Vector]


@checked
def growth_factor(
    cell: ResonantReservoirCell, inputs: Float[Array, "time probe"], *, key: jax.Array
) -> Float[Array, ""]:
    """Return the factor by which a small deviation of the state grows per step, along a run.

        exp(lambda_1),  lambda_1 = mean over steps of ln |J_t q_{t-1}|,  |q| = 1

    the exponential of the largest Lyapunov exponent over the last three quarters of each run, mean
    over runs. Below 1 the reservoir forgets its start (the echo state property, locally), above 1
    it does not. Deviations are measured in the modes of the free nodes (``_as_modes``): without
    coupling the factor is the pole radius whatever the number of steps, and with it a run of some
    hundred steps distinguishes growth from the rotation of a slow oscillation.

    The spectral radius of single Jacobians would not show that: they do not commute, and their
    coupling part grows without bound as a node comes to rest, where the phase is not defined.

    Args:
        cell: the reservoir; its nodes are underdamped (complex poles), or have ``w1 = w2 = 0``.
        inputs: ``u``, one column per example, 4 steps or more.
        key: source of the first deviations and of noise.

    Source: Benettin et al., Meccanica 15 (1980) 9.
    """
    num_steps, num_probes = inputs.shape
    counted = 3 * num_steps // 4
    every = max(1, min(14, counted // 2))
    transient = num_steps - counted // every * every

    def step(modes: Modes, sample: InputArray) -> Modes:
        return _as_modes(cell, cell.step(_from_modes(cell, modes), sample))

    def exponent(signal: Array, key: Array) -> Array:
        noise_key, tangent_key = jax.random.split(key)
        shape = (num_steps, cell.input_size - 1)
        noise = jax.random.normal(noise_key, shape, inputs.dtype)
        return lyapunov_exponents(
            step,
            _as_modes(cell, cell.initial_state()),
            jnp.concatenate([signal[:, None], noise], axis=1),
            num_exponents=1,
            dt=1.0,
            key=tangent_key,
            transient=transient,
            orthonormalize_every=every,
            num_blocks=2,
        ).per_step[0]

    keys = jax.random.split(key, num_probes)
    return jnp.exp(jnp.mean(jax.vmap(exponent, in_axes=(1, 0))(inputs, keys)))


def _as_modes(cell: ResonantReservoirCell, state: ResonantState) -> Modes:
    """Return real and imaginary part of ``z_t = x_t - conj(p) x_{t-1}``, p the pole of each node.

    ``z_t = p z_{t-1}`` for a free node: a turn of the plane and a factor ``|p|``, while
    ``(x_t, x_{t-1})`` is sheared, the more the slower the node.
    """
    real, imaginary = _poles(cell)
    return state.position - real * state.previous, imaginary * state.previous


def _from_modes(cell: ResonantReservoirCell, modes: Modes) -> ResonantState:
    """Return the state that has these modes."""
    real, imaginary = _poles(cell)
    previous = modes[1] / imaginary
    return ResonantState(position=modes[0] + real * previous, previous=previous)


def _poles(cell: ResonantReservoirCell) -> Modes:
    """Return real and imaginary part of each node's pole; 0 and 1 for a node without memory."""
    real = cell.nodes.w1 / 2
    squared = -cell.nodes.w2 - real**2
    return real, jnp.sqrt(jnp.where(cell.nodes.w2 == 0, 1.0, squared))
