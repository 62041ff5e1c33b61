"""Rows of ``prepare`` belong to the identity of a sweep; what a callback reads does not."""

import jax
import numpy as np
import pytest
from jax.experimental import io_callback

from rhythmic.sweep import Grid, Output, Sweep, linear_axis, preparing, run_sweep, values_axis
from rhythmic.sweep.plan import RefusedError

OUT = {"out": Output("")}
GRID_OF_ONE = Grid((values_axis("gain", [1.0, 2.0, 3.0], ""),))
GRID = Grid((values_axis("gain", [1.0, 2.0, 3.0], ""), values_axis("bias", [10, 20], "")))


def prepared(prepare, design=GRID):
    def function(gain, prepared):
        return {"out": gain * prepared}

    return Sweep("rows", function, design, OUT, prepare=prepare)


def changed_at(gain, bias):
    """Return rows that differ from ``np.ones`` at one point."""
    return lambda p: np.where((p["gain"] == gain) & (p["bias"] == bias), 2.0, 1.0)


def ones(p):
    return np.ones(len(p["gain"]))


def test_every_row_counts():
    known = prepared(ones).fingerprint()
    assert prepared(lambda p: np.ones(len(p["bias"]))).fingerprint() == known
    others = [prepared(changed_at(gain, bias)) for gain in (1, 2, 3) for bias in (10, 20)]
    found = {one.fingerprint() for one in others}
    assert len(found) == 6
    assert known not in found


def test_another_prepare_is_refused(tmp_path):
    run_sweep(prepared(ones), folder=tmp_path, quiet=True)
    with pytest.raises(RefusedError, match=r"holds another sweep \(prepared: "):
        run_sweep(prepared(changed_at(3, 20)), folder=tmp_path, quiet=True)
    found = run_sweep(prepared(ones), folder=tmp_path, quiet=True).arrays["out"]
    np.testing.assert_array_equal(found, [[1, 1], [2, 2], [3, 3]])


def test_other_rows_may_be_allowed_and_are_told(tmp_path, capsys):
    run_sweep(prepared(ones), folder=tmp_path, quiet=True)
    nearly = prepared(lambda p: np.nextafter(ones(p), 2))  # as another library may round
    with pytest.raises(RefusedError, match="allow changes if only their last bits differ"):
        run_sweep(nearly, folder=tmp_path, quiet=True)
    run_sweep(nearly, folder=tmp_path, allow_changes=True)
    assert "resumed though prepare gives other rows (first_prepared: " in capsys.readouterr().err


def test_rows_are_asked_for_in_blocks_and_once(monkeypatch):
    monkeypatch.setattr(preparing, "ROWS_AT_ONCE", 4)
    asked = []

    def prepare(p):
        asked.append(p["gain"].tolist())
        return p["gain"]

    sweep = prepared(prepare)
    assert sweep.fingerprint() == sweep.fingerprint()
    assert asked == [[1], [1, 1, 2, 2], [3, 3]]


def test_of_a_large_design_a_sample_with_both_ends(monkeypatch):
    monkeypatch.setattr(preparing, "MOST_ROWS", 5)
    design = Grid((linear_axis("gain", 0, 20, 21, ""),))
    rows = prepared(lambda p: p["gain"], design).prepared_rows
    assert rows.places.tolist() == [0, 5, 10, 15, 20]
    other = prepared(lambda p: p["gain"] + (p["gain"] == 20), design)
    assert other.fingerprint() != prepared(lambda p: p["gain"], design).fingerprint()


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kept", [False, True])
def test_rows_may_be_rounded_by_the_rows_beside_them(precision, kept, tmp_path):
    # One row is a product of a vector with a matrix, many are one of matrices.
    generator = np.random.default_rng(0)
    rows, weights = generator.normal(size=(21, 300)), generator.normal(size=(300, 40))
    sweep = Sweep(
        "products",
        lambda i, prepared: {"out": prepared.sum()},
        Grid((values_axis("i", range(21), ""),)),
        OUT,
        prepare=lambda p: rows[p["i"]] @ weights,
        precision=precision,
    )
    folder = tmp_path if kept else None
    found = run_sweep(sweep, folder=folder, chunk_points=4, quiet=True).arrays["out"]
    np.testing.assert_allclose(found, (rows @ weights).sum(axis=1), rtol=1e-3)


