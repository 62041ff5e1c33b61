"""Every setting in every run of one network: chosen by validation within the run, tested once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.compare.plan import Division
from rhythmic.data import Recordings
from rhythmic.networks.network import Network
from rhythmic.networks.spec import NetworkSpec
from rhythmic.training.configuration import (
    Hyperparameters,
    MemberRhythms,
    Members,
    TrainingConfiguration,
)
from rhythmic.training.member import MemberTraining
from rhythmic.training.objectives import better_is_higher
from rhythmic.training.recorded import is_ragged, members_of, pool_of, problem_of
from rhythmic.training.runs import Runs
from rhythmic.training.trained import open_folder
from rhythmic.typing import PyTree


@dataclass(frozen=True)
class Searched:
    """The chosen runs of one network, or of one ladder.

    Attributes:
        networks: with the parameters of their best validation epoch, one per run.
        settings: place of the chosen setting of each run.
        hyperparameters: of each run.
        validation_scores: of the best epoch of each run.
        test_scores: of the test trials of each run, read once; NaN of one that failed.
        confusion: test targets by true and predicted class, ``(run, class_, class_)``.
        train_loss: ``(run, epoch)``.
        validation_curve: scores ``(run, epoch)``.
        num_parameters: that training may change.
    """

    networks: tuple[Network, ...]
    settings: np.ndarray
    hyperparameters: Hyperparameters
    validation_scores: np.ndarray
    test_scores: np.ndarray
    confusion: np.ndarray
    train_loss: np.ndarray
    validation_curve: np.ndarray
    num_parameters: int


def prepared(
    spec: NetworkSpec,
    recordings: Recordings,
    divisions: Sequence[Division],
    settings: Hyperparameters,
    recipe: TrainingConfiguration,
) -> tuple[MemberTraining, Members]:
    """Return the training of a network, and a member for each setting and run, runs fastest."""
    splits = {division.seed: division.split for division in divisions}
    members = members_of(
        recordings,
        splits.__getitem__,
        seeds=tuple(splits),
        learning_rates=tuple(map(float, settings.learning_rate)),
        weight_decay=0.0,
        label_smoothing=0.0,
        standardised=True,
    )
    every = Hyperparameters(*(np.repeat(values, len(splits)) for values in settings))
    members = members._replace(hyperparameters=every)
    problem = problem_of(recordings, True)
    return MemberTraining(spec, recipe, problem, is_ragged=is_ragged(members)), members


def searched(
    spec: NetworkSpec,
    recordings: Recordings,
    divisions: Sequence[Division],
    settings: Hyperparameters,
    recipe: TrainingConfiguration,
    *,
    rhythms: Sequence[MemberRhythms] = (),
    folder: Path | None = None,
    quiet: bool = False,
) -> list[Searched]:
    """Train a network with every setting in every run; choose within each run; test what is chosen.

    Args:
        spec: the network.
        recordings: all trials.
        divisions: of the trials, one per run.
        settings: to choose from, ``(setting,)`` each.
        recipe: that all runs share.
        rhythms: fixed rhythms of one row each that take the place of the network's own; the search
            is made for each of them.
        folder: for states between epochs, so that a run which was stopped is resumed.
        quiet: whether to show no progress.

    Returns:
        One search for each of ``rhythms``, or one of the network as it is.
    """
    training, members = prepared(spec, recordings, divisions, settings, recipe)
    count, num_settings = max(1, len(rhythms)), len(settings.learning_rate)
    if rhythms:
        own = len(members.seed)
        members = jax.tree.map(lambda x: np.concatenate([x] * count), members)
        every = jax.tree.map(lambda *rows: np.concatenate(rows), *rhythms)
        nodes = jax.tree.map(lambda x: np.repeat(np.asarray(x), own, axis=0), every)
        members = members._replace(rhythms=nodes)
    data = pool_of(recordings)
    if folder is not None:
        open_folder(folder, training, data, members)
    devices = jax.local_device_count()
    runs = Runs(training, data, members, devices, folder=folder, quiet=quiet)
    state = runs.train()
    scores = np.asarray(state.best.validation_score, float)
    failed = np.asarray((state.failed_at_step >= 0) | (state.best.epoch < 0))
    sign = 1 if better_is_higher(training.score) else -1
    ranked = np.where(failed, -np.inf, sign * np.round(scores, 6))
    places = np.arange(len(scores)).reshape(count, num_settings, len(divisions))
    best = np.argmax(ranked[places], axis=1)  # of several the lowest learning rate
    chosen = np.take_along_axis(places, best[:, None], axis=1)[:, 0]
    flat = chosen.ravel()
    state, members = (
        jax.tree.map(lambda x: np.asarray(x)[flat], tree) for tree in (state, members)
    )
    record = runs.test(state, members)
    scores = np.where(failed, np.nan, scores)[flat]
    size = len(divisions)
    found = []
    for place in range(count):
        rows = slice(place * size, (place + 1) * size)
        part, own_members = (jax.tree.map(lambda x, r=rows: x[r], x) for x in (state, members))
        networks = _networks(runs.group.training, part, own_members)
        found.append(
            Searched(
                networks,
                best[place],
                Hyperparameters(*map(np.asarray, own_members.hyperparameters)),
                scores[rows],
                np.asarray(record.score, float)[rows],
                np.asarray(record.confusion)[rows],
                np.asarray(part.history.train_loss),
                np.asarray(part.history.validation_score),
                networks[0].num_parameters(),
            )
        )
    return found


def _networks(training: MemberTraining, state: PyTree, members: Members) -> tuple[Network, ...]:
    """Return the network of each run, with the parameters of its best epoch."""
    networks = []
    for place in range(len(members.seed)):
        one = [jax.tree.map(lambda x, k=place: x[k], tree) for tree in (state, members)]
        network = training.network(*one)
        networks.append(jax.tree.map(lambda x: jnp.asarray(x) if eqx.is_array(x) else x, network))
    return tuple(networks)
