"""Members trained in parallel: mapped within a device, sharded over devices, epoch by epoch."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.fast import FreeMotion, platform_of
from rhythmic.files import make_folder
from rhythmic.indices import check_labels
from rhythmic.memory import is_out_of_memory
from rhythmic.progress import show
from rhythmic.runs.environment import environment_here
from rhythmic.runs.states import StateFile
from rhythmic.spread import RowFunction, SpreadPrograms, first_devices, wide_vectors
from rhythmic.sweep.specification import hash_arrays
from rhythmic.training.configuration import Members, check_members
from rhythmic.training.features import Tables
from rhythmic.training.member import MemberTraining
from rhythmic.training.problem import Problem
from rhythmic.training.rhythms import member_motions
from rhythmic.training.state import Data, TestRecord, TrainingState
from rhythmic.trees import path_name
from rhythmic.typing import PyTree

# Members, and the free motion of each where its rhythms are its own.
OwnRows = tuple[Members, FreeMotion | None]


@checked
@dataclass(frozen=True)
class GroupPlan:
    """How many members train at once: one shape for every group, so that one program serves all.

    Args:
        num_devices: devices that the members are sharded over. A CPU counts as one device, or as n
            after ``jax.config.update("jax_num_cpu_devices", n)`` at the start of the program.
        members_per_device: members mapped over within each device.
    """

    num_devices: int
    members_per_device: int

    def __post_init__(self) -> None:
        for name in ("num_devices", "members_per_device"):
            object.__setattr__(self, name, checked_integer(name, getattr(self, name), 1))

    @property
    def size(self) -> int:
        """Members in a group, padding included."""
        return self.num_devices * self.members_per_device

    def __str__(self) -> str:
        return f"{self.num_devices} x {self.members_per_device} members"

    def halved(self) -> "GroupPlan":
        """Return half as many members per device, rounded up; one stays one."""
        return replace(self, members_per_device=(self.members_per_device + 1) // 2)


@checked(finite=True)
def plan_groups(
    counts: Sequence[int], num_devices: int, largest: int, overhead: float = 0.3
) -> GroupPlan:
    """Choose the shape that trains several batches of members in the least time.

    A group takes as long as ``members_per_device + overhead`` members: its padding costs as much
    as members do, and every group costs something of its own.

    Args:
        counts: members of each batch; batches follow one another and share no group.
        num_devices: devices at hand.
        largest: members that a device maps over at most. Among equals, the largest shape wins.
        overhead: what a group costs by itself, in members. A CPU takes a quarter to a half
            longer for one member alone than for one of several; a GPU takes about as long for
            one as for a hundred.

    Returns:
        The shape, one for all groups.
    """

    def cost(members_per_device: int) -> tuple[float, int]:
        size = num_devices * members_per_device
        groups = sum(-(-count // size) for count in counts)
        return round(groups * (members_per_device + overhead), 6), -members_per_device

    return GroupPlan(num_devices, min(range(1, largest + 1), key=cost))


class EpochReport(NamedTuple):
    """What a caller may show after every epoch: ``state`` of the members after it, its number.

    ``seconds`` is what the epoch took, ``compile_seconds`` what compiling took of that, s.
    """

    state: TrainingState
    epoch: int
    seconds: float
    compile_seconds: float


@checked
class GroupTraining:
    """One compiled program for groups of one network, recipe and shape.

    Compilation happens at the first group and serves every later one. A group that is not full is
    padded with copies of its last member, which are discarded; a member's result does not depend on
    its neighbours. Where members have rhythms of their own, one way through time serves all of a
    group: if one of them is not underdamped, none uses the event-based method.
    """

    def __init__(
        self,
        training: MemberTraining,
        plan: GroupPlan,
        data: Data | None = None,
        *,
        room_for_events: int = 1,
    ):
        """Resolve the way through time, and place the data on the devices of ``plan``.

        Args:
            training: of one member.
            plan: how many members train at once.
            data: the pool of examples, shared by all; None where each member has a task.
            room_for_events: of the longest sequence at least, where the way is that of events, so
                that pools whose sequences differ can replace one another.

        Raises:
            ValueError: for data that do not fit, or a network that no device can hold.
        """
        if data is not None:
            check_data(data, training.problem)
        training.check_size(plan.num_devices)
        self.asked = training
        self.plan = plan
        self.room_for_events = room_for_events
        devices = first_devices(plan.num_devices)
        self.platform = platform_of(devices[0])
        self.training = training.resolved(data, platform=self.platform)
        self.programs = SpreadPrograms(devices, row_functions(self.training))
        self.shared = self.programs.place(self._pool(data), self.programs.shared)

    @property
    def data(self) -> Data | None:
        """The pool of examples, on the devices."""
        return self.shared[0]

    def replace_data(self, data: Data) -> None:
        """Place another pool of the same shapes; programs that are compiled serve it too.

        Raises:
            ValueError: for data that do not fit, or whose arrays and tables differ in shape.
        """
        check_data(data, self.training.problem)
        found = self._pool(data)
        shapes = [jax.tree.map(np.shape, x) for x in (found, self.shared)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"data has arrays of shapes {shapes[0]}; this group reads {shapes[1]}")
        self.shared = self.programs.place(found, self.programs.shared)

    def takes(self, data: Data) -> bool:
        """Return whether ``replace_data`` takes a pool: the shapes and the way of the one at hand.

        Of members without rhythms of their own.
        """
        try:
            if self.asked.resolved(data, platform=self.platform) != self.training:
                return False
        except ValueError:  # the way that is asked for does not go with these data
            return False
        return jax.tree.map(np.shape, self._pool(data)) == jax.tree.map(np.shape, self.shared)

    def _pool(self, data: Data | None) -> tuple[Data | None, Tables]:
        """Return a pool with what the way through time reads beside it."""
        return data, self.training.tables(data, room_for_events=self.room_for_events)

    def take_way_of(self, members: Members) -> None:
        """Resolve the way anew where members have rhythms of their own; most change nothing."""
        if members.rhythms is None:
            return
        training = self.asked.resolved(self.data, platform=self.platform, rhythms=members.rhythms)
        if training != self.training:
            self.training = training
            self.programs.functions = row_functions(training)
            self.programs.compiled.clear()
            self.shared = self.programs.place(self._pool(self.data), self.programs.shared)

    @property
    def compile_seconds(self) -> float:
        """What compiling took so far."""
        return self.programs.compile_seconds

    def run(
        self,
        members: Members,
        *,
        on_epoch: Callable[[EpochReport], None] | None = None,
        checkpoint: Path | None = None,
        run_folder: Path | None = None,
    ) -> TrainingState:
        """Train one group to its last epoch; return the state of its members, padding removed.

        Args:
            members: at most ``plan.size`` members, whose indices lie in the pool.
            on_epoch: called after every epoch.
            checkpoint: file that holds the state after the last finished epoch. If it exists, the
                run is resumed from it; it is replaced after every epoch and left for the caller to
                remove. One that is damaged, of other members or computed otherwise is set aside.
            run_folder: where that is moved to, under ``damaged``; by default beside the file.

        Raises:
            ValueError: for too many members, or an index outside the pool.
        """
        count = len(members.seed)
        self.take_way_of(members)
        rows = self.place_members(members)
        members = rows[0]
        own = (members.rhythms, members.input_scaling, members.output_scaling, members.task)
        identity = hash_arrays((members.seed, *members.hyperparameters, *jax.tree.leaves(own)))
        state = self.call("initial_state", rows, None)
        kept = None
        if checkpoint is not None:
            label = made_by(self.training) | {"members": identity}
            folder = run_folder or checkpoint.parent
            if run_folder is None:
                make_folder(folder)
            kept = StateFile(checkpoint, folder, label, show)
            if (found := kept.read(state)) is not None:
                state = self.programs.place(found[0], self.programs.by_row)
        for epoch in range(int(state.epoch[0]), self.training.configuration.epochs):
            already = self.compile_seconds
            started = time.perf_counter()
            state = jax.block_until_ready(self.call("train_epoch", state, rows, self.shared))
            compiling = self.compile_seconds - already
            seconds = time.perf_counter() - started - compiling
            if kept is not None:
                kept.write(state, epoch + 1)
            if on_epoch is not None:
                real = jax.tree.map(lambda x: np.asarray(x)[:count], state)
                on_epoch(EpochReport(real, epoch, seconds, compiling))
            if np.all(self.training.has_stopped(state)):
                break
        return jax.tree.map(lambda x: np.asarray(x)[:count], state)

    def test(self, state: TrainingState, members: Members) -> TestRecord:
        """Evaluate the test examples, once, with the best parameters in ``state`` of ``members``.

        Raises:
            ValueError: for a state of another number of members, or what ``run`` refuses.
        """
        count = len(members.seed)
        self.take_way_of(members)
        check_rows("state", state, count)
        rows = self.place_members(members)
        record = self.call("test", self.place(state), rows, self.shared)
        return jax.tree.map(lambda x: np.asarray(x)[:count], record)

    def place(self, rows: PyTree) -> PyTree:
        """Return rows padded to the shape of the group and sharded over the devices.

        Raises:
            ValueError: for too many rows, arrays that differ in their number, or an index outside
                the pool.
        """
        count = len(jax.tree.leaves(rows)[0])
        if not 1 <= count <= self.plan.size:
            raise ValueError(f"members holds {count}; a group takes between 1 and {self.plan.size}")
        check_rows("members" if isinstance(rows, Members) else "state", rows, count)
        if isinstance(rows, Members) and self.data is not None:
            check_members(rows, len(self.data.targets))

        def pad(x: np.ndarray) -> np.ndarray:
            x = np.asarray(x)
            return np.concatenate([x, np.repeat(x[-1:], self.plan.size - len(x), axis=0)])

        return self.programs.place(jax.tree.map(pad, rows), self.programs.by_row)

    def place_members(self, members: Members) -> OwnRows:
        """Return members as ``place`` does, with what the way through time has of each."""
        if members.rhythms is None or self.data is None or self.training.method != "events":
            return self.place(members), None
        motions = member_motions(members.rhythms, self.data.inputs.shape[1])
        return self.place(members), self.place(motions)

    def call(self, name: str, *arguments: PyTree) -> PyTree:
        """Return what the program ``name`` gives for ``arguments``, compiled at its first use."""
        program = self.program(name, *arguments)
        with jax.disable_jit(False):  # what is compiled runs wherever JAX_DISABLE_JIT is set
            return program(*arguments)

    def program(self, name: str, *arguments: PyTree) -> jax.stages.Compiled:
        """Return the program ``name``, compiled for ``arguments`` at its first use.

        Raises:
            KernelError: where the kernel over time does not compile. Nothing else is taken in its
                place: whoever wants other arithmetic asks for it.
        """
        try:
            return self.programs.program(name, *arguments)
        except (ValueError, NotImplementedError, jax.errors.JaxRuntimeError) as error:
            if self.training.method != "kernel" or is_out_of_memory(error):
                raise
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise KernelError(
                f"method is 'kernel', which does not compile here ({reason}); method='scan' takes "
                "the plain scan"
            ) from error


class KernelError(RuntimeError):
    """A kernel over time that does not compile on a device."""


def made_by(training: MemberTraining) -> dict[str, Any]:
    """Return what a kept state may not differ in: device, versions, the way through time."""
    return environment_here() | {"way_through_time": training.method}


def row_functions(training: MemberTraining) -> dict[str, RowFunction]:
    """Return what one member does, mapped over the members of a device.

    Each takes rows of state, rows of members with what a way through time has of each, then what
    all members share: nothing, or the pool and the tables of the way.
    """

    def start(rows: OwnRows, nothing: None) -> TrainingState:
        return jax.vmap(training.initial_state)(rows[0])

    def over_members(function: Callable[..., PyTree]) -> Callable[..., PyTree]:
        def one(
            state: TrainingState, row: OwnRows, shared: tuple[Data | None, Tables]
        ) -> TrainingState | TestRecord:
            (member, motion), (data, tables) = row, shared
            if motion is not None:
                tables = tables._replace(motion=motion)
            return function(state, member, data, tables)

        return jax.vmap(one, (0, 0, None))

    options = wide_vectors()
    train, test = over_members(training.train_epoch), over_members(training.test)
    return {
        "initial_state": RowFunction(start, 1),
        "train_epoch": RowFunction(train, 2, donated=True, compiler_options=options),
        "test": RowFunction(test, 2, compiler_options=options),
    }


def check_rows(name: str, rows: PyTree, count: int) -> None:
    """Raise a ValueError that names the field of ``rows`` whose arrays have not ``count`` rows."""
    for path, x in jax.tree_util.tree_leaves_with_path(rows):
        if np.shape(x)[:1] != (count,):
            found = f"{len(x)} rows" if np.ndim(x) else "no rows"
            raise ValueError(f"{name}.{path_name(path[:1])} has {found}; expected {count}")


def check_data(data: Data, problem: Problem) -> None:
    """Raise a ValueError that names what is wrong with a pool of examples for a problem."""
    inputs, targets = np.asarray(data.inputs), np.asarray(data.targets)
    if inputs.dtype not in (np.uint8, np.float32, np.float64) or inputs.ndim not in (2, 3):
        found = f"{inputs.dtype}{list(inputs.shape)}"
        expected = "uint8, 0 to 255, or floating (example, time) or (example, time, channel)"
        raise ValueError(f"data.inputs is {found}; expected {expected}")
    if inputs.dtype != np.uint8 and not np.isfinite(inputs).all():
        example, step = np.argwhere(~np.isfinite(inputs))[0][:2]
        raise ValueError(
            f"data.inputs holds {inputs[example, step].flat[0]} in example {example}, step {step}; "
            "it must be finite"
        )
    shape = inputs.shape[: 2 if problem.per_step else 1]
    shape = shape if problem.is_class else (*shape, problem.num_outputs)
    if targets.shape != shape:
        raise ValueError(f"data.targets has shape {targets.shape}; expected {shape}")
    if problem.is_class:
        known = np.where(targets == -1, 0, targets) if targets.dtype.kind == "i" else targets
        check_labels("data.targets", known, problem.num_outputs)
