"""Sweeps against a plain Python loop over their points, and what must not change a result."""

import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sweep import Grid, Output, Points, Stages, Sweep, linear_axis, run_sweep, values_axis

GAIN = linear_axis("gain", 0.5, 2.5, 7, "")
BIAS = linear_axis("bias", -1, 1, 5, "")
COUNT = values_axis("count", [3, 1, 2], "")
PAIRS = Points((values_axis("gain", [0.5, 2.0, 0.5], ""), values_axis("bias", [1.0, 0.0, 1.0], "")))
OUTPUTS = {
    "last": Output("mV"),
    "trace": Output("mV", dims=("time",)),
    "steps": Output("1"),
}


def node(gain, bias=0.25, count=2):
    """Iterate a map a few times: a number, a vector and a whole number of each point."""

    def step(value, _):
        value = jnp.tanh(gain * value) + bias / count
        return value, value

    last, trace = jax.lax.scan(step, jnp.zeros_like(gain) + 0.1, None, length=4)
    return {"last": last, "trace": trace, "steps": jnp.int32(4) * count}


def node_by_numpy(gain, bias=0.25, count=2):
    """The same in double precision, without JAX."""
    trace = [0.1]
    for _ in range(4):
        trace.append(np.tanh(gain * trace[-1]) + bias / count)
    return {"last": trace[-1], "trace": np.array(trace[1:]), "steps": 4 * count}


def by_loop(function, design):
    """Call a function for one point after the other, the last axis fastest."""
    shape = tuple(len(dimension) for dimension in design.dimensions)
    results = {}
    for place in np.ndindex(shape):
        arguments = {
            column.name: column.values[index].item()
            for dimension, index in zip(design.dimensions, place, strict=True)
            for column in dimension.columns
        }
        for name, value in function(**arguments).items():
            results.setdefault(name, np.empty(shape + np.shape(value)))[place] = value
    return results


DESIGNS = {
    "one axis": Grid((GAIN,)),
    "two axes": Grid((GAIN, BIAS)),
    "three axes": Grid((GAIN, BIAS, COUNT)),
    "list": PAIRS,
    "list in a grid": Grid((COUNT, PAIRS)),
    "list before an axis": Grid((PAIRS, COUNT)),
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS.keys())
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_same_as_a_loop(design, precision):
    sweep = Sweep("loop", node, design, OUTPUTS, precision=precision)
    found = run_sweep(sweep, quiet=True, chunk_points=8).arrays
    expected = by_loop(node_by_numpy, design)
    tolerance = {"float32": 2e-6, "float64": 1e-14}[precision]
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=tolerance, atol=tolerance)
    assert found["last"].dtype == precision
    assert found["steps"].dtype == np.int32
    assert found["status"].dtype == np.int8
    assert not found["status"].any()


def drawn(gain, key):
    """What a key gives, exactly: its bits."""
    return {"bits": jax.random.bits(key, dtype=jnp.uint32), "gain_again": gain}


DRAWN = {"bits": Output(""), "gain_again": Output("")}


def bits_by_hand(design, seed):
    """Fold the global index into the key of the seed, point by point."""
    shape = tuple(len(dimension) for dimension in design.dimensions)
    keys = [jax.random.fold_in(jax.random.key(seed), i) for i in range(np.prod(shape))]
    return np.array([jax.random.bits(key, dtype=jnp.uint32) for key in keys]).reshape(shape)


@pytest.mark.parametrize(
    ("chunk_points", "points_at_once"), [(None, None), (1, None), (4, 2), (10, 3)]
)
def test_the_key_of_a_point_is_that_of_its_index(chunk_points, points_at_once):
    design = Grid((GAIN, COUNT))

    def function(gain, count, key):
        return drawn(gain * count, key)

    sweep = Sweep("keys", function, design, DRAWN, seed=11, points_at_once=points_at_once)
    found = run_sweep(sweep, quiet=True, chunk_points=chunk_points).arrays
    np.testing.assert_array_equal(found["bits"], bits_by_hand(design, 11))


SEVERAL_DEVICES = """
import sys
import jax, jax.numpy as jnp, numpy as np
from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep

jax.config.update("jax_num_cpu_devices", 3)

def drawn(gain, bias, key):
    return {"bits": jax.random.bits(key, dtype=jnp.uint32), "value": jnp.sin(gain) * bias}

design = Grid((linear_axis("gain", 0.5, 2.5, 7, ""), linear_axis("bias", -1, 1, 5, "")))
sweep = Sweep("keys", drawn, design, {"bits": Output(""), "value": Output("")}, seed=11)
found = {}
for devices, chunk_points in ((2, 8), (3, 15)):
    one = run_sweep(sweep, devices=devices, chunk_points=chunk_points, quiet=True).arrays
    found |= {f"{name} {devices} {chunk_points}": one[name] for name in one}
np.savez(sys.argv[1], **found)
"""


