"""Options that are traced: many cells in one program, each the cell of its value alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import (
    CoupledOscillatoryCell,
    ElmanCell,
    GatedCell,
    GRUCell,
    HopfCell,
    HornCell,
    LEMCell,
    LinOSSCell,
    LRUCell,
    LSTMCell,
    ResonantCell,
    ResonantReservoirCell,
    S5Cell,
)
from rhythmic.cells.projection import ProjectionCell
from rhythmic.cells.registry import make_cell
from rhythmic.simulate import trajectory
from tests.cells.contract_cells import (
    NEWCOMERS,
    SUBJECTS,
    cornn,
    damped,
    elman,
    gated,
    gru,
    hopf,
    horn,
    lem,
    linoss,
    lru,
    lstm,
    reservoir,
    resonant,
    s5,
    sequence,
)
from tests.cells.test_options import options_of
from tests.marks import rest_slow

KEY = jax.random.key(3)


def learned(build):
    return lambda key, **options: build(key, rhythms="learned", **options)


def heterogeneous(key, **options):
    return horn(key, heterogeneous=True, **options)


def twins(poles):
    return lambda key, **options: resonant(key, poles=poles, **options)


def in_half_octaves(key, **options):
    """A resonant layer on a ladder, whose lowest frequency is the option."""
    frequencies = options.pop("lowest") * 2 ** (jnp.arange(3) / 2)
    return resonant(key, frequencies=frequencies, **options)


def symplectic(key, **options):
    return linoss(key, scheme="symplectic", **options)


# The cell, three values in range, and one outside.
CASES = {
    "horn-excitability": (horn, "excitability", (0.04, 0.3, 2.0), 0.0),
    "horn-angular_frequency": (horn, "angular_frequency", (0.1, 0.5, 1.5), 1.995),
    "horn-damping": (horn, "damping", (0.01, 0.1, 0.4), -0.1),
    "horn-heterogeneous": (heterogeneous, "damping", (0.01, 0.1, 0.2), 0.5),
    "horn-learned": (learned(horn), "damping", (0.01, 0.1, 0.3), 0.4),
    "horn-learned-frequency": (learned(horn), "angular_frequency", (0.1, 0.5, 1.5), 1.6),
    "cornn-dt": (cornn, "dt", (0.1, 0.2, 0.3), 0.0),
    "cornn-stiffness": (cornn, "stiffness", (0.5, 3.0, 20.0), 150.0),
    "cornn-damping": (cornn, "damping", (0.5, 3.0, 9.0), 14.0),
    "cornn-learned": (learned(cornn), "stiffness", (0.5, 3.0, 20.0), 110.0),
    "linoss-angular_frequency": (linoss, "angular_frequency", (0.1, 0.5, 1.7), 1.8),
    "linoss-dt": (linoss, "dt", (0.1, 0.5, 0.9), 1.0),
    "linoss-symplectic": (symplectic, "angular_frequency", (0.1, 0.5, 1.7), 1.8),
    "linoss-damping": (damped, "damping", (0.1, 0.5, 3.0), 0.0),
    "lru-angular_frequency": (lru, "angular_frequency", (0.1, 0.5, 6.0), 6.3),
    "lru-pole_radius": (lru, "pole_radius", (0.1, 0.5, 0.99), 1.0),
    "s5-angular_frequency": (s5, "angular_frequency", (0.1, 0.5, 3.0), 3.2),
    "s5-dt": (s5, "dt", (0.01, 0.1, 1.0), 0.0),
    "s5-damping": (s5, "damping", (0.1, 0.5, 2.0), 0.0),
    "lem-dt": (lem, "dt", (0.1, 0.5, 2.0), 0.0),
    "hopf-growth": (hopf, "growth", (-0.3, 0.01, 0.4), 0.5),
    "hopf-angular_frequency": (hopf, "angular_frequency", (0.1, 0.5, 3.0), 3.2),
    "hopf-excitability": (hopf, "excitability", (0.1, 0.5, 2.0), 0.0),
    "gated-period": (gated, "period", (2.0, 4.0, 7.5), 0.5),
    "gated-off_fraction": (gated, "off_fraction", (0.1, 0.6, 0.8), 1.0),
    "resonant-pole_radius": (resonant, "pole_radius", (0.9, 0.99, 0.99999), 1.0),
    "resonant-sample_rate": (resonant, "sample_rate", (300.0, 500.0, 1000.0), -1.0),
    "resonant-lowest": (in_half_octaves, "lowest", (4.0, 20.0, 120.0), 600.0),
    "resonant-learned": (learned(resonant), "pole_radius", (0.7, 0.9, 0.999), 0.5),
    "resonant-double": (twins("double"), "pole_radius", (0.7, 0.9, 0.99), 1.5),
    "resonant-real": (twins("real"), "sample_rate", (300.0, 500.0, 1000.0), -1.0),
    "reservoir-spectral_radius": (reservoir, "spectral_radius", (0.1, 0.4, 0.9), -1.0),
    "reservoir-density": (reservoir, "density", (0.4, 0.7, 1.0), 1.1),
    "reservoir-noise": (reservoir, "noise", (0.005, 0.1, 0.5), -0.1),
    "reservoir-input_scale": (reservoir, "input_scale", (-1.0, 0.5, 2.0), 0.0),
    "reservoir-sample_rate": (reservoir, "sample_rate", (300.0, 500.0, 1000.0), 0.0),
    "reservoir-pole_radius": (reservoir, "pole_radius", (0.7, 0.9, 0.99), 1.0),
    "elman-recurrent_gain": (elman, "recurrent_gain", (0.1, 0.9, 1.5), np.inf),
    "lstm-forget_bias": (lstm, "forget_bias", (-1.0, 0.0, 1.0), -np.inf),
    "gru-update_bias": (gru, "update_bias", (-1.0, 0.0, 1.0), np.inf),
}
IN_EVERY_RUN = ("resonant-pole_radius", "resonant-lowest", "linoss-dt", "reservoir-noise")
DRAWN_BY_DEFAULT = {"angular_frequency", "damping", "dt", "pole_radius"}
DRAWN_NORMAL = ("linoss", "lru", "s5", "gated")
# The number of connections moves in steps, and so does a square wave.
FLAT = {"reservoir-density", "gated-period", "gated-off_fraction"}


def shown(build, option):
    """What a cell shows, as a function of one of its options."""

    def run(value):
        cell = build(KEY, **{option: value})
        return trajectory(cell, sequence(cell, jnp.zeros(()).dtype, batch_shape=())).observed

    return run


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("case", rest_slow(CASES, *IN_EVERY_RUN))
def test_cells_of_many_values_are_the_cells_of_each(case):
    build, option, values, outside = CASES[case]
    run = shown(build, option)
    at_once = jax.jit(jax.vmap(run))
    found = at_once(jnp.asarray(values))
    # Compiled too: normal weights are drawn in float32, which XLA rounds in its own way.
    alone = [jax.jit(run, static_argnums=0)(value) for value in values[::2]]
    rounding = {"rtol": 2e-7, "atol": 1e-9} if case.startswith(DRAWN_NORMAL) else {"rtol": 1e-8}
    np.testing.assert_allclose(found[::2], alone, **({"atol": 1e-10} | rounding))
    assert np.max(np.abs(found[0] - found[1])) > 1e-6

    middle = values[1]
    slope_at = jax.jit(jax.grad(lambda value: jnp.sum(run(value))))
    slope = slope_at(middle)
    step = 1e-6 * middle or 1e-6
    near = jnp.sum(at_once(jnp.array([middle - step, middle, middle + step])), axis=(1, 2))
    if case in FLAT:
        assert slope == 0
    else:
        np.testing.assert_allclose(slope, (near[2] - near[0]) / (2 * step), rtol=1e-5, atol=1e-8)

    among = at_once(jnp.array([values[0], outside, values[2]]))
    assert np.all(np.isnan(among[1]))
    np.testing.assert_array_equal(among[::2], found[::2])
    if case not in FLAT:
        assert np.isnan(slope_at(outside))
    if case != "resonant-lowest":
        with pytest.raises(ValueError, match=option):
            run(outside)


def test_the_table_has_every_number_that_a_cell_is_built_with():
    # What surrogate gradients follow has a test of its own.
    makes = [one.make for name, one in SUBJECTS.items() if name not in NEWCOMERS and one.smooth]
    kinds = {type(make(KEY)) for make in makes}
    names = {
        GatedCell: "gated",
        HopfCell: "hopf",
        HornCell: "horn",
        CoupledOscillatoryCell: "cornn",
        LinOSSCell: "linoss",
        LEMCell: "lem",
        LRUCell: "lru",
        S5Cell: "s5",
        ResonantCell: "resonant",
        ResonantReservoirCell: "reservoir",
        ElmanCell: "elman",
        LSTMCell: "lstm",
        GRUCell: "gru",
    }
    for kind in kinds:
        for name, option in options_of(kind).items():
            number = isinstance(option.default, float) or name in DRAWN_BY_DEFAULT
            assert not number or f"{names[kind]}-{name}" in CASES, f"{kind.__name__}: {name}"


def test_a_known_value_whose_range_is_traced_gives_nan_too():
    def run(damping):
        return shown(lambda key, **options: horn(key, angular_frequency=1.7, **options), "damping")(
            damping
        )

    # omega^2 < 4 - 4 gamma, which is 2.89 < 3.6 and 2.89 > 2
    few, many = jax.vmap(run)(jnp.array([0.1, 0.5]))
    assert np.all(np.isfinite(few))
    assert np.all(np.isnan(many))


def test_a_noise_that_is_traced_is_heard_even_where_it_is_zero():
    cell = jax.vmap(lambda noise: reservoir(KEY, noise=noise))(jnp.array([0.0, 0.1]))
    assert cell.input_size == 1 + cell.hidden_size


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("hidden_size", lambda value: make_cell("horn", 1, value, key=KEY)),
        ("input_size", lambda value: make_cell("rrn", value, 3, key=KEY)),
        ("heterogeneous", lambda value: horn(KEY, heterogeneous=value > 0)),
        ("recurrence", lambda value: resonant(KEY, recurrence=value > 0)),
        ("scheme", lambda value: linoss(KEY, scheme=value)),
        ("feedback", lambda value: elman(KEY, feedback=value)),
        ("num_steps", lambda value: ProjectionCell(3, num_steps=value, key=KEY)),
        ("dt of learned rhythms", lambda value: learned(cornn)(KEY, dt=value)),
        ("sample_rate of learned rhythms", lambda value: learned(resonant)(KEY, sample_rate=value)),
    ],
)
def test_what_decides_the_program_cannot_be_traced(name, build):
    with pytest.raises(ValueError, match=f"^{name} is traced; it must be known") as caught:
        jax.jit(build)(3)
    assert "\n" not in str(caught.value)
