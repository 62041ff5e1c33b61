"""What ``experiments.trained_modes`` draws, from its saved numbers alone."""

import numpy as np
from matplotlib.figure import Figure

from experiments.stages import Results
from experiments.trained_modes_options import TrainedModesOptions
from experiments.trained_modes_report import (
    comparisons,
    dt_of,
    groups_of,
    open_share,
    place_of,
    shown_modes,
)
from rhythmic.plotting.style import appearance
from rhythmic.plotting.trained_coupling import coupling_figure
from rhythmic.plotting.trained_modes import spectrum_figure, training_figure
from rhythmic.plotting.trained_modes_digit import digit_figure, gradient_figure
from rhythmic.stability.coupling import block_means
from rhythmic.stability.participation import Participation


def draw(options: TrainedModesOptions, results: Results) -> dict[str, Figure]:
    """Draw spectra, a digit, gradients, training and coupling."""
    dt, frequencies = dt_of(results), results["frequencies"]
    spectra = {kind: results[f"spectrum_{kind}"] for kind in ("fixed", "start", "trained")}
    missing = np.empty(0)
    participation = Participation(
        shown_modes(results),
        missing,
        missing,
        results["spectrum_share"],
        results["spectrum_sensitivity"],
        results["spectrum_condition"],
    )
    fields = ("time", "log_gradient", "log_singular_values", "log_power_norm", "log_radius_power")
    lags = {kind: {field: results[f"digit_{kind}_{field}"] for field in fields} for kind in spectra}
    label, seed = appearance(str(results["architecture"])).label, int(results["seed"])
    return {
        "spectrum": spectrum_figure(frequencies, spectra, place_of(results), participation, dt),
        "digit": digit_figure(
            results["digit_pixels"],
            open_share(results),
            results["digit_trained_eigenvalues"],
            {kind: results[f"digit_{kind}_products"] for kind in spectra},
            frequencies,
            dt,
            dt * options.product_step,
            f"{label}, seed {seed}, reads a {options.digit} of {results['retrained_data']}",
        ),
        "gradients": gradient_figure(lags, {k: results[f"exponents_{k}"] for k in spectra}),
        "training": draw_training(options, results),
        "coupling": draw_coupling(options, results),
    }


def draw_training(options: TrainedModesOptions, results: Results) -> Figure:
    """Draw modes and coupling over the training."""
    slow, faster = groups_of(options, results)
    weights = results["retrained_weights"]
    forward, reverse = (
        np.stack([block_means(epoch, *groups) for epoch in np.moveaxis(weights, 1, 0)], axis=1)
        for groups in ((faster, slow), (slow, faster))
    )
    data, count = results["retrained_data"], len(weights)
    titles = (
        f"modes of seed {results['retrained_seeds'][0]}, trained again on {data}\n"
        "($\\blacktriangleleft$: fixed nodes)",
        f"coupling, {count} network{'s' if count > 1 else ''}",
    )
    paths, validation = results["paths_eigenvalues"], results["retrained_validation"]
    return training_figure(
        results["frequencies"], paths, validation, forward, reverse, dt_of(results), titles
    )


def draw_coupling(options: TrainedModesOptions, results: Results) -> Figure:
    """Draw the mean weights and the blocks."""
    compared = comparisons(options, results)
    trained = (results["weights"], results["retrained_weights"][:, -1])
    weights = {
        f"{name} (n = {len(values)})": values
        for name, values in zip(list(compared)[1::2], trained, strict=True)
    }
    groups = groups_of(options, results)
    return coupling_figure(results["frequencies"], *groups, weights, compared)
