"""One sound call of every public callable: its arguments by name, tiny.

What the annotation and the name of a parameter tell is guessed; the rest stands in ``TABLE``.
"""

import collections.abc
import functools
import inspect
import types
import typing
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic import (
    cells,
    compare,
    coupled,
    data,
    fast,
    networks,
    reservoirs,
    static,
    statistics,
    sweep,
    tasks,
    theory,
    training,
)
from rhythmic.fast.events import find_events
from rhythmic.networks import MEAN, NetworkSpec
from rhythmic.networks.layers import Affine, Layer
from rhythmic.networks.readouts import LinearReadout
from rhythmic.reductions import maximum
from rhythmic.static.feedforward import FeedforwardLayer
from rhythmic.training.problem import Problem

SIZES = {"time": 8, "example": 8, "epoch": 4, "feature": 2, "batch": 2, "unit": 4, "pattern": 2}
KEY = jax.random.key(0)
LADDER = np.array([2.0, 5.0, 13.0])
SPLIT = data.Split(*(np.arange(a, a + 2, dtype=np.int32) for a in (0, 2, 4)))
BITS = jnp.array([[0.0, 1], [1, 0], [1, 1], [0, 0]])
SPIKES = (np.arange(40).reshape(4, 10) % 3 == 0).astype(np.uint8)
LABELS = np.arange(8) % 2
CLASSES = np.arange(5000) // 500
SCORES = [0.1, 0.2, 0.4, 0.3, 0.15]
LAYERS = (FeedforwardLayer(jnp.ones((2, 2)), jnp.zeros(2)),)
ONE_MEMBER = {
    "seeds": (1,),
    "learning_rate": (0.01,),
    "weight_decay": (0.0,),
    "label_smoothing": (0.0,),
}


def step(state: Any, sample: Any) -> Any:
    return 0.5 * jnp.tanh(state) + 0.1


def point(x: Any) -> dict[str, Any]:
    return {"double": 2 * x}


@functools.cache
def made(name: str) -> Any:
    """Return something of a class of ours, by its name; made once."""
    return MAKERS[name]()


MAKERS: dict[str, Any] = {
    "AbstractCell": lambda: cells.ElmanCell(2, 3, key=KEY),
    "AbstractReadout": lambda: LinearReadout(3, 2, key=KEY),
    "AbstractTask": lambda: tasks.Adding(5),
    "Axis": lambda: sweep.values_axis("x", [0.1, 0.2], ""),
    "BuildsNetwork": lambda: NetworkSpec("rnn", 3, name="rnn", **MEAN),
    "Comparison": lambda: compare.Comparison(made("Recordings"), made("ComparisonPlan"), {}),
    "ComparisonPlan": compare.ComparisonPlan,
    "CoupledOscillators": coupled.CoupledOscillators,
    "Data": lambda: training.Data(np.full((8, 6), 7, np.uint8), LABELS.astype(np.int32)),
    "Device": lambda: jax.devices()[0],
    "Difference": lambda: statistics.difference(SCORES, SCORES[::-1], paired=True),
    "Digits": lambda: data.Digits("mnist5k", np.zeros((5000, 784), np.uint8), CLASSES, ""),
    "Events": lambda: find_events(SPIKES),
    "FeedforwardLayer": lambda: LAYERS[0],
    "ForcingTaps": lambda: theory.forcing_weights(1.0, 0.1, 0.1),
    "AbstractFreeCell": lambda: cells.LRUCell(2, 3, key=KEY),
    "FreeMotion": lambda: fast.free_motion(made("ResonantNodes"), 8),
    "Grid": lambda: sweep.Grid((made("Axis"),)),
    "GroupPlan": lambda: training.GroupPlan(1, 1),
    "GroupTraining": lambda: training.GroupTraining(
        made("MemberTraining"), made("GroupPlan"), made("Data")
    ),
    "HopfieldNetwork": lambda: static.hebbian_network(BITS),
    "LSTMCell": lambda: cells.LSTMCell(2, 3, key=KEY),
    "LinOSSCell": lambda: cells.LinOSSCell(2, 3, key=KEY),
    "MemberTraining": lambda: training.MemberTraining(
        made("BuildsNetwork"), made("TrainingConfiguration"), problem=Problem(2)
    ),
    "Network": lambda: NetworkSpec("rnn", 3).build(2, 2, key=KEY),
    "Recordings": lambda: data.Recordings(np.ones((4, 5, 2)), [0, 1, 0, 1], sample_rate=9.0),
    "TrainingHistory": lambda: training.TrainingHistory((1,), "r2", *[np.ones((1, 2))] * 4),
    "Members": lambda: training.make_members(lambda seed: SPLIT, **ONE_MEMBER),
    "Range": lambda: sweep.Range("x", 0.0, 1.0, ""),
    "Recording": lambda: coupled.Recording(duration=0.02, averaged=0.01),
    "ReservoirData": lambda: reservoirs.ReservoirData(
        jnp.ones((6, 4)), jnp.arange(4) % 2, jnp.ones((6, 2)), jnp.arange(2)
    ),
    "ReservoirGrid": lambda: reservoirs.ReservoirGrid(num_nodes=3),
    "Affine": lambda: Affine(2, 3, key=KEY),
    "ChannelScaling": lambda: networks.ChannelScaling(jnp.zeros(2), jnp.ones(2)),
    "Layer": lambda: Layer(made("AbstractCell"), None, None, None, "output"),
    "NodeConstants": lambda: cells.resonant_nodes(LADDER),
    "RunningStatistics": lambda: made("AbstractReadout").initial_statistics(),
    "ResonantCell": lambda: cells.ResonantCell(LADDER, key=KEY),
    "ResonantNodes": lambda: cells.resonant_nodes(LADDER),
    "ResonantReservoirCell": lambda: cells.ResonantReservoirCell(LADDER, key=KEY),
    "Split": lambda: SPLIT,
    "Sweep": lambda: sweep.Sweep("double", point, made("Grid"), {"double": sweep.Output("")}),
    "TrainingConfiguration": lambda: training.TrainingConfiguration(epochs=8, batch_size=4),
}

