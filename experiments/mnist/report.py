"""The table, the answer and the figures of a run, from its rows alone."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import rich.box
from matplotlib.figure import Figure
from rich.console import Console, JustifyMethod
from rich.table import Table

from experiments.folders import read_kept
from experiments.members.store import MemberStore
from experiments.mnist.configuration import PUBLISHED, REFERENCE, MnistConfiguration
from experiments.mnist.members import EXAMPLE, finished
from rhythmic.data.dataset import NUM_TRAIN
from rhythmic.plotting.accuracy import accuracy_figure, confusion_figure, learning_curve_figure
from rhythmic.plotting.features import feature_figure, recurrent_weight_figure, spectrum_figure
from rhythmic.plotting.style import LABELS, appearance
from rhythmic.records import Row
from rhythmic.statistics import ACCURACY, MIN_SEEDS_FOR_TEST, Summary, compare, summarise
from rhythmic.statistics.comparison import Comparison
from rhythmic.statistics.summaries import Agreement, agreement

WIDTH = 132
SIGNIFICANT = 0.05  # p value, corrected for the number of baselines
ARRAYS = ("history", "confusion", "class_features", "parameters", "statistics")


def table_text(configuration: MnistConfiguration, store: MemberStore) -> str:
    """Write the table, and what it is and is not.

    Raises:
        DamagedFileError: where networks are missing since rows are damaged.
    """
    found = finished(configuration, store)
    if not found.tested:
        return f"no network of the table is finished yet; {len(found.rows)} were tuned"
    written = io.StringIO()
    console = Console(file=written, width=WIDTH)
    lines = [summary_line(configuration, name, found.tested) for name in found.tested]
    console.print(terminal_table(configuration, lines))
    console.print(caption_of(configuration, found.tested), soft_wrap=True, highlight=False)
    return written.getvalue().rstrip()


def tables(configuration: MnistConfiguration, store: MemberStore) -> dict[str, list[Row]]:
    """Return one row per network, per epoch of each, and per architecture of the table."""
    found = finished(configuration, store)
    return {
        "members": [scalars(row) for row in found.rows],
        "history": [line for row in found.rows if "history" in row for line in history(row)],
        "summary": [summary_line(configuration, name, found.tested) for name in found.tested],
    }


def answer(configuration: MnistConfiguration, store: MemberStore) -> str:
    """Say in one line which network was better, by how much, and how sure that is.

    Yes: the reference has the best mean, and differs significantly from every other by Welch's t.
    """
    found = finished(configuration, store)
    complete = not found.missing and found.tested.keys() >= PUBLISHED.keys()
    if not complete or not configuration.is_published_recipe():
        return "Not yet answered: the lecture's table answers, --preset table."
    return answer_line(configuration, found.tested)


def answer_line(configuration: MnistConfiguration, tested: dict[str, list[Row]]) -> str:
    """Write the answer of finished rows by architecture."""
    lines = {name: summary_line(configuration, name, tested) for name in tested}
    best = max(lines, key=lambda name: lines[name]["mean"])
    parts, differ = [], []
    for name, line in lines.items():
        part = f"{appearance(name).label} {line['mean']:.3f} (SEM {line['standard_error']:.3f})"
        if name != REFERENCE:
            p_value = line["against_reference_corrected_p_value"]
            differ.append(p_value < SIGNIFICANT)
            part += f", p = {p_value:.2g} against golden"
        parts.append(part)
    seeds = min(line["num_seeds"] for line in lines.values())
    shown = "yes" if all(differ) else "not shown"
    verdict = shown if best == REFERENCE else "no"
    asked = "On MNIST by pixel, by the published recipe"
    return f"{asked}, {verdict}: {'; '.join(parts)}; {seeds} seeds each."


def draw(configuration: MnistConfiguration, store: MemberStore) -> dict[str, Figure]:
    """Draw every figure that the saved results hold values for."""
    tested = finished(configuration, store).tested
    if not tested:
        return {}

    def by_architecture(name: str) -> dict[str, list[Any]]:
        return {label: [row[name] for row in rows] for label, rows in tested.items()}

    published = PUBLISHED if configuration.is_published_recipe() else {}
    data = {"mnist": "MNIST"}.get(configuration.dataset, configuration.dataset)
    title = f"{data}, one pixel per step"
    if configuration.dataset != "mnist":
        title += "\n(5,000 digits, not MNIST)"
    return {
        "accuracy": accuracy_figure(by_architecture("test_accuracy"), published, title),
        "learning_curves": learning_curve_figure(by_architecture("history")),
        "confusion": confusion_figure(by_architecture("confusion")),
        **draw_resonant(configuration, tested, store.run_file.parent),
    }


def draw_resonant(
    configuration: MnistConfiguration, tested: dict[str, list[Row]], folder: Path
) -> dict[str, Figure]:
    """Draw features, weights, and spectra with example dynamics of the resonant networks."""
    known = configuration.known_architectures()
    ladders = {
        name: architecture.frequencies
        for name in tested
        if (architecture := known[name]).frequencies
    }
    figures = {}
    for name, frequencies in ladders.items():
        features = np.array([row["class_features"] for row in tested[name]])
        figures[f"features_{name}"] = feature_figure(frequencies, features)
    key = "cell.recurrent_weights"
    weights = {
        name: np.array([row["parameters"][key] for row in tested[name]])
        for name in ladders
        if key in tested[name][0]["parameters"]
    }
    if weights:
        figures["recurrent_weights"] = recurrent_weight_figure(weights, ladders, LABELS)
    example = read_kept(folder, EXAMPLE)
    if example is not None and example.get("architecture") in ladders:
        name = example["architecture"]
        figures["spectra_and_dynamics"] = spectrum_figure(
            ladders[name],
            np.array(example["pixels"]),
            np.array(example["positions"]),
            sample_rate=configuration.sample_rate,
            pole_radius=configuration.pole_radius,
            title=f"{appearance(name).label}, seed {example['seed']}, digit {example['label']}",
        )
    return figures


def scalars(row: Row) -> Row:
    """Leave out the arrays of a row."""
    return {name: value for name, value in row.items() if name not in ARRAYS}


def history(row: Row) -> list[Row]:
    """Return one line an epoch."""
    columns = row["history"]
    known = {name: row[name] for name in ("member", "architecture", "seed", "learning_rate")}
    return [
        known | {"epoch": epoch + 1} | {name: values[epoch] for name, values in columns.items()}
        for epoch in range(len(columns["train_loss"]))
    ]


def accuracies(members: list[Row]) -> list[float]:
    """Return the test accuracies of an architecture's seeds."""
    return [row["test_accuracy"] for row in members]


