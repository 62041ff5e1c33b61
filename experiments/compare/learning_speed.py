"""How fast do networks of about 300 parameters learn, in updates and in seconds?

The learning rate is constant, so that no point of a curve depends on when training was to end.
Seconds an update are measured apart from training, one network at a time on one device, compilation
and validation not counted: start it on an idle machine. They belong to the machine in the rows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.findings import Finding, Rows
from experiments.compare.learning_speed_findings import (
    CLAIMS,
    SECONDS,
    learning_curves,
    speed_findings,
)
from experiments.compare.options import RESULTS
from experiments.compare.question import Question
from experiments.compare.robust_networks import RobustOptions, architectures
from experiments.members import Condition, MemberStore
from experiments.script import main
from experiments.stages import Results, Stages
from rhythmic.data.dataset import NUM_TRAIN
from rhythmic.networks import NetworkSpec
from rhythmic.plotting.accuracy import Curve, curve_panels
from rhythmic.plotting.style import appearance
from rhythmic.provenance import device_name
from rhythmic.records import Row
from rhythmic.training import (
    GroupPlan,
    GroupTraining,
    MemberTraining,
    TrainingConfiguration,
    make_members,
    seconds_per_update,
)

COMPARED = ("rrn-golden", "rnn", "lstm", "gru", "horn")


@dataclass(frozen=True)
class SpeedOptions(RobustOptions):
    """Options of the question on speed.

    Args:
        rounds: times that every network's updates are measured, one network after another; the
            fastest round counts.
    """

    networks: tuple[str, ...] = COMPARED
    rounds: int = 3

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        if self.rounds < 1:
            raise ValueError(f"rounds is {self.rounds}; it must be at least 1")

    def training(self) -> TrainingConfiguration:
        """Return the recipe with a constant rate."""
        return TrainingConfiguration(
            epochs=self.epochs,
            batch_size=self.batch_size,
            schedule="constant",
            momentum="constant",
        )


PRESETS = {
    "smoke": SpeedOptions(
        preset="smoke",
        num_train=256,
        epochs=3,
        seeds=(101, 102),
        learning_rates=(0.01,),
        networks=("rrn-golden", "rnn"),
        rounds=1,
    ),
    "quick": SpeedOptions(
        num_train=1024,
        epochs=6,
        seeds=(101, 102),
        learning_rates=(0.01,),
        networks=("rrn-golden", "rnn", "lstm"),
        rounds=1,
    ),
    "full": SpeedOptions(
        preset="full",
        dataset="mnist",
        num_train=11_008,
        epochs=12,
        seeds=tuple(range(101, 111)),
        tuning_seeds=(123, 456),
        learning_rates=(0.001, 0.003, 0.01, 0.03),
        results=RESULTS / "learning_speed.jsonl",
    ),
    "accelerator": SpeedOptions(
        preset="accelerator",
        dataset="mnist",
        epochs=30,
        seeds=tuple(range(101, 121)),
        tuning_seeds=(123, 456),
        learning_rates=(0.0003, 0.001, 0.003, 0.01, 0.03),
        results=RESULTS / "learning_speed.jsonl",
    ),
}


def conditions(options: SpeedOptions) -> list[Condition]:
    """Return the networks, all of one recipe."""
    pool = options.pool()
    return [
        options.condition(pool, name, architecture, kept=("history",))
        for name, architecture in architectures(options.networks).items()
    ]


def measured(options: SpeedOptions, rows: Rows, stages: Stages, store: MemberStore) -> Rows:
    """Return the seconds that an update of each network takes, a row a network."""
    del rows, store
    found = stages.each({"seconds": partial(seconds_of_updates, options)})["seconds"]
    device = str(found["device"])
    own: list[Row] = [
        {"label": name, "seconds_per_update": float(found[name]), "device": device}
        for name in options.networks
    ]
    return {SECONDS: own}


def seconds_of_updates(options: SpeedOptions) -> Results:
    """Measure every network in turn, round by round; return the fastest round of each."""
    timers = {
        name: timer(options, network) for name, network in architectures(options.networks).items()
    }
    fastest = dict.fromkeys(timers, math.inf)
    for _ in range(options.rounds):
        for name, measure in timers.items():
            fastest[name] = min(fastest[name], measure())
    named = {name: np.array(seconds) for name, seconds in fastest.items()}
    return named | {"device": np.array(f"1 of {device_name()}")}


def timer(options: SpeedOptions, architecture: NetworkSpec) -> Callable[[], float]:
    """Compile one network's epoch for one member alone; return what times its updates."""
    pool, training = options.pool(), options.training()
    members = make_members(
        pool.split,
        seeds=options.seeds[:1],
        learning_rate=options.learning_rates[:1],
        weight_decay=(0.0,),
        label_smoothing=(0.0,),
    )
    batch = options.batch_size
    num_updates = min(40, training.num_batches(options.num_train or members.train.shape[1]))
    # The epoch ends with a validation: one batch of it is little beside the updates.
    members = members._replace(
        train=members.train[:, : num_updates * batch], validation=members.validation[:, :batch]
    )
    group = GroupTraining(MemberTraining(architecture, training), GroupPlan(1, 1), pool.data)
    return partial(seconds_per_update, group, members, num_updates=num_updates)


def updates_per_epoch(options: SpeedOptions) -> int:
    """Count the updates between two points of a curve."""
    return options.training().num_batches(options.num_train or NUM_TRAIN[options.dataset])


def findings(options: SpeedOptions, rows: Rows) -> list[Finding]:
    """Compare areas under the curves, over equal updates and over equal seconds."""
    return speed_findings(rows, options.networks, updates_per_epoch(options))


def draw(options: SpeedOptions, rows: Rows) -> dict[str, Figure]:
    """Draw validation accuracy against updates and against seconds."""
    curves = learning_curves(rows, options.networks, updates_per_epoch(options))
    drawn = []
    batches = f"updates (of {options.batch_size} digits)"
    for label, seconds in ((batches, False), ("seconds spent on updates", True)):
        own = {
            appearance(name).label: Curve(
                curve.seconds if seconds else curve.updates, curve.values, i, i
            )
            for i, (name, curve) in enumerate(curves.items())
        }
        drawn.append((label, "validation digits", own))
    return {"learning_speed": curve_panels(drawn)}


EXPERIMENT = Question(
    name="learning_speed",
    section="Is the rhythmic RNN better?",
    asked="How fast do networks learn, in updates and in seconds?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
    further=measured,
    further_labels=lambda options: (SECONDS,),
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
