"""Short real runs of groups, in the shape that the experiment on digits would choose for them."""

import functools
import operator
import time
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from benchmarks.problem import NUM_CLASSES, Problem, labels_of
from experiments.members.plans import group_plan, num_groups
from experiments.mnist.configuration import PRESETS
from rhythmic.data import Split
from rhythmic.fast import Method
from rhythmic.networks import published
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    Members,
    MemberTraining,
    TrainingConfiguration,
    make_members,
)
from rhythmic.training.estimate import first_members
from rhythmic.training.problem import Problem as Sizes

PAPER = PRESETS["paper"]
BATCH_SIZE = 128
UPDATES_AN_EPOCH, VALIDATION_DIGITS, TEST_DIGITS = 430, 5_000, 10_000  # as published
TUNING_RUNS, TABLE_RUNS = 54, 10  # of each architecture, as published


@dataclass(frozen=True)
class Work:
    """A part of a published epoch, for members of one architecture.

    Args:
        architecture: name of the network.
        counts: members of one or two batches of runs, which share no group. The plan is made for
            these.
        num_members: members that are trained, the first of the published search.
        updates: updates an epoch, of 430; validation and test have the same share of their digits.
        epochs: epochs a run.
        pool_size: images at hand.
        time_steps: pixels an image.
        members_per_device: members side by side on a device at most; none: as in the experiment.
        method: how features are computed.
    """

    architecture: str
    counts: tuple[int, ...]
    num_members: int
    updates: int = 43
    epochs: int = 1
    pool_size: int = 7_004
    time_steps: int = 784
    members_per_device: int | None = None
    method: Method = "fastest"

    def share(self, digits: int) -> int:
        """Return as large a part of so many digits as the updates are of an epoch's."""
        return max(1, round(digits * self.updates / UPDATES_AN_EPOCH))

    def split(self, seed: int) -> Split:
        """Divide the pool by seed."""
        train, validation = self.updates * BATCH_SIZE, self.share(VALIDATION_DIGITS)
        ends = np.cumsum([train, validation, self.share(TEST_DIGITS)])
        if ends[-1] > self.pool_size:
            raise ValueError(f"pool_size is {self.pool_size}; it must be at least {ends[-1]}")
        order = np.random.default_rng(seed).permutation(self.pool_size).astype(np.int32)
        return Split(*np.split(order[: ends[-1]], ends[:-1]))

    def members(self) -> Members:
        """Return the first members of the search, those of one seed together as when they train."""
        settings = PAPER.settings(self.architecture)
        pairs = [(setting, seed) for setting in settings for seed in PAPER.tuning_seeds]
        chosen = [pairs[i % len(pairs)] for i in range(self.num_members)]
        chosen.sort(key=operator.itemgetter(1))
        return make_members(
            self.split,
            seeds=tuple(seed for _, seed in chosen),
            learning_rate=tuple(setting.learning_rate for setting, _ in chosen),
            weight_decay=tuple(setting.weight_decay for setting, _ in chosen),
            label_smoothing=tuple(setting.label_smoothing for setting, _ in chosen),
        )

    def plan(self) -> GroupPlan:
        """Return the shape of the groups that the experiment would choose here."""
        architecture = PAPER.known_architectures()[self.architecture]
        return group_plan(architecture, self.both_counts(), self.members_per_device)

    def both_counts(self) -> tuple[int, int]:
        """Return the members of two batches, none in the second if there is one batch."""
        first, second = (*self.counts, 0)[:2]
        return first, second


class Groups:
    """Members of one architecture, group after group by one compiled program."""

    def __init__(self, work: Work):
        """Draw the pool and compute what can be computed before training."""
        images = Problem(work.architecture, work.pool_size, work.time_steps).images()
        configuration = TrainingConfiguration(epochs=work.epochs, batch_size=BATCH_SIZE)
        architecture = published()[work.architecture]
        training = MemberTraining(architecture, configuration, Sizes(NUM_CLASSES), work.method)
        self.members = work.members()
        self.plan, self.counts = work.plan(), work.both_counts()
        started = time.perf_counter()
        data = Data(images, labels_of(len(images)))
        self.group = GroupTraining(training, self.plan, data)
        jax.block_until_ready(self.group.shared)
        self.prepare_seconds = time.perf_counter() - started

    @property
    def compile_seconds(self) -> float:
        """What the programs took to compile so far."""
        return self.group.compile_seconds

    @property
    def shape(self) -> str:
        """The shape of the groups, in words."""
        return str(self.plan)

    @property
    def num_groups(self) -> int:
        """The groups of all runs that the plan was made for."""
        return num_groups(self.counts, self.plan)

    def run(self) -> float:
        """Train all members from the start and return the seconds, compilation left out."""
        seconds: list[float] = []
        members = self.members
        while len(members.seed):
            size = self.plan.size
            state = self.group.run(
                first_members(members, size), on_epoch=lambda report: seconds.append(report.seconds)
            )
            if np.any(state.failed_at_step >= 0):
                raise ValueError("a loss or gradient was not finite")
            members = jax.tree.map(lambda rows, size=size: rows[size:], members)
        return sum(seconds)

    def test(self) -> float:
        """Test the first group with its start values, and return the seconds."""
        members = first_members(self.members, self.plan.size)
        placed = self.group.place_members(members)
        state = self.group.call("initial_state", placed, None)
        arguments = (state, placed, self.group.shared)
        program = self.group.program("test", *arguments)
        started = time.perf_counter()
        jax.block_until_ready(program(*arguments))
        return time.perf_counter() - started


@functools.cache
def groups(work: Work) -> Groups:
    """Make the groups that this process goes on training."""
    return Groups(work)


def take(work: Work, action: str) -> float:
    """Return the seconds of ``run`` or ``test`` of a piece of work, by its name."""
    return getattr(groups(work), action)()


def of(work: Work, name: str) -> Any:
    """Return what the groups of a piece of work know, by its name."""
    return getattr(groups(work), name)


def plan_size(work: Work) -> int:
    """Count the members of a group, without making one."""
    return work.plan().size


def forget() -> None:
    """Free the groups that were made, and their images."""
    groups.cache_clear()
