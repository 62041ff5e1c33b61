"""Who keeps reading digits when the pixels are noisy?

White Gaussian noise is added to every pixel of the test digits, paper and ink alike, and not
clipped; its standard deviation counts in units of the pixel range. Networks are trained without
noise, and again with noise at every update. Rates are chosen on validation digits without noise
in both cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.networks import RobustOptions, architectures, share_left
from experiments.compare.options import presets
from experiments.compare.question import Question
from experiments.members import Condition
from experiments.ranges import at_least, rising
from experiments.script import main
from rhythmic.compare.claims import Claim, Reading, Rows
from rhythmic.plotting.compare_robustness import noise_figure
from rhythmic.plotting.style import LABELS, appearance
from rhythmic.records import Row

CLAIMED = 0.2  # level of the claims, and of the noise in training
MARGIN = 0.02  # of a share
TEST = (
    "Share of the accuracy above chance that is left at noise 0.2, one a seed; {how}; "
    "equivalent within 0.02. Equal tuning: the same rates and tuning seeds for every network."
)


def label(name: str, noise: float = 0.0) -> str:
    """Name a network, with the noise that it was trained with."""
    title = appearance(name).label
    return f"{title}, trained with noise {noise:g}" if noise else title


GOLDEN, BARE = "rrn-golden", "rrn-golden-unconnected"
# Of what is left without noise in training: name, who loses less than whom, and the networks.
LOSSES = (
    ("lstm", "Trained without noise, the golden network", "the LSTM", GOLDEN, "lstm"),
    ("rnn", "Trained without noise, the golden network", "the RNN", GOLDEN, "rnn"),
    ("unconnected", "The golden network without recurrence", "with it", BARE, GOLDEN),
    ("horn", "HORN", "the LSTM", "horn", "lstm"),
)
CLAIMS = (
    *(
        Claim(
            f"noise-loss-{name}",
            f"{who} loses a smaller share of its accuracy than {whom} to noise of 0.2.",
            TEST,
            MARGIN,
            rhythm="aside" if name == "unconnected" else "helps",
            better=label(better),
            worse=label(worse),
            paired=name == "unconnected",
        )
        for name, who, whom, better, worse in LOSSES
    ),
    Claim(
        "noise-trained-lstm",
        "Trained with noise of 0.2, the golden network reads digits of that noise more accurately "
        "than the LSTM.",
        "Accuracy at 0.2, one a seed; {how}; equivalent within 0.01; equal tuning.",
        rhythm="helps",
        better=label("rrn-golden", CLAIMED),
        worse=label("lstm", CLAIMED),
    ),
)


@dataclass(frozen=True)
class NoiseOptions(RobustOptions):
    """Options of the question of noise.

    Args:
        levels: standard deviations of the noise on test digits, in units of the pixel range; 0 and
            0.2 are among them.
        training_noise: standard deviation of the noise in training, in the same units; 0 leaves
            out the networks that train with noise.
    """

    levels: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
    training_noise: float = CLAIMED

    def recipe(self) -> str:
        """Say how networks were trained, and where every step is taken."""
        return (
            f"{super().recipe()} With noise every step is taken, in training and in all tests of "
            "this question, those at noise 0 among them."
        )

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        at_least(self, levels=0, training_noise=0)
        rising(self, "levels")
        if not {0.0, CLAIMED} <= set(self.levels):
            raise ValueError(f"levels must hold 0 and {CLAIMED}, which the claims compare")


PRESETS = presets(
    NoiseOptions,
    "noise_tolerance",
    smoke={"networks": ("rnn",), "levels": (0.0, CLAIMED)},
    quick={"networks": ("rrn-golden", "lstm"), "levels": (0.0, 0.1, CLAIMED, 0.4)},
)


def conditions(options: NoiseOptions) -> list[Condition]:
    """Return every network, trained without noise and with it."""
    pool = options.pool()
    noises = (0.0, options.training_noise) if options.training_noise else (0.0,)
    return [
        options.condition(
            pool,
            label(name, noise),
            architecture,
            training=options.training(input_noise=noise),
            test_noise=options.levels,
        )
        for noise in noises
        for name, architecture in architectures(options.networks).items()
    ]


def readings(options: NoiseOptions) -> dict[str, Reading]:
    """Read what is left at the level of the claims, and accuracy there after training with it."""
    place = options.levels.index(CLAIMED)

    def left(own: Sequence[Row]) -> list[float]:
        levels = np.array([row["noise_accuracy"] for row in own])
        return list(share_left(levels[:, 0], levels[:, place]))

    def noisy(own: Sequence[Row]) -> list[float]:
        return [row["noise_accuracy"][place] for row in own]

    *losses, trained = (claim.name for claim in CLAIMS)
    shares = Reading(values=left, unit="share", said="left of {}".format)
    return dict.fromkeys(losses, shares) | {trained: Reading(values=noisy)}


def draw(options: NoiseOptions, rows: Rows) -> dict[str, Figure]:
    """Draw accuracy against noise, trained without it and with it."""
    panels = {"trained without noise": 0.0}
    if options.training_noise:
        panels[f"trained with noise {options.training_noise:g}"] = options.training_noise
    curves = {
        title: {
            name: np.array([row["noise_accuracy"] for row in rows[label(name, noise)]], float)
            for name in options.networks
        }
        for title, noise in panels.items()
    }
    return {"noise_tolerance": noise_figure(options.levels, curves, LABELS)}


EXPERIMENT = Question(
    "noise_tolerance", "Who tolerates noise?", PRESETS, CLAIMS, draw, conditions, readings
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
