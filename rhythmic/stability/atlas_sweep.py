"""The atlas as sweeps: a chart, a simulation or the strip over axes of both weights.

Run them with ``rhythmic.sweep.run_sweep``, in memory or on disk, at any resolution.

Source: lecture, "Rhythmic RNN".
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rhythmic.arguments import checked
from rhythmic.spread import wide_vectors
from rhythmic.stability.atlas import node_chart
from rhythmic.stability.atlas_simulation import OVERFLOW_THRESHOLD, simulated_node, strip_distance
from rhythmic.sweep import Axis, Grid, Output, Sweep
from rhythmic.sweep.specification import Precision
from rhythmic.typing import Array

# Side by side in a core's cache: what the loop carries of them, five numbers per point.
POINTS_AT_ONCE = 2**13

_REGIME = {"regime": Output("", "code of SecondOrderRegime")}
_TIMES = {
    "frequency": Output("Hz", "damped frequency, NaN for real roots", nan_is_a_value=True),
    "decay_time": Output("s", "of the envelope to 1/e, negative: growth", nan_is_a_value=True),
    "growth_rate": Output("1/s", "slope of the logarithm of the envelope", nan_is_a_value=True),
}


@checked(finite=True)
def chart_sweep(w1: Axis, w2: Axis, *, dt: float, precision: Precision = "float32") -> Sweep:
    """Return the sweep of `node_chart`.

    Args:
        w1: axis called "w1".
        w2: axis called "w2".
        dt: time step in s.
        precision: of the results.
    """
    gain = Output("", "largest gain, infinite outside the triangle", nan_is_a_value=True)
    outputs = _REGIME | _TIMES | {"amplification": gain}
    return _sweep("node_chart", lambda w1, w2: node_chart(w1, w2, dt), w1, w2, outputs, precision)


@checked(finite=True)
def simulation_sweep(
    w1: Axis,
    w2: Axis,
    *,
    dt: float,
    num_steps: int,
    overflow_threshold: float = OVERFLOW_THRESHOLD,
    precision: Precision = "float32",
) -> Sweep:
    """Return the sweep of `simulated_node`.

    Args:
        w1: axis called "w1".
        w2: axis called "w2".
        dt: time step in s.
        num_steps: steps of each run.
        overflow_threshold: size at which a run stops.
        precision: of the runs.
    """
    outputs = (
        _REGIME
        | _TIMES
        | {
            "overflow_step": Output("", "first step beyond the threshold, -1: none"),
            "steps_run": Output("", "steps until the end or the stop"),
            "sign_changes": Output("", "of h in these steps"),
        }
    )

    def run(w1: Array, w2: Array) -> NamedTuple:
        return simulated_node(w1, w2, num_steps, dt, overflow_threshold=overflow_threshold)

    return _sweep("simulated_node", run, w1, w2, outputs, precision)


@checked(finite=True)
def strip_sweep(
    w1: Axis,
    w2: Axis,
    *,
    num_steps: int,
    overflow_threshold: float = OVERFLOW_THRESHOLD,
    simulated: Precision = "float32",
) -> Sweep:
    """Return the sweep of `strip_distance`, in float64.

    Args:
        w1: axis called "w1".
        w2: axis called "w2".
        num_steps: steps of the simulation.
        overflow_threshold: size at which it stops.
        simulated: precision of the simulation.
    """
    outputs = {
        "growth": Output("", "|ln r| T", nan_is_a_value=True),
        "phase": Output("rad", "phase turned, infinite for real roots", nan_is_a_value=True),
        "rounding": Output("", "distance set by the dtype", nan_is_a_value=True),
        "inside": Output("", "whether simulation and theory may differ"),
    }

    def distance(w1: Array, w2: Array) -> NamedTuple:
        return strip_distance(
            w1, w2, num_steps, precision=simulated, overflow_threshold=overflow_threshold
        )

    return _sweep("strip_distance", distance, w1, w2, outputs, "float64")


def _sweep(
    name: str,
    function: Callable[[Array, Array], NamedTuple],
    w1: Axis,
    w2: Axis,
    outputs: Mapping[str, Output],
    precision: Precision,
) -> Sweep:
    """Return a sweep of a function of both weights that gives a NamedTuple."""

    def point(w1: Array, w2: Array) -> dict[str, Array]:
        return function(w1, w2)._asdict()

    return Sweep(
        name=name,
        function=point,
        design=Grid((w1, w2)),
        outputs=outputs,
        precision=precision,
        points_at_once=POINTS_AT_ONCE,
        compiler_options=wide_vectors(),
    )
