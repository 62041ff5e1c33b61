"""The feedforward network as matrices: activity and output of every layer.

Source: lecture, "Remember Feedforward".
"""

import itertools
import math
import operator
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Real

from rhythmic.activations import ActivationName, activation_function
from rhythmic.arguments import checked
from rhythmic.cells.interface import along_nodes, weigh
from rhythmic.static._arrays import as_array
from rhythmic.typing import AnyArray


class FeedforwardLayer(NamedTuple):
    """Weights ``W_l`` from the layer before, one row per receiving neuron, and bias ``b_l``."""

    weights: Float[Array, "post pre"]
    bias: Float[Array, " post"]


class LayerResponse(NamedTuple):
    """What one layer does: activity ``h_l`` before, output ``y_l`` after the activation."""

    activity: Float[Array, "post *batch"]
    output: Float[Array, "post *batch"]


QUADRATURE_NODES = 100

FeedforwardNetwork: TypeAlias = tuple[FeedforwardLayer, ...]
"""The layers of a network, from the first hidden one to the output."""


@checked
def feedforward_network(
    weights: Sequence[Real[AnyArray, "post pre"]],
    biases: Sequence[Real[AnyArray, " post"]] | None = None,
) -> FeedforwardNetwork:
    """Build a network from its matrices, and see that each fits the one before.

    Args:
        weights: ``W_1 ... W_L``, rows receive from columns; ``W_l`` has as many columns as
            ``W_{l-1}`` has rows. The lecture's ``W_ih`` and ``W_ho`` are two layers. Arrays or
            nested lists.
        biases: ``b_1 ... b_L``, one value for each row; zero if not given.

    Returns:
        The layers, a tuple and so a pytree, in the promoted floating dtype of all arrays.

    Raises:
        ValueError: if there is no layer or shapes do not fit; names layer (from 1) and shapes.

    Source: lecture, "Remember Feedforward".
    """
    matrices = [as_array(matrix) for matrix in weights]
    offsets = None if biases is None else [as_array(bias) for bias in biases]
    if not matrices:
        raise ValueError("weights hold no matrix; a network has at least 1 layer")
    if offsets is not None and len(offsets) != len(matrices):
        raise ValueError(f"biases are {len(offsets)} for {len(matrices)} layers; give one a layer")
    dtype = jnp.result_type(*matrices, *(offsets or ()), float)
    network: list[FeedforwardLayer] = []
    for number, matrix in enumerate(matrices, start=1):
        before = network[-1].weights.shape[0] if network else None
        _check_matrix(number, np.shape(matrix), before)
        size = np.shape(matrix)[0]
        bias = (
            jnp.zeros(size, dtype) if offsets is None else jnp.asarray(offsets[number - 1], dtype)
        )
        if bias.shape != (size,):
            raise ValueError(f"layer {number}: bias has shape {bias.shape}; it must be ({size},)")
        network.append(FeedforwardLayer(jnp.asarray(matrix, dtype), bias))
    return tuple(network)


@checked(finite=True)
def random_feedforward(
    layer_sizes: Sequence[int],
    *,
    key: jax.Array,
    weight_scale: float = 1.0,
    bias_scale: float = 0.0,
) -> FeedforwardNetwork:
    """Draw a network: weights ``N(0, weight_scale^2 / pre)``, biases ``N(0, bias_scale^2)``.

    Over such draws the activity of a layer, given the outputs below it, is Gaussian with mean 0
    and variance ``weight_scale^2 mean_j(y_j^2) + bias_scale^2``, whatever the number of neurons.

    Args:
        layer_sizes: neurons of the input layer, the hidden layers and the output layer: at least
            two sizes of 1 or more.
        key: source of weights and biases; each layer has its own part.
        weight_scale: factor on the weights, no unit.
        bias_scale: standard deviation of the biases.

    Returns:
        One layer fewer than there are sizes; ``W_l`` has shape (size l, size l-1).

    Raises:
        ValueError: for fewer than two sizes or a size below one.

    Source: the statistics are those of Poole et al., Advances in Neural Information Processing
    Systems 29 (2016), equation 1.
    """
    sizes = [operator.index(size) for size in layer_sizes]
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"layer_sizes holds {sizes}; it must be two or more sizes of at least 1")
    layers = []
    for layer_key, (pre, post) in zip(
        jax.random.split(key, len(sizes) - 1), itertools.pairwise(sizes), strict=True
    ):
        weight_key, bias_key = jax.random.split(layer_key)
        weights = weight_scale / pre**0.5 * jax.random.normal(weight_key, (post, pre))
        layers.append(FeedforwardLayer(weights, bias_scale * jax.random.normal(bias_key, (post,))))
    return tuple(layers)


