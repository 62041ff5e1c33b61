"""What a kept result is known by, written out key by key.

The keys are those of the rows under ``experiments/results``. A field that the code renames keeps
its key here, and what came later is left out where it holds what had always been so: rows that
were computed before still count. A test finds every row.
"""

import functools
from typing import Any

from rhythmic.data import SpikeTrains
from rhythmic.networks import NetworkSpec
from rhythmic.training import TrainingConfiguration
from rhythmic.training.search import Setting

Identity = dict[str, Any]

# Raised when a change of the training code changes results: older rows then no longer count.
TRAINING_VERSION = 1

# Parts of a recipe that came later, with what had always been so.
_LATER = {"schedule": "one_cycle", "input_noise": 0.0, "passes": 1}


# Options of the published networks, by their cells; each of the three stands for one older form.
_OF_LADDER = ("frequencies", "recurrence", "sample_rate", "pole_radius", "diagonal")
_OF_BASELINE = {"rnn": ("recurrent_gain",), "lstm": ("forget_bias",)}


@functools.singledispatch
def network_identity(network: Any, input_size: int = 1) -> Identity:
    """Return what a network is known by; one of another kind registers its keys.

    Args:
        network: its specification.
        input_size: channels of a sample.

    Raises:
        TypeError: for a kind without keys.
    """
    kind = type(network).__name__
    raise TypeError(f"{kind} has no identity; register one with network_identity")


@network_identity.register
def _(network: NetworkSpec, input_size: int = 1) -> Identity:
    options = dict(network.options)
    if is_published_rhythm(network):
        return {"name": network.name, **options}
    if tuple(options) == _OF_BASELINE.get(network.cell):
        return {
            "name": network.name,
            "cell": {"rnn": "elman"}.get(network.cell, network.cell),
            "hidden_size": network.hidden_size,
            "dropout_rate": network.dropout_rate,
        }
    return {
        "name": network.name,
        "cell": network.cell,
        "hidden_size": network.hidden_size,
        "head": head_identity(network),
        "input_size": input_size,
        "options": network.options,
    }


def is_published_rhythm(network: Any) -> bool:
    """Tell whether a network is the published rhythmic RNN, on any ladder."""
    return tuple(dict(getattr(network, "options", ()))) == _OF_LADDER


def head_identity(network: Any) -> Identity:
    """Return what the feature of a ``network``, its pooling and its readout are known by."""
    return {
        "feature": network.feature,
        "pooling": network.pooling,
        "readout": network.readout,
        "dropout_rate": network.dropout_rate,
        "readout_size": network.readout_size,
    }


def recipe_identity(training: TrainingConfiguration) -> Identity:
    """Return what of a recipe changes results."""
    later = {
        "schedule": training.schedule,
        "input_noise": training.input_noise,
        "passes": training.passes,
    }
    return {
        "epochs": training.epochs,
        "batch_size": training.batch_size,
        "rising_share": training.rising_share,
        "momentum": training.momentum,
        "clip_norm": training.clip_norm,
        **{key: value for key, value in later.items() if value != _LATER[key]},
    }


def setting_identity(setting: Setting) -> Identity:
    """Return what the hyperparameters of one network are known by."""
    return {
        "learning_rate": setting.learning_rate,
        "weight_decay": setting.weight_decay,
        "label_smoothing": setting.label_smoothing,
    }


def trains_identity(trains: SpikeTrains) -> Identity:
    """Return what spike trains are known by, but for their seeds."""
    return {
        "rate": trains.rate,
        "sample_rate": trains.sample_rate,
        "duration": trains.duration,
        "slowest_modulation": trains.slowest_modulation,
        "fastest_modulation": trains.fastest_modulation,
        "train_size": trains.train_size,
        "validation_size": trains.validation_size,
        "test_size": trains.test_size,
    }
