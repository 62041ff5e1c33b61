"""From a pool of examples, or a task, to batches of sequences, all of one shape.

A task draws its examples from keys whenever they are needed. They come in the form of a pool, with
a target missing at every step that does not count: whatever trains on recordings trains on tasks.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from jaxtyping import UInt

from rhythmic.arguments import checked
from rhythmic.data import Split
from rhythmic.fast.events import Events
from rhythmic.indices import are_indices, check_labels
from rhythmic.simulate import mask_from_lengths
from rhythmic.training.configuration import (
    FILLER,
    Members,
    check_members,
    member_keys,
)
from rhythmic.training.problem import Problem
from rhythmic.training.state import Batch, Data
from rhythmic.typing import AnyArray, Array, Float, Int, PyTree


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


def gathered(
    data: Data,
    examples: Int[AnyArray, " batch"],
    example_weights: Float[Array, " batch"],
    problem: Problem,
) -> Batch:
    """Return the batch of some examples; a target below 0, or NaN, has weight 0.

    Args:
        data: the pool.
        examples: which of them.
        example_weights: 0 where an example fills the batch alone.
        problem: what is trained for.
    """
    inputs, targets = sequences(data, examples)
    lengths = None if data.lengths is None else jnp.asarray(data.lengths)[examples]
    known = targets >= 0 if problem.is_class else ~jnp.isnan(targets)
    if problem.per_step and lengths is not None:
        inside = mask_from_lengths(lengths, inputs.shape[0])
        known &= inside if problem.is_class else inside[:, None]
    weights = jnp.where(known, example_weights, 0)
    return Batch(inputs, targets, weights, lengths)


def sequences(
    data: Data, examples: Int[AnyArray, " batch"]
) -> tuple[Float[Array, "time channel batch"], Array]:
    """Gather inputs as sequences, bytes scaled to [0, 1], and their targets, the batch last."""
    inputs = jnp.asarray(data.inputs)[examples]
    if inputs.ndim == 2:
        inputs = inputs[:, :, None]
    values = jnp.moveaxis(inputs, 0, -1).astype(jnp.zeros(()).dtype)
    targets = jnp.moveaxis(jnp.asarray(data.targets)[examples], 0, -1)
    whole = jnp.issubdtype(targets.dtype, jnp.integer)
    scale = 255 if inputs.dtype == jnp.uint8 else 1
    return values / scale, targets.astype(jnp.int32 if whole else values.dtype)


class EventBatch(NamedTuple):
    """A batch of sequences as their events; see ``rhythmic.fast.events``."""

    values: Float[Array, "event batch"]
    gaps: Int[Array, "event batch"]
    num_events: Int[Array, ""]


def event_batch(events: Events, examples: Int[AnyArray, " batch"]) -> EventBatch:
    """Gather the events of bytes, scaled to [0, 1], and count those of the longest sequence."""
    values = jnp.asarray(events.values)[examples].T.astype(jnp.zeros(()).dtype) / 255
    gaps = jnp.asarray(events.gaps)[examples].T.astype(jnp.int32)
    return EventBatch(values, gaps, jnp.max(jnp.asarray(events.counts)[examples]))


def fillers_last(examples: Int[Array, " example"]) -> Int[Array, " example"]:
    """Return examples in their order, the places that none fills behind them."""
    return examples[jnp.argsort(examples == FILLER, stable=True)]


def epoch_batches(
    examples: Int[AnyArray, " example"],
    num_batches: int,
    batch_size: int,
    *,
    key: jax.Array,
    ragged: bool = False,
) -> tuple[Int[Array, "num_batches batch"], Float[Array, "num_batches batch"]]:
    """Shuffle ``examples`` and cut them into batches; see ``in_batches``.

    Some places are filled by none where members have different numbers of examples (``ragged``).
    """
    drawn = shuffled(jax.random.key_data(key), examples)
    return in_batches(fillers_last(drawn) if ragged else drawn, num_batches, batch_size)


def like_length_batches(
    examples: Int[AnyArray, " example"],
    lengths: Int[Array, " example"],
    num_batches: int,
    batch_size: int,
    *,
    key: jax.Array,
) -> tuple[Int[Array, "num_batches batch"], Float[Array, "num_batches batch"]]:
    """Cut ``examples`` into batches of like ``lengths``, and shuffle the batches.

    Lengths are moved at random by up to a tenth of their range before they are sorted, so that
    batches differ from epoch to epoch.
    """
    order_key, shift_key, batch_key = jax.random.split(key, 3)
    drawn = shuffled(jax.random.key_data(order_key), examples)
    length = jnp.asarray(lengths)[jnp.maximum(drawn, 0)].astype(jnp.zeros(()).dtype)
    span = jnp.max(length) - jnp.min(length)
    moved = length + 0.1 * span * jax.random.uniform(shift_key, length.shape)
    moved = jnp.where(drawn == FILLER, jnp.inf, moved)
    batches, weights = in_batches(drawn[jnp.argsort(moved)], num_batches, batch_size)
    order = jax.random.permutation(batch_key, num_batches)
    return batches[order], weights[order]


@custom_vmap
def shuffled(
    key_data: UInt[Array, " word"], examples: Int[AnyArray, " example"]
) -> Int[Array, " example"]:
    """Permute ``examples`` by a key.

    Under ``jax.vmap`` a CPU does so once for neighbours of one key and examples: the members of a
    search share few seeds, and sorting 55,000 numbers takes there as long as 10 updates of a
    recurrent network, or 1,000 of one without trained recurrence.
    """
    return _permuted(key_data, examples)


def _permuted(key_data: Array, examples: AnyArray) -> Array:
    return jax.random.permutation(jax.random.wrap_key_data(key_data), examples)


@shuffled.def_vmap
def _shuffle_members(
    num_members: int, mapped: list[bool], *arguments: Array
) -> tuple[Int[Array, "member example"], bool]:
    """Shuffle for every member, by the way of the platform that the program is lowered for."""
    rows = tuple(
        x if is_mapped else jnp.broadcast_to(x, (num_members, *x.shape))
        for x, is_mapped in zip(arguments, mapped, strict=True)
    )
    every = jax.vmap(_permuted)
    return jax.lax.platform_dependent(*rows, cpu=_shuffled_in_turn, default=every), True


def _shuffled_in_turn(
    keys: UInt[Array, "member word"], examples: Int[Array, "member example"]
) -> Int[Array, "member example"]:
    """Go through the members; shuffle where key or examples differ from the member before."""

    def body(carry: PyTree, row: tuple[Array, ...]) -> tuple[PyTree, Array]:
        previous, order = carry
        same = jnp.all(row[0] == previous[0]) & jnp.all(row[1] == previous[1])
        order = jax.lax.cond(same, lambda *_: order, _permuted, *row)
        return (row, order), order

    nobody = (~keys[0], examples[0])  # differs from the first member
    return jax.lax.scan(body, (nobody, examples[0]), (keys, examples))[1]


def in_batches(
    examples: Int[AnyArray, " example"], num_batches: int, batch_size: int
) -> tuple[Int[Array, "num_batches batch"], Float[Array, "num_batches batch"]]:
    """Cut ``examples`` into batches of one shape; weights are 1, and 0 for padding at the end.

    Places that no example fills come last.
    """
    num_examples, examples = examples.shape[0], jnp.asarray(examples)
    position = jnp.arange(num_batches * batch_size)
    padded = examples[jnp.minimum(position, num_examples - 1)]
    weights = ((position < num_examples) & (padded != FILLER)).astype(jnp.zeros(()).dtype)
    padded = jnp.where(padded == FILLER, 0, padded)
    return padded.reshape(num_batches, batch_size), weights.reshape(num_batches, batch_size)


def check_source(member: Members, data: Data | None, problem: Problem) -> None:
    """Raise a ValueError for a pool or a task that does not fit.

    Args:
        member: with its examples, or its task.
        data: the pool, None where there is a task.
        problem: what is trained for. A known label or index that lies out of range is refused.
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
