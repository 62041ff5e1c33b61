"""Logistic regression on many examples: fitted by L-BFGS, its regularisation set by validation.

Source: multinomial logistic regression, Bishop, Pattern Recognition and Machine Learning (2006),
section 4.3.4; fitted after Nocedal and Wright, Numerical Optimization (2006).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rhythmic.arguments import checked
from rhythmic.cells.interface import weigh
from rhythmic.data.dataset import Split, check_split
from rhythmic.indices import check_labels
from rhythmic.reservoirs.readout import (
    LogisticRegression,
    known_classes,
    standardise,
)
from rhythmic.typing import AnyArray, Array, Float, Int

Parameters = tuple[Float[Array, "class_ feature"], Float[Array, " class_"]]
Carry = tuple[Parameters, optax.OptState, Array]

_MEMORY_SIZE = 20


class LogisticAccuracy(NamedTuple):
    """How well a linear readout discriminates the classes.

    Attributes:
        validation_accuracy: fraction of validation examples classified correctly, at the strength
            that was chosen by it.
        test_accuracy: the same of test examples, measured once.
        inverse_regularisation: the strength C that was chosen.
        num_parameters: number of trained parameters, weights and biases.
        gradient_norm: of that fit; see ``LogisticRegression``.
    """

    validation_accuracy: float
    test_accuracy: float
    inverse_regularisation: float
    num_parameters: int
    gradient_norm: float


@checked(finite=True, least=1)
def fit_large_logistic_regression(
    features: Float[Array, "feature batch"],
    labels: Int[Array, " batch"],
    *,
    num_classes: int,
    inverse_regularisation: float = 1.0,
    tolerance: float = 1e-5,
    max_iterations: int = 500,
    start: LogisticRegression | None = None,
) -> LogisticRegression:
    """Fit what ``fit_logistic_regression`` fits, by L-BFGS instead of Newton's method.

        minimise  -1/n sum_i ln softmax(W f_i + b)[y_i] + ||W||^2 / (2 C n)

    which is that function's objective divided by C n, for n examples. A Newton step builds a
    matrix of (classes x features)^2 from all examples; here a step costs a few products of the
    features with the weights, which is what a large pool can afford.

    Args:
        features: one column per example, best standardised (``standardise``).
        labels: class of each example, 0 to ``num_classes - 1``.
        num_classes: number of classes; static.
        inverse_regularisation: C, above 0.
        tolerance: the fit ends where no component of the gradient of the mean loss per example is
            larger.
        max_iterations: or after as many steps. ``gradient_norm`` shows which of the two.
        start: a fit to begin from, such as that of another C; by default zero. The objective is
            convex, so it saves steps and changes nothing else.

    Returns:
        The fit, ``objective`` in the scale of ``fit_logistic_regression``; NaN where a feature is
        not finite or a traced label is no class.

    Raises:
        ValueError: for shapes that do not fit one another, or a label that is no class.

    Source: Nocedal and Wright, Numerical Optimization (2006), algorithm 7.5.
    """
    if features.ndim != 2 or labels.shape != features.shape[1:]:
        raise ValueError(
            f"features has shape {features.shape} and labels {labels.shape}; expected "
            "(feature, batch) and (batch,)"
        )
    check_labels("labels", labels, num_classes)
    if start is None:
        start = _without_weights(num_classes, len(features), features.dtype)
    first = start.weight, start.bias
    scale = inverse_regularisation * labels.shape[0]
    return _descend(first, features, labels, scale, tolerance, max_iterations)


@jax.jit
def _descend(
    start: Parameters,
    features: Float[Array, "feature batch"],
    labels: Int[Array, " batch"],
    scale: float,
    tolerance: float,
    max_iterations: int,
) -> LogisticRegression:
    """Minimise the objective, divided by ``scale``; all but the shapes is traced."""

    def objective(parameters: Parameters) -> Array:
        weight, bias = parameters
        logits = weigh(weight, features) + bias[:, None]
        right = jnp.take_along_axis(jax.nn.log_softmax(logits, axis=0), labels[None], axis=0)
        return jnp.sum(weight**2) / (2 * scale) - jnp.mean(right)

    solver = optax.lbfgs(memory_size=_MEMORY_SIZE)
    value_and_gradient = optax.value_and_grad_from_state(objective)

    def improve(carry: Carry) -> Carry:
        parameters, state, _ = carry
        value, gradient = value_and_gradient(parameters, state=state)
        updates, state = solver.update(
            gradient, state, parameters, value=value, grad=gradient, value_fn=objective
        )
        # The line search has already taken the gradient at the new parameters.
        gradient_norm = optax.tree.norm(optax.tree.get(state, "grad"), ord=jnp.inf)
        return optax.apply_updates(parameters, updates), state, gradient_norm

    def unfinished(carry: Carry) -> Array:
        _, state, gradient_norm = carry
        return (gradient_norm > tolerance) & (optax.tree.get(state, "count") < max_iterations)

    carry = (start, solver.init(start), jnp.asarray(jnp.inf, features.dtype))
    parameters, _, gradient_norm = jax.lax.while_loop(unfinished, improve, carry)
    fitted = LogisticRegression(*parameters, scale * objective(parameters), gradient_norm)
    return known_classes(fitted, labels)


@checked(finite=True, least=1)
def logistic_regression_accuracy(
    features: Float[AnyArray, "example feature"],
    labels: Int[AnyArray, " example"],
    split: Split,
    *,
    inverse_regularisations: Sequence[float],
    num_classes: int = 10,
    tolerance: float = 1e-5,
) -> LogisticAccuracy:
    """Fit a readout to training examples, choose its strength on validation, and test it once.

    Features are standardised by the mean and deviation of the training examples. The readout is
    fitted once for each strength, from the strongest penalty to the weakest, each fit starting from
    the last one. The strength of the highest validation accuracy is taken, of several the strongest
    penalty. Only that fit is evaluated on the test examples; none is fitted to the validation
    examples.

    Args:
        features: one row per example of the whole pool, in any scale.
        labels: class of each example, 0 to ``num_classes - 1``.
        split: indices of the training, validation and test examples.
        inverse_regularisations: strengths C to choose from, above 0; see
            ``fit_logistic_regression`` for its scale.
        num_classes: number of classes.
        tolerance: of the fits; see ``fit_large_logistic_regression``.

    Returns:
        Accuracies, strength and number of parameters; NaN accuracies where a feature is not
        finite.

    Raises:
        ValueError: for shapes that do not fit one another, strengths that are not positive and
            finite, a label that is no class, or a split with an index outside the pool or parts
            that share an example.
    """
    strengths = sorted(inverse_regularisations)
    if not strengths or not 0 < strengths[0] <= strengths[-1] < math.inf:
        raise ValueError(
            "inverse_regularisations must be one or more positive and finite numbers, got "
            f"{tuple(inverse_regularisations)}"
        )
    check_labels("labels", labels, num_classes)
    check_split(split, len(labels))
    table, classes = jnp.asarray(features), jnp.asarray(labels)
    train = table[split.train].T

    def part(indices: Int[np.ndarray, " part"]) -> tuple[Array, Array]:
        return standardise(table[indices].T, train), classes[indices]

    examples, held_out = part(split.train), part(split.validation)
    fits = [_without_weights(num_classes, table.shape[1], examples[0].dtype)]
    for strength in strengths:
        found = fit_large_logistic_regression(
            *examples,
            num_classes=num_classes,
            inverse_regularisation=strength,
            tolerance=tolerance,
            start=fits[-1],
        )
        fits.append(found)
    fits = fits[1:]
    accuracies = [float(found.accuracy(*held_out)) for found in fits]
    # The first of several largest is that of the strongest penalty; NaN counts as the largest.
    best = int(np.argmax(accuracies))
    return LogisticAccuracy(
        validation_accuracy=accuracies[best],
        test_accuracy=float(fits[best].accuracy(*part(split.test))),
        inverse_regularisation=strengths[best],
        num_parameters=num_classes * (table.shape[1] + 1),
        gradient_norm=float(fits[best].gradient_norm),
    )


def _without_weights(num_classes: int, num_features: int, dtype: Any) -> LogisticRegression:
    """Return the zero readout, from which a fit begins."""
    nothing = jnp.zeros((), dtype)
    weight, bias = jnp.zeros((num_classes, num_features), dtype), jnp.zeros(num_classes, dtype)
    return LogisticRegression(weight, bias, nothing, nothing)
