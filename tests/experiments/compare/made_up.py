"""Rows of a question as a whole run would leave them, made up; and what it finds in them."""

import dataclasses
import functools
import importlib

import numpy as np

from rhythmic.compare import claims
from rhythmic.compare.claims import Claim, judge
from rhythmic.plotting.style import LABELS
from rhythmic.theory import image_ladder

SMALL = {
    "learning_speed": {"num_train": 2560},
    "sample_efficiency": {"sizes": (500, 1000, 4000)},
    "smallest": {"rivals": ("rrn",)},
    "spike_trains": {"num_seeds": 100},
    "which_rhythms": {
        "num_ladders": 30,
        "ratios": (1.2, 1.618, 2.4),
        "long_ratios": (1.2, 1.4, 1.618),
        "num_nodes": (5, 11, 15),
    },
}


def module(name):
    return importlib.import_module(f"experiments.compare.{name}")


def question(name):
    return module(name).EXPERIMENT.measure.__self__


def bundled(name, preset, **changes):
    """Return a preset on the bundled digits, which need no download."""
    options = question(name).presets[preset]
    if hasattr(options, "dataset"):
        changes = {"dataset": "mnist5k"} | changes
        if getattr(options, "num_train", 0) > 4000:
            changes = {"num_train": 4000} | changes
    return dataclasses.replace(options, **changes)


def small(name, **changes):
    """Return the full preset on the bundled digits, in parts of fewer networks."""
    own = {"results": None} if name != "paper_figures" else {}
    return bundled(name, "full", **own | SMALL.get(name, {}) | changes)


@functools.cache
def seeds_of(name, options):
    """Return the seeds of every label that a run of these options has rows of."""
    own = question(name)
    found = {condition.label: condition.seeds for condition in own.conditions(options)}
    seeds = tuple(range(1, getattr(options, "num_seeds", 6) + 1))
    seeds = getattr(options, "seeds", seeds)
    if own.further_labels is not None:
        found |= dict.fromkeys(own.further_labels(options), seeds)
    if name == "spike_trains":
        found |= dict.fromkeys(("spike count", "ideal observer"), seeds)
    if name == "paper_figures":
        found = {LABELS[network]: seeds for network in ("rrn-golden", "rnn", "lstm")}
    return found


def rows_of(name, options, effects=(), validation=(), left=(), *, spread=0.002, luck=0.0):
    """Return rows of every label.

    Args:
        name: of the question.
        options: of the run.
        effects: what test and validation accuracy are above 0.7, by label.
        validation: the same of validation alone, where it differs.
        left: what is left at the largest noise of the accuracy above chance, by label, for 0.7.
        spread: standard deviation over seeds.
        luck: what a seed adds to all networks, times its last digit.
    """
    generator, effects, left = np.random.default_rng(0), dict(effects), dict(left)
    validation = effects | dict(validation)
    levels = np.array(getattr(options, "levels", getattr(options, "noise", (0.0,))), float)
    most = max(levels[-1], 1e-9)
    confusion = (5 * np.eye(10, dtype=int) + 1).tolist()
    rows = {}
    for label, seeds in seeds_of(name, options).items():
        rows[label] = []
        for seed in seeds:
            shift = spread * generator.standard_normal() + luck * (seed % 10)
            reached = 0.7 + effects.get(label, 0.0) + shift
            lost = 1 - left.get(label, 0.7) + spread * generator.standard_normal()
            row = {
                "label": label,
                "seed": seed,
                "test_accuracy": reached,
                "validation_accuracy": 0.7 + validation.get(label, 0.0) + shift,
                "noise_accuracy": (0.1 + (reached - 0.1) * (1 - lost * levels / most)).tolist(),
                "history": {"validation_accuracy": np.linspace(0.1, reached, 13)[1:].tolist()},
                "architecture": "horn",
                "num_parameters": 990 if "1000" in label else 252,
                "num_nodes": 11,
                "num_features": 11 * (1 + len(rows) % 9),
                "learning_rate": 0.01,
                "confusion": confusion,
                "class_features": generator.uniform(1, 2, (10, 11)).tolist(),
                "intact_accuracy": 0.7,
                "knocked_out": (0.68 + spread * generator.standard_normal(11)).tolist(),
                "parameters": {"cell.nodes.raw_frequency": generator.normal(size=11).tolist()},
                "trained weights": generator.normal(size=(11, 11)).tolist(),
                "start weights": generator.normal(size=(11, 11)).tolist(),
            }
            rows[label].append(row)
    return rows | beside(name, options)


def beside(name, options):
    """Return the rows of a question that are not those of networks."""
    if name == "learning_speed":
        timed = {"seconds_per_update": 0.005, "device": "made up"}
        return {"seconds an update": [{"label": one} | timed for one in options.networks]}
    if name == "pixel_orders":
        spectrum = {"frequency": [1.0, 2.0], "power": [1.0, 0.5], "rhythm_share": 0.4}
        return {"power of the pixels": [{"order": "rows"} | spectrum]}
    if name == "paper_figures":
        features = {"mean": [1.0] * 11, "standard_error": [0.1] * 11}
        own = [{"digit": digit} | features for digit in (1, 2, 3, 4)]
        return {"features of single digits": own}
    if name == "smallest":
        return {
            "candidates, never tested": [
                {
                    "label": f"{family} {place}",
                    "family": family,
                    "limit": limit,
                    "num_parameters": 290,
                    "validation_accuracy": 0.7 + 0.01 * place,
                    "frequencies": list(image_ladder(5 + place)),
                }
                for limit in options.limits
                for family in options.families
                for place in range(3)
            ]
        }
    return {}


def verdicts(findings):
    """Return the verdicts on findings of one question."""
    claim = Claim("name", "Statement.", "Test.")
    return [one.word for one in judge([claim] * len(findings), findings)]


def findings(name, options, rows):
    """Return the findings in the order of the claims."""
    return question(name).found(options, rows)


def found(name, options, rows):
    """Return the findings by their claim."""
    return {one.claim: one for one in findings(name, options, rows)}


def finding_of(name, options, rows, claim):
    """Return the finding of one claim; the others take a while."""
    own = question(name)
    (stated,) = (one for one in own.claims if one.name == claim)
    return claims.finding_of(stated, rows, own.readings(options).get(claim, claims.ACCURACIES))
