"""The perceptron: one node that weighs its inputs, its learning rule and the convergence bound.

Also linear separability: logic gates, clouds, largest margins and the best accuracy of any line.

Source: lecture, "Perceptron"; Rosenblatt, Psychological Review 65 (1958); textbook definitions
(linear separability, margin).
"""

import itertools
import operator
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Array, Float, Int, Real

from rhythmic._scan import scan
from rhythmic.activations import binary
from rhythmic.arguments import checked
from rhythmic.static._arrays import as_array
from rhythmic.typing import AnyArray


class PerceptronLearning(NamedTuple):
    """Result of learning, epoch by epoch.

    Attributes:
        weights: row 0 the start, row e the weights after e epochs; the last row is the result.
        theta: likewise, the constant term.
        errors: mistakes made during each epoch, each corrected at once, so that their sum is the
            number of updates. An epoch without any has left the weights alone: every example
            was, and stays, right.
    """

    weights: Float[Array, "epochs+1 feature"]
    theta: Float[Array, " epochs+1"]
    errors: Int[Array, " epochs"]


@checked
def perceptron_activity(
    inputs: Real[AnyArray, "*example feature"],
    weights: Real[AnyArray, " feature"],
    theta: Real[AnyArray, ""] | float,
) -> Float[Array, "*example"]:
    """Weigh the inputs: ``x = sum_i input_i w_i + theta``.

    Args:
        inputs: one example or any array of examples, features last.
        weights: ``w``, one for each feature.
        theta: constant term; the threshold that the weighted sum must pass is ``-theta``.

    Returns:
        ``x`` of every example, in the promoted floating dtype.

    Raises:
        ValueError: if weights and features differ in number.

    Source: lecture, "Models so far", Perceptron.
    """
    inputs, weights = as_array(inputs), as_array(weights)
    dtype = jnp.result_type(inputs, weights, theta, float)
    examples, weight = jnp.asarray(inputs, dtype), jnp.asarray(weights, dtype)
    # A GPU may otherwise round float32 products to ten bits, and x near 0 would change sides.
    summed = jnp.matmul(examples, weight, precision=jax.lax.Precision.HIGHEST)
    return summed + jnp.asarray(theta, dtype)


@checked
def perceptron_output(
    inputs: Real[AnyArray, "*example feature"],
    weights: Real[AnyArray, " feature"],
    theta: Real[AnyArray, ""] | float,
) -> Float[Array, "*example"]:
    """Decide: 0 where ``x = sum_i input_i w_i + theta`` is at or below zero, 1 above.

    Errors are those of ``perceptron_activity``.

    Args:
        inputs: one example or any array of examples, features last.
        weights: ``w``, one for each feature.
        theta: constant term.

    Source: lecture, "Models so far", Perceptron.
    """
    return binary(perceptron_activity(inputs, weights, theta))


@checked(finite=True)
def perceptron_learning(
    inputs: Real[AnyArray, "example feature"],
    targets: Real[AnyArray, " example"],
    weights: Real[AnyArray, " feature"],
    theta: Real[AnyArray, ""] | float,
    num_epochs: int,
    learning_rate: float = 1.0,
) -> PerceptronLearning:
    """Apply the perceptron rule, example after example, epoch after epoch, by a scan.

    After each example ``w_i += rate (target - output) input_i`` and ``theta += rate (target -
    output)``, so that nothing changes where the output is right. Examples come in the order
    given in every epoch; permute them for another. All epochs are run: once one is free of
    errors the rest are too. Map over data sets, starts or rates with ``jax.vmap``.

    Args:
        inputs: examples, features last.
        targets: the wanted outputs, 0 or 1; any other value gives NaN weights.
        weights: where to start.
        theta: constant term to start from.
        num_epochs: times that all examples are shown; static, 0 or more.
        learning_rate: factor on every change; from zero weights it changes their scale alone.

    Returns:
        Weights and theta of every epoch, from the start on, and the errors of each epoch.

    Raises:
        ValueError: if shapes do not fit or `num_epochs` is negative.

    Source: Rosenblatt, Psychological Review 65 (1958), as error correction in Rosenblatt,
    Principles of Neurodynamics (1962); the model of the lecture, "Models so far".
    """
    inputs, targets, weights = as_array(inputs), as_array(targets), as_array(weights)
    _check_examples(jnp.shape(inputs))
    if operator.index(num_epochs) < 0:
        raise ValueError(f"num_epochs is {num_epochs}; it must be 0 or more")
    dtype = jnp.result_type(inputs, weights, theta, learning_rate, float)
    examples, wanted = jnp.asarray(inputs, dtype), jnp.asarray(targets, dtype)
    wanted = jnp.where((wanted == 0) | (wanted == 1), wanted, jnp.nan)
    start = (jnp.asarray(weights, dtype), jnp.asarray(theta, dtype))
    rate = jnp.asarray(learning_rate, dtype)

    def show(state: tuple[Array, Array], pair: tuple[Array, Array]) -> tuple[tuple, Array]:
        weight, constant = state
        example, target = pair
        error = target - perceptron_output(example, weight, constant)
        # Not error * example alone: an infinite input that is right would give NaN.
        change = jnp.where(error == 0, 0.0, rate * error * example)
        return (weight + change, constant + rate * error), error != 0

    def epoch(state: tuple[Array, Array], _: None) -> tuple[tuple, tuple]:
        state, wrong = scan(show, state, (examples, wanted))
        return state, (*state, wrong.sum(dtype=jnp.int32))

    _, (later, constants, errors) = scan(epoch, start, None, length=num_epochs)
    return PerceptronLearning(
        weights=jnp.concatenate([start[0][None], later]),
        theta=jnp.concatenate([start[1][None], constants]),
        errors=errors,
    )


