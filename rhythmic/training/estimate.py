"""What a group needs before it runs, in memory and seconds, and groups that fit."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax

from rhythmic.arguments import checked
from rhythmic.memory import available_memory
from rhythmic.runs.fitting import fitting, smaller_after
from rhythmic.training.configuration import Members
from rhythmic.training.group import GroupPlan, GroupTraining
from rhythmic.training.member import MemberTraining
from rhythmic.training.state import Data

REMEDY = "give a smaller batch size"

Result = TypeVar("Result")


class Estimate(NamedTuple):
    """What one device needs for an epoch of a group, in bytes, and what compiling it took.

    ``arguments`` are state, members and the pool of examples; ``outputs`` are those that do not
    take the place of an argument; ``temporaries`` is what the program needs in between. The sizes
    are the compiler's own, before anything has run; 0 where it reports none. ``compile_seconds`` is
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
class Groups:
    """Groups of runs of one training, by one program, and smaller ones where memory runs out.

    Args:
        training: of one run.
        plan: the shape that is wanted.
        data: the pool of examples; None where each run has a task.
        tell: called with one line for every shape that does not fit.
        name: of what is trained, for these lines; by default that of the network.
        remedy: what a user can do where one run per device is too many.
        on_plan: called with every smaller shape.

    ``plan`` is the shape at hand, ``needed`` the estimate of the program that was compiled.
    """

    def __init__(
        self,
        training: MemberTraining,
        plan: GroupPlan,
        data: Data | None,
        *,
        tell: Callable[[str], None] = lambda line: None,
        name: str | None = None,
        remedy: str = REMEDY,
        on_plan: Callable[[GroupPlan], None] = lambda plan: None,
    ):
        """Compile nothing yet."""
        self.training, self.plan, self.data, self.tell = training, plan, data, tell
        self.name, self.remedy, self.on_plan = name or training.spec.name, remedy, on_plan
        self.made: GroupTraining | None = None
        self.needed: Estimate | None = None

    def compiled(self, members: Members) -> GroupTraining:
        """Return the program, at its first use compiled for the first half of the plan that fits.

        One run per device is compiled whatever the estimate says: it may still run.

        Args:
            members: of a first group; those beyond a smaller group are left out.
        """
        if self.made is None:
            plan = fitting(
                self.plan,
                lambda plan: self._needed(plan, members),
                self._available,
                lambda line: self.tell(f"{self.name}: {line}"),
            )
            self._take(plan)
        assert self.made is not None
        return self.made

    def _available(self, plan: GroupPlan) -> int:
        """Return the bytes that are free once the group before is gone, with its examples."""
        self.made = None
        return available_memory(plan.num_devices)

    def _needed(self, plan: GroupPlan, members: Members) -> int:
        """Compile for a plan; return the bytes on each device."""
        self.made = GroupTraining(self.training, plan, self.data)
        self.needed = estimate_group(self.made, first_members(members, plan.size))
        return self.needed.memory

    def _take(self, plan: GroupPlan) -> None:
        """Continue with groups of another shape."""
        if plan != self.plan:
            self.plan = plan
            self.on_plan(plan)

    def attempt(self, work: Callable[[], Result]) -> Result:
        """Return what ``work`` gives, which is done again in smaller groups if memory runs out.

        Raises:
            MemoryError: in one line, if one run per device is too many.
        """
        while True:
            try:
                return work()
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                smaller = smaller_after(
                    error, self.plan, self.tell, name=self.name, remedy=self.remedy
                )
            # Out of the handler: the error held on to the arrays that filled the memory.
            self.made = None  # frees its examples
            self._take(smaller)


@checked
def seconds_per_update(group: GroupTraining, members: Members, *, num_updates: int = 40) -> float:
    """Time updates of a group on its real shapes; compilation is not counted.

    The epoch's own program runs twice and the faster time counts. An epoch of more than
    ``num_updates`` updates is cut short, with a program of its own: it sees the first training
    examples, and as large a fraction of the validation examples.

    Args:
        group: the group that is to train.
        members: at most ``group.plan.size`` members.
        num_updates: updates to time; more where a one-cycle schedule needs more.

    Returns:
        Seconds per update of the whole group, its fraction of the validation included.
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
