"""Every rival is shown to compute the same, and a rival that does not is refused."""

import jax
import numpy as np
import pytest

from benchmarks import equinox_step, project_step, sides, torch_models, torch_step
from benchmarks.problem import MODELS, Problem, Reference, differences
from rhythmic.networks import published
from rhythmic.records import Row
from tests.benchmarks.conftest import Here

TRAINED = sorted({*published(), *MODELS})


def small(model):
    return Problem(model, 6, 12)


@pytest.fixture(scope="module")
def references():
    return {}


def reference(references, model):
    if model not in references:
        references[model] = project_step.reference(small(model))
    return references[model]


@pytest.mark.slow
@pytest.mark.parametrize("model", TRAINED)
def test_torch_computes_the_same(references, model):
    for rival in torch_models.MAKERS[model]:
        found = torch_step.differences(small(model), rival, reference(references, model))
        assert max(found) < 1e-10, rival


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_equinox_computes_the_same(references, model):
    found = equinox_step.differences(small(model), reference(references, model))
    assert max(found) < 1e-10


@pytest.mark.slow
def test_the_plain_scan_computes_the_same(references):
    right = reference(references, "rrn-golden")
    found = project_step.scan_differences(small("rrn-golden"), right)
    assert max(found) < 1e-10


@pytest.mark.slow
def test_a_rival_that_computes_something_else_is_not_timed(references, monkeypatch):
    right = reference(references, "rnn")
    wrong = right._replace(loss=1.001 * right.loss)
    monkeypatch.setattr(project_step, "reference", lambda problem, method="fastest": wrong)
    pair = sides.Sides(Here(), None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"differ by .* in loss .* not timed"):
        sides.check_same(pair, small("rnn"), plain=True)


def test_differences_are_relative():
    right = Reference({}, 2.3, {"weight": np.array([[1.0, -2.0]]), "bias": np.array([0.5])})
    gradient = {name: 1.1 * value for name, value in right.gradient.items()}
    found = differences(2 * right.loss, gradient, right)
    np.testing.assert_allclose(found, (1.0, 0.1), rtol=1e-9)


@pytest.mark.slow
def test_members_draw_batches_of_their_own_and_train_on():
    problem = small("rrn-golden")
    group = project_step.group_steps(problem, 2, 3, "fastest")
    first, second = (np.asarray(group.arguments()[3][1]) for _ in range(2))
    assert first.shape == (2, 3, 6)
    assert len({row.tobytes() for row in (*first[0], *first[1], *second[0], *second[1])}) == 12
    before = jax.tree.map(np.asarray, group.state.parameters)
    assert project_step.seconds_per_step(problem, 2, 3) > 0
    assert np.asarray(group.steps)[0].tolist() == [3, 4, 5]
    moved = jax.tree.map(lambda a, b: float(np.max(np.abs(a - b))), before, group.state.parameters)
    assert min(jax.tree.leaves(moved)) > 0


def test_rows_hold_no_more_than_scalars():
    facts: Row = project_step.facts()
    assert all(np.ndim(value) == 0 for value in facts.values())
