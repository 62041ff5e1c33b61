"""Reservoirs over pole radius, ladder ratio, gain and input scale: one point, and the sweep.

A point is a reservoir on a ladder, what it learns, and how it moves.

Source: M. A. Kramer, arXiv:2506.17083, first version; its weights swept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells import ResonantReservoirCell, resonant_nodes
from rhythmic.cells.reservoir import (
    checked_reservoir,
    perron_root,
    sparse_weights,
    with_spectral_radius,
)
from rhythmic.data.dataset import NUM_CLASSES
from rhythmic.indices import check_labels
from rhythmic.reservoirs.readout import ReservoirData, read_out
from rhythmic.reservoirs.response import frequency_content, growth_factor
from rhythmic.sweep import Grid, Output, Sweep, values_axis
from rhythmic.typing import Array, Bool, Float, Int


@checked
@dataclass(frozen=True)
class ReservoirGrid:
    """What is the same for all points of a weight grid of reservoirs.

    Args:
        num_nodes: nodes of the ladder, live or not.
        start_frequency: of the slowest node, Hz.
        sample_rate: samples per second, Hz.
        density: fraction of entries of ``W`` that are drawn.
        noise: standard deviation of the noise, in units of ``x``.
        inverse_regularisation: C of the readout.
        num_iterations: Newton steps of its fit.
        num_probes: validation examples along which the growth of deviations is measured.
    """

    num_nodes: int = 11
    start_frequency: float = 2.0
    sample_rate: float = 1000.0
    density: float = 0.354
    noise: float = 0.0
    inverse_regularisation: float = 1.0
    num_iterations: int = 10
    num_probes: int = 4

    def __post_init__(self) -> None:
        for name in ("num_nodes", "num_iterations", "num_probes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if not 0 < self.sample_rate < np.inf:
            raise ValueError(f"sample_rate is {self.sample_rate}; it must be above 0 and finite")
        limit = self.sample_rate / 4
        if not 0 < self.start_frequency < limit:
            allowed = f"between 0 and sample_rate / 4 = {limit:g} Hz"
            raise ValueError(f"start_frequency is {self.start_frequency}; it must lie {allowed}")
        if not 0 < self.inverse_regularisation < np.inf:
            given = self.inverse_regularisation
            raise ValueError(f"inverse_regularisation is {given}; it must be above 0 and finite")
        checked_reservoir(0.0, self.density, self.noise, 1.0, 0.5)

    def ladder(
        self, ladder_ratio: Float[Array, ""]
    ) -> tuple[Float[Array, " hidden"], Bool[Array, " hidden"]]:
        """Return f_k = f_0 ratio^k in Hz, and which of them live: below sample_rate / 4."""
        ladder_ratio = jnp.asarray(ladder_ratio)
        frequencies = self.start_frequency * ladder_ratio ** jnp.arange(self.num_nodes)
        return frequencies, frequencies < self.sample_rate / 4

    def cell(
        self,
        *,
        pole_radius: Float[Array, ""],
        ladder_ratio: Float[Array, ""],
        recurrent_gain: Float[Array, ""],
        input_scale: Float[Array, ""],
        key: jax.Array,
    ) -> ResonantReservoirCell:
        """Build the reservoir of a point from arrays, which may be traced.

        Nodes that are not live neither oscillate nor couple to others. The same key draws the same
        places and values of ``W`` at every point, up to their scale.

        Args:
            pole_radius: modulus of the nodes' poles, no unit.
            ladder_ratio: of neighbouring frequencies, see ``ladder``.
            recurrent_gain: spectral radius that ``W`` is scaled to.
            input_scale: factor on the input.
            key: of ``W``.
        """
        frequencies, live = self.ladder(ladder_ratio)
        weights = sparse_weights(self.num_nodes, density=self.density, key=key)
        weights = jnp.where(live[:, None] & live, weights, 0.0).astype(frequencies.dtype)
        nodes = resonant_nodes(
            jnp.where(live, frequencies, self.start_frequency),
            sample_rate=self.sample_rate,
            pole_radius=pole_radius,
        )
        template = eqx.filter_eval_shape(
            lambda: ResonantReservoirCell(
                np.ones(self.num_nodes), key=jax.random.key(0), noise=self.noise
            )
        )
        return eqx.tree_at(
            lambda cell: (cell.nodes, cell.recurrent_weights, cell.input_scale, cell.noise),
            template,
            (
                jax.tree.map(lambda x: jnp.where(live, x, 0.0), nodes),
                with_spectral_radius(weights, recurrent_gain),
                jnp.asarray(input_scale, frequencies.dtype),
                jnp.asarray(self.noise, frequencies.dtype),
            ),
        )

    def point(
        self,
        *,
        pole_radius: Float[Array, ""],
        ladder_ratio: Float[Array, ""],
        recurrent_gain: Float[Array, ""],
        input_scale: Float[Array, ""],
        seed: Int[Array, ""],
        shared: ReservoirData,
    ) -> dict[str, Array]:
        """Compute one point of the grid: accuracy, stability and frequency content.

        Pure; ``jax.vmap`` maps it over points, which fraction the examples. A point holds a few
        numbers for each node and example. Node constants are computed in the dtype of the
        ladder ratio: in float32 those of a 2 Hz node at a pole radius near one are off by parts
        in a thousand.

        Args:
            pole_radius: r of every node, above 0; beyond 1 nodes grow.
            ladder_ratio: f_{k+1} / f_k, above 0.
            recurrent_gain: spectral radius of ``W``, 0 or more.
            input_scale: s, the factor on the input. Without noise only ``recurrent_gain / s``
                matters.
            seed: of ``W`` and of the noise.
            shared: examples to fit to and to judge by.

        Returns:
            Scalars by name:
            ``validation_accuracy``, ``train_accuracy``, ``gradient_norm``, ``finite_share`` as in
            ``Readout``; ``growth_factor`` of ``growth_factor``; ``recurrent_radius``, the spectral
            radius that ``W`` has, 0 where the live nodes form no cycle; ``live_nodes``;
            ``dominant_frequency`` and ``spectral_centroid``, the frequency of the node that moves
            most and the mean node frequency weighted by variance, and ``response_frequency``, of
            the motion itself (``mean_frequency``), all in Hz; ``first_bad_step``.

        Source: Kramer, arXiv:2506.17083, first version; its weights swept.
        """
        weight_key, noise_key, probe_key = jax.random.split(jax.random.key(seed), 3)
        frequencies, live = self.ladder(ladder_ratio)
        cell = self.cell(
            pole_radius=pole_radius,
            ladder_ratio=ladder_ratio,
            recurrent_gain=recurrent_gain,
            input_scale=input_scale,
            key=weight_key,
        )
        found = read_out(
            cell,
            shared,
            key=noise_key,
            inverse_regularisation=self.inverse_regularisation,
            num_iterations=self.num_iterations,
            live=live,
        )
        content = frequency_content(found.response, frequencies, live, self.sample_rate)
        probes = shared.validation_inputs[:, : self.num_probes]
        return {
            "validation_accuracy": found.validation_accuracy,
            "train_accuracy": found.train_accuracy,
            "gradient_norm": found.gradient_norm,
            "finite_share": found.finite_share,
            "growth_factor": growth_factor(cell, probes, key=probe_key),
            "recurrent_radius": perron_root(cell.recurrent_weights),
            "live_nodes": jnp.sum(live),
            "first_bad_step": found.response.first_bad_step,
        } | content._asdict()


OUTPUTS = {
    "validation_accuracy": Output("", "share of validation examples told rightly"),
    "train_accuracy": Output("", "share of training examples told rightly"),
    "gradient_norm": Output("", "largest component of the gradient left by the fit"),
    "finite_share": Output("", "share of examples with finite features"),
    "growth_factor": Output("", "growth of a small deviation a step"),
    "recurrent_radius": Output("", "spectral radius of W; 0 without a cycle"),
    "live_nodes": Output("", "nodes below a quarter of the sample rate"),
    "dominant_frequency": Output("Hz", "frequency of the node that moves most"),
    "spectral_centroid": Output("Hz", "mean node frequency weighted by variance"),
    "response_frequency": Output("Hz", "root-mean-square frequency of the motion"),
}


@checked
def weight_grid_sweep(
    grid: ReservoirGrid,
    data: ReservoirData,
    *,
    pole_radii: Sequence[float],
    ladder_ratios: Sequence[float],
    recurrent_gains: Sequence[float],
    input_scales: Sequence[float],
    seeds: Sequence[int],
) -> Sweep:
    """Return the sweep of ``ReservoirGrid.point`` over every combination of its weights.

    Seeds come first, so that points side by side share the draws of ``W`` and of the noise. On a
    CPU give ``run_sweep`` few ``chunk_points``: a dozen reservoirs fill the cache of a core.

    Args:
        grid: what is the same for all points.
        data: examples, held once for all points.
        pole_radii: r.
        ladder_ratios: f_{k+1} / f_k.
        recurrent_gains: spectral radius of ``W``.
        input_scales: s.
        seeds: of ``W`` and of the noise, the first axis.

    Raises:
        ValueError: for examples whose labels are no digits, or not as many as the inputs.
    """
    seed = values_axis("seed", seeds, "", meaning="of W and noise")
    if seed.values.dtype.kind != "i":
        raise ValueError("seeds holds real numbers; give whole ones, such as 3 for 3.0")
    for part in ("train", "validation"):
        inputs, labels = (getattr(data, f"{part}_{what}") for what in ("inputs", "labels"))
        check_labels(f"data.{part}_labels", labels, NUM_CLASSES)
        if np.shape(labels) != np.shape(inputs)[1:]:
            found, count = np.shape(labels), np.shape(inputs)[1:]
            raise ValueError(f"data.{part}_labels has shape {found}; expected {count}")
    return Sweep(
        name="weight_grid",
        function=grid.point,
        design=Grid(
            (
                seed,
                values_axis("pole_radius", pole_radii, "", meaning="r of every node"),
                values_axis("ladder_ratio", ladder_ratios, "", meaning="f_{k+1} / f_k"),
                values_axis("recurrent_gain", recurrent_gains, "", meaning="radius of W"),
                values_axis("input_scale", input_scales, "", meaning="factor on the input"),
            )
        ),
        outputs=OUTPUTS,
        shared=jax.tree.map(np.asarray, data),
    )
