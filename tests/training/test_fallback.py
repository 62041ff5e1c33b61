"""The way through time that is taken, and what happens where a kernel fails."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AbstractDevice, AbstractMesh, use_abstract_mesh

from rhythmic.fast import fastest_way, ways_of
from rhythmic.networks import MEAN, NetworkSpec, published
from rhythmic.training import Data, GroupPlan, GroupTraining, MemberTraining
from rhythmic.training.group import KernelError, row_functions
from rhythmic.training.problem import Problem
from tests.training.test_features import (
    CLASSES,
    CONFIGURATION,
    CONNECTED,
    COUNT,
    RNN,
    TIME,
    members,
    pool,
)


def group_training(method="fastest"):
    training = MemberTraining(RNN, CONFIGURATION, Problem(CLASSES), method=method)
    return GroupTraining(training, GroupPlan(1, 2), pool())


@pytest.fixture
def gpu(monkeypatch):
    """Pretend that the devices are GPUs, for which no kernel compiles here."""
    monkeypatch.setattr("rhythmic.training.group.platform_of", lambda device: "cuda")


@pytest.mark.usefixtures("gpu")
def test_a_kernel_that_does_not_compile_is_an_error_that_names_the_other_way():
    group = group_training("kernel")
    with pytest.raises(KernelError, match=r"method is 'kernel', which does not .*method='scan'"):
        group.run(members())
    assert group.training.method == "kernel"


@pytest.mark.usefixtures("gpu")
def test_too_little_memory_is_told_as_it_is(monkeypatch):
    group = group_training("kernel")

    def fail(*arguments):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")

    monkeypatch.setattr(MemberTraining, "initial_state", fail)
    group.programs.functions = row_functions(group.training)
    with pytest.raises(jax.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        group.run(members())


@pytest.mark.slow
def test_an_error_of_compilation_is_an_error(monkeypatch):
    group = group_training()

    def fail(*arguments):
        raise ValueError("no program for this")

    monkeypatch.setattr(MemberTraining, "train_epoch", fail)
    group.programs.functions = row_functions(group.training)
    with pytest.raises(ValueError, match="no program for this"):
        group.run(members())


def test_a_kernel_on_a_cpu_is_refused_before_anything_is_compiled():
    with pytest.raises(ValueError, match="a cpu it must be one of 'fastest'"):
        group_training("kernel")


def test_events_are_for_a_cpu():
    data = Data(np.zeros((COUNT, TIME), np.uint8), np.zeros(COUNT, np.int32))
    training = MemberTraining(CONNECTED, CONFIGURATION, Problem(CLASSES))
    ways = {name: training.resolved(data, platform=name) for name in ("cpu", "cuda", "tpu")}
    found = {name: one.method for name, one in ways.items()}
    assert found == {"cpu": "events", "cuda": "kernel", "tpu": "scan"}
    assert [one.one_by_one for one in ways.values()] == [True, False, False]


@pytest.mark.parametrize("name", ["rrn-golden", "rnn", "lstm"])
def test_every_network_of_the_protocol_has_an_adjoint_and_a_kernel(name):
    model = published()[name].build(1, 10, key=jax.random.key(0))
    cell, feature = model.cell, model.feature
    assert ways_of(cell, feature) == ("scan", "adjoint", "kernel")
    by_platform = {name: fastest_way(cell, feature, name) for name in ("cpu", "cuda", "tpu")}
    assert by_platform == {"cpu": "adjoint", "cuda": "kernel", "tpu": "scan"}


@pytest.mark.parametrize("name", ["linoss", "lru", "s5"])
def test_means_of_free_nodes_take_the_scan_on_a_cpu(name):
    model = NetworkSpec(name, 3, **MEAN).build(1, 2, key=jax.random.key(0))
    assert model.ways[:3] == ("scan", "adjoint", "parallel")
    by_platform = {name: model.fastest_way(name) for name in ("cpu", "cuda", "tpu")}
    on_gpu = "kernel" if "kernel" in model.ways else "parallel"
    assert by_platform == {"cpu": "scan", "cuda": on_gpu, "tpu": "scan"}


def test_stacks_are_trained_by_pieces_on_a_cpu():
    data = Data(np.zeros((COUNT, TIME), np.uint8), np.zeros(COUNT, np.int32))
    spec = NetworkSpec("s5", 3, depth=2, encoder_size=3, pooling="mean")
    training = MemberTraining(spec, CONFIGURATION, Problem(CLASSES))
    ways = {name: training.resolved(data, platform=name) for name in ("cpu", "cuda", "tpu")}
    assert {name: one.method for name, one in ways.items()} == {
        "cpu": "pieces",
        "cuda": "parallel",
        "tpu": "scan",
    }


# From JAX 0.12 on Pallas announces the end of its Triton backend.
@pytest.mark.filterwarnings("ignore:The Pallas Triton backend:DeprecationWarning")
@pytest.mark.parametrize("name", ["small", pytest.param("lstm", marks=pytest.mark.slow)])
def test_the_platform_of_the_lowered_program_decides(name):
    """A program for a GPU that is not there holds the kernel, one for a CPU does not."""
    known = published() | {"small": CONNECTED}
    model = known[name].build(1, 10, key=jax.random.key(0))
    described = contextlib.nullcontext()
    if jax.__version_info__ >= (0, 11):
        device = AbstractDevice("NVIDIA H100 80GB HBM3", None, "gpu")
        described = use_abstract_mesh(AbstractMesh((), (), abstract_device=device))

    def loss(inputs):
        return model.features(inputs, method="fastest").sum()

    with described:
        traced = jax.jit(jax.grad(loss)).trace(jnp.zeros((12, 1, 32)))
        programs = {
            platform: traced.lower(lowering_platforms=(platform,)).as_text()
            for platform in ("cpu", "cuda")
        }
    assert ["triton" in programs[platform] for platform in ("cpu", "cuda")] == [False, True]
