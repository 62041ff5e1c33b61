"""Whole sequences in, states or features out: the cells as functions of plain arrays.

Source: lecture, "RNN model", "RNN additional notes" and "Rhythmic RNN in practice"; the equations
are documented with the cells.
"""

import contextlib
from collections.abc import Callable, Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, ElmanCell, LSTMCell, ResonantCell, resonant_nodes
from rhythmic.cells.options import is_traced
from rhythmic.cells.resonant_nodes import DerivedNodes
from rhythmic.fast import FreeMotion, Method, free_motion, time_mean_by
from rhythmic.fast.resonant_events import rings_freely
from rhythmic.simulate import trajectory
from rhythmic.typing import AnyArray, Array, Float


@checked(finite=True)
def resonant_features(
    frequencies: Float[AnyArray, " node"],
    recurrent_weights: Float[AnyArray, "post pre"],
    inputs: Float[AnyArray, "batch time"],
    sample_rate: float = 1000.0,
    pole_radius: float = 0.99999,
    *,
    method: Method = "fastest",
) -> Float[Array, "batch node"]:
    """Return each node's mean squared amplitude over a sequence, the features of the RRN.

    ``x_t = u_t + w1 x_{t-1} + w2 x_{t-2} + W tanh(x_{t-1} u_t)`` from rest, and the mean over time
    of ``A_t^2 = x_t^2 + ((v_t + beta x_t) / omega)^2 + 1e-12`` with ``v_t = (x_t - x_{t-1}) Fs``;
    see ``rhythmic.cells.ResonantCell``. Differentiable in the weights and the inputs.

    NumPy frequencies give node constants in float64 before they are cast to the dtype of
    ``inputs``.

    Args:
        frequencies: node frequencies in Hz; NaN features outside 0 to ``sample_rate / 2``.
        recurrent_weights: ``W``, used as it is, its diagonal included.
        inputs: ``u``, one scalar per step.
        sample_rate: ``Fs``, samples per second, Hz.
        pole_radius: modulus of the nodes' poles.
        method: ``fastest``, by a hand-written adjoint on a CPU, from one nonzero sample to the next
            where most are zero and no gradient but that by the weights is asked for, by a kernel on
            a GPU, for reverse mode once; ``scan``, the plain scan, with derivatives of every mode
            and order; or another way, see ``rhythmic.fast.ways``.

    Raises:
        ValueError: for shapes that do not fit one another, an unknown method, or a known frequency
            or pole radius that the precision of ``inputs`` does not hold.
    """
    inputs, recurrent_weights = jnp.asarray(inputs), jnp.asarray(recurrent_weights)
    num_nodes = jnp.shape(frequencies)[0] if jnp.ndim(frequencies) == 1 else 0
    if not num_nodes:
        raise ValueError(f"frequencies has shape {jnp.shape(frequencies)}; expected (node,)")
    check_shape("recurrent_weights", recurrent_weights, (num_nodes, num_nodes))
    if inputs.ndim != 2:
        raise ValueError(f"inputs has shape {inputs.shape}; expected (batch, time)")
    dtype = floating_dtype(inputs, recurrent_weights)
    known = not is_traced(frequencies, sample_rate, pole_radius)
    with jax.ensure_compile_time_eval() if known else contextlib.nullcontext():
        nodes = resonant_nodes(
            frequencies, sample_rate=sample_rate, pole_radius=pole_radius, dtype=dtype
        )
        # Tables of the nodes' free motion need rhythms that are known.
        tabulated = known and method == "fastest" and rings_freely(nodes)
        motion = free_motion(nodes, inputs.shape[1]) if tabulated else None
    # Not fixed: whoever differentiates this function may ask for the rhythms, too.
    derived = DerivedNodes.of(jax.tree.map(lambda x: x.astype(dtype), nodes))
    return _features(derived, recurrent_weights.astype(dtype), inputs.astype(dtype), motion, method)


@eqx.filter_jit
def _features(
    nodes: DerivedNodes,
    recurrent_weights: Array,
    inputs: Array,
    motion: FreeMotion | None,
    method: Method,
) -> Array:
    """Return the features, by a program that is compiled once for arrays of one shape."""
    start = ResonantCell(np.ones(len(recurrent_weights)), key=jax.random.key(0))
    cell = eqx.tree_at(
        lambda cell: (cell.nodes, cell.recurrent_weights), start, (nodes, recurrent_weights)
    )
    sequences = inputs.T[:, None, :]
    return time_mean_by(method, cell, "squared_amplitude", sequences, motion=motion).T


