"""The kernel over time, interpreted, against the plain scan; and its lowering for a GPU."""

import contextlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import pallas as pl
from jax.sharding import AbstractDevice, AbstractMesh, use_abstract_mesh

from rhythmic.cells import ElmanCell, EquinoxCell, LSTMCell, ResonantCell, trainable
from rhythmic.fast import time_mean_by
from rhythmic.fast.kernel import has_kernel, time_mean_by_kernel
from rhythmic.simulate import time_mean
from rhythmic.theory import ladder
from tests.marks import rest_slow

KEY = jax.random.key(3)
TIME = 12


def resonant(key, frequencies=(3.0, 20.0), **options):
    """A layer whose weights are not zero on the diagonal."""
    cell = ResonantCell(np.asarray(frequencies), key=key, pole_radius=0.9, **options)
    if cell.recurrent_weights is None:
        return cell
    diagonal_too = cell.recurrent_weights + 0.1 * jnp.eye(cell.hidden_size)
    return eqx.tree_at(lambda c: c.recurrent_weights, cell, diagonal_too)


def biased(cell, key):
    """A cell whose biases are not zero."""
    shift = 0.3 * jax.random.normal(key, cell.bias_hh.shape)
    return eqx.tree_at(lambda c: c.bias_hh, cell, shift)


BUILDERS = {
    "resonant": lambda key: resonant(key, (3.0, 20.0, 90.0)),
    "masked": lambda key: resonant(key, diagonal="masked"),
    "unconnected": lambda key: resonant(key, recurrence=False),
    "elman": lambda key: biased(ElmanCell(1, 5, key=key), key),
    "lstm": lambda key: biased(LSTMCell(1, 2, key=key), key),
    "gru": lambda key: EquinoxCell(eqx.nn.GRUCell(2, 2, key=key)),
}
PUBLISHED = {
    "resonant": lambda key: resonant(key, ladder("golden")),
    "elman": lambda key: biased(ElmanCell(1, 11, key=key), key),
    "lstm": lambda key: biased(LSTMCell(1, 6, key=key), key),
}


def feature_of(cell):
    return "squared_amplitude" if isinstance(cell, ResonantCell) else "output"


def by_scan(cell, inputs):
    return time_mean(cell, inputs, observe=getattr(cell, feature_of(cell))).mean


def by_kernel(cell, inputs, samples_per_program=4):
    return time_mean_by_kernel(
        cell,
        inputs,
        feature_of(cell),
        samples_per_program=samples_per_program,
        interpret=True,
    )


def make_inputs(shape, dtype=float):
    return jnp.asarray(np.random.default_rng(4).random(shape), dtype)


@eqx.filter_jit
def value_and_gradient(function, cell, inputs):
    arrays, rest = eqx.partition(cell, eqx.is_inexact_array)

    def scalar(arguments):
        arrays, inputs = arguments
        mean = function(eqx.combine(arrays, rest), inputs)
        return jnp.sum(mean * jnp.cos(jnp.arange(mean.size)).reshape(mean.shape)), mean

    (_, mean), gradient = jax.value_and_grad(scalar, has_aux=True)((arrays, inputs))
    return mean, gradient


def assert_close(found, expected, tolerance):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.max(np.abs(b)))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "name",
    rest_slow(["resonant", "unconnected", "elman", "lstm", "gru"], "resonant"),
)
def test_value_and_every_gradient_are_those_of_the_scan(name):
    cell = BUILDERS[name](KEY)
    assert has_kernel(cell, feature_of(cell))
    # Five samples fill one program and a quarter of the second.
    inputs = make_inputs((TIME, cell.input_size, 5))
    found, expected = (value_and_gradient(f, cell, inputs) for f in (by_kernel, by_scan))
    assert_close(found, expected, 1e-9)


def check_members(build, time, batch, samples_per_program, tolerance):
    cells = [build(key) for key in jax.random.split(KEY, 2)]
    members = jax.tree.map(lambda *x: jnp.stack(x), *cells)
    inputs = make_inputs((2, time, cells[0].input_size, batch), jnp.float32)

    def mean(cell, inputs):
        return by_kernel(cell, inputs, samples_per_program)

    found = eqx.filter_vmap(lambda c, u: value_and_gradient(mean, c, u))(members, inputs)
    expected = eqx.filter_vmap(lambda c, u: value_and_gradient(by_scan, c, u))(members, inputs)
    assert_close(found, expected, tolerance)


