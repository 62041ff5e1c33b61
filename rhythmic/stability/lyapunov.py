"""Lyapunov exponents of any step: rates of divergence or convergence of nearby orbits.

Tangent vectors are pushed along the orbit by the step's derivative, which is never written down as
a matrix, and made orthonormal again by QR; the exponents are the mean logarithms of what QR takes
out (Benettin et al. 1980).

Source: Benettin, Galgani, Giorgilli and Strelcyn, Meccanica 15 (1980) 9.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Bool

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.simulate import check_within, first_sample, in_groups
from rhythmic.stability._steps import (
    Step,
    count_steps,
    flatten_step,
    per_second,
    push_tangents,
)
from rhythmic.typing import Array, Float, PyTree


class LyapunovExponents(NamedTuple):
    """The largest exponents of an orbit, in falling order but for noise.

    Attributes:
        per_step: exponents in 1/step: ln of the factor on a deviation.
        per_second: the same over dt, in 1/s.
        standard_error: of ``per_step``, from the spread of the means of ``num_blocks`` blocks;
            it is fair where a block is much longer than the orbit's memory.
        history: running estimate of ``per_step`` after every interval.
        local: exponents of each interval by itself, in 1/step (not ``finite_time_exponents``,
            which follow the best direction of each window).
        final_state: state after the last step.
        diverged: whether that state is not finite.
    """

    per_step: Float[Array, " exponent"]
    per_second: Float[Array, " exponent"]
    standard_error: Float[Array, " exponent"]
    history: Float[Array, "interval exponent"]
    local: Float[Array, "interval exponent"]
    final_state: PyTree
    diverged: Bool[Array, ""]


@checked(finite=True)
def lyapunov_exponents(
    step: Step,
    state: PyTree,
    inputs: PyTree = None,
    *,
    num_exponents: int,
    dt: float,
    key: jax.Array,
    num_steps: int | None = None,
    transient: int = 0,
    orthonormalize_every: int = 1,
    num_blocks: int = 10,
) -> LyapunovExponents:
    """Estimate the largest Lyapunov exponents of an orbit.

        lambda_i = lim 1/t ln |R_ii(t) ... R_ii(1)|,   J_t Q_{t-1} = Q_t R_t

    Compile with ``eqx.filter_jit`` (``step`` may be ``cell.step``); map over starts with ``vmap``.

    Args:
        step: pure ``step(state, inputs) -> state``: ``cell.step``, or a map such as
            ``lambda x, _: 4 * x * (1 - x)``.
        state: state at the start.
        inputs: samples, time first; None for a step without input.
        num_exponents: k, 1 to the number of states; static.
        dt: time step in s, above 0; 1 for a map.
        key: source of the k tangent vectors at the start.
        num_steps: number of steps, transient included, where there are no inputs.
        transient: first steps that are run, tangents too, and not counted.
        orthonormalize_every: steps between two QR decompositions. In between, vectors grow by
            exp(steps * lambda) and lean together; both must stay within the precision.
        num_blocks: blocks for the standard error, 2 or more. A rest of intervals at the front is
            left out of it.

    Returns:
        The exponents; -infinity for a direction that is wiped out, as on a superstable orbit. NaN
        from where the orbit is not finite (``diverged``); a linear step that grows is best
        started at 0, which it does not leave.

    Raises:
        ValueError: for a state or step of a wrong layout, or a number out of its range.

    Source: Benettin, Galgani, Giorgilli and Strelcyn, Meccanica 15 (1980) 9; Geist, Parlitz and
    Lauterborn, Progress of Theoretical Physics 83 (1990) 875.
    """
    total, every = count_steps(inputs, num_steps), orthonormalize_every
    flat_step, values, restore = flatten_step(step, state, first_sample(inputs))
    check_within("num_exponents", num_exponents, 1, values.size)
    num_intervals = _count_intervals(total, transient, every, num_blocks)

    def advance(carry: tuple, sample: PyTree) -> tuple[tuple, None]:
        return push_tangents(flat_step, carry[0], sample, carry[1]), None

    def interval(carry: tuple, samples: PyTree, length: int) -> tuple[tuple, Array]:
        (values, tangents), _ = scan(advance, carry, samples, length=length)
        tangents, triangle = jnp.linalg.qr(tangents)
        growth = jnp.log(jnp.abs(jnp.diagonal(triangle))) / length
        return (values, tangents), jnp.where(jnp.all(jnp.isfinite(values)), growth, jnp.nan)

    def intervals(carry: tuple, begin: int, end: int, length: int) -> tuple[tuple, Array]:
        return scan(
            lambda carry, samples: interval(carry, samples, length),
            carry,
            in_groups(inputs, begin, end, length),
            length=(end - begin) // length,
        )

    tangents = jax.random.normal(key, (values.size, num_exponents), values.dtype)
    carry, odd = (values, jnp.linalg.qr(tangents)[0]), transient % every
    carry, _ = intervals(carry, 0, odd, max(odd, 1))
    carry, _ = intervals(carry, odd, transient, every)
    (values, _), local = intervals(carry, transient, total, every)
    history = jnp.cumsum(local, axis=0) / jnp.arange(1, num_intervals + 1)[:, None]
    return LyapunovExponents(
        per_step=history[-1],
        per_second=per_second(history[-1], dt),
        standard_error=_standard_error(local, num_blocks),
        history=history.astype(local.dtype),
        local=local,
        final_state=restore(values),
        diverged=~jnp.all(jnp.isfinite(values)),
    )


@checked(finite=True)
def kaplan_yorke_dimension(exponents: Float[Array, " exponent"]) -> Float[Array, ""]:
    """Estimate the dimension of an attractor from its exponents.

        D = j + (lambda_1 + ... + lambda_j) / |lambda_{j+1}|

    with j the largest number of exponents whose sum is not negative.

    Args:
        exponents: all of them, or enough for their sum to be negative; any unit, any order.

    Returns:
        D, 0 for a stable fixed point. Where the sum of those given is not negative, their number,
        which is then a lower bound unless they are all. NaN if one is NaN.

    Source: Frederickson, Kaplan, Yorke and Yorke, Journal of Differential Equations 49 (1983) 185.
    """
    values = jnp.asarray(exponents)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"exponents has shape {values.shape}; expected (exponent,)")
    values = -jnp.sort(-values)
    sums = jnp.concatenate([jnp.zeros_like(values[:1]), jnp.cumsum(values)])
    count = jnp.sum(jnp.cumsum(sums < 0) == 0) - 1
    following = jnp.abs(jnp.append(values, -jnp.inf)[count])
    dimension = count + jnp.where(count < len(values), sums[count] / following, 0.0)
    return jnp.where(jnp.any(jnp.isnan(values)), jnp.nan, dimension)


def _count_intervals(total: int, transient: int, every: int, num_blocks: int) -> int:
    """Return the number of counted intervals, or raise a ValueError naming what does not fit."""
    checked_integer("orthonormalize_every", every, 1)
    checked_integer("num_blocks", num_blocks, 2)
    check_within("transient", transient, 0, total - 1)
    count, rest = divmod(total - transient, every)
    if rest:
        raise ValueError(
            f"orthonormalize_every is {every}; it must divide the {total - transient} steps "
            "after the transient"
        )
    if count < num_blocks:
        raise ValueError(f"num_blocks is {num_blocks}; it must be at most the {count} intervals")
    return count


def _standard_error(local: Array, num_blocks: int) -> Array:
    """Return the standard error of the mean from the means of blocks."""
    size = len(local) // num_blocks
    blocks = local[len(local) - size * num_blocks :].reshape(num_blocks, size, -1)
    return jnp.std(jnp.mean(blocks, axis=1), axis=0, ddof=1) / num_blocks**0.5
