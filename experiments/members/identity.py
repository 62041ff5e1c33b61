"""What a kept result is known by, written out key by key.

The keys are those of the rows under ``experiments/results``. A field that the code renames keeps
its key here, and what came later is left out where it holds what had always been so: rows that
were computed before still count. A test finds every row.
"""

import functools
from typing import Any

from rhythmic.architectures import CellArchitecture, Head
from rhythmic.data import SpikeTrains
from rhythmic.models import Architecture, GatedOrPlainArchitecture, ResonantArchitecture
from rhythmic.training import TrainingConfiguration
from rhythmic.training.search import Setting

Identity = dict[str, Any]

# Raised when a change of the training code changes results: older rows then no longer count.
TRAINING_VERSION = 1

# Parts of a recipe that came later, with what had always been so.
_LATER = {"schedule": "one_cycle", "input_noise": 0.0, "passes": 1}


@functools.singledispatch
def architecture_identity(architecture: Architecture) -> Identity:
    """Return what a network is known by; an architecture of one's own registers its keys.

    Raises:
        TypeError: for an architecture without.
    """
    kind = type(architecture).__name__
    raise TypeError(f"{kind} has no identity; register one with architecture_identity")


@architecture_identity.register
def _(one: ResonantArchitecture) -> Identity:
    return {
        "name": one.name,
        "frequencies": one.frequencies,
        "recurrence": one.recurrence,
        "sample_rate": one.sample_rate,
        "pole_radius": one.pole_radius,
        "diagonal": one.diagonal,
    }


@architecture_identity.register
def _(one: GatedOrPlainArchitecture) -> Identity:
    return {
        "name": one.name,
        "cell": one.cell,
        "hidden_size": one.hidden_size,
        "dropout_rate": one.dropout_rate,
    }


@architecture_identity.register
def _(one: CellArchitecture) -> Identity:
    return {
        "name": one.name,
        "cell": one.cell,
        "hidden_size": one.hidden_size,
        "head": head_identity(one.head),
        "input_size": one.input_size,
        "options": one.options,
    }


def head_identity(head: Head) -> Identity:
    """Return what a feature, its pooling and its readout are known by."""
    return {
        "feature": head.feature,
        "pooling": head.pooling,
        "readout": head.readout,
        "dropout_rate": head.dropout_rate,
        "readout_size": head.readout_size,
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
