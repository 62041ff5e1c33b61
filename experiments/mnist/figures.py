"""Which figures a run has, and which saved values go into each."""

from pathlib import Path

import numpy as np

from experiments.folders import read_kept
from experiments.mnist.configuration import PUBLISHED, MnistConfiguration
from rhythmic.plotting.accuracy import accuracy_figure, confusion_figure, learning_curve_figure
from rhythmic.plotting.features import feature_figure, recurrent_weight_figure, spectrum_figure
from rhythmic.plotting.style import LABELS, appearance, house_style, save
from rhythmic.records import Row


def draw_figures(
    configuration: MnistConfiguration, tested: dict[str, list[Row]], folder: Path
) -> None:
    """Draw every figure that the saved results hold values for."""
    if not tested:
        return
    figures = folder / "figures"
    as_published = configuration.is_published_recipe()
    with house_style():
        values = {name: [row["test_accuracy"] for row in rows] for name, rows in tested.items()}
        published = PUBLISHED if as_published else {}
        data = {"mnist": "MNIST"}.get(configuration.dataset, configuration.dataset)
        title = f"{data}, one pixel a step"
        if configuration.dataset != "mnist":
            title += "\n(5,000 digits, not MNIST)"
        save(accuracy_figure(values, published, title), figures, "accuracy")
        histories = {name: [row["history"] for row in rows] for name, rows in tested.items()}
        save(learning_curve_figure(histories), figures, "learning_curves")
        confusions = {name: [row["confusion"] for row in rows] for name, rows in tested.items()}
        save(confusion_figure(confusions), figures, "confusion")
        draw_resonant(configuration, tested, folder)


def draw_resonant(
    configuration: MnistConfiguration, tested: dict[str, list[Row]], folder: Path
) -> None:
    """Draw features, weights, and spectra with example dynamics of the resonant networks."""
    known = configuration.known_architectures()
    ladders = {
        name: architecture.frequencies
        for name in tested
        if (architecture := known[name]).frequencies
    }
    figures = folder / "figures"
    for name, frequencies in ladders.items():
        features = np.array([row["class_features"] for row in tested[name]])
        save(feature_figure(frequencies, features), figures, f"features_{name}")
    key = "cell.recurrent_weights"
    weights = {
        name: np.array([row["parameters"][key] for row in tested[name]])
        for name in ladders
        if key in tested[name][0]["parameters"]
    }
    if weights:
        save(recurrent_weight_figure(weights, ladders, LABELS), figures, "recurrent_weights")
    example = read_kept(folder, "example.json")
    if example is not None and example.get("architecture") in ladders:
        name = example["architecture"]
        figure = spectrum_figure(
            ladders[name],
            np.array(example["pixels"]),
            np.array(example["positions"]),
            sample_rate=configuration.sample_rate,
            pole_radius=configuration.pole_radius,
            title=f"{appearance(name).label}, seed {example['seed']}, reads a {example['label']}",
        )
        save(figure, figures, "spectra_and_dynamics")
