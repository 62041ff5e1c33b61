"""The mean squared amplitude of resonant nodes, in one step an event instead of one a sample.

With no input a resonant node is a damped oscillator alone: ``g`` steps of it are one rotation, read
from a table, and what it shows meanwhile is a quadratic form of where it starts.

Source: lecture, "Rhythmic RNN" (the free motion) and backpropagation through time (lecture, "RNN
additional notes"); the amplitude is that of M. A. Kramer, arXiv:2506.17083. Going from event to
event is worked out here.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import (
    dynamic_index_in_dim,
    dynamic_slice_in_dim,
    dynamic_update_slice_in_dim,
)

from rhythmic._sums import added, empty_sum, mean_of
from rhythmic.arguments import checked
from rhythmic.cells.interface import weigh
from rhythmic.cells.resonant_nodes import NodeConstants
from rhythmic.typing import Array, Complex, Float, Int, Matrix, NodeArray, PyTree

Weights = tuple[Matrix, Matrix | None]  # recurrent ones, and input weights unless all are one


# The rotation lambda^g and the sum G of every gap, see FreeMotion.
FreeMotions = tuple[Complex[Array, "room hidden batch"], Float[Array, "room batch"]]

# Above this fraction of nonzero samples in the longest sequence, one step per sample is as fast.
SPARSE = 0.6

# Decay over angle of one step. Of slower, more strongly damped nodes the constants of free motion
# cancel in float32: their error grows as the square of this ratio.
MOST_DAMPED = 10.0


_TOGETHER = 8  # rows of events whose free motions are read from the tables together


class FreeMotion(NamedTuple):
    """What nodes do while no input comes, from ``w1``, ``w2`` and the constants of the amplitude.

    With the pole ``lambda = r exp(i theta)``, the state in normal coordinates is ``z = a + i b``,
    ``b_t = Im(lambda) x_{t-1}`` and ``a_t = x_t - Re(lambda) x_{t-1}``. Then ``z_t = lambda z_{t-1}
    + e_t`` for a drive ``e_t`` of the node, and ``A_t^2 = c |z_t|^2 + Re(k z_t^2) + 1e-12``. After
    ``g`` free steps ``z' = lambda^g z``, and over them, the first included, ``sum A^2 = c G |z|^2 +
    Re(d (z^2 - z'^2)) + 1e-12 g`` with ``G = sum_{s<g} r^{2s}`` and ``d = k / (1 - lambda^2)``.
    The amplitude is that of Kramer, arXiv:2506.17083.

    ``cosine`` and ``sine`` are the parts of ``lambda^g`` and ``duration`` is ``G``, for ``g`` from
    0 to the number of steps; ``mean`` is ``c``, ``swing_real`` and ``swing_imag`` are the parts of
    ``d``, and ``past`` is ``1 / Im(lambda)``.
    """

    cosine: Float[Array, "hidden gap"]
    sine: Float[Array, "hidden gap"]
    duration: Float[Array, " gap"]
    mean: Float[Array, "hidden 1"]
    swing_real: Float[Array, "hidden 1"]
    swing_imag: Float[Array, "hidden 1"]
    past: Float[Array, "hidden 1"]


def rings_freely(nodes: NodeConstants) -> bool:
    """Tell whether the free motion of nodes can be tabulated without losing digits in float32.

    Of the ladders of several runs, one row each, whether it can of all.
    """
    w1, w2 = (np.asarray(x, np.float64) for x in (nodes.w1, nodes.w2))
    if not np.all((w2 < 0) & (w1**2 + 4 * w2 < 0)):
        return False
    decay, angle = -np.log(-w2) / 2, np.arccos(w1 / 2 / np.sqrt(-w2))
    return bool(np.all(w2 == w2[..., :1]) and np.all(decay <= MOST_DAMPED * angle))


@checked
def free_motion(nodes: NodeConstants, num_steps: int) -> FreeMotion:
    """Tabulate the free motion of nodes over up to ``num_steps`` steps.

    Worked out in float64 from the constants as the nodes hold them, then cast to their dtype. A
    gap beyond ``num_steps`` is taken for the longest one in the table.

    Raises:
        ValueError: for nodes that do not ring, or differ in pole radius.
    """
    w1, w2, a, b = (np.asarray(x, np.float64) for x in jax.tree.leaves(nodes))
    if not np.all(w1**2 + 4 * w2 < 0):
        raise ValueError("nodes has real poles; free motion is tabulated for nodes that ring")
    if np.any(w2 != w2[0]):
        raise ValueError("nodes differ in w2; free motion is tabulated for one pole radius")
    pole = w1 / 2 + 1j * np.sqrt(-w2 - w1**2 / 4)
    rotations = pole[:, None] ** np.arange(num_steps + 1)
    duration = np.cumsum(np.append(0.0, (-w2[0]) ** np.arange(num_steps)))
    # x = a' + cot b' and A^2 = x^2 + (a (x - x_previous) + b x)^2, as a form in (a', b').
    cotangent = pole.real / pole.imag
    along, across = a + b, (a + b) * cotangent - a / pole.imag
    by_a, by_b = 1 + along**2, cotangent**2 + across**2
    crossed = cotangent + along * across
    swing = ((by_a - by_b) / 2 - 1j * crossed) / (1 - pole**2)
    constants = ((by_a + by_b) / 2, swing.real, swing.imag, 1 / pole.imag)
    columns = (constant[:, None] for constant in constants)
    tables = (rotations.real, rotations.imag, duration, *columns)
    return FreeMotion(*(jnp.asarray(table, nodes.w1.dtype) for table in tables))


@checked
def mean_squared_amplitude_of_events(
    weights: Matrix,
    motion: FreeMotion,
    values: Float[Array, "event batch"],
    gaps: Int[Array, "event batch"],
    num_events: Int[Array, ""],
    input_weights: Float[Array, "hidden 1"] | None = None,
) -> NodeArray:
    """Return each node's mean of ``A_t^2`` over sequences that are given as their events.

    Equals ``mean_squared_amplitude`` of the sequences. At event ``j`` a node is driven by
    ``e_j = d_j + W tanh(x_{t-1} d_j)``, ``d_j = B u_j``, which changes ``z'_j`` to
    ``z_j = z'_j + e_j``, and moves freely until the next. Backwards in time, with
    ``D(z) = 2 conj(d z)`` the slope of ``Re(d z^2)``, ``p = lambda^g`` and ``L`` the gradient by
    ``z`` as a complex number:

    ``L(z_j) = conj(p) (L(z'_{j+1}) - D(z'_{j+1})) + 2 c G z_j + D(z_j)``
    ``L(z'_j) = L(z_j) + i d_j s_j / Im(lambda)``, ``s_j = (1 - tanh^2) W^T Re L(z_j)``

    with ``c`` and ``d`` times the gradient by the mean, over the number of steps. The gradient by
    ``W`` is ``sum_j Re L(z_j) tanh(x d_j)^T`` and the one by ``B`` is
    ``sum_j (Re L(z_j) + x s_j) u_j``; by anything else there is none, and asking for it is an
    error.
    Reverse mode once. Under ``jax.vmap`` every member takes as many steps as the longest sequence
    of all; map members with ``jax.lax.map`` instead, since what one keeps fills a core's cache.

    Where a node rings for longer than a cycle, this is more accurate in float32 than a step a
    sample, since the state keeps position and velocity apart: on batches of MNIST the published
    network's gradient is off by 0.1 %, that of ``mean_squared_amplitude`` by 4 to 7 %. For slow,
    strongly damped nodes it is less accurate; the error grows as ``(ln r / theta)^2``.

    With ``sequences`` of shape ``(example, time)``, ``events = find_events(sequences)``::

        motion = free_motion(cell.nodes, sequences.shape[1])
        values, gaps = jnp.asarray(events.values.T, dtype), jnp.asarray(events.gaps.T, int)
        most = jnp.asarray(events.counts.max())
        mean_squared_amplitude_of_events(cell.effective_weights(), motion, values, gaps, most)

    Args:
        weights: recurrent weights as the step uses them (``ResonantCell.effective_weights``).
        motion: ``free_motion`` of the nodes, as long as the sequences.
        values: inputs at the events, ``(event, batch)``; zero where padding stands.
        gaps: steps to the next event or to the end; zero where padding stands.
        num_events: events of the longest sequence of the batch; later rows are not looked at.
        input_weights: ``B``; all ones, as published, where it is None.

    Returns:
        ``(hidden, batch)``; the mean is over the steps that ``motion`` was tabulated for.

    Raises:
        ValueError: for arrays that do not fit each other, and for a gradient by anything but the
            two kinds of weights.
    """
    hidden_size = len(motion.past)
    if weights.shape != (hidden_size, hidden_size):
        raise ValueError(f"weights has shape {weights.shape}; motion is of {hidden_size} nodes")
    if input_weights is not None and input_weights.shape != (hidden_size, 1):
        raise ValueError(
            f"input_weights has shape {input_weights.shape}; expected ({hidden_size}, 1)"
        )
    return mean_from_rest((weights, input_weights), motion, values, gaps, num_events)


@jax.custom_vjp
def mean_from_rest(
    weights: Weights, motion: FreeMotion, values: Array, gaps: Array, num_events: Array
) -> NodeArray:
    """Return the mean; ``forward`` and ``backward`` are its derivative."""
    motions = free_motions(motion, gaps, num_events)
    return forward(weights, motion, values, motions, num_events)[0]


def forward(
    both_weights: Weights,
    motion: FreeMotion,
    values: Array,
    motions: FreeMotions,
    num_events: Array,
) -> tuple[NodeArray, PyTree]:
    """Go from event to event, and keep ``z`` after each of them."""
    weights, input_weights = both_weights
    hidden_size, num_steps = len(motion.past), len(motion.duration) - 1
    rest = jnp.zeros((hidden_size, values.shape[1]), weights.dtype)
    history = jnp.zeros((values.shape[0], *rest.shape), weights.dtype)

    def body(event: Array, carry: PyTree) -> PyTree:
        before_a, b, total, (kept_a, kept_b) = carry
        cosine, sine, duration = _motion_at(motions, event)
        d = driven_by(input_weights, _row(values, event))
        drive = d + weigh(weights, jnp.tanh(motion.past * b * d))
        a = before_a + drive
        # Re(d (z_j^2 - z'_j^2)): over all events this sums to the gaps' terms, but for the end.
        total = added(total, motion.mean * duration * (a**2 + b**2))
        swing = motion.swing_real * drive * (a + before_a) - 2 * motion.swing_imag * drive * b
        total = added(total, swing)
        kept = (_put(kept_a, a[None], event), _put(kept_b, b[None], event))
        return cosine * a - sine * b, sine * a + cosine * b, total, kept

    carry = (rest, rest, empty_sum(rest, len(values)), (history, history))
    a, b, total, kept = jax.lax.fori_loop(0, num_events, body, carry)
    total = added(total, -(motion.swing_real * (a**2 - b**2) - 2 * motion.swing_imag * a * b))
    mean = mean_of(total, num_steps, rest.dtype) + 1e-12
    return mean, (both_weights, motion, values, motions, num_events, kept)


def driven_by(input_weights: Matrix | None, values: Array) -> Array:
    """Return ``d_j``, ``(hidden, batch)``; or ``(batch,)``, the same for all nodes."""
    return values if input_weights is None else input_weights * values


def backward(kept: PyTree, cotangent: NodeArray) -> Weights:
    """Go back from event to event; return the gradients by both kinds of weights."""
    (weights, input_weights), motion, values, motions, num_events, (kept_a, kept_b) = kept
    scale = 2 * cotangent / (len(motion.duration) - 1)
    by_mean = scale * motion.mean
    by_real, by_imag = scale * motion.swing_real, scale * motion.swing_imag

    def body(index: Array, carry: PyTree) -> PyTree:
        event = num_events - 1 - index
        by_a, by_b, by_weights, by_inputs = carry
        cosine, sine, duration = _motion_at(motions, event)
        u, a, b = (_row(x, event) for x in (values, kept_a, kept_b))
        later_a, later_b = cosine * a - sine * b, sine * a + cosine * b
        by_a -= by_real * later_a - by_imag * later_b
        by_b += by_real * later_b + by_imag * later_a
        by_drive = cosine * by_a + sine * by_b + by_mean * duration * a + by_real * a - by_imag * b
        by_b = cosine * by_b - sine * by_a + by_mean * duration * b - by_real * b - by_imag * a
        d = driven_by(input_weights, u)
        activity = jnp.tanh(motion.past * b * d)
        # Written out, the product fuses with what follows; as a product it is a call of its own.
        upstream = sum(weights[k, :, None] * by_drive[k] for k in range(len(weights)))
        by_b += motion.past * d * (1 - activity**2) * upstream
        by_weights += jnp.tensordot(
            by_drive, activity, axes=(1, 1), precision=jax.lax.Precision.HIGHEST
        )
        if by_inputs is not None:
            by_d = by_drive + motion.past * b * (1 - activity**2) * upstream
            by_inputs += jnp.sum(u * by_d, axis=1, keepdims=True)
        return by_drive, by_b, by_weights, by_inputs

    zero = jnp.zeros_like(cotangent)
    carry = (zero, zero, *jax.tree.map(jnp.zeros_like, (weights, input_weights)))
    return jax.lax.fori_loop(0, num_events, body, carry)[2:]


def forward_rule(
    weights: PyTree, motion: PyTree, values: PyTree, gaps: PyTree, num_events: PyTree
) -> tuple[NodeArray, PyTree]:
    """Go forward, for a derivative by weights alone.

    Raises:
        ValueError: if a derivative by anything else is asked for.
    """
    others = jax.tree.leaves((motion, values), is_leaf=lambda x: hasattr(x, "perturbed"))
    if any(primal.perturbed for primal in others):
        raise ValueError("only weights have a gradient here; take mean_squared_amplitude instead")
    weights, motion, values, gaps, num_events = jax.tree.map(
        lambda x: x.value,
        (weights, motion, values, gaps, num_events),
        is_leaf=lambda x: hasattr(x, "perturbed"),
    )
    motions = free_motions(motion, gaps, num_events)
    return forward(weights, motion, values, motions, num_events)


def backward_rule(kept: PyTree, cotangent: NodeArray) -> tuple[Weights, None, None, None, None]:
    """Return the gradients by all arguments."""
    return backward(kept, cotangent), None, None, None, None


mean_from_rest.defvjp(forward_rule, backward_rule, symbolic_zeros=True)


def free_motions(
    motion: FreeMotion, gaps: Int[Array, "event batch"], num_events: Array
) -> FreeMotions:
    """Read ``lambda^g`` and ``G`` of each gap from the tables, once for both directions.

    Both parts of a rotation are one complex number, since a gather costs as much for one number as
    for two. Rows are read in blocks, up to the last event: one row at a time costs a call each.
    """
    num_blocks = -(-len(gaps) // _TOGETHER)
    padded = jnp.pad(gaps, ((0, num_blocks * _TOGETHER - len(gaps)), (0, 0)))
    tables = (jax.lax.complex(motion.cosine, motion.sine), motion.duration)

    def read(block: Array, found: tuple[Array, Array]) -> tuple[Array, Array]:
        first = block * _TOGETHER
        gaps = dynamic_slice_in_dim(padded, first, _TOGETHER)
        rotation, duration = (jnp.take(table, gaps, axis=-1, mode="clip") for table in tables)
        rotations, durations = found
        return _put(rotations, jnp.moveaxis(rotation, 1, 0), first), _put(
            durations, duration, first
        )

    num_rows, batch = padded.shape
    room = (
        jnp.zeros((num_rows, len(motion.past), batch), tables[0].dtype),
        jnp.zeros((num_rows, batch), motion.duration.dtype),
    )
    return jax.lax.fori_loop(0, -(-num_events // _TOGETHER), read, room)


def _motion_at(motions: FreeMotions, event: Array) -> tuple[Array, Array, Array]:
    """Return both parts of ``lambda^g``, ``(hidden, batch)``, and ``G`` after one event."""
    rotation, duration = (_row(x, event) for x in motions)
    return rotation.real, rotation.imag, duration


def _row(array: Array, index: Array) -> Array:
    """Return one entry along the first axis."""
    return dynamic_index_in_dim(array, index, 0, keepdims=False)


def _put(array: Array, values: Array, index: Array) -> Array:
    """Replace entries along the first axis, from ``index`` on."""
    return dynamic_update_slice_in_dim(array, values, index, 0)
