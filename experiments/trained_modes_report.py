"""What ``experiments.trained_modes`` prints and draws, from its saved numbers alone."""

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.stages import Results
from experiments.trained_modes_networks import TrainedModesOptions
from rhythmic.plotting.golden import coupling_figure, p_value_text
from rhythmic.plotting.style import appearance
from rhythmic.plotting.trained_modes import (
    LASTING,
    digit_figure,
    gradient_figure,
    growing,
    mode_name,
    spectrum_figure,
    training_figure,
)
from rhythmic.stability.coupling import (
    BlockComparison,
    block_means,
    compare_blocks,
    frequency_group,
)
from rhythmic.stability.modes import Modes, Participation, modes_of_eigenvalues
from rhythmic.typing import Bool, Float


def dt_of(results: Results) -> float:
    """Return the time step, s."""
    return float(1 / results["sample_rate"])


def place_of(results: Results) -> int:
    """Return which of the networks at hand is shown."""
    return int(np.argmax(results["seeds"] == results["seed"]))


def shown_modes(results: Results) -> Modes:
    """Return the trained modes of the network that is shown."""
    values = results["spectrum_trained"][place_of(results)]
    return modes_of_eigenvalues(values, dt_of(results))


def groups_of(
    options: TrainedModesOptions, results: Results
) -> tuple[Bool[np.ndarray, " node"], Bool[np.ndarray, " node"]]:
    """Say which nodes are slow, and which are the faster ones."""
    frequencies = results["frequencies"]
    return (
        frequency_group(frequencies, 0.0, options.slow),
        frequency_group(frequencies, *options.faster),
    )


def comparisons(options: TrainedModesOptions, results: Results) -> dict[str, BlockComparison]:
    """Compare the blocks: networks at hand and those trained again, each before and after."""
    slow, faster = groups_of(options, results)
    kept, again = f"trained, {results['dataset']}", f"retrained, {results['retrained_data']}"
    weights = {
        f"start of {kept}": results["start_weights"],
        kept: results["weights"],
        f"start of {again}": results["retrained_weights"][:, 0],
        again: results["retrained_weights"][:, -1],
    }
    key = jax.random.key(options.test_seed)
    return {
        name: compare_blocks(values, slow, faster, key=key, max_patterns=options.max_patterns)
        for name, values in weights.items()
    }


def open_share(results: Results) -> Float[np.ndarray, " time"]:
    """Return, of every step, the share of nodes at which the slope of tanh(x u) is above 1/2."""
    positions, pixels = results["digit_trained_positions"], results["digit_pixels"]
    before = np.concatenate([np.zeros_like(positions[:1]), positions[:-1]])
    slope = 1 - np.tanh(before * pixels[:, None]) ** 2
    return np.asarray(np.mean(slope > 0.5, axis=1))


def summarise(options: TrainedModesOptions, results: Results) -> str:
    """Write modes, what a digit makes of them, what was trained again, and the blocks."""
    name, seed = str(results["architecture"]), int(results["seed"])
    seeds = " ".join(map(str, results["seeds"]))
    lines = [
        f"{appearance(name).label}: {len(results['seeds'])} networks trained on "
        f"{results['dataset']}, seeds {seeds};",
        f"    shown: {seed}, test accuracy {results['test_accuracy'][place_of(results)]:.3f}",
        "",
        *mode_lines(results),
        "",
        *digit_lines(options, results),
        "",
        *training_lines(options, results),
        "",
        *block_lines(options, results),
    ]
    return "\n".join(lines)


