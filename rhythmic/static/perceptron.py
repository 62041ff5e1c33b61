"""The perceptron: one node that weighs its inputs, its learning rule and when that must end.

Source: lecture, "Perceptron"; Rosenblatt, Psychological Review 65 (1958).
"""

import operator
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Real

from rhythmic._scan import scan
from rhythmic.activations import binary
from rhythmic.arguments import checked
from rhythmic.static._arrays import as_array
from rhythmic.typing import AnyArray


class PerceptronLearning(NamedTuple):
    """What learning left behind, epoch by epoch.

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
    """Learn from mistakes, example after example, epoch after epoch, by a scan.

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
    check_examples(jnp.shape(inputs))
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
    """Give the margin ``gamma = min over examples of s (w . input + theta) / |(w, theta)|``.

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
    check_examples(jnp.shape(inputs))
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


def check_examples(inputs: tuple[int, ...]) -> None:
    """Raise a ValueError unless there is at least one example."""
    if inputs[0] == 0:
        raise ValueError(f"inputs has shape {inputs}; it must hold one example or more")