def summary_line(configuration: MnistConfiguration, name: str, tested: dict[str, list[Row]]) -> Row:
    """Summarise one architecture, beside the published value and against the reference."""
    members = tested[name]
    summary: Summary = summarise(accuracies(members), within=ACCURACY)
    line = {
        "architecture": name,
        "num_nodes": members[0]["num_nodes"],
        "num_parameters": members[0]["num_parameters"],
        "learning_rate": members[0]["learning_rate"],
        "weight_decay": members[0]["weight_decay"],
        "label_smoothing": members[0]["label_smoothing"],
        **summary._asdict(),
        "not_finite": sum(row["failed_at_step"] >= 0 for row in members),
    }
    if name in PUBLISHED:
        line["published_mean"], line["published_standard_error"] = PUBLISHED[name]
        if configuration.is_published_recipe() and summary.num_seeds > 1:
            found: Agreement = agreement(summary, *PUBLISHED[name])
            line |= {f"published_{key}": value for key, value in found._asdict().items()}
    if name != REFERENCE and REFERENCE in tested:
        baselines = {key: accuracies(rows) for key, rows in tested.items() if key != REFERENCE}
        test: Comparison = compare(accuracies(tested[REFERENCE]), baselines)[name]
        line |= {f"against_reference_{key}": value for key, value in test._asdict().items()}
    return line


