"""A readout fitted to the responses of a reservoir, and its accuracy.

Multinomial logistic regression is one pure function: to be compiled, mapped, and swept.

Source: Bishop, Pattern Recognition and Machine Learning (2006), section 4.3.4; M. A. Kramer,
arXiv:2506.17083, first version.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.scipy.linalg

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.cells import ResonantReservoirCell
from rhythmic.cells.interface import weigh
from rhythmic.indices import are_indices, check_labels
from rhythmic.reservoirs.response import Response, example_keys, reservoir_response
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import Array, Bool, Float, Int

Features = Float[Array, "feature batch"]
Parameters = Float[Array, "class_ parameter"]

_PRECISION = jax.lax.Precision.HIGHEST
_STEP_LENGTHS = (1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.0)


class LogisticRegression(NamedTuple):
    """A fitted readout, and how well it was fitted.

    Attributes:
        weight: of ``logits = weight @ features + bias``.
        bias: of the same; its sum is zero.
        objective: what was minimised, at the end.
        gradient_norm: largest component of its gradient there, over C times the number of
            examples: the gradient of the mean loss per example.
    """

    weight: Float[Array, "class_ feature"]
    bias: Float[Array, " class_"]
    objective: Float[Array, ""]
    gradient_norm: Float[Array, ""]

    def logits(self, features: Features) -> Float[Array, "class_ batch"]:
        """Return the logits of examples."""
        return weigh(self.weight, features) + self.bias[:, None]

    def accuracy(self, features: Features, labels: Int[Array, " batch"]) -> Float[Array, ""]:
        """Return the fraction of examples whose largest logit is at their ``labels``.

        It is NaN if a logit is NaN or a traced label is no class.

        Raises:
            ValueError: for a label that is no class.
        """
        check_labels("labels", labels, len(self.bias))
        logits = self.logits(features)
        right = jnp.argmax(logits, axis=0) == labels
        known = jnp.all(jnp.isfinite(logits)) & are_indices(labels, len(self.bias))
        return jnp.where(known, jnp.mean(right), jnp.nan)


@checked(finite=True, least=1)
def fit_logistic_regression(
    features: Features,
    labels: Int[Array, " batch"],
    *,
    num_classes: int,
    inverse_regularisation: float = 1.0,
    num_iterations: int = 10,
) -> LogisticRegression:
    """Fit a multinomial logistic regression with an L2 penalty, by Newton's method from zero.

        minimise  C sum_i -ln softmax(W f_i + b)[y_i] + 1/2 ||W||^2

    scikit-learn's ``LogisticRegression(C=C)``: the bias is not penalised. The objective is
    strictly convex but for a common shift of all biases, which is held at zero. Of step lengths
    1, 1/2 ... 1/32 and 0 the best one is taken, the longest of those that tie. The number of
    iterations is fixed, so that members of a ``jax.vmap`` take the same time; ten bring
    standardised features to the rounding of the dtype, and ``gradient_norm`` shows whether they
    did.

    Args:
        features: one column per example, best standardised (``standardise``).
        labels: class of each example, 0 to ``num_classes - 1``.
        num_classes: number of classes; static.
        inverse_regularisation: C, above 0.
        num_iterations: Newton steps; static.

    Returns:
        The fit; NaN where a feature is not finite or a traced label is no class.

    Raises:
        ValueError: for shapes that do not fit one another, no example, or a label that is no
            class.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), section 4.3.4; readout of
    Kramer, arXiv:2506.17083, first version.
    """
    if features.ndim != 2 or labels.shape != features.shape[1:]:
        raise ValueError(
            f"features has shape {features.shape} and labels {labels.shape}; expected "
            "(feature, batch) and (batch,)"
        )
    if not labels.size:
        raise ValueError(f"features has shape {features.shape}; it must hold at least one example")
    check_labels("labels", labels, num_classes)
    design = jnp.concatenate([features, jnp.ones_like(features[:1])])
    targets = jax.nn.one_hot(labels, num_classes, axis=0, dtype=design.dtype)

    def objective(parameters: Parameters) -> Array:
        losses = -jnp.sum(jax.nn.log_softmax(weigh(parameters, design), axis=0) * targets)
        return inverse_regularisation * losses + jnp.sum(parameters[:, :-1] ** 2) / 2

    def improve(parameters: Parameters, _: None) -> tuple[Parameters, None]:
        gradient, hessian = derivatives(parameters, design, targets, inverse_regularisation)
        factor = jax.scipy.linalg.cho_factor(hessian)
        direction = jax.scipy.linalg.cho_solve(factor, gradient.ravel()).reshape(gradient.shape)
        lengths = jnp.asarray(_STEP_LENGTHS, parameters.dtype)
        tried = parameters - lengths[:, None, None] * direction
        values = jax.vmap(objective)(tried)
        # Near the minimum values differ by rounding alone; the longest step is then the right one.
        lowest = jnp.min(values)
        best = jnp.argmax(values <= lowest + rounding * jnp.abs(lowest))
        return tried[best], None

    rounding = 8 * jnp.finfo(design.dtype).eps
    start = jnp.zeros((num_classes, len(design)), design.dtype)
    parameters, _ = scan(improve, start, None, length=num_iterations)
    gradient = jax.grad(objective)(parameters)
    scale = inverse_regularisation * labels.shape[0]
    fitted = LogisticRegression(
        weight=parameters[:, :-1],
        bias=parameters[:, -1],
        objective=objective(parameters),
        gradient_norm=jnp.max(jnp.abs(gradient)) / scale,
    )
    return known_classes(fitted, labels)


def known_classes(fitted: LogisticRegression, labels: Int[Array, " batch"]) -> LogisticRegression:
    """Return a fit, NaN where a label that it was fitted to is none of its classes."""
    inside = are_indices(labels, len(fitted.bias))
    return jax.tree.map(lambda x: jnp.where(inside, x, jnp.nan), fitted)


def derivatives(
    parameters: Parameters,
    design: Float[Array, "parameter batch"],
    targets: Float[Array, "class_ batch"],
    inverse_regularisation: float,
) -> tuple[Parameters, Float[Array, "all all"]]:
    """Return gradient and Hessian of the objective, the free shift of the biases held at zero.

    With ``P = softmax(theta X)``: ``C (P - Y) X^T`` and, between the classes c and d,
    ``C sum_i (delta_cd p_c - p_c p_d) x x^T``, and the penalty's part of both.
    """
    num_classes, num_parameters = parameters.shape
    shares = jax.nn.softmax(weigh(parameters, design), axis=0)
    penalised = jnp.ones(num_parameters, design.dtype).at[-1].set(0.0)
    gradient = inverse_regularisation * weigh(shares - targets, design.T) + penalised * parameters
    weighted = shares[:, None] * design[None]
    own = jnp.einsum("cpi,qi->cpq", weighted, design, precision=_PRECISION)
    flat = weighted.reshape(num_classes * num_parameters, design.shape[1])
    hessian = -weigh(flat, flat.T).reshape((num_classes, num_parameters) * 2)
    classes = jnp.arange(num_classes)
    hessian = inverse_regularisation * hessian.at[classes, :, classes, :].add(own)
    hessian = hessian.at[classes, :, classes, :].add(jnp.diag(penalised))
    # The same shift of all biases changes nothing; the gradient has no part along it.
    hessian = hessian.at[:, -1, :, -1].add(1.0)
    return gradient, hessian.reshape((num_classes * num_parameters,) * 2)


@checked
def standardise(
    features: Features, reference: Float[Array, "feature other"]
) -> Float[Array, "feature batch"]:
    """Scale features as those on which ``reference`` has mean zero and (biased) variance one.

    A feature that is the same for all of the reference becomes zero. Values are divided by their
    largest first, so that their squares stay finite.

    Args:
        features: of any examples.
        reference: of the training examples.
    """
    mean = jnp.mean(reference, axis=1, keepdims=True)
    centred = reference - mean
    largest = jnp.max(jnp.abs(centred), axis=1, keepdims=True)
    # Features that differ by rounding alone carry no information, and would be amplified.
    noise_floor = 8 * jnp.finfo(reference.dtype).eps * jnp.abs(mean)
    varies = largest > noise_floor
    largest = jnp.where(varies, largest, 1.0)
    deviation = safe_sqrt(jnp, jnp.mean((centred / largest) ** 2, axis=1, keepdims=True))
    standard = (features - mean) / largest / jnp.where(varies, deviation, 1.0)
    return jnp.where(varies | ~jnp.isfinite(mean), standard, 0.0)


class ReservoirData(NamedTuple):
    """Scalar sequences to fit a readout on and to judge it by, one column per example.

    ``train_inputs`` and ``validation_inputs`` are ``(time, example)``; ``train_labels`` and
    ``validation_labels`` are class indices.
    """

    train_inputs: Float[Array, "time train"]
    train_labels: Int[Array, " train"]
    validation_inputs: Float[Array, "time validation"]
    validation_labels: Int[Array, " validation"]


class Readout(NamedTuple):
    """How well a readout of a reservoir's features discriminates the classes.

    Attributes:
        validation_accuracy: fraction of validation examples classified correctly.
        train_accuracy: the same of those that the readout was fitted to.
        gradient_norm: of the fit; see ``LogisticRegression``.
        finite_share: fraction of examples whose features are all finite.
        response: of all examples, those of training first.
    """

    validation_accuracy: Float[Array, ""]
    train_accuracy: Float[Array, ""]
    gradient_norm: Float[Array, ""]
    finite_share: Float[Array, ""]
    response: Response


@checked(finite=True, least=1)
def read_out(
    cell: ResonantReservoirCell,
    data: ReservoirData,
    *,
    key: jax.Array,
    num_classes: int = 10,
    inverse_regularisation: float = 1.0,
    num_iterations: int = 10,
    live: Bool[Array, " hidden"] | None = None,
) -> Readout:
    """Run a reservoir, fit a logistic regression to its features, and measure its accuracy.

    Features are the mean squared amplitudes of the nodes, standardised on the training examples.

    Args:
        cell: the reservoir.
        data: examples to fit to and to judge by.
        key: source of the noise, which acts on validation examples too.
        num_classes: number of classes; static.
        inverse_regularisation: C of the regression.
        num_iterations: of the fit; static.
        live: nodes that are read out; by default all.

    Returns:
        The readout; accuracies are NaN where a feature is not finite.

    Raises:
        ValueError: for ``live`` of another length than there are nodes.

    Source: Kramer, arXiv:2506.17083, first version.
    """
    if live is not None and live.shape != (cell.hidden_size,):
        raise ValueError(f"live has shape {live.shape}; it must be ({cell.hidden_size},)")
    inputs = jnp.concatenate([data.train_inputs, data.validation_inputs], axis=1)
    keys = example_keys(key, jnp.arange(inputs.shape[1])) if cell.input_size > 1 else None
    response = reservoir_response(cell, inputs, keys=keys)
    features = response.features
    if live is not None:
        features = jnp.where(live[:, None], features, 0.0)
    count = data.train_inputs.shape[1]
    standard = standardise(features, features[:, :count])
    train, validation = standard[:, :count], standard[:, count:]
    fit = fit_logistic_regression(
        train,
        data.train_labels,
        num_classes=num_classes,
        inverse_regularisation=inverse_regularisation,
        num_iterations=num_iterations,
    )
    return Readout(
        validation_accuracy=fit.accuracy(validation, data.validation_labels),
        train_accuracy=fit.accuracy(train, data.train_labels),
        gradient_norm=fit.gradient_norm,
        finite_share=jnp.mean(jnp.all(jnp.isfinite(features), axis=0)).astype(features.dtype),
        response=response._replace(features=features),
    )
