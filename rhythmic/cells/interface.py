"""What every recurrent cell is: a start state, one step, and what the cell shows."""

import functools
import operator
from abc import abstractmethod
from typing import Generic, Self, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.typing import Array, Bool, InputArray, NodeArray, PyTree, Vector

State = TypeVar("State")

MAX_UNROLLED = 16


class AbstractCell(eqx.Module, Generic[State]):
    """One recurrent layer as a pure step.

    A cell is written once for arrays whose first axis is its own (nodes, or features of the
    input) and whose further axes are anything: none for one example, ``batch`` for many. The
    long axis stands last, so that one row of memory holds one node over the whole batch.

    Subclasses are final: a cell is either abstract or complete.
    """

    input_size: eqx.AbstractVar[int]
    hidden_size: eqx.AbstractVar[int]

    @abstractmethod
    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> State:
        """Return the state of rest, zero everywhere, for examples of shape ``batch_shape``."""

    @abstractmethod
    def step(self, state: State, inputs: InputArray) -> State:
        """Return the state one time step after ``state``, given the sample ``inputs``.

        ``state`` is in the layout of ``initial_state``, ``inputs`` are ``(feature, *batch)``.
        """

    @abstractmethod
    def output(self, state: State) -> NodeArray:
        """Return what the layer shows to the next one, ``(hidden, *batch)``."""

    def squared_amplitude(self, state: State) -> NodeArray:
        """Return the energy of each node in ``state``, ``(hidden, *batch)``: its output squared.

        A cell whose nodes swing gives ``A^2 = x^2 + (v / omega)^2``, which a rhythm does not move.
        """
        return self.output(state) ** 2

    def for_feature(self, feature: str) -> Self:
        """Return the layer for networks that read ``feature`` of its states and nothing else.

        Parameters that the feature does not depend on are left out, so that those that count are
        those that training moves; by default there are none.

        Args:
            feature: a method of the cell: ``output``, ``squared_amplitude``, ``phasor``.
        """
        return self

    def resolved(self) -> Self:
        """Return the cell with what follows from its parameters worked out, for a whole sequence.

        Steps on it equal steps on the cell itself; by default there is nothing to work out.
        """
        return self

    def held(self, state: State, advanced: State, active: Bool[Array, "hidden *batch"]) -> State:
        """Return the ``advanced`` state of nodes that are ``active``, ``state`` of the others.

        Arrays without a row for each node, such as a clock, always advance.
        """

        def chosen(old: Array, new: Array) -> Array:
            return jnp.where(active, new, old) if len(old) == self.hidden_size else new

        return jax.tree.map(chosen, state, advanced)

    def constrained(self) -> Self:
        """Return the cell with its parameters put back where they may be (all, by default)."""
        return self

    def num_constrained(self) -> int:
        """Count the entries of trained arrays that ``constrained`` holds fixed."""
        return 0


@checked
class FixedParameters(eqx.Module):
    """Arrays that belong to a model and are not trained, such as a node's own rhythm.

    What computes with them takes them through ``fixed``: then they have no gradient, whichever
    arrays a loop differentiates and updates.
    """


@checked
def trainable(model: PyTree) -> PyTree:
    """Return what marks the leaves of ``model`` that training changes, for ``eqx.partition``.

    Every floating-point array is trained unless it lies inside a ``FixedParameters``.
    """

    def mark(node: PyTree) -> PyTree:
        if isinstance(node, FixedParameters):
            return jax.tree.map(lambda _: False, node)
        return eqx.is_inexact_array(node)

    return jax.tree.map(mark, model, is_leaf=lambda node: isinstance(node, FixedParameters))


@checked
def constrained(model: PyTree) -> PyTree:
    """Return ``model`` with the parameters of every cell in it where they may be.

    Such as a zero diagonal; to be called after every update.
    """

    def put_back(node: PyTree) -> PyTree:
        return node.constrained() if _is_cell(node) else node

    return jax.tree.map(put_back, model, is_leaf=_is_cell)


@checked
def num_constrained(model: PyTree) -> int:
    """Count the entries of trained arrays that ``constrained`` holds fixed in ``model``."""
    nodes = jax.tree.leaves(model, is_leaf=_is_cell)
    return sum(node.num_constrained() for node in nodes if _is_cell(node))


def _is_cell(node: object) -> bool:
    return isinstance(node, AbstractCell)


def fixed(values: PyTree) -> PyTree:
    """Return ``values``, arrays, without a gradient."""
    return jax.lax.stop_gradient(values)


def along_nodes(values: Vector, like: NodeArray) -> Array:
    """Give one value a node, ``(hidden,)``, the trailing axes of ``like``, to multiply it."""
    return values.reshape(values.shape + (1,) * (jnp.ndim(like) - 1))


def weigh(weights: Array, activity: Array) -> Array:
    """Return ``weights @ activity`` for weights ``(post, pre)`` and activity ``(pre, *batch)``.

    Full precision is asked for, since a GPU may otherwise round float32 products to ten bits,
    which near-critical nodes amplify; a CPU does the same either way. Further axes are flattened:
    of a product over several axes XLA transposes the gradient in memory.
    """
    flat = activity.reshape(len(activity), -1)
    product = jnp.tensordot(weights, flat, axes=1, precision=jax.lax.Precision.HIGHEST)
    return product.reshape(*weights.shape[:-1], *activity.shape[1:])


def gelu(activity: NodeArray) -> NodeArray:
    """Return ``x Phi(x)`` in its tanh form, of which a gradient keeps ``x`` alone.

    Source: Hendrycks and Gimpel, arXiv:1606.08415.
    """
    return jax.checkpoint(jax.nn.gelu)(activity)  # type: ignore[no-any-return]


def weigh_few(weights: Array, activity: Array) -> Array:
    """Return ``weights @ activity`` as ``weigh`` does, written out as a sum for a narrow layer.

    XLA fuses the sum over up to ``MAX_UNROLLED`` presynaptic nodes with what stands around it; a
    matrix product of this size costs more to call than to work out. For hand-written adjoints and
    for inputs of few features; over many nodes the derivative that JAX takes of it is slower than
    that of ``weigh``.
    """
    if weights.shape[1] > MAX_UNROLLED:
        return weigh(weights, activity)
    terms = (along_nodes(w, activity) * a for w, a in zip(weights.T, activity, strict=True))
    return functools.reduce(operator.add, terms)
