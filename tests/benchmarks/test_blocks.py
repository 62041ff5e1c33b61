"""Blocks beside discretax: the command at its smallest, and every linear cell against theirs."""

import importlib.util

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import blocks
from rhythmic.cells import LinOSSCell, LRUCell, S5Cell
from rhythmic.cells.interface import gelu
from rhythmic.fast import free_trajectory
from tests.benchmarks.conftest import rows_of
from tests.refusals import refusals

INSTALLED = importlib.util.find_spec("discretax") is not None
with_discretax = pytest.mark.skipif(not INSTALLED, reason="discretax is not installed")
KEY = jax.random.key(8)
SIZE = 6
SMALL = {"width": 4, "batch": 2, "num_steps": 9, "repetitions": 2, "warm_up": 0, "number": 1}


@pytest.mark.slow
@pytest.mark.parametrize("beside", [False, pytest.param(True, marks=with_discretax)])
def test_the_command(beside, tmp_path, capsys):
    output = tmp_path / "blocks.csv"
    ways = ("pieces", "adjoint", "scan", "parallel")
    blocks.run(blocks.Options(**SMALL, ways=ways, discretax=beside, output=output))
    rows = rows_of(output)
    assert [row["way"] for row in rows] == [way for way in ways for _ in range(1 + beside)]
    for row in rows:
        assert 0 < float(row["ms_min"]) <= float(row["ms"]) <= float(row["ms_max"])
        assert float(row["peak_mb"]) > 0
        assert not beside or float(row["gradient_difference"]) < 1e-9
    assert "| adjoint |" in capsys.readouterr().out


test_options_are_refused_in_one_line = refusals(
    {
        "ways holds 'kernel'; choose from pieces, adjoint, scan, parallel": lambda: blocks.Options(
            ways=("kernel",)
        ),
        "num_steps is 0; it must be at least 1": lambda: blocks.Options(num_steps=0),
    }
)


@pytest.mark.skipif(INSTALLED, reason="discretax is installed")
def test_a_rival_that_is_missing_is_named(tmp_path):
    with pytest.raises(ImportError, match="discretax is not installed; see nox -s blocks"):
        blocks.run(blocks.Options(output=tmp_path / "blocks.csv"))


def pairs(weights, axis):
    """Two halves along an axis as the parts of complex numbers, last."""
    return jnp.stack(jnp.split(weights, 2, axis=axis), axis=-1)


def lru(mixers):
    cell = LRUCell(SIZE, SIZE, key=KEY)
    own = mixers.LRUSequenceMixer(SIZE, KEY, state_dim=SIZE)
    into, out = pairs(cell.input_weights, 0), pairs(cell.output_weights, 1)
    return cell, own, {
        "nu_log": cell.decay.raw,
        "theta_log": cell.angular_frequency.raw,
        "gamma_log": cell.gain.raw,
        "B_re": into[..., 0],
        "B_im": into[..., 1],
        "C_re": out[..., 0],
        "C_im": -out[..., 1],
    }  # fmt: skip


def s5(mixers):
    cell = S5Cell(SIZE, SIZE, key=KEY)
    own = mixers.S5SequenceMixer(SIZE, KEY, state_dim=2 * SIZE)
    out = pairs(cell.output_weights, 1) / 2  # which hold 2 C
    return cell, own, {
        "Lambda_re": -cell.damping.values,
        "Lambda_im": cell.angular_velocity.values,
        "log_step": cell.dt.raw[:, None],
        "B": pairs(cell.input_weights, 0),
        "C": out * jnp.array([1, -1]),
    }  # fmt: skip


def linoss(scheme, discretization):
    def made(mixers):
        cell = LinOSSCell(SIZE, SIZE, key=KEY, scheme=scheme, maps="complex")
        damped = scheme == "damped"
        options = {"discretization": discretization, "damping": damped, "state_dim": SIZE}
        return cell, mixers.LinOSSSequenceMixer(SIZE, KEY, **options), {
            "A_diag": cell.stiffness.values,
            "steps": cell.dt.raw,
            "B": pairs(cell.input_weights, 0),
            "C": pairs(cell.output_weights, 1) * jnp.array([1, -1]),
            **({"G_diag": cell.damping.values} if damped else {}),
        }  # fmt: skip

    return made


CELLS = {
    "lru": lru,
    "s5": s5,
    "linoss-implicit": linoss("implicit", "IM"),
    "linoss-symplectic": linoss("symplectic", "IMEX"),
    "linoss-damped": linoss("damped", "IMEX"),
}


@with_discretax
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", CELLS)
def test_linear_cells_show_what_discretax_shows(name):
    from discretax import sequence_mixers

    cell, mixer, values = CELLS[name](sequence_mixers)
    through = jnp.linspace(-1, 1, SIZE)
    cell = eqx.tree_at(lambda c: c.feedthrough_weights, cell, jnp.diag(through))
    values["D"] = through
    names = list(values)
    mixer = eqx.tree_at(
        lambda m: [getattr(m, name) for name in names], mixer, [values[name] for name in names]
    )
    inputs = jnp.asarray(np.random.default_rng(1).normal(size=(50, SIZE)))
    expected = gelu(mixer(inputs, KEY))
    for way in ("adjoint", "parallel"):
        found = free_trajectory(cell, inputs, way=way).observed
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