@pytest.mark.slow
def test_members_with_their_own_weights_and_inputs_in_single_precision():
    check_members(BUILDERS["masked"], TIME, 20, 16, 1e-5)


@pytest.mark.usefixtures("x64")
def test_a_gradient_is_computed_where_it_is_asked_for():
    cell = resonant(KEY)
    inputs = make_inputs((TIME, 1, 2, 3))
    moving, fixed = eqx.partition(cell, trainable(cell))

    def by_weights(moving, function=by_kernel):
        return jnp.sum(jnp.log(function(eqx.combine(moving, fixed), inputs)))

    def by_inputs(inputs):
        return jnp.sum(by_kernel(cell, inputs))

    found = jax.jit(jax.grad(by_weights))(moving)
    expected = jax.jit(jax.grad(lambda x: by_weights(x, by_scan)))(moving)
    assert_close(found, expected, 1e-9)
    # Per sample of two programs: the four weights alone, and the inputs alone.
    assert result_shapes(jax.grad(by_weights), moving) == [(4, 8)]
    assert result_shapes(jax.grad(by_inputs), inputs) == [(TIME, 1, 8)]


def result_shapes(function, argument):
    """Return the shapes of what the last kernel of a function writes."""
    shapes = []

    def search(program):
        for equation in program.eqns:
            if equation.primitive.name == "pallas_call":
                shapes.append([x.aval.shape for x in equation.outvars])
            for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=is_program):
                if is_program(inner):
                    search(getattr(inner, "jaxpr", inner))

    search(jax.make_jaxpr(function)(argument).jaxpr)
    return shapes[-1]


def is_program(x):
    return hasattr(x, "eqns")


@pytest.mark.usefixtures("x64")
def test_inputs_are_cast_and_batches_of_any_shape_are_taken():
    cell = resonant(KEY, recurrence=False)
    pixels = jnp.asarray(np.random.default_rng(5).integers(0, 4, size=(TIME, 1)), jnp.uint8)
    mean = by_kernel(cell, pixels)
    assert mean.shape == (2,)
    np.testing.assert_allclose(mean, by_scan(cell, pixels), rtol=1e-12)
    narrow = make_inputs((TIME, 1, 2), jnp.float32)
    found, expected = (
        jax.grad(lambda u, f=function: jnp.sum(f(cell, u)))(narrow)
        for function in (by_kernel, by_scan)
    )
    assert_close(found, expected, 1e-5)


@pytest.mark.slow
def test_what_has_no_kernel_is_refused_in_one_line():
    cell, inputs = resonant(KEY), make_inputs((TIME, 1, 2))
    assert has_kernel(cell, "output")
    assert not has_kernel(cell, "phase")
    with pytest.raises(ValueError, match="observe_name is 'phase'; ResonantCell has no such"):
        time_mean_by_kernel(cell, inputs, "phase")
    with pytest.raises(ValueError, match="samples_per_program is 12; it must be a power of two"):
        by_kernel(cell, inputs, 12)
    with pytest.raises(ValueError, match=r"inputs has shape \(12, 2\)"):
        by_kernel(cell, inputs[:, 0])
    many = resonant(KEY, np.linspace(2.0, 100.0, 23))
    with pytest.raises(ValueError, match="cell has 621 parameters; a kernel holds at most 512"):
        by_kernel(many, inputs)
    cumulative = ElmanCell(1, 3, key=KEY, activation=lambda x: jnp.cumsum(x, axis=0))
    assert not has_kernel(cumulative, "output")
    with pytest.raises(ValueError, match="operation cumsum, which a kernel cannot take"):
        by_kernel(cumulative, inputs)
    half = jax.tree.map(lambda x: x.astype(jnp.float16), cell)
    assert not has_kernel(half, "output")
    mixed = eqx.tree_at(lambda c: c.nodes.w1, cell, cell.nodes.w1.astype(jnp.float16))
    assert not has_kernel(mixed, "output")
    with pytest.raises(ValueError, match="arrays of dtype float16, float32; a kernel"):
        by_kernel(mixed, inputs.astype(jnp.float16))


