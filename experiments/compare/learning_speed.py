"""How fast do networks of about 300 parameters learn, in updates and in seconds?

The learning rate is constant, so that no point of a curve depends on when training was to end.
Seconds an update are measured apart from training, one network at a time on one device, compilation
and validation not counted: start it on an idle machine. They belong to the machine in the rows.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from experiments.compare.networks import NOT_RHYTHMIC, RobustOptions, architectures
from experiments.compare.options import CONSTANT, presets
from experiments.compare.question import Question
from experiments.members import Condition, MemberStore
from experiments.ranges import at_least
from experiments.script import main
from experiments.stages import Results, Stages
from rhythmic.compare.claims import Claim, Finding, Reading, Rows, by_seed, values_finding
from rhythmic.data.dataset import NUM_TRAIN
from rhythmic.networks import NetworkSpec
from rhythmic.plotting.accuracy import CHANCE, Curve, curve_panels
from rhythmic.plotting.style import appearance
from rhythmic.provenance import device_name
from rhythmic.records import Row
from rhythmic.training import (
    GroupPlan,
    GroupTraining,
    MemberTraining,
    make_members,
    seconds_per_update,
)

COMPARED = ("rrn-golden", "rnn", "lstm", "gru", "horn")
# Label of the rows of seconds an update.
SECONDS = "seconds an update"
RHYTHMIC = "rrn-golden"

AREA = (
    "Mean validation accuracy over {axis}: the area under the curve, which begins at chance, with "
    "straight lines from epoch to epoch, divided by its length. {sides}; {{how}}; equivalent "
    "within 0.01. Equal tuning: the same rates and seeds for every network; each has the rate of "
    "the best validation accuracy at any epoch, which need not be the one that learns fastest."
)
BEST = "The best rival is the one of the largest mean area, which favours the rivals"

CLAIMS = (
    Claim(
        "speed-updates",
        "Over equally many updates the golden network has learned more than the best of RNN, LSTM "
        "and GRU.",
        AREA.format(axis="all updates", sides=BEST),
        rhythm="helps",
    ),
    Claim(
        "speed-seconds",
        "Over equally many seconds the golden network has learned more than the best of RNN, LSTM "
        "and GRU.",
        AREA.format(
            axis="the seconds until the first network has made all its updates",
            sides=f"{BEST}. Seconds an update are those of one member on this machine, for all "
            "seeds the same, and of this code: RNN, LSTM and golden network have reverse passes "
            "written by hand, and the last skips pixels without ink; GRU and HORN have neither",
        ),
        rhythm="helps",
    ),
    Claim(
        "speed-horn",
        "Over equally many updates HORN has learned more than the LSTM.",
        AREA.format(axis="all updates", sides="HORN against the LSTM"),
        rhythm="helps",
    ),
)


@dataclass(frozen=True)
class SpeedOptions(RobustOptions):
    """Options of the question on speed.

    Args:
        rounds: times that every network's updates are measured, one network after another; the
            fastest round counts.
    """

    networks: tuple[str, ...] = COMPARED
    rounds: int = 3

    RECIPE: ClassVar[Mapping[str, Any]] = CONSTANT

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        at_least(self, rounds=1)


PRESETS = presets(
    SpeedOptions,
    "learning_speed",
    smoke={"epochs": 3, "networks": ("rrn-golden", "rnn"), "rounds": 1},
    quick={"epochs": 6, "networks": ("rrn-golden", "rnn", "lstm"), "rounds": 1},
    full={
        "num_train": 11_008,
        "epochs": 12,
        "seeds": tuple(range(101, 111)),
        "learning_rates": (0.001, 0.003, 0.01, 0.03),
    },
    accelerator={
        "seeds": tuple(range(101, 121)),
        "learning_rates": (0.0003, 0.001, 0.003, 0.01, 0.03),
    },
)


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


class LearningCurve(NamedTuple):
    """Validation accuracy of a network as it learns, from chance before the first update."""

    updates: Float[np.ndarray, " point"]
    seconds: Float[np.ndarray, " point"]
    values: Float[np.ndarray, "seed point"]


def learning_curves(options: SpeedOptions, rows: Rows) -> dict[str, LearningCurve]:
    """Return the curves of all networks that have rows."""
    seconds = {row["label"]: row["seconds_per_update"] for row in rows.get(SECONDS, ())}
    curves = {}
    for name in options.networks:
        if not rows.get(name):
            continue
        history = [row["history"]["validation_accuracy"] for row in by_seed(rows[name])]
        values = np.array(history, float)
        values = np.concatenate([np.full((len(values), 1), CHANCE), values], axis=1)
        updates = np.arange(values.shape[1]) * float(updates_per_epoch(options))
        curves[name] = LearningCurve(updates, updates * seconds.get(name, np.nan), values)
    return curves


def mean_until(
    x: Float[np.ndarray, " point"], values: Float[np.ndarray, "seed point"], end: float
) -> list[float]:
    """Return each curve's mean from 0 to ``end``, with straight lines between its points.

    The places ``x`` of the points rise from 0, and ``end`` lies within them.
    """
    places = np.append(x[x < end], end)
    cut = [np.interp(places, x, curve) for curve in values]
    return [float(np.trapezoid(curve, places) / end) for curve in cut]


def readings(options: SpeedOptions) -> dict[str, Reading]:
    """Read areas under the curves, over equal updates and over equal seconds."""

    def by_updates(claim: Claim, rows: Rows) -> Finding:
        curves = learning_curves(options, rows)
        areas = {name: mean_until(c.updates, c.values, c.updates[-1]) for name, c in curves.items()}
        return area_finding(claim, areas, "horn" if claim.name == "speed-horn" else RHYTHMIC)

    def by_seconds(claim: Claim, rows: Rows) -> Finding:
        curves = learning_curves(options, rows)
        end = min(curve.seconds[-1] for curve in curves.values())
        areas = {name: mean_until(c.seconds, c.values, end) for name, c in curves.items()}
        taken = [
            f"{appearance(row['label']).label} {1000 * row['seconds_per_update']:.3g}"
            for row in rows[SECONDS]
        ]
        device = rows[SECONDS][0]["device"]
        said = f"over {end:.3g} s; ms an update: {', '.join(taken)}, on {device}"
        return area_finding(claim, areas, RHYTHMIC, said)

    both = RHYTHMIC, NOT_RHYTHMIC
    return {
        "speed-updates": Reading(both, find=by_updates),
        "speed-seconds": Reading((*both, SECONDS), find=by_seconds),
        "speed-horn": Reading(("horn", "lstm"), find=by_updates),
    }


def area_finding(
    claim: Claim, areas: dict[str, list[float]], own: str, beside: str = ""
) -> Finding:
    """Compare a network's areas with those of the rival of the largest; HORN's is the LSTM."""
    rivals = [name for name in areas if name in NOT_RHYTHMIC]
    best = max(rivals, key=lambda name: float(np.mean(areas[name])))
    sides = own, "lstm" if own == "horn" else best
    better, worse = ((appearance(name).label, areas[name]) for name in sides)
    return values_finding(claim, better, worse, unit="mean accuracy", beside=beside)


def draw(options: SpeedOptions, rows: Rows) -> dict[str, Figure]:
    """Draw validation accuracy against updates and against seconds."""
    curves = learning_curves(options, rows)
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
    "learning_speed",
    "How fast do networks learn, in updates and in seconds?",
    PRESETS,
    CLAIMS,
    draw,
    conditions,
    readings,
    further=measured,
    further_labels=lambda options: (SECONDS,),
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