@checked
def first_error_free_epoch(errors: Int[AnyArray, "*run epochs"]) -> Int[Array, "*run"]:
    """Return the first epoch without errors, counted from 0, or -1 if there is none.

    Args:
        errors: of each epoch, epochs last, as ``perceptron_learning`` gives them.

    Returns:
        int32; also the number of epochs that it took to learn.
    """
    clean = jnp.asarray(errors) == 0
    if clean.shape[-1] == 0:
        return jnp.full(clean.shape[:-1], -1, jnp.int32)
    first = jnp.argmax(clean, axis=-1).astype(jnp.int32)
    return jnp.where(clean.any(axis=-1), first, -1)


@checked
def perceptron_margin(
    inputs: Real[AnyArray, "example feature"],
    targets: Real[AnyArray, " example"],
    weights: Real[AnyArray, " feature"],
    theta: Real[AnyArray, ""] | float,
) -> Float[Array, ""]:
    """Return the margin ``gamma = min over examples of s (w . input + theta) / |(w, theta)|``.

    ``s`` is +1 for target 1 and -1 for target 0. The constant term counts as the weight of one
    more input that is always 1, as Novikoff's theorem has it, so this is a distance in the space
    of features and that input, at most the distance of an example from the line drawn.

    Args:
        inputs: examples, features last.
        targets: 0 or 1; any other value gives NaN.
        weights: direction, of any length but zero (NaN if theta is zero too).
        theta: constant term that belongs to it.

    Returns:
        ``gamma``, in units of the inputs; above zero exactly if the direction separates the
        examples with none on the line.

    Raises:
        ValueError: if shapes do not fit.

    Source: Novikoff, Symposium on the Mathematical Theory of Automata (1962).
    """
    inputs, targets, weights = as_array(inputs), as_array(targets), as_array(weights)
    _check_examples(jnp.shape(inputs))
    activity = perceptron_activity(inputs, weights, theta)
    wanted = jnp.asarray(targets, activity.dtype)
    sign = jnp.where((wanted == 0) | (wanted == 1), 2 * wanted - 1, jnp.nan)
    direction = jnp.append(jnp.asarray(weights, activity.dtype), theta)
    return jnp.min(sign * activity) / jnp.linalg.norm(direction)