# Columns of the table, and what stands in them of a line; a dash where the line has no such number.
COLUMNS = {
    "nodes": "{num_nodes}",
    "params": "{num_parameters}",
    "rate": "{learning_rate:g}",
    "n": "{num_seeds}",
    "mean": "{mean:.3f}",
    "SEM": "{standard_error:.3f}",
    "95 % interval": "{low:.3f}–{high:.3f}",
    "published": "{published_mean:.3f} ({published_standard_error:.3f})",
    "difference (bound)": "{published_difference:+.3f} ({published_bound:.3f}) {verdict}",
    "to golden (p)": "{against_reference_difference:+.3f} "
    "({against_reference_corrected_p_value:.2g})",
}


def terminal_table(configuration: MnistConfiguration, lines: list[Row]) -> Table:
    """Set the summary out for reading."""
    title = f"Test accuracy on {configuration.dataset}, one pixel per step"
    table = plain_table(title, "", *COLUMNS)
    for line in lines:
        name = appearance(line["architecture"]).label
        table.add_row(name, *(written(form, line) for form in COLUMNS.values()))
    return table


def written(form: str, line: Row) -> str:
    """Write numbers of a line; dashes for those that are NaN, or that the line does not hold."""
    verdict = "agrees" if line.get("published_agrees") else "differs"
    try:
        text = form.format(verdict=verdict, **line)
    except KeyError:
        return "–"
    return text.replace("nan–nan", "–").replace("nan", "–")


def plain_table(title: str, *columns: str) -> Table:
    """Return a table without rows: a column without a name holds names, the others numbers."""
    table = Table(
        title=title,
        title_justify="left",
        box=rich.box.SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
        pad_edge=False,
    )
    for column in columns:
        justify: JustifyMethod = "right" if column else "left"
        table.add_column(column, justify=justify, no_wrap=True)
    return table


def caption_of(configuration: MnistConfiguration, tested: dict[str, list[Row]]) -> str:
    """Say what the table is, how it was made, what it is not, and how rivals were tested."""
    sentences = [
        f"Recipe: {configuration.epochs} epochs, batch {configuration.batch_size}, beta1 "
        f"{configuration.momentum}, diagonal {configuration.diagonal}.",
        data_sentence(configuration),
        selection_sentence(configuration),
    ]
    if REFERENCE in tested and len(tested) > 1:
        few = max(map(len, tested.values())) < MIN_SEEDS_FOR_TEST
        how = "Tests: each rival against golden, Welch's t, p after Holm's correction."
        sentences.append(f"No p-values below {MIN_SEEDS_FOR_TEST} seeds." if few else how)
    failed = sum(row["failed_at_step"] >= 0 for rows in tested.values() for row in rows)
    if failed:
        sentences.append(f"{failed} networks met a number that was not finite; see members.csv.")
    return " ".join(sentences)


def data_sentence(configuration: MnistConfiguration) -> str:
    """Say whether the table may be held against the published one."""
    if configuration.is_published_recipe():
        return (
            "Agreement with the published mean: |difference| <= 2 sqrt(SEM^2 + published SEM^2), "
            "both printed."
        )
    if configuration.dataset == "mnist":
        return "Not the published recipe: the published values are not judged."
    num_train = NUM_TRAIN[configuration.dataset]
    return (
        f"These are 5,000 bundled digits ({num_train:,} to train on), "
        f"{configuration.training.num_steps(num_train)} updates a network: not MNIST and not the "
        "lecture's answer; rivals may be undertrained. The published values are for MNIST."
    )


def selection_sentence(configuration: MnistConfiguration) -> str:
    """Say where learning rate, decay and smoothing come from."""
    if configuration.needs_tuning():
        seeds = "other seeds"
        if configuration.dataset == "mnist5k":
            seeds += ", that is, on other splits of the same 5,000 digits"
        return f"Settings were chosen by mean validation accuracy on {seeds}."
    if configuration.learning_rates:
        return "Settings were given and not chosen."
    return (
        "Each architecture has its documented rate, chosen for 960 updates on validation digits of "
        "mnist5k with other seeds, that is, on other splits of the same 5,000 digits."
    )
