"""HORN as it was published, beside an LSTM and an RNN of as many parameters.

Harmonic oscillator recurrent networks of 32 nodes read sequential MNIST by their published
settings: AdamW at 1e-2 with a decay of 0.01, batches of 64, 10 epochs, no schedule and no clipping.
The rivals share data, batches, decay and number of updates. Their gradient is clipped, without
which an LSTM stays at chance at rates of 0.003 and more; their rate is chosen for them, and they
have two heads: the mean output through layer norm, and HORN's own last step. The rate is chosen
after one epoch: that favours rivals then, and may disfavour them at the end.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.findings import Finding, Rows
from experiments.compare.horn_findings import CLAIMS, curves_of, horn_findings
from experiments.compare.options import NUM_TRAIN, RESULTS, CompareOptions
from experiments.compare.parts import check_parts
from experiments.compare.published import OF_HORN
from experiments.compare.question import Question
from experiments.members import Condition, Pool
from experiments.script import main
from rhythmic.data import Split
from rhythmic.data.dataset import MNIST_TEST_FILE_SIZE, MNIST_TRAIN_FILE_SIZE
from rhythmic.networks import LAST, MEAN, NetworkSpec
from rhythmic.plotting.accuracy import curve_panels
from rhythmic.training import TrainingConfiguration
from rhythmic.training.configuration import check_hyperparameter
from rhythmic.training.search import Setting, setting_grid

NUM_NODES = 32
VALIDATION_SIZE = 1_000
HORNS = ("horn", "horn-heterogeneous")
NAMES = (*HORNS, "lstm", "lstm-last", "rnn", "rnn-last")


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

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        check_parts("networks", self.networks, NAMES)
        check_hyperparameter("learning_rate", self.horn_rate)
        check_hyperparameter("weight_decay", self.weight_decay)
        if not self.rival_clip_norm > 0:
            raise ValueError(f"rival_clip_norm is {self.rival_clip_norm}; it must be above 0")
        if not 1 <= self.early_epochs < self.epochs:
            raise ValueError(
                f"early_epochs is {self.early_epochs}; it must lie in 1 to {self.epochs - 1}"
            )
        rising = list(self.noise) == sorted(set(self.noise)) and len(self.noise) > 1
        if not rising or self.noise[0] != 0 or not math.isfinite(self.noise[-1]):
            raise ValueError("noise must rise from 0, by finite levels, to one above it")

    def training(self) -> TrainingConfiguration:
        """Return HORN's recipe: a constant rate, no clipping."""
        return TrainingConfiguration(
            epochs=self.epochs,
            batch_size=self.batch_size,
            schedule="constant",
            momentum="constant",
            clip_norm=math.inf,
        )

    def recipe(self) -> str:
        """Say on what data, how long, and at which rates networks were trained."""
        digits = self.num_train or num_train(self.dataset)
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


PRESETS = {
    "smoke": HornOptions(
        preset="smoke",
        num_train=128,
        epochs=2,
        seeds=(101, 102),
        tuning_seeds=(123,),
        learning_rates=(0.01,),
        networks=("horn",),
        noise=(0.0, 0.4),
    ),
    "quick": HornOptions(
        num_train=1024,
        epochs=4,
        seeds=(101, 102),
        tuning_seeds=(123,),
        learning_rates=(0.003,),
        networks=("horn", "horn-heterogeneous", "lstm", "rnn"),
    ),
    "full": HornOptions(
        preset="full",
        dataset="mnist",
        seeds=tuple(range(101, 106)),
        results=RESULTS / "horn.jsonl",
    ),
    "accelerator": HornOptions(
        preset="accelerator",
        dataset="mnist",
        seeds=tuple(range(101, 121)),
        results=RESULTS / "horn.jsonl",
    ),
}


def num_train(dataset: str) -> int:
    """Return the number of training digits: MNIST's here is not the one of the other questions."""
    return MNIST_TRAIN_FILE_SIZE - VALIDATION_SIZE if dataset == "mnist" else NUM_TRAIN[dataset]


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
    clipped = replace(options.training(), clip_norm=options.rival_clip_norm)
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


def findings(options: HornOptions, rows: Rows) -> list[Finding]:
    """Compare HORN with the better head of each rival, and its two kinds with each other."""
    return horn_findings(rows, options.noise)


def draw(options: HornOptions, rows: Rows) -> dict[str, Figure]:
    """Draw validation accuracy against epochs, and test accuracy against noise."""
    learning, tolerance = curves_of(rows, options.noise)
    panels = [
        ("epochs", "validation digits", learning),
        ("noise (s.d., pixel range = 1)", "test digits with noise", tolerance),
    ]
    return {"horn": curve_panels(panels)}


EXPERIMENT = Question(
    name="horn",
    section="Is the rhythmic RNN better?",
    asked="Do oscillating nodes learn faster and tolerate more noise, as published of HORN?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
    published=OF_HORN,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
