"""Gates of an LSTM: their time course over a sequence, and the layer with a clamped gate.

Source: lecture, "RNN additional notes" (the LSTM's further components); equations in
``rhythmic.cells.LSTMCell``.
"""

from typing import Literal, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells import LSTMCell
from rhythmic.cells.interface import along_nodes, weigh
from rhythmic.cells.lstm import open_gates
from rhythmic.cells.options import check_known, is_traced
from rhythmic.indices import check_indices
from rhythmic.simulate import trajectory
from rhythmic.typing import AnyArray, Array, Float, InputArray, Int, NodeArray, Sequence

Gate = Literal["input", "forget", "output"]
BLOCKS: dict[Gate, int] = {"input": 0, "forget": 1, "output": 3}
"""Place of each gate among the four blocks of rows ``i, f, g, o``."""


class GateTrace(NamedTuple):
    """Gates and state of an LSTM after every step, each ``(time, hidden, *batch)``.

    Gates lie in (0, 1), the candidate in (-1, 1); ``memory`` is ``c_t``, ``hidden`` is ``h_t``.
    """

    input_gate: Float[Array, "time hidden *batch"]
    forget_gate: Float[Array, "time hidden *batch"]
    candidate: Float[Array, "time hidden *batch"]
    output_gate: Float[Array, "time hidden *batch"]
    memory: Float[Array, "time hidden *batch"]
    hidden: Float[Array, "time hidden *batch"]


@checked
def gate_trace(cell: LSTMCell, inputs: Sequence) -> GateTrace:
    """Run an LSTM from rest and keep the gates that its steps used beside the states they made.

    The states come from ``trajectory``; the gates of step ``t`` are opened once more from ``I_t``
    and ``h_{t-1}``.

    Args:
        cell: the layer.
        inputs: ``(time, feature, *batch)``.

    Raises:
        ValueError: for shapes that do not fit the cell.
    """
    states = trajectory(cell, inputs, observe=lambda state: state).observed
    rest = cell.initial_state(inputs.shape[2:]).hidden
    before = jnp.concatenate([rest[None], states.hidden[:-1]])

    def gates(sample: InputArray, hidden: NodeArray) -> Float[Array, "4 hidden *batch"]:
        activity = weigh(cell.weight_ih, sample) + weigh(cell.weight_hh, hidden)
        return open_gates(activity + along_nodes(cell.bias_ih + cell.bias_hh, activity))

    input_gate, forget_gate, candidate, output_gate = jax.vmap(gates, out_axes=1)(inputs, before)
    opened = (input_gate, forget_gate, candidate, output_gate)
    return GateTrace(*opened, states.memory, states.hidden)


@checked
def with_gate_held(
    cell: LSTMCell, gate: Gate, opening: Float[AnyArray, " hidden"] | float
) -> LSTMCell:
    """Return the layer with one gate at a constant opening, whatever comes in.

    The gate's weights become zero and its bias ``log(opening / (1 - opening))``, so the layer's
    step stays what it is. Openings 0 and 1 are taken at the nearest that the dtype's bias of 30
    allows, ``1 / (1 + exp(30))`` from the end. Outside [0, 1] a traced opening is NaN.

    Args:
        cell: the layer.
        gate: ``input``, ``forget`` or ``output``.
        opening: one number, or one for each memory cell.

    Raises:
        ValueError: for an unknown gate, or a known opening outside [0, 1].
    """
    if gate not in get_args(Gate):
        raise ValueError(f"gate is {gate!r}; choose from {', '.join(get_args(Gate))}")
    size = cell.hidden_size
    if jnp.shape(opening) not in ((), (size,)):
        raise ValueError(f"opening has shape {jnp.shape(opening)}; expected a number or ({size},)")
    if not is_traced(opening):
        values = np.ravel(np.asarray(opening, np.float64))
        outside = values[~((values >= 0) & (values <= 1))]
        if outside.size:
            raise ValueError(f"opening holds {outside[0]:g}; each must lie in 0 to 1")
    rows = slice(BLOCKS[gate] * size, (BLOCKS[gate] + 1) * size)
    bias = jnp.clip(jax.scipy.special.logit(jnp.asarray(opening, cell.bias_ih.dtype)), -30, 30)
    held = (
        cell.weight_ih.at[rows].set(0.0),
        cell.weight_hh.at[rows].set(0.0),
        cell.bias_ih.at[rows].set(bias),
        cell.bias_hh.at[rows].set(0.0),
    )
    return eqx.tree_at(lambda c: (c.weight_ih, c.weight_hh, c.bias_ih, c.bias_hh), cell, held)


@checked
def class_separation(
    activity: Float[Array, "time hidden batch"], classes: Int[Array, " batch"]
) -> Float[Array, "time hidden"]:
    """Return the separation of two classes: ``d' = |m_1 - m_0| / sqrt((s_0^2 + s_1^2) / 2)``.

    ``m`` and ``s^2`` are mean and biased variance over the examples of a class. NaN where a class
    has no example or where all examples are alike, infinite where classes alone differ.

    Args:
        activity: what each node shows.
        classes: 0 or 1, for each example; others are left out.

    Source: the index of sensitivity of Green and Swets, Signal Detection Theory and
    Psychophysics (1966), with the pooled variance.
    """

    def moments(label: int) -> tuple[Array, Array]:
        counted = classes == label
        count = jnp.sum(counted)
        mean = jnp.sum(jnp.where(counted, activity, 0), axis=-1) / count
        away = jnp.where(counted, activity - mean[..., None], 0)
        return mean, jnp.sum(away**2, axis=-1) / count

    (mean_0, variance_0), (mean_1, variance_1) = moments(0), moments(1)
    distance, variance = jnp.abs(mean_1 - mean_0), (variance_0 + variance_1) / 2
    # A quotient by 0 has no gradient, and would leave none to the other nodes.
    still = variance == 0
    apart = jnp.where(distance > 0, jnp.inf, jnp.nan)
    return jnp.where(still, apart, distance / jnp.sqrt(jnp.where(still, 1.0, variance)))


@checked
def holding_node(separation: Float[Array, "time hidden"], first: int, last: int) -> Int[Array, ""]:
    """Return the node that discriminates two classes throughout: ``argmax_n min_t d'_tn``.

    A node that stores the class discriminates at every step; one that receives it later from other
    nodes does not.

    Args:
        separation: ``d'`` of every node, see ``class_separation``; NaN counts as zero.
        first: step from which the class is known, counted from 0.
        last: last step that counts.

    Raises:
        ValueError: for steps that are traced or not there, or a last one before the first.
    """
    num_steps = separation.shape[0]
    for name, step in (("first", first), ("last", last)):
        check_known(name, step, "outside the program")
        check_indices(name, step, num_steps, "steps")
    if last < first:
        raise ValueError(f"last is {last}; it must be at least first, {first}")
    return jnp.argmax(jnp.min(jnp.nan_to_num(separation[first : last + 1]), axis=0))