def mode_lines(results: Results) -> list[str]:
    """List the trained modes of the shown network, with the node each belongs to most."""
    modes, share = shown_modes(results), results["spectrum_share"]
    dt, frequencies = dt_of(results), results["frequencies"]
    lines = [
        "one step at x = 0, u = 1: modes of the shown network (of pairs one is listed)",
        f"    {'mode':<32}{'mostly node (Hz)':>17}{'its share':>11}{'sensitivity':>13}",
    ]
    for mode in np.flatnonzero(modes.eigenvalue.imag >= 0):
        owner = int(np.argmax(share[mode]))
        lines.append(
            f"    {mode_name(modes, int(mode)):<32}{frequencies[owner]:>17.1f}"
            f"{share[mode, owner]:>11.0%}{results['spectrum_sensitivity'][mode]:>13.1f}"
        )
    counts = {
        kind: np.sum(growing(results[f"spectrum_{kind}"], dt), axis=1)
        for kind in ("start", "trained")
    }
    return [
        *lines,
        f"growing modes of {len(share)}, by seed: start {list_of(counts['start'])}, trained "
        f"{list_of(counts['trained'])}; fixed nodes 0",
        "modes come in pairs lambda, r^2 / lambda: what grows has a partner that fades as fast\n"
        f"    (largest gap {results['spectrum_partner_gap']:.0e})",
    ]


def list_of(values: np.ndarray) -> str:
    """Write numbers with spaces."""
    return " ".join(f"{value}" for value in values)


def digit_lines(options: TrainedModesOptions, results: Results) -> list[str]:
    """Say what becomes of modes, products and gradients along a digit."""
    pixels = results["digit_pixels"]
    ink, log10, data = pixels > 0, np.log(10), results["retrained_data"]
    seen = "" if data == results["dataset"] else f", which it may have met in {results['dataset']}"
    lines = [
        f"the shown network reads a {options.digit} of {data}{seen}: {ink.sum()} of {len(pixels)} "
        "pixels with ink",
        f"tanh(x u) has a slope above 1/2 at {open_share(results)[ink].mean():.1%} of nodes and "
        "steps with ink; elsewhere it saturates",
        f"    {'':<8}{'':>16}{'':>10}{'mean step':>11}{'its eigen-':>12}   mean of "
        f"{len(results['exponents_trained'])} digits",
        f"    {'':<8}{'gains':>16}{'gradient':>10}{'||A^n||':>11}{'values':>12}   "
        f"{'steps with growth':<19}largest exponent (1/s)",
    ]
    for kind in ("fixed", "start", "trained"):
        grows = results[f"exponents_{kind}_growing"].mean()
        gains = results[f"digit_{kind}_products"][-1, [0, -1]] / log10
        sizes = [
            round(results[f"digit_{kind}_log_{key}"][-1] / log10, 1) + 0.0  # no minus zero
            for key in ("gradient", "power_norm", "radius_power")
        ]
        largest = results[f"exponents_{kind}"][:, 0]
        span = f" ({largest.min():.1f} to {largest.max():.1f})" if len(largest) > 1 else ""
        lines.append(
            f"    {kind:<8}{f'10^{gains[0]:.1f}, 10^{gains[1]:.1f}':>16}"
            f"{f'10^{sizes[0]:.1f}':>10}{f'10^{sizes[1]:.1f}':>11}{f'10^{sizes[2]:.1f}':>12}   "
            f"{f'{grows:.1%}':<19}{largest.mean():.1f}{span}"
        )
    products = results["digit_trained_products"]
    num_steps = len(products) * options.product_step
    volume = 2 * len(results["frequencies"]) * num_steps * np.log(results["pole_radius"])
    gap = np.abs(products[-1].sum() - volume)
    return [
        *lines,
        f"ln of all gains sum to 2 N T ln r = {volume:.3f} whatever the weights (gap {gap:.0e})",
    ]


