"""A readout fitted to what a reservoir answers, and how well it does.

Source: M. A. Kramer, arXiv:2506.17083, first version.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells import ResonantReservoirCell
from rhythmic.reservoirs.logistic_regression import fit_logistic_regression, standardise
from rhythmic.reservoirs.noise import example_keys
from rhythmic.reservoirs.response import Response, reservoir_response
from rhythmic.typing import Array, Bool, Float, Int


class ReservoirData(NamedTuple):
    """Scalar sequences to fit a readout on and to judge it by, one column an example.

    ``train_inputs`` and ``validation_inputs`` are ``(time, example)``; ``train_labels`` and
    ``validation_labels`` are class indices.
    """

    train_inputs: Float[Array, "time train"]
    train_labels: Int[Array, " train"]
    validation_inputs: Float[Array, "time validation"]
    validation_labels: Int[Array, " validation"]


class Readout(NamedTuple):
    """How well a readout of a reservoir's features tells the classes apart.

    Attributes:
        validation_accuracy: share of validation examples that are told rightly.
        train_accuracy: the same of those that the readout was fitted to.
        gradient_norm: of the fit; see ``LogisticRegression``.
        finite_share: share of examples whose features are all finite.
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

    Source: Kramer, arXiv:2506.17083, first version.
    """
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
