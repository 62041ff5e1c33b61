"""The weight grid as a sweep: reservoirs over pole radius, ladder ratio, gain and input scale.

Source: M. A. Kramer, arXiv:2506.17083, first version; its weights swept.
"""

from collections.abc import Sequence

import jax
import numpy as np

from rhythmic.arguments import checked
from rhythmic.data.dataset import NUM_CLASSES
from rhythmic.indices import check_labels
from rhythmic.reservoirs.readout import ReservoirData
from rhythmic.reservoirs.weight_grid import ReservoirGrid
from rhythmic.sweep import Grid, Output, Sweep, values_axis

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
    processor give ``run_sweep`` few ``chunk_points``: a dozen reservoirs fill the cache of a core.

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
