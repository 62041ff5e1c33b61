"""Where a member's examples come from: a pool that all share, or a task that each has.

A task draws its examples from keys whenever they are needed. They come in the form of a pool, with
a target missing at every step that does not count: whatever trains on recordings trains on tasks.
"""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.data import Split
from rhythmic.indices import are_indices, check_labels
from rhythmic.training.configuration import (
    FILLER,
    Members,
    TrainingConfiguration,
    check_members,
    member_keys,
)
from rhythmic.training.problem import Problem
from rhythmic.training.state import Data
from rhythmic.typing import AnyArray, Array, Int


@checked(least=0)
def fresh_split(num_train: int, num_validation: int = 512, num_test: int = 512) -> Split:
    """Return how many fresh examples of a task train in an epoch, validate, and test.

    They are numbered like the rows of a pool, but drawn when they are needed: training examples
    anew at every update, the others from keys of their own, all from the member's seed.

    Args:
        num_train: examples of an epoch: its updates, times the batch size.
        num_validation: examples that validate, the same after every epoch.
        num_test: examples that test.
    """
    ends = np.cumsum([num_train, num_validation, num_test])
    return Split(*np.split(np.arange(ends[-1], dtype=np.int32), ends[:-1]))


def drawn(
    member: Members, num_examples: int, *, key: jax.Array
) -> tuple[Int[Array, " example"], Data]:
    """Draw examples from the task of one member; equal keys give equal ones.

    Returns:
        Their numbers, and a pool of them alone. Where a step does not count its target is missing:
        class -1, or NaN.
    """
    assert member.task is not None
    inputs, targets, weights = member.task.sample(num_examples, key=key)
    counted = weights > 0
    if member.task.kind == "values":
        targets = jnp.where(counted[:, None], targets, jnp.nan)
    elif jnp.issubdtype(targets.dtype, jnp.integer):  # any other is refused by the loss
        targets = jnp.where(counted, targets.astype(jnp.int32), -1)
    data = Data(jnp.moveaxis(inputs, -1, 0), jnp.moveaxis(targets, -1, 0))
    return jnp.arange(num_examples), data


def held_out(
    part: Literal["validation", "test"], member: Members, data: Data | None
) -> tuple[Int[AnyArray, " example"], Data]:
    """Return the examples of a part of one member's split, and the pool that they lie in.

    Those of a task are drawn from the key of that name.
    """
    examples = getattr(member, part)
    if data is not None:
        return examples, data
    return drawn(member, examples.shape[0], key=getattr(member_keys(member.seed), part))


def check_source(
    member: Members, data: Data | None, problem: Problem, recipe: TrainingConfiguration
) -> None:
    """Raise a ValueError for a pool or a task that does not fit.

    Args:
        member: with its examples, or its task.
        data: the pool, None where there is a task.
        problem: what is trained for. A known label or index that lies out of range is refused.
        recipe: by which it is trained.
    """
    if (member.task is None) == (data is None):
        given = "None" if data is None else "given"
        raise ValueError(f"data is {given}; members need a pool, or a task each, and not both")
    if data is not None:
        if problem.is_class:
            known = jnp if isinstance(data.targets, jax.core.Tracer) else np
            missing = known.where(known.asarray(data.targets) == -1, 0, data.targets)
            check_labels("data.targets", missing, problem.num_outputs)
        check_members(member, len(data.targets))
        return
    assert member.task is not None
    asked = Problem.of(member.task)
    for name in ("num_outputs", "input_size", "kind"):
        found, expected = getattr(problem, name), getattr(asked, name)
        if found != expected:
            raise ValueError(f"{name} of problem is {found!r}; the task has {expected!r}")
    if recipe.class_weights == "balanced":
        raise ValueError("class_weights is 'balanced'; for a task give one factor per class")


def where_known(
    values: tuple[Array, ...], examples: Int[AnyArray, " example"], data: Data, problem: Problem
) -> tuple[Array, ...]:
    """Return ``values``, scalars, of ``examples``; NaN where one lies out of range."""
    indices, targets = jnp.asarray(examples), jnp.asarray(data.targets)
    indices = jnp.where(indices == FILLER, 0, indices)
    inside = are_indices(indices, len(targets))
    if problem.is_class:
        classes = targets[indices].astype(jnp.int32)
        missing = jnp.where(classes == -1, 0, classes)
        inside &= are_indices(missing, problem.num_outputs)
    return tuple(jnp.where(inside, value, jnp.nan) for value in values)
