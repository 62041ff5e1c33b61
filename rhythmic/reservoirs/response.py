"""What a reservoir answers to sequences, reduced over time while it runs.

Source: M. A. Kramer, arXiv:2506.17083, first version (the features); the other averages are
textbook definitions.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Key

from rhythmic.arguments import checked
from rhythmic.cells import ResonantReservoirCell
from rhythmic.cells.resonant_nodes import ResonantState
from rhythmic.reservoirs.noise import NoiseDrawn, with_noise
from rhythmic.simulate import time_mean
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import Array, Bool, Float, Int, PyTree


class Response(NamedTuple):
    """Time averages of a run from rest.

    Attributes:
        features: mean squared amplitude ``A^2`` of each node, one column an example.
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
        inputs: ``u``, one column an example.
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
    """Give what is averaged over time: sums over examples where their own values are not needed."""
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
    """Give the root-mean-square frequency of a layer's motion about its mean, in Hz.

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
    """Tell at which frequencies a layer moved.

    Args:
        response: of a run.
        frequencies: of the nodes, Hz.
        live: the nodes that count.
        sample_rate: samples a second, Hz.
    """
    power = jnp.where(live, response.power, 0.0)
    total = jnp.sum(power)
    known = jnp.isfinite(total) & (total > 0)
    shares = power / jnp.where(known, total, 1.0)
    centroid = jnp.sum(shares * jnp.where(live, frequencies, 0.0))
    motion = mean_frequency(power, jnp.where(live, response.change, 0.0), sample_rate=sample_rate)
    found = FrequencyContent(frequencies[jnp.argmax(power)], centroid, motion)
    return jax.tree.map(lambda frequency: jnp.where(known, frequency, jnp.nan), found)
