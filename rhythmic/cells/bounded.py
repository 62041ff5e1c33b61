"""Node constants that are fixed or learned, the learned ones inside a range at every update.

Source: the sigmoid between two bounds and the exponential above one are textbook definitions; the
ranges are the project's own.
"""

from typing import Literal, TypeAlias, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.cells.interface import FixedParameters, fixed
from rhythmic.cells.options import Number, between, check_known, in_default_precision, is_traced
from rhythmic.theory import NodeWeights
from rhythmic.typing import AnyArray, Array, Float, Vector

Rhythms = Literal["fixed", "learned"]
Module = TypeVar("Module", bound=eqx.Module)

# The rectangle in which nodes of one symplectic Euler step are learned: omega h and 2 gamma h.
# It lies inside omega^2 h^2 < 4 - 4 gamma h, since (pi / 2)^2 = 2.47 < 2.5 at its corner.
MAX_STEP_ANGLE = float(np.pi / 2)
MAX_FRICTION = 0.75


def bounded(raw: Float[Array, "*nodes"], low: float, high: float) -> Float[Array, "*nodes"]:
    """Return ``low + (high - low) sigmoid(raw)``, between ``low`` and ``high`` for any ``raw``.

    Far out it rounds to an end: in float32 to ``high`` from ``raw = 17``. Where ``high`` is
    infinite it is ``low + exp(raw)``.
    """
    if np.isinf(high):
        return low + jnp.exp(raw)
    return low + (high - low) * jax.nn.sigmoid(raw)


def raw_of(
    values: float | Float[AnyArray, "*nodes"], low: float, high: float, *, name: str = "values"
) -> Float[AnyArray, "*nodes"]:
    """Return the ``raw`` of ``bounded``: ``log((value - low) / (high - value))``.

    Where ``high`` is infinite it is ``log(value - low)``. NumPy values are worked out in float64,
    JAX arrays in their own dtype. Traced values are not looked at; outside the range they give NaN.

    Args:
        values: what ``bounded`` shall return.
        low: lower end, excluded.
        high: upper end, excluded.
        name: the field that an error names.

    Raises:
        ValueError: if a value is not between the ends.
    """
    if not is_traced(values):
        between(name, np.asarray(values), low, high)
    namespace = jnp if isinstance(values, jax.Array) else np
    return namespace.log((values - low) / (1 if np.isinf(high) else high - values))


class BoundedValues(eqx.Module):
    """Trained values, one a node, that stay between ``low`` and ``high``.

    What training changes is ``raw``. Weight decay, where it is asked for, pulls ``raw`` to zero
    and so the values to the middle of their range, or to one above ``low`` where it has no end.
    """

    raw: Vector
    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)

    @property
    def values(self) -> Vector:
        """``low + (high - low) sigmoid(raw)``, or ``low + exp(raw)``; see ``bounded``."""
        return bounded(self.raw, self.low, self.high)


class FixedValues(FixedParameters):
    """Values, one per node, that are not trained; ``given``, and ``values`` without a gradient."""

    given: Vector

    @property
    def values(self) -> Vector:
        """The values as they were given."""
        return fixed(self.given)


class DerivedValues(FixedParameters):
    """Values that follow from what is differentiated, whose gradient passes through them.

    Such as bounded ones, or options of a cell that are traced; not trained themselves.
    """

    values: Vector


NodeValues: TypeAlias = BoundedValues | FixedValues | DerivedValues


class KnownNumber(eqx.Module):
    """A number that the program holds as a constant."""

    value: float = eqx.field(static=True)


class TracedNumber(FixedParameters):
    """A number that is not trained, and that one program takes many values of."""

    value: Float[Array, ""]


FixedNumber: TypeAlias = KnownNumber | TracedNumber


def fixed_number(name: str, value: Number, rhythms: Rhythms) -> FixedNumber:
    """Hold a number that sets the range of rhythms, which for learned ones must be known.

    Raises:
        ValueError: for a traced number where rhythms are learned.
    """
    if not is_traced(value):
        return KnownNumber(float(value))
    if rhythms == "learned":
        check_known(f"{name} of learned rhythms", value)
    return TracedNumber(in_default_precision(value))


def node_values(
    name: str, values: Float[AnyArray, " hidden"], low: float, high: float, rhythms: Rhythms
) -> NodeValues:
    """Hold ``values`` fixed, or learn them from there on between ``low`` and ``high``.

    Raises:
        ValueError: for learned values that do not lie between the ends.
    """
    dtype = jnp.zeros(()).dtype
    if rhythms == "fixed":
        kind = DerivedValues if is_traced(values) else FixedValues
        return kind(jnp.asarray(values, dtype))
    return BoundedValues(jnp.asarray(raw_of(values, low, high, name=name), dtype), low, high)


def resolve(module: Module) -> Module:
    """Return ``module`` with the values of its ``BoundedValues`` worked out, once for many steps.

    The result is for steps, not for training: it no longer knows the ranges.
    """

    def work_out(node: object) -> object:
        return DerivedValues(node.values) if isinstance(node, BoundedValues) else node

    return jax.tree.map(work_out, module, is_leaf=lambda node: isinstance(node, BoundedValues))


def symplectic_weights(
    stiffness: Float[AnyArray, " hidden"], friction: Float[AnyArray, " hidden"]
) -> NodeWeights:
    """Return the weights of ``x_t = w1 x_{t-1} + w2 x_{t-2}`` after free symplectic Euler steps.

    ``y <- y - stiffness x - friction y``, then ``x <- x + y`` moves ``(x, y)`` by the matrix
    ``[[1 - stiffness, 1 - friction], [-stiffness, 1 - friction]]``. Its trace is ``w1`` and its
    determinant ``-w2``:

    ``w1 = 2 - stiffness - friction``, ``w2 = friction - 1``.

    Jury's conditions put both poles inside the unit circle for ``0 < friction < 2`` and
    ``0 < stiffness < 4 - 2 friction``. A complex pair has the pole radius
    ``sqrt(1 - friction)``, whatever the stiffness. Known values give float64, which holds the
    rhythm of a slow node as the steps do: near ``w1 = 2`` float32 would not.

    Args:
        stiffness: ``(omega h)^2`` for a step ``h``, no unit.
        friction: ``2 gamma h``, no unit.
    """
    if not is_traced(stiffness, friction):
        stiffness, friction = (np.asarray(x, np.float64) for x in (stiffness, friction))
    return NodeWeights(2 - stiffness - friction, friction - 1)
