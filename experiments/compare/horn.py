"""HORN as it was published, beside an LSTM and an RNN of as many parameters.

Harmonic oscillator recurrent networks of 32 nodes read sequential MNIST by their published
settings: AdamW at 1e-2 with a decay of 0.01, batches of 64, 10 epochs, no schedule and no clipping.
The rivals share data, batches, decay and number of updates. Their gradient is clipped, without
which an LSTM stays at chance at rates of 0.003 and more; their rate is chosen for them, and they
have two heads: the mean output through layer norm, and HORN's own last step. The rate is chosen
after one epoch: that favours rivals then, and may disfavour them at the end.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.networks import share_left
from experiments.compare.options import CONSTANT, NUM_TRAIN, CompareOptions, presets
from experiments.compare.published import Published
from experiments.compare.question import Question
from experiments.members import Condition, Pool
from experiments.ranges import rising, within
from experiments.script import main
from rhythmic.compare.claims import Claim, Finding, Reading, Rows, best_validated, by_seed, compared
from rhythmic.data import Split
from rhythmic.data.dataset import MNIST_TEST_FILE_SIZE, MNIST_TRAIN_FILE_SIZE
from rhythmic.networks import LAST, MEAN, NetworkSpec
from rhythmic.plotting.accuracy import Curve, curve_panels
from rhythmic.records import Row
from rhythmic.training.configuration import check_hyperparameter
from rhythmic.training.search import Setting, setting_grid

NUM_NODES = 32
VALIDATION_SIZE = 1_000
HORNS = ("horn", "horn-heterogeneous")
NAMES = (*HORNS, "lstm", "lstm-last", "rnn", "rnn-last")
TITLES = {
    "horn": "HORN",
    "horn-heterogeneous": "HORN, heterogeneous",
    "lstm": "LSTM, mean",
    "lstm-last": "LSTM, last step",
    "rnn": "RNN, mean",
    "rnn-last": "RNN, last step",
}

RIVAL = (
    "{how}. The rival's rate is chosen on validation digits after an epoch, HORN's "
    "is the published one; the rival's gradient is clipped, HORN's is not, as published. Of the "
    "rival's two heads the one that validates better"
)
AT_THE_END = "at the end; its rate was chosen after one epoch, which may disfavour it."
EARLY = f"Test accuracy; equivalent within 0.01. {RIVAL} early."
LATE = f"Test accuracy; equivalent within 0.01. {RIVAL} {AT_THE_END}"
SHARE = (
    "Share of the accuracy above chance that is left, mean over the noise above 0; equivalent "
    f"within 0.02. {RIVAL} {AT_THE_END}"
)
KINDS = "Test accuracy; {how}; equivalent within 0.01."

STATED = (
    "All networks have 1,386 to 1,450 trained parameters. "
    "The claim, or that rivals are clipped, was settled when HORN's own results were known, and "
    "its rivals' without clipping after one epoch."
)

RIVALS = ("lstm", "rnn")
TIMES = (("early", "After one epoch", ", early"), ("late", "Trained to the end,", ""))
AS_CLAIMED = (
    *(
        Claim(
            f"horn-{time}-{rival}",
            f"{when} HORN is more accurate than the {rival.upper()}.",
            EARLY if time == "early" else LATE,
            rhythm="helps",
            better=f"horn{ending}",
            worse=(f"{rival}{ending}", f"{rival}-last{ending}"),
        )
        for time, when, ending in TIMES
        for rival in RIVALS
    ),
    *(
        Claim(
            f"horn-noise-{rival}",
            "Trained to the end, noise costs HORN a smaller share of its accuracy than the "
            f"{rival.upper()}.",
            SHARE,
            margin=0.02,
            rhythm="helps",
            better="horn",
            worse=(rival, f"{rival}-last"),
        )
        for rival in RIVALS
    ),
    *(
        Claim(
            f"horn-heterogeneous-{time}",
            f"{when} heterogeneous HORN is more accurate than homogeneous HORN.",
            KINDS,
            better=f"horn-heterogeneous{ending}",
            worse=f"horn{ending}",
            paired=True,
        )
        for time, when, ending in TIMES
    ),
)
CLAIMS = tuple(replace(claim, note=STATED) for claim in AS_CLAIMED)


@dataclass(frozen=True)
class HornOptions(CompareOptions):
    """Options of the question on HORN; ``learning_rates`` are those of its rivals.

    Args:
        networks: which are compared, of horn, horn-heterogeneous, lstm, lstm-last, rnn, rnn-last.
        horn_rate: learning rate of HORN; 0.01 is the published one.
        rival_clip_norm: largest global norm of a rival's gradient, above 0; inf does not clip.
        weight_decay: decoupled decay of all networks, torch's default.
        early_epochs: epochs after which networks are tested for the first time; the rates of the
            rivals are chosen after as many. Below ``epochs``.
        noise: standard deviations of the noise on test digits, in units of the pixel range; they
            rise from 0.
    """

    batch_size: int = 64
    tuning_seeds: tuple[int, ...] = (123, 456)
    learning_rates: tuple[float, ...] = (0.0003, 0.001, 0.003, 0.01)
    networks: tuple[str, ...] = NAMES
    horn_rate: float = 0.01
    rival_clip_norm: float = 1.0
    weight_decay: float = 0.01
    early_epochs: int = 1
    noise: tuple[float, ...] = (0.0, 0.1, 0.2, 0.4, 0.8)

    RECIPE: ClassVar[Mapping[str, Any]] = CONSTANT | {"clip_norm": math.inf}  # HORN's
    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {"networks": NAMES}

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        check_hyperparameter("learning_rate", self.horn_rate)
        check_hyperparameter("weight_decay", self.weight_decay)
        within(self, rival_clip_norm="(0, inf]")
        within(self, early_epochs=f"[1, {self.epochs - 1}]", noise="[0, inf)")
        rising(self, "noise")
        if self.noise[0] != 0 or len(self.noise) < 2:
            raise ValueError(f"noise is {self.noise}; it must hold 0 and levels above it")

    def recipe(self) -> str:
        """Say on what data, how long, and at which rates networks were trained."""
        # MNIST's number of training digits is not the one of the other questions here.
        known = NUM_TRAIN | {"mnist": MNIST_TRAIN_FILE_SIZE - VALIDATION_SIZE}
        digits = self.num_train or known[self.dataset]
        updates = self.training().num_steps(digits)
        seeds = ", ".join(map(str, self.tuning_seeds))
        rates = ", ".join(f"{rate:g}" for rate in self.learning_rates)
        return (
            f"{self.dataset}: {self.epochs} passes over {digits:,} training digits, {updates:,} "
            f"updates of {self.batch_size}, constant rate, decay {self.weight_decay:g}; HORN at "
            f"{self.horn_rate:g} without clipping, as published; rivals clipped at "
            f"{self.rival_clip_norm:g}, rates {rates} to choose from after epoch "
            f"{self.early_epochs}, on validation digits of seeds {seeds}; "
            f"{len(self.seeds)} tested seeds."
        )

    def settings(self) -> tuple[Setting, ...]:
        """Return the settings among which the rivals choose."""
        return tuple(setting_grid(self.learning_rates, (self.weight_decay,), (0.0,)))


PUBLISHED_LENGTH = {"epochs": 10, "learning_rates": HornOptions.learning_rates}
PRESETS = presets(
    HornOptions,
    "horn",
    smoke={"num_train": 128, "epochs": 2, "tuning_seeds": (123,), "networks": ("horn",)}
    | {"noise": (0.0, 0.4)},
    quick={
        "epochs": 4,
        "tuning_seeds": (123,),
        "learning_rates": (0.003,),
        "networks": ("horn", "horn-heterogeneous", "lstm", "rnn"),
    },
    full=PUBLISHED_LENGTH,
    accelerator=PUBLISHED_LENGTH | {"seeds": tuple(range(101, 121))},
)


def horn_split(seed: int) -> Split:
    """Divide MNIST as HORN was trained: of the shuffled 60,000 the first 1,000 validate."""
    indices = np.arange(MNIST_TRAIN_FILE_SIZE, dtype=np.int32)
    np.random.default_rng(seed).shuffle(indices)
    test = np.arange(MNIST_TRAIN_FILE_SIZE, MNIST_TRAIN_FILE_SIZE + MNIST_TEST_FILE_SIZE)
    return Split(indices[VALIDATION_SIZE:], indices[:VALIDATION_SIZE], test.astype(np.int32))


def horn_pool(options: HornOptions) -> Pool:
    """Load the digits, MNIST with HORN's own split."""
    pool = options.pool()
    if options.dataset != "mnist":
        return pool
    known = f"{pool.sha256}, {VALIDATION_SIZE} validate"
    return pool._replace(name="mnist, 59,000 + 1,000", sha256=known, split=horn_split)


