"""Sweeps as data sets: opened, compared, joined, and exported to files that others read."""

import shutil

import jax.numpy as jnp
import numpy as np
import pandas
import pytest
import xarray

from rhythmic.sweep import Grid, Output, Points, Sweep, linear_axis, run_sweep, values_axis
from rhythmic.sweep.dataset import export, open_sweep
from rhythmic.sweep.joining import compare, join
from rhythmic.sweep.store import SweepStore

BIAS = linear_axis("bias", 0, 1, 3, "seconds", meaning="constant input")
OUTPUTS = {
    "out": Output("mV", "mean potential"),
    "parts": Output("", dims=("part",)),
    "root": Output("rad/s"),
    "stable": Output(""),
    "count": Output("1"),
}

pytestmark = pytest.mark.usefixtures("blocks_of_one_chunk")


def node(gain, bias):
    return {
        "out": gain + bias,
        "parts": jnp.stack([gain, bias]),
        "root": gain + 1j * bias,
        "stable": gain > 1,
        "count": jnp.int32(4),
        "first_bad_step": jnp.int32(-1),
    }


def other_node(gain, bias):
    """Differ from ``node`` in two results at one point, gain 3 and bias 0.5."""
    there = (gain == 3) & (bias == 0.5)
    found = node(gain, bias)
    moved = {"out": found["out"] + 2 * there, "root": found["root"] + 3j * there}
    return found | moved


def grid(*gains):
    return Grid((values_axis("gain", [float(x) for x in gains], "Hz"), BIAS))


def listed(*gains, name="point"):
    gains = [float(x) for x in gains]
    biases = [x / 2 for x in gains]
    return Points((values_axis("gain", gains, "Hz"), values_axis("bias", biases, "s")), name=name)


def in_memory(design, function=node, outputs=OUTPUTS):
    return run_sweep(Sweep("small", function, design, outputs), quiet=True).dataset()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, blocks_of_one_chunk):
    """A finished sweep of four gains, a chunk each."""
    path = tmp_path_factory.mktemp("sweep") / "run"
    run_sweep(
        Sweep("small", node, grid(0, 1, 2, 3), OUTPUTS), folder=path, chunk_points=3, quiet=True
    )
    return path


@pytest.fixture
def unfinished(folder, tmp_path):
    """A copy of it that lacks the chunk of the second gain."""
    path = tmp_path / "unfinished"
    shutil.copytree(folder, path)
    store = SweepStore.open(path)
    store.set_aside(list(store.blocks())[1])
    return path


@pytest.fixture(scope="module")
def whole(folder):
    return open_sweep(folder).load()


@pytest.fixture(scope="module")
def further():
    return in_memory(grid(3, 4, 5))


def test_names_units_and_coordinates(whole):
    assert set(whole.data_vars) == {*OUTPUTS, "first_bad_step", "status"}
    assert whole["out"].dims == ("gain", "bias")
    assert whole["parts"].dims == ("gain", "bias", "part")
    assert whole["out"].attrs["units"] == "mV"
    assert whole["out"].attrs["long_name"] == "mean potential"
    # Times are numbers with a unit, not dates.
    assert whole["bias"].dtype == np.float64
    assert whole["bias"].attrs["units"] == "seconds"
    assert whole["bias"].attrs["long_name"] == "constant input"
    np.testing.assert_array_equal(whole["gain"], [0, 1, 2, 3])
    np.testing.assert_array_equal(whole["out"].sel(gain=2, bias=0.5), 2.5)
    assert whole["root"].dtype == np.complex64
    assert whole["stable"].dtype == bool
    assert (whole["status"] == 0).all()
    assert "not computed" in whole["status"].attrs["long_name"]


def test_what_is_said_of_a_sweep(whole):
    assert whole.attrs["sweep"] == "small"
    assert (whole.attrs["finished_chunks"], whole.attrs["chunks"]) == (4, 4)
    (made,) = whole.attrs["computed_by"]
    for what in ("program", "device", "jax ", "rows_per_device 1"):
        assert what in made


def test_unfinished_sweeps_open(unfinished, whole):
    found = open_sweep(unfinished)
    assert (found.attrs["finished_chunks"], found.attrs["chunks"]) == (3, 4)
    assert (found["status"].sel(gain=1) == -1).all()
    assert found["out"].sel(gain=1).isnull().all()
    there = [0, 2, 3]
    assert found["out"].sel(gain=there).equals(whole["out"].sel(gain=there))
    assert (found["status"].sel(gain=there) == 0).all()


