"""The gradient of a state with respect to an earlier one, in closed form, against the lag.

For one node the closed form is defined elsewhere, since a gradient through time is an impulse
response:

- first order: dh_{t+n} / dh_t = w^n is ``first_order_closed_form(w, 1.0, n)``;
- second order: the response of h_{t+n} to a perturbation of h_t alone (h_{t-1} held) is the
  ``impulse_response``: (r1^{n+1} - r2^{n+1}) / (r1 - r2) of two real roots, (n + 1) r^n of a
  repeated one, r^n sin((n + 1) theta) / sin(theta) of a complex pair.

For networks it is a product of the Jacobians of the single steps (lecture, "RNN additional notes":
the influence of all preceding hidden states, and backpropagation through time).

Source: lecture, "RNN additional notes".
"""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Real

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.theory._arrays import RealLike, checked_count, common_arrays, ieee_arithmetic
from rhythmic.typing import AnyArray


class TransientGrowth(NamedTuple):
    """The largest gradient over all lags looked at, and the first lag where it is reached.

    ``largest_norm`` is relative to that at lag 0; ``lag`` counts steps.
    """

    largest_norm: Float[AnyArray, ""]
    lag: Float[AnyArray, ""]


@checked
@ieee_arithmetic
def lagged_products(
    jacobians: Real[RealLike, "time state state"],
) -> Float[AnyArray, "lag state state"]:
    """Multiply step Jacobians from the last step backwards: d s_T / d s_{T-n} for n = 0 ... T.

        P_0 = 1, P_n = P_{n-1} J_{T-n+1}: P_n = J_T J_{T-1} ... J_{T-n+1}

    Args:
        jacobians: J_1 ... J_T, J_t = d s_t / d s_{t-1}, post by pre, time first.

    Returns:
        P_0 ... P_T, lag first. NumPy float64 unless ``jacobians`` is a JAX array. Entries beyond
        the dtype's range become infinite or NaN (growth) or 0 (decay).

    Raises:
        ValueError: for an array that is not (time, state, state).

    Source: lecture, "RNN additional notes"; Pascanu, Mikolov and Bengio, ICML 2013, equation 5.
    """
    xp, steps = common_arrays(jacobians=jacobians)
    if steps.ndim != 3 or steps.shape[1] != steps.shape[2]:
        raise ValueError(f"jacobians has shape {steps.shape}; expected (time, state, state)")
    start = xp.eye(steps.shape[1], dtype=steps.dtype)
    if xp is np:
        return np.stack(list(itertools.accumulate(steps[::-1], np.matmul, initial=start)))

    def extend(product: jax.Array, step: jax.Array) -> tuple[jax.Array, jax.Array]:
        product = jnp.matmul(product, step, precision=jax.lax.Precision.HIGHEST)
        return product, product

    _, products = scan(extend, start, steps[::-1])
    return jnp.concatenate([start[None], products])


@checked
@ieee_arithmetic
def largest_singular_value(
    matrices: Real[RealLike, "*batch post pre"],
) -> Float[AnyArray, "*batch"]:
    """Return the factor by which a matrix can stretch a vector: its norm, the sensitivity's size.

    Args:
        matrices: matrices on the last two axes.

    Returns:
        Spectral norms, 0 or more. NaN for a matrix with an entry that is not finite.

    Raises:
        ValueError: for fewer than two axes.
    """
    xp, values = common_arrays(matrices=matrices)
    if values.ndim < 2:
        raise ValueError(f"matrices has shape {values.shape}; expected (*batch, post, pre)")
    finite = xp.all(xp.isfinite(values), axis=(-2, -1))
    safe = xp.where(finite[..., None, None], values, 0.0)
    return xp.where(finite, xp.linalg.norm(safe, ord=2, axis=(-2, -1)), np.nan)


@checked
@ieee_arithmetic
def spectral_radius(matrix: Real[RealLike, "*batch state state"]) -> Float[AnyArray, "*batch"]:
    """Return the largest modulus of an eigenvalue: the rate per lag of a linear network's gradient.

    Over long lags ||W^n||^(1/n) tends to it, whatever happens first (see ``transient_growth``).

    Args:
        matrix: square matrices on the last two axes.

    Returns:
        Radius, 0 or more, no unit. NaN for a matrix with an entry that is not finite.

    Raises:
        ValueError: for a matrix that is not square.

    Source: lecture, "RNN additional notes"; Pascanu, Mikolov and Bengio, ICML 2013, section 2.1.
    """
    xp, values = common_arrays(matrix=matrix)
    _check_square("matrix", values)
    finite = xp.all(xp.isfinite(values), axis=(-2, -1))
    safe = xp.where(finite[..., None, None], values, 0.0)
    radius = xp.max(xp.abs(xp.linalg.eigvals(safe)), axis=-1)
    return xp.where(finite, radius, np.nan)


@checked
def linear_gradient_norm(
    recurrent_weights: Real[RealLike, "state state"], num_lags: int
) -> Float[AnyArray, " lag"]:
    """Give ||W^n|| for n = 0 ... num_lags: the size of dh_{t+n} / dh_t in h_t = W h_{t-1} + ...

    It holds for every linear network at any time, for the lecture's RNN too, whose activation
    function is not fed back. It starts at 1 and ends as ``spectral_radius(W)^n``; in between the
    norm of a non-normal W may first grow although the radius is below 1.

    Args:
        recurrent_weights: W, post by pre; any linear step will do, such as the Jacobian at rest.
        num_lags: largest lag, 0 or more; static.

    Returns:
        Norms (largest singular values), lag first.

    Raises:
        ValueError: if W is not a square matrix or ``num_lags`` is negative.

    Source: lecture, "RNN model" and "RNN additional notes".
    """
    xp, weights = common_arrays(recurrent_weights=recurrent_weights)
    _check_square("recurrent_weights", weights, num_axes=2)
    count = checked_count("num_lags", num_lags)
    steps = xp.broadcast_to(weights, (count, *weights.shape))
    return largest_singular_value(lagged_products(steps))


