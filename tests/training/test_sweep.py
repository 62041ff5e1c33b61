"""Training as a sweep: the bits of a group, kept on disk, gone on with after any epoch."""

import jax
import numpy as np
import pytest

from rhythmic.data.dataset import Split
from rhythmic.networks import MEAN, NetworkSpec
from rhythmic.sweep import Grid, Points, run_sweep, values_axis
from rhythmic.sweep.chunks import ChunkComputer
from rhythmic.sweep.dataset import open_sweep
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    MemberTraining,
    make_members,
    training_sweep,
)
from rhythmic.training.problem import Problem
from rhythmic.trees import named_arrays
from tests.training.small import CONFIGURATION, RRN, pool, split

DATA = pool()
RATES = (0.01, 0.05)


def design(seeds=(3, 4), rates=RATES):
    settings = Points(
        (
            values_axis("learning_rate", rates, ""),
            values_axis("weight_decay", [0.0] * len(rates), ""),
            values_axis("label_smoothing", [0.05] * len(rates), ""),
        ),
        name="setting",
    )
    return Grid((values_axis("seed", seeds, ""), settings))


RNN = NetworkSpec("rnn", 2, name="rnn", dropout_rate=0.1, **MEAN)


@pytest.fixture
def training():
    """The quickest one to compile."""
    return MemberTraining(RNN, CONFIGURATION, problem=Problem(3))


@pytest.mark.slow  # compiled as users do: with few optimizations, bits depend on the program
@pytest.mark.parametrize("architecture", [RRN, RNN], ids=["rrn", "rnn"])
def test_a_sweep_gives_the_bits_of_groups(architecture, tmp_path):
    training = MemberTraining(architecture, CONFIGURATION, problem=Problem(3))
    sweep = training_sweep(training, DATA, split, design(), tested=True)
    # Two settings a chunk, as two members a group.
    result = run_sweep(sweep, folder=tmp_path, devices=1, chunk_points=2, quiet=True)
    group = GroupTraining(training, GroupPlan(1, 2), DATA)
    for place, seed in enumerate((3, 4)):
        members = make_members(
            split,
            seeds=(seed, seed),
            learning_rate=RATES,
            weight_decay=(0.0, 0.0),
            label_smoothing=(0.05, 0.05),
        )
        state = group.run(members)
        test = group.test(state, members)
        expected = {
            "validation_score": state.best.validation_score,
            "best_epoch": state.best.epoch,
            "train_loss_by_epoch": state.history.train_loss,
            "test_score": test.score,
            "confusion": test.confusion,
            "first_bad_step": state.failed_at_step,
        }
        expected |= {
            f"parameters.{path}": x for path, x in named_arrays(state.best.parameters).items()
        }
        for name, values in expected.items():
            np.testing.assert_array_equal(result.arrays[name][place], values, err_msg=name)
    dataset = open_sweep(tmp_path)
    assert dataset["test_score"].dims == ("seed", "setting")
    assert dataset["train_loss_by_epoch"].sizes["epoch"] == 3
    assert int(dataset["status"].sum()) == 0


class Stop(Exception):
    """Ends a run where a test has seen enough."""


@pytest.mark.slow
def test_a_stopped_training_goes_on_after_its_last_epoch(training, tmp_path, monkeypatch):
    sweep = training_sweep(training, DATA, split, design(seeds=(3,)))
    whole = run_sweep(sweep, quiet=True, devices=1)
    kept = []
    keep_state = ChunkComputer.keep_state

    def note(self, path, state, done):
        keep_state(self, path, state, done)
        kept.append(done)
        if kept == [1, 2]:
            raise Stop

    monkeypatch.setattr(ChunkComputer, "keep_state", note)
    with pytest.raises(Stop):
        run_sweep(sweep, folder=tmp_path, quiet=True, devices=1, chunk_points=2)
    result = run_sweep(sweep, folder=tmp_path, quiet=True, devices=1, chunk_points=2)
    assert kept == [1, 2, 3]
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(result.arrays[name], values, err_msg=name)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Grid((values_axis("seed", [1], ""),)), "it differs in label_smoothing"),
        (lambda: design(rates=(0.1, -0.1)), r"learning_rate is -0\.1"),
        (lambda: design(rates=(0.1, 1e-40)), r"learning_rate is 1e-40"),
        (lambda: design(seeds=(-1,)), "seeds holds -1"),
        (lambda: design(seeds=(1.5,)), "design has a seed of real numbers"),
    ],
)
def test_a_design_that_cannot_be_is_refused_by_name(training, wrong, message, monkeypatch):
    monkeypatch.setattr(jax.stages.Lowered, "compile", None)
    with pytest.raises(ValueError, match=message):
        training_sweep(training, DATA, split, wrong())


def test_a_split_of_another_pool_is_refused_before_anything_runs(training, monkeypatch):
    monkeypatch.setattr(jax.stages.Lowered, "compile", None)
    smaller = Data(DATA.inputs[:30], DATA.targets[:30])
    with pytest.raises(ValueError, match=r"^members\.train holds 3\d; it must lie in 0 to 29"):
        training_sweep(training, smaller, split, design())
    # Where the first seed fits and a later one does not, its own chunk is refused.
    fitting = Split(np.arange(20), np.arange(20, 28), np.arange(28, 30))
    sweep = training_sweep(training, smaller, lambda x: fitting if x == 3 else split(x), design())
    rows = {"learning_rate": [0.1], "weight_decay": [0.0], "label_smoothing": [0.0]}
    values = {name: np.array(value) for name, value in ({"seed": [4]} | rows).items()}
    with pytest.raises(ValueError, match=r"^members\.train holds 3\d"):
        sweep.prepare(values)