@checked
def elman_states(
    parameters: Mapping[str, AnyArray], inputs: Float[AnyArray, "batch time feature"]
) -> Float[Array, "batch time hidden"]:
    """Return the hidden states ``H_t = tanh(W_ih I_t + b_ih + W_hh H_{t-1} + b_hh)`` from zero.

    Args:
        parameters: ``weight_ih`` (hidden, feature), ``weight_hh`` (hidden, hidden), ``bias_ih``
            and ``bias_hh`` (hidden,), as in ``torch.nn.RNN``.
        inputs: sequences, ``(batch, time, feature)``.

    Raises:
        ValueError: for a missing parameter or a shape that does not fit.
    """
    return states_from_arrays(ElmanCell, 1, parameters, inputs)


@checked
def lstm_states(
    parameters: Mapping[str, AnyArray], inputs: Float[AnyArray, "batch time feature"]
) -> Float[Array, "batch time hidden"]:
    """Return the hidden states ``h_t`` of an LSTM from zero; see ``rhythmic.cells.LSTMCell``.

    Args:
        parameters: ``weight_ih`` (4 hidden, feature), ``weight_hh`` (4 hidden, hidden),
            ``bias_ih`` and ``bias_hh`` (4 hidden,), the gates in the order i, f, g, o, as in
            ``torch.nn.LSTM``.
        inputs: sequences, ``(batch, time, feature)``.

    Raises:
        ValueError: for a missing parameter or a shape that does not fit.
    """
    return states_from_arrays(LSTMCell, 4, parameters, inputs)


def states_from_arrays(
    make_cell: Callable[..., AbstractCell],
    num_blocks: int,
    parameters: Mapping[str, AnyArray],
    inputs: Float[AnyArray, "batch time feature"],
) -> Float[Array, "batch time hidden"]:
    """Put arrays in torch's layout into a cell, and run it over batch-first sequences.

    Args:
        make_cell: the class of the cell.
        num_blocks: blocks of ``hidden`` rows in its weights, such as gates.
        parameters: weight_ih (rows, feature), weight_hh (rows, hidden), bias_ih and bias_hh (rows,)
            with ``num_blocks * hidden`` rows; torch's names without ``_l0``.
        inputs: sequences, ``(batch, time, feature)``.

    Returns:
        The outputs of every step, ``(batch, time, hidden)``.
    """
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    for name in names:
        if name not in parameters:
            raise ValueError(
                f"parameters lacks {name}; it needs {', '.join(names)}, without torch's suffix _l0"
            )
    dtype = floating_dtype(inputs, *(parameters[name] for name in names))
    arrays = {name: jnp.asarray(parameters[name], dtype) for name in names}
    inputs = jnp.asarray(inputs, dtype)
    if inputs.ndim != 3:
        raise ValueError(f"inputs has shape {inputs.shape}; expected (batch, time, feature)")
    rows, hidden_size = arrays["weight_hh"].shape[0], arrays["weight_hh"].shape[-1]
    expected = {
        "weight_ih": (num_blocks * hidden_size, inputs.shape[2]),
        "weight_hh": (num_blocks * hidden_size, hidden_size),
        "bias_ih": (rows,),
        "bias_hh": (rows,),
    }
    for name, shape in expected.items():
        check_shape(name, arrays[name], shape)
    cell = eqx.filter_eval_shape(make_cell, inputs.shape[2], hidden_size, key=jax.random.key(0))
    cell = eqx.tree_at(
        lambda cell: [getattr(cell, name) for name in names],
        cell,
        [arrays[name] for name in names],
    )
    sequences = jnp.moveaxis(inputs, 0, -1)
    return jnp.moveaxis(trajectory(cell, sequences).observed, -1, 0)


def floating_dtype(*arrays: AnyArray) -> np.dtype:
    """Return the dtype that the arrays, of any shape, promote to, a floating one."""
    dtype = jnp.result_type(*arrays)
    return dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.zeros(()).dtype


def check_shape(name: str, array: Array, expected: tuple[int, ...]) -> None:
    """Raise a ValueError by ``name`` unless an array has the ``expected`` shape."""
    if array.shape != expected:
        raise ValueError(f"{name} has shape {array.shape}; expected {expected}")