# Names of parameters that say more than their types.
NAMED: dict[str, Any] = {
    "activation": "tanh",
    "cell_kind": "rnn",
    "dtype": np.float32,
    "feature": "output",
    "frequencies": LADDER,
    "initial_state": jnp.zeros(3),
    "inputs": jnp.linspace(0.1, 0.8, 16).reshape(8, 2),
    "key": KEY,
    "labels": LABELS,
    "method": "scan",
    "name": "name",
    "patterns": BITS,
    "pole_radius": 0.99,
    "pole_radii": (0.99,),
    "precision": "float32",
    "ratio": 1.6,
    "sample_rate": 1000.0,
    "state": jnp.full(3, 0.2),
    "start": jnp.full(3, 0.2),
    "starts": jnp.full((2, 3), 0.2),
    "step": step,
    "targets": jnp.arange(8) % 2,
    "threshold_activity": 0.5,
    "tolerance": 0.1,
    "unit": "Hz",
}

OTHER_AXIS = sweep.values_axis("w1", [0.1, 0.2], "")
LSTM_ARRAYS = {
    "weight_ih": np.ones((12, 2)),
    "weight_hh": np.ones((12, 3)),
    "bias_ih": np.ones(12),
    "bias_hh": np.ones(12),
}
ELMAN_ARRAYS = {name: array[:3] for name, array in LSTM_ARRAYS.items()}
BATCHES = np.linspace(0.1, 0.8, 32).reshape(2, 8, 2)
GATES = {
    "inputs": jnp.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]),
    "targets": jnp.array([0, 0, 0, 1.0]),
}

