"""What trained rhythmic networks do: their modes in Hz and seconds, their gradients, their weights.

The recurrent term of a resonant network is W tanh(x u). At u = 0 a step holds no learned weight;
its modes are looked at where they are learned, at u = 1 and x = 0, and along real digits.
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from experiments.script import Experiment, dry_run_of, main
from experiments.stages import Results, Stages, Swept
from experiments.trained_modes_networks import (
    PRESETS,
    Networks,
    TrainedModesOptions,
    retrained_seeds,
    retraining,
    start_weights,
    with_weights,
)
from experiments.trained_modes_report import answer, draw, summarise
from rhythmic.cells import ResonantCell
from rhythmic.data import Digits, split
from rhythmic.plotting.trained_modes import growing
from rhythmic.sensitivity import step_jacobian, step_jacobians
from rhythmic.simulate import trajectory
from rhythmic.stability import finite_time_exponents, gradient_against_lag, mode_participation
from rhythmic.stability.gradients import log_singular_values
from rhythmic.stability.modes import followed_eigenvalues, sorted_eigenvalues
from rhythmic.typing import AnyArray, Float

KINDS = ("fixed", "start", "trained")

run_jacobians = eqx.filter_jit(step_jacobians)
run_positions = eqx.filter_jit(trajectory)
run_lags = eqx.filter_jit(gradient_against_lag)
run_products = jax.jit(log_singular_values, static_argnames="every")


def measure(options: TrainedModesOptions, stages: Stages) -> Results:
    """Train again, then look at spectra, at digits and at weights in double precision."""
    networks = options.networks()
    digits = options.digits(networks)
    trained = retrained(options, networks, digits, stages)
    parts = {
        "spectrum": partial(spectrum, networks),
        "digit": partial(one_digit, options, networks, digits),
        "exponents": partial(exponents, options, networks, digits),
        "paths": partial(paths, networks, trained["weights"][0]),
    }
    with jax.enable_x64(True):
        found = stages.each(parts)
    results = {f"{part}_{key}": x for part, arrays in found.items() for key, x in arrays.items()}
    results |= {f"retrained_{key}": x for key, x in trained.items()}
    return results | what_is_known(options, networks, digits.name, trained["seeds"])


def what_is_known(
    options: TrainedModesOptions, networks: Networks, data: str, retrained: np.ndarray
) -> Results:
    """Return what the rows hold of the networks and of those trained again on ``data``."""
    row, architecture = networks.shown, networks.architecture
    accuracies = {row["seed"]: row["validation_accuracy"] for row in networks.rows}
    same_recipe = data == row["dataset"] and options.epochs in (None, row["epochs"])
    return {
        "architecture": np.array(architecture.name),
        "seed": np.array(row["seed"]),
        "seeds": np.array(networks.seeds),
        "dataset": np.array(row["dataset"]),
        "sample_rate": np.array(architecture.option("sample_rate")),
        "pole_radius": np.array(architecture.option("pole_radius")),
        "frequencies": networks.frequencies,
        "weights": networks.weights,
        "start_weights": networks.start_weights,
        "test_accuracy": np.array([row["test_accuracy"] for row in networks.rows], float),
        "row_epochs": np.array(row["epochs"]),
        # NaN of seeds that are not at hand.
        "row_validation": np.array([accuracies.get(seed, np.nan) for seed in retrained.tolist()]),
        "retrained_data": np.array(data),
        "same_recipe": np.array(same_recipe),
    }


def retrained(
    options: TrainedModesOptions, networks: Networks, digits: Digits, stages: Stages
) -> Results:
    """Train networks again; return their weights before the first epoch and after each."""
    seeds = retrained_seeds(networks, options.num_retrained)
    found = stages.sweep("training", retraining(options, networks, digits))
    start = [start_weights(networks.architecture, seed) for seed in seeds]
    weights, validation = (found[name][:, 0, 0, 0] for name in ("weights", "validation"))
    weights = np.concatenate([np.stack(start)[:, None], weights], axis=1)
    return {"seeds": np.array(seeds), "weights": weights, "validation": validation}


def sweeps(options: TrainedModesOptions) -> dict[str, Swept]:
    """Return the training, whose time and files a dry run tells."""
    networks = options.networks()
    return {"training": retraining(options, networks, options.digits(networks))}


def template(networks: Networks) -> ResonantCell:
    """Build a cell of the architecture, in the precision of the moment."""
    cell = networks.architecture.build(1, 10, key=jax.random.key(0)).cell
    assert isinstance(cell, ResonantCell)
    return cell


def cells_of(networks: Networks) -> dict[str, ResonantCell]:
    """Return the shown network without weights, with those of the start, and the trained ones."""
    cell, place = template(networks), networks.rows.index(networks.shown)
    trained = networks.weights[place]
    weights = (0 * trained, networks.start_weights[place], trained)
    dtype = cell.constants().w1.dtype
    return {
        k: with_weights(cell, jnp.asarray(w, dtype)) for k, w in zip(KINDS, weights, strict=True)
    }


@eqx.filter_jit
def one_step(
    cell: ResonantCell, weights: Float[AnyArray, "network post pre"]
) -> Float[AnyArray, "network state state"]:
    """Return the Jacobians of one step at x = 0 and u = 1, where learned weights act in full."""

    def jacobian(weights: Float[AnyArray, "post pre"]) -> Float[AnyArray, "state state"]:
        own = with_weights(cell, weights)
        return step_jacobian(own, own.initial_state(), jnp.ones(1))

    return jax.vmap(jacobian)(jnp.asarray(weights, cell.constants().w1.dtype))


def spectrum(networks: Networks) -> Results:
    """Work out the one-step spectra of all networks, and whose the modes of the shown one are.

    A step is J = [[A, -r^2], [1, 0]] with A = diag(w1) + W, so lambda + r^2 / lambda is an
    eigenvalue of A and modes come in pairs lambda, r^2 / lambda. The largest relative gap between
    a mode and the nearest partner is kept.
    """
    cell, place = template(networks), networks.rows.index(networks.shown)
    weights = {
        "fixed": 0 * networks.weights[:1],
        "start": networks.start_weights,
        "trained": networks.weights,
    }
    jacobians = {name: np.asarray(one_step(cell, w)) for name, w in weights.items()}
    results = {name: np.asarray(sorted_eigenvalues(x)) for name, x in jacobians.items()}
    dt = 1 / networks.architecture.option("sample_rate")
    found = mode_participation(jacobians["trained"][place], dt, num_nodes=len(networks.frequencies))
    values = results["trained"]
    partners = networks.architecture.option("pole_radius") ** 2 / values
    gaps = np.min(np.abs(values[:, :, None] - partners[:, None]), axis=1) / np.abs(partners)
    kept = {
        name: np.asarray(getattr(found, name)) for name in ("share", "sensitivity", "condition")
    }
    return results | kept | {"partner_gap": gaps.max()}


def images_to_read(
    options: TrainedModesOptions, networks: Networks, digits: Digits
) -> tuple[AnyArray, AnyArray]:
    """Return the pixels of the test digit that is shown, (time, 1), and of those averaged over.

    Both come from the test part of the shown network's seed.
    """
    test = split(digits, networks.shown["seed"]).test
    pixels = digits.images[:, :, None] / 255.0
    shown = test[np.argmax(digits.labels[test] == options.digit)]
    return pixels[shown], pixels[test[: options.num_digits]]


def one_digit(options: TrainedModesOptions, networks: Networks, digits: Digits) -> Results:
    """Follow the shown network through one digit: spectra, products, and gradients at all lags."""
    pixels, _ = images_to_read(options, networks, digits)
    inputs, dt = jnp.asarray(pixels), 1 / networks.architecture.option("sample_rate")
    results: Results = {"pixels": np.asarray(pixels[:, 0])}
    for name, cell in cells_of(networks).items():
        jacobians = np.asarray(run_jacobians(cell, inputs))
        lags = run_lags(cell, inputs, dt=dt, every=options.product_step)
        results |= {
            f"{name}_eigenvalues": np.asarray(sorted_eigenvalues(jacobians)),
            f"{name}_positions": np.asarray(run_positions(cell, inputs).observed),
            f"{name}_products": np.asarray(run_products(jacobians, every=options.product_step)),
        }
        results |= {f"{name}_{key}": np.asarray(x) for key, x in lags._asdict().items()}
    return results


def exponents(options: TrainedModesOptions, networks: Networks, digits: Digits) -> Results:
    """Look at whole images: finite-time exponents, 1/s, and how many steps have a growing mode.

    Returns:
        By kind of weights, exponents (digit, exponent), and of the steps with ink of each digit
        the share that has a growing mode.
    """
    _, pixels = images_to_read(options, networks, digits)
    window, dt = pixels.shape[1], 1 / networks.architecture.option("sample_rate")

    @eqx.filter_jit
    def over(cell: ResonantCell, inputs: AnyArray) -> AnyArray:
        start = cell.initial_state()
        found = finite_time_exponents(cell.step, start, inputs, window=window, dt=dt)
        return found.per_second[0]

    results: Results = {}
    for name, cell in cells_of(networks).items():
        # Without weights every image gives the same.
        images = pixels[:1] if name == "fixed" else pixels
        results[name] = np.stack([over(cell, jnp.asarray(x)) for x in images])
        results[f"{name}_growing"] = np.array([growing_share(cell, x, dt) for x in images])
    return results


def growing_share(cell: ResonantCell, pixels: AnyArray, dt: float) -> float:
    """Return the share of the steps with ink that have a growing mode."""
    jacobians = np.asarray(run_jacobians(cell, jnp.asarray(pixels)))[pixels[:, 0] > 0]
    return float(growing(np.asarray(sorted_eigenvalues(jacobians)), dt).any(axis=1).mean())


def paths(networks: Networks, weights: Float[np.ndarray, "epoch post pre"]) -> Results:
    """Follow the one-step modes of one network over its training."""
    jacobians = np.asarray(one_step(template(networks), weights))
    return {"eigenvalues": followed_eigenvalues(jacobians)}


EXPERIMENT = Experiment(
    name="trained_modes",
    section="Rhythmic RNN in practice",
    question="What do the modes and weights of a trained rhythmic network do?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
    dry_run=dry_run_of(sweeps),
)

if __name__ == "__main__":
    main(EXPERIMENT)
