"""The gradient through time against the lag: what a run has, and what eigenvalues promise.

Backpropagation over n steps multiplies a gradient by J_T J_{T-1} ... J_{T-n+1}. If all J were one
normal matrix A, its size would be spectral_radius(A)^n at every lag. It is not so, twice over: the
Jacobians differ from step to step, and they are not normal. The companion matrix
A = [[w1, w2], [1, 0]] of a rhythmic node holds its position and the one before. For roots
r exp(+-i theta) its eigenvectors lean together as theta goes to 0, with condition number
cot(theta / 2) for r = 1, so

    r^n <= ||A^n|| <= condition * r^n

and ||A^n|| first grows although r < 1: the gradient of a slow rhythm is amplified, for r near 1
almost cot(theta / 2) times a quarter of a cycle later, before it fades. The condition number bounds
how much; the singular values of the products tell what really happens.

Source: lecture, "RNN additional notes"; Pascanu, Mikolov and Bengio, ICML 2013, section 2.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Int, Real

from rhythmic._scan import scan
from rhythmic._sums import added, compensated, total_of
from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell
from rhythmic.sensitivity import single_example, step_jacobians
from rhythmic.simulate import trajectory
from rhythmic.stability._steps import PRECISION
from rhythmic.stability.participation import mode_participation
from rhythmic.stability.singular_values import log_singular_values, unit_vectors
from rhythmic.theory._arrays import RealLike
from rhythmic.theory.backpropagation import spectral_radius
from rhythmic.typing import Array, Float, PyTree


class GradientLags(NamedTuple):
    """Sizes of gradients against the lag, as natural logarithms (a size may exceed the dtype).

    Attributes:
        lag: n in steps: 0, every, 2 every, ...
        time: n dt in s.
        log_gradient: ln of the norm of the gradient with respect to s_{T-n} of a quantity whose
            gradient with respect to s_T has norm 1.
        log_singular_values: of d s_T / d s_{T-n}, falling. The first column bounds every
            gradient from above, the last one from below.
        log_power_norm: ln ||A^n|| of the reference step A.
        log_radius_power: n ln spectral_radius(A), what the eigenvalues of A promise.
        log_power_bound: that plus ln of the condition of the eigenvectors of A, which
            ``log_power_norm`` cannot exceed; infinite for a defective A.
    """

    lag: Int[Array, " lag"]
    time: Float[Array, " lag"]
    log_gradient: Float[Array, " lag"]
    log_singular_values: Float[Array, "lag state"]
    log_power_norm: Float[Array, " lag"]
    log_radius_power: Float[Array, " lag"]
    log_power_bound: Float[Array, " lag"]


@checked(finite=True)
def gradient_against_lag(
    cell: AbstractCell,
    inputs: Float[Array, "time feature"],
    *,
    dt: float,
    initial_state: PyTree | None = None,
    cotangent: PyTree | None = None,
    reference: Real[RealLike, "state state"] | None = None,
    every: int = 1,
) -> GradientLags:
    """Compare the gradients of a run with what eigenvalues and norms predict.

    A resonant layer's recurrent weights act only where its input is not 0; over blank samples the
    gradient is that of its fixed nodes.

    Args:
        cell: the layer.
        inputs: I_1 ... I_T.
        dt: time step in s.
        initial_state: s_0; by default the cell's state of rest.
        cotangent: gradient with respect to s_T of the quantity followed back, in the layout of the
            state; by default that of the sum of the cell's outputs. Only its direction counts.
        reference: A, a step Jacobian; by default the mean of the run's.
        every: lags kept; singular values cost a few dozen times states^3 at each.

    Returns:
        Curves against the lag, ready to plot. NaN where the run is not finite.

    Raises:
        ValueError: for inputs, cotangent or reference of a wrong shape, or ``every`` out of range.

    Source: lecture, "RNN additional notes"; Pascanu, Mikolov and Bengio, ICML 2013, section 2;
    Trefethen and Embree, Spectra and Pseudospectra (2005), chapter 16.
    """
    inputs = single_example(inputs)
    size = ravel_pytree(cell.initial_state())[0].size
    for name, given, expected in (
        ("cotangent", None if cotangent is None else ravel_pytree(cotangent)[0], (size,)),
        ("reference", reference, (size, size)),
    ):
        if given is not None and jnp.shape(given) != expected:
            raise ValueError(f"{name} has shape {jnp.shape(given)}; the state needs {expected}")
    jacobians = step_jacobians(cell, inputs, initial_state=initial_state)
    if cotangent is None:
        last = trajectory(cell, inputs, initial_state=initial_state).final_state
        cotangent = jax.grad(lambda state: jnp.sum(cell.output(state)))(last)
    step = jnp.mean(jacobians, axis=0) if reference is None else jnp.asarray(reference)
    backwards = jnp.swapaxes(jacobians[::-1], 1, 2)
    both = jnp.stack([backwards, jnp.broadcast_to(step, jacobians.shape)])
    singular, powers = jax.vmap(lambda factors: log_singular_values(factors, every=every))(both)
    lag = np.arange(len(singular) + 1) * every
    radius_power = jnp.where(lag == 0, 0.0, lag * jnp.log(spectral_radius(step)))
    bound = jnp.log(mode_participation(step, dt).condition)
    return GradientLags(
        lag=jnp.asarray(lag),
        time=jnp.asarray(lag * dt, jacobians.dtype),
        log_gradient=_log_norms(backwards, ravel_pytree(cotangent)[0])[::every],
        log_singular_values=_from_lag_zero(singular),
        log_power_norm=_from_lag_zero(powers[:, 0]),
        log_radius_power=radius_power,
        log_power_bound=jnp.where(lag == 0, 0.0, radius_power + bound),
    )


def _from_lag_zero(values: Array) -> Array:
    """Put ln 1 in front, for the empty product."""
    return jnp.concatenate([jnp.zeros_like(values[:1]), values])


def _log_norms(matrices: Array, vector: Array) -> Array:
    """Give ln |M_n ... M_1 v| for n = 0 ..., with v scaled to length 1."""

    def multiply(carry: tuple, matrix: Array) -> tuple[tuple, Array]:
        vector, total = carry
        vector, growth = unit_vectors(jnp.matmul(matrix, vector, precision=PRECISION), axis=0)
        total = added(total, growth)
        return (vector, total), total_of(total)

    first = unit_vectors(vector, axis=0)[0], compensated(jnp.zeros((), vector.dtype))
    return _from_lag_zero(scan(multiply, first, matrices)[1])
