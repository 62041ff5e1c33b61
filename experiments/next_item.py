"""What happens next: the next word and the next value, with and without a look back."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from matplotlib.figure import Figure

from experiments.answers import bracketed
from experiments.ranges import at_least, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from experiments.task_networks import TaskOptions, train_on_tasks
from rhythmic.networks import NetworkSpec
from rhythmic.plotting.sequences import (
    MODELS,
    model_appearance,
    next_item_figure,
    spread_over_seeds,
)
from rhythmic.tasks import AbstractTask, Batch, Kind, NextValue, NextWord
from rhythmic.theory import GOLDEN_RATIO, geometric_ladder

# Places in the phrase, counted from 0, of the words asked for: after the first "will", after the
# second, and after "rock", where the lecture leaves its blank.
BLANKS = {"you we will __": 2, "we will we will __": 4, "will rock __": 5}
AMBIGUOUS = 1  # the blank that the present word does not fill, among those above


@dataclass(frozen=True)
class NextItemOptions(TaskOptions):
    """The phrase "we will we will rock you" said over and over, and a sum of sines.

    Args:
        models: networks to compare, out of present, rnn, lstm and rhythmic; present comes first.
        hidden_size: nodes of the RNN; the LSTM has half as many memory cells.
        pole_radius: of the rhythmic nodes, in (0, 1); they forget in about 1/(1 - r) items.
        frequencies: of the sines, Hz, below half the sample rate.
        sample_rate: values a second of the series, Hz.
        word_rate: words a second of the phrase, Hz.
    """

    models: tuple[str, ...] = tuple(MODELS)
    learning_rates: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3)
    num_updates: int = 300
    hidden_size: int = 16
    pole_radius: float = 0.9
    frequencies: tuple[float, ...] = (10.0, 16.0)
    sample_rate: float = 100.0
    word_rate: float = 4.0

    def check(self) -> None:
        """Raise a ValueError of one line for an option out of its range."""
        known = set(self.models) <= set(MODELS)
        if not known or self.models[:1] != ("present",) or len(self.models) < 2:
            allowed = "present first, then any of rnn, lstm and rhythmic"
            raise ValueError(f"models is {' '.join(self.models)!r}; give {allowed}")
        at_least(self, hidden_size=2)
        within(self, word_rate="(0, inf)")
        super().check()
        for name in tasks(self):
            architectures(self, name)


PRESETS = {
    "quick": NextItemOptions(),
    "full": NextItemOptions(preset="full", num_seeds=10, num_updates=1000),
    "smoke": NextItemOptions(
        preset="smoke",
        models=("present", "rnn"),
        num_seeds=2,
        learning_rates=(0.03,),
        num_updates=20,
        hidden_size=4,
    ),
}


def tasks(options: NextItemOptions) -> dict[str, AbstractTask]:
    """Return both tasks by name."""
    return {"word": NextWord(), "value": NextValue(options.frequencies, options.sample_rate)}


def architectures(options: NextItemOptions, task: str) -> dict[str, NetworkSpec]:
    """Return the models by name; rhythms rise by the golden ratio from 1/50 of the item rate."""
    rate = options.word_rate if task == "word" else options.sample_rate
    ladder = geometric_ladder(GOLDEN_RATIO, start=rate / 50, sample_rate=rate)
    size = options.hidden_size
    rhythm = {"frequencies": ladder, "sample_rate": rate, "pole_radius": options.pole_radius}
    encoder_size = 1 if task == "word" else None  # a word is a vector, a value drives as it is
    models = (
        NetworkSpec("rnn", 1, depth=0, pooling="every", name="present"),
        NetworkSpec("rnn", size, pooling="every", name="rnn"),
        NetworkSpec("lstm", size // 2, pooling="every", name="lstm"),
        NetworkSpec(
            "rrn",
            len(ladder),
            options=rhythm,
            pooling="every",
            encoder_size=encoder_size,
            name="rhythmic",
        ),
    )
    return {model.name: model for model in models if model.name in options.models}


def measure(options: NextItemOptions, stages: Stages) -> Results:
    """Train and test every model on both tasks."""
    parts = {
        f"{name}_{model}": partial(train_and_test, options, task, architecture)
        for name, task in tasks(options).items()
        for model, architecture in architectures(options, name).items()
    }
    done = stages.each(parts)
    return {f"{part}_{name}": x for part, found in done.items() for name, x in found.items()}


def train_and_test(
    options: NextItemOptions, task: AbstractTask, architecture: NetworkSpec
) -> Results:
    """Return test scores of the chosen rate's networks, and what they say about one sequence."""
    trained = train_on_tasks(architecture, (task,), options)
    shown = shown_sequence(task)
    size = architecture.num_parameters(task.input_size, task.num_outputs)
    return {
        "score": trained.test_scores(),
        "validation_loss": trained.validation_loss,
        "failed_at_step": np.asarray(trained.state.failed_at_step),
        "learning_rate": trained.learning_rate[0],
        "num_parameters": np.asarray(size),
        "outputs": np.asarray(trained.answers(shown.inputs))[..., 0],
        "targets": np.asarray(shown.targets)[..., 0],
    }