def test_the_number_of_devices_changes_no_key_and_no_place(tmp_path):
    path = tmp_path / "found.npz"
    subprocess.run(
        [sys.executable, "-c", SEVERAL_DEVICES, str(path)], check=True, capture_output=True
    )
    found = np.load(path)
    expected = bits_by_hand(Grid((GAIN, BIAS)), 11)
    value = np.sin(GAIN.values)[:, None] * BIAS.values
    for case in ("2 8", "3 15"):
        np.testing.assert_array_equal(found[f"bits {case}"], expected)
        np.testing.assert_allclose(found[f"value {case}"], value, rtol=1e-6)


def test_shared_arrays_reach_every_point():
    images = np.arange(12.0, dtype=np.float32).reshape(3, 4)

    def function(gain, which, shared):
        return {"out": gain * shared["images"][which] + shared["offset"]}

    design = Grid((GAIN, values_axis("which", [2, 0], "")))
    shared = {"images": images, "offset": 0.5}
    sweep = Sweep("shared", function, design, {"out": Output("", dims=("i",))}, shared=shared)
    found = run_sweep(sweep, quiet=True, chunk_points=4).arrays["out"]
    expected = GAIN.values[:, None, None] * images[[2, 0]] + 0.5
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_every_point_gets_its_own_row_of_what_is_prepared():
    calls = []

    def prepare(values):
        assert all(isinstance(column, np.ndarray) for column in values.values())
        assert {column.dtype.name for column in values.values()} == {"float32", "int32"}
        calls.append(len(values["seed_of_split"]))
        splits = [np.random.default_rng(int(s)).random(3) for s in values["seed_of_split"]]
        return {"split": np.array(splits), "gain": values["gain"]}

    def function(gain, seed_of_split, prepared):
        return {"split": prepared["split"], "zero": gain - prepared["gain"] + 0 * seed_of_split}

    design = Grid((GAIN, values_axis("seed_of_split", [5, 3, 8, 1], "")))
    outputs = {"split": Output("", dims=("i",)), "zero": Output("")}
    sweep = Sweep("prepared", function, design, outputs, prepare=prepare)
    found = run_sweep(sweep, quiet=True, chunk_points=8).arrays
    expected = np.array([np.random.default_rng(s).random(3) for s in (5, 3, 8, 1)], np.float32)
    np.testing.assert_array_equal(found["split"], np.broadcast_to(expected, (7, 4, 3)))
    assert not found["zero"].any()
    # Never more of it at once than a chunk needs.
    assert max(calls) <= 8


def started(gain, key):
    return {"value": jax.random.uniform(key) * gain * jnp.ones(2), "count": jnp.int32(0)}


def advanced(state, bias, shared):
    return {"value": jnp.tanh(state["value"]) + bias * shared, "count": state["count"] + 1}


def finished(state, gain):
    return {"total": state["value"].sum() * gain, "count": state["count"]}


def test_stages_are_their_composition(tmp_path):
    def composed(gain, bias, key, shared):
        state = started(gain, key)
        for _ in range(3):
            state = advanced(state, bias, shared)
        return finished(state, gain)

    options = {
        "design": Grid((GAIN, BIAS)),
        "outputs": {"total": Output(""), "count": Output("")},
        "seed": 5,
        "shared": np.float32(0.5),
    }
    staged = Sweep("s", Stages(started, advanced, finished, 3), **options)
    expected = run_sweep(Sweep("c", composed, **options), quiet=True).arrays
    in_memory = run_sweep(staged, quiet=True, chunk_points=20).arrays
    on_disk = run_sweep(staged, quiet=True, chunk_points=20, folder=tmp_path / "run").arrays
    np.testing.assert_allclose(in_memory["total"], expected["total"], rtol=2e-5, atol=2e-6)
    assert np.all(in_memory["count"] == 3)
    for name in in_memory:
        assert in_memory[name].tobytes() == on_disk[name].tobytes()


def fragile(gain, bias):
    """Overflow where the gain is large."""
    value = jnp.exp(gain * 50) * 1e-30 + bias
    return {
        "value": value,
        "answer": jnp.log(bias),
        "first_bad_step": jnp.where(jnp.isfinite(value), -1, 7),
    }


FRAGILE = {"value": Output("mV"), "answer": Output("", nan_is_a_value=True)}