def test_lists_have_their_parameters_along_them(tmp_path):
    sweep = Sweep("list", node, listed(4, 2, 4, name="place"), OUTPUTS)
    result = run_sweep(sweep, folder=tmp_path, quiet=True)
    for found in (result.dataset(), in_memory(sweep.design)):
        assert dict(found["out"].sizes) == {"place": 3}
        assert found["gain"].dims == found["bias"].dims == ("place",)
        np.testing.assert_array_equal(found["out"], [6, 3, 6])


def test_differences_are_counted_measured_and_placed(whole):
    # The other one lies elsewhere too, and has its axes in another order.
    other = in_memory(Grid((BIAS, values_axis("gain", [3.0, 5.0, 2.0], "Hz"))), other_node)
    found = {one.name: one for one in compare(whole, other)}
    place = {"gain": 3.0, "bias": 0.5}
    assert found["out"][1:] == (1, 2.0, place)
    assert found["root"][1:] == (1, 3.0, place)
    assert all(not found[name].num_points for name in ("parts", "stable", "count", "status"))


def test_nan_is_equal_to_nan_alone():
    def with_nan(gain):
        return {"out": jnp.where(gain > 1, jnp.nan, gain)}

    outputs = {"out": Output("", nan_is_a_value=True)}
    design = Grid((values_axis("gain", [0.0, 1.0, 2.0, 3.0], ""),))
    one = in_memory(design, with_nan, outputs)
    other = in_memory(design, lambda gain: {"out": jnp.where(gain > 2, jnp.nan, gain)}, outputs)
    assert compare(one, one)[0].num_points == 0
    ((name, count, largest, place), _) = compare(one, other)
    assert (name, count, place) == ("out", 1, {"gain": 2.0})
    assert np.isnan(largest)


def test_points_that_are_not_computed_do_not_count(whole, unfinished):
    assert all(one.num_points == 0 for one in compare(whole, open_sweep(unfinished)))
    assert all(one.num_points == 0 for one in compare(open_sweep(unfinished), whole))


def test_rows_of_lists_are_found_by_their_parameters():
    one, other = in_memory(listed(4, 2, 7)), in_memory(listed(7, 4, 9, 1))
    assert all(found.num_points == 0 for found in compare(one, other))
    moved = other.assign(out=other["out"] + (other["gain"] == 7))
    found = {one.name: one for one in compare(one, moved)}
    assert found["out"][1:] == (1, 1.0, {"gain": 7.0, "bias": 3.5})


def test_what_cannot_be_compared(whole):
    with pytest.raises(ValueError, match="no point in common"):
        compare(whole, in_memory(grid(10, 11)))
    with pytest.raises(ValueError, match="no point in common"):
        compare(in_memory(listed(1, 2)), in_memory(listed(3, 4)))
    with pytest.raises(ValueError, match="no result in common"):
        compare(whole, in_memory(grid(0, 1), lambda gain, bias: {"new": gain}, {"new": Output("")}))
    with pytest.raises(ValueError, match=r"differ in their axes \(bias, gain, point\)"):
        compare(whole, in_memory(listed(1, 2)))


def test_parts_of_a_grid_are_joined(whole, further):
    found = join([whole, further])
    np.testing.assert_array_equal(found["gain"], [0, 1, 2, 3, 4, 5])
    np.testing.assert_array_equal(found["out"], np.arange(6.0)[:, None] + BIAS.values)
    assert (found["status"] == 0).all()
    for name in whole.data_vars:
        assert found[name].dtype == whole[name].dtype
        assert found[name].dims == whole[name].dims
        assert found[name].attrs == whole[name].attrs


def test_places_that_no_part_has_computed(whole, unfinished):
    corner = in_memory(
        Grid((values_axis("gain", [1.0, 8.0], "Hz"), values_axis("bias", [2.0], "s")))
    )
    found = join([open_sweep(unfinished), corner])
    status = found["status"].transpose("gain", "bias")
    np.testing.assert_array_equal(found["gain"], [0, 1, 2, 3, 8])
    expected = [[0, 0, 0, -1], [-1, -1, -1, 0], [0, 0, 0, -1], [0, 0, 0, -1], [-1, -1, -1, 0]]
    np.testing.assert_array_equal(status, expected)
    assert found["count"].dtype == np.int32
    assert found["out"].where(found["status"] < 0).isnull().all()
    # What one lacks, the other gives.
    again = join([open_sweep(unfinished), whole])
    assert again.drop_attrs().equals(whole.drop_attrs())
    assert (again.attrs["finished_chunks"], again.attrs["chunks"]) == (7, 8)
    assert len(again.attrs["computed_by"]) == 1