@checked
def transient_growth(
    recurrent_weights: Real[RealLike, "state state"], num_lags: int
) -> TransientGrowth:
    """Find the largest of ||W^n|| over the lags 0 ... num_lags and where it is.

    Args:
        recurrent_weights: W, post by pre.
        num_lags: largest lag, 0 or more; static.

    Returns:
        The norm, 1 at lag 0 if the gradient never grows, and its lag. NaN norms are passed over.

    Raises:
        ValueError: if W is not a square matrix or ``num_lags`` is negative.

    Source: Trefethen and Embree, Spectra and Pseudospectra (2005), chapter 16.
    """
    xp, norms = common_arrays(norms=linear_gradient_norm(recurrent_weights, num_lags))
    lag = xp.nanargmax(norms)
    return TransientGrowth(norms[lag], lag)


@checked
def tanh_jacobians(
    recurrent_weights: Real[RealLike, "hidden hidden"], outputs: Real[RealLike, "time hidden"]
) -> Float[AnyArray, "time hidden hidden"]:
    """Return the step Jacobians of H_t = tanh(... + W H_{t-1}) along a run: diag(1 - H_t^2) W.

    Saturation can only shrink them, so ||J_t|| <= ||W||: a gradient of the tanh network can vanish
    at any W, and explode only where ||W|| > 1.

    Args:
        recurrent_weights: W, post by pre.
        outputs: H_1 ... H_T of the run, each in [-1, 1].

    Returns:
        J_1 ... J_T with J_t = dH_t / dH_{t-1}; their ``lagged_products`` are dH_T / dH_{T-n}.

    Raises:
        ValueError: for shapes that do not fit one another.

    Source: lecture, "RNN model", with the output fed back; Pascanu, Mikolov and Bengio, ICML
    2013, equation 5.
    """
    arrays = {"recurrent_weights": recurrent_weights, "outputs": outputs}
    shapes = {name: np.shape(value) for name, value in arrays.items()}
    weights_shape, outputs_shape = shapes.values()
    if len(outputs_shape) != 2 or weights_shape != (outputs_shape[1],) * 2:
        expected = "recurrent_weights (hidden, hidden) and outputs (time, hidden)"
        raise ValueError(f"shapes are {weights_shape} and {outputs_shape}; expected {expected}")
    _, weights, states = common_arrays(
        recurrent_weights=recurrent_weights, outputs=_along_rows(outputs)
    )
    return (1 - states * states) * weights


@checked
def lstm_rest_jacobian(
    recurrent_weights: Real[RealLike, "rows hidden"], bias: Real[RealLike, " rows"]
) -> Float[AnyArray, "state state"]:
    """Return the step Jacobian of an LSTM at rest, where no input comes and both states are zero.

    With gates i, f, o at sigmoid of their biases and W_g the candidate's block of the recurrent
    weights, a small state follows

        c_t = f c_{t-1} + i W_g h_{t-1},   h_t = o c_t,

    since each gate's own change multiplies zero. Without W_g the gradient along the memory is
    f^n: the forget gate is what sets how far back it reaches.

    Args:
        recurrent_weights: (4 hidden, hidden), the blocks in the order i, f, g, o.
        bias: sum of the bias vectors, (4 hidden,); the candidate's must be zero.

    Returns:
        The Jacobian of (h, c), (2 hidden, 2 hidden), h before c. All NaN where a candidate's bias
        is not zero, as zero is then no state of rest.

    Raises:
        ValueError: for shapes that do not fit.

    Source: lecture, "RNN additional notes"; Hochreiter and Schmidhuber, Neural Computation 9
    (1997), with forget gates.
    """
    hidden_size = np.shape(recurrent_weights)[-1] if np.ndim(recurrent_weights) == 2 else 0
    shapes = np.shape(recurrent_weights), np.shape(bias)
    if not hidden_size or shapes != ((4 * hidden_size, hidden_size), (4 * hidden_size,)):
        expected = "recurrent_weights (4 hidden, hidden) and bias (4 hidden,)"
        raise ValueError(f"shapes are {shapes[0]} and {shapes[1]}; expected {expected}")
    xp, weights, bias = common_arrays(recurrent_weights=recurrent_weights, bias=_along_rows(bias))
    input_gate, forget_gate, _, output_gate = xp.split(0.5 + 0.5 * xp.tanh(0.5 * bias), 4)
    at_rest = xp.all(xp.split(bias, 4)[2] == 0)
    from_hidden = input_gate * xp.split(weights, 4)[2]
    from_memory = forget_gate * xp.eye(hidden_size, dtype=weights.dtype)
    memory = xp.concatenate([from_hidden, from_memory], axis=1)
    gates = xp.concatenate([output_gate, output_gate], axis=1)
    return xp.where(at_rest, xp.concatenate([gates * memory, memory]), np.nan)


def _along_rows(values: RealLike) -> AnyArray:
    """Append an axis for the columns to values, one per row."""
    return (values if isinstance(values, jax.Array) else np.asarray(values))[..., None]


def _check_square(name: str, matrix: AnyArray, num_axes: int | None = None) -> None:
    """Raise a ValueError that names what is not a square matrix."""
    axes = matrix.ndim if num_axes is None else num_axes
    if matrix.ndim < 2 or matrix.ndim != axes or matrix.shape[-1] != matrix.shape[-2]:
        raise ValueError(f"{name} has shape {matrix.shape}; expected a square matrix")
