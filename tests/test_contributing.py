"""What CONTRIBUTING tells a newcomer runs; a cell of one file and two lines goes all ways."""

import re
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import registry
from rhythmic.cells.registry import make_cell
from rhythmic.simulate import trajectory
from tests.cells import test_contracts, test_options
from tests.cells.contract_cells import keep_promises

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


@pytest.fixture
def blocks(monkeypatch):
    """The cell's module and the lines that use it, after its registration."""
    cell, line, use = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    module = ModuleType("leaky")
    exec(cell, module.__dict__)
    assert line == 'from rhythmic.cells.leaky import LeakyCell\n\n    "leaky": LeakyCell,\n'
    monkeypatch.setitem(registry.CELLS, "leaky", module.LeakyCell)
    return module, use


@pytest.mark.usefixtures("x64", "blocks")
def test_the_example_is_its_equation():
    cell = make_cell("leaky", 2, 3, key=jax.random.key(0))
    inputs = np.random.default_rng(0).normal(size=(6, 2))
    weights = [np.asarray(x) for x in (cell.weight_ih, cell.weight_hh)]
    state = np.zeros(3)
    for sample in inputs:
        target = np.tanh(weights[0] @ sample + weights[1] @ state)
        state = 0.5 * state + 0.5 * target
    found = trajectory(cell, jnp.asarray(inputs)).final_state
    np.testing.assert_allclose(found, state, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.usefixtures("blocks")
def test_the_example_keeps_what_every_cell_promises():
    for precision in ("float32", "float64"):
        keep_promises(test_contracts, "leaky", precision)
    keep_promises(test_options, "leaky", "float32")


@pytest.mark.slow
def test_a_registered_cell_is_trained_compared_swept_and_analysed(blocks, capsys):
    names: dict = {}
    exec(blocks[1], names)
    assert names["leaky"].num_parameters(1, 10) <= 200
    assert {label: len(rows) for label, rows in names["rows"].items()} == {"leaky": 5, "rrn": 5}
    assert names["rows"]["leaky"][0]["num_parameters"] == names["leaky"].num_parameters(1, 10)
    assert names["result"].arrays["validation_score"].shape == (2, 2, 1, 1)
    assert np.all(np.isfinite(names["result"].arrays["validation_score"]))
    assert names["modes"].frequency.shape == (names["leaky"].hidden_size,)
    assert "(2, 2, 1, 1)" in capsys.readouterr().out


def test_the_rest_of_the_page_names_what_there_is():
    for name in ("CONTRIBUTING.md", "README.md"):
        assert (ROOT / name).exists()
    for path in re.findall(r"`((?:rhythmic|experiments|tests)/[a-z_/]+\.py)`", TEXT):
        assert path == "rhythmic/cells/leaky.py" or (ROOT / path).exists(), path