def lower_for_cuda(function, *arguments):
    """Return the program for an H100; JAX from 0.11 on asks which GPU it is, older assumes one."""
    described = contextlib.nullcontext()
    if jax.__version_info__ >= (0, 11):
        device = AbstractDevice("NVIDIA H100 80GB HBM3", None, "gpu")
        described = use_abstract_mesh(AbstractMesh((), (), abstract_device=device))
    with described:
        traced = jax.jit(function).trace(*arguments)
        return traced.lower(lowering_platforms=("cuda",)).as_text()


def can_lower_for_cuda():
    """Try a kernel that only copies."""

    def copy(source, target):
        target[...] = source[...]

    def function(x):
        from jax.experimental.pallas import triton

        shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return pl.pallas_call(copy, out_shape=shape, compiler_params=triton.CompilerParams())(x)

    try:
        lower_for_cuda(function, jnp.zeros(32))
    except Exception as error:
        return f"this jaxlib lowers no Pallas kernel for CUDA: {type(error).__name__}: {error}"
    return None


# From JAX 0.12 on Pallas announces the end of its Triton backend.
@pytest.mark.filterwarnings("ignore:The Pallas Triton backend:DeprecationWarning")
@pytest.mark.parametrize(
    "build",
    [
        BUILDERS["masked"],
        pytest.param(PUBLISHED["resonant"], marks=pytest.mark.slow),
        pytest.param(BUILDERS["unconnected"], marks=pytest.mark.slow),
        pytest.param(PUBLISHED["elman"], marks=pytest.mark.slow),
        pytest.param(PUBLISHED["lstm"], marks=pytest.mark.slow),
    ],
)
def test_it_lowers_for_a_gpu_without_one(build):
    reason = can_lower_for_cuda()
    if reason is not None:
        pytest.skip(reason)
    cell = build(KEY)
    feature = feature_of(cell)
    arrays, rest = eqx.partition(cell, eqx.is_inexact_array)
    members = jax.tree.map(lambda x: jnp.stack([x] * 3), arrays)
    inputs = jnp.zeros((3, 784, 1, 128))

    def mean(arrays, inputs):
        return time_mean_by_kernel(eqx.combine(arrays, rest), inputs, feature)

    def gradient(arrays, inputs):
        return jax.grad(lambda x: jnp.sum(mean(*x)))((arrays, inputs))

    call = "custom_call @__gpu$xla.gpu.triton"
    if not isinstance(cell, LSTMCell):  # slow to lower, and the gradient holds the forward pass
        alone = lower_for_cuda(mean, arrays, inputs[0])
        assert alone.count(call) == 1
        assert "grid_x = 4 : i32, grid_y = 1 : i32" in alone
        assert "num_warps = 1" in alone
    together = lower_for_cuda(jax.vmap(gradient), members, inputs)
    assert together.count(call) == 2
    assert together.count("grid_x = 4 : i32, grid_y = 3 : i32") == 2


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ["resonant", pytest.param("lstm", marks=pytest.mark.slow)])
def test_unequal_lengths_are_those_of_the_scan_and_padding_changes_no_bit(name):
    cell = jax.tree.map(lambda x: x.astype(float), BUILDERS[name](KEY))
    lengths = jnp.array([1, 5, TIME + 7, 9])  # beyond the end counts as to the end
    inputs = jax.random.normal(KEY, (TIME, 1, 4))
    behind = jnp.arange(TIME)[:, None, None] >= lengths
    feature = feature_of(cell)

    def kernel(cell, inputs):
        options = {"lengths": lengths, "samples_per_program": 2, "interpret": True}
        return time_mean_by_kernel(cell, inputs, feature, **options)

    def scan(cell, inputs):
        return time_mean_by("scan", cell, feature, inputs, lengths)

    def value_and_gradient(mean, inputs):
        arrays, rest = eqx.partition(cell, eqx.is_inexact_array)
        weights = jax.random.normal(KEY, (cell.hidden_size, 4))
        loss = lambda arrays, x: jnp.sum(weights * mean(eqx.combine(arrays, rest), x))  # noqa: E731
        return jax.jit(jax.value_and_grad(loss, (0, 1)))(arrays, inputs)

    found = value_and_gradient(kernel, inputs)
    expected = value_and_gradient(scan, inputs)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    padded = value_and_gradient(kernel, jnp.where(behind, jnp.nan, inputs))
    for a, b in zip(jax.tree.leaves(padded), jax.tree.leaves(found), strict=True):
        np.testing.assert_array_equal(a, b)