def architectures() -> dict[str, NetworkSpec]:
    """Return HORN of both kinds, and rivals of at most as many parameters."""
    horn = NetworkSpec("horn", NUM_NODES, name="horn", **LAST)
    uneven = replace(horn, name="horn-heterogeneous", options=(("heterogeneous", True),))
    found = {"horn": horn, "horn-heterogeneous": uneven}
    for cell in ("lstm", "rnn"):
        for name, head in ((cell, MEAN), (f"{cell}-last", LAST)):
            baseline = NetworkSpec(cell, 1, name=name, **head)
            found[name] = baseline.within(horn.num_parameters(1, 10), 1, 10)
    return found


def conditions(options: HornOptions) -> list[Condition]:
    """Return every network, tested early and at the end; rivals take the rate that is best early.

    At a constant rate the early test stands on the way to the late one: same seed, same updates.
    """
    pool, networks, found = horn_pool(options), architectures(), []
    published = (Setting(options.horn_rate, options.weight_decay, 0.0),)
    clipped = options.training(clip_norm=options.rival_clip_norm)
    for name in options.networks:
        of_horn = {"settings": published, "tuning_seeds": ()}
        own = of_horn if name in HORNS else {"training": clipped}
        late = options.condition(
            pool, name, networks[name], kept=("history",), test_noise=options.noise, **own
        )
        early = replace(
            late,
            label=f"{name}, early",
            training=replace(late.training, epochs=options.early_epochs),
            test_noise=(),
            kept=(),
        )
        found += [early, replace(late, tuned_on=() if name in HORNS else (early,))]
    return found


