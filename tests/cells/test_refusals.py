"""Options of cells that are refused: one line names the field, the value and the range."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import (
    CoupledOscillatoryCell,
    ElmanCell,
    EquinoxCell,
    GRUCell,
    HopfCell,
    HornCell,
    LEMCell,
    LinOSSCell,
    LRUCell,
    ResonantCell,
    ResonantReservoirCell,
    ResonateAndFireCell,
    S5Cell,
    registry,
    resonant_nodes,
)
from rhythmic.cells.bounded import raw_of
from rhythmic.cells.options import between, per_node
from rhythmic.cells.projection import ProjectionCell
from rhythmic.cells.registry import make_cell
from tests.cells.contract_cells import gated
from tests.refusals import refusals

KEY = jax.random.key(0)


def of(kind, *sizes, **options):
    """The call that builds a cell, by default of one feature and three nodes."""
    return lambda: kind(*(sizes or (1, 3)), key=KEY, **options)


def resonant(frequencies=(2.0, 9.0), **options):
    return lambda: ResonantCell(np.asarray(frequencies), key=KEY, **options)


def reservoir(frequencies=(2.0, 9.0), **options):
    return lambda: ResonantReservoirCell(np.asarray(frequencies), key=KEY, **options)


def adapter(cell=lambda u, h: h, **options):
    return lambda: EquinoxCell(cell, **options)


SHAPES_AND_NAMES = {
    r"excitability has shape \(2,\)": of(HornCell, excitability=np.ones(2)),
    r"stiffness has shape \(2,\); expected a number or \(3,\)": of(
        CoupledOscillatoryCell, stiffness=[1.0, 2.0]
    ),
    r"angular_frequency has shape \(1, 3\)": of(LinOSSCell, angular_frequency=np.ones((1, 3))),
    "frequencies has shape": reservoir(np.ones((2, 2))),
    r"rate has shape \(2,\); expected a number or \(3,\)": lambda: per_node("rate", np.ones(2), 3),
    "maps is 'imaginary'; choose from real, complex": of(LinOSSCell, maps="imaginary"),
    "scheme is 'explicit'; choose from implicit, symplectic, damped": of(
        LinOSSCell, scheme="explicit"
    ),
    "feedback is 'outptu'": of(ElmanCell, feedback="outptu"),
    "diagonal is 'free'": resonant(diagonal="free"),
    "poles is 'none'; choose from complex, double, real": resonant(poles="none"),
    "input_weights is 'all'; choose from ones, learned": resonant(input_weights="all"),
    "poles is 'real'; learned rhythms ring": resonant(rhythms="learned", poles="real"),
    "input_weights is 'ones'; 2 features need learned ones": resonant(input_size=2),
    "input_size is not given": adapter(),
    "hidden_size is not given": adapter(input_size=2),
    "num_state_arrays is 0": adapter(eqx.nn.GRUCell(2, 3, key=KEY), num_state_arrays=0),
    "num_steps is 0": lambda: ProjectionCell(2, num_steps=0, key=KEY),
    "hidden_size is 0": lambda: ProjectionCell(0, num_steps=5, key=KEY),
}
RANGES = {
    "excitability holds 0": of(HornCell, excitability=0.0),
    "excitability holds nan": of(HornCell, excitability=[0.1, np.nan, 0.1]),
    "angular_frequency holds 0; each must lie between 0 and 1.98": of(
        HornCell, angular_frequency=0.0
    ),
    "angular_frequency holds 1.99; each must lie between 0 and 1.98": of(
        HornCell, angular_frequency=[0.1, 1.99, 0.1]
    ),
    "angular_frequency holds 1.6; each must lie between 0 and 1.57": of(
        HornCell, angular_frequency=1.6, rhythms="learned"
    ),
    "damping holds -0.1; each must lie from 0 to below 1": of(HornCell, damping=-0.1),
    "damping holds 1": of(HornCell, damping=1.0),
    "damping holds 0; each must lie between 0 and 0.375": of(
        HornCell, damping=0.0, rhythms="learned"
    ),
    r"angular_frequency, doubled \(heterogeneous\), holds 2": of(
        HornCell, angular_frequency=1.0, heterogeneous=True
    ),
    r"damping, doubled \(heterogeneous\), holds 0.4": of(
        HornCell, damping=0.2, heterogeneous=True, rhythms="learned"
    ),
    "dt is 0.0; it must be above 0 and finite": of(CoupledOscillatoryCell, dt=0.0),
    "dt is nan": of(CoupledOscillatoryCell, dt=np.nan),
    "stiffness holds 0; each must lie between 0 and 306": of(
        CoupledOscillatoryCell, dt=0.1, stiffness=0.0
    ),
    "stiffness holds 310; each must lie between 0 and 306": of(
        CoupledOscillatoryCell, dt=0.1, stiffness=310.0
    ),
    "stiffness holds 250; each must lie between 0 and 246.74": of(
        CoupledOscillatoryCell, dt=0.1, stiffness=250.0, rhythms="learned"
    ),
    "damping holds 20; each must lie from 0 to below 20": of(
        CoupledOscillatoryCell, dt=0.1, damping=20.0
    ),
    "damping holds 7.5; each must lie between 0 and 7.5": of(
        CoupledOscillatoryCell, dt=0.1, damping=7.5, rhythms="learned"
    ),
    "damping holds inf": of(CoupledOscillatoryCell, damping=np.inf),
    "dt holds 1; each must lie between 0 and 1": of(LinOSSCell, dt=1.0),
    "dt holds 0": of(LinOSSCell, dt=[0.5, 0.0, 0.5], rhythms="fixed"),
    "angular_frequency holds 1.8; each must lie between 0 and 1.754": of(
        LinOSSCell, angular_frequency=1.8
    ),
    "angular_frequency holds 1; each must lie between 0 and 0.9746": of(
        LinOSSCell, angular_frequency=1.0, dt=0.5, rhythms="fixed"
    ),
    "angular_frequency holds 6.3; each must lie between 0 and 6.283": of(
        LRUCell, angular_frequency=6.3
    ),
    "pole_radius holds 1; each must lie between 0 and 1": of(LRUCell, pole_radius=1.0),
    "damping holds 0; each must lie between 0 and inf": of(
        LinOSSCell, scheme="damped", damping=[0.1, 0.0, 0.1]
    ),
    "damping is 0.1; it must be None for scheme 'implicit'": of(LinOSSCell, damping=0.1),
    "angular_frequency holds 3.2; each must lie between 0 and 3.1415": of(
        S5Cell, angular_frequency=3.2
    ),
    "angular_frequency holds 1; each must lie between 0 and 0.95": of(
        ResonateAndFireCell, angular_frequency=1.0
    ),
    "damping holds 0.6; each must lie between 0 and 0.5": of(ResonateAndFireCell, damping=0.6),
    "dt is -0.1; it must be above 0 and finite": of(ResonateAndFireCell, dt=-0.1),
    "dt is inf; it must be above 0 and finite": of(LEMCell, dt=np.inf),
    "growth holds -0.5; each must lie between -0.5 and 0.5": of(HopfCell, growth=-0.5),
    "period holds 0.9; each must lie from 1 to below inf": lambda: gated(KEY, period=0.9),
    "off_fraction holds 1; each must lie from 0 to below 1": lambda: gated(KEY, off_fraction=1.0),
    "phase holds -0.1; each must lie from 0 to below 1": lambda: gated(KEY, phase=-0.1),
    "cell is 'none'; choose from": lambda: gated(KEY, cell="none"),
    "update_bias is inf; it must be finite": of(GRUCell, update_bias=np.inf),
    "pole_radius is nan": resonant(pole_radius=np.nan),
    "pole_radius is 0.5; it must lie between 0.6": resonant(rhythms="learned", pole_radius=0.5),
    "frequencies holds 500; .* 500 Hz, sample_rate / 2": resonant([2.0, 500.0]),
    "sample_rate is 0.0": resonant(sample_rate=0.0),
    "frequencies holds nan": reservoir([np.nan]),
    "spectral_radius is -1.0": reservoir(spectral_radius=-1.0),
    "density is 0.0": reservoir(density=0.0),
    "density is 1.5": reservoir(density=1.5),
    "noise is -0.1": reservoir(noise=-0.1),
    "noise is nan": reservoir(noise=np.nan),
    "input_scale is 0.0": reservoir(input_scale=0.0),
    "pole_radius is 1.0": reservoir(pole_radius=1.0),
    "damping holds 0.5; each must lie between 0 and 0.5": lambda: raw_of(
        np.array([0.1, 0.5]), 0.0, 0.5, name="damping"
    ),
    "values holds 0; each must lie between 0 and 1": lambda: raw_of(0.0, 0.0, 1.0),
    "values holds 2; each must lie between 0 and 1": lambda: raw_of(jnp.ones(3) * 2, 0.0, 1.0),
    "rate holds 3; each must lie between 0 and 2": lambda: between(
        "rate", np.array([3.0, 3.0]), 0.0, np.array([4.0, 2.0])
    ),
    "rate holds -1; each must lie from 0 to below 2": lambda: between(
        "rate", np.array([0.0, -1.0]), 0.0, 2.0, with_low=True
    ),
}
test_shapes_and_names = refusals(SHAPES_AND_NAMES)
test_ranges = refusals(RANGES)


@pytest.mark.parametrize("name", ["horn", "cornn", "linoss", "lru", "s5", "rf", "hopf", "rrn"])
def test_rhythms_that_there_are_not(name):
    with pytest.raises(ValueError, match="rhythms is 'free'; choose from fixed, learned"):
        make_cell(name, 1, 3, key=KEY, rhythms="free")


@pytest.mark.parametrize("name", registry.CELLS)
@pytest.mark.parametrize("size", [0, -1, 2.0, "3", True])
def test_sizes_that_are_no_count(name, size):
    with pytest.raises(ValueError, match=r"^hidden_size is "):
        make_cell(name, 1, size, key=KEY)
    with pytest.raises(ValueError, match=r"^input_size is "):
        make_cell(name, size, 3, key=KEY)


@pytest.mark.parametrize("poles", ["complex", "double", "real"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 0.0}, "sample_rate is 0.0; it must be above 0 and finite"),
        ({"sample_rate": -5}, "sample_rate is -5; it must be above 0 and finite"),
        ({"pole_radius": 0}, "pole_radius holds 0; each must lie between 0 and 1"),
        ({"pole_radius": np.array([0.5, 1.0])}, "pole_radius holds 1; each must lie between 0"),
    ],
)
def test_nodes_name_a_rate_or_radius_out_of_range(poles, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        resonant_nodes(np.array([20.0, 90.0]), poles=poles, **options)