# What neither name nor type tells, by the name of the callable.
TABLE: dict[str, dict[str, Any]] = {
    "fast.mean_squared_amplitude": {"inputs": jnp.ones((8, 1))},
    "fast.mean_squared_amplitude_of_events": {
        "weights": jnp.zeros((3, 3)),
        "values": jnp.ones((2, 2)),
        "gaps": jnp.full((2, 2), 4),
        "num_events": jnp.array(2),
    },
    "data.Recordings": {"inputs": np.ones((4, 5, 2)), "targets": [0, 1, 0, 1]},
    "baselines.fourier_power": {"sequences": np.ones((2, 20)), "sample_rate": 100.0},
    "baselines.logistic_regression_accuracy": {
        "inverse_regularisations": (0.1, 1.0),
        "num_classes": 2,
    },
    "compare.Comparison": {"plan": "ComparisonPlan", "rows": {}},
    "compare.write_report": {"found": "Comparison", "folder": "absent"},
    "cells.trainable": {"model": "AbstractCell"},
    "cells.constrained": {"model": "AbstractCell"},
    "cells.GatedCell": {"cell": "AbstractCell"},
    "cells.EquinoxCell": {"wrapped": eqx.nn.GRUCell(2, 3, key=KEY)},
    "coupled.responses": {"gain_frequency": np.array([3.0]), "recording": "Recording"},
    "data.image_rhythm": {"order": "rows"},
    "data.load": {"name": "mnist5k"},
    "data.read_recordings": {"path": "absent.npz"},
    "data.load_mnist": {"data_dir": "absent", "cache_dir": "absent"},
    "fast.find_events": {"sequences": SPIKES},
    "fast.padded_events": {"num_events": 9},
    "functional.elman_states": {"parameters": ELMAN_ARRAYS, "inputs": BATCHES},
    "functional.lstm_states": {"parameters": LSTM_ARRAYS, "inputs": BATCHES},
    "functional.resonant_features": {
        "recurrent_weights": np.zeros((3, 3)),
        "inputs": np.ones((2, 8)),
    },
    "gates.class_separation": {"classes": np.array([0, 1])},
    "gates.with_gate_held": {"opening": 0.5},
    "networks.NetworkSpec": {"cell": "rnn"},
    "networks.load": {"path": "absent.safetensors"},
    "networks.save": {"path": "absent"},
    "training.Trained": {
        "validation_scores": np.ones(3),
        "test_scores": np.ones(3),
        "confusion": np.zeros((3, 2, 2)),
        "networks": (NetworkSpec("rnn", 3).build(2, 2, key=KEY),),
        "classes": ("a", "b"),
        "arithmetic": {"method": "scan"},
        "splits": (SPLIT,),
    },
    "networks.Network": {"output_scaling": None},
    "network_rhythms.free_run": {"weights": jnp.eye(3), "num_steps": 8},
    "network_rhythms.probability_all_real": {"size": 3},
    "reductions.dominant_frequency": {"dt": 0.001},
    "reductions.reduce_over_time": {"reductions": {"maximum": maximum()}},
    "reductions.reduce_steps": {"inputs": jnp.ones((8, 3)), "reductions": {"maximum": maximum()}},
    "reservoirs.read_out": {"num_classes": 2, "num_iterations": 2},
    "reservoirs.weight_grid_sweep": {
        "ladder_ratios": (1.6,),
        "recurrent_gains": (0.5,),
        "input_scales": (1.0,),
        "seeds": (1,),
    },
    "rhythm_detection.measure_rhythm": {"trajectory": jnp.sin(jnp.arange(64.0))[:, None]},
    "rhythms.catalogue": {"name": "lecture"},
    "rhythms.check_ratios": {"ratios": (1.5, 2.0), "lowest_ratio": 1.2, "highest_ratio": 3.0},
    "rhythms.named_centres": {"catalogues": ("lecture",), "frequencies": (2.0, 5.0)},
    "rhythms.rotation": {"body": "earth"},
    "rhythms.sum_ratio": {"m": 1, "n": 2},
    "sensitivity.input_jacobian": {"simulate": jnp.tanh},
    "sensitivity.step_jacobian": {"inputs": jnp.ones(2)},
    "stability.find_periodic_orbit": {"inputs": jnp.zeros((4, 3))},
    "stability.finite_time_exponents": {"window": 2, "num_steps": 8},
    "stability.floquet_multipliers": {"inputs": jnp.zeros((4, 3))},
    "stability.lyapunov_exponents": {"num_exponents": 1, "num_steps": 40},
    "stability.step_modes": {"inputs": jnp.ones(2)},
    "static.asynchronous_trajectory": {"state": BITS[:, 0], "order": np.arange(4)},
    "static.corrupt": {"state": BITS[:, 0], "share": 0.2},
    "static.energy": {"state": BITS[:, 0]},
    "static.feedforward_network": {"weights": [np.ones((3, 2)), np.ones((1, 3))]},
    "static.feedforward_response": {"network": LAYERS, "inputs": jnp.ones(2)},
    "static.logic_gate": {"name": "AND"},
    "static.num_parameters": {"network": LAYERS},
    "static.perceptron_learning": {**GATES, "weights": jnp.zeros(2), "theta": 0.0, "num_epochs": 2},
    "static.random_feedforward": {"layer_sizes": (2, 3)},
    "static.recall": {"state": BITS[:, 0]},
    "static.synchronous_trajectory": {"state": BITS[:, 0]},
    "statistics.compare": {
        "reference": [0.1, 0.2, 0.4, 0.3, 0.2],
        "rivals": {"a": [0.2, 0.3, 0.4, 0.5, 0.1]},
    },
    "statistics.verdict": {"corrected_p_value": 0.01, "corrected_equivalence_p_value": 0.5},
    "sweep.Axis": {"values": np.array([0.1, 0.2])},
    "sweep.ChunkPlan": {"split_axis": 0},
    "sweep.Range": {"low": 0.1, "high": 0.9},
    "sweep.Sweep": {"function": point, "outputs": {"double": sweep.Output("")}},
    "sweep.SweepResult": {"arrays": {"double": np.ones(2)}},
    "sweep.linear_axis": {"start": 0.1, "stop": 0.9},
    "sweep.logarithmic_axis": {"start": 0.1, "stop": 0.9},
    "tasks.Adding": {"lag": 5},
    "tasks.Copying": {"lag": 5},
    "tasks.DelayedRecall": {"shortest_lag": 3, "longest_lag": 5},
    "theory.ladder": {"name": "golden"},
    "theory.validate_ladder": {"frequencies": LADDER},
    "training.is_out_of_memory": {"error": MemoryError()},
    "training.make_members": {"split": lambda seed: SPLIT, **ONE_MEMBER},
    "training.plan_groups": {"num_devices": 1, "largest": 4},
    "training.training_sweep": {"split": lambda seed: SPLIT},
}