@pytest.mark.parametrize("change", [1e-3, np.nan, np.inf])
def test_rows_that_differ_by_more_than_rounding_are_refused(change):
    def prepare(p):
        found = np.tile(np.array([1.0, 1e-20]), (len(p["gain"]), 1))
        if len(found) > 1:
            found[p["gain"] == 1, 0] += change
        return found

    sweep = Sweep(
        "rows",
        lambda gain, prepared: {"out": gain * prepared[0]},
        GRID_OF_ONE,
        OUT,
        prepare=prepare,
    )
    with pytest.raises(ValueError, match="another row for point 0 than before"):
        run_sweep(sweep, quiet=True)


def drawn_at_every_call():
    generator = np.random.default_rng(0)
    return lambda p: generator.normal(size=len(p["gain"]))


def of_two_forms(p):
    return p["gain"] if p["gain"][0] == 1 else p["gain"].astype(np.float16)


@pytest.mark.parametrize("kept", [False, True])
def test_rows_that_are_drawn_anew_are_refused(kept, tmp_path):
    folder = tmp_path if kept else None
    with pytest.raises(ValueError, match="another row for point 0 than before"):
        run_sweep(prepared(drawn_at_every_call()), folder=folder, quiet=True)


def test_rows_that_depend_on_other_points_are_refused(tmp_path):
    by_place = prepared(lambda p: np.random.default_rng(0).normal(size=len(p["gain"])))
    with pytest.raises(ValueError, match=r"another row for point \d than before"):
        run_sweep(by_place, folder=tmp_path, chunk_points=2, quiet=True)
    with pytest.raises(ValueError, match=r"rows of two forms, float32\(\) and float16"):
        run_sweep(prepared(of_two_forms), chunk_points=2, quiet=True)
    with pytest.raises(ValueError, match="prepare gave no array"):
        prepared(lambda p: None)


def answer(x):
    return np.asarray(x) + 1


def pure(gain):
    shape = jax.ShapeDtypeStruct((), gain.dtype)
    return jax.pure_callback(answer, shape, gain, vmap_method="expand_dims")


def impure(gain):
    return io_callback(answer, jax.ShapeDtypeStruct((), gain.dtype), gain)


def nested(gain):
    def body(carry, _):
        return jax.lax.cond(carry > 0, pure, lambda x: x, carry), None

    return jax.jit(lambda x: jax.lax.scan(body, x, None, length=2)[0])(gain)


@pytest.mark.parametrize("call", [pure, impure, nested])
def test_callbacks_are_refused_for_a_folder(call, tmp_path):
    sweep = Sweep("calls", lambda gain, bias: {"out": call(gain)}, GRID, OUT)
    with pytest.raises(ValueError, match=r"calls back to the host .*run it in memory") as caught:
        run_sweep(sweep, folder=tmp_path, quiet=True)
    assert "\n" not in str(caught.value)


def test_callbacks_are_swept_in_memory_and_printing_does_no_harm(tmp_path, capfd):
    sweep = Sweep("calls", lambda gain, bias: {"out": pure(gain)}, GRID, OUT)
    found = run_sweep(sweep, quiet=True).arrays["out"]
    np.testing.assert_array_equal(found, [[2, 2], [3, 3], [4, 4]])

    def told(gain, bias):
        jax.debug.print("gain {}", gain)
        return {"out": gain}

    run_sweep(Sweep("told", told, GRID, OUT), folder=tmp_path, quiet=True)
    jax.effects_barrier()
    assert "gain 3.0" in capfd.readouterr().out


def seeded(seed, prepared):
    return {"product": seed * prepared}


def prepared_sweep(prepare):
    axis = values_axis("seed", [1, 2, 3], "")
    return Sweep("rows", seeded, Grid((axis,)), {"product": Output("1")}, prepare=prepare)


def test_rows_of_prepare_that_do_not_fit_are_refused_by_name():
    for wrong in (lambda values: np.zeros(7), lambda values: 1.0):
        with pytest.raises(ValueError, match=r"prepare gave an array of shape .* for 1 points"):
            prepared_sweep(wrong)


def test_a_missing_data_file_is_no_fault_of_the_run_folder(tmp_path):
    def prepare(values):
        if len(values["seed"]) > 1 or values["seed"][0] > 1:
            (tmp_path / "absent.npy").read_bytes()
        return values["seed"]

    with pytest.raises(FileNotFoundError, match=r"absent\.npy"):
        run_sweep(prepared_sweep(prepare), folder=tmp_path / "run", chunk_points=2, quiet=True)
