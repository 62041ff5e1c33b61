"""The options of the LSTM experiment, its presets, and the networks and task that they mean."""

from dataclasses import dataclass

from experiments.script import ScriptOptions
from experiments.task_networks import task_recipe
from rhythmic.networks import NetworkSpec
from rhythmic.tasks import DelayedRecall
from rhythmic.theory import ladder


@dataclass(frozen=True)
class LSTMOptions(ScriptOptions):
    """A flag marks one of two symbols among distractors; a cue asks for it later.

    Args:
        models: networks to compare, out of rnn, lstm and rhythmic; lstm must be one.
        longest_lags: rising; for each, networks are trained on lags from 1 step up to it.
        shown_lag: steps from symbol to cue in the sequences whose gates are shown.
        num_seeds: networks of each kind and lag; seeds 1, 2, ...
        learning_rates: peak rates tried; each model keeps, at each lag, the one that validates
            best.
        num_updates: updates of each network, every one on fresh sequences.
        batch_size: sequences an update.
        hidden_size: nodes of the RNN; the LSTM has half as many memory cells. The rhythmic RNN
            has the 11 golden rhythms of the lecture.
    """

    models: tuple[str, ...] = ("rnn", "lstm", "rhythmic")
    longest_lags: tuple[int, ...] = (5, 20, 60)
    shown_lag: int = 40
    num_seeds: int = 3
    learning_rates: tuple[float, ...] = (0.01, 0.03)
    num_updates: int = 600
    batch_size: int = 32
    hidden_size: int = 16

    def check(self) -> None:
        """Raise a ValueError of one line for an option out of its range."""
        if self.hidden_size < 2:
            raise ValueError(f"hidden_size is {self.hidden_size}; it must be at least 2")
        known = set(self.models) <= set(architectures(self))
        if not known or "lstm" not in self.models or len(set(self.models)) < len(self.models):
            allowed = "lstm and any of rnn and rhythmic, each once"
            raise ValueError(f"models is {' '.join(self.models)!r}; give {allowed}")
        lags = self.longest_lags
        if not lags or lags[0] < 1 or list(lags) != sorted(set(lags)) or lags[-1] < 3:
            allowed = "rising numbers of steps from 1, the last at least 3"
            raise ValueError(f"longest_lags is {lags}; give {allowed}")
        if not 2 <= self.shown_lag < lags[-1]:
            # Something must come before the flag and something after it.
            raise ValueError(
                f"shown_lag is {self.shown_lag}; it must lie between 2 and {lags[-1] - 1}, "
                "one below the last of longest_lags"
            )
        if self.num_seeds < 1:
            raise ValueError(f"num_seeds is {self.num_seeds}; it must be at least 1")
        if not self.learning_rates or not all(0 < rate < 1 for rate in self.learning_rates):
            raise ValueError(f"learning_rates is {self.learning_rates}; give rates in (0, 1)")
        task_recipe(self.num_updates, self.batch_size)


PRESETS = {
    "quick": LSTMOptions(),
    "full": LSTMOptions(
        preset="full",
        longest_lags=(2, 5, 10, 20, 40, 60),
        num_seeds=6,
        learning_rates=(0.003, 0.01, 0.03, 0.1),
    ),
    "smoke": LSTMOptions(
        preset="smoke",
        models=("lstm",),
        longest_lags=(2, 6),
        shown_lag=4,
        num_seeds=2,
        learning_rates=(0.03,),
        num_updates=20,
        hidden_size=4,
    ),
}


def architectures(options: LSTMOptions) -> dict[str, NetworkSpec]:
    """Return the models by name."""
    size = options.hidden_size
    return {
        "rnn": NetworkSpec("rnn", size, pooling="every", name="rnn"),
        "lstm": NetworkSpec("lstm", size // 2, pooling="every", name="lstm"),
        "rhythmic": NetworkSpec(
            "rrn",
            len(ladder("golden")),
            options={"frequencies": ladder("golden")},
            pooling="every",
            encoder_size=1,
            name="rhythmic",
        ),
    }


def recall(options: LSTMOptions, shortest: int, longest: int) -> DelayedRecall:
    """Return the task for a range of lags; sequences are as long for every range."""
    return DelayedRecall(shortest, longest, num_steps=options.longest_lags[-1] + 1)