@checked
def novikoff_bound(
    inputs: Real[AnyArray, "example feature"],
    targets: Real[AnyArray, " example"],
    weights: Real[AnyArray, " feature"],
    theta: Real[AnyArray, ""] | float,
) -> Float[Array, ""]:
    """Bound the updates that the perceptron makes from zero weights: ``R^2 / gamma^2``.

    ``R`` is the largest ``|(input, 1)|`` and ``gamma`` the margin of any direction that
    separates the data; the direction of the largest margin gives the lowest bound. The bound
    holds for every order of examples, any number of epochs and any learning rate.

    Args:
        inputs: examples, features last.
        targets: 0 or 1; any other value gives NaN.
        weights: separating direction; not what was learned, unless that shall be the witness.
        theta: constant term that belongs to it.

    Returns:
        The bound; infinite if the direction does not separate the data with a margin.

    Raises:
        ValueError: if shapes do not fit.

    Source: Novikoff, Symposium on the Mathematical Theory of Automata (1962).
    """
    inputs = as_array(inputs)
    margin = perceptron_margin(inputs, targets, weights, theta)
    squared_radius = jnp.max(jnp.sum(jnp.square(jnp.asarray(inputs, margin.dtype)), axis=-1)) + 1
    # NaN is neither above nor at zero, and goes through.
    return jnp.where(margin <= 0, jnp.inf, squared_radius / jnp.square(margin))


def _check_examples(inputs: tuple[int, ...]) -> None:
    """Raise a ValueError unless there is at least one example."""
    if inputs[0] == 0:
        raise ValueError(f"inputs has shape {inputs}; it must hold one example or more")


MAX_EXAMPLES_TRIED = 16
ROUNDING = 1e-12  # a margin below this fraction of the largest component is rounding, not a margin

LOGIC_GATES: Mapping[str, tuple[int, int, int, int]] = MappingProxyType(
    {
        "AND": (0, 0, 0, 1),
        "OR": (0, 1, 1, 1),
        "NAND": (1, 1, 1, 0),
        "XOR": (0, 1, 1, 0),
    }
)
"""Outputs of each gate for the inputs (0, 0), (0, 1), (1, 0), (1, 1)."""


class LabelledExamples(NamedTuple):
    """Examples with the output wanted for each: inputs, features last, and targets of 0 and 1."""

    inputs: Float[Array, "example feature"]
    targets: Float[Array, " example"]


class SeparatingPlane(NamedTuple):
    """The plane ``weights . input + theta = 0`` of the largest margin.

    Attributes:
        weights: of unit length together with theta; NaN if no plane separates the examples.
        theta: constant term; NaN likewise.
        margin: Novikoff's ``gamma``, above zero; NaN likewise.
    """

    weights: Float[np.ndarray, " feature"]
    theta: float
    margin: float


@checked
def logic_gate(name: str) -> LabelledExamples:
    """Return the four examples of a gate of two inputs.

    Args:
        name: AND, OR, NAND or XOR.

    Returns:
        Inputs ``(4, 2)`` in the order 00, 01, 10, 11 and their targets.

    Raises:
        ValueError: for any other name.
    """
    if name not in LOGIC_GATES:
        raise ValueError(f"gate is {name!r}; choose from {', '.join(LOGIC_GATES)}")
    inputs = jnp.array(list(itertools.product((0.0, 1.0), repeat=2)))
    return LabelledExamples(inputs, jnp.array(LOGIC_GATES[name], inputs.dtype))


@checked
def separable_clouds(
    num_examples: int,
    num_features: int,
    gap: Real[AnyArray, ""] | float,
    *,
    key: jax.Array,
) -> LabelledExamples:
    """Draw a Gaussian cloud, cut it by a random plane through 0 and pull the halves apart.

    Each example is ``z + s (gap / 2) u`` with ``z ~ N(0, 1)`` in every feature, ``u`` a random
    unit vector, ``s = sign(u . z)``, and target 1 where ``s`` is positive. Every example is at
    least ``gap / 2`` from the plane, so the two clouds are separable for any gap above zero.

    Args:
        num_examples: examples of both clouds together; how many fall to each is left to chance.
        num_features: dimensions, 1 or more.
        gap: width of the empty band between the clouds, in standard deviations of the cloud
            before the cut; 0 or more, NaN inputs otherwise. May be traced.
        key: source of the cloud and of the plane.

    Returns:
        Inputs and targets.

    Raises:
        ValueError: for a count below one.
    """
    for field, value in (("num_examples", num_examples), ("num_features", num_features)):
        if operator.index(value) < 1:
            raise ValueError(f"{field} is {value}; it must be at least 1")
    cloud_key, plane_key = jax.random.split(key)
    cloud = jax.random.normal(cloud_key, (num_examples, num_features), jnp.result_type(float))
    direction = jax.random.normal(plane_key, (num_features,), cloud.dtype)
    direction = direction / jnp.linalg.norm(direction)
    above = jnp.matmul(cloud, direction, precision=jax.lax.Precision.HIGHEST) > 0
    width = jnp.asarray(gap, cloud.dtype)
    shift = jnp.where(above, 0.5, -0.5) * jnp.where(width >= 0, width, jnp.nan)
    return LabelledExamples(cloud + shift[:, None] * direction, above.astype(cloud.dtype))


