"""What a sweep may be: all else is refused in one line, before anything is compiled."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sweep import Grid, Output, Points, Stages, Sweep, linear_axis, run_sweep, values_axis

GAIN = linear_axis("gain", 0, 1, 4, "")
BIAS = values_axis("bias", [1, 2, 3], "")
GRID = Grid((GAIN, BIAS))
OUT = {"out": Output("mV")}


@pytest.fixture
def uncompiled(monkeypatch):
    """Let everything that is compiled be an error."""

    def refuse(*_, **__):
        pytest.fail("something was compiled")

    monkeypatch.setattr(jax.stages.Lowered, "compile", refuse)
    monkeypatch.setattr("jax._src.compiler.compile_or_get_cached", refuse)


def both(gain, bias):
    return {"out": gain + bias}


def gain_alone(gain):
    return {"out": gain}


def seeded(gain, key):
    return {"out": gain * jax.random.uniform(key)}


def with_shared(gain, shared):
    return {"out": gain * shared}


def with_prepared(gain, prepared):
    return {"out": gain * prepared}


def unknown(gain, bias, leak):
    return {"out": gain + bias + leak}


def vector(gain):
    return {"out": gain * jnp.ones(3)}


def vectors(gain):
    return {"out": gain * jnp.ones(3), "other": gain * jnp.ones(5)}


def square(gain):
    return {"out": gain * jnp.ones((3, 3))}


def bad_step(value):
    return lambda gain: {"out": gain, "first_bad_step": value}


def of(function=gain_alone, design=None, outputs=OUT, **options):
    """Return the call that makes a sweep along the gain."""
    return lambda: Sweep("small", function, design or Grid((GAIN,)), outputs, **options)


def out(*dims):
    return {"out": Output("", dims=dims)}


CLOSE = Grid((values_axis("gain", [1.0, 1.0 + 1e-12], ""),))
LARGE = Grid((values_axis("gain", [1.0, 1e39], ""),))
SMALL = Grid((values_axis("gain", [1e-50], ""),))
PAIRS = Points((GAIN, values_axis("bias", [1.0, 2.0, 3.0, 4.0], "")), name="pair")
STAGES = Stages(lambda gain: gain, lambda state: state, lambda state: {"out": state}, 2)

REFUSED = {
    "axis that is no argument": (of(design=GRID), ("bias", "gain_alone")),
    "axis that no stage takes": (of(STAGES, GRID), ("bias",)),
    "argument that is no axis": (of(unknown, GRID), ("unknown", "leak")),
    "argument of a stage that is no axis": (
        of(STAGES._replace(advance=lambda state, leak: state)),
        ("leak",),
    ),
    "arguments without names": (of(lambda **rest: rest), ("name each",)),
    "arguments without names, in order": (of(lambda *rest: rest), ("name each",)),
    "key without seed": (of(seeded), ("seeded", "key", "seed is None")),
    "shared without it": (of(with_shared), ("with_shared", "shared is None")),
    "prepared without prepare": (of(with_prepared), ("prepared", "prepare is None")),
    "result that is not declared": (of(vectors, outputs=out("k")), ("other",)),
    "declared, not returned": (of(outputs=OUT | {"missing": Output("")}), ("missing",)),
    "nothing": (of(lambda gain: {}, outputs={}), ("outputs is empty",)),
    "no dictionary": (of(lambda gain: (gain,)), ("tuple", "dictionary")),
    "nothing returned": (of(lambda gain: None), ("NoneType", "dictionary")),
    "dictionary in a dictionary": (of(lambda gain: {"out": {"a": gain}}), ("out", "dict")),
    "dims of a number": (of(outputs=out("k")), ("out", "()", "k")),
    "no dims of a vector": (of(vector), ("out", "(3,)")),
    "sizes that clash": (
        of(vectors, outputs=out("k") | {"other": Output("", dims=("k",))}),
        ("other", "axis k", "another size"),
    ),
    "dim named like an axis": (of(vector, outputs=out("gain")), ("out", "axis gain")),
    "dim named like an output": (of(vector, outputs=out("out")), ("out", "axis out")),
    "dim named like the status": (of(vector, outputs=out("status")), ("out", "axis status")),
    "dim twice": (of(square, outputs=out("k", "k")), ("out", "axis k")),
    "dim named like a column": (
        of(lambda gain, bias: vector(gain), PAIRS, out("bias")),
        ("out", "axis bias"),
    ),
    "dims that are a text": (lambda: Output("", dims="time"), ("dims", "time")),
    "output named like an axis": (
        of(lambda gain: {"gain": gain}, outputs={"gain": Output("")}),
        ("output gain", "axis"),
    ),
    "output named like a column": (
        of(lambda gain, bias: {"bias": gain}, PAIRS, {"bias": Output("")}),
        ("output bias", "axis"),
    ),
    "output named like a list": (
        of(lambda gain, bias: {"pair": gain}, PAIRS, {"pair": Output("")}),
        ("output pair", "axis"),
    ),
    "halves of a complex output": (
        of(
            lambda gain: {"out": gain * 1j, "out_real": gain},
            outputs=OUT | {"out_real": Output("")},
        ),
        ("out_real", "real part of out"),
    ),
    "output named status": (
        of(lambda gain: {"status": gain}, outputs={"status": Output("")}),
        ("status",),
    ),
    "first_bad_step declared": (
        of(bad_step(np.int32(-1)), outputs=OUT | {"first_bad_step": Output("")}),
        ("first_bad_step",),
    ),
    "first_bad_step of floats": (of(bad_step(1.5)), ("first_bad_step", "float32")),
    "first_bad_step of many": (
        of(bad_step(np.zeros(3, np.int32))),
        ("first_bad_step", "(3,)"),
    ),
    "values that float32 cannot tell apart": (of(design=CLOSE), ("gain", "float32", "float64")),
    "underflow in float32": (of(design=SMALL), ("gain", "underflows float32", "float64")),
    "overflow in float32": (of(design=LARGE), ("gain", "overflows float32", "float64")),
    "precision": (of(precision="float16"), ("precision", "float16", "float32, float64")),
    "points_at_once 0": (of(points_at_once=0), ("points_at_once is 0",)),
    "points_at_once in parts": (of(points_at_once=2.0), ("points_at_once is 2.0",)),
    "seed below 0": (of(seed=-1), ("seed is -1",)),
    "seed of 33 bits": (of(seed=2**32), ("seed is", str(2**32 - 1))),
    "seed in parts": (of(seed=0.5), ("seed is 0.5",)),
    "seed of words": (of(seed="seed"), ("seed is 'seed'",)),
    "key in the state of stages": (
        of(STAGES._replace(start=lambda gain: jax.random.key(0))),
        ("the state of stages holds a PRNG key; keep its",),
    ),
    "num_stages below 0": (of(STAGES._replace(num_stages=-1)), ("num_stages is -1",)),
    "num_stages in parts": (of(STAGES._replace(num_stages=1.5)), ("num_stages is 1.5",)),
}


# Names that zarr, xarray, NetCDF or a disk cannot hold, or that some disks do not tell apart.
NAMES = {
    "/abs": "no part of it may be empty|begin with a letter",
    "a//b": "no part of it may be empty|no slash",
    "a/..": "begin with a letter|no slash",
    "a\\b": "no slash",
    "..": "begin with a letter",
    "": "must not be empty",
    "a\0b": "no control characters",
    "a\nb": "no control characters",
    "a\u2028b": "no control characters",
    "\ud800": "no control characters",
    "a\u200b": "no invisible characters",
    "a ": "no space at its ends",
    "e\u0301": "the Unicode form NFC",
    "__a": "one _",
    "y" * 201: "at most 200 bytes",
    "zarr.json": "no name of zarr",
    "_nc4_non_coord_x": "no name of zarr or NetCDF",
    "Gain": "differ in their case alone",
    "STATUS": "differ in their case alone",
    1: "must be a string",
    None: "must be a string",
    b"y": "must be a string",
}


def test_a_name_of_several_parts_is_one_in_memory_alone(tmp_path):
    axis = linear_axis("gain", 1, 2, 2, "")
    sweep = Sweep("s", lambda gain: {"loss/train": gain}, Grid((axis,)), {"loss/train": Output("")})
    assert run_sweep(sweep, quiet=True).arrays["loss/train"].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="'loss/train'; no file holds a name with a slash"):
        run_sweep(sweep, folder=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.usefixtures("uncompiled")
def test_names_that_cannot_be_kept_are_refused(name):
    refused = [of(lambda gain: {name: gain}, outputs={name: Output("")})]
    if not isinstance(name, str) or name.casefold() not in ("gain", "status", "zarr.json"):
        refused.append(lambda: Output("", dims=("k", name)))
    for build in refused:
        with pytest.raises(ValueError, match=NAMES[name]) as caught:
            build()
        assert "\n" not in str(caught.value)


def test_results_whose_names_differ_by_case_are_refused():
    both = of(lambda gain: {"É": gain, "é": gain}, outputs={"É": Output(""), "é": Output("")})
    with pytest.raises(ValueError, match="'É' and 'é' differ in their case alone"):
        both()
    for name in ("é", "Δf", "weights.0", "mean |w|", "_a", "1st"):
        assert of(lambda gain, name=name: {name: gain}, outputs={name: Output("")})()


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.usefixtures("uncompiled")
def test_refused_before_anything_is_compiled(what):
    build, names = REFUSED[what]
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        build()
    message = str(caught.value)
    assert "\n" not in message
    for name in names:
        assert name in message, message


@pytest.mark.usefixtures("uncompiled")
def test_nothing_is_compiled_for_what_is_allowed_either():
    Sweep("small", both, GRID, OUT)
    Sweep("small", gain_alone, CLOSE, OUT, precision="float64")
    Sweep("small", gain_alone, LARGE, OUT, precision="float64")
    Sweep("small", STAGES._replace(num_stages=0), Grid((GAIN,)), OUT)
    Sweep("small", vector, Grid((GAIN,)), {"out": Output("", dims=["k"])})
    Sweep("small", both, PAIRS, OUT)
    Sweep("small", gain_alone, GRID, OUT, prepare=lambda values: values["gain"])
    assert Sweep("small", bad_step(np.int32(-1)), Grid((GAIN,)), OUT).num_points == 4


def test_defaults_hold_where_nothing_is_given():
    def node(gain, leak=0.5, *, key=None, shared=2.0, prepared=3.0):
        assert key is None
        return {"out": gain * leak + shared * prepared}

    found = run_sweep(of(node)(), quiet=True).arrays["out"]
    np.testing.assert_allclose(found, GAIN.values * 0.5 + 6, rtol=1e-6)


def test_partial_functions():
    def node(leak, gain, bias):
        return {"out": leak * gain + bias}

    for bound in (
        functools.partial(node, 2.0, bias=1.0),
        functools.partial(node, leak=2.0, bias=1),
    ):
        found = run_sweep(of(bound)(), quiet=True).arrays["out"]
        np.testing.assert_allclose(found, 2 * GAIN.values + 1, rtol=1e-6)
    with pytest.raises(ValueError, match="node takes bias; it is no axis"):
        of(functools.partial(node, 2.0))()


def test_whole_numbers_stay_whole():
    seen = {}

    def node(gain, bias):
        seen["gain"], seen["bias"] = gain.dtype, bias.dtype
        return {"out": gain + bias}

    of(node, GRID)()
    assert seen == {"gain": np.dtype("float32"), "bias": np.dtype("int32")}
    of(node, GRID, precision="float64")()
    assert seen == {"gain": np.dtype("float64"), "bias": np.dtype("int32")}
