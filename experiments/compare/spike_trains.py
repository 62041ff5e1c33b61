"""Is there a rhythm in a spike train? Six networks, two plain readings and the best there is.

The task of the published network (Kramer, arXiv:2506.17083): 0.1 s of spikes at a rate that is
constant or modulated at 10 to 50 Hz, drawn afresh for each seed, which also sets start values and
the order of batches. There the settings were those chosen on MNIST; here they are also chosen on
the task, from the same rates for every network.
"""

from collections.abc import Sequence
from typing import Literal

from matplotlib.figure import Figure

from experiments.compare.findings import (
    NOT_RHYTHMIC,
    PAIRED,
    RULED,
    WELCH,
    Claim,
    Finding,
    Rows,
    accuracy_finding,
)
from experiments.compare.parts import if_asked
from experiments.compare.question import Question
from experiments.compare.spike_chunks import train_chunks
from experiments.compare.spike_options import FIRST_TUNING_SEED, PRESETS, SpikeTrainsOptions
from experiments.compare.spike_plain import COUNT, IDEAL, read_chunks
from experiments.members import Condition, MemberStore
from experiments.script import main
from experiments.stages import Stages
from rhythmic.networks import published
from rhythmic.plotting.accuracy import spike_trains_figure
from rhythmic.plotting.style import appearance
from rhythmic.records import Row
from rhythmic.theory import LadderName, ladder
from rhythmic.training.search import Setting, setting_grid

LADDERS: tuple[LadderName, ...] = ("golden", "log", "two", "linear")
SETTINGS = ("published", "tuned")


def label(architecture: str, setting: str) -> str:
    """Name the networks of an architecture at one of the two settings."""
    return f"{appearance(architecture).label}, {setting}"


def power_label(name: LadderName) -> str:
    """Name the plain reading of powers at the frequencies of a ladder."""
    return f"power, {name}"


TUNED = "for both the rate was chosen from the same ones on the same other seeds"
PUBLISHED = "both at 0.003, which a search of three rates chose on MNIST for golden, RNN and LSTM"
PENALISED = "its penalty was chosen on each seed's validation, golden's rate on other seeds"

# Name, what golden is held against, in words, and how both were tuned.
COMPARED = (
    ("spikes-rnn", label("rnn", "tuned"), "the RNN", TUNED),
    ("spikes-lstm", label("lstm", "tuned"), "the LSTM", TUNED),
    (
        "spikes-power",
        power_label("golden"),
        "a linear reading of powers at its frequencies",
        PENALISED,
    ),
    ("spikes-log", label("rrn-log", "tuned"), "the log ladder", TUNED),
    ("spikes-two", label("rrn-two", "tuned"), "the ladder of octaves", TUNED),
    ("spikes-linear", label("rrn-linear", "tuned"), "the linear ladder", TUNED),
    ("spikes-rnn-mnist", label("rnn", "published"), "the RNN, untuned,", PUBLISHED),
    ("spikes-lstm-mnist", label("lstm", "published"), "the LSTM, untuned,", PUBLISHED),
)


# The linear ladder has as many nodes as golden, so that equal seeds start from equal weights.
PAIRS = ("spikes-linear",)


def meaning(name: str, other: str) -> Literal["helps", "which", "dynamics"]:
    """Return what a claim says of rhythm; of two ladders either is rhythmic, and so is a power."""
    if other.startswith(tuple(appearance(name).label for name in NOT_RHYTHMIC)):
        return "helps"
    return "dynamics" if name == "spikes-power" else "which"


CLAIMS = tuple(
    Claim(
        name,
        f"The golden network is more accurate than {rival} on spike trains.",
        f"Golden less the other, {PAIRED if name in PAIRS else WELCH}; {tuning}; equivalent within "
        "0.01. Each seed draws trains of its own, the same ones for both.",
        rhythm=meaning(name, other),
        note="" if name in PAIRS else RULED,
    )
    for name, other, rival, tuning in COMPARED
)


def conditions(options: SpikeTrainsOptions) -> list[Condition]:
    """Return nothing: these networks are kept by the chunk, see ``measured``."""
    del options
    return []


def labels(options: SpikeTrainsOptions) -> list[str]:
    """Return the labels of what is trained, and of the plain readings, which no run leaves out."""
    trained = [label(name, how) for name in options.architectures for how in SETTINGS]
    return [*trained, *map(power_label, LADDERS)]


def measured(options: SpikeTrainsOptions, rows: Rows, stages: Stages, store: MemberStore) -> Rows:
    """Train all networks, read the trains plainly; return a row a seed by what was done."""
    del rows, stages
    known, task = published(), options.task()
    chunks = options.chunks(1, options.num_seeds)
    powers = {power_label(name): tuple(ladder(name).tolist()) for name in LADDERS}
    plain = read_chunks(store, task.trains, powers, chunks)
    trained = train_chunks(
        store,
        task,
        [known[name] for name in options.architectures],
        published=Setting(options.published_rate),
        settings=setting_grid(options.learning_rates, (0.0,), (0.0,)),
        chunks=chunks,
        tuning_chunks=options.chunks(FIRST_TUNING_SEED, options.num_tuning_seeds),
    )
    found = {}
    for place, setting in enumerate(SETTINGS):
        for name, both in trained.items():
            found[label(name, setting)] = spread(label(name, setting), both[place])
    return found | {reading: spread(reading, of_chunks) for reading, of_chunks in plain.items()}


def spread(label: str, chunks: Sequence[Row]) -> list[Row]:
    """Return a row a seed from a row a chunk."""
    shared = ("learning_rate", "num_parameters")
    return [
        {"label": label, "seed": seed, "test_accuracy": accuracy}
        | {name: chunk[name] for name in shared if name in chunk}
        for chunk in chunks
        for seed, accuracy in zip(chunk["seeds"], chunk["test_accuracy"], strict=True)
    ]


def findings(options: SpikeTrainsOptions, rows: Rows) -> list[Finding]:
    """Compare golden with every other; what a run leaves out is not found."""
    del options
    found = []
    for claim, (_, other, _, tuning) in zip(CLAIMS, COMPARED, strict=True):
        golden = label("rrn-golden", "published" if tuning == PUBLISHED else "tuned")

        def find(claim: Claim = claim, golden: str = golden, other: str = other) -> Finding:
            return accuracy_finding(claim, rows[golden], rows[other], paired=claim.name in PAIRS)

        found.append(if_asked(claim, rows, (golden, other), find))
    return found


def draw(options: SpikeTrainsOptions, rows: Rows) -> dict[str, Figure]:
    """Draw means at both settings beside the plain readings and the ceiling."""
    del options
    settings = {}
    for setting in ("published", "tuned"):
        ending = f", {setting}"
        settings[setting] = {
            name.removesuffix(ending): [row["test_accuracy"] for row in of_label]
            for name, of_label in rows.items()
            if name.endswith(ending)
        }
    plain = {
        name: [row["test_accuracy"] for row in of_label]
        for name, of_label in rows.items()
        if name.startswith("power") or name in (COUNT, IDEAL)
    }
    ceiling = plain.pop(IDEAL)
    return {"spike_trains": spike_trains_figure(settings, plain, ceiling)}


EXPERIMENT = Question(
    name="spike_trains",
    section="Is the rhythmic RNN better?",
    asked="Is there a rhythm in a spike train?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
    further=measured,
    further_labels=labels,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
