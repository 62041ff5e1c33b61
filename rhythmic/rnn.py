"""The recurrent network of the lecture ("RNN model"), with its output layer, as plain arrays.

Source: lecture, "RNN model".
"""

from collections.abc import Callable
from typing import NamedTuple, cast

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.activations import ActivationName, activation_function
from rhythmic.arguments import checked
from rhythmic.cells.elman import ElmanCell, Feedback
from rhythmic.cells.interface import along_nodes, weigh
from rhythmic.functional import check_shape, floating_dtype
from rhythmic.simulate import trajectory
from rhythmic.typing import AnyArray, Array, Float

Activation = str | Callable[[Array], Array]


class RNNSimulation(NamedTuple):
    """What the network did, time first; row t belongs to input I_t.

    Attributes:
        activity: h_t, ``(time, hidden, *batch)``.
        output: H_t = phi(h_t), ``(time, hidden, *batch)``.
        readout: o_t = W_ho H_t + b_o, ``(time, readout, *batch)``.
    """

    activity: Float[Array, "time hidden *batch"]
    output: Float[Array, "time hidden *batch"]
    readout: Float[Array, "time readout *batch"]


@checked
def simulate_rnn(
    weight_ih: Float[AnyArray, "hidden feature"],
    weight_hh: Float[AnyArray, "hidden hidden"],
    weight_ho: Float[AnyArray, "readout hidden"],
    bias_h: Float[AnyArray, " hidden"],
    bias_o: Float[AnyArray, " readout"],
    inputs: Float[AnyArray, "time feature *batch"],
    *,
    activation: Activation = "tanh",
    feedback: Feedback = "activity",
    initial_state: Float[AnyArray, "hidden *batch"] | None = None,
) -> RNNSimulation:
    """Simulate the RNN.

        h_t = W_ih I_t + W_hh h_{t-1} + b_h,   H_t = phi(h_t),   o_t = W_ho H_t + b_o

    The lecture feeds back the activity h, so that its recurrence is linear and phi acts on what is
    shown; with ``feedback="output"``, the usual RNN, H_{t-1} takes the place of h_{t-1}.

    Args:
        weight_ih: W_ih, from input to hidden.
        weight_hh: W_hh, from hidden to hidden, post by pre.
        weight_ho: W_ho, from hidden to output layer.
        bias_h: b_h.
        bias_o: b_o.
        inputs: I_1 ... I_T; further axes are examples.
        activation: phi: a name in ``rhythmic.activations`` (tanh, binary ...), or a function.
        feedback: ``activity`` feeds back h, ``output`` feeds back H.
        initial_state: what is fed back in the first step, h_0 or H_0; by default zero.

    Returns:
        h, H and o, in the floating dtype that the arrays promote to.

    Raises:
        ValueError: for an unknown activation or feedback, and for a shape that does not fit.

    Source: lecture, "RNN model"; the output layer after "RRN output layer activity".
    """
    arrays = (weight_ih, weight_hh, weight_ho, bias_h, bias_o, inputs)
    dtype = floating_dtype(*arrays)
    weight_ih, weight_hh, weight_ho, bias_h, bias_o, inputs = (
        jnp.asarray(x, dtype) for x in arrays
    )
    cell = rnn_cell(weight_ih, weight_hh, bias_h, activation=activation, feedback=feedback)
    num_readouts = bias_o.shape[0] if bias_o.ndim == 1 else 0
    if not num_readouts:
        raise ValueError(f"bias_o has shape {bias_o.shape}; expected (readout,)")
    check_shape("weight_ho", weight_ho, (num_readouts, cell.hidden_size))
    first = cell.initial_state(inputs.shape[2:])
    if initial_state is not None:
        check_shape("initial_state", jnp.asarray(initial_state), first.shape)
        first = jnp.asarray(initial_state, dtype)
    states = trajectory(cell, inputs, observe=lambda state: state, initial_state=first).observed
    activity = states
    if feedback == "output":
        # h is what the same step gives when nothing is applied to it.
        unapplied = rnn_cell(weight_ih, weight_hh, bias_h, activation=activation)
        before = jnp.concatenate([first[None], states[:-1]])
        activity = jax.vmap(unapplied.step)(before, inputs)
    output = jax.vmap(cell.output)(states)
    readout = jax.vmap(lambda shown: weigh(weight_ho, shown) + along_nodes(bias_o, shown))(output)
    return RNNSimulation(activity, output, readout)


@checked
def rnn_cell(
    weight_ih: Float[AnyArray, "hidden feature"],
    weight_hh: Float[AnyArray, "hidden hidden"],
    bias_h: Float[AnyArray, " hidden"],
    *,
    activation: Activation = "tanh",
    feedback: Feedback = "activity",
) -> ElmanCell:
    """Put given arrays into the hidden layer of the lecture's RNN.

    Args:
        weight_ih: W_ih, from input to hidden.
        weight_hh: W_hh, from hidden to hidden, post by pre.
        bias_h: b_h.
        activation: phi: a name in ``rhythmic.activations`` (tanh, binary ...), or a function.
        feedback: ``activity`` feeds back h, ``output`` feeds back H.

    Returns:
        The cell, whose one step ``rhythmic.trajectory`` runs over time.

    Raises:
        ValueError: for an unknown activation or feedback, and for a shape that does not fit.

    Source: lecture, "RNN model".
    """
    if isinstance(activation, str):
        activation = activation_function(cast(ActivationName, activation))
    dtype = floating_dtype(weight_ih, weight_hh, bias_h)
    weight_ih, weight_hh, bias_h = (jnp.asarray(x, dtype) for x in (weight_ih, weight_hh, bias_h))
    if weight_ih.ndim != 2:
        raise ValueError(f"weight_ih has shape {weight_ih.shape}; expected (hidden, feature)")
    hidden_size, input_size = weight_ih.shape
    check_shape("weight_hh", weight_hh, (hidden_size, hidden_size))
    check_shape("bias_h", bias_h, (hidden_size,))
    cell = eqx.filter_eval_shape(
        ElmanCell,
        input_size,
        hidden_size,
        key=jax.random.key(0),
        feedback=feedback,
        activation=activation,
    )
    return eqx.tree_at(
        lambda cell: (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh),
        cell,
        (weight_ih, weight_hh, jnp.zeros_like(bias_h), bias_h),
    )