def shown_sequence(task: AbstractTask) -> Batch:
    """Return the sequence that the figure shows; for words, the phrase from its beginning."""
    if isinstance(task, NextWord):
        return task.sequences_from(jnp.zeros(1, int))
    return task.sample(1, key=jax.random.key(0))


def probabilities(results: Results, model: str) -> np.ndarray:
    """Return the probability of every word at every blank, ``(blank, seed, class_)``."""
    length = len(NextWord().word_numbers)
    steps = [length + place - 1 for place in BLANKS.values()]
    logits = results[f"word_{model}_outputs"][:, steps]
    return scipy.special.softmax(np.moveaxis(logits, 1, 0), axis=2)


def of_rock(results: Results, model: str) -> np.ndarray:
    """Return the probability of "rock" after the second "will", one a seed."""
    return probabilities(results, model)[AMBIGUOUS][:, NextWord().vocabulary.index("rock")]


def interval(values: np.ndarray, kind: Kind) -> str:
    """Write a mean with its interval over seeds, see ``spread_over_seeds``."""
    summary = spread_over_seeds(values, kind)
    return f"{summary.mean:.4g} {bracketed(summary.low, summary.high, '.4g')}"


def summarise(options: NextItemOptions, results: Results) -> str:
    """Return one table a task."""
    series = tasks(options)["value"]
    assert isinstance(series, NextValue)
    word = NextWord()
    head = f"{'':20}{'parameters':>11}{'rate':>7}  "
    lines = [f'next word of "{word.phrase}"; {options.num_seeds} seeds']
    lines.append("mean [95 % interval, Student's t, clipped to 0 and 1]")
    lines.append(head + f"{'accuracy':31}P(rock | we will we will)")
    for model in options.models:
        lines.append(row(results, "word", model) + f"{of_rock(results, model).mean():.3f}")
    counted = ", ".join(f"{n} words {word.best_accuracy(n):.4f}" for n in (1, 2, 3))
    lines.append(f"best by counting, from the last {counted}")
    waves = " + ".join(f"{frequency:g}" for frequency in options.frequencies)
    lines += ["", f"next value of {waves} Hz, {1000 / options.sample_rate:g} ms ahead"]
    lines.append("mean [smallest to largest over seeds]")
    lines.append(head + "squared error / variance")
    lines += [row(results, "value", model).rstrip() for model in options.models]
    lines.append(
        f"best from the present value alone, closed form {series.present_value_error():.4f}"
    )
    failed = sum(int(np.sum(results[name] >= 0)) for name in results if "failed" in name)
    lines.append(f"chosen networks whose numbers stopped being finite: {failed}")
    return "\n".join(lines)


def row(results: Results, task: str, model: str) -> str:
    """Return one line of a table."""
    part = f"{task}_{model}"
    sizes = f"{int(results[f'{part}_num_parameters']):11d}{results[f'{part}_learning_rate']:7.3g}"
    found = interval(results[f"{part}_score"], "classes" if task == "word" else "values")
    return f"{model_appearance(model).label:20}{sizes}  {found:31}"


def answer(options: NextItemOptions, results: Results) -> str:
    """Say in one line what a look back is worth."""
    networks = options.models[1:]
    rock = ", ".join(
        f"{model_appearance(m).label} {of_rock(results, m).mean():.2f}" for m in networks
    )
    errors = ", ".join(
        f"{model_appearance(m).label} {results[f'value_{m}_score'].mean():.2g}" for m in networks
    )
    of_you = probabilities(results, "present")[-1][:, NextWord().vocabulary.index("you")]
    return (
        f'After "we will, we will" the present word gives "rock" a probability of '
        f"{of_rock(results, 'present').mean():.2f}, a look back {rock} (after "
        f'"rock" the present word gives "you" {of_you.mean():.2f}); the next value '
        f"of a sum of sines is missed by {results['value_present_score'].mean():.2f} of its "
        f"variance from the present value, by {errors} with a look back."
    )


def draw(options: NextItemOptions, results: Results) -> dict[str, Figure]:
    """Draw the words at the blanks, the accuracies, the series and its errors."""
    of_words = {model: probabilities(results, model) for model in options.models}
    words = {
        blank: {model: found[position] for model, found in of_words.items()}
        for position, blank in enumerate(BLANKS)
    }
    series = {model: results[f"value_{model}_outputs"][0, :, 0] for model in options.models}
    series["targets"] = results["value_present_targets"][:, 0]
    scores = {
        task: {model: results[f"{task}_{model}_score"] for model in options.models}
        for task in ("word", "value")
    }
    value = NextValue(options.frequencies, options.sample_rate)
    best = {"word": NextWord().best_accuracy(1), "value": value.present_value_error()}
    vocabulary = NextWord().vocabulary
    figure = next_item_figure(words, vocabulary, series, options.sample_rate, scores, best)
    return {"next_item": figure}


EXPERIMENT = Experiment(
    name="next_item",
    section="When is this useful?",
    question="What happens next?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
