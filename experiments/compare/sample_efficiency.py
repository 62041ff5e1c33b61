"""Who needs the fewest digits? Accuracy against the number of training digits.

At equal updates every network makes the same number of updates of the same batch size, whatever
the number of digits, going through few digits many times. The parameters of the best validation
epoch are kept, which stops training early where it overfits. At equal epochs every digit is seen
as often, so that few digits also mean few updates: those curves mix two things, and stand beside.
All sizes choose their rate and their epoch on all validation digits, which are more than the
smallest training sets.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.networks import NAMES, RobustOptions, architectures
from experiments.compare.options import presets
from experiments.compare.question import Question
from experiments.members import Condition
from experiments.ranges import rising, within
from experiments.script import main
from rhythmic.compare.claims import Claim, Finding, Reading, Rows, by_seed, tested, values_finding
from rhythmic.data.dataset import NUM_TRAIN
from rhythmic.plotting.compare_robustness import sample_figure
from rhythmic.plotting.style import LABELS, appearance
from rhythmic.training import TrainingConfiguration

CLAIMED = 1000  # digits of the claims
TOLERANCE = 0.02  # of the number of updates
UPDATES, EPOCHS = "equal updates", "equal epochs"
TEST = (
    "Test accuracy of 1,000 digits at equal updates, {how}; equivalent within 0.01. Every network "
    "has the same rates and tuning seeds at every size."
)


def label(name: str, size: int, how: str) -> str:
    """Name a network, a number of digits, and what is held equal."""
    return f"{appearance(name).label}, {size} digits, {how}"


CLAIMS = (
    *(
        Claim(
            f"few-digits-{name}",
            f"With 1,000 digits golden is more accurate than {words}.",
            TEST,
            rhythm="helps" if name == network else "aside",
            better=label("rrn-golden", CLAIMED, UPDATES),
            worse=label(network, CLAIMED, UPDATES),
            paired=name != network,
        )
        for name, words, network in (
            ("lstm", "the LSTM", "lstm"),
            ("rnn", "the RNN", "rnn"),
            ("unconnected", "its features alone, without recurrence", "rrn-golden-unconnected"),
        )
    ),
    Claim(
        "few-digits-lead",
        "The golden network's lead over the LSTM is larger with 1,000 digits than with all.",
        "Accuracy with all training digits of the data set less that with 1,000, one loss a seed: "
        "LSTM less golden, at equal updates; {how}; equivalent within 0.01. Asked only of runs "
        "whose largest size is all of them.",
        rhythm="helps",
    ),
)


@dataclass(frozen=True)
class SampleOptions(RobustOptions):
    """Options of the question of sample efficiency.

    Args:
        sizes: numbers of training digits, the first ones of the split; they rise.
        updates: of every network at equal updates; met within 2 % by whole passes.
        validations: times at most that a run is validated, and may be stopped, at equal updates.
    """

    networks: tuple[str, ...] = ("rrn-golden", "rrn-golden-unconnected", "rnn", "lstm")
    sizes: tuple[int, ...] = (500, 1000, 2000, 5000, 10000, 20000, 55000)
    updates: int = 1272
    validations: int = 8

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        if self.num_train:
            raise ValueError(f"num_train is {self.num_train}; sizes says how many digits are used")
        super().check()
        available = NUM_TRAIN[self.dataset]
        within(self, sizes=f"[{self.batch_size}, {available}]", validations="[1, inf)")
        rising(self, "sizes")
        for size in self.sizes:
            self.training().num_steps(size)
            self.equal_updates(size)

    def length(self) -> str:
        """Say on how many digits, and how long, networks train."""
        sizes = ", ".join(f"{size:,}" for size in self.sizes)
        return (
            f"{sizes} training digits; about {self.updates:,} updates at every size, validated "
            f"{self.validations} times at most, and beside them {self.epochs} passes over each"
        )

    def equal_updates(self, size: int) -> TrainingConfiguration:
        """Return the recipe that goes through ``size`` digits until the updates are done.

        It has as many epochs, up to ``validations``, as whole passes allow.

        Raises:
            ValueError: where whole passes miss the number of updates by more than 2 %.
        """
        for epochs in range(max(self.validations, 1), 0, -1):
            a_pass = epochs * self.training().num_batches(size)
            passes = max(1, round(self.updates / a_pass))
            if abs(passes * a_pass - self.updates) <= TOLERANCE * self.updates:
                return self.training(epochs=epochs, passes=passes)
        raise ValueError(f"updates is {self.updates}; whole passes of {size} digits miss it by 2 %")


PRESETS = presets(
    SampleOptions,
    "sample_efficiency",
    smoke={
        "num_train": 0,
        "batch_size": 32,
        "epochs": 2,
        "networks": ("rrn-golden-unconnected",),
        "sizes": (256,),
        "updates": 32,
        "validations": 2,
    },
    quick={
        "num_train": 0,
        "epochs": 2,
        "networks": ("rrn-golden", "rrn-golden-unconnected"),
        "sizes": (500, 1000, 4000),
        "updates": 64,
        "validations": 4,
    },
    accelerator={
        "updates": 12720,
        "validations": 32,
        "learning_rates": (0.001, 0.003, 0.01, 0.03),
        "networks": NAMES,
    },
)


def conditions(options: SampleOptions) -> list[Condition]:
    """Return every network at every size; once where both recipes are the same."""
    pool, found = options.pool(), []
    for name, architecture in architectures(options.networks).items():
        for size in options.sizes:
            equal = options.equal_updates(size)
            recipes = {UPDATES: equal, EPOCHS: options.training()}
            if equal == recipes[EPOCHS]:
                del recipes[EPOCHS]
            everything = size == NUM_TRAIN[options.dataset]
            found += [
                options.condition(
                    pool,
                    label(name, size, how),
                    architecture,
                    training=training,
                    num_train=None if everything else size,
                )
                for how, training in recipes.items()
            ]
    return found


def accuracies(rows: Rows, name: str, size: int, how: str) -> list[float]:
    """Return test accuracies in the order of the seeds; one network where both recipes agree."""
    own = label(name, size, how)
    chosen = rows[own] if own in rows else rows[label(name, size, UPDATES)]
    return tested(by_seed(chosen))


def readings(options: SampleOptions) -> dict[str, Reading]:
    """Read the lead from what each network loses with few digits, seed by seed."""
    everything = NUM_TRAIN[options.dataset]

    def loss(rows: Rows, name: str) -> tuple[str, list[float]]:
        few, every = (accuracies(rows, name, size, UPDATES) for size in (CLAIMED, everything))
        return f"loss of {appearance(name).label}", list(np.subtract(every, few))

    def lead(claim: Claim, rows: Rows) -> Finding:
        return values_finding(claim, loss(rows, "lstm"), loss(rows, "rrn-golden"))

    names, sizes = ("rrn-golden", "lstm"), (CLAIMED, everything)
    wanted = tuple(label(name, size, UPDATES) for name in names for size in sizes)
    few = Reading(said=lambda label: label.removesuffix(f", {CLAIMED} digits, {UPDATES}"))
    return {claim.name: few for claim in CLAIMS[:-1]} | {
        CLAIMS[-1].name: Reading(wanted, find=lead)
    }


def span(counts: list[int]) -> str:
    """Write the smallest and the largest of counts."""
    return " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))


def draw(options: SampleOptions, rows: Rows) -> dict[str, Figure]:
    """Draw accuracy against the number of digits, at equal updates and at equal epochs."""
    curves = {
        how: {
            name: np.array([accuracies(rows, name, size, how) for size in options.sizes]).T
            for name in options.networks
        }
        for how in (UPDATES, EPOCHS)
    }
    found = [options.equal_updates(size).num_steps(size) for size in options.sizes]
    steps = [options.training().num_steps(size) for size in options.sizes]
    titles = {
        UPDATES: f"{UPDATES}: {span(found)}",
        EPOCHS: f"{EPOCHS}: {options.epochs}, {span(steps)} updates",
    }
    shown = {titles[how]: curve for how, curve in curves.items()}
    return {"sample_efficiency": sample_figure(options.sizes, shown, LABELS)}


EXPERIMENT = Question(
    "sample_efficiency", "Who needs the fewest digits?", PRESETS, CLAIMS, draw, conditions, readings
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
