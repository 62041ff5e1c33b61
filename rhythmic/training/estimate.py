"""What a group needs before it runs: memory, seconds to compile, seconds an update."""

import time
from collections.abc import Callable
from typing import NamedTuple

import jax

from rhythmic.arguments import checked
from rhythmic.memory import available_memory
from rhythmic.runs.fitting import fitting
from rhythmic.training.configuration import Members
from rhythmic.training.group import GroupPlan, GroupTraining
from rhythmic.training.member import MemberTraining
from rhythmic.training.state import Data


class Estimate(NamedTuple):
    """What one device needs for an epoch of a group, in bytes, and what compiling it took.

    ``arguments`` are state, members and the pool of examples; ``outputs`` are those that do not
    take the place of an argument; ``temporaries`` is what the program needs in between. The sizes
    are the compiler's own, before anything has run; 0 where it tells none. ``compile_seconds`` is
    in s.
    """

    arguments: int
    temporaries: int
    outputs: int
    compile_seconds: float

    @property
    def memory(self) -> int:
        """Bytes on each device."""
        return self.arguments + self.temporaries + self.outputs


@checked
def estimate_group(group: GroupTraining, members: Members) -> Estimate:
    """Compile a group's epoch, unless it is compiled already, and read what it needs.

    The compiled program stays with the group, which trains with it later.

    Args:
        group: the group that is to train.
        members: at most ``group.plan.size`` members.

    Returns:
        Bytes on each device, and what compiling took.
    """
    group.take_way_of(members)
    placed = group.place_members(members)
    state = group.call("initial_state", placed, None)
    sizes = group.program("train_epoch", state, placed, group.shared).memory_analysis()
    if sizes is None:
        return Estimate(0, 0, 0, group.compile_seconds)
    return Estimate(
        arguments=sizes.argument_size_in_bytes,
        temporaries=sizes.temp_size_in_bytes,
        outputs=sizes.output_size_in_bytes - sizes.alias_size_in_bytes,
        compile_seconds=group.compile_seconds,
    )


@checked
def fitting_group(
    training: MemberTraining,
    plan: GroupPlan,
    data: Data | None,
    members: Members,
    *,
    tell: Callable[[str], None] | None = None,
) -> tuple[GroupTraining, Estimate]:
    """Compile for groups of ``plan``, or of the first of its halves that fits in memory.

    One member per device is compiled whatever the estimate says: it may still run.

    Args:
        training: what is trained, and how.
        plan: the shape that is wanted.
        data: the pool of examples; None where each member has a task.
        members: the members of a first group; those beyond a smaller group are left out.
        tell: called with one line for every shape that is expected not to fit.

    Returns:
        The group, whose ``plan`` is the shape chosen, and what it needs.
    """
    made: list[tuple[GroupTraining, Estimate]] = []

    def needed(plan: GroupPlan) -> int:
        group = GroupTraining(training, plan, data)
        made.append((group, estimate_group(group, first_members(members, plan.size))))
        return made[0][1].memory

    def available(plan: GroupPlan) -> int:
        made.clear()  # frees the examples of the group before, which the next one places again
        return available_memory(plan.num_devices)

    fitting(plan, needed, available, tell or (lambda line: None))
    return made[0]


@checked
def seconds_per_update(group: GroupTraining, members: Members, *, num_updates: int = 40) -> float:
    """Time updates of a group on its real shapes; compilation is not counted.

    The epoch's own program runs twice and the faster time counts. An epoch of more than
    ``num_updates`` updates is cut short, with a program of its own: it sees the first training
    examples, and as large a share of the validation examples.

    Args:
        group: the group that is to train.
        members: at most ``group.plan.size`` members.
        num_updates: updates to time; more where a one-cycle schedule needs more.

    Returns:
        Seconds an update of the whole group, its share of the validation included.
    """
    configuration = group.training.configuration
    num_batches = configuration.num_batches(members.train.shape[1])
    passes = configuration.epochs * configuration.passes
    fewest = -(-configuration.fewest_steps() // passes)  # for the rate to rise and fall
    count = min(max(num_updates, fewest), num_batches)
    group.take_way_of(members)
    placed = group.place_members(members)
    state = group.call("initial_state", placed, None)
    if count < num_batches:
        num_validation = max(1, members.validation.shape[1] * count // num_batches)
        cut = members._replace(
            train=members.train[:, : count * configuration.batch_size],
            validation=members.validation[:, :num_validation],
        )
        placed = group.place_members(cut)
        with jax.disable_jit(False):
            jitted = group.programs.jitted("train_epoch")
            program = jitted.lower(state, placed, group.shared).compile()
    else:
        program = group.program("train_epoch", state, placed, group.shared)
    times = []
    for _ in range(2):
        started = time.perf_counter()
        with jax.disable_jit(False):
            state = jax.block_until_ready(program(state, placed, group.shared))
        times.append(time.perf_counter() - started)
    return min(times) / (count * configuration.passes)


def first_members(members: Members, count: int) -> Members:
    """Return the first members, all if there are fewer."""
    return jax.tree.map(lambda rows: rows[:count], members)