def test_lists_follow_one_another():
    found = join([in_memory(listed(1, 2)), in_memory(listed(5)), in_memory(listed(1))])
    np.testing.assert_array_equal(found["gain"], [1, 2, 5, 1])
    np.testing.assert_array_equal(found["out"], [1.5, 3, 7.5, 1.5])
    assert found["stable"].dtype == bool
    assert found["bias"].attrs["units"] == "s"


def test_lists_within_grids_are_joined_along_the_list():
    def scaled(gain, bias, scale):
        return {"out": (gain + bias) * scale}

    def part(scales, *gains):
        design = Grid((values_axis("scale", scales, ""), listed(*gains)))
        return in_memory(design, scaled, {"out": Output("")})

    found = join([part([1, 2], 1, 2), part([1, 2], 4)])
    np.testing.assert_array_equal(
        found["out"].transpose("scale", "point"), [[1.5, 3, 6], [3, 6, 12]]
    )
    with pytest.raises(ValueError, match=r"not equal along these coordinates .*scale"):
        join([part([1, 2], 1, 2), part([1, 3], 4)])


def test_what_cannot_be_joined(whole):
    with pytest.raises(ValueError, match="datasets is empty"):
        join([])
    with pytest.raises(ValueError, match=r"disagree on a point: out at gain 3, bias 0\.5"):
        join([whole, in_memory(grid(3, 4), other_node)])
    with pytest.raises(ValueError, match=r"differ in their results \(.*count"):
        join([whole, in_memory(grid(7), lambda gain, bias: {"out": gain}, {"out": OUTPUTS["out"]})])
    with pytest.raises(ValueError, match="differ in their axes"):
        join([whole, in_memory(listed(1, 2))])


def test_the_size_of_a_result_must_be_one():
    def sized(size):
        outputs = {"out": Output("", dims=("part",))}
        return in_memory(listed(1, 2), lambda gain, bias: {"out": gain * jnp.ones(size)}, outputs)

    for function in (join, lambda both: compare(*both)):
        with pytest.raises(ValueError, match="differ in part: it has 2 and 3"):
            function([sized(2), sized(3)])


def test_netcdf(folder, whole, tmp_path):
    target = tmp_path / "new" / "sweep.nc"
    assert export([folder], target) == 0
    with xarray.open_dataset(target, engine="h5netcdf", decode_times=False) as found:
        found.load()
    assert found.attrs["sweep"] == "small"
    for name in [*whole.data_vars, *whole.coords]:
        assert found[name].values.tobytes() == whole[name].values.tobytes()
        assert found[name].dims == whole[name].dims
        assert found[name].attrs.get("units") == whole[name].attrs.get("units")


def read_table(path):
    return pandas.read_csv(path) if path.suffix == ".csv" else pandas.read_parquet(path)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_tables(folder, whole, tmp_path, ending):
    target = tmp_path / f"sweep{ending}"
    assert export([folder], target) == 0
    found = read_table(target)
    assert len(found) == 4 * 3 * 2
    assert not [name for name in found.columns if name.startswith("Unnamed")]
    for _, row in found.iterrows():
        point = whole.sel(gain=row["gain"], bias=row["bias"]).isel(part=int(row["part"]))
        assert row["out"] == pytest.approx(point["out"].item(), rel=1e-6)
        assert row["parts"] == pytest.approx(point["parts"].item(), rel=1e-6)
        assert row["stable"] == point["stable"].item()
        assert row["count"] == 4
        root = row["root_real"] + 1j * row["root_imaginary"]
        assert root == pytest.approx(point["root"].item(), rel=1e-6)
    if ending == ".parquet":
        assert found["out"].dtype == np.float32
        assert found["stable"].dtype == bool


@pytest.mark.parametrize("ending", [".nc", ".csv", ".parquet"])
def test_several_sweeps_and_unfinished_ones(unfinished, tmp_path, ending):
    second, target = tmp_path / "second", tmp_path / f"both{ending}"
    run_sweep(Sweep("small", node, grid(7), OUTPUTS), folder=second, quiet=True)
    assert export([unfinished], target) == 3
    assert export([unfinished, second], target) == 3
    if ending == ".nc":
        with xarray.open_dataset(target, engine="h5netcdf", decode_times=False) as found:
            np.testing.assert_array_equal(found["gain"], [0, 1, 2, 3, 7])
            assert (found["status"].sel(gain=1) == -1).all()
    else:
        found = read_table(target)
        assert sorted(set(found["gain"])) == [0, 1, 2, 3, 7]
        assert set(found.loc[found["status"] == -1, "gain"]) == {1}
        assert found.loc[found["gain"] == 1, "out"].isna().all()
    assert not list(tmp_path.glob("*.partial"))
