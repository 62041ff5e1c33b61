"""Controls of ``rhythmic.compare``: recordings whose answer is known, and a trap.

    python -m experiments.comparison_controls

known      three classes with bursts at 7, 20 and 40 Hz, sampled at 200 and at 500 Hz: the learned
           frequencies must be these
positive   two classes that differ by a burst at 11 or at 17 Hz in 1/f noise: these bands must be
           the most important ones, and the rhythmic RNN at least as good as the LSTM
negative   the same with shuffled labels, 20 times: intervals must hold chance, nothing be supported
trap       subjects differ in a constant offset, and each has one label: with groups no network may
           know the label of a new subject, without them the report must warn

What is finished is a row of ``experiments/results/comparison_controls.jsonl`` and is not run again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rich.console
import rich.table
import tyro
from matplotlib.figure import Figure

from rhythmic import Recordings
from rhythmic.compare import Comparison, ComparisonPlan, compare_networks, simulated_rhythms
from rhythmic.compare.tables import band_rows, summary_rows
from rhythmic.compare.verdicts import verdict_row
from rhythmic.interruption import refuse, stopping
from rhythmic.plotting.comparison import rhythms_figure
from rhythmic.plotting.style import house_style, save
from rhythmic.progress import show
from rhythmic.provenance import device_name, git_revision
from rhythmic.records import Row, append_rows, fingerprint, plain, read_rows

RESULTS = Path(__file__).parent / "results" / "comparison_controls.jsonl"
FIGURE = "known_rhythms"
VERSION = 2  # raised where a change of the code changes results
FREQUENCIES = (11.0, 17.0)
KNOWN = (7.0, 20.0, 40.0)


@dataclass(frozen=True)
class ControlOptions:
    """Run the controls; what is finished is taken.

    Args:
        shuffles: of the labels, in the negative control.
        num_trials: of each set of recordings.
        num_updates: of each training in the positive control and the trap.
        results: file of finished rows.
        figures: folder for the figure of the README; none is drawn by default.
    """

    shuffles: int = 20
    num_trials: int = 300
    num_updates: int = 1000
    results: Path = RESULTS
    figures: Path | None = None


def shuffled(recordings: Recordings, seed: int) -> Recordings:
    """Return recordings whose labels are in random order, so that nothing can be told."""
    order = np.random.default_rng([seed, 1]).permutation(len(recordings))
    labels = [recordings.classes[k] for k in recordings.targets[order]]
    trials = [x[:n] for x, n in zip(recordings.inputs, recordings.lengths, strict=True)]
    return Recordings(trials, labels, sample_rate=recordings.sample_rate, groups=recordings.groups)


def offset_subjects(num_trials: int, *, with_groups: bool, seed: int = 0) -> Recordings:
    """Draw noise in 16 channels of 24 subjects, each with offsets and a label of its own.

    Labels take turns: what tells subjects apart says nothing of the label of a further one.
    """
    generator = np.random.default_rng(seed)
    subjects = np.arange(num_trials) % 24
    offsets = generator.normal(scale=2.0, size=(24, 16))
    inputs = generator.normal(size=(num_trials, 100, 16)) + offsets[subjects, None]
    labels = np.where(subjects % 2, "patient", "control")
    groups = subjects if with_groups else None
    return Recordings(inputs, labels, sample_rate=100.0, groups=groups)


def strongest_bands(found: Comparison) -> list[float]:
    """Return the centres of the two highest separate peaks of band importance, Hz, rising."""
    rows = band_rows(found)
    centre = np.array([np.sqrt(one["low_hz"] * one["high_hz"]) for one in rows])
    importance = np.array([one["importance"] for one in rows])
    first = int(np.argmax(importance))
    apart = np.abs(np.log2(centre / centre[first])) > 1 / 3  # bands that do not overlap
    second = int(np.argmax(np.where(apart, importance, -np.inf)))
    # The middle of a flat top: neighbours overlap by half.
    return sorted(float(_middle(centre, importance, place)) for place in (first, second))


def _middle(centre: np.ndarray, importance: np.ndarray, place: int) -> float:
    """Return the mean centre of a peak and its neighbours, weighed by importance, Hz."""
    near = slice(max(place - 1, 0), place + 2)
    weights = np.maximum(importance[near], 0)
    if not weights.sum():
        return float(centre[place])
    return float(np.exp(np.average(np.log(centre[near]), weights=weights)))


def known_rhythms(options: ControlOptions, sample_rate: float) -> Row:
    """Return what is learned where the classes have rhythms of 7, 20 and 40 Hz."""
    recordings = simulated_rhythms(
        KNOWN,
        num_trials=options.num_trials,
        num_channels=3,
        sample_rate=sample_rate,
        duration=(0.5, 2.0),
        amplitude=1.5,
    )
    plan = ComparisonPlan.preset(
        "quick", cells=("rrn", "lstm"), budget=3, num_updates=options.num_updates, num_ladders=1
    )
    found = compare_networks(recordings, plan)
    row, spectrum = found.rows["rrn"], found.spectrum
    return told(found) | {
        "nodes": row["nodes"],
        "bands": row["bands"],
        "spectrum": {"frequency": spectrum.frequency, "power": spectrum.power},
    }


def learned_near(nodes: Row, frequency: float) -> float:
    """Return the mean learned frequency, Hz, of the nodes near one, weighted by their importance.

    The mean is geometric, over the nodes of all runs: what a run does not rely on counts nothing.

    Args:
        nodes: ``learned_hz`` and ``importance``, ``(run, node)`` each.
        frequency: in Hz; half an octave either way is near.
    """
    learned, importance = (np.array(nodes[name], float) for name in ("learned_hz", "importance"))
    near = np.abs(np.log2(learned / frequency)) < 0.5
    weights = np.maximum(importance[near], 0)
    if not weights.sum():
        return float("nan")
    return float(np.exp(np.average(np.log(learned[near]), weights=weights)))


def positive(options: ControlOptions) -> Row:
    """Return what is found where 11 and 17 Hz are all that differs."""
    recordings = simulated_rhythms(FREQUENCIES, num_trials=options.num_trials)
    plan = ComparisonPlan.preset(
        "quick", cells=("rrn", "rnn", "lstm"), budget=4, num_updates=options.num_updates
    )
    found = compare_networks(recordings, plan)
    return told(found) | {"strongest_bands_hz": strongest_bands(found)}


def negative(options: ControlOptions, seed: int) -> Row:
    """Return what is found in shuffled labels."""
    recordings = shuffled(simulated_rhythms(FREQUENCIES, num_trials=options.num_trials // 3), seed)
    plan = ComparisonPlan(
        cells=("rrn", "rnn", "lstm"),
        num_runs=5,
        budget=2,
        num_updates=60,
        num_ladders=20,
        ladder_budget=1,
        seed=seed,
    )
    return told(compare_networks(recordings, plan, quiet=True))


def trap(options: ControlOptions, with_groups: bool) -> Row:
    """Return what is found where subjects differ in an offset, and have one label each."""
    recordings = offset_subjects(options.num_trials, with_groups=with_groups)
    plan = ComparisonPlan.preset(
        "quick", cells=("rrn", "rnn"), num_updates=options.num_updates // 4, num_ladders=0
    )
    return told(compare_networks(recordings, plan, quiet=True))


def told(found: Comparison) -> Row:
    """Return scores, verdicts and objections."""
    return {
        "summary": summary_rows(found),
        "verdicts": [verdict_row(one) for one in found.verdicts],
        "objections": found.objections,
    }


def controls(options: ControlOptions) -> dict[str, Callable[[], Row]]:
    """Return what computes each control, by name."""
    found: dict[str, Callable[[], Row]] = {"positive": lambda: positive(options)}
    for rate in (200.0, 500.0):
        found[f"known, {rate:g} Hz"] = lambda r=rate: known_rhythms(options, r)  # type: ignore[misc]
    for with_groups in (True, False):
        name = f"trap, {'with' if with_groups else 'without'} groups"
        found[name] = lambda w=with_groups: trap(options, w)  # type: ignore[misc]
    for seed in range(options.shuffles):
        found[f"negative {seed}"] = lambda s=seed: negative(options, s)  # type: ignore[misc]
    return found


def rows_of(options: ControlOptions) -> dict[str, Row]:
    """Return the rows of all controls, computing those that are missing."""
    asked = (VERSION, options.num_trials, options.num_updates)
    known = {row["name"]: row for row in read_rows(options.results)}
    found = {}
    for control, compute in controls(options).items():
        name = fingerprint([control, *asked])
        if name not in known:
            show(control)
            row = {"name": name, "control": control, "asked": list(asked)} | compute()
            known[name] = plain(row | {"git": git_revision(), "device": device_name()})
            append_rows(options.results, [known[name]])
        found[control] = known[name]
    return found


def chance_held(rows: dict[str, Row]) -> tuple[int, int, int]:
    """Count intervals of networks in shuffled labels that hold chance, all of them, and
    comparisons in which a claim is supported.
    """
    held = number = supported = 0
    for name, row in rows.items():
        if not name.startswith("negative"):
            continue
        scores = [one for one in row["summary"] if one["low"] is not None]
        held += sum(one["low"] <= 0.5 <= one["high"] for one in scores)
        number += len(scores)
        supported += any(one["word"] == "supported" for one in row["verdicts"])
    return held, number, supported


def found_in(rows: dict[str, Row]) -> list[tuple[str, str]]:
    """Say what was found in each control, a pair of its name and a line."""
    scores = {
        name: {one["cell"]: one["mean"] for one in row["summary"]} for name, row in rows.items()
    }
    said = []
    for name in ("known, 200 Hz", "known, 500 Hz"):
        learned = ", ".join(f"{learned_near(rows[name]['nodes'], x):.1f}" for x in KNOWN)
        own = scores[name]
        said.append((name, f"{learned} Hz learned; RRN {own['rrn']:.3f}, LSTM {own['lstm']:.3f}"))
    bands = " and ".join(f"{x:.1f}" for x in rows["positive"]["strongest_bands_hz"])
    own = scores["positive"]
    text = f"bands {bands} Hz; RRN {own['rrn']:.3f}, LSTM {own['lstm']:.3f}"
    said.append(("positive", f"{text}, band power {own['band_power']:.3f}"))
    for name in ("trap, with groups", "trap, without groups"):
        warned = any("No groups were given" in one for one in rows[name]["objections"])
        own = scores[name]
        text = f"averages {own['average']:.3f}, RRN {own['rrn']:.3f}, RNN {own['rnn']:.3f}"
        said.append((name, text + (", warned" if warned else "")))
    held, number, supported = chance_held(rows)
    count = sum(name.startswith("negative") for name in rows)
    text = f"{held} of {number} intervals hold chance; a claim is supported in {supported}"
    return [*said, (f"negative, {count} shuffles", text)]


def table(rows: dict[str, Row]) -> rich.table.Table:
    """Return the table that is shown."""
    made = rich.table.Table("control", "found")
    for pair in found_in(rows):
        made.add_row(*pair)
    return made


def figure_of(row: Row) -> Figure:
    """Draw what was learned of known rhythms, over the spectra of the recordings."""
    spectrum = {name: np.array(x, float) for name, x in row["spectrum"].items()}
    classes = sorted(f"{frequency:g} Hz" for frequency in KNOWN)  # as labels are ordered
    with house_style():
        return rhythms_figure(
            spectrum["frequency"], spectrum["power"], classes, row["nodes"], row["bands"]
        )


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, and show the table."""
    with stopping("stopped; what is finished is kept"):
        try:
            options: Any = tyro.cli(
                ControlOptions, prog="python -m experiments.comparison_controls", args=arguments
            )
            rows = rows_of(options)
            rich.console.Console().print(table(rows))
            if options.figures is not None:
                with house_style():
                    show(f"wrote {save(figure_of(rows['known, 200 Hz']), options.figures, FIGURE)}")
        except (ValueError, OSError) as error:
            refuse(error)


if __name__ == "__main__":
    main()
