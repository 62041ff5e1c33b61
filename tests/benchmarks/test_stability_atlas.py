"""The atlas benchmark at its smallest: all sides agree, rows are written, nonsense is refused."""

import jax
import numpy as np
import pytest

from benchmarks import atlas_sides, numpy_atlas, stability_atlas
from benchmarks.atlas_sides import REGIME, RHYTHM, SIMULATION, Work
from rhythmic.theory import second_order_regime
from tests.benchmarks.conftest import rows_of


def test_rows_and_table(tmp_path, capsys):
    output = tmp_path / "atlas.csv"
    stability_atlas.run(
        stability_atlas.Options(
            side=60,
            simulated_side=20,
            num_steps=30,
            dtypes=("float64",),
            cores=1,
            chunk_points=1000,
            block_points=300,
            repetitions=2,
            warm_up=0,
            output=output,
        )
    )
    rows = rows_of(output)
    against = [(row["task"], row["against"]) for row in rows]
    expected = [(task, rival) for task, all_ in stability_atlas.RIVALS.items() for rival in all_]
    assert against == expected
    for row in rows:
        low, middle, high = (float(row[f"ratio{end}"]) for end in ("_min", "", "_max"))
        assert 0 < low <= middle <= high
        assert float(row["largest_difference"]) < 1e-6
        assert 0 < float(row["project_peak_gib"]) < 16
    assert {row["points"] for row in rows} == {"3600", "400"}
    assert capsys.readouterr().out.count("| float64 |") == 5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_classifies_as_theory_does(dtype):
    work = Work(REGIME, 101, dtype)
    w1, w2 = (axis.astype(np.float64) for axis in work.axes())
    expected = second_order_regime(w1, w2[:, None])
    for side, allowed in (("complex roots", 0.02), ("same inequalities", 0.002)):
        found = atlas_sides.numpy_map(work, side)["regime"]
        assert found.dtype == np.int8
        assert np.mean(found != expected) < allowed
    w1, w2 = np.array([[0.0, 1.0, 2.0, -2.0, 0.0]]), np.array([[0.0], [-1.0], [1.0]])
    exact = second_order_regime(w1, w2)
    np.testing.assert_array_equal(numpy_atlas.regime_by_inequalities(w1, w2), exact)


def test_dropping_stopped_nodes_changes_nothing():
    rng = np.random.default_rng(0)
    w1, w2 = rng.uniform(-2.5, 2.5, 500), rng.uniform(-1.5, 1.5, 500)
    kept, dropped = (
        numpy_atlas.simulate(w1, w2, 101, 0.005, drop_stopped=drop) for drop in (False, True)
    )
    assert np.any(kept["overflow_step"] > 0)
    for name, values in kept.items():
        np.testing.assert_array_equal(dropped[name], values)


@pytest.mark.parametrize("task", [REGIME, RHYTHM, SIMULATION])
def test_chunks_fill_the_map(task):
    # Rows that do not divide evenly: the last chunk is padded, and what pads it is left out.
    works = (Work(task, 23, "float32", size, 50, 16) for size in (100, 10_000))
    parts, whole = (atlas_sides.project_map(work) for work in works)
    for name, values in whole.items():
        assert values.shape == (23, 23)
        np.testing.assert_allclose(parts[name], values, rtol=1e-5)


def test_sides_that_differ_are_not_timed():
    work = Work(REGIME, 100, "float64")
    ours = {"regime": np.zeros((100, 100), np.int8)}
    with pytest.raises(ValueError, match="regime and NumPy, complex roots, differ"):
        stability_atlas.check_agreement(work, ours, {"regime": ours["regime"] + 1}, "complex roots")
    ours = {"frequency": np.zeros((2, 2))}
    with pytest.raises(ValueError, match="not timed"):
        stability_atlas.check_agreement(work, ours, {"frequency": ours["frequency"] + 1}, "x")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"side": 1}, "side is 1"),
        ({"dtypes": ("float16",)}, "dtypes holds 'float16'"),
        ({"repetitions": 0}, "repetitions is 0"),
        ({"output": "rows.txt"}, "must end in .csv"),
    ],
)
def test_what_cannot_be_timed_is_refused_by_name(changes, message, tmp_path):
    if "output" in changes:
        changes = {"output": tmp_path / changes["output"]}
    with pytest.raises(ValueError, match=message):
        stability_atlas.Options(**changes)


def test_peak_is_that_of_this_process():
    before = atlas_sides.peak_gib()
    held = np.ones(2**26)
    assert atlas_sides.peak_gib() >= before
    assert atlas_sides.peak_gib() > held.nbytes / 2**30
    assert len(jax.devices()) >= 1