def readings(options: HornOptions) -> dict[str, Reading]:
    """Read the shares that noise leaves; the text tells also the accuracies themselves."""
    left = Reading(values=mean_shares, unit="share", said=lambda label: f"left of {TITLES[label]}")

    def shares(claim: Claim, rows: Rows) -> Finding:
        found = compared(claim, rows, left)
        names = "horn", best_validated(rows, claim.worse)
        ends = [
            f"{TITLES[name]} {end:.3f} at noise {options.noise[place]:g}"
            for name in names
            for place in (0, -1)
            for end in [np.mean([row["noise_accuracy"][place] for row in rows[name]])]
        ]
        return replace(found, text=f"{found.text}; {', '.join(ends)}")

    return {f"horn-noise-{rival}": Reading(find=shares) for rival in RIVALS}


def mean_shares(rows: Sequence[Row]) -> list[float]:
    """Return each seed's share of the accuracy above chance, mean over the levels above 0."""
    levels = np.array([row["noise_accuracy"] for row in rows], float)
    return list(share_left(levels[:, :1], levels[:, 1:]).mean(1))


def curves_of(rows: Rows, noise: Sequence[float]) -> tuple[dict[str, Curve], dict[str, Curve]]:
    """Return validation accuracy against epochs and test accuracy against noise, by network."""
    learning, tolerance = {}, {}
    for place, (name, title) in enumerate(TITLES.items()):
        if name not in rows:
            continue
        colour, style = (0, place) if name.startswith("horn") else (place // 2, place % 2)
        own = by_seed(rows[name])
        history = np.array([row["history"]["validation_accuracy"] for row in own], float)
        look = {"colour": colour, "style": style}
        learning[title] = Curve(np.arange(1, history.shape[1] + 1), history, **look)
        levels = np.array([row["noise_accuracy"] for row in own], float)
        tolerance[title] = Curve(np.array(noise), levels, **look)
    return learning, tolerance


def draw(options: HornOptions, rows: Rows) -> dict[str, Figure]:
    """Draw validation accuracy against epochs, and test accuracy against noise."""
    learning, tolerance = curves_of(rows, options.noise)
    panels = [
        ("epochs", "validation digits", learning),
        ("noise (s.d., pixel range = 1)", "test digits with noise", tolerance),
    ]
    return {"horn": curve_panels(panels)}


HORN = "Effenberger, Carvalho, Dubinin, Singer, PNAS 2025, doi 10.1073/pnas.2412830122"
OF_HORN = (
    Published(
        "HORN against networks that do not oscillate, on sequential MNIST",
        "learns faster, tolerates more noise, needs fewer parameters (in words)",
        HORN,
    ),
    Published(
        "Heterogeneous against homogeneous HORN",
        "more accurate (in words)",
        HORN,
    ),
)

EXPERIMENT = Question(
    "horn",
    "Do oscillating nodes learn faster and tolerate more noise, as published of HORN?",
    PRESETS,
    CLAIMS,
    draw,
    conditions,
    readings,
    published=OF_HORN,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