def training_lines(options: TrainedModesOptions, results: Results) -> list[str]:
    """Say what was trained again, and whether it came out as the first time."""
    validation = results["retrained_validation"]
    epochs, data = validation.shape[1], results["retrained_data"]
    lines = [
        f"trained again for this: {len(validation)} networks on {data}, {epochs} epochs; modes "
        "over training are those",
        f"    of seed {results['retrained_seeds'][0]}, whose validation accuracy is at best "
        f"{validation[0].max():.3f}, at the end {validation[0, -1]:.3f}",
    ]
    if not results["same_recipe"]:
        return [
            *lines,
            f"    other networks than those at hand, which learned {results['dataset']} for "
            f"{results['row_epochs']} epochs:",
            "    they share seed, start weights and architecture",
        ]
    known = np.isfinite(results["row_validation"])
    gaps = validation.max(axis=1)[known] - results["row_validation"][known]
    same = int(np.sum(np.abs(gaps) < 1e-6))
    lines.append(
        f"    best validation accuracy equals that of the run for {same} of {known.sum()} "
        f"networks; largest difference {np.abs(gaps).max():.3f}"
    )
    if same < known.sum():
        lines.append(
            "    (float32: sums in another order, by another commit, device or group, part the "
            "paths of near-critical nodes)"
        )
    return lines


def block_lines(options: TrainedModesOptions, results: Results) -> list[str]:
    """Write the comparison of the blocks."""
    low, high = options.faster
    lines = [
        f"mean weight from slow (to {options.slow:g} Hz) to faster nodes ({low:g} to {high:g} Hz) "
        "against the reverse block",
        "two-sample t on block means, one of each a network; flips: a permutation test that "
        "exchanges",
        "the two blocks of a network (flips the sign of their difference), in all 2^n ways or "
        "drawn ones",
        f"    {'':<28}{'n':>4}{'forward':>9}{'reverse':>9}{'difference':>12}{'SEM':>7}"
        f"{'t':>7}{'p':>9}{'p, flips':>10}{'patterns':>10}",
    ]
    for name, found in comparisons(options, results).items():
        lines.append(
            f"    {name:<28}{len(found.forward):>4}{found.forward.mean():>+9.3f}"
            f"{found.reverse.mean():>+9.3f}{found.difference:>+12.3f}{found.standard_error:>7.3f}"
            f"{found.t_statistic:>7.2f}{found.t_p_value:>9.2g}{found.sign_flips.p_value:>10.2g}"
            f"{found.sign_flips.num_patterns:>10}"
        )
    return lines


def in_words(start: BlockComparison, found: BlockComparison, data: str) -> str:
    """Write a comparison of blocks, with its tests where there are several networks."""
    count = len(found.forward)
    tests = (
        f": t({found.t_degrees}) = {found.t_statistic:.1f}, p = {found.t_p_value:.2g}; sign flips "
        f"{p_value_text(found.sign_flips)}"
    )
    learned = f"{found.difference:+.3f} (start {start.difference:+.3f}; {data}, n = {count}"
    return f"{learned}{tests if count > 1 else ''})"


def answer(options: TrainedModesOptions, results: Results) -> str:
    """Say what trained modes, steps and weights do."""
    dt, modes = dt_of(results), shown_modes(results)
    counts = np.sum(growing(results["spectrum_trained"], dt), axis=1)
    times = 1000 / modes.growth_rate[modes.growth_rate > LASTING]
    steps = results["exponents_trained_growing"].mean()
    largest = {kind: results[f"exponents_{kind}"][:, 0].mean() for kind in ("fixed", "trained")}
    blocks = list(comparisons(options, results).values())
    tested = [
        in_words(blocks[0], blocks[1], str(results["dataset"])),
        in_words(blocks[2], blocks[3], str(results["retrained_data"])),
    ]
    extent = f", by e in {times.min():.1f} to {times.max():.1f} ms" if times.size else ""
    return (
        f"At x = 0, u = 1, where learned weights act in full, {counts.min()} to {counts.max()} of "
        f"{len(modes.eigenvalue)} modes grow (seed {results['seed']}: {counts[place_of(results)]}"
        f"{extent}) and as many fade; along a digit tanh saturates: {steps:.1%} of the steps with "
        f"ink have a growing mode, and the largest exponent over an image is "
        f"{largest['trained']:.0f} 1/s (fixed nodes {largest['fixed']:.0f}); mean weight from slow "
        f"to faster nodes less the reverse: {' and '.join(tested)}."
    )


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
