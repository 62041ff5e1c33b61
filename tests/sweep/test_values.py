"""Numbers reach the function of a sweep as they were given, or are refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sweep import (
    Grid,
    Output,
    Points,
    Range,
    Stages,
    Sweep,
    run_sweep,
    sampled_design,
    values_axis,
)
from rhythmic.sweep.chunks import ChunkComputer

OUT = {"out": Output("")}
GRID = Grid((values_axis("gain", [1.0, 2.0, 3.0], ""),))
# What 32 bits do not hold: a third to all digits, a large number, a small one, a whole one.
VALUES = [np.float64([1 / 3, 1e300, 1e-300]), np.int64([2**40 + 1, -(2**62), 7])]


def sweep(function, design=GRID, **options):
    return Sweep("values", function, design, OUT, **options)


def result(*arguments, **options):
    return run_sweep(sweep(*arguments, **options), quiet=True).arrays["out"]


@pytest.mark.parametrize("values", VALUES, ids=["reals", "whole"])
def test_64_bits_are_kept_wherever_they_stand(values):
    def prepare(parameters):
        return values[parameters["gain"].astype(int) - 1]

    found = result(
        lambda gain, shared, prepared: {
            "out": jnp.where(shared[gain.astype(int) - 1] == prepared, prepared, 0)
        },
        precision="float64",
        shared=values,
        prepare=prepare,
    )
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)
    reals = values.astype(np.float64)
    along = result(
        lambda gain: {"out": gain}, Grid((values_axis("gain", reals, ""),)), precision="float64"
    )
    np.testing.assert_array_equal(along, reals)


class Stop(Exception):
    """Ends a run where a test has seen enough."""


@pytest.mark.parametrize("value", [np.float64(1 / 3), np.int64(2**40 + 1)], ids=["real", "whole"])
def test_states_between_stages_keep_their_bits_on_disk(value, tmp_path, monkeypatch):
    stages = Stages(
        lambda gain, shared: (shared, jnp.zeros((), int)),
        lambda state, shared: (state[0] + shared, state[1] + 2**40),
        lambda state: {"out": state[0] * (state[1] == 3 * 2**40)},
        3,
    )
    kept = sweep(stages, precision="float64", shared=value)
    keep_state = ChunkComputer.keep_state

    def stop(self, path, state, done):
        keep_state(self, path, state, done)
        if done == 2:
            raise Stop

    monkeypatch.setattr(ChunkComputer, "keep_state", stop)
    with pytest.raises(Stop):
        run_sweep(kept, folder=tmp_path / "run", quiet=True)
    monkeypatch.undo()
    found = run_sweep(kept, folder=tmp_path / "run", quiet=True).arrays["out"]
    np.testing.assert_array_equal(found, np.full(3, value + value + value + value))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2**40, "1099511627776, which int32"),
        (2**32 + 7, "4294967303"),
        (1e300, r"1e\+300"),
        (1e-40, "1e-40"),
    ],
)
def test_what_float32_does_not_hold_is_refused_by_name(value, message, monkeypatch):
    monkeypatch.setattr(jax.stages.Lowered, "compile", None)
    with pytest.raises(ValueError, match=f"^shared holds {message}.*; use float64"):
        sweep(lambda gain, shared: {"out": gain}, shared={"a": [value]})
    with pytest.raises(ValueError, match=f"^prepared holds {message}"):
        sweep(
            lambda gain, prepared: {"out": gain},
            prepare=lambda p: np.array([value] * len(p["gain"])),
        )


def test_a_later_row_that_float32_does_not_hold_is_refused():
    with pytest.raises(ValueError, match=r"^prepared holds 1e\+300"):
        result(
            lambda gain, prepared: {"out": gain * prepared},
            prepare=lambda p: np.where(p["gain"] > 2, 1e300, 1.0),
        )


@pytest.mark.parametrize(
    ("values", "precision", "message"),
    [
        ([1.0, 1e-40], "float32", "gain holds 1e-40, which underflows float32"),
        ([1.0, -1e39], "float32", "gain holds -1e.39, which overflows float32"),
        ([1.0, 1e-310], "float64", "gain holds 1e-310, which underflows float64"),
        ([2.0**24 + 1, 3.0], "float32", "gain holds 16777217, a whole number that float32"),
    ],
)
def test_values_of_axes_that_would_be_other_ones(values, precision, message):
    for design in (
        Grid((values_axis("gain", values, ""),)),
        Points((values_axis("gain", values, ""),)),
    ):
        with pytest.raises(ValueError, match=message):
            sweep(lambda gain: {"out": gain}, design, precision=precision)


def test_large_integers_of_an_axis_stay():
    axis = values_axis("gain", [2**24 + 1, 2**31 - 1], "")
    found = result(lambda gain: {"out": gain}, Grid((axis,)))
    np.testing.assert_array_equal(found, [2**24 + 1, 2**31 - 1])


def test_draws_of_a_list_may_be_equal_in_float32():
    drawn = sampled_design([Range("gain", 100, 110, "Hz")], 2000, seed=0, method="random")
    values = drawn.columns[0].values
    rounded = values.astype(np.float32)
    assert len(np.unique(rounded)) < len(np.unique(values))  # what a list does not mind
    for design in (drawn, Grid((drawn,))):
        assert sweep(lambda gain: {"out": gain}, design).num_points == 2000
    with pytest.raises(ValueError, match="gain has values that float32 does not tell apart"):
        sweep(lambda gain: {"out": gain}, Grid((values_axis("gain", values, ""),)))
    narrow = sampled_design([Range("gain", 1, 1 + 1e-9, "")], 20, seed=0)
    with pytest.raises(ValueError, match="gain has values that float32 does not tell apart"):
        sweep(lambda gain: {"out": gain}, narrow)


def test_sweeps_are_compiled_whatever_jax_is_set_to():
    stages = Stages(lambda gain: gain, lambda state: 2 * state, lambda state: {"out": state}, 3)
    with jax.disable_jit():
        np.testing.assert_array_equal(result(stages), [8, 16, 24])
        known = sweep(stages).program_hash()
    assert sweep(stages).program_hash() == known


def test_results_that_no_folder_holds_are_swept_in_memory(tmp_path):
    of_half_size = sweep(lambda gain: {"out": gain.astype(jnp.bfloat16)})
    assert run_sweep(of_half_size, quiet=True).arrays["out"].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="output out is bfloat16, which files do not hold"):
        run_sweep(of_half_size, folder=tmp_path / "run", quiet=True)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="output out is a PRNG key"):
        sweep(lambda gain: {"out": jax.random.key(0)})
