"""What makes two sweeps the same: values, units, seed, shared arrays, program; not words."""

import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sweep import Grid, Output, Points, Stages, Sweep, linear_axis, values_axis

GAIN = linear_axis("gain", 0, 1, 4, "")
OUT = {"out": Output("mV")}
STAGES = Stages(lambda gain: gain, lambda state: state, lambda state: {"out": state}, 2)


def gain_alone(gain):
    return {"out": gain}


def of(function=gain_alone, **options):
    """Return the sweep along the gain."""
    return Sweep("small", function, Grid((GAIN,)), OUT, **options)


def base(**changed):
    arguments = {
        "name": "small",
        "function": lambda gain, shared: {"out": gain * shared["scale"]},
        "design": Grid((GAIN,)),
        "outputs": OUT,
        "seed": 3,
        "shared": {"scale": np.float32([2.0])[0]},
    }
    return Sweep(**(arguments | changed))


DIFFERENT = {
    "name": {"name": "other"},
    "values": {"design": Grid((linear_axis("gain", 0, 1, 5, ""),))},
    "last bits": {"design": Grid((values_axis("gain", GAIN.values * (1 + 2**-52), ""),))},
    "unit of an axis": {"design": Grid((values_axis("gain", GAIN.values, "V"),))},
    "whole numbers": {"design": Grid((values_axis("gain", [0, 1, 2, 3], ""),))},
    "list": {"design": Points((GAIN,))},
    "name of a list": {"design": Points((GAIN,), name="place")},
    "unit of a result": {"outputs": {"out": Output("V")}},
    "whether NaN is a value": {"outputs": {"out": Output("mV", nan_is_a_value=True)}},
    "precision": {"precision": "float64"},
    "seed": {"seed": 4},
    "no seed": {"seed": None},
    "shared values": {"shared": {"scale": np.float32([2.5])[0]}},
    "shared dtype": {"shared": {"scale": np.int32(2)}},
}


def test_what_matters_changes_the_identity():
    known = {"base": base().fingerprint()}
    for what, changed in DIFFERENT.items():
        found = base(**changed).fingerprint()
        same = [name for name, other in known.items() if other == found]
        assert not same, f"{what} and {same} have one identity"
        known[what] = found


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"outputs": {"out": Output("mV", meaning="words")}},
        {"design": Grid((linear_axis("gain", 0, 1, 4, "", meaning="words"),))},
        {"seed": np.int64(3)},
        {"points_at_once": 2},
        {"shared": {"scale": jnp.float32(2.0)}},
    ],
    ids=["nothing", "meaning of a result", "meaning", "NumPy seed", "points_at_once", "jax array"],
)
def test_what_does_not_matter_leaves_the_identity(changed):
    assert base(**changed).identity() == base().identity()


def steps(num_steps, scale):
    """Return a function over constants, by which programs differ."""
    constants = np.arange(2000) * scale

    def node(gain):
        return {"out": jnp.sum(gain * constants) * num_steps}

    return node


def test_the_program_changes_with_the_code():
    def hash_of(function):
        return of(function).program_hash()

    changed_deep_inside = np.arange(2000.0)
    changed_deep_inside[1000] += 1
    programs = [
        gain_alone,
        lambda gain: {"out": gain + 1},
        steps(2, 1.0),
        steps(3, 1.0),
        steps(2, 1.5),
        lambda gain: {"out": jnp.sum(gain * changed_deep_inside) * 2},
        STAGES._replace(advance=lambda state: state * 3),
        STAGES._replace(advance=lambda state: state + 1),
        STAGES._replace(advance=lambda state: state + 1, num_stages=3),
    ]
    hashes = [hash_of(function) for function in programs]
    assert len(set(hashes)) == len(hashes)
    assert hash_of(steps(2, 1.0)) == hash_of(steps(2, 1.0))

    def another_name_and_comment(gain):
        # Words change nothing.
        return {"out": gain}

    assert hash_of(another_name_and_comment) == hash_of(gain_alone)


def test_the_program_changes_with_the_precision():
    assert of().program_hash() != of(precision="float64").program_hash()
