"""What every task on sequences is: sizes, the kind of its targets, and a source of batches.

A task is a pytree. Its static fields fix shapes and meaning; fields that may be swept are array
leaves, so that one compiled program serves members that differ in them.
"""

from abc import abstractmethod
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.typing import Array, Float, Int

Kind = Literal["classes", "values"]
"""What a task asks for at every step: one of several classes, or real values."""


class Batch(NamedTuple):
    """Sequences, the target at every step, and the weight of each step.

    ``inputs`` are ``(time, feature, batch)``; ``targets`` are class indices ``(time, batch)`` or
    values ``(time, output, batch)``; ``weights`` are ``(time, batch)``, and steps of weight zero
    are not scored.
    """

    inputs: Float[Array, "time feature batch"]
    targets: Int[Array, "time batch"] | Float[Array, "time output batch"]
    weights: Float[Array, "time batch"]


class AbstractTask(eqx.Module):
    """A source of batches, with the sizes that a network for it needs.

    ``kind`` is that of the targets: ``classes``, scored by accuracy, or ``values``, scored by the
    squared error over the variance of the targets.
    """

    kind: eqx.AbstractVar[Kind]

    @property
    @abstractmethod
    def input_size(self) -> int:
        """Components of one input sample."""

    @property
    @abstractmethod
    def num_outputs(self) -> int:
        """Classes, or components of a target."""

    @abstractmethod
    def sample(self, num_examples: int, *, key: jax.Array) -> Batch:
        """Draw ``num_examples`` sequences; equal keys give equal sequences."""


def one_hot(
    classes: Int[Array, "time batch"], num_classes: int
) -> Float[Array, "time class_ batch"]:
    """Return one where a class is present, zero elsewhere."""
    return jax.nn.one_hot(classes, num_classes, axis=1, dtype=jnp.zeros(()).dtype)


def scored(num_steps: int, num_unscored: int, num_examples: int) -> Float[Array, "time batch"]:
    """Weigh the first ``num_unscored`` steps by zero and all others by one."""
    counted = (jnp.arange(num_steps) >= num_unscored).astype(jnp.zeros(()).dtype)
    return jnp.broadcast_to(counted[:, None], (num_steps, num_examples))


def check_steps(num_steps: int, num_unscored: int) -> None:
    """Raise a ValueError that names the number of steps out of its range."""
    if num_steps < 2:
        raise ValueError(f"num_steps is {num_steps}; it must be at least 2")
    if not 0 <= num_unscored < num_steps:
        raise ValueError(f"num_unscored is {num_unscored}; it must lie in 0 to {num_steps - 1}")
