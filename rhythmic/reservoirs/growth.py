"""Does a reservoir forget its start? The growth of small deviations along a run."""

import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells import ResonantReservoirCell
from rhythmic.cells.resonant_nodes import ResonantState
from rhythmic.stability import lyapunov_exponents
from rhythmic.typing import Array, Float, InputArray, Vector

Modes = tuple[Vector, Vector]


@checked
def growth_factor(
    cell: ResonantReservoirCell, inputs: Float[Array, "time probe"], *, key: jax.Array
) -> Float[Array, ""]:
    """Give the factor by which a small deviation of the state grows a step, along a run.

        exp(lambda_1),  lambda_1 = mean over steps of ln |J_t q_{t-1}|,  |q| = 1

    the exponential of the largest Lyapunov exponent over the last three quarters of each run, mean
    over runs. Below 1 the reservoir forgets its start (the echo state property, locally), above 1
    it does not. Deviations are measured in the modes of the free nodes (``_as_modes``): without
    coupling the factor is the pole radius whatever the number of steps, and with it a run of some
    hundred steps tells growth from the turn of a slow oscillation.

    The spectral radius of single Jacobians would not tell: they do not commute, and their coupling
    part grows without bound as a node comes to rest, where the phase is not defined.

    Args:
        cell: the reservoir; its nodes ring (complex poles), or have ``w1 = w2 = 0``.
        inputs: ``u``, one column an example, 4 steps or more.
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