def test_members_that_are_not_finite_are_told_and_spoil_no_others():
    gains = np.array([0.5, 0.25, 1.0, 2.0])
    whole = [Grid((values_axis("gain", gains, ""), BIAS))]
    spoilt = gains.copy()
    spoilt[2] = 3.0
    whole.append(Grid((values_axis("gain", spoilt, ""), BIAS)))
    healthy_run, spoilt_run = (
        run_sweep(Sweep("s", fragile, design, FRAGILE), quiet=True, chunk_points=10).arrays
        for design in whole
    )
    # exp(100) overflows float32 as well, in both runs; exp(150) in the second alone.
    np.testing.assert_array_equal(healthy_run["status"][:, 0], [0, 0, 0, 1])
    np.testing.assert_array_equal(spoilt_run["status"][:, 0], [0, 0, 1, 1])
    np.testing.assert_array_equal(spoilt_run["first_bad_step"][:, 0], [-1, -1, 7, 7])
    assert spoilt_run["first_bad_step"].dtype == np.int32
    # log of a negative bias is NaN, which is an answer there.
    assert np.isnan(healthy_run["answer"][:, :2]).all()
    for name in healthy_run:
        for row in (0, 1, 3):
            assert healthy_run[name][row].tobytes() == spoilt_run[name][row].tobytes()


def test_a_first_bad_step_alone_sets_the_status():
    def function(gain):
        return {"out": gain, "first_bad_step": jnp.where(gain > 1, 3, -1).astype(jnp.int16)}

    design = Grid((values_axis("gain", [0.0, 2.0], ""),))
    found = run_sweep(Sweep("s", function, design, {"out": Output("")}), quiet=True).arrays
    assert found["status"].tolist() == [0, 1]
    assert found["first_bad_step"].tolist() == [-1, 3]


def test_in_memory_is_on_disk(tmp_path):
    sweep = Sweep("s", fragile, Grid((GAIN, BIAS)), FRAGILE)
    on_disk = run_sweep(sweep, folder=tmp_path / "run", quiet=True, chunk_points=10)
    in_memory = run_sweep(sweep, quiet=True, chunk_points=10)
    assert (on_disk.folder, in_memory.folder) == (tmp_path / "run", None)
    assert set(on_disk.arrays) == set(in_memory.arrays)
    for name, values in in_memory.arrays.items():
        stored = on_disk.arrays[name]
        assert (stored.dtype, stored.shape) == (values.dtype, values.shape)
        assert stored.tobytes() == values.tobytes()
    one, other = on_disk.dataset().load(), in_memory.dataset()
    assert one.drop_attrs(deep=False).identical(other.drop_attrs(deep=False))


TWENTY = linear_axis("gain", 0.5, 2.5, 20, "")
LONG = Sweep("long", lambda gain: {"out": jnp.tanh(gain)}, Grid((TWENTY,)), {"out": Output("")})


def test_progress_is_told_on_stderr(tmp_path, capsys, monkeypatch, blocks_of_one_chunk):
    monkeypatch.setattr("rhythmic.progress.SECONDS_BETWEEN_LINES", -1.0)
    run_sweep(LONG, folder=tmp_path, chunk_points=10)
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert re.fullmatch(
        r"long: 1 of 2 chunks \| \S+ points a second \| (about )?\d+:\d\d left", first
    )
    assert re.fullmatch(r"long: 2 of 2 chunks \| \S+ points a second", second)
    rows = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len(rows) == 2
    min((tmp_path / "chunks").glob("*.json")).unlink()
    run_sweep(LONG, folder=tmp_path, chunk_points=10)
    there, last = capsys.readouterr().err.splitlines()
    assert there == "long: 1 of 2 chunks are there"
    assert last.startswith("long: 2 of 2 chunks | ")
    run_sweep(LONG, folder=tmp_path, chunk_points=10, quiet=True)
    assert capsys.readouterr().err == ""


def test_points_that_are_not_finite_are_counted_in_the_progress(capsys):
    run_sweep(Sweep("s", fragile, Grid((values_axis("gain", [1.0, 3.0], ""), BIAS)), FRAGILE))
    assert "5 points not finite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chunk_points": 0}, "chunk_points is 0; it must be at least 1"),
        ({"devices": 0}, "devices is 0; there are"),
        ({"devices": 1000}, "devices is 1000; there are"),
    ],
)
def test_refused_options(options, message):
    with pytest.raises(ValueError, match=message):
        run_sweep(LONG, quiet=True, **options)


def test_the_sweep_is_hashed_once_however_many_stages_are_kept(tmp_path, monkeypatch):
    """What points share may be large."""
    hashed, fingerprint = [], Sweep.fingerprint

    def noted(self):
        hashed.append(self.name)
        return fingerprint(self)

    stages = Stages(lambda x: x, lambda state: state + 1, lambda state: {"y": state}, 5)
    design = Grid((values_axis("x", [1.0, 2.0, 3.0, 4.0], ""),))
    monkeypatch.setattr(Sweep, "fingerprint", noted)

    def count(num_stages):
        hashed.clear()
        sweep = Sweep("staged", stages._replace(num_stages=num_stages), design, {"y": Output("")})
        run_sweep(sweep, folder=tmp_path / str(num_stages), chunk_points=1, quiet=True)
        return len(hashed)

    assert count(2) == count(9)