@checked
def largest_margin_plane(
    inputs: Real[AnyArray, "example feature"], targets: Real[AnyArray, " example"]
) -> SeparatingPlane:
    """Find the plane of the largest margin, or find that there is none.

    With ``a_i = s_i (input_i, 1)`` and ``s_i`` of +1 or -1 for target 1 or 0, the plane is the
    shortest ``v = (w, theta)`` for which ``a_i . v >= 1`` for all i, and ``gamma = 1 / |v|``: a
    problem of least distance, solved by non-negative least squares. A plane found is checked
    against every example, so a margin returned is one that exists. Inputs are scaled by their
    largest component; a margin below about 1e-7 of it may go unseen.

    Args:
        inputs: examples, features last; finite. Computed by NumPy in float64.
        targets: 0 or 1.

    Returns:
        Unit direction, constant term and margin; NaN if no plane separates the examples.

    Raises:
        ValueError: if shapes do not fit, an input is not finite or a target not 0 or 1.

    Source: Lawson and Hanson, Solving Least Squares Problems (1974), chapter 23 (problem LDP).
    """
    examples, wanted = _checked_examples(inputs, targets)
    signed = (2 * wanted - 1)[:, None] * np.append(examples, np.ones_like(wanted)[:, None], axis=1)
    scale = np.abs(signed).max()
    corners = signed / scale
    system = np.append(corners.T, np.ones((1, len(corners))), axis=0)
    wanted_sum = np.append(np.zeros(len(corners.T)), 1.0)
    residual = system @ scipy.optimize.nnls(system, wanted_sum)[0] - wanted_sum
    direction = residual[:-1]
    length = np.linalg.norm(direction)
    direction = direction / (length if length > 0 else np.nan)
    margin = (signed @ direction).min()
    if not margin > ROUNDING * scale:
        return SeparatingPlane(np.full(examples.shape[1], np.nan), np.nan, np.nan)
    return SeparatingPlane(direction[:-1], float(direction[-1]), float(margin))


@checked
def best_threshold_accuracy(
    inputs: Real[AnyArray, "example feature"], targets: Real[AnyArray, " example"]
) -> float:
    """Return the largest fraction of the examples that any perceptron at all can have right.

    It is found by leaving out as few examples as needed for the rest to be separable, trying
    every choice of them; no learning is involved. For XOR it is 3/4 (Minsky and Papert,
    Perceptrons, 1969).

    Args:
        inputs: examples, features last; finite.
        targets: 0 or 1.

    Returns:
        The fraction, in (0, 1]; 1 exactly for separable examples.

    Raises:
        ValueError: as ``largest_margin_plane``, and for more than 16 examples, since the choices
            double with each.
    """
    examples, wanted = _checked_examples(inputs, targets)
    count = len(wanted)
    if count > MAX_EXAMPLES_TRIED:
        raise ValueError(f"inputs hold {count} examples; at most {MAX_EXAMPLES_TRIED} can be tried")
    for kept in range(count, 1, -1):
        for subset in itertools.combinations(range(count), kept):
            rows = list(subset)
            if largest_margin_plane(examples[rows], wanted[rows]).margin > 0:
                return kept / count
    return 1 / count


def _checked_examples(
    inputs: Real[AnyArray, "example feature"], targets: Real[AnyArray, " example"]
) -> tuple[Float[np.ndarray, "example feature"], Int[np.ndarray, " example"]]:
    """Return inputs in float64 and targets as integers, or raise a ValueError of one line."""
    examples, wanted = np.asarray(inputs, float), np.asarray(targets)
    _check_examples(examples.shape)
    if not np.isfinite(examples).all():
        raise ValueError("inputs hold NaN or infinity; they must be finite")
    if not np.isin(wanted, (0, 1)).all():
        raise ValueError(f"targets hold {np.unique(wanted).tolist()}; they must be 0 or 1")
    return examples, wanted.astype(int)