def arguments(name: str, call: Any) -> dict[str, Any]:
    """Return the arguments of one sound call: those that must be given, and what the table adds."""
    listed = TABLE.get(name, {})
    found = {}
    for parameter in inspect.signature(call).parameters.values():
        needed = parameter.default is parameter.empty
        if parameter.name in listed:
            value = listed[parameter.name]
            found[parameter.name] = (
                made(value) if isinstance(value, str) and value in MAKERS else value
            )
        elif needed and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            known = parameter.name in NAMED and parameter.annotation is not int
            annotation = parameter.annotation
            found[parameter.name] = NAMED[parameter.name] if known else of_type(annotation)
    return found


def of_type(annotation: Any) -> Any:
    """Return a value of a type."""
    simple = {int: 3, float: 0.5, bool: True, str: "name", jax.Array: jnp.linspace(0.1, 0.9, 3)}
    if annotation in simple:
        return simple[annotation]
    if hasattr(annotation, "dim_str"):
        return of_shape(annotation)
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return inner[0]
    if origin in (typing.Union, types.UnionType):
        return of_type(next(one for one in inner if one not in (int, float)))
    if origin in (tuple, collections.abc.Sequence):
        return (0.3, 0.5, 0.8) if inner[0] is float else (of_type(inner[0]),)
    try:
        return made(getattr(origin or annotation, "__name__", ""))
    except KeyError:
        raise LookupError(f"nothing sound for {annotation}; list the parameter") from None


def of_shape(annotation: Any) -> Any:
    """Return an array as jaxtyping describes it: from 0.2 to 0.8, or 0 and 1 in turn."""
    axes = [axis.lstrip("#?") for axis in annotation.dim_str.split() if axis[0] not in "*."]
    shape = [int(axis) if axis.isdigit() else SIZES.get(axis, 3) for axis in axes]
    values = np.linspace(0.2, 0.8, int(np.prod(shape))).reshape(shape)
    kinds = " ".join(map(str, annotation.dtypes))
    if "float" in kinds or "complex" in kinds:
        values = values.astype(np.float32 if "float" in kinds else np.complex64)
    elif "bool" in kinds:
        values = values > 0.5
    else:
        values = np.arange(values.size).reshape(shape) % 2
    return values if annotation.array_type is np.ndarray else jnp.asarray(values)
