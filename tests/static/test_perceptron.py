"""The perceptron against loops, its convergence theorem and the thresholds that exist."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from rhythmic.static import logic_gate, perceptron_learning, perceptron_output
from rhythmic.static.perceptron import (
    LOGIC_GATES,
    best_threshold_accuracy,
    first_error_free_epoch,
    largest_margin_plane,
    novikoff_bound,
    perceptron_activity,
    perceptron_margin,
    separable_clouds,
)
from tests.refusals import refusals

PROPERTY = settings(max_examples=60, derandomize=True, deadline=None)
learn = jax.jit(perceptron_learning, static_argnums=4)
bound_of = jax.jit(novikoff_bound)


def loop(inputs, targets, weights, theta, num_epochs, rate=1.0):
    weights, theta = np.array(weights, float), float(theta)
    history, errors = [(*weights, theta)], []
    for _ in range(num_epochs):
        wrong = 0
        for example, target in zip(inputs, targets, strict=True):
            x = sum(i * w for i, w in zip(example, weights, strict=True)) + theta
            error = target - (1 if x > 0 else 0)
            weights, theta = weights + rate * error * example, theta + rate * error
            wrong += error != 0
        history.append((*weights, theta))
        errors.append(wrong)
    return np.array(history), np.array(errors)


def test_output_is_0_at_and_below_zero_and_1_above():
    inputs = np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0]])
    activity = perceptron_activity(inputs, np.array([1.0, 0.5]), -2.5)
    np.testing.assert_array_equal(activity, [-0.5, 0.0, 0.5])
    np.testing.assert_array_equal(
        perceptron_output(inputs, np.array([1.0, 0.5]), -2.5), [0.0, 0.0, 1.0]
    )
    assert perceptron_output(inputs[2], np.array([1.0, 0.5]), -2.5).shape == ()
    assert np.isnan(perceptron_output(np.array([np.nan, 1.0]), np.ones(2), 0.0))


@pytest.mark.parametrize("rate", [1.0, 0.3])
def test_learning_is_the_loop(rate, x64):
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(7, 3))
    targets = generator.integers(0, 2, 7)
    weights, theta = generator.normal(size=3), 0.4
    result = perceptron_learning(inputs, targets, weights, theta, 5, rate)
    history, errors = loop(inputs, targets, weights, theta, 5, rate)
    assert errors.sum() > 0
    np.testing.assert_allclose(result.weights, history[:, :3], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(result.theta, history[:, 3], rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(result.errors, errors)


integers = st.integers(-2, 2)


@PROPERTY
@given(
    inputs=st.lists(st.tuples(integers, integers), min_size=6, max_size=6),
    direction=st.tuples(integers, integers, integers),
)
def test_separable_data_are_learned_within_novikoffs_bound(inputs, direction):
    inputs, (w1, w2, theta) = np.array(inputs, float), direction
    targets = (inputs @ [w1, w2] + theta > 0).astype(int)
    # Half a step aside, no example is on the line: 2 (w . input + theta) - 1 is odd.
    witness = np.array([2.0 * w1, 2.0 * w2]), 2.0 * theta - 1
    bound = float(bound_of(inputs, targets, *witness))
    assert np.isfinite(bound)
    result = learn(inputs, targets, np.zeros(2), 0.0, 520)  # the bound is at most 57 * 9
    assert result.errors.sum() <= bound * (1 + 1e-5)
    epochs = int(first_error_free_epoch(result.errors))
    assert 0 <= epochs <= bound
    assert not result.errors[epochs:].any()
    outputs = perceptron_output(inputs, result.weights[-1], result.theta[-1])
    np.testing.assert_array_equal(outputs, targets)
    # The largest margin gives the lowest bound, and that too must hold.
    plane = largest_margin_plane(inputs, targets)
    lowest = float(bound_of(inputs, targets, plane.weights, plane.theta))
    assert result.errors.sum() <= lowest * (1 + 1e-5) <= bound * (1 + 1e-4)


@pytest.fixture(scope="module")
def gates():
    """Every gate from six starts, mapped, and the starts (w1, w2, theta)."""
    pairs = [logic_gate(name) for name in LOGIC_GATES]
    inputs, targets = (jnp.stack(values) for values in zip(*pairs, strict=True))
    starts = jax.random.normal(jax.random.key(3), (6, 3)).at[0].set(0.0)
    over_starts = jax.vmap(perceptron_learning, (None, None, 0, 0, None))
    mapped = jax.jit(jax.vmap(over_starts, (0, 0, None, None, None)), static_argnums=4)(
        inputs, targets, starts[:, :2], starts[:, 2], 60
    )
    return mapped, np.asarray(starts)


def test_learning_maps_over_data_sets_and_starts(gates):
    mapped, starts = gates
    assert mapped.weights.shape == (4, 6, 61, 2)
    assert mapped.errors.shape == (4, 6, 60)
    inputs = list(itertools.product((0.0, 1.0), repeat=2))
    for i, name in enumerate(LOGIC_GATES):
        for j, start in enumerate(starts):
            history, errors = loop(np.array(inputs), LOGIC_GATES[name], start[:2], start[2], 60)
            np.testing.assert_allclose(mapped.weights[i, j], history[:, :2], atol=1e-4)
            np.testing.assert_array_equal(mapped.errors[i, j], errors)


def test_first_error_free_epoch():
    errors = np.array([[2, 1, 0, 0], [0, 0, 0, 0], [3, 3, 3, 1]])
    np.testing.assert_array_equal(first_error_free_epoch(errors), [2, 0, -1])
    assert first_error_free_epoch(np.zeros((2, 0), int)).tolist() == [-1, -1]


def test_outside_the_domain_is_nan():
    inputs = np.array([[1.0, 0.0], [0.0, 1.0]])
    result = learn(inputs, np.array([2.0, 0.0]), np.zeros(2), 0.0, 2)
    assert np.isnan(result.weights[-1]).all()
    assert first_error_free_epoch(result.errors) == -1
    assert np.isnan(novikoff_bound(inputs, np.array([2.0, 0.0]), np.ones(2), 0.0))
    assert np.isnan(novikoff_bound(inputs, np.array([1.0, 0.0]), np.zeros(2), 0.0))


def test_margin_and_bound_in_closed_form():
    # Two examples at -a and b on a line, and the direction (w, theta).
    inputs, targets = np.array([[-3.0], [2.0]]), np.array([0, 1])
    assert perceptron_margin(inputs, targets, np.ones(1), 0.5) == pytest.approx(2.5 / 1.25**0.5)
    assert novikoff_bound(inputs, targets, np.ones(1), 0.5) == pytest.approx(10 * 1.25 / 6.25)
    assert novikoff_bound(inputs, targets, -np.ones(1), 0.5) == np.inf
    assert novikoff_bound(inputs, targets, np.ones(1), 3.0) == np.inf  # one on the line


def test_largest_margin_is_what_a_constrained_minimiser_finds():
    generator = np.random.default_rng(5)
    for _ in range(5):
        inputs = generator.normal(size=(12, 3))
        targets = (inputs @ generator.normal(size=3) > 0.1).astype(int)
        signed = (2 * targets - 1)[:, None] * np.append(inputs, np.ones((12, 1)), axis=1)
        found = minimize(
            lambda v: v @ v,
            np.zeros(4),
            constraints={"type": "ineq", "fun": lambda v, signed=signed: signed @ v - 1},
            method="SLSQP",
        )
        assert found.success
        plane = largest_margin_plane(inputs, targets)
        assert plane.margin == pytest.approx(found.fun**-0.5, rel=1e-5)
        assert np.linalg.norm([*plane.weights, plane.theta]) == pytest.approx(1)


def test_threshold_functions_of_two_and_three_inputs_are_14_and_104():
    # Known counts (Muroga, Threshold Logic and Its Applications, 1971).
    for num_inputs, expected in ((2, 14), (3, 104)):
        inputs = np.array(list(itertools.product((0, 1), repeat=num_inputs)))
        functions = itertools.product((0, 1), repeat=len(inputs))
        margins = [largest_margin_plane(inputs, targets).margin for targets in functions]
        assert sum(margin > 0 for margin in margins) == expected


def test_no_plane_is_returned_where_none_separates():
    # Four examples on a line through the plane: its own normal is at zero from all, by rounding.
    aligned = np.linspace(0.1, 0.7, 4)[:, None] * [0.3, 0.7] + [0.1, 0.2]
    for inputs, targets in (logic_gate("XOR"), (aligned, [0, 1, 0, 1]), (np.ones((2, 3)), [0, 1])):
        plane = largest_margin_plane(inputs, targets)
        assert np.isnan([*plane.weights, plane.theta, plane.margin]).all()


def test_no_line_has_more_than_three_of_xors_four():
    assert best_threshold_accuracy(*logic_gate("XOR")) == 0.75
    for name in ("AND", "OR", "NAND"):
        assert best_threshold_accuracy(*logic_gate(name)) == 1.0
    # Two examples at one place with both targets, and no feature that could help.
    assert best_threshold_accuracy(np.zeros((2, 1)), [0, 1]) == 0.5
    assert best_threshold_accuracy(np.zeros((1, 1)), [1]) == 1.0


def test_clouds_are_gaussian_halves_a_gap_apart():
    draw = jax.jit(lambda gap: separable_clouds(4000, 3, gap, key=jax.random.key(0)))
    joined, apart = (jax.tree.map(np.asarray, draw(gap)) for gap in (0.0, 1.0))
    np.testing.assert_array_equal(joined.targets, apart.targets)
    shift = apart.inputs - joined.inputs
    normal = 2 * shift[apart.targets == 1].mean(axis=0)
    np.testing.assert_allclose(np.linalg.norm(normal), 1.0, rtol=1e-4)
    halves = np.where(apart.targets[:, None] == 1, 0.5, -0.5)
    np.testing.assert_allclose(shift, halves * normal, atol=1e-4)
    along = apart.inputs @ normal
    assert np.abs(along).min() >= 0.5 - 1e-4
    np.testing.assert_array_equal(along > 0, apart.targets == 1)
    np.testing.assert_allclose(np.cov(joined.inputs.T), np.eye(3), atol=0.1)
    assert largest_margin_plane(apart.inputs[:50], apart.targets[:50]).margin > 0.45
    assert np.isnan(draw(-1.0).inputs).all()


test_bad_arguments_are_named_in_one_line = refusals(
    {
        r"weights has shape \(2,\); .* with feature = 3 as in inputs": lambda: perceptron_output(
            np.ones((2, 3)), np.ones(2), 0.0
        ),
        "weights": lambda: perceptron_output(np.ones(2), np.ones((2, 2)), 0.0),
        r"targets has shape": lambda: learn(np.ones((2, 3)), np.ones(3), np.ones(3), 0.0, 1),
        "one example or more": lambda: learn(np.ones((0, 3)), np.ones(0), np.ones(3), 0.0, 1),
        "num_epochs is -1": lambda: learn(np.ones((2, 3)), np.ones(2), np.ones(3), 0.0, -1),
        "choose from AND, OR, NAND, XOR": lambda: logic_gate("NOR"),
        "must be finite": lambda: largest_margin_plane([[np.nan]], [1]),
        r"targets hold \[-1\]": lambda: largest_margin_plane([[1.0]], [-1]),
        "17 examples; at most 16": lambda: best_threshold_accuracy(np.ones((17, 1)), np.ones(17)),
        "num_examples is 0": lambda: separable_clouds(0, 2, 1.0, key=jax.random.key(0)),
    }
)
