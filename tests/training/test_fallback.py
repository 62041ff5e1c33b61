"""The way to the features that a device takes, and what happens where its kernel fails."""

import jax
import numpy as np
import pytest

from rhythmic.adjoints import fastest_mean, mean_with_adjoint
from rhythmic.networks import MEAN, NetworkSpec, published, rhythmic_network
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    Hyperparameters,
    Members,
    MemberTraining,
    TrainingConfiguration,
)
from rhythmic.training.group import row_functions
from rhythmic.training.problem import Problem

CONFIGURATION = TrainingConfiguration(epochs=2, batch_size=8, rising_share=0.4)
COUNT, TIME, CLASSES = 40, 12, 3


@pytest.fixture
def gpu(monkeypatch):
    """Pretend that programs run on a GPU; for a kernel, compiling fails here."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")


def group_training(method="fastest"):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (COUNT, TIME)).astype(np.uint8)
    data = Data(images, (np.arange(COUNT) % CLASSES).astype(np.int32))
    architecture = NetworkSpec("rnn", 2, name="rnn", **MEAN)
    training = MemberTraining(architecture, CONFIGURATION, Problem(CLASSES), method=method)
    return GroupTraining(training, GroupPlan(1, 2), data)


def members():
    order = np.stack([np.random.default_rng(s).permutation(COUNT) for s in (4, 5)])
    rates = Hyperparameters(*(np.full(2, x, np.float32) for x in (0.02, 0.1, 0.05)))
    parts = np.split(order.astype(np.int32), (21, 28), axis=1)
    return Members(np.array([4, 5]), rates, *parts)


@pytest.mark.slow
def test_a_kernel_that_does_not_compile_gives_way_to_the_scan(gpu):
    del gpu
    group = group_training()
    with pytest.warns(UserWarning, match="taking the plain scan, since"):
        state = group.run(members())
    assert group.training.method == "scan"
    plain = group_training("scan").run(members())
    np.testing.assert_array_equal(state.history.train_loss, plain.history.train_loss)


def test_too_little_memory_is_no_reason_to_take_the_scan(gpu, monkeypatch):
    del gpu
    group = group_training()

    def fail(*arguments):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")

    monkeypatch.setattr(MemberTraining, "initial_state", fail)
    group.programs.functions = row_functions(group.training)
    with pytest.raises(jax.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        group.run(members())
    assert group.training.method == "fastest"


def test_events_are_for_processors(gpu):
    del gpu
    architecture = rhythmic_network((20.0, 90.0), pole_radius=0.9, name="own")
    images = np.zeros((COUNT, TIME), np.uint8)
    data = Data(images, np.zeros(COUNT, np.int32))
    assert (
        MemberTraining(architecture, CONFIGURATION, Problem(CLASSES)).prepared(data).sparse is None
    )


@pytest.mark.slow
def test_on_a_processor_an_error_of_compilation_is_an_error(monkeypatch):
    group = group_training()

    def fail(*arguments):
        raise ValueError("no program for this")

    monkeypatch.setattr(MemberTraining, "train_epoch", fail)
    group.programs.functions = row_functions(group.training)
    with pytest.raises(ValueError, match="no program for this"):
        group.run(members())


@pytest.mark.parametrize("name", ["rrn-golden", "rnn", "lstm"])
def test_every_network_of_the_protocol_has_an_adjoint_and_a_kernel(name, monkeypatch):
    model = published()[name].build(1, 10, key=jax.random.key(0))
    by_hand = mean_with_adjoint(model.cell, model.feature)
    assert by_hand is not None
    assert fastest_mean(model.cell, model.feature) is by_hand
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert fastest_mean(model.cell, model.feature).func.__name__ == "time_mean_by_kernel"
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    assert fastest_mean(model.cell, model.feature) is None
