"""Training: ``train`` for recordings and tasks, its parts for many runs at once.

    trained = train(NetworkSpec("rrn", 16), recordings, seeds=(1, 2, 3))
    trained.test_scores, trained.networks, trained.history

Beneath it, whole runs are pure functions, mapped and sharded over devices:

    from functools import partial
    from rhythmic import data
    from rhythmic.networks import published
    from rhythmic.training import (
        Data, GroupPlan, GroupTraining, MemberTraining, TrainingConfiguration, make_members
    )

    digits = data.load_mnist5k()
    training = MemberTraining(published()["rrn-log"], TrainingConfiguration(epochs=1))
    plan = GroupPlan(num_devices=1, members_per_device=2)
    group = GroupTraining(training, plan, Data(digits.images, digits.labels))
    members = make_members(
        partial(data.split, digits),
        seeds=(1, 2),
        learning_rate=(0.01, 0.03),
        weight_decay=(0.0, 0.0),
        label_smoothing=(0.0, 0.0),
    )
    state = group.run(members)  # history, best parameters, failed_at_step; one row per member
    record = group.test(state, members)  # once, after every choice

A member is one network: a seed, which sets split, initialisation, batch order and dropout, and its
hyperparameters. ``MemberTraining`` holds the pure functions of one member; ``GroupTraining`` maps
them over members and devices, and compiles once. ``estimate_group`` and ``seconds_per_update``
estimate what a group needs before it runs; ``Groups`` makes groups that fit in memory.

``training_sweep`` expresses a training run as a sweep over seeds and hyperparameters, to be kept on
disk and resumed by ``rhythmic.sweep.run_sweep``.

A task of ``rhythmic.tasks``, whose sequences are drawn from keys, is trained on likewise: give it
to ``train`` in place of recordings, or each member one of its own, in place of a pool:

    from rhythmic.networks import NetworkSpec
    from rhythmic.tasks import DelayedRecall
    from rhythmic.training import Problem, fresh_split

    tasks = tuple(DelayedRecall(1, lag, num_steps=30) for lag in (5, 20))
    recipe = TrainingConfiguration(epochs=1, batch_size=32, momentum="constant")
    spec = NetworkSpec("lstm", 8, pooling="every")
    group = GroupTraining(MemberTraining(spec, recipe, Problem.of(tasks[0])), plan)
    members = make_members(
        lambda seed: fresh_split(100 * 32),  # sequences of an epoch, 100 updates
        seeds=(1, 1),
        learning_rate=(0.03, 0.03),
        weight_decay=(0.0, 0.0),
        label_smoothing=(0.0, 0.0),
        tasks=tasks,
    )
    print(group.test(group.run(members), members).score)  # accuracy, one per member
"""

from rhythmic.memory import available_memory, is_out_of_memory
from rhythmic.training.batches import fresh_split
from rhythmic.training.configuration import (
    Hyperparameters,
    Members,
    TrainingConfiguration,
    make_members,
)
from rhythmic.training.estimate import (
    Estimate,
    Groups,
    estimate_group,
    seconds_per_update,
)
from rhythmic.training.group import EpochReport, GroupPlan, GroupTraining, plan_groups
from rhythmic.training.member import MemberTraining
from rhythmic.training.problem import Problem
from rhythmic.training.state import Best, Data, History, TestRecord, TrainingState
from rhythmic.training.sweep import training_sweep
from rhythmic.training.train import train
from rhythmic.training.trained import Trained, TrainingHistory

__all__ = [
    "Best",
    "Data",
    "EpochReport",
    "Estimate",
    "GroupPlan",
    "GroupTraining",
    "Groups",
    "History",
    "Hyperparameters",
    "MemberTraining",
    "Members",
    "Problem",
    "TestRecord",
    "Trained",
    "TrainingConfiguration",
    "TrainingHistory",
    "TrainingState",
    "available_memory",
    "estimate_group",
    "fresh_split",
    "is_out_of_memory",
    "make_members",
    "plan_groups",
    "seconds_per_update",
    "train",
    "training_sweep",
]