@checked
def feedforward_response(
    network: FeedforwardNetwork,
    inputs: Real[AnyArray, "feature *batch"],
    activation: ActivationName | Sequence[ActivationName],
) -> tuple[LayerResponse, ...]:
    """Run the network: ``h_l = W_l y_{l-1} + b_l``, ``y_l = phi(h_l)``, with ``y_0`` the inputs.

    The lecture's hidden layer is ``h`` and ``H = phi(h)``. Its output ``o`` is the activity of
    the last layer, ``[-1].activity``.

    Args:
        network: from ``feedforward_network`` or ``random_feedforward``.
        inputs: one input ``(feature,)``, or a batch of them along any further axes.
        activation: name of ``phi``, one for all layers or one for each; static.

    Returns:
        Activity and output of every layer, neurons first and then the axes of the batch.

    Raises:
        ValueError: if inputs do not fit the first layer, or for unknown or too few activations.

    Source: lecture, "Remember Feedforward" and "RRN hidden layer activity".
    """
    inputs = as_array(inputs)
    if not len(network):
        raise ValueError("network is empty; it must hold at least one layer")
    names = [activation] * len(network) if isinstance(activation, str) else [*activation]
    if len(names) != len(network):
        raise ValueError(f"activation holds {len(names)} names for {len(network)} layers")
    functions = [activation_function(name) for name in names]
    pre = network[0].weights.shape[1]
    if np.shape(inputs)[:1] != (pre,):
        raise ValueError(
            f"layer 1: weights have shape {network[0].weights.shape} and inputs "
            f"{np.shape(inputs)}; the first axis of inputs must be {pre}"
        )
    output = jnp.asarray(inputs, jnp.result_type(inputs, *jax.tree.leaves(network)))
    responses = []
    for (weights, bias), phi in zip(network, functions, strict=True):
        activity = weigh(weights, output)
        activity += along_nodes(bias, activity)
        output = phi(activity)
        responses.append(LayerResponse(activity, output))
    return tuple(responses)


@checked(finite=True)
def activity_variance(
    activation: ActivationName,
    variance_below: float,
    *,
    weight_scale: float = 1.0,
    bias_scale: float = 0.0,
) -> float:
    """Predict the variance of a random layer's activity from that of the layer below.

    ``weight_scale^2 E[phi(h)^2] + bias_scale^2`` with ``h ~ N(0, variance_below)``, by
    Gauss-Hermite quadrature with an even number of nodes, so that none falls on the step of the
    binary function. On average over networks of ``random_feedforward`` this is exact for the
    second layer of any size, and for deeper ones in the limit of many neurons.

    Args:
        activation: ``phi`` between the two layers.
        variance_below: variance of the activity below, ``weight_scale^2 mean_j(input_j^2) +
            bias_scale^2`` for the first layer; 0 or more, NaN otherwise.
        weight_scale: as in ``random_feedforward``.
        bias_scale: as in ``random_feedforward``.

    Returns:
        The variance, in the inputs' unit squared; to about six digits, the precision of ``phi``.

    Raises:
        ValueError: for an unknown activation.

    Source: Poole et al., Advances in Neural Information Processing Systems 29 (2016), equation 3.
    """
    phi = activation_function(activation)
    places, masses = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    deviation = math.sqrt(variance_below) if variance_below >= 0 else math.nan
    squares = np.square(np.asarray(phi(jnp.asarray(deviation * places)), np.float64))
    # Products overflow to infinity; powers of Python's numbers would end in an error.
    of_weights, of_biases = weight_scale * weight_scale, bias_scale * bias_scale
    return float(of_weights * (masses @ squares) / masses.sum() + of_biases)


@checked
def num_parameters(network: FeedforwardNetwork) -> int:
    """Count weights and biases: ``sum_l (n_l n_{l-1} + n_l)``."""
    return sum(leaf.size for leaf in jax.tree.leaves(network))


def _check_matrix(number: int, shape: tuple[int, ...], before: int | None) -> None:
    """Raise a ValueError that names the layer unless its matrix fits the layer before."""
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"layer {number}: weights have shape {shape}; they must be (post, pre)")
    if before is not None and shape[1] != before:
        raise ValueError(
            f"layer {number}: weights have shape {shape}, but layer {number - 1} has {before} "
            f"neurons; the second axis must be {before}"
        )
